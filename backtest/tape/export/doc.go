// Package export writes series of a tape to files for other programs.
//
// [Series] is all of it. Three layouts are known:
//
//   - [CSV]: the tape's own columns as text, one file for one series. Times are RFC 3339 in
//     UTC, with six digits of a second and nine for local times, so that a column has one
//     form throughout; a time that is not known is empty. Decimals are exact. Importing the
//     file gives the same rows.
//   - [Archive]: the files that Binance publishes, a .zip with its .CHECKSUM for each day or
//     month, in the directories and with the columns of data.binance.vision.
//   - [HftBacktest]: the events of one symbol in the .npz layout of hftbacktest, merged by
//     the exchange's time.
//
// It promises that an export is complete or not there: files are written beside their
// targets, made durable, and renamed when all of them are. A layout that cannot hold a value
// refuses it and never rounds; columns that it has no place for are named in the [Report].
// The same rows give the same bytes. Memory depends on the number of series only.
//
// The command "pmbot data export" calls it. Start at [Spec].
package export
