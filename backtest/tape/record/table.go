package record

import "github.com/pmbot/pmbot/exchange"

// Table is a table of a recording as it was from some instant on.
type Table struct {
	// Name is such as "um/exchangeInfo".
	Name string
	// At is when it was asked for and found to be so.
	At exchange.Time
	// SHA256 is that of its content without the fields that change with every answer.
	SHA256 string
	// Path is its file.
	Path string
}

// Tables lists the names of the tables of a recording, sorted.
func Tables(dir string) ([]string, error) { return nil, nil }

// TableAt is the table that was valid at an instant: the last one asked for at or before
// it, with its content as it came. It is fs.ErrNotExist if there is none so early, with an
// error that says from when on there is one.
func TableAt(dir, name string, at exchange.Time) (Table, []byte, error) { return Table{}, nil, nil }
