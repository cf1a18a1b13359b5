package venue

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

var seedFlag = flag.Uint64("seed", 0, "run the random tests with this seed only")

// seeds are those of a random test: some fixed ones, or the one asked for.
func seeds(n uint64) []uint64 {
	if *seedFlag != 0 {
		return []uint64{*seedFlag}
	}
	list := make([]uint64, n)
	for i := range list {
		list[i] = uint64(i) + 1
	}
	return list
}

// op is one call on a venue: a market event, an order, an amend or a cancel.
type op struct {
	at     exchange.Time
	event  exchange.Event
	order  exchange.Order
	amend  bool
	cancel bool
}

// do makes the call; whole runs a market event without asking whether it is quiet.
func (o *op) do(v *Venue, whole bool) {
	switch {
	case o.event.Kind != 0:
		e := o.event
		v.digest(&e, !whole && v.Quiet(&e))
	case o.cancel:
		v.Cancel(o.order, o.at)
	default:
		v.receive(o.order, o.amend, o.at)
	}
}

// generator writes a random market with random orders, by a seed. UM BTCUSDT has bars,
// BTCUSD_PERP trades, the margin pair bars, and ETHUSDT tickers and trades.
type generator struct {
	rng    *rand.Rand
	at     exchange.Time
	price  [5]int64 // in ticks of 0.1
	orders []exchange.Order
	ops    []op
}

func randomConfig(rng *rand.Rand) Config {
	c := testConfig()
	c.Slippage = exchange.Fixed(rng.IntN(3)) * exchange.FixedOne / 2000
	c.UM.Maker = exchange.Fixed(rng.IntN(3)-1) * exchange.FixedOne / 10000
	c.Margin.Taker = exchange.MustFixed("0.00074999")
	d := decimal.RequireFromString
	c.Balances = []Balance{
		{exchange.WalletUM, "USDT", d("60000.123")}, {exchange.WalletCM, "BTC", d("3")},
		{exchange.WalletMargin, "BTC", d("5")}, {exchange.WalletMargin, "USDT", d("8000")},
	}
	if rng.IntN(2) == 0 { // poor enough to be liquidated
		c.Leverage = 20
		c.Balances = []Balance{{exchange.WalletUM, "USDT", d("1000")}, {exchange.WalletMargin, "BTC", d("0.2")}}
		near := margin.Brackets{Product: exchange.UM, Tiers: []margin.Bracket{{Cap: 100_000_000 * exchange.FixedOne, MMR: exchange.FixedOne / 25, Leverage: 20}}}
		c.Tables.UM = map[string]margin.Brackets{"BTCUSDT": near, "ETHUSDT": near, "LTCUSDT": near}
	}
	return c
}

func randomOps(rng *rand.Rand, minutes int) []op {
	g := &generator{rng: rng, at: exchange.TimeOf(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))}
	for i := range g.price {
		g.price[i] = 10000
	}
	g.index("USDT", exchange.FixedOne)
	g.index("BTC", 1000*exchange.FixedOne)
	for minute := range minutes {
		g.minute(minute)
	}
	return g.ops
}

func (g *generator) minute(n int) {
	var bars [5]exchange.Bar
	for _, inst := range []exchange.InstrumentID{1, 3} {
		p := g.move(inst, 30)
		bars[inst] = exchange.Bar{Start: g.at, Interval: time.Minute, Open: p, High: p, Low: p}
		g.event(inst, func(e *exchange.Event) { e.SetBarOpen(exchange.BarOpen{Price: p, Interval: time.Minute}) })
	}
	g.wish()
	for range 6 {
		g.at = g.at.Add(10 * time.Second)
		for _, inst := range []exchange.InstrumentID{1, 3} {
			p, b := g.move(inst, 60), &bars[inst]
			b.High, b.Low, b.Close = max(b.High, p), min(b.Low, p), p
		}
		g.ticks()
		if g.rng.IntN(3) == 0 {
			g.wish()
		}
	}
	for _, inst := range []exchange.InstrumentID{1, 3} {
		b := bars[inst]
		g.event(inst, func(e *exchange.Event) { e.SetBar(&b) })
		g.wish()
	}
	if n%60 == 59 {
		for _, inst := range []exchange.InstrumentID{1, 2, 4} {
			f := exchange.Funding{Rate: exchange.Fixed(g.rng.IntN(100000) - 50000)}
			if g.rng.IntN(2) == 0 {
				f.Mark = g.fixed(inst)
			}
			g.event(inst, func(e *exchange.Event) { e.SetFunding(f) })
		}
	}
}

