// Package exchange is the vocabulary of pmbot: what happens on Binance and what we
// wish from it, in the words of the trade and with exact numbers.
//
// Every other package points here and this one points nowhere: it imports the standard
// library and the decimal module, does no I/O, reads no clock and starts no goroutine.
// Start reading at [Event], the one type in which everything that happens travels
// through the system; then [Instrument], [OrderRequest] and [Order], [Fill] and
// [Account]. Numbers are [Fixed] for prices and single quantities, [Wide] for volumes,
// and decimal.Decimal for money, positions and ratios.
package exchange
