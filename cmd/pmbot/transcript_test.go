package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pmbot/pmbot/engine/monitor"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/raced"
)

var rewrite = flag.Bool("rewrite", false, "write golden files anew; read the diff before you commit it")

// TestTranscript is a day of a bot in about a minute and a half, as testdata/transcript.txt
// tells it: "pmbot sim" and "pmbot run --live" as processes, the exerciser trading on all
// products, a settlement, a listenKey and connections renewed, a replay of the journal, and
// another process with tighter limits on the same state.
//
// What is real: all processes, sockets, signatures, the journal and its files; every order goes
// over HTTP and comes back by the user stream; the settlement comes while the bot runs.
//
// What is shortened: with feed.rotate at its least value connections are a minute old when they
// get successors, and the listenKey is extended every half minute. That these are 23 hours and
// 25 minutes by default is proven in virtual time by TestRotation and TestKeepAlive of
// exchange/papi.
//
// What is moved: prices, twice, by the admin port's /price, so that stops trigger; and the
// exchange's time by /time, to some seconds before the next settlement, over which the listenKey
// expires. Our clock is never moved, so from then on the exchange's is hours ahead of it, and
// the bot stamps its requests with a clock measured anew. No bot starts where clocks are that
// far apart: for the second process the exchange tells our time in place of its own, while what
// happens there goes on in its own. The tighter limits are another configuration, which is where
// limits are; the program is the same.
func TestTranscript(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute and a half")
	}
	raced.Skip(t, "TestScripts runs the same bot against the same exchange at less cost")
	t.Parallel()
	x := newTranscript(t)
	x.openExchange()
	x.keepAway()
	x.configure("bot.toml", "0.5", "1.5")
	x.startBot("bot.toml")
	x.trades()
	x.renews()
	x.settles()
	before := x.open()
	x.stopBot()
	x.replays()
	x.booked()
	x.tellOurTime()
	x.configure("tight.toml", "0.000001", "50")
	x.startBot("tight.toml")
	x.follow("all done")
	x.stands()
	if after := x.open(); after != before {
		t.Errorf("the open order was %s and is %s", before, after)
	}
	x.stopBot()
	x.replays()
	x.compare()
}

// transcript writes down what happens, without what differs between runs.
type transcript struct {
	t       *testing.T
	dir     string
	golden  bytes.Buffer
	sim     runningSim
	bot     *runningBot
	client  *monitor.Client
	read    int // lines of the bot's log that were read
	entries []logEntry
}

// logEntry is a line of the bot's log.
type logEntry struct {
	Msg      string `json:"msg"`
	Strategy string `json:"strategy"`
	Part     string `json:"part"`
	Kind     string `json:"kind"`
}

func newTranscript(t *testing.T) *transcript {
	x := &transcript{t: t, dir: t.TempDir()}
	x.client = monitor.NewClient(x.state(controlSocket))
	return x
}

// state is a file of the bot's state.
func (x *transcript) state(names ...string) string {
	return filepath.Join(append([]string{x.dir, "pmbot", "main"}, names...)...)
}

// environment has states in the test's directory.
func (x *transcript) environment() []string { return append(os.Environ(), "XDG_STATE_HOME="+x.dir) }

func (x *transcript) say(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	x.t.Log(line)
	fmt.Fprintln(&x.golden, line)
}

func (x *transcript) write(name, text string) string {
	x.t.Helper()
	path := filepath.Join(x.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		x.t.Fatal(err)
	}
	return path
}

