package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress is a line on the terminal that says how far a run is, how fast, and how long
// it will take. Without a terminal it is silent: logs are no place for it.
type progress struct {
	bar   *progressbar.ProgressBar
	what  string
	start time.Time
}

// progressSteps is the resolution of the bar.
const progressSteps = 1000

// progress starts the line; what names the things that are counted.
func (c *console) progress(what string, quiet bool) *progress {
	if quiet || !isTerminal(c.err) {
		return &progress{}
	}
	return &progress{what: what, start: time.Now(), bar: progressbar.NewOptions(progressSteps,
		progressbar.OptionSetWriter(c.err), progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(true),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetElapsedTime(false), progressbar.OptionFullWidth())}
}

// update shows that count things are done, which are a share of all from 0 to 1.
func (p *progress) update(count uint64, share float64) {
	if p.bar == nil {
		return
	}
	rate := float64(count) / max(time.Since(p.start).Seconds(), 0.001)
	p.bar.Describe(fmt.Sprintf("%s %s, %s/s", short(float64(count)), p.what, short(rate)))
	// The bar ends itself, and its line, at the last step; that is finish's to do.
	_ = p.bar.Set(min(int(share*progressSteps), progressSteps-1))
}

// describe shows a text of the caller's and a share of all from 0 to 1.
func (p *progress) describe(text string, share float64) {
	if p.bar == nil {
		return
	}
	p.bar.Describe(text)
	_ = p.bar.Set(min(int(share*progressSteps), progressSteps-1))
}

// clear makes room for a line of output; the next update draws the bar again.
func (p *progress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}

// finish takes the line away.
func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}

// short prints a count with three digits and a unit: 12.3 M. What would round to 1000 of a
// unit has the next one.
func short(n float64) string {
	for _, u := range []struct {
		one  float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if n >= 0.9995*u.one {
			return fmt.Sprintf("%.3g %s", n/u.one, u.name)
		}
	}
	return fmt.Sprintf("%.0f", n)
}

// isTerminal says whether a person is looking.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// terminalWidth is the number of columns of a terminal, and 0 of anything else.
func terminalWidth(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			return width
		}
	}
	return 0
}
