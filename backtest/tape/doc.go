// Package tape keeps recorded market data as Parquet files and plays it back in order.
//
// A tape is a directory, one file for each series and day, month or year:
//
//	<tape>/<market>/<symbol>/<kind>/<date>.parquet    tape/um/BTCUSDT/klines-1m/2025-05.parquet
//
// FORMAT.md beside this file describes the columns and the metadata; DuckDB, pandas and
// polars read the files as they are.
//
// [Import] brings Binance's archives and plain CSV files in. It promises that a tape
// holds what its sources held and nothing else: rows are sorted and unique, prices and
// quantities are exact, and what was wrong with a source (gaps, duplicates, rows set
// aside) stands in the [Report], in the file and in [Series]. An import that fails leaves
// the tape as it was.
//
// [Tape.Reader] merges any number of series by the exchange's clock or the recorder's, in
// memory that depends on their number only and not on their length, and decodes ahead of
// who reads. It is one of the two sources of a backtest.
//
// The commands call Import, Series and Verify; package backtest calls Open, Hash and
// Reader. Start reading at [Open], then formatOf in format.go, which knows every kind, and
// play.go, where rows become events; a new kind is a type in package row, a line in
// formatOf and, if it plays, a maker of events.
package tape
