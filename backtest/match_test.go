package backtest

import (
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// TestLookingFillsNothing: what a strategy subscribes to changes no fill. One looks at
// trades alone, one at the quotes as well; both buy and sell by the same trades.
func TestLookingFillsNothing(t *testing.T) {
	dir := recorded(t)
	start := func(quotes bool) func(p *puppet, env *strategy.Env) error {
		return func(p *puppet, env *strategy.Env) error {
			var err error
			if p.in, err = env.Instrument(p.params.Leg); err != nil {
				return err
			}
			env.Trades(p.in)
			if quotes {
				env.BookTickers(p.in)
			}
			for i := range 20 {
				env.At(day.Add(time.Duration(i*25+10)*time.Second), uint64(i))
			}
			return nil
		}
	}
	trade := func(p *puppet, env *strategy.Env, id uint64) {
		side := strategy.Buy(p.in, exchange.MustFixed("0.02"))
		if id%2 == 1 {
			side = strategy.Sell(p.in, exchange.MustFixed("0.02"))
		}
		env.Send(side.Market())
	}
	for _, m := range []Match{MatchAuto, MatchTrades, MatchTickers} {
		cfg := deskConfig(0, 0)
		cfg.Data.Tape, cfg.Data.Match, cfg.Venue.Slippage = dir, m, exchange.MustFixed("0.0001")
		blind := runDesk(t, cfg, program(puppet{start: start(false), timer: trade}))
		seeing := runDesk(t, cfg, program(puppet{start: start(true), timer: trade}))
		if blind.Fills.Len() < 10 || blind.Hash != seeing.Hash {
			t.Errorf("%v: %d fills without quotes, %d with them; %s and %s", m, blind.Fills.Len(), seeing.Fills.Len(), blind.Hash, seeing.Hash)
		}
		// Fills on trades slip; the ask is 62000.1.
		for _, first := range blind.Fills.All() {
			if slipped := first.Price != exchange.MustFixed("62000.1"); slipped != (m == MatchTrades) {
				t.Errorf("%v: the first fill was at %v", m, first.Price)
			}
			break
		}
	}
}
