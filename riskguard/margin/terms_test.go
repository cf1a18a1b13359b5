package margin

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// bracketsOf are those of an instrument in the world's own tables.
func (w *world) bracketsOf(in *exchange.Instrument) Brackets {
	if in.Product == exchange.CM {
		return w.tables.CM[in.Symbol]
	}
	return w.tables.UM[in.Symbol]
}

// drawSchedule makes up to three falling tiers with edges near what the accounts of the
// tests hold, with and without an end.
func drawSchedule(r *rand.Rand, index exchange.Fixed) Schedule {
	s := Schedule{ByValue: r.IntN(2) == 0}
	rate, edge := exchange.FixedOne, exchange.Fixed(0)
	for n := r.IntN(4); n > 0; n-- {
		rate -= exchange.Fixed(r.Int64N(int64(rate)/2 + 1))
		dollars := decimal.NewFromInt(1 + r.Int64N(30_000))
		if !s.ByValue {
			dollars = dollars.DivRound(index.Decimal(), 8)
		}
		step, _ := exchange.FixedFromDecimal(dollars, exchange.RoundDown)
		edge += max(1, step)
		t := Tier{Cap: edge, Rate: rate}
		if n == 1 && r.IntN(2) == 0 {
			t.Cap = 0
		}
		s.Tiers = append(s.Tiers, t)
	}
	return s
}

// drawBrackets makes one to four steps that join, edges near what the tests hold.
func drawBrackets(r *rand.Rand, in *exchange.Instrument) Brackets {
	b := Brackets{Product: in.Product}
	var floor, mmr, cum exchange.Fixed
	leverage := 125
	for range 1 + r.IntN(4) {
		next := mmr + exchange.FixedOne/1000*exchange.Fixed(1+r.IntN(60))
		// cum_k = cum_(k-1) + floor·(mmr_k - mmr_(k-1)); whole dollars and coins keep it exact.
		joined := dec(cum).Add(dec(floor).Mul(dec(next - mmr)))
		cum, _ = exchange.FixedFromDecimal(joined, exchange.RoundHalfUp)
		width := exchange.Fixed(1+r.IntN(100_000)) * exchange.FixedOne
		if in.Product == exchange.CM {
			width = exchange.Fixed(1+r.IntN(300)) * exchange.FixedOne / 100
		}
		b.Tiers = append(b.Tiers, Bracket{Floor: floor, Cap: floor + width, MMR: next, Cum: cum, Leverage: leverage})
		floor, mmr = floor+width, next
		leverage = max(1, leverage-1-r.IntN(60))
	}
	return b
}

// A change of what Binance decides counts at once, is the portfolio's own, and ends the
// proof that nothing can happen.
func TestSetTerms(t *testing.T) {
	f := exchange.MustFixed
	twice := Brackets{Product: exchange.UM, Tiers: []Bracket{{Cap: f("2000000"), MMR: f("0.008"), Leverage: 5}}}
	for _, c := range []struct {
		what   string
		change func(p *Portfolio) error
		uniMMR string
	}{
		// 10 BTC at 100,000 with a short of 9: notional 900,000 in the third step is
		// 900,000·0.0065 - 950 = 4,900.
		{"nothing", func(*Portfolio) error { return nil }, "193.87755102"}, // 950,000 / 4,900
		{"rate", func(p *Portfolio) error { return p.SetCollateral("BTC", Flat(f("0.7"), Source{})) }, "142.85714286"},
		{"no tiers", func(p *Portfolio) error { return p.SetCollateral("BTC", Schedule{}) }, "0"},
		{"brackets", func(p *Portfolio) error { return p.SetBrackets(2, twice) }, "131.94444444"}, // 950,000 / 7,200
	} {
		shared := Assumed()
		p, other := accountOn(t, shared), accountOn(t, shared)
		if !p.Safe(f("1.2")) {
			t.Fatalf("%s: not safe at the start", c.what)
		}
		ok(t, c.change(p))
		if c.what != "nothing" && p.band.holds {
			t.Errorf("%s: the proof goes on", c.what)
		}
		if got := p.Account().UniMMR.Round(8); got.String() != c.uniMMR {
			t.Errorf("%s: uniMMR is %v, want %s", c.what, got, c.uniMMR)
		}
		if got := other.Account().UniMMR.Round(8); got.String() != "193.87755102" {
			t.Errorf("%s: the other portfolio has it too: %v", c.what, got)
		}
		if late := accountOn(t, shared).Account().UniMMR.Round(8); late.String() != "193.87755102" {
			t.Errorf("%s: the shared tables have changed: %v", c.what, late)
		}
	}
}

