// Package papi speaks to Binance Portfolio Margin: it is the only signer in the product,
// and it signs requests to papi and to the few reads of sapi that a Portfolio Margin
// account needs, and no others.
//
// It promises that a request outside the compiled table of endpoints cannot be built; that
// nothing which can change the account's risk is sent without a riskguard.Approved that is
// still valid when the bytes are written; that the outcome of every request is one of
// three, done, refused or unknown; and that an order is never sent twice.
//
// The walk of a request: a typed call (um.go, cm.go, margin.go, account.go) writes its
// parameters into a query, percent-encoded; Client.attempt (request.go) waits for its turn
// in the budget; a passage (passage.go) signs the very bytes that leave, asks the gate and
// judges what comes back (outcome.go); package wire carries the bytes; decode reads the answer
// leniently into a plain struct (package lenient). The walk of an order: Broker.Submit puts an
// approval into the exchange's words (errand.go, wording.go) and writes it, or leaves that to a
// worker (send.go); who hears the answer brings it to Run's goroutine (owner.go), which
// delivers what became of it as events; when nobody knows, it asks until somebody does
// (doubt.go, ask.go). The walk of an event:
// listen.go has the connection, events.go the structs, translate.go makes events of the
// vocabulary, each once; after every gap catchup.go tells what was missed.
//
// # What leaves
//
// Only endpoints of the table in api.go, at the three hosts in host.go or at loopback
// addresses in their place. The key is in a header of what needs it, and never goes to fapi,
// which is asked for the time. POST and PUT carry their parameters in the body, GET and
// DELETE in the query string. No redirect is followed, no proxy asked, nothing compressed.
//
// Everything waits for the budget (package budget): papi's 6000 of weight a minute for the
// address and 1200 orders a minute for the account, of which 80% are used; cancels and the
// listenKey come first, then reads of risk, orders that reduce, other orders, other reads. An
// amend counts as an order, because its page labels its weight so; so does a new UM algo
// order, of which the reference says nothing. What an endpoint is limited to beside, such as
// ten bnb-transfers in ten minutes, is refused here.
//
// A write needs an approval, which is asked before it waits and once more when its connection
// is there and nothing is written. A request about an order flies, that is, leaves on the
// goroutine of whoever submits it, when nothing stands in its way: the broker runs, no other
// request about the order is under way, the clock is known, the budget has room and a
// connection is open and free. Writing then takes what the system takes at once, and never
// waits. All others, and OCOs, go to workers, who wait for what is lacking; what becomes of a
// request and what is told of it do not depend on the way. A halt is drained when all
// that was approved before is answered or given up: an order on its way could arrive after
// the cancels. Reads are tried again after 200, 400 and 800 ms where that may help; nothing
// else ever is, neither here nor below.
//
// # What became of it
//
// Done is an answer of 2xx that is whole JSON without a code that refuses: codes below 0 and
// the 51xxx do, 200 does not, be it a number or a text. Refused is what the reference calls a
// definite failure: a code with 4xx, 401, 403, 404, 418, 429, and of 503 the texts "Service
// Unavailable." and "Internal error; ..." and code -1008; and what found no connection, no
// budget or no valid approval. All else is unknown: -1000, -1006, -1007, other 5xx, silence, a
// connection that broke, a body that is empty, cut off, too large or no JSON, a typed answer
// that lacks what was asked for.
//
// # What is read
//
// A body is one of four: nothing, an error object, an answer that lacks what was asked for,
// or an answer. Only the last is knowledge; the others are errors that name the field and
// what was found, and an empty list is an answer. A list with one bad element is refused
// whole. Numbers may be texts and texts numbers; "" and null are 0; one object is a list of
// one; fields and words that nobody knows are passed over or kept as text. What is no number
// where one must be, what does not fit its type, a name that comes twice, HTML, and more
// than 16 MiB are errors. Amounts are never rounded: prices and quantities of orders are
// [exchange.Fixed], everything that is a sum, an average or a ratio is a decimal. Times
// beyond the year 2262 become the last that can be held.
//
// The exchange may take another order than the one that was sent; see [EchoError]. Unknown
// parameters are not refused by it, so that a trigger under its former name makes an order
// that never triggers.
//
// # Orders
//
// Requests about one order leave in the order in which they came; others pass them. An answer
// to a request tells no fills: an order that has dealt is told to be working until its fills
// are told, so that its risk is never dropped before they count. Every definite refusal is
// told as one that may be wished again; -4116, a client id in use, is none, for we use each
// once. An order that came back otherwise than it was sent is cancelled at once, and told
// when that is certain.
//
// A request of unknown outcome is never sent again. Its order is told to be Unknown and
// asked for by client id every two seconds, after ten times every thirty, until the stream
// or an answer proves what became of it. A new one has NotArrived when recvWindow and five
// seconds have passed, the stream is live, three questions in a row have found nothing, and
// no fill of late belongs to an order with its id. A gap of the stream starts the counting
// anew: the catch-up closes it. A cancel or amendment that shows no effect by then was not
// carried out, which is told with the code -1; so are requests that this client did not send.
//
// Conditional orders name the order that they make by its number and not by its client id.
// They are told with their child when its own first news come, by its number or its strategy
// id; and told to be Finished behind the child's end, for its fills would be nobody's else.
//
// # The user stream
//
// One goroutine asks for the listenKey, extends it every 25 minutes and connects; nobody
// deletes it, for all processes of the account share it. When it expires, is gone or has
// become another, there is a new connection. After 23 hours a second one is read beside the
// first for ten seconds. Seven minutes without anything, pings included, are its loss. The
// waits between connections double up to 30 seconds, with jitter from the seed.
//
// State says how far what was delivered can be relied on. Gap: not at all. CatchingUp: there
// is a connection, and what was missed is read. Live: everything was told. Nobody may trade
// on another state; it is for the kernel to halt, the broker only tells. That the stream is
// ours and alive is proved at its start by the answers to its key, and by the first own
// order: one that the exchange has taken and the stream does not tell within ten seconds is
// an alarm, and so is a fill that an answer knows of and the stream has not told: the account
// is caught up with, and if the stream has told nothing by the next one either, it is replaced.
//
// A catch-up reads all lists of open orders, positions, balances and the account, asks singly
// for orders that were open and are on no list, and reads all fills since a quarter of an hour
// before the last event that came, or before Known.Heard at the start. Events that come
// meanwhile wait and are told behind it. Whatever is not the answer asked for is no knowledge: it is read again.
// The exchange tells amounts and no changes, so an entry of the ledger is the difference to
// what was known; where a futures wallet differs its ledger is read, and the newest entries that
// make the difference are told with their reasons, such as a funding, and else a transfer. News that are older by the exchange's time, or by the update id of the
// margin wallet, are passed over. Of positions only fills are told; [Broker.Truth] has what
// the exchange says of them. Their entry prices depend on the order of fills, which a fill
// found late does not keep: reconciliation compares.
// Behind all that it has brought, and before the events that have waited, the whole reading is
// told as one event, of KindTruth.
//
// # Restart
//
// A receiver that was rebuilt from a journal says in BrokerConfig.Known what it knows. Orders
// that were at the exchange for certain are caught up with as after any gap; those on their way
// when the last process ended are in doubt, with a window from the start of this one, since
// nobody knows when they left. Orders in doubt are asked for before fills are told, for the
// child of a conditional order names nobody. A receiver that knows nothing is told no fill from
// before its first positions were read. Balances are told as far as they differ from Known's.
//
// An order that was open, is on no list and is found by no question is told to be Unknown, once
// and with the proof that NotArrived needs; it is asked for slowly ever after. Fills of an order
// with one of BrokerConfig.Prefixes that a restarted receiver does not know, from before Heard,
// are not told: it was over, and forgotten.
//
// # Assumed
//
// The reference is silent in these places, and the worse reading was taken. An execution of
// type CALCULATED with a quantity and a trade id is a fill. The l of liabilityChange is all
// that is owed, and its p and i are of the change: more is a loan if borrowed and else
// interest, less pays the interest first, and the next catch-up puts the split right. A cancel
// of a UM algo order that is answered "complete" is believed when the stream or a question
// says so. An unknown account status is told as REDUCE_ONLY. An asset that GET balance does
// not list is not there. CONDITIONAL_ORDER_TRADE_UPDATE is of CM whatever its fs says. After a redirect,
// a 4xx without a code, a 2xx with a negative code outside the documented families, and 51999,
// whose message is that of -1000, the outcome is unknown. A ban or limit by one host does not
// hold for the others. The limit of one sapi endpoint is taken for all together. A month of a
// download's quota has 31 days. Ids page no
// further back than the default window, so histories are read by time alone, and either end
// of a list may be cut. Histories of margin orders and OCOs are asked for by the day, like
// margin fills. In hedge mode the exchange chooses reduceOnly. An OCO may have the number 0.
// The parameters of sapi's available-inventory and capital-flow, which the reference does
// not list, are type, and asset, type, fromId and limit.
//
// Start reading at client.go, then broker.go.
package papi
