// Package csv reads market data in comma-separated text: Binance's archives, files of
// anybody with a map of their columns, our own exports, the datasets of tardis.dev and
// the recordings of Binance Data Processor.
//
// [Open] looks at the first line and chooses the layout. A layout is little more than a
// table: which column of the file fills which column of a row. [decode] reads the fields by
// the types of the row's columns, so a new kind of data is a table in kinds.go. What a
// layout knows beyond its table stands beside it: plain.go, tardis.go, processor.go.
//
// It promises exact numbers: a price or quantity with more digits than a tape holds makes
// a bad line and is never rounded. The open interest and ratios of metrics are the one
// exception, see [rounded]. A bad line is reported with its number and left out; the lines
// around it count. Memory is bounded whatever the file holds. Package tape calls it.
package csv
