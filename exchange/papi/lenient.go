package papi

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// bodyBytesMax bounds an answer or event. The longest answer known, the account of all USD-M
// symbols, is below one megabyte. Nesting ends at the decoder's own ten thousand levels, for
// which it does not recurse.
const bodyBytesMax = 16 << 20

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
