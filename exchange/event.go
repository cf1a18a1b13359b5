package exchange

import "time"

// Kind says what an [Event] is, and with that which payload it carries.
type Kind uint8

// Market events: what anyone can see.
const (
	// KindTrade: [Trade], inline.
	KindTrade Kind = iota + 1
	// KindBookTicker: [BookTicker], inline.
	KindBookTicker
	// KindMark: [Mark], inline.
	KindMark
	// KindFunding: [Funding], inline.
	KindFunding
	// KindBarOpen: [BarOpen], inline; for venues only.
	KindBarOpen
	// KindLiquidation: [Liquidation], inline.
	KindLiquidation
	// KindBar: *[Bar].
	KindBar
	// KindDepth: *[Depth].
	KindDepth
	// KindAssetIndex: *[AssetIndex].
	KindAssetIndex
	// KindCadence: *[Cadence], a promise of the feed.
	KindCadence
	// KindGap: *[Gap], a hole the feed knows of.
	KindGap
	// KindClock: [Clock], inline.
	KindClock
)

// Account events: what the exchange tells only us.
const (
	// KindOrderUpdate: *[OrderUpdate].
	KindOrderUpdate Kind = iota + 32
	// KindFill: *[Fill].
	KindFill
	// KindLedger: *[LedgerEntry].
	KindLedger
	// KindAccount: *[Account], the explicit snapshot of equity and uniMMR.
	KindAccount
	// KindRiskLevel: *[Account], the exchange's alarm that the status has changed.
	KindRiskLevel
	// KindAct: *[ActUpdate], news of an act on the account that was wished.
	KindAct
	// KindLending: *[Lending], what an asset can be borrowed for.
	KindLending
	// KindSurvey: *[Survey], what the exchange answers that no stream tells.
	KindSurvey
	// KindTask: *[TaskUpdate], news of a task that the kernel does for a strategy.
	KindTask
)

// Events from inside: wishes, decisions, time, people.
const (
	// KindIntent: *[Intent], a strategy's or an operator's wish.
	KindIntent Kind = iota + 64
	// KindRefusal: *[Refusal], our guard's no.
	KindRefusal
	// KindTimer: *[Timer], a wish of a strategy come due.
	KindTimer
	// KindState: *[StateChange], the account, a symbol or a strategy was halted or freed.
	KindState
	// KindStrategy: *[StrategyChange], a strategy started, stopped or crashed.
	KindStrategy
	// KindStart: *[Start], a process begins.
	KindStart
	// KindTruth: *[Truth], the exchange's account in one reading.
	KindTruth
	// KindReload: *[Reload], an operator has changed the limits.
	KindReload
	// KindAlert: *[Alert], what the guard's watch tells a person.
	KindAlert
)

var kindNames = enum{
	KindTrade: "TRADE", KindBookTicker: "BOOK_TICKER", KindMark: "MARK", KindFunding: "FUNDING",
	KindBarOpen: "BAR_OPEN", KindLiquidation: "LIQUIDATION", KindBar: "BAR", KindDepth: "DEPTH",
	KindAssetIndex: "ASSET_INDEX", KindCadence: "CADENCE", KindGap: "GAP", KindClock: "CLOCK",
	KindOrderUpdate: "ORDER_UPDATE", KindFill: "FILL", KindLedger: "LEDGER", KindAccount: "ACCOUNT",
	KindRiskLevel: "RISK_LEVEL", KindAct: "ACT", KindLending: "LENDING", KindSurvey: "SURVEY", KindTask: "TASK",
	KindIntent: "INTENT", KindRefusal: "REFUSAL", KindTimer: "TIMER",
	KindState: "STATE", KindStrategy: "STRATEGY",
	KindStart: "START", KindTruth: "TRUTH", KindReload: "RELOAD", KindAlert: "ALERT",
}

func (k Kind) String() string { return kindNames.text("Kind", int(k)) }