// accountOn is that of smallAccount over given tables.
func accountOn(t *testing.T, tables *Tables) *Portfolio {
	t.Helper()
	ins, err := exchange.NewInstruments(smallAccount(t).ins.All()...)
	ok(t, err)
	p, err := New(ins, tables)
	ok(t, err)
	for _, err := range []error{
		p.SetIndex("BTC", exchange.MustFixed("100000")), p.SetIndex("USDT", exchange.FixedOne),
		p.SetMark(2, exchange.MustFixed("100000")), p.SetBalance("BTC", exchange.WalletMargin, decimal.NewFromInt(10)),
		p.SetPosition(exchange.Position{Inst: 2, Qty: decimal.NewFromInt(-9), Entry: decimal.NewFromInt(100_000)}),
	} {
		ok(t, err)
	}
	return p
}

// Fewer steps of leverage bring the symbol's down; initial margin grows with it.
func TestSetBracketsLeverage(t *testing.T) {
	p := smallAccount(t)
	if got := p.Account().InitialMargin; !got.Equal(decimalOf("45000")) { // 900,000 / 20
		t.Fatalf("initial margin %v", got)
	}
	b := Brackets{Product: exchange.UM, Tiers: []Bracket{{Cap: exchange.FixedMax, MMR: exchange.MustFixed("0.01"), Leverage: 4}}}
	ok(t, p.SetBrackets(2, b))
	if got := p.Account().InitialMargin; !got.Equal(decimalOf("225000")) || p.Leverage(2) != 4 {
		t.Errorf("initial margin %v at leverage %d, want 900,000 / 4", got, p.Leverage(2))
	}
}

func TestSetTermsRefuses(t *testing.T) {
	f := exchange.MustFixed
	for want, change := range map[string]func(p *Portfolio) error{
		"tier 2: rate 0.9 is above": func(p *Portfolio) error {
			return p.SetCollateral("BTC", Schedule{Tiers: []Tier{{f("1"), f("0.8")}, {0, f("0.9")}}})
		},
		"tier 1: rate 1.1 is not": func(p *Portfolio) error { return p.SetCollateral("BTC", Flat(f("1.1"), Source{})) },
		"without a name":          func(p *Portfolio) error { return p.SetCollateral("", Schedule{}) },
		"no instrument 9":         func(p *Portfolio) error { return p.SetBrackets(9, Brackets{}) },
		"MARGIN BTCUSDT has no":   func(p *Portfolio) error { return p.SetBrackets(1, Brackets{}) },
		"they are of CM":          func(p *Portfolio) error { return p.SetBrackets(2, Brackets{Product: exchange.CM}) },
		"no brackets":             func(p *Portfolio) error { return p.SetBrackets(2, Brackets{Product: exchange.UM}) },
		"factor of -1":            func(p *Portfolio) error { _, err := p.Brackets(2).Scaled(f("-1")); return err },
		"ends at 0": func(*Portfolio) error {
			b := Brackets{Product: exchange.UM, Tiers: []Bracket{{Cap: 1, MMR: f("0.01"), Leverage: 1}}}
			_, err := b.Scaled(f("0.1"))
			return err
		},
	} {
		p := smallAccount(t)
		before := p.Account()
		if err := change(p); !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
		if after := p.Account(); after.Status != before.Status || !after.UniMMR.Equal(before.UniMMR) {
			t.Errorf("%s: a refused change has changed the account", want)
		}
	}
}

// notionalCoef 0.5: every rate begins at half the size, and the steps still join.
func TestBracketsScaled(t *testing.T) {
	p := smallAccount(t)
	half, err := p.Brackets(2).Scaled(exchange.MustFixed("0.5"))
	ok(t, err)
	ok(t, p.SetBrackets(2, half))
	// 900,000 is in the step above 300,000 now: ·0.0065 - 475.
	if got := p.Account().MaintMargin; !got.Equal(decimalOf("5375")) {
		t.Errorf("maintenance %v, want 5375", got)
	}
	half.Tiers[0].MMR = 1
	if p.Brackets(2).Tiers[0].MMR == 1 {
		t.Error("the portfolio shares the caller's tiers")
	}
}
