package market

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

const (
	// ordersMax bounds the orders that take in a step, a forced one aside.
	ordersMax = 3
	// sweepMax bounds the levels that one order takes.
	sweepMax = 8
)

// floor is where an instrument is dealt in: its book, and who takes from it.
type floor struct {
	random *rand.PCG
	tick   exchange.Fixed

	bids, asks ladder
	// spread is the usual one, in ticks.
	spread exchange.Fixed
	// buyers says that the last order that took was one to buy, and last at which price.
	buyers bool
	last   exchange.Fixed
	// liquidation is the chance of a forced order in a second, of 65,536.
	liquidation int64

	// gaps says that update ids are the whole exchange's, as those of futures are.
	gaps                     bool
	tradeID, rawID, updateID int64
	ticker                   exchange.BookTicker
	piece, snapshot          exchange.Depth
}

// newFloor makes a book around a price. coin is the price of the coin in USD.
func newFloor(s *TickSpec, in *exchange.Instrument, coin, price exchange.Fixed, random *rand.PCG) floor {
	f := floor{random: random, tick: in.Tick, spread: 1, last: price - price%in.Tick, gaps: in.Product != exchange.Margin, updateID: 1}
	if f.gaps {
		f.liquidation = (s.liquidations()*65536 + 3599) / 3600
	}
	ticks := int64(price / in.Tick)
	usd, gap := exchange.Fixed(levelUM), max(ticks/50_000, 1) // a fifth of a basis point
	switch {
	case in.Delivery != 0:
		usd, gap, f.spread = levelDated, 3*gap, exchange.Fixed(max(ticks/20_000, 1))
	case in.Product == exchange.CM:
		usd = levelCM
	case in.Product == exchange.Margin:
		usd = levelSpot
	}
	if in.Inverse() {
		coin = in.ContractSize
	}
	step := in.Lot.Step
	side := ladder{
		random: random, count: s.levels(), tick: in.Tick, gap: gap,
		step: step, least: max(1, int64((in.Lot.Min+step-1)/step)), lots: lotsWorth(usd, coin, step),
	}
	f.bids, f.asks = side, side
	f.bids.end, f.asks.end = -in.Tick, exchange.FixedMax/2
	f.quote(price)
	f.bids.told, f.asks.told = slices.Clone(f.bids.rungs), slices.Clone(f.asks.rungs)
	return f
}

// lotsWorth is how many steps of what has that price are worth so many USD, at least one.
func lotsWorth(usd, price, step exchange.Fixed) int64 {
	most := int64(min(1<<32, exchange.FixedMax/64/step))
	lot, err := mulDiv(price, step, exchange.FixedOne).Fixed()
	switch {
	case err != nil: // one is worth more than anybody has
		return 1
	case lot == 0:
		return max(most, 1)
	}
	return max(min(int64(usd/lot), most), 1)
}

// open tells the first book.
func (f *floor) open(w *writer, inst exchange.InstrumentID) {
	f.tellAll(w, inst)
	f.tellBest(w, inst)
}

// step goes on by one step: orders take from the book that stands, then the book follows
// what the instrument is worth, then all that is told.
func (f *floor) step(w *writer, inst exchange.InstrumentID, v *worth, second bool, activity int64) {
	dice := f.random.Uint64()
	for range min((activity*3/4+int64(dice&0xffff))>>16, ordersMax) {
		f.take(w, inst, f.side(v.fair), f.order())
	}
	if second && int64(dice>>16&0xffff) < f.liquidation {
		f.liquidate(w, inst, v.fair < v.before)
	}
	f.quote(v.fair)
	f.tell(w, inst)
	if w.at%exchange.Time(time.Minute) == 0 {
		f.tellAll(w, inst)
	}
	f.tellBest(w, inst)
}

// side is that of the next order: whoever sees the book away from the fair price takes,
// and otherwise buyers follow buyers more often than not.
func (f *floor) side(fair exchange.Fixed) exchange.Side {
	switch {
	case fair > f.asks.best().Price:
		f.buyers = true
	case fair < f.bids.best().Price:
		f.buyers = false
	case f.random.Uint64()&0xf < 5:
		f.buyers = !f.buyers
	}
	if f.buyers {
		return exchange.Buy
	}
	return exchange.Sell
}

// order draws the quantity of an order that takes: a third of a level, seldom five.
func (f *floor) order() exchange.Fixed {
	random := f.random.Uint64()
	share := int64(random&0xffff) * int64(random>>16&0xffff) >> 16
	share = share * int64(random>>32&0xffff) >> 16
	share = share * int64(random>>48) >> 16
	return exchange.Fixed(f.bids.least+f.bids.lots*share/3>>12) * f.bids.step
}

