package papi

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// The iterators below read a list over any time, in the windows and pages that its endpoint
// allows. They do without the ids that some endpoints can page by, because the reference
// does not say whether those see beyond the default window, and without trust in the end at
// which a list is cut. Both ends of the window are needed, and count in whole milliseconds.
// An error ends the iteration; what came before it is sound.

// ErrCrowded says that more entries share one millisecond than a page holds, so that some
// of them cannot be asked for.
var ErrCrowded = errors.New("more entries in a millisecond than a page holds")

const (
	day = 24 * time.Hour
	// tick is the grain of Binance's times.
	tick = exchange.Time(time.Millisecond)
)

// eachIn asks for windows one after the other, from the oldest, of at most span. A page
// that is not whole may lack entries at either end, so it is dropped and its window halved:
// nothing is left out and nothing comes twice, whichever end it was cut at.
func eachIn[T any](w Window, span time.Duration, page func(Window) (list []T, whole bool, err error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		from, last := w.StartTime.Floor(time.Millisecond), w.EndTime.Floor(time.Millisecond)
		if from <= 0 || last < from {
			yield(none, fmt.Errorf("papi: no time from %v to %v", w.StartTime, w.EndTime))
			return
		}
		width := exchange.Time(span)
		for {
			to := last
			if last-from >= width {
				to = from + width - tick
			}
			list, whole, err := page(Window{StartTime: from, EndTime: to})
			if err == nil && !whole && to == from {
				err = fmt.Errorf("papi: at %v: %w", from, ErrCrowded)
			}
			if err != nil {
				yield(none, err)
				return
			}
			if !whole {
				width = ((to - from + tick) / 2).Floor(time.Millisecond)
				continue
			}
			for _, entry := range list {
				if !yield(entry, nil) {
					return
				}
			}
			if to == last { // and the next may be after the end of time
				return
			}
			from = to + tick
			width = min(2*width, exchange.Time(span))
		}
	}
}

// eachList goes over an endpoint that answers with a list: one as long as the limit may
// have been cut.
func eachList[T any](w Window, span time.Duration, limit int, list func(Window) ([]T, error)) iter.Seq2[T, error] {
	return eachIn(w, span, func(part Window) ([]T, bool, error) {
		entries, err := list(part)
		return entries, len(entries) < limit, err
	})
}

// eachPage goes over an endpoint that answers with pages, by their first.
func eachPage[T any](w Window, span time.Duration, page func(PageQuery) (Page[T], error)) iter.Seq2[T, error] {
	return eachIn(w, span, func(part Window) ([]T, bool, error) {
		p, err := page(PageQuery{Window: part, Current: 1, Size: 100})
		return p.Rows, int64(len(p.Rows)) >= p.Total, err
	})
}

// EachUMOrder goes over the orders of a symbol that were made in a window.
func (c *Client) EachUMOrder(ctx context.Context, symbol string, w Window) iter.Seq2[UMOrder, error] {
	return eachList(w, 7*day-time.Millisecond, 1000, func(part Window) ([]UMOrder, error) {
		return c.UMAllOrders(ctx, UMAllOrdersQuery{Symbol: symbol, Window: part, Limit: 1000})
	})
}

// EachUMAlgoOrder goes over the conditional orders of a symbol that were made in a window.
func (c *Client) EachUMAlgoOrder(ctx context.Context, symbol string, w Window) iter.Seq2[UMAlgoOrder, error] {
	return eachList(w, 7*day-time.Millisecond, 1000, func(part Window) ([]UMAlgoOrder, error) {
		return c.UMAllAlgoOrders(ctx, UMAllAlgoOrdersQuery{Symbol: symbol, Window: part, Limit: 1000})
	})
}

// EachUMTrade goes over our fills of a symbol in a window; Binance keeps them for six months.
func (c *Client) EachUMTrade(ctx context.Context, symbol string, w Window) iter.Seq2[UMTrade, error] {
	return eachList(w, 7*day-time.Millisecond, 1000, func(part Window) ([]UMTrade, error) {
		return c.UMTrades(ctx, UMTradesQuery{Symbol: symbol, Window: part, Limit: 1000})
	})
}

// EachUMIncome goes over the USD-M ledger of the last three months. Symbol and IncomeType of
// the query select; its limit is not used.
func (c *Client) EachUMIncome(ctx context.Context, p IncomeQuery) iter.Seq2[Income, error] {
	return eachList(p.Window, 7*day-time.Millisecond, 1000, func(part Window) ([]Income, error) {
		p.Window, p.Limit = part, 1000
		return c.UMIncome(ctx, p)
	})
}

// EachCMOrder goes over the orders of a symbol that were made in a window.
func (c *Client) EachCMOrder(ctx context.Context, symbol string, w Window) iter.Seq2[CMOrder, error] {
	return eachList(w, 7*day-time.Millisecond, 100, func(part Window) ([]CMOrder, error) {
		return c.CMAllOrders(ctx, CMAllOrdersQuery{Symbol: symbol, Window: part, Limit: 100})
	})
}

