package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/pmbot/pmbot/backtest/tape"
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
	log    *slog.Logger
	rec    *record.Recorder
	rest   *rest.Client
	tap    *recordTap
	tables *tablePoller
	// streams is how many are asked for.
	streams int
	started exchange.Time
	rates   statusRates
	// converted is what convert has done.
	converted record.ConversionStats
}

// wallClock is the machine's clock.
func wallClock() exchange.Time { return exchange.TimeOf(time.Now()) }

// openRecording opens the recorder; nothing runs yet.
func openRecording(cfg *recordConfig, client *rest.Client, told *news, log *slog.Logger) (*recording, error) {
	if cfg.Tape != "" { // known now, and not when the first segment closes
		if _, err := tape.Create(cfg.Tape); err != nil {
			return nil, &failure{codeOf(err), err, "name a directory with tape that can be written to, or \"\" for none"}
		}
	}
	r := &recording{cfg: cfg, log: log, rest: client, started: wallClock()}
	rec, err := record.Open(r.recorderConfig())
	if err != nil {
		return nil, recorderFailure(err)
	}
	r.rec = rec
	r.tap = newRecordTap(rec, told, client.ServerTime)
	r.tables = &tablePoller{now: wallClock, keep: rec.Table, tell: r.tap.tell}
	return r, nil
}

// recorderConfig is the configuration in the recorder's words.
func (r *recording) recorderConfig() record.Config {
	c := r.cfg
	free := c.FreeMin
	if free == 0 {
		free = -1 // 0 is its default
	}
	return record.Config{
		Dir: c.Dir, Tape: c.Tape, KeepRaw: c.KeepRaw, Flush: c.Flush, SyncEvery: c.Sync, FreeMin: free,
		SegmentSpan: c.Segment, SegmentBytes: c.SegmentBytes, BufferBytes: c.BufferBytes, Now: wallClock, Log: r.log,
	}
}

// recorderFailure says what to do about a recorder that does not open.
func recorderFailure(err error) error {
	if errors.Is(err, record.ErrLocked) {
		return &failure{exitFailed, err, "stop the other one first, or name another directory with dir"}
	}
	return &failure{codeOf(err), err, "name a directory with dir that can be written to"}
}

// run keeps recording while feed runs, and ends when it does, or when the context ends, which
// is no error: what came is flushed, and segments are closed. A failure of the recorder ends
// the feed.
func (r *recording) run(parent context.Context, feed func(context.Context) error) error {
	ctx, stop := context.WithCancel(parent)
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
		return diskFailure(failed, "what was written before is whole")
	}
	if parent.Err() != nil && errors.Is(err, parent.Err()) {
		return nil
	}
	return err
}

// convert brings to the tape what it does not have yet. A recording that is started later
// does so, too, so that it may be stopped.
func (r *recording) convert(ctx context.Context) error {
	if r.cfg.Tape == "" {
		return nil
	}
	done, err := record.Convert(ctx, r.recorderConfig())
	r.converted = done
	if err != nil {
		return &failure{exitFailed, err, "the raw segments are whole; pmbot data import " + r.cfg.Dir + "/raw --tape " + r.cfg.Tape + " tells more"}
	}
	return nil
}

// status is how the recording stands now.
func (r *recording) status() *recordStatus {
	s := &recordStatus{Schema: "pmbot.record.status/1", At: wallClock(), Streams: r.streams, WeightMax: rest.WeightFutures}
	r.tap.fill(s)
	stats := r.rec.Stats()
	for _, p := range stats.Products {
		s.DiskBytes += p.DiskBytes
		s.Dropped += p.Dropped
	}
	s.Segments, s.Waiting = stats.Segments, stats.Conversion.Waiting
	s.Converted, s.Rows = stats.Conversion.Converted+r.converted.Converted, stats.Conversion.Rows+r.converted.Rows
	s.Buffer, s.BufferMax, s.DiskFull = stats.Buffered, stats.BufferBytes, stats.Full
	s.BehindMS, s.Fault = stats.Behind.Milliseconds(), stats.Fault
	s.Weight = r.rest.Usage(exchange.UM).Weight
	r.rates.update(s)
	return s
}

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
