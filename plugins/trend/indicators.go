package trend

import (
	"cmp"
	"encoding/json"
	"fmt"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// indicators are what the strategy learns from bars. Only those that the parameters call
// for are fed.
type indicators struct {
	fast, slow       *strategy.SMA
	fastEMA, slowEMA *strategy.EMA
	channel          *strategy.Donchian
	deviation        *strategy.StdDev
	atr              *strategy.ATR
}

func newIndicators(p *Params) indicators {
	return indicators{
		fast: strategy.NewSMA(p.Fast), slow: strategy.NewSMA(p.Slow),
		fastEMA: strategy.NewEMA(p.Fast), slowEMA: strategy.NewEMA(p.Slow),
		channel:   strategy.NewDonchian(p.Slow),
		deviation: strategy.NewStdDev(p.VolBars), atr: strategy.NewATR(p.ATRBars),
	}
}

// learn feeds a closed bar to the indicators and returns what the rule says at its
// close: +1 long, -1 short, 0 nothing new.
func (t *contract) learn(b *exchange.Bar) int {
	x := &t.ind
	if t.p.Sizing == "volatility" {
		x.deviation.Push(b.Close)
	}
	if t.p.Stop > 0 {
		x.atr.Push(b.High, b.Low, b.Close)
	}
	switch t.p.Rule {
	case "breakout":
		above, below, full := x.channel.High(), x.channel.Low(), x.channel.Ready() // without b
		x.channel.Push(b.High, b.Low)
		if full && b.Close > above {
			return 1
		}
		if full && b.Close < below {
			return -1
		}
		return 0
	case "ema":
		x.fastEMA.Push(b.Close)
		x.slowEMA.Push(b.Close)
		if !x.slowEMA.Ready() {
			return 0
		}
		return cmp.Compare(x.fastEMA.Value(), x.slowEMA.Value())
	default:
		x.fast.Push(b.Close)
		x.slow.Push(b.Close)
		if !x.slow.Ready() {
			return 0
		}
		return x.fast.Compare(x.slow)
	}
}

func (x *indicators) list() []strategy.Indicator {
	return []strategy.Indicator{x.fast, x.slow, x.fastEMA, x.slowEMA, x.channel, x.deviation, x.atr}
}

// saved is what is kept of a contract. Version 1 of the state is one of them, version 2 a list
// of them.
type saved struct {
	Symbol     string
	Memory     memory
	Indicators [][]int64
}

// Save returns memory and indicators of all contracts as JSON.
func (t *Trend) Save() (version int, state []byte, err error) {
	list := make([]saved, len(t.contracts))
	for i, c := range t.contracts {
		list[i] = saved{c.in.Name(), c.memory, strategy.States(c.ind.list()...)}
	}
	state, err = json.Marshal(list)
	return 2, state, err
}

// Restore brings back what Save returned, for the contracts that are followed still; what is
// new begins without memory. It fails when lengths of indicators were changed in between.
func (t *Trend) Restore(version int, state []byte) error {
	var list []saved
	switch version {
	case 1:
		list = []saved{{Symbol: t.contracts[0].in.Name()}}
		if err := json.Unmarshal(state, &list[0]); err != nil {
			return err
		}
	case 2:
		if err := json.Unmarshal(state, &list); err != nil {
			return err
		}
	default:
		return fmt.Errorf("version %d is none of 1 and 2, which are known", version)
	}
	for _, c := range t.contracts {
		for _, s := range list {
			if s.Symbol != c.in.Name() {
				continue
			}
			c.memory = s.Memory
			if err := strategy.RestoreStates(s.Indicators, c.ind.list()...); err != nil {
				return err
			}
		}
	}
	return nil
}
