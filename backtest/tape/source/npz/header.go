package npz

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/pmbot/pmbot/backtest/tape/source"
)

// An array file (.npy) begins with the magic, a version of two bytes, the header's length
// in two bytes, or in four from version 2 on, and the header: a Python dictionary.
const (
	magic = "\x93NUMPY"
	// headerMax bounds the header. That of an array of events has 118 bytes of text for
	// its fields and is padded to a multiple of 64; numpy itself reads no longer ones.
	headerMax = 10_000
	// headerSize is that of a written header with all that comes before: the same for any
	// number of records, and what numpy takes for most. hftbacktest wants a multiple of 64.
	headerSize = 256
	// rowsMax is how many records fit the sizes that an int64 counts.
	rowsMax = (1<<63 - 1 - headerSize) / recordSize
)

// descr are the fields of a record in their order, without blanks.
const descr = "[('ev','<u8'),('exch_ts','<i8'),('local_ts','<i8'),('px','<f8'),('qty','<f8'),('order_id','<u8'),('ival','<i8'),('fval','<f8')]"

// readHeader reads what comes before the records and returns its size and the number of
// records that it promises. No memory is taken for them.
func readHeader(r io.Reader) (size, rows int64, err error) {
	var fixed [12]byte
	if _, err := io.ReadFull(r, fixed[:10]); err != nil {
		return 0, 0, cut("in the first 10 bytes", err)
	}
	if string(fixed[:6]) != magic {
		return 0, 0, fmt.Errorf("begins with %q, a numpy array with %q", fixed[:6], magic)
	}
	size = 10
	length := int64(binary.LittleEndian.Uint16(fixed[8:]))
	switch version := fixed[6]; version {
	case 1:
	case 2, 3:
		if _, err := io.ReadFull(r, fixed[10:]); err != nil {
			return 0, 0, cut("in the length of its header", err)
		}
		size, length = 12, int64(binary.LittleEndian.Uint32(fixed[8:]))
	default:
		return 0, 0, fmt.Errorf("is of version %d.%d, known are 1 to 3", version, fixed[7])
	}
	if length > headerMax {
		return 0, 0, fmt.Errorf("has a header of %d bytes, more than the %d that numpy reads", length, headerMax)
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(r, text); err != nil {
		return 0, 0, cut("in its header", err)
	}
	rows, err = parseHeader(string(text))
	return size + length, rows, err
}

// cut says where a file ends too early, and passes on what else went wrong.
func cut(where string, err error) error {
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("ends %s: the file is cut off", where)
	}
	return fmt.Errorf("%s: %w", where, err)
}

// parseHeader reads the dictionary and returns the number of records. Writers keep its
// keys in alphabetic order; their blanks, quotes and last commas differ.
func parseHeader(text string) (rows int64, err error) {
	rest := strings.Join(strings.Fields(text), "")
	rest = strings.NewReplacer(`"`, "'", ",]", "]", ",}", "}", ",)", ")").Replace(rest)
	fail := func(what string) (int64, error) {
		return 0, fmt.Errorf("header %s: %s", source.Clip([]byte(text)), what)
	}
	rest, ok := strings.CutPrefix(rest, "{'descr':")
	if !ok {
		return fail("does not begin with 'descr'")
	}
	fields, rest, ok := strings.Cut(rest, ",'fortran_order':")
	if !ok {
		return fail("has no 'fortran_order' after 'descr'")
	}
	if fields != descr {
		return 0, fmt.Errorf("the array's type is %s, an array of events has %s", clipType(fields), descr)
	}
	order, rest, ok := strings.Cut(rest, ",'shape':")
	if !ok {
		return fail("has no 'shape' after 'fortran_order'")
	}
	if order != "False" {
		return 0, fmt.Errorf("fortran_order is %s, an array of events has False", source.Clip([]byte(order)))
	}
	shape, ok := strings.CutSuffix(rest, "}")
	count, open := strings.CutPrefix(shape, "(")
	count, closed := strings.CutSuffix(count, ")")
	if !ok || !open || !closed {
		return fail("does not end with 'shape'")
	}
	rows, err = strconv.ParseInt(count, 10, 64)
	if rows > rowsMax {
		return 0, fmt.Errorf("the header promises %s events, more than any file holds", source.Clip([]byte(count)))
	}
	if err != nil || rows < 0 || count[0] == '+' {
		return 0, fmt.Errorf("the array's shape is %s, an array of events has one dimension", source.Clip([]byte(shape)))
	}
	return rows, nil
}

// clipType bounds what a message repeats of an array's type: more than of other text, for
// here the reader looks for a small difference.
func clipType(s string) string {
	const most = 400
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}

// appendHeader appends the header of an array of so many records, headerSize bytes.
func appendHeader(b []byte, rows int64) []byte {
	start := len(b)
	b = append(b, magic+"\x01\x00\x00\x00"...)
	fields := strings.ReplaceAll(strings.ReplaceAll(descr, ",'<", ", '<"), "),(", "), (")
	b = fmt.Appendf(b, "{'descr': %s, 'fortran_order': False, 'shape': (%d,), }", fields, rows)
	b = append(b, bytes.Repeat([]byte{' '}, headerSize-1-(len(b)-start))...)
	b = append(b, '\n')
	binary.LittleEndian.PutUint16(b[start+8:], headerSize-10)
	return b
}
