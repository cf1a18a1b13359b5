package record

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/pmbot/pmbot/exchange"
)

// captured are the messages of a real recording of one symbol, without their times: best
// bids and asks, trades and depth. Without shared data they are made up.
func captured(b testing.TB) (list [][]byte) {
	b.Helper()
	root := os.Getenv("PMBOT_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "..", "shared")
	}
	f, err := os.Open(filepath.Join(root, "data", "um", "ws_raw", "hftbacktest", "btcusdt_20240808.gz"))
	if err != nil {
		b.Logf("shared data not at hand, messages are made up: %v", err)
		for i := range 50_000 {
			list = append(list, trade(i))
		}
		return list
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		b.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, lineMax)
	for lines.Scan() {
		_, message, _ := bytes.Cut(lines.Bytes(), []byte(" "))
		list = append(list, bytes.Clone(message))
	}
	return list
}

// BenchmarkMessage is what giving a message costs who gives it.
func BenchmarkMessage(b *testing.B) {
	list := captured(b)
	c, now := config(b, b.TempDir())
	c.BufferBytes = 1 << 30
	r := mustOpen(b, c, realDisk())
	defer kill(b, r)
	b.ReportAllocs()
	for i := range b.N {
		now.at += 10_000
		r.Message(exchange.UM, now.at, list[i%len(list)])
		if i%100_000 == 99_999 {
			b.StopTimer()
			r.flush()
			b.StartTimer()
		}
	}
}

// BenchmarkRecorded is what a recorded message costs in all, at rates of messages a second:
// processor time, and bytes on the disk. One op is a second of messages, in frames as the
// default interval makes them.
func BenchmarkRecorded(b *testing.B) {
	list := captured(b)
	for _, rate := range []int{50, 5000, 100_000} {
		b.Run(fmt.Sprintf("%d", rate), func(b *testing.B) {
			c, now := config(b, b.TempDir())
			r := mustOpen(b, c, realDisk())
			defer kill(b, r)
			n := 0
			before := cpu()
			for range b.N {
				for range 2 {
					for range rate / 2 {
						now.at += exchange.Time(int(time.Second) / rate)
						r.Message(exchange.UM, now.at, list[n%len(list)])
						if n++; n%4096 == 0 {
							r.drain() // as the writer does beside it
						}
					}
					r.flush()
				}
			}
			spent := cpu() - before
			s := product(r.Stats(), exchange.UM)
			b.ReportMetric(float64(spent.Nanoseconds())/float64(n), "cpu-ns/message")
			b.ReportMetric(float64(s.DiskBytes)/float64(n), "disk-B/message")
			b.ReportMetric(float64(s.Bytes)/float64(s.DiskBytes), "ratio")
			if s.Dropped > 0 {
				b.Errorf("%d dropped", s.Dropped)
			}
		})
	}
}

// cpu is the processor time of this process.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkFrames compares levels and frame sizes. One op packs the whole recording.
func BenchmarkFrames(b *testing.B) {
	var text bytes.Buffer
	list := captured(b)
	for i, m := range list {
		fmt.Fprintf(&text, "%d %s\n", int64(start)+int64(i)*137_911, m)
	}
	for _, level := range []zstd.EncoderLevel{zstd.SpeedFastest, zstd.SpeedDefault, zstd.SpeedBetterCompression, zstd.SpeedBestCompression} {
		for _, size := range []int{4 << 10, 64 << 10, 256 << 10, 1 << 20} {
			b.Run(fmt.Sprintf("%v-%dKiB", level, size>>10), func(b *testing.B) {
				e, err := zstd.NewWriter(io.Discard, zstd.WithEncoderLevel(level), zstd.WithEncoderConcurrency(1))
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(int64(text.Len()))
				packed := 0
				for range b.N {
					packed = 0
					for left := text.Bytes(); len(left) > 0; {
						n := min(size, len(left))
						packed += len(e.EncodeAll(left[:n], nil))
						left = left[n:]
					}
				}
				b.ReportMetric(float64(packed)/float64(len(list)), "B/message")
				b.ReportMetric(float64(text.Len())/float64(packed), "ratio")
			})
		}
	}
}
