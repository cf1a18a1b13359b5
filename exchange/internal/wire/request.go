package wire

import (
	"errors"
	"net/http"
	"time"
)

// BodyMax is the longest body that is believed, in bytes. Of a longer one an [Answer] has one
// byte more.
const BodyMax = 16 << 20

// Request is what is sent, and how long that may take.
type Request struct {
	// Method is that of the first line, for answers to some have no body.
	Method string
	// Bytes are the whole request as it goes over the wire. They are read until Send or Do
	// returns.
	Bytes []byte
	// Leave is asked when a connection is there and nothing is written; false keeps the
	// request from leaving. nil is yes. It must not block.
	Leave func() bool
	// Timeout is how long the answer may take from when writing begins.
	Timeout time.Duration
	// AtOnce says that writing must not wait for room. A connection that carries nothing else
	// has room for some kilobytes; one that has not breaks.
	AtOnce bool
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	// Body is as much as came, and at most one byte more than BodyMax.
	Body []byte
	// Err says what ended the body before its end; nil if nothing did.
	Err error
}

// Why a request was not sent. All else that ends one leaves open what became of it.
var (
	// ErrNotSent: the system took not a byte of it.
	ErrNotSent = errors.New("not sent")
	// ErrHeld: Leave said no. It is an ErrNotSent.
	ErrHeld error = &notSent{errors.New("held back")}
)

// notSent is the cause of an ErrNotSent. It prints as the cause.
type notSent struct{ cause error }

func (e *notSent) Error() string   { return e.cause.Error() }
func (e *notSent) Unwrap() []error { return []error{ErrNotSent, e.cause} }
