package main

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/pmbot/pmbot/backtest/readable"
	"github.com/pmbot/pmbot/engine/monitor"
)

// demoScreen shows what a bot does, as another process would see it: by its control socket.
type demoScreen struct {
	*console
	bot   *monitor.Client
	began time.Time
	// terminal says that the display is drawn in place; else it is printed now and then.
	terminal bool
	lines    int // of the last drawing
	// firsts are when the first order and the first fill were seen.
	order, fill time.Duration
	words       words
}

// words are what the bot says, kept until the display is over.
type words struct {
	// The mutex is held while a line is written: several goroutines of the bot do.
	mu   sync.Mutex
	text bytes.Buffer
}

func (w *words) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

func newDemoScreen(c *console, dir string, began time.Time) *demoScreen {
	return &demoScreen{console: c, bot: monitor.NewClient(filepath.Join(dir, controlSocket)), began: began, terminal: isTerminal(c.out)}
}

const (
	// demoEvery is how often the display looks, and demoPrinted how often it prints where
	// nothing can be drawn in place.
	demoEvery, demoPrinted = time.Second / 2, 5 * time.Second
	// demoFills is how many fills it shows.
	demoFills = 6
)

// run shows the bot until the context ends, and then what the bot has said.
func (s *demoScreen) run(ctx context.Context) {
	tick := time.NewTicker(demoEvery)
	defer tick.Stop()
	var printed time.Time
	for {
		select {
		case <-ctx.Done():
			s.words.mu.Lock()
			defer s.words.mu.Unlock()
			fmt.Fprint(s.out, s.words.text.String())
			return
		case now := <-tick.C:
			text, ok := s.look(ctx)
			switch {
			case !ok:
			case s.terminal:
				s.draw(text)
			case now.Sub(printed) >= demoPrinted:
				printed = now
				fmt.Fprintln(s.out, text)
			}
		}
	}
}

// look asks the bot and writes the display; ok is false while it does not answer.
func (s *demoScreen) look(ctx context.Context) (text string, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, demoEvery)
	defer cancel()
	var status monitor.Status
	var orders monitor.Orders
	var fills monitor.Fills
	var positions monitor.Positions
	for _, q := range []struct {
		name   string
		answer any
	}{{"status", &status}, {"orders", &orders}, {"fills", &fills}, {"positions", &positions}} {
		if s.bot.Get(ctx, q.name, url.Values{"newest": {fmt.Sprint(demoFills)}}, q.answer) != nil {
			return "", false
		}
	}
	since := time.Since(s.began).Round(100 * time.Millisecond)
	if s.order == 0 && len(orders.Orders)+fills.Total > 0 {
		s.order = since
	}
	if s.fill == 0 && fills.Total > 0 {
		s.fill = since
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%v since the start   %v   %s", since, status.State, counted(int64(fills.Total), "fill"))
	if s.fill != 0 {
		fmt.Fprintf(&b, "   first order seen after %v, first fill after %v", s.order, s.fill)
	}
	fmt.Fprintf(&b, "\n%s\n\n", marginLine(&status.Account))
	page := console{out: &b, err: &b, getenv: s.getenv}
	s.printTables(&page, &orders, &fills, &positions)
	return b.String(), true
}

func (s *demoScreen) printTables(page *console, orders *monitor.Orders, fills *monitor.Fills, positions *monitor.Positions) {
	var rows [][]string
	for _, p := range positions.Positions {
		rows = append(rows, []string{p.Symbol, p.Qty.String(), p.Entry.Round(2).String(), p.Mark.String(), figureIn(p.PnL, p.Asset), figureIn(p.Maint, p.Asset)})
	}
	_ = page.printTable([]string{"POSITION", "QTY", "ENTRY", "MARK", "PNL", "MAINTENANCE"}, rows)
	rows = nil
	for _, o := range orders.Orders {
		rows = append(rows, []string{plain(o.Strategy), o.Symbol, o.Side, o.Qty.String(), o.Filled.String(), blankZero(o.Price), o.State})
	}
	fmt.Fprintln(page.out)
	_ = page.printTable([]string{"ORDER OF", "SYMBOL", "SIDE", "QTY", "FILLED", "PRICE", "STATUS"}, rows)
	rows = nil
	for _, x := range fills.Fills {
		rows = append(rows, []string{readable.Instant(x.At), plain(x.Strategy), x.Symbol, x.Side, x.Qty.String(), x.Price.String(), x.Fee.String() + " " + plain(x.FeeAsset)})
	}
	fmt.Fprintln(page.out)
	_ = page.printTable([]string{"FILL", "OF", "SYMBOL", "SIDE", "QTY", "PRICE", "FEE"}, rows)
}

// draw puts a display in the place of the last one, its lines cut to the terminal's width.
func (s *demoScreen) draw(text string) {
	var b strings.Builder
	if s.lines > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", s.lines)
	}
	width, lines := terminalWidth(s.out), 0
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if r := []rune(line); width > 1 && len(r) >= width {
			line = string(r[:width-1])
		}
		b.WriteString("\r\x1b[K" + line + "\n")
		lines++
	}
	b.WriteString("\x1b[J")
	s.lines = lines
	fmt.Fprint(s.out, b.String())
}
