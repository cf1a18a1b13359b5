package plugintest

import (
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/plugins/host"
	"github.com/pmbot/pmbot/plugins/sdk"
	"github.com/pmbot/pmbot/strategy"
)

// Serve is the mode that serves the strategies given to [Main], and [Probe] as "probe".
const Serve = "serve"

// ServeDeaf is the mode that serves only [Deaf].
const ServeDeaf = "serve-deaf"

// Modes of programs that are no good plugins. Those that begin with "lie-" shake hands
// and then break the protocol; see lie.go for how.
const (
	// Garbage prints a greeting where the handshake is expected.
	Garbage = "garbage"
	// Exit ends at once, with status 0.
	Exit = "exit"
	// CrashStart panics before the handshake.
	CrashStart = "crash-start"
	// HangStart never says anything.
	HangStart = "hang-start"
	// FloodStart prints without end and without a line break.
	FloodStart = "flood-start"
	// OldProtocol offers only version 7 of the protocol.
	OldProtocol = "old-protocol"
	// NoServer shakes hands for a socket where nobody listens.
	NoServer = "no-server"
)

// argument marks a test binary that was started as a plugin.
const argument = "plugintest"

// Main makes the process a plugin, and does not return, if it was started as one. Call
// it first in TestMain. A file named by the argument after the mode is held open for as
// long as the process lives, so that a test can see it end.
func Main(strategies map[string]func() strategy.Strategy) {
	if len(os.Args) < 3 || os.Args[1] != argument {
		return
	}
	if len(os.Args) > 3 {
		alive, err := os.OpenFile(os.Args[3], os.O_WRONLY, 0)
		if err != nil {
			panic(err)
		}
		defer alive.Close()
	}
	serve(os.Args[2], strategies)
	os.Exit(0)
}

func serve(mode string, strategies map[string]func() strategy.Strategy) {
	switch mode {
	case Serve:
		all := map[string]func() strategy.Strategy{"probe": func() strategy.Strategy { return &Probe{} }}
		maps.Copy(all, strategies)
		sdk.ServeAll(all)
	case ServeDeaf:
		sdk.Serve(func() strategy.Strategy { return &Deaf{} })
	case Garbage:
		fmt.Println("hello, I am a strategy\x1b[31m")
	case Exit:
	case CrashStart:
		panic("no configuration")
	case HangStart:
		time.Sleep(time.Hour)
	case FloodStart:
		for {
			fmt.Print(strings.Repeat("x", 1<<16))
		}
	case OldProtocol:
		serveVersion(7)
	case NoServer:
		fmt.Println("1|1|unix|/nonexistent/plugin|grpc|")
		time.Sleep(time.Hour)
	default:
		serveLies(mode)
	}
}

// Spec describes this test binary as a plugin in a mode.
func Spec(mode string, more ...string) host.Spec {
	path, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return host.Spec{Path: path, Args: append([]string{argument, mode}, more...), Name: mode}
}

// Open starts this test binary as a plugin in a mode, until the test ends.
func Open(t testing.TB, mode string) *host.Plugin {
	t.Helper()
	p, err := host.Open(t.Context(), Spec(mode))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}
