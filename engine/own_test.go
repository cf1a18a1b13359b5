package engine

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// TestGuardKnowsOwnPositions: what a strategy itself holds bounds it where the account has
// nothing, after a restore too, and a fill that nobody sent takes from it.
func TestGuardKnowsOwnPositions(t *testing.T) {
	l := benchLimits()
	l.StrategyPositionMaxRatio = decimal.New(12, -2)
	c := benchConfig(t, l)
	b := &bench{t: t, out: &strings.Builder{}, now: exchange.Millis(1_700_000_000_000), ins: c.Instruments, guard: c.Guard, kernel: New(c)}
	b.driver = NewDriver(b.kernel, b, b)
	b.play("price UM 60000\nindex BTC 60000\nindex USDT 1\ndeposit UM USDT 100000\nstate ACTIVE\n" +
		"s1 #1 buy UM 0.2 limit 60000\nfill t-1-1 BUY 0.2 60000 1\nend t-1-1 FILLED\ns2 #1 sell UM 0.2 limit 60000\nfill t-2-2 SELL 0.2 60000 2\nend t-2-2 FILLED")
	said := func(line, want string) {
		t.Helper()
		b.out.Reset()
		if b.play(line); !strings.Contains(b.out.String(), want) {
			t.Errorf("%s: %s", line, b.out)
		}
	}
	const beyond = "refused by position: the strategy's own position 12300 USD, limit 12000 USD, 0.12 of equity"
	said("s1 #2 buy UM 0.005 limit 60000", beyond)
	fresh := benchConfig(t, l)
	k, err := Restore(fresh, b.kernel.Snapshot())
	if err != nil {
		t.Fatal(err)
	}
	b.guard, b.kernel = fresh.Guard, k
	b.driver = NewDriver(k, b, b)
	b.driver.Resume()
	said("s1 #3 buy UM 0.005 limit 60000", beyond)
	said("s1 #4 sell UM 0.4 limit 60000", "order PENDING_NEW")
	said("end t-1-3 CANCELED", "")
	said("fill autoclose-1 SELL 0.1 60000 3", "s1 #0 fill SELL 0.1")
	said("s1 #5 buy UM 0.1 limit 60000", "order PENDING_NEW")
	said("s1 #6 buy UM 0.005 limit 60000", beyond)
}
