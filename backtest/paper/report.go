package paper

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Both is a figure of the live account and of the simulated one.
type Both[T any] struct {
	Live      T `json:"live"`
	Simulated T `json:"simulated"`
}

// Report is how a simulation compares with the live exchange that it has gone beside.
type Report struct {
	// Since is when the comparison began, and At when the report was made.
	Since exchange.Time `json:"since"`
	At    exchange.Time `json:"at"`
	// Orders are those that are over at both, Open those that are not.
	Orders int `json:"orders"`
	Open   int `json:"open"`
	// Causes counts the orders by what differs, see [Causes].
	Causes []CauseCount `json:"causes"`
	// FillRatio is the mean filled part of the orders, from 0 to 1.
	FillRatio Both[decimal.Decimal] `json:"fill_ratio"`
	// WaitP50 and WaitP99 are quantiles of the time from an order's sending to its first fill
	// as we were told of it, of the newest 4,096.
	WaitP50 Both[time.Duration] `json:"wait_p50_ns"`
	WaitP99 Both[time.Duration] `json:"wait_p99_ns"`
	// Slippage is what orders that filled at both have cost more live, in the quote asset, or
	// USD for inverse contracts; SlippageBP is that in basis points of their notional.
	Slippage   decimal.Decimal `json:"slippage"`
	SlippageBP decimal.Decimal `json:"slippage_bp"`
	// Money is what was booked since, by asset and reason, and in all (TOTAL). Where the two
	// differ their fills, fees or fundings did; but the live exchange tells amounts and not
	// always reasons, so that a commission may be part of what its fill has realized.
	Money []MoneyLine `json:"money"`
	// Net is what fills have added to the positions since.
	Net []NetLine `json:"net"`
	// Equity is after haircuts, in USD: live as told last, 0 where it was never told.
	Equity Both[decimal.Decimal] `json:"equity"`
	// Differences are the newest orders that went otherwise.
	Differences []Difference `json:"differences"`
	// Warnings say what the comparison rests on.
	Warnings []string `json:"warnings"`
}

// CauseCount is how many orders had a cause.
type CauseCount struct {
	Cause Cause `json:"cause"`
	Count int   `json:"count"`
}

// MoneyLine is the sum of bookings of a kind.
type MoneyLine struct {
	Asset  string `json:"asset"`
	Reason string `json:"reason"`
	Both[decimal.Decimal]
}

// Differs says whether the two sums do.
func (m *MoneyLine) Differs() bool { return !m.Live.Equal(m.Simulated) }

// NetLine is what fills have added to the position in an instrument, long positive.
type NetLine struct {
	Instrument string `json:"instrument"`
	Both[decimal.Decimal]
}

// Difference is an order that went otherwise.
type Difference struct {
	Cause      Cause         `json:"cause"`
	ClientID   string        `json:"client_id"`
	Instrument string        `json:"instrument"`
	Side       string        `json:"side"`
	Type       string        `json:"type"`
	Sent       exchange.Time `json:"sent"`
	Both[Outcome]
}

// Outcome is what became of an order.
type Outcome struct {
	Status string          `json:"status"`
	Filled exchange.Fixed  `json:"filled"`
	Price  decimal.Decimal `json:"price"`
	Maker  bool            `json:"maker"`
	// Wait is the time to the first fill, 0 without any.
	Wait   time.Duration   `json:"wait_ns"`
	Fee    decimal.Decimal `json:"fee"`
	Code   int             `json:"code,omitempty"`
	Reason string          `json:"reason,omitempty"`
}

func (p *pair) difference(ins *exchange.Instruments, why Cause) Difference {
	d := Difference{
		Cause: why, ClientID: p.order.ClientID, Instrument: ins.At(p.order.Request.Inst).Name(), Side: p.order.Request.Side.String(),
		Type: p.order.Request.Type.String(), Sent: p.sent,
	}
	d.Live, d.Simulated = p.course[live].outcome(p.sent), p.course[simulated].outcome(p.sent)
	return d
}

func (c *course) outcome(sent exchange.Time) Outcome {
	o := Outcome{Status: "not told", Filled: c.filled, Price: c.average().Round(exchange.FixedPlaces), Maker: c.maker(), Fee: c.fee, Code: c.code, Reason: c.reason}
	if c.status != 0 {
		o.Status = c.status.String()
	}
	if c.fills > 0 {
		o.Wait = c.first.Sub(sent)
	}
	return o
}

