// Package web is the manner in which Binance's REST servers take requests and answer them,
// as the simulated exchange needs it on all its hosts: hosts and routes, parameters with
// the error codes that wrong ones earn, and answers as JSON.
//
// It reads the API on its own and shares nothing with exchange/papi but the vocabulary's
// number types. Start reading at Route, then Params.
package web
