package backtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/derive"
	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// onTape is a series by its words: "klines 1m", "aggTrades", "fundingRate".
func onTape(words string) tape.Series {
	kind, length, _ := strings.Cut(words, " ")
	s := tape.Series{Key: row.Key{Product: exchange.UM, Symbol: "BTCUSDT", Kind: row.Kind(kind)}}
	s.Interval, _ = time.ParseDuration(length)
	return s
}

// TestChoice: which series of a tape a run reads, builds bars of, and derives marks from.
func TestChoice(t *testing.T) {
	perpetual := exchange.Instrument{Product: exchange.UM, Symbol: "BTCUSDT", Base: "BTC"}
	for _, c := range []struct {
		name, has string
		want      wish
		reads     string
		builds    string
		derives   string
		err       string
		match     Match
		hides     string
	}{
		{
			name: "all there", has: "klines 1m, klines 1h, markPriceKlines 1m, indexPriceKlines 1m, fundingRate",
			want: wish{bars: []time.Duration{time.Hour}}, reads: "klines 1m, klines 1h, markPriceKlines 1m, indexPriceKlines 1m, fundingRate",
		},
		{
			name: "bars that nobody wants", has: "klines 1h, klines 1m, klines 4h, fundingRate, markPriceKlines 1m",
			want: wish{bars: []time.Duration{time.Minute}}, reads: "klines 1m, markPriceKlines 1m, fundingRate",
		},
		{
			name: "longer bars are built of the shortest", has: "klines 1m, klines 1h, fundingRate, markPriceKlines 1m",
			want: wish{bars: []time.Duration{4 * time.Hour}}, reads: "klines 1m, markPriceKlines 1m, fundingRate", builds: "4h0m0s of BAR 1m0s",
		},
		{
			name: "marks of closes", has: "klines 1m, fundingRate", want: wish{bars: []time.Duration{time.Minute}},
			reads: "klines 1m, fundingRate", derives: "every 0s",
		},
		{
			name: "rare marks beside those of closes", has: "klines 1m, markPriceKlines 8h, fundingRate", want: wish{bars: []time.Duration{time.Minute}},
			reads: "klines 1m, markPriceKlines 8h, fundingRate", derives: "every 0s",
		},
		{
			name: "marks as frequent as bars", has: "klines 8h, markPriceKlines 8h, fundingRate", want: wish{bars: []time.Duration{8 * time.Hour}},
			reads: "klines 8h, markPriceKlines 8h, fundingRate",
		},
		{
			name: "trades are wanted", has: "klines 1m, aggTrades, fundingRate", want: wish{bars: []time.Duration{time.Minute}, trades: true},
			reads: "aggTrades, fundingRate", builds: "1m0s of TRADE 0s", derives: "every 1s",
		},
		{
			name: "trades make what bars do not", has: "klines 1h, aggTrades, markPriceKlines 1m, fundingRate", want: wish{bars: []time.Duration{time.Hour, time.Minute}},
			reads: "aggTrades, markPriceKlines 1m, fundingRate", builds: "1h0m0s of TRADE 0s, 1m0s of TRADE 0s",
		},
		{
			name: "single trades are prices where there are no others", has: "klines 1m, trades, fundingRate, markPrice", want: wish{trades: true},
			reads: "trades, markPrice, fundingRate",
		},
		{
			name: "never both kinds of trades", has: "trades, aggTrades, fundingRate, markPriceKlines 1m", reads: "aggTrades, markPriceKlines 1m, fundingRate",
		},
		{
			name: "messages of marks before their bars", has: "klines 1m, markPriceKlines 1m, markPrice, fundingRate",
			reads: "klines 1m, markPrice, fundingRate",
		},
		{
			name: "quotes, books and liquidations that are wanted", has: "klines 1m, markPriceKlines 1m, fundingRate, bookTicker, depth, liquidationSnapshot, bookDepth, metrics",
			want:  wish{quotes: true, books: true, liquidations: true},
			reads: "klines 1m, markPriceKlines 1m, fundingRate, bookTicker, depth, liquidationSnapshot",
		},
		{
			name: "quotes and books that nobody wants match orders", has: "klines 1m, markPriceKlines 1m, fundingRate, bookTicker, depth, liquidationSnapshot",
			reads: "klines 1m, markPriceKlines 1m, fundingRate, bookTicker, depth",
		},
		{
			name: "trades that nobody wants match orders", has: "klines 1m, aggTrades, markPriceKlines 1m, fundingRate, bookTicker",
			want: wish{bars: []time.Duration{time.Minute}}, reads: "aggTrades, markPriceKlines 1m, fundingRate, bookTicker", builds: "1m0s of TRADE 0s",
		},
		{
			name: "bars alone are to match", has: "klines 1m, aggTrades, markPriceKlines 1m, fundingRate, bookTicker, depth", match: MatchBars,
			reads: "klines 1m, markPriceKlines 1m, fundingRate",
		},
		{
			name: "bars alone are to match, whatever is wanted", has: "klines 1m, aggTrades, markPriceKlines 1m, fundingRate, bookTicker, depth", match: MatchBars,
			want:  wish{trades: true, quotes: true, books: true},
			reads: "klines 1m, markPriceKlines 1m, fundingRate, aggTrades, bookTicker, depth", hides: "TRADE BOOK_TICKER DEPTH",
		},
		{
			name: "bars are to match, but there are only trades", has: "aggTrades, markPriceKlines 1m, fundingRate, bookTicker", match: MatchBars,
			err: "orders are to match on bars, but the tape has none of UM BTCUSDT: import klines, or let data.match be \"auto\"",
		},
		{
			name: "trades are to match", has: "klines 1m, aggTrades, markPriceKlines 1m, fundingRate, bookTicker, depth", match: MatchTrades,
			want: wish{books: true}, reads: "aggTrades, markPriceKlines 1m, fundingRate, depth", hides: "DEPTH",
		},
		{
			name: "tickers are to match", has: "klines 1m, trades, markPriceKlines 1m, fundingRate, bookTicker, depth", match: MatchTickers,
			reads: "trades, markPriceKlines 1m, fundingRate, bookTicker",
		},
		{
			name: "the book is to match", has: "klines 1m, markPriceKlines 1m, fundingRate, depth", match: MatchDepth,
			reads: "klines 1m, markPriceKlines 1m, fundingRate, depth",
		},
		{
			name: "the book is to match and is missing", has: "klines 1m, aggTrades, bookTicker", match: MatchDepth,
			err: "orders are to match on depth, but the tape has none of UM BTCUSDT: import depth, or let data.match be \"auto\"",
		},
		{name: "no quotes", has: "klines 1m", want: wish{quotes: true}, err: "a strategy wants best bids and asks of UM BTCUSDT, but the tape has none: import bookTicker"},
		{name: "no book", has: "klines 1m", want: wish{books: true}, err: "a strategy wants the order book of UM BTCUSDT, but the tape has none: import depth"},
		{name: "no trades", has: "klines 1m", want: wish{trades: true}, err: "a strategy wants trades of UM BTCUSDT, but the tape has none: import aggTrades"},
		{name: "no prices", has: "fundingRate", err: "the tape has no prices of UM BTCUSDT: import klines or aggTrades"},
		{name: "bars that do not divide", has: "klines 1m, klines 4m", want: wish{bars: []time.Duration{90 * time.Second}}, err: "which do not make them"},
	} {
		p := &plan{match: c.match, derive: newRules(1), build: &builder{}}
		in := perpetual
		in.ID = 1
		var has []tape.Series
		for words := range strings.SplitSeq(c.has, ", ") {
			has = append(has, onTape(words))
		}
		keys, err := p.choose(&in, c.want, has)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: %v, want %s", c.name, err, c.err)
			}
			continue
		}
		var reads, builds []string
		for _, s := range keys {
			words := string(s.Kind)
			if s.Interval != 0 {
				words += " " + strings.NewReplacer("m0s", "m", "h0m0s", "h").Replace(s.Interval.String())
			}
			reads = append(reads, strings.ReplaceAll(words, "h0m", "h"))
		}
		for _, s := range p.build.bars {
			builds = append(builds, fmt.Sprintf("%v of %v %v", s.bar.Interval, s.from, s.step))
		}
		derives := ""
		if every, derived := p.derive.Marks(1); derived {
			derives = fmt.Sprintf("every %v", every)
		}
		var hides []string
		for k := exchange.KindTrade; p.hidden != nil && k <= exchange.KindClock; k++ {
			if p.hidden[1]>>k&1 != 0 {
				hides = append(hides, k.String())
			}
		}
		if got := strings.Join(hides, " "); got != c.hides {
			t.Errorf("%s: hides %q, want %q", c.name, got, c.hides)
		}
		if err != nil || strings.Join(reads, ", ") != c.reads || strings.Join(builds, ", ") != c.builds || derives != c.derives {
			t.Errorf("%s: %v\n reads %q, want %q\n builds %q, want %q\n derives %q, want %q", c.name, err, strings.Join(reads, ", "), c.reads, strings.Join(builds, ", "), c.builds, derives, c.derives)
		}
	}
}

