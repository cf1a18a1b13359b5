package journal

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// grown is a journal of six segments of 30 records, an hour apart.
func grown(t testing.TB, c Config) (*Writer, []Record) {
	t.Helper()
	now := exchange.Time(1e18)
	c.Clock = func() exchange.Time { return now }
	w, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	list := script(11, 1, 180)
	for part := range slices.Chunk(list, 30) {
		if err := w.Rotate(make([]byte, 2000)); err != nil {
			t.Fatal(err)
		}
		appendAll(t, w, part)
		now += exchange.Time(time.Hour)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return w, list
}

// states are which segments are compacted, oldest first.
func states(t testing.TB, dir string) string {
	t.Helper()
	paths, err := Segments(dir)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, path := range paths {
		s, err := Survey(path)
		switch {
		case err != nil:
			b.WriteString("x")
		case s.Compacted != 0:
			b.WriteString("c")
		case s.Closed:
			b.WriteString("w")
		default:
			b.WriteString("o")
		}
	}
	return b.String()
}

// TestRetention by age and by size: the newest two stay whole in any case, and nothing that
// is not the market's is ever lost.
func TestRetention(t *testing.T) {
	for _, c := range []struct {
		what string
		set  func(*Config)
		want string
	}{
		{"all is kept", func(c *Config) {}, "wwwwwo"},
		{"three hours", func(c *Config) { c.Keep = 3*time.Hour + time.Minute }, "ccwwwo"},
		{"nothing", func(c *Config) { c.Keep = 1 }, "ccccwo"},
		{"few octets", func(c *Config) { c.KeepBytes = 1 }, "ccccwo"},
		{"most octets", func(c *Config) { c.KeepBytes = 23500 }, "ccwwwo"},
	} {
		config := testConfig(t.TempDir())
		c.set(&config)
		w, list := grown(t, config)
		before := fileOf(t, filepath.Join(config.Dir, segmentName(1)))
		if err := w.Compact(context.Background()); err != nil {
			t.Fatal(err)
		}
		if got := states(t, config.Dir); got != c.want {
			t.Errorf("%s: %s, want %s (a segment has %d octets)", c.what, got, c.want, len(before))
		}
		whole(t, config.Dir, list, c.what)
		if v, err := Verify(context.Background(), config.Dir, nil); err != nil || len(v.Findings) > 0 {
			t.Errorf("%s: %v, %v", c.what, v.Findings, err)
		}
		if !strings.Contains(c.want, "c") {
			continue
		}
		small := fileOf(t, filepath.Join(config.Dir, segmentName(1)))
		if err := w.Compact(context.Background()); err != nil {
			t.Fatal(err)
		}
		if again := fileOf(t, filepath.Join(config.Dir, segmentName(1))); string(again) != string(small) || len(small) >= len(before)-2000 {
			t.Errorf("%s: %d octets were %d, then %d", c.what, len(small), len(before), len(again))
		}
	}
}

// TestCompactDamage: a damaged segment stays as it is, the others are compacted.
func TestCompactDamage(t *testing.T) {
	config := testConfig(t.TempDir())
	config.Keep = 1
	w, _ := grown(t, config)
	path := filepath.Join(config.Dir, segmentName(31))
	bad := fileOf(t, path)
	bad[len(bad)-endLength-100] ^= 4
	if err := os.WriteFile(path, bad, 0o600); err != nil {
		t.Fatal(err)
	}
	err := w.Compact(context.Background())
	if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), path) {
		t.Errorf("%v", err)
	}
	if got := states(t, config.Dir); got != "cwccwo" || string(fileOf(t, path)) != string(bad) {
		t.Error(got)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if err := w.Compact(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: %v", err)
	}
}

