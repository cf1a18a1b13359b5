// Command pluginbench measures what the process boundary of strategies costs, and prints one table
// with the target of each line and whether it was met. It is run from the root of the repository
// and needs a Python with gRPC for the lines of Python; see "make bench-plugins".
//
// What is compared is measured in turns in one run, because figures drift from run to run.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// line is one measurement. atLeast says that more is better; a target of 0 is none.
type line struct {
	what    string
	got     float64
	unit    string
	target  float64
	atLeast bool
}

// verdict is whether the target was met.
func (l *line) verdict() string {
	switch {
	case l.target == 0:
		return ""
	case l.atLeast == (l.got >= l.target) || l.got == l.target:
		return "met"
	}
	return "missed"
}

func (l *line) aim() string {
	switch {
	case l.target == 0:
		return ""
	case l.atLeast:
		return "at least " + number(l.target)
	}
	return "at most " + number(l.target)
}

// number is a figure with three digits that count, or more of a large one.
func number(f float64) string {
	if f >= 10_000 {
		return strconv.FormatFloat(f/1000, 'f', 0, 64) + " k"
	}
	if f >= 100 {
		return strconv.FormatFloat(f, 'f', 0, 64)
	}
	return strconv.FormatFloat(f, 'g', 3, 64)
}

func main() {
	rounds := flag.Int("rounds", 5, "how often each whole backtest is run")
	hops := flag.Int("hops", 5000, "how many turns of a live hop")
	flag.Parse()
	lines, err := measure(*rounds, *hops)
	if err != nil {
		fmt.Fprintln(os.Stderr, "pluginbench:", err)
		os.Exit(1)
	}
	fmt.Printf("%s, %d cores, %s\n\n", processor(), runtime.NumCPU(), runtime.Version())
	fmt.Print(table(lines))
}

// table is a table as Markdown has it.
func table(lines []line) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| what | seen | target | |\n|---|---|---|---|\n")
	for _, l := range lines {
		fmt.Fprintf(&b, "| %s | %s %s | %s | %s |\n", l.what, number(l.got), l.unit, l.aim(), l.verdict())
	}
	return b.String()
}

func measure(rounds, hops int) ([]line, error) {
	lines, err := backtests(rounds)
	if err != nil {
		return nil, err
	}
	for _, part := range []struct {
		pkg, bench, time string
		take             func(map[string]map[string]float64) []line
	}{
		{"./plugins/host", "Lockstep/batch=(1|1024)$/", "2s", func(m map[string]map[string]float64) []line {
			return []line{
				{"Go lockstep, events one at a time", m["Lockstep/batch=1/socket"]["events/s"], "events/s", 0, true},
				{"Go lockstep, batches of 1024", m["Lockstep/batch=1024/socket"]["events/s"], "events/s", 1e6, true},
				{"the same where there is only gRPC", m["Lockstep/batch=1024/gRPC"]["events/s"], "events/s", 0, true},
			}
		}},
		{"./plugins/python", "Lockstep/batch=(1|512)$/", "2s", func(m map[string]map[string]float64) []line {
			return []line{
				{"Python lockstep, events one at a time", m["Lockstep/batch=1/socket"]["events/s"], "events/s", 0, true},
				{"Python lockstep, batches of 512", m["Lockstep/batch=512/socket"]["events/s"], "events/s", 300e3, true},
				{"the same where there is only gRPC", m["Lockstep/batch=512/grpc"]["events/s"], "events/s", 0, true},
			}
		}},
		{"./plugins/host", "Hop", fmt.Sprint(hops, "x"), hopLines},
		{"./plugins/python", "Hop", fmt.Sprint(hops, "x"), func(m map[string]map[string]float64) []line {
			return []line{
				{"Python live hop, one right after the other, p50", m["Hop/socket"]["p50-us"], "us", 0, false},
				{"the same, p99", m["Hop/socket"]["p99-us"], "us", 0, false},
				{"the same where there is only gRPC, p50", m["Hop/grpc"]["p50-us"], "us", 0, false},
			}
		}},
		{"./plugins/host", "Restart", "40x", func(m map[string]map[string]float64) []line {
			return []line{{"Go restart, from the kill to the first event handled, p50", m["Restart"]["p50-ms"], "ms", 50, false}}
		}},
	} {
		m, err := bench(part.pkg, part.bench, part.time)
		if err != nil {
			return nil, err
		}
		if len(m) > 0 { // without a Python there is nothing
			lines = append(lines, part.take(m)...)
		}
	}
	return lines, nil
}

