package venue

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/venue/queue"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/raced"
)

// lot is an order of somebody else, with its name.
type lot struct{ qty exchange.Fixed }

// trueMarket is a market in which every order has a name: the truth behind a tape. It
// knows nothing of our orders. Prices are in whole units.
type trueMarket struct {
	rng   *rand.Rand
	lines [exchange.Sell + 1]map[exchange.Fixed][]*lot
	last  int64 // update id
	// changed are the prices to tell, and prints what traded, since the last news.
	changed [exchange.Sell + 1]map[exchange.Fixed]bool
	prints  []truePrint
}

// truePrint is a trade, and what it took of each lot.
type truePrint struct {
	exchange.Trade
	took map[*lot]exchange.Fixed
}

func newTrueMarket(rng *rand.Rand) *trueMarket {
	m := &trueMarket{rng: rng}
	for s := range m.lines {
		m.lines[s], m.changed[s] = map[exchange.Fixed][]*lot{}, map[exchange.Fixed]bool{}
	}
	for i := range exchange.Fixed(8) {
		for range 3 {
			m.join(exchange.Buy, 999-i)
			m.join(exchange.Sell, 1001+i)
		}
	}
	return m
}

func (m *trueMarket) best(s exchange.Side) exchange.Fixed {
	prices := slices.Sorted(maps.Keys(m.lines[s]))
	switch {
	case len(prices) == 0 && s == exchange.Buy:
		return 900
	case len(prices) == 0:
		return 1100
	case s == exchange.Buy:
		return prices[len(prices)-1]
	}
	return prices[0]
}

func (m *trueMarket) join(s exchange.Side, p exchange.Fixed) {
	m.lines[s][p] = append(m.lines[s][p], &lot{exchange.Fixed(1+m.rng.IntN(5)) * exchange.FixedOne})
	m.changed[s][p] = true
}

// happen lets somebody join, cancel or take.
func (m *trueMarket) happen() {
	s := exchange.Side(1 + m.rng.IntN(2))
	best := m.best(s)
	switch k := m.rng.IntN(10); {
	case k < 5:
		p := best - exchange.Fixed(s.Sign())*exchange.Fixed(m.rng.IntN(5)-1)
		if !beyond(s, m.best(s.Opposite()), p) && p != m.best(s.Opposite()) {
			m.join(s, p)
		}
	case k < 7:
		p := best - exchange.Fixed(s.Sign())*exchange.Fixed(m.rng.IntN(3))
		if line := m.lines[s][p]; len(line) > 0 {
			i := m.rng.IntN(len(line))
			m.set(s, p, slices.Delete(line, i, i+1))
		}
	default:
		m.hit(s, exchange.Fixed(1+m.rng.IntN(12))*exchange.FixedOne)
	}
}

func (m *trueMarket) set(s exchange.Side, p exchange.Fixed, line []*lot) {
	m.lines[s][p], m.changed[s][p] = line, true
	if len(line) == 0 {
		delete(m.lines[s], p)
	}
}

// hit takes from a side, first come first served, one print a price.
func (m *trueMarket) hit(s exchange.Side, qty exchange.Fixed) {
	for qty > 0 && len(m.lines[s]) > 0 {
		p := m.best(s)
		line := m.lines[s][p]
		print := truePrint{took: map[*lot]exchange.Fixed{}}
		print.Price, print.BuyerMaker = p, s == exchange.Buy
		for len(line) > 0 && qty > 0 {
			part := min(qty, line[0].qty)
			print.took[line[0]] = part
			print.Qty += part
			qty -= part
			if line[0].qty -= part; line[0].qty == 0 {
				line = line[1:]
			}
		}
		m.set(s, p, line)
		m.prints = append(m.prints, print)
	}
}

func (m *trueMarket) qty(s exchange.Side, p exchange.Fixed) (sum exchange.Fixed) {
	for _, l := range m.lines[s][p] {
		sum += l.qty
	}
	return sum
}

// price is what the venue calls a price of the market.
func price(p exchange.Fixed) exchange.Fixed { return p * exchange.FixedOne }

// depth tells the best five levels, or what has changed.
func (m *trueMarket) depth(snapshot bool) *exchange.Depth {
	m.last++
	d := &exchange.Depth{First: m.last, Last: m.last, Prev: m.last - 1, Snapshot: snapshot}
	for _, s := range [...]exchange.Side{exchange.Buy, exchange.Sell} {
		told, list := slices.Sorted(maps.Keys(m.changed[s])), &d.Bids
		if snapshot {
			told = slices.Sorted(maps.Keys(m.lines[s]))
		}
		if s == exchange.Buy {
			slices.Reverse(told)
		} else {
			list = &d.Asks
		}
		if snapshot {
			told = told[:min(5, len(told))]
		}
		for _, p := range told {
			*list = append(*list, exchange.Level{Price: price(p), Qty: m.qty(s, p)})
		}
		clear(m.changed[s])
	}
	return d
}

