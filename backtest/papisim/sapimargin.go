package papisim

import (
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// crossMarginRoutes are the reads of cross margin that Portfolio Margin's risk rests on.
func (s *Sim) crossMarginRoutes() []web.Route {
	at := func(path string, security web.Security, weight int, serve func(*web.Call) (any, *web.Error)) web.Route {
		return web.Route{Host: web.API, Method: "GET", Path: "/sapi/v1/margin/" + path, Security: security, Weight: weight, Serve: serve}
	}
	data := at("crossMarginData", web.UserData, 0, s.getCrossData)
	data.WeightOf = func(p *web.Params) int {
		if p.Has("coin") {
			return 1
		}
		return 5
	}
	inventory := at("available-inventory", web.UserData, 50, s.getInventory)
	inventory.ByUser = true
	leverage := at("max-leverage", web.UserData, 3000, s.postMaxLeverage)
	leverage.Method, leverage.ByUser = "POST", true
	return []web.Route{
		data, inventory, leverage,
		at("next-hourly-interest-rate", web.UserData, 100, s.getNextInterest),
		at("interestRateHistory", web.UserData, 1, s.getInterestRates),
		at("crossMarginCollateralRatio", web.Keyed, 100, s.getCrossCollateral),
		at("leverageBracket", web.Keyed, 1, s.getLiabilityBrackets),
		at("capital-flow", web.UserData, 100, s.getCapitalFlow),
		at("priceIndex", web.Keyed, 10, s.getPriceIndex),
	}
}

// crossDataAnswer is a row of crossMarginData.
type crossDataAnswer struct {
	VIP        int      `json:"vipLevel"`
	Coin       string   `json:"coin"`
	TransferIn bool     `json:"transferIn"`
	Borrowable bool     `json:"borrowable"`
	Daily      string   `json:"dailyInterest"`
	Yearly     string   `json:"yearlyInterest"`
	Limit      string   `json:"borrowLimit"`
	Pairs      []string `json:"marginablePairs"`
}

func (s *Sim) getCrossData(c *web.Call) (any, *web.Error) {
	assets := s.knownAssets()
	if c.Has("coin") {
		assets = []string{s.readAsset(c, c.Text("coin"))}
	}
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	list := []crossDataAnswer{}
	for _, asset := range assets {
		rate, stock := daily(s, asset), s.stock(asset)
		row := crossDataAnswer{
			VIP: s.account.VIP, Coin: asset, TransferIn: true, Borrowable: stock.IsPositive(), Daily: money8(rate),
			Yearly: money8(rate.Mul(decimal.NewFromInt(365))), Limit: s.borrowLimit(asset).String(), Pairs: []string{},
		}
		for _, in := range s.ins.All() {
			if in.Product == exchange.Margin && (in.Base == asset || in.Quote == asset) {
				row.Pairs = append(row.Pairs, in.Symbol)
			}
		}
		list = append(list, row)
	}
	return list, nil
}

// poolMost is what the pool is said to have of an asset that it lends without end.
const poolMost = 10_000_000

// stock is what the pool has to lend of an asset.
func (s *Sim) stock(asset string) decimal.Decimal {
	if stock, limited := s.venue.Borrowable(asset); limited {
		return decimal.Max(stock, decimal.Zero)
	}
	return decimal.NewFromInt(poolMost)
}

// borrowLimit is the largest loan of an asset that the account's tier allows.
func (s *Sim) borrowLimit(asset string) decimal.Decimal {
	if limit, limited := s.venue.BorrowMax(asset); limited {
		return limit
	}
	return decimal.NewFromInt(poolMost)
}

// assetsMax is how many assets next-hourly-interest-rate takes, and repay-debt too, of which
// nothing is documented (assumed).
const assetsMax = 20

// readAssets reads a list of assets with commas between them, which may be left out.
func (s *Sim) readAssets(c *web.Call, name string) []string {
	assets := []string{}
	list := c.Text(name)
	if list == "" {
		return assets
	}
	if strings.Count(list, ",") >= assetsMax {
		c.Fail(invalid(name))
		return assets
	}
	for asset := range strings.SplitSeq(list, ",") {
		assets = append(assets, s.readAsset(c, asset))
	}
	return assets
}

func (s *Sim) getNextInterest(c *web.Call) (any, *web.Error) {
	c.Need("assets")
	assets := s.readAssets(c, "assets")
	c.Need("isIsolated")
	if c.Bool("isIsolated") {
		c.Fail(invalid("isIsolated")) // Portfolio Margin has cross margin only
	}
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	return eachOf(assets, func(asset string) any {
		return struct {
			Asset string `json:"asset"`
			Rate  string `json:"nextHourlyInterestRate"`
		}{asset, money8(s.venue.HourlyInterest(asset))}
	}), nil
}

// interestRateAnswer is a row of interestRateHistory.
type interestRateAnswer struct {
	Asset string `json:"asset"`
	Daily string `json:"dailyInterestRate"`
	Time  int64  `json:"timestamp"`
	VIP   int    `json:"vipLevel"`
}

// getInterestRates lists a rate a day, newest first: that of now, for the exchange does not
// keep those of before.
func (s *Sim) getInterestRates(c *web.Call) (any, *web.Error) {
	asset := s.readAsset(c, c.Need("asset"))
	when := spanRule{usual: 7 * day, most: 31 * day, tooLong: web.Errorf(-1127, "Lookup interval is too big.")}.read(c)
	vip := s.account.VIP
	if c.Has("vipLevel") {
		vip = int(min(c.Int("vipLevel"), 1<<10))
	}
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	list := []interestRateAnswer{}
	for at := min(when.to, c.At).Floor(day); when.has(at); at = at.Add(-day) {
		list = append(list, interestRateAnswer{asset, money8(daily(s, asset)), at.Millis(), vip})
	}
	return list, nil
}

// collateralRatioAnswer is a row of crossMarginCollateralRatio. Its tiers are those of plain
// cross margin, not of Portfolio Margin; that their rates are the same here is assumed.
type (
	collateralRatioAnswer struct {
		Tiers  []ratioTier `json:"collaterals"`
		Assets []string    `json:"assetNames"`
	}
	ratioTier struct {
		Floor string `json:"minUsdValue"`
		Cap   string `json:"maxUsdValue"`
		Rate  string `json:"discountRate"`
	}
)

func (s *Sim) getCrossCollateral(*web.Call) (any, *web.Error) {
	list := []collateralRatioAnswer{}
	for _, asset := range s.venue.Collaterals() {
		if tiers := s.venue.CollateralOf(asset).Tiers; len(tiers) > 0 {
			tier := ratioTier{"0", whole(exchange.FixedMax), tiers[0].Rate.String()}
			list = append(list, collateralRatioAnswer{[]ratioTier{tier}, []string{asset}})
		}
	}
	return list, nil
}

// liabilityAnswer is a row of margin/leverageBracket: liability steps of Cross Margin Pro,
// here one for each asset, with the terms of its loans.
type (
	liabilityAnswer struct {
		Assets   []string        `json:"assetNames"`
		Rank     int             `json:"rank"`
		Brackets []liabilityStep `json:"brackets"`
	}
	liabilityStep struct {
		Leverage int    `json:"leverage"`
		Most     int64  `json:"maxDebt"`
		Maint    number `json:"maintenanceMarginRate"`
		Initial  number `json:"initialMarginRate"`
		Fast     int    `json:"fastNum"`
	}
)

func (s *Sim) getLiabilityBrackets(*web.Call) (any, *web.Error) {
	list := []liabilityAnswer{}
	for _, asset := range s.knownAssets() {
		leverage := s.venue.LoanLeverage(asset)
		initial := decimal.NewFromInt(1).DivRound(decimal.NewFromInt(int64(leverage-1)), 4)
		step := liabilityStep{leverage, poolMost, numberOf(s.venue.LoanRate(asset)), number{initial}, 0}
		list = append(list, liabilityAnswer{[]string{asset}, 1, []liabilityStep{step}})
	}
	return list, nil
}

// postMaxLeverage says yes and changes nothing: Portfolio Margin has a leverage of its own
// for each asset.
func (s *Sim) postMaxLeverage(c *web.Call) (any, *web.Error) {
	c.Need("maxLeverage")
	c.OneOf("maxLeverage", invalid("maxLeverage"), "3", "5", "10")
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	if wrong := s.quotas.marginLeverage.take(c.At); wrong != nil {
		return nil, wrong
	}
	return struct {
		Success bool `json:"success"`
	}{true}, nil
}

// getPriceIndex is the price of a margin pair by the index prices of its assets.
func (s *Sim) getPriceIndex(c *web.Call) (any, *web.Error) {
	in := s.symbol(c, exchange.Margin)
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	base, quote := s.venue.IndexOf(in.Base), s.venue.IndexOf(in.Quote)
	if base == 0 || quote == 0 {
		return nil, refusal(-1121, "", nil)
	}
	return struct {
		Time   int64  `json:"calcTime"`
		Price  string `json:"price"`
		Symbol string `json:"symbol"`
	}{c.At.Millis(), base.Decimal().DivRound(quote.Decimal(), exchange.FixedPlaces).StringFixed(exchange.FixedPlaces), in.Symbol}, nil
}

// getInventory is what the pool has to lend. Its time is in seconds, as in the example.
func (s *Sim) getInventory(c *web.Call) (any, *web.Error) {
	c.Need("type")
	c.OneOf("type", invalid("type"), "MARGIN", "ISOLATED")
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	assets := map[string]string{}
	for _, asset := range s.knownAssets() {
		assets[asset] = s.stock(asset).String()
	}
	return struct {
		Assets map[string]string `json:"assets"`
		Time   int64             `json:"updateTime"`
	}{assets, int64(c.At) / int64(time.Second)}, nil
}
