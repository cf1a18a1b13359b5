package capture

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
)

// BenchmarkRead measures frames a second, unpacking included: of recordings that are not
// part of the repository, and of one made here, not packed.
func BenchmarkRead(b *testing.B) {
	b.Run("um-gz", func(b *testing.B) { read(b, shared(b, "um/ws_raw/hftbacktest/btcusdt_20240808.gz")) })
	b.Run("cm-gz", func(b *testing.B) { read(b, shared(b, "cm/ws_raw/hftbacktest/btcusd_perp_20240808.gz")) })
	b.Run("made", func(b *testing.B) {
		var content bytes.Buffer
		for n := range 50_000 {
			content.WriteString(tradeLine(n, "SOLUSDT"))
			if n%10 == 0 {
				content.WriteString(depthLine(n, "SOLUSDT", 20))
			}
		}
		path := filepath.Join(b.TempDir(), "um", "a.txt")
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(path, content.Bytes(), 0o644); err != nil {
			b.Fatal(err)
		}
		read(b, path)
	})
}

func read(b *testing.B, path string) {
	b.ReportAllocs()
	var lines, rows int64
	for b.Loop() {
		f, err := source.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		r, err := Open(f, source.Spec{Key: row.Key{}})
		if err != nil {
			b.Fatal(err)
		}
		for {
			batch, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			rows += int64(len(batch.Lines))
		}
		for _, c := range r.Notes().Taken {
			lines += c.Count
		}
		f.Close()
	}
	b.ReportMetric(float64(lines)/b.Elapsed().Seconds(), "frames/s")
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}