// ParseKind reads a name such as "TRADE".
func ParseKind(s string) (Kind, error) {
	v, err := kindNames.parse("event kind", s)
	return Kind(v), err
}

// Market says whether events of the kind are public.
func (k Kind) Market() bool { return k < KindOrderUpdate }

// Flags qualify an event.
type Flags uint8

const (
	// FlagDerived marks a value that the data set lacks and that a fixed, named rule has
	// made of others. See [Cadence].
	FlagDerived Flags = 1 << iota
	// FlagShare marks a fill that is a strategy's part of a forced one, which closed the
	// positions of several and came just before as the house's. It moves no money.
	FlagShare
	flagBuyerMaker
	flagSpecial
)

// Event is the one thing that happens. Everything enters the system as an Event through
// one door, in one order, and is read-only from then on.
//
// The payload belongs to the Kind and is read with the accessor of that name; asking
// for another kind's payload panics, for it is a bug of ours and never of an input.
// Payloads behind a pointer live until the event has been dispatched: whoever keeps one
// copies it.
type Event struct {
	// Seq numbers the events of a process without gaps, from 1; the driver gives it.
	Seq uint64
	// At is the local time of the event and never decreases along Seq.
	At Time
	// Exchange is the exchange's own time of the event, 0 if it has none.
	Exchange Time
	Kind     Kind
	Flags    Flags
	// Inst is the instrument, 0 for events of an asset or of the account.
	Inst InstrumentID
	// word holds the inline payloads; body the others.
	word [6]int64
	body any
}

// Share says whether the event is a strategy's part of a fill told before.
func (e *Event) Share() bool { return e.Flags&FlagShare != 0 }

// Derived says whether the value was made by a rule and not observed.
func (e *Event) Derived() bool { return e.Flags&FlagDerived != 0 }

func (e *Event) must(k Kind) {
	if e.Kind != k {
		e.isNot(k)
	}
}

// isNot is apart so that must costs a compare.
func (e *Event) isNot(k Kind) {
	panic("exchange: event is " + e.Kind.String() + ", not " + k.String())
}

func (e *Event) set(k Kind, w [6]int64) {
	e.Kind, e.Flags, e.word, e.body = k, e.Flags&FlagDerived, w, nil
}

func (e *Event) setBody(k Kind, body any) {
	e.Kind, e.Flags, e.word, e.body = k, e.Flags&FlagDerived, [6]int64{}, body
}

// SetTrade makes the event a trade. The setters leave Seq, times and Inst alone.
func (e *Event) SetTrade(t Trade) {
	e.set(KindTrade, [6]int64{int64(t.Price), int64(t.Qty), t.ID, t.First, t.Last})
	if t.BuyerMaker {
		e.Flags |= flagBuyerMaker
	}
}

// Trade returns the payload of KindTrade.
func (e *Event) Trade() Trade {
	e.must(KindTrade)
	w := &e.word
	return Trade{Fixed(w[0]), Fixed(w[1]), w[2], w[3], w[4], e.Flags&flagBuyerMaker != 0}
}

// TradePrice is Trade().Price, without a copy of the rest: most readers of a trade want no
// more, and there are several on its way (BenchmarkTrades in backtest).
func (e *Event) TradePrice() Fixed {
	e.must(KindTrade)
	return Fixed(e.word[0])
}

// SetBookTicker makes the event a best bid and ask.
func (e *Event) SetBookTicker(b BookTicker) {
	e.set(KindBookTicker, [6]int64{int64(b.Bid), int64(b.BidQty), int64(b.Ask), int64(b.AskQty), b.UpdateID})
}

// BookTicker returns the payload of KindBookTicker.
func (e *Event) BookTicker() BookTicker {
	e.must(KindBookTicker)
	w := &e.word
	return BookTicker{Fixed(w[0]), Fixed(w[1]), Fixed(w[2]), Fixed(w[3]), w[4]}
}