// TestRun: in the background old segments are compacted after a rotation, and what is written
// is forced at the interval.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := testConfig(t.TempDir())
		d := &fakeDisk{quick: true}
		config.Keep, config.Sync, config.disk = 1, SyncEvery(time.Second), d
		w, _ := grown(t, config)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- w.Run(ctx) }()
		synctest.Wait()
		if got := states(t, config.Dir); got != "ccccwo" {
			t.Error(got)
		}
		forced := func() (n int) {
			d.mu.Lock()
			defer d.mu.Unlock()
			for _, did := range d.did {
				if did == "sync" {
					n++
				}
			}
			return n
		}
		before := forced()
		<-time.After(1100 * time.Millisecond)
		synctest.Wait()
		if forced() != before+1 {
			t.Errorf("%d forced, then %d", before, forced())
		}
		<-time.After(5 * time.Second) // nothing was written since
		synctest.Wait()
		if forced() != before+1 {
			t.Error("forced without a need")
		}
		e := exchange.Event{Seq: w.Last() + 1, At: 2e18}
		e.SetTimer(&exchange.Timer{})
		if err := errors.Join(w.Append(&e, nil), w.Commit(Later)); err != nil {
			t.Fatal(err)
		}
		d.mu.Lock()
		d.failAt, d.failure = d.calls+1, syscall.EIO
		d.mu.Unlock()
		<-time.After(1100 * time.Millisecond)
		if err := <-done; !errors.Is(err, ErrDead) || !errors.Is(err, syscall.EIO) {
			t.Errorf("a disk that fails: %v", err)
		}
		if err := w.Commit(BeforeRisk); !errors.Is(err, ErrDead) {
			t.Errorf("the dead writer: %v", err)
		}
		cancel()
	})
}

