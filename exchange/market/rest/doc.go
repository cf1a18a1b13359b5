// Package rest asks the public endpoints of Binance: fapi (UM), dapi (CM) and, for the pairs
// of the margin leg, api (spot). It holds no key and cannot sign. It is called by the feed, by
// the recorder for polled tables and by the downloader.
//
// It promises that only the compiled endpoints are asked, with the parameters that they know;
// that the configured share of the exchange's limits is kept, counted by minutes of its clock
// and by its own headers, fapi and dapi together; that what it asks for by 429, 418 and 403 is
// obeyed; that an answer is whole JSON or an error; that numbers are never rounded; and that
// an iterator gives each row once.
//
// The walk of a request: a typed call (info.go, trade.go, kline.go, mark.go, ticker.go,
// statistic.go, index.go) or Client.Get (tables.go) finds its endpoint (endpoint.go) and its
// parameters (params.go); Client.ask (request.go) waits for the budget, sends it, judges what
// comes back and tries again where that may help; decode (decode.go) reads the body. Every
// single request returns its Answer beside, as it came, for who records it; iterators (each.go)
// join pages.
//
// Start reading at config.go, then request.go.
package rest
