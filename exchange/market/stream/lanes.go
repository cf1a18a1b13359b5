package stream

import "slices"

// PerConnection is how many streams Binance takes on a connection; the one after them
// closes it, and all are lost.
const PerConnection = 1024

// Lanes splits streams into the lists that one connection each carries: all of a list have
// one route, and there are at most so many of them. Each goes, in the order given, to the first
// list of its route that has room. A stream given twice is taken once. most is from 1 to
// [PerConnection]; what is outside of it is taken for the nearer.
//
// It is the start; [Relane] changes lanes in use.
func Lanes(streams []Stream, most int) [][]Stream { return Relane(nil, streams, nil, most) }

// Relane takes streams out of lanes and puts others in, and moves none: every stream that
// stays, stays in the lane of its index, and lanes given are not written to. A lane that
// nothing is left in stays as an empty list, so that indexes hold, and takes the streams of
// any route when they need a new lane. Lanes that have more than most streams keep them.
func Relane(lanes [][]Stream, add, remove []Stream, most int) [][]Stream {
	most = min(PerConnection, max(1, most))
	gone := setOf(remove)
	held := map[Stream]bool{}
	out := make([][]Stream, len(lanes))
	for i, lane := range lanes {
		for _, s := range lane {
			if !gone[s] && !held[s] {
				held[s] = true
				out[i] = append(out[i], s)
			}
		}
	}
	for _, s := range add {
		if held[s] {
			continue
		}
		held[s] = true
		i := slices.IndexFunc(out, func(lane []Stream) bool {
			return len(lane) > 0 && len(lane) < most && lane[0].Route() == s.Route()
		})
		if i < 0 {
			i = slices.IndexFunc(out, func(lane []Stream) bool { return len(lane) == 0 })
		}
		if i < 0 {
			i, out = len(out), append(out, nil)
		}
		out[i] = append(out[i], s)
	}
	return out
}

func setOf(streams []Stream) map[Stream]bool {
	set := make(map[Stream]bool, len(streams))
	for _, s := range streams {
		set[s] = true
	}
	return set
}
