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
// Start reading at client.go, then broker.go.
package papi
