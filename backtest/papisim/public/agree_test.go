package public

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/book"
)

// readPiece reads a frame of differences or, with bids and asks, a snapshot. Names
// that differ in case alone, as U and u, are told apart.
func readPiece(t *testing.T, body string) exchange.Depth {
	t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(body), &fields); err != nil {
		t.Fatal(err)
	}
	number := func(name string) int64 {
		var n int64
		if raw, ok := fields[name]; ok {
			if err := json.Unmarshal(raw, &n); err != nil {
				t.Fatal(err)
			}
		}
		return n
	}
	levels := func(name string) (list []exchange.Level) {
		var rows [][2]string
		if raw, ok := fields[name]; ok {
			if err := json.Unmarshal(raw, &rows); err != nil {
				t.Fatal(err)
			}
		}
		for _, r := range rows {
			list = append(list, exchange.Level{Price: exchange.MustFixed(r[0]), Qty: exchange.MustFixed(r[1])})
		}
		return list
	}
	if _, ok := fields["lastUpdateId"]; ok {
		return exchange.Depth{Snapshot: true, Last: number("lastUpdateId"), Bids: levels("bids"), Asks: levels("asks")}
	}
	return exchange.Depth{First: number("U"), Last: number("u"), Prev: number("pu"), Bids: levels("b"), Asks: levels("a")}
}

// TestBooksAgree lets a client build books from the streams and one early snapshot, as it
// must on Binance. They stay in sync and are at the end what a snapshot of then says.
func TestBooksAgree(t *testing.T) {
	for _, test := range []struct {
		stream Key
		path   string
		rule   book.Rule
	}{
		{Key{Futures, "btcusdt@depth@100ms"}, "/fapi/v1/depth?symbol=BTCUSDT&limit=1000", book.Futures},
		{Key{Futures, "btcusdt@depth"}, "/fapi/v1/depth?symbol=BTCUSDT&limit=1000", book.Futures},
		{Key{Futures, "btcusd_perp@depth@500ms"}, "/dapi/v1/depth?symbol=BTCUSD_PERP&limit=1000", book.Futures},
		{Key{Spot, "btcusdt@depth@100ms"}, "/api/v3/depth?symbol=BTCUSDT&limit=5000", book.Spot},
	} {
		ins := listed(t)
		s, m := New(ins), generated(t, ins)
		play(t, s, m, begin.Add(3*time.Second), nil)
		s.Listen(test.stream, begin.Add(3*time.Second))
		client, applied := book.New(test.rule), 0
		take := func() {
			for _, f := range s.Frames() {
				d := readPiece(t, string(f.Body))
				switch outcome := client.Apply(&d); {
				case outcome.Resync():
					t.Fatalf("%s: %v", test.stream.Name, outcome)
				case outcome == book.Applied:
					applied++
				}
			}
		}
		play(t, s, m, begin.Add(5*time.Second+350*time.Millisecond), func(*exchange.Event) { take() })
		early := readPiece(t, ask(t, s, test.path, s.now))
		client.Apply(&early)
		play(t, s, m, begin.Add(30*time.Second), func(*exchange.Event) { take() })
		s.Pass(begin.Add(31 * time.Second))
		take()
		late := readPiece(t, ask(t, s, test.path, s.now))
		bids, asks := client.Append(nil, exchange.Buy, 5000), client.Append(nil, exchange.Sell, 5000)
		if client.UpdateID() != late.Last || !slices.Equal(bids, late.Bids) || !slices.Equal(asks, late.Asks) {
			t.Errorf("%s: the client's book of %d differs from the snapshot of %d", test.stream.Name, client.UpdateID(), late.Last)
		}
		if applied < 20 {
			t.Errorf("%s: %d pieces", test.stream.Name, applied)
		}
	}
}

// TestTickersAgree compares every bookTicker with the book of the same update id, as a
// client can.
func TestTickersAgree(t *testing.T) {
	ins := listed(t)
	s := New(ins)
	ticker, depth := Key{Futures, "ethusdt@bookTicker"}, Key{Futures, "ethusdt@depth@100ms"}
	s.Listen(ticker, begin)
	s.Listen(depth, begin)
	tops := map[int64]string{}
	client, compared := book.New(book.Futures), 0
	first := exchange.Depth{Snapshot: true, Last: s.symbols[umETH].depth.last}
	client.Apply(&first)
	play(t, s, generated(t, ins), begin.Add(20*time.Second), func(*exchange.Event) {
		for _, f := range s.Frames() {
			if f.Key == depth {
				d := readPiece(t, string(f.Body))
				client.Apply(&d)
				b := client.BookTicker()
				if top, ok := tops[d.Last]; ok {
					compared++
					if got := fmt.Sprint(b.Bid, b.BidQty, b.Ask, b.AskQty); got != top {
						t.Fatalf("book of %d: %s, bookTicker %s", d.Last, got, top)
					}
				}
				continue
			}
			var b map[string]any
			if err := json.Unmarshal(f.Body, &b); err != nil {
				t.Fatal(err)
			}
			number := func(name string) exchange.Fixed { return exchange.MustFixed(b[name].(string)) }
			tops[int64(b["u"].(float64))] = fmt.Sprint(number("b"), number("B"), number("a"), number("A"))
		}
	})
	if compared < 50 {
		t.Errorf("only %d common update ids", compared)
	}
}

