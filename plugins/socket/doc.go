// Package socket is the fast way between pmbot and a strategy program, live and in lockstep: a
// Unix socket without the detours of gRPC and of Go's poller.
//
// Packages host ([Listen]) and sdk ([Dial]) use it. A reader sits in the kernel's read with
// a thread of its own and is woken by the write itself, which saves the hop from the poller
// to a goroutine; a writer never waits where it must not ([Conn.TryWrite]).
//
// Whoever connects is held against three things: the directory is open to our user alone,
// the peer's process and user are those of the program that was started, as the kernel
// tells them, and it knows a token that was sent over the encrypted channel. The package is
// for Linux, where the kernel tells all that; elsewhere [Listen] answers ErrUnsupported and
// plays go over gRPC.
package socket

import "errors"

// ErrUnsupported says that the system cannot prove who connects.
var ErrUnsupported = errors.New("socket: the system does not tell who connects")
