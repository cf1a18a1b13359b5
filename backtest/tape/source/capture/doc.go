// Package capture reads recordings of Binance's websocket streams: text files in which a
// recorder has kept every message as it came, each on a line behind its own clock.
//
//	1790000000130000001 {"stream":"solusdt@bookTicker","data":{...}}    s, ms, µs or ns since 1970
//	1620000000.13: {"stream":"solusdt@bookTicker","data":{...}}         cryptofeed, 2021
//	2026-09-21T14:13:20.130001Z {"stream":"solusdt@trade","data":{...}} tardis, raw replay
//	https://fapi.binance.com/fapi/v1/depth?symbol=SOLUSDT -> 1620000000.28: {"lastUpdateId":...}
//
// Besides messages a line may be the URL of a connection or a recorder's configuration.
// Messages whose event begins with "pmbot." are notes of package record: they are counted
// by name, and those that tell of missing messages are [source.Gap].
//
// It promises that every line that is not blank is accounted for once: it gives rows,
// or it is a [source.Bad] with a reason, or [source.Notes] counts it as passed. A message
// is taken whole or not at all. Local times are read exactly, to the nanosecond. Memory
// does not grow with the file: rows of at most 4096 series wait, 262,144 in all, and a
// line has at most 4 MiB.
//
// Package tape opens recordings with it. Start at [Open], then (*reader).Next; messages
// become rows in rows.go.
package capture