// openExchange starts the exchange, with an account that has no ether.
func (x *transcript) openExchange() {
	x.t.Helper()
	config := x.write("sim.toml", `
[market]
coins = ["BTC", "ETH"]
step = "1s"
[account.margin]
USDT = "200000"
BTC = "3"
[account.um]
USDT = "50000"
[account.cm]
BTC = "3"
`)
	x.say("$ pmbot sim -c sim.toml")
	x.sim.cmd = exec.Command(pmbotProgram(x.t), "sim", "-c", config, "--json", "--verbose", "--listen", "127.0.0.1:0")
	log, err := os.Create(filepath.Join(x.dir, "sim.log"))
	if err != nil {
		x.t.Fatal(err)
	}
	defer log.Close()
	x.sim.cmd.Stderr = log
	if x.sim.out, err = x.sim.cmd.StdoutPipe(); err != nil {
		x.t.Fatal(err)
	}
	if err := x.sim.cmd.Start(); err != nil {
		x.t.Fatal(err)
	}
	x.t.Cleanup(func() {
		x.sim.cmd.Process.Signal(syscall.SIGTERM)
		if err := x.sim.cmd.Wait(); err != nil {
			x.t.Errorf("pmbot sim: %v", err)
		}
	})
	if err := json.NewDecoder(x.sim.out).Decode(&x.sim.at); err != nil {
		x.t.Fatalf("pmbot sim: %v", err)
	}
}

// configure writes a configuration of the bot with two of its limits.
func (x *transcript) configure(name, notional, mmr string) {
	x.t.Helper()
	program, err := exec.LookPath("exerciser")
	if err != nil {
		x.t.Fatal(err)
	}
	at := &x.sim.at
	x.write(name, fmt.Sprintf(`
[exchange]
fapi = %[1]q
dapi = %[1]q
api = %[1]q
papi = %[1]q
sapi = %[1]q
fstream = %[2]q
dstream = %[3]q
stream = %[4]q
user = "%[2]s/pm"
[feed]
rotate = "1m"
overlap = "2s"
clock = "1s"
[paper.margin]
USDT = "10000"
[risk]
ramp_for = "0s"
plugin_answer_max = "30s"
open_orders_notional_max_ratio = "40"
order_notional_max_ratio = %[5]q
position_max_ratio = "1"
unimmr_min = %[6]q
fresh_price = "30s"
fresh_mark = "30s"
fresh_index = "1m"
clock_offset_max = "24h" # the exchange's time is moved to a settlement
price_collar_limit = "0.05"
price_collar_market = "0.05"
borrow_max_usd = "1000000"
collateral_asset_max_ratio = "2"
[stop]
policy = "keep"
[log]
level = "debug"
[[strategy]]
label = "exerciser"
plugin = %[7]q
`, at.URL, at.FStream, at.DStream, at.Stream, notional, mmr, program))
}

// startBot starts the bot and waits until it trades.
func (x *transcript) startBot(config string) {
	x.t.Helper()
	x.say("\n$ pmbot run -c %s --live --account main", config)
	x.bot = &runningBot{over: make(chan error, 1), cmd: exec.Command(pmbotProgram(x.t), "run", "-c", filepath.Join(x.dir, config), "--live", "--account", "main", "--yes=main", "--quiet")}
	x.bot.cmd.Env = append(x.environment(), "PMBOT_KEY="+simKeyID, "PMBOT_SECRET="+simSecret)
	x.bot.cmd.Stderr = &x.bot.errors
	b := x.bot
	if err := b.cmd.Start(); err != nil {
		x.t.Fatal(err)
	}
	x.t.Cleanup(func() { b.cmd.Process.Kill() })
	go func() { b.over <- b.cmd.Wait() }()
	x.active()
}

// transcriptPatience is more than a rotation of connections takes, on a machine that is busy.
const transcriptPatience = 4 * time.Minute

// until waits until something is so.
func (x *transcript) until(what string, so func() bool) {
	x.t.Helper()
	for began := time.Now(); time.Since(began) < transcriptPatience; pause(50 * time.Millisecond) {
		select {
		case err := <-x.bot.over:
			x.t.Fatalf("the bot has ended while waiting for %s: %v\n%s", what, err, x.bot.errors.String())
		default:
		}
		if so() {
			return
		}
	}
	var now monitor.Status
	err := x.get("status", &now)
	x.t.Fatalf("no %s within %v; %v, %+v\n%s", what, transcriptPatience, err, now, x.bot.errors.String())
}

