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
// parameters into a query, percent-encoded; Client.do waits for its turn in the budget,
// signs the very bytes it sends and classifies what comes back (outcome.go); decode reads
// the answer leniently into a plain struct (lenient.go). The walk of an order: Broker takes
// an approval, calls, and tells what became of it as events; when nobody knows it asks on
// every list until somebody does. The user stream tells the rest (stream.go, events.go,
// catchup.go).
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
// # Assumed
//
// The reference is silent in these places, and the worse reading was taken. Ids page no
// further back than the default window, so histories are read by time alone, and either end
// of a list may be cut. Histories of margin orders and OCOs are asked for by the day, like
// margin fills. In hedge mode the exchange chooses reduceOnly. An OCO may have the number 0.
// The parameters of sapi's available-inventory and capital-flow, which the reference does
// not list, are type, and asset, type, fromId and limit.
//
// Start reading at client.go, then broker.go.
package papi