// ticks are trades, a ticker, marks and an index, as chance wants.
func (g *generator) ticks() {
	for _, inst := range []exchange.InstrumentID{2, 4} {
		t := exchange.Trade{Price: g.move(inst, 40), Qty: exchange.Fixed(1+g.rng.IntN(5)) * exchange.FixedOne}
		g.event(inst, func(e *exchange.Event) { e.SetTrade(t) })
	}
	mid := g.move(4, 20)
	half := exchange.Fixed(1+g.rng.IntN(3)) * exchange.FixedOne / 10
	b := exchange.BookTicker{Bid: mid - half, BidQty: exchange.Fixed(g.rng.IntN(4)) * exchange.FixedOne, Ask: mid + half, AskQty: exchange.FixedOne}
	if g.rng.IntN(20) == 0 {
		b.Ask, b.AskQty = 0, 0
	}
	g.event(4, func(e *exchange.Event) { e.SetBookTicker(b) })
	for _, inst := range []exchange.InstrumentID{1, 2, 4} {
		m := exchange.Mark{Price: g.fixed(inst)}
		g.event(inst, func(e *exchange.Event) { e.SetMark(m) })
	}
	if g.rng.IntN(5) == 0 {
		g.index("BTC", g.fixed(2))
	}
}

func (g *generator) move(inst exchange.InstrumentID, most int) exchange.Fixed {
	g.price[inst] = max(2000, g.price[inst]+int64(g.rng.IntN(2*most+1)-most))
	return g.fixed(inst)
}

func (g *generator) fixed(inst exchange.InstrumentID) exchange.Fixed {
	return exchange.Fixed(g.price[inst]) * exchange.FixedOne / 10
}

func (g *generator) index(asset string, p exchange.Fixed) {
	a := &exchange.AssetIndex{Asset: asset, Price: p}
	g.event(0, func(e *exchange.Event) { e.SetAssetIndex(a) })
}

func (g *generator) event(inst exchange.InstrumentID, set func(*exchange.Event)) {
	e := exchange.Event{At: g.at, Inst: inst}
	set(&e)
	g.ops = append(g.ops, op{at: g.at, event: e})
}

// wish sends an order, or changes or cancels an old one.
func (g *generator) wish() {
	if len(g.orders) > 0 && g.rng.IntN(3) == 0 {
		o := g.orders[len(g.orders)-1-g.rng.IntN(min(len(g.orders), 20))]
		if g.rng.IntN(10) == 0 {
			o.ClientID = fmt.Sprintf("child-%d", g.rng.IntN(2*len(g.orders)+1))
		}
		change := op{at: g.at, order: o, cancel: g.rng.IntN(2) == 0}
		if !change.cancel {
			change.amend = true
			change.order.Request.Price = g.near(o.Request.Inst)
		}
		g.ops = append(g.ops, change)
		return
	}
	id := exchange.OrderID(len(g.orders) + 1)
	o := exchange.Order{ID: id, Strategy: 1, Ref: uint64(id), ClientID: fmt.Sprintf("o-%d", id), Status: exchange.StatusPendingNew, Request: g.request()}
	g.orders = append(g.orders, o)
	g.ops = append(g.ops, op{at: g.at, order: o})
}

