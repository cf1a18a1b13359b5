package backtest

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// MakingLine is how the resting orders of a strategy fared in one leg. There is one where the data
// has trades or best prices and at least one fill was a maker's.
type MakingLine struct {
	Strategy string           `json:"strategy"`
	Product  exchange.Product `json:"product"`
	Symbol   string           `json:"symbol"`
	// Orders were sent, and Filled of them filled, whole or in part, in Fills, of which Maker
	// were a maker's.
	Orders int `json:"orders"`
	Filled int `json:"filled"`
	Fills  int `json:"fills"`
	Maker  int `json:"maker"`
	// Queue is how the place in line was estimated.
	Queue string `json:"queue"`
	// After is what the middle of the market did behind maker fills, a second, five and thirty.
	After [3]MakingMove `json:"after"`
}

// MakingMove is the mean move of the middle behind maker fills.
type MakingMove struct {
	After time.Duration `json:"after_ns"`
	// Fills are those of which it is known, and BasisPoints is their mean, weighted by notional:
	// above 0 it went the way of the fills, below it adverse selection costs so much.
	Fills       int             `json:"fills"`
	BasisPoints decimal.Decimal `json:"basis_points"`
}

// makingAfter are the times behind a fill at which the middle is looked at.
func makingAfter() [3]time.Duration {
	return [3]time.Duration{time.Second, 5 * time.Second, 30 * time.Second}
}

// making follows maker fills of the run proper.
type making struct {
	lines  []makingBook // by instrument and strategy
	labels int
	mid    []exchange.Fixed // by InstrumentID, the middle or else the last trade
	quoted []bool           // by InstrumentID: best prices come
	// behind are the fills of an instrument whose times are not all over, oldest first.
	behind [][]makingFill
	filled map[exchange.OrderID]bool // of orders that are not over
}

type makingBook struct {
	MakingLine
	sum, weight [3]decimal.Decimal
}

type makingFill struct {
	book   *makingBook
	at     exchange.Time
	side   exchange.Side
	mid    exchange.Fixed
	weight decimal.Decimal
	next   int // of makingAfter
}

func newMaking(instruments, labels int) making {
	n := instruments + 1
	return making{
		lines: make([]makingBook, n*labels), labels: labels, mid: make([]exchange.Fixed, n), quoted: make([]bool, n),
		behind: make([][]makingFill, n), filled: map[exchange.OrderID]bool{},
	}
}

func (m *making) book(inst exchange.InstrumentID, s exchange.StrategyID) *makingBook {
	return &m.lines[int(inst)*m.labels+int(s)]
}

// price notes the middle of a market, once what it was before has been held against the fills.
func (m *making) price(e *exchange.Event) {
	p, quote := exchange.Fixed(0), e.Kind == exchange.KindBookTicker
	switch {
	case quote:
		p = e.Mid()
		m.quoted[e.Inst] = true
	case e.Kind == exchange.KindTrade && !m.quoted[e.Inst]:
		p = e.TradePrice()
	}
	if p == 0 {
		return
	}
	if len(m.behind[e.Inst]) > 0 {
		m.look(e.Inst, e.At)
	}
	m.mid[e.Inst] = p
}

// look notes the middle, as it was until now, for the fills that are so long ago.
func (m *making) look(inst exchange.InstrumentID, now exchange.Time) {
	after, keep := makingAfter(), m.behind[inst][:0]
	for _, f := range m.behind[inst] {
		for f.next < len(after) && now > f.at.Add(after[f.next]) {
			move := (m.mid[inst] - f.mid).Decimal().Mul(decimal.New(f.side.Sign(), 0))
			b, i := f.book, f.next
			b.sum[i] = b.sum[i].Add(f.weight.Mul(move).DivRound(f.mid.Decimal(), 16))
			b.weight[i] = b.weight[i].Add(f.weight)
			b.After[i].Fills++
			f.next++
		}
		if f.next < len(after) {
			keep = append(keep, f)
		}
	}
	m.behind[inst] = keep
}

// fill counts an execution.
func (m *making) fill(in *exchange.Instrument, at exchange.Time, f *exchange.Fill) {
	b := m.book(in.ID, f.Strategy)
	b.Fills++
	if !m.filled[f.Order] {
		m.filled[f.Order] = true
		b.Filled++
	}
	if !f.Maker {
		return
	}
	b.Maker++
	if mid := m.mid[in.ID]; mid > 0 {
		m.behind[in.ID] = append(m.behind[in.ID], makingFill{book: b, at: at, side: f.Side, mid: mid, weight: in.Notional(f.Qty, f.Price)})
	}
}

// order counts what is sent, and forgets what is over.
func (m *making) order(inst exchange.InstrumentID, u *exchange.OrderUpdate) {
	if u.Status == exchange.StatusPendingNew {
		m.book(inst, u.Strategy).Orders++
	}
	if u.Status.Final() {
		delete(m.filled, u.ID)
	}
}

// result lists the lines, by leg and strategy.
func (m *making) result(ins *exchange.Instruments, labels []string, queue string) (list []MakingLine) {
	for i := range m.lines {
		b := &m.lines[i]
		inst := exchange.InstrumentID(i / m.labels)
		if b.Maker == 0 || m.mid[inst] == 0 {
			continue
		}
		in := ins.At(inst)
		b.Strategy, b.Product, b.Symbol, b.Queue = labels[i%m.labels], in.Product, in.Symbol, queue
		for n, after := range makingAfter() {
			if b.After[n].After = after; b.weight[n].IsPositive() {
				b.After[n].BasisPoints = b.sum[n].Shift(4).DivRound(b.weight[n], 4)
			}
		}
		list = append(list, b.MakingLine)
	}
	return list
}
