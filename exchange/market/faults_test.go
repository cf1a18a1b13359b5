package market

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmbot/pmbot/backtest/papisim"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/book"
	"github.com/pmbot/pmbot/internal/raced"
)

// golden compares lines with a file of testdata.
func golden(t *testing.T, name string, lines []string) {
	t.Helper()
	path, got := filepath.Join("testdata", name), strings.Join(lines, "\n")+"\n"
	if *rewrite {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s", name, got)
	}
}

// inject lets something go wrong.
func (w *world) inject(f papisim.Fault) {
	w.t.Helper()
	if _, err := w.sim.Inject(f); err != nil {
		w.t.Fatal(err)
	}
}

// faultStart is half a minute before a whole one.
var faultStart = exchange.TimeOf(time.Date(2026, 11, 2, 9, 59, 30, 0, time.UTC))

// TestResync forces gaps into the depth of all three products, with answers that take their
// time. What each resync cost stands in testdata/resync.txt. Afterwards the books are the
// market's, and whoever reads them was told each gap.
func TestResync(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, listed(t), faultStart, 20)
		for _, f := range []papisim.Fault{
			{Kind: papisim.FaultFrameLost, Stream: "btcusdt@depth@100ms", Route: "public", After: 50},
			{Kind: papisim.FaultFrameLost, Stream: "btcusdt@depth@100ms", Route: "public", After: 250, Count: 3},
			{Kind: papisim.FaultFrameLost, Stream: "btcusd_perp@depth@100ms", After: 100},
			{Kind: papisim.FaultFrameLost, Stream: "btcusdt@depth@100ms", Route: "spot", After: 150},
			{Kind: papisim.FaultFrameReordered, Stream: "btcusd_perp@depth@100ms", After: 400},
			{Kind: papisim.FaultFrameRepeated, Stream: "btcusdt@depth@100ms", Route: "spot", After: 450, Count: 5},
			{Kind: papisim.FaultFrameGarbage, Stream: "btcusdt@depth@100ms", Route: "spot", After: 500},
			{Kind: papisim.FaultLateReply, Path: "/fapi/v1/depth", Count: -1, Delay: papisim.Duration(230 * time.Millisecond)},
			{Kind: papisim.FaultLateReply, Path: "/dapi/v1/depth", Count: -1, Delay: papisim.Duration(410 * time.Millisecond)},
			{Kind: papisim.FaultAnswer, Path: "/api/v3/depth", After: 1, Count: 4, Status: 503, Body: "<html>busy</html>"},
		} {
			w.inject(f)
		}
		w.listen(Config{}, []string{"UM btcusdt@depth@100ms", "CM btcusd_perp@depth@100ms", "MARGIN btcusdt@depth@100ms"}, time.Minute)
		lines := w.ear.said(w.start, BookLost, BookReady, SnapshotFailed)
		golden(t, "resync.txt", slices.DeleteFunc(lines, func(l string) bool { return strings.Contains(l, "drained") }))
		h := historyOf(t, w.ins, w.start, 20, w.sim.Now())
		for inst := umBTC; inst <= spotBTC; inst++ {
			n := sameBooksAcross(t, w, h, inst)
			gaps := w.ear.of(inst, exchange.KindGap)
			t.Logf("%s: %d books, %d gaps", w.ins.At(inst).Name(), n, len(gaps))
			if want := map[exchange.InstrumentID]int{umBTC: 2, cmBTC: 2, spotBTC: 2}[inst]; len(gaps) != want {
				t.Errorf("%s: %d gaps, want %d", w.ins.At(inst).Name(), len(gaps), want)
			}
		}
		if s := w.feed.Stats(); s.BooksReady != 3 || s.Resyncs != 6 {
			t.Errorf("%+v", s)
		} else {
			t.Logf("%+v", s)
		}
	})
}

