package venue

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// What the account's value is made of, position by position and asset by asset, as the
// account pages of a wire protocol list it. None of it emits anything.

// PositionMargin is what a futures position and its open orders need and have come to, in
// the asset that it settles in.
type PositionMargin struct {
	margin.LegMargin
	// Bids and Asks are the notional of the open orders to buy and to sell at their
	// prices: for UM in the margin asset, for CM in coins. Conditional orders do not count.
	Bids, Asks decimal.Decimal
	// Liquidation is the mark price at which the account's uniMMR would reach the line of
	// liquidation if no other price moved; 0 where no price would do that.
	Liquidation decimal.Decimal
}

// PositionMargin is that of an instrument's leg. What is summed over all legs, and over
// assets with [Venue.LoanMargin], at index prices, is that of [Venue.Account].
func (v *Venue) PositionMargin(inst exchange.InstrumentID, side exchange.PositionSide) PositionMargin {
	v.lendAll()
	m := &v.markets[inst]
	p := PositionMargin{LegMargin: v.risk.model.LegMargin(inst, side), Liquidation: v.liquidation(m, side)}
	for _, o := range m.orders {
		r := &o.Request
		if r.PositionSide != side || r.Type.Conditional() || m.in.Product == exchange.Margin {
			continue
		}
		notional := m.in.Value(o.Remaining().Decimal(), r.Price.Decimal())
		if r.Side == exchange.Buy {
			p.Bids = p.Bids.Add(notional)
		} else {
			p.Asks = p.Asks.Add(notional)
		}
	}
	return p
}

// liquidation solves, for the mark p of one position of signed quantity q,
//
//	adjusted equity + change of PnL·index = line·(maintenance margin + change of its own·index)
//
// where nothing else changes, the bracket of now goes on, and the profit counts in full as
// collateral. With mark m, maintenance rate r and line L, and N = adjusted equity - L·MM,
// that is p = m - N/(index·(q - L·r·|q|)) for UM and 1/p = 1/m + N/(index·size·(q + L·r·|q|))
// for CM. Binance calls its own figure an estimate and publishes no formula: this is assumed.
func (v *Venue) liquidation(m *market, side exchange.PositionSide) decimal.Decimal {
	if m.in.Product == exchange.Margin || m.legs[side].Qty.IsZero() {
		return decimal.Zero
	}
	mark, index, q := m.valuation().Decimal(), v.index(m.in.MarginAsset), m.legs[side].Qty
	a, line := v.assess(), v.money.tables.Ladder.Liquidation.Decimal()
	if !mark.IsPositive() || !index.IsPositive() || v.risk.model.Missing() != nil {
		return decimal.Zero
	}
	surplus := a.Equity.Sub(a.OpenLoss).Sub(a.MaintMargin.Mul(line))
	rate := v.BracketsOf(m.in.ID).Rate(m.in.Value(q, mark))
	kept := q.Abs().Mul(rate.Decimal()).Mul(line)
	one := decimal.NewFromInt(1)
	var price decimal.Decimal
	if m.in.Inverse() {
		slope := q.Add(kept).Mul(m.in.ContractSize.Decimal()).Mul(index)
		if slope.IsZero() {
			return decimal.Zero
		}
		inverse := one.DivRound(mark, 24).Add(surplus.DivRound(slope, 24))
		if !inverse.IsPositive() {
			return decimal.Zero
		}
		price = one.DivRound(inverse, exchange.FixedPlaces)
	} else {
		slope := q.Sub(kept).Mul(index)
		if slope.IsZero() {
			return decimal.Zero
		}
		price = mark.Sub(surplus.DivRound(slope, exchange.FixedPlaces))
	}
	return decimal.Max(price, decimal.Zero)
}

// LoanMargin is the maintenance and initial margin of the loans in an asset, in the asset.
func (v *Venue) LoanMargin(asset string) (maint, initial decimal.Decimal) {
	return v.risk.model.LoanMargin(asset)
}

// Assets are all that the account has had to do with, in the order of their first booking.
func (v *Venue) Assets() []string { return append([]string(nil), v.wallets.assets...) }

// Spare is the dollars that the account can do without: what could be withdrawn, counted
// over all assets.
func (v *Venue) Spare() decimal.Decimal { return v.spare() }
