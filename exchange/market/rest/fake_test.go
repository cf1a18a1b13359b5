package rest

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

var rewrite = flag.Bool("rewrite", false, "write golden text instead of comparing")

// golden compares text with a file.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *rewrite {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	ours, theirs := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range ours {
		if i >= len(theirs) || ours[i] != theirs[i] {
			was := "nothing"
			if i < len(theirs) {
				was = theirs[i]
			}
			t.Fatalf("%s:%d:\n  got  %s\n  want %s", path, i+1, ours[i], was)
		}
	}
	t.Fatalf("%s has %d lines more", path, len(theirs)-len(ours))
}

// pass lets time pass, in a bubble.
func pass(d time.Duration) { <-time.After(d) }

// sharedData returns the path of recorded data, or skips the test where there is none.
func sharedData(t testing.TB, elem ...string) string {
	t.Helper()
	root := os.Getenv("PMBOT_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "..", "shared")
	}
	path := filepath.Join(append([]string{root}, elem...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("shared data not at hand: %v", err)
	}
	return path
}

// carrier answers requests, and keeps those that came. Asked for the time it tells that since
// 2026-11-02, when it was asked first, unless timeless.
type carrier struct {
	mu       sync.Mutex
	answer   func(*http.Request) (*http.Response, error)
	requests []*http.Request
	timeless bool
	start    time.Time
}

func (c *carrier) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	if c.start.IsZero() {
		c.start = time.Now()
	}
	if !c.timeless && strings.HasSuffix(r.URL.Path, "/time") {
		defer c.mu.Unlock()
		return respond(200, fmt.Sprintf(`{"serverTime":%d}`, 1793577600000+time.Since(c.start).Milliseconds())), nil
	}
	c.requests = append(c.requests, r)
	c.mu.Unlock()
	return c.answer(r)
}

// respond makes an answer; headers are pairs of name and value.
func respond(status int, body string, headers ...string) *http.Response {
	h := http.Header{}
	for i := 0; i < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
}

// always answers every request alike.
func always(status int, body string, headers ...string) *carrier {
	return &carrier{answer: func(*http.Request) (*http.Response, error) { return respond(status, body, headers...), nil }}
}

func newTestClient(t testing.TB, transport http.RoundTripper) *Client {
	t.Helper()
	c, err := New(Config{Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
