package margin

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/exchange"
)

// planned is a plan in words, one step a line.
func planned(t *testing.T, p *Portfolio, target string) string {
	t.Helper()
	plan, err := p.Cuts(decimalOf(target), exchange.MustFixed("0.0002"))
	ok(t, err)
	var lines []string
	for _, c := range plan {
		line := fmt.Sprintf("%v %v of %d: frees %v for %v, then %v", c.Side, c.Qty, c.Inst, c.Freed.Round(2), c.Cost.Round(2), c.UniMMR.Round(4))
		if c.Opens {
			line += ", opens"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// TestCuts: what frees the most margin for its cost goes first, no more than is needed, and
// nothing changes by asking.
func TestCuts(t *testing.T) {
	for _, c := range []struct {
		what, target, want string
		p                  *Portfolio
	}{
		{"met", "1", "", leveraged(t, "1", "10")},
		{"flat", "1000", "", leveraged(t, "0", "0")},
		{"a part of one leg", "12", "SELL 36.975 of 2: frees 739.5 for 88.74, then 12", leveraged(t, "1", "100")},
		{"one leg and a part of another", "60", "BUY 100 of 2: frees 1950 for 240, then 44\nSELL 0.241 of 1: frees 120.5 for 14.46, then 60.0545", leveraged(t, "1", "-100")},
		{"all is not enough", "99999999999", "BUY 1 of 1: frees 450 for 60, then 831250\nSELL 0.0015 of 2: frees 0.02 for 0, then 99999999", leveraged(t, "-1", "0.0015")},
	} {
		before := fmt.Sprint(c.p.Account())
		if got := planned(t, c.p, c.target); got != c.want {
			t.Errorf("%s: got\n%s", c.what, got)
		}
		if after := fmt.Sprint(c.p.Account()); after != before {
			t.Errorf("%s: %s became %s", c.what, before, after)
		}
	}
}

// TestCutsOfAHedge: a leg of a hedge goes after what is bare, however much it frees.
func TestCutsOfAHedge(t *testing.T) {
	p := leveraged(t, "1", "1")
	ok(t, p.SetPosition(exchange.Position{Inst: 4, Qty: decimalOf("-1000"), Entry: decimalOf("100000")}))
	if got, want := planned(t, p, "1000"), "SELL 1 of 2: frees 16 for 2.4, then 23.5271\n"+
		"SELL 1 of 1: frees 450 for 60, then 49.87, opens\nBUY 951 of 4: frees 380.4 for 57.06, then 1015.3291"; got != want {
		t.Errorf("got\n%s", got)
	}
	ok(t, p.SetMark(4, exchange.MustFixed("100001")))
	p.slots[3].mark = 0
	p.touchLeg(p.slots[3].legs[0])
	if _, err := p.Cuts(decimalOf("1000"), 0); err == nil {
		t.Error("a mark is missing")
	}
}

// TestClosing: all is closed, what is bare first, and the legs of a hedge one after the other
// however much others free.
func TestClosing(t *testing.T) {
	p := leveraged(t, "1", "10")
	ok(t, p.SetPosition(exchange.Position{Inst: 4, Qty: decimalOf("-1000"), Entry: decimalOf("100000")}))
	plan, err := p.Closing(exchange.MustFixed("0.0002"))
	ok(t, err)
	var got []string
	for _, c := range plan {
		got = append(got, fmt.Sprintf("%v %v of %d %v", c.Side, c.Qty, c.Inst, c.Opens))
	}
	if want := "SELL 10 of 2 false, SELL 1 of 1 true, BUY 1000 of 4 false"; strings.Join(got, ", ") != want {
		t.Errorf("got %s", strings.Join(got, ", "))
	}
}

// TestSteady: the band proves that actual equity neither reaches a floor nor falls by a part
// from any height in it.
func TestSteady(t *testing.T) {
	line := exchange.MustFixed("2")
	p := leveraged(t, "0.1", "0")
	keep := exchange.MustFixed("0.98")
	for _, c := range []struct {
		floor string
		keep  exchange.Fixed
		want  bool
	}{
		{"19000", keep, true},
		{"20000", keep, false},
		{"19993", keep, true}, // 1/2048 of 10,000 is 4.9, and 1/32768 of 20,000 is 0.6
		{"19995", keep, false},
		{"0", exchange.FixedOne, false},
		{"0", exchange.MustFixed("0.9994"), true},
		{"0", exchange.MustFixed("0.9996"), false},
		{"12345678901234567890", keep, false},
	} {
		if got := p.Steady(line, decimalOf(c.floor), c.keep); got != c.want || p.Proven() != c.want {
			t.Errorf("floor %s, keep %v: %v", c.floor, c.keep, got)
		}
	}
	// A price that leaves the band ends it.
	if !p.Steady(line, decimalOf("19000"), keep) || !p.InMarkBand(1, exchange.MustFixed("99500")) || p.InMarkBand(1, exchange.MustFixed("89000")) {
		t.Error("the band is not around the price")
	}
	ok(t, p.SetMark(1, exchange.MustFixed("90000")))
	if p.Proven() || p.Steady(line, decimalOf("19000"), keep) {
		t.Error("1,000 are lost")
	}
	if p.Safe(line) != true {
		t.Error("uniMMR is above the line still")
	}
}
