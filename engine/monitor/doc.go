// Package monitor lets people look at a running bot and tell it what to do: a control API
// over a local socket, as JSON over HTTP, and its client.
//
// It promises that whoever looks changes nothing: answers are made between two events from
// one state of the kernel, or from what [Recent] has noted on the way. Whoever acts does so by
// events, with his name and his reason, which the journal keeps; there is no second door.
// Only the user who runs the bot can reach the socket, which lies in a directory of his own
// with mode 0700 and has mode 0600.
//
// Command pmbot serves it in "pmbot run" and calls it in status, orders, fills, positions,
// margin, funding, limits, logs, cancel, halt, reduce, drain, resume, flatten, reload, loans,
// borrow and repay. Start reading at Server in server.go; the answers are plain structs in
// answers.go, read.go fills them in, and act.go and kill.go have what changes something.
package monitor
