//go:build unix

package wire

import (
	"net"
	"syscall"
)

// system asks the system about a connection, and writes on it without waiting. A deadline
// would do so, too, but setting one that is near wakes a thread to look at the clock, and
// another time when it has passed, which costs more than the request. It is for one goroutine
// at a time.
type system struct {
	raw syscall.RawConn
	// ask and put are made once, for making them anew would allocate.
	ask, put func(uintptr)
	any      bool
	one      [1]byte
	bytes    []byte
	n        int
	err      error
}

// on prepares for a connection. One without a descriptor is not known.
func (s *system) on(c net.Conn) {
	with, ok := c.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := with.SyscallConn()
	if err != nil {
		return
	}
	s.raw = raw
	s.ask = func(fd uintptr) {
		_, _, err := syscall.Recvfrom(int(fd), s.one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		s.any = err != syscall.EAGAIN && err != syscall.EINTR
	}
	s.put = func(fd uintptr) {
		for {
			if s.n, s.err = syscall.Write(int(fd), s.bytes); s.err != syscall.EINTR {
				return
			}
		}
	}
}

// known says that there is a descriptor.
func (s *system) known() bool { return s.raw != nil }

// pending says whether bytes or the end have come that nobody has read. It goes by Control, for
// Read would wait for the reader.
func (s *system) pending() bool {
	if s.raw == nil {
		return false
	}
	s.any = true // of a closed connection ask is not called
	_ = s.raw.Control(s.ask)
	return s.any
}

// write writes what the system takes at once, and says how much that was.
func (s *system) write(b []byte) (int, error) {
	s.bytes, s.n = b, 0
	err := s.raw.Control(s.put)
	s.bytes = nil
	switch {
	case err != nil:
		return 0, err
	case s.err == syscall.EAGAIN:
		return 0, errFull
	case s.err != nil:
		return max(s.n, 0), s.err
	case s.n < len(b):
		return s.n, errFull
	}
	return s.n, nil
}
