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
//
// # What leaves
//
// GET requests to the compiled paths (endpoint.go) at the configured hosts, with the
// parameters that the endpoint knows, percent-encoded; no key, no signature and no header
// but the name of the asker. Unknown and missing parameters are refused before anything is
// sent. historicalTrades is not asked, for it wants a key, and a key goes to papi and sapi
// alone. Redirects are not followed.
//
// fapi and dapi have one budget of 2400 of weight a minute, as Binance has since 2026-06-30,
// fed by the headers of both; api has 6000. A share of 80% is used: requests that wait go in
// the order clock and exchangeInfo, snapshots and marks, all others, of which the last leave
// 12% to those above. Weights are counted by parameter, before the request leaves; the
// exchange's own count is believed where it is higher, for other processes draw on it. The
// count of ticker/bookTicker and ticker/price, which Binance calls inaccurate, is believed
// all the same: too high a count only makes us slower. A limit that exchangeInfo tells is
// adopted if it is lower than the compiled one: pages of dapi still print 6000. fundingRate
// and fundingInfo have 500 requests in five minutes, /futures/data 1000, of which the share
// is used; who comes too early waits.
//
// # What comes back
//
// An answer is a status of 2xx and whole JSON that is no error object; see the errors of this
// package for the others. No answer, half of one, HTML, 5xx, 408 and codes that pass (-1000,
// -1001, -1003, -1006, -1007, -1008, -1016) are asked for again after 200, 400 and 800 ms;
// 429 and 403 when the scheduler lets them, which is after Retry-After, or at the turn of the
// minute, or after a pause of the firewall that doubles; each of them three times at most.
// 418 is final and silences both futures hosts until it is over; whether a ban of fapi is one
// of dapi is not documented, and they have one limit. What is wrong with the request itself is
// final. A caller's deadline is kept: a turn that would come later is refused at once.
//
// Numbers are read from their digits, and may be texts; "" and null are 0, as CM tells the
// rates of contracts that deliver; one object is a list of one. A list with a row that lacks
// what it means, or has a value that cannot be, is refused whole, by field; but symbols of an
// exchangeInfo that cannot be read are left out and reported, and the others are good.
//
// # Time
//
// The exchange's clock is measured before the first request and every ten minutes, or by
// MeasureClock: of five answers the one with the shortest round trip counts. A candle is
// closed when its end was over at the earliest time that the exchange's clock may have shown
// when the request left. A rate of funding was settled at the full hour that its published
// time, some milliseconds late, is rounded to; rates published more than a minute from any
// full hour keep their time (assumed, for those of rateType Special).
//
// # Pages
//
// Candles of UM and spot are asked from a time on, those of CM by windows of a page and at
// most 200 days, because dapi gives the newest of a window; iterators end before the first
// candle that runs. Aggregate trades are found by time, hour by hour, and then followed by id:
// 48 hours back on futures. Fundings and statistics are found by time alone: a page that is
// full may have been cut at either end, so it is dropped and its window halved. Rows out of
// order end an iteration with an error, and so does a millisecond with more rows than a page.
//
// Assumed: fundings of CM count against the quota of those of UM; statistics of CM against
// that of UM beside their weight; spot cuts pages of candles as fapi does.
package rest
