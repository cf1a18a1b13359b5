package venue

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// Place takes a new order as it came over a wire, from a client whose own guard, if he has
// one, stands on his side of it. A run of ours uses [Venue.Submit].
func (v *Venue) Place(o exchange.Order, at exchange.Time) { v.receive(o, false, at) }

// Amend is Place for an amend: price, quantity and price match of o's request are the new
// ones, and the client id says of which order.
func (v *Venue) Amend(o exchange.Order, at exchange.Time) { v.receive(o, true, at) }

// Order is an order of the account by its client id, open or among the last thousand that
// are over, the newest of that name. It is a copy.
func (v *Venue) Order(clientID string) (exchange.Order, bool) {
	if o := v.find(clientID); o != nil {
		return o.Order, true
	}
	for i := range v.ended {
		if e := v.ended[(v.endedNext+endedMax-1-i)%endedMax]; e.order != nil && e.order.ClientID == clientID {
			o := e.order.Order
			o.Status = e.status
			return o, true
		}
	}
	return exchange.Order{}, false
}

// Instrument is one as it is now, with its status and filters; do not change it. It is
// another one after each change.
func (v *Venue) Instrument(inst exchange.InstrumentID) *exchange.Instrument {
	return v.markets[inst].in
}

// Position is a leg of an instrument: Both in one-way mode, Long and Short in hedge mode.
func (v *Venue) Position(inst exchange.InstrumentID, side exchange.PositionSide) exchange.Position {
	return v.markets[inst].legs[side]
}

// Balance is what a wallet holds of an asset, and of a debt wallet what is owed.
func (v *Venue) Balance(asset string, w exchange.Wallet) decimal.Decimal {
	return v.wallets.balance(asset, w)
}

// Locked is what open margin orders hold back of an asset in the margin wallet.
func (v *Venue) Locked(asset string) decimal.Decimal {
	return v.wallets.balance(asset, exchange.WalletMargin).Sub(v.free(asset))
}

// Leverage is that of a futures symbol.
func (v *Venue) Leverage(inst exchange.InstrumentID) int { return v.risk.model.Leverage(inst) }

// Hedged says whether the account is in hedge mode.
func (v *Venue) Hedged() bool { return v.hedge }

// FeesOf are the rates that an instrument's fills pay.
func (v *Venue) FeesOf(inst exchange.InstrumentID) Fees { return v.markets[inst].fees }

// BracketsOf are the maintenance brackets of a futures instrument.
func (v *Venue) BracketsOf(inst exchange.InstrumentID) margin.Brackets {
	return v.risk.model.Brackets(inst)
}

// CollateralOf is the schedule by which an asset counts as collateral.
func (v *Venue) CollateralOf(asset string) margin.Schedule { return v.risk.model.Collateral(asset) }

// IndexOf is the index price of an asset in USD, 0 while it is not known.
func (v *Venue) IndexOf(asset string) exchange.Fixed { return v.risk.model.Index(asset) }

// MarkOf is the mark price of an instrument and LastOf the last price that it knows; 0 while
// they are not known.
func (v *Venue) MarkOf(inst exchange.InstrumentID) exchange.Fixed { return v.markets[inst].mark }

// LastOf is described at [Venue.MarkOf].
func (v *Venue) LastOf(inst exchange.InstrumentID) exchange.Fixed { return v.markets[inst].last }
