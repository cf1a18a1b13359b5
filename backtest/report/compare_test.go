package report

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"charm.land/lipgloss/v2"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/compare"
	"github.com/pmbot/pmbot/backtest/stats"
)

// editedFills are the fills of a run with some of them changed.
func editedFills(r *backtest.Result, edit func(i int, f *backtest.FillRow)) backtest.Rows[backtest.FillRow] {
	var list []backtest.FillRow
	for i, f := range r.Fills.All() {
		row := *f
		edit(i, &row)
		list = append(list, row)
	}
	return backtest.RowsOf(list...)
}

// variant is the run of fakeResult(hours) with other fees, a longer look back and one
// instrument less of data.
func variant(hours int) *backtest.Result {
	r := fakeResult(hours)
	r.ID, r.Hash = "20261101T113000Z-91ab44d0", "91ab44d0c04f6d20a9b34c1f7d6e5a8b9c0d1e2f3a4b5c6d7e8f9a0b1c2d3e4f"
	r.ConfigHash, r.DataHash, r.StrategyHash, r.Version, r.Seed = "beef", "da7a0023", "57a70034", "0.2.0", 8
	r.Strategies[0].Version, r.Strategies[0].Params["enter_bp"] = "1.3.0", "8"
	delete(r.Strategies[1].Params, "skew")
	r.Data = slices.Delete(r.Data, 2, 3)
	r.Data[1].Gaps, r.Data[1].Rows, r.Data[1].Hash = 0, r.Data[1].Rows+2, "ffff5b7c9d1e2f4a6b8c0d2e4f6a8b0c"
	r.Warnings = r.Warnings[1:]
	r.Fills = editedFills(r, func(i int, f *backtest.FillRow) {
		if i >= 4 {
			f.Fee = f.Fee.Add(cents(3))
		}
	})
	for i := range r.Equity {
		a := &r.Equity[i].Account
		a.Equity = a.Equity.Sub(cents(int64(i)))
	}
	r.Total.Fees, r.Total.Net = r.Total.Fees.Sub(cents(90_000)), r.Total.Net.Sub(cents(90_000))
	r.ByStrategy[0].Net = r.ByStrategy[0].Net.Sub(cents(90_000))
	r.ByStrategy[1].Name = "mm-sol"
	return r
}

func compared(name string, r *backtest.Result, config map[string]string) compare.Run {
	return compare.Run{Name: name, Result: r, Config: config}
}

// comparedRuns are two runs with their configurations.
func comparedRuns(hours int) []compare.Run {
	return []compare.Run{
		compared("runs/first", fakeResult(hours), map[string]string{"seed": "7", "venue.um.taker": "0.0005", "risk.open_orders_max": "20", "strategy.carry-btc.params.enter_bp": "6"}),
		compared("runs/second", variant(hours), map[string]string{"seed": "8", "venue.um.taker": "0.0004", "account.leverage": "5", "strategy.carry-btc.params.enter_bp": "8"}),
	}
}

func TestCompareGolden(t *testing.T) {
	two := comparedRuns(24 * 20)
	longer := compared("runs/longer", fakeResult(24*25), two[0].Config)
	longer.Result.Hash = "5b9c0d1e2f3a4b5c6d7e8f9a0b1c2d3e4f5a6b7be1c04f6d20a9b34c1f7d6e5a8"
	for _, c := range []struct {
		name string
		runs []compare.Run
		opt  ConsoleOptions
	}{
		{"compare.txt", two, ConsoleOptions{Report: "compare.html"}},
		{"compare-60.txt", two, ConsoleOptions{Width: 60}},
		{"compare-three.txt", []compare.Run{two[0], two[1], longer}, ConsoleOptions{Width: 120}},
		{"compare-same.txt", []compare.Run{two[0], two[0]}, ConsoleOptions{Width: 100}},
		{"compare-empty.txt", []compare.Run{{Name: "a", Result: &backtest.Result{}}, {Name: "b", Result: &backtest.Result{}}}, ConsoleOptions{Width: 100}},
		{"compare-color.txt", two, ConsoleOptions{Width: 100, Color: true}},
		{"compare-hostile.txt", []compare.Run{two[0], compared("evil\x1b[31m", hostile(), map[string]string{"\x1b]0;x\a": "\u202e"})}, ConsoleOptions{Width: 100}},
	} {
		var b bytes.Buffer
		if err := CompareConsole(&b, compare.Of(c.runs...), c.opt); err != nil {
			t.Fatal(err)
		}
		golden(t, c.name, b.Bytes())
	}
	b, err := json.MarshalIndent(compare.Of(comparedRuns(3)...), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "compare.json", append(b, '\n'))
}

