// Command testcount reads the output of "go test -json", prints what a person wants to
// see of it, and counts: the last line is "N passed, N failed, N skipped". Subtests count
// like tests. Before that it names the slowest tests. It ends with 1 if anything failed, and, with -shared-skips forbid, -browser-skips
// forbid or -python-skips forbid, if a test was skipped for want of recorded data, of a browser
// or of a Python with gRPC.
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// The reasons of skips for want of what is not part of the repository start with these.
const (
	sharedReason  = "shared data not at hand"
	browserReason = "browser not at hand"
	pythonReason  = "python not at hand"
)

func main() {
	skips := flag.String("shared-skips", "allow", "allow or forbid skips for want of recorded data")
	browserSkips := flag.String("browser-skips", "allow", "allow or forbid skips for want of a browser")
	pythonSkips := flag.String("python-skips", "allow", "allow or forbid skips for want of a Python with gRPC")
	to := flag.String("to", "", "file to write the count to as well")
	flag.Parse()
	c := newCounter(os.Stdout)
	if err := c.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "testcount:", err)
		os.Exit(1)
	}
	ok := c.finish(*skips == "forbid", *browserSkips == "forbid", *pythonSkips == "forbid")
	if *to != "" {
		if err := os.WriteFile(*to, []byte(c.summary()+"\n"), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "testcount:", err)
			ok = false
		}
	}
	if !ok {
		os.Exit(1)
	}
}

// event is a line of "go test -json"; see "go doc test2json".
type event struct {
	Action, Package, ImportPath, Test, Output string
	Elapsed                                   float64
}

type counter struct {
	out                     io.Writer
	passed, failed, skipped int
	packagesFailed          int
	output                  map[string][]string // of tests and packages that still run
	skips                   []string
	slowest                 []event // longest first
	sharedSkips             int
	browserSkips            int
	pythonSkips             int
}

func newCounter(out io.Writer) *counter {
	return &counter{out: out, output: map[string][]string{}}
}

func (c *counter) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) == nil {
				c.add(e)
			} else {
				c.out.Write(line)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (c *counter) add(e event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "output":
		if strings.HasPrefix(e.Output, "=== ") {
			return // RUN, PAUSE and CONT of every test
		}
		c.output[key] = append(c.output[key], e.Output)
	case "build-output":
		fmt.Fprint(c.out, e.Output)
	case "pass", "fail", "skip":
		c.end(e, c.output[key])
		delete(c.output, key)
	}
}

func (c *counter) end(e event, output []string) {
	if e.Test != "" {
		c.timed(e)
	}
	switch {
	case e.Test == "" && e.Action == "fail":
		c.packagesFailed++
		fmt.Fprint(c.out, strings.Join(output, ""))
	case e.Test == "" && e.Action == "pass":
		fmt.Fprintf(c.out, "ok    %-60s %6.2f s\n", e.Package, e.Elapsed)
	case e.Test == "":
	case e.Action == "pass":
		c.passed++
	case e.Action == "fail":
		c.failed++
		fmt.Fprint(c.out, strings.Join(output, ""))
	default:
		c.skipped++
		reason := reasonOf(output)
		if strings.Contains(reason, sharedReason) {
			c.sharedSkips++
		}
		if strings.Contains(reason, browserReason) {
			c.browserSkips++
		}
		if strings.Contains(reason, pythonReason) {
			c.pythonSkips++
		}
		c.skips = append(c.skips, fmt.Sprintf("skip  %s %s: %s", e.Package, e.Test, reason))
	}
}

// The slowest tests that are named: so many, that took so many seconds at least.
const slowTests, slowSeconds = 20, 5

// timed notes how long a test took.
func (c *counter) timed(e event) {
	if e.Elapsed < slowSeconds {
		return
	}
	at, _ := slices.BinarySearchFunc(c.slowest, e, func(a, b event) int { return cmp.Compare(b.Elapsed, a.Elapsed) })
	c.slowest = slices.Insert(c.slowest, at, e)
	c.slowest = c.slowest[:min(slowTests, len(c.slowest))]
}

// reasonOf finds the text that was given to t.Skip: "    file_test.go:12: text".
func reasonOf(output []string) string {
	for _, line := range output {
		if _, text, ok := strings.Cut(strings.TrimSpace(line), ".go:"); ok {
			if _, text, ok = strings.Cut(text, ": "); ok {
				return text
			}
		}
	}
	return "no reason given"
}

func (c *counter) summary() string {
	return fmt.Sprintf("%d passed, %d failed, %d skipped", c.passed, c.failed, c.skipped)
}

// finish prints skips and the count, and says whether all is well.
func (c *counter) finish(forbidShared, forbidBrowser, forbidPython bool) bool {
	for _, s := range c.skips {
		fmt.Fprintln(c.out, s)
	}
	for _, e := range c.slowest {
		fmt.Fprintf(c.out, "slow  %-60s %6.2f s\n", e.Package+" "+e.Test, e.Elapsed)
	}
	ok := c.failed == 0 && c.packagesFailed == 0 && c.passed > 0
	if c.packagesFailed > 0 {
		fmt.Fprintf(c.out, "packages failed: %d\n", c.packagesFailed)
	}
	if forbidShared && c.sharedSkips > 0 {
		fmt.Fprintf(c.out, "recorded data is at hand, but %d tests were skipped for want of it\n", c.sharedSkips)
		ok = false
	}
	if forbidBrowser && c.browserSkips > 0 {
		fmt.Fprintf(c.out, "a browser is at hand, but %d tests were skipped for want of it\n", c.browserSkips)
		ok = false
	}
	if forbidPython && c.pythonSkips > 0 {
		fmt.Fprintf(c.out, "Python is at hand, but %d tests were skipped for want of it\n", c.pythonSkips)
		ok = false
	}
	fmt.Fprintln(c.out, c.summary())
	return ok
}
