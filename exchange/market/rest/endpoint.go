package rest

import (
	"slices"
	"strconv"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/internal/budget"
)

// endpoint is one entry of the compiled list of what can be asked.
type endpoint struct {
	product exchange.Product
	// name is the last part of a TableName, such as "depth"; path is where it is.
	name, path string
	// needs are the parameters that a request must have, takes those that it may have,
	// separated by blanks.
	needs, takes string
	weight       weigher
	quota        quota
	class        budget.Class
	// every is how often it is worth polling; 0 for what is no table.
	every time.Duration
}

// table is the endpoint's name.
func (e *endpoint) table() TableName { return TableName(folders[e.product] + "/" + e.name) }

// String is the endpoint as the reference names it, such as "GET /fapi/v1/depth".
func (e *endpoint) String() string { return "GET " + e.path }

// folders begin the names of tables.
var folders = [...]string{exchange.UM: "um", exchange.CM: "cm", exchange.Margin: "spot"}

// quota names a limit beside that of weight.
type quota uint8

const (
	noQuota quota = iota
	quotaFunding
	quotaStatistics
)

// quotaTable is what the quotas of futures allow an address. Nothing writes to it.
var quotaTable = [...]budget.Quota{
	quotaFunding - 1:    {Name: "fundingRate and fundingInfo", N: 500, Per: 5 * time.Minute},
	quotaStatistics - 1: {Name: "futures/data", N: 1000, Per: 5 * time.Minute},
}

// weigher says what a request with these parameters costs.
type weigher func(params) int

func costs(n int) weigher { return func(params) int { return n } }

// chosen is the cost of a request for one symbol or pair, and that of one for all.
func chosen(one, all int) weigher {
	return func(q params) int {
		if q.has("symbol") || q.has("pair") {
			return one
		}
		return all
	}
}

// bySize is the cost by the parameter limit, or by usual without one: that of the first step
// whose most it does not exceed.
func bySize(usual int, steps ...step) weigher {
	return func(q params) int {
		n, err := strconv.Atoi(q.get("limit"))
		if err != nil {
			n = usual
		}
		for _, s := range steps {
			if n <= s.most {
				return s.cost
			}
		}
		return steps[len(steps)-1].cost
	}
}

type step struct{ most, cost int }

// The costs by size. A snapshot of futures without a limit was seen to cost 1 on fapi; the
// documented cost is counted.
var (
	depthCost     = bySize(500, step{50, 2}, step{100, 5}, step{500, 10}, step{1000, 20})
	spotDepthCost = bySize(100, step{100, 5}, step{500, 25}, step{1000, 50}, step{5000, 250})
	klineCost     = bySize(500, step{99, 1}, step{499, 2}, step{1000, 5}, step{1500, 10})
)

const (
	window = "startTime endTime limit"
	second = time.Second
	hour   = time.Hour
)

// endpoints is all that can be asked. Nothing writes to it. Weights are those of the newest
// official clients and of measured headers.
var endpoints = slices.Concat(
	futures(exchange.UM, "/fapi/v1/"), futures(exchange.CM, "/dapi/v1/"), usdm(), coinm(), spot(),
)

// futures are what fapi and dapi both have.
func futures(p exchange.Product, prefix string) []endpoint {
	um := p == exchange.UM
	pick := func(ifUM, ifCM int) int {
		if um {
			return ifUM
		}
		return ifCM
	}
	one := "symbol"
	if !um {
		one = "symbol pair"
	}
	funding, fundingNeeds := "symbol "+window, ""
	if !um {
		funding, fundingNeeds = window, "symbol"
	}
	list := []endpoint{
		{name: "ping", weight: costs(1), class: patient},
		{name: "time", weight: costs(1), class: urgent},
		{name: "exchangeInfo", weight: costs(1), class: urgent, every: 10 * time.Minute},
		{name: "depth", needs: "symbol", takes: "limit", weight: depthCost, class: running},
		{name: "trades", needs: "symbol", takes: "limit", weight: costs(5), class: patient},
		{name: "aggTrades", needs: "symbol", takes: "fromId " + window, weight: costs(20), class: patient},
		{name: "klines", needs: "symbol interval", takes: window, weight: klineCost, class: patient},
		{name: "continuousKlines", needs: "pair contractType interval", takes: window, weight: klineCost, class: patient},
		{name: "indexPriceKlines", needs: "pair interval", takes: window, weight: klineCost, class: patient},
		{name: "markPriceKlines", needs: "symbol interval", takes: window, weight: klineCost, class: patient},
		{name: "premiumIndexKlines", needs: "symbol interval", takes: window, weight: klineCost, class: patient},
		{name: "premiumIndex", takes: one, weight: chosen(pick(1, 10), 10), class: running, every: time.Minute},
		{name: "fundingRate", needs: fundingNeeds, takes: funding, weight: costs(pick(0, 1)), quota: quotaFunding, class: patient},
		{name: "fundingInfo", weight: costs(0), quota: quotaFunding, class: patient, every: 10 * time.Minute},
		{name: "ticker/24hr", takes: one, weight: chosen(1, 40), class: patient, every: time.Minute},
		{name: "ticker/price", takes: one, weight: chosen(1, 2), class: patient, every: time.Minute},
		{name: "ticker/bookTicker", takes: one, weight: chosen(2, 5), class: patient, every: time.Minute},
		{name: "openInterest", needs: "symbol", weight: costs(1), class: patient, every: time.Minute},
		{name: "constituents", needs: "symbol", weight: costs(pick(2, 1)), class: patient, every: hour},
		{name: "delivery-price", path: "/futures/data/delivery-price", needs: "pair", weight: costs(0), quota: quotaStatistics, class: patient, every: hour},
	}
	return hosted(p, prefix, list)
}

