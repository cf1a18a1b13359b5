package readable

import (
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"BTCUSDT 比特币": "BTCUSDT 比特币", "a\x1b[31mb": "a\uFFFD[31mb", "1\r\n2": "1\uFFFD\uFFFD2", "x\u202ey\u2028": "x\uFFFDy\uFFFD", "\xff": "\uFFFD",
	} {
		if got := Clean(in); got != want {
			t.Errorf("%q is cleaned to %q, want %q", in, got, want)
		}
	}
	if got := CleanLines("a\r\n\tb\x07\n"); got != "a\n    b\uFFFD\n" {
		t.Errorf("lines are cleaned to %q", got)
	}
}

func TestInstants(t *testing.T) {
	at := exchange.TimeOf(time.Date(2026, 8, 1, 9, 5, 7, 0, time.UTC))
	for _, c := range []struct{ got, want string }{
		{Day(at), "2026-08-01"}, {Minute(at), "2026-08-01 09:05"}, {Instant(at), "2026-08-01 09:05:07"},
		{Instant(at.Add(1500 * time.Microsecond)), "2026-08-01 09:05:07.001"}, {Day(0), "-"}, {Minute(0), "-"}, {Instant(0), "-"},
	} {
		if c.got != c.want {
			t.Errorf("%s, want %s", c.got, c.want)
		}
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-1: "-", 0: "0", 1500 * time.Microsecond: "1.5 ms", 2 * time.Second: "2.0 s", 61 * time.Second: "1 min 1 s",
		time.Hour: "1 h", 25*time.Hour + 59*time.Minute: "1 d 1 h",
	} {
		if got := Span(d); got != want {
			t.Errorf("%d ns: %s, want %s", d, got, want)
		}
	}
}

func TestGrouped(t *testing.T) {
	for _, c := range []struct{ in, terminal, page string }{
		{"0", "0", "0"}, {"-0.00", "0.00", "0.00"}, {"999", "999", "999"}, {"1000", "1 000", "1\u202f000"},
		{"-1234567.5", "-1 234 567.5", "\u22121\u202f234\u202f567.5"}, {"100000", "100 000", "100\u202f000"},
	} {
		if terminal, page := Terminal.Grouped(c.in), Page.Grouped(c.in); terminal != c.terminal || page != c.page {
			t.Errorf("%s: %q and %q, want %q and %q", c.in, terminal, page, c.terminal, c.page)
		}
	}
}
