package queue

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/pmbot/pmbot/exchange"
)

var models = []Model{Conservative, 1, 2, Probabilistic}

// Worked by hand.
func TestPlace(t *testing.T) {
	type step struct {
		show, trade, at   int64 // one of show and trade; show -1 for none
		reaches, wantEach int64 // what reaches the order, and what is ahead after
	}
	for _, c := range []struct {
		name  string
		model Model
		join  int64
		steps []step
	}{
		{"trades bring it forward, and what is left reaches", Conservative, 10, []step{
			{show: -1, trade: 4, at: 1, wantEach: 6},
			{show: -1, trade: 9, at: 2, reaches: 3, wantEach: 0},
			{show: -1, trade: 2, at: 3, reaches: 2, wantEach: 0},
		}},
		{"cancels do not, until less is shown than is ahead", Conservative, 10, []step{
			{show: 30, at: 1, wantEach: 10},
			{show: 12, at: 2, wantEach: 10},
			{show: 7, at: 3, wantEach: 7},
			{show: 50, at: 4, wantEach: 7},
		}},
		{"a trade explains the fall that follows", 1, 10, []step{
			{show: 20, at: 1, wantEach: 10},
			{show: -1, trade: 4, at: 2, wantEach: 6},
			{show: 16, at: 3, wantEach: 6},
			// 8 of 16 are cancelled, 6 ahead and 10 behind: 8 * 6/16 = 3 of them ahead.
			{show: 8, at: 4, wantEach: 3},
		}},
		{"nobody behind: all cancels are ahead", Probabilistic, 10, []step{
			{show: 6, at: 1, wantEach: 6},
		}},
		{"the cube: 2 ahead, 4 behind, 9 cannot be cancelled behind", Probabilistic, 2, []step{
			{show: 6, at: 1, wantEach: 2},
			// 3 * 8/(8+64) = 0.333 of a unit, here in whole units of 1e-8: 0.
			{show: 3, at: 2, wantEach: 2},
			{show: 1, at: 3, wantEach: 1},
		}},
		{"a fall told before its trade counts once", Conservative, 10, []step{
			{show: 5, at: 1, wantEach: 5},
			{show: -1, trade: 5, at: 1, wantEach: 5},
			{show: -1, trade: 5, at: 2, wantEach: 0},
		}},
		{"and only as far as it brought the order forward", Conservative, 10, []step{
			{show: 20, at: 1, wantEach: 10},
			{show: 15, at: 2, wantEach: 10},
			{show: -1, trade: 5, at: 2, wantEach: 5},
			{show: -1, trade: 1, at: 3, wantEach: 4},
		}},
	} {
		var p Place
		p.Join(exchange.Fixed(c.join), true, 0)
		for i, s := range c.steps {
			var got exchange.Fixed
			if s.show >= 0 {
				p.Show(c.model, exchange.Fixed(s.show), exchange.Time(s.at))
			} else {
				got = p.Trade(exchange.Fixed(s.trade), exchange.Fixed(s.trade), exchange.Time(s.at))
			}
			if int64(got) != s.reaches || int64(p.Ahead()) != s.wantEach {
				t.Errorf("%s: step %d: %d reaches, %d ahead; want %d, %d", c.name, i, got, p.Ahead(), s.reaches, s.wantEach)
			}
		}
	}
}

func TestUnknownPlace(t *testing.T) {
	var p Place
	p.Join(0, false, 0)
	if got := p.Trade(5, 5, 1); got != 0 || p.Known() {
		t.Errorf("a trade reaches %d of a place that is not known", got)
	}
	p.Show(Probabilistic, 7, 2)
	if !p.Known() || p.Ahead() != 7 {
		t.Errorf("first shown 7: known %v, %d ahead", p.Known(), p.Ahead())
	}
	p.Lose()
	p.Show(Probabilistic, 6, 3)
	if p.Ahead() != 6 {
		t.Errorf("after a loss 6 are shown and %d ahead", p.Ahead())
	}
	p.Front()
	if got := p.Trade(5, 3, 4); got != 3 {
		t.Errorf("at the front %d of 3 reach the order", got)
	}
}

// lots is the true line at one price, one entry a unit: true is ours.
type lots []bool

func (l lots) ahead() exchange.Fixed {
	for i, ours := range l {
		if ours {
			return exchange.Fixed(i)
		}
	}
	return 0
}

// TestTrueLine compares the conservative place with a line kept lot by lot, in which
// anyone may cancel: the place never claims to be nearer than the truth, claims the truth
// while nobody cancels, and what reaches it never is more than what reached our lot. All
// models together: no better than nothing ahead, no worse than conservative.
func TestTrueLine(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 1))
		before := rng.IntN(30)
		line := append(make(lots, before), true)
		places := make([]Place, len(models))
		for i := range places {
			places[i].Join(exchange.Fixed(before), true, 0)
		}
		cancels := seed%3 != 0
		for at := exchange.Time(1); len(line) > 0; at++ {
			switch k := rng.IntN(10); {
			case k < 3: // somebody joins
				line = append(line, make(lots, 1+rng.IntN(5))...)
			case k < 7 && cancels: // somebody who is not us cancels
				if i := rng.IntN(len(line)); !line[i] {
					line = append(line[:i:i], line[i+1:]...)
				}
			default:
				qty := min(1+rng.IntN(6), len(line))
				reached := max(0, qty-int(line.ahead()))
				line = line[qty:]
				for i, m := range models {
					got := places[i].Trade(exchange.Fixed(qty), exchange.Fixed(qty), at)
					if m == Conservative && int(got) > reached {
						t.Fatalf("seed %d: %d of a trade of %d reach the order, in truth %d", seed, got, qty, reached)
					}
				}
				if reached > 0 {
					line = nil
				}
			}
			if len(line) == 0 {
				break
			}
			shown := exchange.Fixed(len(line) - 1)
			for i, m := range models {
				places[i].Show(m, shown, at)
			}
			truth := line.ahead()
			if got := places[0].Ahead(); got < truth || !cancels && got != truth {
				t.Fatalf("seed %d: the conservative place has %d ahead, in truth %d", seed, got, truth)
			}
		}
	}
}

