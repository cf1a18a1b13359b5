package riskguard

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/pmbot/pmbot/exchange"
)

// limitSet is what an order is held against: the account's limits, or the strictest of those
// and of the overrides that fit the order.
type limitSet struct {
	limits Limits
	// borrowMax is BorrowMaxUSD to eight decimals, rounded down.
	borrowMax exchange.Fixed
	// bounds are the limits that are numbers: the account's, or that of the override which has
	// the strictest. Sets share them, so how near orders came to each is one note.
	bounds [boundCount]*bound
	// overrides are those that fit.
	overrides []int
}

// limitSets are all that there are, the account's first, and which one an order has, by
// strategy and instrument.
type limitSets struct {
	all []limitSet
	of  [][]uint16
	// stricter are the bounds of each override.
	stricter [][boundCount]bound
	// bounded says that losses of strategies are bounded in one of them.
	bounded bool
}

// newLimitSets finds out which overrides fit which orders. Labels are those of the strategies
// by their numbers; 0 is the house, which no override of a strategy fits.
func newLimitSets(l Limits, ins *exchange.Instruments, strategies int, labels []string) (limitSets, error) {
	if err := l.overridesFit(ins, labels); err != nil {
		return limitSets{}, err
	}
	account := limitSet{limits: l}
	account.borrowMax, _ = exchange.FixedFromDecimal(l.BorrowMaxUSD, exchange.RoundDown) // validated to fit
	bounds := l.bounds()
	for id := range bounds {
		account.bounds[id] = &bounds[id]
	}
	s := limitSets{all: []limitSet{account}, of: make([][]uint16, strategies+1)}
	for i := range l.Overrides {
		bounds := l.tightened(i).bounds()
		for id := range bounds {
			bounds[id].scope = l.Overrides[i].name()
		}
		s.stricter = append(s.stricter, bounds)
	}
	for strategy := range s.of {
		s.of[strategy] = make([]uint16, ins.Len()+1)
		label := ""
		if strategy < len(labels) {
			label = labels[strategy]
		}
		for inst := exchange.InstrumentID(1); int(inst) <= ins.Len(); inst++ {
			var fit []int
			for i := range l.Overrides {
				if o := &l.Overrides[i]; o.fits(ins.At(inst), label) {
					fit = append(fit, i)
				}
			}
			s.of[strategy][inst] = s.set(fit)
		}
	}
	s.bounded = slices.ContainsFunc(s.all, func(set limitSet) bool { return set.limits.venturesBounded() })
	return s, nil
}

// set is the number of the set of those overrides, made if there is none.
func (s *limitSets) set(overrides []int) uint16 {
	if at := slices.IndexFunc(s.all, func(l limitSet) bool { return slices.Equal(l.overrides, overrides) }); at >= 0 {
		return uint16(at)
	}
	account := &s.all[0]
	made := limitSet{limits: account.limits, borrowMax: account.borrowMax, bounds: account.bounds, overrides: overrides}
	for _, i := range overrides {
		made.limits.join(account.limits.tightened(i))
	}
	for id, joined := range made.limits.bounds() {
		for _, i := range overrides {
			if b := &s.stricter[i][id]; b.allows() == joined.allows() && b.allows() != account.bounds[id].allows() {
				made.bounds[id] = b
				break
			}
		}
	}
	s.all = append(s.all, made)
	return uint16(len(s.all) - 1)
}

// overridesFit says whether what the overrides name is there.
func (l *Limits) overridesFit(ins *exchange.Instruments, labels []string) error {
	var errs []error
	for i := range l.Overrides {
		o := &l.Overrides[i]
		known := o.Symbol == ""
		for id := exchange.InstrumentID(1); int(id) <= ins.Len() && !known; id++ {
			known = symbolOf(ins.At(id)) == o.Symbol
		}
		if !known {
			errs = append(errs, fmt.Errorf("override.%d.symbol is %.40q; it must be an instrument of this run, such as %s", i, o.Symbol, symbolOf(ins.At(1))))
		}
		if o.Strategy != "" && !slices.Contains(labels, o.Strategy) {
			errs = append(errs, fmt.Errorf("override.%d.strategy is %.40q; it must be the label of a strategy", i, o.Strategy))
		}
	}
	return errors.Join(errs...)
}

// tightened are the limits with those of an override in place of the account's; they were
// validated.
func (l *Limits) tightened(override int) *Limits {
	stricter := *l
	for _, key := range slices.Sorted(maps.Keys(l.Overrides[override].Limits)) {
		must(stricter.tighten(key, l.Overrides[override].Limits[key]))
	}
	return &stricter
}

// keep takes over how often the limits of before have refused.
func (s *limitSets) keep(before *limitSets) {
	for id := range boundCount {
		before.each(id, func(was *bound) {
			s.each(id, func(b *bound) {
				if b.scope == was.scope {
					b.refused = was.refused
				}
			})
		})
	}
}

// each calls f for the account's bound and for every stricter one.
func (s *limitSets) each(id boundID, f func(*bound)) {
	if len(s.all) == 0 {
		return
	}
	account := s.all[0].bounds[id]
	f(account)
	for i := range s.stricter {
		if b := &s.stricter[i][id]; b.allows() != account.allows() {
			f(b)
		}
	}
}
