package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pmbot/pmbot/engine/monitor"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/papi"
)

// TestWatchdogState goes through what a watchdog can see, look by look.
func TestWatchdogState(t *testing.T) {
	at := time.Unix(1_000_000, 0)
	d := watchdog{after: 3 * time.Second}
	look := func(after time.Duration, h *heartbeat, want watchState, said string) {
		t.Helper()
		at = at.Add(after)
		var err error
		if h == nil {
			err = errors.New("gone")
		}
		if text := d.look(h, err, at); d.state != want || !strings.Contains(text, said) || (said == "") != (text == "") {
			t.Fatalf("%v, said %q; want %v, %q", d.state, text, want, said)
		}
	}
	many := func(n int, h *heartbeat, want watchState) {
		t.Helper()
		for range n {
			look(watchLook, h, want, "")
		}
	}
	one := &heartbeat{Pid: 7, Beat: 1, State: "ACTIVE"}
	many(20, nil, watchWaiting)
	many(40, one, watchWaiting) // an old file arms nobody
	look(watchLook, &heartbeat{Pid: 7, Beat: 2, State: "ACTIVE"}, watchArmed, "process 7 lives, ACTIVE")
	still := &heartbeat{Pid: 7, Beat: 2}
	many(8, still, watchArmed)
	look(time.Hour, still, watchArmed, "")   // the machine slept, which is two looks
	d.silent = 3*time.Second - watchLook - 1 // just before the limit
	look(watchLook, still, watchArmed, "")   // and still before it
	look(1, nil, watchFired, "process 7 stands still for 3s, and cannot be read: gone")
	many(4, &heartbeat{Pid: 7, Beat: 3}, watchFired)
	d.swept()
	many(40, &heartbeat{Pid: 7, Beat: 3}, watchSwept)
	look(watchLook, &heartbeat{Pid: 8, Beat: 1, State: "HALTED"}, watchArmed, "process 8 lives, HALTED")
	look(watchLook, &heartbeat{Pid: 8, Beat: 2, Ended: true}, watchIdle, "process 8, has stopped in order")
	many(40, &heartbeat{Pid: 8, Beat: 2, Ended: true}, watchIdle)
	many(40, nil, watchIdle)
	look(watchLook, &heartbeat{Pid: 9, Beat: 1}, watchArmed, "process 9 lives")
	many(11, nil, watchArmed)
	look(watchLook, nil, watchFired, "cannot be read")
}

// TestHaltFile keeps the first reason, and halts by what it cannot read, too.
func TestHaltFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "main")
	if why, there := readHalt(dir); there {
		t.Error(why)
	}
	for _, why := range []string{"first", "second"} {
		if err := writeHalt(dir, why, "ann"); err != nil {
			t.Fatal(err)
		}
	}
	if why, there := readHalt(dir); !there || why != "first" {
		t.Errorf("%q, %v", why, there)
	}
	path := filepath.Join(dir, haltFile)
	for text, want := range map[string]string{"": "no reason is given", " \n": "no reason is given", "a\x1b[31mb\nc": "a[31mb"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if why, there := readHalt(dir); !there || why != want {
			t.Errorf("%q: %q, %v", text, why, there)
		}
	}
	if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o700)); err != nil {
		t.Fatal(err)
	}
	if why, there := readHalt(dir); !there || why == "" {
		t.Errorf("%q, %v", why, there)
	}
}

const watchdogKey, watchdogSecret = "watchwatchwatchwatchwatchwatchwatchwatchwatchwatchwatchwatch0000", "another-secret-of-nobody"

// watched is a live bot that trades everything, a watchdog, and their exchange.
type watched struct {
	t     *testing.T
	sim   simulated
	dir   string
	said  chan said
	truth *papi.Client
}

