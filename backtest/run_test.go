package backtest

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// TestOrderWithinAnInstant is everything that a strategy is told around one instant at
// which a funding settles, a timer is due, a bar closes and the next opens.
func TestOrderWithinAnInstant(t *testing.T) {
	var lines []string
	watch := through{program(puppet{
		start: func(p *puppet, env *strategy.Env) error {
			env.At(day.Add(8*time.Hour), 42)
			return sees(time.Hour, 0)(p, env)
		},
		bar: func(p *puppet, env *strategy.Env, in *exchange.Instrument, b *exchange.Bar) {
			if p.n++; p.n == 6 || p.n == 8 { // the bars that close at 6:00 and 8:00
				env.Send(strategy.Buy(in, exchange.MustFixed("0.1")).Market())
				env.After(0, 99)
			}
		},
		timer: func(p *puppet, env *strategy.Env, id uint64) {
			if id == 42 {
				env.Send(strategy.Buy(p.in, exchange.MustFixed("0.2")).Market())
			}
		},
	}), func(r *strategy.Runtime) Player {
		return spy{Local{r}, func(e *exchange.Event) { lines = append(lines, told(e)) }}
	}}
	cfg := deskConfig(1, time.Hour)
	cfg.Sample = 4 * time.Hour
	runDesk(t, cfg, watch)
	from := slices.IndexFunc(lines, func(s string) bool { return strings.HasPrefix(s, "7h") })
	to := slices.IndexFunc(lines, func(s string) bool { return strings.HasPrefix(s, "9h") })
	wantLines(t, lines[:3], "0s ledger DEPOSIT", "0s state ACTIVE", "0s account")
	wantLines(t, lines[from:to],
		"7h0m0s bar of 1h0m0s",
		// The venue digests the instant first: what it books comes before all else.
		"8h0m0s ledger FUNDING_FEE",
		"8h0m0s account",
		// Then the timers that are due, and the answers to what they make strategies do.
		"8h0m0s timer 42",
		"8h0m0s order_update #2 PENDING_NEW",
		"8h0m0s order_update #2 WORKING",
		// Then the market.
		"8h0m0s bar of 1h0m0s",
		"8h0m0s order_update #3 PENDING_NEW",
		"8h0m0s funding",
		"8h0m0s timer 99",
		"8h0m0s order_update #3 WORKING",
		// Then the next bar opens, and what waited for it fills.
		"8h0m0s fill #2 BUY 0.2",
		"8h0m0s order_update #2 FILLED",
		"8h0m0s ledger COMMISSION",
		"8h0m0s fill #3 BUY 0.1",
		"8h0m0s order_update #3 FILLED",
		"8h0m0s ledger COMMISSION",
		"8h0m0s account",
		// A sample is of the end of its instant.
		"8h0m0s account")
}

// TestWarmUp: bars from before the run come as history, and orders are refused.
func TestWarmUp(t *testing.T) {
	type seen struct {
		at      string
		warming bool
	}
	var bars []seen
	trades := program(puppet{
		start: sees(2*time.Hour, 3),
		bar: func(p *puppet, env *strategy.Env, in *exchange.Instrument, b *exchange.Bar) {
			bars = append(bars, seen{since(env.Now()), env.Warming()})
			env.Send(strategy.Buy(in, exchange.MustFixed("0.01")).Market())
		},
	})
	cfg := deskConfig(2, time.Hour)
	cfg.From, cfg.To = day.Add(27*time.Hour), day.Add(33*time.Hour)
	res := runDesk(t, cfg, trades)
	if res.From != cfg.From || res.To != cfg.To {
		t.Errorf("samples from %v to %v", res.From, res.To)
	}
	for _, f := range res.Fills.All() {
		if f.At < cfg.From {
			t.Errorf("a fill at %v", f.At)
		}
	}
	if res.Fills.Len() != 3 || len(res.Refusals) != len(bars)-3-1 && len(res.Refusals) != len(bars)-3 {
		t.Errorf("%d fills, %d refusals, %d bars", res.Fills.Len(), len(res.Refusals), len(bars))
	}
	for _, r := range res.Refusals {
		if r.Text != "refused by state: trading is halted by START: not started yet, limit it must be active" || r.At >= cfg.From {
			t.Errorf("%+v", r)
		}
	}
	for _, b := range bars {
		d, err := time.ParseDuration(b.at)
		if err != nil || b.warming != (d < 27*time.Hour) {
			t.Errorf("at %s warming is %v", b.at, b.warming)
		}
	}
	if res.Orders.OpenAtEnd != 0 {
		t.Errorf("%d open at the end", res.Orders.OpenAtEnd)
	}
}

