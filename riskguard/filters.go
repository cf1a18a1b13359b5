package riskguard

import (
	"fmt"

	"github.com/pmbot/pmbot/exchange"
)

// filters: the instrument takes the order as it stands; nothing is rounded silently.
func (c *check) filters() *exchange.Refusal {
	r := &c.order.Request
	if c.in == nil {
		return &exchange.Refusal{Value: "no such instrument"}
	}
	if c.in.Status != exchange.StatusTrading {
		return &exchange.Refusal{Value: c.in.Name() + " is " + c.in.Status, Limit: "it must be " + exchange.StatusTrading}
	}
	if no := c.shape(); no != nil {
		return no
	}
	if !r.Type.Market() && r.Price <= 0 && r.PriceMatch == exchange.PriceMatchNone {
		return &exchange.Refusal{Value: "no price", Limit: r.Type.String() + " needs one"}
	}
	if (r.Type.Conditional() || r.Type == exchange.OCO) && r.Trigger <= 0 && r.Type != exchange.TrailingStopMarket {
		return &exchange.Refusal{Value: "no trigger price", Limit: r.Type.String() + " needs one"}
	}
	for _, p := range [...]exchange.Fixed{r.Price, r.Trigger, r.StopPrice, r.Activation} {
		if no := c.priceFilter(p); no != nil {
			return no
		}
	}
	if r.ClosePosition || r.QuoteQty > 0 {
		return nil
	}
	return c.lotFilter()
}

// shape: every word of the request is one we know, and its fields fit together. Those
// that a kind does not use could otherwise hide a quantity from the limits.
func (c *check) shape() *exchange.Refusal {
	r := &c.order.Request
	um, margin := c.in.Product == exchange.UM, c.in.Product == exchange.Margin
	closes := um && (r.Type == exchange.StopMarket || r.Type == exchange.TakeProfitMarket)
	no := func(value, limit string) *exchange.Refusal { return &exchange.Refusal{Value: value, Limit: limit} }
	switch {
	case r.Side != exchange.Buy && r.Side != exchange.Sell:
		return no(r.Side.String(), "BUY or SELL")
	case r.Type < exchange.Limit || r.Type > exchange.OCO:
		return no(r.Type.String(), "a known order type")
	case r.Type == exchange.OCO && !margin:
		return no("OCO", "on margin pairs only")
	case r.PositionSide > exchange.Short:
		return no(r.PositionSide.String(), "BOTH, LONG or SHORT")
	case r.TimeInForce > exchange.GTD:
		return no(r.TimeInForce.String(), "a known time in force")
	case r.Type.Market() && r.TimeInForce != exchange.GTC:
		return no(r.Type.String()+" with "+r.TimeInForce.String(), "GTC; any other needs a limit price")
	case r.WorkingType > exchange.MarkPrice:
		return no(r.WorkingType.String(), "a known working type")
	case r.PriceMatch > exchange.Queue20:
		return no(r.PriceMatch.String(), "a known price match")
	case r.STP > exchange.ExpireBoth:
		return no(r.STP.String(), "a known self-trade prevention")
	case r.SideEffect > exchange.AutoBorrowRepay:
		return no(r.SideEffect.String(), "a known side effect")
	case r.Qty < 0:
		return no(fmt.Sprintf("quantity %v", r.Qty), "not below 0")
	case r.QuoteQty < 0:
		return no(fmt.Sprintf("quote quantity %v", r.QuoteQty), "not below 0")
	case r.Iceberg < 0:
		return no(fmt.Sprintf("iceberg quantity %v", r.Iceberg), "not below 0")
	case r.QuoteQty > 0 && (!margin || r.Type != exchange.Market || r.Qty != 0):
		return no("a quantity in quote asset", "market orders on margin pairs, without another quantity")
	case r.ClosePosition && (!closes || r.Qty != 0):
		return no("close-position", "market stops and take-profits on UM, without a quantity")
	case r.ReduceOnly && margin:
		return no("reduce-only", "not on margin pairs, which have no position")
	case c.amend && r.Type != exchange.Limit:
		return no("amend of "+r.Type.String(), "LIMIT only")
	case c.amend && r.Qty <= c.order.Filled:
		return no(fmt.Sprintf("quantity %v", r.Qty), fmt.Sprintf("more than the %v that have filled", c.order.Filled))
	}
	return nil
}

