package venue

import (
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// The ladder of plain Portfolio Margin. The lines are those of the margin tables; at the
// lowest, or when adjusted equity turns negative, the account is liquidated:
//
//  1. ActiveLiquidation: the open orders on margin pairs are cancelled, which frees their
//     open loss. If that is enough, the liquidation is called off.
//  2. ForceLiquidation: all other orders are cancelled and the futures positions closed
//     by forced market fills, the one with the largest maintenance margin first, whole,
//     each with the clearance fee of its symbol, until uniMMR is above the line again.
//  3. Bankrupted: nothing is left to close and equity is not positive. With equity left,
//     the status stays ForceLiquidation until prices lift it. Collateral is not sold.
//
// Every change of status is told by a risk-level event.

// respond acts on a status that is not the one before and returns the account that
// comes of it.
func (v *Venue) respond(a exchange.Account) exchange.Account {
	takenOver := v.risk.status >= exchange.StatusForceLiquidation
	if a.Status < exchange.StatusActiveLiquidation || takenOver {
		v.announce(a)
		return a
	}
	v.announce(under(a, exchange.StatusActiveLiquidation))
	if v.cancelAll(func(m *market) bool { return m.in.Product == exchange.Margin }) {
		if a = v.assess(); a.Status < exchange.StatusActiveLiquidation {
			v.announce(a)
			return a
		}
	}
	v.announce(under(a, exchange.StatusForceLiquidation))
	v.cancelAll(func(*market) bool { return true })
	for m, leg := v.heaviest(); m != nil; m, leg = v.heaviest() {
		v.closeOut(m, leg)
		if a = v.assess(); a.Status < exchange.StatusActiveLiquidation {
			v.announce(a)
			return a
		}
	}
	a = v.assess()
	v.announce(a)
	return a
}

func under(a exchange.Account, s exchange.AccountStatus) exchange.Account {
	a.Status = s
	return a
}

// announce tells a change of status.
func (v *Venue) announce(a exchange.Account) {
	if a.Status == v.risk.status {
		return
	}
	v.risk.status = a.Status
	v.emit(0).SetRiskLevel(v.out.accounts.put(a))
}

// cancelAll ends the open orders of the chosen markets and says whether there were any.
func (v *Venue) cancelAll(chosen func(*market) bool) bool {
	found := false
	for i := range v.markets {
		m := &v.markets[i]
		if len(m.orders) == 0 || !chosen(m) {
			continue
		}
		found = true
		for _, o := range v.snapshot(m) {
			if !o.Status.Final() { // the other leg of an OCO may have ended it
				v.finish(o, exchange.StatusExpired, errLiquidated)
			}
		}
		m.rewatch()
	}
	return found
}

// heaviest is the market and leg whose position needs the most maintenance margin, nil
// when there is no position: the one without which the account would need least.
func (v *Venue) heaviest() (found *market, leg exchange.PositionSide) {
	var least decimal.Decimal
	for i := range v.markets {
		m := &v.markets[i]
		for _, p := range m.legs {
			if p.Qty.IsZero() {
				continue
			}
			must(v.risk.model.SetPosition(exchange.Position{Inst: p.Inst, Side: p.Side}))
			without := v.risk.model.Account().MaintMargin
			must(v.risk.model.SetPosition(p))
			if found == nil || without.LessThan(least) {
				found, leg, least = m, p.Side, without
			}
		}
	}
	return found, leg
}

// closeOut closes a position by force, at once, at the mark plus slippage, and takes the
// clearance fee.
func (v *Venue) closeOut(m *market, leg exchange.PositionSide) {
	side := exchange.Buy
	if m.legs[leg].Qty.IsPositive() {
		side = exchange.Sell
	}
	v.lastID++
	o := &order{market: m, arrived: v.now}
	o.VenueID, o.ClientID = v.lastID, "autoclose-"+strconv.FormatInt(v.lastID, 10)
	o.Status, o.Created = exchange.StatusWorking, v.now
	o.Request = exchange.OrderRequest{Inst: m.in.ID, Side: side, PositionSide: leg, Type: exchange.Market, Qty: m.held(side, leg), ReduceOnly: true}
	v.report(o, cause{}, "")
	price := v.slipped(m, side, m.valuation())
	v.fill(o, execution{price: price, qty: unlimited, forced: exchange.ForcedLiquidation})
	clearance := m.in.Value(o.Filled.Decimal().Mul(m.in.LiquidationFee.Decimal()), price.Decimal())
	v.book(posting{
		asset: m.in.MarginAsset, wallet: exchange.WalletOf(m.in.Product), reason: exchange.ReasonLiquidation,
		delta: clearance.Neg(), inst: m.in.ID,
	})
}
