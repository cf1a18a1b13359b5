package tape

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/clock"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// ReaderSpec says what to play.
type ReaderSpec struct {
	// Series are the series in the order that decides between events of one instant and
	// rank; see [Tape.Series]. Those of kinds that become no events (premiumIndexKlines,
	// partialDepth, bookDepth, metrics) are refused.
	Series []Series
	// From and To bound the events: those that lie wholly within, both ends included, so
	// that the bar which closes at To is played and the one that opens there is not. 0 is
	// no bound.
	From, To exchange.Time
	// Instrument gives the id that a series' events carry.
	Instrument func(p exchange.Product, symbol string) (exchange.InstrumentID, error)
	// Clock says by whose clock events come; the exchange's if it is left out.
	Clock Clock
	// LatencyBase is the smallest latency of each product by CorrectedClock, at most an
	// hour; 0 for the others.
	LatencyBase time.Duration
	// Receipts plays events in the order and at the instants of the exchange all the same,
	// with the time of receipt by Clock as Exchange: for whoever lets the exchange see them
	// first and others when they were received. ExchangeClock has no such time.
	Receipts bool

	// open opens a file; nil is the system's.
	open func(path string) (disk, error)
}

// Reader plays series merged by time. It meets backtest.Source.
//
//   - Bars of traded prices come as KindBar when they close and as KindBarOpen when they
//     open.
//   - Mark price bars come as KindMark with the open at their start and the close at
//     their end, the close first where one bar follows another. Index price bars of the
//     same instrument fill Mark.Index where the mark has none and give no events of their
//     own. Messages of the mark price stream come as KindMark with all they say.
//   - Funding comes at the whole hour, with the published time as Exchange and the
//     distance to the settlement before as Interval. After a hole and at the very first
//     settlement the interval is what the source says, or 0.
//   - Trades come as KindTrade, but for those that are no market trades; best bids and
//     asks as KindBookTicker; others' forced orders as KindLiquidation.
//   - Pieces of an order book come as KindDepth. Where From lies within the recording,
//     the book as it is at From comes first, as a snapshot at From made of the pieces
//     since the last snapshot before, if there is one and nothing was lost since.
//   - Each series announces its cadence at the first instant of the whole reader.
//   - A hole is a KindGap at its end, like a live feed would know it, before the first
//     row after it.
//
// By the recorder's clock, plain or corrected, At is when an event was received, and
// Exchange when the exchange sent it, else when it happened. Rows that nobody received,
// bars and settlements, keep the exchange's instants, as do rows of archives by the local
// clock; by the corrected one these come LatencyBase later, like the quickest message of
// a recording. A message that took an hour or more to come may be missing at From. Where
// local times lie more than an hour about the exchange's, the local clock is refused.
//
// A reader holds one open file, two blocks of some thousand events and a page of each
// column for each series, however long they are, and what was received while the
// slowest message was on its way. The blocks are decoded ahead by one goroutine, from
// the first Next until the end, an error or Close; what is played does not depend on it.
type Reader struct {
	// queue is a heap of the cursors by the position of their next event.
	queue []*cursor
	// all are the cursors of series, live those that have any events.
	all, live []*cursor
	ahead     ahead
	err       error
}

// Ranks of events of one instant, those of backtest.Rank: a test there compares them.
const (
	rankNotice  = 0
	rankMark    = 1
	rankMatch   = 2
	rankFunding = 3
	rankBarOpen = 4
)

// Rank is the order in which a [Reader] gives events of different kinds at one instant.
func Rank(k exchange.Kind) int {
	switch k {
	case exchange.KindCadence, exchange.KindGap, exchange.KindClock:
		return rankNotice
	case exchange.KindMark, exchange.KindAssetIndex:
		return rankMark
	case exchange.KindFunding:
		return rankFunding
	case exchange.KindBarOpen:
		return rankBarOpen
	default:
		return rankMatch
	}
}