// TestShortMarks: messages of marks that cover a part of what is read of the prices are
// not used, and said so.
func TestShortMarks(t *testing.T) {
	in := exchange.Instrument{ID: 1, Product: exchange.UM, Symbol: "BTCUSDT", Base: "BTC"}
	hour := exchange.Time(time.Hour)
	prices, marks, funding := onTape("klines 1m"), onTape("markPrice"), onTape("fundingRate")
	prices.From, prices.To = 10*hour, 20*hour
	for _, c := range []struct {
		from, to, runFrom, runTo exchange.Time
		used                     bool
	}{
		{10 * hour, 20 * hour, 0, 0, true},
		{10*hour + exchange.Time(time.Minute), 20*hour - exchange.Time(time.Minute), 0, 0, true},
		{11 * hour, 20 * hour, 0, 0, false},
		{10 * hour, 19 * hour, 0, 0, false},
		{11 * hour, 19 * hour, 12 * hour, 18 * hour, true},
		{11 * hour, 19 * hour, 9 * hour, 18 * hour, false},
		{11 * hour, 19 * hour, 12 * hour, 30 * hour, false},
	} {
		p := &plan{derive: newRules(1), build: &builder{}}
		p.window.from, p.window.to = c.runFrom, c.runTo
		marks.From, marks.To = c.from, c.to
		keys, err := p.choose(&in, wish{}, []tape.Series{prices, marks, funding})
		if err != nil {
			t.Fatal(err)
		}
		used := slices.ContainsFunc(keys, func(s tape.Series) bool { return s.Kind == row.MarkPrice })
		warned := slices.ContainsFunc(p.warnings, func(w Warning) bool { return w.Kind == "short" })
		if _, derived := p.derive.Marks(1); used != c.used || warned == c.used || derived == c.used {
			t.Errorf("%+v: used %v, warned %v, derived %v", c, used, warned, derived)
		}
	}
}

