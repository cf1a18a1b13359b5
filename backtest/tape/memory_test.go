package tape

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

const (
	// peakMax bounds the memory of a replay, whatever the size of the tape.
	peakMax = 150 << 20
	// replayEnv names the tape that the test binary, started as a process of its own, plays
	// in place of testing.
	replayEnv = "PMBOT_TEST_REPLAY"
	// soakEnv asks for the tape of 2 GB.
	soakEnv = "PMBOT_SOAK"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(replayEnv); dir != "" {
		if err := replayAlone(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if dir := os.Getenv(importEnv); dir != "" {
		if err := importAlone(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// replayAlone plays a tape and prints how many events it gave, in how many milliseconds,
// and the most memory that the process has had, as the kernel counts it. What a parent is
// told of a child's memory would not do: it begins at what the parent had.
func replayAlone(dir string) error {
	tape, err := Open(dir)
	if err != nil {
		return err
	}
	start := time.Now()
	r, err := tape.Reader(ReaderSpec{Series: tape.Series(), Instrument: anyone()})
	if err != nil {
		return err
	}
	events := 0
	for buf := make([]exchange.Event, 1024); err == nil; {
		var n int
		n, err = r.Next(buf)
		events += n
	}
	if err != io.EOF {
		return err
	}
	peak, err := peakMemory()
	if err != nil {
		return err
	}
	fmt.Println(events, time.Since(start).Milliseconds(), peak)
	return r.Close()
}

// peakMemory is the largest resident set of this process, in bytes.
func peakMemory() (int64, error) {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			kilobytes, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(text), " kB"), 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, fmt.Errorf("no VmHWM in /proc/self/status")
}

// skipPeak skips a test of memory where it cannot be measured.
func skipPeak(t *testing.T) {
	t.Helper()
	if _, err := peakMemory(); err != nil {
		t.Skipf("the peak of memory is read from /proc: %v", err)
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "-race" && s.Value == "true" {
				t.Skip("the race detector takes several times the memory")
			}
		}
	}
}

// TestReplayMemory plays a tape of 50 MB in a process of its own and bounds the memory of
// that. With PMBOT_SOAK=1 the tape has 2 GB, is generated in a minute or two, and its
// replay is measured:
//
//	PMBOT_SOAK=1 go test ./backtest/tape -run TestReplayMemory -v -timeout 30m
func TestReplayMemory(t *testing.T) {
	skipPeak(t)
	bytes, day := int64(50<<20), 400_000
	if os.Getenv(soakEnv) == "1" {
		bytes, day = 2<<30, 2_000_000
	}
	tape := newTape(t)
	generate(t, tape, bytes, day)
	size, rows := bytesOf(t, tape), int64(0)
	for _, s := range tape.Series() {
		rows += s.Rows
	}
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), replayEnv+"="+tape.dir)
	child.Stderr = os.Stderr
	out, err := child.Output()
	must(t, err)
	var events, millis, peak int64
	_, err = fmt.Sscan(string(out), &events, &millis, &peak)
	must(t, err)
	t.Logf("%d series, %d rows, %d MB of tape, %.1f B a row; replayed in %.1f s, %.2f M rows/s, peak memory %d MB", len(tape.Series()), rows,
		size>>20, float64(size)/float64(rows), float64(millis)/1e3, float64(rows)/float64(max(millis, 1))/1e3, peak>>20)
	if size < bytes || events != rows+int64(len(tape.Series())) {
		t.Errorf("%d bytes gave %d events of %d rows", size, events, rows)
	}
	if peak > peakMax {
		t.Errorf("peak memory is %d bytes, at most %d are allowed", peak, peakMax)
	}
}

// generate makes a tape of at least so many bytes: trades and quotes of eight instruments,
// day by day.
func generate(t *testing.T, tape *Tape, bytes int64, day int) {
	every := 23 * time.Hour / time.Duration(day)
	for days := 0; bytesOf(t, tape) < bytes; days++ {
		start := midnight.Add(time.Duration(days) * 24 * time.Hour)
		for i, symbol := range []string{"A", "B", "C", "D", "E", "F", "G", "H"} {
			r := newRecorder(uint64(days*8+i), start, every, 5*time.Millisecond, 0)
			if i%2 == 0 {
				rows := r.trades(day)
				for k := range rows {
					rows[k].ID += int64(days * day)
				}
				store(t, tape, series(exchange.UM, symbol, row.AggTrades, 0), rows)
				continue
			}
			rows := r.tickers(day)
			for k := range rows {
				rows[k].ID += int64(days) << 40
			}
			store(t, tape, series(exchange.UM, symbol, row.BookTicker, 0), rows)
		}
		t.Logf("%v: %d MB of %d MB generated", start, bytesOf(t, tape)>>20, bytes>>20)
	}
}
