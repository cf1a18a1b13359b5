package python_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/plugins/host"
	"github.com/pmbot/pmbot/plugins/plugintest"
	"github.com/pmbot/pmbot/strategy"
)

// clock is the strategy of tests/clock.py: it acts by timers alone.
type clock struct {
	p struct {
		Symbol strategy.Symbol `default:"UM:BTCUSDT" help:"what to trade"`
	}
	in    *exchange.Instrument
	rings int
}

const again, trade, past = 1, 2, 3

func (*clock) Manifest() strategy.Manifest {
	return strategy.Manifest{Name: "clock", Version: "1.0.0", Summary: "changes sides every ten minutes", OrderTypes: []exchange.OrderType{exchange.Market}}
}
func (c *clock) Params() any { return &c.p }

func (c *clock) Start(env *strategy.Env) (err error) {
	c.in, err = env.Instrument(c.p.Symbol)
	if err == nil {
		env.Bars(c.in, time.Minute, 0)
		env.After(10*time.Minute, again)
	}
	return err
}

func (c *clock) OnTimer(env *strategy.Env, id uint64) {
	c.rings++
	env.Logf("ring %d of timer %d", c.rings, id)
	switch qty := 2 * exchange.FixedOne / 100; {
	case id == again:
		env.After(10*time.Minute, again)
		env.At(env.Now(), trade)
	case id == past:
	case env.Held(c.in) > 0:
		env.Send(strategy.Sell(c.in, qty).Tag("ring"))
	default:
		env.Send(strategy.Buy(c.in, qty).Tag("ring"))
	}
}

func (c *clock) OnRefusal(env *strategy.Env, _ *exchange.Refusal) { env.At(env.Now()-1, past) }

func (c *clock) Save() (version int, state []byte, err error) {
	return 1, strconv.AppendInt(nil, int64(c.rings), 10), nil
}

func (c *clock) Restore(_ int, state []byte) (err error) {
	c.rings, err = strconv.Atoi(string(state))
	return err
}

// TestTimersHash: timers ring in a backtest when they do in Go: those of start, of now and of the past.
func TestTimersHash(t *testing.T) {
	cfg := config(2, backtest.StrategyConfig{Plugin: "clock", Label: "clock"})
	want := run(t, cfg, backtest.LocalProgram(func() strategy.Strategy { return &clock{} }))
	got := run(t, cfg, remote{t.Context(), open(t, "tests/clock.py"), ""})
	if got.Hash != want.Hash || got.Events != want.Events || want.Fills.Len() < 280 || want.Orders.Refused == 0 {
		t.Errorf("%s with %d events in Python, %s with %d in Go, %d fills and %d refusals", got.Hash, got.Events, want.Hash, want.Events, want.Fills.Len(), want.Orders.Refused)
	}
}

// TestTimersEndWithTheProcess: one that is started again is not given the timers of the process before
// it, but those that start sets, and goes on with its memory.
func TestTimersEndWithTheProcess(t *testing.T) {
	local, err := strategy.NewRuntime(&clock{}, nil, plugintest.Instruments(t), 3)
	check(t, err)
	got := plugintest.NewWished()
	begin := func(from *strategy.Resume) (*host.Plugin, *host.Live) {
		p := open(t, "tests/clock.py")
		l, err := plugintest.Live(t, p, got, func(c *host.LiveConfig) { c.Strategy, c.Resume = "clock", from })
		check(t, err)
		check(t, l.Settle(t.Context()))
		return p, l
	}
	p, l := begin(nil)
	first := exchange.Timer{Strategy: 3, ID: again, Due: exchange.Time(10 * time.Minute)} // of start
	start := &strategy.Output{Timers: []exchange.Timer{first}}
	want, seq, at := plugintest.Note(nil, 0, 0, start), uint64(0), exchange.Time(1_767_225_600e9)
	ring := func(timer exchange.Timer, given bool) {
		t.Helper()
		seq, at = seq+1, at.Add(10*time.Minute)
		e, sent := exchange.Event{Seq: seq, At: at}, l.Stats().Sent
		e.SetTimer(&timer)
		l.Deliver(&e)
		check(t, l.Settle(t.Context()))
		if given {
			want = plugintest.Note(want, seq, at, local.Deliver(&e))
		}
		if (l.Stats().Sent > sent) != given {
			t.Errorf("timer %+v: given %v, want %v", timer, !given, given)
		}
	}
	ring(first, true)
	next := exchange.Timer{Strategy: 3, ID: again, Due: at.Add(10 * time.Minute)}
	ring(exchange.Timer{Strategy: 3, ID: trade, Due: at}, true)
	resume := local.View().Snapshot()
	resume.Saved, err = l.Save(t.Context())
	check(t, err)
	l.Close()
	p.Close()
	_, l = begin(resume)
	want = plugintest.Note(want, 0, 0, start)
	ring(next, false)
	ring(first, true)
	if diff := cmp.Diff(want, got.All(), plugintest.Lists()); diff != "" {
		t.Errorf("the wishes differ (-Go +Python):\n%s", diff)
	}
}
