package csv

import (
	"bytes"
	stdcsv "encoding/csv"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
)

// fuzzKeys are what a caller may know of a file.
var fuzzKeys = func() []row.Key {
	keys := []row.Key{{}, {Product: exchange.UM}, {Symbol: "BTCUSDT"}}
	for _, k := range row.Kinds {
		key := row.Key{Product: exchange.UM, Symbol: "BTCUSDT", Kind: k}
		if k.Bars() {
			key.Interval = time.Minute
		}
		keys = append(keys, key, row.Key{Product: exchange.CM, Symbol: "BTCUSD_PERP", Kind: k, Interval: key.Interval})
	}
	return keys
}()

// FuzzReader reads any text as any kind: no panic, every row that is given can be one of
// its series, and rows and bad lines keep the order of the file.
func FuzzReader(f *testing.F) {
	names, err := filepath.Glob(filepath.Join("testdata", "*.txt"))
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		script, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for i, part := range strings.Split(string(script), "\n\n") {
			if _, text, ok := strings.Cut(part, "\nfile "); ok {
				part = text
			}
			_, text, _ := strings.Cut(part, "\n")
			text, _, _ = strings.Cut(text, "----\n")
			f.Add(uint8(i), "time=date", []byte(text))
			f.Add(uint8(0), "", []byte(text))
		}
	}
	f.Fuzz(func(t *testing.T, key uint8, columns string, text []byte) {
		named, err := ParseColumns(columns)
		if err != nil || len(text) == 0 {
			return
		}
		path := filepath.Join(t.TempDir(), "a.csv")
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		c, err := readFile(t, path, source.Spec{Key: fuzzKeys[int(key)%len(fuzzKeys)], Columns: named})
		if err != nil {
			return
		}
		last := int64(bytes.Count(text, []byte("\n")) + 1)
		for k, lines := range c.lines {
			if !slices.IsSorted(lines) || lines[0] < 1 || lines[len(lines)-1] > last {
				t.Errorf("%v: lines %v of %d", k, lines, last)
			}
		}
	})
}

// FuzzSplit compares the splitting of lines with simple ones: strings.Split for lines
// without quotes, encoding/csv for those with.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{"1,2,3", ",,", "", "a", `"a,b",c`, `"a""b",,"c"`, `"a`, `a"b,c`, "1704153600000,44000.1,44010,43990.5", "\xff,\x00,€", "12345678,12345678"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if strings.ContainsAny(line, "\r\n") {
			return
		}
		want := strings.Split(line, ",")
		if strings.Contains(line, `"`) {
			r := stdcsv.NewReader(strings.NewReader(line))
			var err error
			if want, err = r.Read(); err != nil {
				return
			}
		}
		one := fields{comma: ',', width: min(len(want), fieldsMax)}
		if err := one.split([]byte(line)); (err == nil) != (one.width == len(want)) {
			t.Fatalf("%q: %v", line, err)
		}
		if len(want) >= fieldsMax {
			return
		}
		for i, w := range want {
			if got := string(one.value[i]); got != w {
				t.Errorf("%q: field %d is %q, want %q", line, i, got, w)
			}
		}
		one.width++
		if one.split([]byte(line)) == nil {
			t.Errorf("%q: taken as %d fields", line, one.width)
		}
	})
}

// FuzzNumbers compares the fast ways to read numbers with exact ones.
func FuzzNumbers(f *testing.F) {
	for _, s := range []string{"0", "1", "79972.8", "0.00000001", "542.0", "9999999999.99999999", "10000000000", "184467440738", ".5", "5.", "1e3", "-1", "",
		"1.2.3", "000000000000000001", "9223372036854775807", "9223372036854775808", "12345678", "1234567890123456", "1.123456785", "1.1234567850001",
		"-2.999999995", "0.999999999999", "1234567\xc9", "123\xca4567"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b := []byte(s)
		if v, ok := scaled(b); ok {
			want, err := exchange.ParseFixed(s)
			if err != nil || int64(want) != v || want >= row.DecimalMax {
				t.Errorf("scaled(%q) = %d, exact scanner says %v, %v", s, v, int64(want), err)
			}
		}
		want, err := strconv.ParseInt(s, 10, 64)
		plain := err == nil && len(s) <= 19 && strings.Trim(s, "0123456789") == ""
		v, ok := digits(b)
		if !ok {
			v, ok = digits19(b)
		}
		if ok != plain || ok && v != want {
			t.Errorf("digits(%q) = %d, %t, want %d, %t", s, v, ok, want, plain)
		}
		checkRounded(t, s)
	})
}

// checkRounded compares with the mathematics: the nearest multiple of 1e-8, and of two
// equally near the even one.
func checkRounded(t *testing.T, s string) {
	got, err := rounded([]byte(s))
	if err != nil || strings.ContainsAny(s, "eE") || strings.TrimSpace(s) != s {
		return
	}
	exact, ok := new(big.Rat).SetString(s)
	if !ok {
		t.Fatalf("rounded(%q) = %v", s, got)
	}
	exact.Mul(exact, big.NewRat(int64(exchange.FixedOne), 1))
	hi, lo := got.Words()
	units := new(big.Int).Add(new(big.Int).Lsh(big.NewInt(hi), 64), new(big.Int).SetUint64(lo))
	off := new(big.Rat).Sub(new(big.Rat).SetInt(units), exact)
	switch off.Abs(off).Cmp(big.NewRat(1, 2)) {
	case 1:
		t.Errorf("rounded(%q) = %v is off by %v", s, got, off)
	case 0:
		if units.Bit(0) != 0 {
			t.Errorf("rounded(%q) = %v is the odd one of two", s, got)
		}
	}
}

// FuzzTime compares times in text with package time, and reads back what is printed.
func FuzzTime(f *testing.F) {
	for i, s := range []string{"2024-01-02", "2024-01-02 03:04:05", "2024-01-02T03:04:05Z", "2024-01-02 03:04:05.123456789+00:00", "2024-02-30", "2024-02-29",
		"2001-09-09 01:46:39", "2261-07-14", "2024-01-02T24:00:00Z", "2024-01-02 03:04:05.", "2024-01-02 03:04", "2024-1-2", "2024-01-02T03:04:05.0000000001Z",
		"2024-01-02 03:60:05", "2024-01-02 03:04:60"} {
		f.Add(s, int64(i)*123_456_789_012_345_678+1e18)
	}
	f.Fuzz(func(t *testing.T, s string, nanos int64) {
		if got, ok := parseTime([]byte(s)); ok {
			var want time.Time
			err := error(nil)
			for _, layout := range []string{"2006-01-02", "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00",
				"2006-01-02T15:04:05Z07:00", "2006-01-02 15:04:05Z0700", "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05Z07", "2006-01-02T15:04:05Z07"} {
				if want, err = time.Parse(layout, s); err == nil {
					break
				}
			}
			if err != nil || exchange.TimeOf(want) != got {
				t.Errorf("%q: %v, want %v, %v", s, got, want, err)
			}
		}
		at := exchange.Time(nanos)
		for _, text := range []string{at.String(), strings.TrimSuffix(strings.Replace(at.String(), "T", " ", 1), "Z")} {
			if got, ok := parseTime([]byte(text)); ok != (nanos >= timeMin && nanos < timeMax) || ok && got != at {
				t.Errorf("%q: %v, %t, want %v", text, got, ok, at)
			}
		}
	})
}
