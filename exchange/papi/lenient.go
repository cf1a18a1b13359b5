package papi

import (
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange/internal/lenient"
)

// bodyBytesMax bounds an answer or event.
const bodyBytesMax = lenient.BytesMax

// DecodeError says why an answer or event of Binance is not what the reference says.
type DecodeError = lenient.DecodeError

// Grouped is a decimal that Binance's example prints with commas between thousands,
// "122,559.90199491".
type Grouped = lenient.Grouped

// complete is met by answers that mean nothing without some of their fields.
type complete interface {
	// missing names the first field that had to be there and was not, or is "".
	missing() string
}

// decode reads an answer or event of Binance into v, whose fields are plain types; see
// [lenient.Decode].
func decode(data []byte, v any) error {
	return lenient.Decode(data, v, func(v any) *DecodeError {
		if field := missing(v); field != "" {
			return &DecodeError{Field: field, Err: lenient.ErrMissing}
		}
		return nil
	})
}

// missing asks an answer, or an element of a list, what it lacks.
func missing(v any) string {
	if c, ok := v.(complete); ok {
		return c.missing()
	}
	return ""
}

// told says whether Binance gave a value for d.
func told(d decimal.Decimal) bool { return lenient.Told(d) }

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
