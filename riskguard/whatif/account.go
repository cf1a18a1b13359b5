package whatif

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// View is an account's risk as the margin model has it. Money is in USD.
type View struct {
	Account exchange.Account `json:"account"`
	// Missing says which price is not known; the rest is empty then.
	Missing string `json:"missing,omitempty"`
	// Scenarios are the worst cases of all open orders: the market as it is, and each shock.
	Scenarios []Scene `json:"scenarios"`
	// Orders is the account after each open order alone, as if it had filled.
	Orders []AfterOrder `json:"orders"`
	Assets []Asset      `json:"assets"`
	// Lines are those that distances are told to, from the highest.
	Lines     []Line     `json:"lines"`
	Distances []Distance `json:"distances"`
	// Reliefs are what would free margin, best first.
	Reliefs []Relief `json:"reliefs"`
}

// Scene is the account after the worst fills of its open orders under a shock.
type Scene struct {
	Name        string          `json:"name"`
	Equity      decimal.Decimal `json:"equity"`
	MaintMargin decimal.Decimal `json:"maint_margin"`
	UniMMR      decimal.Decimal `json:"unimmr"`
}

// AfterOrder is the account after one open order has filled.
type AfterOrder struct {
	ClientID string           `json:"client_id"`
	Order    string           `json:"order"`
	Account  exchange.Account `json:"account"`
	Missing  string           `json:"missing,omitempty"`
}

// Asset is what an account has of an asset over all wallets.
type Asset struct {
	Asset   string                     `json:"asset"`
	Wallets map[string]decimal.Decimal `json:"wallets"`
	// Net is the amount with unrealised PnL and without debts; Index its price in USD.
	Net   decimal.Decimal `json:"net"`
	Index exchange.Fixed  `json:"index"`
	// Value is Net at Index and Equity what of it counts after haircuts.
	Value  decimal.Decimal `json:"value"`
	Equity decimal.Decimal `json:"equity"`
	// Tiers are the steps of the collateral rate that the amount reaches.
	Tiers []Tier `json:"tiers"`
}

// Tier is the part of an asset's value that counts at a rate.
type Tier struct {
	Rate  exchange.Fixed  `json:"rate"`
	Value decimal.Decimal `json:"value"`
}

// Line is a line of uniMMR, and whose it is.
type Line struct {
	UniMMR exchange.Fixed `json:"unimmr"`
	Name   string         `json:"name"`
}

// Distance is how far a price may move until uniMMR is at a line, see [margin.Distance].
type Distance struct {
	Coin string         `json:"coin"`
	Line exchange.Fixed `json:"line"`
	// Down and Up are ratios, absent where no move reaches the line.
	Down *exchange.Fixed `json:"down"`
	Up   *exchange.Fixed `json:"up"`
}

// Relief is one way to free margin, see [margin.Relief].
type Relief struct {
	What       string          `json:"what"`
	Freed      decimal.Decimal `json:"freed"`
	Cost       decimal.Decimal `json:"cost"`
	PerCost    decimal.Decimal `json:"per_cost"`
	UniMMR     decimal.Decimal `json:"unimmr"`
	Shocked    decimal.Decimal `json:"shocked"`
	Coin       string          `json:"coin"`
	Delta      decimal.Decimal `json:"delta"`
	DeltaAfter decimal.Decimal `json:"delta_after"`
	Opens      bool            `json:"opens"`
}

// LinesOf are the lines of an account, from the highest: the guard's floors and levels, and
// Binance's.
func LinesOf(l *riskguard.Limits, p *margin.Portfolio) []Line {
	var list []Line
	add := func(at exchange.Fixed, name string) {
		for i := range list {
			if list[i].UniMMR == at {
				list[i].Name += ", " + name
				return
			}
		}
		list = append(list, Line{at, name})
	}
	if l != nil {
		for _, f := range [...]struct {
			floor decimal.Decimal
			name  string
		}{
			{l.UniMMRWarn, "unimmr_warn"}, {l.UniMMRMin, "unimmr_min"}, {l.UniMMRReduce, "unimmr_reduce"},
			{l.UniMMRShockMin, "unimmr_shock_min"}, {l.UniMMRHalt, "unimmr_halt"},
		} {
			if at, err := exchange.FixedFromDecimal(f.floor, exchange.RoundHalfUp); err == nil {
				add(at, f.name)
			}
		}
	}
	for _, at := range p.Lines() {
		add(at, "Binance "+at.String())
	}
	sortLines(list)
	return list
}

