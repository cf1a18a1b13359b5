package market

import (
	"fmt"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// TestSettlement walks the fundings of an instrument; testdata/settlements.txt. Times are hours
// of a day.
func TestSettlement(t *testing.T) {
	day := exchange.TimeOf(time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC))
	at := func(s string) exchange.Time {
		f, err := exchange.ParseFixed(s)
		if err != nil {
			t.Fatal(err)
		}
		return day + exchange.Time(f)*36_000
	}
	hours := func(x exchange.Time) string {
		if x == 0 {
			return "-"
		}
		return fmt.Sprint(x.Sub(day).Hours())
	}
	var s settlement
	script(t, "settlements.txt", func(command string, args []string) (out []string) {
		switch command {
		case "begin":
			s = settlement{told: at(args[0])}
		case "mark":
			s.mark(at(args[0]), at(args[1]))
		case "pass":
			s.pass(at(args[0]))
		case "row":
			published := at(args[0])
			if interval, ok := s.row(published.Floor(time.Hour), published, len(args) > 1); ok {
				out = append(out, fmt.Sprintf("told, %v after the one before", interval))
			}
		case "answered":
			if missed := s.answered(at(args[0])); missed != 0 {
				out = append(out, "given up: "+hours(missed))
			}
		default:
			t.Fatalf("no command %q", command)
		}
		return append(out, fmt.Sprintf("next %s, owed %s, tries %d", hours(s.next), hours(s.owed), s.tries))
	})
}
