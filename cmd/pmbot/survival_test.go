package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/papisim"
	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/engine/monitor"
	"github.com/pmbot/pmbot/exchange"
)

// survival is how long and how hard TestSurvival tries. The whole of it is
//
//	PMBOT_SURVIVE=500 go test ./cmd/pmbot -run TestSurvival -v -timeout 60m
//
// PMBOT_SURVIVE_SEED chooses another course, and PMBOT_SURVIVE_DIR a new directory that keeps
// journal and log. The normal suite kills a few times only.
type survival struct {
	t     *testing.T
	kills int
	rng   *rand.Rand
	dir   string
	sim   *simServer
	// writes are requests about orders that the exchange serves at this moment.
	writes atomic.Int64
	client *monitor.Client
	listed int                 // instruments at the exchange
	kinds  []papisim.FaultKind // in a course without end
	hits   map[papisim.FaultKind]int

	openAndHeld, inFlight, halted, refused, starts int
	causes                                         []string
}

// TestSurvival trades on a simulated exchange with a real bot that is killed at random moments
// while everything goes wrong that can. After each restart bot and exchange agree, or the bot
// is halted and says why; at the end journal and exchange are held against each other.
func TestSurvival(t *testing.T) {
	t.Parallel()
	s := newSurvival(t)
	began := time.Now()
	bot := s.start()
	for n := range s.kills {
		s.live(n)
		if n%restEvery == restEvery-1 {
			s.quiet()
			s.settled()
		}
		s.kill(bot)
		bot = s.start()
	}
	s.quiet()
	s.agree()
	s.resolve()
	if err := bot.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := <-bot.over; err != nil {
		t.Errorf("the bot ends with %v\n%s", err, bot.errors.String())
	}
	s.report(time.Since(began))
	s.audit()
}

func newSurvival(t *testing.T) *survival {
	s := &survival{t: t, kills: 3, dir: os.Getenv("PMBOT_SURVIVE_DIR"), hits: map[papisim.FaultKind]int{}}
	seed := uint64(1)
	for name, set := range map[string]func(int){"PMBOT_SURVIVE": func(n int) { s.kills = n }, "PMBOT_SURVIVE_SEED": func(n int) { seed = uint64(n) }} {
		if text := os.Getenv(name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 {
				t.Fatalf("%s=%s is not a number above 0", name, text)
			}
			set(n)
		}
	}
	if s.dir == "" {
		s.dir = t.TempDir()
	}
	t.Logf("%d kills, seed %d, in %s", s.kills, seed, s.dir)
	s.rng = rand.New(rand.NewPCG(seed, seed))
	for _, k := range faultCourse() {
		s.kinds = append(s.kinds, k.Kind)
	}
	s.rng.Shuffle(len(s.kinds), func(i, j int) { s.kinds[i], s.kinds[j] = s.kinds[j], s.kinds[i] })
	s.open(seed)
	churner, err := exec.LookPath("churner")
	if err != nil {
		t.Fatal(err)
	}
	s.configure("", fmt.Sprintf("[[strategy]]\nlabel = \"a\"\nplugin = %[1]q\nparams = { seed = 1 }\n[[strategy]]\nlabel = \"b\"\nplugin = %[1]q\nparams = { seed = 2 }\n", churner))
	s.client = monitor.NewClient(filepath.Join(s.dir, "main", controlSocket))
	return s
}

// open opens the exchange. Its limits are high and its headers do not tell what was used: a
// bot that starts every two seconds would wait for its weight most of the time. What limits
// do is another test's business; 429 and 418 are among the faults.
func (s *survival) open(seed uint64) {
	cfg, err := loadSim(&simText{"survival", `
seed = ` + fmt.Sprint(seed) + `
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
papi = 100000000
futures = 100000000
spot = 100000000
sapi = 100000000
sapi_user = 100000000
orders = 1000000
strikes = 1000000
burst = 1000000
connections = 1000000
`}, nil, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	cfg.Keys = []simKey{fullKey(simKeyID, simSecret)}
	market, err := openSimMarket(cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := cfg.fitMarket(market.ins, false); err != nil {
		s.t.Fatal(err)
	}
	s.listed = market.ins.Len()
	ctx, stop := context.WithCancel(context.Background())
	sim, err := newSim(ctx, cfg, market, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	s.sim = &simServer{sim: sim, errors: log.New(io.Discard, "", 0)}
	if err := s.sim.listen(&simFlags{listen: "127.0.0.1:0"}); err != nil {
		s.t.Fatal(err)
	}
	for _, p := range s.sim.ports {
		if p.name == "all" {
			p.handler = s.watched(p.handler)
		}
	}
	ended := make(chan error, 1)
	go func() { ended <- s.sim.run(ctx) }()
	s.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			s.t.Error(err)
		}
		market.close()
	})
}

