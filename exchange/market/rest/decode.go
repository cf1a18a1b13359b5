package rest

import (
	"context"
	"errors"
	"fmt"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/internal/lenient"
)

// checked is met by answers that mean nothing without some of their fields, or with some
// values.
type checked interface {
	// check finds the first such field, or is nil.
	check() *DecodeError
}

// need is the complaint about a field that is not there, or nil.
func need(field string, there bool) *DecodeError {
	if there {
		return nil
	}
	return &DecodeError{Field: field, Err: lenient.ErrMissing}
}

var errSense = errors.New("has a value that cannot be")

// sane is the complaint about a field whose value cannot be, or nil.
func sane(field string, good bool) *DecodeError {
	if good {
		return nil
	}
	return &DecodeError{Field: field, Err: errSense}
}

// decode reads a body into v; see [lenient.Decode].
func decode(body []byte, v any) error {
	return lenient.Decode(body, v, func(v any) *DecodeError {
		if c, ok := v.(checked); ok {
			return c.check()
		}
		return nil
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
	return &Error{Err: fmt.Errorf("%v has no %s", p, name)}
}
