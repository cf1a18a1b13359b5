package socket

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pair connects two ends within this process.
func pair(t *testing.T) (host, plugin *Conn) {
	t.Helper()
	l, err := Listen()
	check(t, err)
	defer l.Close()
	token := []byte("0123456789")
	dialed := make(chan *Conn)
	go func() {
		c, err := Dial(l.Path(), token, time.Minute)
		if err != nil {
			t.Error(err)
		}
		dialed <- c
	}()
	host, err = l.Accept(os.Getpid(), token)
	check(t, err)
	plugin = <-dialed
	t.Cleanup(host.Close)
	t.Cleanup(plugin.Close)
	return host, plugin
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestBothWays sends bytes there and back, and sees the end.
func TestBothWays(t *testing.T) {
	host, plugin := pair(t)
	for _, c := range [][2]*Conn{{host, plugin}, {plugin, host}} {
		if n, err := c[0].TryWrite([]byte("tick")); n != 4 || err != nil {
			t.Fatalf("%d written (%v)", n, err)
		}
		b := make([]byte, 10)
		if n, err := c[1].Read(b); string(b[:n]) != "tick" || err != nil {
			t.Fatalf("read %q (%v)", b[:n], err)
		}
	}
	plugin.Shutdown()
	if _, err := host.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
	if _, err := host.TryWrite([]byte("tick")); err == nil {
		t.Error("written to nobody")
	}
}

// TestTryWriteNeverWaits fills the socket: what does not fit is left, and comes through when
// somebody waits for room.
func TestTryWriteNeverWaits(t *testing.T) {
	host, plugin := pair(t)
	all := bytes.Repeat([]byte("0123456789abcdef"), 1<<18)
	n, err := host.TryWrite(all)
	if n == 0 || n == len(all) || err != nil {
		t.Fatalf("%d of %d bytes fit (%v)", n, len(all), err)
	}
	written := make(chan error)
	go func() {
		_, err := host.Write(all[n:])
		host.Shutdown()
		written <- err
	}()
	got, err := io.ReadAll(plugin)
	if !bytes.Equal(got, all) || err != nil {
		t.Errorf("%d of %d bytes came through (%v)", len(got), len(all), err)
	}
	check(t, <-written)
}

// TestShutdownWakes holds that a reader and a writer return when their own end is shut down.
func TestShutdownWakes(t *testing.T) {
	host, _ := pair(t)
	done := make(chan error)
	go func() {
		_, err := host.Read(make([]byte, 1))
		done <- err
	}()
	go func() {
		_, err := host.Write(make([]byte, 1<<24))
		done <- err
	}()
	host.Shutdown()
	for range 2 {
		if err := <-done; err == nil {
			t.Error("no error after the end")
		}
	}
	host.Close()
	host.Shutdown() // harmless
}

// TestStrangers are turned away: another process, a wrong token, one that says nothing.
func TestStrangers(t *testing.T) {
	l, err := Listen()
	check(t, err)
	token := []byte("0123456789")
	ended := make(chan error)
	go func() {
		_, err := l.Accept(os.Getpid(), token)
		ended <- err
	}()
	if _, err := Dial(l.Path(), []byte("9876543210"), time.Minute); err == nil {
		t.Error("a wrong token is let in")
	}
	silent, err := net.Dial("unix", l.Path())
	check(t, err)
	check(t, silent.Close())
	l.Close()
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("accept ends with %v", err)
	}

	l, err = Listen()
	check(t, err)
	go func() {
		_, err := l.Accept(os.Getpid()+1, token)
		ended <- err
	}()
	if _, err := Dial(l.Path(), token, time.Minute); err == nil {
		t.Error("another process is let in")
	}
	l.Close()
	<-ended
}

// TestPrivate holds that the directory is ours alone, and goes with the listener.
func TestPrivate(t *testing.T) {
	l, err := Listen()
	check(t, err)
	dir := filepath.Dir(l.Path())
	info, err := os.Stat(dir)
	check(t, err)
	if info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v", info.Mode())
	}
	l.Close()
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("after the end the directory is there (%v)", err)
	}
}
