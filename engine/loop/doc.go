// Package loop is the shell around the kernel in a process that lives: one inbox, through
// which everything enters that happens, in one order; the journal, which has it before it
// takes effect; and what follows, sent to the exchange and shown to the strategies.
//
// It promises that one event at a time changes the state; that nothing leaves the process
// before its event and decision are in the journal; that whoever brings an event never
// waits; that a full inbox is answered as this page says; and that a halt is acknowledged
// when nothing approved before it is on its way any more.
//
// Command pmbot makes one, for live, dry and shadow runs alike: they differ in broker, feed
// and clock. Start reading at Loop in loop.go, then ports.go for what it needs of others.
//
// # The walk of an event
//
// The market feed calls Take on the goroutine that has read the message. If nobody runs the
// kernel at that moment, this goroutine does, at once: between the message and the bytes of
// the order there is no other goroutine, for a wake-up costs more than all the rest. If
// somebody does, the event is put in the inbox, and whoever runs takes it on when his own
// is done. The broker, strategies in other processes and operators use Put, Wish, Do and
// Operate in the same way.
//
// # A full inbox
//
// Of market data at most Config.MarketMax events wait; what comes then is passed over and
// counted, and new risk is refused (CauseShell) until the inbox is half empty and a gap has
// been told. What tells of the account is never passed over: when Config.AccountMax of it
// wait, the loop ends, for a bot that does not keep up with its account must not trade.
package loop
