package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/engine/monitor"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/papi"
)

// TestFlattenThreeLegs: of three legs that a live bot holds the exchange refuses one. The two
// others are flat in the end, the command says which leg stays, why and what to do, and once the
// exchange takes it the same command closes it.
func TestFlattenThreeLegs(t *testing.T) {
	t.Parallel()
	x := newFlattened(t)
	x.sim.do(t, "/faults", `{"kind":"answer","method":"POST","path":"/papi/v1/cm/order","count":-1,"status":400,"code":-4131,"msg":"no counterparty within the filter"}`)
	plan, _, code := x.flatten()
	if code != exitSafety || !strings.Contains(plan, "nobody is there to ask") {
		t.Errorf("asked for the plan it ends with %d: %s", code, plan)
	}
	t.Log(plan)
	// The short of BTC is covered by the wallet's coins, so it comes last, though the instruments'
	// order and its margin would have it first.
	eth, um, cm := strings.Index(plan, "buy 1 of UM ETHUSDT"), strings.Index(plan, "buy 0.1 of UM BTCUSDT"), strings.Index(plan, "sell 50 of CM BTCUSD_PERP")
	if eth < 0 || cm < 0 || um < eth || um < cm || strings.Count(plan, "USD of margin for") != 3 || strings.Count(plan, "opens a hedge") != 1 {
		t.Errorf("the plan: %s", plan)
	}

	began := time.Now()
	said, held, code := x.flatten("--yes")
	t.Logf("ended after %v with %d:\n%s", time.Since(began).Round(time.Millisecond), code, said)
	if code != exitSafety || held != "CM BTCUSD_PERP 50" {
		t.Errorf("it ends with %d and holds %s", code, held)
	}
	for _, want := range []string{
		"STAYS CM:BTCUSD_PERP: sell 50 of CM BTCUSD_PERP at the market, for the house\n  why: rejected by the exchange: no counterparty within the filter (code -4131)\n  to do: wait until",
		"0 orders left open, 1 position\n",
		"pmbot flatten --symbol CM:BTCUSD_PERP closes it",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q", want)
		}
	}

	x.sim.clear(t)
	said, held, code = x.flatten("--yes", "--symbol", "CM:BTCUSD_PERP")
	if code != exitOK || held != "" || !strings.Contains(said, "0 orders left open, 0 positions") {
		t.Errorf("asked again it ends with %d, holds %q and says %s", code, held, said)
	}
}

// flattened is a live bot whose account holds three legs when it starts.
type flattened struct {
	t   *testing.T
	sim simulated
	dir string
}

func newFlattened(t *testing.T) *flattened {
	x := &flattened{t: t, dir: t.TempDir()}
	x.sim = startSim(t, fmt.Sprintf(`
[market]
coins = ["BTC", "ETH"]
warmup = "10s"
[account.margin]
USDT = "200000"
[account.um]
USDT = "50000"
[account.cm]
BTC = "3"
[[position]]
symbol = "UM:BTCUSDT"
qty = "-0.1"
entry = "60000"
[[position]]
symbol = "UM:ETHUSDT"
qty = "-1"
entry = "3000"
[[position]]
symbol = "CM:BTCUSD_PERP"
qty = "50"
entry = "60000"
[[key]]
id = %q
secret = %q
reading = true
portfolio_margin = true
`, doctorKey, doctorSecret))
	program, err := exec.LookPath("crasher")
	if err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf(`state = %[1]q
instruments = ["UM:BTCUSDT", "UM:ETHUSDT", "CM:BTCUSD_PERP"]
[exchange]
papi = %[2]q
sapi = %[2]q
fapi = %[2]q
dapi = %[2]q
api = %[2]q
fstream = %[3]q
dstream = %[4]q
stream = %[5]q
user = "%[3]s/pm"
[paper.margin]
USDT = "10000"
[risk]
ramp_for = "0s"
plugin_answer_max = "30s"
open_orders_notional_max_ratio = "40"
fresh_price = "30s"
fresh_mark = "30s"
fresh_index = "1m"
price_collar_market = "0.05"
[stop]
policy = "keep"
[[strategy]]
label = "idle"
plugin = %[6]q
params = { size = "0.1" }
`, x.dir, x.sim.URL, x.sim.FStream, x.sim.DStream, x.sim.Stream, program)
	if err := os.WriteFile(filepath.Join(x.dir, "bot.toml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	bot := x.command("run", "-c", "bot.toml", "--live", "--account", "main", "--yes=main", "--quiet")
	bot.Stderr = &log
	if err := bot.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bot.Process.Kill(); _ = bot.Wait() })
	client := monitor.NewClient(filepath.Join(x.dir, "main", controlSocket))
	var s monitor.Status
	for began := time.Now(); s.State != exchange.Active; pause(50 * time.Millisecond) {
		if err := client.Get(t.Context(), "status", nil, &s); time.Since(began) > 2*time.Minute {
			_ = bot.Process.Kill()
			_ = bot.Wait()
			t.Fatalf("the bot does not trade: %v, %+v\n%s", err, s, log.String())
		}
	}
	var plan monitor.Flattened
	for began := time.Now(); len(plan.Steps) == 0 || plan.Unranked != ""; pause(50 * time.Millisecond) { // the first marks
		plan = monitor.Flattened{}
		if err := client.Post(t.Context(), "flatten", monitor.Flatten{Who: theTest}, &plan); err != nil || time.Since(began) > time.Minute {
			t.Fatalf("%v, %+v", err, plan)
		}
	}
	return x
}

func (x *flattened) command(args ...string) *exec.Cmd {
	cmd := exec.Command(pmbotProgram(x.t), args...)
	cmd.Dir = x.dir
	cmd.Env = append(os.Environ(), "PMBOT_KEY="+doctorKey, "PMBOT_SECRET="+doctorSecret)
	return cmd
}

// flatten runs the command, and returns what it says on both outputs, what is held then, and
// how it ended.
func (x *flattened) flatten(args ...string) (said, held string, code exitCode) {
	x.t.Helper()
	out, err := x.command(append([]string{"flatten", "--account", "main", "--state", x.dir, "--timeout", "1m"}, args...)...).CombinedOutput()
	var e *exec.ExitError
	switch {
	case errors.As(err, &e):
		code = exitCode(e.ExitCode())
	case err != nil:
		x.t.Fatal(err)
	}
	return string(out), x.held(), code
}

// held are the positions as the exchange tells them.
func (x *flattened) held() string {
	x.t.Helper()
	c, err := papi.New(papi.Config{Key: papi.NewSecret(doctorKey), Secret: papi.NewSecret(doctorSecret), PAPI: x.sim.URL, SAPI: x.sim.URL, FAPI: x.sim.URL})
	if err != nil {
		x.t.Fatal(err)
	}
	defer c.CloseIdle()
	um, err1 := c.UMPositions(x.t.Context(), "")
	cm, err2 := c.CMPositions(x.t.Context(), "", "")
	if err := errors.Join(err1, err2); err != nil {
		x.t.Fatal(err)
	}
	var list []string
	for _, p := range um {
		if !p.PositionAmt.IsZero() {
			list = append(list, fmt.Sprintf("UM %s %v", p.Symbol, p.PositionAmt))
		}
	}
	for _, p := range cm {
		if !p.PositionAmt.IsZero() {
			list = append(list, fmt.Sprintf("CM %s %v", p.Symbol, p.PositionAmt))
		}
	}
	return strings.Join(list, ", ")
}
