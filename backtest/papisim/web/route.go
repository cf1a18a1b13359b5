package web

import (
	"fmt"
	"net/http"

	"github.com/pmbot/pmbot/exchange"
)

// Host is one of Binance's servers, by what it does.
type Host uint8

const (
	// PAPI is papi.binance.com: orders and account of Portfolio Margin.
	PAPI Host = iota + 1
	// API is api.binance.com: public spot data, and sapi.
	API
	// FAPI and DAPI are the public data of UM and CM futures.
	FAPI
	DAPI
)

// Security is what a request must carry.
type Security uint8

const (
	// None is open to all.
	None Security = iota + 1
	// Keyed needs a key; a signature that is there is not looked at.
	Keyed
	// UserData, Trade and MarginTrade need key, timestamp and signature, and permissions
	// of the key.
	UserData
	Trade
	MarginTrade
)

// Cost is the weight of a call with these parameters.
func (r *Route) Cost(p *Params) int {
	if r.WeightOf != nil {
		return r.WeightOf(p)
	}
	return r.Weight
}

// Call is a request that has passed the gateway: known route, key and signature good.
type Call struct {
	*Params
	// At is the exchange's time when the call is served, and Clock what its clock shows: a
	// fault can set that wrong. Answers that tell the time tell Clock.
	At, Clock exchange.Time
	// Key is the API key, "" without one.
	Key string
	// Header is what the answer carries beside the usual headers.
	Header http.Header
	// Base is scheme and host that the request came to, such as http://127.0.0.1:9000.
	Base string
}

// File is an answer that is not JSON, with its media type.
type File struct {
	Type string
	Body []byte
}

// Route is one endpoint.
type Route struct {
	Host         Host
	Method, Path string
	Security     Security
	// Weight is what a call costs of the address's budget, and Orders how many orders it
	// counts as. WeightOf, where set, takes the place of Weight.
	Weight   int
	WeightOf func(*Params) int
	Orders   int
	// ByUser says that the weight is of the account's budget and not of the address's:
	// sapi has both kinds.
	ByUser bool
	// Serve answers: with a value that becomes the JSON body, or with an error.
	Serve func(*Call) (any, *Error)
}

// Error is Binance's no.
type Error struct {
	// Status is the HTTP status; 0 means 400.
	Status int
	Code   int
	Msg    string
}

func (e *Error) Error() string { return fmt.Sprintf("%d: %s", e.Code, e.Msg) }

// Errorf makes an error of status 400.
func Errorf(code int, format string, args ...any) *Error {
	return &Error{Code: code, Msg: fmt.Sprintf(format, args...)}
}
