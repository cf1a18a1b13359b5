package host_test

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"testing"

	"github.com/pmbot/pmbot/plugins/host"
	"github.com/pmbot/pmbot/plugins/plugintest"
)

// bounded opens a program with limits.
func bounded(t *testing.T, l host.Limits) *host.Plugin {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("processes have limits on Linux alone")
	}
	spec := plugintest.Spec(plugintest.Serve)
	spec.Limits = l
	p, err := host.Open(t.Context(), spec)
	check(t, err)
	t.Cleanup(p.Close)
	return p
}

// TestGreedy: a process that leaks is ended before the machine is full, and the error says so.
func TestGreedy(t *testing.T) {
	p := bounded(t, host.Limits{Memory: 120 << 20})
	got := plugintest.NewWished()
	l, err := plugintest.Live(t, p, got, func(c *host.LiveConfig) { c.Params = map[string]string{"do": "leak", "at": "3"} })
	check(t, err)
	for _, e := range trades(20) {
		l.Deliver(&e)
	}
	err = <-got.Ended
	expect(t, err, host.Greedy, fmt.Sprint(err), `plugin serve: ended: it had * MiB of memory, more than 120, in strategy probe handling *; keep less, or give it more with memory_max_mb`)
}

// TestLimits: what the system holds a process to.
func TestLimits(t *testing.T) {
	p := bounded(t, host.Limits{Files: 200, Yield: true})
	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", p.Pid()))
	check(t, err)
	for _, want := range []string{`Max open files +200 +200 `, `Max core file size +0 +0 `} {
		if !regexp.MustCompile(want).Match(limits) {
			t.Errorf("no %q in\n%s", want, limits)
		}
	}
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", p.Pid()))
	check(t, err)
	for _, task := range tasks {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/stat", p.Pid(), task.Name()))
		if err != nil {
			continue // a thread that has ended
		}
		if !regexp.MustCompile(`\) \S(?: \S+){15} 5 `).Match(stat) {
			t.Errorf("a thread has another priority: %s", stat)
		}
	}
	// It works all the same.
	got := plugintest.NewWished()
	l, err := plugintest.Live(t, p, got, nil)
	check(t, err)
	for _, e := range trades(20) {
		l.Deliver(&e)
	}
	check(t, l.Settle(t.Context()))
}
