package papi

import (
	"context"

	"github.com/pmbot/pmbot/exchange"
)

// OrderRef names an order of one symbol: by the exchange's number or by the client id that
// it was placed with. One is needed, and the number counts if both are there.
type OrderRef struct {
	OrderID           int64
	OrigClientOrderID string
}

func (r OrderRef) query(symbol string) *query {
	q := texts("symbol", symbol)
	q.int("orderId", r.OrderID)
	q.text("origClientOrderId", r.OrigClientOrderID)
	return q
}

// Window bounds what a list tells by time, in whole milliseconds, both ends included. A
// zero end is the endpoint's default.
type Window struct {
	StartTime, EndTime exchange.Time
}

func (w Window) add(q *query) {
	q.time("startTime", w.StartTime)
	q.time("endTime", w.EndTime)
}

// PageQuery asks for a page of rows of a time.
type PageQuery struct {
	Window
	// Current is the page, from 1; Size is 10 by default and 100 at most.
	Current, Size int64
}

func (p PageQuery) add(q *query) {
	p.Window.add(q)
	q.int("current", p.Current)
	q.int("size", p.Size)
}

func (p PageQuery) query() *query {
	q := new(query)
	p.add(q)
	return q
}

// Page is a page of rows. Total is how many there are on all pages.
type Page[T any] struct {
	Rows  []T   `json:"rows"`
	Total int64 `json:"total"`
}

func (p *Page[T]) missing() string { return each("rows", p.Rows) }

// texts is a query of names and values, of which empty values are left out.
func texts(pairs ...string) *query {
	own := new(struct {
		query
		room [256]byte // for an order and its signature, in one allocation
	})
	q := &own.query
	q.buf = own.room[:0]
	for i := 0; i+1 < len(pairs); i += 2 {
		q.text(pairs[i], pairs[i+1])
	}
	return q
}

// word writes one of Binance's words.
func word[W ~string](q *query, name string, w W) { q.text(name, string(w)) }

// Message is the answer of calls that have nothing to tell: the number 200, or the text
// "200", and a sentence. It is a success whatever it says; failures are errors.
type Message struct {
	Code int64  `json:"code"`
	Msg  string `json:"msg"`
}

func (m *Message) missing() string {
	return first(need{"code", m.Code >= 0}, need{"msg", m.Msg != "" || m.Code > 0})
}

// empty is the answer {}. An error object in its place is not passed over.
type empty struct {
	Code int64 `json:"code"`
}

func (e *empty) missing() string { return first(need{"code", e.Code >= 0}) }

// Ping asks whether the server answers.
func (c *Client) Ping(ctx context.Context) error {
	_, err := call[empty](ctx, c, epPing, new(query))
	return err
}
