package riskguard

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// How a strategy fares at the exchange: which part of its orders the exchange rejects, of which
// part nobody knows what came of it, at what prices it deals beside those that it saw, and how long
// answers take. Each has a band. Beyond it a person is told, and beyond twice the band the strategy
// only reduces until a person resumes it: something does not work as its author thinks. How long
// answers take is told alone, for what reduces would wait as long.

const (
	// fareSlots of fareSlotLength are what answers are counted in.
	fareSlots      = 60
	fareSlotLength = 10 * time.Second
	// fareLeast is how many answers, or fills, there must be before a band says anything.
	fareLeast = 20
)

// fare is how a strategy fares.
type fare struct {
	// slots are the answers of the last ten minutes, oldest first.
	slots []fareSlot
	// slips are by how much the last fills that took were worse than the price seen, in 1e-8 of
	// it, oldest first; at most fareLeast.
	slips []int64
	// seen are the prices that its open orders were approved at, by rising id.
	seen []sight
}

// fareSlot counts first answers to new orders, those that rejected and those that never came, and
// sums how long the others took.
type fareSlot struct {
	Answered int           `json:"answered"`
	Rejected int           `json:"rejected,omitzero"`
	Start    exchange.Time `json:"start"`
	Took     time.Duration `json:"took,omitzero"`
	Unknown  int           `json:"unknown,omitzero"`
}

// sight is the price that an order met when it was approved.
type sight struct {
	Order exchange.OrderID `json:"order"`
	Price exchange.Fixed   `json:"price"`
}

func compareSights(s sight, id exchange.OrderID) int { return cmp.Compare(s.Order, id) }

// saw notes the price that a new order meets: the best one on the other side, or without a fresh
// book the last. What may only rest, and what waits for a trigger, meets none.
func (g *Guard) saw(o *exchange.Order) {
	r := &o.Request
	if o.Strategy == 0 || int(o.Strategy) >= len(g.fares) || !g.ins.Has(r.Inst) || r.TimeInForce == exchange.GTX || r.Type.Conditional() || r.Type == exchange.OCO {
		return
	}
	m := &g.markets[r.Inst]
	price := m.last
	if best := m.against(r.Side); best != 0 && m.bookAt >= m.lastAt {
		price = best
	}
	f := &g.fares[o.Strategy]
	if at, found := slices.BinarySearchFunc(f.seen, o.ID, compareSights); !found && price != 0 {
		f.seen = slices.Insert(f.seen, at, sight{o.ID, price})
	}
}

// against is the best price that an order of a side meets.
func (m *market) against(s exchange.Side) exchange.Fixed {
	if s == exchange.Buy {
		return m.ask
	}
	return m.bid
}

// unsee forgets an order that is over. Its last fill may come later, and counts no more.
func (g *Guard) unsee(o *exchange.Order) {
	if int(o.Strategy) >= len(g.fares) {
		return
	}
	f := &g.fares[o.Strategy]
	if at, found := slices.BinarySearchFunc(f.seen, o.ID, compareSights); found {
		f.seen = slices.Delete(f.seen, at, at+1)
	}
}

// slipped notes by how much a fill that took was worse than the price seen, below 0 if better.
func (g *Guard) slipped(e *exchange.Event) {
	fill := e.Fill()
	if fill.Maker || fill.Order == 0 || int(fill.Strategy) >= len(g.fares) || fill.Forced != exchange.NotForced {
		return
	}
	f := &g.fares[fill.Strategy]
	at, found := slices.BinarySearchFunc(f.seen, fill.Order, compareSights)
	if !found {
		return
	}
	seen := f.seen[at].Price
	worse := fill.Price.Decimal().Sub(seen.Decimal()).Mul(decimal.NewFromInt(fill.Side.Sign()))
	if len(f.slips) == fareLeast {
		f.slips = slices.Delete(f.slips, 0, 1)
	}
	f.slips = append(f.slips, worse.Shift(exchange.FixedPlaces).DivRound(seen.Decimal(), 0).IntPart())
}

// answered counts what the exchange has said of an order for the first time, which the kernel tells
// before it holds the order as it is now. An order that had to rest and would have dealt is no
// mistake: the market was faster.
func (g *Guard) answered(e *exchange.Event) {
	u := e.OrderUpdate()
	if u.Strategy == 0 || int(u.Strategy) >= len(g.fares) {
		return
	}
	at, known := slices.BinarySearchFunc(g.open, u.ID, func(o exchange.Order, id exchange.OrderID) int { return cmp.Compare(o.ID, id) })
	if !known || g.open[at].Status != exchange.StatusPendingNew || g.open[at].Parent != 0 {
		return
	}
	s := g.fares[u.Strategy].slot(e.At)
	s.Answered++
	g.due = true
	switch {
	case u.Status == exchange.StatusUnknown:
		s.Unknown++
		return
	case u.Status == exchange.StatusRejected && !restedNot(u):
		s.Rejected++
	}
	s.Took += e.At.Sub(g.open[at].Created)
}

// codePostOnly is Binance's for an order that had to rest and would have dealt; of margin orders it
// says so in words.
const codePostOnly = -5022

func restedNot(u *exchange.OrderUpdate) bool {
	return u.Code == codePostOnly || strings.Contains(u.Reason, "immediately match")
}

