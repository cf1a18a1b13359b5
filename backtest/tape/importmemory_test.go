package tape

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
)

// importEnv tells the test binary, started as a process of its own, onto which tape it is
// to bring a capture in place of testing.
const importEnv = "PMBOT_TEST_IMPORT"

// stream is a recording of so many rounds, made while it is read. In a round each symbol
// has a batch of trades, one of quotes and one of messages with ten levels.
type stream struct {
	rounds, symbols, each int
	round, next           int
	line                  int64
}

func (c *stream) Notes() source.Notes { return source.Notes{} }
func (c *stream) Close() error        { return nil }

func (c *stream) Next() (source.Batch, error) {
	if c.next == 3*c.symbols {
		c.round, c.next = c.round+1, 0
	}
	if c.round == c.rounds {
		return source.Batch{}, io.EOF
	}
	symbol, kind := fmt.Sprintf("S%dUSDT", c.next/3), c.next%3
	c.next++
	var trades []row.Trade
	var tickers []row.Ticker
	var levels []row.Level
	var lines []int64
	for i := range c.each {
		n := int64(c.round*c.each + i)
		at := row.MicrosOf(eve) + row.Micros(20_000*n)
		local := at.Time().Add(time.Duration(n*7919%50) * time.Millisecond)
		price := exchange.Fixed(60_000_0000+n*n%1000) * 10_000
		c.line++
		switch kind {
		case 0:
			lines = append(lines, c.line)
			trades = append(trades, row.Trade{Time: at, Event: at + 1000, Local: local, ID: n + 1, Price: price, Qty: exchange.Fixed(1 + n*31%1000), First: n, Last: n})
		case 1:
			lines = append(lines, c.line)
			tickers = append(tickers, row.Ticker{Time: at, Event: at + 1000, Local: local, ID: n + 1, Bid: price, BidQty: exchange.Fixed(1 + n*37%5000), Ask: price + 1, AskQty: 1})
		default:
			for k := range 10 {
				lines = append(lines, c.line)
				levels = append(levels, row.Level{Time: at, Event: at + 1000, Local: local, First: 10*n + 1, Last: 10*n + 10, Prev: 10 * n, Begins: k == 0,
					Side: row.Bid, Price: price - exchange.Fixed(k), Qty: exchange.Fixed(n * int64(k) % 7777)})
			}
		}
	}
	key := row.Key{Product: exchange.UM, Symbol: symbol, Kind: []row.Kind{row.AggTrades, row.BookTicker, row.Depth}[kind]}
	rows := []any{trades, tickers, levels}[kind]
	return source.Batch{Key: key, Rows: rows, Lines: lines}, nil
}

// importAlone brings a capture onto a tape and prints the most memory that the process has
// had, in bytes.
func importAlone(dir string) error {
	tape, err := Open(dir)
	if err != nil {
		return err
	}
	var report Report
	run := newRun(tape, ImportSpec{}, &report)
	run.file, run.recording = &source.File{Name: "capture", Path: "capture", SHA256: "0000000000"}, true
	if err := run.begin(); err != nil {
		return err
	}
	defer run.end()
	if err := run.read(context.Background(), &stream{rounds: 42, symbols: 60, each: 200}); err != nil {
		return err
	}
	if err := run.commit(); err != nil {
		return err
	}
	peak, err := peakMemory()
	fmt.Println(peak)
	return err
}

// TestImportMemory brings a recording of 180 series onto a tape in a process of its own, as
// much as 300 MB of messages, and bounds the memory of that.
func TestImportMemory(t *testing.T) {
	skipPeak(t)
	tape := newTape(t)
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), importEnv+"="+tape.dir)
	child.Stderr = os.Stderr
	out, err := child.Output()
	must(t, err)
	var peak int64
	_, err = fmt.Sscan(string(out), &peak)
	must(t, err)
	tape, err = Open(tape.dir)
	must(t, err)
	rows := int64(0)
	for _, s := range tape.Series() {
		rows += s.Rows
	}
	t.Logf("%d series, %d rows, peak memory %d MB", len(tape.Series()), rows, peak>>20)
	if want := int64(42 * 60 * 200 * 12); rows != want || len(tape.Series()) != 180 {
		t.Errorf("%d rows of %d series, want %d of 180", rows, len(tape.Series()), want)
	}
	if peak > peakMax {
		t.Errorf("peak memory is %d bytes, at most %d are allowed", peak, peakMax)
	}
}
