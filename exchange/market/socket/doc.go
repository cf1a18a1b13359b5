// Package socket keeps connections to Binance's public market streams: a [Set] has any
// number of streams and delivers the messages of each, once and in order, for as long as it
// runs.
package socket
