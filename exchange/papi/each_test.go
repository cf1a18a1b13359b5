package papi

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// archive is entries by their milliseconds, and how a server cuts a list of them.
type archive struct {
	times []int64
	limit int
	// newest says that a list that is too long loses its oldest entries.
	newest bool
	// longest is the longest window that was asked for.
	longest time.Duration
	asked   int
}

// entry is the place in the archive and its time.
type entry struct {
	id int
	at int64
}

func (l *archive) list(w Window) ([]entry, error) {
	l.asked++
	l.longest = max(l.longest, w.EndTime.Sub(w.StartTime))
	var found []entry
	for id, at := range l.times {
		if at >= w.StartTime.Millis() && at <= w.EndTime.Millis() {
			found = append(found, entry{id, at})
		}
	}
	if extra := len(found) - l.limit; extra > 0 && l.newest {
		return found[extra:], nil
	} else if extra > 0 {
		return found[:l.limit], nil
	}
	return found, nil
}

func (l *archive) page(p PageQuery) (Page[entry], error) {
	var whole archive
	whole.times, whole.limit = l.times, len(l.times)
	all, _ := whole.list(p.Window)
	rows, err := l.list(p.Window)
	return Page[entry]{Rows: rows, Total: int64(len(all))}, err
}

// TestEach holds over random ledgers that every entry comes once and in order, whichever end
// the server cuts lists at, and that no window is longer than allowed.
func TestEach(t *testing.T) {
	const span = 7*day - time.Millisecond
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 1))
		start := 1_700_000_000_000 + random.Int64N(1e9)
		length := 1 + random.Int64N(int64(60*day/time.Millisecond))
		l := &archive{limit: 2 + random.IntN(20), newest: random.IntN(2) == 0}
		for at := start; ; {
			switch random.IntN(4) {
			case 0:
				at += random.Int64N(length/3 + 1)
			case 1: // the same millisecond, but never a page full of it
				if n := len(l.times); n >= l.limit-1 && l.times[n-l.limit+1] == at {
					at++
				}
			default:
				at += random.Int64N(1000)
			}
			if at > start+length || len(l.times) > 400 {
				break
			}
			l.times = append(l.times, at)
		}
		w := Window{exchange.Millis(start), exchange.Millis(start+length) + 999_999}
		var want []entry
		for id, at := range l.times {
			want = append(want, entry{id, at})
		}
		for name, got := range map[string]func() ([]entry, error){
			"list": func() ([]entry, error) { return collect(eachList(w, span, l.limit, l.list)) },
			"page": func() ([]entry, error) { return collect(eachPage(w, span, l.page)) },
		} {
			entries, err := got()
			if err != nil || !slices.Equal(entries, want) {
				t.Fatalf("seed %d, %s: %d of %d entries, %v", seed, name, len(entries), len(want), err)
			}
			if l.longest > span-time.Millisecond {
				t.Fatalf("seed %d, %s: a window of %v", seed, name, l.longest)
			}
		}
	}
}

func collect(seq func(func(entry, error) bool)) ([]entry, error) {
	var all []entry
	for e, err := range seq {
		if err != nil {
			return all, err
		}
		all = append(all, e)
	}
	return all, nil
}

func TestEachStops(t *testing.T) {
	const start = 1_700_000_000_000
	w := Window{exchange.Millis(start), exchange.Millis(start + 1000)}
	crowd := &archive{limit: 3, times: []int64{start, start + 500, start + 500, start + 500, start + 900}}
	if got, err := collect(eachList(w, day, 3, crowd.list)); !errors.Is(err, ErrCrowded) || len(got) != 1 {
		t.Errorf("a millisecond with a page full: %v, %v", got, err)
	}
	down := errors.New("down")
	calls := 0
	failing := func(Window) ([]entry, error) {
		if calls++; calls == 3 {
			return nil, down
		}
		return []entry{{calls, 0}}, nil
	}
	long := Window{w.StartTime, w.EndTime.Add(10 * day)}
	if got, err := collect(eachList(long, day, 3, failing)); err != down || len(got) != 2 || calls != 3 {
		t.Errorf("a failing page: %v, %v after %d calls", got, err, calls)
	}
	for range eachList(w, day, 9, crowd.list) {
		break // a loop that ends early asks once and does not panic
	}
	for _, none := range []Window{{}, {0, w.EndTime}, {w.StartTime, 0}, {w.EndTime, w.StartTime}} {
		crowd.asked = 0
		if got, err := collect(eachList(none, day, 9, crowd.list)); err == nil || len(got) != 0 || crowd.asked != 0 {
			t.Errorf("window %v: %v, %v", none, got, err)
		}
	}
	same := Window{w.StartTime, w.StartTime}
	if got, err := collect(eachList(same, day, 9, crowd.list)); err != nil || len(got) != 1 {
		t.Errorf("a window of one millisecond: %v, %v", got, err)
	}
	far := Window{exchange.Never.Add(-20 * day), exchange.Never}
	if got, err := collect(eachList(far, day, 9, crowd.list)); err != nil || len(got) != 0 {
		t.Errorf("a window to the end of time: %v, %v", got, err)
	}
}
