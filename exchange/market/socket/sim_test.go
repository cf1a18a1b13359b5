package socket

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/pmbot/pmbot/backtest/papisim"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market/stream"
	"github.com/pmbot/pmbot/internal/raced"
)

// TestLadder: what the watchdog does about a stream on a wrong route, for an hour.
func TestLadder(t *testing.T) {
	inWorld(t, time.Second, func(t *testing.T, w *world) {
		e := w.listen(Config{Hosts: map[stream.Route]string{stream.Market: "ws://um.test/public"}}, parse(t, exchange.UM, "btcusdt@markPrice@1s")...)
		rest(time.Hour)
		golden(t, "ladder", e.text())
	})
}

// TestRotation: a day goes by, and the streams go over to a new connection before its end
// without losing or doubling a message; the exchange's own record of what it told says so.
func TestRotation(t *testing.T) {
	raced.Skip(t, "TestProperty rotates connections, too")
	inWorld(t, 5*time.Second, func(t *testing.T, w *world) {
		streams := slices.Concat(parse(t, exchange.UM, "btcusdt@aggTrade", "btcusdt@depth@500ms", "btcusdt@bookTicker", "btcusdt@kline_1m", "!forceOrder@arr", "!contractInfo"),
			parse(t, exchange.UM, "btcusdt@markPrice", "!ticker@arr"))
		e := w.listen(Config{}, streams...)
		rest(23*time.Hour + 5*time.Minute)
		if missing := w.compare(e, exchange.UM); missing != 0 || len(e.gaps) != 0 {
			t.Errorf("%d messages are missing, gaps %v", missing, e.gaps)
		}
		for _, name := range slices.Sorted(maps.Keys(e.heard)) {
			told := w.told[exchange.UM][name]
			if n := len(e.heard[name]); n < len(told)-2 {
				t.Errorf("%s: %d messages of %d", name, n, len(told))
			}
			e.mark("%s: %d messages", name, len(e.heard[name])/100*100)
		}
		golden(t, "rotation", sorted(e.text()))
	})
}

// TestDay: without a rotation the exchange closes the connection after 24 hours. What is
// missed until there is a new one is told, and nothing comes twice.
func TestDay(t *testing.T) {
	inWorld(t, 5*time.Second, func(t *testing.T, w *world) {
		e := w.listen(Config{Rotate: -1}, parse(t, exchange.UM, "btcusdt@trade", "btcusdt@bookTicker", "btcusdt@depth@500ms")...)
		rest(24*time.Hour + time.Minute)
		e.mark("%d messages are missing", w.compare(e, exchange.UM))
		golden(t, "day", e.text())
	})
}

