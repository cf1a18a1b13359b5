package papisim

import (
	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// marginKind is a kind of margin order as the spot engine names it, and what it asks for.
type marginKind struct {
	word string
	kind exchange.OrderType
	// priced, timed and triggered say that it needs price, timeInForce and stopPrice;
	// what a kind does not need it does not take.
	priced, timed, triggered bool
}

// limitMaker is the kind that is a limit order which must not take.
const limitMaker = "LIMIT_MAKER"

func marginKinds() []marginKind {
	return []marginKind{
		{word: "LIMIT", kind: exchange.Limit, priced: true, timed: true},
		{word: "MARKET", kind: exchange.Market},
		{word: "STOP_LOSS", kind: exchange.StopMarket, triggered: true},
		{word: "STOP_LOSS_LIMIT", kind: exchange.Stop, priced: true, timed: true, triggered: true},
		{word: "TAKE_PROFIT", kind: exchange.TakeProfitMarket, triggered: true},
		{word: "TAKE_PROFIT_LIMIT", kind: exchange.TakeProfit, priced: true, timed: true, triggered: true},
		{word: limitMaker, kind: exchange.Limit, priced: true},
	}
}

// marginWord is the kind of a margin order on the wire.
func (o *record) marginWord() string {
	r := &o.Request
	if r.Type == exchange.Limit && r.TimeInForce == exchange.GTX {
		return limitMaker
	}
	for _, k := range marginKinds() {
		if k.kind == r.Type {
			return k.word
		}
	}
	return r.Type.String()
}

// marginTime is its time in force: a LIMIT_MAKER rests like a GTC order.
func (o *record) marginTime() string {
	if o.Request.TimeInForce == exchange.GTX {
		return exchange.GTC.String()
	}
	return o.Request.TimeInForce.String()
}

// marginPrevention is its mode of self-trade prevention.
func (o *record) marginPrevention() string {
	if o.Request.STP == exchange.STPDefault {
		return exchange.ExpireMaker.String()
	}
	return o.Request.STP.String()
}

// errMarginID is the answer to a client id with other characters, or too many.
func errMarginID(name string) *web.Error {
	return web.Errorf(-1100, "Illegal characters found in parameter '%s'; legal range is '^[\\.A-Z\\:/a-z0-9_-]{1,32}$'.", name)
}

// readMarginID reads a client id that may be left out.
func readMarginID(c *web.Call, name string) string {
	id := c.Text(name)
	for _, r := range []byte(id) {
		legal := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '.' || r == ':' || r == '/' || r == '_' || r == '-'
		if !legal || len(id) > 32 {
			c.Fail(errMarginID(name))
		}
	}
	return id
}

// readMargin reads a new margin order. What is wrong with its words is answered here, and
// what is wrong with its numbers by the venue.
func (s *Sim) readMargin(c *web.Call) (*record, *web.Error) {
	in := s.symbol(c, exchange.Margin)
	if in == nil {
		return nil, c.Err()
	}
	o := &record{product: exchange.Margin, list: listOrders}
	r := &o.Request
	r.Inst, r.Side = in.ID, readSide(c)
	kind, word := marginKind{}, c.Need("type")
	for _, k := range marginKinds() {
		if k.word == word {
			kind = k
		}
	}
	if kind.word == "" {
		c.Fail(errOrderType)
	}
	if c.Err() != nil {
		return nil, c.Err()
	}
	r.Type = kind.kind
	if word == limitMaker {
		r.TimeInForce = exchange.GTX
	}
	s.readMarginNumbers(c, &kind, r)
	o.name = readMarginID(c, "newClientOrderId")
	readSideEffect(c, r, "NO_SIDE_EFFECT", "MARGIN_BUY", "AUTO_REPAY", "AUTO_BORROW_REPAY")
	r.STP = readMarginPrevention(c)
	c.OneOf("newOrderRespType", errRespType, "ACK", "RESULT", "FULL")
	c.Bool("autoRepayAtCancel")
	return o, c.Err()
}

// readMarginNumbers reads quantity, prices and time, as far as the kind needs them.
func (s *Sim) readMarginNumbers(c *web.Call, kind *marginKind, r *exchange.OrderRequest) {
	switch {
	case kind.kind == exchange.Market && c.Has("quantity") && c.Has("quoteOrderQty"):
		c.Fail(web.Errorf(-1128, "Combination of optional parameters invalid."))
	case kind.kind == exchange.Market && c.Has("quoteOrderQty"):
		r.QuoteQty = c.Fixed("quoteOrderQty")
		if c.Err() == nil && r.QuoteQty <= 0 {
			c.Fail(invalid("quoteOrderQty"))
		}
	case kind.kind == exchange.Market && !c.Has("quantity"):
		c.Fail(eitherOf("quantity", "quoteOrderQty"))
	default:
		c.Unwanted("quoteOrderQty")
		c.Need("quantity")
		r.Qty = c.Fixed("quantity")
	}
	needed := func(need bool, name string) exchange.Fixed {
		if !need {
			c.Unwanted(name)
			return 0
		}
		c.Need(name)
		return c.Fixed(name)
	}
	r.Price, r.Trigger = needed(kind.priced, "price"), needed(kind.triggered, "stopPrice")
	if kind.timed {
		c.Need("timeInForce")
		r.TimeInForce = readMarginTime(c, "timeInForce")
	} else {
		c.Unwanted("timeInForce")
	}
	if !kind.priced {
		c.Unwanted("icebergQty")
		return
	}
	r.Iceberg = c.Fixed("icebergQty")
}

// readMarginTime reads how long a margin order works.
func readMarginTime(c *web.Call, name string) exchange.TimeInForce {
	t, _ := exchange.ParseTimeInForce(c.OneOf(name, errTimeInForce, "GTC", "IOC", "FOK"))
	return t
}

// readSideEffect reads what an order does about loans.
func readSideEffect(c *web.Call, r *exchange.OrderRequest, words ...string) {
	v := c.OneOf("sideEffectType", invalid("sideEffectType"), words...)
	for e := exchange.NoSideEffect; e <= exchange.AutoBorrowRepay; e++ {
		if e.String() == v {
			r.SideEffect = e
		}
	}
}

// readMarginPrevention is readPrevention with the spot engine's answer.
func readMarginPrevention(c *web.Call) exchange.STP {
	c.OneOf("selfTradePreventionMode", invalid("selfTradePreventionMode"), "NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH")
	return readPrevention(c)
}