func TestReadsFrom(t *testing.T) {
	player := func(s ...strategy.Subscription) Player { return fixed{subscriptions: s} }
	bars := func(d time.Duration, n int) strategy.Subscription {
		return strategy.Subscription{Inst: 1, Kind: exchange.KindBar, Interval: d, Warmup: n}
	}
	fundings := func(n int) strategy.Subscription {
		return strategy.Subscription{Inst: 1, Kind: exchange.KindFunding, Warmup: n}
	}
	for _, c := range []struct {
		list []Player
		want int64
	}{
		{[]Player{player(fundings(0))}, 63},
		{[]Player{player(fundings(2), bars(time.Minute, 2))}, 63 - 2*8*60},
		{[]Player{player(bars(time.Minute, 0))}, 63},
		{[]Player{player(bars(time.Minute, 2))}, 61},
		{[]Player{player(bars(5*time.Minute, 2))}, 50},
		{[]Player{player(bars(5*time.Minute, 2)), player(bars(time.Hour, 1), bars(time.Minute, 9))}, 0},
	} {
		p := newPlayers(c.list, nil, 1, nil)
		if got := p.reads(minute(63)); got != minute(c.want) {
			t.Errorf("reads from %dm, want %dm", int64(got)/int64(time.Minute), c.want)
		}
	}
}

// fixed is a player of which only the subscriptions matter.
type fixed struct {
	Player
	subscriptions []strategy.Subscription
}

func (f fixed) Subscriptions() []strategy.Subscription { return f.subscriptions }

// TestGridGoesToTheEnd: samples are taken to the end of the run, also where the market is
// silent.
func TestGridGoesToTheEnd(t *testing.T) {
	cfg := deskConfig(2, 8*time.Hour)
	cfg.To, cfg.Sample = day.Add(39*time.Hour), time.Hour
	res := runDesk(t, cfg, program(puppet{start: sees(8*time.Hour, 0)}))
	if n := len(res.Equity); n != 40 {
		t.Errorf("%d samples of 40", n)
	}
	for i, s := range res.Equity {
		if s.At != day.Add(time.Duration(i)*time.Hour) {
			t.Fatalf("sample %d is of %v", i, s.At)
		}
	}
}

// TestOpenAtEnd counts what the exchange still holds: a stop and its fill leave nothing, a
// limit far away stays.
func TestOpenAtEnd(t *testing.T) {
	res := runDesk(t, deskConfig(2, time.Hour), program(puppet{
		start: sees(time.Hour, 0),
		bar: func(p *puppet, env *strategy.Env, in *exchange.Instrument, b *exchange.Bar) {
			if p.n++; p.n == 1 {
				env.Send(strategy.Buy(in, exchange.FixedOne/10).Limit((b.Close / 2).Round(in.Tick, exchange.RoundFloor)))
				env.Send(strategy.Buy(in, exchange.FixedOne/10).Stop((b.Close + b.Close/2000).Round(in.Tick, exchange.RoundCeil)))
				env.Send(strategy.Sell(in, exchange.FixedOne/10).Stop((b.Close - b.Close/2000).Round(in.Tick, exchange.RoundFloor)))
			}
		},
	}))
	if res.Fills.Len() != 2 || res.Orders.OpenAtEnd != 1 || res.Orders.Sent != 3 {
		t.Errorf("%d fills, %+v", res.Fills.Len(), res.Orders)
	}
}

// TestHaltIsWarnedOf: a run in which a control failed says so.
func TestHaltIsWarnedOf(t *testing.T) {
	r := newRecorder(attributed(t, 1).ins, []string{"a"})
	e := exchange.Event{At: day}
	for _, s := range []exchange.TradingState{exchange.Active, exchange.Halted} {
		e.SetState(&exchange.StateChange{State: s, Reason: "control x failed"})
		r.observe(&e)
	}
	want := Warning{"halt", "trading was HALTED from 2024-03-01T00:00:00Z: control x failed"}
	if len(r.warnings) != 1 || r.warnings[0] != want {
		t.Errorf("%v", r.warnings)
	}
}

// TestPricesOfSeveralLengths: a longer bar adds nothing to what the shorter have told, and
// above all not at the wrong place.
func TestPricesOfSeveralLengths(t *testing.T) {
	r := newRecorder(attributed(t, 1).ins, []string{"a"})
	for n := range int64(6) {
		e := barAt(minute(n+1), 1, time.Minute, 100+10*n)
		r.market(&e)
	}
	long := barAt(minute(6), 1, 6*time.Minute, 500)
	r.market(&long)
	if p := r.prices[1].points; len(p) != 6 || p[5].High != price(152) || r.prices[1].last() != price(151) {
		t.Errorf("%+v", p)
	}
}