func (m *trueMarket) ticker() exchange.BookTicker {
	bid, ask := m.best(exchange.Buy), m.best(exchange.Sell)
	return exchange.BookTicker{Bid: price(bid), BidQty: m.qty(exchange.Buy, bid), Ask: price(ask), AskQty: m.qty(exchange.Sell, ask)}
}

// follower follows one order of ours: who stood before it when it joined, and how much the
// tape has brought that somebody in its place could have had.
type follower struct {
	side           exchange.Side
	price          exchange.Fixed
	before         map[*lot]bool
	reachable, had exchange.Fixed
}

// see counts a print. A true place takes what is not taken by those before it.
func (f *follower) see(p *truePrint, exact bool) {
	switch {
	case beyond(f.side, p.Price, f.price):
		f.reachable += p.Qty
	case p.Price == f.price:
		f.reachable += p.Qty
		for l, qty := range p.took {
			if exact && f.before[l] {
				f.reachable -= qty
			}
		}
	}
}

// lineRun is one tape with orders of ours on it.
type lineRun struct {
	t       *testing.T
	name    string
	market  *trueMarket
	v       *Venue
	exact   bool
	depth   bool
	tickers bool
	// silent tells no trades: the best prices and depth fill what rests.
	silent    bool
	at        exchange.Time
	orders    []exchange.Order
	followers map[string]*follower
	// whole runs events in full, quiet or not; quiet counts the quiet ones. With keep, told
	// collects what the venue answers.
	whole  bool
	keep   bool
	told   string
	quiet  int
	fills  int
	filled exchange.Fixed
}

func newLineRun(t *testing.T, seed uint64, model queue.Model, silent bool) *lineRun {
	c := testConfig()
	c.Matching.Queue = model
	c.Balances = []Balance{{exchange.WalletUM, "USDT", decimal.New(1, 11)}}
	rng := rand.New(rand.NewPCG(seed, 7))
	r := &lineRun{
		t: t, name: fmt.Sprintf("-seed=%d, %v", seed, model), market: newTrueMarket(rng), v: newVenue(t, c), at: 1,
		exact: model == queue.Conservative, depth: rng.IntN(3) > 0, followers: map[string]*follower{},
	}
	r.tickers = !r.depth || rng.IntN(2) == 0
	r.v.Start(r.at)
	index := exchange.Event{At: r.at}
	index.SetAssetIndex(&exchange.AssetIndex{Asset: "USDT", Price: exchange.FixedOne})
	r.v.Market(&index)
	r.show(func(e *exchange.Event) { e.SetMark(exchange.Mark{Price: price(1000)}) })
	if r.silent = silent; !silent {
		r.show(func(e *exchange.Event) { e.SetCadence(&exchange.Cadence{Kind: exchange.KindTrade}) })
	}
	r.news(true)
	return r
}

// show gives the venue an event and returns what orders of ours that rested had of it.
func (r *lineRun) show(set func(*exchange.Event)) (had exchange.Fixed) {
	e := exchange.Event{At: r.at, Inst: 1}
	set(&e)
	quiet := r.v.Quiet(&e)
	if quiet {
		r.quiet++
	}
	r.v.digest(&e, quiet && !r.whole)
	return r.read()
}

func (r *lineRun) read() (had exchange.Fixed) {
	events := r.v.Events()
	if r.keep {
		r.told += printAll(events)
	}
	for _, e := range events {
		if e.Kind == exchange.KindFill && e.Fill().Maker {
			f := e.Fill()
			had += f.Qty
			r.fills++
			r.filled += f.Qty
			r.followers[f.ClientID].had += f.Qty
		}
	}
	return had
}

func (r *lineRun) news(snapshot bool) {
	if r.depth {
		d := r.market.depth(snapshot)
		r.show(func(e *exchange.Event) { e.SetDepth(d) })
	}
	if r.tickers {
		r.show(func(e *exchange.Event) { e.SetBookTicker(r.market.ticker()) })
	}
}

// step lets something happen and tells it: trades before the book or after it.
func (r *lineRun) step() {
	m := r.market
	r.at++
	m.prints = m.prints[:0]
	m.happen()
	early := m.rng.IntN(2) == 0
	if early {
		r.news(m.rng.IntN(50) == 0)
	}
	if r.silent {
		m.prints = m.prints[:0]
	}
	for i := range m.prints {
		p := &m.prints[i]
		for _, f := range r.followers {
			f.see(p, r.exact)
		}
		t := p.Trade
		t.Price = price(t.Price)
		if had := r.show(func(e *exchange.Event) { e.SetTrade(t) }); had > t.Qty {
			r.t.Fatalf("%s: at %d, resting orders had %v of a print of %v", r.name, r.at, had, t.Qty)
		}
	}
	if !early {
		r.news(m.rng.IntN(50) == 0)
	}
	if r.silent {
		return
	}
	for _, id := range slices.Sorted(maps.Keys(r.followers)) {
		if f := r.followers[id]; f.had > f.reachable {
			r.t.Fatalf("%s: at %d, %s at %v has had %v, of the %v that could have reached it", r.name, r.at, id, f.price, f.had, f.reachable)
		}
	}
}

