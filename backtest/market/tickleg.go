package market

import (
	"errors"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

const (
	// ticksLow is the lowest price that a leg of books may start at, in ticks.
	ticksLow = 500
	// sampled is how often the premium enters the funding rate, as Binance does it.
	sampled = 5 * time.Second
	// settled is the time before delivery whose mean index settles a dated contract.
	settled = 30 * time.Minute
	// carry is what a dated contract costs above its index, of a year.
	carry       = one / 20
	yearSeconds = 365 * 86_400
)

// Usual values of one level of a book in USD.
const (
	levelUM    = 40_000 * exchange.FixedOne
	levelCM    = 25_000 * exchange.FixedOne
	levelSpot  = 20_000 * exchange.FixedOne
	levelDated = 10_000 * exchange.FixedOne
)

// tickLeg is one instrument: what it is worth and its book.
type tickLeg struct {
	inst   exchange.InstrumentID
	spot   bool // ids of its book and its size follow the spot rules
	marked bool // a future has a mark
	// delivery is 0 for what does not end.
	delivery exchange.Time
	base     *asset
	quote    *asset // nil for the dollar
	random   *rand.PCG
	tick     exchange.Fixed

	// index is base in quote. premium is the slow part of what the leg costs above it: it
	// wanders around usual, by noise. fair is what it is worth with all that, and before
	// what it was worth a step ago.
	index, fair, before   exchange.Fixed
	premium, usual, noise int64
	funding               funding
	settling              settling

	bids, asks ladder
	spread     exchange.Fixed // the usual one, in ticks
	buyers     bool           // the last order that took was one to buy
	last       exchange.Fixed // price of the last trade
	// liquidation is the chance of a forced order in a second, of 65,536.
	liquidation int64

	tradeID, rawID, updateID int64
	ticker                   exchange.BookTicker
	piece, snapshot          exchange.Depth
}

// settling is the mean index of the time before delivery so far: n seconds' differences to
// the first one.
type settling struct {
	first  exchange.Fixed
	sum, n int64
}

func (s *settling) add(index exchange.Fixed) {
	if s.n == 0 {
		s.first = index
	}
	s.sum += int64(index - s.first)
	s.n++
}

func (s *settling) mean() exchange.Fixed { return s.first + exchange.Fixed(s.sum/max(s.n, 1)) }

func newTickLeg(s *TickSpec, in *exchange.Instrument, base, quote *asset) (tickLeg, error) {
	l := tickLeg{
		inst: in.ID, spot: in.Product == exchange.Margin, marked: in.Product != exchange.Margin, delivery: in.Delivery,
		base: base, quote: quote, random: rand.NewPCG(s.Seed, stream("ticks "+in.Name())), tick: in.Tick,
		funding:     newFunding(s.Start, sampled),
		liquidation: (s.liquidations()*65536 + 3599) / 3600,
	}
	if err := l.check(s, in); err != nil {
		return l, err
	}
	// Four and a half hours of memory.
	if l.spot {
		l.noise, l.liquidation = basisPoint/90, 0 // one basis point of deviation
	} else {
		l.usual, l.noise = basisPoint*3/2, basisPoint/15 // six
	}
	l.premium = l.usual
	l.value(s.Start)
	l.last = l.fair - l.fair%l.tick
	l.build(s.levels(), in)
	return l, nil
}

func (l *tickLeg) check(s *TickSpec, in *exchange.Instrument) error {
	switch {
	case in.Product != exchange.UM && in.Product != exchange.CM && in.Product != exchange.Margin:
		return fmt.Errorf("product %v cannot be generated", in.Product)
	case l.base == nil || l.quote == nil && in.Quote != dollar || in.Inverse() && in.Quote != dollar:
		return fmt.Errorf("base %s and quote %s must be assets, and a CM contract's quote USD", in.Base, in.Quote)
	case in.Tick <= 0 || in.Lot.Step <= 0 || in.Lot.Min < 0:
		return errors.New("tick and lot step must be above 0")
	case in.Inverse() && in.ContractSize <= 0:
		return errors.New("contract size must be above 0")
	case in.Delivery != 0 && in.Delivery <= s.Start:
		return fmt.Errorf("delivery %v must be after the start %v", in.Delivery, s.Start)
	}
	quote := exchange.FixedOne
	if l.quote != nil {
		quote = l.quote.start
	}
	start, err := mulDiv(l.base.start, exchange.FixedOne, quote).Fixed()
	if err != nil || start/in.Tick < ticksLow || start > priceMax/wall {
		return fmt.Errorf("price must start at %d or more ticks of %v and at most at %v", ticksLow, in.Tick, priceMax/wall)
	}
	return nil
}

// build makes the first book.
func (l *tickLeg) build(levels int, in *exchange.Instrument) {
	ticks := int64(l.fair / l.tick)
	usd, gap := levelUM, max(ticks/50_000, 1) // a fifth of a basis point
	l.spread = 1
	switch {
	case in.Delivery != 0:
		usd, gap, l.spread = levelDated, 3*gap, exchange.Fixed(max(ticks/20_000, 1))
	case in.Inverse():
		usd = levelCM
	case l.spot:
		usd = levelSpot
	}
	unit := l.base.start
	if in.Inverse() {
		unit = in.ContractSize
	}
	step := in.Lot.Step
	least := max(1, int64((in.Lot.Min+step-1)/step))
	lots := int64(1 << 32)
	if lot, err := mulDiv(unit, step, exchange.FixedOne).Fixed(); err == nil && lot > 0 {
		lots = min(int64(usd/lot), lots)
	}
	lots = max(min(lots, int64(exchange.FixedMax/64/step)), 1)
	side := ladder{random: l.random, count: levels, tick: l.tick, gap: gap, step: step, least: least, lots: lots}
	l.bids, l.asks = side, side
	l.bids.end, l.asks.end = -l.tick, exchange.FixedMax/2
	l.quoteAround()
}

func (l *tickLeg) perpetual() bool { return l.marked && l.delivery == 0 }

func (l *tickLeg) live(now exchange.Time) bool { return l.delivery == 0 || now < l.delivery }

// follow moves what the leg is worth, after the assets have moved.
func (l *tickLeg) follow(now exchange.Time, second bool, common *weather) {
	if !l.live(now) {
		return
	}
	if second {
		crowd := l.usual
		if l.marked { // who follows a trend pays for it
			crowd += common.tilt + l.base.own.tilt
		}
		l.premium += (crowd-l.premium)>>14 + l.noise*centred(l.random.Uint64())>>16
	}
	l.value(now)
	if second && l.delivery != 0 && l.delivery.Sub(now) <= settled {
		l.settling.add(l.index)
	}
	if now%exchange.Time(sampled) == 0 {
		l.funding.sample(l.premium)
	}
}

// value works out index and fair price. The book wavers around that a little.
func (l *tickLeg) value(now exchange.Time) {
	l.index = l.base.price
	if l.quote != nil {
		hi, lo := bits.Mul64(uint64(l.index), uint64(exchange.FixedOne))
		ratio, _ := bits.Div64(hi, lo, uint64(l.quote.price)) // check has seen that it fits
		l.index = exchange.Fixed(ratio)
	}
	l.before, l.fair = l.fair, l.worth(now)
	l.fair += part(l.fair, centred(l.random.Uint64())*(basisPoint/16)>>16)
}

// worth is the price without noise. What a dated contract costs above its index goes with
// the time that it has left, and in the end the mean index that it is settled by replaces
// the index.
func (l *tickLeg) worth(now exchange.Time) exchange.Fixed {
	if l.delivery == 0 {
		return l.index + part(l.index, l.premium)
	}
	left := int64(l.delivery.Sub(now) / time.Second)
	basis := carry*left/yearSeconds + l.premium*min(left, 86_400)/86_400
	price := l.index + part(l.index, basis)
	seconds := int64(settled / time.Second)
	return price + (l.settling.mean()-price)*exchange.Fixed(min(l.settling.n, seconds))/exchange.Fixed(seconds)
}

// mark is Binance's: for a perpetual the median of index with the funding still to come,
// index with the usual basis, and the last price; for a dated contract the index with its
// usual basis, and in the end the settlement price.
func (l *tickLeg) mark(now exchange.Time) exchange.Mark {
	if l.delivery != 0 {
		settle := l.index
		if l.settling.n > 0 {
			settle = l.settling.mean()
		}
		return exchange.Mark{Price: l.worth(now), Index: l.index, Settle: settle}
	}
	first := l.index + part(l.index, l.funding.ahead())
	second := l.index + part(l.index, l.premium)
	return exchange.Mark{
		Price: max(min(first, second), min(max(first, second), l.last)), Index: l.index, Rate: l.funding.rate(),
		NextFunding: now.Add(fundingEvery - 1).Floor(fundingEvery),
	}
}

// settle ends a funding interval.
func (l *tickLeg) settle(w *writer) {
	if l.perpetual() {
		mark := l.mark(w.at)
		w.next(l.inst).SetFunding(exchange.Funding{Rate: l.funding.settle(), Mark: mark.Price, Interval: fundingEvery})
	}
}

// open tells the first book.
func (l *tickLeg) open(w *writer) {
	l.updateID = 1
	l.bids.told, l.asks.told = slices.Clone(l.bids.rungs), slices.Clone(l.asks.rungs)
	l.tell(w, true)
	l.tellBest(w)
}

// trade goes on by one step: orders take from the book that stands, then it follows what
// the leg is worth, then all that is told.
func (l *tickLeg) trade(w *writer, second bool, activity int64) {
	if !l.live(w.at) {
		return
	}
	dice := l.random.Uint64()
	for range min((activity*3/4+int64(dice&0xffff))>>16, ordersMax) {
		l.take(w, l.side(), l.order())
	}
	if second && int64(dice>>16&0xffff) < l.liquidation {
		l.liquidate(w)
	}
	l.quoteAround()
	l.tell(w, w.at%exchange.Time(time.Minute) == 0)
	l.tellBest(w)
}

// side is that of the next order: whoever sees the book away from what the leg is worth
// takes, and otherwise buyers follow buyers more often than not.
func (l *tickLeg) side() exchange.Side {
	switch {
	case l.fair > l.asks.best().Price:
		l.buyers = true
	case l.fair < l.bids.best().Price:
		l.buyers = false
	case l.random.Uint64()&0xf < 5:
		l.buyers = !l.buyers
	}
	if l.buyers {
		return exchange.Buy
	}
	return exchange.Sell
}

// order draws the quantity of a taking order: a third of a level, seldom five.
func (l *tickLeg) order() exchange.Fixed {
	random := l.random.Uint64()
	share := int64(random&0xffff) * int64(random>>16&0xffff) >> 16
	share = share * int64(random>>32&0xffff) >> 16
	share = share * int64(random>>48) >> 16
	return exchange.Fixed(l.bids.least+l.bids.lots*share/3>>12) * l.bids.step
}

// taken is what an order got.
type taken struct {
	qty exchange.Fixed
	// worst is the last level's key, and average the mean one.
	worst, average exchange.Fixed
}

// take lets an order take from the book, at most so many levels that half of them stay.
func (l *tickLeg) take(w *writer, side exchange.Side, qty exchange.Fixed) taken {
	from := &l.asks
	if side == exchange.Sell {
		from = &l.bids
	}
	var got taken
	var lots, weight int64 // weight is the sum of lots times ticks from the first price
	emptied := 0
	first := from.rungs[0].Price
	for i := 0; i < min(sweepMax, len(from.rungs)/2) && got.qty < qty; i++ {
		r := &from.rungs[i]
		deal := min(r.Qty, qty-got.qty)
		if r.Qty -= deal; r.Qty == 0 {
			emptied++
		}
		got.qty += deal
		got.worst = r.Price
		steps := int64(deal / from.step)
		lots += steps
		weight += steps * int64((r.Price-first)/l.tick)
		l.print(w, exchange.Trade{Price: r.Price.Abs(), Qty: deal, BuyerMaker: side == exchange.Sell}, steps)
	}
	from.rungs = from.rungs[:copy(from.rungs, from.rungs[emptied:])]
	if lots > 0 {
		rest, _ := mulDiv(exchange.Fixed(weight%lots), l.tick, exchange.Fixed(lots)).Fixed()
		got.average = first + exchange.Fixed(weight/lots)*l.tick + rest
	}
	return got
}

// print tells a trade, made of up to four trades of as many resting orders.
func (l *tickLeg) print(w *writer, t exchange.Trade, lots int64) {
	l.tradeID++
	t.ID, t.First = l.tradeID, l.rawID+1
	l.rawID += min(1+int64(l.random.Uint64()>>62), lots)
	t.Last = l.rawID
	l.last = t.Price
	w.next(l.inst).SetTrade(t)
}

// liquidate lets somebody be liquidated whom the market moves against. His limit is half a
// percent beyond the worst price he gets.
func (l *tickLeg) liquidate(w *writer) {
	side, book := exchange.Buy, &l.asks
	if l.fair < l.before {
		side, book = exchange.Sell, &l.bids
	}
	got := l.take(w, side, 4*l.order())
	if got.qty == 0 {
		return
	}
	limit := got.worst + part(got.worst.Abs(), one/200)/l.tick*l.tick
	w.next(l.inst).SetLiquidation(exchange.Liquidation{
		Side: side, Price: min(limit, book.end).Abs(), Average: got.average.Abs(), Qty: got.qty,
	})
}

// quoteAround lets the book follow the fair price: what is on its wrong side is taken away,
// and most often others come as near to it as the spread allows.
func (l *tickLeg) quoteAround() {
	dice := l.random.Uint64()
	spread := l.spread
	if dice&7 == 0 {
		spread += 1 + spread/2
	}
	bid := max(l.fair-l.fair%l.tick-(spread-1)/2*l.tick, l.tick)
	for _, s := range [...]struct {
		of    *ladder
		limit exchange.Fixed
	}{{&l.bids, -bid}, {&l.asks, bid + spread*l.tick}} {
		s.of.retreat(s.limit)
		dice >>= 3
		if len(s.of.rungs) == 0 || dice&7 < 6 || s.of.rungs[0].Price-s.limit > exchange.Fixed(4*s.of.gap)*l.tick {
			s.of.advance(s.limit)
		}
		s.of.stir()
		s.of.fill()
	}
}

// tell writes what has changed in the book, and all of it if asked to. Update ids of spot
// pairs have no gaps; those of futures belong to the whole exchange.
func (l *tickLeg) tell(w *writer, whole bool) {
	d := &l.piece
	d.Bids, d.Asks = l.bids.changes(d.Bids[:0]), l.asks.changes(d.Asks[:0])
	if n := int64(len(d.Bids) + len(d.Asks)); n > 0 {
		d.First, d.Prev = l.updateID+1, 0
		if !l.spot {
			random := l.random.Uint64()
			d.First, d.Prev = d.First+int64(random>>58), l.updateID
			n += int64(random & 0x3ff)
		}
		d.Last = d.First + n - 1
		l.updateID = d.Last
		w.next(l.inst).SetDepth(d)
	}
	if whole {
		s := &l.snapshot
		s.Snapshot, s.Last = true, l.updateID
		s.Bids, s.Asks = l.bids.whole(s.Bids[:0]), l.asks.whole(s.Asks[:0])
		w.next(l.inst).SetDepth(s)
	}
}

// tellBest writes the best bid and ask where they have changed.
func (l *tickLeg) tellBest(w *writer) {
	bid, ask := l.bids.best(), l.asks.best()
	now := exchange.BookTicker{Bid: bid.Price, BidQty: bid.Qty, Ask: ask.Price, AskQty: ask.Qty, UpdateID: l.ticker.UpdateID}
	if now != l.ticker {
		now.UpdateID = l.updateID
		l.ticker = now
		w.next(l.inst).SetBookTicker(now)
	}
}
