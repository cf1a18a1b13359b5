//go:build unix

package host_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/plugins/host"
	"github.com/pmbot/pmbot/plugins/plugintest"
	"github.com/pmbot/pmbot/plugins/wire"
)

// actAsHost makes the test binary a host that waits to be killed: one with an open
// plugin ("open"), one that plays a strategy live ("live") or one that hangs in a callback
// ("hang"), or one that has started a plugin and never connects ("start").
func actAsHost() {
	if len(os.Args) != 4 || os.Args[1] != "act-as-host" {
		return
	}
	spec := plugintest.Spec(plugintest.Serve, os.Args[3])
	switch os.Args[2] {
	case "open":
		if _, err := host.Open(context.Background(), spec); err != nil {
			panic(err)
		}
	case "live", "hang":
		p, err := host.Open(context.Background(), spec)
		if err != nil {
			panic(err)
		}
		ins, err := exchange.NewInstruments(exchange.Instrument{Product: exchange.UM, Symbol: "BTCUSDT"})
		if err != nil {
			panic(err)
		}
		seen := make(chan struct{}, 1)
		l, err := p.Live(context.Background(), host.LiveConfig{
			Instruments: ins, ID: 1, Params: map[string]string{"do": map[string]string{"live": "answer", "hang": "hang"}[os.Args[2]], "at": "2"},
			Wish: func(host.Wishes) { seen <- struct{}{} }, Ended: func(err error) { panic(err) },
		})
		if err != nil {
			panic(err)
		}
		<-seen // the timer of Start
		for i := range 3 {
			e := exchange.Event{Seq: uint64(i + 1), At: 1, Inst: 1}
			e.SetTrade(exchange.Trade{Price: 1})
			l.Deliver(&e)
			if os.Args[2] == "live" {
				<-seen
			}
		}
	case "start":
		cmd := exec.Command(spec.Path, spec.Args...)
		cmd.Env = []string{wire.CookieKey + "=" + wire.CookieValue, "PLUGIN_PROTOCOL_VERSIONS=1"}
		out, err := cmd.StdoutPipe()
		if err != nil {
			panic(err)
		}
		if err := cmd.Start(); err != nil {
			panic(err)
		}
		if _, err := bufio.NewReader(out).ReadString('\n'); err != nil { // the handshake
			panic(err)
		}
	}
	fmt.Println("ready")
	select {}
}

// TestOrphan kills a host and sees its plugin end.
func TestOrphan(t *testing.T) {
	for _, mode := range []string{"open", "live", "hang", "start"} {
		t.Run(mode, func(t *testing.T) {
			pipe := namedPipe(t)
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), self, "act-as-host", mode, pipe)
			cmd.Stderr = os.Stderr
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			alive := openPipe(t, pipe)
			if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
				t.Fatalf("the host says %q (%v)", line, err)
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			waitForEnd(t, alive)
		})
	}
}

// TestLiveEndLeavesNobody holds that the end of a session, whatever the program was doing,
// and the end of the plugin after it, leave no process behind.
func TestLiveEndLeavesNobody(t *testing.T) {
	for _, do := range []string{"nothing", "hang", "spin"} {
		pipe := namedPipe(t)
		opened := make(chan *os.File)
		go func() { opened <- openPipe(t, pipe) }()
		p, err := host.Open(t.Context(), plugintest.Spec(plugintest.Serve, pipe))
		if err != nil {
			t.Fatal(err)
		}
		alive, got := <-opened, plugintest.NewWished()
		l, err := plugintest.Live(t, p, got, func(c *host.LiveConfig) { c.Params = map[string]string{"do": do, "at": "1"} })
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range trades(100) {
			l.Deliver(&e)
		}
		l.Close()
		p.Close()
		waitForEnd(t, alive)
		if len(got.Ended) > 0 {
			t.Errorf("%s: a closed session ends with %v", do, <-got.Ended)
		}
	}
}

// TestCancelKills holds that the end of the context ends the process itself, before
// anybody closes the plugin.
func TestCancelKills(t *testing.T) {
	pipe := namedPipe(t)
	ctx, cancel := context.WithCancel(t.Context())
	opened := make(chan *os.File)
	go func() { opened <- openPipe(t, pipe) }()
	p, err := host.Open(ctx, plugintest.Spec(plugintest.Serve, pipe))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	alive := <-opened
	cancel()
	waitForEnd(t, alive)
}

// namedPipe makes a pipe whose writing end a plugin holds open, so that reading it ends
// when the plugin does.
func namedPipe(t *testing.T) string {
	t.Helper()
	pipe := filepath.Join(t.TempDir(), "alive")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	return pipe
}

// openPipe waits until the plugin has opened the pipe, too.
func openPipe(t *testing.T, pipe string) *os.File {
	alive, err := os.Open(pipe)
	if err != nil {
		t.Error(err)
	}
	t.Cleanup(func() { _ = alive.Close() })
	return alive
}

func waitForEnd(t *testing.T, alive *os.File) {
	t.Helper()
	if err := alive.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, alive); err != nil {
		t.Fatal("the plugin lives on: ", err)
	}
}
