// Package strategytest tests strategies without a process and without market data.
//
// [Run] plays golden scripts: a line for each thing that happens, and indented below it
// what the strategy asked for, written by "go test -rewrite" and then read by a person.
//
//	start fast=2 slow=3 qty=0.01
//	  watch bars of UM:BTCUSDT every 1m
//	bar UM:BTCUSDT 60000
//	bar UM:BTCUSDT 60100
//	bar UM:BTCUSDT 60300
//	  #1 buy 0.01 UM:BTCUSDT market "enter"
//	fill 1
//	restart
//
// [Verbs] lists what can happen. [Conform] plays random markets with an exchange that
// fills in parts, rejects, cancels and halts, and holds the strategy to what every
// strategy must keep: the same events give the same wishes, before and after a restart;
// orders lie on the exchange's grids; nothing is sent while it would be refused anyway;
// no answer starts a flood.
//
//	func TestScripts(t *testing.T) { strategytest.Run(t, New, "testdata/*.txt") }
//	func TestConform(t *testing.T) { strategytest.Conform(t, New) }
//
// The exchange of both is a simple one, made to be easy to foresee: it matches nothing by
// itself in a script, knows no fees, margin or latency, and its filters are those that pmbot
// ships with. Results are the business of backtests. Start reading at [Run].
package strategytest
