package download

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// server is a bucket that counts what it is asked, and goes wrong as fault says.
type server struct {
	files files
	// fault may answer in the place of the bucket, n being how often the path was asked for
	// before; it says whether it did.
	fault func(w http.ResponseWriter, r *http.Request, path string, n int) bool
	// listing serves the listing at /list, in pages of so many keys.
	listing int
	// mu guards what the connections count.
	mu    sync.Mutex
	asked map[string]int
	sent  map[string]int64
	lists int
}

func newServer(f files) *server {
	return &server{files: f, asked: map[string]int{}, sent: map[string]int64{}}
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/")
	if path == "list" {
		s.list(w, r)
		return
	}
	s.mu.Lock()
	n := s.asked[path]
	s.asked[path]++
	content, there := s.files[path]
	s.mu.Unlock()
	w = &counted{w, s, path}
	if s.fault != nil && s.fault(w, r, path, n) {
		return
	}
	if !there {
		http.Error(w, "<Error><Code>NoSuchKey</Code></Error>", http.StatusNotFound)
		return
	}
	s.serve(w, r, path, content)
}

// serve answers as S3 does, with ETag and ranges.
func (s *server) serve(w http.ResponseWriter, r *http.Request, path string, content []byte) {
	w.Header().Set("ETag", fmt.Sprintf(`"%x"`, len(content)))
	http.ServeContent(w, r, path, time.Time{}, bytes.NewReader(content))
}

// list answers a page of the listing.
func (s *server) list(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lists++
	if s.listing == 0 {
		http.NotFound(w, r)
		return
	}
	q := r.URL.Query()
	var body strings.Builder
	n, last := 0, ""
	truncated := false
	for _, path := range slices.Sorted(maps.Keys(s.files)) {
		if !strings.HasPrefix(path, q.Get("prefix")) || path <= q.Get("marker") {
			continue
		}
		if n == s.listing {
			truncated = true
			break
		}
		n, last = n+1, path
		fmt.Fprintf(&body, "<Contents><Key>%s</Key><LastModified>2024-01-01T00:00:00.000Z</LastModified><Size>%d</Size></Contents>", path, len(s.files[path]))
	}
	fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>%v</IsTruncated>`, truncated)
	if truncated {
		fmt.Fprintf(w, "<NextMarker>%s</NextMarker>", last)
	}
	fmt.Fprint(w, body.String(), "</ListBucketResult>")
}

// requests is how many requests came for archives and CHECKSUM files.
func (s *server) requests() (archives, checksums int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for path, n := range s.asked {
		if strings.HasSuffix(path, checksumSuffix) {
			checksums += n
		} else {
			archives += n
		}
	}
	return archives, checksums
}

// forget begins to count anew.
func (s *server) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.asked)
	clear(s.sent)
	s.lists = 0
}

// counted counts the bytes of an answer.
type counted struct {
	http.ResponseWriter
	s    *server
	path string
}

func (c *counted) Write(b []byte) (int, error) {
	n, err := c.ResponseWriter.Write(b)
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.s.sent[c.path] += int64(n)
	return n, err
}

func (c *counted) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// open serves on loopback until the test ends, and returns the base URL.
func (s *server) open(t *testing.T) string { return serveOn(t, s) }

func serveOn(t *testing.T, handler http.Handler) string {
	t.Helper()
	h := httptest.NewServer(handler)
	t.Cleanup(h.Close)
	return h.URL
}
