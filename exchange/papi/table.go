package papi

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Table is a list of Binance that needs a key, changes slowly and has no public history:
// what margin and interest are computed by. A recorder keeps it with [Client.Table]. Tables
// that need no key are those of exchange/market/rest.
type Table struct {
	// Name is how it is asked for: the path behind the version.
	Name string
	// Path is the endpoint's.
	Path string
	// Needs is what the table is of, "asset", "assets" (at most 20, joined by commas) or
	// "symbol"; "" is a table of everything.
	Needs string
	// Every is how often it is worth asking.
	Every time.Duration
	// Weight is what a request costs: of papi's 6000 a minute, or of sapi's own budget.
	Weight int
}

// tableRow is a table's endpoint, what it needs, and parameters that are always the same.
type tableRow struct {
	name     string
	endpoint endpoint
	needs    string
	every    time.Duration
	fixed    [2]string
}

// tables are what [Client.Table] may ask. Nothing writes to it.
var tables = [...]tableRow{
	{name: "um/leverageBracket", endpoint: epUMLeverageBrackets, every: time.Hour},
	{name: "cm/leverageBracket", endpoint: epCMLeverageBrackets, every: time.Hour},
	{name: "um/commissionRate", endpoint: epUMCommissionRate, needs: "symbol", every: 24 * time.Hour},
	{name: "cm/commissionRate", endpoint: epCMCommissionRate, needs: "symbol", every: 24 * time.Hour},
	{name: "portfolio/collateralRate", endpoint: epCollateralRates, every: time.Hour},
	{name: "portfolio/collateralRate/v2", endpoint: epCollateralTiers, every: time.Hour},
	{name: "portfolio/asset-index-price", endpoint: epAssetIndexPrices, every: time.Minute},
	{name: "portfolio/margin-asset-leverage", endpoint: epMarginAssetLeverage, every: time.Hour},
	{name: "margin/crossMarginData", endpoint: epCrossMarginData, every: time.Hour},
	{name: "margin/next-hourly-interest-rate", endpoint: epNextHourlyInterestRates, needs: "assets", every: time.Hour, fixed: [2]string{"isIsolated", "FALSE"}},
	{name: "margin/interestRateHistory", endpoint: epInterestRateHistory, needs: "asset", every: 24 * time.Hour},
	{name: "margin/available-inventory", endpoint: epAvailableInventory, every: 10 * time.Minute, fixed: [2]string{"type", "MARGIN"}},
}

// Tables lists what [Client.Table] may ask, in a fixed order: leverage brackets and fees of
// papi, and of sapi the collateral rates (flat, and v2 by tier), the index prices of
// collateral, the leverage of loans, the account's terms and rates of cross margin, and what
// there is to borrow.
func Tables() []Table {
	list := make([]Table, len(tables))
	for i, t := range tables {
		s := t.endpoint.spec()
		weight := s.weight
		if s.broad != 0 {
			weight = s.broad // all of it is asked for
		}
		list[i] = Table{Name: t.name, Path: s.path, Needs: t.needs, Every: t.every, Weight: weight}
	}
	return list
}

// Table asks for a table by a name of [Tables] and returns the body as it came: whole JSON
// that refuses nothing, and not looked at further, so that fields nobody knows yet are kept.
// of is the asset, assets or symbol that the table needs, and "" for the others. Anything
// else is refused before a request is built. It only reads.
func (c *Client) Table(ctx context.Context, name, of string) ([]byte, error) {
	for i := range tables {
		t := &tables[i]
		if t.name != name {
			continue
		}
		if (t.needs == "") != (of == "") {
			return nil, notSent(t.endpoint, fmt.Errorf("table %s of %.60q: it needs %s", name, of, orNothing(t.needs)))
		}
		q := texts(t.fixed[0], t.fixed[1])
		if t.needs != "" {
			q.text(t.needs, of)
		}
		r, err := c.do(ctx, t.endpoint, q)
		if err != nil {
			return nil, err
		}
		return r.body, nil
	}
	names := make([]string, len(tables))
	for i := range tables {
		names[i] = tables[i].name
	}
	return nil, fmt.Errorf("papi: no table %.60q; those are %s", name, strings.Join(names, ", "))
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}
