package journal

import (
	"fmt"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

func (c *codec) request(r *exchange.OrderRequest) {
	unsigned(c, &r.Inst)
	tick, step := c.units(r.Inst)
	unsigned(c, &r.Side)
	unsigned(c, &r.PositionSide)
	unsigned(c, &r.Type)
	unsigned(c, &r.TimeInForce)
	scaled(c, &r.Qty, step, 0)
	scaled(c, &r.Price, tick, 0)
	scaled(c, &r.Trigger, tick, 0)
	scaled(c, &r.StopPrice, tick, 0)
	unsigned(c, &r.WorkingType)
	c.flag(&r.PriceProtect)
	scaled(c, &r.Activation, tick, 0)
	signed(c, &r.Callback)
	c.flag(&r.ReduceOnly)
	c.flag(&r.ClosePosition)
	scaled(c, &r.GoodTill, second, 0)
	unsigned(c, &r.PriceMatch)
	unsigned(c, &r.STP)
	unsigned(c, &r.SideEffect)
	signed(c, &r.QuoteQty)
	scaled(c, &r.Iceberg, step, 0)
}

func (c *codec) order(o *exchange.Order) { c.orderLike(o, &exchange.OrderRequest{}) }

// orderLike is an order whose request often is one that is known.
func (c *codec) orderLike(o *exchange.Order, known *exchange.OrderRequest) {
	unsigned(c, &o.ID)
	unsigned(c, &o.Strategy)
	unsigned(c, &o.Ref)
	same := c.writing && o.Request == *known
	c.flag(&same)
	switch {
	case !same:
		c.request(&o.Request)
	case !c.writing:
		o.Request = *known
	}
	_, step := c.units(o.Request.Inst)
	unsigned(c, &o.Status)
	c.text(&o.ClientID)
	signed(c, &o.VenueID)
	unsigned(c, &o.Parent)
	scaled(c, &o.Filled, step, 0)
	scaled(c, &o.Created, 1, c.memory.at)
	scaled(c, &o.Updated, 1, o.Created)
}

// The parts that an intent may have.
const (
	intentMoney byte = 1 << iota
	intentAnswers
	intentPair
)

func (c *codec) intent(i *exchange.Intent) {
	unsigned(c, &i.Kind)
	unsigned(c, &i.Strategy)
	unsigned(c, &i.Ref)
	c.request(&i.Request)
	c.text(&i.Tag)
	c.text(&i.By)
	unsigned(c, &i.Order)
	var has byte
	if i.Asset != "" || i.Amount != 0 {
		has |= intentMoney
	}
	if i.Answers != 0 {
		has |= intentAnswers
	}
	if i.Pair != (exchange.Pair{}) {
		has |= intentPair
	}
	if c.octet(&has); has > intentMoney|intentAnswers|intentPair {
		c.fail(fmt.Errorf("an intent has no parts %d", has))
	}
	if has&intentMoney != 0 {
		c.text(&i.Asset)
		signed(c, &i.Amount)
	}
	if has&intentAnswers != 0 {
		scaled(c, &i.Answers, 1, c.memory.at)
	}
	if p := &i.Pair; has&intentPair != 0 {
		unsigned(c, &p.Hedge)
		unsigned(c, &p.HedgeSide)
		signed(c, &p.Slice)
		signed(c, &p.Timeout)
		signed(c, &p.Tries)
	}
}

func (c *codec) refusal(r *exchange.Refusal) { c.refusalLike(r, &exchange.Intent{}) }

// refusalLike is a refusal of what often is a wish that is known.
func (c *codec) refusalLike(r *exchange.Refusal, known *exchange.Intent) {
	same := c.writing && r.Intent == *known
	c.flag(&same)
	switch {
	case !same:
		c.intent(&r.Intent)
	case !c.writing:
		r.Intent = *known
	}
	c.text(&r.Rule)
	c.text(&r.Limit)
	c.text(&r.Value)
	c.text(&r.Passes)
}

func (c *codec) timer(t *exchange.Timer) {
	unsigned(c, &t.Strategy)
	unsigned(c, &t.ID)
	scaled(c, &t.Due, 1, c.memory.at)
}

func (c *codec) state(s *exchange.StateChange) {
	unsigned(c, &s.Inst)
	unsigned(c, &s.Strategy)
	unsigned(c, &s.State)
	unsigned(c, &s.Cause)
	unsigned(c, &s.Effective)
	c.flag(&s.Accept)
	c.text(&s.Reason)
	c.text(&s.By)
}

func (c *codec) alert(a *exchange.Alert) {
	c.text(&a.Control)
	unsigned(c, &a.Strategy)
	c.text(&a.Asset)
	unsigned(c, &a.Severity)
	c.flag(&a.Over)
	c.text(&a.Value)
	c.text(&a.Limit)
}

func (c *codec) strategy(s *exchange.StrategyChange) {
	unsigned(c, &s.Strategy)
	c.flag(&s.Running)
	c.text(&s.Reason)
	c.flag(&s.Clears)
	c.text(&s.Print)
}

func (c *codec) start(s *exchange.Start) {
	c.text(&s.Prefix)
	c.text(&s.Version)
	c.text(&s.Config)
	c.text(&s.Mode)
}

func (c *codec) reload(r *exchange.Reload) {
	c.bytes(&r.Limits)
	c.text(&r.By)
	c.text(&r.Reason)
}

func (c *codec) act(a *exchange.Act) {
	unsigned(c, &a.ID)
	unsigned(c, &a.Strategy)
	unsigned(c, &a.Kind)
	unsigned(c, &a.Product)
	unsigned(c, &a.Inst)
	c.text(&a.Asset)
	list(c, &a.Assets, (*codec).text)
	c.decimal(&a.Amount)
	signed(c, &a.Leverage)
	c.flag(&a.On)
}

func (c *codec) openAct(a *exchange.OpenAct) {
	c.act(&a.Act)
	unsigned(c, &a.Ref)
	unsigned(c, &a.Status)
	c.text(&a.By)
	c.text(&a.Tag)
	signed(c, &a.Transaction)
	c.flag(&a.Booked)
	scaled(c, &a.Created, 1, c.memory.at)
	scaled(c, &a.Updated, 1, a.Created)
}

// lot, instrument and header are the beginning of a segment.
func (c *codec) lot(l *exchange.Lot) {
	signed(c, &l.Min)
	signed(c, &l.Max)
	signed(c, &l.Step)
}

func (c *codec) instrument(in *exchange.Instrument) {
	unsigned(c, &in.ID)
	unsigned(c, &in.Product)
	c.text(&in.Symbol)
	c.text(&in.Pair)
	c.text(&in.Base)
	c.text(&in.Quote)
	c.text(&in.MarginAsset)
	c.text(&in.ContractType)
	c.text(&in.Status)
	signed(c, &in.ContractSize)
	scaled(c, &in.Onboard, exchange.Time(time.Second), 0)
	scaled(c, &in.Delivery, exchange.Time(time.Second), 0)
	signed(c, &in.PriceMin)
	signed(c, &in.PriceMax)
	signed(c, &in.Tick)
	c.lot(&in.Lot)
	c.lot(&in.MarketLot)
	signed(c, &in.NotionalMin)
	signed(c, &in.PercentUp)
	signed(c, &in.PercentDown)
	signed(c, &in.OrdersMax)
	signed(c, &in.AlgoOrdersMax)
	signed(c, &in.TriggerProtect)
	signed(c, &in.MarketTakeBound)
	signed(c, &in.LiquidationFee)
	list(c, &in.OrderTypes, unsigned[exchange.OrderType])
	list(c, &in.TimesInForce, unsigned[exchange.TimeInForce])
}
