package rest

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// TableName names an endpoint by product and name: "um/exchangeInfo", "cm/premiumIndex",
// "spot/ticker/price". The name is the path behind the version, or behind /futures/data/;
// that of a newer version carries it: "um/v2/ticker/price".
type TableName string

// Table describes an endpoint for those who poll it. A recorder may poll all that [Tables]
// lists.
type Table struct {
	Name    TableName
	Product exchange.Product
	// Path is the endpoint's on its host.
	Path string
	// Needs are the parameters that a request must have, Takes those that it may have.
	Needs, Takes []string
	// Every is how often it is worth asking: more often the answer seldom changes, or costs
	// more of the budget than it is worth.
	Every time.Duration
	// Weight is what a request without optional parameters costs of the budget.
	Weight int
}

// Tables lists what is worth polling, in a fixed order:
//
//   - um, cm: exchangeInfo (filters, status), fundingInfo (caps, intervals), premiumIndex (marks
//     and funding of all symbols at one instant), ticker/24hr, ticker/price,
//     ticker/bookTicker; openInterest of a symbol; constituents of an index; delivery-price
//     of a pair; and the statistics of /futures/data, of which Binance keeps 30 days:
//     openInterestHist, topLongShortPositionRatio, topLongShortAccountRatio,
//     globalLongShortAccountRatio, takerlongshortRatio (cm: takerBuySellVol), basis.
//   - um: assetIndex (collateral prices of multi-assets mode), indexInfo (composite indexes),
//     symbolAdlRisk, insuranceBalance, tradingSchedule.
//   - spot: exchangeInfo, ticker/24hr, ticker/price, ticker/bookTicker.
//
// Tables that need a key (leverage brackets, collateral rates, interest) are those of
// exchange/papi.
func Tables() []Table {
	var list []Table
	for i := range endpoints {
		e := &endpoints[i]
		if e.every == 0 {
			continue
		}
		list = append(list, Table{
			Name: e.table(), Product: e.product, Path: e.path, Needs: strings.Fields(e.needs), Takes: strings.Fields(e.takes),
			Every: e.every, Weight: e.weight(nil),
		})
	}
	return list
}

// Get asks any endpoint and returns what came, raw: JSON that is whole and no error object.
// The names are those of all endpoints, not only of [Tables]. A name or a parameter that is
// not there is refused before anything is sent.
func (c *Client) Get(ctx context.Context, name TableName, list ...Param) (Answer, error) {
	folder, rest, _ := strings.Cut(string(name), "/")
	for p, f := range folders {
		if f == "" || f != folder {
			continue
		}
		if e := find(exchange.Product(p), rest); e != nil {
			return c.ask(ctx, e, list)
		}
	}
	return Answer{}, fmt.Errorf("rest: no table %.60q; a name is such as um/exchangeInfo, cm/fundingRate or spot/depth", name)
}
