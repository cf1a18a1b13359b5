package audit

import (
	"cmp"
	"slices"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// wire is what the series of a recording share: the way of their messages and the clock
// that timed them. Readers give the rows of a series in batches, so what is odd in one
// waits for the others until the file has ended.
type wire struct {
	a *auditor
	// spells are times in which messages came late, by time and apart from each other.
	spells []spell
	// setbacks are the places where local time goes back in a series.
	setbacks []setback
}

// spell is a time in which messages came late.
type spell struct {
	from, to exchange.Time
	// alone says that it was a single message: one, of a series whose lag is usual.
	alone  bool
	one    receipt
	series *series
	usual  time.Duration
}

// setback is a place where the local time of a series goes back: the message on the line
// after it, by some time to another.
type setback struct {
	series *series
	after  int64
	at     place
	by     time.Duration
	to     exchange.Time
}

const (
	// spellsMax bounds the spells that wait, setbacksMax the setbacks of a file.
	spellsMax   = 1 << 12
	setbacksMax = 1 << 12
)

// late takes a late message. It is alone unless another came late shortly before or
// after: then the network or the recorder stood still.
func (w *wire) late(s spell) {
	gap := w.a.opt.LateAlone
	i, _ := slices.BinarySearchFunc(w.spells, s.from.Add(-gap), func(o spell, from exchange.Time) int { return cmp.Compare(o.to, from) })
	j := i
	for j < len(w.spells) && w.spells[j].from.Sub(s.to) <= gap {
		o := &w.spells[j]
		s.from, s.to, s.alone = min(s.from, o.from), max(s.to, o.to), false
		j++
	}
	w.spells = slices.Replace(w.spells, i, j, s)
	if len(w.spells) == spellsMax {
		w.settle(spellsMax / 2)
	}
}

// settle reports the late messages among the first n spells.
func (w *wire) settle(n int) {
	for i := range w.spells[:n] {
		if s := &w.spells[i]; s.alone {
			r := &s.one
			w.a.ledger.find(Late, s.series.key, r.at, "a single message is late by %v: received %v, sent %v, of %v, where others take %v",
				r.lag-s.usual, r.local, r.event, r.at.at, s.usual)
		}
	}
	w.spells = slices.Delete(w.spells, 0, n)
}

// back takes a place where local time goes back.
func (w *wire) back(s setback) {
	if len(w.setbacks) < setbacksMax {
		w.setbacks = append(w.setbacks, s)
		return
	}
	w.report(s)
}

// end reports what has waited.
func (w *wire) end() {
	w.settle(len(w.spells))
	slices.SortStableFunc(w.setbacks, func(a, b setback) int { return cmp.Compare(a.at.line, b.at.line) })
	line := int64(0)
	for _, s := range w.setbacks {
		if s.after < line {
			continue // the series saw the one at that line later
		}
		line = s.at.line
		w.report(s)
	}
	w.setbacks = nil
}

func (w *wire) report(s setback) {
	w.a.ledger.find(Clock, s.series.key, s.at, "the recorder's clock goes back by %v, to %v", s.by, s.to)
}
