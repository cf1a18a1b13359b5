package venue

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// generator writes a random market with random orders, by a seed.
type generator struct {
	rng *rand.Rand
	at  exchange.Time
	// coin are the index prices and apart what an instrument lies above its coin's, in
	// ticks of 0.1. drift is where all coins are pushed in every slice of ten seconds.
	coin  map[string]int64
	apart [instCount]int64
	drift int64
	bars  [instCount]exchange.Bar
	books [instCount]bookOf
	// hedge is the position mode that the account is to be in, idle that it sends nothing.
	hedge, idle bool
	gap         bool // the next crash comes at once
	spends      bool // the account pays fees in every slice
	orders      []exchange.Order
	ops         []op
}

// stage is what data an instrument has.
type stage struct {
	inst                         exchange.InstrumentID
	coin                         string
	bars, trades, tickers, marks bool
	depth                        bool
	// end is how long after the start of the run the contract ends, 0 for never.
	end time.Duration
}

var stages = []stage{
	{inst: instUM, coin: "BTC", bars: true, marks: true},
	{inst: instCM, coin: "BTC", trades: true, marks: true},
	{inst: instSpot, coin: "BTC", bars: true},
	{inst: instETH, coin: "ETH", trades: true, tickers: true, depth: true, marks: true},
	{inst: instUMDated, coin: "BTC", tickers: true, marks: true, end: deliveryUM},
	{inst: instCMDated, coin: "BTC", trades: true, marks: true, end: deliveryCM},
	{inst: instSpotETH, coin: "ETH", tickers: true, depth: true},
	{inst: instSpotBNB, coin: "BNB", trades: true},
}

var coins = []string{"BTC", "ETH", "BNB"}

// randomOps is a run of so many minutes.
func randomOps(rng *rand.Rand, minutes int) []op {
	g := &generator{rng: rng, at: randomStart, coin: map[string]int64{"BTC": 10000, "ETH": 10000, "BNB": 10000}}
	g.index("USDT", exchange.FixedOne)
	for _, coin := range coins {
		g.index(coin, g.spot(coin))
	}
	for _, s := range stages {
		g.mark(s)
	}
	for n := range minutes {
		g.minute(n)
	}
	return g.ops
}

func (g *generator) minute(n int) {
	for _, s := range g.live() {
		if s.bars {
			p := g.move(s, 5)
			g.bars[s.inst] = exchange.Bar{Start: g.at, Interval: time.Minute, Open: p, High: p, Low: p}
			g.event(s.inst, func(e *exchange.Event) { e.SetBarOpen(exchange.BarOpen{Price: p, Interval: time.Minute}) })
		}
	}
	g.wish()
	g.episode(n)
	for range 6 {
		g.at = g.at.Add(10 * time.Second)
		g.slice()
	}
	for _, s := range g.live() {
		if s.bars {
			b := g.bars[s.inst]
			g.event(s.inst, func(e *exchange.Event) { e.SetBar(&b) })
			g.wish()
		}
	}
	if n%30 == 29 {
		for _, s := range g.live() {
			if s.marks && s.end == 0 {
				g.funding(s, n%60 == 59)
			}
		}
	}
}

// live are the stages whose contract has not ended.
func (g *generator) live() []stage {
	var list []stage
	for _, s := range stages {
		if s.end == 0 || g.at < randomStart.Add(s.end) {
			list = append(list, s)
		}
	}
	return list
}

// slice is ten seconds: the coins move, and every instrument with them.
func (g *generator) slice() {
	if g.spends {
		g.churn(instETH, 2)
		g.churn(instUMDated, 2)
	}
	for _, coin := range coins {
		g.coin[coin] = max(2000, g.coin[coin]+int64(g.rng.IntN(61)-30)+g.drift*g.coin[coin]/10000)
		g.index(coin, g.spot(coin))
	}
	if g.rng.IntN(4) == 0 {
		g.index("USDT", exchange.FixedOne-exchange.Fixed(g.rng.IntN(200000)))
	}
	for _, s := range g.live() {
		p := g.move(s, 20)
		if b := &g.bars[s.inst]; s.bars {
			b.High, b.Low, b.Close = max(b.High, p), min(b.Low, p), p
		}
		if s.trades {
			t := exchange.Trade{Price: p, Qty: g.offer(), BuyerMaker: g.rng.IntN(2) == 0}
			g.event(s.inst, func(e *exchange.Event) { e.SetTrade(t) })
		}
		if s.tickers {
			g.ticker(s)
		}
		if s.depth {
			g.depth(s)
		}
		if s.marks {
			g.mark(s)
		}
		if g.rng.IntN(5) < 2 {
			g.wish()
		}
	}
}

