package socket

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// Listener waits for one program to connect.
type Listener struct {
	dir      string
	listener *net.UnixListener
}

// handshakeTimeout is how long one that has connected may take to prove who it is.
const handshakeTimeout = 2 * time.Second

// Listen waits in a new directory that only our user may enter.
func Listen() (*Listener, error) {
	dir, err := os.MkdirTemp("", "pmbot-plugin") // 0700
	if err != nil {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "play"), Net: "unix"})
	if err != nil {
		_ = os.Remove(dir)
		return nil, err
	}
	return &Listener{dir: dir, listener: l}, nil
}

// Path is where to connect.
func (l *Listener) Path() string { return l.listener.Addr().String() }

// Accept waits for the process of that number, of our own user, with the token. Others are
// turned away. It ends with an error when the listener is closed.
func (l *Listener) Accept(pid int, token []byte) (*Conn, error) {
	for {
		conn, err := l.listener.AcceptUnix()
		if err != nil {
			return nil, err
		}
		if c, err := admit(conn, pid, token); err == nil {
			return c, nil
		}
	}
}

// Close ends Accept and removes socket and directory. What was accepted goes on.
func (l *Listener) Close() {
	_ = l.listener.Close()
	_ = os.RemoveAll(l.dir)
}

// admit lets a peer prove who it is.
func admit(conn *net.UnixConn, pid int, token []byte) (*Conn, error) {
	defer conn.Close()
	if err := checkPeer(conn, pid); err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(time.Now().Add(handshakeTimeout)); err != nil {
		return nil, err
	}
	got := make([]byte, len(token))
	if _, err := io.ReadFull(conn, got); err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare(got, token) != 1 {
		return nil, errors.New("socket: wrong token")
	}
	if _, err := conn.Write([]byte{1}); err != nil {
		return nil, err
	}
	return take(conn)
}

// checkPeer asks the kernel who is at the other end.
func checkPeer(conn *net.UnixConn, pid int) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var peer *syscall.Ucred
	var failed error
	err = raw.Control(func(fd uintptr) {
		peer, failed = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	})
	if err = errors.Join(err, failed); err != nil {
		return err
	}
	if int(peer.Pid) != pid || int(peer.Uid) != os.Getuid() {
		return fmt.Errorf("socket: process %d of user %d is not the plugin, process %d", peer.Pid, peer.Uid, pid)
	}
	return nil
}

// Dial connects to a listener and shows it the token.
func Dial(path string, token []byte, timeout time.Duration) (*Conn, error) {
	dialed, err := net.DialTimeout("unix", path, timeout)
	if err != nil {
		return nil, err
	}
	defer dialed.Close()
	if err := dialed.SetDeadline(time.Now().Add(timeout)); err != nil {
		return nil, err
	}
	if _, err := dialed.Write(token); err != nil {
		return nil, err
	}
	var welcome [1]byte
	if _, err := io.ReadFull(dialed, welcome[:]); err != nil {
		return nil, fmt.Errorf("socket: not admitted: %w", err)
	}
	return take(dialed.(*net.UnixConn))
}

// take makes a connection of ours of one of net's, which is closed afterwards: a blocking
// descriptor that the poller does not know.
func take(conn *net.UnixConn) (*Conn, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	own := -1
	var failed error
	err = raw.Control(func(fd uintptr) {
		syscall.ForkLock.RLock()
		defer syscall.ForkLock.RUnlock()
		if own, failed = syscall.Dup(int(fd)); failed == nil {
			syscall.CloseOnExec(own)
			failed = syscall.SetNonblock(own, false)
		}
	})
	if err = errors.Join(err, failed); err != nil {
		if own >= 0 {
			_ = syscall.Close(own)
		}
		return nil, err
	}
	return &Conn{fd: own}, nil
}

// Conn is one end of a connection: one goroutine may read and one may write at a time.
type Conn struct {
	fd int
	// The mutex keeps Shutdown from a descriptor that was closed, whose number may belong to
	// something else by then.
	mutex  sync.Mutex
	closed bool
}

// Read waits for bytes; io.EOF is the peer's or our own end, also an abrupt one.
func (c *Conn) Read(b []byte) (int, error) {
	for {
		n, err := syscall.Read(c.fd, b)
		switch {
		case err == syscall.EINTR:
		case err == syscall.ECONNRESET, err == nil && n == 0:
			return 0, io.EOF
		case err != nil:
			return 0, os.NewSyscallError("read", err)
		default:
			return n, nil
		}
	}
}

// Write writes all of b, and waits for room.
func (c *Conn) Write(b []byte) (int, error) { return c.write(b, 0) }

// TryWrite writes as much of b as there is room for, and never waits. Less than all of it
// is no error.
func (c *Conn) TryWrite(b []byte) (int, error) { return c.write(b, syscall.MSG_DONTWAIT) }

func (c *Conn) write(b []byte, flags int) (int, error) {
	done := 0
	for done < len(b) {
		n, err := syscall.SendmsgN(c.fd, b[done:], nil, nil, flags|syscall.MSG_NOSIGNAL)
		switch {
		case err == syscall.EINTR:
		case err == syscall.EAGAIN && flags != 0:
			return done, nil
		case err != nil:
			return done, os.NewSyscallError("write", err)
		default:
			done += n
		}
	}
	return done, nil
}

// Shutdown ends the connection in both directions: whoever reads or writes at either end
// returns. It may be called at any time and more than once.
func (c *Conn) Shutdown() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if !c.closed {
		_ = syscall.Shutdown(c.fd, syscall.SHUT_RDWR)
	}
}

// Close frees the descriptor. Nobody may read or write then, or later.
func (c *Conn) Close() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if !c.closed {
		c.closed = true
		_ = syscall.Close(c.fd)
	}
}
