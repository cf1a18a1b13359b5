package papisim

import (
	"net/http"
	"slices"

	"github.com/pmbot/pmbot/backtest/papisim/web"
)

// FaultKind names what goes wrong.
type FaultKind string

// What can go wrong with a request.
const (
	FaultLostRequest  FaultKind = "lost_request"
	FaultLateRequest  FaultKind = "late_request"
	FaultLostReply    FaultKind = "lost_reply"
	FaultLateReply    FaultKind = "late_reply"
	FaultReset        FaultKind = "reset"
	FaultEmpty        FaultKind = "empty_body"
	FaultTruncated    FaultKind = "truncated_body"
	FaultUnknown503   FaultKind = "503_unknown"
	FaultDown503      FaultKind = "503_unavailable"
	FaultInternal503  FaultKind = "503_internal"
	FaultThrottled503 FaultKind = "503_throttled"
	FaultUnknown      FaultKind = "code_1000"
	FaultUnexpected   FaultKind = "code_1006"
	FaultTimeout      FaultKind = "code_1007"
	FaultTimestamp    FaultKind = "code_1021"
	FaultEngineLate   FaultKind = "code_5028"
	FaultTooMany      FaultKind = "status_429"
	FaultBan          FaultKind = "status_418"
	FaultFirewall     FaultKind = "html_403"
	FaultCancel       FaultKind = "cancel_rejected"
	FaultAnswer       FaultKind = "answer"
)

// What can go wrong on the user stream.
const (
	FaultEventLost      FaultKind = "event_lost"
	FaultEventLate      FaultKind = "event_late"
	FaultEventReordered FaultKind = "event_reordered"
	FaultEventRepeated  FaultKind = "event_repeated"
	FaultEventUnknown   FaultKind = "event_unknown"
	FaultKeyDead        FaultKind = "listen_key_dead"
	FaultSilent         FaultKind = "stream_silent"
	FaultClosed         FaultKind = "stream_closed"
)

// What can go wrong on the market's streams, on one connection at a time.
const (
	FaultFrameLost      FaultKind = "frame_lost"
	FaultFrameLate      FaultKind = "frame_late"
	FaultFrameReordered FaultKind = "frame_reordered"
	FaultFrameRepeated  FaultKind = "frame_repeated"
	FaultFrameGarbage   FaultKind = "frame_garbage"
	FaultFrameCut       FaultKind = "frame_cut"
	FaultStreamDropped  FaultKind = "stream_dropped"
	FaultStreamDead     FaultKind = "stream_dead"
	FaultMarketSilent   FaultKind = "market_silent"
	FaultMarketClosed   FaultKind = "market_closed"
	FaultRouteClosed    FaultKind = "route_closed"
	FaultMarketRefused  FaultKind = "market_refused"
	FaultCommandLost    FaultKind = "command_lost"
)

// faultKind is what a kind does.
type faultKind struct {
	kind FaultKind
	// help is a sentence for those who choose.
	help string
	// stream says that it happens on the user stream; late that it needs a delay.
	stream, late bool
	// market says that it happens on the market's streams, of what it hits there, and closes
	// that it ends connections.
	market, closes bool
	of             marketThing
	// served says that the exchange serves the request all the same; open that it does only
	// if the fault does not say otherwise.
	served, open bool
	// answer takes the place of the exchange's own, where it is always the same.
	answer *web.Error
	// spares are requests that it never hits.
	spares func(*request) bool
}

func unavailable(code int, msg string) *web.Error {
	return &web.Error{Status: http.StatusServiceUnavailable, Code: code, Msg: msg}
}

// kindOf finds a kind.
func kindOf(name FaultKind) (faultKind, bool) {
	kinds := faultKinds()
	i := slices.IndexFunc(kinds, func(k faultKind) bool { return k.kind == name })
	if i < 0 {
		return faultKind{}, false
	}
	return kinds[i], true
}

// faultKinds are all kinds.
func faultKinds() []faultKind { return slices.Concat(requestFaults(), userFaults(), marketFaults()) }

