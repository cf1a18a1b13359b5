package margin

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// randomWide has any number of bits up to most, so that carries and short forms both
// happen, and often words of all ones or zeros.
func randomWide(r *rand.Rand, most int) wide {
	n := 1 + r.IntN(most)
	w := [4]uint64{r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64()}
	for i := range w {
		switch r.IntN(8) {
		case 0:
			w[i] = 0
		case 1:
			w[i] = ^uint64(0)
		}
	}
	for i := range w {
		switch {
		case i*64 >= n:
			w[i] = 0
		case n-i*64 < 64:
			w[i] &= 1<<(n-i*64) - 1
		}
	}
	a := wide{w[0], w[1], w[2], w[3]}
	if r.IntN(2) == 0 {
		return a.neg()
	}
	return a
}

// TestWideEqualsBig compares every operation with math/big on random operands.
func TestWideEqualsBig(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	same := func(what string, got wide, want *big.Int) {
		t.Helper()
		if got.big().Cmp(want) != 0 {
			t.Fatalf("%s = %v, want %v", what, got.big(), want)
		}
	}
	for range 200_000 {
		a, b := randomWide(r, 254), randomWide(r, 254)
		same("add", a.add(b.neg()), new(big.Int).Sub(a.big(), b.big()))
		if a.less(b) != (a.big().Cmp(b.big()) < 0) {
			t.Fatalf("%v less %v", a.big(), b.big())
		}
		x, n := randomWide(r, 190), int64(r.Uint64())>>r.IntN(64)
		same("mul", x.mul(n), new(big.Int).Mul(x.big(), big.NewInt(n)))
		y, z := randomWide(r, 126), randomWide(r, 126)
		same("mulWide", y.mulWide(z), new(big.Int).Mul(y.big(), z.big()))
		d := randomWide(r, 250).abs()
		if d.zero() {
			continue
		}
		q, rest := a.abs().divide(d)
		wantQ, wantR := new(big.Int).QuoRem(a.abs().big(), d.big(), new(big.Int))
		same("quotient", q, wantQ)
		same("rest", rest, wantR)
	}
}

// TestWideOverRounds checks the one rounding: half away from zero, as DivRound does.
func TestWideOverRounds(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		a, d := randomWide(r, 200), randomWide(r, 120).abs()
		if d.zero() {
			continue
		}
		want := decimal.NewFromBigInt(a.big(), 0).DivRound(decimal.NewFromBigInt(d.big(), 0), 0)
		if got := a.over(d).decimal(0); !got.Equal(want) {
			t.Fatalf("%v over %v = %v, want %v", a.big(), d.big(), got, want)
		}
	}
	for _, c := range []struct{ a, d, want int64 }{{5, 2, 3}, {-5, 2, -3}, {7, 3, 2}, {-7, 3, -2}, {8, 3, 3}} {
		if got, _ := wideInt(c.a).over(wideInt(c.d)).small(); got != c.want {
			t.Errorf("%d over %d = %d, want %d", c.a, c.d, got, c.want)
		}
	}
}

// TestWideDecimal goes from decimal to wide and back, and meets the refusals.
func TestWideDecimal(t *testing.T) {
	for _, s := range []string{"0", "1", "-1", "0.00000001", "123456.78901234", "-9999999999999999", "0.1234567890123456", "1e15"} {
		d := decimal.RequireFromString(s)
		w, err := wideFromDecimal(d, amountPlaces, amountDigitsMax)
		if err != nil || !w.decimal(amountPlaces).Equal(d) {
			t.Errorf("%s became %v, %v", s, w.decimal(amountPlaces), err)
		}
	}
	for _, d := range []decimal.Decimal{
		decimal.New(1, 16), decimal.New(-1, 16), decimal.New(1, 999999999), decimal.New(1, -999999999),
		decimal.RequireFromString("0.12345678901234567"),
	} {
		if w, err := wideFromDecimal(d, amountPlaces, amountDigitsMax); err == nil {
			t.Errorf("%de%d was accepted as %v", d.Coefficient(), d.Exponent(), w)
		}
	}
	if _, err := wideFromDecimal(decimal.RequireFromString("0.000000001"), qtyPlaces, qtyDigitsMax); err == nil {
		t.Error("a quantity of nine decimals was accepted")
	}
}

// TestScaledSaturates keeps a shocked price within a Fixed.
func TestScaledSaturates(t *testing.T) {
	for _, c := range []struct{ price, ratio, want string }{
		{"100", "1.2", "120"}, {"0.00000001", "1.5", "0.00000002"}, {"0.00000001", "0.4", "0"},
		{"90000000000", "2", "92233720368.54775807"},
	} {
		if got := scaled(exchange.MustFixed(c.price), exchange.MustFixed(c.ratio)); got != exchange.MustFixed(c.want) {
			t.Errorf("%s·%s = %v, want %s", c.price, c.ratio, got, c.want)
		}
	}
}
