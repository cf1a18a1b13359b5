package rest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math"

	"github.com/go-json-experiment/json"

	"github.com/pmbot/pmbot/exchange"
)

// Ping asks whether a product's host answers.
func (c *Client) Ping(ctx context.Context, p exchange.Product) error {
	_, _, err := call[struct{}](ctx, c, p, "ping", nil)
	return err
}

type serverTime struct {
	ServerTime exchange.Time `json:"serverTime"`
}

func (t *serverTime) check() *DecodeError { return need("serverTime", t.ServerTime > 0) }

// Time asks for the time of a product's host. [Client.ServerTime] is the time as the last
// measurement has it, without asking.
func (c *Client) Time(ctx context.Context, p exchange.Product) (exchange.Time, Answer, error) {
	t, a, err := call[serverTime](ctx, c, p, "time", nil)
	return t.ServerTime, a, err
}

func serverTimeOf(e *endpoint, a Answer) (exchange.Time, error) {
	var t serverTime
	if err := decode(a.Body, &t); err != nil {
		return 0, unreadable(e, a, err)
	}
	return t.ServerTime, nil
}

// ExchangeInfo asks for all instruments of a product: their filters, status and dates. Of
// spot pairs, those that Binance excludes from margin trading are left out, and symbols
// narrows the question, whose whole answer is long; futures answer with all and take none.
//
// An error that is an [exchange.SymbolErrors] says that single symbols could not be read:
// the instruments beside it are good.
func (c *Client) ExchangeInfo(ctx context.Context, p exchange.Product, symbols ...string) ([]exchange.Instrument, Answer, error) {
	e := find(p, "exchangeInfo")
	if e == nil {
		return nil, Answer{}, noEndpoint(p, "exchangeInfo")
	}
	var q params
	if len(symbols) > 0 {
		list, err := json.Marshal(symbols)
		if err != nil {
			return nil, Answer{}, &Error{Endpoint: e.String(), Err: err}
		}
		q = q.text("symbols", string(list))
	}
	if p == exchange.Margin {
		q = q.text("showPermissionSets", "false") // most of the answer otherwise
	}
	a, err := c.ask(ctx, e, q)
	if err != nil {
		return nil, a, err
	}
	list, err := exchange.DecodeExchangeInfo(p, bytes.NewReader(a.Body))
	if bad := (exchange.SymbolErrors)(nil); err != nil && !errors.As(err, &bad) {
		return nil, a, unreadable(e, a, err)
	}
	c.heed(ctx, p, a)
	return list, a, err
}

// weightLowest is the lowest limit of weight that is believed: below it hardly anything could
// be asked, and a mistake is likelier.
const weightLowest = 100

// heed lowers the budget to the limit of weight that the exchange tells, if that is lower
// than the compiled one. A higher one is not used: dapi has told 6000 for the pool of 2400.
func (c *Client) heed(ctx context.Context, p exchange.Product, a Answer) {
	limits, err := RateLimits(a)
	if err != nil {
		return // the instruments are what was asked for
	}
	for _, l := range limits {
		if l.Type != "REQUEST_WEIGHT" || l.Interval != "MINUTE" || l.IntervalNum != 1 || l.Limit < weightLowest {
			continue
		}
		if c.budget(p).Lower(int(min(l.Limit, math.MaxInt32))) {
			c.log.LogAttrs(ctx, slog.LevelWarn, "exchange has a lower limit of weight", slog.String("endpoint", p.String()), slog.Int64("limit", l.Limit))
		}
	}
}

// RateLimit is one of the limits that an exchangeInfo tells.
type RateLimit struct {
	// Type is REQUEST_WEIGHT, ORDERS or RAW_REQUESTS; Interval is SECOND, MINUTE or DAY, of
	// which IntervalNum make the span.
	Type        string `json:"rateLimitType"`
	Interval    string `json:"interval"`
	IntervalNum int64  `json:"intervalNum"`
	Limit       int64  `json:"limit"`
}

func (l *RateLimit) check() *DecodeError {
	return cmp.Or(need("rateLimitType", l.Type != ""), sane("limit", l.Limit > 0))
}

type rateLimits struct {
	Limits []RateLimit `json:"rateLimits"`
}

func (l *rateLimits) check() *DecodeError {
	for i := range l.Limits {
		if bad := l.Limits[i].check(); bad != nil {
			return bad
		}
	}
	return need("rateLimits", l.Limits != nil)
}

// RateLimits reads the limits in an answer of [Client.ExchangeInfo], for those who compare
// them with the compiled ones: 2400 of weight a minute for fapi and dapi together.
func RateLimits(a Answer) ([]RateLimit, error) {
	var l rateLimits
	if err := decode(a.Body, &l); err != nil {
		return nil, err
	}
	return l.Limits, nil
}
