package npz

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

const (
	// exactMax is 10^15 in units of 1e-8. Decimals of up to 15 digits and float64s stand
	// for one another without loss: of two different ones no float is the nearest to both.
	exactMax = 1_000_000_000_000_000
	// noise is how far, relative to itself, a float may be from the number of eight
	// decimals that it is read as: four steps of the last bit, what a product of a tick
	// and a tick size or a short sum leaves behind.
	noise = 0x1p-50
)

// toFixed converts a float of a file: exactly, or, said by noisy, to the number of eight
// decimals next to it.
func toFixed(v float64) (f exchange.Fixed, noisy bool, err error) {
	const one = float64(exchange.FixedOne)
	// Both are below 2^53, so n/1e8 is the float nearest to the decimal n, and the only
	// decimal of up to 15 digits that is read as v: the shortest one.
	if n := math.RoundToEven(v * one); math.Abs(n) < exactMax && n/one == v {
		return exchange.Fixed(n), false, nil
	}
	if !(math.Abs(v) < float64(row.DecimalMax/exchange.FixedOne)) { // NaN is less than nothing
		return 0, false, fmt.Errorf("%v is no number below 10000000000", v)
	}
	text := strconv.AppendFloat(nil, v, 'f', -1, 64)
	f, err = exchange.ParseFixedBytes(text)
	if !errors.Is(err, exchange.ErrNumberPrecision) {
		return f, false, err
	}
	text = strconv.AppendFloat(text[:0], v, 'f', exchange.FixedPlaces, 64)
	near, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return 0, false, err
	}
	if math.Abs(v-near) > math.Abs(v)*noise {
		return 0, false, fmt.Errorf("%v: %w, and is not what rounding leaves of %s", v, exchange.ErrNumberPrecision, text)
	}
	f, err = exchange.ParseFixedBytes(text)
	if err == nil && f.Abs() >= row.DecimalMax {
		err = fmt.Errorf("%v is no number below 10000000000", v)
	}
	return f, true, err
}

// toFloat converts a price or quantity for a file: to the float that its exact text is
// read as. It refuses the few of more than 15 digits that a file could not give back.
func toFloat(f exchange.Fixed) (float64, error) {
	if f.Abs() < exactMax {
		return f.Float(), nil // one division of two exact floats, so the nearest
	}
	v, err := strconv.ParseFloat(f.String(), 64)
	if err != nil {
		return 0, err
	}
	if back, _, err := toFixed(v); err != nil || back != f {
		return 0, fmt.Errorf("%v has more digits than a float64 keeps", f)
	}
	return v, nil
}
