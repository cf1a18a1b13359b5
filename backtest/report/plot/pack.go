package plot

import (
	"math"

	"github.com/pmbot/pmbot/exchange"
)

// Numbers travel to the script as whole numbers of a decimal scale, packed into text: the
// difference to the one before, five bits a character, low bits first. The lowest bit of
// all is the sign; a character of which bit 5 is set is followed by another. Minus zero,
// "B", stands for a value that is NaN and leaves the number before as it is. A point of a
// price takes some three characters where its plain text takes ten.

// packDigits are the characters for 0 to 63.
const packDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// packHole is minus zero.
const packHole = 'B'

func appendPacked(b []byte, v int64) []byte {
	u := uint64(v) << 1
	if v < 0 {
		u = uint64(-v)<<1 | 1
	}
	for {
		digit := u & 31
		if u >>= 5; u == 0 {
			return append(b, packDigits[digit])
		}
		b = append(b, packDigits[digit|32])
	}
}

// column is a list of numbers: Packed whole numbers of ten to the power of minus Places.
type column struct {
	Places int    `json:"places"`
	Packed string `json:"packed"`
}

// packMax bounds the whole numbers, for the script adds them up as float64.
const packMax = 1 << 52

// packPlaces is how many decimals are kept of values of a reach that are shown with at
// least wanted: enough to tell ten thousand heights apart, and so few that a float64 holds
// the whole numbers exactly. It is below zero for the very large.
func packPlaces(wanted int, low, high float64) int {
	places := wanted
	if high > low {
		places = max(places, int(math.Ceil(4-math.Log10(high-low))))
	}
	most := max(math.Abs(low), math.Abs(high))
	places = min(places, 15)
	for places > -300 && most*math.Pow10(places) >= packMax {
		places--
	}
	return places
}

// packValues packs values as differences to the one before.
func packValues(values []float64, places int) column {
	var b []byte
	before := int64(0)
	factor := math.Pow10(places)
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			b = append(b, packHole)
			continue
		}
		n := int64(math.Round(v * factor))
		b = appendPacked(b, n-before)
		before = n
	}
	return column{places, string(b)}
}

// packWhole packs whole numbers, each as it is.
func packWhole(values []int64) string {
	var b []byte
	for _, v := range values {
		b = appendPacked(b, v)
	}
	return string(b)
}

// instants is a list of instants: From in Unix milliseconds, and the others in steps of
// Unit milliseconds. Packed has how much each step differs from the one before, which is
// nothing in an even series.
type instants struct {
	From   int64  `json:"from"`
	Unit   int64  `json:"unit"`
	Packed string `json:"packed"`
}

func packInstants(count int, at func(int) exchange.Time) instants {
	out := instants{Unit: 1}
	if count == 0 {
		return out
	}
	out.From = at(0).Millis()
	unit := int64(0)
	for i := 1; i < count; i++ {
		unit = divisor(unit, at(i).Millis()-at(i-1).Millis())
	}
	out.Unit = max(unit, 1)
	b := appendPacked(nil, 0)
	before := int64(0)
	for i := 1; i < count; i++ {
		step := (at(i).Millis() - at(i-1).Millis()) / out.Unit
		b = appendPacked(b, step-before)
		before = step
	}
	out.Packed = string(b)
	return out
}

// divisor is the greatest common divisor.
func divisor(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return max(a, -a)
}
