// Package host runs strategy programs in processes of their own and speaks the plugin
// protocol with them.
//
// [Open] starts a program and shakes hands; [Plugin.Describe] asks what a strategy is,
// [Plugin.Start] plays one in lockstep as a [Session], [Plugin.Live] plays one in a running
// bot, and [Plugin.Backtest] has the program run a whole backtest inside itself. Command
// pmbot calls it; *Session has the method set of backtest.Player.
//
// The package trusts no program. Whatever one does, crash, hang, flood or lie, becomes
// an [Error] that says what happened and what to do, in bounded time and memory; nothing
// a program sends can panic the host. A program sees no environment of the host's but
// PATH, the directory for temporary files and a few like it, so that no key reaches it;
// its connection is encrypted with certificates made for that one process. Start reading
// at [Open].
//
// # Live
//
// [Live.Deliver] writes an event to the program on the caller's goroutine and returns; what
// the strategy asks for comes back later, by LiveConfig.Wish, on the goroutine that has read
// it. An answer is matched to its event by its place in the order of answers, so no program
// can say that it answers another.
//
// At most 64 requests are sent ahead of answers. What comes then waits, in order, and
//
//   - of quotes and marks the latest of each instrument replaces the one that waits,
//   - of trades and liquidations the oldest are dropped beyond LiveConfig.TradesMax; the log
//     says how many, and [Live.Stats] counts them,
//   - bars, fundings and all that concerns account, orders and strategy is kept.
//
// The session, and nothing else, ends with one [Error] when more than LiveConfig.WaitingMax
// events wait, when nothing is handled for LiveConfig.Timeout, when the strategy asks for
// more than LiveConfig.IntentsMax things within a second, three times that within a minute, or has more than TimersMax timers
// pending, when the program breaks the protocol, and when it dies. The process lives until
// [Plugin.Close]. When to start another one is the caller's, by [Restart].
//
// Orders that a strategy sends in Start or in answer to history are refused here: after a
// restart in a bot that trades, the guard would have no reason to.
//
// Events travel over a Unix socket (package socket) to programs that take it, live and in
// lockstep, which those of package sdk and in Python do on Linux, and over the gRPC stream to all
// others. Both carry the same messages. A hop there and back costs less than a bare gRPC ping-pong (BenchmarkHop). A
// program that knows nothing of live plays, older or in another language, answers each
// request by itself, as in lockstep, and is served so; but where a strategy has refs,
// positions, orders or memory to go on from it is not started.
//
// A strategy that is started in a running bot goes on from a strategy.Resume. Make a [Gate]
// at the moment when that is read, give events to the gate, start the session, show it
// history with [Live.Warm], and open the gate: the strategy misses nothing of its own.
package host
