package backtest

import (
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// samplesMax bounds the samples of a run, each of which takes about a kilobyte: nearly two
// years of minutes.
const samplesMax = 1 << 20

// sampleCount is about how many samples a run has, or an error that says what interval would
// do.
func sampleCount(from, to exchange.Time, every time.Duration) (int, error) {
	n := int64(max(0, to.Sub(from)) / every)
	if n > samplesMax {
		return 0, fmt.Errorf("sample is %v: from %v to %v that makes %d samples, and a result has at most %d; sample %v or more, or 0s",
			every, from, to, n, samplesMax, sampleLeast(to.Sub(from)))
	}
	return int(n), nil
}

// sampleLeast is the shortest whole second that keeps samplesMax.
func sampleLeast(span time.Duration) time.Duration {
	return (span/samplesMax + time.Second).Truncate(time.Second)
}

// slim makes a sample small: numbers that are equal to the account's equity, or to those of
// the sample before, are the same ones, and short numbers take no more than they need. In a
// run with a million samples most of them are one of these.
func (s *Sample) slim(last *Sample) {
	a, b := &s.Account, &last.Account
	for _, number := range [...]struct {
		of    *decimal.Decimal
		known [2]decimal.Decimal
	}{
		{&a.Equity, [2]decimal.Decimal{b.Equity}}, {&a.ActualEquity, [2]decimal.Decimal{a.Equity, b.ActualEquity}},
		{&a.OpenLoss, [2]decimal.Decimal{b.OpenLoss}}, {&a.MaintMargin, [2]decimal.Decimal{b.MaintMargin}},
		{&a.InitialMargin, [2]decimal.Decimal{b.InitialMargin}}, {&a.Available, [2]decimal.Decimal{a.Equity, b.Available}},
		{&a.UniMMR, [2]decimal.Decimal{b.UniMMR}}, {&s.Held, [2]decimal.Decimal{b.Equity, last.Held}},
	} {
		share(number.of, number.known[0], number.known[1])
	}
	for i := range s.Exposure {
		share(&s.Exposure[i].USD, decimal.Zero, decimal.Zero)
	}
	for i := range s.Assets {
		v, before := &s.Assets[i], AssetValue{}
		if i < len(last.Assets) {
			before = last.Assets[i]
		}
		share(&v.Net, before.Net, decimal.Zero)
		share(&v.Actual, a.ActualEquity, before.Actual)
		share(&v.Equity, a.Equity, v.Actual)
	}
}

// share makes a number the one of two that it is equal to, digit for digit.
func share(d *decimal.Decimal, known, other decimal.Decimal) {
	switch {
	case d.Exponent() == known.Exponent() && d.Equal(known):
		*d = known
	case d.Exponent() == other.Exponent() && d.Equal(other):
		*d = other
	case d.NumDigits() <= smallDigits:
		*d = decimal.New(d.CoefficientInt64(), d.Exponent())
	}
}
