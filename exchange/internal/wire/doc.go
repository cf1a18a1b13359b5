// Package wire carries requests of HTTP/1.1 to one server over connections that are open
// before they are needed. exchange/papi is its only caller.
//
// It promises that a request is given to one connection and is written at most once; that
// an error which is [ErrNotSent] means that not a byte of the request was given to the
// system, and every other error that some may have been; that Leave is asked when a
// connection is there and nothing is written, and that what it refuses stays here; and that
// an answer belongs to the request behind which it came.
//
// # Sending
//
// Whoever sends writes on his own goroutine: there is no other one between an order and its
// bytes, for a wake-up costs more than all of this package. A connection carries one request
// at a time. A goroutine of its own reads it, from its opening to its end: it brings the
// answer, and it sees when the server closes a connection that idles. Before a kept
// connection is written on, the system is asked, too, whether anything has come on it that
// the reader has not seen yet; one that has anything to say is not used. What is left is the
// moment in which the server's end is on its way: then bytes may have left, and the outcome is
// unknown.
//
// A request that must not wait (Request.AtOnce) is given to the system in one call that takes
// what there is room for. Less than all of it breaks the connection: then a part has left, and
// the outcome is unknown. A deadline of some milliseconds would promise the same, but a near
// timer wakes a thread twice. Where the system cannot be asked there is one all the same.
//
// [Pool.Idle] reserves a connection that is open and free, or none; [Pool.Do] waits, and
// connects if it must. [Pool.Keep] has some connections open always, makes them anew before
// they get old, and closes what idles when it ends.
//
// # Reading
//
// Answers are parsed by net/http, for reading is behind the bytes and parsers of HTTP are easy
// to get wrong; the limits are those of this package: 64 KiB of headers, interim answers
// included, and [BodyMax]. No redirect is followed, no proxy asked, nothing compressed or
// sent again. A connection is kept when its answer ended where it said, the server did not ask
// for its end, and nothing came behind; an answer that comes before the request is written
// stands, and ends the connection.
//
// # Why not net/http, and why not a library
//
// net/http hands a request to a goroutine that writes and one that reads; BenchmarkTransport
// and BenchmarkLive of exchange/papi tell what that costs. Its httptrace tells when there is a
// connection, but a request can then be stopped by breaking the connection only. fasthttp was
// measured to be no faster than a client written by hand; it may send a request again by its
// own rules, and calls nobody between connection and bytes. Neither tells how many bytes the
// system took.
//
// # Assumed
//
// Binance does not publish how long it keeps a connection that idles. Most balancers end it
// after 60 s: 55 s are used, and kept connections are replaced after 45 s.
//
// Start reading at Pool in pool.go, then conn.go.
package wire