// requestFaults are the kinds of requests. Which code the texts of 503 carry is assumed.
func requestFaults() []faultKind {
	return []faultKind{
		{kind: FaultLostRequest, help: "the request never arrives; the connection hangs until the client gives up, or for delay"},
		{kind: FaultLateRequest, late: true, served: true, help: "the request arrives after delay"},
		{kind: FaultLostReply, served: true, help: "the request is served and its answer lost; the connection hangs until the client gives up, or for delay"},
		{kind: FaultLateReply, late: true, served: true, help: "the request is served at once and answered after delay"},
		{kind: FaultReset, served: true, open: true, help: "the request is served (not_executed: it is not) and the connection reset"},
		{kind: FaultEmpty, served: true, open: true, help: "the request is served (not_executed: it is not) and answered with 200 and no body"},
		{kind: FaultTruncated, served: true, help: "the request is served and its answer breaks off in the middle"},
		{kind: FaultUnknown503, served: true, open: true, help: "503 Unknown error, served or (not_executed) not",
			answer: unavailable(-1000, "Unknown error, please check your request or try again later.")},
		{kind: FaultDown503, help: "503 Service Unavailable., not served", answer: unavailable(0, "Service Unavailable.")},
		{kind: FaultInternal503, help: "503 Internal error, not served", answer: errBroken},
		{kind: FaultThrottled503, spares: spared, help: "503 with -1008, not served; cancels and orders that close are spared",
			answer: unavailable(-1008, "Request throttled by system-level protection. Reduce-only/close-position orders are exempt. Please try again.")},
		{kind: FaultUnknown, served: true, open: true, help: "-1000, served or (not_executed) not",
			answer: web.Errorf(-1000, "An unknown error occured while processing the request.")},
		{kind: FaultUnexpected, served: true, open: true, help: "-1006, served or (not_executed) not",
			answer: web.Errorf(-1006, "An unexpected response was received from the message bus. Execution status unknown.")},
		{kind: FaultTimeout, served: true, open: true, help: "-1007, served or (not_executed) not",
			answer: web.Errorf(-1007, "Timeout waiting for response from backend server. Send status unknown; execution status unknown.")},
		{kind: FaultTimestamp, help: "-1021, not served", answer: errLate},
		{kind: FaultEngineLate, help: "-5028, not served",
			answer: web.Errorf(-5028, "The requested timestamp is outside the recvWindow of the matching engine")},
		{kind: FaultTooMany, help: "429 with -1003, not served; Retry-After is delay, or the rest of the minute"},
		{kind: FaultBan, help: "418 with -1003, not served, and the address is banned for delay, or two minutes"},
		{kind: FaultFirewall, help: "403 with a page, not served, and the address is shut out for delay"},
		{kind: FaultCancel, spares: keepsOrders, help: "a cancel is refused with -2011; the order stays", answer: web.Errorf(-2011, "Unknown order sent.")},
		{kind: FaultAnswer, help: "status with body, or with code and msg, not served"},
	}
}

// userFaults are the kinds of the user stream.
func userFaults() []faultKind {
	return []faultKind{
		{kind: FaultEventLost, stream: true, help: "an event is never sent"},
		{kind: FaultEventLate, stream: true, late: true, help: "an event comes after delay, and others overtake it"},
		{kind: FaultEventReordered, stream: true, help: "an event comes after the one that follows it"},
		{kind: FaultEventRepeated, stream: true, help: "an event comes twice"},
		{kind: FaultEventUnknown, stream: true, help: "an event of a type that nobody has heard of comes before one"},
		{kind: FaultKeyDead, stream: true, help: "the listenKey dies without a word before an event, which nobody gets"},
		{kind: FaultSilent, stream: true, help: "the connection says nothing any more, from an event on, and stays open"},
		{kind: FaultClosed, stream: true, help: "the connection breaks before an event"},
	}
}

// marketFaults are the kinds of the market's streams.
func marketFaults() []faultKind {
	return []faultKind{
		{kind: FaultFrameLost, market: true, help: "a frame is never sent to one of those who hear its stream"},
		{kind: FaultFrameLate, market: true, late: true, help: "a frame comes after delay, and others overtake it"},
		{kind: FaultFrameReordered, market: true, help: "a frame comes after the one that follows it on its stream"},
		{kind: FaultFrameRepeated, market: true, help: "a frame comes twice"},
		{kind: FaultFrameGarbage, market: true, help: "a text that is no JSON comes in the place of a frame"},
		{kind: FaultFrameCut, market: true, help: "a frame comes cut off in the middle"},
		{kind: FaultStreamDropped, market: true, help: "from a frame on its stream is silent on the connection, until it is unsubscribed and subscribed again"},
		{kind: FaultStreamDead, market: true, help: "from a frame on its stream is silent as long as the connection lives; commands are acknowledged and change nothing"},
		{kind: FaultMarketSilent, market: true, help: "the connection says nothing any more, from a frame on, and stays open"},
		{kind: FaultMarketClosed, market: true, closes: true, help: "the connection breaks before a frame, or is closed with code and msg"},
		{kind: FaultRouteClosed, market: true, closes: true, help: "all connections of a route break before a frame of one, or are closed with code and msg"},
		{kind: FaultMarketRefused, market: true, of: ofConnect, help: "a handshake is answered with status, or 503, and a page"},
		{kind: FaultCommandLost, market: true, of: ofCommand, open: true, help: "a command on a market connection is obeyed (not_executed: it is not) and never answered"},
	}
}