func (g *generator) ticker(s stage) {
	mid := g.move(s, 5)
	half := exchange.Fixed(1+g.rng.IntN(3)) * exchange.FixedOne / 10
	b := exchange.BookTicker{Bid: mid - half, BidQty: g.offer(), Ask: mid + half, AskQty: g.offer()}
	if g.rng.IntN(20) == 0 {
		b.Ask, b.AskQty = 0, 0
	}
	g.event(s.inst, func(e *exchange.Event) { e.SetBookTicker(b) })
}

// bookOf is the order book of an instrument that has depth: the price in the middle of its
// last snapshot and the id of its last piece.
type bookOf struct {
	mid exchange.Fixed
	id  int64
}

// depth tells a piece of an order book: a new snapshot about the price, some changes of the
// last one, or, seldom, changes after a piece that was lost.
func (g *generator) depth(s stage) {
	k := &g.books[s.inst]
	d := &exchange.Depth{First: k.id + 1, Last: k.id + 3, Prev: k.id, Snapshot: k.mid == 0 || g.rng.IntN(3) == 0}
	switch {
	case d.Snapshot:
		d.First, d.Prev, k.mid = 0, 0, g.fixed(s)
	case g.rng.IntN(30) == 0:
		d.Prev, d.First = d.Prev+5, d.First+5
		d.Last += 5
	}
	k.id = d.Last
	for i := range 12 {
		away := exchange.Fixed(i+1) * exchange.FixedOne / 10
		if d.Snapshot || g.rng.IntN(3) == 0 {
			d.Bids = append(d.Bids, exchange.Level{Price: k.mid - away, Qty: g.offer()})
			d.Asks = append(d.Asks, exchange.Level{Price: k.mid + away, Qty: g.offer()})
		}
	}
	if d.Snapshot { // a snapshot has what stands only
		none := func(l exchange.Level) bool { return l.Qty == 0 }
		d.Bids, d.Asks = slices.DeleteFunc(d.Bids, none), slices.DeleteFunc(d.Asks, none)
	}
	g.event(s.inst, func(e *exchange.Event) { e.SetDepth(d) })
}

func (g *generator) mark(s stage) {
	if !s.marks {
		return
	}
	m := exchange.Mark{Price: g.fixed(s) + exchange.Fixed(g.rng.IntN(7)-3)*exchange.FixedOne/1000, Index: g.spot(s.coin)}
	g.event(s.inst, func(e *exchange.Event) { e.SetMark(m) })
}

func (g *generator) funding(s stage, special bool) {
	f := exchange.Funding{Rate: exchange.Fixed(g.rng.IntN(100000) - 50000), Special: special}
	if g.rng.IntN(2) == 0 {
		f.Mark = g.fixed(s)
	}
	g.event(s.inst, func(e *exchange.Event) { e.SetFunding(f) })
}

// offer is a quantity that the market has: of the order of our orders.
func (g *generator) offer() exchange.Fixed {
	return exchange.Fixed(g.rng.IntN(6)) * exchange.FixedOne / exchange.Fixed(1+g.rng.IntN(2))
}

func (g *generator) move(s stage, most int) exchange.Fixed {
	g.apart[s.inst] = min(60, max(-60, g.apart[s.inst]+int64(g.rng.IntN(2*most+1)-most)))
	return g.fixed(s)
}

func (g *generator) fixed(s stage) exchange.Fixed {
	return exchange.Fixed(g.coin[s.coin]+g.apart[s.inst]) * exchange.FixedOne / 10
}

func (g *generator) spot(coin string) exchange.Fixed {
	return exchange.Fixed(g.coin[coin]) * exchange.FixedOne / 10
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