// A run compared with itself has no difference, whatever it looks like.
func TestCompareWithItself(t *testing.T) {
	for name, r := range runs() {
		run := compared(name, r, map[string]string{"a": "1"})
		c := compare.Of(run, run, run)
		if len(c.Differ) > 0 {
			t.Errorf("%s: differs from itself: %v", name, c.Differ)
		}
		for _, p := range c.Partings {
			if len(p.List) > 0 {
				t.Errorf("%s: parts from itself: %+v", name, p.List)
			}
		}
		for _, s := range c.Statistics {
			if len(s.Best) > 0 {
				t.Errorf("%s: better than itself in %s", name, s.Key)
			}
			for _, f := range s.Values[1:] {
				if f.Value.Valid && s.Unit != stats.Time && (!f.Change.Valid || !f.Change.Decimal.IsZero()) {
					t.Errorf("%s: %s changes by %v", name, s.Key, f.Change)
				}
			}
		}
		if c.Equal != (r.Hash != "") || !c.SamePeriod {
			t.Errorf("%s: equal is %v, same period %v", name, c.Equal, c.SamePeriod)
		}
	}
}

// What differs does not depend on which run is first; only the sides change.
func TestCompareIsSymmetric(t *testing.T) {
	all := runs()
	all["variant"] = variant(24 * 20)
	for x, a := range all {
		for y, b := range all {
			there, back := compare.Of(compared("", a, nil), compared("", b, nil)), compare.Of(compared("", b, nil), compared("", a, nil))
			if len(there.Differ) != len(back.Differ) {
				t.Fatalf("%s and %s: %d differences one way, %d the other", x, y, len(there.Differ), len(back.Differ))
			}
			for i, d := range there.Differ {
				e := back.Differ[i]
				if d.Area != e.Area || d.Key != e.Key || said(d.Values[0]) != said(e.Values[1]) || said(d.Values[1]) != said(e.Values[0]) {
					t.Errorf("%s and %s: %v one way, %v the other", x, y, d, e)
				}
			}
			p, q := there.Partings[0].List, back.Partings[0].List
			if len(p) != len(q) {
				t.Fatalf("%s and %s: %d partings one way, %d the other", x, y, len(p), len(q))
			}
			for i := range p {
				if p[i].Kind != q[i].Kind || p[i].At != q[i].At || p[i].First != q[i].Other || p[i].Other != q[i].First {
					t.Errorf("%s and %s: %+v one way, %+v the other", x, y, p[i], q[i])
				}
			}
		}
	}
}

func said(v *string) string {
	if v == nil {
		return "nothing"
	}
	return "is " + *v
}

// No line is wider than the terminal, down to the width that names and two runs need.
func TestCompareStaysWithinTheTerminal(t *testing.T) {
	all := comparedRuns(24 * 20)
	all = append(all, compared("runs/longer", fakeResult(24*25), nil), compared("quiet", runs()["sample"], nil))
	for n := 2; n <= len(all); n++ {
		for width := 40 + 12*n; width <= 160; width += 12 {
			var b bytes.Buffer
			if err := CompareConsole(&b, compare.Of(all[:n]...), ConsoleOptions{Width: width}); err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(b.String()) {
				if line = strings.TrimSuffix(line, "\n"); lipgloss.Width(line) > width {
					t.Errorf("%d runs at %d: line of %d columns: %s", n, width, lipgloss.Width(line), line)
				}
			}
		}
	}
}