// TestShortMatch: what covers a part of the prices does not match orders of its own
// accord, and does when it is asked for; both are said.
func TestShortMatch(t *testing.T) {
	in := exchange.Instrument{ID: 1, Product: exchange.UM, Symbol: "BTCUSDT", Delivery: 99}
	hour := exchange.Time(time.Hour)
	bars, trades, quotes, depth := onTape("klines 1m"), onTape("aggTrades"), onTape("bookTicker"), onTape("depth")
	bars.To, trades.To, quotes.From, quotes.To = 20*hour, 20*hour, 5*hour, 20*hour
	depth.From, depth.To = 5*hour, 6*hour
	for _, c := range []struct {
		match      Match
		from, to   exchange.Time
		want       wish
		reads      string
		hides      kindSet
		warnings   int
		firstWords string
	}{
		{MatchAuto, 0, 0, wish{}, "aggTrades", 0, 2, "orders of UM BTCUSDT do not match on its recorded tickers, 1970-01-01T05:00:00Z to 1970-01-01T20:00:00Z, which cover a part"},
		{MatchAuto, 0, 0, wish{quotes: true}, "aggTrades bookTicker", 1 << exchange.KindBookTicker, 2, "orders of"},
		{MatchAuto, 5 * hour, 0, wish{}, "aggTrades bookTicker", 0, 1, "orders of UM BTCUSDT do not match on its recorded depth"},
		{MatchAuto, 5 * hour, 6 * hour, wish{}, "aggTrades bookTicker depth", 0, 0, ""},
		{MatchDepth, 0, 0, wish{}, "aggTrades bookTicker depth", 0, 2, "orders of UM BTCUSDT match on recorded tickers from 1970-01-01T05:00:00Z to 1970-01-01T20:00:00Z only"},
		{MatchBars, 0, 0, wish{}, "klines", 0, 0, ""},
	} {
		p := &plan{match: c.match, derive: newRules(1), build: &builder{}}
		p.window.from, p.window.to = c.from, c.to
		keys, err := p.choose(&in, c.want, []tape.Series{bars, trades, quotes, depth, onTape("markPriceKlines 1m")})
		if err != nil {
			t.Fatal(err)
		}
		var reads []string
		for _, s := range keys {
			if s.Kind != row.MarkPriceKlines {
				reads = append(reads, string(s.Kind))
			}
		}
		var hides kindSet
		if p.hidden != nil {
			hides = p.hidden[1]
		}
		if strings.Join(reads, " ") != c.reads || hides != c.hides || len(p.warnings) != c.warnings {
			t.Errorf("%+v: reads %v, hides %b, warnings %v", c, reads, hides, p.warnings)
		}
		if c.warnings > 0 && !strings.HasPrefix(p.warnings[0].Text, c.firstWords) {
			t.Errorf("%+v: warning %q", c, p.warnings[0].Text)
		}
	}
}

