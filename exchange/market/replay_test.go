package market

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market/stream"
)

// recording is what somebody has recorded of one or two products: messages and snapshots, in
// the order of their times.
type recording struct {
	lines []recorded
	// first is the time of the first line, began when that was said, in Unix nanoseconds.
	first exchange.Time
	began atomic.Int64
}

// clock is the recorder's clock while the recording is said; before that it stands still.
func (r *recording) clock(speed int) exchange.Time {
	began := r.began.Load()
	if began == 0 {
		return r.first - 1
	}
	return r.first + (exchange.TimeOf(time.Now())-exchange.Time(began))*exchange.Time(speed)
}

// recorded is a message, or the answer to a request for a snapshot.
type recorded struct {
	at      exchange.Time
	product exchange.Product
	stream  string // "" for a snapshot
	symbol  string // of a snapshot
	body    []byte
	// over is closed when the line's time has come.
	over chan struct{}
}

// recordedFile is a file of a recording, in the forms that package capture reads.
type recordedFile struct {
	path    string
	product exchange.Product
	symbol  string // of snapshots that do not say
}

func readRecording(t testing.TB, files ...recordedFile) *recording {
	t.Helper()
	r := &recording{}
	for _, f := range files {
		r.read(t, f)
	}
	slices.SortStableFunc(r.lines, func(a, b recorded) int { return int(min(1, max(-1, a.at-b.at))) })
	r.first = r.lines[0].at
	return r
}

func (r *recording) read(t testing.TB, f recordedFile) {
	t.Helper()
	file, err := os.Open(f.path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var in io.Reader = file
	if strings.HasSuffix(f.path, ".gz") {
		if in, err = gzip.NewReader(file); err != nil {
			t.Fatal(err)
		}
	}
	scan := bufio.NewScanner(in)
	scan.Buffer(make([]byte, 1<<20), 1<<23)
	for scan.Scan() {
		line, symbol := scan.Bytes(), f.symbol
		if address, rest, ok := bytes.Cut(line, []byte(" -> ")); ok && bytes.HasPrefix(line, []byte("http")) {
			u, err := url.Parse(string(address))
			if err != nil || !strings.HasSuffix(u.Path, "/depth") {
				continue
			}
			line, symbol = rest, u.Query().Get("symbol")
		}
		clock, body, ok := bytes.Cut(line, []byte(" "))
		if !ok || len(clock) == 0 || clock[0] < '0' || clock[0] > '9' {
			continue
		}
		l := recorded{at: clockOf(t, strings.TrimSuffix(string(clock), ":")), product: f.product, body: bytes.Clone(body), over: make(chan struct{})}
		var message struct{ Stream string }
		if err := json.Unmarshal(body, &message); err != nil {
			t.Fatalf("%v in %.100s", err, line)
		}
		if l.stream = message.Stream; l.stream == "" {
			l.symbol = symbol
		}
		r.lines = append(r.lines, l)
	}
	if err := scan.Err(); err != nil {
		t.Fatal(err)
	}
}

// clockOf reads seconds or nanoseconds since 1970.
func clockOf(t testing.TB, s string) exchange.Time {
	whole, fraction, _ := strings.Cut(s, ".")
	if len(whole) == 19 {
		return exchange.Time(number2(t, whole))
	}
	return exchange.Time(number2(t, whole+(fraction + "000000000")[:9]))
}

func number2(t testing.TB, s string) (n int64) {
	if _, err := fmt.Sscan(s, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// streams are those in the recording.
func (r *recording) streams(t testing.TB) (list []stream.Stream) {
	t.Helper()
	seen := map[string]bool{}
	for i := range r.lines {
		l := &r.lines[i]
		if name := l.product.String() + " " + l.stream; l.stream != "" && !seen[name] {
			seen[name] = true
			s, err := stream.Parse(l.product, l.stream)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, s)
		}
	}
	return list
}

// player is an exchange that says what was recorded, once all of it is listened to: each
// message on the connection that has asked for it, when its time has come, and the snapshots
// to whoever asks for them.
type player struct {
	r     *recording
	wants int
	speed time.Duration // seconds of the recording in one of ours; 0 is as fast as it is read

	mu     sync.Mutex
	conns  map[string]*playerConn // by product and stream
	all    chan struct{}
	closed bool
}

// playerConn is a connection; writing to it is the player's and its reader's.
type playerConn struct {
	mu sync.Mutex
	*websocket.Conn
}

func newPlayer(r *recording, wants int, speed int) *player {
	return &player{r: r, wants: wants, speed: time.Duration(speed), conns: map[string]*playerConn{}, all: make(chan struct{})}
}

func (p *player) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	if q.Header.Get("Upgrade") == "" {
		p.answer(w, q)
		return
	}
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	conn, err := upgrader.Upgrade(w, q, nil)
	if err != nil {
		return
	}
	defer conn.Close()
	c := &playerConn{Conn: conn}
	product := productOf(q)
	for {
		var m struct {
			Method string
			Params []string
			ID     int64
		}
		if err := conn.ReadJSON(&m); err != nil {
			return
		}
		if err := c.say([]byte(fmt.Sprintf(`{"result":null,"id":%d}`, m.ID))); err != nil {
			return
		}
		if m.Method == "SUBSCRIBE" {
			p.subscribe(c, product, m.Params)
		}
	}
}

func (c *playerConn) say(b []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.WriteMessage(websocket.TextMessage, b)
}

// productOf is whose host is asked: by its name, or by the first part of the path.
func productOf(q *http.Request) exchange.Product {
	switch host := q.Host; {
	case strings.HasPrefix(host, "d"), strings.HasPrefix(q.URL.Path, "/dstream"), strings.HasPrefix(q.URL.Path, "/dapi"):
		return exchange.CM
	default:
		return exchange.UM
	}
}

func (p *player) subscribe(c *playerConn, product exchange.Product, names []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, name := range names {
		p.conns[product.String()+" "+name] = c
	}
	if len(p.conns) == p.wants && !p.closed {
		p.closed = true
		close(p.all)
	}
}

// answer gives a snapshot when its time has come, each once: a recording has no others.
func (p *player) answer(w http.ResponseWriter, q *http.Request) {
	if strings.HasSuffix(q.URL.Path, "/depth") {
		for i := range p.r.lines {
			l := &p.r.lines[i]
			if l.stream != "" || l.symbol != q.URL.Query().Get("symbol") || l.product != productOf(q) {
				continue
			}
			select {
			case <-l.over:
				_, _ = w.Write(l.body)
			case <-q.Context().Done():
			}
			return
		}
	}
	w.WriteHeader(http.StatusNotFound)
}

// play says everything, and returns when all is said.
func (p *player) play() error {
	<-p.all
	began := time.Now()
	p.r.began.Store(began.UnixNano())
	for i := range p.r.lines {
		l := &p.r.lines[i]
		if p.speed > 0 {
			<-time.After(l.at.Sub(p.r.first)/p.speed - time.Since(began))
		}
		close(l.over)
		if l.stream == "" {
			continue
		}
		p.mu.Lock()
		c := p.conns[l.product.String()+" "+l.stream]
		p.mu.Unlock()
		if c == nil {
			return errors.New(l.stream + " is not listened to")
		}
		if err := c.say(l.body); err != nil {
			return fmt.Errorf("line %d: %w", i, err)
		}
	}
	return nil
}
