package whatif

import (
	"cmp"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// Stressed is what a scenario makes of an account, as if it had no open orders and nobody
// acted. Money is in USD.
type Stressed struct {
	Scenario string `json:"scenario"`
	About    string `json:"about"`
	// Idle is what the scenario names and the account has nothing of: it moves nothing.
	Idle   []string      `json:"idle"`
	Before Standing      `json:"before"`
	After  Standing      `json:"after"`
	Assets []AssetChange `json:"assets"`
	Legs   []LegChange   `json:"legs"`
	Lines  []Crossed     `json:"lines"`
	// Distances are those that are left after the scenario, and Reliefs what would free
	// margin then.
	Distances []Distance `json:"distances"`
	Reliefs   []Relief   `json:"reliefs"`
}

// Standing is where an account stands.
type Standing struct {
	// Value is what the account is worth, Equity what of it counts after haircuts.
	Value       decimal.Decimal        `json:"value"`
	Equity      decimal.Decimal        `json:"equity"`
	MaintMargin decimal.Decimal        `json:"maint_margin"`
	UniMMR      decimal.Decimal        `json:"unimmr"`
	Status      exchange.AccountStatus `json:"status"`
}

// AssetChange is one asset before and after.
type AssetChange struct {
	Asset       string          `json:"asset"`
	Net         decimal.Decimal `json:"net"`
	NetAfter    decimal.Decimal `json:"net_after"`
	Index       exchange.Fixed  `json:"index"`
	IndexAfter  exchange.Fixed  `json:"index_after"`
	Equity      decimal.Decimal `json:"equity"`
	EquityAfter decimal.Decimal `json:"equity_after"`
}

// LegChange is one futures position before and after. Gain is what it wins by the scenario,
// fundings included, at the index price after it; Maint and MaintAfter are what it needs.
type LegChange struct {
	Symbol     string          `json:"symbol"`
	Side       string          `json:"side"` // BOTH in one-way mode
	Qty        decimal.Decimal `json:"qty"`
	Mark       exchange.Fixed  `json:"mark"`
	MarkAfter  exchange.Fixed  `json:"mark_after"`
	Gain       decimal.Decimal `json:"gain"`
	Maint      decimal.Decimal `json:"maint"`
	MaintAfter decimal.Decimal `json:"maint_after"`
	// Closed says that auto-deleveraging has closed it.
	Closed bool `json:"closed"`
}

// Crossed is a line of uniMMR, and whether the account is at it or below.
type Crossed struct {
	Line
	Before bool `json:"before"`
	After  bool `json:"after"`
}

// Apply computes what a scenario makes of an account; the portfolio stays as it is. A
// scenario that makes no sense is an error, and so is a missing price.
func Apply(p *margin.Portfolio, s *Scenario, lines []Line) (*Stressed, error) {
	m, idle, err := s.scenario(p)
	if err != nil {
		return nil, err
	}
	before, err := p.After(margin.Scenario{}) // without open orders
	if err != nil {
		return nil, err
	}
	after, err := before.After(m)
	if err != nil {
		return nil, err
	}
	r := &Stressed{
		Scenario: s.Name, About: s.About, Idle: append([]string{}, idle...), Before: standing(before), After: standing(after),
		Assets: assetChanges(before, after), Legs: []LegChange{}, Lines: []Crossed{},
	}
	if r.Legs, err = legChanges(before, m); err != nil {
		return nil, err
	}
	for _, l := range lines {
		under := func(st *Standing) bool { return st.UniMMR.LessThanOrEqual(l.UniMMR.Decimal()) }
		r.Lines = append(r.Lines, Crossed{l, under(&r.Before), under(&r.After)})
	}
	if r.Distances, err = distances(after, lines); err != nil {
		return nil, err
	}
	r.Reliefs, err = reliefs(after)
	return r, err
}

func standing(p *margin.Portfolio) Standing {
	a := p.Account()
	return Standing{a.ActualEquity, a.Equity, a.MaintMargin, a.UniMMR, a.Status}
}

func assetChanges(before, after *margin.Portfolio) []AssetChange {
	list := []AssetChange{}
	change := func(name string) *AssetChange {
		i := slices.IndexFunc(list, func(c AssetChange) bool { return c.Asset == name })
		if i < 0 {
			i = len(list)
			list = append(list, AssetChange{Asset: name, Index: before.Index(name), IndexAfter: after.Index(name)})
		}
		return &list[i]
	}
	for _, h := range before.Holdings() {
		c := change(h.Asset)
		c.Net, c.Equity = h.Net, h.Equity
	}
	for _, h := range after.Holdings() {
		c := change(h.Asset)
		c.NetAfter, c.EquityAfter = h.Net, h.Equity
	}
	slices.SortFunc(list, func(a, b AssetChange) int { return cmp.Compare(a.Asset, b.Asset) })
	return list
}

// legChanges says what each futures position wins or loses, the largest loss first.
func legChanges(before *margin.Portfolio, s margin.Scenario) ([]LegChange, error) {
	list := []LegChange{}
	legs, err := before.StressLegs(s)
	for _, l := range legs {
		in := before.Instruments().At(l.Inst)
		list = append(list, LegChange{
			Symbol: in.Product.String() + ":" + in.Symbol, Side: l.Side.String(), Qty: l.Qty, Mark: l.Mark, MarkAfter: l.MarkAfter,
			Gain: l.Gain, Maint: l.Maint, MaintAfter: l.MaintAfter, Closed: l.Closed,
		})
	}
	slices.SortStableFunc(list, func(a, b LegChange) int { return a.Gain.Cmp(b.Gain) })
	return list, err
}

func sortLines(list []Line) {
	slices.SortStableFunc(list, func(a, b Line) int { return cmp.Compare(b.UniMMR, a.UniMMR) })
}
