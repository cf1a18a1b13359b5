package margin

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/pmbot/pmbot/exchange"
)

// Picture is an account as a portfolio has been told it, without open orders, with all that
// is needed to make another portfolio of it elsewhere and later.
type Picture struct {
	Instruments []exchange.Instrument `json:"instruments"`
	// Tables are those of the assets and instruments of the account, as they stood.
	Tables Tables `json:"tables"`
	// State is what [Portfolio.Snapshot] has written.
	State json.RawMessage `json:"state"`
}

// Picture takes one. It can be written as JSON.
func (p *Portfolio) Picture() Picture {
	t := *p.tables.owned()
	foreign := func(asset string) bool { _, ok := p.byAsset[asset]; return !ok }
	maps.DeleteFunc(t.Collateral, func(a string, _ Schedule) bool { return foreign(a) })
	t.Interest = maps.Clone(t.Interest)
	maps.DeleteFunc(t.Interest, func(a string, _ exchange.Fixed) bool { return foreign(a) })
	t.LoanLeverage = maps.Clone(t.LoanLeverage)
	maps.DeleteFunc(t.LoanLeverage, func(a string, _ int) bool { return foreign(a) })
	t.UM, t.CM = map[string]Brackets{}, map[string]Brackets{}
	for _, s := range p.slots { // as they stand: a dated contract gets its own
		switch {
		case s.pair != nil:
		case s.in.Product == exchange.CM:
			t.CM[s.in.Symbol] = s.brackets
		default:
			t.UM[s.in.Symbol] = s.brackets
		}
	}
	of := func(product exchange.Product) func(string, int) bool {
		return func(symbol string, _ int) bool {
			return !slices.ContainsFunc(p.slots, func(s *slot) bool { return s.in.Product == product && s.in.Symbol == symbol })
		}
	}
	maps.DeleteFunc(t.UMLeverage, of(exchange.UM))
	maps.DeleteFunc(t.CMLeverage, of(exchange.CM))
	return Picture{p.ins.All(), t, p.Snapshot()}
}

// Portfolio makes a portfolio of the picture. What cannot be is an error that says so.
func (x *Picture) Portfolio() (*Portfolio, error) {
	ins, err := exchange.NewInstruments(x.Instruments...)
	if err != nil {
		return nil, fmt.Errorf("picture of an account: %w", err)
	}
	p, err := New(ins, &x.Tables)
	if err != nil {
		return nil, fmt.Errorf("picture of an account: %w", err)
	}
	if err := p.Restore(x.State); err != nil {
		return nil, fmt.Errorf("picture of an account: %w", err)
	}
	return p, nil
}

// Instruments are those that the portfolio was made over.
func (p *Portfolio) Instruments() *exchange.Instruments { return p.ins }

// Lines are the lines of uniMMR at which Binance acts or warns, from the highest: 1.5, where
// its app shows the account as in danger, and those of the tables' ladder.
func (p *Portfolio) Lines() []exchange.Fixed {
	l := &p.tables.Ladder
	var list []exchange.Fixed
	for _, line := range []exchange.Fixed{warned, l.MarginCall, l.SupplyMargin, l.ReduceOnly, l.Liquidation} {
		if line != 0 && !slices.Contains(list, line) {
			list = append(list, line)
		}
	}
	slices.Sort(list)
	slices.Reverse(list)
	return list
}

// warned is the upper edge of the band below which Binance speaks of a margin call.
const warned = exchange.FixedOne * 3 / 2
