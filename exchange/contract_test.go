package exchange

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
)

var (
	btcUM = &Instrument{Product: UM, ContractSize: FixedOne}
	btcCM = &Instrument{Product: CM, ContractSize: 100 * FixedOne}
	ethCM = &Instrument{Product: CM, ContractSize: 10 * FixedOne}
)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

// same compares with a printed result. One that ends in "..." is cut, not rounded, and is
// compared as far as it is printed, sixteen decimals at most: formulas round there.
func same(t *testing.T, name string, got decimal.Decimal, want string) {
	t.Helper()
	digits, cut := strings.CutSuffix(want, "...")
	w := dec(digits)
	if !cut {
		if !got.Equal(w) {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
		return
	}
	places := min(-w.Exponent(), divPlaces)
	if w.Sub(got).Abs().GreaterThan(decimal.New(1, -places)) {
		t.Errorf("%s = %v, want %v", name, got, want)
	}
}

// TestWorkedExamples are computed by hand with 34 digits; F1 to F4 and D1 start from
// real funding and settlement rows.
func TestWorkedExamples(t *testing.T) {
	taker := dec("0.0005")
	same(t, "L1 long", btcUM.PnL(dec("0.75"), dec("60000.40"), dec("62000.50")), "1500.075")
	same(t, "L1 short", btcUM.PnL(dec("-0.75"), dec("60000.40"), dec("62000.50")), "-1500.075")
	same(t, "L3", btcUM.Value(dec("0.5"), dec("62909.90")).Mul(taker), "15.727475")
	same(t, "I1 long", btcCM.PnL(dec("100"), dec("50000"), dec("55000")), "0.018181818181818...")
	same(t, "I1 short", btcCM.PnL(dec("-100"), dec("50000"), dec("55000")), "-0.018181818181818...")
	same(t, "I2", ethCM.PnL(dec("250"), dec("2000"), dec("1600")), "-0.3125")
	same(t, "I5 notional", btcCM.Value(dec("100"), dec("50000")), "0.2")
	same(t, "I5 fee", btcCM.Value(dec("100"), dec("50000")).Mul(taker), "0.0001")
	gross := btcCM.PnL(dec("100"), dec("50000"), dec("50500"))
	out := btcCM.Value(dec("100"), dec("50500")).Mul(taker)
	same(t, "I6 gross", gross, "0.00198019801980198...")
	same(t, "I6 fee", out, "0.0000990099009901...")
	same(t, "I6 net", gross.Sub(dec("0.0001")).Sub(out), "0.00178118811881188...")
	same(t, "F1", btcUM.Value(dec("0.75"), dec("60000.40")).Mul(dec("0.00004258")), "1.916112774")
	same(t, "F2", btcUM.Value(dec("-0.75"), dec("60192.50")).Mul(dec("0.00001355")), "0.61170628125")
	notional := btcCM.Value(dec("1000"), dec("83742.41308536"))
	same(t, "F3 notional", notional, "1.194138027740714588...")
	same(t, "F3", notional.Mul(dec("0.00000272")), "0.00000324805543545...")
	same(t, "F4", btcCM.Value(dec("1000"), dec("83778.90")).Mul(dec("-0.00000573")), "-0.00000683943093070...")
	same(t, "D1", btcCM.PnL(dec("50"), dec("61000"), dec("62928.61695652")), "0.00251210601372...")
	same(t, "delta UM", btcUM.Delta(dec("-0.75"), dec("60000")), "-0.75")
	same(t, "delta CM", btcCM.Delta(dec("-100"), dec("50000")), "-0.2")
	same(t, "delta CM", btcCM.Delta(dec("100"), dec("50000")), "0.2")
}

// TestAverages are the examples L2, I3 and I4, walked through Position.Trade.
func TestAverages(t *testing.T) {
	var p Position
	p.Trade(btcUM, Buy, MustFixed("0.5"), MustFixed("60000"))
	p.Trade(btcUM, Buy, MustFixed("0.25"), MustFixed("61500"))
	same(t, "L2", p.Entry, "60500")

	p = Position{}
	p.Trade(btcCM, Buy, 10*FixedOne, MustFixed("50000"))
	p.Trade(btcCM, Buy, 30*FixedOne, MustFixed("60000"))
	same(t, "I3", p.Entry, "57142.857142857142857...")
	entry := p.Entry
	same(t, "I4", p.Trade(btcCM, Sell, 25*FixedOne, MustFixed("58000")), "0.00064655172413793...")
	same(t, "I4 rest", p.Qty, "15")
	same(t, "I4 entry", p.Entry, entry.String())
}

// TestRealTradesRound holds that contracts·100/price, rounded to eight decimals, is the
// base quantity that dapi showed for six recorded trades.
func TestRealTradesRound(t *testing.T) {
	for _, c := range [][3]string{
		{"1", "9635.0", "0.01037883"}, {"1", "9642.2", "0.01037108"}, {"21", "27465.8", "0.07645872"},
		{"15", "27466.9", "0.05461119"}, {"1", "19100.5", "0.00523547"}, {"40", "19099.7", "0.20942737"},
	} {
		same(t, c[0]+"@"+c[1], btcCM.Value(dec(c[0]), dec(c[1])).Round(8), c[2])
	}
}

func TestPositionTrade(t *testing.T) {
	for _, c := range []struct {
		name                     string
		qty, entry               string
		side                     Side
		fill, price              string
		realized, qtyTo, entryTo string
	}{
		{"open", "0", "0", Sell, "2", "100", "0", "-2", "100"},
		{"add", "-2", "100", Sell, "2", "200", "0", "-4", "150"},
		{"reduce", "-4", "150", Buy, "1", "140", "10", "-3", "150"},
		{"close", "-3", "150", Buy, "3", "160", "-30", "0", "0"},
		{"flip", "3", "100", Sell, "5", "110", "30", "-2", "110"},
		{"nothing", "0", "0", Buy, "0", "100", "0", "0", "0"},
		{"nothing on top", "1", "90", Buy, "0", "100", "0", "1", "90"},
	} {
		p := Position{Qty: dec(c.qty), Entry: dec(c.entry)}
		got := p.Trade(btcUM, c.side, MustFixed(c.fill), MustFixed(c.price))
		same(t, c.name, got, c.realized)
		same(t, c.name+" quantity", p.Qty, c.qtyTo)
		same(t, c.name+" entry", p.Entry, c.entryTo)
	}
}

// TestNoPrice holds that a missing price gives zero and never a division by zero.
func TestNoPrice(t *testing.T) {
	same(t, "value", btcCM.Value(dec("5"), decimal.Zero), "0")
	same(t, "delta", btcCM.Delta(dec("-5"), decimal.Zero), "0")
	same(t, "pnl", btcCM.PnL(dec("5"), decimal.Zero, dec("5")), "0")
	same(t, "pnl", btcCM.PnL(dec("5"), dec("5"), decimal.Zero), "0")
}

// TestFillsConserve holds that realised and unrealised profit add up to the value of all
// fills against one price, whatever the path. It is exact to 1e-12; the loss is that of
// average prices with endless decimals.
func TestFillsConserve(t *testing.T) {
	for _, in := range []*Instrument{btcUM, btcCM, ethCM} {
		r := rand.New(rand.NewPCG(5, uint64(in.ContractSize)))
		for range 30 {
			var p Position
			realized, fills := decimal.Zero, decimal.Zero
			mark := dec("61234.5")
			for range 60 {
				side := Side(r.IntN(2) + 1)
				qty := Fixed(r.IntN(20)+1) * FixedOne
				if in.Product == UM {
					qty = Fixed(r.IntN(5000)+1) * 100_000
				}
				price := Fixed(500_000+r.IntN(200_000)) * FixedOne / 10
				realized = realized.Add(p.Trade(in, side, qty, price))
				signed := decimal.NewFromInt(side.Sign()).Mul(qty.Decimal())
				fills = fills.Add(in.PnL(signed, price.Decimal(), mark))
			}
			total := realized.Add(in.PnL(p.Qty, p.Entry, mark))
			if total.Sub(fills).Abs().GreaterThan(dec("1e-12")) {
				t.Fatalf("%v: realised and unrealised %v, fills %v", in.Product, total, fills)
			}
		}
	}
}

// TestLinearFillsConserveExactly is the same with positions that only double, halve,
// close and turn, so that every average ends within sixteen decimals.
func TestLinearFillsConserveExactly(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 100 {
		var p Position
		realized, fills := decimal.Zero, decimal.Zero
		mark := dec("61234.5")
		for range 12 {
			side, qty := Side(r.IntN(2)+1), FixedOne
			if !p.Qty.IsZero() {
				held, err := FixedFromDecimal(p.Qty.Abs(), RoundDown)
				if err != nil {
					t.Fatal(err)
				}
				switch long := p.Qty.IsPositive(); {
				case long == (side == Buy):
					qty = held
				default:
					qty = []Fixed{held / 2, held, 2 * held}[r.IntN(3)]
				}
			}
			price := Fixed(500_000+r.IntN(200_000)) * FixedOne / 10
			realized = realized.Add(p.Trade(btcUM, side, qty, price))
			fills = fills.Add(decimal.NewFromInt(side.Sign()).Mul(qty.Decimal()).Mul(mark.Sub(price.Decimal())))
		}
		if total := realized.Add(btcUM.PnL(p.Qty, p.Entry, mark)); !total.Equal(fills) {
			t.Fatalf("realised and unrealised %v, fills %v", total, fills)
		}
	}
}
