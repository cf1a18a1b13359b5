package rest

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/pmbot/pmbot/exchange/internal/budget"
	"github.com/pmbot/pmbot/exchange/internal/lenient"
)

// What callers branch on, by errors.Is on an [Error].
var (
	// ErrLimited: a limit, by the exchange's 429, or by our own counting before anything was
	// sent, when the turn would come after the caller's deadline.
	ErrLimited = errors.New("rate limit")
	// ErrBanned: the exchange answers nothing to this address until RetryAfter has passed.
	// The first such error is the exchange's 418, the others were not sent.
	ErrBanned = budget.ErrBanned
	// ErrBusy: too many requests of its kind wait already. It was not sent.
	ErrBusy = budget.ErrBusy
	// ErrFirewall: the exchange's firewall has refused it (403). Asking goes on slowly.
	ErrFirewall = errors.New("refused by the firewall")
	// ErrRegion: the exchange does not serve this country (451).
	ErrRegion = errors.New("not served in this region")
	// ErrUnavailable: no answer, half of one, or one that says the server cannot (5xx, 408).
	// It was tried again before this was said.
	ErrUnavailable = errors.New("no usable answer")
	// ErrNoSymbol: no such symbol or pair (-1121).
	ErrNoSymbol = errors.New("no such symbol")
	// ErrTooOld: aggTrades of futures go back 48 hours (-4166). Older ones are in the public
	// archives.
	ErrTooOld = errors.New("older than the exchange keeps")
	// ErrParameter: the exchange does not take a parameter (-1120, -1130, -4021, -4088 and
	// those of -1100 to -1128).
	ErrParameter = errors.New("parameter not accepted")
	// ErrDisorder: rows that are not in ascending order, or not those asked for, so that
	// pages cannot be joined.
	ErrDisorder = errors.New("rows out of order")
	// ErrCrowded: more rows share one millisecond than a page holds, so that some of them
	// cannot be asked for.
	ErrCrowded = errors.New("more rows in a millisecond than a page holds")
)

// DecodeError says why an answer of Binance is not what the reference says.
type DecodeError = lenient.DecodeError

// Error is why a request has no answer. Every error of a request is one.
type Error struct {
	// Endpoint is method and path, URL all of it; "" if it was not built.
	Endpoint, URL string
	// HTTP is the status, 0 if no answer came.
	HTTP int
	// Code and Msg are Binance's. Code is 0 if it gave none; Msg then says what was found.
	Code int
	Msg  string
	// Retryable says that the same request may succeed later.
	Retryable bool
	// RetryAfter is how long the exchange asked to wait; 0 if it did not say.
	RetryAfter time.Duration
	// Err is the cause on our side, if any.
	Err error
}

// Error names endpoint, status, code, message and cause.
func (e *Error) Error() string {
	s := cmp.Or(e.Endpoint, "market data")
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

// The codes of Binance that something is decided by.
const (
	codeNoSymbol = -1121
	codeTooOld   = -4166
)

// parameterCodes say that a parameter is at fault, beside those of -1100 to -1128.
var parameterCodes = [...]int{-1130, -4021, -4088}

// passingCodes say that the same request may succeed later.
var passingCodes = [...]int{-1000, -1001, -1003, -1006, -1007, -1008, -1016}

// Is answers for the sentinels of this package that follow from status and code.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrLimited:
		return e.HTTP == http.StatusTooManyRequests ||
			errors.Is(e.Err, budget.ErrQuota) || errors.Is(e.Err, budget.ErrLate) || errors.Is(e.Err, budget.ErrHeavy)
	case ErrBanned:
		return e.HTTP == http.StatusTeapot
	case ErrFirewall:
		return e.HTTP == http.StatusForbidden
	case ErrRegion:
		return e.HTTP == http.StatusUnavailableForLegalReasons
	case ErrUnavailable:
		return e.unavailable()
	case ErrNoSymbol:
		return e.Code == codeNoSymbol
	case ErrTooOld:
		return e.Code == codeTooOld
	case ErrParameter:
		return -1128 <= e.Code && e.Code <= -1100 && e.Code != codeNoSymbol || slices.Contains(parameterCodes[:], e.Code)
	}
	return false
}

// unavailable says whether the fault lies with the server or the network.
func (e *Error) unavailable() bool {
	switch e.HTTP {
	case http.StatusTooManyRequests, http.StatusTeapot, http.StatusForbidden:
		return false
	}
	return e.Retryable && !errors.As(e.Err, new(*budget.Refusal))
}
