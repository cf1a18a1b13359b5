package margin

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// TestAfterIsStress: what is made of a scenario says itself what stress says of it, to the
// last digit, may be stressed anew, and the first portfolio has not changed.
func TestAfterIsStress(t *testing.T) {
	for i := range worlds(t, 300) {
		r := rand.New(rand.NewPCG(31, uint64(i)))
		w := draw(t, r)
		p, untouched := w.portfolio(t), w.portfolio(t)
		p.Account()
		untouched.Account()
		s := drawScenario(r)
		want, err := p.Stress([]Scenario{s})
		ok(t, err)
		q, err := p.After(s)
		ok(t, err)
		a := q.Account()
		if got := (Stressed{s.Name, a.Equity, a.MaintMargin, a.UniMMR, a.Status}); !got.equal(want[0]) {
			t.Fatalf("world %d: after it %+v, stress says %+v under %+v", i, got, want[0], s)
		}
		again, err := q.Stress([]Scenario{{Name: s.Name}})
		ok(t, err)
		if !again[0].equal(want[0]) {
			t.Fatalf("world %d: stress of what is after it %+v, want %+v", i, again[0], want[0])
		}
		if _, err := q.After(drawScenario(r)); err != nil {
			t.Fatalf("world %d: a second scenario: %v", i, err)
		}
		if !reflect.DeepEqual(p, untouched) {
			t.Fatalf("world %d: the first portfolio has changed", i)
		}
	}
}

// TestPicture: another portfolio made of a picture that was written down says the same.
func TestPicture(t *testing.T) {
	for i := range worlds(t, 50) {
		r := rand.New(rand.NewPCG(37, uint64(i)))
		w := draw(t, r)
		w.orders = nil
		p := w.portfolio(t)
		text, err := json.Marshal(p.Picture())
		ok(t, err)
		var read Picture
		ok(t, json.Unmarshal(text, &read))
		q, err := read.Portfolio()
		ok(t, err)
		ok(t, q.SetShocks(w.shocks))
		if a, b := p.Account(), q.Account(); !reflect.DeepEqual(words(a), words(b)) {
			t.Fatalf("world %d: %v, and of its picture %v", i, words(a), words(b))
		}
		want, err := p.Stress(p.StressScenarios())
		ok(t, err)
		got, err := q.Stress(q.StressScenarios())
		ok(t, err)
		for k := range want {
			if !want[k].equal(got[k]) {
				t.Fatalf("world %d: %+v, and of its picture %+v", i, want[k], got[k])
			}
		}
	}
}

func words(a exchange.Account) []string {
	return []string{a.Equity.String(), a.ActualEquity.String(), a.MaintMargin.String(), a.InitialMargin.String(), a.Available.String(), a.UniMMR.String(), a.Status.String()}
}

// TestAfterFill is counted by hand: 10 BTC at 95% and a short of 9 at 100,000.
func TestAfterFill(t *testing.T) {
	p := smallAccount(t)
	buy := exchange.Order{Request: exchange.OrderRequest{Inst: 2, Side: exchange.Buy, Type: exchange.Limit, Qty: exchange.MustFixed("4"), Price: exchange.MustFixed("99000")}}
	a, err := p.AfterFill(buy)
	ok(t, err)
	// 4 bought at 99,000 have won 4,000 less a fee of 198, which is 396,000·0.0005; a short
	// of 5 is left: 500,000·0.005 - 50.
	if want := p.Account().Equity.Add(decimalOf("3802")); !a.Equity.Equal(want) || a.MaintMargin.String() != "2450" {
		t.Errorf("equity %v, want %v; maintenance %v, want 2450", a.Equity, want, a.MaintMargin)
	}
	if got := p.Position(2, exchange.Both).Qty.String(); got != "-9" {
		t.Errorf("a fill that was only tried has left a position of %s", got)
	}
}