// TestFaults lets each thing go wrong that the simulated exchange can do to a connection.
func TestFaults(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault papisim.Fault
		wait  time.Duration
		// unnoticed are messages that the exchange itself leaves out, and odd those that it
		// makes up: only whoever knows the ids can tell.
		unnoticed bool
	}{
		{name: "frame_lost", fault: papisim.Fault{Kind: papisim.FaultFrameLost, Stream: "btcusdt@aggTrade"}, wait: time.Minute, unnoticed: true},
		{name: "frame_repeated", fault: papisim.Fault{Kind: papisim.FaultFrameRepeated, Stream: "btcusdt@aggTrade"}, wait: time.Minute, unnoticed: true},
		{name: "frame_garbage", fault: papisim.Fault{Kind: papisim.FaultFrameGarbage, Stream: "btcusdt@aggTrade", Count: 5}, wait: 2 * time.Minute, unnoticed: true},
		{name: "frame_cut", fault: papisim.Fault{Kind: papisim.FaultFrameCut, Stream: "btcusdt@aggTrade", Count: 3}, wait: 2 * time.Minute, unnoticed: true},
		{name: "stream_dropped", fault: papisim.Fault{Kind: papisim.FaultStreamDropped, Stream: "btcusdt@markPrice@1s"}, wait: time.Minute},
		{name: "stream_dead", fault: papisim.Fault{Kind: papisim.FaultStreamDead, Stream: "btcusdt@markPrice@1s"}, wait: 2 * time.Minute},
		{name: "market_silent", fault: papisim.Fault{Kind: papisim.FaultMarketSilent, Route: "market"}, wait: 3 * time.Minute},
		{name: "market_closed", fault: papisim.Fault{Kind: papisim.FaultMarketClosed, Route: "market", Code: 1008, Msg: "Too many requests"}, wait: time.Minute},
		{name: "route_closed", fault: papisim.Fault{Kind: papisim.FaultRouteClosed, Route: "market"}, wait: time.Minute},
		{name: "command_lost", fault: papisim.Fault{Kind: papisim.FaultCommandLost, Count: 2, NotExecuted: true}, wait: time.Minute},
	} {
		t.Run(test.name, func(t *testing.T) {
			inWorld(t, time.Second, func(t *testing.T, w *world) {
				if strings.HasPrefix(test.name, "command") {
					w.inject(test.fault)
				}
				e := w.listen(Config{}, parse(t, exchange.UM, "btcusdt@aggTrade", "btcusdt@markPrice@1s", "btcusdt@kline_1m")...)
				rest(20 * time.Second)
				if !strings.HasPrefix(test.name, "command") {
					e.mark("%s", test.name)
					w.inject(test.fault)
				}
				rest(test.wait)
				if !test.unnoticed {
					e.mark("%d messages are missing", w.compare(e, exchange.UM))
				}
				if got := e.Stats()[0]; got.Streams != 3 || got.Subscribed != 3 || got.Owned != 3 || got.Silent != 0 {
					t.Errorf("in the end: %+v", got)
				}
				golden(t, test.name, e.text())
			})
		})
	}
}

// TestBanned: an address that is refused is left alone, for all streams.
func TestBanned(t *testing.T) {
	inWorld(t, time.Second, func(t *testing.T, w *world) {
		w.inject(papisim.Fault{Kind: papisim.FaultMarketRefused, Status: 429})
		e := w.listen(Config{}, parse(t, exchange.UM, "btcusdt@aggTrade")...)
		rest(time.Minute)
		e.mark("a stream of another host")
		if err := e.Update(parse(t, exchange.CM, "btcusd_perp@depth"), nil); err != nil {
			t.Fatal(err)
		}
		rest(4 * time.Minute)
		golden(t, "banned", sorted(e.text()))
	})
}

// TestTooMany: a planner that puts 1,025 streams on a connection is a mistake that the
// exchange answers by dropping all of them. They come back on two, and what was missed is
// told.
func TestTooMany(t *testing.T) {
	inWorld(t, time.Second, func(t *testing.T, w *world) {
		streams := parse(t, exchange.UM, "btcusdt@trade", "btcusdt@bookTicker")
		for i := range 1023 {
			streams = append(streams, stream.Stream{Product: exchange.UM, Kind: stream.Trade, Symbol: fmt.Sprintf("X%dUSDT", i)})
		}
		e := newEar(t, Config{Dial: w.dial, Silence: map[stream.Kind]time.Duration{stream.Trade: 0}}, streams[:2]...)
		e.run()
		rest(10 * time.Second)
		e.mark("1,023 more")
		e.mu.Lock()
		e.lanes.rules.perConnection = 1025
		e.lanes.plan = [][]stream.Stream{streams}
		e.lanes.all[0].add(streams)
		e.mu.Unlock()
		rest(time.Minute)
		e.mark("%d messages are missing", w.compare(e, exchange.UM))
		var lanes []int
		for _, c := range e.Stats() {
			lanes = append(lanes, c.Subscribed)
		}
		e.mark("streams of the connections: %v", lanes)
		var lines []string
		for line := range strings.Lines(sorted(e.text())) {
			if !strings.Contains(line, " x") {
				lines = append(lines, line)
			}
		}
		golden(t, "too_many", strings.Join(lines, ""))
		if n := len(e.gaps); n != 1002 { // two, and five commands of 200
			t.Errorf("gaps in %d streams", n)
		}
	})
}