// EachCMConditionalOrder goes over the conditional orders of a symbol that were made in a
// window.
func (c *Client) EachCMConditionalOrder(ctx context.Context, symbol string, w Window) iter.Seq2[CMConditionalOrder, error] {
	return eachList(w, 7*day-time.Millisecond, 1000, func(part Window) ([]CMConditionalOrder, error) {
		return c.CMAllConditionalOrders(ctx, CMAllConditionalOrdersQuery{Symbol: symbol, Window: part, Limit: 1000})
	})
}

// EachCMTrade goes over our fills of a symbol in a window.
func (c *Client) EachCMTrade(ctx context.Context, symbol string, w Window) iter.Seq2[CMTrade, error] {
	return eachList(w, day-time.Millisecond, 1000, func(part Window) ([]CMTrade, error) {
		return c.CMTrades(ctx, CMTradesQuery{Symbol: symbol, Window: part, Limit: 1000})
	})
}

// EachCMIncome goes over the COIN-M ledger. Symbol and IncomeType of the query select; its
// limit is not used.
func (c *Client) EachCMIncome(ctx context.Context, p IncomeQuery) iter.Seq2[Income, error] {
	return eachList(p.Window, 7*day-time.Millisecond, 1000, func(part Window) ([]Income, error) {
		p.Window, p.Limit = part, 1000
		return c.CMIncome(ctx, p)
	})
}

// EachMarginOrder goes over the orders of a symbol that were made in a window. Each day of
// it costs 100.
func (c *Client) EachMarginOrder(ctx context.Context, symbol string, w Window) iter.Seq2[MarginOrder, error] {
	return eachList(w, day-time.Millisecond, 500, func(part Window) ([]MarginOrder, error) {
		return c.MarginAllOrders(ctx, MarginAllOrdersQuery{Symbol: symbol, Window: part, Limit: 500})
	})
}

// EachMarginOrderList goes over the OCOs that were made in a window. Each day of it costs
// 100.
func (c *Client) EachMarginOrderList(ctx context.Context, w Window) iter.Seq2[OrderList, error] {
	return eachList(w, day-time.Millisecond, 500, func(part Window) ([]OrderList, error) {
		return c.MarginAllOrderLists(ctx, AllOrderListsQuery{Window: part, Limit: 500})
	})
}

// EachMarginTrade goes over our fills of a symbol in a window.
func (c *Client) EachMarginTrade(ctx context.Context, symbol string, w Window) iter.Seq2[MarginTrade, error] {
	return eachList(w, day-time.Millisecond, 1000, func(part Window) ([]MarginTrade, error) {
		return c.MarginTrades(ctx, MarginTradesQuery{Symbol: symbol, Window: part, Limit: 1000})
	})
}

// EachLoan goes over what was borrowed of an asset. Asset and Archived of the query select.
func (c *Client) EachLoan(ctx context.Context, p LoansQuery) iter.Seq2[Loan, error] {
	return eachPage(p.Window, 30*day-time.Millisecond, func(part PageQuery) (Page[Loan], error) {
		p.PageQuery = part
		return c.Loans(ctx, p)
	})
}

// EachRepayment goes over what was repaid of an asset. Asset and Archived of the query
// select.
func (c *Client) EachRepayment(ctx context.Context, p LoansQuery) iter.Seq2[Repayment, error] {
	return eachPage(p.Window, 30*day-time.Millisecond, func(part PageQuery) (Page[Repayment], error) {
		p.PageQuery = part
		return c.Repayments(ctx, p)
	})
}

// EachMarginInterest goes over interest on loans. Asset and Archived of the query select.
func (c *Client) EachMarginInterest(ctx context.Context, p MarginInterestQuery) iter.Seq2[MarginInterest, error] {
	return eachPage(p.Window, 30*day-time.Millisecond, func(part PageQuery) (Page[MarginInterest], error) {
		p.PageQuery = part
		return c.MarginInterest(ctx, p)
	})
}

// EachNegativeBalanceInterest goes over interest on negative balances, of an asset or, with
// "", of all.
func (c *Client) EachNegativeBalanceInterest(ctx context.Context, asset string, w Window) iter.Seq2[NegativeBalanceInterest, error] {
	return eachList(w, 30*day-time.Millisecond, 100, func(part Window) ([]NegativeBalanceInterest, error) {
		return c.NegativeBalanceInterest(ctx, NegativeBalanceInterestQuery{Asset: asset, Window: part, Size: 100})
	})
}

// EachCapitalFlow goes over the movements of the margin wallet. Asset and Type of the query
// select.
func (c *Client) EachCapitalFlow(ctx context.Context, p CapitalFlowQuery) iter.Seq2[CapitalFlow, error] {
	return eachList(p.Window, 7*day-time.Millisecond, 1000, func(part Window) ([]CapitalFlow, error) {
		p.Window, p.FromID, p.Limit = part, 0, 1000
		return c.CapitalFlow(ctx, p)
	})
}
