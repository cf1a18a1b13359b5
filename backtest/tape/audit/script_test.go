package audit

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

var rewrite = flag.Bool("rewrite", false, "write what the scripts print into testdata/scripts/*.txt")

// TestScripts runs testdata/scripts/*.txt. A script is a list of cases: lines of files as
// [fake] reads them, a line "----", what was found, a blank line. The lines of the first
// file may follow at once; "file NAME" begins another, "batch N" sets the size of batches,
// "option NAME=VALUE" an option.
func TestScripts(t *testing.T) {
	paths, err := filepath.Glob("testdata/scripts/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			for block := range strings.SplitSeq(strings.TrimRight(string(content), "\n"), "\n\n") {
				input, _, _ := strings.Cut(block, "\n----")
				fmt.Fprintf(&out, "%s\n----\n%s\n\n", input, runScript(t, input))
			}
			got := strings.TrimRight(out.String(), "\n") + "\n"
			if *rewrite {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(content) {
				t.Errorf("output differs; run with -rewrite and read the diff. Got:\n%s", got)
			}
		})
	}
}

func runScript(t *testing.T, input string) string {
	files, size, o := []text{{name: "a"}}, 3, Options{}
	for line := range strings.SplitSeq(input, "\n") {
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "#":
		case "file":
			if len(files[0].lines) == 0 {
				files = nil
			}
			files = append(files, text{name: rest})
		case "batch":
			size, _ = strconv.Atoi(rest)
		case "option":
			setOption(t, &o, rest)
		default:
			f := &files[len(files)-1]
			f.lines = append(f.lines, line)
		}
	}
	return strings.TrimRight(describe(auditText(t, files, size, o)), "\n")
}

func setOption(t *testing.T, o *Options, text string) {
	name, value, _ := strings.Cut(text, "=")
	switch name {
	case "FindingsMax":
		o.FindingsMax, _ = strconv.Atoi(value)
	case "LateMax":
		o.LateMax, _ = time.ParseDuration(value)
	case "ContractSize":
		o.Instrument = func(p exchange.Product, symbol string) *exchange.Instrument {
			return &exchange.Instrument{Product: p, Symbol: symbol, ContractSize: exchange.MustFixed(value)}
		}
	default:
		t.Fatalf("unknown option %s", text)
	}
}

// describe prints a report. Times are RFC 3339, which is what people get.
func describe(r Report) string {
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintln(&b, f)
	}
	if r.Total() != int64(len(r.Findings)) {
		for _, c := range r.Counts {
			fmt.Fprintf(&b, "%s %v: %d\n", c.Check, c.Series, c.Count)
		}
	}
	for _, c := range r.Compared {
		fmt.Fprintf(&b, "%s: %v%s against %v%s: %d of %d equal, of %d and %d\n", c.Check, c.Series, in(c.File), c.Against, in(c.AgainstFile),
			c.Equal, c.Points, c.Rows, c.AgainstRows)
	}
	if r.Resyncs > 0 {
		fmt.Fprintf(&b, "resyncs: %d\n", r.Resyncs)
	}
	if b.Len() == 0 {
		return "nothing"
	}
	return b.String()
}

func in(file string) string {
	if file == "" {
		return ""
	}
	return " in " + file
}