// slot is that of an instant, which is not before the newest. Slots that count no more are dropped.
func (f *fare) slot(at exchange.Time) *fareSlot {
	start := at.Floor(fareSlotLength)
	if n := len(f.slots); n == 0 || f.slots[n-1].Start != start {
		f.slots = slices.DeleteFunc(f.slots, func(s fareSlot) bool { return start.Sub(s.Start) >= fareSlots*fareSlotLength })
		f.slots = append(f.slots, fareSlot{Start: start})
	}
	return &f.slots[len(f.slots)-1]
}

// sum is all of the window that ends at an instant: the last ten minutes, less up to a slot.
func (f *fare) sum(at exchange.Time) (all fareSlot) {
	start := at.Floor(fareSlotLength)
	for i := range f.slots {
		if s := &f.slots[i]; start.Sub(s.Start) < fareSlots*fareSlotLength {
			all.Answered, all.Rejected, all.Unknown, all.Took = all.Answered+s.Answered, all.Rejected+s.Rejected, all.Unknown+s.Unknown, all.Took+s.Took
		}
	}
	return all
}

// resumeFare begins anew when a person resumes the strategy.
func (g *Guard) resumeFare(s *exchange.StateChange) {
	if s.Strategy != 0 && s.Inst == 0 && int(s.Strategy) < len(g.fares) {
		f := &g.fares[s.Strategy]
		f.slots, f.slips = nil, nil
	}
}

// bands looks at how strategies fare.
func (w *watch) bands() {
	for i := 1; i < len(w.g.fares); i++ {
		s, f := exchange.StrategyID(i), &w.g.fares[i]
		all := f.sum(w.at)
		if n := int64(all.Answered); n >= fareLeast {
			count := func(of int, what string) string {
				return fmt.Sprintf("%d of %d orders %s within ten minutes", of, n, what)
			}
			w.band(s, "rejections", decimal.NewFromInt(int64(all.Rejected)), n, w.g.ofStrategy(s, rejectRatio), count(all.Rejected, "were rejected"))
			w.band(s, "unknowns", decimal.NewFromInt(int64(all.Unknown)), n, w.g.ofStrategy(s, unknownRatio), count(all.Unknown, "have had no answer"))
		}
		if n := all.Answered - all.Unknown; n >= fareLeast {
			if mean := all.Took / time.Duration(n); mean > w.g.limits.AckLatencyMax {
				w.name = "latency"
				w.alert(0, exchange.Alert{Strategy: s, Severity: exchange.SeverityWarning, Value: fmt.Sprintf("answers to orders take %v", mean), Limit: w.g.limits.AckLatencyMax.String()})
			}
		}
		if len(f.slips) == fareLeast {
			sum := int64(0)
			for _, slip := range f.slips {
				sum += slip
			}
			share := decimal.New(sum, -exchange.FixedPlaces)
			value := fmt.Sprintf("the last %d fills that took were %v worse than the price seen", fareLeast, share.DivRound(decimal.NewFromInt(fareLeast), 6))
			w.band(s, "slippage", share, fareLeast, w.g.ofStrategy(s, slippageRatio), value)
		}
	}
}

func rejectRatio(l *Limits) decimal.Decimal   { return l.RejectRatioMax }
func unknownRatio(l *Limits) decimal.Decimal  { return l.UnknownRatioMax }
func slippageRatio(l *Limits) decimal.Decimal { return l.SlippageMax }

// band tells of what is beyond a ratio of a whole, and lets a strategy only reduce beyond twice that.
func (w *watch) band(s exchange.StrategyID, name string, part decimal.Decimal, whole int64, ratio decimal.Decimal, value string) {
	most := ratio.Mul(decimal.NewFromInt(whole))
	if !part.GreaterThan(most) {
		return
	}
	w.name = name
	w.alert(0, exchange.Alert{Strategy: s, Severity: exchange.SeverityWarning, Value: value, Limit: ratio.String()})
	if part.GreaterThan(most.Add(most)) {
		w.hold(exchange.StateChange{
			Strategy: s, State: exchange.ReduceOnly, Cause: exchange.CauseWatch,
			Reason: fmt.Sprintf("%s, more than twice the limit %v", value, ratio),
		})
	}
}

// fareSnapshot is a fare as a snapshot has it.
type fareSnapshot struct {
	Seen     []sight             `json:"seen,omitzero"`
	Slips    []int64             `json:"slips,omitzero"`
	Slots    []fareSlot          `json:"slots,omitzero"`
	Strategy exchange.StrategyID `json:"strategy"`
}

func (g *Guard) snapshotFares() (list []fareSnapshot) {
	for i := range g.fares {
		if f := &g.fares[i]; len(f.slots)+len(f.slips)+len(f.seen) > 0 {
			list = append(list, fareSnapshot{slices.Clone(f.seen), slices.Clone(f.slips), slices.Clone(f.slots), exchange.StrategyID(i)})
		}
	}
	return list
}

func (g *Guard) restoreFares(list []fareSnapshot) error {
	for _, s := range list {
		if len(s.Slots) > fareSlots || len(s.Slips) > fareLeast {
			return fmt.Errorf("how strategy %d fares has %d slots and %d fills; it must be at most %d and %d", s.Strategy, len(s.Slots), len(s.Slips), fareSlots, fareLeast)
		}
		if int(s.Strategy) < len(g.fares) {
			g.fares[s.Strategy] = fare{s.Slots, s.Slips, s.Seen}
		}
	}
	return nil
}
