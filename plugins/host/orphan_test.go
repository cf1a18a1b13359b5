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

	"github.com/pmbot/pmbot/plugins/host"
	"github.com/pmbot/pmbot/plugins/plugintest"
	"github.com/pmbot/pmbot/plugins/wire"
)

// actAsHost makes the test binary a host that waits to be killed: one with an open
// plugin ("open"), or one that has started a plugin and never connects ("start").
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

// TestOrphan kills a host and sees its plugin end. The plugin holds the writing end of a
// named pipe; reading it ends when the plugin does.
func TestOrphan(t *testing.T) {
	for _, mode := range []string{"open", "start"} {
		t.Run(mode, func(t *testing.T) {
			pipe := filepath.Join(t.TempDir(), "alive")
			if err := syscall.Mkfifo(pipe, 0o600); err != nil {
				t.Fatal(err)
			}
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
			alive, err := os.Open(pipe) // until the plugin has opened it, too
			if err != nil {
				t.Fatal(err)
			}
			defer alive.Close()
			if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
				t.Fatalf("the host says %q (%v)", line, err)
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			if err := alive.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, alive); err != nil {
				t.Fatal(err)
			}
		})
	}
}
