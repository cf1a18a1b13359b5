package papisim

import (
	"strings"

	"github.com/pmbot/pmbot/backtest/papisim/public"
	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// dialect is how one of the four endpoints that take new futures orders asks for them: what
// it calls things, and what it takes at all. What it does not know it ignores, as Binance
// does.
type dialect struct {
	product exchange.Product
	list    list
	// kind, id, trigger and activation are the names of parameters; idMax is how many
	// characters a client id may have.
	kind, id, trigger, activation string
	idMax                         int
	// goodTill, prevents, matches, closes and responds say that it takes goodTillDate,
	// selfTradePreventionMode, priceMatch, closePosition and newOrderRespType.
	goodTill, prevents, matches, closes, responds bool
}

func umOrders() *dialect {
	return &dialect{
		product: exchange.UM, list: listOrders, kind: "type", id: "newClientOrderId", idMax: 32,
		goodTill: true, prevents: true, matches: true, responds: true,
	}
}

func cmOrders() *dialect {
	return &dialect{
		product: exchange.CM, list: listOrders, kind: "type", id: "newClientOrderId", idMax: 32, matches: true, responds: true,
	}
}

func umAlgo() *dialect {
	return &dialect{
		product: exchange.UM, list: listAlgo, kind: "type", id: "clientAlgoId", trigger: "triggerPrice", activation: "activatePrice", idMax: 36,
		goodTill: true, prevents: true, matches: true, closes: true, responds: true,
	}
}

func cmConditional() *dialect {
	return &dialect{
		product: exchange.CM, list: listStrategy, kind: "strategyType", id: "newClientStrategyId", trigger: "stopPrice",
		activation: "activationPrice", idMax: 36,
	}
}

// The answers to wrong parameters of orders that are not Params' own.
var (
	errSide           = web.Errorf(-1117, "Invalid side.")
	errOrderType      = web.Errorf(-1116, "Invalid orderType.")
	errUseAlgo        = web.Errorf(-4120, "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.")
	errTimeInForce    = web.Errorf(-1115, "Invalid timeInForce.")
	errRespType       = web.Errorf(-1136, "Invalid newOrderRespType.")
	errPositionSide   = web.Errorf(-4060, "Invalid position side.")
	errReduceOnly     = web.Errorf(-4062, "Invalid or improper reduceOnly value.")
	errWorkingType    = web.Errorf(-4031, "Invalid parameter working type")
	errPriceMatch     = web.Errorf(-5037, "Invalid price match")
	errPriceMatchType = web.Errorf(-5038, "Price match only supports order type: LIMIT, STOP AND TAKE_PROFIT")
	errPrevention     = web.Errorf(-5039, "Invalid self trade prevention mode")
	errPrecision      = web.Errorf(-1111, "Precision is over the maximum defined for this asset.")
	errClientID       = web.Errorf(-4015, "Client order id is not valid.")
	errClientIDLong   = web.Errorf(-4015, "Client order id length should not be more than 36 chars")
	errSymbol         = web.Errorf(-1121, "Invalid symbol.")
	errGoodTill       = web.Errorf(-5040, "The goodTillDate timestamp must be greater than the current time plus 600 seconds and smaller than 253402300799000 (UTC 9999-12-31 23:59:59)")
)

// symbol reads a mandatory symbol of a product; nil when something is wrong.
func (s *Sim) symbol(c *web.Call, p exchange.Product) *exchange.Instrument {
	name := c.Need("symbol")
	in, err := s.ins.Find(p, name)
	if err != nil {
		c.Fail(errSymbol)
	}
	if c.Err() != nil {
		return nil
	}
	return in
}

// read reads a new order; what is wrong with its words is answered here, and what is wrong
// with its numbers by the venue.
func (d *dialect) read(s *Sim, c *web.Call) (*record, *web.Error) {
	in := s.symbol(c, d.product)
	if in == nil {
		return nil, c.Err()
	}
	o := &record{product: d.product, list: d.list}
	o.Request = exchange.OrderRequest{Inst: in.ID, Side: readSide(c), Type: d.readType(c)}
	o.name = readClientID(c, d.id, d.idMax)
	d.readModes(s, c, &o.Request)
	if d.responds {
		c.OneOf("newOrderRespType", errRespType, "ACK", "RESULT")
	}
	if c.Err() != nil {
		return nil, c.Err()
	}
	d.readTime(c, &o.Request)
	d.readNumbers(c, in, &o.Request)
	if d.list != listOrders {
		d.readTrigger(c, in, &o.Request)
	}
	o.priceMatch = o.Request.PriceMatch
	return o, c.Err()
}

func readSide(c *web.Call) exchange.Side {
	side, err := exchange.ParseSide(c.Need("side"))
	if err != nil {
		c.Fail(errSide)
	}
	return side
}

// readType reads the kind of order. The endpoints of plain orders send conditional ones
// elsewhere, and those of conditional orders do not take plain ones.
func (d *dialect) readType(c *web.Call) exchange.OrderType {
	t, err := exchange.ParseOrderType(c.Need(d.kind))
	switch {
	case err != nil || t == exchange.OCO:
		c.Fail(errOrderType)
	case d.list == listOrders && t.Conditional() && d.product == exchange.UM:
		c.Fail(errUseAlgo)
	case d.list == listOrders && t.Conditional():
		c.Fail(errOrderType)
	case d.list == listAlgo && !t.Conditional():
		c.Fail(invalid("orderType"))
	case d.list == listStrategy && !t.Conditional():
		c.Fail(invalid("strategyType"))
	}
	return t
}

// readClientID reads a client id that may be left out. The message of those that are too
// long says 36 everywhere, also where 32 are allowed.
func readClientID(c *web.Call, name string, most int) string {
	id := c.Text(name)
	switch legal := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune(".:/_-", r)
	}; {
	case strings.ContainsFunc(id, func(r rune) bool { return !legal(r) }):
		c.Fail(errClientID)
	case len(id) > most:
		c.Fail(errClientIDLong)
	}
	return id
}

