//go:build !unix

package wire

import "net"

// system is not asked here: the reader alone sees that a connection has ended.
type system struct{}

func (*system) on(net.Conn) {}

func (*system) known() bool { return false }

func (*system) pending() bool { return false }

func (*system) write([]byte) (int, error) { return 0, errFull }
