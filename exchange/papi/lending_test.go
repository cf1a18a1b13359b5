package papi

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// TestLendingIsTold: what can be borrowed and what it costs is told when the account is
// followed, of the assets that instruments name, and told again before it is an hour old.
func TestLendingIsTold(t *testing.T) {
	withSim(t, func(d *trader) {
		text := func(list []exchange.Event) string {
			var told []string
			for _, e := range list {
				l := e.Lending()
				told = append(told, fmt.Sprint(l.Asset, " ", l.Known && l.Available.IsPositive(), " ", l.Rated && l.Hourly.IsPositive()))
			}
			return strings.Join(told, ", ")
		}
		const all = "BTC true true, USDT true true"
		if got := text(d.heardOfLoans()); got != all {
			t.Errorf("told %s", got)
		}
		for _, asset := range []string{"BTC", "USDT"} {
			if rate, at := d.guard.LoanRate(asset); at == 0 || !rate.IsPositive() {
				t.Errorf("the guard knows %v of %s since %v", rate, asset, at)
			}
		}
		d.pass(24 * time.Minute)
		if got := text(d.heardOfLoans()); got != all {
			t.Errorf("within 24 minutes told %s", got)
		}
		d.pass(7 * time.Minute)
		if got := text(d.heardOfLoans()); got != all+", "+all {
			t.Errorf("within 31 minutes told %s", got)
		}
	})
}
