//go:build unix

package python_test

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pmbot/pmbot/internal/pythontest"
	"github.com/pmbot/pmbot/plugins/host"
	"github.com/pmbot/pmbot/plugins/plugintest"
	"github.com/pmbot/pmbot/strategy"
)

func TestMain(m *testing.M) {
	plugintest.Main(map[string]func() strategy.Strategy{"tasker": func() strategy.Strategy { return &plugintest.Tasker{} }})
	if len(os.Args) == 4 && os.Args[1] == "act-as-host" {
		actAsHost(os.Args[2], os.Args[3])
	}
	os.Exit(m.Run())
}

// actAsHost opens a plugin, has it hang in a callback if its name says so, and waits to be killed.
func actAsHost(python, do string) {
	spec := host.Spec{Path: python, Args: []string{"-B", "tests/probe.py"}}
	if do == "wrapped" { // the parent of Python is a shell, which outlives the host
		spec = host.Spec{Path: "/bin/sh", Args: []string{"-c", `"$0" -B tests/probe.py; true`, python}}
	}
	p, err := host.Open(context.Background(), spec)
	if err != nil {
		panic(err)
	}
	os.Stdout.WriteString(strconv.Itoa(p.Pid()) + "\n")
	s, err := p.Start("quiet", nil, plugintest.Instruments(&testing.B{}), 1)
	if err != nil {
		panic(err)
	}
	if do == "spin" {
		if s, err = p.Start("probe", map[string]string{"do": "spin", "at": "1"}, plugintest.Instruments(&testing.B{}), 1); err != nil {
			panic(err)
		}
	}
	os.Stdout.WriteString("ready\n")
	e := trades(1)
	_, _ = s.Deliver(&e[0])
	select {}
}

// TestOrphan kills a host and sees its plugin end, also one in the middle of a callback.
func TestOrphan(t *testing.T) {
	for _, do := range []string{"nothing", "spin", "wrapped"} {
		t.Run(do, func(t *testing.T) {
			self, err := os.Executable()
			check(t, err)
			cmd := exec.CommandContext(t.Context(), self, "act-as-host", pythontest.Need(t), do)
			cmd.Stderr = os.Stderr
			out, err := cmd.StdoutPipe()
			check(t, err)
			check(t, cmd.Start())
			lines := bufio.NewReader(out)
			line, err := lines.ReadString('\n')
			check(t, err)
			pid, err := strconv.Atoi(strings.TrimSpace(line))
			check(t, err)
			if line, err = lines.ReadString('\n'); err != nil || line != "ready\n" {
				t.Fatalf("the host says %q (%v)", line, err)
			}
			check(t, cmd.Process.Kill())
			_, _ = io.Copy(io.Discard, out)
			_ = cmd.Wait()
			waitForEnd(t, pid)
		})
	}
}

// TestClose ends programs in good order and in bad: the process is gone.
func TestClose(t *testing.T) {
	for _, do := range []string{"nothing", "spin"} {
		p := open(t, "tests/probe.py")
		s, err := p.Start("probe", map[string]string{"do": do, "at": "1"}, plugintest.Instruments(t), 1)
		check(t, err)
		if do == "spin" {
			go func() { e := trades(1); _, _ = s.Deliver(&e[0]) }()
		}
		from := time.Now()
		p.Close()
		waitForEnd(t, p.Pid())
		t.Logf("%s: %v", do, time.Since(from))
	}
}

// waitForEnd waits until there is no such process, but for one that nobody has waited for yet.
func waitForEnd(t *testing.T, pid int) {
	t.Helper()
	late := time.NewTimer(10 * time.Second)
	defer late.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		status, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if syscall.Kill(pid, 0) != nil || strings.Contains(string(status), ") Z ") {
			return
		}
		select {
		case <-late.C:
			_ = syscall.Kill(pid, syscall.SIGKILL)
			t.Fatal("the plugin lives on")
		case <-tick.C:
		}
	}
}
