package strategy

import (
	"fmt"
	"strings"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// Ref is a strategy's own number for an order, loan or repayment it wished: its orders,
// fills, loans and refusals carry it. Refs rise from 1; 0 is none.
type Ref = uint64

// Env is what a strategy holds in its hands during a callback. Whatever it asks for
// there takes effect after the callback returns, in the order asked. It must not be kept
// or used outside of callbacks.
type Env struct {
	View
	starting bool
	// mistake is the first wrong wish of Start, which ends it.
	mistake error
	out     Output
}

// Output is what a strategy asked for during callbacks, in order of asking.
type Output struct {
	// Intents are wishes for the guard, Timers wishes for the driver.
	Intents []exchange.Intent
	Timers  []exchange.Timer
	// Logs are lines for people.
	Logs []string
	// Subscriptions are what Start asked to see.
	Subscriptions []Subscription
}

// Subscription is a wish to see a kind of market event of an instrument.
type Subscription struct {
	Inst exchange.InstrumentID
	Kind exchange.Kind
	// Interval is the length of bars, 0 for other kinds.
	Interval time.Duration
	// Warmup is how many bars or settlements of the past the strategy wants before it may trade.
	Warmup int
}

// fundingSpan is the longest time from one settlement of funding to the next.
const fundingSpan = 8 * time.Hour

// Reach is how far before the run that past begins.
func (s *Subscription) Reach() time.Duration {
	every := s.Interval
	if s.Kind == exchange.KindFunding {
		every = fundingSpan
	}
	return time.Duration(s.Warmup) * every
}

// Instrument looks an instrument up. The error names the symbol and what would help.
func (e *Env) Instrument(s Symbol) (*exchange.Instrument, error) {
	in, err := e.instruments.Find(s.Product, s.Name)
	if err != nil {
		return nil, fmt.Errorf("%w; add its exchangeInfo or name it in a symbol parameter", err)
	}
	return in, nil
}

// Bars subscribes to closed bars of that length. With warmup above 0, that many bars
// from before the run are delivered first, while [View.Warming] says true and orders
// are refused.
func (e *Env) Bars(in *exchange.Instrument, interval time.Duration, warmup int) {
	if (interval <= 0 || warmup < 0) && e.mistake == nil {
		e.mistake = fmt.Errorf("bars of %s: interval %v must be above 0 and warmup %d not below", in.Name(), interval, warmup)
	}
	e.subscribe(Subscription{in.ID, exchange.KindBar, interval, warmup})
}

// Trades subscribes to public trades.
func (e *Env) Trades(in *exchange.Instrument) {
	e.subscribe(Subscription{Inst: in.ID, Kind: exchange.KindTrade})
}

// BookTickers subscribes to best bid and ask.
func (e *Env) BookTickers(in *exchange.Instrument) {
	e.subscribe(Subscription{Inst: in.ID, Kind: exchange.KindBookTicker})
}

// Marks subscribes to mark prices.
func (e *Env) Marks(in *exchange.Instrument) {
	e.subscribe(Subscription{Inst: in.ID, Kind: exchange.KindMark})
}

// Fundings subscribes to settled funding rates. With warmup above 0, those of so many times eight
// hours before the run, the longest interval there is, are delivered first, while [View.Warming]
// says true: that many, or more where funding settles more often.
func (e *Env) Fundings(in *exchange.Instrument, warmup int) {
	if warmup < 0 && e.mistake == nil {
		e.mistake = fmt.Errorf("fundings of %s: warmup %d must not be below 0", in.Name(), warmup)
	}
	e.subscribe(Subscription{Inst: in.ID, Kind: exchange.KindFunding, Warmup: warmup})
}

func (e *Env) subscribe(s Subscription) {
	if !e.starting {
		e.Logf("subscription to %v after Start has no effect", s.Kind)
		return
	}
	for i := range e.out.Subscriptions {
		have := &e.out.Subscriptions[i]
		if have.Inst == s.Inst && have.Kind == s.Kind && have.Interval == s.Interval {
			have.Warmup = max(have.Warmup, s.Warmup)
			return
		}
	}
	e.out.Subscriptions = append(e.out.Subscriptions, s)
}

// Send wishes a new order and returns the ref that everything about it will carry.
func (e *Env) Send(o Order) Ref {
	ref := e.lastRef + 1
	e.intend(exchange.Intent{Kind: exchange.IntentNew, Ref: ref, Request: o.request, Tag: o.tag})
	return ref
}

// Cancel wishes an own order gone. Cancelling what is over is harmless.
func (e *Env) Cancel(ref Ref) { e.intend(exchange.Intent{Kind: exchange.IntentCancel, Ref: ref}) }

// CancelAll wishes all own orders of an instrument gone.
func (e *Env) CancelAll(in *exchange.Instrument) {
	e.intend(exchange.Intent{Kind: exchange.IntentCancelAll, Request: exchange.OrderRequest{Inst: in.ID}})
}

// Amend wishes another price and whole quantity (what has filled included) on an own
// working limit order.
func (e *Env) Amend(ref Ref, price, qty exchange.Fixed) {
	e.intend(exchange.Intent{
		Kind: exchange.IntentAmend, Ref: ref, Request: exchange.OrderRequest{Price: price, Qty: qty},
	})
}

// Borrow wishes a loan of an asset, which is paid into the account's margin wallet, and
// returns the ref that everything about it will carry; refs are counted with those of orders.
// The loan is there when OnLoan tells that it is done. There is one act for an asset at a
// time and one new loan in the account; what is wished meanwhile is refused.
func (e *Env) Borrow(asset string, amount exchange.Fixed) Ref {
	return e.act(exchange.IntentBorrow, asset, amount)
}

// Repay wishes that as much of the debt in an asset is paid back out of the margin wallet,
// interest first; see [View.Debt].
func (e *Env) Repay(asset string, amount exchange.Fixed) Ref {
	return e.act(exchange.IntentRepay, asset, amount)
}

// Pair is two legs of one coin to be traded against each other by the bot itself: the lead in
// slices, and behind each slice the hedge, until as many coins are traded on both. It goes on while
// the strategy's process is gone, as far as hedges go, and after a restart.
type Pair struct {
	// Lead and Hedge are any two instruments of a coin: UM, CM, a margin pair.
	Lead, Hedge *exchange.Instrument
	// Coins is what the lead is to be moved by: bought above 0, sold below; the hedge goes the
	// other way. Contracts that pay in coins count by the price of their entry.
	Coins exchange.Fixed
	// Slice is the most that one order of the lead trades, in coins; 0 is all.
	Slice exchange.Fixed
	// Timeout is how long a slice may stand without its hedge, 1s to 1h, and Tries is how often
	// running an order may be refused or rejected, 1 to 20. Beyond either, what is open is traded
	// back on the lead. 0 is 30s and 3.
	Timeout time.Duration
	Tries   int
	// LeadSide and HedgeSide are the positions of hedge mode.
	LeadSide, HedgeSide exchange.PositionSide
	// Tag is a short reason for journal and report.
	Tag string
}

// Pair wishes that two legs are traded against each other, and returns the ref that orders, fills
// and news of it carry; OnTask tells how it stands. The guard is asked about both legs of a slice
// before the first one is sent. A strategy has one pair on an instrument at a time. Cancel, also
// CancelAll on one of its legs, ends it once it is hedged.
func (e *Env) Pair(p Pair) Ref {
	ref, r := e.lastRef+1, exchange.OrderRequest{PositionSide: p.LeadSide, Side: exchange.Buy, Type: exchange.Market, Qty: p.Coins.Abs()}
	if p.Coins < 0 {
		r.Side = exchange.Sell
	}
	terms := exchange.Pair{HedgeSide: p.HedgeSide, Slice: p.Slice, Timeout: p.Timeout, Tries: p.Tries}
	if p.Lead != nil && p.Hedge != nil {
		r.Inst, terms.Hedge = p.Lead.ID, p.Hedge.ID
	}
	e.intend(exchange.Intent{Kind: exchange.IntentPair, Ref: ref, Request: r, Pair: terms, Tag: tagOf(p.Tag)})
	return ref
}

// Protect wishes a stop order that the bot itself keeps as large as what the strategy holds of an
// instrument, also while the strategy's process is gone, and returns its ref:
//
//	env.Protect(strategy.Sell(in, 0).Stop(trigger).OnMark())
//
// sells whatever is held long when the mark comes down to the trigger. The quantity of the order
// is not read, and while nothing is held on that side nothing is sent: who is long and short in turn
// wishes one for each side. Another one for the same side takes its place, and Cancel ends it. Where the
// exchange takes no stop and the price is beyond the trigger, or its stop order only stands there for
// 10 s, it closes at the market. [View.Tasks] lists it, also after a restart; when it was hit, the Lead
// there is no longer 0, and it stays for whatever is filled late, until it is cancelled.
func (e *Env) Protect(o Order) Ref {
	ref := e.lastRef + 1
	o.request.Qty = 0
	e.intend(exchange.Intent{Kind: exchange.IntentProtect, Ref: ref, Request: o.request, Tag: o.tag})
	return ref
}

func (e *Env) act(kind exchange.IntentKind, asset string, amount exchange.Fixed) Ref {
	ref := e.lastRef + 1
	e.intend(exchange.Intent{Kind: kind, Ref: ref, Asset: asset, Amount: amount})
	return ref
}

func (e *Env) intend(i exchange.Intent) {
	i.Strategy = e.id
	e.applyIntent(&i)
	e.out.Intents = append(e.out.Intents, i)
}

// At asks for OnTimer(id) at t, or at once if t is past. In Start the clock stands at 0,
// before all events. A timer ends with the process that has set it: what must ring after a restart,
// too, Start sets again.
func (e *Env) At(t exchange.Time, id uint64) {
	e.out.Timers = append(e.out.Timers, exchange.Timer{Strategy: e.id, ID: id, Due: t})
}

// After asks for OnTimer(id) when d has passed.
func (e *Env) After(d time.Duration, id uint64) { e.At(e.Now().Add(d), id) }

// Logf writes a line for people to the run's log.
func (e *Env) Logf(format string, args ...any) {
	e.out.Logs = append(e.out.Logs, strings.ToValidUTF8(fmt.Sprintf(format, args...), "?"))
}
