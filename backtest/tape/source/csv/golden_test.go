package csv

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
)

var rewrite = flag.Bool("rewrite", false, "write what the tests see into testdata")

// TestGolden reads the small files in testdata and compares what comes out: for each
// series the rows with their lines and all columns that are not 0, then what was noticed.
// A case is a line with the file's name and what the caller knows, the file's text, a
// line of four dashes, and the outcome up to a blank line.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files", err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			got := replay(t, string(want))
			if *rewrite {
				if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(want) {
				t.Errorf("differs from %s; run with -rewrite and read the difference\n%s", name, got)
			}
		})
	}
}

// replay runs the cases of a golden file.
func replay(t *testing.T, script string) string {
	var out strings.Builder
	for _, part := range strings.Split(strings.TrimSpace(script), "\n\n") {
		lines := strings.Split(part, "\n")
		for len(lines) > 0 && strings.HasPrefix(lines[0], "# ") {
			fmt.Fprintln(&out, lines[0])
			lines = lines[1:]
		}
		if len(lines) == 0 {
			fmt.Fprintln(&out)
			continue
		}
		text := []string{}
		for _, line := range lines[1:] {
			if line == "----" {
				break
			}
			text = append(text, line)
		}
		fmt.Fprintln(&out, lines[0])
		for _, line := range text {
			fmt.Fprintln(&out, line)
		}
		fmt.Fprintf(&out, "----\n%s\n", outcome(t, lines[0], text))
	}
	return out.String()
}

// outcome reads one file of a golden text.
func outcome(t *testing.T, command string, lines []string) string {
	words := strings.Fields(command)
	text := strings.Join(lines, "\n") + "\n"
	text = strings.NewReplacer("<BOM>", "\ufeff", "<TAB>", "\t", "<CR>", "\r").Replace(text)
	var spec source.Spec
	for _, word := range words[2:] {
		name, value, _ := strings.Cut(word, "=")
		var err error
		switch name {
		case "market":
			spec.Key.Product, err = row.ParseMarket(value)
		case "symbol":
			spec.Key.Symbol = value
		case "kind":
			spec.Key.Kind = row.Kind(value)
		case "interval":
			spec.Key.Interval, err = row.ParseInterval(value)
		case "map":
			spec.Columns, err = ParseColumns(value)
		case "no-line-end":
			text = text[:len(text)-1]
		default:
			t.Fatalf("%s: unknown word %s", command, word)
		}
		if err != nil {
			return fmt.Sprintf("error: %v\n", err)
		}
	}
	dir := t.TempDir()
	path := filepath.Join(dir, filepath.FromSlash(words[1]))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := readFile(t, path, spec)
	var out strings.Builder
	if c != nil {
		c.print(&out)
	}
	if err != nil {
		fmt.Fprintf(&out, "error: %s\n", strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), ""))
	}
	return out.String()
}

func (c *content) print(out *strings.Builder) {
	for _, key := range c.keys {
		fmt.Fprintln(out, key)
		for i := range c.rows[key].Len() {
			fmt.Fprintf(out, "  %d:%s\n", c.lines[key][i], rowText(c.rows[key].Index(i)))
		}
	}
	for _, b := range c.bad {
		fmt.Fprintf(out, "bad %d of %v: %v\n", b.Line, b.Key, b.Reason)
	}
	if len(c.notes.Absent) > 0 {
		fmt.Fprintln(out, "absent", strings.Join(c.notes.Absent, " "))
	}
	for _, w := range c.notes.Warnings {
		fmt.Fprintln(out, "warning:", w)
	}
	for _, p := range c.notes.Passed {
		fmt.Fprintf(out, "passed %d %s\n", p.Count, p.Name)
	}
}

// rowText prints the columns of a row that are not 0.
func rowText(v reflect.Value) string {
	switch r := v.Addr().Interface().(type) {
	case *row.Trade:
		return columnsText(r)
	case *row.Bar:
		return columnsText(r)
	case *row.Ticker:
		return columnsText(r)
	case *row.Level:
		return columnsText(r)
	case *row.Bucket:
		return columnsText(r)
	case *row.Mark:
		return columnsText(r)
	case *row.Funding:
		return columnsText(r)
	case *row.Metric:
		return columnsText(r)
	case *row.Liquidation:
		return columnsText(r)
	}
	panic(fmt.Sprintf("no row type %v", v.Type()))
}

func columnsText[R any](r *R) string {
	var b, zero []byte
	for _, c := range row.Columns[R]() {
		b = append(append(b, ' '), c.Name...)
		start := len(b)
		b = row.Text(append(b, '='), &c, r)
		zero = row.Text(append(zero[:0], '='), &c, new(R))
		if bytes.Equal(b[start:], zero) {
			b = b[:start-1-len(c.Name)]
		}
	}
	return string(b)
}
