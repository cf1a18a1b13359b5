package margin

import (
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Scenario is what happens to an account at once, for [Portfolio.Stress].
type Scenario struct {
	Name string `json:"name"`
	// Shocks come together. Where several move the same price the last one counts, and of
	// their haircuts the largest.
	Shocks []Shock `json:"shocks"`
	// ADL closes every position that gains by the shocks and is in profit when prices are
	// half-way, as auto-deleveraging does to winners: what it has hedged is bare for the rest.
	ADL bool `json:"adl"`
	// Marks move the mark of single futures, in place of what the shocks do to their coin.
	Marks []MarkMove `json:"marks"`
	// Basis is by how much the marks of a coin's futures part from its index price, on top
	// of its move; Marks excepted. Funding is a rate of the notional, after the move, that
	// longs pay to shorts once. Of several entries for a coin the last counts, and one for
	// AllCoins only where none names it.
	Basis   []CoinRatio `json:"basis"`
	Funding []CoinRatio `json:"funding"`
	// Quotes move the marks of all futures that are quoted in an asset, on top of Basis: what
	// costs the same in dollars costs more of an asset that falls. Marks excepted.
	Quotes []CoinRatio `json:"quotes"`
	// RateCuts lower the collateral rates of single assets, like the haircuts of shocks; of
	// several for an asset the last counts, and one for AllCoins only where none names it.
	RateCuts []RateCut `json:"rate_cuts"`
}

// MarkMove moves the mark of a futures instrument by a ratio, -0.2 for a fall by a fifth.
type MarkMove struct {
	Inst exchange.InstrumentID `json:"inst"`
	Move exchange.Fixed        `json:"move"`
}

// CoinRatio is a ratio for the futures of a coin, or of AllCoins.
type CoinRatio struct {
	Coin  string         `json:"coin"`
	Ratio exchange.Fixed `json:"ratio"`
}

// RateCut lowers the collateral rates of an asset, or with AllCoins of every asset: by points,
// 0.1 for ten, and by steps, of which one gives every tier the rate of the next.
type RateCut struct {
	Asset  string         `json:"asset"`
	Points exchange.Fixed `json:"points"`
	Steps  int            `json:"steps"`
}

// stepsMax is more than any schedule has tiers.
const stepsMax = 100

// check finds what makes no sense.
func (s *Scenario) check() error {
	for _, k := range s.Shocks {
		if err := k.check(); err != nil {
			return err
		}
	}
	move := func(what string, r exchange.Fixed) error {
		if r <= -exchange.FixedOne || r > 10*exchange.FixedOne {
			return fmt.Errorf("%s of %v is not within -1..10", what, r)
		}
		return nil
	}
	for _, m := range s.Marks {
		if err := move("a move of a mark", m.Move); err != nil {
			return err
		}
	}
	for _, b := range s.Basis {
		if err := move("a basis of "+b.Coin, b.Ratio); err != nil {
			return err
		}
	}
	for _, q := range s.Quotes {
		if err := move("a move of prices in "+q.Coin, q.Ratio); err != nil {
			return err
		}
	}
	for _, f := range s.Funding {
		if f.Ratio.Abs() > exchange.FixedOne {
			return fmt.Errorf("a funding of %s of %v is not within -1..1", f.Coin, f.Ratio)
		}
	}
	for _, c := range s.RateCuts {
		if c.Points < 0 || c.Points > exchange.FixedOne || c.Steps < 0 || c.Steps > stepsMax {
			return fmt.Errorf("a cut of %s by %v and %d steps is not within 0..1 and 0..%d", c.Asset, c.Points, c.Steps, stepsMax)
		}
	}
	return nil
}

// Stressed is an account under a [Scenario]. Money is in USD, Equity after haircuts.
type Stressed struct {
	Scenario            string
	Equity, MaintMargin decimal.Decimal
	// UniMMR is Equity/MaintMargin, and UniMMRMax without maintenance margin. Status is
	// where the ladder places it.
	UniMMR decimal.Decimal
	Status exchange.AccountStatus
}

// Stress computes the account anew under each scenario, as if it had no open orders: what
// it would come to before anybody acts. Nobody liquidates, and closing costs nothing. It
// reads what the portfolio holds and touches neither its shocks nor its proofs. A price
// that it needs and that is not set is ErrMissing; a shock that makes no sense is an error
// with its name.
func (p *Portfolio) Stress(list []Scenario) ([]Stressed, error) {
	out := make([]Stressed, 0, len(list))
	for i := range list {
		if err := list[i].check(); err != nil {
			return nil, fmt.Errorf("%w: scenario %q: %w", ErrInput, list[i].Name, err)
		}
		s, err := p.stress(&list[i])
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

func (p *Portfolio) stress(s *Scenario) (Stressed, error) {
	equity, maint, err := p.under(s)
	if err != nil {
		return Stressed{}, err
	}
	u := uniMMR(equity, maint)
	if maint.zero() {
		u = uniMMRMax()
	}
	return Stressed{
		Scenario: s.Name, Equity: equity.decimal(usdPlaces), MaintMargin: maint.decimal(usdPlaces),
		UniMMR: u.decimal(entryPlaces), Status: p.status(equity, u),
	}, nil
}

// under is equity and maintenance margin when the scenario has happened (usd scale).
func (p *Portfolio) under(s *Scenario) (equity, maint wide, err error) {
	for _, a := range p.assets {
		net, legs := a.own, wide{}
		for _, f := range a.futures {
			for _, l := range f.legs {
				if l == nil || l.qty.zero() {
					continue
				}
				if f.mark == 0 {
					return equity, maint, fmt.Errorf("%w: mark of %s", ErrMissing, f.in.Name())
				}
				pnl, m, _ := l.under(s)
				net, legs = net.add(pnl), legs.add(m)
			}
		}
		if net.zero() && legs.zero() && a.debt.zero() {
			continue
		}
		if a.index == 0 {
			return equity, maint, fmt.Errorf("%w: index of %s", ErrMissing, a.name)
		}
		_, ratio := s.on(a)
		index := moved(a.index, ratio)
		haircut, steps := s.rateCut(a.name)
		equity = equity.add(a.lowered(steps).worth(net, index, haircut))
		maint = maint.add(legs.up().add(a.debt.times(a.loanMMR)).times(index))
	}
	return equity, maint, nil
}

// on is what the scenario does to an asset's prices: the factors of the marks of its futures,
// basis included, and of its index price.
func (s *Scenario) on(a *asset) (mark, index exchange.Fixed) {
	mark, index = exchange.FixedOne, exchange.FixedOne
	for i := range s.Shocks {
		k := &s.Shocks[i]
		if k.moves(a.name, a.stable) {
			mark = exchange.FixedOne + k.Move
			index = mark
		}
		if k.Asset == a.name {
			index = exchange.FixedOne + k.Move
		}
	}
	if b := coinRatio(s.Basis, a.name); b != 0 {
		mark = scaled(mark, exchange.FixedOne+b)
	}
	return mark, index
}

// coinRatio is the ratio for a coin's futures, 0 if there is none.
func coinRatio(list []CoinRatio, coin string) exchange.Fixed {
	every := exchange.Fixed(0)
	for i := len(list) - 1; i >= 0; i-- {
		switch {
		case list[i].Coin == coin:
			return list[i].Ratio
		case list[i].Coin == AllCoins && every == 0:
			every = list[i].Ratio
		}
	}
	return every
}

// rateCut is by how many points and steps the scenario lowers an asset's rates.
func (s *Scenario) rateCut(name string) (haircut exchange.Fixed, steps int) {
	for i := range s.Shocks {
		haircut = max(haircut, s.Shocks[i].Haircut)
	}
	var found *RateCut
	for i := range s.RateCuts {
		if c := &s.RateCuts[i]; c.Asset == name || c.Asset == AllCoins && (found == nil || found.Asset == AllCoins) {
			found = c
		}
	}
	if found == nil {
		return haircut, 0
	}
	return max(haircut, found.Points), found.Steps
}

// lowered is the asset with the rates of tiers further on; the last tier's has none behind it.
func (a *asset) lowered(steps int) *asset {
	if steps == 0 || len(a.schedule.Tiers) < 2 {
		return a
	}
	lower := *a
	lower.schedule = a.schedule.stepped(steps)
	return &lower
}

func (s Schedule) stepped(steps int) Schedule {
	tiers := slices.Clone(s.Tiers)
	for i := range tiers {
		tiers[i].Rate = s.Tiers[min(i+steps, len(tiers)-1)].Rate
	}
	s.Tiers = tiers
	return s
}

// ratioOf is the factor of a futures instrument's mark.
func (s *Scenario) ratioOf(f *slot) exchange.Fixed {
	for i := len(s.Marks) - 1; i >= 0; i-- {
		if s.Marks[i].Inst == f.in.ID {
			return exchange.FixedOne + s.Marks[i].Move
		}
	}
	ratio, _ := s.on(f.base)
	if q := coinRatio(s.Quotes, f.in.Quote); q != 0 {
		ratio = scaled(ratio, exchange.FixedOne+q)
	}
	return ratio
}

// under is what a leg has gained, fundings included, and needs when the scenario has
// happened, and whether auto-deleveraging has closed it (amount scale).
func (l *leg) under(s *Scenario) (pnl, maint wide, closed bool) {
	f := l.slot
	ratio := s.ratioOf(f)
	mark := moved(f.mark, ratio)
	if s.ADL {
		halfway := f.pnl(l.qty, l.entry, moved(f.mark, exchange.FixedOne+(ratio-exchange.FixedOne)/2))
		if f.pnl(l.qty, l.entry, f.mark).less(halfway) && halfway.positive() {
			return halfway, wide{}, true
		}
	}
	return f.pnl(l.qty, l.entry, mark).sub(l.funding(s, mark)), f.maintenance(l.qty.abs(), mark), false
}

// funding is what a leg pays at a mark (amount scale).
func (l *leg) funding(s *Scenario, mark exchange.Fixed) wide {
	rate := coinRatio(s.Funding, l.slot.base.name)
	if rate == 0 {
		return wide{}
	}
	paid := l.slot.value(l.qty.abs(), mark).times(rate)
	if l.qty.negative() {
		return paid.neg()
	}
	return paid
}

// moved is a price after a move: rounded, and never down to nothing.
func moved(price, ratio exchange.Fixed) exchange.Fixed { return max(1, scaled(price, ratio)) }
