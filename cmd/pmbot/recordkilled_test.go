package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// killTerms say how long and how hard TestRecordKilled tries. The whole hour is
//
//	PMBOT_KILL_SPAN=1h PMBOT_KILL_SPEED=10 PMBOT_KILLS=10 go test ./cmd/pmbot -run TestRecordKilled -v -timeout 60m
//
// and takes six minutes and as long again to compare, on a machine that does nothing else,
// with 4 GB of disk; PMBOT_KILL_DIR names a new directory that keeps them. The short one of
// the normal suite takes seconds.
type killTerms struct {
	// span is the exchange's time that is recorded, speed how fast it passes.
	span  time.Duration
	speed int
	kills int
	// whole is the 1,024 streams of configs/sim-busy.toml, in place of a few.
	whole bool
	dir   string
	seed  uint64
}

// killFlush is the flush interval of these recordings: what a kill may cost.
const killFlush = time.Second

// most is what a kill may cost by our clock. The short run shares the machine with other tests,
// for which a recorder may wait two seconds; the long one gives no such excuse.
func (k *killTerms) most() time.Duration {
	if k.whole {
		return killFlush
	}
	return killFlush + 2*time.Second
}

func killTermsOf(t *testing.T) killTerms {
	k := killTerms{span: 40 * time.Second, speed: 10, kills: 1, dir: os.Getenv("PMBOT_KILL_DIR"), seed: 1}
	if text := os.Getenv("PMBOT_KILL_SPAN"); text != "" {
		span, err := time.ParseDuration(text)
		if err != nil {
			t.Fatal(err)
		}
		k.span, k.whole, k.kills = span, true, 10
	}
	for _, v := range []struct {
		name string
		into *int
	}{{"PMBOT_KILL_SPEED", &k.speed}, {"PMBOT_KILLS", &k.kills}} {
		if text := os.Getenv(v.name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil {
				t.Fatal(err)
			}
			*v.into = n
		}
	}
	if text := os.Getenv("PMBOT_KILL_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		k.seed = n
	}
	if k.dir == "" {
		k.dir = t.TempDir()
	}
	return k
}

// killed is a moment at which the recorder was killed.
type killed struct {
	// wall is our clock right before the signal, there the exchange's.
	wall, there exchange.Time
}

// TestRecordKilled records a simulated exchange with a real recorder process that is killed
// again and again, and holds the recording to what the exchange's own history says: a kill
// costs no more than the flush interval, whatever is missing is reported, and all else is
// what the exchange has told.
func TestRecordKilled(t *testing.T) {
	t.Parallel()
	k := killTermsOf(t)
	t.Logf("%v at speed %d with %d kills, seed %d, in %s", k.span, k.speed, k.kills, k.seed, k.dir)
	sim := startKillSim(t, &k)
	config := filepath.Join(k.dir, "record.toml")
	if err := os.WriteFile(config, []byte(killConfig(sim.at, k.whole)), 0o644); err != nil {
		t.Fatal(err)
	}
	var plan recordPlan
	runPmbot(t, &plan, "data", "record", "-c", config, "--dry-run", "--json")
	streams := 0
	for _, c := range plan.Connections {
		t.Logf("connection of route %s with %d streams", c.Route, len(c.Streams))
		streams += len(c.Streams)
	}
	if k.whole && streams != 1024 {
		t.Errorf("%d streams, want 1024", streams)
	}

	rng := rand.New(rand.NewPCG(k.seed, k.seed))
	began := time.Now()
	share := k.span / time.Duration(k.speed) / time.Duration(k.kills+1)
	var kills []killed
	for range k.kills {
		// It is killed at random, but not before it has recorded anything.
		r := startRecorder(t, config)
		pause(time.Duration(rng.Int64N(int64(2*share) + 1)))
		there := sim.time(t)
		kills = append(kills, killed{exchange.TimeOf(time.Now()), there})
		if err := r.cmd.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		r.ended(t)
	}
	last := startRecorder(t, config)
	pause(2 * killFlush)
	end := sim.time(t)
	for ; end < sim.start.Add(k.span); end = sim.time(t) { // a busy machine passes slower
		pause(killFlush)
	}
	if err := last.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	// The rest of the conversion needs no exchange, which would go on telling.
	sim.stop(t)
	if err := last.ended(t); err != nil {
		t.Errorf("the recorder ends with %v: %s", err, last.errors.String())
	}
	t.Logf("recorded %v of the exchange's time in %v; the recorder ends with %s", end.Sub(sim.start), time.Since(began).Round(time.Second), last.summary())
	judgeKilled(t, &k, kills)
}

// pause waits in real time: the processes of this test live in it.
func pause(d time.Duration) { <-time.After(d) }

// runningSim is a simulated exchange that runs as a process.
type runningSim struct {
	cmd   *exec.Cmd
	at    simAddresses
	start exchange.Time
	log   bytes.Buffer
	out   io.ReadCloser
}

