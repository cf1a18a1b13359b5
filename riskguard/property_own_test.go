package riskguard

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// What is one strategy's alone: its own position, and its own open orders.

func ownKey(s exchange.StrategyID, inst exchange.InstrumentID) string {
	return fmt.Sprint(s, " ", inst)
}

// fillOwn books a fill as its strategy's and tells the guard, as the kernel does.
func (w *walk) fillOwn(s exchange.StrategyID, r *exchange.OrderRequest, qty exchange.Fixed) {
	key := ownKey(s, r.Inst)
	w.own[key] = w.own[key].Add(qty.Decimal().Mul(decimal.NewFromInt(r.Side.Sign())))
	w.g.Holding(s, r.Inst, exchange.Both, w.own[key])
}

// ownWorst are, of each strategy and instrument, what may still fill of its orders, and the
// largest position of its own, long or short, that they can lead to.
func (w *walk) ownWorst() map[string]decimal.Decimal {
	worst := map[string]decimal.Decimal{}
	for s := exchange.StrategyID(1); s <= 2; s++ {
		for inst := benchUM; inst <= benchCross; inst++ {
			own := w.own[ownKey(s, inst)]
			buys, sells := own, own
			open := decimal.Zero
			for _, o := range w.orders {
				r := o.worst()
				if o.order.Strategy != s || r.Inst != inst {
					continue
				}
				left := max(0, r.Qty-o.order.Filled).Decimal()
				open = open.Add(left)
				if r.Side == exchange.Buy {
					buys = buys.Add(left)
				} else {
					sells = sells.Sub(left)
				}
			}
			worst["open orders of "+ownKey(s, inst)] = open
			worst["own position of "+ownKey(s, inst)] = decimal.Max(buys, sells.Neg(), decimal.Zero)
		}
	}
	return worst
}

// ownMoney lists the limits on what is the strategy's alone that an order breaks.
func (w *walk) ownMoney(o *exchange.Order, l *Limits, equity, price decimal.Decimal) (broken []string) {
	in := w.b.ins.At(o.Request.Inst)
	value := func(qty, at decimal.Decimal) decimal.Decimal {
		if in.Product == exchange.CM {
			return qty.Mul(in.ContractSize.Decimal())
		}
		return qty.Mul(at).Mul(w.b.index[in.Quote])
	}
	left := max(0, o.Request.Qty-o.Filled).Decimal()
	sum, side := value(left, price), left
	for _, other := range w.orders {
		r := other.worst()
		if other.order.ID == o.ID || other.order.Strategy != o.Strategy || r.Inst != o.Request.Inst {
			continue
		}
		left, at := max(0, r.Qty-other.order.Filled).Decimal(), r.Price.Decimal()
		if r.Side == exchange.Sell || r.Type == exchange.Market {
			reference := w.b.mark[r.Inst]
			if in.Product == exchange.Margin {
				reference = w.b.last[r.Inst]
			}
			at = decimal.Max(at, reference)
		}
		if sum = sum.Add(value(left, at)); r.Side == o.Request.Side {
			side = side.Add(left)
		}
	}
	if sum.GreaterThan(equity.Mul(l.OpenOrdersNotionalMaxRatio)) {
		broken = append(broken, fmt.Sprintf("open orders %v of equity %v", sum, equity))
	}
	own := w.own[ownKey(o.Strategy, o.Request.Inst)].Add(side.Mul(decimal.NewFromInt(o.Request.Side.Sign()))).Abs()
	if n := value(own, price); n.GreaterThan(equity.Mul(l.StrategyPositionMaxRatio)) {
		broken = append(broken, fmt.Sprintf("own position %v of equity %v", n, equity))
	}
	return broken
}
