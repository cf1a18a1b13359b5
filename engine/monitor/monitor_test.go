package monitor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

var rewrite = flag.Bool("rewrite", false, "write the answers into testdata; read the diff")

// lived is a bot that has had an hour of everything.
func lived(t *testing.T) *bot {
	b := newBot(t)
	b.buy(1, 1, "0.5", "59000")
	b.buy(2, 1, "0.1", "58000")
	b.buy(1, 2, "9", "59000") // more than it may
	b.fill(1, "0.5", "59000")
	b.put(0, func(e *exchange.Event) {
		e.SetLedger(&exchange.LedgerEntry{Asset: "USDT", Wallet: exchange.WalletUM, Reason: exchange.ReasonFunding, Delta: fixed("-2.5").Decimal(), Balance: fixed("-3").Decimal()})
	})
	b.put(0, func(e *exchange.Event) {
		e.SetAccount(&exchange.Account{Equity: fixed("99000").Decimal(), UniMMR: fixed("300").Decimal(), Status: exchange.StatusNormal})
	})
	b.put(0, func(e *exchange.Event) { e.SetStrategy(&exchange.StrategyChange{Strategy: 1, Running: true}) })
	b.put(0, func(e *exchange.Event) {
		e.SetStrategy(&exchange.StrategyChange{Strategy: 2, Reason: "its process ended"})
	})
	return b
}

// TestAnswers holds every answer of a bot that has lived against a file.
func TestAnswers(t *testing.T) {
	b := lived(t)
	for _, name := range []string{"status", "orders", "fills", "positions", "margin", "funding", "limits"} {
		t.Run(name, func(t *testing.T) {
			var answer json.RawMessage
			if err := b.client.Get(t.Context(), name, nil, &answer); err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			if err := json.Indent(&got, answer, "", "  "); err != nil {
				t.Fatal(err)
			}
			got.WriteByte('\n')
			file := filepath.Join("testdata", name+".json")
			if *rewrite {
				if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil || got.String() != string(want) {
				t.Errorf("%v: got\n%s", err, got.String())
			}
		})
	}
}

func (b *bot) post(name string, act any) (*Acted, error) {
	var a Acted
	err := b.client.Post(b.t.Context(), name, act, &a)
	return &a, err
}

var who = Who{By: "ann", Reason: "a test"}

// TestHalt stops account, symbol and strategy, each freed alone, and says who and why.
func TestHalt(t *testing.T) {
	b := newBot(t)
	for _, c := range []struct {
		scope Scope
		name  string
	}{{Scope{}, "account"}, {Scope{Symbol: "UM:BTCUSDT"}, "UM:BTCUSDT"}, {Scope{Strategy: "mm"}, "mm"}} {
		a, err := b.post("halt", Halt{Scope: c.scope, Who: who})
		if err != nil || len(a.Holds) != 1 || a.Holds[0] != (Hold{c.name, exchange.CauseOperator, exchange.Halted, "a test", "ann", b.now}) {
			t.Errorf("%s: %v, %+v", c.name, err, a)
		}
		b.buy(2, uint64(len(c.name)), "0.1", "58000")
		if a, err = b.post("resume", Resume{Scope: c.scope, Who: who}); err != nil || len(a.Holds) != 0 || a.State != exchange.Active || a.Open != 0 {
			t.Errorf("%s: %v, %+v", c.name, err, a)
		}
	}
	a, err := b.post("halt", Halt{Who: who, ReduceOnly: true})
	if err != nil || a.State != exchange.ReduceOnly {
		t.Errorf("%v, %+v", err, a)
	}
}

// TestCancel ends single orders and scopes of them, and nothing else.
func TestCancel(t *testing.T) {
	for _, c := range []struct {
		what Cancel
		want string
	}{
		{Cancel{Orders: []string{"t-1-1"}}, "t-1-1"},
		{Cancel{Orders: []string{"3", "t-1-1"}}, "t-2-3 t-1-1"},
		{Cancel{Scope: Scope{Strategy: "hedge"}}, "t-1-1 t-1-2"},
		{Cancel{Scope: Scope{Symbol: "UM:BTCUSDT", Strategy: "mm"}}, "t-2-3"},
		{Cancel{Scope: Scope{Symbol: "MARGIN:BTCUSDT"}}, ""},
		{Cancel{All: true}, "t-1-1 t-1-2 t-2-3"},
	} {
		b := newBot(t)
		b.buy(1, 1, "0.1", "58000")
		b.buy(1, 2, "0.1", "58100")
		b.buy(2, 1, "0.1", "58200")
		c.what.Who, c.what.Wait = who, 5000
		a, err := b.post("cancel", c.what)
		if err != nil {
			t.Errorf("%+v: %v", c.what, err)
			continue
		}
		if got := strings.Join(a.Canceled, " "); got != c.want || strings.Join(b.asked, " ") != c.want || a.Open != 3-len(a.Canceled) {
			t.Errorf("%+v: canceled %q, asked for %q, %d are left", c.what, got, b.asked, a.Open)
		}
	}
}

// TestCancelWaits for the exchange, and says what is left.
func TestCancelWaits(t *testing.T) {
	b := newBot(t)
	b.obeys = false
	b.buy(1, 1, "0.1", "58000")
	_, err := b.post("cancel", Cancel{All: true, Who: who, Wait: 30})
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "1 of 1 orders are still open after 30ms") {
		t.Error(err)
	}
}

