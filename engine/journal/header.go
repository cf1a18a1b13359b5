package journal

import (
	"fmt"

	"github.com/pmbot/pmbot/exchange"
)

// formatVersion is that of FORMAT.md.
const formatVersion = 4

// magic begins every segment's header, so that a person and file(1) see what it is.
const magic = "pmbot journal\n"

// Header begins a segment. Version to Instruments are the caller's, the rest the writer's.
type Header struct {
	// Version is the program's, Config the hash of its configuration.
	Version, Config string
	// Prefix begins the client ids of the orders of the process.
	Prefix string
	// Mode is "live", "dry" or "shadow". A directory holds one account in one mode.
	Mode, Account string
	// Instruments are all of the table, in the order of their ids: an event names its
	// instrument by its place in it.
	Instruments []exchange.Instrument

	// Created is when the segment was begun.
	Created exchange.Time
	// First is the number of its first event; the snapshot stands before that.
	First uint64
	// Compacted is when the snapshot and the market's events were taken out, 0 for never;
	// Last is the number of the last event that the segment had then.
	Compacted exchange.Time
	Last      uint64
}

// Table makes the table of instruments by whose ids the segment's events go.
func (h *Header) Table() (*exchange.Instruments, error) {
	return exchange.NewInstruments(h.Instruments...)
}

func (c *codec) header(h *Header) {
	name, version := magic, uint64(formatVersion)
	c.text(&name)
	c.uvarint(&version)
	switch {
	case c.err != nil:
		return
	case name != magic:
		c.fail(fmt.Errorf("this is no journal of pmbot"))
		return
	case version != formatVersion:
		c.fail(fmt.Errorf("its format is number %d and this program knows number %d; read it with pmbot of its time", version, formatVersion))
		return
	}
	c.text(&h.Version)
	c.text(&h.Config)
	c.text(&h.Prefix)
	c.text(&h.Mode)
	c.text(&h.Account)
	signed(c, &h.Created)
	unsigned(c, &h.First)
	signed(c, &h.Compacted)
	unsigned(c, &h.Last)
	list(c, &h.Instruments, (*codec).instrument)
}

// readHeader is the header in a payload.
func readHeader(payload []byte) (Header, error) {
	var h Header
	c := codec{buf: payload[1:]}
	c.header(&h)
	if c.err == nil && len(c.buf) > 0 {
		c.fail(fmt.Errorf("its header has %d octets too many", len(c.buf)))
	}
	if c.err == nil && h.First == 0 {
		c.fail(fmt.Errorf("its first event has the number 0"))
	}
	return h, c.err
}

// appendHeader appends the frame of a header.
func appendHeader(b []byte, h *Header) ([]byte, error) {
	c := codec{buf: beginFrame(nil, headerFrame), writing: true}
	c.header(h)
	if len(c.buf)-frameHead > payloadMax {
		c.fail(fmt.Errorf("the header of a journal has %d octets, %d at most; name fewer instruments", len(c.buf), payloadMax))
	}
	if c.err != nil {
		return nil, c.err
	}
	sealFrame(c.buf)
	return append(b, c.buf...), nil
}

// Sums are what a segment holds.
type Sums struct {
	// First and Last are the numbers of its first and last event, From and To their times; all
	// are 0 if it has none.
	First, Last uint64
	From, To    exchange.Time
	// Market, Account and Inside count events of the market, of the account, and others.
	Market, Account, Inside uint64
	// Decisions counts those with a decision.
	Decisions uint64
}

// Events is how many events there are.
func (s *Sums) Events() uint64 { return s.Market + s.Account + s.Inside }

// count adds an event up.
func (s *Sums) count(e *exchange.Event, decided bool) {
	if s.Events() == 0 {
		s.First, s.From = e.Seq, e.At
	}
	s.Last, s.To = e.Seq, e.At
	switch {
	case e.Kind.Market():
		s.Market++
	case e.Kind < exchange.KindIntent:
		s.Account++
	default:
		s.Inside++
	}
	if decided {
		s.Decisions++
	}
}

// sums are of a fixed length, so that they can be read from a file's end.
func (c *codec) sums(s *Sums) {
	c.fixed(&s.First)
	c.fixed(&s.Last)
	from, to := uint64(s.From), uint64(s.To)
	c.fixed(&from)
	c.fixed(&to)
	s.From, s.To = exchange.Time(from), exchange.Time(to)
	c.fixed(&s.Market)
	c.fixed(&s.Account)
	c.fixed(&s.Inside)
	c.fixed(&s.Decisions)
}

// endLength is the length of the frame at the end of a segment.
const endLength = frameHead + 1 + 8*8

// appendEnd appends the frame that ends a segment.
func appendEnd(b []byte, s *Sums) []byte {
	c := codec{buf: beginFrame(nil, endFrame), writing: true}
	c.sums(s)
	sealFrame(c.buf)
	return append(b, c.buf...)
}

// readEnd is the sums in a payload.
func readEnd(payload []byte) (Sums, error) {
	var s Sums
	c := codec{buf: payload[1:]}
	c.sums(&s)
	if c.err == nil && len(c.buf) > 0 {
		c.fail(fmt.Errorf("its end has %d octets too many", len(c.buf)))
	}
	return s, c.err
}