// TestMatchNames reads every name and refuses others.
func TestMatchNames(t *testing.T) {
	for want, name := range matchNames {
		var m Match
		if err := m.UnmarshalText([]byte(name)); err != nil || int(m) != want || m.String() != name {
			t.Errorf("%s is %v (%v)", name, m, err)
		}
	}
	var m Match
	if err := m.UnmarshalText([]byte("ticks")); err == nil || !strings.Contains(err.Error(), `data to match on "ticks"`) {
		t.Errorf("%v", err)
	}
}

// TestMissingFundingIsWarnedOf for perpetuals; dated contracts settle none.
func TestMissingFundingIsWarnedOf(t *testing.T) {
	for delivery, want := range map[exchange.Time]int{0: 1, 99: 0} {
		p := &plan{derive: newRules(1), build: &builder{}}
		in := exchange.Instrument{ID: 1, Product: exchange.UM, Symbol: "BTCUSDT", Delivery: delivery}
		if _, err := p.choose(&in, wish{}, []tape.Series{onTape("klines 1m"), onTape("markPriceKlines 1m")}); err != nil {
			t.Fatal(err)
		}
		if len(p.warnings) != want || want == 1 && p.warnings[0].Text != "the tape has no funding of UM BTCUSDT: none is paid or received" {
			t.Errorf("delivery %d: %v", delivery, p.warnings)
		}
	}
}