func (g *generator) request() exchange.OrderRequest {
	r := exchange.OrderRequest{
		Inst: exchange.InstrumentID(1 + g.rng.IntN(4)), Side: exchange.Side(1 + g.rng.IntN(2)),
		Type: []exchange.OrderType{
			exchange.Limit, exchange.Limit, exchange.Limit, exchange.Market, exchange.Stop, exchange.StopMarket,
			exchange.TakeProfit, exchange.TakeProfitMarket, exchange.TrailingStopMarket,
		}[g.rng.IntN(9)],
		Qty:        exchange.Fixed(1+g.rng.IntN(20)) * exchange.FixedOne,
		ReduceOnly: g.rng.IntN(5) == 0,
	}
	if r.Inst == 3 {
		r.Qty /= 16
		r.Qty = r.Qty.Round(exchange.FixedOne/1000, exchange.RoundDown)
		r.ReduceOnly = false
		r.SideEffect = exchange.SideEffect(g.rng.IntN(4))
	}
	if !r.Type.Market() {
		r.Price = g.near(r.Inst)
		r.TimeInForce = exchange.TimeInForce(g.rng.IntN(4))
		if r.Inst == 1 && g.rng.IntN(5) == 0 {
			r.TimeInForce, r.GoodTill = exchange.GTD, g.at.Add(time.Duration(11+g.rng.IntN(30))*time.Minute)
		}
	}
	if r.Type.Conditional() {
		r.Trigger = g.near(r.Inst)
		r.WorkingType = exchange.WorkingType(g.rng.IntN(2))
		r.PriceProtect = g.rng.IntN(4) == 0
	}
	if r.Inst == 3 && r.Type.Conditional() { // margin pairs have no mark and no trailing stop
		r.WorkingType, r.PriceProtect = exchange.ContractPrice, false
		if r.TimeInForce == exchange.GTX {
			r.TimeInForce = exchange.GTC
		}
		if r.Type == exchange.TrailingStopMarket {
			r.Type = exchange.StopMarket
		}
	}
	if r.Type == exchange.TrailingStopMarket {
		r.Trigger, r.Callback = 0, exchange.Fixed(1+g.rng.IntN(20))*exchange.FixedOne/1000
		if g.rng.IntN(2) == 0 {
			r.Activation = g.near(r.Inst)
		}
	}
	if r.Inst == 1 && g.rng.IntN(3) == 0 && (r.Type == exchange.StopMarket || r.Type == exchange.TakeProfitMarket) {
		r.Qty, r.ReduceOnly, r.ClosePosition = 0, false, true
	}
	return r
}

func (g *generator) near(inst exchange.InstrumentID) exchange.Fixed {
	return g.fixed(inst) + exchange.Fixed(g.rng.IntN(201)-100)*exchange.FixedOne/10
}

// quietRun is the end of the run of events from i on that are all quiet now.
func quietRun(v *Venue, ops []op, i int) int {
	for i < len(ops) && ops[i].event.Kind != 0 && v.Quiet(&ops[i].event) {
		i++
	}
	return i
}

// TestQuiet compares the venue with one that never asks whether an event is quiet: both
// must tell the same, and nothing on events that were called quiet, at their turn or in a
// run looked at before.
func TestQuiet(t *testing.T) {
	quietOnes := 0
	for _, seed := range seeds(12) {
		rng := rand.New(rand.NewPCG(seed, 1))
		c := randomConfig(rng)
		ops := randomOps(rng, 120)
		fast, whole := newVenue(t, c), newVenue(t, c)
		fast.Start(ops[0].at)
		whole.Start(ops[0].at)
		promised := 0
		for i := range ops {
			o := &ops[i]
			if i >= promised {
				promised = quietRun(fast, ops, i)
			}
			quiet := i < promised
			if quiet && !fast.Quiet(&o.event) {
				t.Fatalf("-seed=%d: step %d, %v: quiet in a run, but not at its turn", seed, i, o.event.Kind)
			}
			o.do(fast, false)
			o.do(whole, true)
			a, b := printAll(fast.Events()), printAll(whole.Events())
			if a != b {
				t.Fatalf("-seed=%d: step %d, %v at %v, quiet %v: told\n%sbut in full\n%s", seed, i, o.event.Kind, o.at, quiet, a, b)
			}
			if quiet {
				quietOnes++
				if a != "" {
					t.Fatalf("-seed=%d: step %d, %v: quiet, but told\n%s", seed, i, o.event.Kind, a)
				}
			}
		}
	}
	if quietOnes < 1000 && *seedFlag == 0 {
		t.Errorf("only %d events were quiet: the test tests nothing", quietOnes)
	}
}

// TestDeterminism runs the same twice and compares every event.
func TestDeterminism(t *testing.T) {
	for _, seed := range seeds(3) {
		var told [2]string
		for run := range told {
			rng := rand.New(rand.NewPCG(seed, 2))
			v := newVenue(t, randomConfig(rng))
			ops := randomOps(rng, 200)
			v.Start(ops[0].at)
			var all strings.Builder
			for i := range ops {
				ops[i].do(v, false)
				all.WriteString(printAll(v.Events()))
			}
			told[run] = all.String()
		}
		if told[0] != told[1] {
			t.Errorf("-seed=%d: two equal runs differ from line %s", seed, firstDifference(told[0], told[1]))
		}
		if len(told[0]) == 0 {
			t.Errorf("-seed=%d: nothing happened", seed)
		}
	}
}

func newVenue(t testing.TB, c Config) *Venue {
	t.Helper()
	v, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func printAll(events []exchange.Event) string {
	var b strings.Builder
	for i := range events {
		fmt.Fprintf(&b, "%d %s\n", events[i].Inst, printEvent(&events[i]))
	}
	return b.String()
}
