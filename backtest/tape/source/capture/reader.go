package capture

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange/frame"
)

const (
	// lineMax bounds a line in bytes. The longest messages are exchangeInfo answers, of
	// 1.7 MB in 2026.
	lineMax = 4 << 20
	// badMax is how many bad lines wait at most, warningsMax how many warnings are kept.
	badMax      = 64
	warningsMax = 100
)

// reader reads a recording. The rows of each series wait on a pile until it is a batch.
type reader struct {
	path    string
	lines   *source.Lines
	decoder frame.Decoder
	origin  origin
	// line is the line in hand. long says that its end has not been read, wrong of which
	// series it would have been had its row been possible.
	line  line
	long  bool
	wrong row.Key

	trades       piles[row.Trade, *row.Trade]
	tickers      piles[row.Ticker, *row.Ticker]
	levels       piles[row.Level, *row.Level]
	marks        piles[row.Mark, *row.Mark]
	bars         piles[row.Bar, *row.Bar]
	liquidations piles[row.Liquidation, *row.Liquidation]

	// all are the piles in the order in which they began, touched those that the line in
	// hand has given rows, ready those to be handed out, the next one last.
	all, touched, ready []heap
	// lent is the pile handed out last. room counts the rows that the piles have memory
	// for; freeing says that those handed out give theirs back.
	lent    heap
	room    int
	freeing bool

	bad           []source.Bad
	taken, passed tally
	warnings      []string
	gaps          []source.Gap
	// err ends the reading: io.EOF once the file has been read.
	err error
}

// Open reads a recording. What neither the messages nor the URLs in the file nor its path
// tell comes from spec: its Key.Product says where symbols trade that do not show it, its
// Key.Symbol names those of messages that have none. It chooses nothing: all that a tape
// can hold is read.
func Open(f *source.File, spec source.Spec) (source.Reader, error) {
	return newReader(f.Path, source.NewLongLines(f, lineMax), newOrigin(f, spec.Key)), nil
}

func newReader(path string, lines *source.Lines, from origin) *reader {
	return &reader{path: path, lines: lines, origin: from, taken: tally{}, passed: tally{}}
}

// Next returns the next batch of some series.
func (r *reader) Next() (source.Batch, error) {
	r.takeBack()
	for len(r.ready) == 0 && len(r.bad) < badMax && r.err == nil {
		r.freeing = false
		if r.err = r.step(); r.err == io.EOF {
			r.handOutAll()
		}
	}
	if r.err != nil && r.err != io.EOF {
		return source.Batch{}, r.err
	}
	var batch source.Batch
	if last := len(r.ready) - 1; last >= 0 {
		r.lent, r.ready = r.ready[last], r.ready[:last]
		batch = r.lent.batch()
	} else if len(r.bad) == 0 {
		return source.Batch{}, io.EOF
	}
	batch.Bad, r.bad = r.bad, nil
	return batch, nil
}

// Notes is complete once Next has given io.EOF. The counts of Taken and Passed and the
// bad lines are together the lines of the file that are not blank.
func (r *reader) Notes() source.Notes {
	return source.Notes{Warnings: slices.Clone(r.warnings), Taken: r.taken.list(), Passed: r.passed.list(), Gaps: slices.Clone(r.gaps)}
}

// Close has nothing to end.
func (r *reader) Close() error { return nil }

// takeBack empties the pile that was handed out before.
func (r *reader) takeBack() {
	switch {
	case r.lent == nil:
	case r.freeing:
		r.room -= r.lent.free()
	default:
		r.lent.clear()
	}
	r.lent = nil
}

// handOutAll makes every pile ready, and has all give their memory back.
func (r *reader) handOutAll() {
	r.freeing = true
	for _, p := range slices.Backward(r.all) {
		if p.size() > 0 {
			r.ready = append(r.ready, p)
		} else {
			r.room -= p.free()
		}
	}
}

// step reads a line.
func (r *reader) step() error {
	if r.long {
		r.long = false
		if err := r.lines.Rest(); err != nil {
			return r.broken(err)
		}
	}
	text, err := r.lines.Next()
	if err == source.ErrLine {
		r.long = true
		r.reject(text, row.Key{}, fmt.Errorf("line is longer than %d bytes: no message is", lineMax))
		return nil
	}
	if err != nil {
		return r.broken(err)
	}
	err = r.read(text)
	if errors.Is(err, errProduct) {
		return fmt.Errorf("%s:%d: %w", r.path, r.lines.Number, err)
	}
	if err != nil {
		if r.lines.Cut {
			r.warn(fmt.Sprintf("line %d, the last, is cut off: the recorder stopped within it", r.lines.Number))
		}
		r.reject(text, r.wrong, err)
		return nil
	}
	r.settle()
	return nil
}