// KeepBookTicker copies BookTicker() to where it is kept, at half the price of passing it
// there by value (BenchmarkTickers in backtest).
func (e *Event) KeepBookTicker(b *BookTicker) {
	e.must(KindBookTicker)
	w := &e.word
	b.Bid, b.BidQty, b.Ask, b.AskQty, b.UpdateID = Fixed(w[0]), Fixed(w[1]), Fixed(w[2]), Fixed(w[3]), w[4]
}

// Best is the bid and the ask of BookTicker(), without a copy of the rest.
func (e *Event) Best() (bid, ask Fixed) {
	e.must(KindBookTicker)
	return Fixed(e.word[0]), Fixed(e.word[2])
}

// Mid is BookTicker().Mid().
func (e *Event) Mid() Fixed { return mid(e.Best()) }

// SetMark makes the event a mark price.
func (e *Event) SetMark(m Mark) {
	e.set(KindMark, [6]int64{int64(m.Price), int64(m.Index), int64(m.Rate), int64(m.NextFunding), int64(m.Settle)})
}

// Mark returns the payload of KindMark.
func (e *Event) Mark() Mark {
	e.must(KindMark)
	w := &e.word
	return Mark{Fixed(w[0]), Fixed(w[1]), Fixed(w[2]), Time(w[3]), Fixed(w[4])}
}

// SetFunding makes the event a funding settlement.
func (e *Event) SetFunding(f Funding) {
	e.set(KindFunding, [6]int64{int64(f.Rate), int64(f.Mark), int64(f.Interval)})
	if f.Special {
		e.Flags |= flagSpecial
	}
}

// Funding returns the payload of KindFunding.
func (e *Event) Funding() Funding {
	e.must(KindFunding)
	w := &e.word
	return Funding{Fixed(w[0]), Fixed(w[1]), time.Duration(w[2]), e.Flags&flagSpecial != 0}
}

// SetBarOpen makes the event the opening of a bar.
func (e *Event) SetBarOpen(b BarOpen) {
	e.set(KindBarOpen, [6]int64{int64(b.Price), int64(b.Interval)})
}

// BarOpen returns the payload of KindBarOpen.
func (e *Event) BarOpen() BarOpen {
	e.must(KindBarOpen)
	return BarOpen{Fixed(e.word[0]), time.Duration(e.word[1])}
}

// SetLiquidation makes the event somebody's forced order.
func (e *Event) SetLiquidation(l Liquidation) {
	e.set(KindLiquidation, [6]int64{int64(l.Side), int64(l.Price), int64(l.Average), int64(l.Qty)})
}

// Liquidation returns the payload of KindLiquidation.
func (e *Event) Liquidation() Liquidation {
	e.must(KindLiquidation)
	w := &e.word
	return Liquidation{Side(w[0]), Fixed(w[1]), Fixed(w[2]), Fixed(w[3])}
}

// SetBar makes the event a closed bar. b stays the caller's and must not change before
// the event has been dispatched; so it is with every setter that takes a pointer.
func (e *Event) SetBar(b *Bar) { e.setBody(KindBar, b) }

// Bar returns the payload of KindBar.
func (e *Event) Bar() *Bar { return e.body.(*Bar) }

// SetDepth makes the event a piece of an order book.
func (e *Event) SetDepth(d *Depth) { e.setBody(KindDepth, d) }

// Depth returns the payload of KindDepth.
func (e *Event) Depth() *Depth { return e.body.(*Depth) }

// SetAssetIndex makes the event an index price.
func (e *Event) SetAssetIndex(a *AssetIndex) { e.setBody(KindAssetIndex, a) }

// AssetIndex returns the payload of KindAssetIndex.
func (e *Event) AssetIndex() *AssetIndex { return e.body.(*AssetIndex) }

// SetCadence makes the event a feed's promise.
func (e *Event) SetCadence(c *Cadence) { e.setBody(KindCadence, c) }

