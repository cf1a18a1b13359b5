package papisim

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// sapiRoutes are the ones of sapi that concern Portfolio Margin.
func (s *Sim) sapiRoutes() []web.Route {
	return slices.Concat(s.keyRoutes(), s.portfolioRoutes(), s.crossMarginRoutes(), s.proRoutes())
}

// keyRoutes tell what key and account may do.
func (s *Sim) keyRoutes() []web.Route {
	return []web.Route{
		{Host: web.API, Method: "GET", Path: "/sapi/v1/account/apiRestrictions", Security: web.UserData, Weight: 1, Serve: s.getRestrictions},
		{Host: web.API, Method: "GET", Path: "/sapi/v1/account/info", Security: web.UserData, Weight: 1, Serve: s.getAccountInfo},
	}
}

// restrictionsAnswer is GET account/apiRestrictions.
type restrictionsAnswer struct {
	IPs        bool  `json:"ipRestrict"`
	Created    int64 `json:"createTime"`
	Reading    bool  `json:"enableReading"`
	Withdrawal bool  `json:"enableWithdrawals"`
	Internal   bool  `json:"enableInternalTransfer"`
	Margin     bool  `json:"enableMargin"`
	Futures    bool  `json:"enableFutures"`
	Universal  bool  `json:"permitsUniversalTransfer"`
	Options    bool  `json:"enableVanillaOptions"`
	FixTrade   bool  `json:"enableFixApiTrade"`
	FixRead    bool  `json:"enableFixReadOnly"`
	Spot       bool  `json:"enableSpotAndMarginTrading"`
	Portfolio  bool  `json:"enablePortfolioMarginTrading"`
}

// getRestrictions tells the boxes that are ticked for the key of the request. Portfolio
// Margin takes the right to trade futures from keys, for good.
func (s *Sim) getRestrictions(c *web.Call) (any, *web.Error) {
	k := s.gateway.keys.byID[c.Key]
	return restrictionsAnswer{
		IPs: len(k.IPs) > 0, Created: k.Created.Millis(), Reading: k.Reading, Withdrawal: k.Withdrawals, Internal: k.InternalTransfer,
		Margin: k.Margin, Futures: k.Futures && s.account.Kind == "", Universal: k.UniversalTransfer, Spot: k.Margin, Portfolio: k.PortfolioMargin,
	}, nil
}

func (s *Sim) getAccountInfo(*web.Call) (any, *web.Error) {
	return struct {
		VIP       int  `json:"vipLevel"`
		Margin    bool `json:"isMarginEnabled"`
		Futures   bool `json:"isFutureEnabled"`
		Options   bool `json:"isOptionsEnabled"`
		Portfolio bool `json:"isPortfolioMarginRetailEnabled"`
	}{s.account.VIP, true, true, false, s.account.Kind == portfolioMargin}, nil
}

// proRoutes are those of PM Pro, for which plain Portfolio Margin has the papi ones, and the
// two that Binance has closed for everybody.
func (s *Sim) proRoutes() []web.Route {
	pro := func(method, path string, weight int) web.Route {
		return web.Route{Host: web.API, Method: method, Path: path, Security: web.UserData, Weight: weight,
			Serve: func(*web.Call) (any, *web.Error) { return nil, errNotPro }}
	}
	gone := func(path string) web.Route {
		return web.Route{Host: web.API, Method: "POST", Path: path, Security: web.UserData, Weight: 1500,
			Serve: func(*web.Call) (any, *web.Error) { return nil, errGone }}
	}
	return []web.Route{
		pro("GET", "/sapi/v1/portfolio/balance", 20),
		pro("POST", "/sapi/v1/portfolio/auto-collection", 1500),
		pro("POST", "/sapi/v1/portfolio/asset-collection", 60),
		pro("POST", "/sapi/v1/portfolio/bnb-transfer", 1500),
		pro("GET", "/sapi/v1/portfolio/repay-futures-switch", 30),
		pro("POST", "/sapi/v1/portfolio/repay-futures-switch", 1500),
		pro("POST", "/sapi/v1/portfolio/repay-futures-negative-balance", 1500),
		pro("GET", "/sapi/v1/portfolio/interest-history", 50),
		pro("GET", "/sapi/v1/portfolio/pmLoan", 500),
		pro("GET", "/sapi/v1/portfolio/pmloan-history", 500),
		pro("POST", "/sapi/v1/portfolio/repay", 3000),
		pro("GET", "/sapi/v2/portfolio/account", 5),
		gone("/sapi/v1/portfolio/mint"),
		gone("/sapi/v1/portfolio/redeem"),
	}
}

