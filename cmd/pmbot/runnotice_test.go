package main

import (
	"log/slog"
	"testing"

	"github.com/pmbot/pmbot/exchange/papi"
)

// TestStreamNews: a comparison of a live stream is no news, whatever else becomes of it is.
func TestStreamNews(t *testing.T) {
	var s streamNews
	for i, c := range []struct {
		state papi.State
		want  slog.Level
	}{
		{papi.CatchingUp, slog.LevelInfo},
		{papi.Live, slog.LevelInfo},
		{papi.CatchingUp, slog.LevelDebug},
		{papi.Live, slog.LevelDebug},
		{papi.CatchingUp, slog.LevelDebug},
		{papi.Gap, slog.LevelInfo}, // while comparing
		{papi.CatchingUp, slog.LevelInfo},
		{papi.Live, slog.LevelInfo},
		{papi.Gap, slog.LevelInfo},
	} {
		if got := s.level(c.state); got != c.want {
			t.Errorf("%d: %v is told as %v, want %v", i+1, c.state, got, c.want)
		}
	}
}
