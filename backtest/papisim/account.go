package papisim

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// accountRoutes tell what the account is worth and holds.
func (s *Sim) accountRoutes() []web.Route {
	get := func(path string, weight int, serve func(*web.Call) (any, *web.Error)) web.Route {
		return web.Route{Host: web.PAPI, Method: "GET", Path: path, Security: web.UserData, Weight: weight, Serve: serve}
	}
	return []web.Route{
		get("/papi/v1/account", 20, s.getAccount),
		get("/papi/v1/balance", 20, s.getBalance),
		get("/papi/v1/um/positionRisk", 5, s.getPositionRiskUM),
		get("/papi/v1/cm/positionRisk", 1, s.getPositionRiskCM),
		get("/papi/v1/um/account", 5, s.getAccountUM),
		get("/papi/v2/um/account", 5, s.getAccountUM2),
		get("/papi/v1/cm/account", 5, s.getAccountCM),
		get("/papi/v1/rateLimit/order", 1, s.getRateLimit),
	}
}

// accountAnswer is GET account. Available balance and open loss are empty while the
// account cannot be valued, as they are in Binance's example.
type accountAnswer struct {
	UniMMR        string `json:"uniMMR"`
	Equity        string `json:"accountEquity"`
	Actual        string `json:"actualEquity"`
	InitialMargin string `json:"accountInitialMargin"`
	MaintMargin   string `json:"accountMaintMargin"`
	Status        string `json:"accountStatus"`
	Withdrawable  string `json:"virtualMaxWithdrawAmount"`
	Available     string `json:"totalAvailableBalance"`
	OpenLoss      string `json:"totalMarginOpenLoss"`
	UpdateTime    int64  `json:"updateTime"`
}

func (s *Sim) getAccount(c *web.Call) (any, *web.Error) {
	a := s.reported().account()
	answer := accountAnswer{
		UniMMR: ratio8(a.UniMMR), Equity: money8(a.Equity), Actual: money8(a.ActualEquity),
		InitialMargin: money8(a.InitialMargin), MaintMargin: money8(a.MaintMargin), Status: a.Status.String(),
		Withdrawable: money8(s.venue.Spare()), UpdateTime: c.At.Millis(),
	}
	if s.venue.Missing() == nil {
		answer.Available, answer.OpenLoss = money8(a.Available), money8(a.OpenLoss)
	}
	return answer, nil
}

// balanceAnswer is one asset of GET balance.
type balanceAnswer struct {
	Asset  string  `json:"asset"`
	Wallet string  `json:"totalWalletBalance"`
	Margin *string `json:"crossMarginAsset,omitempty"` // missing where one asset was asked for
	balanceParts
}

type balanceParts struct {
	Borrowed   string `json:"crossMarginBorrowed"`
	Free       string `json:"crossMarginFree"`
	Interest   string `json:"crossMarginInterest"`
	Locked     string `json:"crossMarginLocked"`
	UM         string `json:"umWalletBalance"`
	UMPnL      string `json:"umUnrealizedPNL"`
	CM         string `json:"cmWalletBalance"`
	CMPnL      string `json:"cmUnrealizedPNL"`
	UpdateTime int64  `json:"updateTime"`
	Negative   string `json:"negativeBalance"`
}

// getBalance answers with an object for one asset and with a list for all that the account
// has had to do with.
func (s *Sim) getBalance(c *web.Call) (any, *web.Error) {
	if c.Has("asset") {
		asset := s.readAsset(c, c.Text("asset"))
		if wrong := c.Err(); wrong != nil {
			return nil, wrong
		}
		one := s.balanceOf(asset)
		one.Margin = nil
		return one, nil
	}
	list := []balanceAnswer{}
	for _, asset := range s.reported().assets() {
		list = append(list, s.balanceOf(asset))
	}
	return list, nil
}

// balanceOf lists an asset. cmUnrealizedPNL is empty, as in the example, for an asset that
// no CM contract settles in.
func (s *Sim) balanceOf(asset string) balanceAnswer {
	r := s.reported()
	margin, um, cm := r.balance(asset, exchange.WalletMargin), r.balance(asset, exchange.WalletUM), r.balance(asset, exchange.WalletCM)
	locked, total := s.venue.Locked(asset), margin.Add(um).Add(cm)
	whole := money8(margin)
	answer := balanceAnswer{Asset: asset, Wallet: money8(total), Margin: &whole, balanceParts: balanceParts{
		Borrowed: money8(r.balance(asset, exchange.WalletLoan)), Free: money8(margin.Sub(locked)),
		Interest: money8(r.balance(asset, exchange.WalletInterest)), Locked: money8(locked),
		UM: money8(um), UMPnL: money8(s.pnl(exchange.UM, asset)), CM: money8(cm),
		UpdateTime: s.ledger.changed(asset, exchange.WalletMargin, exchange.WalletUM, exchange.WalletCM, exchange.WalletLoan, exchange.WalletInterest).Millis(),
		Negative:   decimal.Min(total.Add(s.venue.NegativeFree(asset)), decimal.Zero).String(),
	}}
	if slices.Contains(s.settles(exchange.CM), asset) {
		answer.CMPnL = money8(s.pnl(exchange.CM, asset))
	}
	return answer
}

// pnl is the unrealised profit of a product's positions that settle in an asset.
func (s *Sim) pnl(p exchange.Product, asset string) (sum decimal.Decimal) {
	r := s.reported()
	for _, in := range s.ins.All() {
		if in.Product != p || in.MarginAsset != asset {
			continue
		}
		for _, side := range r.sides() {
			sum = sum.Add(r.margin(&in, side).PnL)
		}
	}
	return sum
}

// settles are the assets that a product's contracts settle in, in the order of the list of
// instruments.
func (s *Sim) settles(p exchange.Product) []string {
	var list []string
	for _, in := range s.ins.All() {
		if in.Product == p && !slices.Contains(list, in.MarginAsset) {
			list = append(list, in.MarginAsset)
		}
	}
	return list
}

// readAsset says whether an asset is one that the exchange knows: -1108 otherwise.
func (s *Sim) readAsset(c *web.Call, asset string) string {
	if c.Err() == nil && !slices.Contains(s.knownAssets(), asset) {
		c.Fail(web.Errorf(-1108, "Invalid asset."))
	}
	return asset
}

// knownAssets are those of the instruments, of the collateral table and of the account.
func (s *Sim) knownAssets() []string {
	list := slices.Concat(s.venue.Collaterals(), s.reported().assets())
	for _, in := range s.ins.All() {
		if in.Product != exchange.CM {
			list = append(list, in.Quote)
		}
		list = append(list, in.Base)
	}
	return slices.Compact(slices.Sorted(slices.Values(list)))
}

// rateLimitAnswer is one row of GET rateLimit/order.
type rateLimitAnswer struct {
	Type     string `json:"rateLimitType"`
	Interval string `json:"interval"`
	Num      int    `json:"intervalNum"`
	Limit    int    `json:"limit"`
}

func (s *Sim) getRateLimit(*web.Call) (any, *web.Error) {
	return []rateLimitAnswer{{"ORDERS", "MINUTE", 1, s.gateway.limits.Orders}}, nil
}

// symbolIfSent is symbol for a parameter that may be left out; nil then.
func (s *Sim) symbolIfSent(c *web.Call, p exchange.Product) *exchange.Instrument {
	if !c.Has("symbol") {
		return nil
	}
	return s.symbol(c, p)
}
