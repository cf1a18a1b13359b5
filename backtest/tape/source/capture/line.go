package capture

import (
	"bytes"
	"errors"
	"fmt"
	"math"

	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
)

// shape says what a line is.
type shape uint8

const (
	// shapeMessage is a message behind the recorder's clock.
	shapeMessage shape = iota
	// shapeURL names the connection that the messages below came over.
	shapeURL
	// shapeConfiguration is what an older recorder was told to record.
	shapeConfiguration
)

// line is a line taken apart. Its slices are of the line.
type line struct {
	shape shape
	// url is what was asked for or subscribed to, nil in most messages.
	url []byte
	// local is the recorder's clock, message the exchange's words.
	local   exchange.Time
	message []byte
}

var (
	errStart   = errors.New("begins neither with a local time nor with a URL")
	errMessage = errors.New("has no message behind the local time")
)

const configuration = "configuration: {"

// parseLine takes a line apart that is not blank.
func parseLine(b []byte) (line, error) {
	switch {
	case b[0] >= '0' && b[0] <= '9':
		return parseMessage(b, nil)
	case isURL(b):
		url, rest, more := bytes.Cut(b, []byte(" "))
		if message, ok := bytes.CutPrefix(rest, []byte("-> ")); ok {
			return parseMessage(message, url)
		}
		if more && !bytes.HasPrefix(rest, []byte("<-> ")) {
			return line{}, fmt.Errorf("has %q behind a URL, where \"-> <local time>: <message>\" is due", source.Clip(rest))
		}
		return line{shape: shapeURL, url: url}, nil
	case bytes.HasPrefix(b, []byte(configuration)):
		return line{shape: shapeConfiguration}, nil
	}
	return line{}, errStart
}

func isURL(b []byte) bool {
	scheme, _, ok := bytes.Cut(b[:min(len(b), len("https://"))], []byte("://"))
	if !ok {
		return false
	}
	switch string(scheme) {
	case "ws", "wss", "http", "https":
		return true
	}
	return false
}

// parseMessage reads "<local time> <message>", with a colon behind the time or without.
func parseMessage(b, url []byte) (line, error) {
	clock, message, _ := bytes.Cut(b, []byte(" "))
	local, err := parseLocal(bytes.TrimSuffix(clock, []byte(":")))
	if err != nil {
		return line{}, fmt.Errorf("local time %q %w", source.Clip(clock), err)
	}
	message = bytes.TrimLeft(message, " ")
	if len(message) == 0 {
		return line{}, errMessage
	}
	return line{url: url, local: local, message: message}, nil
}

var (
	errLocal  = errors.New("is neither RFC 3339 nor a number of seconds (10 digits), milli- (13), micro- (16) or nanoseconds (19) since 1970")
	errBounds = errors.New("is not between 2001-09-09 and 2262")
)

// localMin is 2001-09-09, from which on the number of digits tells the unit.
const localMin exchange.Time = 1_000_000_000_000_000_000

// parseLocal reads a recorder's clock. Its unit follows from the number of digits before
// the point. It goes from digits to nanoseconds without a float, which has no room for
// them; what is below a nanosecond is dropped.
func parseLocal(b []byte) (exchange.Time, error) {
	if len(b) > 4 && b[4] == '-' {
		var t exchange.Time
		if err := t.UnmarshalText(b); err != nil {
			return 0, errLocal
		}
		if t < localMin {
			return 0, errBounds
		}
		return t, nil
	}
	whole, fraction, point := bytes.Cut(b, []byte("."))
	places := 0
	switch len(whole) {
	case 10:
		places = 9
	case 13:
		places = 6
	case 16:
		places = 3
	case 19:
	default:
		return 0, errLocal
	}
	if point && len(fraction) == 0 {
		return 0, errLocal
	}
	var n uint64 // of at most 19 digits
	for _, c := range whole {
		if c < '0' || c > '9' {
			return 0, errLocal
		}
		n = n*10 + uint64(c-'0')
	}
	for i, c := range fraction {
		if c < '0' || c > '9' {
			return 0, errLocal
		}
		if i < places {
			n = n*10 + uint64(c-'0')
		}
	}
	for i := len(fraction); i < places; i++ {
		n *= 10
	}
	if n < uint64(localMin) || n > math.MaxInt64 {
		return 0, errBounds
	}
	return exchange.Time(n), nil
}

// Detect says whether the first bytes of a file look like a recording: whether one of the
// first lines does. It takes no CSV file for one.
func Detect(head []byte) bool {
	const lines = 3
	for range lines {
		first, rest, _ := bytes.Cut(bytes.TrimLeft(head, "\r\n "), []byte("\n"))
		if looksLike(bytes.TrimRight(first, "\r ")) {
			return true
		}
		head = rest
	}
	return false
}

// looksLike says whether a line, which may be cut off, is one of a recording.
func looksLike(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	l, err := parseLine(b)
	if err != nil {
		return false
	}
	return l.shape != shapeMessage || l.message[0] == '{' || l.message[0] == '['
}