// readModes reads the flags of an order.
func (d *dialect) readModes(s *Sim, c *web.Call, r *exchange.OrderRequest) {
	if v := c.OneOf("positionSide", errPositionSide, "BOTH", "LONG", "SHORT"); v != "" {
		r.PositionSide, _ = exchange.ParsePositionSide(v)
	}
	if s.venue.Hedged() {
		c.Unwanted("reduceOnly")
	}
	r.ReduceOnly = c.OneOf("reduceOnly", errReduceOnly, "true", "false") == "true"
	if d.list != listOrders {
		r.PriceProtect = c.Bool("priceProtect")
		if c.OneOf("workingType", errWorkingType, "CONTRACT_PRICE", "MARK_PRICE") == "MARK_PRICE" {
			r.WorkingType = exchange.MarkPrice
		}
	}
	if d.closes {
		r.ClosePosition = c.Bool("closePosition")
	}
	if d.prevents {
		r.STP = readPrevention(c)
	}
	if d.matches {
		r.PriceMatch = readPriceMatch(c, r.Type)
	}
}

func readPrevention(c *web.Call) exchange.STP {
	switch c.OneOf("selfTradePreventionMode", errPrevention, "NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH") {
	case "NONE":
		return exchange.STPNone
	case "EXPIRE_TAKER":
		return exchange.ExpireTaker
	case "EXPIRE_MAKER":
		return exchange.ExpireMaker
	case "EXPIRE_BOTH":
		return exchange.ExpireBoth
	default:
		return exchange.STPDefault
	}
}

