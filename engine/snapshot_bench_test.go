package engine

import (
	"fmt"
	"testing"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// full is a kernel of 50 instruments with 40 open orders, a position on each instrument and
// as many orders that are over as are ever remembered.
func full(t testing.TB) (*Kernel, Config) {
	t.Helper()
	row, tables := benchInstruments(t).All()[0], margin.Assumed()
	list := make([]exchange.Instrument, 50)
	for i := range list {
		list[i] = row
		list[i].Base = fmt.Sprint("C", i)
		list[i].Symbol, list[i].Pair = list[i].Base+"USDT", list[i].Base+"USDT"
		tables.UM[list[i].Symbol] = tables.UM["BTCUSDT"]
	}
	ins, err := exchange.NewInstruments(list...)
	if err != nil {
		t.Fatal(err)
	}
	guard, err := riskguard.New(riskguard.Config{Instruments: ins, Tables: tables, Limits: benchLimits(), Strategies: 4, Permits: riskguard.Unbound(4)})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []exchange.Kind{exchange.KindAccount, exchange.KindClock} { // neither is ever old
		e := exchange.Event{}
		e.SetCadence(&exchange.Cadence{Kind: kind, Every: exchange.Forever})
		guard.Apply(&e)
	}
	c := Config{Instruments: ins, Guard: guard, Strategies: 4, ClientPrefix: "pm-0001"}
	k := New(c)
	at := exchange.Millis(1_700_000_000_123)
	happens := func(inst exchange.InstrumentID, set func(*exchange.Event)) {
		e := exchange.Event{Seq: k.seq + 1, At: at, Exchange: at, Inst: inst}
		set(&e)
		k.Step(&e)
	}
	for id := exchange.OrderID(1); id <= closedMax+40; id++ {
		inst := exchange.InstrumentID(1 + id%50)
		name := k.clientID(exchange.StrategyID(1+id%4), id)
		k.orders.add(exchange.Order{
			ID: id, Strategy: exchange.StrategyID(1 + id%4), Ref: uint64(id), ClientID: name, Status: exchange.StatusWorking,
			VenueID: 8_389_765_500_000 + int64(id), Created: at, Updated: at, Request: exchange.OrderRequest{
				Inst: inst, Side: exchange.Buy, Type: exchange.Limit, TimeInForce: exchange.GTX,
				Qty: exchange.MustFixed("0.012"), Price: exchange.MustFixed("61234.5"),
			},
		})
		k.lastOrder = id
		happens(inst, func(e *exchange.Event) {
			e.SetFill(&exchange.Fill{ClientID: name, TradeID: 7_000_000 + int64(id), Side: exchange.Buy, Qty: exchange.MustFixed("0.005"), Price: exchange.MustFixed("61234.5")})
		})
		if id <= closedMax {
			happens(inst, func(e *exchange.Event) {
				e.SetOrderUpdate(&exchange.OrderUpdate{ClientID: name, Status: exchange.StatusCanceled})
			})
		}
	}
	for id := range ins.Len() {
		happens(exchange.InstrumentID(id+1), func(e *exchange.Event) { e.SetMark(exchange.Mark{Price: exchange.MustFixed("61200")}) })
		happens(exchange.InstrumentID(id+1), func(e *exchange.Event) { e.SetTrade(exchange.Trade{Price: exchange.MustFixed("61200"), Qty: 1}) })
	}
	return k, c
}

// TestFullSnapshot: what the benchmarks measure is what they say.
func TestFullSnapshot(t *testing.T) {
	k, c := full(t)
	text := k.Snapshot()
	again, err := Restore(c, text)
	if err != nil || string(again.Snapshot()) != string(text) {
		t.Fatal(err)
	}
	if len(k.orders.open) != 40 || len(k.orders.closed) != closedMax || len(k.Holdings()) < 50 {
		t.Errorf("%d open, %d closed, %d holdings", len(k.orders.open), len(k.orders.closed), len(k.Holdings()))
	}
}

// BenchmarkSnapshot holds up everything else while it is written: seldom, when a segment of
// the journal is full.
func BenchmarkSnapshot(b *testing.B) {
	k, _ := full(b)
	b.SetBytes(int64(len(k.Snapshot())))
	b.ReportAllocs()
	for b.Loop() {
		k.Snapshot()
	}
}

// BenchmarkRestore is a part of every start.
func BenchmarkRestore(b *testing.B) {
	k, c := full(b)
	text := k.Snapshot()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Restore(c, text); err != nil {
			b.Fatal(err)
		}
	}
}
