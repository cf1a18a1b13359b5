package tape

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// ReaderSpec says what to play.
type ReaderSpec struct {
	// Series are the series in the order that decides between events of one instant and
	// rank; see [Tape.Series].
	Series []Series
	// From and To bound the rows: those that lie wholly within, both ends included, so
	// that the bar which closes at To is played and the one that opens there is not. 0 is
	// no bound.
	From, To exchange.Time
	// Instrument gives the id that a series' events carry.
	Instrument func(p exchange.Product, symbol string) (exchange.InstrumentID, error)
}

// Reader plays series merged by time. It meets backtest.Source.
//
//   - Bars of traded prices come as KindBar when they close and as KindBarOpen when they
//     open.
//   - Mark price bars come as KindMark with the open at their start and the close at
//     their end, the close first where one bar follows another. Index price bars of the
//     same instrument fill Mark.Index and give no events of their own.
//   - Funding comes at the whole hour, with the published time as Exchange and the
//     distance to the settlement before as Interval. After a hole and at the very first
//     settlement the interval is what the source says, or 0.
//   - Trades come as KindTrade.
//   - Each series announces its cadence at the first instant of the whole reader.
//   - A hole is a KindGap at its end, like a live feed would know it, before the first
//     row after it.
//
// A reader holds one open file and some thousand rows for each series, however long
// they are.
type Reader struct {
	// queue is a heap of the cursors by the position of their next event.
	queue []cursor
	all   []cursor
	err   error
}

// position orders events: by time, then by rank and the order of series.
type position struct {
	at  exchange.Time
	tie int32
}

func (p position) before(q position) bool { return p.at < q.at || p.at == q.at && p.tie < q.tie }

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
	case exchange.KindCadence, exchange.KindGap:
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

// cursor plays one series, or the notices of one.
type cursor interface {
	// head is the position of the next event. It stands still after a load that returned
	// false.
	head() position
	// drained says that load must be called before head is good.
	drained() bool
	// load brings the next rows and says whether there are any. Events given before are
	// not good any more.
	load() (bool, error)
	// emit writes the events that come before a position, as far as buf and the loaded
	// rows go, and returns their number.
	emit(buf []exchange.Event, until position) int
	close() error
}

// lane is what a cursor knows of its series.
type lane struct {
	inst     exchange.InstrumentID
	interval time.Duration
	from, to exchange.Time
	// order is the place of the series in the reader.
	order int32
	holes []Hole
	// index is the latest index price of the instrument, 0 before the first.
	index *exchange.Fixed
}

// seriesMax bounds the series of a reader, so that order and rank fit a position.
const seriesMax = 1 << 16

func (l *lane) position(at exchange.Time, rank int32) position {
	return position{at, rank*2*seriesMax + l.order}
}

// Reader opens series for playing. The caller closes it.
func (t *Tape) Reader(spec ReaderSpec) (*Reader, error) {
	if len(spec.Series) == 0 || len(spec.Series) > seriesMax {
		return nil, fmt.Errorf("read tape: %d series selected, not between 1 and %d", len(spec.Series), seriesMax)
	}
	if spec.To == 0 {
		spec.To = math.MaxInt64
	}
	r := &Reader{}
	indexes := map[exchange.InstrumentID]*exchange.Fixed{}
	var notices []*noticeCursor
	for i, s := range spec.Series {
		notice, err := r.add(t, spec, i, s, indexes)
		if err != nil {
			r.Close()
			return nil, fmt.Errorf("read tape: %s: %w", s.Key, err)
		}
		notices = append(notices, notice)
	}
	if len(r.queue) == 0 {
		r.Close()
		return nil, nothingWithin(spec)
	}
	first := slices.MinFunc(r.queue, func(a, b cursor) int { return cmp.Compare(a.head().at, b.head().at) }).head().at
	for _, n := range notices {
		if n.start(first, spec.To) {
			r.queue = append(r.queue, n)
		}
	}
	for i := len(r.queue)/2 - 1; i >= 0; i-- {
		r.sink(i)
	}
	return r, nil
}

// nothingWithin says where the rows are that the bounds leave out.
func nothingWithin(spec ReaderSpec) error {
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

// add opens one series; one without rows in the bounds has only its notices.
func (r *Reader) add(t *Tape, spec ReaderSpec, order int, s Series, indexes map[exchange.InstrumentID]*exchange.Fixed) (*noticeCursor, error) {
	parts, ok := t.shelf[s.Key]
	if !ok {
		return nil, errors.New("not on this tape")
	}
	f, err := formatOf(s.Kind)
	if err != nil {
		return nil, err
	}
	inst, err := spec.Instrument(s.Product, s.Symbol)
	if err != nil {
		return nil, err
	}
	if indexes[inst] == nil {
		indexes[inst] = new(exchange.Fixed)
	}
	l := lane{
		inst: inst, interval: s.Interval, from: spec.From, to: spec.To,
		order: int32(order), holes: t.Holes(s.Key), index: indexes[inst],
	}
	notice := newNoticeCursor(l, s)
	if s.Kind != row.IndexPriceKlines {
		l.order += int32(len(spec.Series)) // so that a mark price finds the index of its instant
	}
	var chosen []part
	for _, p := range parts {
		// Funding needs the settlement before the first; a year of them is a small file.
		if p.overlaps(spec.From, spec.To) || s.Kind == row.FundingRate && p.meta.first <= spec.To {
			chosen = append(chosen, p)
		}
	}
	c := f.open(l, chosen)
	r.all = append(r.all, c)
	more, err := c.load()
	if err != nil {
		return nil, err
	}
	if more {
		r.queue = append(r.queue, c)
	}
	return notice, nil
}

// Next fills buf with the next events and returns how many; io.EOF ends. Fewer than fit
// is normal. Events and the bars they point to are good until the next call. After an
// error the reader is of no more use.
func (r *Reader) Next(buf []exchange.Event) (int, error) {
	n := 0
	for n < len(buf) && r.err == nil {
		if len(r.queue) == 0 {
			r.err = io.EOF
			break
		}
		top := r.queue[0]
		if top.drained() {
			if n > 0 {
				break // loading would overwrite bars that events in buf point to
			}
			more, err := top.load()
			if err != nil {
				r.err = fmt.Errorf("read tape: %w", err)
				break
			}
			if !more {
				last := len(r.queue) - 1
				r.queue[0] = r.queue[last]
				r.queue = r.queue[:last]
			}
			r.sink(0)
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

// second is the position of the cursor after the top one.
func (r *Reader) second() position {
	switch len(r.queue) {
	case 1:
		return position{math.MaxInt64, math.MaxInt32}
	case 2:
		return r.queue[1].head()
	}
	a, b := r.queue[1].head(), r.queue[2].head()
	if b.before(a) {
		return b
	}
	return a
}

// sink restores the heap's order below i.
func (r *Reader) sink(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(r.queue); child++ {
			if r.queue[child].head().before(r.queue[least].head()) {
				least = child
			}
		}
		if least == i {
			return
		}
		r.queue[i], r.queue[least] = r.queue[least], r.queue[i]
		i = least
	}
}

// Close gives the files back.
func (r *Reader) Close() error {
	var err error
	for _, c := range r.all {
		err = errors.Join(err, c.close())
	}
	r.queue, r.all, r.err = nil, nil, errors.New("read tape: the reader is closed")
	return err
}
