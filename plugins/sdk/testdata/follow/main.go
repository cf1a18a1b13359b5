// Command follow is the strategy of an author outside of this repository, as the
// documentation of package strategy shows it; a test builds and runs it.
package main

import (
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/plugins/sdk"
	"github.com/pmbot/pmbot/strategy"
)

type follow struct {
	p struct {
		Symbol strategy.Symbol `default:"UM:BTCUSDT" help:"what to trade"`
		Qty    exchange.Fixed  `default:"0.01" min:"0.001" unit:"coin" help:"order size"`
	}
}

func (f *follow) Manifest() strategy.Manifest {
	return strategy.Manifest{Name: "follow", Version: "1.0.0"}
}

func (f *follow) Params() any { return &f.p }

func (f *follow) Start(env *strategy.Env) error {
	in, err := env.Instrument(f.p.Symbol)
	if err != nil {
		return err
	}
	env.Bars(in, time.Minute, 0)
	return nil
}

func (f *follow) OnBar(env *strategy.Env, in *exchange.Instrument, _ *exchange.Bar) {
	if env.Position(in).Qty.IsZero() {
		env.Send(strategy.Buy(in, f.p.Qty).Market().Tag("enter"))
	}
}

func main() {
	sdk.Serve(func() strategy.Strategy { return &follow{} })
}
