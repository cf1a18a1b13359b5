package row

import (
	"encoding/binary"
	"math/bits"

	"github.com/pmbot/pmbot/exchange"
)

// Wide is a volume in a file: DECIMAL(38,8) as 16 bytes, two's complement, high byte
// first.
type Wide [16]byte

// WideOf converts a volume. The caller sees that it fits, see [WideFits].
func WideOf(v exchange.Wide) (w Wide) {
	hi, lo := v.Words()
	binary.BigEndian.PutUint64(w[:8], uint64(hi))
	binary.BigEndian.PutUint64(w[8:], lo)
	return w
}

// Value converts back.
func (w *Wide) Value() exchange.Wide {
	return exchange.WideFromWords(int64(binary.BigEndian.Uint64(w[:8])), binary.BigEndian.Uint64(w[8:]))
}

// String prints the volume with as many decimals as it has.
func (w Wide) String() string { return w.Value().String() }

// WideFits says whether v, not negative, is below 10^38 in units of 1e-8.
func WideFits(v exchange.Wide) bool {
	const limitHi, limitLo = 0x4b3b4ca85a86c47a, 0x098a224000000000 // 10^38
	hi, lo := v.Words()
	_, borrow := bits.Sub64(lo, limitLo, 0)
	_, borrow = bits.Sub64(uint64(hi), limitHi, borrow)
	return borrow == 1
}