// broken says how the reading ends when a line cannot be read. A file whose packed
// content stops short, as a recorder leaves it that dies, is read as far as it goes.
func (r *reader) broken(err error) error {
	if err == io.EOF {
		return err
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%s:%d: %w", r.path, r.lines.Number+1, err)
	}
	r.warn(fmt.Sprintf("the packed content stops short at line %d: the recorder stopped, or the file is not whole", r.lines.Number))
	r.reject(nil, row.Key{}, fmt.Errorf("packed content stops short: %w", err))
	return io.EOF
}

// read takes a line. Of one with an error nothing is left.
func (r *reader) read(text []byte) (err error) {
	r.touched, r.wrong, r.origin.request = r.touched[:0], row.Key{}, request{}
	if r.line, err = parseLine(text); err != nil {
		return err
	}
	switch r.line.shape {
	case shapeURL:
		r.connect(parseRequest(r.line.url))
		r.passed.add("URL")
		return nil
	case shapeConfiguration:
		r.passed.add("configuration")
		return nil
	}
	if r.line.url != nil {
		r.origin.request = parseRequest(r.line.url)
	}
	if err = r.message(); err != nil {
		for _, p := range r.touched {
			p.undo()
		}
	}
	return err
}

// connect notes what the URL of a connection tells.
func (r *reader) connect(q request) {
	asked := r.origin.asked.Product
	if q.product != 0 && asked != 0 && q.product != asked && q.product != r.origin.connection {
		r.warn(fmt.Sprintf("line %d: the URL is one of %v, but %v is given, and symbols that show neither count as that",
			r.lines.Number, q.product, asked))
	}
	r.origin.connection = q.product
}

// message reads the message in hand, which may hold several frames, and counts it once.
func (r *reader) message() error {
	passed, kind := "empty list", frame.Kind(0)
	f, err := r.decoder.Decode(r.line.message)
	if name := r.origin.request.name; name != "" && name != "depth" && !errors.Is(err, frame.ErrSyntax) {
		r.passed.add(name[:min(len(name), nameMax)])
		return nil
	}
	for n := 0; err != io.EOF; n++ {
		var name string
		if err == nil {
			name, err = r.take(f)
		} else if name = r.generated(err); name != "" {
			err = nil
		}
		switch {
		case err != nil:
			return err
		case name != "" && n == 0:
			passed = name
		case name == "" && kind == 0:
			kind = f.Kind
		}
		f, err = r.decoder.Next()
	}
	if kind != 0 {
		r.taken.add(kind.String())
	} else {
		r.passed.add(passed)
	}
	return nil
}

// generated names a message that is no frame, for tardis has made it of a REST answer and
// put it between the others: "openInterest". It is empty for all others.
func (r *reader) generated(reason error) string {
	stream, ok := bytes.CutPrefix(r.line.message, []byte(`{"stream":"`))
	if !ok || errors.Is(reason, frame.ErrSyntax) {
		return ""
	}
	stream, rest, _ := bytes.Cut(stream, []byte(`"`))
	kind := streamKind(stream)
	if string(kind) == "depthSnapshot" || !bytes.HasPrefix(rest, []byte(`,"generated":true,`)) {
		return ""
	}
	return string(kind[:min(len(kind), nameMax)])
}

// warn notes a sentence for people, unless it is empty.
func (r *reader) warn(sentence string) {
	if sentence != "" && len(r.warnings) < warningsMax {
		r.warnings = append(r.warnings, sentence)
	}
}

// settle makes ready what the line in hand has filled, or everything if that takes too
// much memory.
func (r *reader) settle() {
	if r.room > roomMax {
		r.handOutAll()
		return
	}
	for _, p := range slices.Backward(r.touched) {
		if p.size() >= source.BatchRows {
			r.ready = append(r.ready, p)
		}
	}
}

// reject notes a bad line.
func (r *reader) reject(text []byte, key row.Key, reason error) {
	r.bad = append(r.bad, source.Bad{Line: max(1, r.lines.Number), Key: key, Reason: reason, Text: source.Keep(text)})
}