// TestCandlesAgree compares candles of all short intervals with those that package book makes
// of the same trades.
func TestCandlesAgree(t *testing.T) {
	ins := listed(t)
	s := New(ins)
	type of struct {
		inst  exchange.InstrumentID
		every interval
	}
	builders, want := map[of]*book.Bars{}, map[of][]exchange.Bar{}
	for i := range ins.Len() {
		for _, every := range []interval{minute1, minute3, minute5} {
			b, err := book.NewBars(ins.At(exchange.InstrumentID(i+1)), every.length())
			if err != nil {
				t.Fatal(err)
			}
			builders[of{exchange.InstrumentID(i + 1), every}] = b
		}
	}
	end := begin.Add(11 * time.Minute)
	play(t, s, generated(t, ins), end, func(e *exchange.Event) {
		if e.Kind != exchange.KindTrade {
			return
		}
		for _, every := range []interval{minute1, minute3, minute5} {
			at := of{e.Inst, every}
			closed, ok, err := builders[at].Add(e.At, e.Trade())
			if err != nil {
				t.Fatal(err)
			}
			if ok {
				want[at] = append(want[at], closed)
			}
		}
	})
	for at, bars := range want {
		sym := &s.symbols[at.inst]
		sym.candles.roll(end)
		got := sym.candles.series[at.every].closed
		if len(got) < len(bars) || len(bars) < 2 {
			t.Fatalf("%s %s: %d candles, %d bars", sym.in.Name(), at.every.text(), len(got), len(bars))
		}
		for i, b := range bars {
			c := got[i]
			if c.start != b.Start || c.open != b.Open || c.high != b.High || c.low != b.Low || c.close != b.Close || c.volume != b.Volume ||
				c.quoteVolume != b.QuoteVolume || c.takerBuy != b.TakerBuy || c.trades != b.Trades {
				t.Errorf("%s %s: candle %+v, bar %+v", sym.in.Name(), at.every.text(), c, b)
			}
		}
	}
}

// TestQuietCandles closes minutes in which nothing happens, flat and without ids, and tells
// each once.
func TestQuietCandles(t *testing.T) {
	s := New(listed(t))
	key := Key{Futures, "btcusdt@kline_1m"}
	s.Listen(key, begin)
	e := exchange.Event{At: begin.Add(time.Second), Inst: umBTC}
	e.SetTrade(exchange.Trade{Price: exchange.MustFixed("60000"), Qty: exchange.FixedOne, ID: 1, First: 1, Last: 1})
	s.Market(&e)
	for s.Due() <= begin.Add(3*time.Minute) {
		s.Pass(s.Due())
	}
	var got []string
	for _, f := range s.Frames() {
		var frame struct {
			K struct {
				T int64 `json:"t"`
				F int64 `json:"f"`
				X bool  `json:"x"`
				C string
				V string `json:"v"`
			} `json:"k"`
		}
		if err := json.Unmarshal(f.Body, &frame); err != nil {
			t.Fatal(err)
		}
		k := frame.K
		got = append(got, fmt.Sprint((k.T-begin.Millis())/60_000, " ", k.F > 0, " ", k.X, " ", k.V))
	}
	want := []string{"0 true false 1.000", "0 true true 1.000", "1 false true 0.000", "2 false true 0.000"}
	if !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
}

// TestBarsFeedAll lets bars alone make candles, a last price, a book and a ticker.
func TestBarsFeedAll(t *testing.T) {
	s := New(listed(t))
	key := Key{Futures, "btcusdt@kline_15m"}
	s.Listen(key, begin)
	for i := range 4 {
		start := begin.Add(time.Duration(i) * 15 * time.Minute)
		price := exchange.Fixed(60_000+i) * exchange.FixedOne
		e := exchange.Event{At: start.Add(15 * time.Minute), Inst: umBTC}
		e.SetBar(&exchange.Bar{
			Start: start, Interval: 15 * time.Minute, Open: price, High: price + exchange.FixedOne, Low: price - exchange.FixedOne, Close: price,
			Volume: exchange.WideOf(10 * exchange.FixedOne), QuoteVolume: exchange.WideOf(10 * price), TakerBuy: exchange.WideOf(4 * exchange.FixedOne), Trades: 7,
		})
		s.Market(&e)
		s.Pass(e.At.Add(250 * time.Millisecond))
	}
	closed := 0
	for _, f := range s.Frames() {
		if string(f.Body) != "" && f.Key == key {
			closed++
		}
	}
	if closed != 4 {
		t.Errorf("%d candles of 15 minutes told, want 4", closed)
	}
	now := begin.Add(time.Hour)
	for path, want := range map[string]string{
		"/fapi/v1/ticker/price?symbol=BTCUSDT":       `{"symbol":"BTCUSDT","price":"60003.0","time":1793610000000}`,
		"/fapi/v1/ticker/bookTicker?symbol=BTCUSDT":  `{"symbol":"BTCUSDT","bidPrice":"60003.0","bidQty":"10.000","askPrice":"60003.1","askQty":"10.000","time":1793610000000,"lastUpdateId":11000000000014}`,
		"/fapi/v1/klines?symbol=BTCUSDT&interval=1h": `[[1793606400000,"60000.0","60004.0","59999.0","60003.0","40.000",1793609999999,"2400060.0000",28,"16.000","960024.0000","0"]]`,
	} {
		if got := ask(t, s, path, now); got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
}
