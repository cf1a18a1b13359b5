package npz

import (
	"bytes"
	"io"
	"testing"
)

func BenchmarkRead(b *testing.B) {
	events := randomEvents(100_000)
	file, err := write(events)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		array, size, err := openArchive(bytes.NewReader(file), "a.npz", int64(len(file)))
		if err != nil {
			b.Fatal(err)
		}
		r, err := newReader("data", array, size, btcusdt, "")
		for err == nil {
			_, err = r.Next()
		}
		if err != io.EOF {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(events)*b.N)/b.Elapsed().Seconds(), "events/s")
}

func BenchmarkWrite(b *testing.B) {
	events := randomEvents(100_000)
	var s spool
	b.ReportAllocs()
	for b.Loop() {
		s.Reset()
		w := NewWriter(io.Discard, &s)
		if err := w.Write(events...); err != nil {
			b.Fatal(err)
		}
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(w.packed.n)/float64(w.Rows()), "B/record")
	}
	b.ReportMetric(float64(len(events)*b.N)/b.Elapsed().Seconds(), "events/s")
}
