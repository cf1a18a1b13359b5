package rest

import (
	"cmp"
	"context"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/internal/lenient"
)

// told says whether Binance gave a value for d.
func told(d decimal.Decimal) bool { return lenient.Told(d) }

// DeliveryPrice is at what a contract of a pair was delivered.
type DeliveryPrice struct {
	Time  exchange.Time  `json:"deliveryTime"`
	Price exchange.Fixed `json:"deliveryPrice"`
}

func (d *DeliveryPrice) check() *DecodeError {
	return cmp.Or(need("deliveryTime", d.Time > 0), need("deliveryPrice", d.Price > 0))
}

// DeliveryPrices asks for all deliveries of a pair, newest first.
func (c *Client) DeliveryPrices(ctx context.Context, p exchange.Product, pair string) ([]DeliveryPrice, Answer, error) {
	return call[[]DeliveryPrice](ctx, c, p, "delivery-price", params{{"pair", pair}})
}

// Index is what an index price is made of.
type Index struct {
	// Symbol is a pair's name on CM.
	Symbol       string        `json:"symbol"`
	Time         exchange.Time `json:"time"`
	Constituents []Constituent `json:"constituents"`
}

// Constituent is one source of an index.
type Constituent struct {
	// Exchange and Symbol are the source's names.
	Exchange string `json:"exchange"`
	Symbol   string `json:"symbol"`
	// Price and Weight are the zero Decimal where they are not told (older answers of CM). The
	// price is -1 for sources of TradFi, which is meant as a secret.
	Price  decimal.Decimal `json:"price"`
	Weight decimal.Decimal `json:"weight"`
}

func (i *Index) check() *DecodeError {
	for n := range i.Constituents {
		if i.Constituents[n].Exchange == "" {
			return need("constituents/"+strconv.Itoa(n)+"/exchange", false)
		}
	}
	return cmp.Or(need("symbol", i.Symbol != ""), need("constituents", i.Constituents != nil))
}

// Constituents asks what the index of a symbol, or on CM of a pair, is made of. Costs 2, on CM
// 1.
func (c *Client) Constituents(ctx context.Context, p exchange.Product, symbol string) (Index, Answer, error) {
	return call[Index](ctx, c, p, "constituents", params{{"symbol", symbol}})
}

// AssetIndex is the price at which multi-assets mode counts an asset. Portfolio Margin has
// its own, of asset-index-price; this one is public.
type AssetIndex struct {
	// Symbol is the asset with USD behind it, such as ADAUSD.
	Symbol string         `json:"symbol"`
	Time   exchange.Time  `json:"time"`
	Index  exchange.Fixed `json:"index"`
	// The buffers are ratios; the rates are Index less and more the buffer.
	BidBuffer             decimal.Decimal `json:"bidBuffer"`
	AskBuffer             decimal.Decimal `json:"askBuffer"`
	BidRate               decimal.Decimal `json:"bidRate"`
	AskRate               decimal.Decimal `json:"askRate"`
	AutoExchangeBidBuffer decimal.Decimal `json:"autoExchangeBidBuffer"`
	AutoExchangeAskBuffer decimal.Decimal `json:"autoExchangeAskBuffer"`
	AutoExchangeBidRate   decimal.Decimal `json:"autoExchangeBidRate"`
	AutoExchangeAskRate   decimal.Decimal `json:"autoExchangeAskRate"`
}

func (i *AssetIndex) check() *DecodeError {
	return cmp.Or(need("symbol", i.Symbol != ""), need("index", i.Index > 0), need("time", i.Time > 0))
}

// AssetIndexes asks for the index of a symbol such as ADAUSD, or for all if symbol is "".
// Costs 1, or 10 for all. UM only.
func (c *Client) AssetIndexes(ctx context.Context, symbol string) ([]AssetIndex, Answer, error) {
	return call[[]AssetIndex](ctx, c, exchange.UM, "assetIndex", params{{"symbol", symbol}})
}

// CompositeIndex is what a composite index, such as DEFIUSDT's, is made of.
type CompositeIndex struct {
	Symbol    string        `json:"symbol"`
	Time      exchange.Time `json:"time"`
	Component string        `json:"component"`
	Assets    []IndexAsset  `json:"baseAssetList"`
}

