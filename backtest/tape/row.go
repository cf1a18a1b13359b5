package tape

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"reflect"
	"strings"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// record is what every row type can do. R is the struct whose tags are the schema of the
// Parquet file; rows are compared with ==.
type record[R any] interface {
	*R
	// decode fills the row from a CSV row and checks it; faults go to f.
	decode(f *fields)
	// key identifies the row in its series: a bar's start, a trade's id, a funding
	// instant. It grows strictly along a file.
	key() int64
	// when is the instant that sorts the row and decides its file; it never falls.
	when() exchange.Time
	// canonical appends the row's content in the form that hashes are made of.
	canonical(b []byte) []byte
}

// differ names the first column in which two rows differ, and both values. It is for
// messages only.
func differ[R any](a, b *R) (column, mine, theirs string) {
	va, vb := reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem()
	for i := range va.NumField() {
		if x, y := va.Field(i).Interface(), vb.Field(i).Interface(); x != y {
			column, _, _ = strings.Cut(va.Type().Field(i).Tag.Get("parquet"), ",")
			return column, fmt.Sprint(x), fmt.Sprint(y)
		}
	}
	return "", "", ""
}

// csvColumn is a column as an import knows it.
type csvColumn struct {
	// name is the word for it in column maps, messages and the Parquet file.
	name string
	// archive is its header in Binance's archives. The list of a format is in the order
	// of those without a header.
	archive  string
	required bool
}

// micros is an exchange time in a file: TIMESTAMP(MICROS, UTC).
type micros int64

func (m micros) time() exchange.Time { return exchange.Time(m) * exchange.Time(time.Microsecond) }

func (m micros) String() string { return m.time().String() }

// wide is a volume in a file: DECIMAL(38,8) as 16 bytes, two's complement, high byte
// first.
type wide [16]byte

func wideOf(v exchange.Wide) (w wide) {
	hi, lo := v.Words()
	binary.BigEndian.PutUint64(w[:8], uint64(hi))
	binary.BigEndian.PutUint64(w[8:], lo)
	return w
}

func (w *wide) value() exchange.Wide {
	return exchange.WideFromWords(int64(binary.BigEndian.Uint64(w[:8])), binary.BigEndian.Uint64(w[8:]))
}

func (w wide) String() string { return w.value().String() }

// wideFits says whether v, not negative, is below 10^38 in units of 1e-8.
func wideFits(v exchange.Wide) bool {
	const limitHi, limitLo = 0x4b3b4ca85a86c47a, 0x098a224000000000 // 10^38
	hi, lo := v.Words()
	_, borrow := bits.Sub64(lo, limitLo, 0)
	_, borrow = bits.Sub64(uint64(hi), limitHi, borrow)
	return borrow == 1
}

// appendInts appends numbers as eight bytes each, low byte first.
func appendInts(b []byte, values ...int64) []byte {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint64(b, uint64(v))
	}
	return b
}