// Cadence returns the payload of KindCadence.
func (e *Event) Cadence() *Cadence { return e.body.(*Cadence) }

// SetGap makes the event a known hole.
func (e *Event) SetGap(g *Gap) { e.setBody(KindGap, g) }

// Gap returns the payload of KindGap.
func (e *Event) Gap() *Gap { return e.body.(*Gap) }

// SetClock makes the event a measurement of the exchange's clock.
func (e *Event) SetClock(c Clock) {
	e.set(KindClock, [6]int64{int64(c.Offset), int64(c.Within)})
}

// Clock returns the payload of KindClock.
func (e *Event) Clock() Clock {
	e.must(KindClock)
	return Clock{time.Duration(e.word[0]), time.Duration(e.word[1])}
}

// SetOrderUpdate makes the event news of an order.
func (e *Event) SetOrderUpdate(u *OrderUpdate) { e.setBody(KindOrderUpdate, u) }

// OrderUpdate returns the payload of KindOrderUpdate.
func (e *Event) OrderUpdate() *OrderUpdate { return e.body.(*OrderUpdate) }

// SetFill makes the event our own execution.
func (e *Event) SetFill(f *Fill) { e.setBody(KindFill, f) }

// Fill returns the payload of KindFill.
func (e *Event) Fill() *Fill { return e.body.(*Fill) }

// SetLedger makes the event a booking.
func (e *Event) SetLedger(l *LedgerEntry) { e.setBody(KindLedger, l) }

// Ledger returns the payload of KindLedger.
func (e *Event) Ledger() *LedgerEntry { return e.body.(*LedgerEntry) }

// SetAccount makes the event a snapshot of the account.
func (e *Event) SetAccount(a *Account) { e.setBody(KindAccount, a) }

// SetRiskLevel makes the event the exchange's alarm.
func (e *Event) SetRiskLevel(a *Account) { e.setBody(KindRiskLevel, a) }

// Account returns the payload of KindAccount and KindRiskLevel.
func (e *Event) Account() *Account { return e.body.(*Account) }

// SetAct makes the event news of an act.
func (e *Event) SetAct(u *ActUpdate) { e.setBody(KindAct, u) }

// Act returns the payload of KindAct.
func (e *Event) Act() *ActUpdate { return e.body.(*ActUpdate) }

// SetTask makes the event news of a task.
func (e *Event) SetTask(u *TaskUpdate) { e.setBody(KindTask, u) }

// Task returns the payload of KindTask.
func (e *Event) Task() *TaskUpdate { return e.body.(*TaskUpdate) }

// SetLending makes the event what an asset can be borrowed for.
func (e *Event) SetLending(l *Lending) { e.setBody(KindLending, l) }

// Lending returns the payload of KindLending.
func (e *Event) Lending() *Lending { return e.body.(*Lending) }

// SetSurvey makes the event what the exchange has answered.
func (e *Event) SetSurvey(s *Survey) { e.setBody(KindSurvey, s) }

// Survey returns the payload of KindSurvey.
func (e *Event) Survey() *Survey { return e.body.(*Survey) }

// SetIntent makes the event a wish.
func (e *Event) SetIntent(i *Intent) { e.setBody(KindIntent, i) }

// Intent returns the payload of KindIntent.
func (e *Event) Intent() *Intent { return e.body.(*Intent) }

// SetRefusal makes the event our guard's no.
func (e *Event) SetRefusal(r *Refusal) { e.setBody(KindRefusal, r) }

// Refusal returns the payload of KindRefusal.
func (e *Event) Refusal() *Refusal { return e.body.(*Refusal) }

// SetTimer makes the event a timer come due.
func (e *Event) SetTimer(t *Timer) { e.setBody(KindTimer, t) }

// Timer returns the payload of KindTimer.
func (e *Event) Timer() *Timer { return e.body.(*Timer) }

