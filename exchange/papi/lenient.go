package papi

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

const (
	// bodyBytesMax bounds an answer or event. The longest answer known, the account of all
	// USD-M symbols, is below one megabyte. Nesting ends at the decoder's own ten thousand
	// levels, for which it does not recurse.
	bodyBytesMax = 16 << 20
	// decimalPlacesMax bounds the digits of a decimal on either side of the point: far above
	// any amount, and short enough that a sender cannot choose how much memory a sum takes.
	decimalPlacesMax = 40
	// millisMax is the end of the year 9999, the latest time that Binance accepts in an
	// order. Later ones are other numbers in the wrong field.
	millisMax = 253402300799999
)

// DecodeError says why an answer or event of Binance is not what the reference says.
type DecodeError struct {
	// Field is the JSON pointer to the value, such as "/0/price", or "" for the whole body.
	Field string
	// Err says what was found there.
	Err error
}

// Error names the field and what was found.
func (e *DecodeError) Error() string {
	if e.Field == "" {
		return "body: " + e.Err.Error()
	}
	return "field " + e.Field + ": " + e.Err.Error()
}

// Unwrap is what was found.
func (e *DecodeError) Unwrap() error { return e.Err }

// complete is met by answers that mean nothing without some of their fields. A hollow
// answer, such as {} for an account, decodes without an error otherwise, and reads as zero.
type complete interface {
	// missing names the first field that had to be there and was not, or is "".
	missing() string
}

// decode reads an answer or event of Binance into v, whose fields are plain types. Names
// are matched exactly, for case matters in Binance's events; unknown fields are passed
// over. Numbers may be strings and strings numbers; where v is a list, one object is a list
// of one. An empty body, an error object and [] are three things, and only the last one is
// an empty list.
func decode(data []byte, v any) error {
	body := bytes.TrimLeft(data, " \t\r\n")
	switch {
	case len(data) > bodyBytesMax:
		return &DecodeError{Err: fmt.Errorf("%d bytes, and %d is the most", len(data), bodyBytesMax)}
	case len(body) == 0:
		return &DecodeError{Err: errors.New("empty")}
	case bytes.HasPrefix(body, []byte("null")):
		return &DecodeError{Err: errors.New("null")}
	case body[0] == '<':
		return &DecodeError{Err: fmt.Errorf("HTML or XML where JSON must be: %s", clip(body))}
	}
	if bytes.HasPrefix(body, []byte(`{"code":-`)) {
		if err := errorObject(data); err != nil {
			return err
		}
	}
	if list := reflect.ValueOf(v).Elem(); list.Kind() == reflect.Slice && body[0] == '{' {
		one := reflect.New(list.Type().Elem())
		if err := decode(data, one.Interface()); err != nil {
			return err
		}
		list.Set(reflect.Append(list, one.Elem()))
		return nil
	}
	if err := json.Unmarshal(data, v, lenient); err != nil {
		return readable(err)
	}
	if field, ok := incomplete(v); ok {
		if err := errorObject(data); err != nil {
			return err
		}
		return &DecodeError{Field: field, Err: errors.New("is missing or empty")}
	}
	return nil
}

// incomplete finds a field that is missing in an answer or in an element of a list.
func incomplete(v any) (field string, found bool) {
	if c, ok := v.(complete); ok {
		field = c.missing()
		return "/" + field, field != ""
	}
	list := reflect.ValueOf(v).Elem()
	if list.Kind() != reflect.Slice {
		return "", false
	}
	for i := range list.Len() {
		c, ok := list.Index(i).Addr().Interface().(complete)
		if !ok {
			return "", false
		}
		if field := c.missing(); field != "" {
			return "/" + strconv.Itoa(i) + "/" + field, true
		}
	}
	return "", false
}

// errorObject says whether a body is Binance's error where something else was asked for.
func errorObject(data []byte) error {
	var e struct {
		Code int64  `json:"code"`
		Msg  string `json:"msg"`
	}
	if json.Unmarshal(data, &e, lenient) != nil || e.Code == 0 && e.Msg == "" {
		return nil
	}
	return &DecodeError{Err: fmt.Errorf("error object: code %d: %s", e.Code, clip(e.Msg))}
}

// readable brings the decoder's errors to a pointer and what was found there.
func readable(err error) error {
	var meaning *json.SemanticError
	var syntax *jsontext.SyntacticError
	switch {
	case errors.As(err, &meaning):
		cause := meaning.Err
		if cause == nil {
			cause = fmt.Errorf("%s where %s must be", kindName(meaning.JSONKind), typeName(meaning.GoType))
		}
		return &DecodeError{Field: clip(meaning.JSONPointer), Err: cause}
	case errors.As(err, &syntax):
		return &DecodeError{
			Field: clip(syntax.JSONPointer),
			Err:   fmt.Errorf("not JSON at byte %d: %w", syntax.ByteOffset, syntax.Err),
		}
	default:
		return &DecodeError{Err: err}
	}
}

func kindName(k jsontext.Kind) string {
	switch k {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a text"
	default:
		return "a " + k.String()
	}
}

func typeName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Slice:
		return "a list"
	case reflect.String:
		return "a text"
	default:
		return "an object"
	}
}

// lenient is how plain types are read. Nothing writes to it.
var lenient = json.WithUnmarshalers(json.JoinUnmarshalers(
	json.UnmarshalFromFunc(readFixed),
	json.UnmarshalFromFunc(readDecimal),
	json.UnmarshalFromFunc(readInt),
	json.UnmarshalFromFunc(readTime),
	json.UnmarshalFromFunc(readBool),
	json.UnmarshalFromFunc(readString),
	json.UnmarshalFromFunc(readGrouped),
))

