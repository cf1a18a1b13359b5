package record

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// start is the first instant of the tests: 4 o'clock and 59 minutes.
var start = exchange.TimeOf(time.Date(2026, 11, 23, 4, 59, 0, 0, time.UTC))

// clock is a clock that stands still until it is moved.
type clock struct{ at exchange.Time }

func (c *clock) now() exchange.Time { return c.at }

// config is one without a limit of free space, for tests share a disk with others.
func config(t testing.TB, dir string) (Config, *clock) {
	t.Helper()
	c := &clock{start}
	return Config{Dir: dir, FreeMin: -1, Now: c.now}, c
}

func mustOpen(t testing.TB, c Config, d disk) *Recorder {
	t.Helper()
	r, err := openWith(c, d)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// stop ends a recorder as Run does.
func stop(t testing.TB, r *Recorder) {
	t.Helper()
	if err := r.end(); err != nil {
		t.Fatal(err)
	}
	kill(t, r)
}

// kill gives the lock back and nothing else, as the end of the process does.
func kill(t testing.TB, r *Recorder) {
	t.Helper()
	for _, l := range r.lanes {
		if l.segment != nil {
			l.segment.file.Close()
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}

func trade(id int) []byte {
	return fmt.Appendf(nil, `{"stream":"btcusdt@trade","data":{"e":"trade","E":%d,"T":%d,"s":"BTCUSDT","t":%d,"p":"65000.1","q":"0.01","X":"MARKET","m":true}}`,
		start.Millis()+int64(id), start.Millis()+int64(id), 1000+id)
}

// all reads every line of the recording: "um/2026-11-23T04.jsonl.zst" before those of each
// segment.
func all(t testing.TB, dir string) string {
	t.Helper()
	list, err := Segments(dir)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, s := range list {
		fmt.Fprintf(&b, "%s\n", strings.TrimPrefix(s.Path, filepath.Join(dir, rawDirectory)+"/"))
		for line, err := range Lines(s.Path) {
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "  %s\n", line)
		}
	}
	return b.String()
}

func product(s Stats, p exchange.Product) ProductStats {
	for _, one := range s.Products {
		if one.Product == p {
			return one
		}
	}
	return ProductStats{}
}
