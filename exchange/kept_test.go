package exchange

import (
	"reflect"
	"testing"
)

// TestKept: a copy stays as it was whatever becomes of what it was made of, also the second
// copy in the same room.
func TestKept(t *testing.T) {
	bar, index := Bar{Open: 1}, AssetIndex{Asset: "BTC", Price: 1}
	depth := Depth{Last: 7, Bids: []Level{{1, 2}}, Asks: []Level{{3, 4}}}
	promise, gap := Cadence{Every: 1}, Gap{From: 1}
	for _, set := range []func(*Event){
		func(e *Event) { e.SetBar(&bar) }, func(e *Event) { e.SetAssetIndex(&index) }, func(e *Event) { e.SetDepth(&depth) },
		func(e *Event) { e.SetCadence(&promise) }, func(e *Event) { e.SetGap(&gap) }, func(e *Event) { e.SetTrade(Trade{Price: 1, BuyerMaker: true}) },
	} {
		var k Kept
		for range 2 {
			e := Event{At: 5, Flags: FlagDerived}
			set(&e)
			k.Keep(&e)
			if !reflect.DeepEqual(k.Event, e) {
				t.Errorf("%v: kept %+v of %+v", e.Kind, k.Event, e)
			}
			if e.body != nil && k.Event.body == e.body {
				t.Errorf("%v: the copy is the original", e.Kind)
			}
		}
	}
	var k Kept
	e := Event{}
	e.SetDepth(&depth)
	k.Keep(&e)
	depth.Bids[0].Qty = 9
	if got := k.Event.Depth().Bids[0].Qty; got != 2 {
		t.Errorf("a level of the copy became %v", got)
	}
}