// The answers to requests that are not for this account. Which code an account that is not
// PM Pro gets is assumed, from the spot API's list of errors.
var (
	errNotPro = web.Errorf(-21001, "Request ID is not a Portfolio Margin Account.")
	errGone   = web.Errorf(-21015, "ENDPOINT_GONE")
)

// portfolioRoutes tell what Portfolio Margin goes by, and what the account has chosen.
func (s *Sim) portfolioRoutes() []web.Route {
	at := func(method, path string, security web.Security, weight int, serve func(*web.Call) (any, *web.Error)) web.Route {
		return web.Route{Host: web.API, Method: method, Path: path, Security: security, Weight: weight, Serve: serve}
	}
	account := at("GET", "/sapi/v1/portfolio/account", web.UserData, 5, s.getPortfolio)
	account.ByUser = true
	index := at("GET", "/sapi/v1/portfolio/asset-index-price", web.Keyed, 0, s.getIndexPrices)
	index.WeightOf = func(p *web.Params) int {
		if p.Has("asset") {
			return 1
		}
		return 50
	}
	return []web.Route{
		account, index,
		at("GET", "/sapi/v1/portfolio/collateralRate", web.Keyed, 50, s.getCollateral),
		at("GET", "/sapi/v2/portfolio/collateralRate", web.UserData, 50, s.getCollateralTiers),
		at("GET", "/sapi/v1/portfolio/margin-asset-leverage", web.Keyed, 50, s.getLoanLeverages),
		at("GET", "/sapi/v1/portfolio/margin-call-level", web.UserData, 1500, s.getMarginCall),
		at("POST", "/sapi/v1/portfolio/margin-call-level", web.UserData, 1500, s.postMarginCall),
		at("DELETE", "/sapi/v1/portfolio/margin-call-level", web.UserData, 1500, s.deleteMarginCall),
		at("GET", "/sapi/v1/portfolio/delta-mode", web.UserData, 1500, s.getDelta),
		at("POST", "/sapi/v1/portfolio/delta-mode", web.Trade, 1500, s.postDelta),
	}
}

// getPortfolio works for all kinds of Portfolio Margin and says which one the account is.
// The thousands comma of the published example is not reproduced.
func (s *Sim) getPortfolio(*web.Call) (any, *web.Error) {
	if s.account.Kind == "" {
		return nil, errNotPro
	}
	a := s.reported().account()
	return struct {
		UniMMR    string `json:"uniMMR"`
		Equity    string `json:"accountEquity"`
		Actual    string `json:"actualEquity"`
		Maint     string `json:"accountMaintMargin"`
		Initial   string `json:"accountInitialMargin"`
		Available string `json:"totalAvailableBalance"`
		Status    string `json:"accountStatus"`
		Kind      string `json:"accountType"`
	}{
		ratio8(a.UniMMR), money8(a.Equity), money8(a.ActualEquity), money8(a.MaintMargin), money8(a.InitialMargin),
		money8(a.Available), a.Status.String(), s.account.Kind,
	}, nil
}

// rateAnswer is a row of collateralRate, tiersAnswer one of its second version.
type (
	rateAnswer struct {
		Asset string `json:"asset"`
		Rate  string `json:"collateralRate"`
	}
	tiersAnswer struct {
		Asset string       `json:"asset"`
		Tiers []tierAnswer `json:"collateralInfo"`
	}
	tierAnswer struct {
		Floor string `json:"tierFloor"`
		Cap   string `json:"tierCap"`
		Rate  string `json:"collateralRate"`
		Cum   string `json:"cum"`
	}
)

