package riskguard

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// Missing names the first price that the account's valuation lacks, as margin.ErrMissing;
// nil where all are known.
func (g *Guard) Missing() error { return g.model.Missing() }

// Assets lists what the account has of each asset, see [margin.Portfolio.Holdings].
func (g *Guard) Assets() []margin.Holding { return g.model.Holdings() }

// Balance is the amount of an asset in a wallet.
func (g *Guard) Balance(asset string, w exchange.Wallet) decimal.Decimal {
	return g.model.Balance(asset, w)
}

// Positions lists the futures positions that are not flat.
func (g *Guard) Positions() []margin.Held { return g.model.Positions() }

// Scenarios values the account under every shock that orders are held against, open orders
// filled for the worse; the first is the market as it is.
func (g *Guard) Scenarios() ([]margin.Outcome, error) { return g.model.Scenarios() }

// Index is the index price of an asset in USD, 0 if none is known.
func (g *Guard) Index(asset string) exchange.Fixed { return g.model.Index(asset) }

// Reserved is what open orders may take of an asset out of the margin wallet.
func (g *Guard) Reserved(asset string) decimal.Decimal { return g.model.Reserved(asset) }

// Lost says that the model could not take an input, so that its picture may be wrong.
func (g *Guard) Lost() bool { return g.fault != nil }

// Own is what a strategy has of an instrument by its own fills, with their entry: of the margin
// account what it has bought and not sold. It is flat for a strategy that is not configured.
func (g *Guard) Own(s exchange.StrategyID, inst exchange.InstrumentID, side exchange.PositionSide) exchange.Position {
	p := exchange.Position{Inst: inst, Side: side}
	if int(s) < len(g.ventures) {
		v := &g.ventures[s]
		if at, held := slices.BinarySearchFunc(v.positions, p, comparePositions); held {
			return v.positions[at]
		}
	}
	return p
}

// Prices are the last price and the mark of an instrument, 0 while they are not known.
func (g *Guard) Prices(inst exchange.InstrumentID) (last, mark exchange.Fixed) {
	return g.markets[inst].last, g.markets[inst].mark
}

// Gone says that a strategy's process is gone.
func (g *Guard) Gone(s exchange.StrategyID) bool {
	return int(s) < len(g.lives) && g.lives[s].gone != 0
}