// TestFollow reads while another writes, over rotations.
func TestFollow(t *testing.T) {
	dir := t.TempDir()
	w := opened(t, testConfig(dir))
	list := script(12, 1, 100)
	r, err := Read(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	seen := 0
	for i := range list {
		if i%7 == 3 {
			if err := w.Rotate(nil); err != nil {
				t.Fatal(err)
			}
		}
		appendAll(t, w, list[i:i+1])
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		for i%3 == 0 {
			var one Record
			err := r.Next(&one)
			if err == io.EOF {
				break
			}
			if err != nil || !alike(&one, &list[seen]) {
				t.Fatalf("record %d: %v", seen, err)
			}
			seen++
		}
	}
	if seen < 95 {
		t.Errorf("%d records were seen", seen)
	}
}

// TestReadFrom passes over segments that ended before a time.
func TestReadFrom(t *testing.T) {
	config := testConfig(t.TempDir())
	_, list := grown(t, config)
	r, err := Read(config.Dir, list[100].Event.At)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var one Record
	if err := r.Next(&one); err != nil || one.Event.Seq != 91 {
		t.Errorf("event %d, %v", one.Event.Seq, err)
	}
}

// TestVerify finds each kind of fault, with its place, and goes on behind it.
func TestVerify(t *testing.T) {
	for what, spoil := range map[string]func(t *testing.T, dir string){
		"the name says that it begins with event 32, and the header says 31": func(t *testing.T, dir string) {
			rename(t, dir, 31, 32)
		},
		"it begins with event 61, and event 31 is due": func(t *testing.T, dir string) { rename(t, dir, 31, 0) },
		"are no frame, and whole ones follow": func(t *testing.T, dir string) {
			change(t, dir, 31, func(b []byte) []byte { b[len(b)-endLength-50] ^= 1; return b })
		},
		"octets at the end are no whole frame": func(t *testing.T, dir string) {
			change(t, dir, 31, func(b []byte) []byte { return b[:len(b)-3] })
		},
		"it is cut off before its first record": func(t *testing.T, dir string) {
			change(t, dir, 31, func(b []byte) []byte { return b[:60] })
		},
		"something follows the segment's end": func(t *testing.T, dir string) {
			change(t, dir, 31, func(b []byte) []byte { return append(b, 1) })
		},
		`it is of account "other" in mode "dry", and the first segment of "main" in "dry"`: func(t *testing.T, dir string) {
			change(t, dir, 31, func(b []byte) []byte {
				length, _ := frameLength(b)
				h, err := readHeader(b[frameHead : frameHead+length])
				if err != nil {
					t.Fatal(err)
				}
				h.Account = "other"
				head, _ := appendHeader(nil, &h)
				return append(head, b[frameHead+length:]...)
			})
		},
		"here the snapshot is due": func(t *testing.T, dir string) {
			change(t, dir, 31, func(b []byte) []byte {
				length, _ := frameLength(b)
				next := frameHead + length
				skip, _ := frameLength(b[next:])
				return append(b[:next:next], b[next+frameHead+skip:]...)
			})
		},
		"no place among records": func(t *testing.T, dir string) {
			change(t, dir, 31, func(b []byte) []byte {
				frame := beginFrame(nil, snapshotFrame)
				sealFrame(frame)
				return append(b[:len(b)-endLength], frame...)
			})
		},
		"the segment ends with 29 events, and 30 were read": func(t *testing.T, dir string) {
			change(t, dir, 31, func(b []byte) []byte {
				s, err := readEnd(b[len(b)-endLength+frameHead:])
				if err != nil {
					t.Fatal(err)
				}
				s.Market--
				return appendEnd(b[:len(b)-endLength], &s)
			})
		},
		"a whole frame has a record that cannot be read: no journal has events of Kind(100)": func(t *testing.T, dir string) {
			change(t, dir, 31, func(b []byte) []byte { return append(b[:len(b)-endLength], framed(100, noTime|sameInst, 0)...) })
		},
		"event 62 follows event 60": func(t *testing.T, dir string) {
			change(t, dir, 31, func(b []byte) []byte {
				return append(b[:len(b)-endLength], framed(8, noTime|sameInst|seqJumps, 1, 0)...)
			})
		},
		"its format is number 9 and this program knows number 4": func(t *testing.T, dir string) {
			change(t, dir, 31, func(b []byte) []byte {
				length, _ := frameLength(b)
				b[frameHead+1+1+len(magic)] = 9
				sealFrame(b[:frameHead+length])
				return b
			})
		},
		"this is no journal of pmbot": func(t *testing.T, dir string) {
			change(t, dir, 31, func(b []byte) []byte {
				length, _ := frameLength(b)
				b[frameHead+2] ^= 1
				sealFrame(b[:frameHead+length])
				return b
			})
		},
	} {
		config := testConfig(t.TempDir())
		w, _ := grown(t, config)
		w.Close()
		spoil(t, config.Dir)
		told := 0
		v, err := Verify(context.Background(), config.Dir, func(uint64, float64) { told++ })
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(v.Findings, func(f Finding) bool { return f.Fault && strings.Contains(f.What, what) }) || v.Events < 140 || v.Faults() > 3 {
			t.Errorf("%s: %d events, %+v", what, v.Events, v.Findings)
		}
	}
	if _, err := Verify(context.Background(), t.TempDir(), nil); !errors.Is(err, ErrEmpty) {
		t.Errorf("nothing: %v", err)
	}
}

// framed is a whole frame of one record.
func framed(octets ...byte) []byte {
	b := append(beginFrame(nil, recordsFrame), octets...)
	sealFrame(b)
	return b
}

// rename gives a segment another name; 0 removes it.
func rename(t *testing.T, dir string, from, to uint64) {
	t.Helper()
	path := filepath.Join(dir, segmentName(from))
	var err error
	if to == 0 {
		err = os.Remove(path)
	} else {
		err = os.Rename(path, filepath.Join(dir, segmentName(to)))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// change rewrites a segment's file.
func change(t *testing.T, dir string, first uint64, f func([]byte) []byte) {
	t.Helper()
	path := filepath.Join(dir, segmentName(first))
	if err := os.WriteFile(path, f(fileOf(t, path)), 0o600); err != nil {
		t.Fatal(err)
	}
}
