package backtest

import (
	"os"
	"runtime/debug"
	"slices"
)

// raced says whether the race detector watches and may be given less: it has nothing to
// find in a test of one goroutine and takes ten times as long. PMBOT_SOAK=1 gives it all.
func raced() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) && os.Getenv("PMBOT_SOAK") != "1"
}

// fewer is how often a test of one goroutine does something: all times, or few when raced.
func fewer(all, few int) int {
	if raced() {
		return few
	}
	return all
}
