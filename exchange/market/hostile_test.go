package market

import (
	"fmt"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/papisim"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market/socket"
	"github.com/pmbot/pmbot/exchange/market/stream"
)

// TestClockSetBack sets the local clock back by an hour: what is to be done is done all the
// same. A book that is lost then comes back, and bars go on.
func TestClockSetBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, listed(t), faultStart, 20)
		w.inject(papisim.Fault{Kind: papisim.FaultFrameLost, Stream: "btcusdt@depth@100ms", Route: "public", After: 2000})
		w.inject(papisim.Fault{Kind: papisim.FaultFrameLost, Stream: "btcusdt@depth@100ms", Route: "public", After: 2003})
		w.listen(Config{Bars: minutes()[:1]}, []string{"UM btcusdt@aggTrade", "UM btcusdt@depth@100ms"}, 10*time.Minute, func() {
			<-time.After(2 * time.Minute)
			w.back.Store(int64(time.Hour))
		})
		if s := w.feed.Stats(); s.BooksReady != 1 || s.BarsOurs+s.BarsVenues < 9 {
			t.Errorf("%+v", s)
		}
		h := historyOf(t, w.ins, w.start, 20, w.sim.Now())
		sameBars(t, w, h, umBTC)
	})
}

// TestClockSetForward sets the local clock an hour ahead, as a machine does that was asleep
// or a clock that is set right: no bar is told of the hour that is not over.
func TestClockSetForward(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, listed(t), faultStart, 5)
		w.listen(Config{Bars: minutes()[:1]}, []string{"UM btcusdt@aggTrade"}, 10*time.Minute, func() {
			<-time.After(2*time.Minute + 10*time.Second)
			w.back.Store(-int64(time.Hour))
		})
		bars := w.ear.of(umBTC, exchange.KindBar)
		if n := len(bars); n < 10 || n > 13 {
			t.Errorf("%d bars", n)
		}
		h := historyOf(t, w.ins, w.start, 5, w.sim.Now())
		sameBars(t, w, h, umBTC)
	})
}

// TestBusyRequests lets snapshots and listings hang: bars that silence closes come in time all
// the same.
func TestBusyRequests(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, listed(t), faultStart, 5)
		for _, path := range []string{
			"/fapi/v1/depth", "/dapi/v1/depth", "/api/v3/depth", "/fapi/v1/exchangeInfo", "/dapi/v1/exchangeInfo", "/api/v3/exchangeInfo",
		} {
			w.inject(papisim.Fault{Kind: papisim.FaultLateReply, Path: path, Count: -1, Delay: papisim.Duration(30 * time.Second)})
		}
		w.inject(papisim.Fault{Kind: papisim.FaultFrameLost, Stream: "btcusdt@aggTrade", Route: "market", After: 500, Count: -1})
		w.listen(Config{Bars: minutes()[:1], Refresh: time.Second}, []string{
			"UM btcusdt@depth@100ms", "CM btcusd_perp@depth@100ms", "MARGIN btcusdt@depth@100ms", "UM btcusdt@aggTrade",
		}, 5*time.Minute)
		bars := w.ear.of(umBTC, exchange.KindBar)
		if len(bars) < 4 {
			t.Errorf("%d bars", len(bars))
		}
		for _, b := range bars {
			if late := b.At.Sub(b.Exchange); late > barGrace+2*beatEvery && b.Exchange > w.start.Add(2*time.Minute) {
				t.Errorf("a bar came %v late", late)
			}
		}
	})
}

// TestBarsWithoutREST builds bars when nobody can be asked for the first one, which is partial:
// it is told as missed, and the others come in time.
func TestBarsWithoutREST(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, listed(t), faultStart, 5)
		w.alone = true
		w.listen(Config{Bars: minutes()[:1]}, []string{"UM btcusdt@aggTrade"}, 10*time.Minute)
		if s := w.feed.Stats(); s.BarsOurs != 9 || s.BarsMissed != 1 {
			t.Errorf("%+v", s)
		}
		if lines := w.ear.said(w.start, BarMissed); len(lines) != 1 {
			t.Error(lines)
		}
	})
}

