package hedge

import (
	"testing"

	"github.com/pmbot/pmbot/strategy/strategytest"
)

func TestScripts(t *testing.T) { strategytest.Run(t, New, "testdata/*.txt") }