// TestOrderOfModels throws anything at places of all models: what is ahead stays between 0
// and what is shown, a trade never grows, and no probabilistic place is worse than the
// conservative one.
func TestOrderOfModels(t *testing.T) {
	better := 0
	for seed := range uint64(500) {
		rng := rand.New(rand.NewPCG(seed, 2))
		scale := exchange.Fixed(1) << rng.IntN(50)
		qty := func(n int) exchange.Fixed { return exchange.Fixed(rng.IntN(n))*scale + exchange.Fixed(rng.IntN(3)) }
		places := make([]Place, len(models))
		shown, at := qty(40), exchange.Time(0)
		for i := range places {
			places[i].Join(shown, seed%4 != 0, at)
		}
		for range 60 {
			at += exchange.Time(rng.IntN(2))
			told := at - exchange.Time(rng.IntN(2))
			trade, left, show := qty(8), exchange.Fixed(0), qty(40)
			left = exchange.Fixed(rng.Int64N(int64(trade) + 1))
			k := rng.IntN(20)
			var worst exchange.Fixed
			for i, m := range models {
				p := &places[i]
				switch {
				case k == 0:
					p.Lose()
				case k < 8:
					reaches := p.Trade(trade, left, told)
					if reaches < 0 || reaches > left {
						t.Fatalf("seed %d: %v: %d of %d reach the order", seed, m, reaches, left)
					}
					if i == 0 {
						worst = reaches
					} else if reaches < worst {
						t.Fatalf("seed %d: %v: %d reach the order, conservative %d", seed, m, reaches, worst)
					}
				default:
					p.Show(m, show, told)
					if p.Ahead() > show {
						t.Fatalf("seed %d: %v: %d ahead of %d shown", seed, m, p.Ahead(), show)
					}
				}
				if p.Ahead() < 0 || p.Ahead() > places[0].Ahead() || p.Known() != places[0].Known() {
					t.Fatalf("seed %d: %v: %d ahead, conservative %d", seed, m, p.Ahead(), places[0].Ahead())
				}
			}
			if places[3].Ahead() < places[0].Ahead() {
				better++
			}
		}
	}
	if better < 1000 {
		t.Errorf("the models differed %d times: the test tests nothing", better)
	}
}

// TestShare compares the share of a fall with the formula in big fractions: never more,
// and less by no more than a few billionths a power of what falls.
func TestShare(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	for range 20000 {
		draw := func() exchange.Fixed { return exchange.Fixed(rng.Int64() >> rng.IntN(63)) }
		fell, ahead, behind, n := draw(), draw(), draw(), 1+rng.IntN(3)
		if ahead == 0 && behind == 0 {
			continue
		}
		power := func(x exchange.Fixed) *big.Int {
			return new(big.Int).Exp(big.NewInt(int64(x)), big.NewInt(int64(n)), nil)
		}
		exact := new(big.Int).Mul(big.NewInt(int64(fell)), power(ahead))
		exact.Quo(exact, new(big.Int).Add(power(ahead), power(behind)))
		got := share(fell, ahead, behind, n)
		slack := exchange.Fixed(float64(fell)*float64(n)*2e-9) + 1
		if want := exchange.Fixed(exact.Int64()); got > want || got < want-slack {
			t.Fatalf("share(%d, %d, %d, %d) = %d, want at most %d and at least %d", fell, ahead, behind, n, got, want, want-slack)
		}
	}
}

func TestNames(t *testing.T) {
	for _, m := range models {
		var back Model
		text, err := m.MarshalText()
		if err != nil || back.UnmarshalText(text) != nil || back != m || !m.Valid() {
			t.Errorf("%v reads back as %v", m, back)
		}
	}
	if m, err := Parse("probabilistic-3"); m != Probabilistic || err != nil {
		t.Errorf("probabilistic-3 reads as %v, %v", m, err)
	}
	if _, err := Parse("lucky"); err == nil {
		t.Error("no error for a model that is none")
	}
	if m := Model(4); m.Valid() || m.String() != "Model(4)" {
		t.Errorf("Model(4) is valid %v and named %v", m.Valid(), m)
	}
}

func BenchmarkShow(b *testing.B) {
	var p Place
	p.Join(1000, true, 0)
	for i := 0; b.Loop(); i++ {
		p.Show(Probabilistic, exchange.Fixed(1000+i%7*100), exchange.Time(i))
	}
}
