package riskguard

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// What the guard knows of acts under way, and of what can be borrowed. The kernel tells acts
// by HoldAct, as it tells orders by Hold; what can be borrowed comes as events.

// lending is what was told of an asset last. Times are 0 where nothing was told.
type lending struct {
	asset              string
	available          decimal.Decimal
	hourly             decimal.Decimal
	stockedAt, ratedAt exchange.Time
	every              time.Duration // the source's promise
}

// HoldAct tells how an act stands: until it is over the guard counts it.
func (g *Guard) HoldAct(a exchange.OpenAct) {
	at, found := slices.BinarySearchFunc(g.acts, a.ID, func(o exchange.OpenAct, id exchange.ActID) int { return cmp.Compare(o.ID, id) })
	switch {
	case a.Status.Final() && found:
		g.acts = slices.Delete(g.acts, at, at+1)
	case a.Status.Final():
	case found:
		g.acts[at] = a
	default:
		g.acts = slices.Insert(g.acts, at, a)
	}
	if a.Kind == exchange.ActBorrow {
		g.lent(a.Asset)
	}
}

// lent has the model count the loans of an asset that are under way, until their end is known:
// what is booked meanwhile counts twice for that moment.
func (g *Guard) lent(asset string) {
	sum := decimal.Zero
	for i := range g.acts {
		if a := &g.acts[i]; a.Kind == exchange.ActBorrow && a.Asset == asset {
			sum = sum.Add(a.Amount)
		}
	}
	if err := g.model.SetLent(asset, sum); err != nil && g.fault == nil {
		g.fault = fmt.Errorf("loan of %.20s: %w", asset, err)
	}
}

// Acts lists the acts of which no end is known, by rising number. The list is the guard's.
func (g *Guard) Acts() []exchange.OpenAct { return g.acts }

// ActOn is the first act for an asset of which no end is known; nil without one. An act that
// names no asset is for all of them.
func (g *Guard) ActOn(asset string) *exchange.OpenAct {
	for i := range g.acts {
		if a := &g.acts[i]; a.Asset == asset || a.Asset == "" {
			return a
		}
	}
	return nil
}

// LoanRate is the hourly interest of an asset that was told last, a ratio, and when; 0 at
// time 0 if none was told.
func (g *Guard) LoanRate(asset string) (hourly decimal.Decimal, at exchange.Time) {
	if l := g.lendingOf(asset); l != nil {
		return l.hourly, l.ratedAt
	}
	return decimal.Zero, 0
}

// Borrowable is what can be borrowed of an asset, as it was told last, and when; time 0 if
// nothing was told.
func (g *Guard) Borrowable(asset string) (available decimal.Decimal, at exchange.Time) {
	if l := g.lendingOf(asset); l != nil {
		return l.available, l.stockedAt
	}
	return decimal.Zero, 0
}

func (g *Guard) lendingOf(asset string) *lending {
	if at := slices.IndexFunc(g.lending, func(l lending) bool { return l.asset == asset }); at >= 0 {
		return &g.lending[at]
	}
	return nil
}

// lendingMax bounds how many assets' terms are remembered: the exchange lends some hundreds.
const lendingMax = 1024

// applyLending notes what can be borrowed, of assets by rising name.
func (g *Guard) applyLending(e *exchange.Event) {
	told := e.Lending()
	l := g.lend(told.Asset)
	if l == nil {
		return
	}
	if told.Known {
		l.available, l.stockedAt = told.Available, e.At
	}
	if told.Rated {
		l.hourly, l.ratedAt = told.Hourly, e.At
	}
}

// lend finds or makes the record of an asset; nil when there are too many.
func (g *Guard) lend(asset string) *lending {
	at, found := slices.BinarySearchFunc(g.lending, asset, func(l lending, asset string) int { return strings.Compare(l.asset, asset) })
	if !found {
		if len(g.lending) == lendingMax {
			return nil
		}
		g.lending = slices.Insert(g.lending, at, lending{asset: asset})
	}
	return &g.lending[at]
}

