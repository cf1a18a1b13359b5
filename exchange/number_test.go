package exchange

import (
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
)

// The oracle of this file is math/big: slow, and written without a look at the code.

var numberGrammar = regexp.MustCompile(`^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?$`)

// oracleParse returns the text's value times 1e8, or which error it must give in a type
// of that many bits.
func oracleParse(s string, width uint) (*big.Int, error) {
	m := numberGrammar.FindStringSubmatch(s)
	if m == nil || m[2]+m[3] == "" || len(s) > numberLenMax {
		return nil, ErrNumberSyntax
	}
	digits := strings.TrimLeft(m[2]+m[3], "0")
	if digits == "" {
		return new(big.Int), nil
	}
	power := new(big.Int)
	power.SetString(strings.TrimPrefix(m[4], "+"), 10)
	power.Add(power, big.NewInt(int64(FixedPlaces-len(m[3]))))
	significant := strings.TrimRight(digits, "0")
	power.Add(power, big.NewInt(int64(len(digits)-len(significant))))
	if power.Sign() < 0 {
		return nil, ErrNumberPrecision
	}
	if power.Cmp(big.NewInt(100)) > 0 {
		return nil, ErrNumberRange
	}
	n, _ := new(big.Int).SetString(m[1]+significant, 10)
	n.Mul(n, new(big.Int).Exp(big.NewInt(10), power, nil))
	if !fits(n, width) {
		return nil, ErrNumberRange
	}
	return n, nil
}

func fits(n *big.Int, width uint) bool {
	limit := new(big.Int).Lsh(big.NewInt(1), width-1)
	return n.Cmp(limit) < 0 && n.Cmp(new(big.Int).Neg(limit)) >= 0
}

// oracleText prints n/1e8 without trailing zeros.
func oracleText(n *big.Int) string {
	s := new(big.Rat).SetFrac(n, big.NewInt(int64(FixedOne))).FloatString(FixedPlaces)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// oracleRound brings num/den to a whole number in the named direction.
func oracleRound(num, den *big.Int, r Rounding) *big.Int {
	floor, rest := new(big.Int).DivMod(num, den, new(big.Int)) // Euclidean; den is positive
	ceil := new(big.Int).Set(floor)
	if rest.Sign() != 0 {
		ceil.Add(ceil, big.NewInt(1))
	}
	down, away := floor, ceil
	if num.Sign() < 0 {
		down, away = ceil, floor
	}
	switch r {
	case RoundFloor:
		return floor
	case RoundCeil:
		return ceil
	case RoundHalfUp:
		lost := new(big.Int).Sub(num, new(big.Int).Mul(down, den))
		if lost.Abs(lost).Lsh(lost, 1).Cmp(den) >= 0 {
			return away
		}
	}
	return down
}

func (w Wide) big() *big.Int {
	n := new(big.Int).Lsh(big.NewInt(w.hi), 64)
	return n.Add(n, new(big.Int).SetUint64(w.lo))
}

func checkParse(t *testing.T, s string) {
	t.Helper()
	want, wantErr := oracleParse(s, 64)
	f, err := ParseFixed(s)
	if !errors.Is(err, wantErr) || err == nil && big.NewInt(int64(f)).Cmp(want) != 0 {
		t.Fatalf("ParseFixed(%q) = %d, %v; want %v, %v", s, f, err, want, wantErr)
	}
	if g, err2 := ParseFixedBytes([]byte(s)); g != f || (err2 == nil) != (err == nil) {
		t.Errorf("ParseFixedBytes(%q) = %v, %v; ParseFixed gives %v, %v", s, g, err2, f, err)
	}
	if err == nil {
		if got := f.String(); got != oracleText(want) {
			t.Errorf("ParseFixed(%q).String() = %q, want %q", s, got, oracleText(want))
		}
		if d, err := decimal.NewFromString(s); err == nil && !f.Decimal().Equal(d) {
			t.Errorf("ParseFixed(%q).Decimal() = %v", s, f.Decimal())
		}
	}
	want, wantErr = oracleParse(s, 128)
	w, err := ParseWide(s)
	if !errors.Is(err, wantErr) || err == nil && w.big().Cmp(want) != 0 {
		t.Fatalf("ParseWide(%q) = %v, %v; want %v, %v", s, w, err, want, wantErr)
	}
	if err == nil && w.String() != oracleText(want) {
		t.Errorf("ParseWide(%q).String() = %q, want %q", s, w.String(), oracleText(want))
	}
}

// numberTexts are the texts that broke a version of the scanner or stand at an edge.
var numberTexts = []string{
	"62909.90", "-0.5", "6.818e-05", "0", "-0", "+7", "0.00000000", "1.", ".5", "-.5", "1e2", "1E+2",
	"", "-", "+", ".", "e5", "1e", "1e+", "--1", "1..2", "1.2.3", "0x10", "1_000", " 1", "1 ", "NaN", "Inf", "١",
	"0.000000001", "0.0000000010", "0.000000010", "10e-9", "1e-8", "1e-9", "0e-99999999999999999999", "0e99999999999999999999",
	"92233720368.54775807", "92233720368.54775808", "-92233720368.54775808", "-92233720368.54775809",
	"9223372036854775807", "9223372036854775808", "999999999999999999", "0.999999999999999999",
	"1701411834604692317316873037158.84105727", "1701411834604692317316873037158.84105728",
	"-1701411834604692317316873037158.84105728", "-1701411834604692317316873037158.84105729",
	// 2^128 less a digit's room: the last digit carries out of 128 bits.
	"3402823669209384634633746074317.68211459", "340282366920938463463374607431768211459e-8",
	"340282366920938463463374607431768211456", "3402823669209384634633746074317682114560000",
	"1e38", "1e30", "1e31", "17e29", "18e29", "1000000000000000000000000000000000000000000e-42",
	"0.1234567890123456789012345678901234567890123456789", "9999999999999999999999999999999999999999x",
	"1" + strings.Repeat("0", 400) + "e-400", "0." + strings.Repeat("0", 400) + "1e401",
	strings.Repeat("0", 999) + "1", strings.Repeat("0", 1000) + "1", "1e10001", "1e-10001",
}

func TestParseNumber(t *testing.T) {
	for _, s := range numberTexts {
		checkParse(t, s)
	}
}

// TestParseNumberRandom tries texts that look like numbers, of every length and shape.
func TestParseNumberRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		checkParse(t, randomNumber(r))
	}
}

