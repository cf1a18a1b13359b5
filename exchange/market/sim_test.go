package market

import (
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/book"
)

// everything is a stream of each kind that has events, of all three products.
var everything = []string{
	"UM btcusdt@aggTrade", "UM btcusdt@bookTicker", "UM btcusdt@depth@100ms", "UM btcusdt@markPrice@1s", "UM btcusdt@kline_1m",
	"UM !assetIndex@arr", "UM !forceOrder@arr", "UM !contractInfo",
	"CM btcusd_perp@aggTrade", "CM btcusd_perp@bookTicker", "CM btcusd_perp@depth@100ms", "CM btcusd_perp@markPrice@1s",
	"CM btcusd_perp@kline_1m", "CM !forceOrder@arr", "CM !contractInfo",
	"MARGIN btcusdt@aggTrade", "MARGIN btcusdt@bookTicker", "MARGIN btcusdt@depth@100ms", "MARGIN btcusdt@kline_1m",
}

func minutes() []BarSpec {
	return []BarSpec{{umBTC, time.Minute}, {cmBTC, time.Minute}, {spotBTC, time.Minute}}
}

// truth is what a simulated market did, by the market itself.
type truth struct {
	trades  map[exchange.InstrumentID][]kept
	tickers map[exchange.InstrumentID][]kept
	marks   map[exchange.InstrumentID][]kept
	funding map[exchange.InstrumentID][]kept
	indexes map[string][]kept
	depth   map[exchange.InstrumentID][]kept
}

func historyOf(t *testing.T, ins *exchange.Instruments, start exchange.Time, levels int, to exchange.Time) *truth {
	r := &ear{t: t}
	h := &truth{
		trades: map[exchange.InstrumentID][]kept{}, tickers: map[exchange.InstrumentID][]kept{}, marks: map[exchange.InstrumentID][]kept{},
		funding: map[exchange.InstrumentID][]kept{}, indexes: map[string][]kept{}, depth: map[exchange.InstrumentID][]kept{},
	}
	m := ticks(t, ins, start, levels)
	buf := make([]exchange.Event, m.InstantMax())
	for {
		n, err := m.Next(buf)
		if err != nil {
			t.Fatal(err)
		}
		for i := range buf[:n] {
			if buf[i].At > to {
				return h
			}
			r.events = r.events[:0]
			r.sink(&buf[i])
			k := r.events[0]
			switch k.Kind {
			case exchange.KindTrade:
				h.trades[k.Inst] = append(h.trades[k.Inst], k)
			case exchange.KindBookTicker:
				h.tickers[k.Inst] = append(h.tickers[k.Inst], k)
			case exchange.KindMark:
				h.marks[k.Inst] = append(h.marks[k.Inst], k)
			case exchange.KindFunding:
				h.funding[k.Inst] = append(h.funding[k.Inst], k)
			case exchange.KindAssetIndex:
				h.indexes[k.AssetIndex().Asset] = append(h.indexes[k.AssetIndex().Asset], k)
			case exchange.KindDepth:
				h.depth[k.Inst] = append(h.depth[k.Inst], k)
			}
		}
	}
}

// TestSim lets a feed of all three products listen to a simulated exchange for some minutes
// about a settlement, and holds that its events are what the market did.
func TestSim(t *testing.T) {
	bubble(t, func(t *testing.T) {
		start := exchange.TimeOf(time.Date(2026, 11, 2, 7, 57, 30, 0, time.UTC))
		w := newWorld(t, listed(t), start, 20)
		w.skew = -1300 * time.Millisecond
		<-time.After(5 * time.Second)
		w.listen(Config{Bars: minutes()}, everything, 5*time.Minute)
		h := historyOf(t, w.ins, start, 20, w.sim.Now())
		for inst := umBTC; inst <= spotBTC; inst++ {
			name := w.ins.At(inst).Name()
			t.Logf("%s: %d trades, %d tickers, %d marks, %d bars", name, sameTrades(t, w, h, inst), sameTickers(t, w, h, inst), sameMarks(t, w, h, inst), sameBars(t, w, h, inst))
			t.Logf("%s: %d books", name, sameBooks(t, w, h, inst))
			if got := len(w.ear.of(inst, exchange.KindGap)); got != 0 {
				t.Errorf("%s: %d gaps", name, got)
			}
		}
		sameIndexes(t, w, h)
		sameFundings(t, w, h)
		s := w.feed.Stats()
		t.Logf("%+v", s)
		if s.BarsDiffer+s.BarsMissed+s.Resyncs+s.Undecodable+s.Unknown+s.RequestsFailed+s.LateTrades != 0 || s.Merged == 0 || s.BooksReady != 3 {
			t.Errorf("%+v", s)
		}
		for _, line := range w.ear.said(start, ClockSet, BookReady, BarFilled, RequestFailed) {
			t.Log(line)
		}
	})
}

