package audit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pmbot/pmbot/backtest/tape/clock"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// Check names what was looked for.
type Check string

const (
	// Malformed: a line holds no row.
	Malformed Check = "malformed"
	// Disorder: an id or a time stands where it does not belong.
	Disorder Check = "disorder"
	// Duplicate: a row stands there twice.
	Duplicate Check = "duplicate"
	// Contradiction: two rows with one id differ.
	Contradiction Check = "contradiction"
	// Gap: rows are missing before this one.
	Gap Check = "gap"
	// Chain: the ids of a depth message cannot be right.
	Chain Check = "chain"
	// Crossed: the best bid reaches the best ask.
	Crossed Check = "crossed"
	// Book: the rebuilt book differs from the bookTicker of the same update id.
	Book Check = "book"
	// Price: a price that cannot be, by those around it.
	Price Check = "price"
	// Late: the times of one message cannot be, by those of the messages around it.
	Late Check = "late"
	// Clock: the recorder's clock went back.
	Clock Check = "clock"
	// Void: a trade that takes an id and has neither price nor quantity.
	Void Check = "void"
	// Bars: a bar differs from the trades in it.
	Bars Check = "bars"
	// Source: two sources differ about a row.
	Source Check = "source"
	// Damaged: a file cannot be read to its end, or is not what was written.
	Damaged Check = "damaged"
)

// Finding is one thing that is wrong.
type Finding struct {
	Check Check `json:"check"`
	// File, Line and LineTo say where, in files. Line is 0 where the whole file is meant;
	// LineTo is above Line where several lines are. Elements of array files count as lines.
	File   string `json:"file,omitempty"`
	Line   int64  `json:"line,omitempty"`
	LineTo int64  `json:"line_to,omitempty"`
	// Series is what the row belongs to, the zero key where that is not known.
	Series row.Key `json:"series"`
	// At is the instant of the row by the exchange's clock, 0 where it is not known; To is
	// the end where a time is meant, such as a gap.
	At exchange.Time `json:"at"`
	To exchange.Time `json:"to"`
	// Text is a sentence without a full stop.
	Text string `json:"text"`

	// source is the number of the file in the order of the call.
	source int
}

// String puts place, check and text in one line.
func (f Finding) String() string {
	var b strings.Builder
	switch {
	case f.LineTo > f.Line:
		fmt.Fprintf(&b, "%s:%d-%d: ", f.File, f.Line, f.LineTo)
	case f.Line > 0:
		fmt.Fprintf(&b, "%s:%d: ", f.File, f.Line)
	case f.File != "":
		fmt.Fprintf(&b, "%s: ", f.File)
	case f.To != 0:
		fmt.Fprintf(&b, "%v at %v to %v: ", f.Series, f.At, f.To)
	case f.At != 0:
		fmt.Fprintf(&b, "%v at %v: ", f.Series, f.At)
	case f.Series != row.Key{}:
		fmt.Fprintf(&b, "%v: ", f.Series)
	}
	fmt.Fprintf(&b, "%s: %s", f.Check, f.Text)
	return b.String()
}

// Count is how many findings of a check a series has.
type Count struct {
	Check  Check   `json:"check"`
	Series row.Key `json:"series"`
	Count  int64   `json:"count"`
}

// Compared is a comparison of two series that tell of the same thing.
type Compared struct {
	// Check is Book, Bars or Source.
	Check Check `json:"check"`
	// Series was held against Against. They are equal where two files were compared, which
	// File and AgainstFile name.
	Series      row.Key `json:"series"`
	Against     row.Key `json:"against"`
	File        string  `json:"file,omitempty"`
	AgainstFile string  `json:"against_file,omitempty"`
	// Points is how many rows the two have in common, Equal how many of them agree: pieces
	// of a book with the update id of a ticker, bars whose trades are all there, rows with
	// the same id.
	Points int64 `json:"points"`
	Equal  int64 `json:"equal"`
	// Rows and AgainstRows are how many there are in all: pieces and tickers, bars and
	// trades, rows of either file. One that another row of its id repeats does not count.
	Rows        int64 `json:"rows"`
	AgainstRows int64 `json:"against_rows"`
}

