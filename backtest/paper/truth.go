package paper

import (
	"strings"

	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/exchange"
)

// Opening is what an account holds that goes on after a restart, or that begins as a copy of
// another.
type Opening struct {
	// Balances are the amounts of all wallets; those of UM and CM may be below zero, and those
	// of debts are owed.
	Balances []exchange.TruthBalance
	// Positions are those that are not flat.
	Positions []exchange.Position
	// Orders are those that are not over, as the kernel knows them; others are passed over.
	Orders []exchange.Order
	// Acts are those on the account of which no end was told.
	Acts []exchange.OpenAct
}

// OpeningOf is the opening of an account that goes on from what a kernel knows of it, and its
// positions.
func OpeningOf(k exchange.Known, positions []exchange.Position) *Opening {
	return &Opening{Balances: k.Balances, Positions: positions, Orders: k.Orders, Acts: k.Acts}
}

// adopt has a venue go on with it. Numbers of orders and trades begin behind the microseconds
// of now, since those of the process before did so, too, and it has not used one a microsecond.
func (o *Opening) adopt(v *venue.Venue, now exchange.Time) error {
	var balances []venue.Balance
	for _, b := range o.Balances {
		balances = append(balances, venue.Balance{Wallet: b.Wallet, Asset: b.Asset, Amount: b.Amount})
	}
	return v.Adopt(balances, o.Positions, max(0, int64(now)/1000))
}

// read has the account read: at once, or by the link.
func (b *Broker) read() {
	at := b.config.Clock()
	if b.link != nil {
		b.link.Read(at, b.truth)
		return
	}
	b.far.Advance(at)
	b.settle()
	b.config.Deliver(b.truth(at))
}

// truth is the account as the exchange has it.
func (b *Broker) truth(at exchange.Time) exchange.Event {
	t := exchange.Truth{At: at}
	ins := b.config.Venue.Instruments
	for id := exchange.InstrumentID(1); int(id) <= ins.Len(); id++ {
		for side := exchange.Both; side <= exchange.Short; side++ {
			if p := b.venue.Position(id, side); !p.Qty.IsZero() {
				t.Positions = append(t.Positions, p)
			}
		}
	}
	for _, balance := range b.venue.Balances() {
		t.Balances = append(t.Balances, exchange.TruthBalance{Asset: balance.Asset, Wallet: balance.Wallet, Amount: balance.Amount})
	}
	for _, o := range b.venue.OpenOrders() {
		t.Orders = append(t.Orders, exchange.TruthOrder{Order: o, Ours: !strings.HasPrefix(o.ClientID, venue.ChildPrefix)})
	}
	if b.venue.Missing() == nil {
		t.Account = b.venue.Account()
	}
	e := exchange.Event{At: at, Exchange: at}
	e.SetTruth(&t)
	return e
}

// Position is a leg of an instrument: Both in one-way mode, Long and Short in hedge mode.
func (b *Broker) Position(inst exchange.InstrumentID, side exchange.PositionSide) exchange.Position {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.venue.Position(inst, side)
}
