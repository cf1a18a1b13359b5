//go:build !unix

package wire

import "net"

// peek knows nothing here: the reader alone sees that a connection has ended.
type peek struct{}

func (*peek) on(net.Conn) {}

func (*peek) pending() bool { return false }