// TestUpdate: streams come and go, and those that stay notice nothing.
func TestUpdate(t *testing.T) {
	inWorld(t, time.Second, func(t *testing.T, w *world) {
		streams := parse(t, exchange.UM, "btcusdt@trade", "btcusdt@bookTicker", "btcusdt@depth@100ms")
		e := w.listen(Config{PerConnection: 2}, streams[:2]...)
		rest(10 * time.Second)
		update := func(add, remove []stream.Stream) {
			t.Helper()
			if err := e.Update(add, remove); err != nil {
				t.Error(err)
			}
			rest(10 * time.Second)
			var names []string
			for _, sub := range e.Subs() {
				names = append(names, fmt.Sprintf("%d %s: %d", sub.Index, sub.Name, len(e.heard[sub.Name])))
			}
			e.mark("%s; %d connections", strings.Join(names, ", "), len(e.Stats()))
		}
		update(streams[2:], nil)
		update(nil, streams[:1])
		update(streams[:1], streams[2:])
		update(nil, streams[:2])
		for _, bad := range []struct{ add, remove []stream.Stream }{
			{remove: streams[:1]},
			{add: []stream.Stream{{Product: exchange.UM, Kind: stream.Trade, Symbol: "btcusdt"}}},
		} {
			err := e.Update(bad.add, bad.remove)
			e.mark("%v", err)
		}
		delete(e.heard, "btcusdt@trade") // it was away for a while, as it should be
		w.compare(e, exchange.UM)
		golden(t, "update", e.text())
	})
}

// TestStorm: while nothing can be connected, fewer than 300 connections are tried in five
// minutes, however many are wanted.
func TestStorm(t *testing.T) {
	inWorld(t, time.Second, func(t *testing.T, w *world) {
		w.refuse = func() error { return errors.New("network is unreachable") }
		var streams []stream.Stream
		for i := range 40 {
			streams = append(streams, stream.Stream{Product: exchange.UM, Kind: stream.Trade, Symbol: fmt.Sprintf("X%dUSDT", i)})
		}
		e := w.listen(Config{PerConnection: 1}, streams...)
		rest(30 * time.Minute)
		most := 0
		for i := range w.dials {
			j := i
			for j < len(w.dials) && w.dials[j].Sub(w.dials[i]) < 5*time.Minute {
				j++
			}
			most = max(most, j-i)
		}
		if most > dialsMost || most < dialsMost/2 {
			t.Errorf("%d connections within five minutes", most)
		}
		if log := e.text(); !strings.Contains(log, "paused") {
			t.Errorf("nobody was told:\n%.1000s", log)
		}
	})
}

// TestPace: the client never sends more than ten messages a second, whatever there is to
// subscribe and however often it is pinged.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		defer close(n.done)
		n.serve(t, "um.test", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			up := websocket.Upgrader{}
			c, err := up.Upgrade(rw, r, nil)
			if err != nil {
				return
			}
			defer c.Close()
			over := make(chan struct{})
			go func() {
				defer close(over)
				for {
					if _, _, err := c.ReadMessage(); err != nil {
						return
					}
				}
			}()
			for {
				select {
				case <-time.After(20 * time.Millisecond):
				case <-over:
					return
				}
				if c.WriteControl(websocket.PingMessage, []byte("hurry"), time.Now().Add(time.Second)) != nil {
					<-over
					return
				}
			}
		}))
		var streams []stream.Stream
		for i := range 1024 {
			streams = append(streams, stream.Stream{Product: exchange.UM, Kind: stream.Trade, Symbol: fmt.Sprintf("X%dUSDT", i)})
		}
		e := listen(t, Config{Dial: n.dial}, streams...)
		rest(time.Minute)
		e.end()
		if worst := n.worst(); worst > 10 || worst < 6 {
			t.Errorf("%d messages within a second", worst)
		}
	})
}
