package exchange

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// ErrNotExchangeInfo says that a document is no exchangeInfo answer at all.
var ErrNotExchangeInfo = errors.New("not an exchangeInfo answer")

// exchangeInfoMax bounds the size of an answer in bytes; the largest seen has 1 MB.
const exchangeInfoMax = 64 << 20

// SymbolErrors are the symbols of an exchangeInfo answer that could not be read, one
// error each in the order of the answer. The symbols they name are not tradable; all
// others are good. [DecodeExchangeInfo] returns it beside the instruments.
type SymbolErrors []error

// Error prints the first error and the number of the others.
func (e SymbolErrors) Error() string {
	if len(e) == 1 {
		return e[0].Error()
	}
	return fmt.Sprintf("%v (and %d symbols more)", e[0], len(e)-1)
}

// Unwrap returns the errors, for errors.Is and errors.As.
func (e SymbolErrors) Unwrap() []error { return e }

// DecodeExchangeInfo reads the exchangeInfo answer of fapi (UM), dapi (CM) or api
// (Margin) and returns its symbols, without ids, in the order of the answer.
//
// Unknown fields, filters and enumeration values are passed over. A symbol with a
// malformed number or without what an instrument needs is left out and reported: the
// error is then a [SymbolErrors] and the instruments are good. Any other error means that
// the document is unusable, and no instrument is returned. Spot pairs that Binance says
// cannot be traded on margin are left out silently.
func DecodeExchangeInfo(p Product, r io.Reader) ([]Instrument, error) {
	data, err := io.ReadAll(io.LimitReader(r, exchangeInfoMax+1))
	if err != nil {
		return nil, fmt.Errorf("read exchangeInfo of %v: %w", p, err)
	}
	if len(data) > exchangeInfoMax {
		return nil, fmt.Errorf("%v: %w: longer than %d bytes", p, ErrNotExchangeInfo, exchangeInfoMax)
	}
	symbols, err := splitExchangeInfo(data)
	if err != nil {
		return nil, fmt.Errorf("%v: %w: %w", p, ErrNotExchangeInfo, err)
	}
	var list []Instrument
	var bad SymbolErrors
	seen := make(map[string]bool, len(symbols))
	for i, raw := range symbols {
		var s symbolInfo
		in, err := s.decode(p, raw)
		if err == nil && seen[in.Symbol] {
			err = errors.New("listed twice")
		}
		if err != nil {
			bad = append(bad, fmt.Errorf("exchangeInfo of %v, symbol %d %q: %w", p, i+1, clip(s.Symbol), err))
			continue
		}
		seen[in.Symbol] = true
		if p != Margin || !s.marginForbidden() {
			list = append(list, in)
		}
	}
	if bad != nil {
		return list, bad
	}
	return list, nil
}

