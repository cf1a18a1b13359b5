package wire

import (
	"errors"
	"net"
	"sync/atomic"
)

// counter is a connection that counts the bytes which the system has taken.
type counter struct {
	net.Conn
	taken atomic.Int64
	// system asks the system itself, of connections that have one.
	system system
	// atOnce has writes not wait, those that TLS makes on its own meanwhile, too.
	atOnce atomic.Bool
}

func newCounter(c net.Conn) *counter {
	n := &counter{Conn: c}
	n.system.on(c)
	return n
}

// errFull says that a system would have made a writer wait.
var errFull = errors.New("the connection takes no more")

// Write counts what the system takes.
func (c *counter) Write(b []byte) (n int, err error) {
	if c.atOnce.Load() {
		n, err = c.system.write(b)
	} else {
		n, err = c.Conn.Write(b)
	}
	c.taken.Add(int64(n))
	return n, err
}
