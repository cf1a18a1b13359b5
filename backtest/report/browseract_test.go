package report

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/readable"
	"github.com/pmbot/pmbot/exchange"
)

// act zooms, reads values under the crosshair, filters, sorts and turns the light off.
func act(t *testing.T, browser context.Context) {
	r := fakeResult(24 * 20)
	path := filepath.Join(t.TempDir(), "days.html")
	if err := os.WriteFile(path, []byte(renderPage(t, r)), 0o644); err != nil {
		t.Fatal(err)
	}
	compared := filepath.Join(t.TempDir(), "compare.html")
	if err := os.WriteFile(compared, []byte(renderComparison(t, comparedRuns(24*20)...)), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, path string
		act        func(*tab)
	}{
		{"zoom", path, func(tb *tab) { tb.zooms(r.From, r.To) }},
		{"zoom a comparison", compared, func(tb *tab) { tb.zooms(r.From, r.To) }},
		{"crosshair", path, func(tb *tab) { tb.crosshair("Equity", r) }},
		{"crosshair of a comparison", compared, func(tb *tab) { tb.crosshair("A", r); tb.crosshair("B", variant(24*20)) }},
		{"to a fill", path, func(tb *tab) { tb.toFill(r) }},
		{"filter", path, func(tb *tab) { tb.filters(r) }},
		{"sort", path, (*tab).sorts},
		{"theme", path, (*tab).turnsDark},
		{"focus", path, (*tab).focusShown},
		{"focus in a comparison", compared, (*tab).focusShown},
	} {
		t.Run(c.name, func(t *testing.T) {
			tb := open(t, browser, c.path, desktop)
			c.act(tb)
			tb.alone(c.path)
		})
	}
}

// settle waits until the page has drawn what it was told.
func (tb *tab) settle() {
	tb.Helper()
	_, err := chromedp.Run(tb.ctx, chromedp.Evaluate[int](
		"new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))", chromedp.EvalAwaitPromise))
	if err != nil {
		tb.Fatal(err)
	}
}

// sight is what a chart shows of its view: what is drawn and the labels of time.
type sight struct{ Paths, Times string }

func (tb *tab) sight() sight {
	tb.Helper()
	tb.settle()
	return eval[sight](tb, `({
  Paths: [...document.querySelectorAll("#equity svg")].map(s => s.getAttribute("viewBox") + [...s.querySelectorAll(".line")].map(p => p.getAttribute("d"))).join(),
  Times: document.querySelector("#equity .times").textContent })`)
}

func (tb *tab) drag(b box, from, to float64) {
	tb.Helper()
	y := b.Y + b.Height/2
	held := func(p *input.DispatchMouseEventParams) {
		p.Button, p.Buttons, p.ClickCount = input.MouseButtonLeft, 1, 1
	}
	tb.do(chromedp.MouseEvent(chromedp.MouseMoved, b.X+from*b.Width, y),
		chromedp.MouseEvent(chromedp.MousePressed, b.X+from*b.Width, y, held),
		chromedp.MouseEvent(chromedp.MouseMoved, b.X+(from+to)/2*b.Width, y, held),
		chromedp.MouseEvent(chromedp.MouseMoved, b.X+to*b.Width, y, held),
		chromedp.MouseEvent(chromedp.MouseReleased, b.X+to*b.Width, y, chromedp.ButtonLeft))
}

// zooms drags over a stretch, resets, and does it again by keyboard.
func (tb *tab) zooms(from, to exchange.Time) {
	tb.Helper()
	whole := tb.sight()
	tb.drag(tb.boxOf("#equity .plot"), 0.25, 0.5)
	near := tb.sight()
	if near.Paths == whole.Paths || near.Times == whole.Times {
		tb.Error("dragging changes nothing")
	}
	var a, b float64
	hash := eval[string](tb, "location.hash")
	if _, err := fmt.Sscanf(hash, "#view@%f-%f", &a, &b); err != nil {
		tb.Fatalf("the address is %s", hash)
	}
	length := float64(to.Millis() - from.Millis())
	for _, share := range [][2]float64{{(a - float64(from.Millis())) / length, 0.25}, {(b - float64(from.Millis())) / length, 0.5}} {
		if d := share[0] - share[1]; d < -0.005 || d > 0.005 {
			tb.Errorf("the view ends at %.3f of the run, not at %.2f", share[0], share[1])
		}
	}
	tb.do(chromedp.Click(`//button[text()="All"]`))
	if got := tb.sight(); got != whole {
		tb.Error("the button All does not show the whole again")
	}
	tb.do(chromedp.Focus("#equity .plot"), chromedp.KeyEvent("+"))
	if got := tb.sight(); got.Paths == whole.Paths || got.Times == whole.Times {
		tb.Error("the key + changes nothing")
	}
	tb.do(chromedp.KeyEvent(kb.Escape))
	if got := tb.sight(); got != whole {
		tb.Error("the key Escape does not show the whole again")
	}
}

