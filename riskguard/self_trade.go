package riskguard

import (
	"fmt"

	"github.com/pmbot/pmbot/exchange"
)

// SelfTrade says what becomes of an order that would trade with another one of the account.
type SelfTrade uint8

const (
	// RefuseSelfTrade refuses it, unless its own prevention keeps the two apart. It is the
	// zero value.
	RefuseSelfTrade SelfTrade = iota
	// PreventSelfTrade refuses it, too, and gives new orders that name no prevention the one by
	// which a resting order expires that they would meet; see [Guard.Prevention].
	PreventSelfTrade
	// AllowSelfTrade lets them trade: both pay a fee, no position changes, and somebody may
	// call it a wash trade.
	AllowSelfTrade
)

var selfTradeNames = [...]string{RefuseSelfTrade: "refuse", PreventSelfTrade: "stp", AllowSelfTrade: "allow"}

func (s SelfTrade) String() string {
	if int(s) < len(selfTradeNames) {
		return selfTradeNames[s]
	}
	return fmt.Sprintf("SelfTrade(%d)", uint8(s))
}

// MarshalText writes "refuse", "stp" or "allow".
func (s SelfTrade) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads "refuse", "stp" or "allow".
func (s *SelfTrade) UnmarshalText(text []byte) error {
	for is, name := range selfTradeNames {
		if name == string(text) {
			*s = SelfTrade(is)
			return nil
		}
	}
	return fmt.Errorf("%.40q is not \"refuse\", \"stp\" or \"allow\"", text)
}

// Prevention is the self-trade prevention with which a new order is to be sent, to be asked before
// [Guard.Check]. Where the limits say so, an order that leaves the choice to the exchange gets
// EXPIRE_MAKER: it goes on, and what rests of the account at its price is ended by the exchange,
// whose strategy is told. So nobody can be kept from trading by another's resting orders. What has
// no prevention, such as CM, stays as it is, and may be refused.
func (g *Guard) Prevention(o *exchange.Order) exchange.STP {
	r := &o.Request
	if r.STP != exchange.STPDefault || r.Type != exchange.Limit && r.Type != exchange.Market || r.TimeInForce == exchange.GTX ||
		!g.ins.Has(r.Inst) || int(o.Strategy) >= len(g.sets.of) {
		return r.STP
	}
	prevented := *r
	prevented.STP = exchange.ExpireMaker
	c := check{in: g.ins.At(r.Inst)}
	if g.sets.all[g.sets.of[o.Strategy][r.Inst]].limits.SelfTrade != PreventSelfTrade || !c.prevents(&prevented) {
		return r.STP
	}
	return exchange.ExpireMaker
}

// selfTrade: no order meets a resting one of the account, whosever it is. What is
// conditional meets nobody before its trigger, which the exchange decides on; the prevention
// that it carries holds then.
func (c *check) selfTrade() *exchange.Refusal {
	r := &c.order.Request
	// A person who closes has cancelled first; a cancel without an answer must not keep him in.
	if c.set.limits.SelfTrade == AllowSelfTrade || c.plan || r.Type.Conditional() {
		return nil
	}
	for i := range c.g.open {
		o := &c.g.open[i]
		if o.Request.Inst != r.Inst || o.Request.Side == r.Side || !crosses(r, &o.Request) || c.apart(r, o) {
			continue
		}
		no := &exchange.Refusal{
			Value: fmt.Sprintf("%s meets our own %v at %v", priceWords(r), o.Request.Side, o.Request.Price),
			Limit: "orders of the account must not trade with each other",
		}
		prevented := *r
		if prevented.STP = exchange.ExpireTaker; c.apart(&prevented, o) {
			no.Passes = "self-trade prevention " + exchange.ExpireTaker.String()
		}
		return no
	}
	return nil
}

// crosses says whether an order takes the price at which another one rests, of the other
// side. One that takes any price takes that, too; one at the best price of its own side
// takes none.
func crosses(r, resting *exchange.OrderRequest) bool {
	if resting.Type != exchange.Limit && resting.Type != exchange.OCO || resting.PriceMatch != exchange.PriceMatchNone {
		return false // it waits for a trigger, takes what is there, or rests where nobody knows
	}
	switch {
	case r.PriceMatch >= exchange.Queue:
		return false
	case r.Type == exchange.Market || r.PriceMatch != exchange.PriceMatchNone:
		return true
	case r.Side == exchange.Buy:
		return r.Price >= resting.Price
	default:
		return r.Price <= resting.Price
	}
}

// apart says whether the exchange keeps an order from trading with a resting one that it
// crosses: by the order's own prevention, or because the order is post-only. While it is
// not known that the other one rests, either may come first, so both must be kept.
func (c *check) apart(r *exchange.OrderRequest, resting *exchange.Order) bool {
	kept := c.prevents(r)
	if s := resting.Status; s == exchange.StatusPendingNew || s == exchange.StatusUnknown {
		return kept && c.prevents(&resting.Request)
	}
	return kept
}

// prevents says whether an order that would take one of the account's does not. Binance has
// prevention for UM and margin orders; on UM it acts on orders that are good till cancelled,
// till a date or immediate. A market order, which names no such time, is one of them: its updates
// say GTC. What holds where the order names no mode has changed before.
func (c *check) prevents(r *exchange.OrderRequest) bool {
	switch {
	case r.TimeInForce == exchange.GTX || r.Type == exchange.OCO:
		return true
	case c.in.Product == exchange.CM, c.in.Product == exchange.UM && r.TimeInForce == exchange.FOK:
		return false
	default:
		return r.STP >= exchange.ExpireTaker
	}
}

// priceWords says at what price an order takes.
func priceWords(r *exchange.OrderRequest) string {
	switch {
	case r.PriceMatch != exchange.PriceMatchNone:
		return fmt.Sprintf("%v at %v", r.Side, r.PriceMatch)
	case r.Type == exchange.Market:
		return r.Side.String() + " at the market"
	default:
		return fmt.Sprintf("%v at %v", r.Side, r.Price)
	}
}