// TestMistakes are answered with what is wrong, and change nothing.
func TestMistakes(t *testing.T) {
	b := lived(t)
	for _, c := range []struct {
		name string
		act  any
		want string
		kind error
	}{
		{"halt", Halt{}, "who acts, and why", nil},
		{"halt", Halt{Who: Who{By: "ann", Reason: " "}}, "who acts, and why", nil},
		{"halt", Halt{Who: who, Scope: Scope{Symbol: "UM:ETHUSDT"}}, `symbol "UM:ETHUSDT": not known`, ErrNotThere},
		{"halt", Halt{Who: who, Scope: Scope{Symbol: "BTCUSDT"}}, "write it like UM:BTCUSDT", ErrNotThere},
		{"halt", Halt{Who: who, Scope: Scope{Strategy: "grid"}}, "there are: hedge, mm", ErrNotThere},
		{"halt", Halt{Who: who, Scope: Scope{Strategy: "mm", Symbol: "UM:BTCUSDT"}}, "not both", nil},
		{"halt", map[string]any{"by": "ann", "reason": "x", "symbl": "UM:BTCUSDT"}, `unknown field "symbl"`, nil},
		{"halt", "everything", "halt: json", nil},
		{"cancel", Cancel{Who: who}, "or say all", nil},
		{"cancel", Cancel{Who: who, All: true, Orders: []string{"1"}}, "not both", nil},
		{"cancel", Cancel{Who: who, Orders: []string{"t-1-1"}}, `order "t-1-1": not known among the open orders`, ErrNotThere},
		{"cancel", Cancel{Who: who, All: true, Wait: -1}, "negative", nil},
		{"reload", Reload{Who: who}, "no configuration", nil},
	} {
		_, err := b.post(c.name, c.act)
		if err == nil || !strings.Contains(err.Error(), c.want) || c.kind != nil && !errors.Is(err, c.kind) {
			t.Errorf("%s %+v: %v", c.name, c.act, err)
		}
	}
	var s Status
	if err := b.client.Get(t.Context(), "status", nil, &s); err != nil || s.State != exchange.Active || s.Orders != 1 {
		t.Errorf("%v, %+v", err, s)
	}
	for query, want := range map[string]string{"0": "1 to 1000", "x": "1 to 1000", "1001": "1 to 1000"} {
		if err := b.client.Get(t.Context(), "fills", url.Values{"newest": {query}}, &s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("newest %s: %v", query, err)
		}
	}
}

