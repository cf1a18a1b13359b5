//go:build unix

package market_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/frame"
	"github.com/pmbot/pmbot/exchange/internal/ws"
	"github.com/pmbot/pmbot/exchange/market"
	"github.com/pmbot/pmbot/exchange/market/rest"
	"github.com/pmbot/pmbot/exchange/market/socket"
	"github.com/pmbot/pmbot/exchange/market/stream"
)

// BenchmarkLoad reads 1024 streams at 100,000 frames/s over websockets from another process,
// and tells what share of a core the reader takes ("core-%"): its target is 50. "feed" makes
// events and keeps 64 books, "socket" is what reads for it alone, and "bare" reads and decodes
// without any bookkeeping, as a measure of the machine. Only "tls" is encrypted.
//
//	go test ./exchange/market -run '^$' -bench Load -benchtime 500000x
//
// The iterations are frames. They come in bursts: "-1ms" writes what is due every millisecond
// at once, "-4" at most four frames, for networks that put less together. Machines differ and
// are shared: compare figures of one run only.
func BenchmarkLoad(b *testing.B) {
	for _, burst := range []struct {
		name   string
		frames int
	}{{"1ms", 1 << 20}, {"4", 4}} {
		b.Run("bare-"+burst.name, func(b *testing.B) { benchmarkLoad(b, burst.frames, readBare) })
		b.Run("socket-"+burst.name, func(b *testing.B) { benchmarkLoad(b, burst.frames, readSocket) })
		b.Run("feed-"+burst.name, func(b *testing.B) { benchmarkLoad(b, burst.frames, readFeed) })
		b.Run("feed-tls-"+burst.name, func(b *testing.B) { benchmarkLoad(b, burst.frames, readFeedTLS) })
	}
}

const loadRate = 100_000

// counter counts messages, and tells when there are as many as expected.
type counter struct {
	n, want atomic.Int64
	full    chan struct{}
}

func (c *counter) add() {
	if n := c.n.Add(1); n == c.want.Load() {
		c.full <- struct{}{}
	}
}

// reader reads all streams of a writer until the context ends, and counts messages.
// ready waits until it has all that it needs before the load; write asks for frames.
type reader func(ctx context.Context, b *testing.B, w *writer, c *counter) (ready func(write func(n, rate int)))

// benchmarkLoad lets a writer write b.N frames to a reader.
func benchmarkLoad(b *testing.B, burst int, read reader) {
	w := startWriter(b)
	c := &counter{full: make(chan struct{}, 1)}
	ready := read(b.Context(), b, w, c)
	w.expect("heard")
	write := func(n, rate int) (wrote string) {
		c.want.Store(c.n.Load() + int64(n))
		fmt.Fprintf(w.in, "write %d %d %d\n", n, rate, burst)
		wrote = w.expect("wrote")
		select {
		case <-c.full:
		case <-time.After(10 * time.Second):
			b.Fatalf("%d messages of %d were read", c.n.Load(), c.want.Load())
		}
		return wrote
	}
	ready(func(n, rate int) { write(n, rate) })
	b.ReportAllocs()
	b.ResetTimer()
	used := processorTime(b)
	wrote := write(b.N, loadRate)
	b.StopTimer()
	used = processorTime(b) - used
	var writing, took int64
	if _, err := fmt.Sscanf(wrote, "wrote %d %d", &writing, &took); err != nil {
		b.Fatal(err)
	}
	frame := float64(used.Nanoseconds()) / float64(b.N)
	b.ReportMetric(frame, "cpu-ns/frame")
	b.ReportMetric(frame*loadRate/1e7, "core-%")
	b.ReportMetric(float64(writing)/float64(b.N), "writer-cpu-ns/frame")
	b.ReportMetric(float64(b.N)/(float64(took)/1e9), "frames/s")
}

// writer is the other process.
type writer struct {
	b   *testing.B
	in  io.Writer
	out *bufio.Scanner
	// plain and secure are where it listens.
	plain, secure string
}

func startWriter(b *testing.B) *writer {
	b.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestLoadWriter$", "-test.timeout=10m")
	cmd.Env = append(os.Environ(), writerEnv+"=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		in.Close() // which ends it
		_ = cmd.Wait()
	})
	w := &writer{b: b, in: in, out: bufio.NewScanner(out)}
	if _, err := fmt.Sscanf(w.expect("at"), "at %s %s", &w.plain, &w.secure); err != nil {
		b.Fatal(err)
	}
	return w
}

// expect reads lines until one begins with a word.
func (w *writer) expect(word string) string {
	for w.out.Scan() {
		if line := w.out.Text(); strings.HasPrefix(line, word+" ") || line == word {
			return line
		}
	}
	w.b.Fatalf("the writer ended before it said %q: %v", word, w.out.Err())
	return ""
}

