package lenient

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

const (
	// decimalPlacesMax bounds the digits of a decimal on either side of the point: far above
	// any amount, and short enough that a sender cannot choose how much memory a sum takes.
	decimalPlacesMax = 40
	// millisMax is the end of the year 9999, the latest time that Binance accepts in an
	// order. Later ones are other numbers in the wrong field.
	millisMax = 253402300799999
)

// plain is how plain types are read. Nothing writes to it.
var plain = json.WithUnmarshalers(json.JoinUnmarshalers(
	json.UnmarshalFromFunc(readFixed),
	json.UnmarshalFromFunc(readDecimal),
	json.UnmarshalFromFunc(readInt),
	json.UnmarshalFromFunc(readTime),
	json.UnmarshalFromFunc(readBool),
	json.UnmarshalFromFunc(readString),
	json.UnmarshalFromFunc(readGrouped),
	json.UnmarshalFromFunc(readWide),
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

func readWide(dec *jsontext.Decoder, v *exchange.Wide) error {
	text, err := scalar(dec)
	if err != nil || len(text) == 0 {
		*v = exchange.Wide{}
		return err
	}
	*v, err = exchange.ParseWideBytes(text)
	return err
}

// Grouped is a decimal that may be written with commas between thousands.
type Grouped struct{ decimal.Decimal }

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
// without big integers; see BenchmarkDecode of exchange/papi.
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

// Told says whether Binance gave a value for d: one that it left out, or gave as "" or
// null, is the zero Decimal, and a 0 that it wrote is another one.
func Told(d decimal.Decimal) bool { return d != decimal.Decimal{} }
