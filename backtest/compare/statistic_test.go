package compare

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/stats"
)

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

// Instants are written as in every other document, and what is no instant as a number.
func TestFigureJSON(t *testing.T) {
	half := decimal.NewNullDecimal(decimal.New(5, -1))
	for _, c := range []struct {
		figure Figure
		want   string
	}{
		{Figure{Value: decimal.NewNullDecimal(decimal.NewFromInt(1678435200000000000)), instant: true}, `{"value":"2023-03-10T08:00:00Z","change":null}`},
		{Figure{Reason: "none", instant: true}, `{"value":null,"reason":"none","change":null}`},
		{Figure{Value: half, Change: half}, `{"value":"0.5","change":"0.5"}`},
	} {
		if got, err := json.Marshal(c.figure); err != nil || string(got) != c.want {
			t.Errorf("%s, %v, want %s", got, err, c.want)
		}
	}
}

// Every statistic that is said not to depend on the span is one.
func TestSpanFree(t *testing.T) {
	all := stats.Of(&backtest.Result{})
	for _, key := range strings.Fields(spanFree) {
		if item := all.Get(key); strings.HasPrefix(item.Reason, "there is no statistic") {
			t.Error(item.Reason)
		}
	}
}
