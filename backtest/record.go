package backtest

import (
	"cmp"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// refusalsMax bounds the refusals kept one by one; all are counted and hashed.
const refusalsMax = 10_000

// recorder writes down what a run's report needs while the run goes on. It sees every
// event that is not market data through [players], and market data through market.
type recorder struct {
	ins    *exchange.Instruments
	labels []string // by StrategyID; 0 is the house
	hash   *canonical
	live   bool

	attribution attribution
	prices      []thinned // by InstrumentID
	fundings    []fundingBook
	balances    balanceBook
	unpriced    unpriced
	tags        []map[uint64]string // by StrategyID: ref -> the author's reason
	tasks       []map[uint64]string // the same of tasks, which have many orders

	orders       OrderSummary
	makers       int
	making       making
	queue        string // how places in line are estimated
	rules        map[string]int
	reasons      map[int]*ReasonCount // of rejections, by code
	margin       marginBook
	states       stateBook
	fills        Rows[FillRow]
	bookings     bookings
	refusals     []RefusalRow
	samples      []Sample
	settled      []Settlement
	warnings     []Warning
	assets       []string      // that any sample has, sorted
	given        []given       // from outside
	lowest       *StressMoment // of the sample with lowestUniMMR, nil before something was held
	lowestUniMMR decimal.Decimal
	last         *StressMoment // of the end
	next         exchange.Time
	step         time.Duration
}

func newRecorder(ins *exchange.Instruments, labels []string) *recorder {
	r := &recorder{
		ins: ins, labels: append([]string{"house"}, labels...), hash: newCanonical(),
		prices: make([]thinned, ins.Len()+1), fundings: make([]fundingBook, ins.Len()+1),
		rules: map[string]int{}, reasons: map[int]*ReasonCount{}, making: newMaking(ins.Len(), len(labels)+1),
	}
	r.attribution = newAttribution(ins, len(r.labels))
	r.attribution.settlement = func(inst exchange.InstrumentID, at exchange.Time) *settled { return r.fundings[inst].of(at) }
	r.tags = make([]map[uint64]string, len(r.labels))
	r.tasks = make([]map[uint64]string, len(r.labels))
	for i := range r.tags {
		r.tags[i], r.tasks[i] = map[uint64]string{}, map[uint64]string{}
	}
	return r
}

// begin starts the run proper: the first sample is of its first instant, the others are
// at whole multiples of step.
func (r *recorder) begin(at exchange.Time, step time.Duration) {
	r.live, r.step, r.next = true, step, at
	r.attribution.native.live = true
	r.states.begin(at)
}

// nextSample is the next instant of the grid; ok is false before the run proper.
func (r *recorder) nextSample() (at exchange.Time, ok bool) { return r.next, r.live }

// wished notes the strategies' wishes, for their count and the reasons they give.
func (r *recorder) wished(list []exchange.Intent) {
	r.orders.Intents += len(list)
	for i := range list {
		if in := &list[i]; in.Kind == exchange.IntentNew && in.Tag != "" {
			r.tags[in.Strategy][in.Ref] = in.Tag
		} else if in.Task() && in.Tag != "" {
			r.tasks[in.Strategy][in.Ref] = in.Tag
		}
	}
}

// value notes what something is worth from now on.
func (r *recorder) value(e *exchange.Event) {
	switch e.Kind {
	case exchange.KindMark:
		r.attribution.marks[e.Inst] = e.Mark().Price
		r.fundings[e.Inst].estimated(e.At, e.Mark())
	case exchange.KindAssetIndex:
		a := e.AssetIndex()
		r.attribution.setIndex(a.Asset, a.Price)
	}
}

// market notes prices.
func (r *recorder) market(e *exchange.Event) {
	r.making.price(e)
	switch e.Kind {
	case exchange.KindBar:
		if b := e.Bar(); !r.prices[e.Inst].covers(b.Start) { // longer than others that told it
			r.prices[e.Inst].add(b.Start, b.Open, b.High, b.Low, b.Close)
		}
	case exchange.KindTrade:
		p := e.TradePrice()
		r.prices[e.Inst].add(e.At, p, p, p, p)
	case exchange.KindBookTicker:
		if p := e.Mid(); p != 0 {
			r.prices[e.Inst].add(e.At, p, p, p, p)
		}
	}
}

// observe notes everything else.
func (r *recorder) observe(e *exchange.Event) {
	switch e.Kind {
	case exchange.KindFill:
		r.fill(e, e.Fill())
	case exchange.KindLedger:
		r.ledger(e, e.Ledger())
	case exchange.KindRefusal:
		r.refusal(e, e.Refusal())
	case exchange.KindOrderUpdate:
		r.order(e, e.OrderUpdate())
	case exchange.KindRiskLevel:
		r.margin.level(e.At, e.Account())
		r.margin.extremes(e.At, e.Account())
		r.attribution.alarm(e.Account())
	case exchange.KindAccount:
		r.margin.level(e.At, e.Account())
	case exchange.KindTask:
		if u := e.Task(); u.Status.Final() {
			delete(r.tasks[u.Strategy], u.Ref)
		}
	case exchange.KindState:
		r.states.change(e.At, e.State(), r.scopeName(e.State()))
		if s := e.State(); s.State != exchange.Active {
			r.warnings = append(r.warnings, Warning{"halt", fmt.Sprintf("trading was %v from %v: %s", s.State, e.At, s.Reason)})
		}
	}
}

func (r *recorder) fill(e *exchange.Event, f *exchange.Fill) {
	in := r.ins.At(e.Inst)
	r.attribution.fundFlat(e.Inst, cmp.Or(e.Exchange, e.At))
	row := FillRow{
		At: e.At, Strategy: r.labels[f.Strategy], Product: in.Product, Symbol: in.Symbol, Fill: *f,
		Tag: cmp.Or(r.tags[f.Strategy][f.Ref], r.tasks[f.Strategy][f.Ref]),
	}
	if e.Share() {
		r.attribution.share(in, &row)
		return
	}
	row.Position = r.attribution.fill(in, &row)
	r.fills.Add(&row)
	r.hash.fill(&row)
	r.orders.Fills++
	if f.Maker {
		r.makers++
	}
	r.making.fill(in, e.At, f)
	if f.Forced == exchange.ForcedADL {
		r.margin.ADL++
	}
}

func (r *recorder) ledger(e *exchange.Event, l *exchange.LedgerEntry) {
	symbol := ""
	if e.Inst != 0 {
		symbol = r.ins.At(e.Inst).Name()
	}
	r.hash.ledger(e.At, r.labels[l.Strategy], symbol, l)
	r.balances.apply(e.At, l, !r.live)
	r.give(l)
	usd := r.attribution.ledger(e, l)
	r.booking(e, l, usd)
	if l.Reason == exchange.ReasonFunding && e.Inst != 0 {
		r.settled = append(r.settled, r.payment(e, l, usd))
	}
}

func (r *recorder) refusal(e *exchange.Event, no *exchange.Refusal) {
	symbol, label := "", r.labels[no.Intent.Strategy]
	if r.ins.Has(e.Inst) {
		symbol = r.ins.At(e.Inst).Name()
	}
	r.hash.refusal(e.At, label, symbol, no)
	switch {
	case no.Intent.Kind == exchange.IntentNew:
		delete(r.tags[no.Intent.Strategy], no.Intent.Ref)
	case no.Intent.Task():
		delete(r.tasks[no.Intent.Strategy], no.Intent.Ref)
	}
	r.orders.Refused++
	r.rules[no.Rule]++
	if len(r.refusals) < refusalsMax {
		r.refusals = append(r.refusals, RefusalRow{At: e.At, Strategy: label, Rule: no.Rule, Text: no.Error(), Tag: no.Intent.Tag})
	}
}

func (r *recorder) order(e *exchange.Event, u *exchange.OrderUpdate) {
	r.making.order(e.Inst, u)
	switch u.Status {
	case exchange.StatusPendingNew:
		r.orders.Sent++
		r.attribution.decided(e.Inst, u, r.prices[e.Inst].last())
	case exchange.StatusCanceled:
		r.orders.Canceled++
	case exchange.StatusExpired:
		r.orders.Expired++
	case exchange.StatusRejected:
		r.orders.Rejected++
		if r.reasons[u.Code] == nil {
			r.reasons[u.Code] = &ReasonCount{Code: u.Code, Reason: u.Reason}
		}
		r.reasons[u.Code].Count++
	case exchange.StatusUnknown:
		r.orders.Unknown++
	}
	if u.Status.Final() {
		r.attribution.over(u)
		if u.Status != exchange.StatusFinished { // a triggered order's child still needs it
			delete(r.tags[u.Strategy], u.Ref)
		}
	}
}

// sample writes a moment of the account down.
func (r *recorder) sample(s *Sample) {
	for id := 1; id <= r.ins.Len(); id++ { // a margin pair has no mark: its price is one
		if r.ins.At(exchange.InstrumentID(id)).Product == exchange.Margin {
			r.attribution.marks[id] = r.prices[id].last()
		}
	}
	if !r.unpriced.waits {
		r.priceStart()
	}
	s.Exposure = r.attribution.exposure()
	if n := len(r.samples); n > 0 {
		s.slim(&r.samples[n-1])
	}
	r.samples = append(r.samples, *s)
	at, a := s.At, &s.Account
	r.hash.sample(at, a)
	r.margin.sample(at, a)
	r.attribution.sample(at, a)
	r.next = at.Floor(r.step).Add(r.step)
}

// marginBook follows the account's distance from Binance's lines over the samples.
type marginBook struct {
	MarginSummary
	last     exchange.Time
	unimmr   decimal.Decimal
	peak     decimal.Decimal
	peakAt   exchange.Time
	drawdown decimal.Decimal // worst fall from peak, as a ratio
	status   exchange.AccountStatus
	// liquidated are the instants at which a liquidation began.
	liquidated []exchange.Time
}

// level notes the account's status as the exchange tells it. Its alarms come between
// samples, so the lowest uniMMR and equity may be theirs.
func (m *marginBook) level(at exchange.Time, a *exchange.Account) {
	if a.Status >= exchange.StatusActiveLiquidation && m.status < exchange.StatusActiveLiquidation {
		m.Liquidations++
		m.liquidated = append(m.liquidated, at)
	}
	m.status = a.Status
}

// extremes keeps the lowest and highest equity and the lowest uniMMR.
func (m *marginBook) extremes(at exchange.Time, a *exchange.Account) {
	m.EquityMin, m.EquityMax = decimal.Min(m.EquityMin, a.Equity), decimal.Max(m.EquityMax, a.Equity)
	if a.MaintMargin.IsPositive() && (m.UniMMRMinAt == 0 || a.UniMMR.LessThan(m.UniMMRMin)) {
		m.UniMMRMin, m.UniMMRMinAt = a.UniMMR, at
	}
}

func (m *marginBook) sample(at exchange.Time, a *exchange.Account) {
	if m.last == 0 {
		m.EquityStart, m.EquityMin, m.EquityMax, m.peak, m.peakAt = a.Equity, a.Equity, a.Equity, a.Equity, at
	} else {
		m.below(at.Sub(m.last))
	}
	m.EquityEnd = a.Equity
	m.HaircutWorst = decimal.Max(m.HaircutWorst, a.ActualEquity.Sub(a.Equity))
	if a.Equity.GreaterThanOrEqual(m.peak) { // a fall begins when equity was last at the peak
		m.peak, m.peakAt = a.Equity, at
	} else if m.peak.IsPositive() {
		if fall := m.peak.Sub(a.Equity).DivRound(m.peak, 16); fall.GreaterThan(m.drawdown) {
			m.drawdown, m.DrawdownFrom, m.DrawdownTo = fall, m.peakAt, at
			m.DrawdownPct = fall.Shift(2).Round(4)
		}
	}
	m.last, m.unimmr = at, a.UniMMR
	m.extremes(at, a)
}

// below counts the time since the last sample to the bands its uniMMR was in.
func (m *marginBook) below(d time.Duration) {
	for _, band := range [...]struct {
		line decimal.Decimal
		time *time.Duration
	}{{decimal.New(20, -1), &m.Below20}, {decimal.New(15, -1), &m.Below15}, {decimal.New(12, -1), &m.Below12}} {
		if m.unimmr.LessThan(band.line) {
			*band.time += d
		}
	}
}

// balanceBook is what each wallet began and ended with, and since when something was
// owed.
type balanceBook struct {
	lines     []BalanceLine
	owed      exchange.Time // 0 if never
	owedAsset string
	short     bool // it was a balance below zero and not a loan
}

func (b *balanceBook) apply(at exchange.Time, l *exchange.LedgerEntry, starting bool) {
	b.set(l, starting)
	if b.owed == 0 && (l.Wallet.Debt() || l.Delta.IsNegative()) && b.owes(l.Asset) {
		b.owed, b.owedAsset, b.short = at, l.Asset, !l.Wallet.Debt()
	}
}

// owes says whether there is a loan of an asset, or less than nothing of it in all
// wallets together: what Binance charges interest on.
func (b *balanceBook) owes(asset string) bool {
	sum := decimal.Zero
	for i := range b.lines {
		switch line := &b.lines[i]; {
		case line.Asset != asset:
		case line.Wallet.Debt():
			if line.End.IsPositive() {
				return true
			}
		default:
			sum = sum.Add(line.End)
		}
	}
	return sum.IsNegative()
}

func (b *balanceBook) set(l *exchange.LedgerEntry, starting bool) {
	for i := range b.lines {
		if line := &b.lines[i]; line.Asset == l.Asset && line.Wallet == l.Wallet {
			line.End = l.Balance
			if starting {
				line.Start = l.Balance
			}
			return
		}
	}
	line := BalanceLine{Asset: l.Asset, Wallet: l.Wallet, End: l.Balance}
	if starting {
		line.Start = l.Balance
	}
	b.lines = append(b.lines, line)
}
