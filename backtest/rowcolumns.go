package backtest

import (
	"encoding/binary"
	"math/big"

	"github.com/shopspring/decimal"
)

// columns writes a row of [Rows] or reads one. Both go through the fields of the row in
// one order, which the method fields of its type has, so they cannot disagree. A row is a
// number whose bits say which columns differ from the row before, then those columns.
type columns struct {
	reading bool
	mask    uint64 // bit n: column n differs
	column  int    // the next one
	b       []byte // written of the row, or left to read
	words   words
	bases   [64]int64 // by column: the last coefficient of money, 0 if it does not fit
	bad     bool      // what was read is no list of rows
}

// words are the texts that come again and again, numbered as they first came.
type words struct {
	list []string
	ids  map[string]int // for writing
}

// wordsMax bounds the numbered texts: authors may put numbers into their tags.
const wordsMax = 4096

// begin begins a row.
func (c *columns) begin() {
	c.column, c.mask = 0, 0
	if c.reading {
		c.mask = c.uvarint()
	} else {
		c.b = c.b[:0]
	}
}

// differs says whether the next column differs from the row before; yes is so when writing.
func (c *columns) differs(yes bool) bool {
	if c.reading {
		yes = c.mask>>c.column&1 != 0
	} else if yes {
		c.mask |= 1 << c.column
	}
	c.column++
	return yes
}

func (c *columns) uvarint() uint64 {
	v, n := binary.Uvarint(c.b)
	c.skip(n)
	return v
}

func (c *columns) varint() int64 {
	v, n := binary.Varint(c.b)
	c.skip(n)
	return v
}

// skip passes the n bytes of a number; none is no number.
func (c *columns) skip(n int) {
	if n <= 0 {
		c.fail()
		return
	}
	c.b = c.b[n:]
}

// bytes reads that many.
func (c *columns) bytes(n uint64) []byte {
	if n > uint64(len(c.b)) {
		c.fail()
		return nil
	}
	b := c.b[:n]
	c.b = c.b[n:]
	return b
}

// fail ends the reading: whatever follows is zero.
func (c *columns) fail() { c.bad, c.b = true, nil }

// number passes a whole number, as its distance from the last.
func number[T ~int | ~int64 | ~uint64 | ~uint8](c *columns, to *T, last T) {
	switch {
	case !c.differs(*to != last):
	case c.reading:
		*to = last + T(c.varint())
	default:
		c.b = binary.AppendVarint(c.b, int64(*to-last))
	}
}

// flag passes a yes or no.
func (c *columns) flag(to *bool, last bool) {
	if c.differs(*to != last) {
		*to = !last
	}
}

// word passes a text that comes again and again.
func (c *columns) word(to *string, last string) {
	if !c.differs(*to != last) {
		return
	}
	w := &c.words
	if c.reading {
		id := c.uvarint()
		if id > uint64(len(w.list)) {
			c.fail()
			return
		}
		if id > 0 {
			*to = w.list[id-1]
			return
		}
	} else if id := w.ids[*to]; id > 0 {
		c.b = binary.AppendUvarint(c.b, uint64(id))
		return
	} else {
		c.b = append(c.b, 0)
	}
	c.rest(to, last)
	if len(w.list) < wordsMax {
		w.list = append(w.list, *to)
		if !c.reading {
			w.ids[*to] = len(w.list)
		}
	}
}

// text passes a text of which the beginning may be that of the last.
func (c *columns) text(to *string, last string) {
	if c.differs(*to != last) {
		c.rest(to, last)
	}
}

// rest passes what follows the part that two texts have in common.
func (c *columns) rest(to *string, last string) {
	if c.reading {
		same := c.uvarint()
		if same > uint64(len(last)) {
			c.fail()
			return
		}
		*to = last[:same] + string(c.bytes(c.uvarint()))
		return
	}
	same := 0
	for same < len(last) && same < len(*to) && last[same] == (*to)[same] {
		same++
	}
	c.b = binary.AppendUvarint(c.b, uint64(same))
	c.b = binary.AppendUvarint(c.b, uint64(len(*to)-same))
	c.b = append(c.b, (*to)[same:]...)
}

// smallDigits is how many digits fit a word.
const smallDigits = 18

