package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pmbot/pmbot/exchange"
)

// recordStatus is how a recording stands at an instant. Counts are since it was started.
type recordStatus struct {
	Schema string        `json:"schema"`
	At     exchange.Time `json:"at"`
	// Frames are messages that came, FrameRate those a second since the last status.
	Frames    int64   `json:"frames"`
	FrameRate float64 `json:"frames_per_second"`
	Bytes     int64   `json:"bytes"`
	// Streams are asked for; Heard of them have sent something, and Silent ones have been
	// silent for longer than is normal for their kind.
	Streams int `json:"streams"`
	Heard   int `json:"streams_heard"`
	Silent  int `json:"streams_silent"`
	// LagMS is how long the last message of a trade or book was under way, in milliseconds of
	// the exchange's clock as we measure it; LagKnown says whether it could be told.
	LagMS    int64 `json:"lag_ms"`
	LagKnown bool  `json:"lag_known"`
	Gaps     int64 `json:"gaps"`
	Lost     int64 `json:"connections_lost"`
	Rotated  int64 `json:"connections_rotated"`
	Resyncs  int64 `json:"book_resyncs"`
	// Undecoded are messages that are kept although nobody could read them.
	Undecoded int64 `json:"undecoded"`
	// DiskBytes are written to segments, DiskRate those an hour at the pace of the last
	// minutes.
	DiskBytes int64 `json:"disk_bytes"`
	DiskRate  int64 `json:"disk_bytes_per_hour"`
	Segments  int64 `json:"segments"`
	// Converted are segments that the tape has, and Waiting those that wait for it.
	Converted int64 `json:"segments_converted"`
	Rows      int64 `json:"rows_on_tape"`
	Waiting   int64 `json:"segments_waiting"`
	Buffer    int64 `json:"buffer_bytes"`
	BufferMax int64 `json:"buffer_bytes_max"`
	// Dropped are messages that found the buffer full or the disk full.
	Dropped int64 `json:"dropped"`
	// BehindMS is for how long the oldest message has waited for the disk.
	BehindMS int64  `json:"behind_ms"`
	DiskFull bool   `json:"disk_full"`
	Fault    string `json:"fault,omitempty"`
	// Weight is used in this minute of fapi and dapi together, and WeightMax is what Binance
	// allows.
	Weight    int `json:"weight_used"`
	WeightMax int `json:"weight_max"`
	// Notice is the last thing that was said; Unsaid were left out because nobody took them.
	Notice string `json:"notice,omitempty"`
	Unsaid int64  `json:"unsaid,omitempty"`
}

// statusBuffer is from how many percent on the buffer is told of.
const statusBuffer = 10

// line is the status in one line, the most urgent first. What is as it should be is left out,
// so that all of it fits a terminal of 80 columns.
func (s *recordStatus) line() string {
	var b strings.Builder
	part := func(format string, args ...any) {
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, format, args...)
	}
	switch {
	case s.DiskFull:
		part("DISK FULL: free some space")
	case s.Fault != "":
		part("NOT WRITING: %s", s.Fault)
	}
	if s.Dropped > 0 {
		part("dropped %s", count(s.Dropped))
	}
	part("%s frames/s", short(s.FrameRate))
	part("%s/%s heard", count(int64(s.Heard)), counted(int64(s.Streams), "stream"))
	if s.Silent > 0 {
		part("%s silent", count(int64(s.Silent)))
	}
	if s.LagKnown {
		part("lag %d ms", s.LagMS)
	}
	if s.Gaps > 0 {
		part("gaps %s", count(s.Gaps))
	}
	if s.Resyncs > 0 {
		part("resyncs %s", count(s.Resyncs))
	}
	if s.Undecoded > 0 {
		part("undecoded %s", count(s.Undecoded))
	}
	part("disk %s (%s/h)", bytesOf(s.DiskBytes), bytesOf(s.DiskRate))
	if s.Unsaid > 0 {
		part("%s left out here", counted(s.Unsaid, "notice"))
	}
	if s.Waiting > 0 {
		part("%s to convert", counted(s.Waiting, "segment"))
	}
	if share := percent(s.Buffer, s.BufferMax); share >= statusBuffer {
		part("buffer %d%%", share)
	}
	if 2*s.Weight > s.WeightMax {
		part("weight %d/%d", s.Weight, s.WeightMax)
	}
	return b.String()
}

