package rest

import (
	"cmp"
	"context"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// StatisticQuery asks for a statistic, of which Binance keeps 30 days. All of them share a
// quota of 1000 requests in five minutes, of which the configured share is used; on CM each
// costs 1.
type StatisticQuery struct {
	// Symbol is asked for on UM, but for Basis; Pair on CM and for Basis. What is not asked for
	// stays "".
	Symbol, Pair string
	// Contract is the contract type, such as "PERPETUAL" or on CM "ALL", for OpenInterestHistory
	// and TakerVolumes of CM and for Basis.
	Contract string
	// Period is 5m, 15m, 30m, 1h, 2h, 4h, 6h, 12h or 1d.
	Period string
	// From and To bound the time, both ends included; 0 is no bound.
	From, To exchange.Time
	// Limit is 500 at most; 0 is 30.
	Limit int
}

func (q StatisticQuery) params() params {
	var list params
	for _, p := range [...]Param{{"symbol", q.Symbol}, {"pair", q.Pair}, {"contractType", q.Contract}, {"period", q.Period}} {
		if p.Value != "" {
			list = append(list, p)
		}
	}
	return list.within(q.From, q.To, q.Limit)
}

// OpenInterestStatistic is the open interest at an instant.
type OpenInterestStatistic struct {
	Symbol       string `json:"symbol"`
	Pair         string `json:"pair"`
	ContractType string `json:"contractType"`
	// OpenInterest is in base coin (UM) or contracts (CM); Value in quote asset (UM) or coin
	// (CM).
	OpenInterest decimal.Decimal `json:"sumOpenInterest"`
	Value        decimal.Decimal `json:"sumOpenInterestValue"`
	// CirculatingSupply is that of CoinMarketCap; UM only.
	CirculatingSupply decimal.Decimal `json:"CMCCirculatingSupply"`
	Time              exchange.Time   `json:"timestamp"`
}

func (o *OpenInterestStatistic) check() *DecodeError {
	return cmp.Or(need("sumOpenInterest", told(o.OpenInterest)), need("timestamp", o.Time > 0))
}

// OpenInterestHistory asks for open interest over time, oldest first.
func (c *Client) OpenInterestHistory(ctx context.Context, p exchange.Product, q StatisticQuery) ([]OpenInterestStatistic, Answer, error) {
	return call[[]OpenInterestStatistic](ctx, c, p, "openInterestHist", q.params())
}

// RatioKind says whose long and short sides are compared.
type RatioKind string

const (
	// TopPositions compares the positions of the fifth of traders with the highest balance,
	// TopAccounts their number, AllAccounts the number of all traders.
	TopPositions RatioKind = "topLongShortPositionRatio"
	TopAccounts  RatioKind = "topLongShortAccountRatio"
	AllAccounts  RatioKind = "globalLongShortAccountRatio"
)

// LongShort is a ratio of long and short sides.
type LongShort struct {
	// Symbol is told by UM, Pair by CM.
	Symbol, Pair string
	// Ratio is Long by Short, which are parts of one.
	Ratio, Long, Short decimal.Decimal
	Time               exchange.Time
}

// longShortRow has both names of the parts: CM's top positions have their own.
type longShortRow struct {
	Symbol        string          `json:"symbol"`
	Pair          string          `json:"pair"`
	Ratio         decimal.Decimal `json:"longShortRatio"`
	Long          decimal.Decimal `json:"longAccount"`
	Short         decimal.Decimal `json:"shortAccount"`
	LongPosition  decimal.Decimal `json:"longPosition"`
	ShortPosition decimal.Decimal `json:"shortPosition"`
	Time          exchange.Time   `json:"timestamp"`
}

func (r longShortRow) check() *DecodeError {
	return cmp.Or(need("longShortRatio", told(r.Ratio)), need("timestamp", r.Time > 0))
}

func (r longShortRow) row() LongShort {
	long, short := r.Long, r.Short
	if told(r.LongPosition) {
		long, short = r.LongPosition, r.ShortPosition
	}
	return LongShort{Symbol: r.Symbol, Pair: r.Pair, Ratio: r.Ratio, Long: long, Short: short, Time: r.Time}
}

// LongShorts asks for ratios over time, oldest first.
func (c *Client) LongShorts(ctx context.Context, p exchange.Product, kind RatioKind, q StatisticQuery) ([]LongShort, Answer, error) {
	switch kind {
	case TopPositions, TopAccounts, AllAccounts:
		return rows[longShortRow](ctx, c, p, string(kind), q.params())
	}
	return nil, Answer{}, noEndpoint(p, string(kind))
}

// TakerVolume is what aggressors bought and sold in a period.
type TakerVolume struct {
	// Pair and ContractType are told by CM only.
	Pair, ContractType string
	// Buy and Sell are in base coin (UM) or contracts (CM); BuyValue and SellValue in coin, CM
	// only. Ratio is Buy by Sell, UM only.
	Buy, Sell, BuyValue, SellValue, Ratio decimal.Decimal
	Time                                  exchange.Time
}

// takerVolumeRow has the names of UM and those of CM.
type takerVolumeRow struct {
	Ratio        decimal.Decimal `json:"buySellRatio"`
	BuyVol       decimal.Decimal `json:"buyVol"`
	SellVol      decimal.Decimal `json:"sellVol"`
	Pair         string          `json:"pair"`
	ContractType string          `json:"contractType"`
	Buy          decimal.Decimal `json:"takerBuyVol"`
	Sell         decimal.Decimal `json:"takerSellVol"`
	BuyValue     decimal.Decimal `json:"takerBuyVolValue"`
	SellValue    decimal.Decimal `json:"takerSellVolValue"`
	Time         exchange.Time   `json:"timestamp"`
}

func (r takerVolumeRow) check() *DecodeError {
	return cmp.Or(need("buyVol", told(r.BuyVol) || told(r.Buy)), need("sellVol", told(r.SellVol) || told(r.Sell)), need("timestamp", r.Time > 0))
}

func (r takerVolumeRow) row() TakerVolume {
	v := TakerVolume{
		Pair: r.Pair, ContractType: r.ContractType, Buy: r.BuyVol, Sell: r.SellVol, BuyValue: r.BuyValue, SellValue: r.SellValue,
		Ratio: r.Ratio, Time: r.Time,
	}
	if told(r.Buy) {
		v.Buy, v.Sell = r.Buy, r.Sell
	}
	return v
}

// TakerVolumes asks for what aggressors bought and sold, oldest first.
func (c *Client) TakerVolumes(ctx context.Context, p exchange.Product, q StatisticQuery) ([]TakerVolume, Answer, error) {
	name := "takerlongshortRatio"
	if p == exchange.CM {
		name = "takerBuySellVol"
	}
	return rows[takerVolumeRow](ctx, c, p, name, q.params())
}

// Basis is how far a contract is from its index.
type Basis struct {
	Pair         string          `json:"pair"`
	ContractType string          `json:"contractType"`
	IndexPrice   exchange.Fixed  `json:"indexPrice"`
	FuturesPrice exchange.Fixed  `json:"futuresPrice"`
	Basis        exchange.Fixed  `json:"basis"`
	BasisRate    decimal.Decimal `json:"basisRate"`
	// Annualized is a rate a year, the zero Decimal for perpetuals.
	Annualized decimal.Decimal `json:"annualizedBasisRate"`
	Time       exchange.Time   `json:"timestamp"`
}

func (b *Basis) check() *DecodeError {
	return cmp.Or(need("pair", b.Pair != ""), need("indexPrice", b.IndexPrice > 0), need("futuresPrice", b.FuturesPrice > 0), need("timestamp", b.Time > 0))
}

// Basis asks for the basis over time, oldest first.
func (c *Client) Basis(ctx context.Context, p exchange.Product, q StatisticQuery) ([]Basis, Answer, error) {
	return call[[]Basis](ctx, c, p, "basis", q.params())
}
