package record

import (
	"bytes"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pmbot/pmbot/exchange"
)

const (
	// lineMax bounds a line in bytes, its end included: what package capture reads.
	lineMax = 4 << 20
	// partMax is how many bytes of a message that is no line one note holds.
	partMax = 1 << 20
	// timeBytes is the length of a local time with the blank behind it.
	timeBytes = 20
	// urlMax bounds a URL.
	urlMax = 8 << 10
	arrow  = " -> "

	// localMin is 2001-09-09, since when nanoseconds have 19 digits.
	localMin exchange.Time = 1e18
	// levelMax is by how much the times of messages may be out of order, for they come from
	// several connections, and lateMax that of answers and notes, which may have waited for
	// something: such a line gets the time of the one before. More than that is a clock that
	// was set back.
	levelMax = time.Second
	lateMax  = time.Minute
)

// keep keeps a message, or the answer of url.
func (r *Recorder) keep(lane int, at exchange.Time, url string, body []byte) {
	plain := isLine(body) && isURL(url) && timeBytes+len(url)+len(arrow)+len(body) < lineMax
	r.mu.Lock()
	defer r.mu.Unlock()
	l, slack := r.lanes[lane], levelMax
	if url != "" {
		slack = lateMax
	}
	at = r.arrive(l, at, slack)
	ok := false
	switch {
	case lane == 0 || !plain:
		ok = r.odd(l, at, url, body)
	default:
		ok = r.add(l, at, url, body)
	}
	switch {
	case !ok:
		r.lose(l, at, len(body))
	case url != "":
		l.stats.Answers++
	default:
		l.stats.Messages++
	}
}

// isLine says whether a message can be a line as it is: a JSON object or list without line
// breaks in UTF-8, as far as a look tells that costs little.
func isLine(b []byte) bool {
	n := len(b)
	if n < 2 || !(b[0] == '{' && b[n-1] == '}' || b[0] == '[' && b[n-1] == ']') {
		return false
	}
	return bytes.IndexByte(b, '\n') < 0 && utf8.Valid(b)
}

// isURL says whether a URL can be in a line; a message has none.
func isURL(url string) bool {
	if url == "" {
		return true
	}
	if len(url) > urlMax || !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "http://") {
		return false
	}
	return !strings.ContainsFunc(url, func(c rune) bool { return c <= ' ' || c > '~' })
}

// public cuts off a query with a signature, which concerns nobody.
func public(url string) string {
	if path, query, ok := strings.Cut(url, "?"); ok && strings.Contains(query, "signature=") {
		return path
	}
	return url
}

// arrive prepares a lane for a line of some time: it tells the beginning, what was dropped
// and that the clock was set back by more than slack, and returns the time that the line
// gets.
func (r *Recorder) arrive(l *lane, at exchange.Time, slack time.Duration) exchange.Time {
	at = max(at, localMin)
	switch {
	case !l.begun:
		r.begin(l, at)
	case at < l.last.Add(-slack):
		r.seal(l)
		l.anew = true
		r.write(l, at, Note{Name: NoteClock, From: l.last, To: at, Text: "the clock was set back"})
	case at < l.last:
		at = l.last
	}
	l.last = at
	if l.lost.count > 0 && r.write(l, at, Note{
		Name: NoteDropped, From: l.lost.from, To: l.lost.to, Count: l.lost.count, Text: "the disk did not take what was given, and the buffer was full",
	}) {
		l.lost = loss{}
	}
	return at
}

// begin writes the first lines of a lane. They go to the disk at once: a recorder that is
// killed soon after has been there, and the next one tells since when something is missing.
func (r *Recorder) begin(l *lane, at exchange.Time) {
	l.begun = r.write(l, at, Note{Name: NoteStarted, Text: format})
	if l.begun && l.before != 0 {
		r.tellAbsence(l, at)
	}
	r.seal(l)
}

// tellAbsence notes the time since the last line that an earlier recorder has left.
func (r *Recorder) tellAbsence(l *lane, at exchange.Time) {
	n := Note{Name: NoteGap, From: l.before, To: at, Text: "the recorder was stopped"}
	if l.killed {
		n.Text = "the recorder was killed, or the machine stopped"
	}
	if at < l.before {
		n = Note{Name: NoteClock, From: l.before, To: at, Text: "the clock was set back while the recorder did not run"}
	}
	r.write(l, at, n)
}

// note keeps a note, or counts it as lost.
func (r *Recorder) note(l *lane, at exchange.Time, n Note) {
	at = r.arrive(l, at, lateMax)
	if !r.write(l, at, n) {
		r.lose(l, at, 0)
	}
}

func (r *Recorder) write(l *lane, at exchange.Time, n Note) bool {
	ok := r.add(l, at, "", n.encode())
	if ok {
		l.stats.Notes++
	}
	return ok
}

// odd keeps what cannot be a line in notes.
func (r *Recorder) odd(l *lane, at exchange.Time, url string, body []byte) bool {
	parts := max(1, (len(body)+partMax-1)/partMax)
	for i := range parts {
		data := body[i*partMax : min(len(body), (i+1)*partMax)]
		text := mustEncode(noteLine{Event: prefix + raw, URL: clip(url, urlMax), Part: i + 1, Parts: parts, Data: data})
		if !r.add(l, at, "", text) {
			return false
		}
		l.stats.Notes++
	}
	l.stats.Odd++
	return true
}

// add appends a line to the lane's chunk; false says that the buffer is full.
func (r *Recorder) add(l *lane, at exchange.Time, url string, body []byte) bool {
	need := timeBytes + len(body) + 1
	if url != "" {
		need += len(url) + len(arrow) + 1
	}
	c := r.chunk(l, at, need)
	if c == nil {
		return false
	}
	t := c.text
	if url != "" {
		t = append(append(t, url...), arrow...)
	}
	t = strconv.AppendInt(t, int64(at), 10)
	if url != "" {
		t = append(t, ':')
	}
	t = append(t, ' ')
	t = append(append(t, body...), '\n')
	c.text, c.last = t, at
	l.stats.Bytes += int64(need)
	l.stats.Last = at
	return true
}

// chunk is where a line of some time and length goes, nil if there is no room.
func (r *Recorder) chunk(l *lane, at exchange.Time, need int) *chunk {
	span := at.Floor(r.c.SegmentSpan)
	if c := l.fill; c != nil {
		if c.span == span && len(c.text)+need <= cap(c.text) {
			return c
		}
		r.seal(l)
	}
	c := r.buffer.get(need)
	if c == nil {
		return nil
	}
	c.lane, c.span, c.anew, c.first, c.born = l, span, l.anew, at, time.Now()
	l.fill, l.anew = c, false
	return c
}

// seal queues the lane's chunk.
func (r *Recorder) seal(l *lane) {
	if l.fill == nil {
		return
	}
	r.buffer.queue = append(r.buffer.queue, l.fill)
	l.fill = nil
	r.buffer.wake()
}

// lose counts what had no room.
func (r *Recorder) lose(l *lane, at exchange.Time, bytes int) {
	if l.lost.count == 0 {
		l.lost.from = at
	}
	l.lost.to = at
	l.lost.count++
	l.stats.Dropped++
	l.stats.DroppedBytes += int64(bytes)
}
