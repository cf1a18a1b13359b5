package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
)

// logLevel reads how much a bot logs.
func logLevel(name string) (slog.Level, error) {
	switch name {
	case "debug":
		return slog.LevelDebug, nil
	case "info":
		return slog.LevelInfo, nil
	case "warn":
		return slog.LevelWarn, nil
	case "error":
		return slog.LevelError, nil
	}
	return 0, fmt.Errorf("%q is none of debug, info, warn and error", name)
}

// openLog has everything that is logged said to people and written to a file of JSON lines.
func (b *bot) openLog() error {
	level, err := logLevel(b.cfg.Log.Level)
	if err != nil {
		return err
	}
	if b.flags.verbose {
		level = slog.LevelDebug
	}
	b.logFile, err = openRotating(b.logPath(), b.cfg.Log.Bytes, b.cfg.Log.Files)
	if err != nil {
		return &failure{exitFailed, err, "name a state directory that can be written to with state"}
	}
	file := slog.NewJSONHandler(b.logFile, &slog.HandlerOptions{Level: level})
	b.fileLog = slog.New(file)
	b.log = slog.New(bothLogs{file, &newsLog{news: b.told, level: max(level, slog.LevelInfo)}})
	return nil
}

// logPath is the newest file of the log.
func (b *bot) logPath() string { return filepath.Join(b.dir, "log", "pmbot.jsonl") }

// bothLogs hands records to two handlers.
type bothLogs [2]slog.Handler

// Enabled says whether either wants it.
func (l bothLogs) Enabled(ctx context.Context, level slog.Level) bool {
	return l[0].Enabled(ctx, level) || l[1].Enabled(ctx, level)
}

// Handle gives it to those that want it.
func (l bothLogs) Handle(ctx context.Context, r slog.Record) error {
	var errs error
	for _, h := range l {
		if h.Enabled(ctx, r.Level) {
			errs = errors.Join(errs, h.Handle(ctx, r.Clone()))
		}
	}
	return errs
}

// WithAttrs adds to what belongs to every record.
func (l bothLogs) WithAttrs(attrs []slog.Attr) slog.Handler {
	return bothLogs{l[0].WithAttrs(slices.Clone(attrs)), l[1].WithAttrs(attrs)}
}

// WithGroup begins a group of attributes.
func (l bothLogs) WithGroup(name string) slog.Handler {
	return bothLogs{l[0].WithGroup(name), l[1].WithGroup(name)}
}

// rotatingFile is a log that begins a new file when one is full, and keeps the last few: of
// pmbot.jsonl, the newest, the one before is pmbot.jsonl.1. A disk that is full costs lines of
// the log and stops nobody.
type rotatingFile struct {
	path  string
	bytes int64
	files int

	// The mutex is for several goroutines that log.
	mu      sync.Mutex
	f       *os.File
	written int64
}

// openRotating goes on with the newest file.
func openRotating(path string, bytes int64, files int) (*rotatingFile, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("directory %s: %w", filepath.Dir(path), reason(err))
	}
	r := &rotatingFile{path: path, bytes: bytes, files: files}
	return r, r.open()
}

func (r *rotatingFile) open() error {
	f, err := os.OpenFile(r.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("log %s: %w", r.path, reason(err))
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	r.f, r.written = f, info.Size()
	return nil
}

// Write appends a line, to a new file if the old one is full.
func (r *rotatingFile) Write(line []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.f == nil || r.written > 0 && r.written+int64(len(line)) > r.bytes {
		if err := r.rotate(); err != nil {
			return 0, err
		}
	}
	n, err := r.f.Write(line)
	r.written += int64(n)
	return n, err
}

// rotate gives every file the next number, and lets the last one go.
func (r *rotatingFile) rotate() error {
	if r.f != nil {
		if err := r.f.Close(); err != nil {
			return err
		}
		r.f = nil
	}
	name := func(n int) string {
		if n == 0 {
			return r.path
		}
		return r.path + "." + strconv.Itoa(n)
	}
	for n := r.files - 1; n > 0; n-- {
		if err := os.Rename(name(n-1), name(n)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	if r.files == 1 {
		if err := os.Remove(r.path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return r.open()
}

// Close ends the log.
func (r *rotatingFile) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.f == nil {
		return nil
	}
	return r.f.Close()
}
