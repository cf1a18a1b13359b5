package venue

import "github.com/pmbot/pmbot/exchange"

// act is what is done on a venue beside market events and orders: by the account, such as
// a transfer, by the exchange, such as a change of a rate, or by the clock. The error is
// the exchange's refusal.
type act interface {
	do(v *Venue, at exchange.Time) error
}

// clockAct lets what is due happen.
type clockAct struct{}

func (clockAct) do(v *Venue, at exchange.Time) error {
	v.Advance(at)
	return nil
}

// episode begins and ends what seldom happens, by the minute of the run: old orders are
// cleared away; prices crash, after orders as large as they come.
func (g *generator) episode(n int) {
	if n%15 == 0 {
		for _, o := range g.orders[max(0, len(g.orders)-120):] {
			if o.Request.Type.Conditional() && g.rng.IntN(2) == 0 {
				g.ops = append(g.ops, op{at: g.at, order: o, cancel: true})
			}
		}
	}
	switch n {
	case 170, 200:
		g.drift = 0
		for _, inst := range []exchange.InstrumentID{instUM, instCM, instETH} {
			side := exchange.Buy
			if n == 200 {
				side = exchange.Sell
			}
			for _, qty := range []exchange.Fixed{100, 100, 50, 25, 12, 6, 3} {
				if inst == instCM {
					qty *= 10
				}
				g.send(exchange.OrderRequest{Inst: inst, Side: side, Type: exchange.Market, Qty: qty * exchange.FixedOne})
			}
		}
	case 173:
		g.drift = -100
	case 203:
		g.drift = 100
	case 176, 207:
		g.drift = 0
	}
}
