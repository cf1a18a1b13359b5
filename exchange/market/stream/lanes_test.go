package stream

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

var seed = flag.Uint64("seed", 1, "seed of the random lanes")

// made returns n streams of all routes in a random order.
func made(r *rand.Rand, n int) []Stream {
	var list []Stream
	for i := range n {
		symbol := fmt.Sprintf("S%dUSD", i)
		switch r.IntN(4) {
		case 0:
			list = append(list, Stream{Product: um, Kind: Depth, Symbol: symbol + "T"})
		case 1:
			list = append(list, Stream{Product: um, Kind: AggTrade, Symbol: symbol + "T"})
		case 2:
			list = append(list, Stream{Product: cm, Kind: AggTrade, Symbol: symbol + "_PERP"})
		default:
			list = append(list, Stream{Product: spot, Kind: AggTrade, Symbol: symbol + "T"})
		}
	}
	return list
}

// holds checks what is true of all lanes, and returns the lane of each stream.
func holds(t *testing.T, lanes [][]Stream, most int) map[Stream]int {
	t.Helper()
	at := map[Stream]int{}
	for i, lane := range lanes {
		if len(lane) > most {
			t.Fatalf("-seed=%d: lane %d has %d streams", *seed, i, len(lane))
		}
		for _, s := range lane {
			if _, twice := at[s]; twice || s.Route() != lane[0].Route() {
				t.Fatalf("-seed=%d: lane %d of %v: %v", *seed, i, lane[0].Route(), s)
			}
			at[s] = i
		}
	}
	return at
}

// TestRelane adds and removes streams at random, and holds that every stream asked for is in
// one lane of its route, that none has moved, and that the lanes given were not touched.
func TestRelane(t *testing.T) {
	r := rand.New(rand.NewPCG(*seed, 3))
	for range 200 {
		most := 1 + r.IntN(8)
		pool := made(r, 60)
		var lanes [][]Stream
		want := map[Stream]bool{}
		at := map[Stream]int{}
		for range 20 {
			var add, remove []Stream
			for _, s := range pool {
				switch r.IntN(6) {
				case 0:
					add, want[s] = append(add, s), true
				case 1:
					remove = append(remove, s)
					if !slices.Contains(add, s) {
						delete(want, s)
					}
				}
			}
			var before [][]Stream
			for _, lane := range lanes {
				before = append(before, slices.Clone(lane))
			}
			next := Relane(lanes, add, remove, most)
			for i := range before {
				if !slices.Equal(before[i], lanes[i]) {
					t.Fatalf("-seed=%d: lane %d was written to", *seed, i)
				}
			}
			now := holds(t, next, most)
			for s, i := range now {
				if was, ok := at[s]; ok && was != i && !slices.Contains(remove, s) {
					t.Fatalf("-seed=%d: %v moved from lane %d to %d", *seed, s, was, i)
				}
				if !want[s] {
					t.Fatalf("-seed=%d: %v was not asked for", *seed, s)
				}
			}
			if len(now) != len(want) || len(next) < len(lanes) {
				t.Fatalf("-seed=%d: %d streams, want %d; %d lanes after %d", *seed, len(now), len(want), len(next), len(lanes))
			}
			lanes, at = next, now
		}
	}
}

// TestLanes holds that the first split is full but for the last lane of each route, and that
// streams added to the list move none of it.
func TestLanes(t *testing.T) {
	r := rand.New(rand.NewPCG(*seed, 4))
	list := made(r, 5000)
	lanes := Lanes(append(slices.Clone(list), list...), 1024)
	holds(t, lanes, 1024)
	open := map[Route]int{}
	for _, lane := range lanes {
		if len(lane) < 1024 {
			open[lane[0].Route()]++
		}
	}
	for route, n := range open {
		if n > 1 {
			t.Errorf("%v has %d lanes with room", route, n)
		}
	}
	longer := Lanes(append(slices.Clone(list), Stream{Product: um, Kind: Mark}), 1024)
	for i, lane := range lanes {
		if !slices.Equal(lane, longer[i][:len(lane)]) {
			t.Errorf("lane %d changed", i)
		}
	}
	for most, want := range map[int]int{-1: 3, 0: 3, 1: 3, 2: 2, 5: 1, 1 << 20: 1} {
		three := []Stream{{Product: um, Kind: Mark}, {Product: um, Kind: Mark, Speed: sec}, {Product: um, Kind: Ticker}}
		if got := len(Lanes(three, most)); got != want {
			t.Errorf("at most %d: %d lanes, want %d", most, got, want)
		}
	}
	if got := len(Lanes(list[:0], 5)); got != 0 {
		t.Errorf("%d lanes of nothing", got)
	}
	if got := holds(t, Lanes(list, 1<<20), PerConnection); len(got) != len(list) {
		t.Errorf("%d streams, want %d", len(got), len(list))
	}
}
