package download

import (
	"bytes"
	"context"
	"fmt"
	"hash/fnv"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// aMonth is a bucket with a month of every kind, of all products, in both forms. Of what
// comes in days it has the first ones; the others are missing.
func aMonth(days int) (files, []row.Key) {
	f := files{}
	from := at("2024-03-01")
	to := from.Add(time.Duration(days) * day)
	var want []row.Key
	for _, k := range Kinds(exchange.UM) {
		one := key(exchange.UM, "BTCUSDT", k, 0)
		if k.Bars() {
			one.Interval = time.Hour
		}
		want = append(want, one)
	}
	want = append(want,
		key(exchange.CM, "BTCUSD_PERP", row.AggTrades, 0), key(exchange.CM, "BTCUSD", row.IndexPriceKlines, 4*time.Hour), key(exchange.CM, "BTCUSD_PERP", row.FundingRate, 0),
		key(exchange.Margin, "BTCUSDT", row.Trades, 0), key(exchange.Margin, "币安人生USDT", row.Klines, 8*time.Hour))
	for i, k := range want {
		f.addAll(k, from, to, i%3 == 1)
	}
	return f, want
}

// soakEnv makes tests with months take all of their days under the race detector, too.
const soakEnv = "PMBOT_SOAK"

// daysOfMonth is how many days the months of tests have: all 31, but few under the race
// detector, which takes minutes for them.
func daysOfMonth() int {
	info, ok := debug.ReadBuildInfo()
	race := ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
	if race && os.Getenv(soakEnv) != "1" {
		return 5
	}
	return 31
}

// absentOf is how many archives of a month are missing in a bucket.
func absentOf(f files, want []row.Key) int {
	all := 0
	for _, k := range want {
		whole := Archive{Key: k, From: at("2024-03-01"), To: at("2024-04-01"), Monthly: true}
		if f[whole.Path()] != nil {
			all++
		} else {
			all += len(whole.days())
		}
	}
	return all - len(f)/2
}

// turns goes wrong by turns: what a path meets depends on its name and on how often it was
// asked for, and the fifth answer is good.
type turns struct {
	s *server
	// pause is how long slow answers wait, 0 if nothing may take time.
	pause time.Duration
	// hits counts what went wrong.
	hits map[string]int
}

func (f *turns) fault(w http.ResponseWriter, r *http.Request, path string, n int) bool {
	content, there := f.s.files[path]
	sum := fnv.New32a()
	fmt.Fprintf(sum, "%s %d", path, n)
	if !there || n%5 == 4 {
		return false
	}
	faults := []string{"good", "reset", "cut", "wrong", "html", "500", "429", "503", "408", "slow", "stall", "ignore", "gone"}
	what := faults[sum.Sum32()%uint32(len(faults))]
	f.s.mu.Lock()
	f.hits[what]++
	f.s.mu.Unlock()
	half := content[:len(content)/2]
	switch what {
	case "reset", "cut": // the length is promised, half comes
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		w.Header().Set("ETag", fmt.Sprintf(`"%x"`, len(content)))
		_, _ = w.Write(half)
		if what == "reset" {
			_ = http.NewResponseController(w).Flush()
		}
		panic(http.ErrAbortHandler)
	case "wrong":
		bad := bytes.Clone(content)
		bad[len(bad)/2] ^= 0x55
		f.s.serve(w, r, path, bad)
	case "html":
		fmt.Fprint(w, "<!DOCTYPE html><title>Please log in</title>")
	case "500", "408":
		http.Error(w, "oops", map[string]int{"500": 500, "408": 408}[what])
	case "429":
		w.Header().Set("Retry-After", fmt.Sprint(int(f.pause.Seconds())))
		http.Error(w, "slow down", http.StatusTooManyRequests)
	case "503":
		http.Error(w, "SlowDown", http.StatusServiceUnavailable)
	case "slow", "stall":
		if f.pause == 0 {
			return false
		}
		w.Header().Set("ETag", fmt.Sprintf(`"%x"`, len(content)))
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		for _, piece := range [][]byte{half, content[len(half):]} {
			_, _ = w.Write(piece)
			_ = http.NewResponseController(w).Flush()
			wait := f.pause
			if what == "stall" {
				wait = 24 * time.Hour
			}
			select {
			case <-time.After(wait):
			case <-r.Context().Done():
			}
		}
	case "ignore": // no ranges: all of it, and another ETag each time
		w.Header().Set("ETag", fmt.Sprintf(`"%d"`, n))
		_, _ = w.Write(content)
	case "gone":
		w.Header().Set("Connection", "close")
		panic(http.ErrAbortHandler)
	default:
		return false
	}
	return true
}

// wire is a network in memory, for tests in virtual time.
type wire struct {
	conns chan net.Conn
	done  chan struct{}
}

func (n *wire) Accept() (net.Conn, error) {
	select {
	case c := <-n.conns:
		return c, nil
	case <-n.done:
		return nil, net.ErrClosed
	}
}
func (n *wire) Close() error   { close(n.done); return nil }
func (n *wire) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

func (n *wire) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case n.conns <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// inMemory serves a handler on a network in memory until the test ends.
func inMemory(t *testing.T, h http.Handler) http.RoundTripper {
	n := &wire{conns: make(chan net.Conn), done: make(chan struct{})}
	s := &http.Server{Handler: h}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = s.Serve(n) }()
	transport := &http.Transport{DialContext: n.dial, DisableCompression: true}
	t.Cleanup(func() { transport.CloseIdleConnections(); _ = s.Close(); <-ended })
	return transport
}

