package papi

import (
	"context"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Transaction is the answer of calls that move money: the number under which it is booked.
type Transaction struct {
	TranID int64 `json:"tranId"`
}

func (t *Transaction) missing() string { return first(need{"tranId", t.TranID != 0}) }

func assetAmount(asset string, amount decimal.Decimal) *query {
	q := texts("asset", asset)
	q.decimal("amount", amount)
	return q
}

// repayDebt repays a debt by selling other assets, at most 50,000 USD at once. What there is
// of the same asset is used first.
type repayDebt struct {
	Asset string
	// Amount is all of the debt if it is zero.
	Amount decimal.Decimal
	// SpecifyRepayAssets are the assets to sell, with commas between them.
	SpecifyRepayAssets string
}

func (p repayDebt) query() *query {
	q := assetAmount(p.Asset, p.Amount)
	q.text("specifyRepayAssets", p.SpecifyRepayAssets)
	return q
}

// RepaidDebt is what was repaid.
type RepaidDebt struct {
	Amount             decimal.Decimal `json:"amount"`
	Asset              string          `json:"asset"`
	SpecifyRepayAssets []string        `json:"specifyRepayAssets"`
	UpdateTime         exchange.Time   `json:"updateTime"`
	Success            bool            `json:"success"`
}

func (r *RepaidDebt) missing() string {
	return first(need{"asset", r.Asset != ""}, need{"amount", told(r.Amount)})
}

// Borrowable is how much of an asset can be borrowed.
type Borrowable struct {
	// Amount is what the account could borrow now, BorrowLimit what it may at most.
	Amount      decimal.Decimal `json:"amount"`
	BorrowLimit decimal.Decimal `json:"borrowLimit"`
}

func (b *Borrowable) missing() string { return first(need{"amount", told(b.Amount)}) }

// MaxBorrowable asks how much of an asset can be borrowed. Code 51061 says that the pool is
// empty.
func (c *Client) MaxBorrowable(ctx context.Context, asset string) (Borrowable, error) {
	return call[Borrowable](ctx, c, epMaxBorrowable, texts("asset", asset))
}

type withdrawable struct {
	Amount decimal.Decimal `json:"amount"`
}

func (w *withdrawable) missing() string { return first(need{"amount", told(w.Amount)}) }

// MaxWithdraw asks how much of an asset can be moved out of the account.
func (c *Client) MaxWithdraw(ctx context.Context, asset string) (decimal.Decimal, error) {
	w, err := call[withdrawable](ctx, c, epMaxWithdraw, texts("asset", asset))
	return w.Amount, err
}

// LoansQuery asks for a page of loans or repayments of an asset: of a transaction, or of a
// time of at most 30 days, the last 7 by default.
type LoansQuery struct {
	Asset string
	// TxID is the TranID of borrowing or repaying.
	TxID int64
	PageQuery
	// Archived asks for what is older than six months.
	Archived bool
}

func (p LoansQuery) query() *query {
	q := texts("asset", p.Asset)
	q.int("txId", p.TxID)
	p.PageQuery.add(q)
	q.flag("archived", p.Archived)
	return q
}

// Loan is a record of borrowing.
type Loan struct {
	TxID      int64           `json:"txId"`
	Asset     string          `json:"asset"`
	Principal decimal.Decimal `json:"principal"`
	Timestamp exchange.Time   `json:"timestamp"`
	// Status is PENDING, CONFIRMED or FAILED.
	Status string `json:"status"`
}

func (l *Loan) missing() string {
	return first(need{"txId", l.TxID != 0}, need{"asset", l.Asset != ""}, need{"status", l.Status != ""})
}

// Loans lists what was borrowed of an asset. [Client.EachLoan] goes over longer times.
func (c *Client) Loans(ctx context.Context, p LoansQuery) (Page[Loan], error) {
	return call[Page[Loan]](ctx, c, epLoans, p.query())
}

// Repayment is a record of repaying: Amount is Principal and Interest together.
type Repayment struct {
	TxID      int64           `json:"txId"`
	Asset     string          `json:"asset"`
	Amount    decimal.Decimal `json:"amount"`
	Principal decimal.Decimal `json:"principal"`
	Interest  decimal.Decimal `json:"interest"`
	Timestamp exchange.Time   `json:"timestamp"`
	// Status is PENDING, CONFIRMED or FAILED.
	Status string `json:"status"`
}

func (r *Repayment) missing() string {
	return first(need{"txId", r.TxID != 0}, need{"asset", r.Asset != ""}, need{"status", r.Status != ""})
}

// Repayments lists what was repaid of an asset. [Client.EachRepayment] goes over longer
// times.
func (c *Client) Repayments(ctx context.Context, p LoansQuery) (Page[Repayment], error) {
	return call[Page[Repayment]](ctx, c, epRepayments, p.query())
}

// MarginInterest is a booking of interest on a loan.
type MarginInterest struct {
	TxID int64 `json:"txId"`
	// InterestAccruedTime is when it was due.
	InterestAccruedTime exchange.Time   `json:"interestAccuredTime"`
	Asset               string          `json:"asset"`
	RawAsset            string          `json:"rawAsset"`
	Principal           decimal.Decimal `json:"principal"`
	Interest            decimal.Decimal `json:"interest"`
	// InterestRate is a ratio per hour or day, as Type has it.
	InterestRate decimal.Decimal `json:"interestRate"`
	// Type is ON_BORROW, PERIODIC, either with _CONVERTED, or PORTFOLIO for the daily
	// interest on a negative balance.
	Type string `json:"type"`
}

func (i *MarginInterest) missing() string {
	return first(need{"asset", i.Asset != ""}, need{"interest", told(i.Interest)}, need{"type", i.Type != ""})
}

// MarginInterestQuery asks for a page of interest of at most 30 days, the last 7 by default.
// Asset may be "".
type MarginInterestQuery struct {
	Asset string
	PageQuery
	// Archived asks for what is older than six months.
	Archived bool
}

func (p MarginInterestQuery) query() *query {
	q := texts("asset", p.Asset)
	p.PageQuery.add(q)
	q.flag("archived", p.Archived)
	return q
}

// MarginInterest lists interest. [Client.EachMarginInterest] goes over longer times.
func (c *Client) MarginInterest(ctx context.Context, p MarginInterestQuery) (Page[MarginInterest], error) {
	return call[Page[MarginInterest]](ctx, c, epMarginInterest, p.query())
}
