// Package papisim is the exchange that Binance does not offer for trying things out: a
// Portfolio Margin account behind HTTP and websockets. It speaks papi, the sapi reads around
// it, the public fapi, dapi and api, the public streams and the user stream, with Binance's
// shapes, typos, weights, limits and error codes, and trades on package venue.
//
// It promises that a client which works against it unchanged does what it does for the
// reasons it would have on Binance; what is not documented is assumed to be the worse for a
// careless client, and is listed here. It shares no encoder or decoder with exchange/papi:
// the two are independent readings of one reference.
//
// The walk of a request: Sim.ServeHTTP is the gateway (gateway.go): host, faults, limits,
// route, key and signature. It lets time move to now (sim.go), calls the route's handler,
// and what the venue says meanwhile goes to the records (record.go), from which queries are
// answered, and to the user stream (userstream.go). The walk of the market: Sim.step takes
// the source's events as they come due and shows them to the venue and to package public,
// which answers the public requests and streams.
//
// Start reading at sim.go, then gateway.go.
package papisim
