package main

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/pmbot/pmbot/backtest/papisim"
	"github.com/pmbot/pmbot/exchange"
)

// TestHistoryFiles writes down more than fits into its queue, for two hosts, and finds all of
// it, in order; what is told after the end is no part of it.
func TestHistoryFiles(t *testing.T) {
	defer goleak.VerifyNone(t)
	h, err := newHistory(filepath.Join(t.TempDir(), "told"))
	if err != nil {
		t.Fatal(err)
	}
	hear := h.witness()
	const lines = 3 * historyQueue
	frame := `{"stream":"a","data":"` + strings.Repeat("x", historyPartSize/2) + `"}`
	err = h.during(t.Context(), func(context.Context) error {
		for i := range exchange.Time(lines) {
			hear(papisim.Told{Product: exchange.UM, At: i, Stream: "a", Wrapped: []byte(frame)})
		}
		hear(papisim.Told{Product: exchange.Margin, At: 7, URL: "https://api.binance.com/x", Body: []byte("{}")})
		return nil
	})
	hear(papisim.Told{Product: exchange.CM, At: 8, Stream: "a", Wrapped: []byte(frame)})
	if err != nil {
		t.Fatal(err)
	}
	um := strings.Split(strings.TrimSuffix(unpacked(t, h.dir, "um"), "\n"), "\n")
	if last := um[len(um)-1]; len(um) != lines || um[0] != "0 "+frame || !strings.HasPrefix(last, "191 ") {
		t.Errorf("%d lines, the last one %.20s", len(um), last)
	}
	if got := unpacked(t, h.dir, "spot"); got != "https://api.binance.com/x -> 7: {}\n" {
		t.Errorf("spot: %q", got)
	}
	if _, err := os.Stat(filepath.Join(h.dir, "cm")); !os.IsNotExist(err) {
		t.Errorf("a host that told nothing: %v", err)
	}
}

func unpacked(t *testing.T, dir, host string) string {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, host, "history.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestHistoryFails ends the exchange when its history cannot be written, though the exchange
// has much more to tell.
func TestHistoryFails(t *testing.T) {
	defer goleak.VerifyNone(t)
	h, err := newHistory(filepath.Join(t.TempDir(), "told"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(h.dir, "um"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	hear := h.witness()
	body := make([]byte, historyPartSize)
	err = h.during(t.Context(), func(ctx context.Context) error {
		for ctx.Err() == nil {
			hear(papisim.Told{Product: exchange.UM, Stream: "a", Wrapped: body})
		}
		return nil
	})
	var f *failure
	if !errors.As(err, &f) || !strings.Contains(err.Error(), "history in "+h.dir) {
		t.Errorf("ended with %v", err)
	}
}