// TestWatchdog kills a live bot with orders on many lists, while the exchange fails: the
// watchdog ends all of them in bounded time, and the bot comes back halted.
func TestWatchdog(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	dog := w.start("watchdog", "-c", "dog.toml", "--json")
	w.wait("WAITING", 10*time.Second)
	bot := w.bot()
	w.wait("ARMED", 30*time.Second)
	open := 0
	for began := time.Now(); time.Since(began) < time.Minute && open < 6; pause(50 * time.Millisecond) {
		open = w.open()
	}
	if err := bot.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	killed := time.Now()
	for _, fault := range []string{
		`{"kind":"503_unknown","probability":"0.3","count":20,"path":"/papi/*"}`,
		`{"kind":"code_1007","probability":"0.3","count":20,"path":"/papi/*","not_executed":true}`,
		`{"kind":"status_429","count":1,"path":"/papi/*","delay":"2s","after":10}`,
		`{"kind":"lost_request","count":3,"path":"/papi/*","after":20}`,
	} {
		w.sim.do(t, "/faults", fault)
	}
	w.wait("FIRED", 10*time.Second)
	fired := time.Since(killed)
	last := w.wait("SWEPT", time.Minute)
	t.Logf("killed with %d orders open; fired after %v; confirmed after %v: %s", open, fired, time.Since(killed), last.Text)
	w.quiet()
	if n := w.open(); n != 0 || last.Sweep == nil || !last.Sweep.Confirmed || fired < 2*time.Second {
		t.Errorf("%d orders are left, fired after %v: %+v", n, fired, last.Sweep)
	}
	_ = bot.Wait()

	// It comes back halted and stays so; the watchdog is armed again.
	bot = w.bot()
	w.wait("ARMED", 2*time.Minute)
	client := monitor.NewClient(filepath.Join(w.dir, "main", controlSocket))
	var s monitor.Status
	if err := client.Get(t.Context(), "status", nil, &s); err != nil || s.State != exchange.Halted {
		t.Errorf("the bot is %v: %v", s.State, err)
	}
	var a monitor.Acted
	if err := client.Post(t.Context(), "resume", monitor.Resume{Who: theTest}, &a); !errors.Is(err, monitor.ErrNotClean) || !strings.Contains(err.Error(), "the watchdog saw no heartbeat for 3s") {
		t.Errorf("resumed with %v", err)
	}
	if n := w.open(); n != 0 {
		t.Errorf("%d orders are open again", n)
	}
	// What was on its way when the first was killed is known to be over, before the second is stopped.
	for began := time.Now(); time.Since(began) < time.Minute; pause(100 * time.Millisecond) {
		var o monitor.Orders
		if err := client.Get(t.Context(), "orders", nil, &o); err == nil && len(o.Orders) == 0 {
			break
		}
	}
	// A bot that stops in order is no reason to act.
	for _, p := range []*exec.Cmd{bot, dog} {
		if err := errors.Join(p.Process.Signal(syscall.SIGTERM), p.Wait()); err != nil {
			t.Errorf("%v ends with %v", p.Args[1], err)
		}
		if p == bot {
			w.wait("IDLE", 10*time.Second)
		}
	}
	w.wait("ENDED", 10*time.Second)
}

// TestWatchdogKey refuses a key that cannot do it.
func TestWatchdogKey(t *testing.T) {
	w := newWatched(t)
	w.sim.do(t, "/key", fmt.Sprintf(`{"id":%q,"reading":true,"portfolio_margin":false}`, watchdogKey))
	dog := w.start("watchdog", "-c", "dog.toml", "--json")
	err := dog.Wait()
	var e *exec.ExitError
	if !errors.As(err, &e) || e.ExitCode() != int(exitCheck) {
		t.Errorf("it ended with %v", err)
	}
}

