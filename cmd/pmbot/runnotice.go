package main

import (
	"context"
	"log/slog"

	"github.com/pmbot/pmbot/engine/loop"
	"github.com/pmbot/pmbot/exchange/market"
	"github.com/pmbot/pmbot/exchange/papi"
)

// noticeLevel is how much a person should care for a notice of the feed.
func noticeLevel(k market.NoticeKind) slog.Level {
	switch k {
	case market.Socket, market.BookReady, market.ClockSet, market.BarFilled, market.Listed, market.Unlisted, market.StatusChanged, market.DeliveryChanged:
		return slog.LevelDebug
	case market.Resumed:
		return slog.LevelInfo
	}
	return slog.LevelWarn
}

// accountNotice takes what the broker tells beside events: the state of the user stream, on
// which trading depends, and what a person should know.
func (b *bot) accountNotice(n papi.Notice) {
	level := slog.LevelWarn
	switch n.Kind {
	case papi.NoticeState:
		level = b.stream.level(n.State)
		b.loop.Stream(streamStates[n.State], n.Text)
	case papi.NoticeUnknownEvent, papi.NoticeKey:
		level = slog.LevelInfo
	case papi.NoticeLeverage:
		n.Text += "; the guard goes on with the leverage of the start: start anew to count by it"
	}
	b.log.Log(context.Background(), level, n.Text, "part", "account", "kind", n.Kind.String(), "state", n.State.String())
}

// streamNews tells what is news of the user stream from the comparisons with the exchange that come
// every reconcile.interval: those begin and end with a stream that lives.
type streamNews struct {
	state     papi.State
	comparing bool
}

// level is how much a person should care for the next state.
func (s *streamNews) level(next papi.State) slog.Level {
	begins := s.state == papi.Live && next == papi.CatchingUp
	ends := s.comparing && next == papi.Live
	s.state, s.comparing = next, begins
	if begins || ends {
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// streamStates are the broker's in the loop's words.
var streamStates = map[papi.State]loop.StreamState{
	papi.Gap: loop.StreamGap, papi.CatchingUp: loop.StreamCatchingUp, papi.Live: loop.StreamLive,
}
