package host_test

import (
	"testing"
	"time"

	"github.com/pmbot/pmbot/plugins/host"
)

// TestRestart holds waits against a table, and counts failures in a row.
func TestRestart(t *testing.T) {
	r := host.Restart{First: time.Second, Most: 10 * time.Second, Tries: 6, Healthy: time.Minute}
	for failures, want := range []time.Duration{0, 1, 2, 4, 8, 10, 10, 0, 0} {
		wait, again := r.Wait(failures)
		if wait != want*time.Second || again != (want > 0) {
			t.Errorf("after %d failures %v, %v", failures, wait, again)
		}
	}
	if _, again := (host.Restart{}).Wait(1); again {
		t.Error("the zero value starts again")
	}
	if wait, _ := (host.Restart{First: time.Hour, Most: time.Minute, Tries: 1}).Wait(1); wait != time.Minute {
		t.Errorf("more than the most: %v", wait)
	}
	if r.Row(3, time.Second) != 4 || r.Row(3, time.Minute) != 1 {
		t.Error("failures in a row are miscounted")
	}
}