func newWatched(t *testing.T) *watched {
	w := &watched{t: t, dir: t.TempDir(), said: make(chan said, 1000)}
	key := func(id, secret string) string {
		return fmt.Sprintf("[[key]]\nid = %q\nsecret = %q\nreading = true\nportfolio_margin = true\n", id, secret)
	}
	w.sim = startSim(t, `
[market]
coins = ["BTC"]
warmup = "10s"
[account.margin]
USDT = "200000"
BTC = "3"
[account.um]
USDT = "50000"
[account.cm]
BTC = "3"
[limits]
papi = 1000000
sapi = 1000000
sapi_user = 1000000
`+key(doctorKey, doctorSecret)+key(watchdogKey, watchdogSecret))
	hosts := fmt.Sprintf("[exchange]\npapi = %[1]q\nsapi = %[1]q\nfapi = %[1]q\n", w.sim.URL)
	program, err := exec.LookPath("churner")
	if err != nil {
		t.Fatal(err)
	}
	w.write("dog.toml", fmt.Sprintf("after = \"3s\"\nkeep_protective = false\nstate = %q\n%s", w.dir, hosts))
	w.write("bot.toml", fmt.Sprintf("state = %q\ninstruments = [\"UM:BTCUSDT\", \"CM:BTCUSD_PERP\", \"MARGIN:BTCUSDT\"]\n%s", w.dir, hosts)+
		fmt.Sprintf("dapi = %q\napi = %[1]q\nfstream = %q\ndstream = %q\nstream = %q\nuser = \"%[2]s/pm\"\n", w.sim.URL, w.sim.FStream, w.sim.DStream, w.sim.Stream)+`
[paper.margin]
USDT = "10000"
[risk]
ramp_for = "0s"
plugin_answer_max = "30s"
open_orders_notional_max_ratio = "40"
order_notional_max_ratio = "0.5"
position_max_ratio = "1"
open_orders_max = 100
messages_per_second_max = 20
duplicate_window = "1ms"
fresh_price = "30s"
fresh_mark = "30s"
fresh_index = "1m"
price_collar_limit = "0.05"
price_collar_market = "0.05"
borrow_max_usd = "1000000"
[[strategy]]
`+fmt.Sprintf("plugin = %q\nparams = { seed = 1 }\n", program))
	if w.truth, err = papi.New(papi.Config{Key: papi.NewSecret(doctorKey), Secret: papi.NewSecret(doctorSecret), PAPI: w.sim.URL, SAPI: w.sim.URL, FAPI: w.sim.URL}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.truth.CloseIdle)
	return w
}

func (w *watched) write(name, text string) {
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// start starts a command; what it prints as JSON lines is heard.
func (w *watched) start(args ...string) *exec.Cmd {
	w.t.Helper()
	cmd := exec.Command(pmbotProgram(w.t), args...)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), "PMBOT_KEY="+doctorKey, "PMBOT_SECRET="+doctorSecret, "PMBOT_WATCHDOG_KEY="+watchdogKey, "PMBOT_WATCHDOG_SECRET="+watchdogSecret)
	out, in := io.Pipe()
	cmd.Stdout, cmd.Stderr = in, os.Stderr
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var s said
			if json.Unmarshal(lines.Bytes(), &s) == nil && s.Schema == "pmbot.watchdog/1" {
				w.said <- s
			}
		}
	}()
	w.t.Cleanup(func() { _ = cmd.Process.Kill(); _ = in.Close() })
	return cmd
}

func (w *watched) bot() *exec.Cmd {
	return w.start("run", "-c", "bot.toml", "--live", "--account", "main", "--yes=main", "--quiet")
}

// wait waits for a state of the watchdog.
func (w *watched) wait(state string, most time.Duration) said {
	w.t.Helper()
	late := time.After(most)
	for {
		select {
		case s := <-w.said:
			w.t.Logf("%s %s %s", s.At.Format("15:04:05.000"), s.State, s.Text)
			if s.State == state {
				return s
			}
		case <-late:
			logs, _ := filepath.Glob(filepath.Join(w.dir, "main", "log", "*.jsonl"))
			for _, name := range logs {
				text, _ := os.ReadFile(name)
				w.t.Logf("%s ends with\n%s", name, text[max(0, len(text)-4000):])
			}
			w.t.Fatalf("the watchdog never said %s", state)
		}
	}
}

func (w *watched) quiet() { w.sim.clear(w.t) }

// open counts the orders at the exchange.
func (w *watched) open() int {
	w.t.Helper()
	ctx, n := w.t.Context(), 0
	um, err1 := w.truth.UMOpenOrders(ctx, "")
	algo, err2 := w.truth.UMOpenAlgoOrders(ctx, papi.UMOpenAlgoOrdersQuery{})
	cm, err3 := w.truth.CMOpenOrders(ctx, "", "")
	conditional, err4 := w.truth.CMOpenConditionalOrders(ctx, "")
	spot, err5 := w.truth.MarginOpenOrders(ctx, "BTCUSDT")
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		w.t.Fatal(err)
	}
	n = len(um) + len(algo) + len(cm) + len(conditional) + len(spot)
	return n
}
