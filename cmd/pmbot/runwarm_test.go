package main

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market/rest"
)

// TestSettled: what a strategy is told of settlements before it began has intervals, which a
// special settlement does not change.
func TestSettled(t *testing.T) {
	start := exchange.Time(0).Add(1000 * time.Hour)
	var rows []rest.FundingRate
	for _, h := range []struct {
		at      time.Duration
		special bool
	}{{-3, true}, {0, false}, {8, false}, {10, true}, {16, false}, {20, false}} {
		r := rest.FundingRate{Symbol: "BTCUSDT", At: start.Add(h.at * time.Hour)}
		r.Published, r.Special, r.Rate = r.At.Add(time.Millisecond), h.special, exchange.Fixed(len(rows))
		rows = append(rows, r)
	}
	broken := error(nil)
	each := func(yield func(rest.FundingRate, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
		if broken != nil {
			yield(rest.FundingRate{}, broken)
		}
	}
	list, err := settled(7, each)
	if err != nil {
		t.Fatal(err)
	}
	var hours []int
	for i, e := range list {
		f := e.Funding()
		hours = append(hours, int(f.Interval/time.Hour))
		if r := rows[i+2]; e.At != r.Published || e.Inst != 7 || f.Rate != r.Rate || f.Special != r.Special {
			t.Errorf("%d: %+v of %+v", i, f, r)
		}
	}
	if want := []int{8, 2, 8, 4}; !slices.Equal(hours, want) {
		t.Errorf("intervals of %v hours, want %v", hours, want)
	}
	broken = errors.New("broken")
	if _, err := settled(7, each); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}
