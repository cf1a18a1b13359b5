package main

import "testing"

// A benchmark's line is read with its metrics, and a target is met on its own side of it.
func TestTable(t *testing.T) {
	m := metrics([]byte("goos: linux\nBenchmarkHop/gap=1ms-2  \t 20\t 0 ns/op\t 30.5 socket-p50-us\t 0.9 x\nPASS\n"))
	if m["Hop/gap=1ms"]["socket-p50-us"] != 30.5 || len(m) != 1 {
		t.Errorf("%v", m)
	}
	got := table([]line{
		{"a", 1.2e6, "events/s", 1e6, true}, {"b", 9e5, "events/s", 1e6, true}, {"c", 1.3, "x", 1.2, false},
		{"d", 1.2, "x", 1.2, false}, {"e", 7, "us", 0, false},
	})
	want := "| what | seen | target | |\n|---|---|---|---|\n" +
		"| a | 1200 k events/s | at least 1000 k | met |\n| b | 900 k events/s | at least 1000 k | missed |\n" +
		"| c | 1.3 x | at most 1.2 | missed |\n| d | 1.2 x | at most 1.2 | met |\n| e | 7 us |  |  |\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if median([]float64{3, 1, 2}) != 2 {
		t.Error("the median of 1, 2 and 3")
	}
}
