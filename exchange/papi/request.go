package papi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/internal/budget"
	"github.com/pmbot/pmbot/riskguard"
)

// reply is what came back for a request that was done.
type reply struct {
	body []byte
	// stamp is the timestamp that the request carried, in the exchange's time; sent and
	// answered are by our clock.
	stamp, sent, answered exchange.Time
}

// attempt waits for the budget, sends a request once and tells the budget what came back.
// The approval of a write is asked first, because a request that cannot leave need not
// wait, and again when its bytes are written.
func (c *Client) attempt(ctx context.Context, ep endpoint, q *query, approved riskguard.Approved) (reply, error) {
	if ep.spec().write && !c.gate.holds(approved, c.now()) {
		return reply{}, notSent(ep, ErrNotApproved)
	}
	ticket, err := c.turn(ctx, ep, q, approved)
	if err != nil {
		return reply{}, err
	}
	r, heard, err := c.send(ctx, ep, q, approved)
	c.settle(ctx, ep, ticket, heard, err)
	return r, err
}

// settle tells budget and clock what came of a request.
func (c *Client) settle(ctx context.Context, ep endpoint, ticket budget.Ticket, heard budget.Answer, err error) {
	scheduler := c.servers[ep.spec().host].budget
	if errors.Is(err, ErrNotSent) {
		scheduler.Return(ticket)
		return
	}
	scheduler.Settle(ticket, heard)
	c.doubt(err)
	c.note(ctx, ep, err)
}

// turn waits until a request may leave: until the exchange's clock is known, and for the
// budget. A write waits no longer than its approval holds. Most need not wait at all, and go
// without what waiting costs (BenchmarkLive/7-place-plain).
func (c *Client) turn(ctx context.Context, ep endpoint, q *query, approved riskguard.Approved) (budget.Ticket, error) {
	s := ep.spec()
	scheduler, request := c.servers[s.host].budget, s.request(q, approved)
	if request.Class == budget.Risk && isUrgent(ctx) {
		request.Class = budget.Cancel
	}
	due := false
	if s.security == signed {
		due, _ = c.clockDue(s)
	}
	if !due && ctx.Err() == nil {
		if ticket, ok := scheduler.Try(request); ok {
			return ticket, nil
		}
	}
	if s.write {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, approved.Expires().Sub(c.now())+time.Nanosecond)
		defer cancel()
	}
	if due {
		if err := c.keepTime(ctx, s); err != nil {
			return budget.Ticket{}, notSent(ep, err)
		}
	}
	ticket, err := scheduler.Wait(ctx, request)
	if err != nil {
		return budget.Ticket{}, c.noBudget(ep, err)
	}
	return ticket, nil
}

// urgent marks a context whose reads of risk go before all others.
type urgent struct{}

// Urgent is a context whose reads of risk have the budget of cancels: they say what there is
// to cancel, and whether it is gone.
func Urgent(ctx context.Context) context.Context { return context.WithValue(ctx, urgent{}, true) }

func isUrgent(ctx context.Context) bool { return ctx.Value(urgent{}) != nil }

// request is what a call with these parameters asks of the budget.
func (s *spec) request(q *query, approved riskguard.Approved) budget.Request {
	r := budget.Request{Class: s.class, Weight: s.weight, Orders: s.orders, Quota: int(s.quota)}
	if s.broad != 0 && !q.has(s.narrow) {
		r.Weight = s.broad
	}
	order := approved.Order()
	if r.Class == budget.Order && order.ID != 0 && exempt(&order.Request) {
		r.Class = budget.Reduce
	}
	return r
}

// exempt says whether the exchange knows an order as one that only reduces, and takes it
// while it protects itself from load.
func exempt(r *exchange.OrderRequest) bool {
	switch r.PositionSide {
	case exchange.Long:
		return r.Side == exchange.Sell || r.ClosePosition
	case exchange.Short:
		return r.Side == exchange.Buy || r.ClosePosition
	}
	return r.ReduceOnly || r.ClosePosition
}

// notSent is the error of a request of which no byte has left.
func notSent(ep endpoint, err error) *Error {
	return &Error{Endpoint: ep.String(), Outcome: Refused, Err: err}
}

func (c *Client) noBudget(ep endpoint, err error) *Error {
	e := notSent(ep, err)
	var refusal *budget.Refusal
	if errors.As(err, &refusal) && !errors.Is(err, budget.ErrHeavy) {
		e.Retryable = true
		if !refusal.Until.IsZero() {
			e.RetryAfter = max(exchange.TimeOf(refusal.Until).Sub(c.ServerTime()), 0)
		}
	}
	return e
}

// note logs what stops more than one request. The answer itself is the caller's.
func (c *Client) note(ctx context.Context, ep endpoint, err error) {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return
	}
	switch e.HTTP {
	case http.StatusTooManyRequests, http.StatusTeapot, http.StatusForbidden:
		c.log.LogAttrs(ctx, slog.LevelWarn, "exchange limits requests", slog.String("endpoint", ep.String()),
			slog.Int("status", e.HTTP), slog.Int("code", e.Code), slog.String("reason", e.Msg), slog.Duration("retry_after", e.RetryAfter))
	}
}
