package papisim

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/exchange"
)

// Skew is what the exchange says of the account in place of the truth, for clients that
// must notice it: the account itself goes on as it is. The zero value says the truth.
type Skew struct {
	// Equity, UniMMR and Status stand for those of the account where they are set; Equity
	// moves the actual equity and what is available by as much.
	Equity, UniMMR decimal.NullDecimal
	Status         exchange.AccountStatus
	// Balances and Positions stand for those of their wallets and legs. What a position is
	// worth goes with it; what it needs, and the account's value, stay what they are.
	Balances  []venue.Balance
	Positions []exchange.Position
}

// SetSkew lets the exchange report other numbers from now on. Slices are kept.
func (s *Sim) SetSkew(k Skew) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.skew = k
}

// report is the account as the exchange tells it. Everything that answers a question about
// it asks here, so that a skew shows everywhere.
type report struct {
	venue *venue.Venue
	skew  *Skew
}

func (s *Sim) reported() report { return report{s.venue, &s.skew} }

// account is the account's value.
func (r report) account() exchange.Account {
	a := r.venue.Account()
	if k := r.skew; k.Equity.Valid {
		more := k.Equity.Decimal.Sub(a.Equity)
		a.Equity, a.ActualEquity, a.Available = k.Equity.Decimal, a.ActualEquity.Add(more), a.Available.Add(more)
	}
	if r.skew.UniMMR.Valid {
		a.UniMMR = r.skew.UniMMR.Decimal
	}
	if r.skew.Status != 0 {
		a.Status = r.skew.Status
	}
	return a
}

// balance is what a wallet holds of an asset.
func (r report) balance(asset string, w exchange.Wallet) decimal.Decimal {
	for _, b := range r.skew.Balances {
		if b.Asset == asset && b.Wallet == w {
			return b.Amount
		}
	}
	return r.venue.Balance(asset, w)
}

// position is a leg of an instrument.
func (r report) position(inst exchange.InstrumentID, side exchange.PositionSide) exchange.Position {
	for _, p := range r.skew.Positions {
		if p.Inst == inst && p.Side == side {
			return p
		}
	}
	return r.venue.Position(inst, side)
}

// margin is what a leg is worth and needs.
func (r report) margin(in *exchange.Instrument, side exchange.PositionSide) venue.PositionMargin {
	m := r.venue.PositionMargin(in.ID, side)
	if p := r.position(in.ID, side); !p.Qty.Equal(r.venue.Position(in.ID, side).Qty) {
		mark := r.venue.MarkOf(in.ID).Decimal()
		m.Notional, m.PnL = in.Value(p.Qty, mark), in.PnL(p.Qty, p.Entry, mark)
	}
	return m
}

// sides are the legs that a futures instrument can have in the account's mode.
func (r report) sides() []exchange.PositionSide {
	if r.venue.Hedged() {
		return []exchange.PositionSide{exchange.Long, exchange.Short}
	}
	return []exchange.PositionSide{exchange.Both}
}

// assets are those that the account has had to do with, those of a skew included.
func (r report) assets() []string {
	list := r.venue.Assets()
	for _, b := range r.skew.Balances {
		if !slices.Contains(list, b.Asset) {
			list = append(list, b.Asset)
		}
	}
	return list
}
