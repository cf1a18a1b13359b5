package margin

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pmbot/pmbot/exchange"
)

// Binance changes collateral rates and brackets while accounts hold what they apply to.
// The setters here let one [Portfolio] follow; its [Tables] are its own, so that others
// made of the same ones, such as the guard's, learn of a change when they are told.

// SetCollateral replaces the collateral schedule of an asset; one without tiers makes the
// asset worthless as collateral. A schedule that makes no sense is an error that names the
// tier, and nothing changes.
func (p *Portfolio) SetCollateral(name string, s Schedule) error {
	if err := s.check(); err != nil {
		return fmt.Errorf("%w: collateral schedule of %s: %w", ErrInput, name, err)
	}
	a, err := p.asset(name)
	if err != nil {
		return err
	}
	s.Tiers = slices.Clone(s.Tiers)
	p.tables.Collateral[name] = s
	a.schedule, a.rerated = s, true
	p.band.holds = false
	p.touchAsset(a)
	for _, pr := range a.pairs { // open loss goes by the first tier, whatever the holding's is
		p.touchLosses(pr)
	}
	return nil
}

// Collateral is the schedule of an asset as it stands; without tiers it is worth nothing.
func (p *Portfolio) Collateral(name string) Schedule {
	s := p.tables.Collateral[name]
	s.Tiers = slices.Clone(s.Tiers)
	return s
}

// SetBrackets replaces the maintenance brackets of a futures instrument, and of no other:
// a dated contract that has borrowed its perpetual's keeps what it has. A leverage that the
// first bracket does not allow any more falls to what it does, which is assumed: Binance
// says only that open positions are affected. Brackets that do not join are an error that
// names the step, and nothing changes.
func (p *Portfolio) SetBrackets(id exchange.InstrumentID, b Brackets) error {
	s, err := p.slot(id)
	switch {
	case err != nil:
		return err
	case s.pair != nil:
		return fmt.Errorf("%w: %s has no maintenance brackets", ErrInput, s.in.Name())
	case b.Product != s.in.Product:
		return fmt.Errorf("%w: maintenance brackets of %s: they are of %v", ErrInput, s.in.Name(), b.Product)
	}
	if err := b.check(); err != nil {
		return fmt.Errorf("%w: maintenance brackets of %s: %w", ErrInput, s.in.Name(), err)
	}
	b.Tiers = slices.Clone(b.Tiers)
	table := p.tables.UM
	if s.in.Product == exchange.CM {
		table = p.tables.CM
	}
	table[s.in.Symbol] = b
	s.brackets = b
	s.leverage = min(s.leverage, int64(b.Tiers[0].Leverage))
	p.band.holds = false
	for _, l := range s.legs {
		if l != nil {
			p.touchLeg(l)
		}
	}
	return nil
}

// Brackets are those of a futures instrument as they stand; a margin pair has none.
func (p *Portfolio) Brackets(id exchange.InstrumentID) Brackets {
	if !p.ins.Has(id) {
		return Brackets{}
	}
	b := p.slots[id-1].brackets
	b.Tiers = slices.Clone(b.Tiers)
	return b
}

// Scaled moves the edges of the steps by a factor, and cum with them, as an account's
// notionalCoef does: at 0.5 every rate begins at half the size. Edges round half up.
func (b Brackets) Scaled(factor exchange.Fixed) (Brackets, error) {
	if factor <= 0 {
		return b, fmt.Errorf("%w: a factor of %v for brackets is not positive", ErrInput, factor)
	}
	b.Tiers = slices.Clone(b.Tiers)
	for i := range b.Tiers {
		t := &b.Tiers[i]
		t.Floor, t.Cap, t.Cum = scaled(t.Floor, factor), scaled(t.Cap, factor), scaled(t.Cum, factor)
	}
	if err := b.check(); err != nil {
		return b, fmt.Errorf("%w: brackets times %v: %w", ErrInput, factor, err)
	}
	return b, nil
}

// owned is a copy whose maps can change without anybody else seeing it.
func (t *Tables) owned() *Tables {
	own := *t
	own.Collateral, own.UM, own.CM = copied(t.Collateral), copied(t.UM), copied(t.CM)
	own.UMLeverage, own.CMLeverage = copied(t.UMLeverage), copied(t.CMLeverage)
	return &own
}

func copied[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return maps.Clone(m)
}
