// Package stream names Binance's public market streams: every one of UM, CM and spot as a
// value that can be compared, its name both ways, the route that delivers it, how often it
// comes, how long it may be silent, and the split of many of them into connections.
//
// It is a table because of three traps. Binance acknowledges a stream that does not exist,
// whose name has a capital, or that is asked for on the wrong route, and then sends nothing
// for ever. So a [Stream] that passes [Stream.Check] has a name that exists, and
// [Stream.Route] is where it delivers; what neither can know is whether the symbol is
// listed. The third is an acknowledged stream that dies: [Stream.Silence] says when that is
// certain enough to act.
//
// Since 2026-06-30 UM and CM are one universe. Streams of all symbols carry both on either
// host, told apart by the field "st", and mark prices, klines and continuous klines of
// either may be asked for on either host; all others only on their own.
//
// Assumed, where the reference is silent: spot has the names of its own documentation as of
// 2025 and no stream of all book tickers; depth@0ms exists for differences only; only a-z
// have a capital form in symbols, other alphabets stay as they are; !markPrice@arr and
// !assetIndex@arr are of fstream alone.
//
// The package is pure. Connections (exchange/market/socket), the feed, the recorder's
// configuration and tests call it. Start at [Stream], then the table in table.go.
package stream
