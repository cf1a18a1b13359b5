package audit

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
)

// base is the instant that times in tests count from, in milliseconds: a whole day.
const base = exchange.Time(1_735_689_600_000_000_000) // 2025-01-01T00:00:00Z

// fake is a source.Reader of lines like
//
//	um/AAAUSDT/trades time=1000 id=5 price=100 qty=2 buyer_maker
//	um/AAAUSDT/depth time=1000 first_id=1 last_id=5 prev_id=0 : bid 99 1 ask 101 2
//	bad um/AAAUSDT/trades what is wrong
//	broken what ends the reading
//
// with times in milliseconds since base. It hands out the rows of a series when there are
// as many as size, and the rest at the end, as real readers do.
type fake struct {
	lines []string
	size  int
	at    int
	piles []*heap
	bad   []source.Bad
}

// heap is the rows of a series that wait.
type heap struct {
	key   row.Key
	rows  any
	lines []int64
}

func (f *fake) Next() (source.Batch, error) {
	for f.at < len(f.lines) {
		line := f.lines[f.at]
		f.at++
		if why, ok := strings.CutPrefix(line, "broken "); ok {
			return source.Batch{}, errors.New(why)
		}
		if rest, ok := strings.CutPrefix(line, "bad "); ok {
			name, why, _ := strings.Cut(rest, " ")
			key, _ := keyOf(name)
			f.bad = append(f.bad, source.Bad{Line: int64(f.at), Key: key, Reason: errors.New(why), Text: line})
			continue
		}
		if h := f.add(line); len(h.lines) >= f.size {
			return f.give(h), nil
		}
	}
	for _, h := range f.piles {
		if len(h.lines) > 0 {
			return f.give(h), nil
		}
	}
	if len(f.bad) > 0 {
		return f.give(&heap{}), nil
	}
	return source.Batch{}, io.EOF
}

func (f *fake) give(h *heap) source.Batch {
	b := source.Batch{Key: h.key, Rows: h.rows, Lines: h.lines, Bad: f.bad}
	h.rows, h.lines, f.bad = nil, nil, nil
	return b
}

func (f *fake) Notes() source.Notes { return source.Notes{} }
func (f *fake) Close() error        { return nil }

func keyOf(name string) (row.Key, error) {
	parts := append(strings.Split(name, "/"), "", "")
	return row.ParseKey(parts[0], parts[1], parts[2])
}

// add reads a line onto the pile of its series.
func (f *fake) add(line string) *heap {
	name, rest, _ := strings.Cut(line, " ")
	key, err := keyOf(name)
	if err != nil {
		panic(fmt.Sprintf("%s: %v", line, err))
	}
	var h *heap
	for _, have := range f.piles {
		if have.key == key {
			h = have
		}
	}
	if h == nil {
		h = &heap{key: key}
		f.piles = append(f.piles, h)
	}
	number := int64(f.at)
	switch key.Kind {
	case row.AggTrades, row.Trades:
		pile[row.Trade](h, rest, number)
	case row.BookTicker:
		pile[row.Ticker](h, rest, number)
	case row.Depth:
		levels(h, rest, number)
	case row.MarkPrice:
		pile[row.Mark](h, rest, number)
	case row.FundingRate:
		pile[row.Funding](h, rest, number)
	case row.Metrics:
		pile[row.Metric](h, rest, number)
	case row.BookDepth:
		pile[row.Bucket](h, rest, number)
	case row.LiquidationSnapshot:
		pile[row.Liquidation](h, rest, number)
	default:
		pile[row.Bar](h, rest, number)
	}
	return h
}

func pile[R any](h *heap, text string, line int64) {
	rows, _ := h.rows.([]R)
	h.rows, h.lines = append(rows, parse[R](text)), append(h.lines, line)
}

// levels piles the levels of a depth message.
func levels(h *heap, text string, line int64) {
	head, tail, _ := strings.Cut(text, ":")
	r := parse[row.Level](head)
	// The rows of one message may stand on several lines; "more" continues one.
	r.Begins = !strings.Contains(head, " more")
	rows, _ := h.rows.([]row.Level)
	words := strings.Fields(tail)
	for ; len(words) >= 3; words = words[3:] {
		r.Side = row.Bid
		if words[0] == "ask" {
			r.Side = row.Ask
		}
		r.Price, r.Qty = exchange.MustFixed(words[1]), exchange.MustFixed(words[2])
		rows, h.lines = append(rows, r), append(h.lines, line)
		r.Begins = false
	}
	if r.Side == row.NoSide {
		rows, h.lines = append(rows, r), append(h.lines, line)
	}
	h.rows = rows
}

// parse reads column=value; a boolean column alone is true.
func parse[R any](text string) (r R) {
	columns := row.Columns[R]()
	for word := range strings.FieldsSeq(text) {
		name, value, _ := strings.Cut(word, "=")
		for i := range columns {
			c := &columns[i]
			if c.Name != name {
				continue
			}
			switch c.Type {
			case row.Boolean:
				*row.BoolAt(c, &r) = true
			case row.Volume:
				*row.WideAt(c, &r) = row.WideOf(exchange.WideOf(exchange.MustFixed(value)))
			case row.Decimal:
				*row.IntAt(c, &r) = int64(exchange.MustFixed(value))
			case row.Time, row.Nanos:
				at := int64(exchange.MustFixed(value))/int64(exchange.FixedOne/1_000_000) + int64(base)
				if c.Type == row.Time {
					at /= 1000
				}
				*row.IntAt(c, &r) = at
			default:
				n, err := strconv.ParseInt(value, 10, 64)
				if err != nil {
					panic(word + ": " + err.Error())
				}
				*row.IntAt(c, &r) = n
			}
		}
	}
	return r
}

// text is a fake file.
type text struct {
	name  string
	lines []string
}

// auditText runs the checks over fake files.
func auditText(t testing.TB, files []text, size int, o Options) Report {
	t.Helper()
	var feeds []*feed
	for i, file := range files {
		reader := &fake{lines: file.lines, size: size}
		feeds = append(feeds, &feed{
			origin: origin{path: file.name, number: i}, from: source.ReadPath(file.name).From, size: 1,
			open: func(f *feed) error { f.reader = reader; return nil },
		})
	}
	r, err := auditFeeds(t.Context(), feeds, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
