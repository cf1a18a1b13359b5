package exchange

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// readFilter takes one filter into the instrument. Futures and spot name the same bound
// differently in some filters; a filter has only one of the names.
func (in *Instrument) readFilter(raw json.RawMessage) error {
	var f map[string]json.RawMessage
	if err := json.Unmarshal(raw, &f); err != nil {
		return fmt.Errorf("filters: %w", err)
	}
	name := strings.Trim(string(f["filterType"]), `"`)
	n := numberReader{where: name + "."}
	switch name {
	case "PRICE_FILTER":
		in.PriceMin, in.PriceMax = n.fixed("minPrice", f["minPrice"]), n.bound("maxPrice", f["maxPrice"])
		in.Tick = n.fixed("tickSize", f["tickSize"])
	case "LOT_SIZE":
		in.Lot = n.lot(f)
	case "MARKET_LOT_SIZE":
		in.MarketLot = n.lot(f)
	case "MIN_NOTIONAL", "NOTIONAL":
		in.NotionalMin = max(in.NotionalMin, n.fixed("notional", f["notional"]), n.fixed("minNotional", f["minNotional"]))
	case "PERCENT_PRICE":
		in.holdPercent(n.fixed("multiplierUp", f["multiplierUp"]), n.fixed("multiplierDown", f["multiplierDown"]))
	case "PERCENT_PRICE_BY_SIDE":
		in.holdPercent(n.fixed("bidMultiplierUp", f["bidMultiplierUp"]), n.fixed("askMultiplierDown", f["askMultiplierDown"]))
	case "MAX_NUM_ORDERS":
		in.OrdersMax = max(n.count("limit", f["limit"]), n.count("maxNumOrders", f["maxNumOrders"]))
	case "MAX_NUM_ALGO_ORDERS":
		in.AlgoOrdersMax = max(n.count("limit", f["limit"]), n.count("maxNumAlgoOrders", f["maxNumAlgoOrders"]))
	}
	return n.err
}

// holdPercent takes the multipliers of a price filter. A spot pair may have two such
// filters; the stricter bound holds.
func (in *Instrument) holdPercent(up, down Fixed) {
	if in.PercentUp == 0 || up != 0 && up < in.PercentUp {
		in.PercentUp = up
	}
	in.PercentDown = max(in.PercentDown, down)
}

// or fills what the market order's lot leaves open from the general one: spot's
// MARKET_LOT_SIZE has no step, and its market orders must meet LOT_SIZE too.
func (l Lot) or(general Lot) Lot {
	if l == (Lot{}) {
		return l
	}
	if l.Min == 0 {
		l.Min = general.Min
	}
	if l.Max == 0 {
		l.Max = general.Max
	}
	if l.Step == 0 {
		l.Step = general.Step
	}
	return l
}

// numberReader reads lenient JSON numbers and keeps the first error. An absent, null or
// empty value is 0; where is the filter's name for the error.
type numberReader struct {
	where string
	err   error
}

// fixed reads a number that cannot be negative.
func (n *numberReader) fixed(field string, raw json.RawMessage) Fixed {
	if absent(raw) {
		return 0
	}
	f, err := ParseFixedBytes(bytes.Trim(raw, `"`))
	if err == nil && f < 0 {
		err = fmt.Errorf("%v is negative", f)
	}
	if err != nil && n.err == nil {
		n.err = fmt.Errorf("%s%s: %w", n.where, field, err)
	}
	if err != nil {
		return 0
	}
	return f
}

// bound is fixed for an upper bound: one beyond every Fixed is no rule.
func (n *numberReader) bound(field string, raw json.RawMessage) Fixed {
	if w, err := ParseWideBytes(bytes.Trim(raw, `"`)); err == nil && w.Sign() > 0 {
		if _, err := w.Fixed(); err != nil {
			return 0
		}
	}
	return n.fixed(field, raw)
}

func (n *numberReader) lot(f map[string]json.RawMessage) Lot {
	return Lot{
		Min:  n.fixed("minQty", f["minQty"]),
		Max:  n.bound("maxQty", f["maxQty"]),
		Step: n.fixed("stepSize", f["stepSize"]),
	}
}

// count reads a whole number.
func (n *numberReader) count(field string, raw json.RawMessage) int {
	f := n.fixed(field, raw)
	if f%FixedOne != 0 && n.err == nil {
		n.err = fmt.Errorf("%s%s: %v is not a whole number", n.where, field, f)
	}
	return int(f / FixedOne)
}

// instant reads milliseconds since 1970.
func (n *numberReader) instant(field string, raw json.RawMessage) Time {
	if absent(raw) {
		return 0
	}
	ms, err := strconv.ParseInt(string(bytes.Trim(raw, `"`)), 10, 64)
	if (err != nil || ms < 0) && n.err == nil {
		n.err = fmt.Errorf("%s%s: %s is no time in milliseconds", n.where, field, clip(string(raw)))
	}
	return Millis(ms)
}

// absent says whether a value is missing, null or the empty text.
func absent(raw json.RawMessage) bool {
	return len(raw) == 0 || string(raw) == "null" || string(raw) == `""`
}