// readPriceMatch reads how the engine is to set the price. OPPONENT_10 and OPPONENT_20 have
// been withdrawn in October 2025; that they are back is told by connectors only.
func readPriceMatch(c *web.Call, t exchange.OrderType) exchange.PriceMatch {
	words := [...]string{"", "OPPONENT", "OPPONENT_5", "", "", "QUEUE", "QUEUE_5", "QUEUE_10", "QUEUE_20"}
	v := c.Text("priceMatch")
	if v == "" {
		return exchange.PriceMatchNone
	}
	for i, word := range words {
		switch {
		case v != word:
		case t.Market():
			c.Fail(errPriceMatchType)
		case c.Has("price"):
			c.Fail(errPriceMatch)
		default:
			return exchange.PriceMatch(i)
		}
	}
	c.Fail(errPriceMatch)
	return exchange.PriceMatchNone
}

// goodTillEnd is the first millisecond that no GTD order may name: the last second of the
// year 9999.
const goodTillEnd = 253402300799000

// readTime reads how long an order works. MARKET orders have no time in force; those that
// a trigger makes may say GTC.
func (d *dialect) readTime(c *web.Call, r *exchange.OrderRequest) {
	words := []string{"GTC", "IOC", "FOK", "GTX"}
	if d.goodTill {
		words = append(words, "GTD")
	}
	switch {
	case r.Type == exchange.Limit:
		c.Need("timeInForce")
	case r.Type.Market() && (!r.Type.Conditional() || c.Text("timeInForce") != "GTC"):
		c.Unwanted("timeInForce")
	}
	if v := c.OneOf("timeInForce", errTimeInForce, words...); v != "" {
		r.TimeInForce, _ = exchange.ParseTimeInForce(v)
	}
	if !d.goodTill {
		return
	}
	if r.TimeInForce != exchange.GTD {
		c.Unwanted("goodTillDate")
		return
	}
	c.Need("goodTillDate")
	till := c.Int("goodTillDate")
	if till <= c.At.Millis()+600_000 || till >= goodTillEnd {
		c.Fail(errGoodTill)
	}
	r.GoodTill = exchange.Millis(till - till%1000)
}

// readNumbers reads quantity and price, as far as the kind needs them.
func (d *dialect) readNumbers(c *web.Call, in *exchange.Instrument, r *exchange.OrderRequest) {
	if !r.ClosePosition {
		c.Need("quantity")
	}
	r.Qty = readGrid(c, "quantity", in.LotFor(r.Type).Step)
	switch {
	case r.Type.Market():
		c.Unwanted("price")
	case r.PriceMatch == exchange.PriceMatchNone:
		c.Need("price")
		r.Price = readPrice(c, "price", in)
	}
}

// readPrice reads a price that may have as many decimals as exchangeInfo says. Whether it is
// a whole number of ticks, the venue looks at.
func readPrice(c *web.Call, name string, in *exchange.Instrument) exchange.Fixed {
	u := exchange.FixedOne
	for range public.PricePlaces(in) {
		u /= 10
	}
	return readGrid(c, name, u)
}

// readGrid reads a number that may have as many decimals as the steps of its grid.
func readGrid(c *web.Call, name string, step exchange.Fixed) exchange.Fixed {
	f := c.Fixed(name)
	if step > 0 && f%unit(step) != 0 && f != exchange.FixedMax {
		c.Fail(errPrecision)
	}
	return f
}

// readTrigger reads what belongs to conditional orders. UM's endpoint does not insist on a
// trigger price: without one the order is taken and never fires.
func (d *dialect) readTrigger(c *web.Call, in *exchange.Instrument, r *exchange.OrderRequest) {
	if r.ClosePosition && r.Type != exchange.StopMarket && r.Type != exchange.TakeProfitMarket {
		c.Unwanted("closePosition")
	}
	if r.ClosePosition {
		c.Unwanted("reduceOnly")
	}
	if r.Type == exchange.TrailingStopMarket {
		c.Unwanted(d.trigger)
		c.Need("callbackRate")
		r.Callback = c.Fixed("callbackRate") / 100
		r.Activation = readPrice(c, d.activation, in)
		return
	}
	c.Unwanted("callbackRate")
	c.Unwanted(d.activation)
	if d.product == exchange.CM {
		c.Need(d.trigger)
	}
	r.Trigger = readPrice(c, d.trigger, in)
}
