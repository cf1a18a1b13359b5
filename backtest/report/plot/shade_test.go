package plot

import (
	"strings"
	"testing"
	"time"
)

// Names of shades that begin at nearly the same time stand below each other.
func TestShadeNamesDoNotCoverEachOther(t *testing.T) {
	end := start.Add(plotWidth * time.Second)
	p := NewFrame(start, end).Panel("Equity", Tall, Axis{})
	for _, from := range []time.Duration{0, 399, 798, 1198, 5000} { // a name of one character takes 400
		p.Shade(start.Add(from*time.Second), end, "1")
	}
	want := []string{"", "top:17px", "top:31px", "", ""}
	for i, s := range p.Shades() {
		_, top, _ := strings.Cut(string(s.At), ";")
		if top != want[i] {
			t.Errorf("shade %d stands at %s, not %q", i, s.At, want[i])
		}
	}
}
