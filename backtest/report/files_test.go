package report

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/rundir"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/raced"
)

func onePage(w io.Writer, r *backtest.Result) error { return HTML(w, ColumnsOf(r)) }

// The same page and the same tables can be made again from the files of a run.
func TestSameAgainFromFiles(t *testing.T) {
	for name, r := range shortRuns() {
		runs := filepath.Join(t.TempDir(), "runs")
		r.Schema, r.ID = backtest.ResultSchema, "20260101T000000Z-"+name
		r.Orders.Fills = r.Fills.Len()
		for i := range r.Refusals {
			r.Refusals[i].At = fakeStart
		}
		dir, err := rundir.Write(runs, r, rundir.Page{Name: "report.html", Write: onePage})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := rundir.Load(dir)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		console := func(w io.Writer, r *backtest.Result) error { return Console(w, r, ConsoleOptions{Width: 100}) }
		for what, write := range map[string]func(io.Writer, *backtest.Result) error{"page": onePage, "tables": console} {
			var x, y bytes.Buffer
			if err := errors.Join(write(&x, r), write(&y, got)); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(x.Bytes(), y.Bytes()) {
				t.Errorf("%s: the %s of the files differ", name, what)
			}
		}
	}
}

// A disk that fills up leaves no page that looks whole.
func TestPageOnAFullDisk(t *testing.T) {
	if err := HTML(&fullDisk{100}, ColumnsOf(fakeResult(3))); err == nil {
		t.Error("no error from a writer that failed")
	}
}

// Numbers and times at the ends of what a file may say still make a page and tables.
func TestExtremeValuesRender(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	numbers := []string{"0", "-0", "1e-64", "-1e60", "1e60", "99999999", "-0.000000000000000000000001", "123456789012345678901234567890.123456789"}
	times := []exchange.Time{0, fakeStart, exchange.Time(946684800e9), exchange.Time(7258118399e9), fakeStart + 1}
	for range raced.Fewer(15, 3) {
		r := fakeResult(5)
		change := func(v reflect.Value) {
			switch x := v.Addr().Interface().(type) {
			case *decimal.Decimal:
				*x = decimal.RequireFromString(numbers[rng.IntN(len(numbers))])
			case *exchange.Time:
				*x = times[rng.IntN(len(times))]
			case *exchange.Fixed:
				*x = []exchange.Fixed{0, 1, -1, exchange.FixedMin, exchange.FixedMax}[rng.IntN(5)]
			}
		}
		spoil(reflect.ValueOf(r).Elem(), change)
		var fills backtest.Rows[backtest.FillRow]
		for _, f := range r.Fills.All() {
			spoil(reflect.ValueOf(f).Elem(), change)
			fills.Add(f)
		}
		r.Fills = fills
		var b bytes.Buffer
		if err := rundir.JSON(&b, r); err != nil {
			t.Fatal(err)
		}
		if _, err := rundir.ReadJSON(&b); err != nil {
			t.Fatal(err)
		}
		out := renderPage(t, r)
		if body := out[:strings.LastIndex(out, "<script>")]; strings.Contains(body, "NaN") || strings.Contains(body, "Inf") {
			t.Error("the page has a number that does not exist")
		}
		if err := Console(io.Discard, r, ConsoleOptions{Width: 100}); err != nil {
			t.Fatal(err)
		}
	}
}

// spoil calls change on every exported leaf and struct.
func spoil(v reflect.Value, change func(reflect.Value)) {
	change(v)
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[decimal.Decimal]() {
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				spoil(v.Field(i), change)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			spoil(v.Index(i), change)
		}
	}
}

// Whatever a result.json says, if it reads at all then page and console can be made of it.
func FuzzReadJSON(f *testing.F) {
	small := fakeResult(1)
	small.Data, small.ByLeg, small.ByMonth, small.Prices, small.Warnings, small.Strategies = nil, nil, nil, small.Prices[:1], nil, nil
	for _, r := range []*backtest.Result{small, {Schema: backtest.ResultSchema}} {
		var b bytes.Buffer
		if err := rundir.JSON(&b, r); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := rundir.ReadJSON(bytes.NewReader(in))
		if err != nil {
			return
		}
		if err := errors.Join(onePage(io.Discard, r), Console(io.Discard, r, ConsoleOptions{Width: 80})); err != nil {
			t.Fatal(err)
		}
	})
}