// percent is a share in whole percent, 0 of nothing.
func percent(n, of int64) int64 {
	if of <= 0 {
		return 0
	}
	return n * 100 / of
}

// statusRates turns counts into rates: frames over the last interval, and bytes over the last
// minutes, since they reach the disk in pieces.
type statusRates struct {
	at     []exchange.Time
	frames []int64
	disk   []int64
}

// rateSpan is how far back the rate of bytes looks.
const rateSpan = 10 * time.Minute

// update puts the rates into a status and remembers its counts.
func (r *statusRates) update(s *recordStatus) {
	if n := len(r.at); n > 0 && s.At > r.at[n-1] {
		s.FrameRate = float64(s.Frames-r.frames[n-1]) / s.At.Sub(r.at[n-1]).Seconds()
		if span := s.At.Sub(r.at[0]); span > 0 {
			s.DiskRate = int64(float64(s.DiskBytes-r.disk[0]) / span.Hours())
		}
	}
	r.at, r.frames, r.disk = append(r.at, s.At), append(r.frames, s.Frames), append(r.disk, s.DiskBytes)
	for len(r.at) > 2 && s.At.Sub(r.at[0]) > rateSpan {
		r.at, r.frames, r.disk = r.at[1:], r.frames[1:], r.disk[1:]
	}
}

// statusPrinter shows how a recording stands: on a terminal in one line that is drawn again
// and again, elsewhere a line at an interval; as JSON, one document a line on standard
// output. What is said between goes above the line. One goroutine uses it at a time.
type statusPrinter struct {
	*console
	json, quiet bool
	terminal    bool
	drawn       bool
}

// newStatusPrinter looks whether a person is watching.
func (c *console) newStatusPrinter(asJSON, quiet bool) *statusPrinter {
	return &statusPrinter{console: c, json: asJSON, quiet: quiet, terminal: !asJSON && isTerminal(c.err)}
}

// interval is how often the status is shown.
func (p *statusPrinter) interval(configured time.Duration) time.Duration {
	if p.terminal {
		return time.Second
	}
	return configured
}

// show draws a status.
func (p *statusPrinter) show(s *recordStatus) error {
	switch {
	case p.json:
		return json.NewEncoder(p.out).Encode(s)
	case p.quiet:
		return nil
	case p.terminal:
		line := s.line()
		if s.Notice != "" {
			line += "; " + s.Notice
		}
		p.draw(line)
		return nil
	default:
		_, err := fmt.Fprintf(p.err, "%v %s\n", s.At.Floor(time.Second), s.line())
		return err
	}
}

// draw puts a line in the place of the last one, cut to the terminal's width.
func (p *statusPrinter) draw(line string) {
	if width := terminalWidth(p.err); width > 1 && utf8.RuneCountInString(line) >= width {
		line = string([]rune(line)[:width-2]) + "…"
	}
	fmt.Fprint(p.err, "\r\x1b[K"+line)
	p.drawn = true
}

// say prints a line of its own.
func (p *statusPrinter) say(format string, args ...any) {
	if p.quiet {
		return
	}
	if p.drawn {
		fmt.Fprint(p.err, "\r\x1b[K")
		p.drawn = false
	}
	fmt.Fprintf(p.err, format+"\n", args...)
}

// done takes the line away.
func (p *statusPrinter) done() {
	if p.drawn {
		fmt.Fprint(p.err, "\r\x1b[K")
		p.drawn = false
	}
}
