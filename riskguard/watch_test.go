package riskguard

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// look has the watch look until it finds nothing new, applies what it finds, and says it.
func (b *bench) look() string {
	var lines []string
	for range 5 {
		found := b.g.Watch(b.now, nil)
		if len(found) == 0 {
			return strings.Join(lines, "\n")
		}
		for i := range found {
			b.g.Apply(&found[i])
			lines = append(lines, b.finding(&found[i]))
		}
	}
	b.t.Errorf("the watch never ends: %s", strings.Join(lines, "; "))
	return strings.Join(lines, "\n")
}

// finding is what the watch has found in words.
func (b *bench) finding(e *exchange.Event) string {
	of := ""
	if e.Inst != 0 {
		of = " " + b.g.ins.At(e.Inst).Name()
	}
	if e.Kind == exchange.KindState {
		s := e.State()
		if s.Strategy != 0 {
			of += fmt.Sprintf(" s%d", s.Strategy)
		}
		return fmt.Sprintf("%v%s by %v: %s", s.State, of, s.Cause, s.Reason)
	}
	a := e.Alert()
	if a.Strategy != 0 {
		of += fmt.Sprintf(" s%d", a.Strategy)
	}
	if a.Asset != "" {
		of += " " + a.Asset
	}
	over := ""
	if a.Over {
		over = " is over"
	}
	return fmt.Sprintf("%v %s%s%s: %s, limit %s", a.Severity, a.Control, of, over, a.Value, a.Limit)
}

// TestDerisk: the plan brings uniMMR back above the way out, and asking changes nothing.
func TestDerisk(t *testing.T) {
	b := newBench(t, DefaultLimits())
	b.do(strings.Fields("fill UM BUY 2 50000"))
	b.do(strings.Fields("mark UM 45400"))
	plan, err := b.g.Derisk()
	if err != nil || len(plan) != 1 || plan[0].Inst != benchUM || plan[0].Side != exchange.Sell || plan[0].UniMMR.LessThan(b.g.limits.UniMMRResume) {
		t.Errorf("%+v, %v", plan, err)
	}
	b.do(strings.Fields("mark UM 50000"))
	if plan, err := b.g.Derisk(); err != nil || len(plan) != 0 {
		t.Errorf("%+v, %v", plan, err)
	}
}

// TestQuiet: what is quiet gives the watch nothing to find, and near a level nothing is.
func TestQuiet(t *testing.T) {
	l := DefaultLimits()
	l.DailyLossMaxRatio, l.DrawdownMaxRatio = decimal.New(1, 0), decimal.New(1, 0)
	b := newBench(t, l)
	b.do(strings.Fields("wait 2s"))
	b.fresh()
	mark := func(price string) exchange.Event {
		e := exchange.Event{At: b.now, Inst: benchUM}
		e.SetMark(exchange.Mark{Price: exchange.MustFixed(price)})
		return e
	}
	quiet := func(price string) bool {
		e := mark(price)
		return b.g.Quiet(&e)
	}
	index := exchange.Event{At: b.now}
	index.SetAssetIndex(&exchange.AssetIndex{Asset: "USDT", Price: exchange.MustFixed("0.4")})
	trade := exchange.Event{At: b.now, Inst: benchUM}
	trade.SetTrade(exchange.Trade{Price: 1, Qty: 1})
	if !quiet("1") || b.g.Quiet(&index) || !b.g.Quiet(&trade) {
		t.Error("a flat account cares for its money alone")
	}
	b.do(strings.Fields("fill UM BUY 0.5 50000"))
	if !quiet("49500") || quiet("30000") || !b.g.Quiet(&trade) {
		t.Error("with a position, a mark matters where it leads to a level")
	}
	b.do(strings.Fields("fill UM BUY 2 50000"))
	b.do(strings.Fields("mark UM 46540"))
	if quiet("46540") || b.g.Quiet(&trade) {
		t.Error("near a level anything may come")
	}
	// A limit of losses makes more of it matter.
	b = newBench(t, DefaultLimits())
	b.do(strings.Fields("fill UM BUY 0.5 50000"))
	b.do(strings.Fields("wait 2s"))
	b.fresh()
	if !quiet("49900") || quiet("49600") {
		t.Error("200 of 10,000 may be lost")
	}
	b.do(strings.Fields("state HALTED cause=STREAM"))
	if !quiet("1") {
		t.Error("nothing is read of an account that nobody knows")
	}
}

