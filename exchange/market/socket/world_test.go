package socket

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/pmbot/pmbot/backtest/papisim"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market/stream"
)

var rewrite = flag.Bool("rewrite", false, "write golden files anew; read the diff before you commit it")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// network is several listeners in memory, by host name, so that time may be virtual.
type network struct {
	mu    sync.Mutex
	hosts map[string]chan net.Conn
	done  chan struct{}
	// dials are when connections were made, and written what the client has sent on them, by
	// connection, with the instants.
	dials   []time.Time
	written map[int][]time.Time
	// refuse, if set, says whether a dial fails.
	refuse func() error
}

type listener struct {
	*network
	conns chan net.Conn
}

func newNetwork() *network {
	return &network{hosts: map[string]chan net.Conn{}, done: make(chan struct{}), written: map[int][]time.Time{}}
}

func (l listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l listener) Close() error   { return nil }
func (l listener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

func (n *network) dial(ctx context.Context, _, address string) (net.Conn, error) {
	host, _, _ := strings.Cut(address, ":")
	n.mu.Lock()
	n.dials = append(n.dials, time.Now())
	number, refuse := len(n.dials), n.refuse
	n.mu.Unlock()
	if refuse != nil {
		if err := refuse(); err != nil {
			return nil, err
		}
	}
	ours, theirs := net.Pipe()
	select {
	case n.hosts[host] <- theirs:
		return &counted{ours, n, number}, nil
	case <-n.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// counted notes when the client writes.
type counted struct {
	net.Conn
	network *network
	number  int
}

func (c *counted) Write(b []byte) (int, error) {
	c.network.mu.Lock()
	c.network.written[c.number] = append(c.network.written[c.number], time.Now())
	c.network.mu.Unlock()
	return c.Conn.Write(b)
}

// serve answers on a host until the test ends.
func (n *network) serve(t testing.TB, host string, h http.Handler) {
	conns := make(chan net.Conn)
	n.hosts[host] = conns
	server := &http.Server{Handler: h}
	over := make(chan struct{})
	go func() {
		defer close(over)
		_ = server.Serve(listener{n, conns})
	}()
	t.Cleanup(func() {
		server.Close()
		<-over
	})
}

// worst is the most messages that the client has sent within a second on one connection.
func (n *network) worst() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	most := 0
	for _, at := range n.written {
		for i := range at {
			j := i
			for j < len(at) && at[j].Sub(at[i]) < time.Second {
				j++
			}
			most = max(most, j-i)
		}
	}
	return most
}

// ear is a Set in a test, with what it was told.
type ear struct {
	*Set
	t testing.TB
	// start is when the test began; the log tells instants since then.
	start exchange.Time
	log   bytes.Buffer
	// heard are the messages by stream, Raw alone.
	heard map[string][]string
	at    exchange.Time
	stop  context.CancelFunc
	over  chan error
	// gaps are how many messages of a stream had come at each gap of it.
	gaps map[string][]int
	// each, if set, sees every message, and told every notice.
	each func(*Message)
	told func(Notice)
}

// listen runs a Set until the test ends.
func listen(t testing.TB, c Config, streams ...stream.Stream) *ear {
	t.Helper()
	e := newEar(t, c, streams...)
	e.run()
	return e
}

func newEar(t testing.TB, c Config, streams ...stream.Stream) *ear {
	t.Helper()
	e := &ear{t: t, start: exchange.TimeOf(time.Now()), heard: map[string][]string{}, gaps: map[string][]int{}, over: make(chan error, 1)}
	if c.Hosts == nil {
		c.Hosts = map[stream.Route]string{
			stream.Public: "ws://um.test/public", stream.Market: "ws://um.test/market", stream.Coin: "ws://cm.test", stream.Spot: "ws://spot.test",
		}
	}
	c.Deliver, c.Notice = e.deliver, e.notice
	var err error
	if e.Set, err = New(c, streams); err != nil {
		t.Fatal(err)
	}
	e.lanes.random = rand.New(rand.NewPCG(1, 2)) // pauses are the same every time
	return e
}

func (e *ear) run() {
	rest(70 * time.Millisecond) // off the exchange's beat, so that instants have an order
	e.run0()
}

// run0 runs the Set outside of a bubble, too.
func (e *ear) run0() {
	ctx, stop := context.WithCancel(e.t.Context())
	e.stop = stop
	go func() { e.over <- e.Run(ctx) }()
	e.t.Cleanup(e.end)
}

// end stops the Set and waits for it.
func (e *ear) end() {
	if e.stop != nil {
		e.stop()
		<-e.over
		e.stop = nil
	}
}

func (e *ear) deliver(m *Message) {
	if m.At < e.at {
		e.t.Errorf("%v after %v", m.At, e.at)
	}
	e.at = m.At
	if e.each != nil {
		e.each(m)
	}
	if m.Sub == nil {
		fmt.Fprintf(&e.log, "%10v stray conn %d: %.60q %v\n", m.At.Sub(e.start), m.Conn, m.Raw, m.Err)
		return
	}
	e.heard[m.Sub.Name] = append(e.heard[m.Sub.Name], string(m.Raw))
}

func (e *ear) notice(n Notice) {
	if n.At < e.at {
		e.t.Errorf("%v after %v", n.At, e.at)
	}
	e.at = n.At
	if e.told != nil {
		e.told(n)
	}
	fmt.Fprintf(&e.log, "%10v", n.At.Sub(e.start))
	if n.Route != 0 {
		fmt.Fprintf(&e.log, " %v", n.Route)
	}
	fmt.Fprintf(&e.log, " %v", n.Kind)
	if n.Conn != 0 {
		fmt.Fprintf(&e.log, " conn %d", n.Conn)
	}
	if n.Sub != nil {
		fmt.Fprintf(&e.log, " %s", n.Sub.Name)
	}
	if n.From != 0 || n.To != 0 {
		fmt.Fprintf(&e.log, " [%v %v]", n.From.Sub(e.start), n.To.Sub(e.start))
	}
	if n.Text != "" {
		fmt.Fprintf(&e.log, ": %s", n.Text)
	}
	e.log.WriteByte('\n')
	if n.Kind == Gap {
		e.gaps[n.Sub.Name] = append(e.gaps[n.Sub.Name], len(e.heard[n.Sub.Name]))
	}
}

// mark writes a line of the test's own into the log.
func (e *ear) mark(format string, args ...any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	fmt.Fprintf(&e.log, "%10v -- %s\n", exchange.TimeOf(time.Now()).Sub(e.start), fmt.Sprintf(format, args...))
}

// text returns the log so far, and begins a new one.
func (e *ear) text() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	defer e.log.Reset()
	return e.log.String()
}

// golden compares a log with its file.
func golden(t testing.TB, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".txt")
	if *rewrite {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s:\n%s\nwant:\n%s", path, got, want)
	}
}

