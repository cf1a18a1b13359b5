package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/pmbot/pmbot/backtest/tape/record"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market"
	"github.com/pmbot/pmbot/exchange/market/rest"
)

// recording is a recorder with all that belongs to it: the tap that a feed is given, the
// tables that are asked for, and the figures. "pmbot data record" makes a feed for it; a bot
// gives it the feed that it trades by, and runs it beside that.
type recording struct {
	cfg    *recordConfig
	rec    *record.Recorder
	rest   *rest.Client
	tap    *recordTap
	tables *tablePoller
	// streams is how many are asked for.
	streams int
	started exchange.Time
	rates   statusRates
}

// wallClock is the machine's clock.
func wallClock() exchange.Time { return exchange.TimeOf(time.Now()) }

// openRecording opens the recorder; nothing runs yet. say is told what a person should know.
func openRecording(cfg *recordConfig, client *rest.Client, log *slog.Logger, say func(string)) (*recording, error) {
	rec, err := record.Open(record.Config{
		Dir: cfg.Dir, Tape: cfg.Tape, KeepRaw: cfg.KeepRaw, Flush: cfg.Flush, SyncEvery: cfg.Sync, FreeMin: cfg.freeMin(),
		SegmentSpan: cfg.Segment, SegmentBytes: cfg.SegmentBytes, BufferBytes: cfg.BufferBytes, Now: wallClock, Log: log,
	})
	if err != nil {
		return nil, recorderFailure(cfg, err)
	}
	r := &recording{cfg: cfg, rec: rec, rest: client, started: wallClock()}
	r.tap = &recordTap{rec: rec, say: say, serverTime: client.ServerTime}
	r.tables = &tablePoller{now: wallClock, keep: rec.Table, tell: r.tap.tell}
	return r, nil
}

// freeMin is the recorder's, which takes 0 for its default.
func (c *recordConfig) freeMin() int64 {
	if c.FreeMin == 0 {
		return -1
	}
	return c.FreeMin
}

// recorderFailure says what to do about a recorder that does not open.
func recorderFailure(cfg *recordConfig, err error) error {
	if errors.Is(err, record.ErrLocked) {
		return &failure{exitFailed, err, "stop the other one first, or name another directory with dir"}
	}
	return &failure{codeOf(err), err, "name a directory with dir that can be written to"}
}

// run keeps recording while feed runs, and ends when it does: what came is flushed, segments
// are closed and the tape has them. A failure of the recorder ends the feed.
func (r *recording) run(ctx context.Context, feed func(context.Context) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	// The recorder outlives what it records, so that the last message is kept, too.
	recorderCtx, stopRecorder := context.WithCancel(context.WithoutCancel(ctx))
	defer stopRecorder()
	var recorder errgroup.Group
	recorder.Go(func() error {
		err := r.rec.Run(recorderCtx)
		stop()
		return err
	})
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return feed(ctx) })
	g.Go(func() error { return r.tables.run(ctx) })
	err := g.Wait()
	stopRecorder()
	if failed := recorder.Wait(); failed != nil {
		return fmt.Errorf("%w; pmbot data verify %s tells what is there", failed, r.cfg.Dir)
	}
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// status is how the recording stands now.
func (r *recording) status() *recordStatus {
	s := &recordStatus{At: wallClock(), Streams: r.streams, WeightMax: weightOfFutures}
	r.tap.fill(s)
	stats := r.rec.Stats()
	for _, p := range stats.Products {
		s.DiskBytes += p.DiskBytes
		s.Dropped += p.Dropped
	}
	s.Segments, s.Converted, s.Waiting = stats.Segments, stats.Conversion.Converted, stats.Conversion.Waiting
	s.Buffer, s.BufferMax, s.DiskFull = stats.Buffered, stats.BufferBytes, stats.Full
	s.BehindMS, s.Fault = stats.Behind.Milliseconds(), stats.Fault
	s.Weight = r.rest.Usage(exchange.UM).Weight
	r.rates.update(s)
	return s
}

// weightOfFutures is the weight that Binance allows a minute of fapi and dapi together.
const weightOfFutures = 2400

// feedOf is a feed without readers but the recorder.
func (r *recording) feedOf(c market.Config) (*market.Feed, error) {
	c.Tap, c.REST = r.tap, r.rest
	f, err := market.New(c)
	if err != nil {
		return nil, &failure{exitConfig, err, "see configs/record.toml"}
	}
	r.streams = len(c.Streams)
	return f, nil
}