// TestReasonsAreForgotten when an order is over or was refused, so that memory is bounded.
func TestReasonsAreForgotten(t *testing.T) {
	r := newRecorder(attributed(t, 1).ins, []string{"a"})
	wish := func(ref uint64) exchange.Intent {
		return exchange.Intent{Kind: exchange.IntentNew, Strategy: 1, Ref: ref, Tag: "why"}
	}
	r.wished([]exchange.Intent{wish(1), wish(2), wish(3)})
	e := exchange.Event{At: day, Inst: 1}
	e.SetRefusal(&exchange.Refusal{Intent: wish(1), Rule: "x"})
	r.observe(&e)
	amend := wish(2)
	amend.Kind = exchange.IntentAmend // refused, but the order works on
	e.SetRefusal(&exchange.Refusal{Intent: amend, Rule: "x"})
	r.observe(&e)
	e.SetOrderUpdate(&exchange.OrderUpdate{Strategy: 1, Ref: 3, Status: exchange.StatusCanceled})
	r.observe(&e)
	if len(r.tags[1]) != 1 || r.tags[1][2] != "why" || r.refusals[0].Tag != "why" {
		t.Errorf("%v", r.tags[1])
	}
}

// TestLedgerAddsUp: what a strategy was told of the account's bookings is what the
// balances say, to the last digit.
func TestLedgerAddsUp(t *testing.T) {
	sums := map[string]decimal.Decimal{}
	pattern := puppet{start: sees(time.Hour, 0), bar: func(p *puppet, env *strategy.Env, in *exchange.Instrument, b *exchange.Bar) {
		if p.n++; p.n%3 == 0 {
			env.Send(strategy.Buy(in, exchange.FixedOne/10).Market())
		} else if p.n%5 == 0 {
			env.Send(strategy.Sell(in, exchange.FixedOne/5).Market())
		}
	}}
	watch := through{program(pattern), func(r *strategy.Runtime) Player {
		return spy{Local{r}, func(e *exchange.Event) {
			if e.Kind == exchange.KindLedger {
				l := e.Ledger()
				sums[l.Asset] = sums[l.Asset].Add(l.Delta)
			}
		}}
	}}
	res := runDesk(t, deskConfig(10, time.Hour), watch)
	if len(res.Balances) != 1 || !res.Balances[0].End.Equal(sums["USDT"]) || res.Fills.Len() < 50 || len(res.Settlements) < 10 {
		t.Errorf("balances %+v, bookings sum to %v; %d fills, %d settlements", res.Balances, sums, res.Fills.Len(), len(res.Settlements))
	}
	for _, s := range res.Settlements {
		if s.Rate == 0 {
			t.Errorf("%+v has no rate", s)
		}
	}
}

