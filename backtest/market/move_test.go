package market

import (
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// indexes are the index prices of an asset in order.
func indexes(t *testing.T, s Spec, asset string) (list []exchange.Fixed) {
	t.Helper()
	each(t, generate(t, s), 64, func(e *exchange.Event) {
		if e.Kind == exchange.KindAssetIndex && e.AssetIndex().Asset == asset {
			list = append(list, e.AssetIndex().Price)
		}
	})
	return list
}

// TestMoves: a stable coin goes down in equal steps and comes back, and the coin falls by what was
// planned, with chance on top, and is left alone before.
func TestMoves(t *testing.T) {
	still := Spec{Seed: 1, Start: start, Bar: time.Minute, Bars: 60, Legs: legs(t, "ETH"), Others: []string{"USDE"}}
	moved := still
	fixed := exchange.MustFixed
	moved.Moves = []Move{
		{At: 10 * still.Bar, For: 4 * still.Bar, Asset: "USDE", By: fixed("-0.4")},
		{At: 14 * still.Bar, For: still.Bar, Asset: "USDE", By: fixed("0.5")},
		{At: 20 * still.Bar, For: 10 * still.Bar, Asset: still.Legs[0].Base, By: fixed("-0.5")},
	}
	stable := indexes(t, moved, "USDE")
	for i, want := range map[int]string{0: "1", 10: "1", 11: "0.9", 12: "0.8", 14: "0.6", 15: "0.9", 60: "0.9"} {
		if diff := (stable[i] - fixed(want)).Abs(); diff > 2 {
			t.Errorf("USDE is %v after %d bars, want %s", stable[i], i, want)
		}
	}
	coin := still.Legs[0].Base
	was, is := indexes(t, still, coin), indexes(t, moved, coin)
	for i := range 21 {
		if was[i] != is[i] {
			t.Errorf("bar %d: %v, without moves %v", i, is[i], was[i])
		}
	}
	if half := is[20] / 2; is[30] < half*8/10 || is[30] > half*12/10 {
		t.Errorf("from %v to %v, want about half", is[20], is[30])
	}
}

// TestBadMoves: each is refused in words.
func TestBadMoves(t *testing.T) {
	for want, change := range map[string]func(*Spec){
		"move 0: asset \"DOGE\"":                        func(s *Spec) { s.Moves[0].Asset = "DOGE" },
		"move 0: at 30s must be a whole number":         func(s *Spec) { s.Moves[0].At = 30 * time.Second },
		"move 0: for 0s must be a whole number":         func(s *Spec) { s.Moves[0].For = 0 },
		"move 0: for 1h1m0s ends":                       func(s *Spec) { s.Moves[0].For = time.Duration(s.Bars+1) * s.Bar },
		"move 0: by -1 must be above -1":                func(s *Spec) { s.Moves[0].By = -exchange.FixedOne },
		"other asset USDT is what":                      func(s *Spec) { s.Others = []string{"USDE", "USDT"} },
		"other asset USDE stands twice":                 func(s *Spec) { s.Others = []string{"USDE", "USDE"} },
		"other assets must have names, and not the coi": func(s *Spec) { s.Others = []string{"USDE", ""} },
		"101 moves; 100 at most":                        func(s *Spec) { s.Moves = make([]Move, 101) },
	} {
		s := Spec{Seed: 1, Start: start, Bar: time.Minute, Bars: 60, Legs: legs(t, "ETH")}
		s.Others, s.Moves = []string{"USDE"}, []Move{{At: s.Bar, For: s.Bar, Asset: "USDE", By: -1}}
		change(&s)
		if _, err := New(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
