// Package engine is the pure core that trades: the same code in a backtest, a dry run, a
// live run and a replay.
//
// [Kernel.Step] takes one event and returns the commands that follow from it. It knows
// no clock, no network and no goroutine; everything it decides is a function of the
// events before. [Driver] numbers the events, fires timers, shows events to the
// strategies and brings their wishes back as events. What differs between a backtest and
// a live run is who feeds the driver and what its [Broker] does.
//
// The walk of one event: Driver.Deliver gives it a number; Kernel.Step folds it into
// orders, positions and the guard's state; the strategies see it and wish; each wish is
// an event of its own, for which the kernel asks the guard and answers with an approval,
// sent to the broker, or a refusal, told to the strategy.
//
// # The exchange's account
//
// A reading of it is an event on which the kernel decides (truthcompare.go, truthpolicy.go): each
// difference has a remedy, which the journal keeps, so that a replay needs no policy. At the very
// first reading positions and balances are adopted, and are the house's. Later a position, a
// balance and an order may have moved while they were read: what counts is what two readings in
// a row show without a fill in between, or three at all; until then the account only reduces
// risk (CauseTruth), and another reading is asked for. Positions that differ halt, balances are
// adopted with an entry in the ledger, unknown orders with our prefix are cancelled, others'
// orders are reported and not touched; [Reconcile] says otherwise. An order of another process
// with our prefix, younger than this one, halts: a second pmbot trades the account. What halts
// stays halted until a person resumes, and is adopted only if he says so (StateChange.Accept).
// Entry prices are the exchange's wherever quantities agree.
//
// Start reading at Kernel.Step in kernel.go; the life of an order is in order.go, how the
// exchange's account is held against ours in truth.go.
//
// # Trading states and their causes
//
// The account, each instrument and each strategy have a trading state. Several causes may
// hold one at the same time, each by a StateChange of its own ([exchange.Cause]): the
// stream has a gap, truth differs, a control failed, a person said so. The strictest of all
// holds, and whoever lifts his cause leaves the others. A change tells the strategies what
// holds then (Effective) and begins a new halt epoch, so that nothing leaves that was
// approved before it. The account begins Halted by CauseStart.
//
// A person's word on a scope, OPERATOR with ACTIVE, lifts what is for a person to look at:
// OPERATOR, RISK, TRUTH, and what the guard's watch holds. [Kernel.States] lists who holds what,
// why and since when.
//
// # The watch
//
// After each event that matters the driver has the guard look around ([Kernel.Watch]). What it
// finds, states of MARGIN, LOSS, PACE and WATCH and alerts for people (KindAlert), happens as events
// of their own, before what strategies wish in answer to that event. A replay looks again and
// finds the same.
//
// # Services
//
// What is done for the account by itself ([Services], serve.go) is wished by the same way: with the
// first event of a minute the kernel looks, wishes one thing at most, and the wish is an event that
// the guard decides. Nothing is wished while trading is halted, and without a configuration nothing
// at all.
//
// # A process begins
//
// KindStart is the first event of a process that goes on from a journal, or begins one. Nobody
// waits any more for answers to what was sent before, so every pending order is Unknown until
// exchange truth ends the doubt; its risk stays held. The account is Halted by START and
// STREAM. What the process before held because of itself has ended with it: SHELL of the
// account, MARKET of instruments, STRATEGY of strategies. All else stays. New
// client ids have the new prefix; the number in them goes on, so that no id is used twice even
// if the prefix were. The limits are those of the configuration again, whatever a reload has
// set before. Strategies are not told: they start behind it.
//
// KindReload replaces the limits from then on. Whoever makes the event checks them first, by
// [riskguard.ParseLimits]; limits that make no sense all the same halt the account by RISK, and
// so does a prefix that is none.
//
// # Recovery
//
// [Kernel.Decide] asks the guard and changes nothing; [Kernel.Apply] changes the state by an
// event and the decision on it, and asks nobody. So events and decisions bring a state back
// whatever the limits and margin tables are now: a binary with tighter limits forgets no order.
//
// [Kernel.Snapshot] writes the whole state as JSON, and [Restore] makes a kernel of it that
// decides, commands and writes, byte for byte, what the first one would have. It is everything
// that a later decision or event depends on: orders with their trades and links, fills and
// orders of others, holdings, ids, readings of the exchange's account, and the guard with its
// margin model. Not in it are
//
//   - instruments, which the journal's header has: a snapshot names them, and is refused by
//     a table that does not begin with the same ones,
//   - limits, margin tables, shocks and remedies of the configuration; limits of a reload are,
//   - the driver's timers: they belong to strategies, which start anew and set them again,
//   - approvals on their way: their orders are pending, and Unknown when a process begins,
//   - the notes of [Kernel.Uses], which decide nothing, and begin anew.
//
// Every key that is added to the format makes it another version, which no other program reads:
// a key that is not understood could hide an order.
package engine