// TestSeriesFindTheirInstrument: a dated UM contract has the perpetual's symbol for its
// pair, and index prices of CM are the pair's.
func TestSeriesFindTheirInstrument(t *testing.T) {
	ins, err := exchange.NewInstruments(
		exchange.Instrument{Product: exchange.UM, Symbol: "BTCUSDT_261225", Pair: "BTCUSDT", Base: "BTC", MarginAsset: "USDT"},
		exchange.Instrument{Product: exchange.UM, Symbol: "BTCUSDT", Pair: "BTCUSDT", Base: "BTC", MarginAsset: "USDT"},
		exchange.Instrument{Product: exchange.CM, Symbol: "BTCUSD_PERP", Pair: "BTCUSD", Base: "BTC", MarginAsset: "BTC"},
	)
	if err != nil {
		t.Fatal(err)
	}
	find := instrumentOf(ins)
	for _, c := range []struct {
		p      exchange.Product
		symbol string
		want   exchange.InstrumentID
	}{{exchange.UM, "BTCUSDT", 2}, {exchange.UM, "BTCUSDT_261225", 1}, {exchange.CM, "BTCUSD", 3}, {exchange.CM, "BTCUSD_PERP", 3}} {
		if got, err := find(c.p, c.symbol); err != nil || got != c.want {
			t.Errorf("%v %s is %d, want %d (%v)", c.p, c.symbol, got, c.want, err)
		}
	}
	if _, err := find(exchange.CM, "BTCUSDT"); err == nil || !strings.Contains(err.Error(), "CM BTCUSDT") {
		t.Errorf("%v", err)
	}
	all := []tape.Series{
		{Key: row.Key{Product: exchange.CM, Symbol: "BTCUSD_PERP", Kind: row.Klines}}, {Key: row.Key{Product: exchange.CM, Symbol: "BTCUSD", Kind: row.IndexPriceKlines}},
		{Key: row.Key{Product: exchange.CM, Symbol: "BTCUSD", Kind: row.Klines}}, {Key: row.Key{Product: exchange.UM, Symbol: "BTCUSD_PERP", Kind: row.Klines}},
	}
	if got := of(all, ins.At(3)); len(got) != 2 || got[0].Kind != row.Klines || got[1].Kind != row.IndexPriceKlines {
		t.Errorf("%+v", got)
	}
}

// TestMarkEvery: an index comes as often as the marks it is made of, which are those of
// the instrument that prices the coin and not another's.
func TestMarkEvery(t *testing.T) {
	in := exchange.Instrument{ID: 2, Product: exchange.UM, Symbol: "BTCUSDT"}
	p := &plan{}
	if got := p.markEvery(&in); got != time.Minute {
		t.Errorf("without any, %v", got)
	}
	mark := func(symbol string, every time.Duration) DataInfo {
		return DataInfo{Product: exchange.UM, Symbol: symbol, Kind: string(row.MarkPriceKlines), Interval: every}
	}
	p.data = []DataInfo{mark("ETHUSDT", 8*time.Hour), mark("BTCUSDT", time.Hour)}
	if got := p.markEvery(&in); got != time.Hour {
		t.Errorf("recorded, %v", got)
	}
	p.promise(derive.PromiseOf(1, exchange.Cadence{Kind: exchange.KindMark, Every: time.Second, Rule: "x"}, ""))
	p.promise(derive.PromiseOf(2, exchange.Cadence{Kind: exchange.KindMark, Every: 5 * time.Minute, Rule: "x"}, ""))
	if got := p.markEvery(&in); got != 5*time.Minute {
		t.Errorf("derived, %v", got)
	}
}

func TestSampleInterval(t *testing.T) {
	for span, want := range map[time.Duration]time.Duration{
		time.Hour: time.Minute, 2000 * time.Minute: time.Minute, 2001 * time.Minute: 5 * time.Minute,
		90 * 24 * time.Hour: 2 * time.Hour, 666 * 24 * time.Hour: 8 * time.Hour, 3000 * 24 * time.Hour: 24 * time.Hour,
	} {
		if got := sampleInterval(span); got != want {
			t.Errorf("%v: every %v, want %v", span, got, want)
		}
	}
}
