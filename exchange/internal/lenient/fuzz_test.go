package lenient

import (
	"strings"
	"testing"
)

// FuzzDecimal holds that the short way of reading a decimal and the long one agree, and that
// no text makes a number that is expensive to add.
func FuzzDecimal(f *testing.F) {
	for _, text := range []string{"0", "-0.50", "122607.35137903", "999999999999999999", "9999999999999999999", "1e40", "1e-40", ".5", "5.", "-", "--1", "1.2.3"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		short, ok := shortDecimal([]byte(text))
		long, err := parseDecimal([]byte("0" + strings.TrimPrefix(text, "-")))
		if strings.HasPrefix(text, "-") {
			long = long.Neg()
		}
		if ok && (err != nil || !short.Equal(long)) {
			t.Fatalf("%q is %v and %v, %v", text, short, long, err)
		}
		if d, err := parseDecimal([]byte(text)); err == nil && len(d.String()) > 2*decimalPlacesMax+10 {
			t.Fatalf("%q has %d digits", text, len(d.String()))
		}
	})
}
