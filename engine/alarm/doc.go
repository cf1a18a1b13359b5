// Package alarm brings what a person should know of a running bot to that person: alerts of the
// guard's watch, changes of trading states, and how the process ends. Each goes to the log, and
// from a severity on to one webhook as JSON; see [Message].
//
// [Post] is an observer of the loop. It copies what matters into a bounded queue and never
// blocks; its own goroutine, [Post.Run], logs and sends. What cannot be delivered is tried again
// with growing pauses, and that nobody hears is logged as an error. A CRITICAL alert is told again
// as long as it stands. Heartbeats, if they are wanted, let whoever listens notice that
// nothing comes any more.
//
// An address or a token may be a secret: neither is ever logged.
package alarm