// TestJumpedBack lets ids and times jump back, as when the exchange begins anew or a frame was
// of a year to come: what is old is passed over for a while and not for ever.
func TestJumpedBack(t *testing.T) {
	const (
		ticker = `{"e":"bookTicker","u":%d,"E":%d,"T":%[2]d,"s":"BTCUSDT","b":"1","B":"1","a":"2","A":"1","st":1}`
		mark   = `{"e":"markPriceUpdate","E":%[2]d,"s":"BTCUSDT","p":"100","i":"100","P":"100","r":"0.0001","T":1790380800000,"st":1}`
		asset  = `[{"e":"assetIndexUpdate","E":%[2]d,"s":"ADAUSD","i":"0.27462452","b":"0.1","a":"0.1","B":"0.2","A":"0.2","q":"0.2","g":"0.2","Q":"0.2","G":"0.2"}]`
		trade  = `{"e":"aggTrade","E":%[2]d,"a":%[1]d,"s":"BTCUSDT","p":"83434.40","q":"0.016","f":8,"l":9,"T":%[2]d,"m":true,"st":1}`
	)
	for _, c := range []struct{ stream, frame string }{
		{"UM btcusdt@bookTicker", ticker}, {"UM btcusdt@markPrice@1s", mark}, {"UM !assetIndex@arr", asset}, {"UM btcusdt@aggTrade", trade},
	} {
		b := newBench(t, listed(t), c.stream)
		kind := b.subs[c.stream].sub.Stream.EventKind()
		const start = 1791391082000
		say := func(id, sent int64) int {
			b.say(t, c.stream, fmt.Appendf(nil, c.frame, id, sent))
			return b.events[kind]
		}
		jump := int64(start + 1e10)
		if kind == exchange.KindTrade {
			jump = start // its id alone is wrong
		}
		if n := say(1, start-1) + say(5e15, jump); n != 3 {
			t.Errorf("%s: %d", c.stream, n)
		}
		b.now = b.now.Add(time.Second)
		if n := say(2, start+1000); n != 2 {
			t.Errorf("%s: an old one is told", c.stream)
		}
		b.now = b.now.Add(staleFor)
		if n := say(3, start+2000+staleFor.Milliseconds()); n != 3 {
			t.Errorf("%s: %d, silent for ever", c.stream, n)
		}
		if n := say(4, start+3000+staleFor.Milliseconds()); n != 4 {
			t.Errorf("%s: %d, not in order again", c.stream, n)
		}
	}
}

// TestLostBeforeTheFirst loses a connection that has not brought a trade yet, as one does that
// has just taken over: silence proves nothing then.
func TestLostBeforeTheFirst(t *testing.T) {
	b := newBench(t, listed(t), "UM btcusdt@aggTrade")
	in := b.instruments.list[0]
	b.hear(&socket.Message{Sub: b.subs["UM btcusdt@aggTrade"].sub, Conn: 1})
	b.socketNotice(socket.Notice{Kind: socket.Lost, Conn: 3, Route: stream.Public})
	if in.bars[0].doubt {
		t.Error("a connection of another route")
	}
	b.socketNotice(socket.Notice{Kind: socket.Lost, Conn: 2, Route: stream.Market})
	if !in.bars[0].doubt {
		t.Error("no doubt")
	}
}

// TestEmptyListing answers exchangeInfo with no symbols at all: that is no reason to drop every
// stream.
func TestEmptyListing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, listed(t), faultStart, 5)
		w.inject(papisim.Fault{Kind: papisim.FaultAnswer, Path: "/fapi/v1/exchangeInfo", After: 1, Count: 1, Status: 200, Body: `{"timezone":"UTC","symbols":[]}`})
		w.listen(Config{Refresh: time.Minute}, []string{"UM btcusdt@aggTrade"}, 3*time.Minute)
		for _, line := range w.ear.said(w.start, Unlisted, Dropped, Resumed) {
			t.Error(line)
		}
		if lines := w.ear.said(w.start, RequestFailed); len(lines) != 1 {
			t.Error(lines)
		}
	})
}

// TestLongSilence lets the exchange ask for ten minutes without requests: a book that waits for
// its snapshot says so within two.
func TestLongSilence(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, listed(t), faultStart, 20)
		w.inject(papisim.Fault{Kind: papisim.FaultTooMany, Path: "/fapi/v1/depth", Delay: papisim.Duration(10 * time.Minute)})
		w.listen(Config{Refresh: -1, ClockEvery: -1}, []string{"UM btcusdt@depth@100ms"}, 2*time.Minute)
		lines := w.ear.said(w.start, SnapshotFailed)
		t.Log(lines)
		if len(lines) == 0 {
			t.Error("nothing is said")
		}
	})
}

// TestFundingBeforeTheStart holds that a settlement from before the feed began is not told with
// the first one after.
func TestFundingBeforeTheStart(t *testing.T) {
	const ms = exchange.Time(time.Millisecond)
	day := exchange.TimeOf(time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC))
	in := newBench(t, listed(t), "UM btcusdt@markPrice@1s").instruments.list[0]
	s, next := &in.funding, day.Add(8*time.Hour)
	s.mark(day.Add(7*time.Hour), next)
	s.mark(next, next.Add(8*time.Hour))
	if _, ok := s.row(day, day+5*ms, false); ok {
		t.Error("told, eight hours late")
	}
	if interval, ok := s.row(next, next+5*ms, false); !ok || interval != 8*time.Hour {
		t.Error(interval, ok)
	}
}
