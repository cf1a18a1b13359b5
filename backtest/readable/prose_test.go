package readable

import "testing"

func TestProse(t *testing.T) {
	for _, c := range [][2]string{
		{"notional 109293.86 USD", "notional 109 293.86 USD"},
		{"114195.25 USD, 0.9 of equity", "114 195.25 USD, 0.9 of equity"},
		{"price of UM ETHUSDT is 8h0m0s old", "price of UM ETHUSDT is 8 h old"},
		{"at most 30m0s old", "at most 30 min old"},
		{"at most 1h30m0s, 0s", "at most 1 h 30 min, 0s"},
		{"mark is 56.464s old, 2m0.5s", "mark is 56.464s old, 2m0.5s"},
		{"under coins -20%, 1e5 +5 -12345", "under coins -20%, 1e5 +5 -12 345"},
		{"UM 1000SHIBUSDT 2024-01-01  ", "UM 1000SHIBUSDT 2024-01-01  "},
		{"", ""},
	} {
		if got := Terminal.Prose(c[0]); got != c[1] {
			t.Errorf("%q reads %q, want %q", c[0], got, c[1])
		}
	}
}
