// Package book keeps the order book of one instrument from a snapshot and the
// differences that follow it, and builds bars from trades. Feeds, the simulated venue and
// strategies use the same two types, so that a book or a bar means the same to all.
//
// It promises that a book is either in sync with the exchange by Binance's own rule or
// empty and asking for a snapshot, never something between; and that in steady state
// nothing is allocated. It is pure: pieces come in as values and the wish for a new
// snapshot goes out as one. Start reading at [Book.Apply], then [Bars.Add].
package book
