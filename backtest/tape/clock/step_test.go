package clock

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// shape makes knots, one every ten seconds, from words such as 12*0 (twelve of 0 ms) or
// 60..0*7 (seven that go evenly from 60 ms to 0). A little noise is on top.
func shape(t testing.TB, text string) (knots []Knot) {
	t.Helper()
	number := func(s string) int {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, word := range strings.Fields(text) {
		first, second, many := strings.Cut(word, "*")
		n, levels := 1, first
		if many && strings.Contains(first, "..") {
			n = number(second)
		} else if many {
			n, levels = number(first), second
		}
		from, to, slopes := strings.Cut(levels, "..")
		if !slopes {
			to = from
		}
		for i := range n {
			at := start.Floor(Window).Add(time.Duration(len(knots)) * Window)
			lag := number(from) + (number(to)-number(from))*i/max(n-1, 1)
			jitter := time.Duration(len(knots)*7919%13) * 100 * time.Microsecond
			knots = append(knots, Knot{at.Add(jitter * 1000), time.Duration(lag)*ms + jitter})
		}
	}
	return knots
}

// TestSteps tells steps of a clock from latency. A step reads +1000@12: the lag grows by
// 1000 ms before the twelfth knot, counted from 0.
func TestSteps(t *testing.T) {
	for _, c := range []struct{ name, knots, want string }{
		{"none", "40*0", ""},
		{"three knots", "0 900 0", ""},
		{"forward", "12*0 12*1000", "+1000@12"},
		{"backward", "12*0 12*-1000", "-1000@12"},
		{"backward by an hour", "40*0 40*-3600000", "-3600000@40"},
		{"soon after the start", "3*0 40*1000", "+1000@3"},
		{"soon before the end", "40*0 3*-1000", "-1000@40"},
		{"noise as large", "70 0 80 10 75 0 90 0 85 5 70 100 20 200 90 180 100 170 80 190 110 180 85 190", ""},
		{"below the threshold", "30*0 30*45", ""},
		{"one that is slewed over knots", "12*0 300 600 12*1000", "+1000@14"},
		{"slewed backward", "12*0 -300 -600 12*-1000", "-1000@14"},
		{"two at once", "12*0 2*1000 40*2000", "+2000@14"},
		{"stairs", "12*0 6*1000 40*2000", "+1000@12 +1000@18"},
		{"there and back after an hour", "12*0 360*-500 12*0", "-500@12 +500@372"},
		{"out and back after an hour", "12*0 360*500 12*0", "+500@12 -500@372"},

		{"a stall", "12*0 4000 12*0", ""},
		{"a stall that drains", "12*0 120000..0*13 12*0", ""},
		{"a stall at the start", "120000..0*13 12*0", ""},
		{"a stall at the end", "40*0 60000..10000*6", ""},
		{"a slow drain at the start", "5000..0*26 40*0", ""},
		{"a crowded line", "12*0 24*200 12*0", ""},
		{"crowded in two ways", "12*0 10*200 10*400 4*200 12*0", ""},
		{"crowded at the start", "5*200 40*0", ""},
		{"crowded less and less at the start", "6*1000 6*500 40*0", "-500@12"},
		{"crowded at the end", "40*0 5*200", ""},
		{"crowded before a step", "12*0 20*5000 40*1000", "+1000@32"},
		{"a stall at a step", "12*0 60000..10000*6 12*-1000", "-1000@18"},

		{"crowded more and more at the end", "40*0 6*500 6*1000", "+500@40"},
		{"a good moment between stalls", "12*0 6*900 0 6*900 12*0", ""},

		{"damaged rows", "12*0 -86400000 12*0 -500 -600 12*0", ""},
		{"a damaged row at the end", "12*0 -86400000", ""},
		{"a damaged row at the start", "-86400000 12*0", ""},
		{"a damaged row beside a step", "12*0 -86400000 12*1000", "+1000@13"},
	} {
		t.Run(c.name, func(t *testing.T) {
			knots := shape(t, c.knots)
			m := Fit(knots)
			var got []string
			for _, s := range m.Report().Steps {
				i := 0
				for knots[i].At < s.To {
					i++
				}
				got = append(got, fmt.Sprintf("%+d@%d", s.Size.Round(5*ms).Milliseconds(), i))
			}
			if text := strings.Join(got, " "); text != c.want {
				t.Errorf("steps %q, want %q: %s", text, c.want, m.Report())
			}
			if c.want == "" && !m.Report().Steady && c.name != "below the threshold" { // it reads as a drift
				t.Errorf("not steady: %s", m.Report())
			}
			if strings.Contains(c.name, "damaged") != (m.Report().Strays > 0) {
				t.Errorf("%d strays", m.Report().Strays)
			}
			for _, k := range knots {
				if p := m.Correct(k.At, k.local(), 0); p < k.At && k.Lag > -86400*time.Second && !strings.Contains(c.name, "damaged") {
					t.Errorf("knot of %v has a latency of %v", k.At, p.Sub(k.At))
				}
			}
		})
	}
}