// wish sends an order or changes one, to the same end for every model.
func (r *lineRun) wish() {
	rng := r.market.rng
	if n := len(r.orders); n > 0 && rng.IntN(3) == 0 {
		o := r.orders[n-1-rng.IntN(min(n, 6))]
		if rng.IntN(2) == 0 {
			r.v.Cancel(o, r.at)
			r.read()
			return
		}
		p := r.near(o.Request.Side)
		o.Request.Price = price(p)
		if r.v.find(o.ClientID) != nil && o.Request.Price != r.v.find(o.ClientID).Request.Price {
			r.follow(o, p)
		}
		r.v.receive(o, true, r.at)
		r.read()
		return
	}
	id := exchange.OrderID(len(r.orders) + 1)
	o := exchange.Order{ID: id, ClientID: fmt.Sprintf("o-%d", id)}
	o.Request = exchange.OrderRequest{
		Inst: 1, Side: exchange.Side(1 + rng.IntN(2)), Type: exchange.Limit, STP: exchange.ExpireMaker,
		Qty: exchange.Fixed(1+rng.IntN(6)) * exchange.FixedOne,
	}
	if rng.IntN(4) > 0 {
		o.Request.TimeInForce = exchange.GTX
	}
	p := r.near(o.Request.Side)
	o.Request.Price = price(p)
	r.orders = append(r.orders, o)
	r.follow(o, p)
	r.v.receive(o, false, r.at)
	r.read()
}

func (r *lineRun) near(s exchange.Side) exchange.Fixed {
	return r.market.best(s) - exchange.Fixed(s.Sign())*exchange.Fixed(r.market.rng.IntN(7)-2)
}

func (r *lineRun) follow(o exchange.Order, p exchange.Fixed) {
	f := &follower{side: o.Request.Side, price: p, before: map[*lot]bool{}}
	for _, l := range r.market.lines[f.side][p] {
		f.before[l] = true
	}
	r.followers[o.ClientID] = f
}

// TestLine plays tapes made of a market in which every order has a name. No print fills
// orders of ours for more than its quantity. No order has had more than the tape printed
// at or through its price since it joined, and with the conservative model, no more than
// what those who were there before it have left of that: it never comes before its turn.
// The probabilistic models, on the same tapes with the same wishes, fill more.
func TestLine(t *testing.T) {
	filled := map[queue.Model]exchange.Fixed{}
	fills := map[queue.Model]int{}
	for _, seed := range seeds(uint64(raced.Fewer(12, 4))) {
		for _, model := range []queue.Model{queue.Conservative, 1, queue.Probabilistic} {
			r := newLineRun(t, seed, model, false)
			for i := range 1500 {
				r.step()
				if i%7 == 0 {
					r.wish()
				}
			}
			filled[model] += r.filled
			fills[model] += r.fills
		}
	}
	t.Logf("fills: conservative %d of %v, linear %d of %v, cubic %d of %v", fills[0], filled[0], fills[1], filled[1], fills[3], filled[3])
	if *seedFlag == 0 && (fills[0] < raced.Fewer(500, 150) || filled[1] < filled[0] || filled[3] < filled[0]) {
		t.Error("too few fills, or fewer where cancels count")
	}
}

// TestLineQuiet plays such tapes on a venue that passes over quiet events and on one that
// looks at each: they tell the same.
func TestLineQuiet(t *testing.T) {
	quiet := 0
	for _, seed := range seeds(uint64(raced.Fewer(12, 4))) {
		model := []queue.Model{queue.Conservative, queue.Probabilistic}[seed%2]
		silent := seed%3 == 0
		fast, whole := newLineRun(t, seed, model, silent), newLineRun(t, seed, model, silent)
		whole.whole, fast.keep, whole.keep = true, true, true
		for i := range 1500 {
			for _, r := range [...]*lineRun{fast, whole} {
				r.told = ""
				r.step()
				if i%7 == 0 {
					r.wish()
				}
			}
			if fast.told != whole.told {
				t.Fatalf("%s: at %d told\n%sbut in full\n%s", fast.name, fast.at, fast.told, whole.told)
			}
		}
		quiet += fast.quiet
	}
	if quiet < 500 && *seedFlag == 0 {
		t.Errorf("only %d events were quiet: the test tests nothing", quiet)
	}
}
