package papisim

import "github.com/pmbot/pmbot/exchange"

// unit is the smallest decimal place that a grid uses: 0.01 for steps of 0.05. Without a
// grid it is the last one.
func unit(step exchange.Fixed) exchange.Fixed {
	u := exchange.Fixed(1)
	if step <= 0 {
		return u
	}
	for u < exchange.FixedOne && step%(u*10) == 0 {
		u *= 10
	}
	return u
}

// places is how many decimals a grid has: 2 for steps of 0.05.
func places(step exchange.Fixed) int32 {
	n := int32(exchange.FixedPlaces)
	for u := unit(step); u > 1 && n > 0; u /= 10 {
		n--
	}
	return n
}

// padded prints a number with all decimals of its grid, as answers to new orders do.
func padded(f, step exchange.Fixed) string { return onGrid(f.Decimal(), step) }

// paddedPrice is padded for a price, of which a market order has none: "0".
func paddedPrice(f, tick exchange.Fixed) string {
	if f == 0 {
		return "0"
	}
	return padded(f, tick)
}

// executed prints a filled quantity as queries do: "0", or padded.
func executed(f, step exchange.Fixed) string {
	if f == 0 {
		return "0"
	}
	return padded(f, step)
}

// averaged prints the average price of an order: with five decimals on UM, more where the
// tick is fine, and with the tick's on CM.
func (r *record) averaged(in *exchange.Instrument) string {
	decimals := max(1, places(in.Tick))
	if !in.Inverse() {
		decimals = max(5, places(in.Tick)+1)
	}
	return r.average(in).StringFixed(decimals)
}

// typeWord is the kind of a futures order. Orders to liquidate are limits to the outside.
func (r *record) typeWord() string {
	if r.forced == exchange.ForcedLiquidation || r.forced == exchange.ForcedADL {
		return "LIMIT"
	}
	return r.Request.Type.String()
}

// timeWord is the time in force of a futures order.
func (r *record) timeWord() string {
	if r.forced == exchange.ForcedLiquidation || r.forced == exchange.ForcedADL {
		return "IOC"
	}
	return r.Request.TimeInForce.String()
}

// preventionWord is the mode of self-trade prevention that holds for a UM order.
func (r *record) preventionWord() string {
	if r.Request.STP == exchange.STPDefault {
		return "NONE"
	}
	return r.Request.STP.String()
}

// statusWord is the status of an order on listOrders.
func (r *record) statusWord() string {
	switch r.Status {
	case exchange.StatusExpired:
		if r.reason == "self-trade prevention" {
			return "EXPIRED_IN_MATCH"
		}
		return "EXPIRED"
	case exchange.StatusPartiallyFilled, exchange.StatusFilled, exchange.StatusCanceled, exchange.StatusRejected:
		return r.Status.String()
	default:
		return "NEW"
	}
}