// loaded are the streams.
func loaded() (list []stream.Stream) {
	for i := range max(loadTickers, loadTrades) {
		list = append(list, stream.Stream{Product: exchange.UM, Kind: stream.BookTicker, Symbol: loadSymbol(i)},
			stream.Stream{Product: exchange.UM, Kind: stream.AggTrade, Symbol: loadSymbol(i)})
		if i < loadDepths {
			list = append(list, stream.Stream{Product: exchange.UM, Kind: stream.Depth, Symbol: loadSymbol(i), Speed: 100 * time.Millisecond})
		}
	}
	return list
}

// readBare reads two connections with a goroutine and a decoder each.
func readBare(ctx context.Context, b *testing.B, w *writer, c *counter) func(func(n, rate int)) {
	var wg sync.WaitGroup
	b.Cleanup(wg.Wait)
	for _, lane := range stream.Lanes(loaded(), stream.PerConnection) {
		var names []string
		for _, s := range lane {
			names = append(names, s.Name())
		}
		route := lane[0].Route()
		conn, err := ws.Dial(ctx, ws.Config{URL: fmt.Sprintf("ws://%s/%v/stream?streams=%s", w.plain, route, strings.Join(names, "/"))})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { conn.Close() })
		wg.Go(func() {
			var d frame.Decoder
			for {
				message, err := conn.Read()
				if err != nil {
					return
				}
				if _, err := d.Decode(message); err != nil {
					b.Error(err)
				}
				c.add()
			}
		})
	}
	return func(write func(n, rate int)) { write(loadStreams, loadRate) }
}

// readSocket reads with a socket.Set.
func readSocket(ctx context.Context, b *testing.B, w *writer, c *counter) func(func(n, rate int)) {
	config := loadSocket(w)
	config.Deliver = func(m *socket.Message) {
		if m.Err != nil {
			b.Error(m.Err)
		}
		c.add()
	}
	set, err := socket.New(config, loaded())
	if err != nil {
		b.Fatal(err)
	}
	running(ctx, b, set.Run)
	return func(write func(n, rate int)) { write(loadStreams, loadRate) }
}

// readFeed reads with a market.Feed.
func readFeed(ctx context.Context, b *testing.B, w *writer, c *counter) func(func(n, rate int)) {
	return feed(ctx, b, w, c, loadSocket(w))
}

// readFeedTLS does so over connections that are encrypted, but trusts whoever answers.
func readFeedTLS(ctx context.Context, b *testing.B, w *writer, c *counter) func(func(n, rate int)) {
	config := loadSocket(w)
	config.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13}} //nolint:gosec // the writer's key is httptest's
		return d.DialContext(ctx, network, w.secure)
	}
	return feed(ctx, b, w, c, config)
}

// feed runs a market.Feed whose books are in sync before the load comes.
func feed(ctx context.Context, b *testing.B, w *writer, c *counter, config socket.Config) func(func(n, rate int)) {
	asked, err := rest.New(rest.Config{UM: "http://" + w.plain})
	if err != nil {
		b.Fatal(err)
	}
	events := 0
	f, err := market.New(market.Config{
		Instruments: loadInstruments(b), Streams: loaded(), REST: asked, Socket: config, Tap: tap{c},
		Sink: func(*exchange.Event) { events++ }, Refresh: -1, ClockEvery: -1,
	})
	if err != nil {
		b.Fatal(err)
	}
	running(ctx, b, f.Run)
	return func(write func(n, rate int)) {
		for range 30 {
			write(20*loadDepths, 20*loadDepths*4) // a difference for every book, four times a second
			if f.Stats().BooksReady == loadDepths {
				return
			}
		}
		b.Fatalf("the books are not in sync: %+v", f.Stats())
	}
}

// running lets something run until the benchmark ends.
func running(ctx context.Context, b *testing.B, run func(context.Context) error) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { _ = run(ctx) })
	b.Cleanup(func() {
		cancel()
		wg.Wait()
	})
}

func loadSocket(w *writer) socket.Config {
	return socket.Config{Hosts: map[stream.Route]string{
		stream.Public: "ws://" + w.plain + "/public", stream.Market: "ws://" + w.plain + "/market",
	}}
}

// loadInstruments are the contracts of the streams.
func loadInstruments(b *testing.B) *exchange.Instruments {
	var list []exchange.Instrument
	for i := range max(loadTickers, loadTrades) {
		in := *contract(b).At(1)
		in.Symbol, in.Pair, in.Base = loadSymbol(i), loadSymbol(i), strings.TrimSuffix(loadSymbol(i), "USDT")
		list = append(list, in)
	}
	ins, err := exchange.NewInstruments(list...)
	if err != nil {
		b.Fatal(err)
	}
	return ins
}

// tap counts messages.
type tap struct{ c *counter }

func (t tap) Message(*socket.Message)            { t.c.add() }
func (tap) Answer(exchange.Product, rest.Answer) {}
func (tap) Notice(market.Notice)                 {}