// hopLines are those of a live hop: our socket, our gRPC stream, and the bare stream they are held
// against.
func hopLines(m map[string]map[string]float64) []line {
	var lines []line
	for _, gap := range []struct{ name, words string }{{"Hop/gap=0s", "one right after the other"}, {"Hop/gap=1ms", "a millisecond apart"}} {
		g := m[gap.name]
		for _, p := range []string{"p50", "p99"} {
			hop := "Go live hop, " + gap.words + ", " + p + ": "
			lines = append(lines,
				line{hop + "bare gRPC stream", g["stream-"+p+"-us"], "us", 0, false},
				line{hop + "our socket", g["socket-"+p+"-us"], "us", 0, false},
				line{hop + "our socket against the bare stream", g["socket-"+p+"-us"] / g["stream-"+p+"-us"], "x", 1.2, false},
				line{hop + "our gRPC stream, with TLS, against the bare one", g["fallback-"+p+"-us"] / g["stream-"+p+"-us"], "x", 0, false},
			)
		}
	}
	return lines
}

// backtests runs the configuration of bench.toml in each mode in turn.
func backtests(rounds int) ([]line, error) {
	dir, err := os.MkdirTemp("", "pluginbench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	pmbot := filepath.Join(dir, "pmbot")
	if out, err := exec.Command("go", "build", "-o", pmbot, "./cmd/pmbot").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build pmbot: %w: %s", err, out)
	}
	rates := map[string][]float64{}
	hash := ""
	for range rounds {
		for _, mode := range []string{"inprocess", "plugin", "lockstep"} {
			out, err := exec.Command(pmbot, "backtest", "-c", "configs/bench.toml", "--no-report", "--quiet", "--json", "--mode", mode).Output()
			if err != nil {
				return nil, fmt.Errorf("backtest --mode %s: %w", mode, err)
			}
			var r struct {
				Events  float64 `json:"events"`
				Elapsed float64 `json:"elapsed_ns"`
				Hash    string  `json:"result_hash"`
			}
			if err := json.Unmarshal(out, &r); err != nil {
				return nil, fmt.Errorf("backtest --mode %s: %w", mode, err)
			}
			if hash != "" && hash != r.Hash {
				return nil, fmt.Errorf("backtest --mode %s has the result %s, another mode %s", mode, r.Hash, hash)
			}
			hash = r.Hash
			rates[mode] = append(rates[mode], r.Events/r.Elapsed*1e9)
		}
	}
	linked := median(rates["inprocess"])
	return []line{
		{"Go backtest, strategy linked in", linked, "events/s", 0, true},
		{"Go backtest, in its own process", median(rates["plugin"]), "events/s", 0, true},
		{"its own process against linked in", median(rates["plugin"]) / linked, "x", 0.95, true},
		{"Go backtest, in lockstep", median(rates["lockstep"]), "events/s", 0, true},
	}, nil
}

func median(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}

// bench runs benchmarks and returns their metrics by name and unit.
func bench(pkg, pattern, time string) (map[string]map[string]float64, error) {
	cmd := exec.Command("go", "test", pkg, "-run", "^$", "-bench", pattern, "-benchtime", time, "-timeout", "10m")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", cmd, err, out)
	}
	return metrics(out), nil
}

var processors = regexp.MustCompile(`-\d+$`)

// metrics reads what go test prints of benchmarks.
func metrics(out []byte) map[string]map[string]float64 {
	all := map[string]map[string]float64{}
	for s := bufio.NewScanner(bytes.NewReader(out)); s.Scan(); {
		f := strings.Fields(s.Text())
		if len(f) < 4 || !strings.HasPrefix(f[0], "Benchmark") {
			continue
		}
		one := map[string]float64{}
		for i := 2; i+1 < len(f); i += 2 {
			if v, err := strconv.ParseFloat(f[i], 64); err == nil {
				one[f[i+1]] = v
			}
		}
		all[processors.ReplaceAllString(strings.TrimPrefix(f[0], "Benchmark"), "")] = one
	}
	return all
}

// processor is what the machine calls its processor.
func processor() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err == nil {
		for l := range strings.Lines(string(text)) {
			if name, ok := strings.CutPrefix(l, "model name"); ok {
				return strings.Trim(name, " \t:\n")
			}
		}
	}
	return runtime.GOOS + "/" + runtime.GOARCH
}
