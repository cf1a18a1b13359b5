package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// codec turns values into bytes and back. Each type has one method for both directions, so
// that writer and reader cannot differ: writing, it appends *v to buf; reading, it takes *v
// off the front of buf. The first error stays, and what is read after it is zero.
type codec struct {
	buf     []byte
	writing bool
	err     error
	memory  memory
}

// exponentMax bounds the exponent of a decimal: with a larger one every calculation would
// take all memory.
const exponentMax = 10_000

var errShort = errors.New("a record ends in its middle")

func (c *codec) fail(err error) {
	if c.err == nil {
		c.err = err
	}
	if !c.writing {
		c.buf = nil
	}
}

// uvarint is the number on which all others build.
func (c *codec) uvarint(v *uint64) {
	if c.writing {
		c.buf = binary.AppendUvarint(c.buf, *v)
		return
	}
	x, n := binary.Uvarint(c.buf)
	if n <= 0 {
		*v = 0
		c.fail(errShort)
		return
	}
	*v, c.buf = x, c.buf[n:]
}

func (c *codec) octet(v *byte) {
	if c.writing {
		c.buf = append(c.buf, *v)
		return
	}
	if len(c.buf) == 0 {
		*v = 0
		c.fail(errShort)
		return
	}
	*v, c.buf = c.buf[0], c.buf[1:]
}

// zigzag has small numbers of either sign small; unzigzag undoes it.
func zigzag(v int64) uint64   { return uint64(v)<<1 ^ uint64(v>>63) }
func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }

// signed is a whole number of either sign.
func signed[T ~int | ~int32 | ~int64](c *codec, v *T) {
	u := zigzag(int64(*v))
	c.uvarint(&u)
	if c.writing {
		return
	}
	*v = T(unzigzag(u))
	if int64(*v) != unzigzag(u) {
		c.fail(fmt.Errorf("the number %d does not fit", unzigzag(u)))
	}
}

// unsigned is an enumeration, an id or a count.
func unsigned[T ~uint8 | ~uint16 | ~uint64](c *codec, v *T) {
	u := uint64(*v)
	c.uvarint(&u)
	if c.writing {
		return
	}
	*v = T(u)
	if uint64(*v) != u {
		c.fail(fmt.Errorf("the number %d does not fit", u))
	}
}

// scaled is a number near another, mostly a whole number of units from it: a price near the
// last one, in ticks. An odd code, 1, says that what follows is no whole number of units.
// Differences wrap around, so that there is none that cannot be written.
func scaled[T ~int64](c *codec, v *T, unit, near T) {
	if c.writing {
		c.appendScaled(int64(*v)-int64(near), int64(unit))
		return
	}
	var code uint64
	c.uvarint(&code)
	switch {
	case code == 1:
		var exact uint64
		c.uvarint(&exact)
		*v = near + T(unzigzag(exact))
	case code&1 == 1:
		c.fail(fmt.Errorf("there is no code %d of a difference", code))
	default:
		*v = near + T(unzigzag(code>>1))*max(unit, 1)
	}
}

func (c *codec) appendScaled(distance, unit int64) {
	units := distance
	if unit > 1 && distance != 0 {
		units = distance / unit
	}
	code := zigzag(units)
	if units*max(unit, 1) != distance || code >= 1<<63 {
		c.buf = append(c.buf, 1)
		c.buf = binary.AppendUvarint(c.buf, zigzag(distance))
		return
	}
	c.buf = binary.AppendUvarint(c.buf, code<<1)
}

func (c *codec) flag(v *bool) {
	var b byte
	if *v {
		b = 1
	}
	c.octet(&b)
	if b > 1 {
		c.fail(fmt.Errorf("%d is neither yes nor no", b))
	}
	*v = b == 1
}

// span takes as many bytes off buf as a length in front of them says.
func (c *codec) span() []byte {
	var n uint64
	c.uvarint(&n)
	if n > uint64(len(c.buf)) {
		c.fail(errShort)
		return nil
	}
	b := c.buf[:n]
	c.buf = c.buf[n:]
	return b
}