// Leg is the verdict on the recorder's clock in the recording of one product.
type Leg struct {
	Product exchange.Product `json:"product"`
	Clock   clock.Report     `json:"clock"`
}

// Report is all that was found.
type Report struct {
	// Findings are examples, at most Options.FindingsMax, in the order of the files and
	// their lines, or of series and time. Counts are exact and have every finding.
	Findings []Finding  `json:"findings"`
	Counts   []Count    `json:"counts"`
	Compared []Compared `json:"compared"`
	Legs     []Leg      `json:"legs"`
	// Rows is how many rows were read, Lines how many lines of files, as far as the last
	// that holds a row or should.
	Rows  int64 `json:"rows"`
	Lines int64 `json:"lines"`
	// Resyncs is how often a rebuilt book was lost and had to wait for a snapshot.
	Resyncs int64 `json:"resyncs"`
	// Warnings are what readers have noticed beside, with the file's name.
	Warnings []string `json:"warnings,omitempty"`
}

// Total is the number of findings.
func (r *Report) Total() (n int64) {
	for _, c := range r.Counts {
		n += c.Count
	}
	return n
}

// place is where a row was found.
type place struct {
	// source is the file, nil in a tape.
	source *origin
	line   int64
	at     exchange.Time
}

// origin is a file.
type origin struct {
	path string
	// number is its place in the order of the call.
	number int
}

// name is the file's path, empty in a tape.
func (p place) name() string {
	if p.source == nil {
		return ""
	}
	return p.source.path
}

// beside is how a finding at one place names another.
func (p place) beside(other place) string {
	switch {
	case other.source == nil:
		return fmt.Sprintf("that of %v", other.at)
	case other.source == p.source:
		return fmt.Sprintf("line %d", other.line)
	}
	return fmt.Sprintf("%s:%d", other.source.path, other.line)
}

// ledger takes findings down.
type ledger struct {
	max      int
	findings []Finding
	counts   map[Count]int64 // by a Count without its number
	resyncs  int64
}

// find notes what is wrong at a place.
func (l *ledger) find(c Check, key row.Key, p place, format string, args ...any) {
	l.span(c, key, p, 0, 0, format, args...)
}

// span notes what is wrong from a place to a line or instant.
func (l *ledger) span(c Check, key row.Key, p place, lineTo int64, to exchange.Time, format string, args ...any) {
	if key.Check() != nil {
		key = row.Key{}
	}
	l.counts[Count{Check: c, Series: key}]++
	if len(l.findings) >= l.max {
		return
	}
	f := Finding{Check: c, File: p.name(), Line: p.line, LineTo: lineTo, Series: key, At: p.at, To: to, Text: fmt.Sprintf(format, args...)}
	if p.source != nil {
		f.source = p.source.number
	}
	l.findings = append(l.findings, f)
}

// compareKeys sorts series by market, symbol, kind and interval.
func compareKeys(a, b row.Key) int {
	return cmp.Or(cmp.Compare(a.Product, b.Product), strings.Compare(a.Symbol, b.Symbol),
		strings.Compare(string(a.Kind), string(b.Kind)), cmp.Compare(a.Interval, b.Interval))
}

// close puts what was noted in order.
func (l *ledger) close(r *Report) {
	r.Findings, r.Resyncs = l.findings, l.resyncs
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		if order := cmp.Or(cmp.Compare(a.source, b.source), cmp.Compare(a.Line, b.Line)); order != 0 || a.Line != 0 {
			return order
		}
		return cmp.Or(compareKeys(a.Series, b.Series), cmp.Compare(a.At, b.At))
	})
	for c, n := range l.counts {
		c.Count = n
		r.Counts = append(r.Counts, c)
	}
	slices.SortFunc(r.Counts, func(a, b Count) int {
		return cmp.Or(strings.Compare(string(a.Check), string(b.Check)), compareKeys(a.Series, b.Series))
	})
}
