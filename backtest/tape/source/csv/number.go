package csv

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
)

var errDecimal = errors.New("more than 18 digits before and after the point; the largest value a tape holds is 9999999999.99999999")

// decimal reads a price, quantity or rate.
func decimal(b []byte) (int64, error) {
	if v, ok := scaled(b); ok {
		return v, nil
	}
	v, err := exchange.ParseFixedBytes(bytes.TrimSpace(b))
	if err == nil && (v >= row.DecimalMax || v <= -row.DecimalMax) {
		err = fmt.Errorf("%v: %w", v, errDecimal)
	}
	return int64(v), err
}

// volume reads a sum, which must not be negative.
func volume(b []byte) (row.Wide, error) {
	if v, ok := scaled(b); ok {
		return row.WideOf(exchange.WideOf(exchange.Fixed(v))), nil
	}
	v, err := exchange.ParseWideBytes(bytes.TrimSpace(b))
	return fitting(v, err)
}

func fitting(v exchange.Wide, err error) (row.Wide, error) {
	if err == nil && (v.Sign() < 0 || !row.WideFits(v)) {
		err = fmt.Errorf("%v is no volume between 0 and 1e30", v)
	}
	if err != nil {
		return row.Wide{}, err
	}
	return row.WideOf(v), nil
}

// rounded reads a number of any length and rounds it half to even to eight decimals: open
// interest, which for CM is a quotient, and ratios are computed and not traded, and come
// with up to sixteen. Numbers with an exponent must be exact.
func rounded(b []byte) (exchange.Wide, error) {
	b = bytes.TrimSpace(b)
	v, err := exchange.ParseWideBytes(b)
	if !errors.Is(err, exchange.ErrNumberPrecision) {
		return v, err
	}
	cut := bytes.IndexByte(b, '.') + 1 + exchange.FixedPlaces
	if cut >= len(b) || bytes.ContainsAny(b, "eE") {
		return v, err
	}
	kept, rest := b[:cut], b[cut:]
	if v, err = exchange.ParseWideBytes(kept); err != nil {
		return v, err
	}
	beyond := len(bytes.TrimRight(rest[1:], "0")) > 0
	odd := (kept[len(kept)-1]-'0')%2 == 1
	if rest[0] < '5' || rest[0] == '5' && !beyond && !odd {
		return v, nil
	}
	away := exchange.Fixed(1)
	if b[0] == '-' {
		away = -1
	}
	return v.Add(exchange.WideOf(away))
}

func roundedDecimal(b []byte) (int64, error) {
	w, err := rounded(b)
	if err != nil {
		return 0, err
	}
	v, err := w.Fixed()
	if err != nil || v >= row.DecimalMax || v <= -row.DecimalMax {
		return 0, fmt.Errorf("%v: %w", w, errDecimal)
	}
	return int64(v), nil
}

func roundedVolume(b []byte) (row.Wide, error) {
	if v, ok := scaled(b); ok {
		return row.WideOf(exchange.WideOf(exchange.Fixed(v))), nil
	}
	return fitting(rounded(b))
}

// integer reads an id or a count, which must not be negative.
func integer(b []byte) (int64, error) {
	if v, ok := digits(b); ok {
		return v, nil
	}
	b = bytes.TrimSpace(b)
	if v, ok := digits(b); ok {
		return v, nil
	}
	if v, ok := digits19(b); ok {
		return v, nil
	}
	return 0, fmt.Errorf("%q is not a whole number from 0 to %d", source.Clip(b), int64(math.MaxInt64))
}

// digits reads up to 18 decimal digits.
func digits(b []byte) (v int64, ok bool) {
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	for ; len(b) >= 8; b = b[8:] {
		eight, ok := digits8(binary.LittleEndian.Uint64(b))
		if !ok {
			return 0, false
		}
		v = v*1e8 + eight
	}
	for _, c := range b {
		if c -= '0'; c > 9 {
			return 0, false
		}
		v = v*10 + int64(c)
	}
	return v, true
}

// digits8 reads eight digits at once: neighbours are joined to pairs, fours and eight.
func digits8(word uint64) (int64, bool) {
	word ^= everyByte * '0'
	if (word|(word+everyByte*6))&(everyByte*0xf0) != 0 {
		return 0, false
	}
	word = word * 2561 >> 8 & 0x00ff00ff00ff00ff
	word = word * 6553601 >> 16 & 0x0000ffff0000ffff
	return int64(word * 42949672960001 >> 32), true
}

// digits19 reads 19 decimal digits, which made ids and nanoseconds have.
func digits19(b []byte) (v int64, ok bool) {
	if len(b) != 19 {
		return 0, false
	}
	head, ok := digits(b[:18])
	last := int64(b[18]) - '0'
	if !ok || last < 0 || last > 9 || head > (math.MaxInt64-last)/10 {
		return 0, false
	}
	return head*10 + last, true
}

// tens are the powers of ten that bring a number to eight decimals, by its decimals.
var tens = [exchange.FixedPlaces + 1]int64{1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 100, 10, 1}

// scaled is the fast path for what nearly every field is: an unsigned number of at most
// 18 characters with at most 8 digits after the point. It returns the number times 1e8.
// Whatever it does not take goes to the exact scanner of package exchange; see
// BenchmarkTrades.
func scaled(b []byte) (v int64, ok bool) {
	if len(b) == 0 || len(b) > 18 || b[0] == '.' || b[len(b)-1] == '.' {
		return 0, false
	}
	point := len(b) - 1
	for i := range b {
		c := b[i] - '0'
		if c > 9 {
			if b[i] != '.' || point != len(b)-1 {
				return 0, false
			}
			point = i
			continue
		}
		v = v*10 + int64(c)
	}
	places := len(b) - 1 - point
	if places > exchange.FixedPlaces {
		return 0, false
	}
	ten := tens[places]
	if v >= int64(row.DecimalMax)/ten {
		return 0, false
	}
	return v * ten, true
}
