package book

import (
	"bufio"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/exchange"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the golden files of testdata")

// TestRules runs the story of testdata/rules.txt.
func TestRules(t *testing.T) {
	const path = "testdata/rules.txt"
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	var b *Book
	for line := range strings.Lines(string(want)) {
		if strings.HasPrefix(line, "  ->") {
			continue
		}
		out.WriteString(line)
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		switch words[0] {
		case "new":
			b = New(map[string]Rule{"futures": Futures, "spot": Spot}[words[1]])
		case "reset":
			b.Reset()
		default:
			d := parsePiece(t, line)
			outcome := b.Apply(&d)
			fmt.Fprintf(&out, "  -> %v%s\n", outcome, show(b))
			if outcome.Resync() != (strings.HasPrefix(outcome.String(), "resync")) || outcome.Resync() && b.Ready() {
				t.Errorf("%s: outcome %v leaves a book that is ready: %v", line, outcome, b.Ready())
			}
		}
	}
	if *rewrite {
		if err := os.WriteFile(path, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got := strings.Split(out.String(), "\n")
	for i, line := range strings.Split(string(want), "\n") {
		if i >= len(got) || got[i] != line {
			t.Fatalf("%s:%d: got %q, want %q", path, i+1, got[min(i, len(got)-1)], line)
		}
	}
}

func parsePiece(t *testing.T, line string) exchange.Depth {
	head, asks, ok := strings.Cut(line, " asks")
	head, bids, ok2 := strings.Cut(head, " bids")
	var d exchange.Depth
	var err error
	if strings.HasPrefix(head, "snapshot") {
		d.Snapshot = true
		_, err = fmt.Sscanf(head, "snapshot %d", &d.Last)
	} else {
		_, err = fmt.Sscanf(head, "diff %d %d %d", &d.First, &d.Last, &d.Prev)
	}
	if err != nil || !ok || !ok2 {
		t.Fatalf("line %q: %v", line, err)
	}
	levels := func(text string) (list []exchange.Level) {
		for _, word := range strings.Fields(text) {
			price, qty, _ := strings.Cut(word, ":")
			list = append(list, exchange.Level{Price: exchange.MustFixed(price), Qty: exchange.MustFixed(qty)})
		}
		return list
	}
	d.Bids, d.Asks = levels(bids), levels(asks)
	return d
}

func show(b *Book) string {
	if !b.Ready() {
		return ""
	}
	s := fmt.Sprintf(" at %d:", b.UpdateID())
	for _, side := range []exchange.Side{exchange.Buy, exchange.Sell} {
		s += map[exchange.Side]string{exchange.Buy: " bids", exchange.Sell: " asks"}[side]
		for i, l := range b.Append(nil, side, 99) {
			if i == b.Known(side) {
				s += " |"
			}
			s += fmt.Sprintf(" %v:%v", l.Price, l.Qty)
		}
	}
	if b.Drained() {
		s += " drained"
	}
	return s
}

// dumb is the second version: a map a side, sorted when asked.
type dumb [2]map[exchange.Fixed]exchange.Fixed

func (m *dumb) apply(d *exchange.Depth) {
	for i, levels := range [][]exchange.Level{d.Bids, d.Asks} {
		if d.Snapshot || m[i] == nil {
			m[i] = map[exchange.Fixed]exchange.Fixed{}
		}
		if d.Snapshot { // of a price listed twice, which no real one has, the first counts
			levels = slices.Clone(levels)
			slices.Reverse(levels)
		}
		for _, l := range levels {
			m[i][l.Price] = l.Qty
			if l.Qty == 0 {
				delete(m[i], l.Price)
			}
		}
	}
}

func (m *dumb) levels(s exchange.Side) (list []exchange.Level) {
	for price, qty := range m[s-1] {
		list = append(list, exchange.Level{Price: price, Qty: qty})
	}
	slices.SortFunc(list, func(a, b exchange.Level) int { return int(a.Price-b.Price) * int(s.Opposite().Sign()) })
	return list
}

// TestAgainstMap applies random pieces, snapshots in any order among them, to the book
// and to a map, and compares them level by level.
func TestAgainstMap(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 9))
	for range 20 {
		b, m := New(Futures), &dumb{}
		id := int64(100)
		for n := range 300 {
			d := exchange.Depth{Snapshot: n == 0 || r.IntN(50) == 0, First: id + 3, Last: id + 5, Prev: id}
			id = d.Last
			for range r.IntN(12) {
				d.Bids = append(d.Bids, exchange.Level{Price: exchange.Fixed(100 - r.IntN(40)), Qty: exchange.Fixed(r.IntN(3))})
				d.Asks = append(d.Asks, exchange.Level{Price: exchange.Fixed(101 + r.IntN(40)), Qty: exchange.Fixed(r.IntN(3))})
			}
			if got := b.Apply(&d); got != Applied {
				t.Fatal(got)
			}
			m.apply(&d)
			for _, s := range []exchange.Side{exchange.Buy, exchange.Sell} {
				want := m.levels(s)
				if got := b.Append(nil, s, 1000); !slices.Equal(got, want) {
					t.Fatalf("side %v: %v, want %v", s, got, want)
				}
				for price := exchange.Fixed(58); price < 145; price++ {
					if got := b.Qty(s, price); got != m[s-1][price] {
						t.Fatalf("%v at %v: %v, want %v", s, price, got, m[s-1][price])
					}
				}
			}
			ticker := b.BookTicker()
			if bids := m.levels(exchange.Buy); len(bids) > 0 && (ticker.Bid != bids[0].Price || ticker.BidQty != bids[0].Qty) ||
				len(bids) == 0 && ticker.Bid != 0 || ticker.UpdateID != id {
				t.Fatalf("best %+v of %v", ticker, bids)
			}
		}
	}
}

