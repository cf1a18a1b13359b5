package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market/rest"
	"github.com/pmbot/pmbot/exchange/papi"
)

// simForTest runs a simulated exchange in this process and returns where it is.
func simForTest(t *testing.T, args ...string) simAddresses {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	out, stdout := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, append([]string{"sim", "--json", "--listen", "127.0.0.1:0", "--set", "market.warmup=2s"}, args...), strings.NewReader(""), stdout, io.Discard, os.Getenv)
		stdout.Close()
	}()
	var at simAddresses
	if err := json.NewDecoder(out).Decode(&at); err != nil {
		t.Fatal(err)
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		_, _ = io.Copy(io.Discard, out)
	}()
	t.Cleanup(func() {
		stop()
		if code := <-ended; code != 0 {
			t.Errorf("the exchange ends with %d", code)
		}
		<-drained
	})
	return at
}

// TestRecordCommand records a simulated exchange in this process: while it does, the figures
// can be read and the directory is locked; an interrupt ends it in order.
func TestRecordCommand(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	t.Run("recording", func(t *testing.T) {
		at := simForTest(t)
		dir := t.TempDir()
		t.Chdir(dir)
		config := killConfig(at, false) + "[account]\nkey = \"env:K\"\nsecret = \"env:S\"\n"
		config = strings.Replace(config, "[exchange]\n", fmt.Sprintf("[exchange]\npapi = %[1]q\nsapi = %[1]q\n", at.URL), 1)
		if err := os.WriteFile("record.toml", []byte(config), 0o644); err != nil {
			t.Fatal(err)
		}
		getenv := func(name string) string { return map[string]string{"K": at.Key, "S": at.Secret}[name] }
		ctx, interrupt := context.WithCancel(t.Context())
		defer interrupt()
		var stdout bytes.Buffer
		said, stderr := io.Pipe()
		ended := make(chan int, 1)
		go func() {
			ended <- run(ctx, []string{"data", "record", "-c", "record.toml", "--metrics", "127.0.0.1:0"}, strings.NewReader(""), &stdout, stderr, getenv)
			stderr.Close()
		}()
		lines := bufio.NewScanner(said)
		metrics := lineWith(t, lines, "metrics on http://")
		lineWith(t, lines, " frames/s, 2")
		drained := make(chan string, 1)
		go func() {
			var rest strings.Builder
			for lines.Scan() {
				rest.WriteString(lines.Text() + "\n")
			}
			drained <- rest.String()
		}()
		_, address, _ := strings.Cut(metrics, "metrics on ")
		address, _, _ = strings.Cut(address, "/metrics")
		text := get(t, address+"/metrics")
		for _, want := range []string{"\npmbot_record_streams 30\n", "\npmbot_record_dropped_frames_total 0\n", "# TYPE pmbot_record_frames_total counter\n"} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in\n%s", want, text)
			}
		}
		if live := get(t, address+"/livez"); live != "ok\n" {
			t.Errorf("livez says %q", live)
		}
		var second bytes.Buffer
		if code := run(t.Context(), []string{"data", "record", "-c", "record.toml"}, strings.NewReader(""), io.Discard, &second, getenv); code != int(exitFailed) || !strings.Contains(second.String(), fmt.Sprint(os.Getpid())) {
			t.Errorf("a second recorder ends with %d and %s", code, second.String())
		}
		interrupt()
		if code := <-ended; code != 0 {
			t.Fatalf("ended with %d: %s", code, <-drained)
		}
		<-drained
		if !strings.Contains(stdout.String(), "0 gaps, 0 connections lost") || !strings.Contains(stdout.String(), "um       bookTicker") {
			t.Errorf("the summary is\n%s", stdout.String())
		}
		recorded(t)
	})
}

// recorded looks at what is there when a recording has ended.
func recorded(t *testing.T) {
	t.Helper()
	if open, _ := filepath.Glob("recording/raw/*/*.part"); len(open) > 0 {
		t.Errorf("segments are open: %v", open)
	}
	for _, args := range [][]string{{"data", "verify", "-q"}, {"data", "verify", "-q", "recording/raw"}} {
		pmbot(t, args...)
	}
	tables := pmbot(t, "data", "table")
	for _, want := range []string{"um/exchangeInfo\n", "um/fundingInfo\n", "um/leverageBracket\n", "portfolio/collateralRate\n", "margin/next-hourly-interest-rate\n"} {
		if !strings.Contains(tables, want) {
			t.Errorf("no table %q in\n%s", want, tables)
		}
	}
	if body := pmbot(t, "data", "table", "um/leverageBracket"); !strings.Contains(body, `"initialLeverage"`) {
		t.Errorf("the brackets are %.200s", body)
	}
}

// lineWith reads lines until one has a text.
func lineWith(t *testing.T, lines *bufio.Scanner, text string) string {
	t.Helper()
	var all strings.Builder
	for lines.Scan() {
		if all.WriteString(lines.Text() + "\n"); strings.Contains(lines.Text(), text) {
			return lines.Text()
		}
	}
	t.Fatalf("no line with %q in\n%s", text, all.String())
	return ""
}