// sameBooksAcross cuts what was told at its gaps and compares each part with the market.
func sameBooksAcross(t *testing.T, w *world, h *truth, inst exchange.InstrumentID) int {
	t.Helper()
	n := 0
	all := w.ear.events
	var part []kept
	flush := func() {
		if len(part) > 0 {
			other := &world{t: t, start: w.start, ins: w.ins, ear: &ear{t: t, events: part}}
			n += sameBooks(t, other, h, inst)
		}
		part = nil
	}
	for _, e := range all {
		switch {
		case e.Inst != inst:
		case e.Kind == exchange.KindGap:
			if e.Gap().Kind == exchange.KindDepth {
				flush()
			}
		case e.Kind == exchange.KindDepth:
			if len(part) == 0 && !e.depth.Snapshot {
				t.Fatalf("%d: a book begins without a snapshot", inst)
			}
			part = append(part, e)
		}
	}
	flush()
	return n
}

// TestLostTrades loses trades and connections. Every hole in the ids is told, bars with holes
// are the venue's and told so, and no bar is wrong; testdata/trades.txt.
func TestLostTrades(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, listed(t), faultStart, 5)
		for _, f := range []papisim.Fault{
			{Kind: papisim.FaultFrameLost, Stream: "btcusdt@aggTrade", Route: "market", After: 500},
			{Kind: papisim.FaultFrameLost, Stream: "btcusd_perp@aggTrade", After: 900, Count: 7},
			{Kind: papisim.FaultFrameRepeated, Stream: "btcusdt@aggTrade", Route: "spot", After: 300, Count: 20},
			{Kind: papisim.FaultFrameReordered, Stream: "btcusdt@aggTrade", Route: "spot", After: 700},
			// The venue's word is lost, too: REST has it.
			{Kind: papisim.FaultFrameLost, Stream: "btcusd_perp@kline_1m", Count: -1},
		} {
			w.inject(f)
		}
		w.listen(Config{Bars: minutes()}, []string{
			"UM btcusdt@aggTrade", "UM btcusdt@kline_1m", "CM btcusd_perp@aggTrade", "CM btcusd_perp@kline_1m", "MARGIN btcusdt@aggTrade",
		}, 5*time.Minute)
		golden(t, "trades.txt", w.ear.said(w.start, TradesMissed, BarDiffers, BarFilled, BarMissed))
		h := historyOf(t, w.ins, w.start, 5, w.sim.Now())
		for inst := umBTC; inst <= spotBTC; inst++ {
			sameBars(t, w, h, inst)
			got := w.ear.of(inst, exchange.KindTrade)
			missing := int64(0)
			for i := 1; i < len(got); i++ {
				missing += got[i].Trade().ID - got[i-1].Trade().ID - 1
			}
			want := map[exchange.InstrumentID]int64{umBTC: 1, cmBTC: 7, spotBTC: 1}[inst]
			if gaps := w.ear.of(inst, exchange.KindGap); missing != want || len(gaps) != 1 || gaps[0].Gap().Kind != exchange.KindTrade {
				t.Errorf("%d: %d trades missing in %d gaps, want %d in one", inst, missing, len(gaps), want)
			}
		}
		t.Logf("%+v", w.feed.Stats())
	})
}

// TestLostConnections breaks all connections of a route while trades go on. What was missed
// is told, whatever the socket knows, and every bar is right.
func TestLostConnections(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, listed(t), faultStart, 20)
		for _, after := range []int{400, 2000} {
			w.inject(papisim.Fault{Kind: papisim.FaultRouteClosed, Stream: "btcusdt@aggTrade", Route: "market", After: after})
			w.inject(papisim.Fault{Kind: papisim.FaultRouteClosed, Stream: "btcusdt@depth@100ms", Route: "public", After: after / 2})
		}
		w.listen(Config{Bars: minutes()[:1]}, []string{
			"UM btcusdt@aggTrade", "UM btcusdt@markPrice@1s", "UM btcusdt@depth@100ms", "UM btcusdt@bookTicker", "UM !assetIndex@arr",
		}, 6*time.Minute)
		for _, line := range w.ear.said(w.start, Socket, TradesMissed, BarFilled, BookLost, BookReady) {
			if !strings.Contains(line, "drained") {
				t.Log(line)
			}
		}
		h := historyOf(t, w.ins, w.start, 20, w.sim.Now())
		sameBars(t, w, h, umBTC)
		sameBooksAcross(t, w, h, umBTC)
		kinds := map[exchange.Kind]int{}
		for _, g := range w.ear.of(umBTC, exchange.KindGap) {
			kinds[g.Gap().Kind]++
		}
		for _, g := range w.ear.of(0, exchange.KindGap) {
			kinds[g.Gap().Kind]++
		}
		t.Log(kinds)
		for _, kind := range []exchange.Kind{exchange.KindMark, exchange.KindBookTicker, exchange.KindAssetIndex, exchange.KindTrade, exchange.KindDepth} {
			if kinds[kind] != 2 {
				t.Errorf("%d gaps of %v, want 2", kinds[kind], kind)
			}
		}
	})
}