// scalar returns the next value's text, without quotes, and empty for null.
func scalar(dec *jsontext.Decoder) ([]byte, error) {
	value, err := dec.ReadValue()
	if err != nil {
		return nil, err
	}
	switch value.Kind() {
	case 'n':
		return nil, nil
	case '"':
		if bytes.IndexByte(value, '\\') < 0 {
			return value[1 : len(value)-1], nil
		}
		return jsontext.AppendUnquote(nil, value)
	case '{', '[':
		return nil, fmt.Errorf("%s where a single value must be", clip(value))
	default:
		return value, nil
	}
}

func readFixed(dec *jsontext.Decoder, v *exchange.Fixed) error {
	text, err := scalar(dec)
	if err != nil || len(text) == 0 {
		*v = 0
		return err
	}
	*v, err = exchange.ParseFixedBytes(text)
	return err
}

func readDecimal(dec *jsontext.Decoder, v *decimal.Decimal) error {
	text, err := scalar(dec)
	if err != nil || len(text) == 0 {
		*v = decimal.Decimal{}
		return err
	}
	*v, err = parseDecimal(text)
	return err
}

// readGrouped drops the commas between thousands.
func readGrouped(dec *jsontext.Decoder, v *Grouped) error {
	text, err := scalar(dec)
	if err != nil || len(text) == 0 {
		*v = Grouped{}
		return err
	}
	v.Decimal, err = parseDecimal(bytes.ReplaceAll(text, []byte(","), nil))
	return err
}

func readInt(dec *jsontext.Decoder, v *int64) error {
	text, err := scalar(dec)
	if err != nil || len(text) == 0 {
		*v = 0
		return err
	}
	*v, err = parseInt(text)
	return err
}

func readTime(dec *jsontext.Decoder, v *exchange.Time) error {
	text, err := scalar(dec)
	if err != nil || len(text) == 0 {
		*v = 0
		return err
	}
	ms, err := parseInt(text)
	if err != nil {
		return err
	}
	if ms < -millisMax || ms > millisMax {
		return fmt.Errorf("%d is no time in milliseconds", ms)
	}
	*v = exchange.Millis(ms)
	return nil
}

func readBool(dec *jsontext.Decoder, v *bool) error {
	text, err := scalar(dec)
	if err != nil {
		return err
	}
	switch strings.ToLower(string(text)) {
	case "true":
		*v = true
	case "false", "":
		*v = false
	default:
		return fmt.Errorf("%q is neither true nor false", clip(text))
	}
	return nil
}

// readString takes numbers too: ids have changed between the two before.
func readString(dec *jsontext.Decoder, v *string) error {
	kind := dec.PeekKind()
	text, err := scalar(dec)
	if err == nil && (kind == 't' || kind == 'f') {
		err = fmt.Errorf("%s where a text must be", text)
	}
	*v = string(text)
	return err
}

func parseInt(text []byte) (int64, error) {
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a whole number of 64 bits", clip(text))
	}
	return n, nil
}

// parseDecimal reads a number from its digits. Short ones, which are all but a few, go
// without big integers; see BenchmarkDecode.
func parseDecimal(text []byte) (decimal.Decimal, error) {
	if d, ok := shortDecimal(text); ok {
		return d, nil
	}
	if len(text) > 2*decimalPlacesMax+10 {
		return decimal.Decimal{}, fmt.Errorf("%q: %w", clip(text), exchange.ErrNumberSyntax)
	}
	d, err := decimal.NewFromString(string(text))
	if err != nil {
		return decimal.Decimal{}, fmt.Errorf("%q: %w", clip(text), exchange.ErrNumberSyntax)
	}
	if d.Exponent() < -decimalPlacesMax || d.NumDigits()+int(d.Exponent()) > decimalPlacesMax {
		return decimal.Decimal{}, fmt.Errorf("%q: %w", clip(text), exchange.ErrNumberRange)
	}
	return d, nil
}

// shortDecimal reads an optional minus, at most 18 digits and one point among them.
func shortDecimal(text []byte) (decimal.Decimal, bool) {
	digits := bytes.TrimPrefix(text, []byte("-"))
	var n int64
	count, places := 0, 0
	for i, c := range digits {
		switch {
		case c >= '0' && c <= '9':
			n = n*10 + int64(c-'0') // may wrap beyond 18 digits, and is not used then
			count++
		case c == '.' && places == 0 && i < len(digits)-1:
			places = len(digits) - 1 - i
		default:
			return decimal.Decimal{}, false
		}
	}
	if count < 1 || count > 18 {
		return decimal.Decimal{}, false
	}
	if len(digits) < len(text) {
		n = -n
	}
	return decimal.New(n, int32(-places)), true
}

// told says whether Binance gave a value for d: one that it left out, or gave as "" or
// null, is the zero Decimal, and a 0 that it wrote is another one.
func told(d decimal.Decimal) bool { return d != decimal.Decimal{} }

// clip bounds what an error repeats of its input.
func clip[T ~string | ~[]byte](s T) string {
	const most = 60
	if len(s) <= most {
		return string(s)
	}
	return string(s[:most]) + "..."
}

// need is a field that an answer must carry, and whether it does.
type need struct {
	field string
	there bool
}

// first names the first field that is not there, or is "".
func first(needs ...need) string {
	for _, n := range needs {
		if !n.there {
			return n.field
		}
	}
	return ""
}

// each names the first field that is not there in an inner list, or the list if it is not
// there itself.
func each[T any](name string, list []T) string {
	if list == nil {
		return name
	}
	for i := range list {
		if c, ok := any(&list[i]).(complete); ok {
			if field := c.missing(); field != "" {
				return name + "/" + strconv.Itoa(i) + "/" + field
			}
		}
	}
	return ""
}