func get(t *testing.T, url string) string {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	w, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	body, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// TestTablePoller asks at whole intervals of UTC, at once when it begins, and again after a
// failure, which it tells once.
func TestTablePoller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		broken := errors.New("broken")
		asked := 0
		start := wallClock()
		ask := func(name string, fails func() bool) *tablePoll {
			return &tablePoll{name: name, every: time.Minute, ask: func(context.Context) (rest.Answer, error) {
				if asked++; fails() {
					return rest.Answer{}, broken
				}
				return rest.Answer{At: wallClock(), Body: []byte(name)}, nil
			}}
		}
		failures := 3
		p := &tablePoller{
			now: wallClock,
			polls: []*tablePoll{ask("good", func() bool { return false }), ask("bad", func() bool {
				failures--
				return failures >= 0
			})},
			keep: func(name string, at exchange.Time, body []byte) error {
				fmt.Fprintf(&log, "%v %s %s\n", at.Sub(start), name, body)
				return nil
			},
			tell: func(text string) { fmt.Fprintf(&log, "%v %s\n", wallClock().Sub(start), text) },
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute+time.Second)
		defer cancel()
		if err := p.run(ctx); err != nil {
			t.Fatal(err)
		}
		want := "0s good good\n0s table bad: broken; it is asked for again after 10s\n1m0s good good\n1m0s bad bad\n2m0s good good\n2m0s bad bad\n"
		if log.String() != want || asked != 8 {
			t.Errorf("asked %d times:\n%s", asked, log.String())
		}
	})
}

// TestTableNames asks for tables of all that is recorded, each once.
func TestTableNames(t *testing.T) {
	client, err := rest.New(rest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	c := defaultRecord()
	c.Tables = recordTables{
		"um/openInterest": time.Minute, "cm/openInterestHist": time.Minute, "cm/constituents": time.Hour, "um/basis": time.Hour, "cm/fundingInfo": 0,
		"um/commissionRate": time.Hour, "margin/interestRateHistory": time.Hour,
	}
	var names []string
	for _, p := range c.polls(client, listedForTest()) {
		names = append(names, p.name)
	}
	want := "um/fundingInfo um/openInterest/BTCUSDT um/openInterest/BTCUSDT_261225 um/openInterest/ETHUSDC um/openInterest/OLDUSDT " +
		"um/openInterest/u5E01u5B89u4EBAu751FUSDT cm/constituents/BTCUSD um/basis/BTCUSDT.PERPETUAL um/basis/BTCUSDT.CURRENT_QUARTER " +
		"um/basis/ETHUSDC.PERPETUAL um/basis/OLDUSDT.PERPETUAL um/basis/u5E01u5B89u4EBAu751FUSDT.PERPETUAL " +
		"cm/openInterestHist/BTCUSD.PERPETUAL cm/openInterestHist/BTCUSD.CURRENT_QUARTER"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for _, table := range papi.Tables() {
		subjects := tableSubjects(&table, listedForTest()[:2])
		want := map[string]string{"": "[]", "symbol": "[BTCUSDT BTCUSDT_261225]", "asset": "[BTC]", "assets": "[BTC]"}[table.Needs]
		if strings.HasPrefix(table.Name, "cm/") && table.Needs == "symbol" {
			want = "[]"
		}
		if got := fmt.Sprint(subjects); got != want {
			t.Errorf("%s is asked for %s, want %s", table.Name, got, want)
		}
	}
}

// TestMetricsAddress refuses addresses that other machines can reach.
func TestMetricsAddress(t *testing.T) {
	for addr, want := range map[string]exitCode{"0.0.0.0:0": exitSafety, ":9090": exitSafety, "127.0.0.1": exitUsage, "127.0.0.1:x": exitFailed} {
		_, err := listenMetrics(addr, wallClock)
		var f *failure
		if !errors.As(err, &f) || f.code != want {
			t.Errorf("%s: %v", addr, err)
		}
	}
}

// TestSimulatedAt knows the ports of a simulated exchange from the first.
func TestSimulatedAt(t *testing.T) {
	list, err := simulatedAt("https://127.0.0.1:9000")
	if err != nil {
		t.Fatal(err)
	}
	want := "fapi=https://127.0.0.1:9000 dapi=https://127.0.0.1:9000 api=https://127.0.0.1:9000 papi=https://127.0.0.1:9000 sapi=https://127.0.0.1:9000 " +
		"fstream=wss://127.0.0.1:9001 dstream=wss://127.0.0.1:9002 stream=wss://127.0.0.1:9003"
	var got []string
	for _, o := range list {
		got = append(got, strings.TrimPrefix(o.key, "exchange.")+"="+o.value)
	}
	if strings.Join(got, " ") != want {
		t.Errorf("got %v", got)
	}
	for _, bad := range []string{"127.0.0.1:9000", "http://127.0.0.1", "http://127.0.0.1:70000", "ftp://127.0.0.1:9000", "http://127.0.0.1:9000/x"} {
		if _, err := simulatedAt(bad); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

// TestBriefly prints durations as people write them.
func TestBriefly(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Hour: "1h", 10 * time.Minute: "10m", 90 * time.Second: "1m30s", 10 * time.Second: "10s", 24 * time.Hour: "24h", time.Hour + time.Second: "1h0m1s", 0: "0s",
	} {
		if got := briefly(d); got != want {
			t.Errorf("%v is printed as %s, want %s", d, got, want)
		}
	}
}