// deal is what an order got.
type deal struct {
	qty exchange.Fixed
	// worst is the key of the last level taken, and average the mean key.
	worst, average exchange.Fixed
}

// take lets an order take from the book, so many levels that half of them stay.
func (f *floor) take(w *writer, inst exchange.InstrumentID, side exchange.Side, qty exchange.Fixed) deal {
	from := f.facing(side)
	var got deal
	var lots, weight int64 // weight is the sum of lots times ticks from the first price
	first := from.rungs[0].Price
	for range min(sweepMax, len(from.rungs)/2) {
		if got.qty == qty {
			break
		}
		level := from.take(qty - got.qty)
		got.qty += level.Qty
		got.worst = level.Price
		steps := int64(level.Qty / from.step)
		lots += steps
		weight += steps * int64((level.Price-first)/f.tick)
		t := exchange.Trade{Price: level.Price.Abs(), Qty: level.Qty, BuyerMaker: side == exchange.Sell}
		f.print(w, inst, t, steps)
	}
	if lots > 0 {
		rest, _ := mulDiv(exchange.Fixed(weight%lots), f.tick, exchange.Fixed(lots)).Fixed() // below a tick
		got.average = first + exchange.Fixed(weight/lots)*f.tick + rest
	}
	return got
}

// facing is the side of the book that an order takes from.
func (f *floor) facing(side exchange.Side) *ladder {
	if side == exchange.Buy {
		return &f.asks
	}
	return &f.bids
}

// print tells a trade, made of up to four trades with as many resting orders.
func (f *floor) print(w *writer, inst exchange.InstrumentID, t exchange.Trade, steps int64) {
	f.tradeID++
	t.ID, t.First = f.tradeID, f.rawID+1
	f.rawID += min(1+int64(f.random.Uint64()>>62), steps)
	t.Last = f.rawID
	f.last = t.Price
	w.next(inst).SetTrade(t)
}

// liquidate lets somebody be liquidated whom the market moves against. His limit is half a
// percent beyond the worst price that he gets.
func (f *floor) liquidate(w *writer, inst exchange.InstrumentID, falling bool) {
	side := exchange.Buy
	if falling {
		side = exchange.Sell
	}
	got := f.take(w, inst, side, 4*f.order())
	if got.qty == 0 {
		return
	}
	limit := got.worst + part(got.worst.Abs(), one/200)/f.tick*f.tick
	w.next(inst).SetLiquidation(exchange.Liquidation{
		Side: side, Price: min(limit, f.facing(side).end).Abs(), Average: got.average.Abs(), Qty: got.qty,
	})
}

// quote lets the book follow the fair price: what is on its wrong side is taken away, and
// most often others come as near to it as the spread allows.
func (f *floor) quote(fair exchange.Fixed) {
	dice := f.random.Uint64()
	spread := f.spread
	if dice&7 == 0 {
		spread += 1 + spread/2
	}
	bid := max(fair-fair%f.tick-(spread-1)/2*f.tick, f.tick)
	f.bids.follow(-bid, dice>>3&3 != 0)
	f.asks.follow(bid+spread*f.tick, dice>>5&3 != 0)
}

// tell writes what has changed in the book.
func (f *floor) tell(w *writer, inst exchange.InstrumentID) {
	d := &f.piece
	d.Bids, d.Asks = f.bids.changes(d.Bids[:0]), f.asks.changes(d.Asks[:0])
	changes := int64(len(d.Bids) + len(d.Asks))
	if changes == 0 {
		return
	}
	d.First, d.Last = f.updateID+1, f.updateID+changes
	if f.gaps {
		random := f.random.Uint64()
		d.Prev, d.First = f.updateID, d.First+int64(random>>58)
		d.Last = d.First + changes + int64(random&0x3ff)
	}
	f.updateID = d.Last
	w.next(inst).SetDepth(d)
}

// tellAll writes the whole book.
func (f *floor) tellAll(w *writer, inst exchange.InstrumentID) {
	d := &f.snapshot
	d.Snapshot, d.Last = true, f.updateID
	d.Bids, d.Asks = f.bids.whole(d.Bids[:0]), f.asks.whole(d.Asks[:0])
	w.next(inst).SetDepth(d)
}

// tellBest writes the best bid and ask where they have changed.
func (f *floor) tellBest(w *writer, inst exchange.InstrumentID) {
	bid, ask := f.bids.best(), f.asks.best()
	now := exchange.BookTicker{Bid: bid.Price, BidQty: bid.Qty, Ask: ask.Price, AskQty: ask.Qty, UpdateID: f.ticker.UpdateID}
	if now == f.ticker {
		return
	}
	now.UpdateID = f.updateID
	f.ticker = now
	w.next(inst).SetBookTicker(now)
}