// sameTrades holds that the trades heard are those of the market, from the first heard on.
func sameTrades(t *testing.T, w *world, h *truth, inst exchange.InstrumentID) int {
	got, want := w.ear.of(inst, exchange.KindTrade), h.trades[inst]
	if len(got) < 100 {
		t.Fatalf("%d: only %d trades", inst, len(got))
	}
	const firstID = 3_000_000_000 // of the exchange; the market counts from 1
	for len(want) > 0 && want[0].Trade().ID+firstID != got[0].Trade().ID {
		want = want[1:]
	}
	if missing := len(want) - len(got); missing < 0 || missing > 20 {
		t.Fatalf("%d: %d trades from %+v on, the market has %d of %d", inst, len(got), got[0].Trade(), len(want), len(h.trades[inst]))
	}
	for i := range got {
		a, b := got[i].Trade(), want[i].Trade()
		if a.ID != b.ID+firstID || a.Price != b.Price || a.Qty != b.Qty || a.BuyerMaker != b.BuyerMaker || got[i].Exchange != want[i].At {
			t.Fatalf("%d: trade %d is %+v at %v, in the market %+v at %v", inst, i, a, got[i].Exchange, b, want[i].At)
		}
		if late := got[i].At.Add(-w.skew).Sub(got[i].Exchange); late < 0 || late > 10*time.Millisecond {
			t.Fatalf("%d: trade %d came after %v", inst, i, late)
		}
	}
	return len(got)
}

// sameTickers holds that the best prices heard are those of the market, each change once.
func sameTickers(t *testing.T, w *world, h *truth, inst exchange.InstrumentID) int {
	got, want := w.ear.of(inst, exchange.KindBookTicker), h.tickers[inst]
	same := func(a, b exchange.BookTicker) bool {
		a.UpdateID, b.UpdateID = 0, 0
		return a == b
	}
	at := func(k *kept) exchange.Time {
		if k.Exchange == 0 { // spot does not say
			return k.At.Add(-w.skew)
		}
		return k.Exchange
	}
	for len(want) > 0 && (want[0].At != at(&got[0]) || !same(want[0].BookTicker(), got[0].BookTicker())) {
		want = want[1:]
	}
	if missing := len(want) - len(got); missing < 0 || missing > 20 {
		t.Fatalf("%d: %d tickers, the market has %d", inst, len(got), len(want))
	}
	for i := range got {
		if !same(got[i].BookTicker(), want[i].BookTicker()) || at(&got[i]) != want[i].At {
			t.Fatalf("%d: ticker %d is %+v, in the market %+v", inst, i, got[i].BookTicker(), want[i].BookTicker())
		}
	}
	return len(got)
}

// sameMarks holds that every second has its mark.
func sameMarks(t *testing.T, w *world, h *truth, inst exchange.InstrumentID) int {
	got, want := w.ear.of(inst, exchange.KindMark), h.marks[inst]
	for i := range got {
		for len(want) > 1 && want[1].At < got[i].Exchange {
			want = want[1:]
		}
		a, b := got[i].Mark(), want[0].Mark()
		a.Settle, b.Settle = 0, 0 // of which the sim makes an index
		if a != b || i > 0 && got[i].Exchange.Sub(got[i-1].Exchange) != time.Second {
			t.Fatalf("%d: mark %d at %v is %+v, in the market %+v", inst, i, got[i].Exchange, a, b)
		}
	}
	return len(got)
}

