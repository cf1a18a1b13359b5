// Package loop is the shell around the kernel in a process that lives: one inbox, through
// which everything enters that happens, in one order; the journal, which has it before it
// takes effect; and what follows, sent to the exchange and shown to the strategies.
//
// It promises that one event at a time changes the state; that nothing leaves the process
// before its event and decision are in the journal; that whoever brings an event never
// waits; that a full inbox is answered as this page says; that a halt is acknowledged when
// nothing approved before it is on its way any more; and that a process which was killed goes
// on without having forgotten an order.
//
// Command pmbot makes one, for live, dry and shadow runs alike: they differ in broker, feed
// and clock. Start reading at Loop in loop.go, then run.go, then ports.go for what it needs of
// others.
//
// # The walk of an event
//
// The market feed calls Take on the goroutine that has read the message. If nobody runs the
// kernel at that moment, this goroutine does, at once and without allocating: between the
// message and the bytes of the order there is no other goroutine, for a wake-up costs more
// than all the rest. If somebody does, the event is put in the inbox, and whoever runs takes
// it on when his own is done. The broker, strategies in other processes and operators use Put,
// Wish, Do and Operate in the same way.
//
// A mutex guards the inbox and who runs; it is never held while anything happens. Whoever
// finds that nobody runs takes items out one at a time, and gives the kernel up only in the
// same hold of the mutex in which he has seen the inbox empty, so nothing is left behind. He
// carries 64 items at most, so that a feed goes back to its socket; the rest is for Run's
// goroutine. A broker that answers while it is called finds the kernel running: its answer is
// put in the inbox and is next when its turn comes.
//
// An event has the time of its entrance if it brings none or one that is yet to come, and
// time never goes back. Reordering is one thing only: what operators say passes everything
// that waits, in its own order.
//
// # A full inbox
//
// Of market data at most Config.MarketMax events wait; what comes then is passed over and
// counted, and new risk is refused (CauseShell, REDUCE_ONLY), before anything that waits
// happens. When the inbox is half empty a gap is told for each instrument and kind that was
// passed over, with its first and last time, and risk may be taken again; books are asked for
// anew by Config.Retell. Fundings, cadences and gaps are rare and told once, so they are never
// passed over. What tells of the account is not, either: when Config.AccountMax of it wait,
// the loop ends with [ErrOverrun], for a bot that does not keep up with its account must not
// trade. Somebody else's CauseShell, such as the halt of an orderly stop, is left alone.
//
// # Halts
//
// Operate returns when the event has happened and the broker has drained: the epoch is told
// to the broker before anything else happens, so that nothing approved before it leaves, and
// what has left is answered or given up. A halt that cannot be acknowledged in time holds all
// the same.
//
// # When the loop ends
//
// At the context's end [Loop.Err] is ErrStopped and Run returns nil once nobody runs the
// kernel and the journal is flushed. An error of the journal, of the strategies or an overrun
// ends the loop, and Run returns it. What comes then is dropped. [Loop.CancelAll] asks for the
// end of every order past the journal, forbids whatever was approved, and waits for the
// answers: the broker must still run.
//
// # Start and recovery
//
// They are one path. [Recover] reads the newest whole snapshot and applies what follows, with
// the decisions of then; the guard is never asked, so tighter limits forget no order. The
// table of instruments must begin with the journal's. [NewClock] continues behind the last
// event: a wall clock that is more than 10 s behind it is refused, a lesser distance is waited
// out by standing still. Later jumps of the wall clock are not followed.
//
// [Loop.Start] lets KindStart happen: pending orders are Unknown, the account is halted by
// CauseStart and CauseStream. The broker connects and catches up; [Loop.Stream] lifts
// CauseStream when it is live; the first reading of the account that leaves no CauseTruth
// lifts CauseStart, or, with Config.Manual, that and a person's resume, in either order. The
// account is read again after every gap, which is the broker's, and every
// Config.CatchUpEvery. A reading that the loop has asked for on a live stream halts nobody for
// 3 s; then what happens is held back for too long, and CauseStream halts.
//
// CauseShell of the process before is lifted at the start, for this one keeps up; CauseMarket
// is not: [Loop.Market] is told of each instrument anew.
//
// # Replay
//
// [Replay] decides again on every event that was decided, from the oldest segment that has
// its market data, and compares the bytes; it applies what was decided then, so that one
// difference makes no others. Each segment's snapshot is compared with the state. A new
// process in the journal has its own configuration, which the caller provides.
package loop
