package download

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
)

var oneDay = Archive{Key: hours, From: at("2024-03-01"), To: at("2024-03-02")}

// endless writes until nobody reads any more, or some bytes are out.
func endless(w http.ResponseWriter, begin string, most int) {
	block := bytes.Repeat([]byte{'x'}, 32<<10)
	n, err := io.WriteString(w, begin)
	for err == nil && n < most {
		var more int
		more, err = w.Write(block)
		n += more
	}
}

// sumBeside answers for the CHECKSUM of a content.
func sumBeside(w http.ResponseWriter, content []byte) {
	fmt.Fprint(w, checksumText(fmt.Sprintf("%x", sha256.Sum256(content)), oneDay.Name()))
}

// bombOf is an archive of so many MiB of zeros, the same packed block again and again.
func bombOf(name string, size int) []byte {
	var block, b bytes.Buffer
	w, err := flate.NewWriter(&block, flate.BestCompression)
	if err == nil {
		_, err = w.Write(make([]byte, 1<<20))
	}
	if err = errors.Join(err, w.Flush()); err != nil {
		panic(err)
	}
	packed := append(bytes.Repeat(block.Bytes(), size), 3, 0) // an empty block is the last
	z := zip.NewWriter(&b)
	raw, err := z.CreateRaw(&zip.FileHeader{Name: name, Method: zip.Deflate, CompressedSize64: uint64(len(packed)), UncompressedSize64: uint64(size) << 20})
	if err == nil {
		_, err = raw.Write(packed)
	}
	if err = errors.Join(err, z.Close()); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// TestHostile meets servers that mean ill, or are badly broken: each is an error that says
// what happened, after a bounded number of requests and bytes.
func TestHostile(t *testing.T) {
	good := made(oneDay, true)
	bomb := bombOf("BTCUSDT-1h-2024-03-01.csv", 300)
	isSum := func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, checksumSuffix) }
	for _, c := range []struct {
		name     string
		answer   func(w http.ResponseWriter, r *http.Request)
		kind     error
		want     string
		requests int
		megabyte int64
	}{
		{"a body without an end", func(w http.ResponseWriter, r *http.Request) {
			if isSum(r) {
				sumBeside(w, good)
				return
			}
			endless(w, zipMagic, 64<<20)
		}, ErrRefused, "the archive comes without a length and does not end after 1048576 bytes", 2, 8},
		{"a length beyond all archives", func(w http.ResponseWriter, r *http.Request) {
			if isSum(r) {
				sumBeside(w, good)
				return
			}
			w.Header().Set("Content-Length", "9000000000000")
			endless(w, zipMagic, 1<<20)
		}, ErrRefused, "the archive is said to have 9000000000000 bytes, more than 1048576", 2, 8},
		{"a CHECKSUM without an end", func(w http.ResponseWriter, _ *http.Request) { endless(w, "00", 64<<20) },
			ErrRefused, "the answer is longer than 4096 bytes", 1, 8},
		{"a redirect in a circle", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path+"?again", http.StatusFound)
		},
			ErrRefused, "redirected more than 3 times", 4, 1},
		{"a redirect to another host", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.2:1/x", http.StatusMovedPermanently)
		}, ErrRefused, "redirected to another host, http://127.0.0.2:1", 1, 1},
		{"a redirect to a file", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "file:///etc/passwd")
			w.WriteHeader(http.StatusFound)
		}, ErrRefused, "redirected to another host, file://", 1, 1},
		{"a page in place of everything", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "<!DOCTYPE html>\x1b[2J<title>Log in</title>")
		}, ErrUnreachable, `after 3 attempts: its CHECKSUM file is none: "<!DOCTYPE html> [2J<title>Log in</title>"`, 3, 1},
		{"a page in place of the archive", func(w http.ResponseWriter, r *http.Request) {
			if isSum(r) {
				sumBeside(w, good)
				return
			}
			fmt.Fprint(w, "<html>"+strings.Repeat("x", 1000))
		}, ErrUnreachable, `after 3 attempts: the answer is no zip archive; it begins with "<html>xxx`, 4, 1},
		{"the CHECKSUM of another file", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, strings.Repeat("0", 64)+"  ../../etc/passwd\n")
		}, ErrUnreachable, `its CHECKSUM file is of "../../etc/passwd"`, 3, 1},
		{"a packed answer", func(w http.ResponseWriter, r *http.Request) {
			if isSum(r) {
				sumBeside(w, good)
				return
			}
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = z.Write(good)
			_ = z.Close()
		}, ErrRefused, `the answer is packed with "gzip" though that was not asked for`, 2, 1},
		{"a bomb with its CHECKSUM", func(w http.ResponseWriter, r *http.Request) {
			if isSum(r) {
				sumBeside(w, bomb)
				return
			}
			_, _ = w.Write(bomb)
		}, source.ErrBomb, "unpacks to more than any market data", 2, 1},
		{"a bomb without", func(w http.ResponseWriter, r *http.Request) {
			if isSum(r) {
				http.NotFound(w, r)
				return
			}
			_, _ = w.Write(bomb)
		}, source.ErrBomb, "unpacks to more than any market data", 2, 1},
		{"an archive without its end, and without a CHECKSUM", func(w http.ResponseWriter, r *http.Request) {
			if isSum(r) {
				http.NotFound(w, r)
				return
			}
			_, _ = w.Write(good[:len(good)-30])
		}, nil, "not a zip archive, or cut off: zip: not a valid zip file; it was fetched 3 times", 4, 1},
		{"a part of what was not asked for in parts", func(w http.ResponseWriter, r *http.Request) {
			if isSum(r) {
				sumBeside(w, good)
				return
			}
			w.Header().Set("Content-Range", fmt.Sprintf("bytes 5-9/%d", len(good)))
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(good[5:10])
		}, ErrUnreachable, "the server answers 206 Partial Content to a plain request", 4, 1},
		{"no region for us", func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "Service unavailable from a restricted location", http.StatusUnavailableForLegalReasons)
		}, ErrRefused, "the server answers 451 Unavailable For Legal Reasons: Service unavailable from a restricted location", 1, 1},
		{"a pause of a day", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "86400")
			w.WriteHeader(http.StatusTooManyRequests)
		}, ErrThrottled, "the server answers 429 Too Many Requests and wants a pause of 24h0m0s, longer than 10m0s; come back later", 1, 1},
		{"a pause again and again", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "-1")
			w.WriteHeader(http.StatusServiceUnavailable)
		}, ErrThrottled, "the server answers 503 Service Unavailable after 4 pauses, too", 5, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			requests := 0
			h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { requests++; c.answer(w, r) }))
			defer h.Close()
			store := newTape(t)
			config := setup(t, h.URL, store, "2024-03-01", "2024-03-02", hours)
			config.Limits.Attempts, config.Limits.Throttled, config.Limits.ArchiveBytes = 3, 4, 1<<20
			config.Workers = 1
			sum, err := Run(t.Context(), config)
			if err == nil || c.kind != nil && !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.want) || strings.ContainsRune(err.Error(), 0x1b) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			if requests != c.requests || sum.Bytes > c.megabyte<<20 || sum.Failed != 1 || len(store.Series()) != 0 {
				t.Errorf("%d requests, want %d; %+v", requests, c.requests, sum)
			}
			if left := treeOf(t, config.Cache); len(left) > 0 && c.name != "a bomb with its CHECKSUM" {
				t.Errorf("the cache keeps %v", left)
			}
		})
	}
}

