package engine

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// chaos throws wishes and answers at a kernel in any order, repeats included, and keeps
// the books in the dumbest way: a set of fills.
type chaos struct {
	*bench
	random  *rand.Rand
	refs    [3]uint64
	names   []string // of orders and children that the kernel may know
	insts   map[string]exchange.InstrumentID
	history []exchange.Event
	counted map[string]bool
	sums    [3][4]decimal.Decimal // by strategy, instrument
	finals  map[exchange.OrderID]int
}

// TestAnyOrderOfEvents holds promises that no sequence of events may break: no panic, an
// order ends at most once, never fills above its quantity, and positions are the sum of
// distinct fills, in the kernel as in the guard.
func TestAnyOrderOfEvents(t *testing.T) {
	for seed := range uint64(40) {
		c := &chaos{
			bench: opened(t), random: rand.New(rand.NewPCG(seed, 5)), insts: map[string]exchange.InstrumentID{},
			counted: map[string]bool{}, finals: map[exchange.OrderID]int{},
		}
		c.share = func(e *exchange.Event) { // the house had it all
			f := e.Fill()
			part := decimal.NewFromInt(f.Side.Sign()).Mul(f.Qty.Decimal())
			c.sums[0][e.Inst] = c.sums[0][e.Inst].Sub(part)
			c.sums[f.Strategy][e.Inst] = c.sums[f.Strategy][e.Inst].Add(part)
		}
		defer func() {
			if p := recover(); p != nil {
				t.Fatalf("seed %d: %v", seed, p)
			}
		}()
		for range 500 {
			c.step()
		}
		c.check(t, seed)
	}
}

func (c *chaos) step() {
	c.now += exchange.Time(c.random.Int64N(100_000_000))
	switch c.random.IntN(10) {
	case 0, 1:
		c.wishes()
	case 2, 3, 4:
		c.update()
	case 5, 6:
		c.fills()
	case 7:
		if len(c.history) > 0 { // the stream repeats itself
			e := c.history[c.random.IntN(len(c.history))]
			c.give(e)
		}
	default:
		e := exchange.Event{At: c.now, Inst: exchange.InstrumentID(1 + c.random.IntN(2))}
		e.SetMark(exchange.Mark{Price: exchange.Fixed(59_000+c.random.Int64N(2000)) * exchange.FixedOne})
		c.give(e)
		e.SetTrade(exchange.Trade{Price: e.Mark().Price, Qty: 1})
		c.give(e)
	}
}

func (c *chaos) wishes() {
	who := 1 + c.random.IntN(2)
	in := exchange.Intent{Kind: exchange.IntentKind(c.random.IntN(6)), Strategy: exchange.StrategyID(who), Ref: uint64(c.random.IntN(int(c.refs[who]) + 2))}
	r := &in.Request
	r.Inst = exchange.InstrumentID(1 + c.random.IntN(2))
	r.Price, r.Qty = 59_000*exchange.FixedOne, exchange.Fixed(1+c.random.Int64N(5))*exchange.FixedOne/100
	if r.Inst == 2 {
		r.Qty = exchange.Fixed(1+c.random.Int64N(50)) * exchange.FixedOne
	}
	if in.Kind <= exchange.IntentNew {
		in.Kind = exchange.IntentNew
		c.refs[who]++
		in.Ref = c.refs[who]
		r.Side = exchange.Side(1 + c.random.IntN(2))
		switch r.Type = exchange.OrderType(1 + c.random.IntN(4)); {
		case r.Type == exchange.Limit && r.Side == exchange.Sell:
			r.Price = 61_000 * exchange.FixedOne
		case r.Type == exchange.Market:
			r.Price = 0
		case r.Type.Conditional():
			r.Trigger = 60_000 * exchange.FixedOne
		}
	}
	before := c.kernel.lastOrder
	if err := c.driver.Wish(&Wishes{Intents: []exchange.Intent{in}}, c.now); err != nil {
		panic(err)
	}
	c.learn(before)
}

