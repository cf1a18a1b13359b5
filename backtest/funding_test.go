package backtest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// TestFundingHoles: a wide distance is a hole only if its neighbours are shorter.
func TestFundingHoles(t *testing.T) {
	const day = exchange.Time(240 * time.Hour) // hours count from here: 0 is not known
	for _, c := range []struct {
		name, hours string // s is a special settlement
		end         int64
		missing     string
	}{
		{"regular", "0 8 16 24", 24, ""},
		{"one missing", "0 8 24 32", 32, "16"},
		{"two missing", "0 8 32 40", 40, "16 24"},
		{"two holes", "0 8 24 32 48 56", 56, "16 40"},
		{"8h to 4h", "0 8 16 20 24 28", 28, ""},
		{"8h to 4h and back", "0 8 16 20 24 32 40 48", 48, ""},
		{"8h to 4h, then a hole", "0 8 16 20 24 32 36", 36, "28"},
		{"hole in 4h", "0 4 8 16 20", 20, "12"},
		{"4h to 8h, then a hole", "0 4 8 16 24 40 48", 48, "32"},
		{"special between", "0 8 s11 16 24", 24, ""},
		{"special in a hole", "0 8 s11 24 32", 32, "16"},
		{"missing at the end", "0 8 16", 40, "24 32"},
		{"wide, and the end", "0 8 24", 24, "16"},
		{"the instant of the end is not over", "0 8 16", 24, ""},
		{"one settlement", "8", 100, ""},
		{"none", "", 100, ""},
	} {
		var f fundingBook
		for _, word := range strings.Fields(c.hours) {
			hour, special := strings.CutPrefix(word, "s")
			var n int64
			fmt.Sscan(hour, &n)
			f.settlement(day+minute(60*n), exchange.Funding{Special: special})
		}
		f.end(day + minute(60*c.end))
		var missing []string
		for _, at := range f.Missing {
			missing = append(missing, fmt.Sprint(int64(at-day)/int64(time.Hour)))
		}
		if got := strings.Join(missing, " "); got != c.missing {
			t.Errorf("%s: missing %q, want %q", c.name, got, c.missing)
		}
	}
}

// TestFundingHeld: a settlement is held if the account paid or received at its instant.
func TestFundingHeld(t *testing.T) {
	var f fundingBook
	f.settlement(minute(1), exchange.Funding{})
	f.paid(minute(2), &exchange.LedgerEntry{Asset: "USDT", Delta: decimal.New(-5, -1)})
	f.settlement(minute(2), exchange.Funding{})
	f.settlement(minute(3), exchange.Funding{})
	f.paid(minute(4), &exchange.LedgerEntry{Asset: "USDT", Delta: decimal.New(2, -1)})
	f.settlement(minute(4), exchange.Funding{Special: true})
	if f.Held != 2 || f.Passed != 2 || f.Asset != "USDT" || f.Amount.String() != "-0.3" {
		t.Errorf("%+v", f.FundingCount)
	}
}
