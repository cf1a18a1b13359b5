package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/compare"
	"github.com/pmbot/pmbot/exchange"
)

func renderComparison(t *testing.T, runs ...compare.Run) string {
	t.Helper()
	var b bytes.Buffer
	if err := CompareHTML(&b, compare.Of(runs...)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The page of a comparison is as whole and alone as the report's, for every shape of run,
// and has what every run came to.
func TestComparisonPage(t *testing.T) {
	base := compared("base", fakeResult(24*20), nil)
	for name, r := range shortRuns() {
		checkPage(t, name, renderComparison(t, base, compared(name, r, map[string]string{"a.b": "1"})))
	}
	out := renderComparison(t, comparedRuns(24*20)...)
	for _, want := range []string{
		"<h1>2 runs compared</h1>", "Different results, and 11 differences named.", "runs/first", "runs/second",
		`>Where they part</h2>`, "fill 5", "<caption>Differences</caption>", "venue.um.taker", "carry-btc.enter_bp",
		"<caption>Total in USD</caption>", "<caption>Net by month in USD</caption>", "<caption>Risk-adjusted</caption>",
		`data-panel="0"`, `data-panel="2"`,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if again := renderComparison(t, comparedRuns(24*20)...); again != out {
		t.Error("the same runs give another page")
	}
}

func TestComparisonKeepsHostileTextInside(t *testing.T) {
	evil := hostile()
	out := renderComparison(t, compared(evil.ID, evil, map[string]string{evil.ID: evil.ID}), compared("b", &backtest.Result{}, nil))
	for _, bad := range []string{"<script>alert", "<img", "\x1b", "\a", "\u202e", "onerror=alert(1)>"} {
		if strings.Contains(out, bad) {
			t.Errorf("the page contains %q", bad)
		}
	}
}

// The curves are equity, its change from the start and its fall from the peak, by hand.
func TestCurves(t *testing.T) {
	r := &backtest.Result{}
	for i, equity := range []int64{200_00, 250_00, 150_00, 300_00, 297_00} {
		r.Equity = append(r.Equity, backtest.Sample{At: fakeStart.Add(time.Duration(i) * time.Hour), Account: exchange.Account{Equity: cents(equity)}})
	}
	for k, want := range [3][]float64{{200, 250, 150, 300, 297}, {0, 25, -25, 50, 48.5}, {0, 0, -40, 0, -1}} {
		for i, p := range curvesOf(r)[k] {
			if p.Value != want[i] || p.At != r.Equity[i].At {
				t.Errorf("curve %d has %v at sample %d, want %v", k, p.Value, i, want[i])
			}
		}
	}
	r.Equity[0].Account.Equity = cents(-1)
	if got := curvesOf(r)[1][3].Value; got != 0 {
		t.Errorf("from a start without equity it changes by %v", got)
	}
}
