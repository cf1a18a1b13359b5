package link_test

import (
	"strings"
	"testing"

	"github.com/pmbot/pmbot/backtest/venue/link"
)

func TestParseFault(t *testing.T) {
	for line, want := range map[string]string{
		"at 2h30m adl UM BTCUSDT short 50%":  "",
		"at 3h collateral BTC 0.70":          "",
		"at 3h brackets UM BTCUSDT x1.5":     "",
		"at 4h status UM BTCUSDT SETTLING":   "",
		"at 5h filter UM BTCUSDT tick 1":     "",
		"at 1h outage 90s":                   "",
		"at 1h outage 90s market":            "",
		"at 2025-10-10T21:15:00Z outage 90s": "",
		"chance 1% lose-ack":                 "",
		"chance 0.5% lose-request":           "",
		"at 0s lose-request":                 "",
		"chance 1% duplicate":                "",
		"chance 2% delay 500ms":              "",
		"chance 1% reorder":                  "",
		"chance 100% reorder 1s":             "",
		"chance 1% reject -1008":             "",
		"at 6h interest USDT 0.0001":         "",
		"at 6h borrowable BTC 0":             "",
		"at 6h fees UM -0.00005/0.0003":      "",
		"at 6h leverage UM BTCUSDT 5":        "",
		"  at   1h  outage\t90s ":            "",
		"":                                   `column 1: the line ends where "at" or "chance" should stand`,
		"on 1h outage 90s":                   `column 1: "on" where "at" or "chance" should stand`,
		"at":                                 `column 3: the line ends where a time`,
		"at noon outage 90s":                 `column 4: "noon" where a time since the start such as 2h30m`,
		"at -1h outage 90s":                  `column 4: "-1h" where`,
		"at 1969-01-01T00:00:00Z outage 90s": `column 4: "1969`,
		"at 1h adll UM BTCUSDT short 50%":    `column 7: "adll" where a fault (lose-request, lose-ack,`,
		"at 1h":                              `column 6: the line ends where a fault`,
		"at 1h adl UX BTCUSDT short 50%":     `column 11: "UX" where UM, CM or MARGIN`,
		"at 1h adl UM":                       `column 13: the line ends where a symbol`,
		"at 1h adl UM BTCUSDT both 50%":      `column 22: "both" where long or short`,
		"at 1h adl UM BTCUSDT short 50":      `column 28: "50" where a share`,
		"at 1h adl UM BTCUSDT short 101%":    `column 28: "101%" where a share`,
		"at 1h adl UM BTCUSDT short 50% now": `column 32: "now" where nothing more`,
		"at 1h outage":                       `column 13: the line ends where a length`,
		"at 1h outage 11m":                   `column 14: "11m" where a length of time above 0s and up to 10m0s`,
		"at 1h outage 90s markets":           `column 18: "markets" where nothing more`,
		"chance 1% outage 90s":               `column 11: "outage" where a fault of messages`,
		"chance 1% adl UM BTCUSDT short 50%": `column 11: "adl" where a fault of messages`,
		"chance 0% lose-ack":                 `column 8: "0%" where a share`,
		"chance 0.0000001% lose-ack":         `column 8: "0.0000001%" where a share`,
		"chance 1 lose-ack":                  `column 8: "1" where a share`,
		"chance 1% delay":                    `column 16: the line ends where a length`,
		"chance 1% delay 2m":                 `column 17: "2m" where a length of time above 0s and up to 1m0s`,
		"chance 1% reject 1008":              `column 18: "1008" where an error code of Binance's`,
		"chance 1% reject -1007":             `column 18: "-1007" where a code of a certain refusal (this one leaves the outcome open`,
		"at 1h collateral BTC 1.1":           `column 22: "1.1" where a ratio from 0 to 1`,
		"at 1h collateral":                   `column 17: the line ends where an asset`,
		"at 1h brackets UM BTCUSDT 1.5":      `column 27: "1.5" where a factor`,
		"at 1h status UM BTCUSDT settling":   `column 25: "settling" where a status`,
		"at 1h status UM BTCUSDT FOO":        `column 25: "FOO" where a status`,
		"at 1h filter UM BTCUSDT ticks 1":    `column 25: "ticks" where a filter`,
		"at 1h filter UM BTCUSDT tick 0":     `column 30: "0" where a number above 0`,
		"at 1h fees UM 0.0002":               `column 15: "0.0002" where a maker's and a taker's fee`,
		"at 1h fees UM 0.0002/0.2":           `column 15: "0.0002/0.2" where`,
		"at 1h interest USDT 0.1":            `column 21: "0.1" where a ratio from 0 to 0.01`,
		"at 1h borrowable BTC -1":            `column 22: "-1" where an amount`,
		"at 1h leverage UM BTCUSDT 126":      `column 27: "126" where a leverage`,
		"at  1h  outage  1x":                 `column 17: "1x" where a length`,
		"at outage outage 1x":                `column 4: "outage" where a time`,
	} {
		f, err := link.ParseFault(line)
		switch {
		case want == "" && err != nil:
			t.Errorf("%q: %v", line, err)
		case want == "" && f.String() != strings.Join(strings.Fields(line), " "):
			t.Errorf("%q is read as %q", line, f)
		case want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)):
			t.Errorf("%q: error %v, want %s", line, err, want)
		}
	}
	if _, err := link.ParseFaults([]string{"chance 1% lose-ack", "at 1h out"}); err == nil || !strings.HasPrefix(err.Error(), `fault 2, column 7: "out"`) {
		t.Errorf("%v", err)
	}
}

// FuzzParseFault: no line panics, and what a fault prints is that fault.
func FuzzParseFault(f *testing.F) {
	f.Add("at 2h30m adl UM BTCUSDT short 50%")
	f.Add("chance 0.5% reject -1008")
	f.Fuzz(func(t *testing.T, line string) {
		fault, err := link.ParseFault(line)
		if err != nil {
			return
		}
		again, err := link.ParseFault(fault.String())
		if err != nil || again != fault {
			t.Errorf("%q is read as %q, and that as %q, %v", line, fault, again, err)
		}
	})
}

func TestParseDelay(t *testing.T) {
	for text, want := range map[string]string{
		"": "0s", "0s": "0s", "20ms": "20ms", "10ms..40ms": "10ms..40ms", "20ms tail 5ms": "20ms tail 5ms", "recorded": "recorded",
	} {
		d, err := link.ParseDelay(text)
		if err != nil || d.String() != want {
			t.Errorf("%q is %v, %v", text, d, err)
		}
		if again, err := link.ParseDelay(d.String()); err != nil || again != d {
			t.Errorf("%q printed and read is %v, %v", text, again, err)
		}
		if d.None() != (want == "0s") {
			t.Errorf("%q: none is %v", text, d.None())
		}
	}
	for text, want := range map[string]string{
		"20":            `"20" is none of: 20ms`,
		"fast":          `"fast" is none of`,
		"-1ms":          "-1ms is not within 0s to 1m0s",
		"2m":            "2m0s is not within",
		"40ms..10ms":    "the second length must be longer",
		"10ms..":        `"" is none of`,
		"10ms tail 0s":  "the length of the tail must be longer than 0s",
		"10ms tail 2m":  "2m0s is not within",
		"10ms  tail 1s": `"10ms " is none of`,
	} {
		if _, err := link.ParseDelay(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %s", text, err, want)
		}
	}
	if _, err := link.New(nil, link.Config{Entry: must(link.ParseDelay("recorded"))}); err == nil {
		t.Error("recorded requests without recorded market data were taken")
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
