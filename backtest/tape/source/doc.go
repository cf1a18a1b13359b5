// Package source opens files of recorded market data and defines what their readers give:
// batches of rows with the lines that they came from.
//
// [Open] takes a plain, gzip, zstd or zip file, verifies its checksum and unpacks it in
// bounded memory. What the text means is the matter of the packages below: csv reads
// comma-separated layouts, capture reads recorded websocket messages, npz reads arrays.
// Package tape joins them and puts their rows where they belong; package audit looks for
// what is wrong with them. Start at [Reader].
package source