func randomNumber(r *rand.Rand) string {
	var b strings.Builder
	b.WriteString([]string{"", "", "", "-", "+"}[r.IntN(5)])
	run := func(longest int) {
		for range r.IntN(longest + 1) {
			b.WriteByte("0000123456789999"[r.IntN(16)])
		}
	}
	run([]int{3, 12, 22, 45}[r.IntN(4)])
	if r.IntN(4) > 0 {
		b.WriteByte('.')
		run([]int{2, 8, 10, 45}[r.IntN(4)])
	}
	if r.IntN(5) == 0 {
		b.WriteString("e" + strconv.Itoa(r.IntN(90)-45))
	}
	if r.IntN(50) == 0 {
		b.WriteByte("x.e-"[r.IntN(4)])
	}
	return b.String()
}

func FuzzParseNumber(f *testing.F) {
	for _, s := range numberTexts {
		f.Add(s)
	}
	f.Fuzz(checkParse)
}

func checkArithmetic(t *testing.T, a, b int64) {
	t.Helper()
	f, g, x, y := Fixed(a), Fixed(b), big.NewInt(a), big.NewInt(b)
	check := func(name string, got Fixed, err error, want *big.Int) {
		t.Helper()
		if ok := want.IsInt64(); ok != (err == nil) || ok && want.Int64() != int64(got) ||
			err != nil && !errors.Is(err, ErrNumberRange) {
			t.Errorf("%d %s %d = %d, %v; want %v", a, name, b, got, err, want)
		}
	}
	sum, err := f.Add(g)
	check("add", sum, err, new(big.Int).Add(x, y))
	diff, err := f.Sub(g)
	check("sub", diff, err, new(big.Int).Sub(x, y))
	product, err := f.MulInt(b)
	check("mul", product, err, new(big.Int).Mul(x, y))
	if g > 0 {
		for _, offset := range []int64{a ^ b, ^(a ^ b), ^a} {
			rest := new(big.Int).Mod(new(big.Int).Sub(x, big.NewInt(offset)), y)
			if got := f.IsMultipleOf(g, Fixed(offset)); got != (rest.Sign() == 0) {
				t.Errorf("%d.IsMultipleOf(%d, %d) = %v", a, b, offset, got)
			}
		}
		for r := RoundDown; r <= RoundCeil; r++ {
			want := oracleRound(x, y, r)
			want.Mul(want, y)
			if want.Cmp(big.NewInt(math.MaxInt64)) > 0 {
				want.SetInt64(math.MaxInt64)
			}
			if want.Cmp(big.NewInt(math.MinInt64)) < 0 {
				want.SetInt64(math.MinInt64)
			}
			if got := f.Round(g, r); int64(got) != want.Int64() {
				t.Errorf("%d.Round(%d, %d) = %d, want %v", a, b, r, got, want)
			}
		}
	}
}