// TestMarketEventsAllocateNothing: a guard in which nothing can happen costs nothing.
func TestMarketEventsAllocateNothing(t *testing.T) {
	b := newBench(t, DefaultLimits())
	b.do(strings.Fields("fill UM BUY 0.5 50000"))
	e := exchange.Event{At: b.now, Inst: benchUM}
	e.SetMark(exchange.Mark{Price: exchange.MustFixed("50000")})
	for range 3 {
		e.At = e.At.Add(2 * time.Second)
		b.g.Apply(&e)
		b.g.Watch(e.At, nil)
	}
	if n := testing.AllocsPerRun(100, func() {
		e.At = e.At.Add(2 * time.Second)
		b.g.Apply(&e)
		b.g.Watch(e.At, nil)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// fill makes an event an execution. One of a client order is ours only if it has a number.
func (b *bench) fill(e *exchange.Event, f []string) error {
	side, err := exchange.ParseSide(f[2])
	if err != nil {
		return err
	}
	fill := exchange.Fill{Order: 1, Side: side, Qty: exchange.MustFixed(f[3]), Price: exchange.MustFixed(f[4])}
	share := false
	var words []string
	for _, word := range f[5:] {
		switch key, value, _ := strings.Cut(word, "="); {
		case key == "forced" && value != "":
			if fill.Forced, err = exchange.ParseForcedKind(value); err != nil {
				return err
			}
			fill.Order = 0
		case key == "client":
			fill.Order, fill.ClientID = 0, value
		case key == "share":
			share = true
		default:
			words = append(words, word)
		}
	}
	b.fillWords(e, &fill, words)
	e.Inst = b.inst(f[1])
	e.SetFill(&fill)
	if share {
		e.Flags |= exchange.FlagShare
	}
	return nil
}

// booked makes an event a booking.
func booked(e *exchange.Event, f []string) error {
	why, err := exchange.ParseReason(f[1])
	if err != nil {
		return err
	}
	w, err := exchange.ParseWallet(f[2])
	if err != nil {
		return err
	}
	e.SetLedger(&exchange.LedgerEntry{
		Asset: f[3], Wallet: w, Reason: why, Delta: decimal.RequireFromString(f[4]), Balance: decimal.RequireFromString(f[5]),
	})
	return nil
}

// TestPeakIsNotedInABand: whether a band proves the limits away, or a guard that was restored
// reads the account, the marks of losses are the same.
func TestPeakIsNotedInABand(t *testing.T) {
	b := newBench(t, DefaultLimits())
	b.do(strings.Fields("fill UM BUY 0.1 50000"))
	twin := newBench(t, DefaultLimits())
	twin.do(strings.Fields("fill UM BUY 0.1 50000"))
	calm := 0
	for i := range 200 {
		for _, x := range []*bench{b, twin} {
			x.now = x.now.Add(20 * time.Minute)
			x.price(benchUM, exchange.MustFixed("50000")+exchange.Fixed(i*37%100)*exchange.FixedOne, 0)
		}
		if b.g.pulse.calm && b.g.model.Proven() {
			calm++
		}
		twin.again()
		if have, want := b.g.loss, twin.g.loss; have.day != want.day || have.hour != want.hour || !have.base.Equal(want.base) || !have.peak.Equal(want.peak) {
			t.Fatalf("%d: %+v, and restored %+v", i, have, want)
		}
	}
	if calm < 150 {
		t.Errorf("calm in %d of 200", calm)
	}
}
