package public

import (
	"strconv"

	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

type rateLimit struct {
	Type     string `json:"rateLimitType"`
	Interval string `json:"interval"`
	Num      int    `json:"intervalNum"`
	Limit    int    `json:"limit"`
}

type infoAnswer struct {
	Timezone   string      `json:"timezone"`
	ServerTime int64       `json:"serverTime"`
	Type       string      `json:"futuresType,omitempty"` // UM only
	Limits     []rateLimit `json:"rateLimits"`
	Filters    []any       `json:"exchangeFilters"`
	Assets     []infoAsset `json:"assets,omitempty"` // UM only
	Symbols    []any       `json:"symbols"`
}

type infoAsset struct {
	Asset     string `json:"asset"`
	Available bool   `json:"marginAvailable"`
	Exchange  string `json:"autoAssetExchange"`
}

// infoSymbol is one futures contract. What no order depends on, and what an
// [exchange.Instrument] does not have, is as on Binance's BTC contracts.
type infoSymbol struct {
	Symbol             string   `json:"symbol"`
	Pair               string   `json:"pair"`
	ContractType       string   `json:"contractType"`
	Delivery           int64    `json:"deliveryDate"`
	Onboard            int64    `json:"onboardDate"`
	Status             string   `json:"status,omitempty"`         // UM
	ContractStatus     string   `json:"contractStatus,omitempty"` // CM
	ContractSize       int64    `json:"contractSize,omitempty"`   // CM
	MaintMarginPercent string   `json:"maintMarginPercent"`
	RequiredPercent    string   `json:"requiredMarginPercent"`
	Base               string   `json:"baseAsset"`
	Quote              string   `json:"quoteAsset"`
	MarginAsset        string   `json:"marginAsset"`
	PricePrecision     int      `json:"pricePrecision"`
	QuantityPrecision  int      `json:"quantityPrecision"`
	BasePrecision      int      `json:"baseAssetPrecision"`
	QuotePrecision     int      `json:"quotePrecision"`
	EqualQtyPrecision  int      `json:"equalQtyPrecision,omitempty"` // CM
	UnderlyingType     string   `json:"underlyingType"`
	UnderlyingSubType  []string `json:"underlyingSubType"`
	TriggerProtect     string   `json:"triggerProtect"`
	LiquidationFee     string   `json:"liquidationFee"`
	MarketTakeBound    string   `json:"marketTakeBound"`
	MaxMoveOrderLimit  int      `json:"maxMoveOrderLimit"`
	Filters            []any    `json:"filters"`
	OrderTypes         []string `json:"orderTypes"`
	TimeInForce        []string `json:"timeInForce"`
	PermissionSets     []string `json:"permissionSets"`
}

type priceFilter struct {
	Type string `json:"filterType"`
	Min  string `json:"minPrice"`
	Max  string `json:"maxPrice"`
	Tick string `json:"tickSize"`
}

type lotFilter struct {
	Type string `json:"filterType"`
	Min  string `json:"minQty"`
	Max  string `json:"maxQty"`
	Step string `json:"stepSize"`
}

type countFilter struct {
	Type  string `json:"filterType"`
	Limit int    `json:"limit"`
}

type notionalFilter struct {
	Type     string `json:"filterType"`
	Notional string `json:"notional"`
}

type percentFilter struct {
	Type    string `json:"filterType"`
	Up      string `json:"multiplierUp"`
	Down    string `json:"multiplierDown"`
	Decimal string `json:"multiplierDecimal"`
}

type riskFilter struct {
	Type    string `json:"filterType"`
	Control string `json:"positionControlSide"`
}

func (m side) exchangeInfo(c *web.Call) (any, *web.Error) {
	a := infoAnswer{
		Timezone: "UTC", ServerTime: c.Clock.Millis(), Filters: []any{}, Symbols: []any{},
		Limits: []rateLimit{{"REQUEST_WEIGHT", "MINUTE", 1, 2400}, {"ORDERS", "MINUTE", 1, 1200}},
	}
	if m.product == exchange.UM {
		a.Type = "U_MARGINED"
		a.Limits = append(a.Limits, rateLimit{"ORDERS", "SECOND", 10, 300})
		a.Assets = m.marginAssets()
	}
	m.all(m.product, func(s *symbol) { a.Symbols = append(a.Symbols, s.info()) })
	return a, c.Err()
}

// marginAssets are the assets that UM contracts settle in, each once; the threshold of
// auto-exchange is that of stable coins.
func (m side) marginAssets() []infoAsset {
	var list []infoAsset
	seen := map[string]bool{}
	m.all(exchange.UM, func(s *symbol) {
		if !seen[s.in.MarginAsset] {
			seen[s.in.MarginAsset] = true
			list = append(list, infoAsset{s.in.MarginAsset, true, "-10000"})
		}
	})
	return list
}

func (s *symbol) info() infoSymbol {
	in := &s.in
	a := infoSymbol{
		Symbol: in.Symbol, Pair: in.Pair, ContractType: s.contractType(), Delivery: s.delivery(), Onboard: s.onboarded().Millis(),
		MaintMarginPercent: "2.5000", RequiredPercent: "5.0000", Base: in.Base, Quote: in.Quote, MarginAsset: in.MarginAsset,
		PricePrecision: PricePlaces(in), QuantityPrecision: s.qtyPlaces, BasePrecision: 8, QuotePrecision: 8,
		UnderlyingType: "COIN", UnderlyingSubType: []string{"PoW"}, TriggerProtect: fixed(in.TriggerProtect, 4),
		LiquidationFee: fixed(in.LiquidationFee, 6), MarketTakeBound: fixed(in.MarketTakeBound, 2), MaxMoveOrderLimit: 10000,
		OrderTypes: []string{}, TimeInForce: []string{}, PermissionSets: []string{"GRID", "COPY", "DCA", "PSB"},
	}
	if in.Inverse() {
		a.ContractStatus, a.ContractSize, a.EqualQtyPrecision = in.Status, int64(in.ContractSize/exchange.FixedOne), 4
		a.PermissionSets = []string{"GRID"}
	} else {
		a.Status = in.Status
	}
	for _, t := range in.OrderTypes {
		a.OrderTypes = append(a.OrderTypes, t.String())
	}
	for _, t := range in.TimesInForce {
		a.TimeInForce = append(a.TimeInForce, t.String())
	}
	a.Filters = s.filters()
	return a
}

func (s *symbol) filters() []any {
	in := &s.in
	places := PricePlaces(in)
	list := []any{
		priceFilter{"PRICE_FILTER", fixed(in.PriceMin, places), bound(in.PriceMax), fixed(in.Tick, places)},
		s.lot("LOT_SIZE", in.Lot), s.lot("MARKET_LOT_SIZE", in.LotFor(exchange.Market)),
	}
	if in.OrdersMax > 0 {
		list = append(list, countFilter{"MAX_NUM_ORDERS", in.OrdersMax})
	}
	if in.AlgoOrdersMax > 0 {
		list = append(list, countFilter{"MAX_NUM_ALGO_ORDERS", in.AlgoOrdersMax})
	}
	if in.NotionalMin > 0 {
		list = append(list, notionalFilter{"MIN_NOTIONAL", in.NotionalMin.String()})
	}
	if in.PercentUp > 0 || in.PercentDown > 0 {
		list = append(list, percentFilter{"PERCENT_PRICE", fixed(in.PercentUp, 4), fixed(in.PercentDown, 4), "4"})
	}
	if !in.Inverse() {
		list = append(list, riskFilter{"POSITION_RISK_CONTROL", "NONE"})
	}
	return list
}

func (s *symbol) lot(name string, l exchange.Lot) lotFilter {
	return lotFilter{name, s.qty(l.Min), bound(l.Max), s.qty(l.Step)}
}

// bound writes an upper bound; where there is none, one that no order reaches.
func bound(f exchange.Fixed) string {
	if f == 0 {
		return strconv.FormatInt(int64(exchange.FixedMax/exchange.FixedOne), 10)
	}
	return f.String()
}
