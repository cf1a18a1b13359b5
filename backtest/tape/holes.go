package tape

import (
	"fmt"
	"slices"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// Hole is a stretch of time for which a series lacks rows that it should have.
type Hole struct {
	// From is the instant of the first missing row, or of the row before it where the
	// instant is not known (trades). To is the instant of the first row after the hole.
	From exchange.Time `json:"from"`
	To   exchange.Time `json:"to"`
	// Missing is how many rows are missing: bars, trade ids, settlements; for depth how
	// many update ids, of which a message has many.
	Missing int64 `json:"missing"`
}

// holeRule says how missing rows show.
type holeRule uint8

const (
	// noHoles: rows come when something happens; their absence says nothing.
	noHoles holeRule = iota
	// steadyHoles: rows come every interval.
	steadyHoles
	// linkedHoles: every row names what it follows, by its id or beside it.
	linkedHoles
	// inferredHoles: rows come at distances that change now and then (funding every 8, 4
	// or 1 hours); a distance longer than what is usual both before and after it is a
	// hole.
	inferredHoles
	// silentHoles: rows come about as often as silences says; a silence of several times
	// that is a hole.
	silentHoles
)

// keyName is the word for what identifies a row.
func (r holeRule) keyName() string {
	if r == linkedHoles || r == noHoles {
		return "id"
	}
	return "time"
}

// early is by how much rows that a hole lacks may be before its start: where rows come when
// they will, it starts where the next one was due.
func (r holeRule) early(k row.Kind) time.Duration {
	if r != silentHoles {
		return 0
	}
	usual, _ := silences(k)
	return usual - 1
}

// silences are the usual distances of kinds with silentHoles, and the longest that is no
// hole.
func silences(k row.Kind) (usual, most time.Duration) {
	switch k {
	case row.Metrics:
		return 5 * time.Minute, 5 * time.Minute
	case row.BookDepth:
		return 30 * time.Second, 3 * time.Minute
	}
	return 3 * time.Second, 15 * time.Second // marks, at the slower of the stream's two speeds
}

// holesMax bounds the holes that are kept of one file. More of them where rows come every
// interval mean that the data is not what it is taken for. Elsewhere neighbours become one, so
// that a stream which loses something all the time is told as that, and kept. It is even.
const holesMax = 10_000

// holeFinder looks for holes in the rows of a file as they pass.
type holeFinder struct {
	rule holeRule
	// step is the usual distance of rows, 0 where there is none; inferred by finish.
	step time.Duration
	// most is the longest distance that is no hole.
	most time.Duration
	// found are the holes and lines the source lines of the rows after them; counted is how
	// many there were before neighbours became one.
	found   []Hole
	lines   []int64
	counted int64

	rows   int64
	lastAt exchange.Time
	// linkedAt and lastID are of the last linked row, and firstAfter is what the first one
	// follows.
	linkedAt           exchange.Time
	firstAfter, lastID int64
	times              []exchange.Time
	timeLine           []int64
}

func newHoleFinder(rule holeRule, key row.Key) holeFinder {
	h := holeFinder{rule: rule, step: key.Interval, most: key.Interval}
	if rule == silentHoles {
		h.step, h.most = silences(key.Kind)
	}
	return h
}

// add takes the next row: its instant, its line in the source, and for linked rows the
// id that it follows and its own, both 0 if it says nothing.
func (h *holeFinder) add(at exchange.Time, after, id, line int64) {
	switch h.rule {
	case steadyHoles, silentHoles:
		if d := at.Sub(h.lastAt); h.rows > 0 && d > h.most {
			h.note(Hole{h.lastAt.Add(h.step), at, max(1, int64(d/h.step)-1)}, line)
		}
	case linkedHoles:
		if id != 0 {
			h.link(at, after, id, line)
		}
	case inferredHoles:
		h.times, h.timeLine = append(h.times, at), append(h.timeLine, line)
	}
	h.rows++
	h.lastAt = at
}

func (h *holeFinder) link(at exchange.Time, after, id, line int64) {
	if h.lastID == 0 {
		h.firstAfter = after
	} else if hole, ok := unlinked(h.linkedAt, h.lastID, at, after); ok {
		h.note(hole, line)
	}
	h.linkedAt, h.lastID = at, id
}

// unlinked is the hole between a row and one that does not follow it. What is missing
// can be counted only where ids count rows: those of trades leave a row out each.
func unlinked(lastAt exchange.Time, lastID int64, at exchange.Time, after int64) (Hole, bool) {
	if after == lastID || after == 0 {
		return Hole{}, false
	}
	return Hole{lastAt, at, max(1, after-lastID)}, true
}

func (h *holeFinder) note(hole Hole, line int64) {
	h.counted++
	if h.rule == steadyHoles && len(h.found) > holesMax {
		return // finish refuses them
	}
	if h.rule != steadyHoles && len(h.found) == holesMax {
		h.halve()
	}
	h.found, h.lines = append(h.found, hole), append(h.lines, line)
}

// halve makes one hole of each two neighbours, the rows between them included.
func (h *holeFinder) halve() {
	n := len(h.found) / 2
	for i := range n {
		a, b := h.found[2*i], h.found[2*i+1]
		h.found[i], h.lines[i] = Hole{a.From, b.To, a.Missing + b.Missing}, h.lines[2*i+1]
	}
	h.found, h.lines = h.found[:n], h.lines[:n]
}

// finish ends the search and fails when there are too many holes.
func (h *holeFinder) finish() error {
	if h.rule == inferredHoles {
		h.infer()
	}
	if len(h.found) > holesMax { // of steady rows
		return fmt.Errorf("more than %d gaps, the first from %v to %v: is the interval right?", holesMax, h.found[0].From, h.found[0].To)
	}
	return nil
}

// infer looks at the distances between rows.
func (h *holeFinder) infer() {
	apart := make([]time.Duration, max(0, len(h.times)-1))
	for i := range apart {
		apart[i] = h.times[i+1].Sub(h.times[i])
	}
	const window = 3
	for i, d := range apart {
		before := commonest(apart[max(0, i-window):i])
		after := commonest(apart[i+1 : min(len(apart), i+1+window)])
		if d <= max(before, after) || before == 0 && after == 0 {
			continue
		}
		usual := before
		if before == 0 || after != 0 && after < before {
			usual = after
		}
		missing := max(1, int64((d+usual/2)/usual)-1)
		h.note(Hole{h.times[i].Add(usual), h.times[i+1], missing}, h.timeLine[i+1])
	}
	h.step = commonest(apart)
}

// commonest is the most frequent of some distances, the largest of those that tie, and
// 0 of none.
func commonest(apart []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(apart))
	best, most := time.Duration(0), 0
	for i := 0; i < len(sorted); {
		run := i
		for run < len(sorted) && sorted[run] == sorted[i] {
			run++
		}
		if run-i >= most {
			best, most = sorted[i], run-i
		}
		i = run
	}
	return best
}
