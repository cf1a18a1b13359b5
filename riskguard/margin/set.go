package margin

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Apply folds an event in: marks, asset index prices, bookings and our fills of futures.
// Other kinds are ignored. A booking sets the wallet to its Balance; a margin fill moves
// wallets, which its bookings tell, so the fill itself changes nothing. Open orders are
// the owner's to set: a fill does not shrink them.
func (p *Portfolio) Apply(e *exchange.Event) error {
	switch e.Kind {
	case exchange.KindMark:
		return p.SetMark(e.Inst, e.Mark().Price)
	case exchange.KindAssetIndex:
		return p.SetIndex(e.AssetIndex().Asset, e.AssetIndex().Price)
	case exchange.KindLedger:
		l := e.Ledger()
		return p.SetBalance(l.Asset, l.Wallet, l.Balance)
	case exchange.KindFill:
		return p.fill(e.Inst, e.Fill())
	default:
		return nil
	}
}

func (p *Portfolio) fill(id exchange.InstrumentID, f *exchange.Fill) error {
	s, err := p.slot(id)
	if err != nil || s.pair != nil {
		return err
	}
	l, err := p.leg(s, f.PositionSide)
	if err != nil {
		return err
	}
	position := l.position
	position.Trade(s.in, f.Side, f.Qty, f.Price)
	return p.SetPosition(position)
}

// SetMark sets the mark price of a futures instrument. It stores and compares with the
// band of [Portfolio.Safe]; what follows is computed when asked for. Marks of margin
// pairs are ignored: index prices value them.
func (p *Portfolio) SetMark(id exchange.InstrumentID, price exchange.Fixed) error {
	s, err := p.slot(id)
	if err != nil {
		return err
	}
	if price <= 0 {
		return fmt.Errorf("%w: mark %v of %s", ErrInput, price, s.in.Name())
	}
	if s.mark == price || s.pair != nil {
		return nil
	}
	s.mark = price
	if price < s.low || price > s.high {
		p.band.holds = false
	}
	for _, l := range s.legs {
		if l == nil {
			continue
		}
		if l.repriced = true; !l.qty.zero() || len(l.book.orders) > 0 {
			p.queueLeg(l)
		}
	}
	return nil
}

// SetIndex sets the USD price by which an asset counts.
func (p *Portfolio) SetIndex(name string, price exchange.Fixed) error {
	if price <= 0 {
		return fmt.Errorf("%w: index %v of %s", ErrInput, price, name)
	}
	a, err := p.asset(name)
	if err != nil || a.index == price {
		return err
	}
	a.index = price
	if price < a.low || price > a.high {
		p.band.holds = false
	}
	p.touchAsset(a)
	for _, pr := range a.pairs {
		if len(pr.book.orders) > 0 {
			p.touchPair(pr)
		}
	}
	return nil
}

// Index is the index price of an asset as it was set, 0 if it was not.
func (p *Portfolio) Index(name string) exchange.Fixed {
	if a, ok := p.byAsset[name]; ok {
		return a.index
	}
	return 0
}

// SetBalance sets the amount of an asset in a wallet; debts are positive amounts.
func (p *Portfolio) SetBalance(name string, w exchange.Wallet, balance decimal.Decimal) error {
	if w < exchange.WalletMargin || w > exchange.WalletInterest {
		return fmt.Errorf("%w: balance of %s in %v", ErrInput, name, w)
	}
	n, err := wideFromDecimal(balance, amountPlaces, amountDigitsMax)
	if err != nil {
		return fmt.Errorf("%w: balance of %s in %v: %w", ErrInput, name, w, err)
	}
	if w.Debt() && n.negative() {
		return fmt.Errorf("%w: debt of %s in %v is negative: %v", ErrInput, name, w, balance)
	}
	a, err := p.asset(name)
	if err != nil || a.wallet[w] == n {
		return err
	}
	p.setWallet(a, w, n)
	return nil
}

func (p *Portfolio) setWallet(a *asset, w exchange.Wallet, n wide) {
	a.wallet[w] = n
	a.sum()
	p.band.holds = false
	p.touchAsset(a)
}

// Balance is the amount in a wallet as it was set, 0 if it was not.
func (p *Portfolio) Balance(name string, w exchange.Wallet) decimal.Decimal {
	a, ok := p.byAsset[name]
	if !ok || int(w) >= len(a.wallet) {
		return decimal.Zero
	}
	return a.wallet[w].decimal(amountPlaces)
}

// Reserved is what open margin orders may take of an asset out of the margin wallet, if they
// fill for the most, what they would borrow included.
func (p *Portfolio) Reserved(name string) decimal.Decimal {
	p.refresh()
	if a, ok := p.byAsset[name]; ok {
		return a.outflow.decimal(amountPlaces)
	}
	return decimal.Zero
}

