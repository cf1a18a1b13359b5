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
			f.settlement(day+minute(60*n), exchange.Funding{Special: special}, 0)
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

// TestFundingHeld: a settlement is held if the account paid or received at its instant, for
// one leg or two, told at once or after others have been settled.
func TestFundingHeld(t *testing.T) {
	var f fundingBook
	settle := func(n int64, rate string) {
		f.settlement(minute(n), exchange.Funding{Rate: exchange.MustFixed(rate), Special: n == 4}, price(n))
	}
	paid := func(n int64, amount string) *settled {
		return f.paid(minute(n), &exchange.LedgerEntry{Asset: "USDT", Delta: decimal.RequireFromString(amount)})
	}
	settle(1, "0.0001")
	settle(2, "0.0002")
	long, short := paid(2, "-0.5"), paid(2, "0.25")
	settle(3, "0.0003")
	settle(4, "0.0004")
	late := paid(2, "0.05")
	special := paid(4, "0.2")
	if f.Held != 2 || f.Passed != 2 || f.Asset != "USDT" || f.Amount.String() != "0" {
		t.Errorf("%+v", f.FundingCount)
	}
	if long != short && *long != *short || late.rate != long.rate || long.rate != 20_000 || long.mark != price(2) || special.rate != 40_000 {
		t.Errorf("payments of %+v, %+v, %+v, %+v", long, short, late, special)
	}
	if paid(5, "1") != nil {
		t.Error("a payment of no settlement has one")
	}
}

// TestForecasts: the estimate is the last one that was there in time and is of the
// settlement, and the rate before it is the last one settled, in the warm-up too.
func TestForecasts(t *testing.T) {
	const settlement = 16 * 60 // minutes
	for _, c := range []struct {
		name     string
		marks    string // minutes before the settlement:estimate, :- for a mark without one
		interval time.Duration
		want     string
	}{
		{"none", "", 0, "-"},
		{"a mark without one", "70:-", 0, "-"},
		{"the last in time", "120:1 61:2 60:3 59:4 1:5", 0, "3"},
		{"a mark without one does not undo it", "61:2 60:-", 0, "2"},
		{"too late", "59:4 1:5", 0, "-"},
		{"an estimate of zero is one", "60:0", 0, "0"},
		{"as old as the longest interval", "540:7", 0, "7"},
		{"older", "541:7", 0, "-"},
		{"as old as a short interval", "300:7", 4 * time.Hour, "7"},
		{"older than it", "301:7", 4 * time.Hour, "-"},
	} {
		var f fundingBook
		for _, word := range strings.Fields(c.marks) {
			var before int64
			var text string
			fmt.Sscanf(word, "%d:%s", &before, &text)
			m := exchange.Mark{Price: price(1)}
			if text != "-" {
				m.Rate, m.NextFunding = exchange.MustFixed(text), minute(settlement)
			}
			f.estimated(minute(settlement-before), m)
		}
		f.settlement(minute(settlement), exchange.Funding{Interval: c.interval}, 0)
		got := "-"
		if e := f.rates[0].estimate; e != nil {
			got = e.String()
		}
		if got != c.want {
			t.Errorf("%s: the estimate is %s, want %s", c.name, got, c.want)
		}
	}
	var f fundingBook
	f.estimated(minute(450), exchange.Mark{Rate: 5, NextFunding: minute(520)})
	f.settlement(minute(960), exchange.Funding{Rate: 1}, 0) // not the one that was estimated
	f.settlement(minute(1440), exchange.Funding{Rate: 2}, 0)
	if f.rates[0].estimate != nil || f.rates[0].previous != nil || *f.rates[1].previous != 1 {
		t.Errorf("%+v", f.rates)
	}
	f = fundingBook{}
	f.before(7)
	f.before(8)
	f.settlement(minute(960), exchange.Funding{Rate: 1}, 0)
	if *f.rates[0].previous != 8 || f.Passed != 1 {
		t.Errorf("%+v", f.rates)
	}
}
