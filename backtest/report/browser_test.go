package report

import (
	"bytes"
	"context"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/compare"
	"github.com/pmbot/pmbot/internal/raced"
)

// The tests in browser*_test.go open pages in a real browser, as a reader does: from disk.
// One browser serves them all, and each view of a page has a tab of its own.

// viewMax bounds what one view of a page may take, so that a hung browser fails the test.
const viewMax = time.Minute

// browserPath finds a Chromium, or skips the test.
func browserPath(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser is slow, and -short was given")
	}
	if path := os.Getenv("PMBOT_CHROMIUM"); path != "" {
		return path
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("browser not at hand: install chromium, or name one with PMBOT_CHROMIUM")
	return ""
}

// startBrowser starts a browser that ends with the test.
func startBrowser(t *testing.T) context.Context {
	t.Helper()
	flags := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(browserPath(t)), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.UserDataDir(t.TempDir()),
	}
	for _, name := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync", "disable-dev-shm-usage"} {
		flags = append(flags, chromedp.Flag(name, true))
	}
	allocator, end := chromedp.NewExecAllocator(context.Background(), flags...)
	t.Cleanup(end)
	browser, stop := chromedp.NewContext(allocator)
	t.Cleanup(stop)
	// The first call starts the browser, which may take many seconds: no time limit.
	if err := chromedp.Do(browser, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	return browser
}

// view is how a reader looks at a page.
type view struct {
	width, height int64
	dark, plain   bool // plain is without JavaScript
}

var desktop = view{width: 1280, height: 900}

// tab is a page in a view. It notes what the page asks the network for, and all that
// comes to the console.
type tab struct {
	*testing.T
	ctx context.Context

	mutex    sync.Mutex // the browser's events come on a goroutine of its own
	requests []string
	console  []string
}

// open opens a page of disk.
func open(t *testing.T, browser context.Context, path string, v view) *tab {
	t.Helper()
	ctx, end := chromedp.NewContext(browser)
	t.Cleanup(end)
	tb := &tab{T: t, ctx: ctx}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(v.width, v.height)); err != nil {
		t.Fatal(err)
	}
	limited, cancel := context.WithTimeout(ctx, viewMax)
	t.Cleanup(cancel)
	tb.ctx = limited
	if err := chromedp.Listen(ctx, tb.note); err != nil {
		t.Fatal(err)
	}
	tb.setDark(v.dark)
	if v.plain {
		call(tb, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	}
	tb.do(chromedp.Navigate(fileURL(path)))
	return tb
}

func fileURL(path string) string { return (&url.URL{Scheme: "file", Path: path}).String() }

// note keeps what must not happen.
func (tb *tab) note(event any) {
	tb.mutex.Lock()
	defer tb.mutex.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		tb.requests = append(tb.requests, e.Request.URL)
	case *runtime.EventConsoleAPICalled:
		tb.console = append(tb.console, string(e.Type))
	case *runtime.EventExceptionThrown:
		tb.console = append(tb.console, e.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		tb.console = append(tb.console, e.Entry.Text)
	}
}

// alone demands that the tab asked for the page and nothing else, and that nothing came
// to the console: no message, no exception, no breach of the page's policy.
func (tb *tab) alone(path string) {
	tb.Helper()
	tb.mutex.Lock()
	defer tb.mutex.Unlock()
	if !slices.Equal(tb.requests, []string{fileURL(path)}) {
		tb.Errorf("the page asked for %q", tb.requests)
	}
	if len(tb.console) > 0 {
		tb.Errorf("the console has %q", tb.console)
	}
}

func (tb *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	tb.Helper()
	if err := chromedp.Do(tb.ctx, steps...); err != nil {
		tb.Fatal(err)
	}
}

// setDark makes the system prefer dark or light.
func (tb *tab) setDark(dark bool) {
	tb.Helper()
	theme := "light"
	if dark {
		theme = "dark"
	}
	call(tb, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
	})
}

