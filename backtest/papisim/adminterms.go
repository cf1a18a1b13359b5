package papisim

import (
	"encoding/json"
	"errors"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/exchange"
)

// adminTerms are what the admin port does to the exchange's terms.
func (s *Sim) adminTerms() []adminEndpoint {
	return []adminEndpoint{
		{"POST", "/collateral", "set an asset's collateral rate",
			json.RawMessage(`{"asset":"BTC","rate":"0.5"}`), ask(s.adminCollateral)},
		{"POST", "/status", "set a symbol's status: in any but TRADING its orders expire, it trades no more and its book stands still; SETTLING, DELIVERED and CLOSE close positions and end its marks; one that is not listed yet is listed with it",
			json.RawMessage(`{"product":"UM","symbol":"BTCUSDT","status":"SETTLING"}`), ask(s.adminStatus)},
		{"POST", "/filter", "change order rules of a symbol; 0 is no rule",
			json.RawMessage(`{"product":"UM","symbol":"BTCUSDT","tick":"0.5","qty_step":"0.01","qty_min":"0.01","qty_max":"10","notional_min":"100","percent_up":"1.01","percent_down":"0.99","orders_max":5}`),
			ask(s.adminFilter)},
		{"POST", "/brackets", "move the edges of a symbol's maintenance brackets by a factor",
			json.RawMessage(`{"product":"UM","symbol":"BTCUSDT","factor":"0.5"}`), ask(s.adminBrackets)},
		{"POST", "/fees", "set the fees of a product",
			json.RawMessage(`{"product":"UM","maker":"0.0002","taker":"0.0005"}`), ask(s.adminFees)},
		{"POST", "/interest", "set the hourly interest of an asset",
			json.RawMessage(`{"asset":"USDT","hourly":"0.00001"}`), ask(s.adminInterest)},
		{"POST", "/borrowable", "set what can still be borrowed of an asset",
			json.RawMessage(`{"asset":"USDT","amount":"0"}`), ask(s.adminBorrowable)},
	}
}

type adminRate struct {
	Asset string         `json:"asset"`
	Rate  exchange.Fixed `json:"rate"`
}

func (s *Sim) adminCollateral(c adminRate) (any, error) {
	if c.Asset == "" {
		return nil, errors.New("asset is missing")
	}
	return outcome(s.Change(func(v *venue.Venue, at exchange.Time) error {
		return v.SetCollateralRate(c.Asset, c.Rate, at)
	}))
}

type adminStatus struct {
	adminSymbol
	Status string `json:"status"`
}

func (s *Sim) adminStatus(c adminStatus) (any, error) {
	inst, err := s.find(c.adminSymbol)
	if err != nil {
		return nil, err
	}
	return outcome(s.Change(func(v *venue.Venue, at exchange.Time) error { return v.SetStatus(inst, c.Status, at) }))
}

// adminFilter has the rules that can be changed; those that are left out stay.
type adminFilter struct {
	adminSymbol
	Tick        *exchange.Fixed `json:"tick"`
	PriceMin    *exchange.Fixed `json:"price_min"`
	PriceMax    *exchange.Fixed `json:"price_max"`
	QtyMin      *exchange.Fixed `json:"qty_min"`
	QtyMax      *exchange.Fixed `json:"qty_max"`
	QtyStep     *exchange.Fixed `json:"qty_step"`
	MarketMax   *exchange.Fixed `json:"market_qty_max"`
	NotionalMin *exchange.Fixed `json:"notional_min"`
	PercentUp   *exchange.Fixed `json:"percent_up"`
	PercentDown *exchange.Fixed `json:"percent_down"`
	OrdersMax   *int            `json:"orders_max"`
}

func (s *Sim) adminFilter(c adminFilter) (any, error) {
	inst, err := s.find(c.adminSymbol)
	if err != nil {
		return nil, err
	}
	return outcome(s.Change(func(v *venue.Venue, at exchange.Time) error { return v.SetFilter(inst, c.apply, at) }))
}

func (c *adminFilter) apply(in *exchange.Instrument) {
	for _, f := range [...]struct{ from, to *exchange.Fixed }{
		{c.Tick, &in.Tick}, {c.PriceMin, &in.PriceMin}, {c.PriceMax, &in.PriceMax},
		{c.QtyMin, &in.Lot.Min}, {c.QtyMax, &in.Lot.Max}, {c.QtyStep, &in.Lot.Step},
		{c.QtyMin, &in.MarketLot.Min}, {c.QtyStep, &in.MarketLot.Step}, {c.MarketMax, &in.MarketLot.Max},
		{c.NotionalMin, &in.NotionalMin}, {c.PercentUp, &in.PercentUp}, {c.PercentDown, &in.PercentDown},
	} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
	if c.OrdersMax != nil {
		in.OrdersMax = *c.OrdersMax
	}
}

type adminBrackets struct {
	adminSymbol
	Factor exchange.Fixed `json:"factor"`
}

func (s *Sim) adminBrackets(c adminBrackets) (any, error) {
	inst, err := s.find(c.adminSymbol)
	if err != nil {
		return nil, err
	}
	return outcome(s.Change(func(v *venue.Venue, at exchange.Time) error { return v.ScaleBrackets(inst, c.Factor, at) }))
}

type adminFees struct {
	Product string         `json:"product"`
	Maker   exchange.Fixed `json:"maker"`
	Taker   exchange.Fixed `json:"taker"`
}

func (s *Sim) adminFees(c adminFees) (any, error) {
	p, err := exchange.ParseProduct(c.Product)
	if err != nil {
		return nil, err
	}
	return outcome(s.Change(func(v *venue.Venue, at exchange.Time) error {
		return v.SetFees(p, venue.Fees{Maker: c.Maker, Taker: c.Taker}, at)
	}))
}

type adminInterest struct {
	Asset  string         `json:"asset"`
	Hourly exchange.Fixed `json:"hourly"`
}

func (s *Sim) adminInterest(c adminInterest) (any, error) {
	return outcome(s.Change(func(v *venue.Venue, at exchange.Time) error { return v.SetInterest(c.Asset, c.Hourly, at) }))
}

func (s *Sim) adminBorrowable(c struct {
	Asset  string          `json:"asset"`
	Amount decimal.Decimal `json:"amount"`
}) (any, error) {
	if c.Asset == "" || c.Amount.IsNegative() {
		return nil, errors.New("give an asset, and an amount that is not below 0")
	}
	return outcome(s.Change(func(v *venue.Venue, at exchange.Time) error {
		v.SetBorrowable(c.Asset, c.Amount, at)
		return nil
	}))
}
