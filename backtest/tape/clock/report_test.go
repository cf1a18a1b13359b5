package clock

import (
	"encoding/json"
	"testing"
	"time"
)

// TestReportText holds the sentences.
func TestReportText(t *testing.T) {
	minute := []Knot{{start, 2500 * ms}}
	for _, c := range []struct {
		name  string
		knots []Knot
		want  string
	}{
		{"nothing", nil, "clock unknown: no row has both a local and an event time"},
		{"a moment", []Knot{{start, 41879800}}, "smallest lag 41.880 ms, plausible"},
		{"no lag at all", []Knot{{start, 0}}, "smallest lag 0.000 ms, plausible"},
		{"far", append(minute, Knot{start.Add(time.Minute), 2501 * ms}),
			"smallest lag 2.500 s: a fast clock or a far recorder, lags cannot tell which; steady over 1m0s"},
		{"a drift", shape(t, "0..864*8640"), "smallest lag 0.000 ms, plausible; drifts by +10.000 ppm (+863.901 ms over 23h59m50s)"},
		{"a drift downward", shape(t, "0..-864*8640"),
			"clock at least 0.864 s slow (smallest lag -863.900 ms); drifts by -10.000 ppm (-863.901 ms over 23h59m50s)"},
		{"a drift below what is told", shape(t, "0..4*8640"), "smallest lag 0.000 ms, plausible; steady over 23h59m50s"},
		{"a step and a damaged row", shape(t, "12*0 -86400000 12*1000"), "smallest lag 0.000 ms, plausible; " +
			"steps by +999.100 ms between 2024-08-08T23:56:00.9Z and 2024-08-08T23:56:20Z; " +
			"1 of 25 windows left out for a row that no clock explains"},
		{"many steps", shape(t, "40*0 40*1000 40*0 40*1000 40*0 40*1000 40*0 40*1000"), "smallest lag 0.000 ms, plausible; " +
			"steps by +1000.200 ms between 2024-08-09T00:00:40Z and 2024-08-09T00:00:50.2Z; " +
			"steps by -999.800 ms between 2024-08-09T00:07:20.2Z and 2024-08-09T00:07:30.4Z; " +
			"steps by +1000.200 ms between 2024-08-09T00:14:00.4Z and 2024-08-09T00:14:10.6Z; " +
			"steps by -999.800 ms between 2024-08-09T00:20:40.6Z and 2024-08-09T00:20:50.8Z; " +
			"steps by +1000.200 ms between 2024-08-09T00:27:20.8Z and 2024-08-09T00:27:31Z; 2 more steps"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Fit(c.knots).Report().String(); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestReportJSON holds the fields that other programs read.
func TestReportJSON(t *testing.T) {
	text, err := json.Marshal(Fit(shape(t, "12*-1000 12*0")).Report())
	want := `{"knots":24,"from":"2024-08-08T23:54:10Z","to":"2024-08-08T23:58:00.7Z","smallest_lag_ns":-1000000000,` +
		`"slow":true,"far":false,"drift_ppm":0,"drift_ns":0,` +
		`"steps":[{"from":"2024-08-08T23:56:00.9Z","to":"2024-08-08T23:56:11.1Z","size_ns":1000200000}],"steady":false}`
	if err != nil || string(text) != want {
		t.Errorf("%v\ngot  %s\nwant %s", err, text, want)
	}
}

// TestReportIsACopy: what a caller does to a report leaves the model as it is.
func TestReportIsACopy(t *testing.T) {
	m := Fit(shape(t, "12*0 12*1000"))
	m.Report().Steps[0].Size = 0
	if m.Report().Steps[0].Size == 0 {
		t.Error("the model's report was changed")
	}
}