func TestPlanErrors(t *testing.T) {
	empty := t.TempDir()
	if _, err := tape.Create(empty); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		change func(cfg *Config)
		start  func(*puppet, *strategy.Env) error
		want   string
	}{
		{"nothing to read", func(cfg *Config) { cfg.Data.Generate = GenerateConfig{} }, nil, "data: name a tape, or days and bar of a market to generate"},
		{"no such tape", func(cfg *Config) { cfg.Data.Tape = empty + "/none" }, nil, "none"},
		{"no data of the symbol", func(cfg *Config) { cfg.Data.Tape = empty }, nil, "no data of UM BTCUSDT on tape " + empty + "; see pmbot data ls and pmbot data import"},
		{"bars that do not divide", nil, sees(90*time.Minute, 0), "a strategy wants 1h30m bars of UM BTCUSDT; the data has bars of 1h, which do not make them"},
		{"shorter bars", nil, sees(time.Minute, 0), "which do not make them"},
		{"trades", nil, func(p *puppet, env *strategy.Env) error {
			err := sees(time.Hour, 0)(p, env)
			env.Trades(p.in)
			return err
		}, "a strategy wants trades of UM BTCUSDT; this generated market has bars only"},
		{"a coin that nothing prices", func(cfg *Config) { cfg.Account.Margin = map[string]decimal.Decimal{"DOGE": decimal.New(1, 0)} }, nil,
			"nothing in the run prices DOGE, which the account holds or settles in; let a strategy parameter name a future of it"},
		{"limits", func(cfg *Config) { cfg.Risk.UniMMRMin = decimal.New(1, 0) }, nil, "risk limits: unimmr_min is 1; it must be 1.2 to 1000"},
		{"an unknown symbol", func(cfg *Config) {
			cfg.Strategies[0].Params = map[string]string{"leg": "UM:NOSUCH"}
		}, nil, "no such instrument: UM NOSUCH"},
		{"no strategy", func(cfg *Config) { cfg.Strategies = nil }, nil, "no strategy is configured"},
		{"two of one name", func(cfg *Config) { cfg.Strategies = append(cfg.Strategies, StrategyConfig{Plugin: "x"}) }, nil, "two strategies are called puppet; give one a label"},
	} {
		cfg := deskConfig(1, time.Hour)
		pattern := puppet{start: sees(time.Hour, 0)}
		if c.start != nil {
			pattern.start = c.start
		}
		if c.change != nil {
			c.change(cfg)
		}
		programs := make([]Program, len(cfg.Strategies))
		for i := range programs {
			programs[i] = program(pattern)
		}
		_, err := Run(context.Background(), cfg, Options{Programs: programs})
		if err == nil || !strings.Contains(err.Error(), c.want) || !errors.Is(err, ErrConfig) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if (c.name == "no data of the symbol") != errors.Is(err, ErrNoData) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestSpanErrors: a run without time says where the data is.
func TestSpanErrors(t *testing.T) {
	for _, c := range []struct {
		from, to time.Duration
		want     string
	}{
		{48 * time.Hour, 0, "the data ends before the run begins: from is 2024-03-03T00:00:00Z, the data ends at 2024-03-02T00:00:00Z"},
		{0, -time.Hour, "there is no market data in the chosen time; see pmbot data ls"},
	} {
		cfg := deskConfig(1, time.Hour)
		if c.from != 0 {
			cfg.From = day.Add(c.from)
		}
		if c.to != 0 {
			cfg.To = day.Add(c.to)
		}
		_, err := Run(context.Background(), cfg, Options{Programs: []Program{program(puppet{start: sees(time.Hour, 0)})}})
		if err == nil || err.Error() != c.want {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}

// TestLostStrategyEndsTheRun, and so does the caller's context.
func TestLostStrategyEndsTheRun(t *testing.T) {
	lost := errors.New("the process died")
	n := 0
	dies := through{program(puppet{start: sees(time.Hour, 0)}), func(r *strategy.Runtime) Player {
		return &mortal{Local: Local{r}, left: 5, err: lost, closed: &n}
	}}
	_, err := Run(context.Background(), deskConfig(1, time.Hour), Options{Programs: []Program{dies}})
	if !errors.Is(err, lost) || !strings.Contains(err.Error(), "strategy puppet: the process died") || n != 1 {
		t.Errorf("%v, closed %d times", err, n)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Run(ctx, deskConfig(30, time.Hour), Options{Programs: []Program{program(puppet{start: sees(time.Hour, 0)})}}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

type mortal struct {
	Local
	left   int
	err    error
	closed *int
}

func (m *mortal) Deliver(e *exchange.Event) (*strategy.Output, error) {
	if m.left--; m.left < 0 {
		return nil, m.err
	}
	return m.Local.Deliver(e)
}

func (m *mortal) Close() error { *m.closed++; return nil }

// TestQuietBarsCostNothing: a bar on which nothing happens allocates nothing, so memory
// stays flat however long the run is.
func TestQuietBarsCostNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("runs 300,000 bars")
	}
	measure := func(days int) (objects, bytes uint64) {
		cfg := deskConfig(days, time.Minute)
		cfg.Sample = 200 * 24 * time.Hour
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		res := runDesk(t, cfg, program(puppet{start: sees(time.Minute, 0)}))
		runtime.ReadMemStats(&after)
		if res.Fills.Len() != 0 || res.Events < uint64(days)*1440 {
			t.Fatalf("%d fills, %d events", res.Fills.Len(), res.Events)
		}
		return after.Mallocs - before.Mallocs, after.TotalAlloc - before.TotalAlloc
	}
	measure(1) // what is made once
	objects, bytes := measure(70)
	objects2, bytes2 := measure(140)
	t.Logf("100,800 bars: %d objects, %d bytes; twice as many: %d and %d", objects, bytes, objects2, bytes2)
	if more := int64(objects2) - int64(objects); more > 2000 {
		t.Errorf("%d objects for 100,800 quiet bars", more)
	}
	if more := int64(bytes2) - int64(bytes); more > 1<<20 {
		t.Errorf("%d bytes for 100,800 quiet bars", more)
	}
}
