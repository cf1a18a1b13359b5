package rest

import (
	"cmp"
	"context"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// MarkPrice is mark, index and coming funding of a contract.
type MarkPrice struct {
	Symbol string
	// Pair is told by CM only.
	Pair string
	// Mark has the estimate of the coming rate, not the last one paid. Rate and NextFunding are
	// 0 for contracts that deliver.
	exchange.Mark
	// Interest is the interest part of the rate.
	Interest exchange.Fixed
	// Time is that of the snapshot, one for all rows of an answer.
	Time exchange.Time
}

type markPriceRow struct {
	Symbol   string          `json:"symbol"`
	Pair     string          `json:"pair"`
	Price    *exchange.Fixed `json:"markPrice"`
	Index    exchange.Fixed  `json:"indexPrice"`
	Settle   exchange.Fixed  `json:"estimatedSettlePrice"`
	Rate     exchange.Fixed  `json:"lastFundingRate"`
	Interest exchange.Fixed  `json:"interestRate"`
	Next     exchange.Time   `json:"nextFundingTime"`
	Time     exchange.Time   `json:"time"`
}

func (m markPriceRow) check() *DecodeError {
	return cmp.Or(need("symbol", m.Symbol != ""), need("markPrice", m.Price != nil), need("time", m.Time != 0), sane("markPrice", m.Price == nil || *m.Price >= 0))
}

func (m markPriceRow) row() MarkPrice {
	return MarkPrice{
		Symbol: m.Symbol, Pair: m.Pair, Interest: m.Interest, Time: m.Time,
		Mark: exchange.Mark{Price: *m.Price, Index: m.Index, Rate: m.Rate, NextFunding: m.Next, Settle: m.Settle},
	}
}

// MarkPrices asks for the marks of a symbol, or of all if symbol is "". Costs 1, or 10 for all
// and on CM.
func (c *Client) MarkPrices(ctx context.Context, p exchange.Product, symbol string) ([]MarkPrice, Answer, error) {
	return rows[markPriceRow](ctx, c, p, "premiumIndex", params{{"symbol", symbol}})
}

// FundingRate is a settled rate.
type FundingRate struct {
	Symbol string
	// At is the settlement instant: the hour that Published, which is some milliseconds
	// late, is rounded to. A Published further than a minute from any hour stands for itself.
	At, Published exchange.Time
	// Funding has no interval: that is the distance to the row before, and changes. Mark is 0
	// before 2023-10-31T08:00Z and for older rows of CM.
	exchange.Funding
}

type fundingRow struct {
	Symbol string          `json:"symbol"`
	Time   exchange.Time   `json:"fundingTime"`
	Rate   *exchange.Fixed `json:"fundingRate"`
	Mark   exchange.Fixed  `json:"markPrice"`
	Type   string          `json:"rateType"`
}

func (f fundingRow) check() *DecodeError {
	return cmp.Or(need("symbol", f.Symbol != ""), need("fundingTime", f.Time != 0), need("fundingRate", f.Rate != nil), sane("fundingTime", f.Time > 0), sane("markPrice", f.Mark >= 0))
}

func (f fundingRow) row() FundingRate {
	return FundingRate{
		Symbol: f.Symbol, At: settlement(f.Time), Published: f.Time,
		Funding: exchange.Funding{Rate: *f.Rate, Mark: f.Mark, Special: f.Type == "Special"},
	}
}

// fundingLate is how far a published time may be from its hour. Those seen were 0 to 31 ms
// late.
const fundingLate = time.Minute

// settlement is the instant that a published time belongs to.
func settlement(published exchange.Time) exchange.Time {
	at := published.Add(time.Hour / 2).Floor(time.Hour)
	if d := published.Sub(at); d > fundingLate || d < -fundingLate {
		return published
	}
	return at
}

// FundingQuery asks for settled rates.
type FundingQuery struct {
	// Symbol may be "" on UM, and is all then.
	Symbol string
	// From and To bound the published time, both ends included; 0 is no bound.
	From, To exchange.Time
	// Limit is 1000 at most; 0 is 100, or 200 without times.
	Limit int
}

// FundingRates asks for settled rates, oldest first: the first of a window that has a From,
// else the newest. CM answers with an empty list for contracts that deliver. It has a quota
// of 500 in five minutes with [Client.FundingInfo], of which the configured share is used; on
// CM it costs 1. [Client.EachFundingRate] goes over any time.
func (c *Client) FundingRates(ctx context.Context, p exchange.Product, q FundingQuery) ([]FundingRate, Answer, error) {
	return rows[fundingRow](ctx, c, p, "fundingRate", params{{"symbol", q.Symbol}}.within(q.From, q.To, q.Limit))
}

// FundingTerms are how often and within which bounds a contract settles, now.
type FundingTerms struct {
	Symbol string
	// Cap and Floor bound the rate.
	Cap, Floor exchange.Fixed
	// Interval is the time between settlements. A symbol that is not in the list has 8 hours.
	Interval   time.Duration
	Disclaimer bool
	// Updated is 0 where it is not told.
	Updated exchange.Time
}

type fundingInfoRow struct {
	Symbol     string         `json:"symbol"`
	Cap        exchange.Fixed `json:"adjustedFundingRateCap"`
	Floor      exchange.Fixed `json:"adjustedFundingRateFloor"`
	Hours      int64          `json:"fundingIntervalHours"`
	Disclaimer bool           `json:"disclaimer"`
	Updated    exchange.Time  `json:"updateTime"`
}

func (f fundingInfoRow) check() *DecodeError {
	return cmp.Or(need("symbol", f.Symbol != ""), need("fundingIntervalHours", f.Hours != 0), sane("fundingIntervalHours", f.Hours > 0 && f.Hours <= 24*7))
}

func (f fundingInfoRow) row() FundingTerms {
	return FundingTerms{
		Symbol: f.Symbol, Cap: f.Cap, Floor: f.Floor, Interval: time.Duration(f.Hours) * time.Hour, Disclaimer: f.Disclaimer, Updated: f.Updated,
	}
}

// FundingInfo asks for the terms of funding. The list has contracts of UM and CM on either
// host.
func (c *Client) FundingInfo(ctx context.Context, p exchange.Product) ([]FundingTerms, Answer, error) {
	return rows[fundingInfoRow](ctx, c, p, "fundingInfo", nil)
}
