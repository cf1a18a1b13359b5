package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/plugins/host"
)

// newsMax is how much waits to be said.
const newsMax = 256

// news is what a person should know of a recording, for whoever prints it. When it is full,
// because a terminal stands still, nobody waits: what is left out is counted.
type news struct {
	queue  chan newsItem
	unsaid atomic.Int64
}

// newsItem is something to say, with its time.
type newsItem struct {
	at   exchange.Time
	text string
}

func newNews() *news { return &news{queue: make(chan newsItem, newsMax)} }

// String is the line that is printed.
func (n newsItem) String() string { return n.at.Floor(time.Second).String() + " " + n.text }

// tell says something, if there is room.
func (n *news) tell(text string) {
	select {
	case n.queue <- newsItem{wallClock(), text}:
	default:
		n.unsaid.Add(1)
	}
}

// rest prints what is still waiting.
func (n *news) rest(p *statusPrinter) {
	for {
		select {
		case item := <-n.queue:
			p.say("%v", item)
		default:
			return
		}
	}
}

// logger makes news of what packages log: warnings and what happens to segments, and if the
// user wants to see it what happens to connections.
func (n *news) logger(verbose bool) *slog.Logger {
	level := slog.LevelInfo
	if verbose {
		level = slog.LevelDebug
	}
	return slog.New(&newsLog{news: n, level: level})
}

// newsLog is a handler of log records that says them like anything else.
type newsLog struct {
	news  *news
	level slog.Level
	attrs []slog.Attr
}

// Enabled goes by the level.
func (l *newsLog) Enabled(_ context.Context, level slog.Level) bool { return level >= l.level }

// Handle says a record in one line: whose strategy's it is, its message, and what belongs to it. The traces of programs that
// crash are for their authors, in the file.
func (l *newsLog) Handle(_ context.Context, r slog.Record) error {
	var details []string
	trace, of := false, ""
	detail := func(a slog.Attr) bool {
		trace = trace || a.Key == host.TraceKey
		if a.Key == "strategy" && of == "" {
			of = "strategy " + a.Value.Resolve().String() + ": "
			return true
		}
		if value := a.Value.Resolve().String(); value != "" {
			details = append(details, fmt.Sprintf("%s %s", a.Key, value))
		}
		return true
	}
	for _, a := range l.attrs {
		detail(a)
	}
	r.Attrs(detail)
	if trace {
		return nil
	}
	text := of + r.Message
	if len(details) > 0 {
		text += ": " + strings.Join(details, ", ")
	}
	l.news.tell(text)
	return nil
}

// WithAttrs adds to what belongs to every record.
func (l *newsLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &newsLog{l.news, l.level, slices.Concat(l.attrs, attrs)}
}

// WithGroup is not told: no package groups what it logs here.
func (l *newsLog) WithGroup(string) slog.Handler { return l }
