// Package audit looks for everything that can be wrong with recorded market data: in
// files, where it names file and line, and in tapes, where it names series and instant.
// The command "pmbot data verify" calls it.
//
// One engine does all of it. Rows of a series pass three stages: order, which parts what
// came twice or at the wrong place from what follows the row before; the checks of the
// kind, such as gaps in ids and prices that cannot be; and those between series, which
// compare the rebuilt book with bookTicker, bars with trades, and one source with another.
// Beside them the times of messages are judged series by series, and what is odd in one is
// held against the others of its file: several late messages are a stall and no finding.
//
// It promises that one defect gives one finding: a malformed line explains an id that is
// missing, a missing message explains a book that no longer fits. Defects are judged by
// what stands around them, before and after, so that the first wrong price or time does
// not condemn all that follow. Memory is bounded whatever the size of the data; what is
// kept for comparison is shared among the series. Nothing is changed.
//
// Start at [File] and [Tape], then order.go.
package audit
