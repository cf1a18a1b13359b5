package backtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/derive"
	"github.com/pmbot/pmbot/backtest/market"
	"github.com/pmbot/pmbot/backtest/paper"
	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/engine"
	live "github.com/pmbot/pmbot/engine/loop"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/raced"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/strategy"
)

// scatter sends orders of all kinds at random, a function of its seed and of what it is shown.
type scatter struct {
	params scatterParams
	rng    *rand.Rand
	legs   []*exchange.Instrument
	asked  exchange.Time
}

type scatterParams struct {
	UM   strategy.Symbol `default:"UM:BTCUSDT" help:"one leg"`
	CM   strategy.Symbol `default:"CM:BTCUSD_PERP" help:"the other leg"`
	Seed int             `default:"1" help:"of what it does"`
}

func (s *scatter) Manifest() strategy.Manifest {
	return strategy.Manifest{Name: "scatter", Version: "1.0.0", Summary: "does anything", Stateless: true}
}

func (s *scatter) Params() any { return &s.params }

func (s *scatter) Start(env *strategy.Env) error {
	s.rng = rand.New(rand.NewPCG(uint64(s.params.Seed), 7))
	for _, symbol := range []strategy.Symbol{s.params.UM, s.params.CM} {
		in, err := env.Instrument(symbol)
		if err != nil {
			return err
		}
		s.legs = append(s.legs, in)
		env.BookTickers(in)
		env.Trades(in)
	}
	return nil
}

func (s *scatter) OnBookTicker(env *strategy.Env, in *exchange.Instrument, b exchange.BookTicker) {
	if b.Bid == 0 || b.Ask == 0 || env.Now() < s.asked.Add(400*time.Millisecond) || s.rng.IntN(3) > 0 {
		return
	}
	s.asked = env.Now()
	qty := exchange.Fixed(1+s.rng.Int64N(20)) * in.Lot.Step
	if in.Product == exchange.UM {
		qty *= 10
	}
	order, best, other := strategy.Buy(in, qty), b.Bid, b.Ask
	away := -exchange.Fixed(s.rng.Int64N(30)) * in.Tick
	if env.Held(in) > 0 || env.Held(in) == 0 && s.rng.IntN(2) == 0 {
		order, best, other, away = strategy.Sell(in, qty), b.Ask, b.Bid, -away
	}
	switch s.rng.IntN(9) {
	case 0:
		env.Send(order.Market())
	case 1:
		env.Send(order.Limit(other).IOC())
	case 2, 3:
		env.Send(order.Limit(best).PostOnly())
	case 4:
		env.Send(order.Limit(best + away).GoodTill((env.Now() + exchange.Time(11*time.Minute)).Floor(time.Second)))
	case 5:
		env.Send(order.Stop(other - 10*away))
	case 6:
		env.Send(order.Trailing(exchange.MustFixed("0.001"), 0))
	default:
		if open := env.Orders(); len(open) > 0 {
			o := open[s.rng.IntN(len(open))]
			if o.Request.Type == exchange.Limit && o.Request.Inst == in.ID && s.rng.IntN(2) == 0 {
				env.Amend(o.Ref, o.Request.Price-away, o.Request.Qty)
			} else {
				env.Cancel(o.Ref)
			}
		}
	}
}

// line is an account event as a strategy has seen it, "" for those that are no matter of the
// market: readings, samples and states.
func line(e *exchange.Event) string {
	switch e.Kind {
	case exchange.KindOrderUpdate:
		return fmt.Sprintf("%d %d %+v", e.At, e.Inst, *e.OrderUpdate())
	case exchange.KindFill:
		return fmt.Sprintf("%d %d %+v", e.At, e.Inst, *e.Fill())
	case exchange.KindLedger:
		return fmt.Sprintf("%d %d %+v", e.At, e.Inst, *e.Ledger())
	case exchange.KindRefusal:
		return fmt.Sprintf("%d %d %v", e.At, e.Inst, e.Refusal())
	case exchange.KindRiskLevel:
		return fmt.Sprintf("%d %+v", e.At, *e.Account())
	}
	return ""
}

// ticking is a generated market of books and trades without what can be derived: neither index
// prices nor, of CM, marks. No two events have one time, for a feed tells one after the other,
// and none comes at the instant of a timeout, for who is first then is nobody's promise.
type ticking struct {
	Source
	rng      *rand.Rand
	from, to exchange.Time
	last     exchange.Time
}