func pmbotProgram(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("pmbot")
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// startKillSim starts an exchange whose time is behind ours, and stays so to the end, although it
// runs faster: a message cannot be received before it was sent.
func startKillSim(t *testing.T, k *killTerms) *runningSim {
	t.Helper()
	s := &runningSim{start: exchange.TimeOf(time.Now().Add(-k.span - time.Hour)).Floor(time.Minute)}
	args := []string{"sim", "--json", "--listen", "127.0.0.1:0", "--speed", strconv.Itoa(k.speed), "--seed", strconv.FormatUint(k.seed, 10),
		"--history", filepath.Join(k.dir, "history"), "--set", "start=" + s.start.String(), "--set", "market.warmup=10s"}
	if k.whole {
		config, err := filepath.Abs(filepath.Join("..", "..", "configs", "sim-busy.toml"))
		if err != nil {
			t.Fatal(err)
		}
		args = append(args, "-c", config)
	}
	s.cmd = exec.Command(pmbotProgram(t), args...)
	s.cmd.Stderr = &s.log
	var err error
	if s.out, err = s.cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.cmd.Process.Kill() })
	if err := json.NewDecoder(s.out).Decode(&s.at); err != nil {
		t.Fatalf("pmbot sim: %v\n%s", err, s.log.String())
	}
	return s
}

// time is the exchange's.
func (s *runningSim) time(t *testing.T) exchange.Time {
	t.Helper()
	w, err := http.Get(s.at.URL + "/fapi/v1/time")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	var answer struct {
		ServerTime int64 `json:"serverTime"`
	}
	if err := json.NewDecoder(w.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return exchange.Millis(answer.ServerTime)
}

// stop ends the exchange, which then has all of its history on the disk.
func (s *runningSim) stop(t *testing.T) {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, s.out); err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Wait(); err != nil || s.log.Len() > 0 {
		t.Errorf("pmbot sim: %v\n%s", err, s.log.String())
	}
}

// killConfig records Bitcoin's contracts of the three products, or all of the busy exchange:
// with depth5 in the place of trade, whose ids have holes there, each of which were a gap.
func killConfig(at simAddresses, whole bool) string {
	what := `
um.symbols = ["BTC*"]
um.streams = ["aggTrade", "bookTicker", "depth@100ms", "markPrice@1s"]
cm.symbols = ["BTC*"]
cm.streams = ["aggTrade", "bookTicker", "depth@100ms", "markPrice@1s"]
margin.streams = ["aggTrade", "bookTicker", "depth@100ms"]
`
	if whole {
		what = `
um.symbols = ["all"]
um.streams = ["aggTrade", "depth5@100ms", "bookTicker", "depth@100ms", "markPrice@1s", "kline_1m"]
um.market = ["!contractInfo", "!forceOrder@arr", "!miniTicker@arr", "!assetIndex@arr"]
cm = { symbols = [], market = [] }
margin.symbols = []
`
	}
	return what + fmt.Sprintf(`
dir = "recording"
tape = "tape"
flush = %q
free_min = 0
status = "1s"
feed.clock = "5s"
[exchange]
fapi = %[2]q
dapi = %[2]q
api = %[2]q
fstream = %[3]q
dstream = %[4]q
stream = %[5]q
`, killFlush.String(), at.URL, at.FStream, at.DStream, at.Stream)
}

// runPmbot runs a command in a directory and decodes the JSON that it prints.
func runPmbot(t *testing.T, into any, args ...string) {
	t.Helper()
	cmd := exec.Command(pmbotProgram(t), args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if into != nil && len(out) > 0 {
		if bad := json.Unmarshal(out, into); bad != nil {
			t.Fatalf("pmbot %v: %v, %v\n%s", args, bad, err, stderr.String())
		}
		return
	}
	if err != nil {
		t.Fatalf("pmbot %v: %v\n%s", args, err, stderr.String())
	}
}

// runningRecorder is a recorder that runs as a process.
type runningRecorder struct {
	cmd    *exec.Cmd
	errors bytes.Buffer
	lines  *bufio.Scanner
	tail   []string
}

// startRecorder starts one and waits until it records. Where the machine is too busy for the
// exchange to answer in time it starts another, as whoever keeps a service running does.
func startRecorder(t *testing.T, config string) *runningRecorder {
	t.Helper()
	for try := 1; ; try++ {
		r := launchRecorder(t, config)
		if r.waitForFrames(t) {
			return r
		}
		err := r.ended(t)
		if t.Logf("start %d of the recorder: %v: %s", try, err, r.errors.String()); try == 5 {
			t.Fatal("it does not start")
		}
	}
}

func launchRecorder(t *testing.T, config string) *runningRecorder {
	t.Helper()
	r := &runningRecorder{cmd: exec.Command(pmbotProgram(t), "data", "record", "-c", config, "--json")}
	r.cmd.Dir = filepath.Dir(config)
	r.cmd.Stderr = &r.errors
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.cmd.Process.Kill() })
	r.lines = bufio.NewScanner(out)
	r.lines.Buffer(nil, 1<<20)
	return r
}

// waitForFrames reads the status until it tells of frames that are on the disk, and says
// whether it ever did.
func (r *runningRecorder) waitForFrames(t *testing.T) bool {
	t.Helper()
	for r.lines.Scan() {
		var s recordStatus
		if err := json.Unmarshal(r.lines.Bytes(), &s); err == nil && s.Heard > 0 && s.DiskBytes > 0 {
			return true
		}
	}
	return false
}

// ended waits for the end and keeps the last lines.
func (r *runningRecorder) ended(t *testing.T) error {
	t.Helper()
	for r.lines.Scan() {
		r.tail = append(r.tail, r.lines.Text())
	}
	return r.cmd.Wait()
}

// summary is the last document that was printed, on one line.
func (r *runningRecorder) summary() string {
	text := strings.Join(r.tail, "\n")
	at := strings.LastIndex(text, "\n{\n")
	return strings.Join(strings.Fields(text[at+1:]), " ")
}
