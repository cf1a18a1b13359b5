package riskguard

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/raced"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// again replaces the bench's guard by a new one that was brought into its state.
func (b *bench) again() {
	b.t.Helper()
	text := b.g.Snapshot()
	g, err := New(b.g.config)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := g.Restore(text); err != nil {
		b.t.Fatal(err)
	}
	g.due = b.g.due // the driver takes a snapshot after a look; scripts look when they like
	for _, o := range b.g.open {
		g.Hold(o)
	}
	for _, a := range b.g.acts {
		g.HoldAct(a)
	}
	g.owned = b.g.owned // as the kernel tells it again
	for s := range g.ventures {
		g.ventures[s].owed = b.g.ventures[s].owed
	}
	if written := g.Snapshot(); !bytes.Equal(written, text) {
		b.t.Fatalf("restored, it writes\n%s\nnot\n%s", written, text)
	}
	b.g = g
}

// TestScriptsWithRestores plays every script with a new guard for each line: the answers are
// the same. Only the notes of Uses begin anew.
func TestScriptsWithRestores(t *testing.T) {
	raced.Skip(t, "it has one goroutine")
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, name := range files {
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(want), "\nuses") {
			continue
		}
		if got := play(t, string(want), (*bench).again); got != string(want) {
			t.Errorf("%s: the guard answers otherwise; got\n%s", name, got)
		}
	}
}

// TestRestoredPositionsCount: the marks of what is held must be fresh for who begins again, too.
func TestRestoredPositionsCount(t *testing.T) {
	b := newBench(t, DefaultLimits())
	for _, line := range []string{"fill CM BUY 1 50000", "wait 4s", "last UM 50000", "mark UM 50000"} {
		b.do(strings.Fields(line))
	}
	b.again()
	if got := b.ask(strings.Fields("check buy UM 0.002 limit 50000")); !strings.Contains(got, "mark of CM BTCUSD_PERP is 4s old") {
		t.Error(got)
	}
}

// TestRestoreIsAllOrNothing: a state that cannot be leaves the guard as it was.
func TestRestoreIsAllOrNothing(t *testing.T) {
	b := newBench(t, DefaultLimits())
	b.do(strings.Fields("fill UM BUY 0.1 50000"))
	b.do(strings.Fields("state REDUCE_ONLY cause=OPERATOR"))
	good := b.g.Snapshot()
	for _, c := range [][2]string{
		{`"epoch"`, `"age"`}, {`{"assets"`, `["assets"`}, {`"OPERATOR"`, `"NOBODY"`}, {`"REDUCE_ONLY"`, `"ACTIVE"`}, {`"REDUCE_ONLY"`, `""`},
		{`"inst":5`, `"inst":6`}, {`"qty":"0.1"`, `"qty":"1e20"`}, {`"asset":"BTC","index"`, `"asset":"","index"`}, {`"index":"50000"`, `"index":"-1"`},
		{`"wallet":"UM"`, `"wallet":"POCKET"`}, {`"side":"BOTH"`, `"side":"LONG","leverage":1`},
	} {
		bad := bytes.Replace(good, []byte(c[0]), []byte(c[1]), 1)
		if bytes.Equal(bad, good) {
			t.Errorf("no %s in %s", c[0], good)
			continue
		}
		g, err := New(b.g.config)
		if err != nil {
			t.Fatal(err)
		}
		before := g.Snapshot()
		if err := g.Restore(bad); err == nil || !strings.HasPrefix(err.Error(), "risk guard: ") || !bytes.Equal(g.Snapshot(), before) {
			t.Errorf("%s: %v", c[1], err)
		}
	}
}

// TestFaultIsKept: a guard that has lost track goes on approving nothing.
func TestFaultIsKept(t *testing.T) {
	b := newBench(t, DefaultLimits())
	e := exchange.Event{At: b.now, Inst: 99}
	e.SetFill(&exchange.Fill{Side: exchange.Buy, Qty: 1, Price: 1})
	b.g.Apply(&e)
	before := b.ask(strings.Fields("check buy UM 0.003 limit 50000"))
	b.again()
	if got := b.ask(strings.Fields("check buy UM 0.003 limit 50000")); got != before || !strings.Contains(got, "the margin model lost track") {
		t.Errorf("%s, and before %s", got, before)
	}
}

// TestRestoreUnderOtherTables: a leverage falls to what brackets allow, what a new table
// cannot take is a fault that refuses everything, and nothing is dropped.
func TestRestoreUnderOtherTables(t *testing.T) {
	b := newBench(t, DefaultLimits())
	b.do(strings.Fields("fill UM BUY 0.1 50000"))
	if err := b.g.model.SetLeverage(benchUM, 100); err != nil {
		t.Fatal(err)
	}
	b.do(strings.Fields("state HALTED strategy=2 cause=OPERATOR"))
	config := b.g.config
	config.Tables, config.Strategies = margin.Assumed(), 1
	tiers := slices.Clone(config.Tables.UM["BTCUSDT"].Tiers)
	for i := range tiers {
		tiers[i].Leverage = min(tiers[i].Leverage, 10)
	}
	config.Tables.UM["BTCUSDT"] = margin.Brackets{Product: exchange.UM, Tiers: tiers}
	g, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Restore(b.g.Snapshot()); err != nil {
		t.Fatal(err)
	}
	if got := g.model.Leverage(benchUM); got != 10 {
		t.Errorf("leverage %d", got)
	}
	if p := g.Position(benchUM, exchange.Both); !p.Qty.Equal(decimal.New(1, -1)) || !p.Entry.Equal(decimal.New(50_000, 0)) {
		t.Errorf("%+v", p)
	}
	// The strategy that is not configured any more is still held, for it may come back.
	if held := g.States(); len(held) != 1 || held[0].Strategy != 2 || g.State(2, benchUM) != exchange.Halted {
		t.Errorf("%+v", held)
	}
}
