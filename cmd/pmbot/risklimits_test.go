package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/riskguard"
)

// riskConfigs are the beginnings of a backtest's and of a bot's configuration; what is tried
// stands in line 6.
var riskConfigs = map[string]string{
	"backtest": "[account.margin]\nUSDT = \"1000\"\n[[strategy]]\nplugin = \"trend\"\n[risk]\n",
	"bot":      "[paper.margin]\nUSDT = \"1000\"\n[[strategy]]\nplugin = \"trend\"\n[risk]\n",
}

// refusedAt wants a configuration refused in one line, which has the parts.
func refusedAt(t *testing.T, text string, parts ...string) {
	t.Helper()
	for kind, begin := range riskConfigs {
		_, err := load(t, begin+text)
		if err == nil {
			t.Errorf("%s: %q is taken", kind, text)
			continue
		}
		for _, part := range parts {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %q: %v; want %q", kind, text, err, part)
			}
		}
	}
}

// TestEveryLimit: each limit, below and above its bounds, misspelt and of another type, is
// refused with its line, what is wrong and what would do. The table of limits says which there are.
func TestEveryLimit(t *testing.T) {
	limits := riskguard.DefaultLimits()
	var values map[string]json.RawMessage
	if err := json.Unmarshal(limits.JSON(), &values); err != nil {
		t.Fatal(err)
	}
	if len(values) < 45 {
		t.Errorf("%d limits", len(values))
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		line, word := "x.toml:6: risk."+key+": ", string(values[key])
		misspelt := key[:len(key)-1] + "q"
		refusedAt(t, misspelt+" = 1\n", "x.toml:6: risk."+misspelt+": unknown key; did you mean "+key+"?")
		if word == "true" || word == "false" {
			refusedAt(t, key+" = \"yes\"\n", line+"want true or false")
			continue
		}
		if text, err := strconv.Unquote(word); err == nil {
			word = text
		}
		low, high := "-1", "99999999999"
		if _, err := time.ParseDuration(word); err == nil && !strings.HasSuffix("0123456789", word[len(word)-1:]) && word != "0" {
			low, high = "\"-1ns\"", "\"100000h\""
			refusedAt(t, key+" = 5\n", line+`"5" is not a duration; write a number with its unit`)
		} else if _, err := strconv.ParseFloat(word, 64); err != nil {
			refusedAt(t, key+" = \"sometimes\"\n", line) // one of some words
			continue
		}
		for _, bad := range []string{low, high} {
			refusedAt(t, key+" = "+bad+"\n", line, "it must be ", " to ")
		}
	}
}

// TestLimitsContradict: limits that cannot hold together are refused where the first stands.
func TestLimitsContradict(t *testing.T) {
	for text, want := range map[string]string{
		"unimmr_halt = 2.5":                                 "x.toml:6: risk.unimmr_halt: is 2.5; it must be below unimmr_reduce, which is 2",
		"unimmr_reduce = 2.5\nunimmr_warn = 4":              "x.toml:6: risk.unimmr_reduce: is 2.5; it must be at most unimmr_resume, which is 2.2",
		"unimmr_warn = 1.9":                                 "risk.unimmr_reduce: is 2; it must be at most unimmr_warn, which is 1.9",
		"depeg_reduce = 0.99":                               "x.toml:6: risk.depeg_reduce: is 0.99; it must not be above depeg_warn, 0.98",
		"hedged = [\"BTC\", \"BTC\"]":                       "x.toml:6: risk.hedged: ",
		"[[risk.override]]\nstrategy = \"trend\"":           "x.toml:6: risk.override.0: has no limits",
		"[[risk.override]]\nlimits = {open_orders_max = 5}": "x.toml:6: risk.override.0: names no product, symbol or strategy",
		"[[risk.override]]\nsymbol = \"UM:BTCUSDT\"\nlimits = {open_orders_max = 50}": "x.toml:8: risk.override.0.limits.open_orders_max: is 50, which is looser than the account's 20",
		"[[risk.override]]\nsymbol = \"UM:BTCUSDT\"\nlimits = {open_order_max = 5}":   "x.toml:8: risk.override.0.limits.open_order_max: is no limit; did you mean open_orders_max?",
		"[[risk.override]]\nsymbol = \"UM:BTCUSDT\"\nlimits = {drift_readings = 5}":   "x.toml:8: risk.override.0.limits.drift_readings: is of the whole account",
	} {
		refusedAt(t, text+"\n", want)
	}
}