// usdm are what only fapi has, and the statistics in its form.
func usdm() []endpoint {
	list := []endpoint{
		{name: "v2/ticker/price", path: "/fapi/v2/ticker/price", takes: "symbol", weight: chosen(1, 2), class: patient},
		{name: "rpiDepth", needs: "symbol", takes: "limit", weight: costs(20), class: patient},
		{name: "assetIndex", takes: "symbol", weight: chosen(1, 10), class: patient, every: 10 * second},
		{name: "indexInfo", takes: "symbol", weight: costs(1), class: patient, every: hour},
		{name: "symbolAdlRisk", takes: "symbol", weight: costs(1), class: patient, every: 30 * time.Minute},
		{name: "insuranceBalance", takes: "symbol", weight: costs(1), class: patient, every: hour},
		{name: "tradingSchedule", weight: costs(5), class: patient, every: hour},
	}
	for _, name := range [...]string{"openInterestHist", "topLongShortPositionRatio", "topLongShortAccountRatio", "globalLongShortAccountRatio", "takerlongshortRatio"} {
		list = append(list, statistic(name, "symbol", 0))
	}
	return hosted(exchange.UM, "/fapi/v1/", append(list, statistic("basis", "pair contractType", 0)))
}

// coinm are the statistics in the form of dapi.
func coinm() []endpoint {
	return hosted(exchange.CM, "/dapi/v1/", []endpoint{
		statistic("openInterestHist", "pair contractType", 1),
		statistic("topLongShortPositionRatio", "pair", 1),
		statistic("topLongShortAccountRatio", "pair", 1),
		statistic("globalLongShortAccountRatio", "pair", 1),
		statistic("takerBuySellVol", "pair contractType", 1),
		statistic("basis", "pair contractType", 1),
	})
}

// statistic is one of /futures/data, of which Binance keeps 30 days.
func statistic(name, needs string, weight int) endpoint {
	return endpoint{
		name: name, path: "/futures/data/" + name, needs: needs + " period", takes: window,
		weight: costs(weight), quota: quotaStatistics, class: patient, every: 5 * time.Minute,
	}
}

// spot are the public data of margin pairs.
func spot() []endpoint {
	return hosted(exchange.Margin, "/api/v3/", []endpoint{
		{name: "ping", weight: costs(1), class: patient},
		{name: "time", weight: costs(1), class: urgent},
		{name: "exchangeInfo", takes: "symbol symbols permissions showPermissionSets", weight: costs(20), class: urgent, every: 10 * time.Minute},
		{name: "depth", needs: "symbol", takes: "limit", weight: spotDepthCost, class: running},
		{name: "trades", needs: "symbol", takes: "limit", weight: costs(25), class: patient},
		{name: "aggTrades", needs: "symbol", takes: "fromId " + window, weight: costs(4), class: patient},
		{name: "klines", needs: "symbol interval", takes: window, weight: costs(2), class: patient},
		{name: "ticker/price", takes: "symbol symbols", weight: chosen(2, 4), class: patient, every: time.Minute},
		{name: "ticker/bookTicker", takes: "symbol symbols", weight: chosen(2, 4), class: patient, every: time.Minute},
		{name: "ticker/24hr", takes: "symbol", weight: chosen(2, 80), class: patient, every: time.Minute},
	})
}

// hosted fills in what the endpoints of a host have in common.
func hosted(p exchange.Product, prefix string, list []endpoint) []endpoint {
	for i := range list {
		list[i].product = p
		if list[i].path == "" {
			list[i].path = prefix + list[i].name
		}
	}
	return list
}

// find returns the endpoint of a product and name, or nil.
func find(p exchange.Product, name string) *endpoint {
	for i := range endpoints {
		if e := &endpoints[i]; e.product == p && e.name == name {
			return e
		}
	}
	return nil
}
