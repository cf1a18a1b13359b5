package trend

import (
	"math"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// size is the quantity to hold for the signal; ok=false means that something it needs is
// not known yet.
func (t *contract) size(env *strategy.Env, price exchange.Fixed) (qty exchange.Fixed, ok bool) {
	if t.p.Mode == "long" && t.memory.Signal < 0 {
		return 0, true
	}
	qty, ok = t.p.Qty, true
	if t.p.Sizing == "volatility" {
		qty, ok = t.volatilitySize(env.Account().Equity, price)
	}
	return qty * exchange.Fixed(t.memory.Signal), ok
}

// volatilitySize is equity·target_vol/day in notional, where day is the deviation of a
// day's return, and at most equity·leverage.
func (t *contract) volatilitySize(equity decimal.Decimal, price exchange.Fixed) (exchange.Fixed, bool) {
	if !t.ind.deviation.Ready() || equity.Sign() <= 0 {
		return 0, false
	}
	day := float64(t.ind.deviation.Value() * math.Sqrt(float64(24*time.Hour)/float64(t.p.Bar)))
	share := t.p.Leverage // of all contracts, which are taken to move as one
	if target, ok := strategy.Snap(t.p.TargetVol.Float()/day, 0, exchange.RoundDown); ok {
		share = min(share, target)
	}
	// UM: notional/price coins; CM: notional/size contracts.
	unit := price
	if t.in.Inverse() {
		unit = t.in.ContractSize
	}
	qty, err := exchange.FixedFromDecimal(equity.Mul(share.Decimal()).DivRound(unit.Decimal().Mul(decimal.New(t.of, 0)), 16), exchange.RoundDown)
	if err != nil {
		return 0, false
	}
	return strategy.Lots(t.in, exchange.Market, qty), true
}

// checkStop finds out what has become of the stop order. If it is over and the position
// with it, the stop was hit: stay flat until the next signal. If only the order is gone,
// place it again. If the close is past it, and no order is there or has done anything since the
// close before, the position is given up here.
func (t *contract) checkStop(env *strategy.Env, held, price exchange.Fixed) {
	m := &t.memory
	_, working := env.Order(m.Stop)
	if past := held > 0 && price <= m.Trigger || held < 0 && price >= m.Trigger; m.Stop == 0 || !past {
		m.Beyond = 0
	} else if m.Beyond++; m.Beyond > 1 || !working {
		env.Logf("%s closed at %v, past the stop at %v, which the exchange has not kept: out", t.in.Name(), price, m.Trigger)
		m.Target, m.Sized = 0, true
		return
	}
	if working || m.Stop == 0 {
		return
	}
	m.Stop = 0
	if held == 0 {
		m.Target = 0
		return
	}
	t.placeStop(env)
}

// placeStop cancels the stop order there is and places one for the position there is:
// native, so that it works when this program does not, and reduce-only.
func (t *contract) placeStop(env *strategy.Env) {
	m := &t.memory
	if _, working := env.Order(m.Stop); working {
		env.Cancel(m.Stop)
	}
	m.Stop = 0
	held := env.Held(t.in)
	trigger, ok := t.stopPrice(env.Position(t.in))
	if held == 0 || !ok {
		return
	}
	order := strategy.Sell(t.in, held)
	if held < 0 {
		order = strategy.Buy(t.in, -held)
	}
	m.Stop, m.Trigger = env.Send(order.Stop(trigger).ReduceOnly().Tag("stop")), trigger
}

// stopPrice is where the stop of a position belongs, rounded away from the entry.
func (t *contract) stopPrice(p exchange.Position) (exchange.Fixed, bool) {
	distance, rounding := float64(t.ind.atr.Value()*t.p.Stop.Float()), exchange.RoundFloor
	if p.Qty.IsNegative() {
		distance, rounding = -distance, exchange.RoundCeil
	}
	entry, err := exchange.FixedFromDecimal(p.Entry, rounding)
	off, ok := strategy.Snap(distance, 0, rounding)
	if err != nil || !ok || t.p.Stop == 0 {
		return 0, false
	}
	trigger := (entry - off).Round(t.in.Tick, rounding)
	return trigger, trigger > 0
}