// learn takes down the orders that were made since one.
func (c *chaos) learn(before exchange.OrderID) {
	for id := before + 1; id <= c.kernel.lastOrder; id++ {
		if o := c.kernel.orders.byID[id]; o != nil {
			c.names, c.insts[o.ClientID] = append(c.names, o.ClientID), o.Request.Inst
		}
	}
}

// update is any news of any order, with figures that an exchange could give.
func (c *chaos) update() {
	if len(c.names) == 0 {
		return
	}
	name := c.names[c.random.IntN(len(c.names))]
	u := exchange.OrderUpdate{ClientID: name, Status: exchange.OrderStatus(c.random.IntN(int(exchange.StatusNotArrived) + 3))}
	if c.random.IntN(3) > 0 {
		u.Status = exchange.OrderStatus(int(exchange.StatusWorking) + c.random.IntN(2))
	}
	o := c.kernel.orders.byName[name]
	if o != nil && c.random.IntN(2) == 0 {
		u.Price, u.Qty = o.Request.Price, o.Request.Qty
		if o.asked != nil && o.asked.Qty >= o.Filled && c.random.IntN(2) == 0 {
			u.Price, u.Qty = o.asked.Price, o.asked.Qty
		}
	}
	if c.random.IntN(8) == 0 {
		u.Filled = exchange.Fixed(c.random.Int64()) - exchange.FixedMax/2
	}
	if c.random.IntN(8) == 0 {
		u.Code = -2011
	}
	if u.Status == exchange.StatusTriggered && o != nil && !o.Status.Final() && o.Parent == 0 {
		u.Child = "child-" + name
		if c.insts[u.Child] == 0 {
			c.names, c.insts[u.Child] = append(c.names, u.Child), c.insts[name]
		}
	}
	e := exchange.Event{At: c.now, Inst: c.insts[name]}
	e.SetOrderUpdate(&u)
	c.history = append(c.history, e)
	c.give(e)
}

// fills are ours or forced, with few trade ids, so that they repeat.
func (c *chaos) fills() {
	name := fmt.Sprintf("autoclose-%d", c.random.IntN(5))
	inst := exchange.InstrumentID(1 + c.random.IntN(2))
	if len(c.names) > 0 && c.random.IntN(5) > 0 {
		name = c.names[c.random.IntN(len(c.names))]
		inst = c.insts[name]
	}
	f := exchange.Fill{
		ClientID: name, TradeID: c.random.Int64N(8), Side: exchange.Side(1 + c.random.IntN(2)), Price: 60_000 * exchange.FixedOne,
		Qty: exchange.Fixed(1+c.random.Int64N(3)) * exchange.FixedOne / 100,
	}
	if inst == 2 {
		f.Qty *= 100
	}
	if o := c.kernel.orders.byName[name]; o != nil {
		f.Side = o.Request.Side
	}
	e := exchange.Event{At: c.now, Inst: inst}
	e.SetFill(&f)
	c.history = append(c.history, e)
	c.give(e)
}

// give delivers a copy of an event and keeps the books.
func (c *chaos) give(e exchange.Event) {
	e.At = max(e.At, c.now)
	var ended exchange.OrderID
	switch e.Kind {
	case exchange.KindOrderUpdate:
		u := *e.OrderUpdate()
		e.SetOrderUpdate(&u)
		if o := c.kernel.orders.find(u.ID, u.ClientID); o != nil && !o.Status.Final() {
			ended = o.ID
		}
	case exchange.KindFill:
		f := *e.Fill()
		e.SetFill(&f)
	}
	c.shown = c.shown[:0]
	if err := c.driver.Deliver(&e); err != nil {
		panic(err)
	}
	stale := !slices.Contains(c.shown, e.Seq)
	switch {
	case e.Kind == exchange.KindOrderUpdate && !stale && e.OrderUpdate().Status.Final() && e.OrderUpdate().ID != 0:
		c.finals[e.OrderUpdate().ID]++
		if ended == 0 {
			panic("an order that was over ended again")
		}
	case e.Kind == exchange.KindFill:
		f := e.Fill()
		key := fmt.Sprint(e.Inst, f.TradeID, f.ClientID)
		if stale != c.counted[key] {
			panic(fmt.Sprintf("fill %s: stale is %v", key, stale))
		}
		if !c.counted[key] {
			c.counted[key] = true
			sum := &c.sums[f.Strategy][e.Inst]
			*sum = sum.Add(decimal.NewFromInt(f.Side.Sign()).Mul(f.Qty.Decimal()))
		}
	}
	for _, o := range c.kernel.Orders() {
		if o.Status.Final() || o.Request.Qty > 0 && o.Filled > o.Request.Qty || o.Filled < 0 {
			panic(fmt.Sprintf("open order %+v", o))
		}
	}
}

