// Package record keeps what the market says, raw, in files that survive a kill. FORMAT.md
// beside this file describes them; package tape imports them and "pmbot data verify" reads
// them as they are.
//
// A [Recorder] is given messages, REST answers, tables and notes and knows no network.
// Whoever gives them never waits: a line is copied into a buffer, which costs about 130 ns,
// and Run packs and writes it. What is recorded costs 0.8 µs of processor time and 37 bytes
// of disk a message in all, from 5,000 to 100,000 messages a second of a captured stream
// (BenchmarkRecorded, AMD EPYC); 1.3 µs and 46 bytes at 50 a second, for frames are small.
//
// It promises:
//
//   - A line is on the disk whole or not at all, and a frame of lines likewise: what a kill,
//     a full disk or a failing one leaves of a frame is cut off.
//   - A kill of the process loses at most what was given during the last Config.Flush, a loss
//     of power what was given during the last Config.SyncEvery, as long as the disk takes a
//     write within half of Flush. Stats.Behind and Stats.Unsynced say what would be lost now.
//   - What is missing is told: the next recorder notes the time that nobody recorded, as a
//     gap; what had no room is counted, and a note has the number; what a disk lost after
//     it had taken it is noted, too. The one exception is a recorder that is killed before
//     the first line ever.
//   - Memory is bounded by Config.BufferBytes and a few megabytes. Full means that the disk
//     has not taken for so long what was given: then what comes is dropped, and nobody waits.
//   - A disk without room (or with less than Config.FreeMin), a read-only one and one that
//     fails are asked again every second. Nothing is lost before the buffer is full.
//   - Closed segments never change. They have a checksum, and are removed only if
//     Config.KeepRaw says so, after a second import has found all their rows on the tape.
//   - One recorder writes to a directory. Others may read it at any time, the open segments
//     too, as far as their frames are whole: [Segments], [Lines].
//
// Times of lines never go back within a segment. Messages up to a second and answers and
// notes up to a minute older than the line before get its time; more than that means that
// the clock was set back, and a new segment begins. A clock that was set forward shows as
// later lines. A clock before 2001-09-09 counts as that day.
//
// If Config.Tape is given, Run converts each closed segment in the background, one after
// the other, by [tape.Import]; [Convert] does the same for a recorder that does not run. A
// conversion that fails is logged, counted and tried again after ten seconds, then twice as
// late each time, at most an hour later; the others go on. It may be stopped at any moment.
//
// Package cmd/pmbot calls it for "pmbot data record" and inside the bot. Start at [Open],
// then line.go, how lines are made, writer.go, how they get to the disk, and recover.go.
package record
