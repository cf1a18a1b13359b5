package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"charm.land/lipgloss/v2"
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/stats"
	"github.com/pmbot/pmbot/exchange"
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

// comparedRuns are two runs with their configurations.
func comparedRuns(hours int) []Compared {
	return []Compared{
		{"runs/first", fakeResult(hours), map[string]string{"seed": "7", "venue.um.taker": "0.0005", "risk.open_orders_max": "20", "strategy.carry-btc.params.enter_bp": "6"}},
		{"runs/second", variant(hours), map[string]string{"seed": "8", "venue.um.taker": "0.0004", "account.leverage": "5", "strategy.carry-btc.params.enter_bp": "8"}},
	}
}

func TestCompareGolden(t *testing.T) {
	two := comparedRuns(24 * 20)
	longer := Compared{"runs/longer", fakeResult(24 * 25), two[0].Config}
	longer.Result.Hash = "5b9c0d1e2f3a4b5c6d7e8f9a0b1c2d3e4f5a6b7be1c04f6d20a9b34c1f7d6e5a8"
	for _, c := range []struct {
		name string
		runs []Compared
		opt  ConsoleOptions
	}{
		{"compare.txt", two, ConsoleOptions{Report: "compare.html"}},
		{"compare-60.txt", two, ConsoleOptions{Width: 60}},
		{"compare-three.txt", []Compared{two[0], two[1], longer}, ConsoleOptions{Width: 120}},
		{"compare-same.txt", []Compared{two[0], two[0]}, ConsoleOptions{Width: 100}},
		{"compare-empty.txt", []Compared{{Name: "a", Result: &backtest.Result{}}, {Name: "b", Result: &backtest.Result{}}}, ConsoleOptions{Width: 100}},
		{"compare-color.txt", two, ConsoleOptions{Width: 100, Color: true}},
		{"compare-hostile.txt", []Compared{two[0], {"evil\x1b[31m", hostile(), map[string]string{"\x1b]0;x\a": "\u202e"}}}, ConsoleOptions{Width: 100}},
	} {
		var b bytes.Buffer
		if err := Compare(c.runs...).Console(&b, c.opt); err != nil {
			t.Fatal(err)
		}
		golden(t, c.name, b.Bytes())
	}
	b, err := json.MarshalIndent(Compare(comparedRuns(3)...), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "compare.json", append(b, '\n'))
}

