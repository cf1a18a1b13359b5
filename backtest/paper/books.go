package paper

import (
	"cmp"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// books are what a shadow has taken down. Memory is bounded: of pairs that are over only the
// newest differences and a sample of times are kept, beside sums.
type books struct {
	config ShadowConfig
	ins    *exchange.Instruments
	began  exchange.Time
	notes  []string

	// pairs are the orders that are not judged yet, by client id, and line their order of
	// coming. children are the pairs of orders that triggers and lists have made, by the
	// exchange and their client id.
	pairs    map[string]*pair
	line     []*pair
	children [2]map[string]*pair

	orders   int
	causes   map[Cause]int
	kept     []Difference
	money    [2]money
	net      [2]map[exchange.InstrumentID]decimal.Decimal // futures, by fills since the beginning
	fillPart [2]decimal.Decimal                           // sum of filled parts of orders
	waits    [2]sample
	slippage decimal.Decimal // of orders filled in both, in the quote asset
	notional decimal.Decimal // of these
	equity   decimal.Decimal // live, as told last
}

func newBooks(c ShadowConfig) books {
	b := books{config: c, ins: c.Paper.Venue.Instruments, pairs: map[string]*pair{}, causes: map[Cause]int{}}
	for who := range b.money {
		b.children[who], b.money[who] = map[string]*pair{}, money{}
		b.net[who] = map[exchange.InstrumentID]decimal.Decimal{}
	}
	return b
}

// sent takes down a request.
func (b *books) sent(o exchange.Order, amend bool, at exchange.Time) {
	if p := b.pairs[o.ClientID]; p != nil {
		p.order.Request = o.Request
		return
	}
	if amend {
		return // of before the beginning
	}
	if len(b.line) == pairsMax {
		b.judge(b.line[0])
	}
	p := &pair{order: o, sent: at}
	b.pairs[o.ClientID] = p
	b.line = append(b.line, p)
}

// gap notes a hole in what an instrument matches on.
func (b *books) gap(e *exchange.Event) {
	for _, p := range b.line {
		if p.order.Request.Inst == e.Inst {
			p.holed = true
		}
	}
}

// note takes down an event of one of the accounts.
func (b *books) note(who side, e *exchange.Event) {
	switch e.Kind {
	case exchange.KindOrderUpdate:
		u := e.OrderUpdate()
		p, made := b.pairs[u.ClientID], b.children[who][u.ClientID]
		if u.Child != "" && (p != nil || made != nil) {
			b.children[who][u.Child] = cmp.Or(p, made)
		}
		if p == nil {
			return // a child's, whose fills count, or one of before the beginning
		}
		p.course[who].update(e)
		if p.over() {
			b.judge(p)
		}
	case exchange.KindFill:
		b.fill(who, e)
	case exchange.KindLedger:
		if l := e.Ledger(); l.Reason != exchange.ReasonDeposit && l.Reason != exchange.ReasonWithdraw && l.Reason != exchange.ReasonTransfer {
			key := moneyKey{l.Asset, l.Reason}
			delta := l.Delta
			if l.Wallet.Debt() {
				delta = delta.Neg()
			}
			b.money[who][key] = b.money[who][key].Add(delta)
		}
	case exchange.KindAccount:
		if who == live {
			b.equity = e.Account().Equity
		}
	case exchange.KindTruth:
		if who == live {
			b.equity = e.Truth().Account.Equity
		}
	}
}

func (b *books) fill(who side, e *exchange.Event) {
	f := e.Fill()
	if b.ins.Has(e.Inst) && b.ins.At(e.Inst).Product != exchange.Margin {
		b.net[who][e.Inst] = b.net[who][e.Inst].Add(f.Qty.Decimal().Mul(decimal.NewFromInt(f.Side.Sign())))
	}
	p := b.pairs[f.ClientID]
	if p == nil {
		p = b.children[who][f.ClientID]
	}
	if p == nil {
		return
	}
	p.course[who].fill(e)
}

// outlived judges the pairs whose live order has been over for longer than the grace, and
// lists the simulated orders that are to be cancelled for that.
func (b *books) outlived(now exchange.Time) (list []exchange.Order) {
	for _, p := range slices.Clone(b.line) {
		l, s := &p.course[live], &p.course[simulated]
		switch late := l.over && now.Sub(l.ended) > b.config.Grace; {
		case !late || s.over:
		case !p.cut:
			p.cut = true
			list = append(list, p.order)
		case now.Sub(l.ended) > 2*b.config.Grace:
			b.judge(p) // its end is never told, such as a request that was lost
		}
	}
	return list
}

// judge closes a pair and adds it up.
func (b *books) judge(p *pair) {
	delete(b.pairs, p.order.ClientID)
	if at := slices.Index(b.line, p); at >= 0 {
		b.line = slices.Delete(b.line, at, at+1)
	}
	for who := range b.children {
		for name, of := range b.children[who] {
			if of == p {
				delete(b.children[who], name)
			}
		}
	}
	why := p.judge(b.config.Tolerance)
	b.orders++
	b.causes[why]++
	l, s := &p.course[live], &p.course[simulated]
	for who := range p.course {
		c := &p.course[who]
		if q := p.order.Request.Qty; q > 0 {
			b.fillPart[who] = b.fillPart[who].Add(c.filled.Decimal().DivRound(q.Decimal(), 8))
		}
		if c.fills > 0 {
			b.waits[who].add(c.first.Sub(p.sent))
		}
	}
	if l.filled > 0 && s.filled > 0 {
		b.slip(p)
	}
	if why == Same {
		return
	}
	if len(b.kept) == b.config.Kept && len(b.kept) > 0 {
		b.kept = slices.Delete(b.kept, 0, 1)
	}
	if b.config.Kept > 0 {
		b.kept = append(b.kept, p.difference(b.ins, why))
	}
}

// slip adds up what the live order has cost more than the simulated one, on what both have
// filled: in the quote asset, of inverse contracts in dollars.
func (b *books) slip(p *pair) {
	l, s := &p.course[live], &p.course[simulated]
	in := b.ins.At(p.order.Request.Inst)
	qty, at := min(l.filled, s.filled).Decimal(), s.average()
	notional := qty.Mul(at)
	if in.Inverse() {
		notional = qty.Mul(in.ContractSize.Decimal())
	}
	more := l.average().Sub(at).Mul(decimal.NewFromInt(p.order.Request.Side.Sign()))
	b.notional = b.notional.Add(notional)
	b.slippage = b.slippage.Add(notional.Mul(more).DivRound(at, 16))
}

// sampleMax is how many of the newest times a sample keeps.
const sampleMax = 4096

// sample keeps times, for quantiles.
type sample struct {
	times []time.Duration
	next  int
}

func (s *sample) add(d time.Duration) {
	if len(s.times) < sampleMax {
		s.times = append(s.times, d)
		return
	}
	s.times[s.next] = d
	s.next = (s.next + 1) % sampleMax
}

// quantile is the nearest-rank quantile in percent, 0 without any.
func (s *sample) quantile(percent int) time.Duration {
	if len(s.times) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s.times))
	return sorted[max(0, (len(sorted)*percent+99)/100-1)]
}
