package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/backtest"
)

func renderPage(t *testing.T, r *backtest.Result) string {
	t.Helper()
	var b bytes.Buffer
	if err := HTML(&b, ColumnsOf(r)); err != nil {
		t.Fatal(err)
	}
	return b.String()
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

// The page must be whole for every shape of run: one script, unique ids, no number that
// does not exist, and nothing that asks for another file.
func TestHTMLIsWholeAndAlone(t *testing.T) {
	for name, r := range shortRuns() {
		out := renderPage(t, r)
		checkPage(t, name, out)
		for _, word := range []string{"<h1>", "Warnings", "<caption>By strategy</caption>", "Content-Security-Policy", "<title id=", "<desc id="} {
			if !strings.Contains(out, word) {
				t.Errorf("%s: the page lacks %q", name, word)
			}
		}
	}
}

// The page allows the script that it carries, and no other.
func TestPolicyAllowsTheScript(t *testing.T) {
	out := renderPage(t, fakeResult(1))
	script := regexp.MustCompile(`(?s)<script>(.*?)</script>`).FindStringSubmatch(out)
	sum := sha256.Sum256([]byte(script[1]))
	want := "script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	policy := regexp.MustCompile(`Policy" content="([^"]*)"`).FindStringSubmatch(out)
	if got := html.UnescapeString(policy[1]); !strings.Contains(got, want) || !strings.HasPrefix(got, "default-src 'none'") {
		t.Errorf("policy %s, want %s", got, want)
	}
}

// stripText removes what a reader sees, in which "https:" harms nobody, and the quoted
// texts of the script's data.
func stripText(page string) string {
	page = regexp.MustCompile(`(?s)<script type="application/json".*?</script>`).ReplaceAllString(page, "")
	return regexp.MustCompile(`>[^<]*<`).ReplaceAllStringFunc(page, func(s string) string {
		if strings.Contains(s, "\"use strict\"") || strings.Contains(s, ":root") {
			return s
		}
		return "><"
	})
}

// Text of strangers stays text: no tag, no attribute and no control character of theirs
// reaches the page.
func TestHTMLKeepsHostileTextInside(t *testing.T) {
	out := renderPage(t, hostile())
	for _, bad := range []string{"<script>alert", "<img", "\x1b", "\a", "\u202e", "onerror=alert(1)>"} {
		if strings.Contains(out, bad) {
			t.Errorf("the page contains %q", bad)
		}
	}
	if !strings.Contains(out, "比特币永续合约") {
		t.Error("a name in another script is lost")
	}
}

// The script's data must be JSON, with scales that have a height; what is in it, package
// plot tests.
func TestScriptData(t *testing.T) {
	block := regexp.MustCompile(`(?s)<script type="application/json" id="chart-data">(.*?)</script>`)
	for name, r := range runs() {
		var data struct {
			From, To int64
			Panels   []struct{ Low, High float64 }
		}
		if err := json.Unmarshal([]byte(block.FindStringSubmatch(renderPage(t, r))[1]), &data); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if data.To <= data.From || len(data.Panels) < 3 {
			t.Errorf("%s: from %d to %d, %d panels", name, data.From, data.To, len(data.Panels))
		}
		for i, p := range data.Panels {
			if !(p.Low < p.High) {
				t.Errorf("%s: panel %d from %v to %v", name, i, p.Low, p.High)
			}
		}
	}
}

// A long run's page stays small enough to open on a phone.
func TestHTMLSize(t *testing.T) {
	r := fakeResult(24 * 92)
	for range 4 {
		for _, f := range r.Fills.All() {
			r.Fills.Add(f)
		}
	}
	if n := len(renderPage(t, r)); n > 4<<20 {
		t.Errorf("%d fills make a page of %d bytes", r.Fills.Len(), n)
	}
}

func TestUniMMR(t *testing.T) {
	for c, want := range map[int64]string{1199: "1.19", 1200: "1.20", -1: "-0.01", 99_999_999_000: "-"} {
		if got := terminal.UniMMR(cents(c).Shift(-1)); got != want {
			t.Errorf("uniMMR %s: %q, want %q", strconv.FormatInt(c, 10), got, want)
		}
	}
}
