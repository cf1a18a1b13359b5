package csv

import (
	"fmt"
	"slices"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
)

const (
	// heldMax bounds the rows of all series that wait for their batches to fill.
	heldMax = 32 * source.BatchRows
	// seriesMax bounds the series of one file: Binance has traded a few thousand symbols.
	seriesMax = 10_000
)

// outlet is a series of any row type, as the reader sees it.
type outlet interface {
	size() int
	batch() source.Batch
	empty()
}

// collector has the series of a file.
type collector struct {
	all []outlet
	// full are those with a batch, held counts the rows of all.
	full []outlet
	held int
}

// ready says that a batch should be given before another line is read.
func (c *collector) ready() bool { return len(c.full) > 0 || c.held >= heldMax }

// next takes out the series to give: a full one, else that with most rows, else nil.
func (c *collector) next() (most outlet) {
	if len(c.full) > 0 {
		most = c.full[0]
		c.full = slices.Delete(c.full, 0, 1)
	} else {
		for _, o := range c.all {
			if o.size() > 0 && (most == nil || o.size() > most.size()) {
				most = o
			}
		}
	}
	if most != nil {
		c.held -= most.size()
	}
	return most
}

// series collects the rows of one key.
type series[R any, P row.Row[R]] struct {
	key   row.Key
	out   *collector
	rows  []R
	lines []int64
}

// newSeries adds a series to a file's. Its key must be one of a series.
func newSeries[R any, P row.Row[R]](key row.Key, out *collector) (*series[R, P], error) {
	if err := key.Check(); err != nil {
		return nil, err
	}
	if len(out.all) == seriesMax {
		return nil, &stop{fmt.Errorf("more than %d symbols", seriesMax)}
	}
	s := &series[R, P]{key: key, out: out}
	out.all = append(out.all, s)
	return s, nil
}

// add keeps a row, if it can be one of the series.
func (s *series[R, P]) add(r *R, line int64) error {
	if err := P(r).Check(&s.key); err != nil {
		return err
	}
	s.rows, s.lines = append(s.rows, *r), append(s.lines, line)
	s.out.held++
	if len(s.rows) == source.BatchRows {
		s.out.full = append(s.out.full, s)
	}
	return nil
}

func (s *series[R, P]) size() int { return len(s.rows) }

func (s *series[R, P]) batch() source.Batch {
	return source.Batch{Key: s.key, Rows: s.rows, Lines: s.lines}
}

func (s *series[R, P]) empty() { s.rows, s.lines = s.rows[:0], s.lines[:0] }

// directory finds the series of a row by two of its fields. S is what a layout keeps of
// a series.
type directory[S any] struct {
	known map[string]*S
	name  []byte
	// last is what the row before had, under lastName.
	last     *S
	lastName []byte
}

// find returns what is known under two names, or makes it.
func (d *directory[S]) find(a, b []byte, create func(a, b string) (*S, error)) (*S, error) {
	d.name = append(append(append(d.name[:0], a...), 0), b...)
	if d.last != nil && string(d.name) == string(d.lastName) {
		return d.last, nil
	}
	s, ok := d.known[string(d.name)]
	if !ok {
		var err error
		if s, err = create(string(a), string(b)); err != nil {
			return nil, err
		}
		if d.known == nil {
			d.known = map[string]*S{}
		}
		if len(d.known) == seriesMax {
			return nil, &stop{fmt.Errorf("more than %d symbols", seriesMax)}
		}
		d.known[string(d.name)] = s
	}
	d.last, d.lastName = s, append(d.lastName[:0], d.name...)
	return s, nil
}

// tally counts what was passed over, by name, in the order of first sight.
type tally []source.Count

func (t *tally) add(name string) {
	for i := range *t {
		if c := &(*t)[i]; c.Name == name {
			c.Count++
			return
		}
	}
	*t = append(*t, source.Count{Name: name, Count: 1})
}