// TestResume continues a part by Range and If-Range, and begins anew where that cannot be.
func TestResume(t *testing.T) {
	good := made(oneDay, true)
	half := len(good) / 2
	full := func(w http.ResponseWriter) {
		w.Header().Set("ETag", `"new"`)
		_, _ = w.Write(good)
	}
	for _, c := range []struct {
		name string
		// etag and modified come with the half that the first answer brings.
		etag, modified string
		// second answers the second request.
		second func(w http.ResponseWriter, r *http.Request)
		// ifRange is what the second request must say, requests how many there are in all.
		ifRange  string
		requests int
	}{
		{"by ETag", `"v1"`, "", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", half, len(good)-1, len(good)))
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(good[half:])
		}, `"v1"`, 2},
		{"by date", "", "Sat, 02 Mar 2024 05:00:00 GMT", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", half, len(good)-1, len(good)))
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(good[half:])
		}, "Sat, 02 Mar 2024 05:00:00 GMT", 2},
		{"a weak ETag", `W/"v1"`, "", func(w http.ResponseWriter, _ *http.Request) { full(w) }, "", 2},
		{"another file by now", `"v1"`, "", func(w http.ResponseWriter, _ *http.Request) { full(w) }, `"v1"`, 2},
		{"a range from elsewhere", `"v1"`, "", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", half-1, len(good)-1, len(good)))
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(good[half-1:])
		}, `"v1"`, 3},
		{"a range of nothing", `"v1"`, "", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", "bytes */*")
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
		}, `"v1"`, 3},
		{"a shorter file by now", `"v1"`, "", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", "bytes */5")
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
		}, `"v1"`, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := files{}
			f.add(oneDay, good)
			s := newServer(f)
			var ifRange string
			s.fault = func(w http.ResponseWriter, r *http.Request, path string, n int) bool {
				switch {
				case path != oneDay.Path():
					return false
				case n == 0:
					for name, v := range map[string]string{"ETag": c.etag, "Last-Modified": c.modified} {
						if v != "" {
							w.Header().Set(name, v)
						}
					}
					w.Header().Set("Content-Length", fmt.Sprint(len(good)))
					_, _ = w.Write(good[:half])
					_ = http.NewResponseController(w).Flush()
					panic(http.ErrAbortHandler)
				case n == 1:
					ifRange = r.Header.Get("If-Range")
					if want := fmt.Sprintf("bytes=%d-", half); ifRange != "" && r.Header.Get("Range") != want {
						t.Errorf("Range %q, want %q", r.Header.Get("Range"), want)
					}
					c.second(w, r)
					return true
				}
				return false
			}
			store := newTape(t)
			if _, err := Run(t.Context(), setup(t, s.open(t), store, "2024-03-01", "2024-03-02", hours)); err != nil {
				t.Fatal(err)
			}
			if got := s.asked[oneDay.Path()]; got != c.requests || ifRange != c.ifRange || hashOf(store) != f.clean(t) {
				t.Errorf("%d requests, want %d; If-Range %q, want %q", got, c.requests, ifRange, c.ifRange)
			}
		})
	}
}

