package audit

import (
	"maps"
	"slices"
	"strings"

	"github.com/pmbot/pmbot/backtest/tape/clock"
	"github.com/pmbot/pmbot/exchange"
)

// report ends all checks and says what was found.
func (a *auditor) report() Report {
	a.flush()
	r := Report{Rows: a.rows, Compared: a.compared}
	a.ledger.close(&r)
	for _, p := range slices.Sorted(maps.Keys(a.knots)) {
		if verdict := clock.Fit(a.knots[p]).Report(); verdict.Knots > 0 {
			r.Legs = append(r.Legs, Leg{p, verdict})
		}
	}
	slices.SortStableFunc(r.Compared, func(a, b Compared) int {
		if order := strings.Compare(string(a.Check), string(b.Check)); order != 0 {
			return order
		}
		return compareKeys(a.Series, b.Series)
	})
	return r
}

// flush ends the series so far, keeps what they came to and forgets them.
func (a *auditor) flush() {
	knots := map[exchange.Product][][]clock.Knot{}
	keys := slices.SortedFunc(maps.Keys(a.series), compareKeys)
	for _, key := range keys {
		for _, s := range a.series[key].strands {
			s.end()
			s.leave()
		}
		knots[key.Product] = append(knots[key.Product], a.series[key].gauge.Knots())
	}
	for p, list := range knots {
		a.knots[p] = clock.Merge(append(list, a.knots[p])...)
	}
	for _, key := range keys {
		if p := a.markets[market{key.Product, key.Symbol}]; p != nil {
			p.flush()
			delete(a.markets, p.market)
		}
	}
	for _, of := range slices.SortedFunc(maps.Keys(a.versus), func(a, b rivalry) int {
		if order := compareKeys(a.key, b.key); order != 0 {
			return order
		}
		return 2*(a.first.number-b.first.number) + (a.against.number - b.against.number)
	}) {
		c := a.versus[of]
		passed := a.series[of.key].passed
		c.Rows, c.AgainstRows = passed[of.first], passed[of.against]
		a.compared = append(a.compared, *c)
	}
	clear(a.series)
	clear(a.versus)
	a.strands = 0
}

// flush ends the comparisons of a market.
func (p *pair) flush() {
	if b := p.book; b != nil {
		b.end()
		if b.compared.Rows > 0 && b.compared.AgainstRows > 0 {
			p.a.compared = append(p.a.compared, b.compared)
		}
	}
	for _, c := range p.bars {
		for _, m := range c.matches {
			m.compared.Rows, m.compared.AgainstRows = int64(c.passed+len(c.bars)), m.built.trades
			p.a.compared = append(p.a.compared, m.compared)
		}
	}
}
