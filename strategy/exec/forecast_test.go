package exec

import (
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// TestForecast: an interval that goes from eight hours to four and one counts for as much more,
// also where it is not told.
func TestForecast(t *testing.T) {
	for _, told := range []bool{true, false} {
		var f Forecast
		now := exchange.Time(time.Hour)
		settle := func(hours int, rate string, special bool) {
			now = now.Add(time.Duration(hours) * time.Hour)
			s := exchange.Funding{Rate: exchange.MustFixed(rate), Special: special}
			if told {
				s.Interval = time.Duration(hours) * time.Hour
			}
			f.Settle(now, s, 3)
		}
		want := func(what, ratio string, ok bool) {
			t.Helper()
			if got, known := f.Expect(24*time.Hour, 3); known != ok || got.String() != ratio {
				t.Errorf("told %v, %s: %v, %v; want %s, %v", told, what, got, known, ratio, ok)
			}
		}
		if !told {
			f.Settle(now, exchange.Funding{Rate: 1}, 3) // for a time that nobody knows
		}
		settle(8, "0.0003", false)
		settle(8, "0.0003", false)
		want("two of three", "0", false)
		f.Settle(now, exchange.Funding{Rate: exchange.MustFixed("0.0009"), Interval: 8 * time.Hour}, 3) // a warm-up tells it again
		want("two of three, told twice", "0", false)
		settle(8, "0.0003", false)
		want("every eight hours", "0.0009", true)
		settle(4, "0.0003", false)
		settle(4, "0.0003", false)
		settle(4, "0.0003", false)
		want("every four hours", "0.0018", true)
		settle(1, "0.0003", false)
		settle(1, "-0.0001", false)
		settle(1, "0.0001", false)
		want("every hour", "0.0024", true)
		if told {
			settle(1, "0.02", true)
			want("a special one", "0.0024", true)
		}
		settle(4, "0.0002", false)
		settle(4, "0.0002", false)
		if !told { // three hours behind a settlement, and one before the next
			settle(3, "0.02", true)
			settle(1, "0.0002", false)
		} else {
			settle(4, "0.0002", false)
		}
		want("every four hours again", "0.0012", true)
	}
}
