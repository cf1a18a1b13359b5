package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/pmbot/pmbot/engine/journal"
	"github.com/pmbot/pmbot/engine/monitor"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/papi"
)

// settlementEvery is how often funding is settled.
const settlementEvery = 8 * time.Hour

// settlement is how long it is until the next one.
func (x *transcript) settlement() time.Duration {
	now := x.sim.time(x.t)
	return now.Floor(settlementEvery).Add(settlementEvery).Sub(now)
}

// keepAway keeps the exchange's time so far from the next settlement that nothing is settled
// before its turn and that a listenKey, which lives for an hour, expires on the way there.
func (x *transcript) keepAway() {
	x.t.Helper()
	if x.settlement() < 90*time.Minute {
		x.admin("/time", `{"forward":"2h"}`)
		x.tellOurTime()
	}
}

// tellOurTime has the exchange tell the bot's time for its own, which is hours ahead: no bot
// starts where they differ.
func (x *transcript) tellOurTime() {
	x.t.Helper()
	ahead := x.sim.time(x.t).Sub(exchange.TimeOf(time.Now()))
	x.admin("/time", fmt.Sprintf(`{"clock_ahead":%q}`, -ahead))
}

// settles moves the exchange's time to shortly before a settlement, and waits for it.
func (x *transcript) settles() {
	x.t.Helper()
	x.admin("/time", `{"clock_ahead":"0s"}`)
	to := x.settlement()
	x.t.Logf("the settlement is %v ahead", to)
	x.say("# the exchange's time goes on to some seconds before the next settlement")
	x.admin("/time", fmt.Sprintf(`{"forward":%q}`, to-20*time.Second))
	x.until("expiry of the listenKey", func() bool { return x.logged("the listenKey has expired") })
	x.say("# the listenKey has expired; with another one the bot trades again")
	x.active()
	x.follow("all done")
	x.stands()
}

// ask runs a command of pmbot and reads its JSON.
func (x *transcript) ask(answer any, args ...string) {
	x.t.Helper()
	x.say("$ pmbot %s --json", strings.Join(args, " "))
	cmd := exec.Command(pmbotProgram(x.t), append(args, "--json")...)
	cmd.Env = x.environment()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		x.t.Fatalf("%v: %v\n%s", args, err, stderr.String())
	}
	if err := json.Unmarshal(out, answer); err != nil {
		x.t.Fatalf("%v: %v\n%s", args, err, out)
	}
}

// stands tells how the bot stands, without times, prices and ids.
func (x *transcript) stands() {
	x.t.Helper()
	var s monitor.Status
	x.ask(&s, "status")
	x.say("  state %v, stream %s, %d orders, %d positions, %d in doubt, %d rejected, %d refused, %d differences",
		s.State, s.About.Stream, s.Orders, s.Positions, s.Unknown, s.Counts.Rejected, s.Counts.Refused, len(s.Differences))
	var o monitor.Orders
	x.ask(&o, "orders")
	for _, o := range o.Orders {
		x.say("  %s %s %s %s %v, %s", o.Strategy, o.Symbol, o.Side, o.Type, o.Qty, o.State)
	}
	var p monitor.Positions
	x.ask(&p, "positions")
	for _, p := range p.Positions {
		x.say("  %s %v %v", p.Symbol, p.Qty, p.Holders)
	}
	var f monitor.Funding
	x.ask(&f, "funding")
	var paid []string
	for _, b := range f.Paid {
		paid = append(paid, b.Why+" in "+b.Asset) // the stream names no symbol
	}
	slices.Sort(paid) // what is settled at one instant comes in either order
	for _, line := range paid {
		x.say("  %s", line)
	}
}

// stopBot stops the bot in order; what is open stays.
func (x *transcript) stopBot() {
	x.t.Helper()
	x.say("# SIGTERM, with the policy keep")
	if err := x.bot.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		x.t.Fatal(err)
	}
	if err := <-x.bot.over; err != nil {
		x.t.Fatalf("the bot ends with %v\n%s", err, x.bot.errors.String())
	}
}

// replays verifies the journal and decides again on every event.
func (x *transcript) replays() {
	x.t.Helper()
	var v map[string]any
	x.ask(&v, "journal", "verify")
	x.say("  ok %v", v["ok"])
	var r replayed
	x.ask(&r, "journal", "replay")
	x.say("  equal %v: %d processes, %d differences", r.OK, len(r.Processes), r.Different)
	x.t.Logf("%d events, %d decisions, %d segments, %d snapshots", r.Events, r.Decisions, r.Segments, r.Snapshots)
	if !r.OK || r.Events == 0 || r.Decisions == 0 {
		x.t.Errorf("replay: %+v", r)
	}
}

// booked tells what the ledger of the journal is about.
func (x *transcript) booked() {
	x.t.Helper()
	r, err := journal.Read(x.state("journal"), 0)
	if err != nil {
		x.t.Fatal(err)
	}
	defer r.Close()
	seen := map[string]bool{}
	var rec journal.Record
	for {
		if err := r.Next(&rec); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			x.t.Fatal(err)
		}
		if rec.Event.Kind == exchange.KindLedger {
			l := rec.Event.Ledger()
			seen[fmt.Sprintf("%v %s in %v", l.Reason, l.Asset, l.Wallet)] = true
		}
	}
	x.say("# bookings in the journal: %s", strings.Join(slices.Sorted(maps.Keys(seen)), ", "))
}

// open is the client id of the one open order, which bot and exchange must agree about.
func (x *transcript) open() string {
	x.t.Helper()
	var ours monitor.Orders
	if err := x.get("orders", &ours); err != nil || len(ours.Orders) != 1 || ours.Orders[0].Status == exchange.StatusUnknown {
		x.t.Fatalf("%v, the bot knows %+v, want one order", err, ours.Orders)
	}
	base := x.sim.at.URL
	c, err := papi.New(papi.Config{Key: papi.NewSecret(simKeyID), Secret: papi.NewSecret(simSecret), PAPI: base, SAPI: base, FAPI: base})
	if err != nil {
		x.t.Fatal(err)
	}
	theirs, err := openOrders(x.t.Context(), c)
	if id := ours.Orders[0].ClientID; err != nil || len(theirs) != 1 || !theirs[id] {
		x.t.Errorf("%v, the bot knows %s, the exchange has %v", err, id, theirs)
	}
	return ours.Orders[0].ClientID
}

// compare holds the transcript against the one that was read by a person.
func (x *transcript) compare() {
	x.t.Helper()
	path := filepath.Join("testdata", "transcript.txt")
	if *rewrite {
		if err := os.WriteFile(path, x.golden.Bytes(), 0o644); err != nil {
			x.t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		x.t.Fatal(err)
	}
	if !bytes.Equal(x.golden.Bytes(), want) {
		x.t.Errorf("it went otherwise than %s tells (-rewrite writes it anew):\n%s", path, x.golden.String())
	}
}
