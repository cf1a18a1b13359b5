package report

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/backtest"
)

func renderComparison(t *testing.T, runs ...Compared) string {
	t.Helper()
	var b bytes.Buffer
	if err := Compare(runs...).HTML(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The page of a comparison is as whole and alone as the report's, for every shape of run,
// and has what every run came to.
func TestComparisonPage(t *testing.T) {
	base := Compared{"base", fakeResult(24 * 20), nil}
	for name, r := range shortRuns() {
		checkPage(t, name, renderComparison(t, base, Compared{name, r, map[string]string{"a.b": "1"}}))
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
	out := renderComparison(t, Compared{evil.ID, evil, map[string]string{evil.ID: evil.ID}}, Compared{"b", &backtest.Result{}, nil})
	for _, bad := range []string{"<script>alert", "<img", "\x1b", "\a", "\u202e", "onerror=alert(1)>"} {
		if strings.Contains(out, bad) {
			t.Errorf("the page contains %q", bad)
		}
	}
}

// checkPage demands of a page one script, unique ids, no number that does not exist, and
// nothing that asks for another file.
func checkPage(t *testing.T, name, out string) {
	t.Helper()
	fetches := regexp.MustCompile(`(?i)\b(src|href|action|srcset|poster)\s*=\s*["']?\s*[^"'#\s>]|url\(|@import|https?:|fetch\(|XMLHttp|WebSocket|<link|<object|<img|<iframe|<base`)
	if n := strings.Count(out, "<script"); n != 2 {
		t.Errorf("%s: %d script elements, want 2", name, n)
	}
	if m := fetches.FindString(stripText(out)); m != "" {
		t.Errorf("%s: the page reaches out: %q", name, m)
	}
	seen := map[string]bool{}
	for _, m := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(out, -1) {
		if seen[m[1]] {
			t.Errorf("%s: id %q twice", name, m[1])
		}
		seen[m[1]] = true
	}
	for _, bad := range []string{"NaN", "+Inf", "-Inf", "ZgotmplZ", "%!", "<nil>"} {
		if strings.Contains(out[:strings.LastIndex(out, "<script>")], bad) {
			t.Errorf("%s: the page contains %q", name, bad)
		}
	}
}
