package margin

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Scenario is what happens to an account at once, for [Portfolio.Stress].
type Scenario struct {
	Name string
	// Shocks come together. Where several move the same price the last one counts, and of
	// their haircuts the largest.
	Shocks []Shock
	// ADL closes every position that gains by the shocks and is in profit when prices are
	// half-way, as auto-deleveraging does to winners: what it has hedged is bare for the rest.
	ADL bool
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
		for _, s := range list[i].Shocks {
			if err := s.check(); err != nil {
				return nil, fmt.Errorf("%w: scenario %q: %w", ErrInput, list[i].Name, err)
			}
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
	var equity, maint wide
	for _, a := range p.assets {
		net, legs := a.own, wide{}
		for _, f := range a.futures {
			for _, l := range f.legs {
				if l == nil || l.qty.zero() {
					continue
				}
				if f.mark == 0 {
					return Stressed{}, fmt.Errorf("%w: mark of %s", ErrMissing, f.in.Name())
				}
				pnl, m := l.under(s)
				net, legs = net.add(pnl), legs.add(m)
			}
		}
		if net.zero() && legs.zero() && a.debt.zero() {
			continue
		}
		if a.index == 0 {
			return Stressed{}, fmt.Errorf("%w: index of %s", ErrMissing, a.name)
		}
		_, ratio, haircut := s.on(a)
		index := moved(a.index, ratio)
		equity = equity.add(a.worth(net, index, haircut))
		maint = maint.add(legs.up().add(a.debt.times(a.loanMMR)).times(index))
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

// on is what the scenario does to an asset: the factors of the marks of its futures and of
// its index price, and the cut of its rates.
func (s *Scenario) on(a *asset) (mark, index, haircut exchange.Fixed) {
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
		haircut = max(haircut, k.Haircut)
	}
	return mark, index, haircut
}

// under is what a leg has gained and needs when the scenario has happened.
func (l *leg) under(s *Scenario) (pnl, maint wide) {
	f := l.slot
	ratio, _, _ := s.on(f.base)
	mark := moved(f.mark, ratio)
	if s.ADL {
		halfway := f.pnl(l.qty, l.entry, moved(f.mark, exchange.FixedOne+(ratio-exchange.FixedOne)/2))
		if f.pnl(l.qty, l.entry, f.mark).less(halfway) && halfway.positive() {
			return halfway, wide{}
		}
	}
	return f.pnl(l.qty, l.entry, mark), f.maintenance(l.qty.abs(), mark)
}

// moved is a price after a move: rounded, and never down to nothing.
func moved(price, ratio exchange.Fixed) exchange.Fixed { return max(1, scaled(price, ratio)) }
