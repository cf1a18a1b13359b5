// Package journal keeps what happens to a bot, before it takes effect: every event, and the
// kernel's decision on it, in files that survive a kill, a full disk and a loss of power.
//
// A journal is a directory of segments. Each begins with a header, which says all that is
// needed to read it years later, and a snapshot of the kernel; records follow. The newest
// segment brings the state back: its snapshot, and what came behind it. FORMAT.md has every
// byte.
//
// [Writer] is used by whoever runs the kernel, one call at a time; [Writer.Run] beside it
// forces to the disk what a policy lets wait, and makes old segments small. [Newest] and
// [Read] are for readers, also while a writer is at work.
//
// # What a crash leaves
//
// A frame that was not written whole is the end of the newest segment: readers stop before
// it and say how many bytes they passed over, and the next writer keeps these bytes aside in
// a file that ends in ".torn". A frame that is not whole anywhere else is damage: an error
// that names file and offset, and never passed over.
//
// # What is on the disk when
//
// Append never writes. Commit writes what has come of anything but the market, and
// everything if a request is about to leave; market data alone waits for company or for
// Flush. A process that is killed thus loses nothing that another has been told of. What a
// loss of power may take is the policy's, see [Sync].
package journal