func (c *chaos) check(t *testing.T, seed uint64) {
	for id, n := range c.finals {
		if n > 1 {
			t.Errorf("seed %d: order %d ended %d times", seed, id, n)
		}
	}
	position := [3]decimal.Decimal{}
	for s := range c.sums {
		for inst := 1; inst <= 2; inst++ {
			position[inst] = position[inst].Add(c.sums[s][inst])
			if got := c.kernel.holdings[s][inst][exchange.Both]; !got.Equal(c.sums[s][inst]) {
				t.Errorf("seed %d: strategy %d holds %v of %d, its fills sum to %v", seed, s, got, inst, c.sums[s][inst])
			}
		}
	}
	// The guard's margin needs the same whole positions as one that took them at once.
	other := opened(t)
	for inst := exchange.InstrumentID(1); inst <= 2; inst++ {
		side, qty := exchange.Buy, position[inst]
		if qty.IsNegative() {
			side, qty = exchange.Sell, qty.Neg()
		}
		e := exchange.Event{At: c.now, Inst: inst}
		e.SetMark(exchange.Mark{Price: 60_000 * exchange.FixedOne})
		c.give(e)
		if err := other.driver.Deliver(&e); err != nil {
			t.Fatal(err)
		}
		size, err := exchange.FixedFromDecimal(qty, exchange.RoundDown)
		if err != nil {
			t.Fatal(err)
		}
		e.SetFill(&exchange.Fill{ClientID: "sum", TradeID: int64(inst), Side: side, Qty: size, Price: 60_000 * exchange.FixedOne})
		if err := other.driver.Deliver(&e); err != nil {
			t.Fatal(err)
		}
	}
	if a, b := c.guard.Account().MaintMargin, other.guard.Account().MaintMargin; !a.Equal(b) {
		t.Errorf("seed %d: the guard needs %v of maintenance margin, whole positions need %v", seed, a, b)
	}
}

// TestClosedOrdersAreForgotten: memory of what is over is bounded, and what was
// forgotten is nobody's.
func TestClosedOrdersAreForgotten(t *testing.T) {
	orders := newOrders(new(foreign))
	for id := exchange.OrderID(1); id <= closedMax+10; id++ {
		o := orders.add(exchange.Order{ID: id, ClientID: fmt.Sprint(id), Status: exchange.StatusWorking})
		if !orders.update(o, &exchange.OrderUpdate{Status: exchange.StatusCanceled}, 1, 0) {
			t.Fatal("the end of an order is news")
		}
	}
	if len(orders.open) != 0 || len(orders.byID) != closedMax || len(orders.byName) != closedMax || len(orders.closed) != closedMax {
		t.Errorf("%d open, %d and %d remembered, ring %d", len(orders.open), len(orders.byID), len(orders.byName), len(orders.closed))
	}
	for id, known := range map[exchange.OrderID]bool{10: false, 11: true, closedMax + 10: true} {
		if got := orders.find(id, fmt.Sprint(id)) != nil; got != known {
			t.Errorf("order %d is known: %v, want %v", id, got, known)
		}
	}
	var f foreign
	for trade := range int64(foreignMax + 10) {
		if !f.count(1, &exchange.Fill{TradeID: trade}) || f.count(1, &exchange.Fill{TradeID: trade}) {
			t.Fatal("a fill is new once")
		}
	}
	if len(f.seen) != foreignMax || len(f.ring) != foreignMax || !f.count(1, &exchange.Fill{TradeID: 9}) || f.count(1, &exchange.Fill{TradeID: 11}) {
		t.Errorf("%d seen, ring %d", len(f.seen), len(f.ring))
	}
}