// IndexAsset is one asset of a composite index.
type IndexAsset struct {
	Base             string          `json:"baseAsset"`
	Quote            string          `json:"quoteAsset"`
	WeightInQuantity decimal.Decimal `json:"weightInQuantity"`
	// WeightInPercentage is a part of one, despite its name.
	WeightInPercentage decimal.Decimal `json:"weightInPercentage"`
}

func (i *CompositeIndex) check() *DecodeError {
	for n := range i.Assets {
		if a := &i.Assets[n]; a.Base == "" || !told(a.WeightInQuantity) {
			return need("baseAssetList/"+strconv.Itoa(n)+"/baseAsset", false)
		}
	}
	return cmp.Or(need("symbol", i.Symbol != ""), need("baseAssetList", i.Assets != nil))
}

// CompositeIndexes asks for a composite index, or for all if symbol is "". Costs 1. UM only.
func (c *Client) CompositeIndexes(ctx context.Context, symbol string) ([]CompositeIndex, Answer, error) {
	return call[[]CompositeIndex](ctx, c, exchange.UM, "indexInfo", params{{"symbol", symbol}})
}

// ADLRisk is how likely auto-deleveraging is. Binance computes it every 30 minutes.
type ADLRisk struct {
	Symbol string `json:"symbol"`
	// Risk is low, medium or high.
	Risk    string        `json:"adlRisk"`
	Updated exchange.Time `json:"updateTime"`
}

func (r *ADLRisk) check() *DecodeError {
	return cmp.Or(need("symbol", r.Symbol != ""), need("adlRisk", r.Risk != ""))
}

// ADLRisks asks for the risk of a symbol, or of all if symbol is "". Costs 1. UM only.
func (c *Client) ADLRisks(ctx context.Context, symbol string) ([]ADLRisk, Answer, error) {
	return call[[]ADLRisk](ctx, c, exchange.UM, "symbolAdlRisk", params{{"symbol", symbol}})
}

// InsuranceFund is the fund that some symbols share.
type InsuranceFund struct {
	Symbols []string       `json:"symbols"`
	Assets  []FundedAmount `json:"assets"`
}

// FundedAmount is how much of an asset a fund has.
type FundedAmount struct {
	Asset         string          `json:"asset"`
	MarginBalance decimal.Decimal `json:"marginBalance"`
	Updated       exchange.Time   `json:"updateTime"`
}

func (f *InsuranceFund) check() *DecodeError {
	for n := range f.Assets {
		if a := &f.Assets[n]; a.Asset == "" || !told(a.MarginBalance) {
			return need("assets/"+strconv.Itoa(n)+"/asset", false)
		}
	}
	return cmp.Or(need("symbols", f.Symbols != nil), need("assets", f.Assets != nil))
}

// InsuranceFunds asks for the fund of a symbol, or for all if symbol is "". Costs 1. UM only.
func (c *Client) InsuranceFunds(ctx context.Context, symbol string) ([]InsuranceFund, Answer, error) {
	return call[[]InsuranceFund](ctx, c, exchange.UM, "insuranceBalance", params{{"symbol", symbol}})
}

// TradingSchedule is when the markets behind TradFi contracts are open, a week back and a
// week ahead.
type TradingSchedule struct {
	Updated exchange.Time `json:"updateTime"`
	// Markets is by the underlying's type, such as EQUITY or COMMODITY.
	Markets map[string]MarketSchedule `json:"marketSchedules"`
}

// MarketSchedule is the sessions of a market, one after the other.
type MarketSchedule struct {
	Sessions []Session `json:"sessions"`
}

// Session is a span of time in which a market is in one state.
type Session struct {
	From exchange.Time `json:"startTime"`
	To   exchange.Time `json:"endTime"`
	// Type is such as REGULAR, PRE_MARKET, OVERNIGHT or NO_TRADING.
	Type string `json:"type"`
}

func (s *TradingSchedule) check() *DecodeError {
	return cmp.Or(need("updateTime", s.Updated > 0), need("marketSchedules", s.Markets != nil))
}

// TradingSchedule asks for the sessions of TradFi. Costs 5. UM only.
func (c *Client) TradingSchedule(ctx context.Context) (TradingSchedule, Answer, error) {
	return call[TradingSchedule](ctx, c, exchange.UM, "tradingSchedule", nil)
}
