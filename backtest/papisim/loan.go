package papisim

import (
	"errors"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/exchange"
)

// loanRoutes borrow and repay on margin, and list what was.
func (s *Sim) loanRoutes() []web.Route {
	return []web.Route{
		{Host: web.PAPI, Method: "POST", Path: "/papi/v1/marginLoan", Security: web.MarginTrade, Weight: 100, Serve: s.postLoan},
		{Host: web.PAPI, Method: "POST", Path: "/papi/v1/repayLoan", Security: web.MarginTrade, Weight: 100, Serve: s.postRepay},
		{Host: web.PAPI, Method: "POST", Path: "/papi/v1/margin/repay-debt", Security: web.Trade, Weight: 3000, Serve: s.postRepayDebt},
		{Host: web.PAPI, Method: "GET", Path: "/papi/v1/margin/maxBorrowable", Security: web.UserData, Weight: 5, Serve: s.getMaxBorrowable},
		{Host: web.PAPI, Method: "GET", Path: "/papi/v1/margin/maxWithdraw", Security: web.UserData, Weight: 5, Serve: s.getMaxWithdraw},
		{Host: web.PAPI, Method: "GET", Path: "/papi/v1/margin/marginLoan", Security: web.UserData, Weight: 10, Serve: s.getLoans},
		{Host: web.PAPI, Method: "GET", Path: "/papi/v1/margin/repayLoan", Security: web.UserData, Weight: 10, Serve: s.getRepays},
		{Host: web.PAPI, Method: "GET", Path: "/papi/v1/margin/marginInterestHistory", Security: web.UserData, Weight: 1, Serve: s.getMarginInterest},
	}
}

// tranAnswer tells the transaction that a movement of money became.
type tranAnswer struct {
	ID int64 `json:"tranId"`
}

// readMoney reads asset and amount, both mandatory.
func (s *Sim) readMoney(c *web.Call) (string, decimal.Decimal) {
	asset := s.readAsset(c, c.Need("asset"))
	c.Need("amount")
	return asset, c.Decimal("amount")
}

// venueError is the venue's no to a request about money.
func venueError(err error) *web.Error {
	var why *venue.Error
	if !errors.As(err, &why) {
		return web.Errorf(-1000, "An unknown error occured while processing the request.")
	}
	return refusal(why.Code, why.Reason, nil)
}

func (s *Sim) postLoan(c *web.Call) (any, *web.Error) {
	asset, amount := s.readMoney(c)
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	err := s.venue.Borrow(asset, amount, c.At)
	s.collect()
	if err != nil {
		return nil, loanError(err, asset)
	}
	return tranAnswer{s.ledger.loans[len(s.ledger.loans)-1].id}, nil
}

// loanError is venueError with the asset in the message that names it.
func loanError(err error, asset string) *web.Error {
	wrong := venueError(err)
	if wrong.Code == codePoolEmpty {
		wrong = poolEmpty(asset)
	}
	return wrong
}

// codePoolEmpty is the answer when there is nothing to lend.
const codePoolEmpty = 51061

func poolEmpty(asset string) *web.Error {
	return web.Errorf(codePoolEmpty, "Due to high borrowing demand, there are currently insufficient loanable assets for %s. Please adjust your borrow amount or try again tomorrow.", asset)
}

func (s *Sim) postRepay(c *web.Call) (any, *web.Error) {
	asset, amount := s.readMoney(c)
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	err := s.venue.Repay(asset, amount, c.At)
	s.collect()
	if err != nil {
		return nil, venueError(err)
	}
	return tranAnswer{s.ledger.repays[len(s.ledger.repays)-1].id}, nil
}

// repayDebtMax is how many dollars one call of repay-debt repays. What Binance answers to
// more is not documented.
const repayDebtMax = 50_000

// repayDebtAnswer is POST margin/repay-debt.
type repayDebtAnswer struct {
	Amount  string   `json:"amount"`
	Asset   string   `json:"asset"`
	Sold    []string `json:"specifyRepayAssets"`
	Time    int64    `json:"updateTime"`
	Success bool     `json:"success"`
}

func (s *Sim) postRepayDebt(c *web.Call) (any, *web.Error) {
	asset, amount := s.readAsset(c, c.Need("asset")), c.Decimal("amount")
	sell := s.readAssets(c, "specifyRepayAssets")
	if c.Err() == nil && c.Has("amount") && amount.IsZero() {
		c.Fail(invalid("amount"))
	}
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	owed := s.venue.Balance(asset, exchange.WalletLoan).Add(s.venue.Balance(asset, exchange.WalletInterest))
	if amount.IsZero() {
		amount = owed
	}
	if decimal.Min(amount, owed).Mul(s.venue.IndexOf(asset).Decimal()).GreaterThan(decimal.NewFromInt(repayDebtMax)) {
		return nil, invalid("amount")
	}
	paid, err := s.venue.RepayDebt(asset, amount, sell, c.At)
	s.collect()
	if err != nil {
		return nil, venueError(err)
	}
	return repayDebtAnswer{money8(paid), asset, sell, c.At.Millis(), true}, nil
}

func (s *Sim) getMaxBorrowable(c *web.Call) (any, *web.Error) {
	asset := s.readAsset(c, c.Need("asset"))
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	if stock, limited := s.venue.Borrowable(asset); limited && !stock.IsPositive() {
		return nil, poolEmpty(asset)
	}
	amount := s.venue.MaxBorrowable(asset)
	limit, limited := s.venue.BorrowMax(asset)
	if !limited { // then the account's value is the limit
		limit = amount.Add(s.venue.Balance(asset, exchange.WalletLoan))
	}
	return struct {
		Amount string `json:"amount"`
		Limit  string `json:"borrowLimit"`
	}{amount.String(), limit.String()}, nil
}

func (s *Sim) getMaxWithdraw(c *web.Call) (any, *web.Error) {
	asset := s.readAsset(c, c.Need("asset"))
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	return struct {
		Amount string `json:"amount"`
	}{s.venue.MaxWithdraw(asset).String()}, nil
}