// money passes a decimal: its exponent, and its coefficient as the distance from the last,
// or its digits where it has very many.
func (c *columns) money(to *decimal.Decimal, last decimal.Decimal) {
	if !c.differs(to.Exponent() != last.Exponent() || !to.Equal(last)) {
		return
	}
	base := &c.bases[c.column-1]
	if c.reading {
		form := c.varint()
		exponent := int32(form >> 1)
		if form&1 == 0 {
			*base += c.varint()
			*to = decimal.New(*base, exponent)
			return
		}
		sign := c.varint()
		value := new(big.Int).SetBytes(c.bytes(c.uvarint()))
		*to, *base = decimal.NewFromBigInt(value.Mul(value, big.NewInt(sign)), exponent), 0
		return
	}
	form := int64(to.Exponent()) << 1
	if to.NumDigits() <= smallDigits {
		coefficient := to.CoefficientInt64()
		c.b = binary.AppendVarint(c.b, form)
		c.b = binary.AppendVarint(c.b, coefficient-*base)
		*base = coefficient
		return
	}
	*base = 0
	digits := to.Coefficient()
	c.b = binary.AppendVarint(c.b, form|1)
	c.b = binary.AppendVarint(c.b, int64(digits.Sign()))
	c.b = binary.AppendUvarint(c.b, uint64(len(digits.Bytes())))
	c.b = append(c.b, digits.Bytes()...)
}

// The columns that differ in most rows come first.

func (r *FillRow) fields(c *columns, last *FillRow) {
	number(c, &r.At, last.At)
	number(c, &r.Price, last.Price)
	number(c, &r.Qty, last.Qty)
	number(c, &r.Side, last.Side)
	c.money(&r.Fee, last.Fee)
	c.money(&r.Realized, last.Realized)
	c.money(&r.Position, last.Position)
	number(c, &r.Order, last.Order)
	number(c, &r.Ref, last.Ref)
	c.text(&r.ClientID, last.ClientID)
	number(c, &r.VenueID, last.VenueID)
	number(c, &r.TradeID, last.TradeID)
	c.word(&r.Tag, last.Tag)
	c.flag(&r.Maker, last.Maker)
	c.word(&r.Strategy, last.Strategy)
	number(c, &r.Fill.Strategy, last.Fill.Strategy)
	c.word(&r.Symbol, last.Symbol)
	number(c, &r.Product, last.Product)
	number(c, &r.PositionSide, last.PositionSide)
	c.word(&r.FeeAsset, last.FeeAsset)
	number(c, &r.Forced, last.Forced)
}

func (r *LedgerRow) fields(c *columns, last *LedgerRow) {
	c.money(&r.Delta, last.Delta)
	c.money(&r.Balance, last.Balance)
	c.money(&r.USD, last.USD)
	number(c, &r.Reason, last.Reason)
	number(c, &r.At, last.At)
	c.word(&r.Strategy, last.Strategy)
	c.word(&r.Symbol, last.Symbol)
	number(c, &r.Product, last.Product)
	c.word(&r.Asset, last.Asset)
	number(c, &r.Wallet, last.Wallet)
}

func (r *TradeRow) fields(c *columns, last *TradeRow) {
	number(c, &r.From, last.From)
	number(c, &r.To, last.To)
	number(c, &r.Side, last.Side)
	c.money(&r.Entry, last.Entry)
	c.money(&r.Exit, last.Exit)
	c.money(&r.Qty, last.Qty)
	c.money(&r.Volume, last.Volume)
	c.money(&r.Price, last.Price)
	c.money(&r.Fees, last.Fees)
	c.money(&r.Net, last.Net)
	c.money(&r.Funding, last.Funding)
	c.money(&r.Slippage, last.Slippage)
	number(c, &r.Fills, last.Fills)
	c.word(&r.EntryTag, last.EntryTag)
	c.word(&r.ExitTag, last.ExitTag)
	c.word(&r.Strategy, last.Strategy)
	c.word(&r.Symbol, last.Symbol)
	number(c, &r.Product, last.Product)
	number(c, &r.PositionSide, last.PositionSide)
	number(c, &r.Forced, last.Forced)
	c.flag(&r.Open, last.Open)
}
