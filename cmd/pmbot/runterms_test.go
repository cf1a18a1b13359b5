package main

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmbot/pmbot/engine/journal"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// TestTerms brings terms back as they were written, and refuses what is none.
func TestTerms(t *testing.T) {
	dir, limits := t.TempDir(), riskguard.DefaultLimits()
	limits.OpenOrdersMax = 7
	tables := margin.Assumed()
	if err := saveTerms(dir, "pm-1", limits, tables, 3); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(termsPath(dir, "pm-1"))
	if err != nil {
		t.Fatal(err)
	}
	h := &journal.Header{Prefix: "pm-1", Instruments: []exchange.Instrument{{
		ID: 1, Product: exchange.UM, Symbol: "BTCUSDT", Pair: "BTCUSDT", Base: "BTC", Quote: "USDT", MarginAsset: "USDT", ContractType: "PERPETUAL",
		ContractSize: exchange.FixedOne, Tick: 10_000_000, Lot: exchange.Lot{Min: 100_000, Max: exchange.FixedOne, Step: 100_000},
	}}}
	c, err := readTerms(dir, h)
	if err != nil || c.Strategies != 3 || c.Instruments.Len() != 1 {
		t.Fatalf("%+v, %v", c, err)
	}
	if err := saveTerms(dir, "pm-2", limits, mustTables(t, text), 3); err != nil {
		t.Fatal(err)
	}
	again, err := os.ReadFile(termsPath(dir, "pm-2"))
	if diff := cmp.Diff(string(text), string(again)); err != nil || diff != "" {
		t.Errorf("%v: what is read is not what was written:\n%s", err, diff)
	}
	for _, bad := range []string{``, `{}`, `[]`, `null`, `{"schema":"pmbot/terms/1"}`, string(text[:len(text)/2])} {
		if _, err := parseTerms([]byte(bad), h); err == nil {
			t.Errorf("%.40q was taken for terms", bad)
		}
	}
	h.Prefix = "pm-3"
	if _, err := readTerms(dir, h); err == nil {
		t.Error("terms that are not there were read")
	}
}

func mustTables(t *testing.T, text []byte) *margin.Tables {
	t.Helper()
	var read terms
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	return read.Tables
}