// Look says all of an account that can be said without a change. open are its open orders,
// which the portfolio has been told, too; lines as [LinesOf] has them.
func Look(p *margin.Portfolio, open []exchange.Order, lines []Line) *View {
	a := &View{Account: p.Account(), Scenarios: []Scene{}, Orders: []AfterOrder{}, Assets: Assets(p), Lines: lines, Distances: []Distance{}, Reliefs: []Relief{}}
	outcomes, err := p.Scenarios()
	if err != nil {
		a.Missing = err.Error()
		return a
	}
	for i, o := range outcomes {
		if i == 0 {
			o.Scenario = "as it is"
		}
		a.Scenarios = append(a.Scenarios, Scene{o.Scenario, o.Equity, o.MaintMargin, o.UniMMR})
	}
	for i := range open {
		if o := &open[i]; p.Instruments().Has(o.Request.Inst) && (o.Remaining() > 0 || o.Request.Qty == 0) {
			one := AfterOrder{ClientID: o.ClientID, Order: resting(o, p.Instruments())}
			if one.Account, err = p.AfterFill(*o); err != nil {
				one.Missing = err.Error()
			}
			a.Orders = append(a.Orders, one)
		}
	}
	if a.Distances, err = distances(p, lines); err != nil {
		a.Missing = err.Error()
	}
	if a.Reliefs, err = reliefs(p); err != nil {
		a.Missing = err.Error()
	}
	return a
}

// resting is what is left of an open order, as a person would write it.
func resting(o *exchange.Order, ins *exchange.Instruments) string {
	r := o.Request
	if r.Qty > 0 {
		r.Qty = o.Remaining()
	}
	text := said(&r, ins)
	if r.Type.Conditional() || r.Type == exchange.OCO {
		text += fmt.Sprintf(" %v at %v", r.Type, r.Trigger)
	}
	return text
}

// Assets are what the account has of each asset.
func Assets(p *margin.Portfolio) []Asset {
	list := []Asset{}
	for _, h := range p.Holdings() {
		one := Asset{
			Asset: h.Asset, Wallets: map[string]decimal.Decimal{}, Net: h.Net, Index: p.Index(h.Asset), Value: h.Actual, Equity: h.Equity,
			Tiers: tiers(p, h.Asset, h.Net, h.Actual),
		}
		for w := exchange.WalletMargin; w <= exchange.Wallets; w++ {
			if amount := p.Balance(h.Asset, w); !amount.IsZero() {
				one.Wallets[w.String()] = amount
			}
		}
		list = append(list, one)
	}
	return list
}

// tiers are the parts of a holding by the rate at which they count. A debt counts in full.
func tiers(p *margin.Portfolio, asset string, net, value decimal.Decimal) []Tier {
	list := []Tier{}
	if !net.IsPositive() {
		return list
	}
	s, floor, index := p.Collateral(asset), decimal.Zero, p.Index(asset).Decimal()
	for _, t := range s.Tiers {
		end := t.Cap.Decimal()
		if !s.ByValue {
			end = end.Mul(index)
		}
		if t.Cap == 0 || end.GreaterThanOrEqual(value) {
			return append(list, Tier{t.Rate, value.Sub(floor)})
		}
		list = append(list, Tier{t.Rate, end.Sub(floor)})
		floor = end
	}
	return append(list, Tier{0, value.Sub(floor)})
}

func distances(p *margin.Portfolio, lines []Line) ([]Distance, error) {
	list := []Distance{}
	at := make([]exchange.Fixed, len(lines))
	for i := range lines {
		at[i] = lines[i].UniMMR
	}
	found, err := p.Distances(at)
	for _, d := range found {
		one := Distance{Coin: d.Coin, Line: d.Line}
		if !d.NoneDown {
			one.Down = &d.Down
		}
		if !d.NoneUp {
			one.Up = &d.Up
		}
		list = append(list, one)
	}
	return list, err
}

func reliefs(p *margin.Portfolio) ([]Relief, error) {
	list := []Relief{}
	found, err := p.Reliefs()
	for _, r := range found {
		list = append(list, Relief(r))
	}
	return list, err
}
