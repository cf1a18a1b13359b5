package strategytest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/plugins/trend"
	"github.com/pmbot/pmbot/strategy/strategytest"
)

// A strategy's tests: its scripts, and what every strategy must keep, with parameters that
// make it trade within a few bars.
func Example() {
	scripts := func(t *testing.T) { strategytest.Run(t, trend.New, "testdata/*.txt") }
	conform := func(t *testing.T) { strategytest.Conform(t, trend.New, strategytest.With("fast", "2", "slow", "5")) }
	_, _ = scripts, conform // they are TestScripts and TestConform
	// Output:
}

// The verbs of scripts, with what they mean.
func ExampleVerbs() {
	lines := strings.Split(strategytest.Verbs(), "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, "wait") || strings.HasPrefix(l, "restart") {
			fmt.Println(l + "\n" + lines[i+1])
		}
	}
	// Output:
	// wait 1m30s
	//     time passes, and timers due on the way fire
	// restart
	//     the program is killed and started again, with the memory it saved last
}
