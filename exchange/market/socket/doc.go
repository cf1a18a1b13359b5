// Package socket keeps connections to Binance's public market streams: a [Set] has any
// number of streams and delivers the messages of each, once and in order, for as long as it
// runs. Package market makes books and events of them, and recorders keep them as they came.
//
// It promises, of every stream, that between two messages that it delivers none is missing,
// doubled or out of order because of what happened to a connection, unless a [Gap] was told
// between the two; that a stream which is silent for longer than it declares is told of
// within half a second; that all messages and notices come one at a time with instants that
// never decrease; and that it asks less of the exchange than that allows: five commands and
// four pongs a second on a connection, two hundred new connections in five minutes. What the
// exchange itself leaves out or repeats on a connection that lives it passes on: only who
// knows the ids can tell.
//
// Everything is decided by two state machines without clock, network or goroutine: lanes
// and lane. Set is their shell: one goroutine a connection reads, decodes, and under one lock
// goes through its lane into Deliver, so that a message changes no goroutine and costs no
// memory. Start reading at [Set], then lane.go, seam.go, watch.go.
//
// # Lanes
//
// Streams are put into lanes by route, each of which one connection carries, 1,024 at most.
// All are subscribed by commands of 200 names, none in the address, so that there is one way
// to ask, and an answer to it. An answer proves nothing but when it came; without a good one
// a command is sent again after 10 s, and the connection given up after three. One that is
// answered by an error is sent again by halves, until the name is found for which it was
// refused; that stream is asked for again every 5 minutes. Error 4, Too
// many subscriptions, loses a connection, whose streams then go on two.
//
// A lost connection is made again after half a second, and twice as long each time up to 30
// s, until one has lasted for a minute. After 403, 418 or 429 nothing is tried for as long as
// the exchange says, and at least two minutes.
//
// # Handing over
//
// A connection of 23 hours gets a successor, one lane at a time. The old one stays the owner
// of every stream; what the new one brings is held back until one of its messages is known
// to be delivered, or to be the next: then the two overlap, and the new one owns the stream.
// Messages are known by their place, frame.Frame.Key; by their bytes where several have the
// same instant, and in lists and streams of many symbols, which have no order.
//
// What cannot be proved is decided after a while: a stream of which nothing came on either
// connection goes over after a minute; one whose owner does not come to what the successor
// has goes over after 5 s, and one that the successor does not bring, though asked thrice
// more, too, both with a Gap. If the old connection is lost meanwhile, the new one has all
// streams at once, and those not proved get a Gap; if the new one is lost, the old one has
// them back, and those that had gone over get one.
//
// # Watching
//
// A stream that is silent for longer than Silence of package stream is told as Silent. That
// is for the dullest of a kind; after a span of that length a stream that is busier is missed
// after eight times its longest silence of late, but a minute. When it was told, after
// as long again, but 5 to 30 s, it is unsubscribed and subscribed, and after as long again a
// successor is made for its lane, at most every 10 minutes, from which the other streams
// notice nothing. If that does not help, the ladder begins anew after 30 s, and twice as long
// each time up to an hour. A stream that comes back on its own has no Gap: nothing says that
// something is missing. One that had to be asked for again has.
//
// Assumed: a SUBSCRIBE is in effect when its answer is sent; a connection delivers what was
// sent on it in order, so that all that was sent before the last message it brought came;
// UNSUBSCRIBE and SUBSCRIBE take effect in the order of sending; over two connections a
// message of the same stream has the same key, and the same bytes where that is not enough;
// keys do not fall back while a stream is handed over; a message travels for less than 5 s.
package socket