func (c *codec) text(v *string) {
	if c.writing {
		c.buf = binary.AppendUvarint(c.buf, uint64(len(*v)))
		c.buf = append(c.buf, *v...)
		return
	}
	*v = string(c.span())
}

func (c *codec) bytes(v *[]byte) {
	if c.writing {
		c.buf = binary.AppendUvarint(c.buf, uint64(len(*v)))
		c.buf = append(c.buf, *v...)
		return
	}
	*v = append([]byte(nil), c.span()...)
}

// decimal is exact, digits that are zero included: the exponent, and in its lowest bit
// whether the coefficient needs more than 64 bits.
func (c *codec) decimal(v *decimal.Decimal) {
	if c.writing {
		c.appendDecimal(*v)
		return
	}
	var head uint64
	c.uvarint(&head)
	exponent := unzigzag(head >> 1)
	if exponent < -exponentMax || exponent > exponentMax {
		c.fail(fmt.Errorf("a number has the exponent %d", exponent))
	}
	if head&1 == 0 {
		var coefficient int64
		signed(c, &coefficient)
		*v = decimal.Decimal{}
		if c.err == nil && (coefficient != 0 || exponent != 0) {
			*v = decimal.New(coefficient, int32(exponent))
		}
		return
	}
	var negative bool
	c.flag(&negative)
	coefficient := new(big.Int).SetBytes(c.span())
	if negative {
		coefficient.Neg(coefficient)
	}
	if c.err == nil {
		*v = decimal.NewFromBigInt(coefficient, int32(exponent))
	}
}

func (c *codec) appendDecimal(v decimal.Decimal) {
	exponent := v.Exponent()
	if exponent < -exponentMax || exponent > exponentMax {
		c.fail(fmt.Errorf("a number has the exponent %d, a journal takes %d at most", exponent, exponentMax))
		return
	}
	coefficient := v.Coefficient()
	head := zigzag(int64(exponent)) << 1
	if coefficient.IsInt64() {
		c.buf = binary.AppendUvarint(c.buf, head)
		c.buf = binary.AppendUvarint(c.buf, zigzag(coefficient.Int64()))
		return
	}
	c.buf = binary.AppendUvarint(c.buf, head|1)
	negative, digits := coefficient.Sign() < 0, coefficient.Bytes()
	c.flag(&negative)
	c.bytes(&digits)
}

// list is a count and as many elements.
func list[T any](c *codec, v *[]T, element func(*codec, *T)) {
	n := uint64(len(*v))
	c.uvarint(&n)
	if c.writing {
		for i := range *v {
			element(c, &(*v)[i])
		}
		return
	}
	*v = nil
	for ; n > 0 && c.err == nil; n-- {
		var one T
		element(c, &one)
		*v = append(*v, one)
	}
}

// memory is what writer and reader remember of the records before, so that a record need
// only say what has changed.
type memory struct {
	seq          uint64
	at, exchange exchange.Time
	inst         exchange.InstrumentID
	// markets are by instrument; place 0 is for events of none, and of instruments that the
	// table lacks.
	markets []remembered
}

// remembered is what is known of an instrument: its units, and the last values.
type remembered struct {
	tick, step exchange.Fixed
	trade      exchange.Trade
	ticker     exchange.BookTicker
	mark       exchange.Mark
}

// newMemory is the memory at the beginning of a segment.
func newMemory(h *Header) memory {
	m := memory{seq: h.First - 1, markets: make([]remembered, len(h.Instruments)+1)}
	for i := range h.Instruments {
		m.markets[i+1].tick, m.markets[i+1].step = h.Instruments[i].Tick, h.Instruments[i].Lot.Step
	}
	return m
}

func (m *memory) market(id exchange.InstrumentID) *remembered {
	if int(id) >= len(m.markets) {
		id = 0
	}
	return &m.markets[id]
}

// fixed is a number of eight octets, lowest first.
func (c *codec) fixed(v *uint64) {
	if c.writing {
		c.buf = binary.LittleEndian.AppendUint64(c.buf, *v)
		return
	}
	if len(c.buf) < 8 {
		*v = 0
		c.fail(errShort)
		return
	}
	*v, c.buf = binary.LittleEndian.Uint64(c.buf), c.buf[8:]
}
