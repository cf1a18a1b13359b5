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
func (t *Trend) learn(b *exchange.Bar) int {
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

// saved is the layout of version 1 of the state.
type saved struct {
	Memory     memory
	Indicators [][]int64
}

// Save returns memory and indicators as JSON.
func (t *Trend) Save() (version int, state []byte, err error) {
	state, err = json.Marshal(saved{t.memory, strategy.States(t.ind.list()...)})
	return 1, state, err
}

// Restore brings back what Save returned. It fails when lengths of indicators were
// changed in between.
func (t *Trend) Restore(version int, state []byte) error {
	var s saved
	if version != 1 {
		return fmt.Errorf("version %d is not 1, the only one known", version)
	}
	if err := json.Unmarshal(state, &s); err != nil {
		return err
	}
	t.memory = s.Memory
	return strategy.RestoreStates(s.Indicators, t.ind.list()...)
}
