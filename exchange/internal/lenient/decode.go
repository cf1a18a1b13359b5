package lenient

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// BytesMax bounds an answer or event. The longest answer known, the account of all USD-M
// symbols, is below one megabyte. Nesting ends at the decoder's own ten thousand levels, for
// which it does not recurse.
const BytesMax = 16 << 20

// ErrMissing says that a field had to be there and was not, or was "" or null.
var ErrMissing = errors.New("is missing or empty")

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

// Decode reads an answer or event of Binance into v, whose fields are plain types. Names
// are matched exactly, for case matters in Binance's events; unknown fields are passed
// over. Numbers may be strings and strings numbers; where v is a list, one object is a list
// of one. An empty body, an error object and [] are three things, and only the last one is
// an empty list.
//
// check is asked about v or, where v is a list, about a pointer to each element: an answer
// that lacks what gives it a meaning decodes without an error otherwise, and reads as zero. It
// answers with the field, relative to what it was asked about, and why, or nil. Every error is
// a [DecodeError].
func Decode(data []byte, v any, check func(v any) *DecodeError) error {
	body := bytes.TrimLeft(data, " \t\r\n")
	switch {
	case len(data) > BytesMax:
		return &DecodeError{Err: fmt.Errorf("%d bytes, and %d is the most", len(data), BytesMax)}
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
		if err := Decode(data, one.Interface(), check); err != nil {
			return err
		}
		list.Set(reflect.Append(list, one.Elem()))
		return nil
	}
	if err := json.Unmarshal(data, v, plain); err != nil {
		return readable(err)
	}
	if bad := checked(v, check); bad != nil {
		if err := errorObject(data); err != nil {
			return err
		}
		return bad
	}
	return nil
}

// checked asks about an answer or about each element of a list.
func checked(v any, check func(v any) *DecodeError) *DecodeError {
	list := reflect.ValueOf(v).Elem()
	if list.Kind() != reflect.Slice {
		if bad := check(v); bad != nil {
			return &DecodeError{Field: "/" + bad.Field, Err: bad.Err}
		}
		return nil
	}
	for i := range list.Len() {
		if bad := check(list.Index(i).Addr().Interface()); bad != nil {
			return &DecodeError{Field: "/" + strconv.Itoa(i) + "/" + bad.Field, Err: bad.Err}
		}
	}
	return nil
}

// errorObject says whether a body is Binance's error where something else was asked for.
func errorObject(data []byte) error {
	var e struct {
		Code int64  `json:"code"`
		Msg  string `json:"msg"`
	}
	if json.Unmarshal(data, &e, plain) != nil || e.Code == 0 && e.Msg == "" {
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
