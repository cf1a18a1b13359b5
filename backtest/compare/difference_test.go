package compare

import (
	"testing"

	"github.com/pmbot/pmbot/backtest"
)

// A program that was built anew under its old version is another program.
func TestProgramsDifferByChecksum(t *testing.T) {
	run := func(sum string) Run {
		return Run{Result: &backtest.Result{Strategies: []backtest.StrategyInfo{{Label: "mine", Name: "mine", Version: "0.1.0", SHA256: sum}}}}
	}
	one := run("97c1427e50c294d3d9d54ca6b631f1076fee189d7ec18a9a6bc525c11f93eb6f")
	two := run("2ab23bedaa629ba884e715781d5013a762c59fb9a8310019f247db7e84ff030d")
	if list := differences([]Run{one, one}); len(list) != 0 {
		t.Errorf("a run differs from itself: %+v", list)
	}
	list := differences([]Run{one, two})
	if len(list) != 1 || list[0].Area != AreaProgram || *list[0].Values[1] != "mine 0.1.0, sha256 2ab23bedaa62" {
		t.Errorf("%+v", list)
	}
}
