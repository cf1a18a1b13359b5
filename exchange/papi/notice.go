package papi

import (
	"strconv"

	"github.com/pmbot/pmbot/exchange"
)

// State is how far what we know of the account can be relied on.
type State uint8

const (
	// Gap knows less than the exchange has told: nobody may trade on it. It is the state at
	// the start, without a connection, and after every doubt about the stream.
	Gap State = iota
	// CatchingUp has a connection and reads what was missed.
	CatchingUp
	// Live has told everything, and tells what happens as it happens.
	Live
)

func (s State) String() string {
	switch s {
	case Gap:
		return "gap"
	case CatchingUp:
		return "catching up"
	case Live:
		return "live"
	}
	return "State(" + strconv.Itoa(int(s)) + ")"
}

// NoticeKind is what a [Notice] is about.
type NoticeKind uint8

const (
	// NoticeState: State has changed; Text says why.
	NoticeState NoticeKind = iota + 1
	// NoticeMalformed: an event could not be read. It was passed over, and the state becomes
	// Gap, for what it has told is not known.
	NoticeMalformed
	// NoticeUnknownEvent: an event of an unknown name was passed over.
	NoticeUnknownEvent
	// NoticeUnknownInstrument: an event or order of a symbol outside the table.
	NoticeUnknownInstrument
	// NoticeUnknownStatus: a status that this package does not know.
	NoticeUnknownStatus
	// NoticeEchoMissing: the exchange took an order of ours, and the stream did not tell.
	NoticeEchoMissing
	// NoticeEchoMismatch: the exchange took another order than the one sent; it was cancelled.
	NoticeEchoMismatch
	// NoticeLeverage: the leverage of Inst is another now.
	NoticeLeverage
	// NoticeKey: the listenKey expired, or could not be had or kept alive.
	NoticeKey
	// NoticeCatchUp: a snapshot could not be read; it is tried again.
	NoticeCatchUp
)

var noticeNames = [...]string{
	NoticeState: "state", NoticeMalformed: "malformed event", NoticeUnknownEvent: "unknown event",
	NoticeUnknownInstrument: "unknown instrument", NoticeUnknownStatus: "unknown status",
	NoticeEchoMissing: "echo missing", NoticeEchoMismatch: "echo mismatch", NoticeLeverage: "leverage",
	NoticeKey: "listenKey", NoticeCatchUp: "catch-up",
}

func (k NoticeKind) String() string {
	if int(k) < len(noticeNames) && noticeNames[k] != "" {
		return noticeNames[k]
	}
	return "NoticeKind(" + strconv.Itoa(int(k)) + ")"
}

// Notice is what a person or the loop should know beside the events.
type Notice struct {
	At    exchange.Time
	Kind  NoticeKind
	State State
	Inst  exchange.InstrumentID
	Text  string
}
