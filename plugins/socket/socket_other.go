//go:build !linux

package socket

import "time"

// Listener is not to be had on this system.
type Listener struct{}

// Conn is not to be had on this system.
type Conn struct{}

// Listen answers ErrUnsupported.
func Listen() (*Listener, error) { return nil, ErrUnsupported }

// Dial answers ErrUnsupported.
func Dial(string, []byte, time.Duration) (*Conn, error) { return nil, ErrUnsupported }

// Path is empty.
func (*Listener) Path() string { return "" }

// Accept answers ErrUnsupported.
func (*Listener) Accept(int, []byte) (*Conn, error) { return nil, ErrUnsupported }

// Close does nothing.
func (*Listener) Close() {}

// Read answers ErrUnsupported.
func (*Conn) Read([]byte) (int, error) { return 0, ErrUnsupported }

// Write answers ErrUnsupported.
func (*Conn) Write([]byte) (int, error) { return 0, ErrUnsupported }

// TryWrite answers ErrUnsupported.
func (*Conn) TryWrite([]byte) (int, error) { return 0, ErrUnsupported }

// Shutdown does nothing.
func (*Conn) Shutdown() {}

// Close does nothing.
func (*Conn) Close() {}