func (s *ticking) Next(buf []exchange.Event) (int, error) {
	for s.last < s.to {
		n, err := s.Source.Next(buf)
		kept := slices.DeleteFunc(buf[:n], func(e exchange.Event) bool {
			return e.Kind == exchange.KindAssetIndex || e.Kind == exchange.KindMark && e.Inst == 2 || e.Kind == exchange.KindCadence
		})
		for i := range kept {
			if s.last != 0 { // the first one is at the start
				kept[i].At = max(s.last, kept[i].At) + 1 + exchange.Time(s.rng.Int64N(int64(time.Millisecond)))
			}
			s.last = kept[i].At
			kept[i].At, kept[i].Exchange = s.last, s.last
		}
		if len(kept) > 0 || err != nil {
			return len(kept), err
		}
	}
	return 0, io.EOF
}

// conformConfig is of a run of two minutes around a funding and a full hour.
func conformConfig(seed uint64, latency LatencyConfig, faults ...string) *Config {
	cfg := deskConfig(1, 15*time.Minute, StrategyConfig{Plugin: "scatter", Params: map[string]string{"seed": fmt.Sprint(seed)}})
	cfg.Seed, cfg.Sample = seed, 24*time.Hour
	cfg.Venue.Latency, cfg.Venue.Faults = latency, faults
	cfg.Venue.OrdersPerMinute = 1200
	cfg.Account.CM = map[string]decimal.Decimal{"BTC": decimal.New(1, 0)}
	cfg.Account.UM = map[string]decimal.Decimal{"USDT": decimal.New(100_000, 0)}
	cfg.Risk.OpenOrdersMax, cfg.Risk.PriceCollarLimit = 200, exchange.MustFixed("0.05").Decimal()
	cfg.Risk.FreshMark, cfg.Risk.FreshIndex, cfg.Risk.FreshPrice = time.Minute, time.Minute, time.Minute
	cfg.Risk.ExecutionsPerMinuteMax = 10_000 // it trades without a pause, and no person is there to resume it
	cfg.Risk.LossStreakMax = 1_000_000       // it trades at random
	cfg.Risk.RejectRatioMax, cfg.Risk.UnknownRatioMax, cfg.Risk.SlippageMax = decimal.New(1, 0), decimal.New(1, 0), decimal.New(1, 0)
	return cfg
}

