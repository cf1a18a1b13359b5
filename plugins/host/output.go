package host

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/pmbot/pmbot/plugins/wire"
)

const (
	// tailLines of standard error are kept to explain a crash, each cut at lineBytesMax.
	tailLines    = 40
	lineBytesMax = 1000
	// logLinesPerSecond is how much a plugin may write into our log; the rest is counted
	// and dropped, so that a flood costs neither disk nor time.
	logLinesPerSecond = 200
)

// TraceKey is the attribute of logged lines that are the trace of a crash: whoever shows the log to
// people may leave them out, for the error that ends the session says what has happened.
const TraceKey = "trace"

// traces are what the trace of a crash begins with, in Go and in Python.
var traces = [...]string{"panic: ", "fatal error: ", "Traceback (most recent call last)"}

// output takes what a plugin prints: it goes to the log, and the end of standard error
// is kept. Writers never block the plugin and never fail.
type output struct {
	log *slog.Logger
	// The mutex orders the goroutines of go-plugin that copy the streams, and the reader
	// of the tail; nobody holds it for longer than a line takes to log.
	mutex   sync.Mutex
	last    []string
	second  time.Time
	lines   int
	dropped int
	// dying says that what comes on standard error is the trace of a crash, which is the author's.
	dying bool
}

// stream returns a writer that splits into lines and logs them under that name.
func (o *output) stream(name string, keep bool) io.Writer {
	return &lineWriter{output: o, name: name, keep: keep}
}

// tail returns the last lines of standard error.
func (o *output) tail() []string {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return slices.Clone(o.last)
}

func (o *output) line(name, text string, keep bool) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if keep {
		if len(o.last) == tailLines {
			o.last = slices.Delete(o.last, 0, 1)
		}
		o.last = append(o.last, text)
		o.dying = o.dying || slices.ContainsFunc(traces[:], func(begins string) bool { return strings.HasPrefix(text, begins) })
	}
	switch {
	case !o.admit():
	case keep && o.dying:
		o.log.Info("plugin output", "stream", name, "line", text, TraceKey, true)
	default:
		o.log.Info("plugin output", "stream", name, "line", text)
	}
}

// said logs a line that a strategy wrote to its log, in answer to an event.
func (o *output) said(strategy string, seq uint64, text string) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.admit() {
		o.log.Info(text, "strategy", strategy, "seq", seq)
	}
}

// admit counts a line and says whether it may be logged.
func (o *output) admit() bool {
	if now := time.Now(); now.Sub(o.second) >= time.Second {
		if o.dropped > 0 {
			o.log.Warn("plugin prints too much", "dropped_lines", o.dropped)
		}
		o.second, o.lines, o.dropped = now, 0, 0
	}
	if o.lines++; o.lines > logLinesPerSecond {
		o.dropped++
		return false
	}
	return true
}

// lineWriter cuts a stream into lines, and lines into pieces of lineBytesMax.
type lineWriter struct {
	output *output
	name   string
	keep   bool
	buf    []byte
}

func (w *lineWriter) Write(b []byte) (int, error) {
	for _, c := range b {
		if c != '\n' {
			w.buf = append(w.buf, c)
		}
		if c == '\n' || len(w.buf) >= lineBytesMax {
			if text := wire.Printable(string(w.buf), lineBytesMax); text != "" {
				w.output.line(w.name, text, w.keep)
			}
			w.buf = w.buf[:0]
		}
	}
	return len(b), nil
}

// pluginLog is go-plugin's own logger on top of slog. What it says is for debugging:
// whatever matters comes back as an error too. Named returns a logger that is off,
// because go-plugin names one only to repeat the plugin's lines, which output has.
type pluginLog struct {
	hclog.Logger // discards what has no method here
	log          *slog.Logger
}

func newPluginLog(log *slog.Logger) *pluginLog { return &pluginLog{hclog.NewNullLogger(), log} }

func (l *pluginLog) debug(msg string, args []any) {
	l.log.Log(context.Background(), slog.LevelDebug, "go-plugin: "+msg, args...)
}

func (l *pluginLog) Log(_ hclog.Level, msg string, args ...any) { l.debug(msg, args) }
func (l *pluginLog) Debug(msg string, args ...any)              { l.debug(msg, args) }
func (l *pluginLog) Info(msg string, args ...any)               { l.debug(msg, args) }
func (l *pluginLog) Warn(msg string, args ...any)               { l.debug(msg, args) }
func (l *pluginLog) Error(msg string, args ...any)              { l.debug(msg, args) }
