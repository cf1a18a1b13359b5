package margin

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pmbot/pmbot/exchange"
)

// Errors that callers test with errors.Is.
var (
	// ErrMissing says that the account cannot be valued: a mark or an index that it needs
	// has not been set. A guard refuses then.
	ErrMissing = errors.New("price is missing")
	// ErrInput says that a value cannot enter the model: unknown instrument, a quantity
	// that makes no sense, an amount beyond all bounds.
	ErrInput = errors.New("margin: bad input")
)

// Portfolio is one account's holdings, prices and open orders, and what follows from
// them. It keeps the contribution of every position, asset and order under every
// scenario, and computes again only what a change touches, when somebody asks. It has
// one owner and is not safe for concurrent use.
type Portfolio struct {
	ins    *exchange.Instruments
	tables *Tables
	// Scenario 0 is the market as it is; scenario i is shocks[i-1].
	shocks   []Shock
	standard bool // shocks are the standard ones, of these sizes
	sizes    ShockSizes

	assets  []*asset
	byAsset map[string]*asset
	slots   []*slot // by instrument id - 1
	where   map[exchange.OrderID]*book

	totals []total
	stakes stakes
	lacks  int // legs and assets without a price they need

	staleLegs   []*leg
	stalePairs  []*pair
	staleLosses []*pair
	staleAssets []*asset

	trial trial
	band  band
}

// total sums a scenario over all assets and pairs, in dollars (usd scale).
type total struct {
	equity, maint, openLoss            wide
	equityWorst, maintWorst, swapWorst wide
	// Of the base scenario only:
	actual, initial, initialWorst wide
}

// slot is an instrument with what the model keeps of it.
type slot struct {
	in            *exchange.Instrument
	base, settle  *asset // settle is the quote asset for margin pairs
	mark          exchange.Fixed
	brackets      Brackets
	leverage      int64
	fee           exchange.Fixed
	legs          [3]*leg // by position side, made when first used
	pair          *pair
	low, high     exchange.Fixed // the band of the mark; see Safe
	contractValue int64          // contract size as an integer of 8 decimals
}

// book is the open orders of a leg or pair.
type book struct {
	orders []order
	leg    *leg
	pair   *pair
}

// New makes an empty portfolio over a table of instruments, with the default shocks. It
// keeps a copy of the tables. A futures instrument without maintenance brackets is an error.
func New(ins *exchange.Instruments, t *Tables) (*Portfolio, error) {
	if err := t.check(); err != nil {
		return nil, fmt.Errorf("margin tables: %w", err)
	}
	p := &Portfolio{
		ins: ins, tables: t.owned(),
		byAsset: map[string]*asset{}, where: map[exchange.OrderID]*book{},
	}
	for id := 1; id <= ins.Len(); id++ {
		s, err := p.newSlot(ins.At(exchange.InstrumentID(id)))
		if err != nil {
			return nil, err
		}
		p.slots = append(p.slots, s)
	}
	return p, p.SetShockSizes(DefaultShockSizes())
}

func (p *Portfolio) newSlot(in *exchange.Instrument) (*slot, error) {
	s := &slot{in: in, fee: p.tables.Fees[in.Product].Taker, contractValue: int64(in.ContractSize), high: exchange.FixedMax}
	var err error
	if s.base, err = p.asset(in.Base); err != nil {
		return nil, err
	}
	settle := in.MarginAsset
	if in.Product == exchange.Margin {
		settle = in.Quote
		s.pair = &pair{}
		s.pair.slot = s
	}
	if s.settle, err = p.asset(settle); err != nil {
		return nil, err
	}
	if s.pair != nil {
		s.base.pairs = append(s.base.pairs, s.pair)
		s.settle.pairs = append(s.settle.pairs, s.pair)
		return s, nil
	}
	b, _, ok := p.tables.brackets(in)
	if !ok {
		return nil, fmt.Errorf("%w: %s has no maintenance brackets; give a file with its leverageBracket answer", ErrInput, in.Name())
	}
	if err := b.check(); err != nil {
		return nil, fmt.Errorf("maintenance brackets of %s: %w", in.Name(), err)
	}
	if in.Inverse() && (in.ContractSize <= 0 || in.ContractSize > contractSizeMax) {
		return nil, fmt.Errorf("%w: %s: contract size %v is not within 0..%v USD", ErrInput, in.Name(), in.ContractSize, contractSizeMax)
	}
	s.brackets = b
	s.base.tracked = append(s.base.tracked, s)
	s.settle.futures = append(s.settle.futures, s)
	s.leverage = s.untouched(p.tables)
	return s, nil
}