// TestDistances: at what it finds uniMMR is at the line, and a hundredth of a percent nearer
// it is not; where it finds none a brute-force search does not either.
func TestDistances(t *testing.T) {
	lines := []exchange.Fixed{exchange.MustFixed("5"), exchange.MustFixed("2"), exchange.MustFixed("1.05")}
	found, none := 0, 0
	for i := range worlds(t, 25) {
		r := rand.New(rand.NewPCG(41, uint64(i)))
		p := draw(t, r).portfolio(t)
		list, err := p.Distances(lines)
		ok(t, err)
		at := func(d *Distance, move exchange.Fixed) decimal.Decimal {
			s := Scenario{Shocks: []Shock{{Coin: d.Coin, Move: move}}}
			if a := p.byAsset[d.Coin]; a != nil && a.stable {
				s = Scenario{Shocks: []Shock{{Asset: d.Coin, Move: move}}}
			}
			got, err := p.Stress([]Scenario{s})
			ok(t, err)
			return got[0].UniMMR
		}
		for k := range list {
			d := &list[k]
			line := dec(d.Line)
			for _, way := range []struct {
				move, far, unit exchange.Fixed
				none            bool
			}{{d.Down, FarthestDown, -distanceFine, d.NoneDown}, {d.Up, FarthestUp, distanceFine, d.NoneUp}} {
				if way.none {
					none++
					for move := exchange.Fixed(0); move.Abs() <= way.far.Abs(); move += 100 * way.unit {
						if at(d, move).LessThanOrEqual(line) {
							t.Fatalf("world %d: %s at %v is below %v, and none was found", i, d.Coin, move, line)
						}
					}
					continue
				}
				found++
				if u := at(d, way.move); u.GreaterThan(line) {
					t.Fatalf("world %d: %s at %v has %v, not %v", i, d.Coin, way.move, u, line)
				}
				if way.move != 0 && !at(d, way.move-way.unit).GreaterThan(line) {
					t.Fatalf("world %d: %s is at %v before %v", i, d.Coin, line, way.move)
				}
			}
		}
	}
	if found < 50 || none < 50 {
		t.Errorf("%d crossings and %d without", found, none)
	}
}

// TestReliefs: in random accounts each row is what the account would be, and none is put
// before another that frees more for each dollar. Nothing changes.
func TestReliefs(t *testing.T) {
	kinds := map[bool]int{}
	for i := range worlds(t, 200) {
		w := draw(t, rand.New(rand.NewPCG(43, uint64(i))))
		p, untouched := w.portfolio(t), w.portfolio(t)
		p.Account()
		untouched.Account()
		list, err := p.Reliefs()
		ok(t, err)
		for k, r := range list {
			kinds[r.Opens]++
			if r.Freed.IsNegative() {
				t.Errorf("world %d: %q frees %v", i, r.What, r.Freed)
			}
			if k == 0 || list[k-1].Opens != r.Opens {
				continue
			}
			if before := list[k-1]; before.Cost.IsPositive() && (!r.Cost.IsPositive() || before.PerCost.LessThan(r.PerCost)) {
				t.Errorf("world %d: %q with %v stands before %q with %v", i, before.What, before.PerCost, r.What, r.PerCost)
			}
		}
		if !reflect.DeepEqual(p, untouched) {
			t.Fatalf("world %d: the portfolio has changed", i)
		}
	}
	if kinds[true] < 20 || kinds[false] < 20 {
		t.Errorf("reliefs that open %d, and that do not %d", kinds[true], kinds[false])
	}
}

// TestReliefsOfACarry is counted by hand: closing the short alone is no relief, selling coins
// and closing it together is, and a debt that the wallet can repay comes first.
func TestReliefsOfACarry(t *testing.T) {
	p := smallAccount(t)
	ok(t, p.SetBalance("USDT", exchange.WalletMargin, decimalOf("50000")))
	ok(t, p.SetBalance("USDT", exchange.WalletLoan, decimalOf("20000")))
	list, err := p.Reliefs()
	ok(t, err)
	var got []string
	for _, r := range list {
		got = append(got, r.What+" frees "+r.Freed.String()+" costs "+r.Cost.String()+" opens "+map[bool]string{true: "a risk", false: "nothing"}[r.Opens])
	}
	want := []string{
		// 20,000·0.1
		"repay 20000 USDT frees 2000 costs 0 opens nothing",
		// Bought at 100,500: 4,500 and a fee of 904,500·0.0005; sold at 99,500 with a fee of
		// 895,500·0.001. It repays the debt as well.
		"sell 9 MARGIN BTCUSDT and buy 9 UM BTCUSDT frees 6900 costs 10347.75 opens nothing",
		"buy 9 UM BTCUSDT frees 4900 costs 4952.25 opens a risk",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
