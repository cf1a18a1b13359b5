//go:build unix

package market_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange/frame"
	"github.com/pmbot/pmbot/exchange/internal/ws"
)

// BenchmarkLoad reads 1024 streams at 100,000 frames/s over websockets from another process,
// and tells what share of a core the reader takes ("core-%"): its target is 50. "bare" reads
// and decodes without any of our bookkeeping, as a measure of the machine.
//
//	go test ./exchange/market -run '^$' -bench Load -benchtime 500000x
//
// The iterations are frames. They come in bursts: "-1ms" writes what is due every millisecond
// at once, "-4" at most four frames, for networks that put less together. The connection is
// not encrypted. Machines differ and are shared: compare figures of one run only.
func BenchmarkLoad(b *testing.B) {
	for _, burst := range []struct {
		name   string
		frames int
	}{{"1ms", 1 << 20}, {"4", 4}} {
		b.Run("bare-"+burst.name, func(b *testing.B) { benchmarkLoad(b, burst.frames, readBare) })
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

// reader reads all streams at an address until the context ends, and counts messages.
// ready waits until it has all that it needs before the load; write asks for frames.
type reader func(ctx context.Context, b *testing.B, address string, c *counter) (ready func(write func(n, rate int)))

// benchmarkLoad lets a writer write b.N frames to a reader.
func benchmarkLoad(b *testing.B, burst int, read reader) {
	w := startWriter(b)
	c := &counter{full: make(chan struct{}, 1)}
	ready := read(b.Context(), b, w.address, c)
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
	b       *testing.B
	in      io.Writer
	out     *bufio.Scanner
	address string
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
	w.address = strings.TrimPrefix(w.expect("at"), "at ")
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

// loadNames are the streams of each route.
func loadNames() (public, market []string) {
	for i := range max(loadTickers, loadTrades) {
		symbol := strings.ToLower(loadSymbol(i))
		public = append(public, symbol+"@bookTicker")
		market = append(market, symbol+"@aggTrade")
		if i < loadDepths {
			public = append(public, symbol+"@depth@100ms")
		}
	}
	return public, market
}

// readBare reads two connections with a goroutine and a decoder each.
func readBare(ctx context.Context, b *testing.B, address string, c *counter) func(func(n, rate int)) {
	public, market := loadNames()
	var wg sync.WaitGroup
	for route, names := range map[string][]string{"public": public, "market": market} {
		conn, err := ws.Dial(ctx, ws.Config{URL: fmt.Sprintf("ws://%s/%s/stream?streams=%s", address, route, strings.Join(names, "/"))})
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