// TestFlatten shows a plan, does what it showed and nothing else, and waits until all is closed.
func TestFlatten(t *testing.T) {
	b := lived(t)
	flat := func(f Flatten) (a Flattened, err error) {
		f.Who = who
		return a, b.client.Post(t.Context(), "flatten", f, &a)
	}
	plan, err := flat(Flatten{})
	want := "cancel 1 open orders; sell 0.5 of UM BTCUSDT at the market, for hedge"
	if got := strings.Join(plan.Steps, "; "); err != nil || got != want || plan.Done || len(plan.Kept) == 0 {
		t.Fatalf("%v, %q, %+v", err, got, plan)
	}
	if _, err = flat(Flatten{Plan: "other"}); err == nil || !strings.Contains(err.Error(), "changed since") {
		t.Error(err)
	}
	closed := make(chan error)
	go func() {
		a, err := flat(Flatten{Plan: plan.Plan, Wait: 10_000})
		if err == nil && (!a.Done || a.Open+a.Positions != 0) {
			err = errors.New("it says that something is left")
		}
		closed <- err
	}()
	o := <-b.sent
	if r := o.Request; r.Side != exchange.Sell || r.Qty != fixed("0.5") || !r.ReduceOnly || o.Strategy != 1 {
		t.Errorf("it sends %+v", r)
	}
	b.executed(o, exchange.Sell, "0.5", "60000")
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if plan, err = flat(Flatten{}); err != nil || len(plan.Steps) != 0 {
		t.Errorf("%v, flat and asked again: %q", err, plan.Steps)
	}
}

// TestFlattenAgain asks anew for what was refused at first, and says why if time runs out before.
func TestFlattenAgain(t *testing.T) {
	b := lived(t)
	b.now = b.now.Add(time.Minute) // prices are old
	f := Flatten{Who: who}
	var plan Flattened
	if err := b.client.Post(t.Context(), "flatten", f, &plan); err != nil {
		t.Fatal(err)
	}
	f.Plan, f.Wait = plan.Plan, 100
	err := b.client.Post(t.Context(), "flatten", f, &plan)
	if err != nil || !strings.Contains(plan.Late, "1 positions and 0 orders are left after 100ms") || len(plan.Stays) != 1 ||
		plan.Stays[0].Leg != "UM:BTCUSDT" || !strings.HasPrefix(plan.Stays[0].Why, "refused by freshness") {
		t.Fatal(err, plan)
	}
	f.Plan, plan = "", Flattened{}
	if err := b.client.Post(t.Context(), "flatten", f, &plan); err != nil {
		t.Fatal(err)
	}
	_, before := b.config.Recent.failed(0)
	closed := make(chan error, 1)
	f.Plan, f.Wait = plan.Plan, 10_000
	go func() { closed <- b.client.Post(t.Context(), "flatten", f, &plan) }()
	for n := before; n == before && len(closed) == 0; _, n = b.config.Recent.failed(0) {
		runtime.Gosched()
	}
	b.prices()
	select {
	case o := <-b.sent:
		b.executed(o, exchange.Sell, "0.5", "60000")
		err = <-closed
	case err = <-closed:
	}
	if err != nil || plan.Open+plan.Positions != 0 || len(plan.Stays) != 0 || plan.Late != "" {
		t.Errorf("%v, %+v", err, plan)
	}
}

