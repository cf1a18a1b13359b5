package riskguard

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// A hedge whose leg was taken, by deleveraging or by hand, looks safer than before: there is
// less maintenance margin, and uniMMR rises. So coins that are declared as hedged are watched by
// themselves: what is long and what is short of one, over margin, UM and CM.

// leg is a hedged coin.
type leg struct {
	coin string
	// matched says that its legs have matched since a person has looked: before the first
	// time nothing can have been lost.
	matched bool
	// since is when they stopped to match, 0 while they do.
	since exchange.Time
}

// leg finds or makes what is known of a coin; nil if it is not declared as hedged.
func (g *Guard) leg(coin string) *leg {
	if !slices.Contains(g.limits.Hedged, coin) {
		return nil
	}
	for i := range g.legs {
		if g.legs[i].coin == coin {
			return &g.legs[i]
		}
	}
	g.legs = append(g.legs, leg{coin: coin})
	return &g.legs[len(g.legs)-1]
}

// legsEvery is how often legs are weighed while prices come.
const legsEvery = time.Second

// weighLegs notes of every hedged coin whether its legs match, and has the watch look.
func (g *Guard) weighLegs(at exchange.Time) {
	if len(g.limits.Hedged) == 0 {
		return
	}
	g.weighed, g.due = at, true
	for _, coin := range g.limits.Hedged {
		gap, larger, known := g.gap(coin)
		if !known {
			continue
		}
		l := g.leg(coin)
		match := gap.LessThanOrEqual(larger.Mul(g.limits.LegGapMaxRatio)) || g.trifling(coin, gap)
		switch {
		case match:
			l.matched, l.since = l.matched || larger.IsPositive(), 0
		case l.matched && l.since == 0:
			l.since = at
		}
	}
}

// gap is how much more there is of the larger side of a coin than of the other, and the larger
// side, in coins. It is not known while a price is missing.
func (g *Guard) gap(coin string) (gap, larger decimal.Decimal, known bool) {
	if g.model.Missing() != nil {
		return gap, larger, false
	}
	gap = g.model.Delta(coin).Abs()
	sum := g.model.Net(coin).Abs()
	for _, p := range g.model.Positions() {
		switch in := g.ins.At(p.Inst); {
		case in.Base != coin:
		case in.Inverse():
			sum = sum.Add(p.Notional)
		default:
			sum = sum.Add(p.Qty.Abs())
		}
	}
	return gap, sum.Add(gap).DivRound(decimal.New(2, 0), 16), true
}

// trifling says whether so many coins are worth no more than may lack a leg in any case: lots and
// contracts are steps, and what a fee has taken of a small position is more than a small part of it.
func (g *Guard) trifling(coin string, coins decimal.Decimal) bool {
	price := g.model.Index(coin)
	for _, p := range g.model.Positions() {
		if price == 0 && g.ins.At(p.Inst).Base == coin {
			_, price = g.Prices(p.Inst)
		}
	}
	return price != 0 && coins.Mul(price.Decimal()).LessThanOrEqual(g.limits.LegGapMinUSD)
}

// lookedAt has the legs of a coin begin anew, since a person resumes one of its instruments.
func (g *Guard) lookedAt(s *exchange.StateChange) {
	if s.Cause != exchange.CauseOperator || s.State != exchange.Active || !g.ins.Has(s.Inst) {
		return
	}
	coin := g.ins.At(s.Inst).Base
	g.legs = slices.DeleteFunc(g.legs, func(l leg) bool { return l.coin == coin })
}

// legGap: the legs of a hedged coin match. If they have not for a while it is told, and after
// twice that the coin's instruments only reduce, until a person resumes one of them.
func (w *watch) legGap() {
	for i := range w.g.legs {
		l := &w.g.legs[i]
		off := w.at.Sub(l.since)
		if l.since == 0 || off < w.g.limits.LegGapFor || !slices.Contains(w.g.limits.Hedged, l.coin) {
			continue
		}
		gap, larger, known := w.g.gap(l.coin)
		if !known {
			continue
		}
		a := exchange.Alert{
			Asset: l.coin, Severity: exchange.SeverityWarning,
			Value: fmt.Sprintf("%v of %v %s are not hedged", gap.Round(8), larger.Round(8), l.coin),
			Limit: fmt.Sprintf("%v of them, or %v USD, for %v", w.g.limits.LegGapMaxRatio, w.g.limits.LegGapMinUSD, w.g.limits.LegGapFor),
		}
		if off < 2*w.g.limits.LegGapFor {
			w.alert(0, a)
			continue
		}
		a.Severity = exchange.SeverityCritical
		w.alert(0, a)
		for id := exchange.InstrumentID(1); int(id) <= w.g.ins.Len(); id++ {
			if w.g.ins.At(id).Base == l.coin {
				w.hold(exchange.StateChange{Inst: id, State: exchange.ReduceOnly, Cause: exchange.CauseWatch, Reason: a.Value})
			}
		}
	}
}

// legSnapshot is a leg as a snapshot has it.
type legSnapshot struct {
	Coin    string        `json:"coin"`
	Matched bool          `json:"matched,omitzero"`
	Since   exchange.Time `json:"since,omitzero"`
}

func (g *Guard) snapshotLegs() (list []legSnapshot) {
	for _, l := range g.legs {
		list = append(list, legSnapshot{l.coin, l.matched, l.since})
	}
	return list
}

func (g *Guard) restoreLegs(list []legSnapshot) {
	for _, l := range list {
		g.legs = append(g.legs, leg{l.Coin, l.Matched, l.Since})
	}
}

// hedgedMax is how many coins may be declared as hedged.
const hedgedMax = 100

// checkHedged names what is no coin, or stands twice.
func (l *Limits) checkHedged() (errs []error) {
	if len(l.Hedged) > hedgedMax {
		errs = append(errs, fmt.Errorf("hedged has %d coins; it must be at most %d", len(l.Hedged), hedgedMax))
	}
	for i, coin := range l.Hedged {
		if coin == "" || len(coin) > 20 || strings.ContainsFunc(coin, func(r rune) bool { return (r < 'A' || r > 'Z') && (r < '0' || r > '9') }) {
			errs = append(errs, fmt.Errorf("hedged has %.40q, which is no coin; write it like BTC", coin))
		} else if slices.Contains(l.Hedged[:i], coin) {
			errs = append(errs, fmt.Errorf("hedged has %s twice", coin))
		}
	}
	return errs
}

// hedgedFit says whether the coins are those of instruments.
func (l *Limits) hedgedFit(ins *exchange.Instruments) error {
	for _, coin := range l.Hedged {
		known := false
		for id := exchange.InstrumentID(1); int(id) <= ins.Len() && !known; id++ {
			known = ins.At(id).Base == coin
		}
		if !known {
			return fmt.Errorf("hedged has %s; it must be the coin of an instrument of this run, such as %s", coin, ins.At(1).Base)
		}
	}
	return nil
}
