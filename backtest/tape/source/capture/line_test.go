package capture

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/exchange"
)

// TestLocal holds clocks of every unit to the nanosecond, also where a float would round.
func TestLocal(t *testing.T) {
	for text, want := range map[string]exchange.Time{
		"1723161255088169167":            1723161255088169167,
		"1723161255088169167.9":          1723161255088169167,
		"1723161255088169":               1723161255088169000,
		"1723161255088169.1":             1723161255088169100,
		"1723161255088":                  1723161255088000000,
		"1723161255088.169167":           1723161255088169167,
		"1723161255":                     1723161255000000000,
		"1626992741.3105128":             1626992741310512800,
		"1626992741.06217":               1626992741062170000,
		"1626992741.1234567899":          1626992741123456789,
		"1000000000":                     1000000000000000000,
		"9223372036.854775807":           9223372036854775807,
		"9223372036854775807":            9223372036854775807,
		"2024-08-08T23:54:15.088169Z":    1723161255088169000,
		"2024-08-08T23:54:15.0881691Z":   1723161255088169100,
		"2024-08-09T01:54:15.088+02:00":  1723161255088000000,
		"2024-08-08T23:54:15.088169167Z": 1723161255088169167,
	} {
		if got, err := parseLocal([]byte(text)); err != nil || got != want {
			t.Errorf("%s: %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "1", "0999999999", "9223372036.854775808", "9223372036854775808", "9223372037", "9999999999999999999.9", "-723161255",
		"+723161255", "1723161255,5", "1723161255.5.", "1723161255. 5", "17231612.5508", "2024-08-08", "2024-08-08 23:54:15Z",
		"1677-01-01T00:00:00Z", "2263-01-01T00:00:00Z",
	} {
		if got, err := parseLocal([]byte(text)); err == nil {
			t.Errorf("%q: %d, want an error", text, got)
		}
	}
}

// TestLocalUnits writes random instants in every unit, with as many decimals as it takes,
// and reads them back.
func TestLocalUnits(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		want := localMin + exchange.Time(random.Int64N(int64(8*localMin)))
		digits := fmt.Sprint(int64(want))
		for _, whole := range []int{10, 13, 16} {
			text := digits[:whole] + "." + digits[whole:] + strings.Repeat("7", random.IntN(4))
			if got, err := parseLocal([]byte(text)); err != nil || got != want {
				t.Fatalf("%s: %d, %v, want %d", text, got, err, want)
			}
		}
		text := want.UTC().Format("2006-01-02T15:04:05.000000000Z07:00")
		if got, err := parseLocal([]byte(text)); err != nil || got != want {
			t.Fatalf("%s: %d, %v, want %d", text, got, err, want)
		}
	}
}

func TestDetect(t *testing.T) {
	for _, head := range []string{
		"1723161255088169167 {\"stream\":",
		"1723161255088169167 [{\"e\":",
		"1723161255.5: {\"stream\":\"x\"}\r\n1723161255.6: {}",
		"2024-08-08T23:54:15.088169Z {\"stream\":",
		"wss://fstream.binance.com/stream?streams=solusdt@aggTr",
		"wss://fstream.binance.com/ws <-> 1626916403.1\n",
		"\n\nhttps://fapi.binance.com/fapi/v1/depth?symbol=SOLUSDT -> 1626992741.3: {\"lastUpdateId\":6",
		"configuration: {\"trades\":[]}",
		"xUpdate\",\"E\":1}}\n1723161255088169167 {\"stream\":", // a file that was begun within a line
	} {
		if !Detect([]byte(head)) {
			t.Errorf("%q is not taken for a recording", head)
		}
	}
	for _, head := range []string{
		"", "\n", "{\"stream\":\"x\",\"data\":{}}\n", "[1,2]", "PK\x03\x04", "\x93NUMPY",
		"agg_trade_id,price,quantity\n1,2,3\n",
		"1723161255088,141.2,141.3,141.1,141.2\n1723161315088,141.2,141.3,141.1,141.2\n",
		"1723161255088169167\n1723161255088169168\n",
		"1723161255 141.2 3\n1723161256 141.3 3\n",
		"2024-08-08T23:54:15Z,1,2\n2024-08-08 23:54:15,1,2\n",
		"date open high\n2024-08-08T23:54:15Z 1 2\n",
		"a\nb\nc\n1723161255088169167 {\"stream\":",
	} {
		if Detect([]byte(head)) {
			t.Errorf("%q is taken for a recording", head)
		}
	}
}
