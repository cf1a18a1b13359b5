// Package backtest runs strategies in virtual time: the driver and kernel that will trade
// live, a simulated exchange as the broker, and a tape or the generator as the feed.
//
// [Run] is the entry: it takes a [Config], the strategies' [Program]s, and gives a
// [Result], whose hash is the same for the same inputs on every machine and in every
// mode. The command line calls it, and so does the plugin SDK, for a run inside a plugin
// process.
//
// Inside, a feed (feed.go) turns a [Source] into whole instants and adds what the data
// lacks (derive.go, build.go); the loop (loop.go) lets each instant happen in the order
// that makes a backtest honest; the recorder (record.go, attribute.go) writes down what
// the report needs: result.go has what a run is, summary.go what it came to and history.go
// what happened, whose longest lists are [Rows]. FORMAT.md describes what a run leaves behind. Start reading at
// loop.instant.
package backtest