// watched counts the requests about orders that are being served, and keeps to itself how much
// weight was used.
func (s *survival) watched(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && strings.Contains(strings.ToLower(r.URL.Path), "order") {
			s.writes.Add(1)
			defer s.writes.Add(-1)
		}
		h.ServeHTTP(&tightLipped{ResponseWriter: w}, r)
	})
}

// tightLipped leaves out the headers that tell the used weight.
type tightLipped struct {
	http.ResponseWriter
	told bool
}

func (w *tightLipped) WriteHeader(code int) {
	if !w.told {
		w.told = true
		for name := range w.Header() {
			if strings.HasPrefix(strings.ToUpper(name), "X-MBX-") {
				delete(w.Header(), name)
			}
		}
	}
	w.ResponseWriter.WriteHeader(code)
}

func (w *tightLipped) Write(b []byte) (int, error) {
	if !w.told {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets faults break connections.
func (w *tightLipped) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// configure writes the bot's configuration, with more limits than it has by itself.
func (s *survival) configure(limits, strategies string) {
	rest := s.sim.address("all", "http")
	text := fmt.Sprintf(`
state = %q
instruments = ["UM:BTCUSDT", "CM:BTCUSD_PERP", "MARGIN:BTCUSDT"]
[exchange]
fapi = %[2]q
dapi = %[2]q
api = %[2]q
papi = %[2]q
sapi = %[2]q
fstream = %[3]q
dstream = %[4]q
stream = %[5]q
user = "%[3]s/pm"
[paper.margin]
USDT = "10000"
[risk]
%[6]sramp_for = "0s"
plugin_answer_max = "30s"
open_orders_notional_max_ratio = "40"
order_notional_max_ratio = "0.5"
position_max_ratio = "1"
open_orders_max = 100
messages_per_second_max = 20
executions_per_minute_max = 10000
account_messages_per_minute_max = 1200
order_to_trade_max = 100000
duplicate_window = "1ms"
fresh_price = "30s"
fresh_mark = "30s"
fresh_index = "1m"
price_collar_limit = "0.05"
price_collar_market = "0.05"
borrow_max_usd = "1000000"
[journal]
sync = "1s"
[reconcile]
interval = "15s"
[stop]
within = "20s"
`, s.dir, rest, s.sim.address("fstream", "ws"), s.sim.address("dstream", "ws"), s.sim.address("stream", "ws"), limits)
	if err := os.WriteFile(filepath.Join(s.dir, "bot.toml"), []byte(text+strategies), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// runningBot is a bot that runs as a process.
type runningBot struct {
	cmd    *exec.Cmd
	errors bytes.Buffer
	over   chan error
}

// patience is how long a bot may take to trade, or to say why it does not: doubts about orders
// take ten seconds, and faults may go on while it starts.
const patience = 60 * time.Second

// start starts the bot until it trades, as whoever keeps a service running does: a start may
// be refused while the exchange is not to be had. One that is halted is a person's business,
// who looks at the difference and takes the exchange's account.
func (s *survival) start() *runningBot {
	for try := 0; ; try++ {
		if try > 0 || s.rng.IntN(4) > 0 {
			s.quiet() // the others start while everything goes wrong
		}
		b := s.launch()
		if s.waitUntilActive(b) {
			s.agree()
			return b
		}
		s.refused++
		if try == 30 {
			s.t.Fatalf("the bot does not start:\n%s", b.errors.String())
		}
		pause(time.Second / 2) // bans outlast the fault
	}
}

// launch starts the bot.
func (s *survival) launch() *runningBot {
	b := &runningBot{over: make(chan error, 1), cmd: exec.Command(pmbotProgram(s.t), "run", "-c", filepath.Join(s.dir, "bot.toml"), "--live", "--account", "main", "--yes=main", "--quiet")}
	b.cmd.Env = append(os.Environ(), "PMBOT_KEY="+simKeyID, "PMBOT_SECRET="+simSecret)
	b.cmd.Stderr = &b.errors
	if err := b.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { b.cmd.Process.Kill() })
	s.starts++
	go func() { b.over <- b.cmd.Wait() }()
	return b
}

// waitUntilActive says whether the bot trades; if not, it has ended.
func (s *survival) waitUntilActive(b *runningBot) bool {
	s.t.Helper()
	var last monitor.Status
	for began := time.Now(); time.Since(began) < patience; pause(20 * time.Millisecond) {
		select {
		case <-b.over:
			return false
		default:
		}
		var now monitor.Status
		if s.get("status", &now) != nil {
			continue
		}
		last = now
		switch {
		case now.State == exchange.Active && now.About.Pid == b.cmd.Process.Pid:
			return true
		case len(now.Differences) > 0 && slices.ContainsFunc(now.Holds, func(h monitor.Hold) bool { return h.Cause == exchange.CauseTruth && h.State == exchange.Halted }):
			s.halted++
			s.causes = append(s.causes, fmt.Sprintf("kill %d: %s", s.starts-1, strings.Join(now.Differences, "; ")))
			s.act("resume", monitor.Resume{Who: theTest, Accept: true})
		}
	}
	s.t.Fatalf("the bot neither trades nor says why: %+v\n%s", last, b.errors.String())
	return false
}

var theTest = monitor.Who{By: "survival", Reason: "a person has looked"}

func (s *survival) get(name string, answer any) error {
	ctx, cancel := context.WithTimeout(s.t.Context(), 5*time.Second)
	defer cancel()
	return s.client.Get(ctx, name, nil, answer)
}

func (s *survival) act(name string, what any) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer cancel()
	var a monitor.Acted
	if err := s.client.Post(ctx, name, what, &a); err != nil {
		s.t.Errorf("%s: %v", name, err)
	}
}

// faultCourse is a fault of every kind, for a short time.
func faultCourse() []papisim.Fault {
	some, short := exchange.MustFixed("0.2"), papisim.Duration(1500*time.Millisecond)
	list := []papisim.Fault{
		{Kind: papisim.FaultAnswer, Path: "/papi/v1/*", Status: 400, Code: -1102, Msg: "Mandatory parameter was not sent."},
		{Kind: papisim.FaultMarketRefused},
		{Kind: papisim.FaultRouteClosed, Route: "market"},
	}
	for _, k := range []papisim.FaultKind{
		papisim.FaultLostRequest, papisim.FaultLateRequest, papisim.FaultLostReply, papisim.FaultLateReply, papisim.FaultReset, papisim.FaultEmpty,
		papisim.FaultTruncated, papisim.FaultUnknown503, papisim.FaultDown503, papisim.FaultInternal503, papisim.FaultThrottled503, papisim.FaultUnknown,
		papisim.FaultUnexpected, papisim.FaultTimeout, papisim.FaultTimestamp, papisim.FaultEngineLate, papisim.FaultTooMany, papisim.FaultBan,
		papisim.FaultFirewall, papisim.FaultCancel,
	} {
		list = append(list, papisim.Fault{Kind: k, Path: "/papi/v1/*", Delay: short, Probability: some, Count: 3})
	}
	for _, k := range []papisim.FaultKind{
		papisim.FaultEventLost, papisim.FaultEventLate, papisim.FaultEventReordered, papisim.FaultEventRepeated, papisim.FaultEventUnknown,
		papisim.FaultKeyDead, papisim.FaultSilent, papisim.FaultClosed,
	} {
		list = append(list, papisim.Fault{Kind: k, Delay: short, Probability: some, Count: 2})
	}
	for _, k := range []papisim.FaultKind{
		papisim.FaultFrameLost, papisim.FaultFrameLate, papisim.FaultFrameReordered, papisim.FaultFrameRepeated, papisim.FaultFrameGarbage, papisim.FaultFrameCut,
		papisim.FaultStreamDropped, papisim.FaultStreamDead, papisim.FaultMarketSilent, papisim.FaultMarketClosed, papisim.FaultCommandLost,
	} {
		list = append(list, papisim.Fault{Kind: k, Delay: short, Probability: some, Count: 2})
	}
	return list
}

// faultsAtOnce is how many kinds go wrong in one life of the bot.
const faultsAtOnce = 6

// live lets the bot trade for a while in which things go wrong.
func (s *survival) live(n int) {
	course := faultCourse()
	for i := range faultsAtOnce {
		kind := s.kinds[(n*faultsAtOnce+i)%len(s.kinds)]
		at := slices.IndexFunc(course, func(f papisim.Fault) bool { return f.Kind == kind })
		f := course[at]
		f.NotExecuted = s.rng.IntN(2) == 0 && slices.Contains([]papisim.FaultKind{
			papisim.FaultReset, papisim.FaultEmpty, papisim.FaultUnknown503, papisim.FaultUnknown, papisim.FaultUnexpected, papisim.FaultTimeout,
		}, kind)
		if _, err := s.sim.sim.Inject(f); err != nil {
			s.t.Fatalf("%+v: %v", f, err)
		}
	}
	pause(100*time.Millisecond + time.Duration(s.rng.Int64N(int64(1500*time.Millisecond))))
}

// quiet ends all faults, and counts whom they have hit.
func (s *survival) quiet() {
	for _, f := range s.sim.sim.Faults() {
		s.hits[f.Kind] += f.Hit
	}
	s.sim.sim.ClearFaults(0)
}

// restEvery is after how many lives one is long enough to end all doubts. An order that has
// not arrived is proved to be so in some ten seconds, and the proof begins anew with each start.
const restEvery = 12

// resolve stops the bot and waits until no order is in doubt.
func (s *survival) resolve() {
	s.t.Helper()
	s.act("halt", monitor.Halt{Who: theTest})
	s.settled()
}

// settled waits until no order is in doubt.
func (s *survival) settled() {
	s.t.Helper()
	var now monitor.Status
	for began := time.Now(); time.Since(began) < patience; pause(100 * time.Millisecond) {
		if s.get("status", &now) == nil && now.Unknown == 0 {
			return
		}
	}
	s.t.Errorf("%d orders are still in doubt after %v", now.Unknown, patience)
}

// kill kills the bot: at a random moment, or every other time at one at which a request about
// an order is under way, if one comes within a second.
func (s *survival) kill(b *runningBot) {
	if s.rng.IntN(2) == 0 {
		for until := time.Now().Add(time.Second); s.writes.Load() == 0 && time.Now().Before(until); {
			pause(50 * time.Microsecond)
		}
	}
	if err := b.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		s.t.Fatal(err)
	}
	under := s.writes.Load() > 0
	open, held := 0, false
	if err := s.sim.sim.Change(func(v *venue.Venue, _ exchange.Time) error {
		open = len(v.OpenOrders())
		for inst := exchange.InstrumentID(1); int(inst) <= s.listed; inst++ {
			held = held || !v.Position(inst, exchange.Both).Qty.IsZero()
		}
		return nil
	}); err != nil {
		s.t.Fatal(err)
	}
	<-b.over
	if under {
		s.inFlight++
	}
	if open > 0 && held {
		s.openAndHeld++
	}
}

func (s *survival) report(took time.Duration) {
	s.t.Logf("%d kills in %v; %d starts, of which %d ended before they traded", s.kills, took.Round(time.Second), s.starts, s.refused)
	s.t.Logf("at the kill an order was open and a position held: %d; a request about an order was under way: %d", s.openAndHeld, s.inFlight)
	s.t.Logf("halted with a difference: %d", s.halted)
	for _, c := range s.causes {
		s.t.Log(" ", c)
	}
	var counts []string
	for _, k := range slices.Sorted(slices.Values(s.kinds)) {
		counts = append(counts, fmt.Sprintf("%s %d", k, s.hits[k]))
	}
	s.t.Logf("faults that hit: %s", strings.Join(counts, ", "))
	if s.halted*20 > s.kills {
		s.t.Errorf("halted in %d of %d restarts, more than one in twenty", s.halted, s.kills)
	}
	if s.kills < 100 {
		return
	}
	if s.openAndHeld*2 < s.kills || s.inFlight*5 < s.kills {
		s.t.Error("too few kills had an open order and a position, or a request under way")
	}
	for _, k := range s.kinds {
		if s.hits[k] == 0 {
			s.t.Errorf("no fault of kind %s has hit anything", k)
		}
	}
}