func checkWide(t *testing.T, hi int64, lo uint64, hi2 int64, lo2 uint64) {
	t.Helper()
	w, v := WideFromWords(hi, lo), WideFromWords(hi2, lo2)
	want := new(big.Int).Add(w.big(), v.big())
	if sum, err := w.Add(v); fits(want, 128) != (err == nil) || err == nil && sum.big().Cmp(want) != 0 {
		t.Errorf("%v + %v = %v, %v; want %v", w, v, sum, err, want)
	}
	if got := w.String(); got != oracleText(w.big()) {
		t.Errorf("Wide %v prints %q, want %q", w.big(), got, oracleText(w.big()))
	}
	if back, err := ParseWide(w.String()); err != nil || back != w {
		t.Errorf("ParseWide(%q) = %v, %v", w.String(), back, err)
	}
	if w.Decimal().String() != w.String() || w.Sign() != w.big().Sign() {
		t.Errorf("Wide %v: decimal %v, sign %d", w, w.Decimal(), w.Sign())
	}
	if f, err := w.Fixed(); w.big().IsInt64() != (err == nil) || err == nil && WideOf(f) != w {
		t.Errorf("Wide %v as Fixed: %v, %v", w, f, err)
	}
	exact, _ := new(big.Rat).SetFrac(w.big(), big.NewInt(int64(FixedOne))).Float64()
	if math.Abs(w.Float()-exact) > 1e-15*math.Abs(exact) {
		t.Errorf("Wide %v as float: %v, want %v", w, w.Float(), exact)
	}
}

func checkFromDecimal(t *testing.T, coefficient int64, exponent int32) {
	t.Helper()
	d := decimal.New(coefficient, exponent)
	num, den := big.NewInt(coefficient), big.NewInt(1)
	ten := func(n int32) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }
	if e := exponent + FixedPlaces; e >= 0 {
		num.Mul(num, ten(min(e, 200)))
	} else {
		den = ten(min(-e, 200))
	}
	for r := RoundDown; r <= RoundCeil; r++ {
		want := oracleRound(num, den, r)
		got, err := FixedFromDecimal(d, r)
		if want.IsInt64() != (err == nil) || err == nil && int64(got) != want.Int64() ||
			err != nil && !errors.Is(err, ErrNumberRange) {
			t.Errorf("FixedFromDecimal(%de%d, %d) = %d, %v; want %v", coefficient, exponent, r, got, err, want)
		}
	}
}

var edges = []int64{0, 1, -1, 2, 5, 10, 99, -100, 100_000_000, math.MaxInt64, math.MinInt64, math.MaxInt64 - 1,
	math.MinInt64 + 1, 1 << 62, -1 << 62, 1<<62 + 1, math.MaxInt64/10*10 + 5, 6290990000000, 3_037_000_500}

func TestArithmetic(t *testing.T) {
	for _, a := range edges {
		for _, b := range edges {
			checkArithmetic(t, a, b)
			checkWide(t, a, uint64(b), b, uint64(a))
		}
		for e := int32(-40); e < 20; e++ {
			checkFromDecimal(t, a, e)
		}
		checkFromDecimal(t, a, math.MaxInt32-100)
		checkFromDecimal(t, a, math.MinInt32)
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		a, b := int64(r.Uint64())>>r.IntN(64), int64(r.Uint64())>>r.IntN(64)
		checkArithmetic(t, a, b)
		checkWide(t, a, r.Uint64(), b, r.Uint64())
		checkFromDecimal(t, a, int32(r.IntN(50)-35))
	}
}