// SetAlert makes the event one for people.
func (e *Event) SetAlert(a *Alert) { e.setBody(KindAlert, a) }

// Alert returns the payload of KindAlert.
func (e *Event) Alert() *Alert { return e.body.(*Alert) }

// SetState makes the event a change of trading state.
func (e *Event) SetState(s *StateChange) { e.setBody(KindState, s) }

// State returns the payload of KindState.
func (e *Event) State() *StateChange { return e.body.(*StateChange) }

// SetStrategy makes the event a change in a strategy's life.
func (e *Event) SetStrategy(s *StrategyChange) { e.setBody(KindStrategy, s) }

// Strategy returns the payload of KindStrategy.
func (e *Event) Strategy() *StrategyChange { return e.body.(*StrategyChange) }

// SetStart makes the event the beginning of a process.
func (e *Event) SetStart(s *Start) { e.setBody(KindStart, s) }

// Start returns the payload of KindStart.
func (e *Event) Start() *Start { return e.body.(*Start) }

// SetTruth makes the event a reading of the exchange's account.
func (e *Event) SetTruth(t *Truth) { e.setBody(KindTruth, t) }

// Truth returns the payload of KindTruth.
func (e *Event) Truth() *Truth { return e.body.(*Truth) }

// SetReload makes the event a change of limits.
func (e *Event) SetReload(r *Reload) { e.setBody(KindReload, r) }

// Reload returns the payload of KindReload.
func (e *Event) Reload() *Reload { return e.body.(*Reload) }

// Timer is a strategy's wish to be called at an instant. Timers fire in the order of
// Due, Strategy, ID.
type Timer struct {
	Strategy StrategyID
	ID       uint64
	Due      Time
}

// TradingState is what orders may be sent. The zero value is Halted, so that whatever
// was forgotten does not trade.
type TradingState uint8

const (
	// Halted sends nothing but cancels and what protects.
	Halted TradingState = iota
	// ReduceOnly sends orders that reduce risk.
	ReduceOnly
	// Active sends what the guard approves.
	Active
)

var tradingStateNames = enum{Halted: "HALTED", ReduceOnly: "REDUCE_ONLY", Active: "ACTIVE"}

func (s TradingState) String() string { return tradingStateNames.text("TradingState", int(s)) }

// ParseTradingState reads "HALTED", "REDUCE_ONLY" or "ACTIVE".
func ParseTradingState(s string) (TradingState, error) {
	v, err := tradingStateNames.parse("trading state", s)
	return TradingState(v), err
}

// MarshalText writes the name.
func (s TradingState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what [ParseTradingState] reads.
func (s *TradingState) UnmarshalText(b []byte) (err error) {
	*s, err = ParseTradingState(string(b))
	return err
}

// StateChange sets the trading state of the account, of one instrument or of one
// strategy; the strictest of the three holds for an order.
type StateChange struct {
	// Inst and Strategy name the scope; both 0 is the account.
	Inst     InstrumentID
	Strategy StrategyID
	// State is what Cause sets; Active lifts it. Effective is what holds for the scope then,
	// the strictest of all causes; the kernel fills it in before a strategy sees the event.
	State     TradingState
	Cause     Cause
	Effective TradingState
	// Accept, with Active on the account, has the kernel take the last reading of the account
	// for its state: a person has seen the differences and says that the exchange is right.
	Accept bool
	// Reason is for people; By is "guard", "kernel", "start" or an operator's name.
	Reason, By string
}

// StrategyChange tells that a strategy started, stopped or died.
type StrategyChange struct {
	Strategy StrategyID
	Running  bool
	Reason   string
	// Clears says that its open orders, but for stops that only close, are cancelled once its
	// process is gone or answers too late again and again.
	Clears bool
	// Print is the fingerprint of its program and parameters when these have taken the place of
	// others while the bot runs; empty says that it is what it was.
	Print string
}
