package backtest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/strategy"
)

// puppet is a strategy of functions: each test writes the ones it needs.
type puppet struct {
	params puppetParams
	start  func(p *puppet, env *strategy.Env) error
	bar    func(p *puppet, env *strategy.Env, in *exchange.Instrument, b *exchange.Bar)
	timer  func(p *puppet, env *strategy.Env, id uint64)
	in     *exchange.Instrument
	ref    strategy.Ref
	n      int
}

type puppetParams struct {
	Leg strategy.Symbol `default:"UM:BTCUSDT" help:"what to trade"`
}

func (p *puppet) Manifest() strategy.Manifest {
	return strategy.Manifest{Name: "puppet", Version: "1.0.0", Summary: "does as told", Stateless: true}
}

func (p *puppet) Params() any                   { return &p.params }
func (p *puppet) Start(env *strategy.Env) error { return p.start(p, env) }

func (p *puppet) OnBar(env *strategy.Env, in *exchange.Instrument, b *exchange.Bar) {
	if p.bar != nil {
		p.bar(p, env, in, b)
	}
}

func (p *puppet) OnTimer(env *strategy.Env, id uint64) {
	if p.timer != nil {
		p.timer(p, env, id)
	}
}

// sees subscribes to bars of the leg, and to its fundings.
func sees(interval time.Duration, warmup int) func(*puppet, *strategy.Env) error {
	return func(p *puppet, env *strategy.Env) error {
		var err error
		if p.in, err = env.Instrument(p.params.Leg); err != nil {
			return err
		}
		env.Bars(p.in, interval, warmup)
		env.Fundings(p.in, 0)
		return nil
	}
}

// program makes puppets of a pattern.
func program(pattern puppet) LocalProgram {
	return func() strategy.Strategy { p := pattern; return &p }
}

// through is a program whose players another function makes of the runtime.
type through struct {
	LocalProgram
	player func(*strategy.Runtime) Player
}

func (t through) Start(params map[string]string, ins *exchange.Instruments, id exchange.StrategyID) (Player, error) {
	p, err := t.LocalProgram.Start(params, ins, id)
	if err != nil {
		return nil, err
	}
	return t.player(p.(Local).Runtime), nil
}

// spy is a player in this process that notes what it is given.
type spy struct {
	Local
	note func(e *exchange.Event)
}

func (s spy) Deliver(e *exchange.Event) (*strategy.Output, error) {
	s.note(e)
	return s.Local.Deliver(e)
}

// day is the first of a generated market.
var day = exchange.TimeOf(time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC))

// deskConfig is some days of a generated market of bars.
func deskConfig(days int, bar time.Duration, strategies ...StrategyConfig) *Config {
	fee := FeeConfig{Maker: exchange.MustFixed("0.0002"), Taker: exchange.MustFixed("0.0005")}
	cfg := &Config{Seed: 3, Risk: riskguard.DefaultLimits(), Strategies: strategies}
	cfg.Risk.DailyLossMaxRatio, cfg.Risk.DrawdownMaxRatio = decimal.New(1, 0), decimal.New(1, 0) // nobody is there to resume
	cfg.Risk.StrategyDailyLossMaxRatio, cfg.Risk.StrategyDrawdownMaxRatio, cfg.Risk.LossStreakMax = decimal.New(1, 0), decimal.New(1, 0), 1_000_000
	cfg.Risk.OrderNotionalMaxRatio, cfg.Risk.PositionMaxRatio = decimal.New(1, 0), decimal.New(2, 0)
	cfg.Risk.OpenOrdersNotionalMaxRatio = decimal.NewFromInt(40)
	cfg.Data.Generate = GenerateConfig{Coin: "BTC", Days: days, Bar: bar, Start: day}
	cfg.Account.UM = map[string]decimal.Decimal{"USDT": decimal.New(100_000, 0)}
	cfg.Account.Leverage = 5
	cfg.Venue.UM, cfg.Venue.CM, cfg.Venue.Margin = fee, fee, fee
	if len(strategies) == 0 {
		cfg.Strategies = []StrategyConfig{{Plugin: "puppet"}}
	}
	return cfg
}

func runDesk(t testing.TB, cfg *Config, programs ...Program) *Result {
	t.Helper()
	res, err := Run(context.Background(), cfg, Options{Programs: programs})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// since is a time of the generated market.
func since(at exchange.Time) string { return fmt.Sprint(at.Sub(day)) }

// told is an event as a strategy gets it, on one line.
func told(e *exchange.Event) string {
	s := since(e.At) + " " + strings.ToLower(e.Kind.String())
	switch e.Kind {
	case exchange.KindBar:
		s += fmt.Sprint(" of ", e.Bar().Interval)
	case exchange.KindOrderUpdate:
		s += fmt.Sprintf(" #%d %v", e.OrderUpdate().Ref, e.OrderUpdate().Status)
	case exchange.KindFill:
		s += fmt.Sprintf(" #%d %v %v", e.Fill().Ref, e.Fill().Side, e.Fill().Qty)
	case exchange.KindLedger:
		s += " " + e.Ledger().Reason.String()
	case exchange.KindRefusal:
		s += fmt.Sprintf(" #%d %s", e.Refusal().Intent.Ref, e.Refusal().Rule)
	case exchange.KindTimer:
		s += fmt.Sprint(" ", e.Timer().ID)
	case exchange.KindState:
		s += " " + e.State().State.String()
	}
	return s
}