func (x *transcript) get(name string, answer any) error {
	return x.client.Get(x.t.Context(), name, nil, answer)
}

// active waits until the bot trades.
func (x *transcript) active() {
	x.t.Helper()
	x.until("trading", func() bool {
		var now monitor.Status
		return x.get("status", &now) == nil && now.State == exchange.Active && now.About.Pid == x.bot.cmd.Process.Pid
	})
}

// follow reads on in the bot's log and tells what the exerciser says, up to a line with such a
// beginning.
func (x *transcript) follow(last string) {
	x.t.Helper()
	x.until("line "+strconv.Quote(last), func() bool {
		x.readLog()
		for x.read < len(x.entries) {
			e := x.entries[x.read]
			x.read++
			if e.Strategy != "exerciser" || e.Part != "" { // a part is the bot's, which tells figures
				continue
			}
			x.say("  %s", e.Msg)
			if strings.HasPrefix(e.Msg, last) {
				return true
			}
		}
		return false
	})
}

// readLog reads the whole log of the bot as it is now.
func (x *transcript) readLog() {
	x.t.Helper()
	text, err := os.ReadFile(x.state("log", "pmbot.jsonl"))
	if err != nil {
		x.t.Fatal(err)
	}
	x.entries = x.entries[:0]
	for line := range bytes.Lines(text) {
		var e logEntry
		if json.Unmarshal(line, &e) == nil { // the last line may be half there
			x.entries = append(x.entries, e)
		}
	}
}

// logged says whether the bot's log has such words.
func (x *transcript) logged(words string) bool {
	x.t.Helper()
	x.readLog()
	return slices.ContainsFunc(x.entries, func(e logEntry) bool { return strings.Contains(e.Msg, words) })
}

// admin asks the exchange's admin port.
func (x *transcript) admin(path, body string) {
	x.t.Helper()
	w, err := http.Post(x.sim.at.Admin+path, "application/json", strings.NewReader(body))
	if err != nil {
		x.t.Fatal(err)
	}
	defer w.Body.Close()
	if w.StatusCode != http.StatusOK {
		x.t.Fatalf("%s %s: %s", path, body, w.Status)
	}
}

// trades goes through the exerciser's acts up to the settlement.
func (x *transcript) trades() {
	x.t.Helper()
	for _, stop := range []string{" 5 UM stop", " 7 CM stop"} {
		x.follow(stop)
		x.say("# the price of BTC falls by 1%%")
		x.admin("/price", `{"asset":"BTC","factor":"0.99"}`)
	}
	x.follow("14 ")
	x.stands()
}

// requests counts the exchange's answers of 200 to a kind of request.
func (x *transcript) requests(method, path string) int {
	x.t.Helper()
	text, err := os.ReadFile(filepath.Join(x.dir, "sim.log"))
	if err != nil {
		x.t.Fatal(err)
	}
	n := 0
	for line := range bytes.Lines(text) {
		if bytes.Contains(line, []byte("method="+method+" ")) && bytes.Contains(line, []byte("path="+path+" ")) && bytes.Contains(line, []byte("status=200 ")) {
			n++
		}
	}
	return n
}

const listenKeyPath = "/papi/v1/listenKey"

// renews waits until listenKey and connections are renewed, without a gap.
func (x *transcript) renews() {
	x.t.Helper()
	x.until("keepalive", func() bool { return x.requests("PUT", listenKeyPath) > 0 })
	x.say("# the listenKey is extended: PUT %s", listenKeyPath)
	x.until("successor of the user stream", func() bool { return x.requests("POST", listenKeyPath) > 1 })
	x.say("# the user stream's connection has a successor with the same key")
	x.until("successors of the market's streams", func() bool { return x.logged("rotated") })
	x.say("# the connections of the market's streams have successors")
	var now monitor.Status
	if err := x.get("status", &now); err != nil || now.Counts.Gaps != 0 {
		x.t.Errorf("%v, %d gaps of the user stream", err, now.Counts.Gaps)
	}
	x.say("# and there was no gap")
}
