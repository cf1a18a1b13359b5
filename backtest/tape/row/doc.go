// Package row says what a tape holds: the kinds of data, the keys that name series, and
// the row of every schema.
//
// A row type is a struct whose tags are the columns of a Parquet file, and whose methods
// ([Row]) say what identifies it, when it happened and whether it can be true. All else
// follows from the struct: [Columns] lists its columns, by which files are written, read,
// hashed, exported and imported without code of their own for each kind.
//
// It does no I/O. Sources of data make rows, package tape keeps them, checks and exports read
// them. Start at [Row], then [Trade]; a new kind is a file like trade.go and a line in
// kind.go.
package row
