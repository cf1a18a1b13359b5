package papi

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/internal/budget"
)

// Outcome says what is known of a request. There is no fourth.
type Outcome uint8

const (
	// Done requests were carried out.
	Done Outcome = iota + 1
	// Refused requests were certainly not carried out, whoever refused them: the exchange,
	// a limit, the network before a byte had left, or this client.
	Refused
	// Unknown requests may have been carried out, or be carried out yet. Nothing may be
	// assumed of them and no order among them may be sent again: ask by client order id.
	Unknown
)

// String is the outcome in lower case.
func (o Outcome) String() string {
	switch o {
	case Done:
		return "done"
	case Refused:
		return "refused"
	case Unknown:
		return "unknown"
	default:
		return fmt.Sprintf("outcome %d", uint8(o))
	}
}

// What callers branch on, by errors.Is on an [Error].
var (
	// ErrUnknownOutcome: nobody knows whether the request was carried out.
	ErrUnknownOutcome = errors.New("outcome unknown")
	// ErrNotSent: not a byte of the request left this process.
	ErrNotSent = errors.New("not sent")
	// ErrNotApproved: a write without an approval, or one whose approval had ended when it
	// was its turn. It was not sent.
	ErrNotApproved = errors.New("no valid approval")
	// ErrBusy: too many requests of its class wait already. It was not sent.
	ErrBusy = budget.ErrBusy
	// ErrLimited: a limit, by the exchange's 429, or by our own counting before anything was
	// sent.
	ErrLimited = errors.New("rate limit")
	// ErrBanned: the exchange answers nothing to this address until RetryAfter has passed.
	// The first such error is the exchange's 418, the others were not sent.
	ErrBanned = budget.ErrBanned
	// ErrThrottled: the exchange protects itself from load (-1008); orders that reduce and
	// cancels are exempt.
	ErrThrottled = errors.New("exchange throttles orders")
	// ErrKey: the exchange does not accept the key, its address or its permissions.
	ErrKey = errors.New("key not accepted")
	// ErrClock: the request came outside its window of time (-1021, -5028).
	ErrClock = errors.New("outside the window of time")
	// ErrNoSuchOrder: the exchange knows no such order (-2013), or has nothing left to
	// cancel (-2011). Right after an unknown outcome this proves nothing.
	ErrNoSuchOrder = errors.New("no such order")
)

// Error is the answer to a request that was not carried out, or of which that is not known.
// Every error of a call is one. It holds no part of the request.
type Error struct {
	// Endpoint is method and path.
	Endpoint string
	// HTTP is the status, 0 if no answer came.
	HTTP int
	// Code and Msg are Binance's. Code is 0 if it gave none; Msg then says what was found.
	Code int
	Msg  string
	// Outcome is Refused or Unknown.
	Outcome Outcome
	// Retryable says that the same wish may succeed later, unchanged. It is never set on an
	// unknown outcome, and a retry of an order is a new intent.
	Retryable bool
	// RetryAfter is how long the exchange asked to wait; 0 if it did not say.
	RetryAfter time.Duration
	// Sent is the timestamp that the request carried, in the exchange's time: it can be
	// accepted until recvWindow after. Zero if nothing left.
	Sent exchange.Time
	// Err is the cause on our side, or one of the errors above.
	Err error
}

// Error names endpoint, outcome, status, code and message.
func (e *Error) Error() string {
	s := e.Endpoint + ": " + e.Outcome.String()
	if e.HTTP != 0 {
		s += fmt.Sprintf(": HTTP %d", e.HTTP)
	}
	if e.Code != 0 {
		s += fmt.Sprintf(": code %d", e.Code)
	}
	if e.Msg != "" {
		s += ": " + e.Msg
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is answers for the sentinels of this package that follow from status and code.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrUnknownOutcome:
		return e.Outcome == Unknown
	case ErrNotSent:
		return e.Outcome == Refused && e.Sent == 0
	case ErrLimited:
		return e.HTTP == http.StatusTooManyRequests ||
			errors.Is(e.Err, budget.ErrQuota) || errors.Is(e.Err, budget.ErrLate) || errors.Is(e.Err, budget.ErrHeavy)
	case ErrBanned:
		return e.HTTP == http.StatusTeapot
	case ErrThrottled:
		return e.Code == codeThrottled
	case ErrKey:
		return e.HTTP == http.StatusUnauthorized || e.Code == codeKeyFormat || e.Code == codeKey
	case ErrClock:
		return e.Code == codeTimestamp || e.Code == codeEngineWindow
	case ErrNoSuchOrder:
		return e.Code == codeNoSuchOrder || e.Code == codeCancelRejected
	}
	return false
}
