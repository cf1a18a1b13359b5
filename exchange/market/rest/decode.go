package rest

import (
	"context"
	"fmt"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/internal/lenient"
)

// complete is met by answers that mean nothing without some of their fields.
type complete interface {
	// missing names the first field that had to be there and was not, or is "".
	missing() string
}

// need is the name of a field that is not there, or "".
func need(field string, there bool) string {
	if there {
		return ""
	}
	return field
}

// decode reads a body into v; see [lenient.Decode].
func decode(body []byte, v any) error {
	return lenient.Decode(body, v, func(v any) string {
		if c, ok := v.(complete); ok {
			return c.missing()
		}
		return ""
	})
}

// unreadable is the error of an answer whose body is not what was asked for.
func unreadable(e *endpoint, a Answer, err error) *Error {
	return &Error{Endpoint: e.String(), URL: a.URL, Err: fmt.Errorf("answer: %w", err)}
}

// call asks an endpoint of a product and decodes the answer into an A. A product that has no
// such endpoint is an error.
func call[A any](ctx context.Context, c *Client, p exchange.Product, name string, q params) (A, Answer, error) {
	var v A
	e := find(p, name)
	if e == nil {
		return v, Answer{}, noEndpoint(p, name)
	}
	a, err := c.ask(ctx, e, q)
	if err != nil {
		return v, a, err
	}
	if err := decode(a.Body, &v); err != nil {
		var none A
		return none, a, unreadable(e, a, err)
	}
	return v, a, nil
}

// wire is a row as Binance writes it, of which a T of this package is made.
type wire[T any] interface{ row() T }

// rows is call for a list of rows that have another form here than on the wire.
func rows[W wire[T], T any](ctx context.Context, c *Client, p exchange.Product, name string, q params) ([]T, Answer, error) {
	list, a, err := call[[]W](ctx, c, p, name, q)
	if err != nil {
		return nil, a, err
	}
	out := make([]T, len(list))
	for i := range list {
		out[i] = list[i].row()
	}
	return out, a, nil
}

func noEndpoint(p exchange.Product, name string) *Error {
	return &Error{Err: fmt.Errorf("rest: %v has no %s", p, name)}
}