// Overdrawn is by how much the wallets of an asset together are below 0, without debts; 0 if they
// are not.
func (p *Portfolio) Overdrawn(name string) decimal.Decimal {
	a, ok := p.byAsset[name]
	if !ok {
		return decimal.Zero
	}
	var sum wide
	for w := exchange.WalletMargin; w <= exchange.WalletCM; w++ {
		sum = sum.add(a.wallet[w])
	}
	if !sum.negative() {
		return decimal.Zero
	}
	return sum.decimal(amountPlaces).Neg()
}

// SetPosition replaces the futures position of its instrument and side.
func (p *Portfolio) SetPosition(pos exchange.Position) error {
	s, err := p.slot(pos.Inst)
	if err != nil {
		return err
	}
	l, err := p.leg(s, pos.Side)
	if err != nil {
		return err
	}
	qty, err := wideFromDecimal(pos.Qty, qtyPlaces, qtyDigitsMax)
	if err != nil {
		return fmt.Errorf("%w: position in %s: quantity: %w", ErrInput, s.in.Name(), err)
	}
	entry, err := wideFromDecimal(pos.Entry, entryPlaces, entryDigitsMax)
	if err != nil {
		return fmt.Errorf("%w: position in %s: entry: %w", ErrInput, s.in.Name(), err)
	}
	if entry.negative() || !qty.zero() && entry.less(wideInt(fixedOne)) { // averages lie among prices
		return fmt.Errorf("%w: position in %s: entry %v is below the smallest price, 0.00000001", ErrInput, s.in.Name(), pos.Entry)
	}
	if pos.Side == exchange.Long && qty.negative() || pos.Side == exchange.Short && qty.positive() {
		return fmt.Errorf("%w: position in %s: %v leg of %v", ErrInput, s.in.Name(), pos.Side, pos.Qty)
	}
	l.position, l.qty, l.entry = pos, qty, entry
	p.band.holds = false
	p.touchLeg(l)
	return nil
}

// Position returns the position of an instrument and side; it is flat if none was set.
func (p *Portfolio) Position(id exchange.InstrumentID, side exchange.PositionSide) exchange.Position {
	if !p.ins.Has(id) || side > exchange.Short || p.slots[id-1].legs[side] == nil {
		return exchange.Position{Inst: id, Side: side}
	}
	return p.slots[id-1].legs[side].position
}

// SetOrder adds an open order, or replaces the one of that id; an order that is over, or
// has nothing left to fill, is removed. Its risk is held whatever its state, Unknown
// included.
func (p *Portfolio) SetOrder(o exchange.Order) error {
	if o.ID == 0 {
		return fmt.Errorf("%w: an open order needs an id", ErrInput)
	}
	if o.Status.Final() || o.Request.Qty > 0 && o.Remaining() == 0 {
		p.RemoveOrder(o.ID)
		return nil
	}
	b, err := p.put(&o, true)
	if err == nil && b.pair != nil {
		p.band.holds = false
	}
	return err
}

// RemoveOrder forgets an open order; one that is not known is no error.
func (p *Portfolio) RemoveOrder(id exchange.OrderID) {
	if b, ok := p.where[id]; ok && b.pair != nil {
		p.band.holds = false
	}
	p.drop(id, true)
}

// SetLeverage sets the leverage of a futures symbol, within its brackets.
func (p *Portfolio) SetLeverage(id exchange.InstrumentID, leverage int) error {
	s, err := p.slot(id)
	if err != nil {
		return err
	}
	if s.pair != nil {
		return fmt.Errorf("%w: %s has no leverage", ErrInput, s.in.Name())
	}
	if most := s.brackets.Tiers[0].Leverage; leverage < 1 || leverage > most {
		return fmt.Errorf("%w: leverage %d of %s: want 1..%d", ErrInput, leverage, s.in.Name(), most)
	}
	s.leverage = int64(leverage)
	for _, l := range s.legs {
		if l != nil {
			p.touchLeg(l)
		}
	}
	return nil
}

// Leverage is the leverage of a futures symbol.
func (p *Portfolio) Leverage(id exchange.InstrumentID) int {
	if !p.ins.Has(id) {
		return 0
	}
	return int(p.slots[id-1].leverage)
}

// Breaches are the legs of an instrument that are too large for its leverage, with all
// their open orders filled.
func (p *Portfolio) Breaches(id exchange.InstrumentID) []Breach {
	p.refresh()
	s, err := p.slot(id)
	if err != nil {
		return nil
	}
	var r Projection
	for side, l := range s.legs {
		if l != nil {
			r.noteBreach(s, exchange.PositionSide(side))
		}
	}
	return r.Breaches
}
