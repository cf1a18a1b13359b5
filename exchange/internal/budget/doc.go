// Package budget decides when a request may leave, so that the limits of the exchange are
// kept and what is urgent never waits behind what is not. It is called by the clients of
// the exchange.
//
// It promises that the weight and the orders of a UTC minute stay under the configured
// share of the limit; that cancels, and only they, go on to the limit itself; that reads of
// risk have a reserve that orders cannot use, and reducing orders one that others cannot
// use; that nothing is sent while the exchange has asked for silence; and that a request
// waits in a queue with an end, or is refused with the reason.
//
// The limits are the exchange's: so much weight a minute for an address, so many orders a
// minute for an account. Other processes draw on both, so the count is the larger of our
// own and of what the last answer said. A request counts in every minute in which it may
// have arrived: from the minute of its sending, less the error of the clock, to that of its
// answer, plus the error.
//
// One Scheduler guards one service of the exchange, which has limits and bans of its own.
// That a ban by one service does not hold for another is assumed: each says so itself, and
// an order must not wait for a ban of market data.
//
// Start reading at budget.go, the rules without a clock; pause.go has what answers ask for,
// and scheduler.go the waiting.
package budget
