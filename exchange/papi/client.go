package papi

import (
	"context"
	"errors"
	"fmt"
)

// Client calls the endpoints of papi and the listed reads of sapi. It is safe for
// concurrent use.
type Client struct{}

// call asks an endpoint and decodes its answer into an A.
func call[A any](ctx context.Context, c *Client, ep endpoint, q *query) (A, error) {
	var answer A
	body, err := c.do(ctx, ep, q)
	if err != nil {
		return answer, err
	}
	if err := decode(body, &answer); err != nil {
		return answer, fmt.Errorf("answer of %v: %w", ep, err)
	}
	return answer, nil
}

func (c *Client) do(context.Context, endpoint, *query) ([]byte, error) {
	return nil, errors.New("papi: there is no transport yet")
}