// crosshair reads a series under the pointer and compares with the run, at several places
// and by keyboard.
func (tb *tab) crosshair(name string, r *backtest.Result) {
	tb.Helper()
	b := tb.boxOf("#equity .plot")
	check := func(how string) {
		tb.settle()
		read := eval[struct{ Now, Value string }](tb, fmt.Sprintf(`({
  Now: document.querySelector(".now")?.textContent || "",
  Value: [...document.querySelectorAll("#equity .panel:first-of-type .key")].find(k => k.textContent.startsWith(%q)).querySelector("b").textContent })`, name+" "))
		at, err := time.Parse("2006-01-02 15:04:05 MST", read.Now)
		if err != nil {
			tb.Fatalf("%s: the crosshair stands at %q", how, read.Now)
		}
		i, exact := slices.BinarySearchFunc(r.Equity, exchange.TimeOf(at), func(s backtest.Sample, at exchange.Time) int { return int(s.At/1e9 - at/1e9) })
		if !exact {
			i--
		}
		if want := page.Money(r.Equity[i].Account.Equity); read.Value != want {
			tb.Errorf("%s: %s at %s is %s, want %s", how, name, read.Now, read.Value, want)
		}
	}
	for _, share := range []float64{0.1, 0.333, 0.618, 0.9} {
		tb.do(chromedp.MouseEvent(chromedp.MouseMoved, b.X+share*b.Width, b.Y+20))
		check(fmt.Sprintf("pointer at %v", share))
	}
	tb.do(chromedp.MouseEvent(chromedp.MouseMoved, 2, 2), chromedp.Focus("#equity .plot"), chromedp.KeyEvent(kb.ArrowRight+kb.ArrowRight+kb.ArrowRight))
	check("keyboard")
	tb.do(chromedp.Blur("#equity .plot"))
}

// toFill follows the link of a fill to its place on the price.
func (tb *tab) toFill(r *backtest.Result) {
	tb.Helper()
	const row = 5
	tb.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`document.querySelectorAll("#fills tbody a")[%d].click()`, row)))
	tb.settle()
	var want *backtest.FillRow
	for i, f := range r.Fills.All() {
		if i == row {
			want = f
			break
		}
	}
	got := eval[struct {
		Hash, Spot, Focus string
		Times             string
	}](tb, `({ Hash: location.hash, Spot: document.querySelector(".spot i")?.closest("figure").id || "", Focus: document.activeElement.closest("figure")?.id || "",
  Times: document.querySelector("#equity .times").textContent })`)
	if !strings.Contains(got.Hash, "@"+strconv.FormatInt(want.At.Millis(), 10)) || got.Spot == "" || got.Spot != got.Focus || !strings.HasPrefix(got.Hash, "#"+got.Spot) {
		tb.Errorf("the link of the fill at %v leads to %+v", want.At, got)
	}
	if title := eval[string](tb, fmt.Sprintf(`document.querySelector("#%s h3").textContent`, got.Spot)); !strings.Contains(title, readable.Leg(want.Product, want.Symbol)) {
		tb.Errorf("the link of a fill of %s leads to %s", want.Symbol, title)
	}
}

// filters types into the filter of fills and picks a side.
func (tb *tab) filters(r *backtest.Result) {
	tb.Helper()
	count := func(keep func(*backtest.FillRow) bool) (n int) {
		for _, f := range r.Fills.All() {
			if keep(f) {
				n++
			}
		}
		return n
	}
	check := func(what string, want int) {
		tb.Helper()
		got := eval[struct {
			Rows int
			Told string
		}](tb, `({ Rows: [...document.querySelectorAll("#fills tbody tr")].filter(r => !r.hidden).length, Told: document.querySelector("#fills output").textContent })`)
		if told := fmt.Sprintf("%d of %d", want, r.Fills.Len()); got.Rows != want || got.Told != told || want == 0 {
			tb.Errorf("%s: %d rows and %q, want %d and %q", what, got.Rows, got.Told, want, told)
		}
	}
	check("all", r.Fills.Len())
	tb.do(chromedp.SendKeys("#fills input[type=search]", "Maker ETHUSDT"))
	eth := func(f *backtest.FillRow) bool { return f.Symbol == "ETHUSDT" && f.Maker }
	check("words", count(eth))
	tb.do(chromedp.Evaluate[chromedp.Void](`(() => {
  const s = document.querySelector("#fills select[aria-label=Side]");
  s.value = [...s.options].find(o => o.textContent.toLowerCase() === "sell").value;
  s.dispatchEvent(new Event("change"));
})()`))
	check("words and a side", count(func(f *backtest.FillRow) bool { return eth(f) && f.Side == exchange.Sell }))
}

// sorts a column of numbers up and down.
func (tb *tab) sorts() {
	tb.Helper()
	column := eval[int](tb, `[...document.querySelector("#fills thead tr:last-child").cells].findIndex(c => c.textContent === "Price")`)
	for _, order := range []string{"ascending", "descending"} {
		head := tb.boxOf(fmt.Sprintf("#fills thead tr:last-child th:nth-child(%d) button", column+1))
		tb.do(chromedp.MouseClickXY(head.X+head.Width/2, head.Y+head.Height/2))
		got := eval[struct {
			Order  string
			Values []float64
		}](tb, fmt.Sprintf(`(() => { const c = %d, t = document.querySelector("#fills table");
  return { Order: t.tHead.rows[t.tHead.rows.length - 1].cells[c].getAttribute("aria-sort"), Values: [...t.tBodies[0].rows].map(r => parseFloat(r.cells[c].textContent.replace(/\u202f/g, ""))) }; })()`, column))
		if order == "descending" {
			slices.Reverse(got.Values)
		}
		if got.Order != order || len(got.Values) < 100 || !slices.IsSorted(got.Values) {
			tb.Errorf("%s: said to be %s, sorted: %v", order, got.Order, slices.IsSorted(got.Values))
		}
	}
}

// turnsDark presses the button for the theme twice.
func (tb *tab) turnsDark() {
	tb.Helper()
	ground := func() string { return eval[string](tb, "getComputedStyle(document.body).backgroundColor") }
	light := ground()
	tb.do(chromedp.Click("#theme"))
	dark := ground()
	if dark == light {
		tb.Error("the theme stays")
	}
	tb.readable("dark by choice")
	tb.do(chromedp.Click("#theme"))
	if got := ground(); got != light {
		tb.Errorf("the ground was %s, is %s", light, got)
	}
}
