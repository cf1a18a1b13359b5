package backtest

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Slim samples print as they did, to the last digit.
func TestSlim(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	number := func() decimal.Decimal {
		d := decimal.New(rng.Int64N(3), -int32(rng.IntN(3)))
		if rng.IntN(2) == 0 { // wider than a word
			d = d.Add(decimal.New(rng.Int64N(2), -20)).Add(decimal.New(1, 9))
		}
		return d
	}
	sample := func() Sample {
		return Sample{Account: exchange.Account{Equity: number(), ActualEquity: number(), OpenLoss: number(), MaintMargin: number(),
			InitialMargin: number(), Available: number(), UniMMR: number()}, Held: number(), Exposure: []Exposure{{1, number()}},
			Assets: []AssetValue{{"BTC", number(), number(), number()}, {"USDT", number(), number(), number()}}[:rng.IntN(3)]}
	}
	digits := cmp.Comparer(func(a, b decimal.Decimal) bool { return a.Exponent() == b.Exponent() && a.Equal(b) })
	last := sample()
	for range 5000 {
		s := sample()
		want := s
		want.Assets, want.Exposure = append([]AssetValue(nil), s.Assets...), append([]Exposure(nil), s.Exposure...)
		s.slim(&last)
		if len(s.Assets) == 0 {
			want.Assets = s.Assets
		}
		if diff := cmp.Diff(want, s, digits); diff != "" {
			t.Fatal(diff)
		}
		last = s
	}
}

// More samples than a result may have are refused with an interval that is taken.
func TestSampleCount(t *testing.T) {
	from := exchange.TimeOf(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC))
	to := from.Add(4 * 365 * 24 * time.Hour)
	if n, err := sampleCount(from, from.Add(700*24*time.Hour), time.Minute); n != 700*1440 || err != nil {
		t.Errorf("700 days of minutes are %d samples, %v", n, err)
	}
	if n, err := sampleCount(to, from, time.Minute); n != 0 || err != nil {
		t.Errorf("a run that ends before it begins has %d samples, %v", n, err)
	}
	_, err := sampleCount(from, to, time.Second)
	if err == nil || !strings.Contains(err.Error(), "sample is 1s") || !strings.Contains(err.Error(), "sample 2m1s or more") {
		t.Errorf("error %v", err)
	}
	for _, span := range []time.Duration{to.Sub(from), samplesMax * time.Second, (samplesMax + 1) * time.Second, 1 << 60} {
		if _, err := sampleCount(0, exchange.Time(span), sampleLeast(span)); err != nil {
			t.Error(err)
		}
	}
}
