package strategy

import (
	"cmp"

	"github.com/pmbot/pmbot/exchange"
)

// Rule says by closed bars on which side of a market to be. By "sma" and "ema" that is long while a
// fast average is above a slow one, and short while it is below; by "breakout" it is long from a close
// above the highest high of the slow bars before it on, and short from one below their lowest low.
type Rule struct {
	kind             string
	fast, slow       *SMA
	fastEMA, slowEMA *EMA
	channel          *Donchian
}

// NewRule makes a rule of that kind, "sma", "ema" or "breakout", from so many bars. One of another
// kind never says anything.
func NewRule(kind string, fast, slow int) *Rule {
	return &Rule{kind, NewSMA(fast), NewSMA(slow), NewEMA(fast), NewEMA(slow), NewDonchian(slow)}
}

// Push adds a closed bar and returns what the rule says at its close: +1 long, -1 short, 0 nothing
// new, which it also says until it has seen the slow bars.
func (r *Rule) Push(b *exchange.Bar) int {
	switch r.kind {
	case "sma":
		r.fast.Push(b.Close)
		r.slow.Push(b.Close)
		if r.slow.Ready() {
			return r.fast.Compare(r.slow)
		}
	case "ema":
		r.fastEMA.Push(b.Close)
		r.slowEMA.Push(b.Close)
		if r.slowEMA.Ready() {
			return cmp.Compare(r.fastEMA.Value(), r.slowEMA.Value())
		}
	case "breakout":
		above, below, full := r.channel.High(), r.channel.Low(), r.channel.Ready() // without b
		r.channel.Push(b.High, b.Low)
		if full && b.Close > above {
			return 1
		}
		if full && b.Close < below {
			return -1
		}
	}
	return 0
}

// Indicators are what the rule remembers, for [States] and [RestoreStates].
func (r *Rule) Indicators() []Indicator {
	return []Indicator{r.fast, r.slow, r.fastEMA, r.slowEMA, r.channel}
}