func (c *Config) ticks(t *testing.T, ins *exchange.Instruments) *ticking {
	t.Helper()
	start := day.Add(8*time.Hour - 30*time.Second)
	m, err := market.NewTicks(market.TickSpec{
		Seed: c.Seed, Start: start, Step: 100 * time.Millisecond, Legs: []*exchange.Instrument{ins.At(1), ins.At(2)}, Levels: 20, Volatility: 8 * exchange.FixedOne,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &ticking{Source: m, rng: rand.New(rand.NewPCG(c.Seed, 8)), from: start, to: start.Add(2 * time.Minute)}
}

// whole is what came of a run: what was told, and the account at the end.
type whole struct {
	lines     []string
	account   exchange.Account
	positions []exchange.Position
}

func (w *whole) end(v interface {
	Position(exchange.InstrumentID, exchange.PositionSide) exchange.Position
}, account exchange.Account) {
	w.account = account
	for id := exchange.InstrumentID(1); id <= 2; id++ {
		w.positions = append(w.positions, v.Position(id, exchange.Both))
	}
}

// modest is a player that does not say what it wants, for a generated plan has no ticks.
type modest struct{ spy }

func (modest) Subscriptions() []strategy.Subscription { return nil }

// parts makes what both runs have in common.
func (c *Config) parts(t *testing.T, note func(*exchange.Event)) (ins *exchange.Instruments, player Player, labels cast) {
	t.Helper()
	p := through{func() strategy.Strategy { return &scatter{} }, func(r *strategy.Runtime) Player { return modest{spy{Local{r}, note}} }}
	list, labels, err := describe(c, []Program{p})
	if err != nil {
		t.Fatal(err)
	}
	if ins, err = instruments(c, list); err != nil {
		t.Fatal(err)
	}
	if player, err = p.Start(c.Strategies[0].Params, ins, 1); err != nil {
		t.Fatal(err)
	}
	return ins, player, labels
}

// backtested runs a backtest.
func backtested(t *testing.T, cfg *Config) (w whole) {
	t.Helper()
	ins, player, labels := cfg.parts(t, func(e *exchange.Event) {
		if s := line(e); s != "" {
			w.lines = append(w.lines, s)
		}
	})
	tab, err := Tables(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r, err := newRun(cfg, Options{}, ins, tab, []Player{player}, labels)
	if err != nil {
		t.Fatal(err)
	}
	rules := newRules(ins.Len())
	rules.Mark(2, time.Second)
	promise := derive.PromiseOf(2, exchange.Cadence{Kind: exchange.KindMark, Every: time.Minute, Rule: derive.MarkOfTrades}, "")
	stable, constant := derive.Stable("USDT")
	coin, err := rules.Coin("BTC", ins, func(*exchange.Instrument) time.Duration { return 3 * time.Second })
	if err != nil {
		t.Fatal(err)
	}
	for id := 1; id <= 2; id++ {
		r.loop.players.wanted[id][exchange.KindBookTicker], r.loop.players.wanted[id][exchange.KindTrade] = true, true
	}
	source := cfg.ticks(t, ins)
	r.loop.feed = newFeed(source, rules, &builder{}, source.to)
	r.loop.opening = append(derive.Own(), promise.Event, stable.Event, constant, coin.Event)
	if err := r.loop.run(context.Background()); err != nil {
		t.Fatal(err)
	}
	w.end(r.venue, r.venue.Account())
	return w
}

// noJournal keeps nothing.
type noJournal struct{}

func (noJournal) Append(*exchange.Event, *engine.Decision) error { return nil }
func (noJournal) Commit(engine.Urgency) error                    { return nil }
func (noJournal) Flush() error                                   { return nil }
func (noJournal) Full() bool                                     { return false }
func (noJournal) Snapshot(*engine.Kernel) error                  { return nil }

// alone shows events to one player.
type alone struct {
	Player
	started bool
}

func (a *alone) Deliver(e *exchange.Event, w *engine.Wishes) error {
	if !a.Wants(e) {
		return nil
	}
	out, err := a.Player.Deliver(e)
	if err != nil {
		return err
	}
	w.Intents, w.Timers = append(w.Intents, out.Intents...), append(w.Timers, out.Timers...)
	return nil
}

// dryRun is a loop with the simulated exchange as its broker, in the time of a bubble: one
// kernel and one strategy, and processes that live and die around them.
type dryRun struct {
	t      *testing.T
	cfg    *Config
	ins    *exchange.Instruments
	guard  *riskguard.Guard
	kernel *engine.Kernel
	player Player
	source *ticking
	feed   *feed
	rest   []exchange.Event // read and not yet played
	clock  func() exchange.Time

	// beside, if there is one, makes the simulation that goes beside the exchange, of what that
	// is made of, and unseen says what of the market it is not shown.
	beside func(paper.Config) paper.ShadowConfig
	unseen func(*exchange.Event) bool

	broker *paper.Broker
	shadow *paper.Shadow
	loop   *live.Loop
	stop   context.CancelFunc
	ended  chan error
}

func newDryRun(t *testing.T, cfg *Config, note func(*exchange.Event)) *dryRun {
	t.Helper()
	d := &dryRun{t: t, cfg: cfg}
	d.ins, d.player, _ = cfg.parts(t, note)
	d.source = cfg.ticks(t, d.ins)
	d.feed = newFeed(d.source, newRules(2), &builder{}, d.source.to)
	first, began := d.source.from, time.Now()
	d.clock = func() exchange.Time { return first.Add(time.Since(began)) }
	tab, err := Tables(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if d.guard, err = riskguard.New(riskguard.Config{Instruments: d.ins, Tables: tab, Limits: cfg.Risk, Strategies: 1, Permits: riskguard.Unbound(1)}); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []exchange.Kind{exchange.KindAccount, exchange.KindClock} { // neither is ever old
		e := exchange.Event{}
		e.SetCadence(&exchange.Cadence{Kind: kind, Every: exchange.Forever})
		d.guard.Apply(&e)
	}
	d.kernel = engine.New(engine.Config{Instruments: d.ins, Guard: d.guard, Strategies: 1, ClientPrefix: "bt"})
	return d
}

// begin begins a process. A start that is named so is told to the kernel.
func (d *dryRun) begin(prefix string, opening *paper.Opening) {
	d.t.Helper()
	tab, err := Tables(d.cfg)
	if err != nil {
		d.t.Fatal(err)
	}
	at, err := d.cfg.Exchange(d.ins, tab)
	if err != nil {
		d.t.Fatal(err)
	}
	way, err := d.cfg.Link(d.ins)
	if err != nil {
		d.t.Fatal(err)
	}
	made := paper.Config{
		Venue: at, Link: way, Opening: opening, Marked: func(in *exchange.Instrument) bool { return in.Product == exchange.UM },
		Clock: d.clock, AccountEvery: time.Hour,
	}
	c := made
	c.Live = func(why string) { d.loop.Stream(live.StreamLive, why) }
	c.Deliver = func(e exchange.Event) {
		if d.shadow != nil {
			d.shadow.Hear(&e)
		}
		d.loop.Enqueue(e)
	}
	if d.broker, err = paper.New(c); err != nil {
		d.t.Fatal(err)
	}
	var trades live.Broker = d.broker
	if d.beside != nil {
		both := d.beside(made)
		both.Live = d.broker
		if d.shadow, err = paper.NewShadow(both); err != nil {
			d.t.Fatal(err)
		}
		trades = d.shadow
	}
	d.loop, err = live.New(live.Config{Kernel: d.kernel, Broker: trades, Strategies: &alone{Player: d.player}, Journal: noJournal{}, Clock: d.clock, CatchUpEvery: time.Hour})
	if err != nil {
		d.t.Fatal(err)
	}
	if prefix != "" {
		d.loop.Start(exchange.Start{Prefix: prefix, Mode: "dry"})
	}
	ctx, stop := context.WithCancel(d.t.Context())
	d.stop, d.ended = stop, make(chan error, 3)
	b, l, ended := d.broker, d.loop, d.ended
	if s := d.shadow; s != nil {
		go func() { ended <- s.Run(ctx) }()
	} else {
		ended <- nil
	}
	go func() { ended <- b.Run(ctx) }()
	go func() { ended <- l.Run(ctx) }()
	synctest.Wait()
}

// end ends the process.
func (d *dryRun) end() {
	d.t.Helper()
	d.stop()
	if err := errors.Join(<-d.ended, <-d.ended, <-d.ended); err != nil {
		d.t.Fatal(err)
	}
}

// play lets the market go on up to an instant. Deaf has the exchange see it alone.
func (d *dryRun) play(to exchange.Time, deaf bool) {
	for {
		for ; len(d.rest) > 0; d.rest = d.rest[1:] {
			e := &d.rest[0]
			if e.At > to {
				return
			}
			<-time.After(max(0, e.At.Sub(d.clock())))
			d.broker.Take(e)
			if d.shadow != nil && (d.unseen == nil || !d.unseen(e)) {
				d.shadow.Take(e)
			}
			if !deaf {
				d.loop.Take(e)
			}
		}
		events, err := d.feed.next()
		if err != nil {
			<-time.After(max(0, to.Sub(d.clock())))
			synctest.Wait()
			return
		}
		d.rest = slices.Clone(events)
		for i := range d.rest {
			own(&d.rest[i])
		}
	}
}

// dry runs a dry run to its end.
func dry(t *testing.T, cfg *Config) (w whole) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := newDryRun(t, cfg, func(e *exchange.Event) {
			if s := line(e); s != "" {
				w.lines = append(w.lines, s)
			}
		})
		d.begin("", nil)
		free := exchange.Event{At: d.clock()}
		free.SetState(&exchange.StateChange{State: exchange.Active, Reason: "the run begins", By: "start"})
		d.loop.Put(free)
		d.play(d.source.to, false)
		w.end(d.broker, d.broker.Account())
		d.end()
	})
	return w
}

// TestPaperConforms: a backtest and a dry run of the same market, with the same strategy, tell
// it the same of its orders, fills and money, and end with the same account.
func TestPaperConforms(t *testing.T) {
	fills, children, lost := 0, 0, 0
	for _, c := range []struct {
		name    string
		latency LatencyConfig
		faults  []string
	}{
		{"at hand", LatencyConfig{}, nil},
		{"far away", LatencyConfig{Entry: "20300us", Answer: "7100us"}, nil},
		{"faults", LatencyConfig{Entry: "20300us", Answer: "7100us"}, []string{
			"chance 4% lose-request", "chance 4% lose-ack", "chance 5% delay 1500ms", "chance 5% reorder 90ms", "chance 5% duplicate", "chance 3% reject -1008",
			"at 40s outage 3s",
		}},
	} {
		for seed := range uint64(raced.Fewer(4, 1)) {
			t.Run(fmt.Sprintf("%s %d", c.name, seed), func(t *testing.T) {
				cfg := conformConfig(seed, c.latency, c.faults...)
				want, got := backtested(t, cfg), dry(t, cfg)
				if n := len(got.lines); len(c.latency.Entry) > 0 { // what is on its way at the end of a backtest is told at once
					want.lines = want.lines[:min(len(want.lines), n)]
				}
				for i := range min(len(want.lines), len(got.lines)) {
					if want.lines[i] != got.lines[i] {
						t.Fatalf("line %d of %d and %d\nbacktest %s\ndry run  %s", i, len(want.lines), len(got.lines), want.lines[i], got.lines[i])
					}
				}
				if len(want.lines) != len(got.lines) {
					t.Errorf("%d lines in the backtest, %d in the dry run", len(want.lines), len(got.lines))
				}
				if fmt.Sprint(want.account, want.positions) != fmt.Sprint(got.account, got.positions) {
					t.Errorf("backtest %v %v\ndry run  %v %v", want.account, want.positions, got.account, got.positions)
				}
				for _, s := range got.lines {
					fills += strings.Count(s, "TradeID:")
					children += strings.Count(s, "Child:"+venue.ChildPrefix)
					lost += strings.Count(s, "Status:UNKNOWN")
				}
			})
		}
	}
	t.Logf("%d fills, %d triggers, %d doubts", fills, children, lost)
	if fills < 100 || children == 0 || lost == 0 {
		t.Errorf("%d fills, %d triggers, %d doubts: the runs show too little", fills, children, lost)
	}
}