// sameBars holds that every minute has its bar, and that it is made of the market's trades.
func sameBars(t *testing.T, w *world, h *truth, inst exchange.InstrumentID) int {
	bars, err := book.NewBars(w.ins.At(inst), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	want := map[exchange.Time]exchange.Bar{}
	for i := range h.trades[inst] {
		k := &h.trades[inst][i]
		b, ok, err := bars.Add(k.At, k.Trade())
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			want[b.Start] = b
		}
	}
	got := w.ear.of(inst, exchange.KindBar)
	for i := range got {
		b := got[i].bar
		if truth := want[b.Start]; !sameBar(&truth, &b) {
			t.Errorf("%d: bar %v\n is %s\n in the market %s", inst, b.Start, barText(&b), barText(&truth))
		}
		if i > 0 && b.Start != got[i-1].bar.Start.Add(time.Minute) || got[i].Exchange != b.Start.Add(time.Minute) {
			t.Errorf("%d: bar %v after that of %v", inst, b.Start, got[i-1].bar.Start)
		}
	}
	if len(got) < 4 {
		t.Errorf("%d: %d bars", inst, len(got))
	}
	return len(got)
}

// sameBooks holds that the book built of the pieces heard is the market's, level for level,
// after each.
func sameBooks(t *testing.T, w *world, h *truth, inst exchange.InstrumentID) int {
	rule := book.RuleOf(w.ins.At(inst).Product)
	heard := book.New(rule)
	market := map[exchange.Side]map[exchange.Fixed]exchange.Fixed{}
	pieces := h.depth[inst]
	n := 0
	for _, e := range w.ear.of(inst, exchange.KindDepth) {
		if out := heard.Apply(&e.depth); out != book.Applied {
			t.Fatalf("%d: a piece told is %v", inst, out)
		}
		at := e.Exchange
		if at == 0 {
			continue // spot's snapshots do not say
		}
		for len(pieces) > 0 && pieces[0].At < at {
			if pieces[0].depth.Snapshot {
				market = map[exchange.Side]map[exchange.Fixed]exchange.Fixed{exchange.Buy: {}, exchange.Sell: {}}
			}
			apply(market, pieces[0].depth)
			pieces = pieces[1:]
		}
		if e.depth.Snapshot {
			continue // which may have been made between two pieces
		}
		n++
		for _, side := range []exchange.Side{exchange.Buy, exchange.Sell} {
			if heard.Len(side) != len(market[side]) {
				t.Fatalf("%d at %v: %d levels, the market has %d", inst, at, heard.Len(side), len(market[side]))
			}
			for i := range heard.Len(side) {
				if l := heard.At(side, i); market[side][l.Price] != l.Qty {
					t.Fatalf("%d at %v: level %d is %v, in the market %v", inst, at, i, l, market[side][l.Price])
				}
			}
		}
	}
	return n
}

func apply(market map[exchange.Side]map[exchange.Fixed]exchange.Fixed, d exchange.Depth) {
	for side, levels := range map[exchange.Side][]exchange.Level{exchange.Buy: d.Bids, exchange.Sell: d.Asks} {
		for _, l := range levels {
			if l.Qty == 0 {
				delete(market[side], l.Price)
			} else {
				market[side][l.Price] = l.Qty
			}
		}
	}
}

func sameIndexes(t *testing.T, w *world, h *truth) {
	got := map[string]int{}
	for _, e := range w.ear.of(0, exchange.KindAssetIndex) {
		a := e.AssetIndex()
		found := false
		for _, want := range h.indexes[a.Asset] {
			if want.At <= e.Exchange {
				found = want.AssetIndex().Price == a.Price
			}
		}
		if got[a.Asset]++; !found && e.Exchange == h.indexes[a.Asset][0].At {
			t.Errorf("index of %s at %v is %v", a.Asset, e.Exchange, a.Price)
		}
	}
	if len(got) != len(h.indexes) || got["BTC"] < 250 {
		t.Errorf("indexes %v, the market has %d assets", got, len(h.indexes))
	}
}

// sameFundings holds that the settlement is told once, with its rate.
func sameFundings(t *testing.T, w *world, h *truth) {
	for inst := umBTC; inst <= spotBTC; inst++ {
		got, want := w.ear.of(inst, exchange.KindFunding), h.funding[inst]
		if len(got) != len(want) {
			t.Errorf("%d: %d fundings, the market has %d", inst, len(got), len(want))
			continue
		}
		for i := range got {
			if a, b := got[i].Funding(), want[i].Funding(); a.Rate != b.Rate || got[i].Exchange.Floor(time.Hour) != want[i].At {
				t.Errorf("%d: funding %+v at %v, in the market %+v at %v", inst, a, got[i].Exchange, b, want[i].At)
			}
			t.Logf("%d: funding %+v, told %v late", inst, got[i].Funding(), got[i].At.Add(-w.skew).Sub(want[i].At))
		}
	}
}
