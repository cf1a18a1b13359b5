// Package frame decodes the JSON frames of Binance's public market streams (fapi, dapi
// and spot) and the REST depth snapshot into values of the vocabulary.
//
// It promises that a message either becomes the exact values that it carries or an error
// that names the field and what was found there: numbers go from their digits to
// [exchange.Fixed] without a float in between, a field that is missing, stands twice or
// has the wrong type is refused, and nothing that outside bytes can do makes it panic.
// What it does not know, be it a field, an event or the value of an enumeration, passes.
// A [Decoder] reuses its memory: the frequent kinds (trades, book tickers, depth) are
// decoded without allocation.
//
// The tape's import of raw captures calls it, and live feeds do. It judges one message
// alone: whether ids continue, books cross or clocks agree is for its callers, whom
// [Frame.Key] tells the order of a stream's frames. It is pure. Start reading at [Frame],
// then [Decoder.Decode].
package frame
