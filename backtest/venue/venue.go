package venue

import (
	"errors"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/venue/queue"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// Config is what a venue is made of. New copies none of the tables: they must not change.
type Config struct {
	Instruments *exchange.Instruments
	// Tables are Binance's collateral rates, brackets and lines of liquidation. Its fees
	// and default leverage are not used: those below are.
	Tables *margin.Tables
	// UM, CM and Margin are the fees by product.
	UM, CM, Margin Fees
	// Slippage moves the price of taking fills on bars and trades, and of forced ones,
	// against us: a ratio of the price, 0.0001 for one basis point, less than 1.
	Slippage exchange.Fixed
	// Matching is how resting orders wait for their turn.
	Matching Matching
	// Seed is the root of everything random. The venue itself draws nothing from it: latency
	// and faults are of package link, which has it, too.
	Seed uint64
	// Balances are what the account owns at the start, and in the debt wallets what it
	// owes, in the order in which Start books them; see [CheckBalance].
	Balances []Balance
	// Positions are what the account holds in futures at the start, with the prices at
	// which it came to them. They move no money.
	Positions []exchange.Position
	// Leverage is that of every futures symbol, 1 to 125, or less where its brackets
	// allow less.
	Leverage int
	// Orders are the account's position mode and its limit of orders a minute.
	Orders Orders
	// Liquidation is what a liquidation costs.
	Liquidation LiquidationTerms
	// Money is about fees, interest and loans.
	Money Money
}

// Fees are rates of the notional, 0.0005 for 0.05%. Maker may be negative, a rebate.
type Fees struct{ Maker, Taker exchange.Fixed }

// Matching says how the venue estimates what it cannot know of the exchange's book.
type Matching struct {
	// Queue is the model of a resting order's place in line; its zero value is the
	// conservative one.
	Queue queue.Model
}

// Balance is an amount of an asset in one wallet.
type Balance struct {
	Wallet exchange.Wallet
	Asset  string
	Amount decimal.Decimal
}

// Venue is one simulated account and its exchange. It has one owner and is not safe for
// concurrent use.
type Venue struct {
	ins      *exchange.Instruments
	slippage exchange.Fixed
	matching Matching
	start    []Balance
	resumed  bool // see Adopt

	now     exchange.Time
	markets []market // by InstrumentID; 0 is unused
	wallets wallets
	pools   pools
	risk    risk
	agenda  agenda
	orders  Orders
	hedge   bool // the position mode now
	rate    orderRate
	money   money
	// ended are the orders that were over last, a ring.
	ended     [endedMax]ended
	endedNext int
	// lastID numbers orders and lastTrade fills.
	lastID, lastTrade int64
	lastTransaction   int64 // numbers acts that were done
	// out holds the events that nobody has read yet, read those that were read last.
	out, read *outbox
	scratch   []*order // see snapshot
	line      []*order // see inLine
	rivals    []*order // see sweep
}

// New makes a venue. Errors name the part of the configuration that is wrong.
func New(c Config) (*Venue, error) {
	if c.Instruments == nil || c.Instruments.Len() == 0 {
		return nil, errors.New("venue: no instruments")
	}
	if c.Slippage < 0 || c.Slippage >= exchange.FixedOne {
		return nil, fmt.Errorf("venue: slippage %v is not a ratio from 0 to below 1", c.Slippage)
	}
	if c.Leverage < 1 || c.Leverage > 125 {
		return nil, fmt.Errorf("venue: leverage %d is not from 1 to 125", c.Leverage)
	}
	if c.Orders.PerMinuteMax < 0 {
		return nil, fmt.Errorf("venue: %d orders a minute is below 0", c.Orders.PerMinuteMax)
	}
	if !c.Matching.Queue.Valid() {
		return nil, fmt.Errorf("venue: %v is no model of the queue", c.Matching.Queue)
	}
	v := &Venue{
		orders: c.Orders, hedge: c.Orders.Hedge, matching: c.Matching,
		ins: c.Instruments, slippage: c.Slippage, start: slices.Clone(c.Balances), agenda: newAgenda(),
		markets: make([]market, c.Instruments.Len()+1), out: &outbox{}, read: &outbox{},
	}
	v.markets[0].rewatch()
	for i := 1; i < len(v.markets); i++ {
		in := c.Instruments.At(exchange.InstrumentID(i))
		v.markets[i] = market{in: in}
		for side := range v.markets[i].legs {
			v.markets[i].legs[side] = exchange.Position{Inst: in.ID, Side: exchange.PositionSide(side)}
		}
		if in.Delivery != 0 {
			v.markets[i].settlement = newSettlement(in.Delivery)
			v.agenda.bring(choreDeliver, in.Delivery)
		}
		v.markets[i].rewatch()
	}
	if err := v.setFees(c); err != nil {
		return nil, fmt.Errorf("venue: %w", err)
	}
	var err error
	if v.money, err = newMoney(c); err != nil {
		return nil, fmt.Errorf("venue: %w", err)
	}
	if v.risk, err = newRisk(c); err != nil {
		return nil, fmt.Errorf("venue: %w", err)
	}
	if err := errors.Join(checkBalances(c.Balances), v.openPositions(c.Positions)); err != nil {
		return nil, fmt.Errorf("venue: %w", err)
	}
	return v, nil
}

// Start opens the account: it books the start balances as deposits and tells the account's
// value, or does so later, as soon as every index price that it needs has come. Call it
// once, before any order.
func (v *Venue) Start(at exchange.Time) {
	v.open(at)
	if v.resumed {
		v.resumeBalances()
	} else {
		for _, b := range v.start {
			v.book(posting{asset: b.Asset, wallet: b.Wallet, reason: exchange.ReasonDeposit, delta: b.Amount})
		}
	}
	v.value()
}

// Market digests one market event: resting orders match, conditional ones trigger,
// funding settles, the account is valued again where that can matter and liquidated if it
// must be. A quiet event (see [Venue.Quiet]) costs some compares and no allocation.
func (v *Venue) Market(e *exchange.Event) { v.digest(e, v.Quiet(e)) }

func (v *Venue) digest(e *exchange.Event, quiet bool) {
	v.open(e.At)
	m := &v.markets[e.Inst]
	m.learn(e)
	if e.Kind == exchange.KindMark || e.Kind == exchange.KindAssetIndex {
		v.priced(e)
		v.risk.touched = v.risk.touched || !quiet
	}
	if quiet {
		return
	}
	told, hot := len(v.out.events), m.watch.hot
	v.react(m, e)
	if hot || len(v.out.events) != told { // else our orders are as they were
		m.rewatch()
	}
	v.value()
}

// react shows a market event to the orders of its instrument and to the account.
func (v *Venue) react(m *market, e *exchange.Event) {
	switch e.Kind {
	case exchange.KindBarOpen:
		if m.barsMatch(e.BarOpen().Interval) {
			v.meet(m, e.BarOpen().Price, v.now)
		}
	case exchange.KindBar:
		if m.barsMatch(e.Bar().Interval) {
			v.matchBar(m, e.Bar())
		}
	case exchange.KindTrade:
		v.matchTrade(m, e.Trade(), told(e))
	case exchange.KindBookTicker:
		v.matchTicker(m, e)
	case exchange.KindDepth:
		v.matchDepth(m, e.Depth(), told(e))
	case exchange.KindMark:
		v.fire(m, exchange.MarkPrice, strike{price: e.Mark().Price, at: v.now})
	case exchange.KindFunding:
		v.fund(m, e.Funding())
	}
}

// Quiet says that a market event would make the venue emit nothing, if it came next. It
// is conservative: false promises nothing. True means that the event touches no order or
// trigger, ends no order, settles nothing and leaves mark and index where the account's
// status cannot change. A quiet event makes no other event less quiet, so a run of events
// that are quiet now stays quiet to its end while no order comes in between.
func (v *Venue) Quiet(e *exchange.Event) bool {
	if e.At >= v.agenda.next {
		return false
	}
	m := &v.markets[e.Inst]
	w := &m.watch
	switch e.Kind {
	case exchange.KindBarOpen:
		p := e.BarOpen().Price
		return m.feed > feedBars || !w.hot && w.within(p, p)
	case exchange.KindBar:
		b := e.Bar()
		return m.feed > feedBars || !w.hot && w.within(b.Low, b.High)
	case exchange.KindTrade:
		return !w.hot && w.withinTrade(e.TradePrice())
	case exchange.KindBookTicker:
		return !w.hot && w.withinTicker(e, m.traded)
	case exchange.KindDepth:
		return !w.hot && m.withinDepth(e.Depth())
	case exchange.KindMark:
		p := e.Mark().Price
		return !w.markHot && p > w.markDown && p < w.markUp && v.risk.model.InMarkBand(e.Inst, p)
	case exchange.KindAssetIndex:
		a := e.AssetIndex()
		return v.risk.model.InIndexBand(a.Asset, a.Price)
	case exchange.KindFunding:
		return m.flat()
	}
	return true
}

// Events returns what the account would have seen since the last call, in order. Slice
// and payloads are the venue's: they stay good while the owner, in answer to them,
// submits and cancels, until the next call that returns something. Times are set, Seq is
// not.
func (v *Venue) Events() []exchange.Event {
	if len(v.out.events) == 0 {
		return nil
	}
	v.out, v.read = v.read, v.out
	v.out.reset()
	return v.read.events
}

// Submit takes an approved new order, amend or act at its arrival. The answer is an event:
// Working, or Rejected with Binance's code; of an act Done, or Rejected. The caller has checked that the approval is
// valid.
func (v *Venue) Submit(a riskguard.Approved, at exchange.Time) {
	if act := a.Act(); act.Kind != 0 {
		v.do(act, at)
		return
	}
	v.receive(a.Order(), a.Amend(), at)
}

func (v *Venue) receive(o exchange.Order, amend bool, at exchange.Time) {
	v.open(at)
	if amend {
		v.amend(o)
	} else {
		v.place(o)
	}
	v.value()
}

// Cancel ends an open order, found by its client id. A cancel that comes too late is
// answered with the order's last status and code -2011; for an order that never came the
// status is NotArrived.
func (v *Venue) Cancel(o exchange.Order, at exchange.Time) {
	v.open(at)
	if open := v.find(o.ClientID); open != nil {
		v.cancel(open)
		open.market.rewatch()
	} else {
		v.emitUpdate(o.Request.Inst, refusal(o, v.lastStatus(o.ClientID), errCancel))
	}
	v.value()
}

// open begins a call: time moves on, and what is due by then happens first.
func (v *Venue) open(at exchange.Time) {
	if at >= v.agenda.next {
		v.pass(at)
	}
	v.now = max(v.now, at)
}
