package market

import (
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// TestKindsOfLegs: a margin pair has bars near the index and neither marks nor fundings; a dated
// contract costs 5% a year above it and nothing at its delivery, after which it is silent; and
// the perpetuals beside them are what they are without.
func TestKindsOfLegs(t *testing.T) {
	two := legs(t, "BTC")
	spot, dated := *two[0], *two[0]
	spot.ID, spot.Product = 3, exchange.Margin
	dated.ID, dated.Symbol, dated.Delivery = 4, "BTCUSDT_260123", start.Add(22*24*time.Hour)
	spec := Spec{Seed: 5, Start: start, Bar: time.Hour, Bars: 24 * 30, Legs: two}
	var want []exchange.Bar
	each(t, generate(t, spec), 64, func(e *exchange.Event) {
		if e.Kind == exchange.KindBar {
			want = append(want, *e.Bar())
		}
	})
	spec.Legs = append(two, &spot, &dated)
	var index exchange.Fixed
	var ends [5]exchange.Time
	near, first := 0, 0.0
	each(t, generate(t, spec), 64, func(e *exchange.Event) {
		switch {
		case e.Inst == 0:
		case e.Kind == exchange.KindFunding && e.Inst > 2, e.Kind == exchange.KindMark && e.Inst == 3:
			t.Errorf("instrument %d has a %v", e.Inst, e.Kind)
		case e.Kind == exchange.KindMark:
			index = e.Mark().Index
		case e.Kind == exchange.KindBarOpen && e.Inst == 4 && e.At >= dated.Delivery:
			t.Errorf("a bar opens at %v", e.At)
		case e.Kind == exchange.KindBar:
			ends[e.Inst] = e.At
			off := (e.Bar().Close.Float() - index.Float()) / index.Float()
			switch {
			case e.Inst < 3:
				if *e.Bar() != want[0] {
					t.Fatalf("%d: %+v, without the others %+v", e.Inst, *e.Bar(), want[0])
				}
				want = want[1:]
			case e.Inst == 3 && off < 0.0006 && off > -0.0006:
				near++
			case e.Inst == 4 && first == 0:
				first = off
			case e.Inst == 4 && e.At == dated.Delivery && (off > 0.0002 || off < -0.0002):
				t.Errorf("at its delivery it costs %.5f more", off)
			}
		}
	})
	if ends[4] != dated.Delivery || ends[3] != ends[1] || near < 24*29 || first < 0.001 || first > 0.005 {
		t.Errorf("last bars %v, %d closes of the pair near the index, the dated contract first %.5f above it", ends, near, first)
	}
}
