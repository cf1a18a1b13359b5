package row

import (
	"fmt"

	"github.com/pmbot/pmbot/exchange"
)

// Row is what every row type can do. R is a struct of columns, see [Columns]; rows are
// compared with ==.
type Row[R any] interface {
	*R
	// Key identifies the row in its series, such as a trade's id. It never falls along a
	// series, and grows with every row unless the kind's rows may share one, see
	// [Kind.Sharing].
	Key() int64
	// When is the instant that sorts the row and decides its file: the exchange's own, or
	// the recorder's where the exchange gives none. It never falls along a series.
	When() exchange.Time
	// Clocks are the instants at which the exchange sent the row and the recorder received
	// it, each 0 where the source does not say.
	Clocks() (event, local exchange.Time)
	// Bare is the row without what depends on who recorded it and how: when it was received,
	// when it was sent, which archives do not say, and times that the exchange did not give.
	// Two recordings of one thing, or a recording and an archive, have equal bare rows.
	Bare() R
	// Check says what cannot be true in a row of a series, as a [Fault].
	Check(k *Key) error
}

// Fault is what is wrong with one column of a row.
type Fault struct {
	Column string
	Err    error
}

func (f *Fault) Error() string { return fmt.Sprintf("field %s: %v", f.Column, f.Err) }

// Unwrap gives the reason.
func (f *Fault) Unwrap() error { return f.Err }

func fault(column, format string, args ...any) error {
	return &Fault{column, fmt.Errorf(format, args...)}
}

// DecimalMax is the first value beyond DECIMAL(18,8), the type of prices and quantities
// in a file: 10,000,000,000.
const DecimalMax exchange.Fixed = 1_000_000_000_000_000_000

// Micros is a time of the exchange in a file: microseconds since 1970, 0 if unknown.
type Micros int64

// MicrosOf drops what is below a microsecond.
func MicrosOf(t exchange.Time) Micros { return Micros(t.Floor(1000) / 1000) }

// Time converts to nanoseconds.
func (m Micros) Time() exchange.Time { return exchange.Time(m) * 1000 }

// String prints RFC 3339 in UTC, and "-" for 0.
func (m Micros) String() string { return m.Time().String() }

// MadeID is the first of the ids that are made of the time, for rows of sources without
// ids. Made ids sort like others but do not count: a step between two says nothing about
// what is missing.
const MadeID int64 = 1_000_000_000_000_000_000

// MakeID is the id of the nth row, from 0 to 999, of a microsecond in a source without
// ids. Times from 2001-09-09 on give ids from [MadeID] on; those of 2262 still fit.
func MakeID(t Micros, n int) int64 { return int64(t)*1000 + int64(n) }

// Made says whether an id is made of the time.
func Made(id int64) bool { return id >= MadeID }
