// Package link is the way between us and the simulated exchange: what takes time on it and
// what goes wrong on it. A [Link] stands before a venue.Venue and is used like one; without
// delays and faults it changes nothing, so a backtest then leaves it out.
//
// It promises to be a function of its configuration, one seed and the calls made, and that
// nobody is told anything before it has happened. Start reading at link.go; a request goes
// through request.go and comes back through answer.go, market data through market.go.
//
// # Ways
//
// Market data takes the feed's delay. Each product has a connection of its own, on which no
// message overtakes another: one that would arrive before the one sent before it arrives
// with it. The loop asks for it with [Link.Send], [Link.Arrival] and [Link.Receive].
//
// Requests (new orders, amends, cancels) take the entry delay, on one connection in the
// order in which they were sent. They meet the exchange as it is when they arrive: an order
// on its way cannot fill, and a cancel on its way does not keep its order from filling. Of
// things that happen at one instant at the exchange its own chores come first, then market
// data, then requests, for an order matches only what is later than itself; but a request
// that arrives at the instant at which a bar opens meets the opening. On bars a delay
// therefore costs a market order, sent at a close, a whole bar.
//
// What the exchange tells of the account takes the answer delay. Order updates, fills,
// bookings and valuations come by the user stream: one connection, in order; what one cause
// brings about travels together. Refusals of requests, and answers to our queries, come as
// answers to the request and keep no order with the stream. A request that is older than
// 5 s when it arrives (Binance's default recvWindow) is refused with -1021.
//
// The account's opening balances are known at once. What is on its way when the run ends is
// told then, so that the books of both sides agree, and requests on their way are lost.
//
// # Delays
//
// A delay is constant ("20ms"), even between two bounds in nanoseconds ("10ms..40ms"), or a
// base with a heavy tail ("20ms tail 5ms"). The tail exceeds 5 ms x (2^n - 1) with a chance
// of 4^-n, evenly between these steps: half of all messages take less than two thirds of
// the tail's length above the base, the mean is 5/4 of it, one in 4,096 takes more than 63
// lengths. It is drawn in integers and ends at 2047 lengths or at one minute. "recorded"
// takes what the two clocks of a recording say of each market message, and for requests and
// answers what the newest market message took. Feed, entry and answer draw from streams of
// their own, so that changing one leaves the others as they were.
//
// # Unknown outcomes
//
// A request without an answer within 1 s, lost or late, has an unknown outcome: its order
// is told to be Unknown, as a live broker would conclude (1 s is the request timeout of
// Binance's own client library). From then on the exchange is asked every 2 s where the
// order stands; queries take the ways of requests and answers. The doubt ends with whatever
// comes first: the late answer, an update or fill that proves what happened, or the truth
// in answer to a query. "Does not exist" is believed only after three queries in a row and
// more than 6 s after the request was sent, when nobody can accept it any more; then the
// order is told to be NotArrived. Queries into an outage count for nothing.
//
// # Faults
//
// A fault is a line of words. It begins with a time, counted from the start of the run
// proper or absolute, or for faults of messages with the share of those that it hits:
//
//	at 2h30m ...   at 2025-10-10T21:15:00Z ...   chance 0.5% ...
//
// Faults of messages. With a time, they hit the first message from then on.
//
//	lose-request      a request never arrives.
//	lose-ack          the answer to a request is never told, neither as an answer nor by the
//	                  user stream; what happens later to the order is.
//	delay 500ms       a request or a message to us takes so much longer, and those behind it
//	                  wait for it.
//	reorder [100ms]   an order update or fill is told so much later; others overtake it.
//	duplicate         an order update or fill is told again, an answer delay later. Bookings
//	                  are never told twice: Binance tells balances, not changes.
//	reject -1008      a request is refused with the code before the exchange looks at it.
//	                  Cancels and orders that reduce are exempt from -1008. Codes that leave
//	                  the outcome open (-1000, -1006, -1007) are lose-request or lose-ack.
//
// Faults at a time.
//
//	outage 90s [market]                 requests that arrive meanwhile, and answers to them,
//	                                    are lost, as by 503 "Unknown error", the worst case:
//	                                    each is in doubt. The user stream is told when it is
//	                                    over, and with the word market so is market data,
//	                                    which piles up until then: at most 10m. Trading goes
//	                                    on. Chosen over -1008, which reject gives.
//	adl UM BTCUSDT short 50%            part of a position is deleveraged (venue.ADL).
//	collateral BTC 0.70                 the collateral rate becomes 0.70 for any amount.
//	brackets UM BTCUSDT x0.5            the maintenance brackets' edges are scaled.
//	status UM BTCUSDT SETTLING          the symbol gets a status; see venue.SetStatus.
//	filter UM BTCUSDT tick 1            a rule changes: tick, step, min-qty, max-qty or
//	                                    min-notional. Our own guard keeps the old one.
//	leverage UM BTCUSDT 5               the leverage is changed.
//	fees UM -0.00005/0.0003             the maker's and the taker's fee of a product change.
//	interest USDT 0.0001                the hourly interest of an asset changes.
//	borrowable BTC 0                    what is left to borrow of an asset.
//
// Each line draws from a stream of its own, which depends on the seed and the words: a line
// more or less leaves the others as they were. A fault of the exchange that cannot happen
// when its time comes is listed in [Link.Missed], as is one with a time that had no occasion:
// the run was over, or no message came.
//
// # Memory
//
// What is under way is held: market events of at most one delay (a minute, or the longest
// lag of a recording) or one outage, some 150 bytes each, and the requests and messages of
// our own account. In its stride market data costs no allocation.
package link