// Reader opens series for playing. The caller closes it.
func (t *Tape) Reader(spec ReaderSpec) (*Reader, error) {
	if err := spec.check(); err != nil {
		return nil, err
	}
	if spec.To == 0 {
		spec.To = math.MaxInt64
	}
	r := &Reader{}
	if err := r.open(t, spec); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

func (s *ReaderSpec) check() error {
	switch {
	case len(s.Series) == 0 || len(s.Series) > seriesMax:
		return fmt.Errorf("read tape: %d series selected, not between 1 and %d", len(s.Series), seriesMax)
	case s.Clock > CorrectedClock:
		return fmt.Errorf("read tape: no clock %d", s.Clock)
	case s.Receipts && s.Clock == ExchangeClock:
		return errors.New("read tape: the exchange's clock has no times of receipt; choose local or corrected")
	case s.LatencyBase < 0 || s.LatencyBase > lagMost:
		return fmt.Errorf("read tape: base of latencies %v is not within 0 to %v", s.LatencyBase, lagMost)
	case s.LatencyBase != 0 && s.Clock != CorrectedClock:
		return fmt.Errorf("read tape: a base of latencies, %v, goes with the corrected clock only, not with %v", s.LatencyBase, s.Clock)
	}
	return nil
}

// open opens all series. Those without rows in the bounds have only their notices.
func (r *Reader) open(t *Tape, spec ReaderSpec) error {
	o := opener{tape: t, spec: &spec, indexes: map[exchange.InstrumentID]*exchange.Fixed{}, models: map[exchange.Product]*clock.Model{}}
	var lanes []*lane
	for i := range spec.Series {
		l, c, err := o.open(i)
		if c != nil {
			r.all = append(r.all, c)
		}
		if err != nil {
			return fmt.Errorf("read tape: %s: %w", spec.Series[i].Key, err)
		}
		lanes = append(lanes, l)
		if !c.drained() {
			r.queue = append(r.queue, c)
		}
	}
	if len(r.queue) == 0 {
		return nothingWithin(&spec)
	}
	first := slices.MinFunc(r.queue, func(a, b *cursor) int { return cmp.Compare(a.head.at, b.head.at) }).head.at
	r.live = slices.Clone(r.queue)
	for i, l := range lanes {
		c := &cursor{order: int32(i), block: notices(l, &spec.Series[i], first)}
		if !c.drained() {
			c.settle()
			r.queue = append(r.queue, c)
		}
	}
	for i := len(r.queue)/2 - 1; i >= 0; i-- {
		r.sink(i)
	}
	return nil
}

// nothingWithin says where the rows are that the bounds leave out.
func nothingWithin(spec *ReaderSpec) error {
	bounds := ""
	if spec.From != 0 {
		bounds = fmt.Sprintf(" from %v", spec.From)
	}
	if spec.To != math.MaxInt64 {
		bounds += fmt.Sprintf(" to %v", spec.To)
	}
	first, last := spec.Series[0].From, spec.Series[0].To
	for _, s := range spec.Series {
		first, last = min(first, s.From), max(last, s.To)
	}
	return fmt.Errorf("read tape: no rows%s: the tape has %v to %v in the selected series", bounds, first, last)
}

// opener opens the series of a reader.
type opener struct {
	tape    *Tape
	spec    *ReaderSpec
	indexes map[exchange.InstrumentID]*exchange.Fixed
	models  map[exchange.Product]*clock.Model
}

// open opens a series and makes its first block. The cursor is nil if it holds nothing.
func (o *opener) open(i int) (*lane, *cursor, error) {
	s, spec := &o.spec.Series[i], o.spec
	parts, ok := o.tape.shelf[s.Key]
	if !ok {
		return nil, nil, errors.New("not on this tape")
	}
	f, err := formatOf(s.Kind)
	if err != nil {
		return nil, nil, err
	}
	inst, err := spec.Instrument(s.Product, s.Symbol)
	if err != nil {
		return nil, nil, err
	}
	l := &lane{
		key: s.Key, inst: inst, from: spec.From, to: spec.To, holes: o.tape.Holes(s.Key),
		clock: spec.Clock, base: spec.LatencyBase, receipts: spec.Receipts, open: spec.open,
	}
	if spec.Clock == CorrectedClock {
		if o.models[s.Product] == nil {
			o.models[s.Product] = o.tape.model(s.Product)
		}
		l.model = o.models[s.Product]
	}
	c := &cursor{order: int32(i), block: &block{}}
	switch s.Kind {
	case row.IndexPriceKlines:
		c.role = indexing
	case row.MarkPriceKlines, row.MarkPrice:
		c.role = marked
	}
	if c.role != indexing {
		c.order += int32(len(spec.Series)) // so that a mark price finds the index of its instant
	}
	if o.indexes[inst] == nil {
		o.indexes[inst] = new(exchange.Fixed)
	}
	c.index = o.indexes[inst]
	if c.decoder, err = f.open(l, parts); err != nil {
		return nil, nil, err
	}
	switch err := c.decoder.decode(c.block); err {
	case nil:
		c.settle()
	case io.EOF:
	default:
		return nil, c, err
	}
	return l, c, nil
}

// Next fills buf with the next events and returns how many; io.EOF ends. Fewer than fit
// is normal. Events and what they point to are good until the next call. After an error
// the reader is of no more use.
func (r *Reader) Next(buf []exchange.Event) (int, error) {
	if r.err == nil {
		r.ahead.start(r.live)
	}
	n := 0
	for n < len(buf) && r.err == nil {
		if len(r.queue) == 0 {
			r.end(io.EOF)
			break
		}
		top := r.queue[0]
		if top.drained() {
			if n > 0 {
				break // the block, to which events in buf may point, would be filled anew
			}
			r.load(top)
			continue
		}
		n += top.emit(buf[n:], r.second())
		if !top.drained() {
			r.sink(0)
		}
	}
	if n > 0 {
		return n, nil
	}
	return 0, r.err
}

// load brings the next block of the first cursor in the queue, or takes the cursor out.
func (r *Reader) load(top *cursor) {
	if top.decoder != nil {
		r.ahead.swap(top)
		if err := top.block.err; err != nil && err != io.EOF {
			r.end(fmt.Errorf("read tape: %w", err))
			return
		}
	}
	if top.drained() {
		last := len(r.queue) - 1
		r.queue[0] = r.queue[last]
		r.queue = r.queue[:last]
	} else {
		top.settle()
	}
	r.sink(0)
}

// end notes why there is nothing more to play.
func (r *Reader) end(err error) {
	r.ahead.stop()
	r.err = err
}

// second is the position of the cursor after the top one.
func (r *Reader) second() position {
	second := never
	for i := 1; i < min(3, len(r.queue)); i++ {
		if head := r.queue[i].head; head.before(second) {
			second = head
		}
	}
	return second
}

// sink restores the heap's order below i.
func (r *Reader) sink(i int) {
	q := r.queue
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(q); child++ {
			if q[child].head.before(q[least].head) {
				least = child
			}
		}
		if least == i {
			return
		}
		q[i], q[least] = q[least], q[i]
		i = least
	}
}

// Close ends the decoding ahead and gives the files back.
func (r *Reader) Close() error {
	r.end(errors.New("read tape: the reader is closed"))
	var err error
	for _, c := range r.all {
		err = errors.Join(err, c.decoder.close())
	}
	r.queue, r.all, r.live = nil, nil, nil
	return err
}
