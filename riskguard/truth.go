package riskguard

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// What reconciliation reads of the guard's picture, and puts right in it.

// Balances are the amounts of the account that are not zero, as bookings have told them, by
// asset in the order in which they became known and then by wallet.
func (g *Guard) Balances() []exchange.TruthBalance { return g.model.Balances() }

// Position is that of an instrument and side, as fills have made it.
func (g *Guard) Position(inst exchange.InstrumentID, side exchange.PositionSide) exchange.Position {
	return g.model.Position(inst, side)
}

// Debt is what is owed in an asset, loan and interest.
func (g *Guard) Debt(asset string) decimal.Decimal {
	return g.model.Balance(asset, exchange.WalletLoan).Add(g.model.Balance(asset, exchange.WalletInterest))
}

// SetPosition replaces a position by what the exchange has. One that the model cannot take
// is a fault, after which nothing is approved.
func (g *Guard) SetPosition(p exchange.Position) {
	if err := g.model.SetPosition(p); err != nil && g.fault == nil {
		g.fault = fmt.Errorf("the exchange's position: %w", err)
	}
	g.occupy(p.Inst)
}