// contractSizeMax bounds CM contracts; Binance has 10 and 100 USD.
const contractSizeMax = 1000 * exchange.FixedOne

// SetShockSizes uses the standard shocks in these sizes: all coins up and down, each coin
// of an instrument alone likewise if there are several, each stable asset of an instrument
// or of the account down, also one that comes later, and collateral rates cut.
func (p *Portfolio) SetShockSizes(size ShockSizes) error {
	p.standard, p.sizes = true, size
	shocks := standardShocks(p.ins, p.tables, size)
	for _, a := range p.assets {
		if a.stable && !slices.ContainsFunc(shocks, func(s Shock) bool { return s.Asset == a.name }) {
			shocks = append(shocks, depegOf(a.name, size.Stable))
		}
	}
	return p.setShocks(shocks)
}

// SetShocks replaces the shocks of the worst case; none leaves the base scenario alone.
func (p *Portfolio) SetShocks(shocks []Shock) error {
	p.standard = false
	return p.setShocks(slices.Clone(shocks))
}

func (p *Portfolio) setShocks(shocks []Shock) error {
	for _, s := range shocks {
		if err := s.check(); err != nil {
			return err
		}
	}
	p.shocks = shocks
	n := len(shocks) + 1
	p.totals, p.stakes = make([]total, n), stakes{}
	p.lacks = 0
	for _, a := range p.assets {
		a.reset(n, p.shocks)
		p.touchAsset(a)
	}
	for _, s := range p.slots {
		for _, l := range s.legs {
			if l != nil {
				l.reset(n)
				p.touchLeg(l)
			}
		}
		if s.pair != nil {
			s.pair.reset(n)
			p.touchPair(s.pair)
		}
	}
	return nil
}

// Shocks returns the shocks in use, in the order of [Portfolio.Scenarios].
func (p *Portfolio) Shocks() []Shock { return slices.Clone(p.shocks) }

// asset returns the asset of that name and makes it if it is new.
func (p *Portfolio) asset(name string) (*asset, error) {
	if a, ok := p.byAsset[name]; ok {
		return a, nil
	}
	if name == "" {
		return nil, fmt.Errorf("%w: an asset without a name", ErrInput)
	}
	leverage, mmr, err := p.tables.loanTerms(name)
	if err != nil {
		return nil, err
	}
	a := &asset{
		name: name, stable: slices.Contains(p.tables.Stables, name), high: exchange.FixedMax,
		schedule: p.tables.Collateral[name], loanLeverage: int64(leverage), loanMMR: mmr,
	}
	p.assets = append(p.assets, a)
	p.byAsset[name] = a
	if len(p.totals) == 0 { // New has not got to the shocks yet
		return a, nil
	}
	a.reset(len(p.totals), p.shocks)
	if p.standard && a.stable {
		return a, p.setShocks(append(p.shocks, depegOf(name, p.sizes.Stable)))
	}
	return a, nil
}

// slot returns that of an instrument.
func (p *Portfolio) slot(id exchange.InstrumentID) (*slot, error) {
	if !p.ins.Has(id) {
		return nil, fmt.Errorf("%w: no instrument %d", ErrInput, id)
	}
	return p.slots[id-1], nil
}

// leg returns that of a futures position and makes it if it is new.
func (p *Portfolio) leg(s *slot, side exchange.PositionSide) (*leg, error) {
	if s.pair != nil || side > exchange.Short {
		return nil, fmt.Errorf("%w: %s has no position %v", ErrInput, s.in.Name(), side)
	}
	if s.legs[side] == nil {
		l := &leg{slot: s, position: exchange.Position{Inst: s.in.ID, Side: side}, repriced: true}
		l.book.leg = l
		l.reset(len(p.totals))
		s.legs[side] = l
	}
	return s.legs[side], nil
}
