// Package ws is a websocket connection as a reader of streams wants it: [Dial] connects,
// [Conn.Read] returns one message after the other from a buffer that it reuses, and a
// connection on which nothing at all arrives for too long, pings included, is an error of
// Read and not a silence.
//
// It promises that a message beyond the limit is an error and never memory; that the
// server's pings are answered while somebody reads, but no more than four a second; that
// writes do not mix; and that Close may be called at any time, from anywhere, and ends a
// waiting Read. It starts no goroutine and does not connect again: that is for whoever knows
// what was missed.
//
// exchange/papi calls it for the user stream, exchange/market/socket for the market's. Start
// reading at Dial.
package ws
