// Package sdk makes a program of a strategy. An author's whole main function is
//
//	func main() { sdk.Serve(New) }
//
// where New returns a fresh strategy.Strategy; "go build" gives a program that the
// configuration of a run names as plugin. Nothing else of this package is needed to
// write a strategy: see package strategy for that.
//
// What an author should know. pmbot starts the program, tells it what happens, and ends
// it; the program ends by itself when pmbot is gone, so nothing is left behind. A panic
// in a callback is reported to pmbot with the callback's name and the line, and ends the
// program. What the program prints is shown in pmbot's log; but nothing may be printed
// to standard output before Serve, for the first line there is the handshake. The
// environment holds PATH and little else: pass what a strategy needs as parameters.
// Several instances of a strategy may run in one program, each from its own call of New,
// so package variables would be shared between them.
//
// The package promises the host that it answers by the protocol of plugins/proto, and
// that a backtest inside the program is the same computation as the host's own if
// [CoreHash] is the same. Start reading at [ServeAll].
package sdk