// A run compared with itself has no difference, whatever it looks like.
func TestCompareWithItself(t *testing.T) {
	for name, r := range runs() {
		run := Compared{name, r, map[string]string{"a": "1"}}
		c := Compare(run, run, run)
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
			there, back := Compare(Compared{"", a, nil}, Compared{"", b, nil}), Compare(Compared{"", b, nil}, Compared{"", a, nil})
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

// Runs part at the first row that differs, found again by comparing row by row as text.
func TestPartingIsTheFirstDifference(t *testing.T) {
	a := fakeResult(24 * 20)
	asText := func(r *backtest.Result) (out []string, at []exchange.Time) {
		for _, f := range r.Fills.All() {
			row := *f
			row.Tag, row.ClientID, row.TradeID, row.VenueID = "", "", 0, 0
			out, at = append(out, fmt.Sprintf("%+v", row)), append(at, f.At)
		}
		return out, at
	}
	was, at := asText(a)
	for n := 0; n < a.Fills.Len(); n += 7 {
		b := fakeResult(24 * 20)
		b.Hash = "other"
		b.Fills = editedFills(a, func(i int, f *backtest.FillRow) {
			f.Tag, f.ClientID = "another", "another" // ids and tags are no difference
			if i >= n {
				f.Price++
			}
		})
		is, _ := asText(b)
		want := slices.IndexFunc(was, func(s string) bool { return !slices.Contains(is, s) })
		p := partings(a, b)
		if len(p) != 1 || p[0].Kind != "fill" || p[0].Number != want+1 || p[0].At != at[want] || want != n {
			t.Fatalf("fill %d is changed, and the runs part at %+v", n+1, p)
		}
	}
}

func TestPartings(t *testing.T) {
	minutes := func(n int) exchange.Time { return fakeStart.Add(time.Duration(n) * time.Minute) }
	fill := func(n int) backtest.FillRow {
		return backtest.FillRow{At: minutes(n), Strategy: "s", Product: exchange.UM, Symbol: "BTCUSDT",
			Fill: exchange.Fill{Side: exchange.Buy, Price: exchange.FixedOne, Qty: exchange.FixedOne, FeeAsset: "USDT"}}
	}
	booking := backtest.LedgerRow{At: minutes(5), Strategy: "s", Asset: "USDT", Wallet: exchange.WalletUM, Delta: cents(100), Balance: cents(500)}
	refusal := backtest.RefusalRow{At: minutes(5), Strategy: "s", Rule: "limit", Text: "too large"}
	sample := func(n int, equity int64) backtest.Sample {
		return backtest.Sample{At: minutes(n), Account: exchange.Account{Equity: cents(equity)}}
	}
	for _, c := range []struct {
		name string
		a, b backtest.Result
		want string
	}{
		{"nothing", backtest.Result{Hash: "x"}, backtest.Result{Hash: "y"}, ""},
		{"another start", backtest.Result{From: minutes(1)}, backtest.Result{From: minutes(2)},
			"start 0 2026-08-01 00:01:00 | begins at 2026-08-01 00:01:00 | begins at 2026-08-01 00:02:00"},
		{"a fill more", backtest.Result{Fills: backtest.RowsOf(fill(1))}, backtest.Result{Fills: backtest.RowsOf(fill(1), fill(3))},
			"fill 2 2026-08-01 00:03:00 | no further fill | s: buy 1 UM BTCUSDT at 1, taker, fee 0 USDT"},
		{"a fill later", backtest.Result{Fills: backtest.RowsOf(fill(1))}, backtest.Result{Fills: backtest.RowsOf(fill(3))},
			"fill 1 2026-08-01 00:01:00 | s: buy 1 UM BTCUSDT at 1, taker, fee 0 USDT | no fill then; its next at 2026-08-01 00:03:00: s: buy 1 UM BTCUSDT at 1, taker, fee 0 USDT"},
		{"the refusal stands before what follows from it",
			backtest.Result{Fills: backtest.RowsOf(fill(5)), Ledger: backtest.RowsOf(booking)}, backtest.Result{Refusals: []backtest.RefusalRow{refusal}},
			"refusal 1 2026-08-01 00:05:00 | no further refusal | s: too large"},
		{"another equity", backtest.Result{Equity: []backtest.Sample{sample(1, 10), sample(2, 20)}},
			backtest.Result{Equity: []backtest.Sample{sample(1, 10), sample(2, 30)}}, "sample 2 2026-08-01 00:02:00 | equity 0.20 | equity 0.30"},
		{"sampled less often, and equal where both are", backtest.Result{Equity: []backtest.Sample{sample(1, 10), sample(2, 20), sample(3, 30)}},
			backtest.Result{Equity: []backtest.Sample{sample(1, 10), sample(3, 30)}}, "sample 2 2026-08-01 00:02:00 | a sample | no sample then"},
		{"sampled less often, and different where both are", backtest.Result{Equity: []backtest.Sample{sample(1, 10), sample(3, 31)}},
			backtest.Result{Equity: []backtest.Sample{sample(1, 10), sample(2, 20), sample(3, 30)}}, "sample 2 2026-08-01 00:03:00 | equity 0.31 | equity 0.30"},
	} {
		got := ""
		if list := partings(&c.a, &c.b); len(list) > 0 {
			p := list[0]
			got = fmt.Sprintf("%s %d %s | %s | %s", p.Kind, p.Number, instant(p.At), p.First, p.Other)
		}
		if got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

// The better value is marked, never an undefined one, and none where all are the same.
func TestBest(t *testing.T) {
	value := func(s string) Figure {
		if s == "-" {
			return Figure{Reason: "too short"}
		}
		return Figure{Value: decimal.NewNullDecimal(decimal.RequireFromString(s))}
	}
	for _, c := range []struct {
		better  int
		values  string
		best    string
		changes string
	}{
		{1, "1 2 3", "[2]", "- 1 2"},
		{-1, "1 2 3", "[0]", "- 1 2"},
		{0, "1 2 3", "[]", "- 1 2"},
		{1, "2 2 2", "[]", "- 0 0"},
		{1, "3 2 3", "[0 2]", "- -1 0"},
		{1, "- 2 3", "[2]", "- - -"},
		{1, "2 - 1", "[0]", "- - -1"},
		{1, "2 - -", "[]", "- - -"},
		{1, "- -", "[]", "- -"},
		{-1, "-3 -7 5", "[1]", "- -4 8"},
	} {
		row := StatisticRow{Better: c.better, Unit: stats.Ratio}
		for _, v := range strings.Fields(c.values) {
			row.Values = append(row.Values, value(v))
		}
		row.measure()
		changes := make([]string, len(row.Values))
		for i, f := range row.Values {
			if changes[i] = "-"; f.Change.Valid {
				changes[i] = f.Change.Decimal.String()
			}
		}
		if got := fmt.Sprint(row.Best); got != c.best || strings.Join(changes, " ") != c.changes {
			t.Errorf("%s, better %d: best %s and changes %v, want %s and %s", c.values, c.better, got, changes, c.best, c.changes)
		}
	}
}

// No line is wider than the terminal, down to the width that names and two runs need.
func TestCompareStaysWithinTheTerminal(t *testing.T) {
	all := comparedRuns(24 * 20)
	all = append(all, Compared{"runs/longer", fakeResult(24 * 25), nil}, Compared{"quiet", runs()["sample"], nil})
	for n := 2; n <= len(all); n++ {
		for width := 40 + 12*n; width <= 160; width += 12 {
			var b bytes.Buffer
			if err := Compare(all[:n]...).Console(&b, ConsoleOptions{Width: width}); err != nil {
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

// Every statistic that is said not to depend on the span is one.
func TestPerSpan(t *testing.T) {
	all := stats.Of(fakeResult(3))
	for _, key := range strings.Fields(perSpan) {
		if item := all.Get(key); strings.HasPrefix(item.Reason, "there is no statistic") {
			t.Error(item.Reason)
		}
	}
}
