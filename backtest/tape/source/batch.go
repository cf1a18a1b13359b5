package source

import (
	"fmt"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// BatchRows is the usual size of a batch.
const BatchRows = 2048

// Batch is some rows of one series in the order of the source. It is the reader's until
// the next call.
type Batch struct {
	Key row.Key
	// Rows is a slice of the kind's row type, such as []row.Trade. It is nil in a batch
	// that has bad lines only.
	Rows any
	// Lines has the line of each row, from 1. Rows of an array file are numbered, from 1.
	Lines []int64
	// Bad are lines before the end of the batch that hold no row; each once, in order.
	Bad []Bad
}

// Bad is a line that holds no row of its kind.
type Bad struct {
	Line int64
	// Key is the series that the line is of, as far as it says.
	Key row.Key
	// Reason is why; Text the line, cut to a bounded length.
	Reason error
	Text   string
}

// Reader reads the rows of a file. Rows have passed their Check; their order has not
// been looked at.
type Reader interface {
	// Next returns the following batch; io.EOF ends. A line that holds no row is in
	// Batch.Bad and no error: an error means that the file cannot be read on.
	Next() (Batch, error)
	// Notes says what else there is to know, complete once Next has ended.
	Notes() Notes
	// Close ends what the reader has begun; the file stays open.
	Close() error
}

// Notes is what a reader has noticed beside rows and bad lines.
type Notes struct {
	// Absent are columns that the file lacks; they read as 0.
	Absent []string
	// Warnings are sentences for people.
	Warnings []string
	// Taken counts the messages that gave rows, by name, for sources of messages.
	Taken []Count
	// Passed counts what is no market data of a tape, by name, such as frames of
	// "24hrTicker" or bars that have not closed.
	Passed []Count
	// Gaps are times in which a recorder knows to have missed messages.
	Gaps []Gap
}

// Gap is what a recorder noted about messages that it missed.
type Gap struct {
	// Line has the note.
	Line int64 `json:"line"`
	// Stream is what was missed, empty for all that was recorded.
	Stream string `json:"stream,omitempty"`
	// The messages came after From and not after To; Count is how many there were, 0 for
	// unknown.
	From  exchange.Time `json:"from"`
	To    exchange.Time `json:"to"`
	Count int64         `json:"count,omitempty"`
	// Text says why.
	Text string `json:"text,omitempty"`
}

// String puts all but the line into a sentence without a full stop.
func (g Gap) String() string {
	what, why := "messages", g.Text
	if g.Count > 0 {
		what = fmt.Sprintf("%d messages", g.Count)
	}
	if g.Stream != "" {
		what += " of " + g.Stream
	}
	if why != "" {
		why = ": " + why
	}
	return fmt.Sprintf("%s from %v to %v were missed%s", what, g.From, g.To, why)
}

// Count is how often something was seen.
type Count struct {
	Name  string
	Count int64
}

// Spec says what a caller knows of a file. What is left empty comes from the file's path
// or from its content.
type Spec struct {
	Key row.Key
	// Columns maps columns of files that do not name them as the archives do.
	Columns Columns
}

// Columns says which column of a file holds what: tape column to file column, such as
// "time" to "date".
type Columns map[string]string
