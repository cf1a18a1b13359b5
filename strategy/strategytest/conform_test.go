package strategytest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// good buys and sells in turn at each close and keeps to all the rules; fault breaks one.
type good struct {
	p struct {
		Symbol strategy.Symbol `default:"UM:BTCUSDT"`
		Qty    exchange.Fixed  `default:"0.01" min:"0.01" max:"1"`
		Fault  string          `default:""`
	}
	in   *exchange.Instrument
	bars int
}

func (g *good) Manifest() strategy.Manifest {
	m := strategy.Manifest{Name: "good", Version: "1.0.0", OrderTypes: []exchange.OrderType{exchange.Market, exchange.Limit}}
	if g.p.Fault == "name" {
		m.Version = ""
	}
	return m
}
func (g *good) Params() any { return &g.p }
func (g *good) Start(env *strategy.Env) (err error) {
	if g.in, err = env.Instrument(g.p.Symbol); err != nil {
		return err
	}
	env.Bars(g.in, time.Minute, 10)
	env.Trades(g.in)
	if g.p.Fault == "start" {
		env.Send(strategy.Buy(g.in, g.p.Qty))
	}
	return nil
}

func (g *good) OnBar(env *strategy.Env, _ *exchange.Instrument, b *exchange.Bar) {
	g.bars++
	halted := env.State(g.in) == exchange.Halted && g.p.Fault != "halted"
	if env.Warming() && g.p.Fault != "warming" || halted || len(env.Orders()) > 0 && g.p.Fault != "many" {
		return
	}
	order := strategy.Buy(g.in, g.p.Qty)
	if g.bars%2 == 0 {
		order = strategy.Sell(g.in, g.p.Qty)
	}
	switch g.p.Fault {
	case "lot":
		order = strategy.Buy(g.in, g.p.Qty+1)
	case "tick":
		order = order.Limit(b.Close + 1)
	case "nowhere":
		order = strategy.Buy(&exchange.Instrument{}, g.p.Qty).Limit(b.Close)
	case "kind":
		order = order.Stop(b.Close)
	case "small":
		order = strategy.Buy(g.in, g.in.Lot.Min).Limit(g.in.Tick * 10000)
	case "panic":
		if g.bars == 30 {
			panic("boom")
		}
	case "clock":
		order = order.Tag(fmt.Sprint(time.Now().UnixNano()))
	case "many":
		for range intentsMax {
			env.Send(order)
		}
	}
	env.Send(order)
}

func (g *good) OnTrade(env *strategy.Env, _ *exchange.Instrument, t exchange.Trade) {
	if g.p.Fault == "eager" && !env.Warming() && env.State(g.in) != exchange.Halted && len(env.Orders()) == 0 {
		env.Send(strategy.Buy(g.in, g.p.Qty).Limit(t.Price))
	}
}

func (g *good) OnOrder(env *strategy.Env, _ *exchange.Instrument, u *exchange.OrderUpdate) {
	if g.p.Fault == "loop" && u.Status == exchange.StatusRejected && env.State(g.in) != exchange.Halted {
		env.Send(strategy.Buy(g.in, g.p.Qty))
	}
}

func (g *good) Save() (int, []byte, error) {
	if g.p.Fault == "forgets" {
		return 1, []byte("0"), nil
	}
	return 1, fmt.Append(nil, g.bars), nil
}

func (g *good) Restore(_ int, state []byte) error {
	_, err := fmt.Sscan(string(state), &g.bars)
	return err
}

func newGood() strategy.Strategy { return &good{} }

func TestConform(t *testing.T) { Conform(t, newGood) }

// Each fault is found, by the check that is there for it.
func TestConformFinds(t *testing.T) {
	for _, c := range []struct{ fault, check, want string }{
		{"start", "same events, same wishes", "Start sent #1 buy"},
		{"halted", "halted", "sent while trading is halted"},
		{"warming", "same events, same wishes", "sent during the warm-up"},
		{"lot", "same events, same wishes", "is not on the grid of 0.001"},
		{"tick", "same events, same wishes", "is not on the grid of 0.1"},
		{"nowhere", "same events, same wishes", "it is of no instrument"},
		{"kind", "same events, same wishes", "the manifest declares [MARKET LIMIT] and not STOP_MARKET"},
		{"small", "same events, same wishes", "is below the least"},
		{"panic", "same events, same wishes", "BAR at 2024-01-01T00:30:00Z: panic: boom"},
		{"clock", "same events, same wishes", "it depends on something else than events"},
		{"many", "same events, same wishes", "201 wishes in reply to one event"},
		{"forgets", "restart at every event", "what it remembers must be in Save"},
		{"eager", "no flood when refused", "none of which was granted"},
		{"eager", "no flood when expired", "none of which was granted"},
		{"loop", "no flood when rejected", "a loop that would flood the exchange"},
	} {
		s, err := newSuite(newGood, With("fault", c.fault))
		if err != nil {
			t.Fatal(err)
		}
		for _, check := range checks() {
			if check.name != c.check {
				continue
			}
			if err := check.do(s); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v, want %q", c.fault, err, c.want)
			}
		}
	}
}

// A walk in which nothing is asked for tries nothing, unless that is meant.
func TestConformNeedsAnOrder(t *testing.T) {
	s := &suite{}
	if err := s.tried(); err == nil {
		t.Error("nothing was tried, and it passes")
	}
	Watches()(s)
	if err := s.tried(); err != nil {
		t.Error(err)
	}
}

// A strategy must declare what it keeps, and its name.
func TestConformReadsTheManifest(t *testing.T) {
	for want, fresh := range map[string]func() strategy.Strategy{
		"no short lower-case word": func() strategy.Strategy { return &named{"My Strategy", true} },
		"does not declare":         func() strategy.Strategy { return &named{"mine", false} },
	} {
		s, err := newSuite(fresh)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.manifest(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// named is a strategy with nothing but a manifest.
type named struct {
	name      string
	stateless bool
}

func (n *named) Manifest() strategy.Manifest {
	return strategy.Manifest{Name: n.name, Version: "1", Stateless: n.stateless}
}
func (*named) Params() any               { return nil }
func (*named) Start(*strategy.Env) error { return nil }
