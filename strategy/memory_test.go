package strategy

import (
	"strings"
	"testing"

	"github.com/pmbot/pmbot/exchange"
)

// TestMemoryAsJSON: what was not saved stays, and another version or layout is refused.
func TestMemoryAsJSON(t *testing.T) {
	type memory struct {
		Price exchange.Fixed
		Count int
	}
	version, state, err := SaveJSON(3, memory{exchange.FixedOne, 7})
	if err != nil || version != 3 {
		t.Fatal(version, err)
	}
	got := struct {
		memory
		New string
	}{New: "as Start has left it"}
	if err := RestoreJSON(version, state, 3, &got); err != nil || got.Price != exchange.FixedOne || got.Count != 7 || got.New == "" {
		t.Errorf("%+v, %v", got, err)
	}
	if err := RestoreJSON(2, state, 3, &got); err == nil || !strings.Contains(err.Error(), "version 2 is not 3") {
		t.Error(err)
	}
	if err := RestoreJSON(3, []byte(`{"Count":"x"}`), 3, &got); err == nil {
		t.Error("another layout is taken")
	}
}

// TestRules: each kind says its side from the bar on at which it is known, and what it remembers
// goes on where it was saved.
func TestRules(t *testing.T) {
	closes := []int64{100, 101, 102, 103, 90, 80, 80, 120, 130}
	for kind, want := range map[string][]int{
		"sma":      {0, 0, 1, 1, -1, -1, -1, 1, 1},
		"ema":      {0, 0, 1, 1, -1, -1, -1, 1, 1},
		"breakout": {0, 0, 0, 1, -1, -1, 0, 1, 1},
		"other":    {0, 0, 0, 0, 0, 0, 0, 0, 0},
	} {
		r := NewRule(kind, 2, 3)
		for i, c := range closes {
			next := NewRule(kind, 2, 3)
			if err := RestoreStates(States(r.Indicators()...), next.Indicators()...); err != nil {
				t.Fatal(err)
			}
			p := exchange.Fixed(c) * exchange.FixedOne
			bar := &exchange.Bar{Open: p, High: p, Low: p, Close: p}
			if got, restored := r.Push(bar), next.Push(bar); got != want[i] || restored != got {
				t.Errorf("%s, bar %d at %d: %d and restored %d, want %d", kind, i, c, got, restored, want[i])
			}
		}
	}
}
