package link_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/exchange"
)

var rewrite = flag.Bool("rewrite", false, "write the scripts' output anew; read the diff before you commit it")

// TestScripts runs testdata/script/*.txt: input lines, each followed by what a strategy was
// told until the next, indented. The lines are:
//
//	latency feed|entry|answer DELAY   fault LINE                 before start
//	start                             opens the account, at 60000
//	@TIME ...                         lets time pass, since the start, before this line
//	trade|mark|open UM|CM PRICE [QTY] a market event
//	buy|sell NAME UM|CM QTY market|PRICE [gtx] [ioc] [reduce]
//	amend NAME PRICE QTY   cancel NAME   account   end
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/script/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := runScript(t, string(want))
			if *rewrite {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(want) {
				t.Errorf("%s differs; got\n%s", file, got)
			}
		})
	}
}

func runScript(t *testing.T, text string) string {
	d := newDesk(t)
	var out strings.Builder
	for n, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if strings.HasPrefix(line, "  ") {
			continue // old output
		}
		f := strings.Fields(line)
		if len(f) > 0 && strings.HasPrefix(line, "@") {
			// What time brings before a line stands above it.
			d.seen = func(e *exchange.Event) { out.WriteString(d.told(e)) }
			if err := d.wait(f); err != nil {
				t.Fatalf("line %d: %s: %v", n+1, line, err)
			}
			f = f[1:]
		}
		out.WriteString(line + "\n")
		if len(f) == 0 || strings.HasPrefix(line, "#") {
			continue
		}
		d.seen = func(e *exchange.Event) { out.WriteString(d.told(e)) }
		if f[0] == "account" {
			a := d.link.Account()
			fmt.Fprintf(&out, "  equity %v, maintenance %v, initial margin %v\n", a.Equity.Round(2), a.MaintMargin.Round(2), a.InitialMargin.Round(2))
			continue
		}
		if err := d.run(f); err != nil {
			t.Fatalf("line %d: %s: %v", n+1, line, err)
		}
	}
	if d.link != nil {
		for _, missed := range d.link.Missed() {
			out.WriteString("  missed " + missed + "\n")
		}
	}
	return out.String()
}
