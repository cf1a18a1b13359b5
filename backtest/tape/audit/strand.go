package audit

import (
	"hash/maphash"
	"slices"

	"github.com/pmbot/pmbot/backtest/tape/clock"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// auditor is one run over files or a tape.
type auditor struct {
	opt    Options
	ledger ledger
	// inFiles says that rows come as they were recorded, with lines. In a tape they are
	// sorted, and what is missing is known from the tape.
	inFiles bool
	series  map[row.Key]*series
	markets map[market]*pair
	// strands is how many there are.
	strands int
	// seed is that of all hashes.
	seed maphash.Seed
	// versus are the comparisons of files.
	versus map[rivalry]*Compared
	rows   int64
	// compared and knots are of the series that have ended.
	compared []Compared
	knots    map[exchange.Product][]clock.Knot
}

func newAuditor(o Options, inFiles bool) *auditor {
	o = o.withDefaults()
	return &auditor{
		opt: o, ledger: ledger{max: o.FindingsMax, counts: map[Count]int64{}}, inFiles: inFiles,
		series: map[row.Key]*series{}, markets: map[market]*pair{}, versus: map[rivalry]*Compared{},
		knots: map[exchange.Product][]clock.Knot{}, seed: maphash.MakeSeed(),
	}
}

// market is what has one order book and one price.
type market struct {
	product exchange.Product
	symbol  string
}

// series is what several files, one after the other or side by side, hold of one key.
type series struct {
	key     row.Key
	gauge   clock.Gauge
	strands []strand
	// passed counts the rows of each file that were in order.
	passed map[*origin]int64
}

// strand is a series in one file and in those that continue it.
type strand interface {
	// take checks the rows of a batch and says how many there are.
	take(rows any, lines []int64) int
	// top is the highest key so far, if there is one; first is that of a batch's first row.
	top() (int64, bool)
	first(rows any) int64
	// bad notes a line that should have held a row.
	bad(line int64)
	// state is what all kinds of strands have.
	state() *track
	// leave ends a file, which another may continue.
	leave()
	// end checks what waits for rows to come.
	end()
}

// track is where a strand runs.
type track struct {
	a      *auditor
	series *series
	// source is the file, nil in a tape; wire what was received together. idle says that
	// the file has ended.
	source *origin
	wire   *wire
	idle   bool

	// event and local are the times of the message in hand, whose rows share them.
	event, local exchange.Time
	lags         lags
	// badLines are lines without a row after the last row, lost counts those before it.
	badLines []int64
	lost     int64
	// passed counts the rows of the file that were in order.
	passed int64
}

func (t *track) state() *track { return t }

// badMax bounds the bad lines that wait for the row after them; more count at once.
const badMax = 1 << 12

func (t *track) bad(line int64) {
	if len(t.badLines) == badMax {
		t.badLines = t.badLines[1:]
		t.lost++
	}
	t.badLines = append(t.badLines, line)
}

// place is where a row stands, the ith of a batch. It counts the bad lines before it.
func (t *track) place(when exchange.Time, lines []int64, i int) place {
	p := place{source: t.source, at: when}
	if i < len(lines) {
		p.line = lines[i]
	}
	for len(t.badLines) > 0 && t.badLines[0] < p.line {
		t.badLines = t.badLines[1:]
		t.lost++
	}
	return p
}

// receive notes the times of a row, once for each message. Snapshots have only one: they
// come when they were asked for, and may have waited before they were written.
func (t *track) receive(event, local exchange.Time, p place) {
	if local == 0 || event == 0 || event == t.event && local == t.local {
		return
	}
	t.event, t.local = event, local
	t.series.gauge.Add(event, local)
	t.hear(event, local, p)
}

// count notes a row in order. One may have waited for the row after it, of the next file.
func (t *track) count(from *origin) {
	if from == t.source {
		t.passed++
	} else {
		t.series.passed[from]++
	}
}

func (t *track) leave() {
	t.silence()
	t.series.passed[t.source] += t.passed
	t.passed, t.idle = 0, true
	t.lost += int64(len(t.badLines))
	t.badLines = nil
}

// find notes what is wrong with a row of the strand.
func (t *track) find(c Check, p place, format string, args ...any) {
	t.a.ledger.find(c, t.series.key, p, format, args...)
}

// strandOf returns the strand of a series in a file.
func (a *auditor) strandOf(key row.Key, from *origin) strand {
	if s := a.series[key]; s != nil {
		for _, have := range s.strands {
			if t := have.state(); t.source == from && !t.idle {
				return have
			}
		}
	}
	return nil
}

// begin returns the strand for a series of which a file's first batch is there. A file
// that begins after all others, and after these have ended, continues what they hold.
func (a *auditor) begin(key row.Key, from *origin, w *wire, rows any) strand {
	s := a.series[key]
	if s == nil {
		s = &series{key: key, passed: map[*origin]int64{}}
		a.series[key] = s
	}
	last := -1
	for i, have := range s.strands {
		if last < 0 || ahead(have, s.strands[last]) {
			last = i
		}
	}
	if last >= 0 {
		have := s.strands[last]
		t := have.state()
		if top, ok := have.top(); t.idle && (!ok || have.first(rows) > top) {
			t.source, t.wire, t.idle = from, w, false
			return have
		}
		a.prune(s, last)
	}
	a.strands++
	made := a.newStrand(track{a: a, series: s, source: from, wire: w})
	s.strands = append(s.strands, made)
	return made
}

// ahead says whether a strand has come further than another.
func ahead(a, b strand) bool {
	one, ok := a.top()
	other, known := b.top()
	return ok && (!known || one > other)
}

// prune ends the strands of files that have ended, but for the one that has come furthest.
func (a *auditor) prune(s *series, last int) {
	keep := s.strands[last]
	s.strands = slices.DeleteFunc(s.strands, func(have strand) bool {
		if have == keep || !have.state().idle {
			return false
		}
		have.end()
		have.leave()
		a.strands--
		return true
	})
}

// newStrand makes the strand of a kind.
func (a *auditor) newStrand(t track) strand {
	m := a.pairOf(t.series.key)
	switch t.series.key.Kind {
	case row.AggTrades, row.Trades:
		return newRows(t, m.newTradeCheck)
	case row.BookTicker:
		return newRows(t, m.newTickerCheck)
	case row.Depth:
		return newDepth(t, m)
	case row.PartialDepth: // books of their own, which no other series is held against
		alone := &pair{a: t.a, market: m.market}
		alone.rebuilt().depth = t.series.key
		return newDepth(t, alone)
	case row.BookDepth:
		return newRows[row.Bucket](t, nil)
	case row.MarkPrice:
		return newRows[row.Mark](t, nil)
	case row.FundingRate:
		return newRows[row.Funding](t, nil)
	case row.Metrics:
		return newRows[row.Metric](t, nil)
	case row.LiquidationSnapshot:
		return newRows[row.Liquidation](t, nil)
	}
	return newRows(t, m.newBarCheck)
}

// share is how much of a common room each of n may use, at least least.
func share(room, n, least int) int { return max(room/max(n, 1), least) }