func FuzzArithmetic(f *testing.F) {
	for i, a := range edges {
		f.Add(a, edges[(i+7)%len(edges)], uint64(i)<<60, int32(-i))
	}
	f.Fuzz(func(t *testing.T, a, b int64, lo uint64, exponent int32) {
		checkArithmetic(t, a, b)
		checkWide(t, a, lo, b, ^lo)
		if exponent < math.MaxInt32-100 {
			checkFromDecimal(t, a, exponent)
		}
	})
}

func TestFixedSaturates(t *testing.T) {
	if got := FixedMin.Neg(); got != FixedMax {
		t.Errorf("FixedMin.Neg() = %v", got)
	}
	if got := FixedMin.Abs(); got != FixedMax {
		t.Errorf("FixedMin.Abs() = %v", got)
	}
	if got := Fixed(-5).Abs(); got != 5 {
		t.Errorf("Abs = %v", got)
	}
	if Fixed(7).Round(0, RoundCeil) != 7 || !Fixed(7).IsMultipleOf(0, 3) {
		t.Error("a step of zero must be no rule")
	}
	if PassiveRounding(Buy) != RoundFloor || PassiveRounding(Sell) != RoundCeil {
		t.Error("passive rounding is down for a buy, up for a sell")
	}
}

func TestNumberText(t *testing.T) {
	var f Fixed
	if err := f.UnmarshalText([]byte("-1.50")); err != nil || f != MustFixed("-1.5") {
		t.Errorf("UnmarshalText: %v, %v", f, err)
	}
	if b, _ := f.MarshalText(); string(b) != "-1.5" {
		t.Errorf("MarshalText: %s", b)
	}
	if err := f.UnmarshalText([]byte("x")); !errors.Is(err, ErrNumberSyntax) || f != MustFixed("-1.5") {
		t.Errorf("a bad text gave %v and left %v", err, f)
	}
	var w Wide
	if err := w.UnmarshalText([]byte("12345678901234567890.5")); err != nil {
		t.Fatal(err)
	}
	if b, _ := w.MarshalText(); string(b) != "12345678901234567890.5" {
		t.Errorf("MarshalText: %s", b)
	}
	if err := w.UnmarshalText(nil); !errors.Is(err, ErrNumberSyntax) {
		t.Errorf("empty text gave %v", err)
	}
	_, err := ParseFixed(strings.Repeat("9", 900))
	if !errors.Is(err, ErrNumberRange) || len(err.Error()) > 100 {
		t.Errorf("the error repeats its input: %v", err)
	}
	if got := MustFixed("0.1").Float(); got != 0.1 {
		t.Errorf("Float = %v", got)
	}
}

func TestMustFixedPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("MustFixed must panic on what is no number")
		}
	}()
	MustFixed("12,5")
}

func TestNumbersDoNotAllocate(t *testing.T) {
	texts := [][]byte{[]byte("62909.90"), []byte("0.00004258"), []byte("6.818e-05"), []byte("1.000000000000")}
	buf := make([]byte, 0, 64)
	var sum Fixed
	wide := WideFromWords(1<<40, 12345)
	n := testing.AllocsPerRun(100, func() {
		for _, b := range texts {
			f, _ := ParseFixedBytes(b)
			g, _ := ParseFixed("62909.90")
			sum += f + g
			buf = f.Append(buf[:0])
		}
		buf = wide.Append(buf[:0])
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkParseFixed(b *testing.B) {
	for _, s := range []string{"62909.90", "0.00004258", "1000", "6.818e-05"} {
		text := []byte(s)
		b.Run(s, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ParseFixedBytes(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAppendFixed(b *testing.B) {
	f := MustFixed("62909.90")
	buf := make([]byte, 0, 32)
	for b.Loop() {
		buf = f.Append(buf[:0])
	}
}