// impatient runs a download of twenty days from a server that goes wrong, in virtual time.
func impatient(t *testing.T, workers int, fault func(w http.ResponseWriter, r *http.Request, path string, n int) bool) (Summary, time.Duration, error) {
	f := files{}
	f.addAll(hours, at("2024-03-01"), at("2024-04-01"), false)
	s := newServer(f)
	s.fault = fault
	began := time.Now()
	sum, err := Run(t.Context(), Config{
		Tape: newTape(t), Want: []row.Key{hours}, From: at("2024-03-01"), To: at("2024-03-21"), Base: "http://localhost", Cache: filepath.Join(t.TempDir(), "cache"),
		Workers: workers, Transport: inMemory(t, s), Now: func() exchange.Time { return at("2024-05-10") },
	})
	return sum, time.Since(began), err
}

// TestStalls leaves a server that brings a byte a second, and one that says nothing; and
// gives the run up when archive after archive fails.
func TestStalls(t *testing.T) {
	for name, answer := range map[string]func(w http.ResponseWriter, r *http.Request){
		"a byte a second": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "100000")
			for range 100_000 {
				_, err := w.Write([]byte{'x'})
				_ = http.NewResponseController(w).Flush()
				if err != nil {
					return
				}
				select {
				case <-time.After(time.Second):
				case <-r.Context().Done():
					return
				}
			}
		},
		"silence": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sum, took, err := impatient(t, 4, func(w http.ResponseWriter, r *http.Request, _ string, _ int) bool { answer(w, r); return true })
				if !errors.Is(err, ErrStalled) || !strings.Contains(err.Error(), "less than 4096 bytes in 30s") || !strings.Contains(err.Error(), "the run stops here: the server failed 8 archives running") ||
					sum.Failed < strikesMax || sum.Imported != 0 || took > 30*time.Minute {
					t.Errorf("%+v after %v: %v", sum, took, err)
				}
			})
		})
	}
}

// TestPause makes all workers wait when one of them is told to, until the date that the
// server names: what comes after the instant of the answer had seen it. Others may be on
// their way at that instant.
func TestPause(t *testing.T) {
	t.Parallel()
	if !alone(t) {
		return
	}
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var told, until time.Time
		early := 0
		sum, took, err := impatient(t, 4, func(w http.ResponseWriter, _ *http.Request, path string, _ int) bool {
			mu.Lock()
			defer mu.Unlock()
			if until.IsZero() && strings.Contains(path, "03-09") {
				told = time.Now()
				until = told.Add(2 * time.Minute)
				w.Header().Set("Retry-After", until.UTC().Format(http.TimeFormat))
				w.WriteHeader(http.StatusTooManyRequests)
				return true
			}
			if now := time.Now(); now.After(told) && now.Before(until) {
				early++
			}
			return false
		})
		if err != nil || sum.Imported != 20 || took < 119*time.Second || took > 3*time.Minute || early > 0 {
			t.Errorf("%+v after %v with %d requests in the pause: %v", sum, took, early, err)
		}
	})
}

// TestNoNetwork: where nothing has ever answered, patience is short.
func TestNoNetwork(t *testing.T) {
	h := httptest.NewServer(http.NotFoundHandler())
	base := h.URL
	h.Close()
	config := setup(t, base, newTape(t), "2024-03-01", "2024-03-02", hours)
	_, err := Run(t.Context(), config)
	if !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "no good answer after 3 attempts: ") {
		t.Errorf("error %v", err)
	}
}
