package monitor

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"
)

// linesMax is how many lines of the log may be asked for at once.
const linesMax = 10_000

// logs tells the last lines of the log as they are, and with follow those to come.
func (s *Server) logs(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	lines := newestDefault
	if text := q.Get("newest"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > linesMax {
			reply(w, nil, errors.New("newest is not a number from 0 to "+strconv.Itoa(linesMax)))
			return
		}
		lines = n
	}
	if s.config.Log == "" {
		reply(w, nil, errors.New("this process keeps no log"))
		return
	}
	f, err := os.Open(s.config.Log)
	if err != nil {
		reply(w, nil, err)
		return
	}
	defer f.Close()
	w.Header().Set("Content-Type", "application/x-ndjson")
	if err := tail(w, f, lines); err != nil || q.Get("follow") != "true" {
		return
	}
	flusher, _ := w.(http.Flusher)
	every := time.NewTicker(200 * time.Millisecond)
	defer every.Stop()
	for {
		if flusher != nil {
			flusher.Flush()
		}
		select {
		case <-r.Context().Done():
			return
		case <-every.C:
		}
		if _, err := io.Copy(w, f); err != nil {
			return
		}
	}
}

// tail writes the last lines of what is there and leaves the file at its end.
func tail(w io.Writer, f io.ReadSeeker, lines int) error {
	ring := make([]string, 0, lines)
	at := 0
	in := bufio.NewReader(f)
	for {
		line, err := in.ReadString('\n')
		if line != "" && lines > 0 {
			if len(ring) < lines {
				ring = append(ring, line)
			} else {
				ring[at] = line
				at = (at + 1) % lines
			}
		}
		if err != nil {
			break
		}
	}
	for i := range ring {
		if _, err := io.WriteString(w, ring[(at+i)%len(ring)]); err != nil {
			return err
		}
	}
	return nil
}