// places4 has four decimals, as rates and tiers of collateral have.
func places4(f exchange.Fixed) string { return f.Decimal().StringFixed(4) }

func (s *Sim) getCollateral(*web.Call) (any, *web.Error) {
	list := []rateAnswer{}
	for _, asset := range s.venue.Collaterals() {
		if tiers := s.venue.CollateralOf(asset).Tiers; len(tiers) > 0 {
			list = append(list, rateAnswer{asset, places4(tiers[0].Rate)})
		}
	}
	return list, nil
}

// getCollateralTiers has a cum of 0 in every tier, as the example, and the largest number
// for a tier without end.
func (s *Sim) getCollateralTiers(*web.Call) (any, *web.Error) {
	list := []tiersAnswer{}
	for _, asset := range s.venue.Collaterals() {
		row, floor := tiersAnswer{Asset: asset}, exchange.Fixed(0)
		for _, t := range s.venue.CollateralOf(asset).Tiers {
			end := t.Cap
			if end == 0 {
				end = exchange.FixedMax
			}
			row.Tiers = append(row.Tiers, tierAnswer{places4(floor), places4(end), places4(t.Rate), places4(0)})
			floor = end
		}
		if len(row.Tiers) > 0 {
			list = append(list, row)
		}
	}
	return list, nil
}

// indexAnswer is a row of asset-index-price: a list also for one asset.
type indexAnswer struct {
	Asset string `json:"asset"`
	Price string `json:"assetIndexPrice"`
	Time  int64  `json:"time"`
}

func (s *Sim) getIndexPrices(c *web.Call) (any, *web.Error) {
	assets := s.knownAssets()
	if c.Has("asset") {
		assets = []string{s.readAsset(c, c.Text("asset"))}
	}
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	list := []indexAnswer{}
	for _, asset := range assets {
		if price := s.venue.IndexOf(asset); price != 0 {
			list = append(list, indexAnswer{asset, price.String(), c.At.Millis()})
		}
	}
	return list, nil
}

// leverageAnswer is a row of margin-asset-leverage.
type leverageAnswer struct {
	Asset    string `json:"asset"`
	Leverage int    `json:"leverage"`
}

func (s *Sim) getLoanLeverages(*web.Call) (any, *web.Error) {
	list := []leverageAnswer{}
	for _, asset := range s.knownAssets() {
		list = append(list, leverageAnswer{asset, s.venue.LoanLeverage(asset)})
	}
	return list, nil
}

// marginCallAnswer is margin-call-level: an empty object while none is set.
type marginCallAnswer struct {
	Level string `json:"marginCallLevel,omitempty"`
}

func (s *Sim) getMarginCall(*web.Call) (any, *web.Error) { return marginCallAnswer{s.marginCall}, nil }

func (s *Sim) postMarginCall(c *web.Call) (any, *web.Error) {
	c.Need("marginCallLevel")
	level := c.Decimal("marginCallLevel")
	if least, most := decimal.New(11, -1), decimal.New(2, 0); c.Err() == nil && (level.LessThan(least) || level.GreaterThan(most)) {
		c.Fail(invalid("marginCallLevel"))
	}
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	s.marginCall = level.String()
	return marginCallAnswer{s.marginCall}, nil
}

func (s *Sim) deleteMarginCall(*web.Call) (any, *web.Error) {
	s.marginCall = ""
	return marginCallAnswer{}, nil
}

// deltaAnswer is delta-mode. What POST answers is not documented: the same is assumed. The
// mode is told and changes no margin here: clients must refuse to trade in it.
type deltaAnswer struct {
	On bool `json:"deltaEnabled"`
}

func (s *Sim) getDelta(*web.Call) (any, *web.Error) { return deltaAnswer{s.account.DeltaMode}, nil }

func (s *Sim) postDelta(c *web.Call) (any, *web.Error) {
	on := needBool(c, "deltaEnabled")
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	s.account.DeltaMode = on
	return deltaAnswer{on}, nil
}