// TestBarsOverHours builds bars of three lengths of all products for two hours and a quarter:
// all but the first of each are ours, and the venue's are the same.
func TestBarsOverHours(t *testing.T) {
	raced.Skip(t, "hours have the goroutines of minutes")
	bubble(t, func(t *testing.T) {
		w := newWorld(t, listed(t), faultStart, 5)
		var names []string
		c := Config{}
		for inst, symbol := range []string{"UM btcusdt", "CM btcusd_perp", "MARGIN btcusdt"} {
			names = append(names, symbol+"@aggTrade")
			for _, i := range []struct {
				name  string
				every time.Duration
			}{{"1m", time.Minute}, {"5m", 5 * time.Minute}, {"1h", time.Hour}} {
				names = append(names, symbol+"@kline_"+i.name)
				c.Bars = append(c.Bars, BarSpec{exchange.InstrumentID(inst + 1), i.every})
			}
		}
		w.listen(c, names, 2*time.Hour+15*time.Minute)
		s := w.feed.Stats()
		t.Logf("%+v", s)
		// Of the 135 minutes, 27 times five of them and 3 hours that end, the first are the venue's.
		if s.BarsVenues != 9 || s.BarsOurs != 3*(134+26+2) || s.BarsDiffer+s.BarsMissed+s.LateTrades+s.Gaps != 0 {
			t.Errorf("%+v", s)
		}
		for _, line := range w.ear.said(w.start, BarDiffers, BarFilled, BarMissed, TradesMissed) {
			t.Error(line)
		}
	})
}

// TestRetell: a listener who has missed pieces gets the whole book, as it stands, and goes on
// from there. Without a book, or for an instrument that there is not, nothing is told.
func TestRetell(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, listed(t), faultStart, 100)
		var asked, again int
		var now exchange.Depth
		w.listen(Config{}, []string{"UM btcusdt@depth@100ms", "CM btcusd_perp@aggTrade"}, 2*time.Second, func() {
			w.feed.Retell(umBTC)                              // there is none yet
			<-time.After(5*time.Second + 30*time.Millisecond) // between two pieces
			synctest.Wait()
			asked = len(w.ear.of(umBTC, exchange.KindDepth))
			now, _ = w.feed.Book(umBTC, 1000)
			w.feed.Retell(umBTC)
			w.feed.Retell(cmBTC)
			w.feed.Retell(99)
			again = len(w.ear.of(umBTC, exchange.KindDepth))
		})
		pieces := w.ear.of(umBTC, exchange.KindDepth)
		if again != asked+1 || len(pieces) < again+10 {
			t.Fatalf("%d pieces, after Retell %d, in the end %d", asked, again, len(pieces))
		}
		if diff := cmp.Diff(now, pieces[asked].depth); diff != "" || len(now.Bids) == 0 {
			t.Errorf("the book and what was told:\n%s", diff)
		}
		b := book.New(book.RuleOf(exchange.UM))
		for _, p := range pieces[asked:] {
			if o := b.Apply(&p.depth); o != book.Applied && o != book.Stale {
				t.Fatalf("a piece behind it: %v", o)
			}
		}
	})
}
