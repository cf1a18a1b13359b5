//go:build unix

package wire

import (
	"net"
	"syscall"
)

// peek asks the system whether bytes, or the end, have come on a connection. It belongs to
// who has reserved that.
type peek struct {
	raw syscall.RawConn
	ask func(uintptr) // made once, for making it anew would allocate
	any bool
	one [1]byte
}

// on prepares for a connection. Of one without a descriptor nothing is ever pending.
func (p *peek) on(c net.Conn) {
	s, ok := c.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return
	}
	p.raw = raw
	p.ask = func(fd uintptr) {
		_, _, err := syscall.Recvfrom(int(fd), p.one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		p.any = err != syscall.EAGAIN && err != syscall.EINTR
	}
}

// pending says whether something has come that is not read. It goes by Control, for Read
// would wait for the reader.
func (p *peek) pending() bool {
	if p.raw == nil {
		return false
	}
	p.any = true // of a closed connection ask is not called
	_ = p.raw.Control(p.ask)
	return p.any
}