// TestFlattenGivesUp tries what the exchange refuses for good three times, and says so before
// the time is over.
func TestFlattenGivesUp(t *testing.T) {
	b := lived(t)
	f := Flatten{Who: who}
	var plan Flattened
	if err := b.client.Post(t.Context(), "flatten", f, &plan); err != nil {
		t.Fatal(err)
	}
	f.Plan, f.Wait = plan.Plan, 60_000
	ended := make(chan error, 1)
	go func() { ended <- b.client.Post(t.Context(), "flatten", f, &plan) }()
	for range flattenTries {
		o := <-b.sent
		b.put(1, func(e *exchange.Event) {
			e.SetOrderUpdate(&exchange.OrderUpdate{ClientID: o.ClientID, Status: exchange.StatusRejected, Reason: "not now", Code: -2022})
		})
	}
	if err := <-ended; err != nil || plan.Late != "" || len(plan.Stays) != 1 || plan.Positions != 1 {
		t.Fatal(err, plan)
	}
	if s := plan.Stays[0]; s.Why != "rejected by the exchange: not now (code -2022)" || s.Tries != flattenTries || !strings.Contains(s.Cure, "pmbot flatten --symbol UM:BTCUSDT") {
		t.Errorf("%+v", s)
	}
}

// TestManyFills keeps the newest, in their order, and counts all.
func TestManyFills(t *testing.T) {
	b := newBot(t)
	for n := range int64(keptMax + 5) {
		b.put(1, func(e *exchange.Event) {
			e.SetFill(&exchange.Fill{Side: exchange.Buy, Qty: 1, Price: fixed("60000"), TradeID: n, VenueID: n})
		})
	}
	var f Fills
	if err := b.client.Get(t.Context(), "fills", url.Values{"newest": {"3"}}, &f); err != nil {
		t.Fatal(err)
	}
	if f.Total != keptMax+5 || len(f.Fills) != 3 || f.Fills[0].TradeID != keptMax+2 || f.Fills[2].TradeID != keptMax+4 {
		t.Errorf("%d in all, %+v", f.Total, f.Fills)
	}
}

// TestSocket: nobody else may reach it, one left behind is replaced, and a bot that does not
// run is told to be so.
func TestSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "control.sock")
	for range 2 { // the first stays behind as after a kill
		l, err := Listen(path)
		if err != nil {
			t.Fatal(err)
		}
		l.(interface{ SetUnlinkOnClose(bool) }).SetUnlinkOnClose(false)
		l.Close()
	}
	at, err := os.Stat(path)
	if err != nil || at.Mode().Perm() != 0o600 {
		t.Error(err, at.Mode())
	}
	if dir, err := os.Stat(filepath.Dir(path)); err != nil || dir.Mode().Perm() != 0o700 {
		t.Error(err, dir.Mode())
	}
	for _, nobody := range []string{path, path + "x"} {
		if err := NewClient(nobody).Get(t.Context(), "status", nil, nil); !errors.Is(err, ErrNotRunning) {
			t.Error(err)
		}
	}
	if _, err := Listen("/tmp/" + strings.Repeat("x", pathMax)); err == nil || !strings.Contains(err.Error(), "shorter state directory") {
		t.Error(err)
	}
}

// TestLogs tells the last lines, and follows.
func TestLogs(t *testing.T) {
	b := newBot(t)
	file := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(file, []byte("1\n2\n3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.config.Log = file
	b.serve()
	for newest, want := range map[int]string{0: "", 2: "2\n3\n", 9: "1\n2\n3\n"} {
		var got bytes.Buffer
		if err := b.client.Logs(t.Context(), &got, newest, false); err != nil || got.String() != want {
			t.Errorf("%d lines: %v, %q", newest, err, got.String())
		}
	}
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	seen := &watched{want: "4\n", seen: stop}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	seen.first = func() { _, _ = f.WriteString("4\n") }
	if err := b.client.Logs(ctx, seen, 1, true); err != nil || seen.got != "3\n4\n" {
		t.Errorf("%v, %q", err, seen.got)
	}
}

// watched is a writer that says when it has something.
type watched struct {
	want, got   string
	first, seen func()
}

func (w *watched) Write(p []byte) (int, error) {
	if w.got == "" {
		w.first()
	}
	w.got += string(p)
	if strings.Contains(w.got, w.want) {
		w.seen()
	}
	return len(p), nil
}