// rest waits, in virtual time, until all is done that was to be done meanwhile.
func rest(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func parse(t testing.TB, p exchange.Product, names ...string) []stream.Stream {
	t.Helper()
	var list []stream.Stream
	for _, name := range names {
		s, err := stream.Parse(p, name)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
	return list
}

// world is a simulated exchange on a network in memory, with what it has told.
type world struct {
	*papisim.Sim
	*network
	t testing.TB
	// told are the frames of each stream of a product, wrapped.
	told map[exchange.Product]map[string][]string
}

// inWorld runs a test against a simulated exchange in a bubble of virtual time.
func inWorld(t *testing.T, every time.Duration, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{network: newNetwork(), t: t, told: map[exchange.Product]map[string][]string{}}
		c := simConfig(t, every)
		c.Witness = func(told papisim.Told) {
			if told.Stream == "" {
				return
			}
			if w.told[told.Product] == nil {
				w.told[told.Product] = map[string][]string{}
			}
			w.told[told.Product][told.Stream] = append(w.told[told.Product][told.Stream], string(told.Wrapped))
		}
		var err error
		if w.Sim, err = papisim.New(c); err != nil {
			t.Fatal(err)
		}
		for host, h := range map[string]papisim.StreamHost{"um.test": papisim.FStream, "cm.test": papisim.DStream, "spot.test": papisim.SpotStream} {
			w.serve(t, host, w.Handler(h))
		}
		ctx, stop := context.WithCancel(t.Context())
		over := make(chan error)
		go func() { over <- w.Run(ctx) }()
		t.Cleanup(func() {
			stop()
			if err := <-over; err != nil {
				t.Error(err)
			}
			close(w.done)
		})
		rest(time.Second)
		test(t, w)
	})
}

func (w *world) listen(c Config, streams ...stream.Stream) *ear {
	c.Dial = w.dial
	return listen(w.t, c, streams...)
}

// inject lets something go wrong.
func (w *world) inject(f papisim.Fault) {
	w.t.Helper()
	if _, err := w.Inject(f); err != nil {
		w.t.Fatal(err)
	}
}

// compare says how what was heard of each stream differs from what was told: nothing may
// come twice or in another order, and what is missing must be where a Gap was told. Of what
// was told before the first message and after the last, nothing is asked.
func (w *world) compare(e *ear, p exchange.Product) (missing int) {
	w.t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	for name, heard := range e.heard {
		n, err := match(w.told[p][name], heard, e.gaps[name])
		if err != nil {
			w.t.Errorf("%s: %v", name, err)
		}
		missing += n
	}
	return missing
}

// match finds what was heard in what was told.
func match(told, heard []string, gaps []int) (missing int, err error) {
	at := 0
	for i, h := range heard {
		from := at
		for at < len(told) && told[at] != h {
			at++
		}
		if at == len(told) {
			return missing, fmt.Errorf("message %d came twice, out of order, or was never told: %.200s", i, h)
		}
		if i > 0 && at > from {
			missing += at - from
			covered := false
			for _, g := range gaps {
				covered = covered || g == i
			}
			if !covered {
				return missing, fmt.Errorf("%d messages are missing before message %d and no gap says so: %.200s", at-from, i, told[from])
			}
		}
		at++
	}
	return missing, nil
}

// sorted puts the lines of an instant in order, where several connections were at work.
func sorted(log string) string {
	lines := slices.Collect(strings.Lines(log))
	for from, i := 0, 1; i <= len(lines); i++ {
		if i == len(lines) || lines[i][:11] != lines[from][:11] {
			slices.Sort(lines[from:i])
			from = i
		}
	}
	return strings.Join(lines, "")
}