func (c *check) priceFilter(p exchange.Fixed) *exchange.Refusal {
	switch {
	case p == 0:
		return nil
	case p < 0:
		return &exchange.Refusal{Value: fmt.Sprintf("price %v", p), Limit: "above 0"}
	case !p.IsMultipleOf(c.in.Tick, c.in.PriceMin):
		return &exchange.Refusal{Value: fmt.Sprintf("price %v", p), Limit: fmt.Sprintf("tick %v", c.in.Tick), Passes: c.onTick(p).String()}
	case c.in.PriceMin > 0 && p < c.in.PriceMin:
		return &exchange.Refusal{Value: fmt.Sprintf("price %v", p), Limit: fmt.Sprintf("at least %v", c.in.PriceMin)}
	case c.in.PriceMax > 0 && p > c.in.PriceMax:
		return &exchange.Refusal{Value: fmt.Sprintf("price %v", p), Limit: fmt.Sprintf("at most %v", c.in.PriceMax)}
	}
	return nil
}

// onTick is the price nearest to p on the order's passive side that the instrument takes:
// on its grid, within its bounds, and never 0, which is no price.
func (c *check) onTick(p exchange.Fixed) exchange.Fixed {
	base := c.in.PriceMin
	to := (p-base).Round(c.in.Tick, exchange.PassiveRounding(c.order.Request.Side)) + base
	if c.in.PriceMax > 0 {
		to = min(to, (c.in.PriceMax-base).Round(c.in.Tick, exchange.RoundDown)+base)
	}
	if base > 0 {
		return max(to, base)
	}
	return max(to, c.in.Tick)
}

func (c *check) lotFilter() *exchange.Refusal {
	r := &c.order.Request
	lot := c.in.LotFor(r.Type)
	switch {
	case r.Qty <= 0 || r.Qty < lot.Min:
		return &exchange.Refusal{Value: fmt.Sprintf("quantity %v", r.Qty), Limit: fmt.Sprintf("at least %v", max(lot.Min, lot.Step))}
	case lot.Max > 0 && r.Qty > lot.Max:
		return &exchange.Refusal{Value: fmt.Sprintf("quantity %v", r.Qty), Limit: fmt.Sprintf("at most %v", lot.Max), Passes: lot.Max.String()}
	case !r.Qty.IsMultipleOf(lot.Step, lot.Min):
		to := (r.Qty-lot.Min).Round(lot.Step, exchange.RoundDown) + lot.Min
		return &exchange.Refusal{Value: fmt.Sprintf("quantity %v", r.Qty), Limit: fmt.Sprintf("step %v", lot.Step), Passes: to.String()}
	case r.ReduceOnly || c.in.NotionalMin == 0:
		return nil
	}
	if n := c.notional(c.price()); n.LessThan(c.in.NotionalMin.Decimal()) {
		return &exchange.Refusal{Value: fmt.Sprintf("notional %v %s", n, c.in.Quote), Limit: fmt.Sprintf("at least %v", c.in.NotionalMin)}
	}
	return nil
}

// price is what the exchange holds a notional against: the order's limit, its trigger,
// or the mark for a market order.
func (c *check) price() exchange.Fixed {
	r := &c.order.Request
	switch {
	case r.Price > 0:
		return r.Price
	case r.Trigger > 0:
		return r.Trigger
	case c.market.mark > 0:
		return c.market.mark
	default:
		return c.market.last
	}
}

// worth is the price at which the limits on size count the order: what it may trade at,
// if that is more than what it says. A limit to sell far below the market deals at the
// market; only a limit to buy bounds what is paid, and of an OCO only the dearer leg's.
func (c *check) worth() exchange.Fixed { return c.worthOf(&c.order.Request) }

// worthOf is the same of any order on the instrument.
func (c *check) worthOf(r *exchange.OrderRequest) exchange.Fixed {
	if r.Type == exchange.OCO {
		return max(r.Price, r.Trigger, r.StopPrice, c.market.last)
	}
	if r.Side == exchange.Buy && r.Price > 0 {
		return r.Price
	}
	reference := c.market.mark
	if reference == 0 {
		reference = c.market.last
	}
	return max(r.Price, r.Trigger, reference)
}