// eval is the value of an expression in the page.
func eval[T any](tb *tab, expression string) T {
	tb.Helper()
	v, err := chromedp.Run(tb.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		tb.Fatalf("%v in %s", err, expression)
	}
	return v
}

// browserPages are the pages that are looked at, by name.
func browserPages(t *testing.T) map[string]string {
	t.Helper()
	one := fakeResult(1)
	pages := map[string]func(*bytes.Buffer) error{
		"quarter":    func(b *bytes.Buffer) error { return HTML(b, ColumnsOf(fakeResult(24*92))) },
		"comparison": func(b *bytes.Buffer) error { return CompareHTML(b, compare.Of(comparedRuns(24*20)...)) },
		"onebar":     func(b *bytes.Buffer) error { return HTML(b, ColumnsOf(one)) },
	}
	for name, r := range map[string]*backtest.Result{"empty": {}, "liquidated": liquidated(), "hostile": hostile(), "refused": refusedRun()} {
		pages[name] = func(b *bytes.Buffer) error { return HTML(b, ColumnsOf(r)) }
	}
	dir := t.TempDir()
	paths := map[string]string{}
	for name, write := range pages {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		paths[name] = filepath.Join(dir, name+".html")
		if err := os.WriteFile(paths[name], b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return paths
}

// lines joins what was found wrong.
func lines(list []string) string { return strings.Join(list, "\n") }

// call is the answer to a command of the browser's protocol.
func call[P, R any](tb *tab, command cdp.Command[P, R], params P) R {
	tb.Helper()
	answer, err := chromedp.Call(tb.ctx, command, params)
	if err != nil {
		tb.Fatal(err)
	}
	return answer
}

// TestInABrowser looks at pages, and acts on them, as a reader does.
func TestInABrowser(t *testing.T) {
	if raced.On() {
		t.Skip("the race detector sees nothing of a browser")
	}
	browser := startBrowser(t)
	t.Run("look", func(t *testing.T) { look(t, browser) })
	t.Run("act", func(t *testing.T) { act(t, browser) })
}

// look demands that every page draws, is silent and alone, is accessible, fits the phone,
// works without JavaScript, and prints.
func look(t *testing.T, browser context.Context) {
	paths := browserPages(t)
	for _, name := range slices.Sorted(maps.Keys(paths)) {
		path := paths[name]
		t.Run(name, func(t *testing.T) {
			wide := open(t, browser, path, desktop)
			drawings := wide.drawn()
			charts := len(drawings)
			if charts == 0 && name != "empty" {
				t.Error("no chart draws")
			}
			wide.painted(drawings)
			wide.named(map[string]int{"RootWebArea": 1, "navigation": 1, "table": 5, "button": 10, "link": 5})
			wide.inOrder()
			wide.readable("light")
			wide.setDark(true)
			wide.readable("dark")
			wide.alone(path)

			narrow := open(t, browser, path, view{width: 390, height: 844, dark: true})
			if n := len(narrow.drawn()); n != charts {
				t.Errorf("%d charts on a phone, %d on a desk", n, charts)
			}
			narrow.readable("dark, on a phone")
			narrow.noScrollSideways(390, 360, 320)
			narrow.alone(path)

			plain := open(t, browser, path, view{width: 1280, height: 900, plain: true})
			if n := len(plain.drawn()); n != charts {
				t.Errorf("%d charts without JavaScript, %d with it", n, charts)
			}
			if has, want := eval[int](plain, countTablesJS), eval[int](wide, countTablesJS); has != want || has < 5 {
				t.Errorf("%d rows of tables without JavaScript, %d with it", has, want)
			}
			if eval[int](plain, `document.querySelectorAll("th button").length`) != 0 {
				t.Error("JavaScript ran though it was off")
			}
			plain.noScrollSideways(360)
			plain.alone(path)
			t.Logf("%d charts, %d sheets of paper", charts, plain.printed())
		})
	}
}

// countTablesJS counts the rows of tables that are seen.
const countTablesJS = `[...document.querySelectorAll("tbody tr")].filter(r => r.checkVisibility()).length`