// aloneEnv names the test that a child process is for.
const aloneEnv = "PMBOT_TEST_DOWNLOAD_ALONE"

// alone runs a test in a process of its own, and says whether this is that process. What an
// import in virtual time leaves in the pools of the Parquet module belongs to that time, and
// would end every import after it.
func alone(t *testing.T) bool {
	t.Helper()
	if os.Getenv(aloneEnv) == t.Name() {
		return true
	}
	c := exec.Command(os.Args[0], "-test.v", "-test.run", "^"+t.Name()+"$")
	c.Env = append(os.Environ(), aloneEnv+"="+t.Name())
	out, err := c.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("PASS")) {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
	return false
}

// TestFaults downloads a month of every kind from a bucket that is slow, resets, cuts off,
// changes bytes, gives pages in the place of archives, throttles and stalls, in virtual
// time, and wants the tape of the clean files. The month has all its days, 376
// archives, and under the race detector five, unless PMBOT_SOAK=1 is set:
//
//	PMBOT_SOAK=1 go test -race ./backtest/tape/download -run 'TestFaults|TestKilled' -v -timeout 30m
func TestFaults(t *testing.T) {
	t.Parallel()
	if !alone(t) {
		return
	}
	f, want := aMonth(daysOfMonth())
	hash := f.clean(t)
	store := newTape(t)
	cache := filepath.Join(t.TempDir(), "cache")
	synctest.Test(t, func(t *testing.T) {
		s := newServer(f)
		faulty := &turns{s: s, pause: 7 * time.Second, hits: map[string]int{}}
		s.fault = faulty.fault
		c := Config{
			Tape: store, Want: want, From: at("2024-03-01"), To: at("2024-04-01"), Base: "http://127.0.0.1", Cache: cache, Workers: 4,
			Transport: inMemory(t, s), Now: func() exchange.Time { return at("2024-05-10") },
		}
		var told seen
		told.watch(&c)
		last := Progress{}
		c.Progress = func(p Progress) {
			if p.Files < last.Files || p.Bytes < last.Bytes || p.Total < last.Total || p.Share() < 0 || p.Share() > 1 {
				t.Errorf("progress goes back from %+v to %+v", last, p)
			}
			last = p
		}
		began := time.Now()
		sum, err := Run(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		absent := absentOf(f, want)
		if sum.Failed+sum.Already != 0 || sum.Missing != absent || sum.Imported != len(f)/2 || last.Files != sum.Imported+absent || last.Total != last.Files {
			t.Errorf("%+v, progress %+v of %d archives", sum, last, len(f)/2)
		}
		for _, what := range []string{"reset", "cut", "wrong", "html", "500", "429", "503", "408", "slow", "stall", "ignore", "gone"} {
			if faulty.hits[what] < 3 {
				t.Errorf("%q happened %d times", what, faulty.hits[what])
			}
		}
		t.Logf("%d requests for %d files in %v of virtual time: %v", sum.Requests, len(f), time.Since(began), faulty.hits)
	})
	if got := hashOf(store); got != hash {
		t.Errorf("the data's hash is %s, of the clean files %s", got, hash)
	}
	if left := treeOf(t, cache); len(left) > 0 {
		t.Errorf("the cache keeps %v", left)
	}
}
