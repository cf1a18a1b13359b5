package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/engine/journal"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// TestTerms brings terms back as they were written, and refuses what is none.
func TestTerms(t *testing.T) {
	dir, limits := t.TempDir(), riskguard.DefaultLimits()
	limits.OpenOrdersMax = 7
	written := &terms{
		Limits: limits.JSON(), Tables: margin.Assumed(), Strategies: []string{"a", "b", "c"}, Reconcile: defaultRun().Reconcile,
		Services: engine.Services{AutoRepay: engine.RepayAll, AutoRepayAfter: time.Hour},
	}
	if err := written.save(dir, "pm-1"); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(termsPath(dir, "pm-1"))
	if err != nil {
		t.Fatal(err)
	}
	h := header("pm-1")
	c, err := replayTerms(dir, h)
	if err != nil || c.Strategies != 3 || c.Instruments.Len() != 1 || c.Reconcile.Positions != exchange.RemedyHalt || c.Services.AutoRepayAfter != time.Hour {
		t.Fatalf("%+v, %v", c, err)
	}
	read, err := readTerms(dir, h)
	if err != nil {
		t.Fatal(err)
	}
	if err := read.save(dir, "pm-2"); err != nil {
		t.Fatal(err)
	}
	again, err := os.ReadFile(termsPath(dir, "pm-2"))
	if diff := cmp.Diff(string(text), string(again)); err != nil || diff != "" {
		t.Errorf("%v: what is read is not what was written:\n%s", err, diff)
	}
	for _, bad := range []string{
		``, `{}`, `[]`, `null`, `{"schema":"pmbot/terms/1"}`, string(text[:len(text)/2]),
		strings.Replace(string(text), `"b","c"`, `"b","b"`, 1), strings.Replace(string(text), `["a","b","c"]`, `3`, 1),
		strings.Replace(string(text), `"positions":"halt"`, `"positions":"sell"`, 1),
		strings.Replace(string(text), `"auto_repay":"all"`, `"auto_repay":"some"`, 1),
	} {
		if _, err := parseTerms([]byte(bad)); err == nil {
			t.Errorf("%.40q was taken for terms", bad)
		}
	}
	h.Prefix = "pm-3"
	if _, err := readTerms(dir, h); err == nil {
		t.Error("terms that are not there were read")
	}
}

func header(prefix string) *journal.Header {
	return &journal.Header{Version: "1", Mode: "dry", Account: "main", Prefix: prefix, Instruments: []exchange.Instrument{{
		ID: 1, Product: exchange.UM, Symbol: "BTCUSDT", Pair: "BTCUSDT", Base: "BTC", Quote: "USDT", MarginAsset: "USDT", ContractType: "PERPETUAL",
		ContractSize: exchange.FixedOne, Tick: 10_000_000, Lot: exchange.Lot{Min: 100_000, Max: exchange.FixedOne, Step: 100_000},
	}}}
}

// TestDropTerms keeps the terms of the processes that can be replayed, and touches nothing else.
func TestDropTerms(t *testing.T) {
	dir := t.TempDir()
	for _, prefix := range []string{"pm-1", "pm-2", "pm-3"} {
		if err := (&terms{Tables: margin.Assumed()}).save(dir, prefix); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"terms-pm-0.json.new", "terms.json", "notes-pm-1.json"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	now := exchange.Time(0)
	for i, prefix := range []string{"pm-1", "pm-2", "pm-3"} {
		w, err := journal.Open(journal.Config{
			Dir: dir, Header: *header(prefix), Keep: time.Minute, Clock: func() exchange.Time { return now.Add(time.Hour) },
		})
		if err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Hour)
		e := exchange.Event{Seq: uint64(i + 1), At: now}
		e.SetState(&exchange.StateChange{State: exchange.Halted, By: "test"})
		err = errors.Join(w.Rotate([]byte("{}\n")), w.Append(&e, nil), w.Flush())
		if prefix == "pm-3" { // the segment of pm-1 is old
			err = errors.Join(err, w.Compact(t.Context()))
		}
		if err := errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
	}
	n, err := dropTerms(dir)
	names, globbed := filepath.Glob(filepath.Join(dir, "*.*json*"))
	for i := range names {
		names[i] = filepath.Base(names[i])
	}
	want := []string{"notes-pm-1.json", "terms-pm-2.json", "terms-pm-3.json", "terms.json"}
	if err := errors.Join(err, globbed); err != nil || n != 2 || !slices.Equal(names, want) {
		t.Errorf("%d were removed, and %v are left: %v", n, names, err)
	}
}
