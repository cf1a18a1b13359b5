package venue

import (
	"fmt"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// habit is something that the random account does, and how often.
type habit struct {
	weight int
	do     func(*generator)
}

// habits is a function because the habits use what it is made of.
func habits() []habit {
	return []habit{
		{60, (*generator).order},
		{12, (*generator).cancel},
		{12, (*generator).amend},
		{5, (*generator).pay},
		{2, (*generator).rule},
	}
}

// wish does one thing of the habits.
func (g *generator) wish() {
	if g.idle {
		return
	}
	list := habits()
	sum := 0
	for _, h := range list {
		sum += h.weight
	}
	n := g.rng.IntN(sum)
	for _, h := range list {
		if n -= h.weight; n < 0 {
			h.do(g)
			return
		}
	}
}

// order sends a new order.
func (g *generator) order() { g.send(g.request()) }

func (g *generator) send(r exchange.OrderRequest) {
	id := exchange.OrderID(len(g.orders) + 1)
	o := exchange.Order{ID: id, Strategy: 1, Ref: uint64(id), ClientID: fmt.Sprintf("o-%d", id), Status: exchange.StatusPendingNew, Request: r}
	g.orders = append(g.orders, o)
	g.ops = append(g.ops, op{at: g.at, order: o})
}

// old is one of the last orders, or sometimes what may be the child of one.
func (g *generator) old() (exchange.Order, bool) {
	if len(g.orders) == 0 {
		return exchange.Order{}, false
	}
	o := g.orders[len(g.orders)-1-g.rng.IntN(min(len(g.orders), 20))]
	if g.rng.IntN(10) == 0 {
		o.ClientID = fmt.Sprintf("child-%d", g.rng.IntN(2*len(g.orders)+1))
	}
	return o, true
}

func (g *generator) cancel() {
	if o, ok := g.old(); ok {
		g.ops = append(g.ops, op{at: g.at, order: o, cancel: true})
	}
}

func (g *generator) amend() {
	o, ok := g.old()
	if !ok {
		return
	}
	if g.rng.IntN(2) == 0 {
		o.Request.Price = g.near(g.stage(o.Request.Inst))
	}
	if g.rng.IntN(2) == 0 {
		o.Request.Qty = max(o.Request.Qty/2, o.Request.Qty-exchange.FixedOne).Round(exchange.FixedOne/1000, exchange.RoundDown)
	}
	g.ops = append(g.ops, op{at: g.at, order: o, amend: true})
}

func (g *generator) stage(inst exchange.InstrumentID) stage {
	for _, s := range stages {
		if s.inst == inst {
			return s
		}
	}
	return stages[0] // of orders on what does not trade
}

// near is a limit or trigger about the price: within one percent, and seldom far away.
func (g *generator) near(s stage) exchange.Fixed {
	span := 100
	if g.rng.IntN(10) == 0 {
		span = 500
	}
	return g.fixed(s) + exchange.Fixed(g.rng.IntN(2*span+1)-span)*exchange.FixedOne/10
}

var orderKinds = []exchange.OrderType{
	exchange.Limit, exchange.Limit, exchange.Limit, exchange.Market, exchange.Stop, exchange.StopMarket,
	exchange.TakeProfit, exchange.TakeProfitMarket, exchange.TrailingStopMarket,
}

func (g *generator) request() exchange.OrderRequest {
	r := exchange.OrderRequest{
		Inst: stages[g.rng.IntN(len(stages))].inst, Side: exchange.Side(1 + g.rng.IntN(2)),
		Type:       orderKinds[g.rng.IntN(len(orderKinds))],
		Qty:        exchange.Fixed(1+g.rng.IntN(20)) * exchange.FixedOne,
		ReduceOnly: g.rng.IntN(5) == 0,
	}
	if g.rng.IntN(50) == 0 {
		r.Inst = instClosed
	}
	s := g.stage(r.Inst)
	if g.hedge && s.marks {
		r.PositionSide, r.ReduceOnly = g.leg(), false
		if g.rng.IntN(50) == 0 {
			r.PositionSide = exchange.Both
		}
	}
	switch r.Inst {
	case instUM, instETH, instUMDated:
		r.Qty = (r.Qty / 4).Round(exchange.FixedOne/1000, exchange.RoundDown)
	case instSpot, instSpotETH, instSpotBNB:
		g.margin(&r)
	}
	if !r.Type.Market() {
		r.Price = g.near(s)
		r.TimeInForce = exchange.TimeInForce(g.rng.IntN(4))
		if s.inst == instUM && g.rng.IntN(5) == 0 {
			r.TimeInForce, r.GoodTill = exchange.GTD, g.at.Add(time.Duration(11+g.rng.IntN(30))*time.Minute)
		}
	}
	if s.inst != instCM && s.inst != instCMDated && g.rng.IntN(3) == 0 {
		r.STP = exchange.STP(g.rng.IntN(5))
	}
	if s.depth && s.marks && r.Type == exchange.Limit && g.rng.IntN(4) == 0 {
		r.Price, r.PriceMatch = 0, exchange.PriceMatch(1+g.rng.IntN(8))
	}
	switch {
	case r.Type == exchange.OCO:
		g.oco(&r, s)
	case r.Type.Conditional():
		g.condition(&r, s)
	}
	if r.Inst == instSpotETH || r.Inst == instSpotBNB || r.Inst == instSpot {
		g.spotRules(&r)
	}
	return r
}

// oco gives an OCO its prices: limit beyond the last price on one side, trigger on the
// other.
func (g *generator) oco(r *exchange.OrderRequest, s stage) {
	up, down := g.fixed(s)+g.away(), g.fixed(s)-g.away()
	r.Price, r.Trigger = down, up
	if r.Side == exchange.Sell {
		r.Price, r.Trigger = up, down
	}
	r.TimeInForce = exchange.GTC
	if g.rng.IntN(2) == 0 {
		r.StopPrice = r.Trigger + exchange.Fixed(g.rng.IntN(11)-5)*exchange.FixedOne/10
	}
	if r.SideEffect == exchange.AutoBorrowRepay {
		r.SideEffect = exchange.MarginBuy
	}
}

// away is a distance of up to one percent.
func (g *generator) away() exchange.Fixed {
	return exchange.Fixed(1+g.rng.IntN(100)) * exchange.FixedOne / 10
}

// spotRules leaves out what margin pairs do not take, except now and then.
func (g *generator) spotRules(r *exchange.OrderRequest) {
	if g.rng.IntN(30) == 0 {
		return
	}
	r.WorkingType, r.PriceProtect = exchange.ContractPrice, false
	if r.Type == exchange.Limit && r.TimeInForce == exchange.GTC && g.rng.IntN(4) == 0 {
		r.Iceberg = (r.Qty / 2).Round(exchange.FixedOne/1000, exchange.RoundDown)
	}
	if r.TimeInForce == exchange.GTX && r.Type != exchange.Limit {
		r.TimeInForce = exchange.GTC
	}
}

// margin makes an order one on a margin pair.
func (g *generator) margin(r *exchange.OrderRequest) {
	r.Qty = (r.Qty / 16).Round(exchange.FixedOne/1000, exchange.RoundDown)
	r.ReduceOnly = false
	r.SideEffect = exchange.SideEffect(g.rng.IntN(4))
	if r.Type == exchange.TrailingStopMarket {
		r.Type = exchange.OCO
	}
	if r.Type == exchange.Market && g.rng.IntN(4) == 0 {
		r.Qty, r.QuoteQty = 0, exchange.Fixed(10+g.rng.IntN(1000))*exchange.FixedOne
	}
}

// condition gives an order its trigger.
func (g *generator) condition(r *exchange.OrderRequest, s stage) {
	r.Trigger = g.near(s)
	if rises := (r.Side == exchange.Buy) == (r.Type == exchange.Stop || r.Type == exchange.StopMarket); g.rng.IntN(4) > 0 {
		if r.Trigger = g.fixed(s) - g.away(); rises {
			r.Trigger = g.fixed(s) + g.away()
		}
	}
	r.WorkingType = exchange.WorkingType(g.rng.IntN(2))
	r.PriceProtect = g.rng.IntN(4) == 0
	if r.Type == exchange.TrailingStopMarket {
		r.Trigger, r.Callback = 0, exchange.Fixed(1+g.rng.IntN(20))*exchange.FixedOne/1000
		if g.rng.IntN(2) == 0 {
			r.Activation = g.near(s)
		}
	}
	if s.inst == instUM && g.rng.IntN(3) == 0 && (r.Type == exchange.StopMarket || r.Type == exchange.TakeProfitMarket) {
		r.Qty, r.ReduceOnly, r.ClosePosition = 0, false, true
	}
}
