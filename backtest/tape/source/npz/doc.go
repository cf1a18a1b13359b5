// Package npz reads and writes market data in the converted layout of hftbacktest: a numpy
// archive (.npz) whose array "data" has one record of 64 bytes for each event of a symbol.
//
// [Open] gives the rows of such a file in bounded memory, whatever its header promises;
// package tape calls it. [Writer] makes such a file from the rows of a tape; package export
// calls it with what [AppendPiece], [AppendTrade] and [AppendTicker] make. Start at [Event]
// for the layout.
//
// # Two clocks
//
// An event has two times: that of the exchange and that of its arrival. Where both orders
// agree the record is flagged for both clocks. Where they do not, hftbacktest's converter
// writes the record twice, whole each time: once flagged for the exchange's clock in its
// place among the exchange's times, once for the local clock in its place among the
// arrivals. Each copy has both times, so a reader takes the copies that are flagged for the
// exchange's clock, which come in its order, and passes over the others, after a look that
// each has a twin. Writer splits events by the same rule.
//
// # Rows
//
// Trades become rows of kind trades, changes and snapshots of the book rows of kind depth,
// and best bids and asks rows of kind bookTicker. The layout has no ids, so they are made of
// the times (row.MakeID), in the order of the file. The layout has one time of the exchange,
// usually that of the change, so a row's Event is 0.
//
// Depth events with the same two times are one piece. A clear begins a snapshot, as does the
// first row of a snapshot without one; the price up to which it clears is not kept, since a
// snapshot on the tape replaces the book. Pieces of changes hang together: each names the
// one before. A depth event that holds no row breaks the chain, so that a book rebuilt from
// the others does not pass for whole until the next snapshot.
//
// # Numbers
//
// Prices and quantities are float64 in the file and exact decimals here. A float is read as
// the shortest decimal that reads back as the same float. Files also hold what is left of a
// tick times a tick size, such as 24647.300000000003: a float with more than eight decimals
// is the number of eight decimals next to it if the two are within four parts in 2^52, and
// is refused otherwise. The notes of a reader count them.
package npz
