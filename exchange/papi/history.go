package papi

import (
	"context"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Income is an entry of a futures ledger.
type Income struct {
	// Symbol is "" for what belongs to none.
	Symbol     string     `json:"symbol"`
	IncomeType IncomeType `json:"incomeType"`
	// Income is in Asset, negative for what was paid.
	Income decimal.Decimal `json:"income"`
	Asset  string          `json:"asset"`
	Info   string          `json:"info"`
	Time   exchange.Time   `json:"time"`
	// TranID is unique within its IncomeType only.
	TranID int64 `json:"tranId"`
	// TradeID is the fill's, or "".
	TradeID string `json:"tradeId"`
}

func (i *Income) missing() string {
	return first(need{"incomeType", i.IncomeType != ""}, need{"income", told(i.Income)}, need{"asset", i.Asset != ""},
		need{"time", i.Time != 0})
}

// IncomeQuery asks for entries; all fields may be left out. Without a window it is the last
// 7 days. The former parameter page is gone since 2026-10-28.
type IncomeQuery struct {
	Symbol     string
	IncomeType IncomeType
	Window
	// Limit is 100 by default and 1000 at most.
	Limit int64
}

func (p IncomeQuery) query() *query {
	q := texts("symbol", p.Symbol)
	word(q, "incomeType", p.IncomeType)
	p.Window.add(q)
	q.int("limit", p.Limit)
	return q
}

// UMIncome lists the USD-M ledger of the last three months. [Client.EachUMIncome] goes over
// longer times.
func (c *Client) UMIncome(ctx context.Context, p IncomeQuery) ([]Income, error) {
	return call[[]Income](ctx, c, epUMIncome, p.query())
}

// CMIncome lists the COIN-M ledger, at most 200 days at once. [Client.EachCMIncome] goes
// over longer times.
func (c *Client) CMIncome(ctx context.Context, p IncomeQuery) ([]Income, error) {
	return call[[]Income](ctx, c, epCMIncome, p.query())
}

// NegativeBalanceInterest is the daily interest on a negative balance.
type NegativeBalanceInterest struct {
	Asset    string          `json:"asset"`
	Interest decimal.Decimal `json:"interest"`
	// InterestAccruedTime is when it was due.
	InterestAccruedTime exchange.Time `json:"interestAccuredTime"`
	// InterestRate is a ratio per day.
	InterestRate decimal.Decimal `json:"interestRate"`
	Principal    decimal.Decimal `json:"principal"`
}

func (i *NegativeBalanceInterest) missing() string {
	return first(need{"asset", i.Asset != ""}, need{"interest", told(i.Interest)},
		need{"interestAccuredTime", i.InterestAccruedTime != 0})
}

// NegativeBalanceInterestQuery asks for interest of at most 30 days, the last 7 by default.
// Asset may be "".
type NegativeBalanceInterestQuery struct {
	Asset string
	Window
	// Size is 10 by default and 100 at most.
	Size int64
}

func (p NegativeBalanceInterestQuery) query() *query {
	q := texts("asset", p.Asset)
	p.Window.add(q)
	q.int("size", p.Size)
	return q
}

// NegativeBalanceInterest lists interest on negative balances.
// [Client.EachNegativeBalanceInterest] goes over longer times.
func (c *Client) NegativeBalanceInterest(
	ctx context.Context, p NegativeBalanceInterestQuery,
) ([]NegativeBalanceInterest, error) {
	return call[[]NegativeBalanceInterest](ctx, c, epNegativeBalanceInterest, p.query())
}

// NegativeBalanceExchange is an auto-exchange: a time in which the exchange sold collateral
// to cover negative balances.
type NegativeBalanceExchange struct {
	StartTime exchange.Time           `json:"startTime"`
	EndTime   exchange.Time           `json:"endTime"`
	Details   []NegativeBalanceDetail `json:"details"`
}

func (e *NegativeBalanceExchange) missing() string {
	if field := first(need{"startTime", e.StartTime != 0}); field != "" {
		return field
	}
	return each("details", e.Details)
}

// NegativeBalanceDetail is how far an asset was below zero, and from where on it is sold
// for.
type NegativeBalanceDetail struct {
	Asset                string          `json:"asset"`
	NegativeBalance      decimal.Decimal `json:"negativeBalance"`
	NegativeMaxThreshold decimal.Decimal `json:"negativeMaxThreshold"`
}

func (d *NegativeBalanceDetail) missing() string {
	return first(need{"asset", d.Asset != ""}, need{"negativeBalance", told(d.NegativeBalance)})
}

// NegativeBalanceExchanges lists the auto-exchanges of a window of at most three months,
// both ends of which are needed. It costs 100.
func (c *Client) NegativeBalanceExchanges(ctx context.Context, w Window) (Page[NegativeBalanceExchange], error) {
	q := new(query)
	w.add(q)
	return call[Page[NegativeBalanceExchange]](ctx, c, epNegativeBalanceExchanges, q)
}