// actPending: one act for an asset at a time, so that whatever is found in the exchange's
// records afterwards can be of one act only; and one new loan in the account at a time, for
// the worst case is projected with one.
func (g *Guard) actPending(act *exchange.Act, _ exchange.Time) *exchange.Refusal {
	for i := range g.acts {
		a := &g.acts[i]
		lends := act.Kind == exchange.ActBorrow && a.Kind == exchange.ActBorrow
		if a.Asset != act.Asset && a.Asset != "" && act.Asset != "" && !lends {
			continue
		}
		limit := "one act for an asset at a time"
		if lends && a.Asset != act.Asset {
			limit = "one new loan at a time"
		}
		return &exchange.Refusal{Value: actWords(a), Limit: limit}
	}
	return nil
}

// actWindow is what a strategy's acts are counted in.
const actWindow = time.Minute

// actRate: no strategy in a loop eats the budget of requests with acts, each of which weighs as
// much as a hundred orders. The house's are wished by people and by services, which wait.
func (g *Guard) actRate(act *exchange.Act, at exchange.Time) *exchange.Refusal {
	if act.Strategy == 0 {
		return nil
	}
	s, most := &g.acted[act.Strategy], g.limits.ActsPerMinuteMax
	n := s.within(at, actWindow) + 1
	if n <= most {
		return nil
	}
	no := &exchange.Refusal{Value: fmt.Sprintf("act %d within a minute", n), Limit: strconv.Itoa(most)}
	if most > 0 {
		no.Passes = fmt.Sprintf("the same in %v", s.ago(most).Add(actWindow).Sub(at))
	}
	return no
}

// actWords say of an act under way what it is and since when.
func actWords(a *exchange.OpenAct) string {
	what := "of all assets"
	if a.Asset != "" {
		what = a.Amount.String() + " " + a.Asset
	}
	return fmt.Sprintf("act %d, %v %s, is %v since %v", a.ID, a.Kind, what, a.Status, a.Updated)
}

// actInventory: nothing is asked for that cannot be lent. What was never told is the
// exchange's to refuse, which does no harm.
func (g *Guard) actInventory(act *exchange.Act, _ exchange.Time) *exchange.Refusal {
	l := g.lendingOf(act.Asset)
	if act.Kind != exchange.ActBorrow || l == nil || l.stockedAt == 0 || act.Amount.LessThanOrEqual(l.available) {
		return nil
	}
	no := &exchange.Refusal{
		Value: fmt.Sprintf("%v %s", act.Amount, act.Asset), Limit: fmt.Sprintf("%v %s can be borrowed", l.available, act.Asset),
	}
	if l.available.IsPositive() {
		no.Passes = fmt.Sprintf("%v %s", l.available, act.Asset)
	}
	return no
}

// lendingSnapshot is what is kept of an asset's terms; acts are the kernel's, as orders are.
type lendingSnapshot struct {
	Asset     string          `json:"asset"`
	Available decimal.Decimal `json:"available,omitzero"`
	Every     duration        `json:"every,omitzero"`
	Hourly    decimal.Decimal `json:"hourly,omitzero"`
	RatedAt   exchange.Time   `json:"rated_at,omitzero"`
	StockedAt exchange.Time   `json:"stocked_at,omitzero"`
}

func (g *Guard) lendingSnapshot() []lendingSnapshot {
	var list []lendingSnapshot
	for _, l := range g.lending {
		list = append(list, lendingSnapshot{l.asset, l.available, duration(l.every), l.hourly, l.ratedAt, l.stockedAt})
	}
	return list
}

func (g *Guard) restoreLending(list []lendingSnapshot) error {
	if len(list) > lendingMax {
		return fmt.Errorf("lending of %d assets is more than the %d that are remembered", len(list), lendingMax)
	}
	for i, l := range list {
		if i > 0 && list[i-1].Asset >= l.Asset {
			return fmt.Errorf("lending of %.20q stands behind that of %.20q", l.Asset, list[i-1].Asset)
		}
		g.lending = append(g.lending, lending{l.Asset, l.Available, l.Hourly, l.StockedAt, l.RatedAt, time.Duration(l.Every)})
	}
	return nil
}
