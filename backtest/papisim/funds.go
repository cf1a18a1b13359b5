package papisim

import (
	"net/http"
	"slices"
	"time"

	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// fundRoutes move money between the wallets of the account.
func (s *Sim) fundRoutes() []web.Route {
	return []web.Route{
		{Host: web.PAPI, Method: "POST", Path: "/papi/v1/auto-collection", Security: web.Trade, Weight: 750, Serve: s.postCollectAll},
		{Host: web.PAPI, Method: "POST", Path: "/papi/v1/asset-collection", Security: web.Trade, Weight: 30, Serve: s.postCollect},
		{Host: web.PAPI, Method: "POST", Path: "/papi/v1/bnb-transfer", Security: web.Trade, Weight: 750, Serve: s.postTransferBNB},
		{Host: web.PAPI, Method: "GET", Path: "/papi/v1/repay-futures-switch", Security: web.UserData, Weight: 30, Serve: s.getRepaySwitch},
		{Host: web.PAPI, Method: "POST", Path: "/papi/v1/repay-futures-switch", Security: web.Trade, Weight: 750, Serve: s.postRepaySwitch},
		{Host: web.PAPI, Method: "POST", Path: "/papi/v1/repay-futures-negative-balance", Security: web.UserData, Weight: 750, Serve: s.postRepayNegative},
	}
}

// quota is a limit of its own that an endpoint has beside its weight: so many calls in a
// time that rolls on. Calls with good parameters count, also if they do nothing (assumed).
type quota struct {
	most int
	span time.Duration
	used []exchange.Time
}

// quotas are all of them.
type quotas struct {
	collect, bnb, repaySwitch, marginLeverage quota
	files                                     [3]quota
}

func newQuotas() quotas {
	return quotas{
		collect: quota{most: 500, span: time.Hour}, bnb: quota{most: 10, span: 10 * time.Minute},
		repaySwitch: quota{most: 20, span: day}, marginLeverage: quota{most: 1, span: time.Minute},
		files: [3]quota{fileOrders: {most: 10, span: 30 * day}, fileTrades: {most: 5, span: 30 * day}, fileIncome: {most: 5, span: 30 * day}},
	}
}

// take counts a call, or refuses it. What Binance answers is not documented: assumed are
// status and code of the limits that are.
func (q *quota) take(now exchange.Time) *web.Error {
	q.used = slices.DeleteFunc(q.used, func(at exchange.Time) bool { return now.Sub(at) >= q.span })
	if len(q.used) >= q.most {
		return &web.Error{Status: http.StatusTooManyRequests, Code: -1003, Msg: "Too many requests."}
	}
	q.used = append(q.used, now)
	return nil
}

// doneAnswer is how these endpoints say that something is done.
type doneAnswer struct {
	Msg string `json:"msg"`
}

// postCollectAll sweeps what the futures wallets hold into the margin wallet, but BNB.
func (s *Sim) postCollectAll(c *web.Call) (any, *web.Error) {
	if wrong := s.quotas.collect.take(c.At); wrong != nil {
		return nil, wrong
	}
	for _, asset := range s.venue.Assets() {
		if asset != feeCoin {
			if wrong := s.collectAsset(asset, c.At); wrong != nil {
				return nil, wrong
			}
		}
	}
	return doneAnswer{"success"}, nil
}

// postCollect sweeps one asset; that BNB is answered with -1130 is assumed.
func (s *Sim) postCollect(c *web.Call) (any, *web.Error) {
	asset := s.readAsset(c, c.Need("asset"))
	if c.Err() == nil && asset == feeCoin {
		c.Fail(invalid("asset"))
	}
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	if wrong := s.collectAsset(asset, c.At); wrong != nil {
		return nil, wrong
	}
	return doneAnswer{"success"}, nil
}

// feeCoin is the asset that stays where it is for fees.
const feeCoin = "BNB"

// collectAsset moves what UM's and CM's wallets hold of an asset to the margin wallet.
func (s *Sim) collectAsset(asset string, at exchange.Time) *web.Error {
	for _, from := range [...]exchange.Wallet{exchange.WalletUM, exchange.WalletCM} {
		has := s.venue.Balance(asset, from)
		if !has.IsPositive() {
			continue
		}
		err := s.venue.Transfer(asset, from, exchange.WalletMargin, has, at)
		s.collect()
		if err != nil {
			return venueError(err)
		}
	}
	return nil
}

func (s *Sim) postTransferBNB(c *web.Call) (any, *web.Error) {
	c.Need("amount")
	amount := c.Decimal("amount")
	c.Need("transferSide")
	side := c.OneOf("transferSide", invalid("transferSide"), "TO_UM", "FROM_UM")
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	from, to := exchange.WalletMargin, exchange.WalletUM
	if side == "FROM_UM" {
		from, to = to, from
	}
	if wrong := s.quotas.bnb.take(c.At); wrong != nil {
		return nil, wrong
	}
	err := s.venue.Transfer(feeCoin, from, to, amount, c.At)
	s.collect()
	if err != nil {
		return nil, venueError(err)
	}
	return tranAnswer{s.ledger.last().id}, nil
}

func (s *Sim) getRepaySwitch(*web.Call) (any, *web.Error) {
	return struct {
		On bool `json:"autoRepay"`
	}{s.venue.AutoRepay()}, nil
}

func (s *Sim) postRepaySwitch(c *web.Call) (any, *web.Error) {
	on := needBool(c, "autoRepay")
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	if wrong := s.quotas.repaySwitch.take(c.At); wrong != nil {
		return nil, wrong
	}
	s.venue.SetAutoRepay(on, c.At)
	return doneAnswer{"success"}, nil
}

// postRepayNegative pays off negative futures wallets with what the margin wallet has, as
// far as it goes.
func (s *Sim) postRepayNegative(c *web.Call) (any, *web.Error) {
	s.venue.RepayFutures(c.At)
	s.collect()
	return doneAnswer{"success"}, nil
}
