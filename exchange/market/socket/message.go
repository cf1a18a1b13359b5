package socket

import (
	"strconv"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/frame"
	"github.com/pmbot/pmbot/exchange/market/stream"
)

// Sub is a stream that a [Set] keeps. It does not change and is the same pointer in every
// message and notice of the stream, until the stream is removed.
type Sub struct {
	Stream stream.Stream
	// Name is Stream's name as the exchange has it.
	Name  string
	Route stream.Route
	// Index counts the streams of a Set from 0 in the order of adding, for tables of who
	// listens. That of a removed stream is not given again.
	Index int
	// Silence is how long the stream may be silent at most before the watchdog speaks, 0 for
	// ever. A stream that has been busier for a while is missed sooner.
	Silence time.Duration
}

// Message is one message of the exchange.
type Message struct {
	// At is the local clock when the message was delivered, which is when it was received
	// but for those held back while a connection takes over. It never decreases over all
	// messages and notices of a Set, even if the clock is set back.
	At exchange.Time
	// Sub is the stream that it belongs to, nil for what no subscription explains.
	Sub *Sub
	// Conn is the number of the connection that brought it.
	Conn int
	// Raw is the message as it came, with the wrapper that names its stream. It is good
	// until Deliver returns.
	Raw []byte
	// Frame is the first frame in it, good until Next or until Deliver returns; nil with
	// Err, which says why there is none. An empty list has Err io.EOF.
	Frame *frame.Frame
	Err   error

	decoder *frame.Decoder
}

// Next returns the other frames of a message that is a list, one after the other, and
// io.EOF behind the last. After any other error it goes on with the frame behind the bad
// one.
func (m *Message) Next() (*frame.Frame, error) { return m.decoder.Next() }

// NoticeKind says what a [Notice] is about.
type NoticeKind uint8

const (
	// Connected: a connection is open. It does not hear anything yet.
	Connected NoticeKind = iota + 1
	// Lost: a connection is over, or could not be made; Text says why. The streams that it
	// had get a Gap as soon as another one has them.
	Lost
	// Rotated: a connection has taken over all streams of one that was old or did not
	// bring a stream, which is closed. Nothing was lost where no Gap says so.
	Rotated
	// Gap: between the message of the stream before this notice and the one after it some
	// may be missing, sent between From and To by the local clock.
	Gap
	// Silent: nothing was heard of the stream since From, longer than it may be silent. It
	// is told again for as long as it lasts, each time after twice as long.
	Silent
	// Resubscribed: the stream was silent, and is asked for again on its connection.
	Resubscribed
	// Renewing: the stream stayed silent after that, and a new connection is made.
	Renewing
	// Heard: the stream, told as silent, is heard again. It was silent From To.
	Heard
	// Refused: the exchange has refused a command, or not answered it. It is sent again.
	Refused
	// Undecodable: a message was no frame; Text has the error. It is told at most once a
	// minute for each connection, with how many there were.
	Undecodable
	// Unasked: a message was of a stream that nobody asked for; likewise.
	Unasked
	// Overflow: more had to be held back than there is room for, while a connection took
	// over. The stream was switched at once, and a Gap follows.
	Overflow
	// Paused: no connection is made until To, because the exchange has banned or throttled
	// the address, or too many were made lately.
	Paused
)

var noticeNames = [...]string{
	Connected: "connected", Lost: "lost", Rotated: "rotated", Gap: "gap", Silent: "silent", Resubscribed: "resubscribed",
	Renewing: "renewing", Heard: "heard", Refused: "refused", Undecodable: "undecodable", Unasked: "unasked",
	Overflow: "overflow", Paused: "paused",
}

// String returns the kind in lower case, such as "resubscribed".
func (k NoticeKind) String() string {
	if k > 0 && int(k) < len(noticeNames) {
		return noticeNames[k]
	}
	return "NoticeKind(" + strconv.Itoa(int(k)) + ")"
}

// Notice is something that whoever relies on the streams should know.
type Notice struct {
	At   exchange.Time
	Kind NoticeKind
	// Sub is the stream it is about, nil if it is about a connection.
	Sub   *Sub
	Route stream.Route
	// Conn is the number of the connection, from 1 in the order of dialing; 0 if it is
	// about none.
	Conn int
	// From and To are the span it is about, 0 where there is none.
	From, To exchange.Time
	// Text is for a person, and empty where the kind says all.
	Text string
}