// report sums up.
func (b *books) report() Report {
	r := Report{
		Since: b.began, At: b.config.Paper.Clock(), Orders: b.orders, Open: len(b.line), Slippage: b.slippage.Round(exchange.FixedPlaces),
		Differences: slices.Clone(b.kept), Warnings: slices.Clone(b.notes),
	}
	for _, c := range Causes() {
		if n := b.causes[c]; n > 0 {
			r.Causes = append(r.Causes, CauseCount{c, n})
		}
	}
	if b.orders > 0 {
		n := decimal.NewFromInt(int64(b.orders))
		r.FillRatio.Live, r.FillRatio.Simulated = b.fillPart[live].DivRound(n, 4), b.fillPart[simulated].DivRound(n, 4)
	}
	if b.notional.IsPositive() {
		r.SlippageBP = b.slippage.Shift(4).DivRound(b.notional, 4)
	}
	r.WaitP50.Live, r.WaitP50.Simulated = b.waits[live].quantile(50), b.waits[simulated].quantile(50)
	r.WaitP99.Live, r.WaitP99.Simulated = b.waits[live].quantile(99), b.waits[simulated].quantile(99)
	r.Equity.Live = b.equity
	r.Money = b.moneyLines()
	for id := exchange.InstrumentID(1); int(id) <= b.ins.Len(); id++ {
		l, s := b.net[live][id], b.net[simulated][id]
		if !l.IsZero() || !s.IsZero() {
			r.Net = append(r.Net, NetLine{b.ins.At(id).Name(), Both[decimal.Decimal]{l, s}})
		}
	}
	return r
}

func (b *books) moneyLines() []MoneyLine {
	keys := map[moneyKey]bool{}
	for who := range b.money {
		for k := range b.money[who] {
			keys[k] = true
		}
	}
	var list, totals []MoneyLine
	for _, k := range slices.SortedFunc(maps.Keys(keys), func(a, b moneyKey) int { return cmp.Or(cmp.Compare(a.asset, b.asset), cmp.Compare(a.reason, b.reason)) }) {
		l, s := b.money[live][k], b.money[simulated][k]
		list = append(list, MoneyLine{k.asset, k.reason.String(), Both[decimal.Decimal]{l, s}})
		at := slices.IndexFunc(totals, func(m MoneyLine) bool { return m.Asset == k.asset })
		if at < 0 {
			at = len(totals)
			totals = append(totals, MoneyLine{Asset: k.asset, Reason: "TOTAL"})
		}
		totals[at].Live, totals[at].Simulated = totals[at].Live.Add(l), totals[at].Simulated.Add(s)
	}
	return append(list, totals...)
}

// JSON is the report for programs, indented.
func (r *Report) JSON() ([]byte, error) { return json.MarshalIndent(r, "", "  ") }

// textMax is how many orders the text tells of.
const textMax = 20

// Text is the report as tables for people.
func (r *Report) Text() string {
	var out strings.Builder
	fmt.Fprintf(&out, "SHADOW  live and simulated since %v: %d orders, %d still open\n\n", r.Since, r.Orders, r.Open)
	fmt.Fprintf(&out, "%-40s %8s\n", "ORDERS", "COUNT")
	for _, c := range r.Causes {
		fmt.Fprintf(&out, "%-40s %8d\n", c.Cause, c.Count)
	}
	fmt.Fprintf(&out, "\n%-40s %20s %20s %20s\n", "", "LIVE", "SIMULATED", "DIFFERENCE")
	row := func(name string, l, s decimal.Decimal) {
		fmt.Fprintf(&out, "%-40s %20v %20v %20v\n", name, l, s, l.Sub(s))
	}
	wait := func(name string, w Both[time.Duration]) {
		fmt.Fprintf(&out, "%-40s %20v %20v %20v\n", name, w.Live, w.Simulated, w.Live-w.Simulated)
	}
	row("fill ratio", r.FillRatio.Live, r.FillRatio.Simulated)
	wait("time to first fill, median", r.WaitP50)
	wait("time to first fill, 99th percentile", r.WaitP99)
	for i := range r.Money {
		m := &r.Money[i]
		row(strings.ToLower(m.Reason)+" in "+m.Asset, m.Live, m.Simulated)
	}
	for _, n := range r.Net {
		row("position change in "+n.Instrument, n.Live, n.Simulated)
	}
	row("equity in USD", r.Equity.Live.Round(2), r.Equity.Simulated.Round(2))
	fmt.Fprintf(&out, "\nLive cost %v more in quote than simulated on orders that filled in both: %v bp.\n", r.Slippage.Round(4), r.SlippageBP)
	if n := len(r.Differences); n > 0 {
		shown := r.Differences[max(0, n-textMax):]
		fmt.Fprintf(&out, "\nThe newest %d of %d orders that went otherwise:\n", len(shown), n)
		for i := range shown {
			out.WriteString(shown[i].line())
		}
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(&out, "WARNING %s\n", w)
	}
	return out.String()
}

// line is the difference on one line.
func (d *Difference) line() string {
	one := func(o *Outcome) string {
		s := strings.ToLower(o.Status)
		if o.Filled > 0 {
			s += fmt.Sprintf(" %v at %v after %v", o.Filled, o.Price, o.Wait)
		}
		if o.Code != 0 {
			s += fmt.Sprintf(" (%d %s)", o.Code, o.Reason)
		}
		return s
	}
	return fmt.Sprintf("%v %s %s %s %s: %s; live %s; simulated %s\n",
		d.Sent, d.ClientID, d.Instrument, strings.ToLower(d.Side), strings.ToLower(d.Type), d.Cause, one(&d.Live), one(&d.Simulated))
}
