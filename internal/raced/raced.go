// Package raced lets tests do less when the race detector watches: it has nothing to find in a test
// of one goroutine and takes ten times as long. PMBOT_SOAK=1 gives it all. Only tests import it.
package raced

import (
	"os"
	"runtime/debug"
	"slices"
	"testing"
)

// On says whether the race detector watches and is to be given less.
func On() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) && os.Getenv("PMBOT_SOAK") != "1"
}

// Fewer is how often a test does something: all times, or few when raced.
func Fewer(all, few int) int {
	if On() {
		return few
	}
	return all
}

// Skip skips a test when raced, because of what it says: that it has one goroutine, or that another
// shows the same ones at less cost.
func Skip(t testing.TB, why string) {
	t.Helper()
	if On() {
		t.Skip("raced, and " + why)
	}
}