// splitExchangeInfo returns the raw symbols, so that one bad symbol spoils no other.
func splitExchangeInfo(data []byte) ([]json.RawMessage, error) {
	var doc struct {
		Symbols *[]json.RawMessage `json:"symbols"`
		Code    json.RawMessage    `json:"code"`
		Msg     string             `json:"msg"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, err
	}
	if doc.Symbols == nil {
		if doc.Code != nil {
			return nil, fmt.Errorf("error %s: %q", clip(string(doc.Code)), clip(doc.Msg))
		}
		return nil, errors.New(`no "symbols"`)
	}
	return *doc.Symbols, nil
}

// symbolInfo is one symbol, over the three products. Raw fields are numbers that Binance
// writes now as text and now as number.
type symbolInfo struct {
	Symbol          string            `json:"symbol"`
	Pair            string            `json:"pair"`
	ContractType    string            `json:"contractType"`
	Status          string            `json:"status"`
	ContractStatus  string            `json:"contractStatus"` // CM only
	BaseAsset       string            `json:"baseAsset"`
	QuoteAsset      string            `json:"quoteAsset"`
	MarginAsset     string            `json:"marginAsset"`
	ContractSize    json.RawMessage   `json:"contractSize"` // CM only
	OnboardDate     json.RawMessage   `json:"onboardDate"`
	DeliveryDate    json.RawMessage   `json:"deliveryDate"`
	TriggerProtect  json.RawMessage   `json:"triggerProtect"`
	MarketTakeBound json.RawMessage   `json:"marketTakeBound"`
	LiquidationFee  json.RawMessage   `json:"liquidationFee"`
	OrderTypes      []string          `json:"orderTypes"`
	TimeInForce     []string          `json:"timeInForce"`
	OCOAllowed      bool              `json:"ocoAllowed"`             // spot only
	MarginAllowed   *bool             `json:"isMarginTradingAllowed"` // spot only
	Filters         []json.RawMessage `json:"filters"`
}

// perpetualDelivery is the date, 2100-12-25, that Binance gives to what never delivers.
const perpetualDelivery = 4_133_404_800_000

// marginForbidden says whether Binance excludes a spot pair from margin trading.
func (s *symbolInfo) marginForbidden() bool { return s.MarginAllowed != nil && !*s.MarginAllowed }

func (s *symbolInfo) decode(p Product, raw json.RawMessage) (Instrument, error) {
	if err := json.Unmarshal(raw, s); err != nil {
		return Instrument{}, err
	}
	if err := s.check(p); err != nil {
		return Instrument{}, err
	}
	in := Instrument{
		Product: p, Symbol: s.Symbol, Pair: s.Pair, Base: s.BaseAsset, Quote: s.QuoteAsset,
		MarginAsset: s.MarginAsset, ContractType: s.ContractType, Status: s.Status, ContractSize: FixedOne,
	}
	var n numberReader
	switch p {
	case CM:
		in.Status = s.ContractStatus
		in.ContractSize = n.fixed("contractSize", s.ContractSize)
		if n.err == nil && in.ContractSize == 0 {
			n.err = errors.New("contractSize is missing or 0")
		}
	case Margin:
		in.Pair, in.MarginAsset = s.Symbol, s.QuoteAsset
	}
	in.Onboard = n.instant("onboardDate", s.OnboardDate)
	in.Delivery = n.instant("deliveryDate", s.DeliveryDate)
	if in.Delivery == Millis(perpetualDelivery) {
		in.Delivery = 0
	}
	in.TriggerProtect = n.fixed("triggerProtect", s.TriggerProtect)
	in.MarketTakeBound = n.fixed("marketTakeBound", s.MarketTakeBound)
	in.LiquidationFee = n.fixed("liquidationFee", s.LiquidationFee)
	in.OrderTypes, in.TimesInForce = s.orderTypes(p)
	for _, raw := range s.Filters {
		if n.err == nil {
			n.err = in.readFilter(raw)
		}
	}
	in.MarketLot = in.MarketLot.or(in.Lot)
	return in, n.err
}

// check refuses what would make an instrument of another product, or none. Inverse
// contracts are margined in their base asset and no others are.
func (s *symbolInfo) check(p Product) error {
	switch {
	case s.Symbol == "" || s.BaseAsset == "" || s.QuoteAsset == "":
		return errors.New("symbol, baseAsset or quoteAsset is missing")
	case p == Margin && s.MarginAsset != "":
		return errors.New("is a futures contract")
	case p != Margin && s.MarginAsset == "":
		return errors.New("marginAsset is missing")
	case p == UM && s.MarginAsset == s.BaseAsset:
		return errors.New("is an inverse contract")
	case p == CM && s.MarginAsset != s.BaseAsset:
		return errors.New("is not an inverse contract")
	}
	return nil
}

// orderTypes translates the accepted order types; spot's names are explained at
// [OrderType], and spot does not list its times in force.
func (s *symbolInfo) orderTypes(p Product) (types []OrderType, times []TimeInForce) {
	if p != Margin {
		for _, name := range s.OrderTypes {
			if t, err := ParseOrderType(name); err == nil {
				types = append(types, t)
			}
		}
		for _, name := range s.TimeInForce {
			if t, err := ParseTimeInForce(name); err == nil {
				times = append(times, t)
			}
		}
		return types, times
	}
	times = []TimeInForce{GTC, IOC, FOK}
	for _, name := range s.OrderTypes {
		switch name {
		case "LIMIT":
			types = append(types, Limit)
		case "LIMIT_MAKER":
			times = append(times, GTX)
		case "MARKET":
			types = append(types, Market)
		case "STOP_LOSS":
			types = append(types, StopMarket)
		case "STOP_LOSS_LIMIT":
			types = append(types, Stop)
		case "TAKE_PROFIT":
			types = append(types, TakeProfitMarket)
		case "TAKE_PROFIT_LIMIT":
			types = append(types, TakeProfit)
		}
	}
	if s.OCOAllowed {
		types = append(types, OCO)
	}
	return types, times
}
