package papisim

import (
	"fmt"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/pmbot/pmbot/backtest/market"
	"github.com/pmbot/pmbot/exchange"
)

// busyCoins is how many coins the busy market has, with six streams each.
const busyCoins = 170

// busySim is an exchange of many coins whose market is generated.
func busySim(tb testing.TB, witness func(Told)) *Sim {
	tb.Helper()
	c := testConfig(tb)
	list := []exchange.Instrument{testFutures(exchange.UM, "BTC", "0.1", "0.001")}
	var prices []market.CoinPrice
	for i := range busyCoins {
		name := fmt.Sprintf("C%03d", i)
		list = append(list, testFutures(exchange.UM, name, "0.01", "0.1"))
		prices = append(prices, market.CoinPrice{Asset: name, Price: exchange.MustFixed("100")})
		c.Venue.Tables.UM[name+"USDT"] = c.Venue.Tables.UM["ETHUSDT"]
	}
	ins, err := exchange.NewInstruments(list...)
	if err != nil {
		tb.Fatal(err)
	}
	spec := market.TickSpec{Seed: 1, Start: testStart, Step: 100 * time.Millisecond, Levels: 20, Prices: prices}
	for i := range list {
		spec.Legs = append(spec.Legs, ins.At(exchange.InstrumentID(i+1)))
	}
	c.Venue.Instruments, c.Witness, c.Limits = ins, witness, DefaultLimits()
	c.Limits.Unread = unreadMax
	if c.Source, err = market.NewTicks(spec); err != nil {
		tb.Fatal(err)
	}
	s, err := New(c)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// BenchmarkBusy measures what a frame costs from the generated market to a client on the same
// machine, which counts it; and how much faster than real time that is.
func BenchmarkBusy(b *testing.B) {
	var told int
	var heard atomic.Int64
	s := busySim(b, func(t Told) {
		if t.Stream != "" {
			told++
		}
	})
	server := httptest.NewServer(s.Handler(FStream))
	defer server.Close()
	for _, route := range []struct {
		path  string
		kinds []string
	}{{"/public", []string{"bookTicker", "depth@100ms", "trade"}}, {"/market", []string{"aggTrade", "markPrice@1s", "kline_1m"}}} {
		var names []string
		for i := range busyCoins {
			for _, kind := range route.kinds {
				names = append(names, fmt.Sprintf("c%03dusdt@%s", i, kind))
			}
		}
		url := "ws" + strings.TrimPrefix(server.URL, "http") + route.path + "/stream?streams=" + strings.Join(names, "/")
		conn, answer, err := websocket.DefaultDialer.Dial(url, nil)
		if err != nil {
			b.Fatal(err)
		}
		answer.Body.Close()
		defer conn.Close()
		go func() {
			for {
				if _, _, err := conn.NextReader(); err != nil {
					return
				}
				heard.Add(1)
			}
		}()
	}
	begin, from := time.Now(), s.Now()
	for b.ResetTimer(); told < b.N; {
		if err := s.forward(time.Second); err != nil {
			b.Fatal(err)
		}
		for heard.Load() < int64(told) {
			runtime.Gosched()
		}
	}
	virtual := s.Now().Sub(from).Seconds()
	b.ReportMetric(float64(told)/virtual, "frames/virtual-s")
	b.ReportMetric(virtual/time.Since(begin).Seconds(), "x-real-time")
	b.ReportMetric(float64(time.Since(begin))/float64(told), "ns/frame")
}
