package riskguard

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// Binance changes the rates at which assets count as collateral from one hour to the next, and
// every position of the account loses margin at once. What the exchange says is taken over when
// it says so, and a person is told what a cut has cost.

// rateCut names the alert of a lower rate.
const rateCut = "rate-cut"

// applyRates takes over rates of collateral. A schedule of several tiers is none of the plain
// Portfolio Margin whose rates these are, and stays.
func (g *Guard) applyRates(rates []exchange.CollateralRate, at exchange.Time) {
	if len(rates) == 0 {
		return
	}
	var cuts []happening
	before := g.model.Account()
	for _, r := range rates {
		if was, flat := g.flatRate(r.Asset); flat && was != r.Rate {
			cuts = g.rerate(cuts, r, at)
		}
	}
	for _, h := range g.model.Holdings() {
		_, listed := slices.BinarySearchFunc(rates, h.Asset, func(r exchange.CollateralRate, name string) int { return strings.Compare(r.Asset, name) })
		if was, flat := g.flatRate(h.Asset); !listed && flat && was != 0 {
			cuts = g.rerate(cuts, exchange.CollateralRate{Asset: h.Asset}, at)
		}
	}
	cost := ""
	if after := g.model.Account(); !g.blind() && g.model.Missing() == nil {
		cost = fmt.Sprintf(": equity is %v USD and was %v", after.Equity.RoundFloor(2), before.Equity.RoundFloor(2))
		if after.MaintMargin.IsPositive() {
			cost += fmt.Sprintf(", uniMMR %v and was %v", after.UniMMR.RoundFloor(2), before.UniMMR.RoundFloor(2))
		}
	}
	for _, h := range cuts {
		h.value += cost
		g.happen(h)
	}
}

// flatRate is at what rate an asset counts as collateral, if that is one whatever the amount: 0
// of an asset that does not count.
func (g *Guard) flatRate(asset string) (rate exchange.Fixed, flat bool) {
	switch tiers := g.model.Collateral(asset).Tiers; len(tiers) {
	case 0:
		return 0, true
	case 1:
		return tiers[0].Rate, true
	}
	return 0, false
}

// rerate gives an asset another rate and appends what has happened if the account has some of it,
// debts taken off, which counts for less now.
func (g *Guard) rerate(cuts []happening, r exchange.CollateralRate, at exchange.Time) []happening {
	was, _ := g.flatRate(r.Asset)
	if err := g.model.SetCollateral(r.Asset, margin.Flat(r.Rate, ratesSource)); err != nil {
		if g.fault == nil {
			g.fault = fmt.Errorf("the exchange's collateral rate: %w", err)
		}
		return cuts
	}
	g.rates = slices.DeleteFunc(g.rates, func(o exchange.CollateralRate) bool { return o.Asset == r.Asset })
	g.rates = append(g.rates, r)
	if r.Rate >= was || !g.model.Net(r.Asset).IsPositive() {
		return cuts
	}
	h := happening{control: rateCut, asset: r.Asset, at: at, severity: exchange.SeverityWarning}
	if h.value = fmt.Sprintf("counts at %v as collateral and counted at %v", r.Rate, was); r.Rate == 0 {
		h.severity, h.value = exchange.SeverityCritical, fmt.Sprintf("counts as collateral no more and counted at %v", was)
	}
	return append(cuts, h)
}

// ratesSource is where rates come from that were not the configuration's.
var ratesSource = margin.Source{Text: "the exchange, while trading"}

// forgetRates goes back to the rates that the process was given when it began: it has just asked.
func (g *Guard) forgetRates() {
	for _, r := range g.rates {
		if err := g.model.SetCollateral(r.Asset, g.config.Tables.Collateral[r.Asset]); err != nil && g.fault == nil {
			g.fault = err
		}
	}
	g.rates = nil
}

// concentration: what counts as collateral is not mostly one coin, whose fall takes margin from
// every position at once. Orders are held against the same limit by the control collateral; here
// it is what prices and transfers have made of it.
func (w *watch) concentration() {
	if w.g.blind() || w.g.model.Missing() != nil {
		return
	}
	most := w.g.model.Equity().Mul(w.g.limits.CollateralAssetMaxRatio)
	for _, h := range w.g.model.Holdings() {
		a := exchange.Alert{Control: w.name, Asset: h.Asset, Severity: exchange.SeverityWarning}
		line := most
		if w.g.alerted(0, &a) >= 0 {
			line = most.Mul(concentrationKeeps)
		}
		if w.g.stable(h.Asset) || !h.Equity.IsPositive() || h.Equity.LessThanOrEqual(line) {
			continue
		}
		a.Value = fmt.Sprintf("%v USD of the collateral are one coin", h.Equity.RoundCeil(2))
		a.Limit = fmt.Sprintf("%v USD, %v of equity", most.RoundFloor(2), w.g.limits.CollateralAssetMaxRatio)
		w.alert(0, a)
	}
}

// concentrationKeeps is the part of the limit below which an alert of it is over: prices move
// to and fro.
var concentrationKeeps = decimal.New(95, -2)

// rateSnapshot is a rate as a snapshot has it.
type rateSnapshot struct {
	Asset string         `json:"asset"`
	Rate  exchange.Fixed `json:"rate"`
}

func (g *Guard) snapshotRates() (list []rateSnapshot) {
	for _, r := range g.rates {
		list = append(list, rateSnapshot(r))
	}
	return list
}

func (g *Guard) restoreRates(list []rateSnapshot) error {
	g.rates = nil
	for _, r := range list {
		if err := g.model.SetCollateral(r.Asset, margin.Flat(r.Rate, ratesSource)); err != nil {
			return err
		}
		g.rates = append(g.rates, exchange.CollateralRate(r))
	}
	return nil
}