// TestWaitingIsBounded holds that a snapshot that never comes costs no more memory than
// stated, and that the newest pieces are the ones kept.
func TestWaitingIsBounded(t *testing.T) {
	b := New(Spot)
	levels := []exchange.Level{{Price: 5, Qty: 1}}
	for id := int64(1); id <= 3*waitingMax; id++ {
		b.Apply(&exchange.Depth{First: id, Last: id, Bids: levels})
	}
	if len(b.waiting) != waitingMax || b.waiting[0].Last != 2*waitingMax+1 {
		t.Fatalf("%d pieces from %d", len(b.waiting), b.waiting[0].Last)
	}
	if got := b.Apply(&exchange.Depth{Snapshot: true, Last: 2 * waitingMax}); got != Applied || b.UpdateID() != 3*waitingMax {
		t.Errorf("%v, at %d", got, b.UpdateID())
	}
	if got := b.Apply(&exchange.Depth{Snapshot: true, Last: 4 * waitingMax}); got != Applied {
		t.Error(got)
	}
}

// TestIDsThatJumpBack holds that a stream whose ids have fallen does not leave a frozen
// book that looks alive.
func TestIDsThatJumpBack(t *testing.T) {
	b := New(Futures)
	b.Apply(&exchange.Depth{Snapshot: true, Last: 1_000_000})
	for id := int64(1); ; id++ {
		switch got := b.Apply(&exchange.Depth{First: id, Last: id, Prev: id - 1}); {
		case got == ResyncGap && id == staleMax+1:
			return
		case got != Stale || id > staleMax:
			t.Fatalf("piece %d: %v", id, got)
		}
	}
}

// TestSteadyStateDoesNotAllocate covers waiting too, once the memory for it is there.
func TestSteadyStateDoesNotAllocate(t *testing.T) {
	b := New(Futures)
	snapshot := exchange.Depth{Snapshot: true, Last: 10}
	for i := range exchange.Fixed(500) {
		snapshot.Bids = append(snapshot.Bids, exchange.Level{Price: 1000 - i, Qty: 1})
		snapshot.Asks = append(snapshot.Asks, exchange.Level{Price: 1001 + i, Qty: 1})
	}
	piece := exchange.Depth{Bids: slices.Clone(snapshot.Bids[:40]), Asks: slices.Clone(snapshot.Asks[:40])}
	buf := make([]exchange.Level, 0, 20)
	round := func() {
		b.Reset()
		piece.First, piece.Last, piece.Prev = 9, 11, 8
		b.Apply(&piece) // waits
		b.Apply(&snapshot)
		for id := int64(11); id < 20; id++ {
			piece.First, piece.Last, piece.Prev = id+1, id+1, id
			for i := range piece.Bids {
				piece.Bids[i].Qty ^= 1
				piece.Asks[i].Qty ^= 1
			}
			if b.Apply(&piece) != Applied {
				t.Fatal("not applied")
			}
			buf = b.Append(buf[:0], exchange.Buy, 20)
		}
	}
	if n := testing.AllocsPerRun(20, round); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestRuleOf(t *testing.T) {
	if RuleOf(exchange.UM) != Futures || RuleOf(exchange.CM) != Futures || RuleOf(exchange.Margin) != Spot {
		t.Error("only margin pairs follow the spot rule")
	}
	if Outcome(0).String() != "no outcome" {
		t.Error("the zero outcome must not look like one")
	}
}

func lines(t testing.TB, s *bufio.Scanner) func(yield func([]byte) bool) {
	s.Buffer(make([]byte, 1<<20), 1<<22)
	return func(yield func([]byte) bool) {
		for s.Scan() {
			if !yield(s.Bytes()) {
				return
			}
		}
		if err := s.Err(); err != nil {
			t.Fatal(err)
		}
	}
}
