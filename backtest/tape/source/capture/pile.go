package capture

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
)

const (
	// seriesMax bounds the series of a file: Binance lists a quarter as many symbols of a
	// product.
	seriesMax = 4096
	// roomMax bounds the rows of all series that there is memory for.
	roomMax = 1 << 18
	// symbolMax bounds a symbol in bytes.
	symbolMax = 64
)

var (
	errTime   = errors.New("the message has no time")
	errSeries = fmt.Errorf("file has more than %d series: split it", seriesMax)
)

// pile is the rows of one series that wait to be handed out.
type pile[R any, P row.Row[R]] struct {
	key   row.Key
	rows  []R
	lines []int64
	// line is the last one that has given a row, kept how many rows there were before it.
	line int64
	kept int
}

// heap is a pile of any rows.
type heap interface {
	size() int
	// undo takes back the rows of the last line.
	undo()
	// batch is all rows, which the pile forgets on clear or, with its memory, on free.
	batch() source.Batch
	clear()
	free() (room int)
}

func (p *pile[R, P]) size() int { return len(p.rows) }
func (p *pile[R, P]) undo()     { p.rows, p.lines = p.rows[:p.kept], p.lines[:p.kept] }
func (p *pile[R, P]) clear()    { p.rows, p.lines = p.rows[:0], p.lines[:0] }

func (p *pile[R, P]) batch() source.Batch {
	return source.Batch{Key: p.key, Rows: p.rows, Lines: p.lines}
}

func (p *pile[R, P]) free() (room int) {
	room = cap(p.rows)
	p.rows, p.lines = nil, nil
	return room
}

// add puts a row on the pile if it can be true and a tape has room for its numbers. The
// pile is one that piles.of has given for the line in hand.
func (p *pile[R, P]) add(r *reader, one R, numbers ...exchange.Fixed) error {
	room := cap(p.rows)
	p.rows, p.lines = append(p.rows, one), append(p.lines, r.lines.Number)
	r.room += cap(p.rows) - room
	err := possible(P(&p.rows[len(p.rows)-1]), &p.key, numbers)
	if err != nil {
		r.wrong = p.key
	}
	return err
}

func possible[R any, P row.Row[R]](one P, key *row.Key, numbers []exchange.Fixed) error {
	for _, n := range numbers {
		if n.Abs() >= row.DecimalMax {
			return fmt.Errorf("%v is too large: a tape holds prices and quantities below %v", n, row.DecimalMax)
		}
	}
	if err := one.Check(key); err != nil {
		return err
	}
	if one.When() <= 0 {
		return &row.Fault{Column: "time", Err: errTime}
	}
	return nil
}

// piles is the series of one type of rows.
type piles[R any, P row.Row[R]] struct {
	byKey map[row.Key]*pile[R, P]
	// last is the pile that was wanted before: mostly it is wanted again.
	last *pile[R, P]
}

// of returns the pile of a series and notes that the line in hand has touched it.
func (s *piles[R, P]) of(r *reader, kind row.Kind, every time.Duration, product exchange.Product, symbol []byte) (*pile[R, P], error) {
	p := s.last
	if p == nil || p.key.Symbol != string(symbol) || p.key.Product != product || p.key.Kind != kind || p.key.Interval != every {
		p = s.byKey[row.Key{Product: product, Symbol: string(symbol), Kind: kind, Interval: every}]
	}
	if p == nil {
		key := row.Key{Product: product, Symbol: string(symbol), Kind: kind, Interval: every}
		if err := r.admit(key); err != nil {
			return nil, err
		}
		p = &pile[R, P]{key: key}
		if s.byKey == nil {
			s.byKey = map[row.Key]*pile[R, P]{}
		}
		s.byKey[key] = p
		r.all = append(r.all, p)
	}
	s.last = p
	if p.line != r.lines.Number {
		p.line, p.kept = r.lines.Number, len(p.rows)
		r.touched = append(r.touched, p)
	}
	return p, nil
}

// admit says whether a new series may begin.
func (r *reader) admit(key row.Key) error {
	odd := func(c rune) bool { return c == utf8.RuneError || unicode.IsSpace(c) || !unicode.IsPrint(c) }
	if len(key.Symbol) > symbolMax || strings.ContainsFunc(key.Symbol, odd) {
		return fmt.Errorf("symbol %q has characters that no symbol has, or more than %d bytes", source.Clip([]byte(key.Symbol)), symbolMax)
	}
	if err := key.Check(); err != nil {
		return err
	}
	if len(r.all) == seriesMax {
		return errSeries
	}
	r.warn(r.origin.saw(key.Symbol, r.lines.Number))
	return nil
}
