package market

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/pmbot/pmbot/exchange"
)

// The lowest and the highest price in ticks that a leg of books may start at.
const (
	ticksLow  = 500
	ticksHigh = 1 << 30
)

// Usual values of one level of a book in USD.
const (
	levelUM    = 40_000 * exchange.FixedOne
	levelCM    = 25_000 * exchange.FixedOne
	levelSpot  = 20_000 * exchange.FixedOne
	levelDated = 10_000 * exchange.FixedOne
)

// tickLeg is one instrument: what it is worth and how it is dealt in. It draws all it does
// from one stream of random numbers, which is its own.
type tickLeg struct {
	inst exchange.InstrumentID
	// future says that the leg has a mark; else it is a margin pair.
	future bool
	worth  worth
	floor  floor
	// mark is what was told last.
	mark exchange.Mark
}

func newTickLeg(s *TickSpec, in *exchange.Instrument, base, quote *asset) (tickLeg, error) {
	if err := checkTickLeg(s, in, base, quote); err != nil {
		return tickLeg{}, err
	}
	random := rand.NewPCG(s.Seed, stream("ticks "+in.Name()))
	l := tickLeg{
		inst: in.ID, future: in.Product != exchange.Margin,
		worth: worth{random: random, base: base, quote: quote, delivery: in.Delivery, funding: newFunding(s.Start, sampled)},
	}
	if l.future { // six basis points of deviation, else one
		l.worth.crowded, l.worth.usual, l.worth.noise = true, basisPoint*3/2, basisPoint/15
	} else {
		l.worth.noise = basisPoint / 90
	}
	l.worth.premium = l.worth.usual
	l.worth.value(s.Start)
	l.floor = newFloor(s, in, base.start, l.worth.fair, random)
	return l, nil
}

func checkTickLeg(s *TickSpec, in *exchange.Instrument, base, quote *asset) error {
	switch {
	case in.Product != exchange.UM && in.Product != exchange.CM && in.Product != exchange.Margin:
		return fmt.Errorf("product %v cannot be generated", in.Product)
	case base == nil || (quote == nil) != (in.Quote == dollar) || in.Inverse() != (in.Quote == dollar):
		return fmt.Errorf("base %s and quote %s must be assets, and the quote of CM contracts USD", in.Base, in.Quote)
	case in.Tick <= 0 || in.Lot.Step <= 0 || in.Lot.Min < 0:
		return errors.New("tick and lot step must be above 0")
	case in.Inverse() && in.ContractSize <= 0:
		return errors.New("contract size must be above 0")
	case in.Delivery != 0 && in.Delivery <= s.Start:
		return fmt.Errorf("delivery %v must be after the start %v", in.Delivery, s.Start)
	}
	if start, ok := startOf(base, quote); !ok || start/in.Tick < ticksLow || start/in.Tick > ticksHigh {
		return fmt.Errorf("price must start between %d and %d ticks of %v and at most at %v", ticksLow, ticksHigh, in.Tick, priceMax/wall)
	}
	return nil
}

// startOf is where the index of a pair starts, and whether there is room for it to go as
// far as the assets can.
func startOf(base, quote *asset) (exchange.Fixed, bool) {
	in := exchange.FixedOne
	if quote != nil {
		in = quote.start
	}
	start, err := mulDiv(base.start, exchange.FixedOne, in).Fixed()
	return start, err == nil && start <= priceMax/wall
}

func (l *tickLeg) perpetual() bool { return l.future && l.worth.delivery == 0 }

func (l *tickLeg) live(now exchange.Time) bool {
	return l.worth.delivery == 0 || now < l.worth.delivery
}

// follow moves what the leg is worth.
func (l *tickLeg) follow(now exchange.Time, second bool, common *weather) {
	if l.live(now) {
		l.worth.follow(now, second, common)
	}
}

// value tells the mark.
func (l *tickLeg) value(w *writer) {
	if l.future && l.live(w.at) {
		l.mark = l.worth.mark(w.at, l.floor.last)
		w.next(l.inst).SetMark(l.mark)
	}
}

// trade goes on with the dealing by one step.
func (l *tickLeg) trade(w *writer, second bool, activity int64) {
	if l.live(w.at) {
		l.floor.step(w, l.inst, &l.worth, second, activity)
	}
}

// settle ends a funding interval by the mark of its last instant.
func (l *tickLeg) settle(w *writer) {
	if l.perpetual() {
		w.next(l.inst).SetFunding(exchange.Funding{Rate: l.worth.funding.settle(), Mark: l.mark.Price, Interval: fundingEvery})
	}
}
