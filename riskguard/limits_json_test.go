package riskguard

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
)

// TestLimitsAsJSON: what is written is read again, every limit has its key, and keys rise.
func TestLimitsAsJSON(t *testing.T) {
	l := DefaultLimits()
	l.Hedged = []string{"BTC", "1000SHIB"}
	l.OpenOrdersMax, l.FreshIndex, l.BorrowMaxUSD = 7, 90*time.Second, decimal.RequireFromString("1234.5")
	again, err := ParseLimits(l.JSON())
	if err != nil || string(again.JSON()) != string(l.JSON()) || again.OpenOrdersMax != 7 || again.FreshIndex != 90*time.Second || !slices.Equal(again.Hedged, l.Hedged) {
		t.Errorf("%v\n%s\n%s", err, l.JSON(), again.JSON())
	}
	var values map[string]any
	if err := json.Unmarshal(l.JSON(), &values); err != nil {
		t.Fatal(err)
	}
	if sorted, _ := json.Marshal(values); string(sorted) != string(l.JSON()) {
		t.Errorf("not sorted by key: %s", l.JSON())
	}
	kind := reflect.TypeFor[Limits]()
	for i := range kind.NumField() {
		if name := kind.Field(i).Name; name == "Overrides" || name == "Budgets" {
			continue // see TestOverrides
		}
		if key, _, _ := strings.Cut(kind.Field(i).Tag.Get("json"), ","); values[key] == nil || key != kind.Field(i).Tag.Get("toml") {
			t.Errorf("%s: key %q is not written", kind.Field(i).Name, key)
		}
	}
	if kind.NumField()-2 != len(values) {
		t.Errorf("%d limits, %d keys", kind.NumField(), len(values))
	}
	// What is left out has its default; digits may stand bare or in quotes.
	l, err = ParseLimits([]byte(` {"unimmr_min": 3.5, "shock_coin": "0.3", "open_orders_max": 4} `))
	if err != nil || l.UniMMRMin.String() != "3.5" || l.ShockCoin.String() != "0.3" || l.OpenOrdersMax != 4 || l.FreshMark != 3*time.Second {
		t.Errorf("%+v %v", l, err)
	}
}

// badLimits are texts that no limits are read from, with a part of what is said of them.
func badLimits() [][2]string {
	return [][2]string{
		{``, "must be a JSON object"},
		{`null`, "must be a JSON object"},
		{`[]`, "must be a JSON object"},
		{`{`, "EOF"},
		{`{}{}`, "something follows"},
		{`{} x`, "something follows"},
		{`{"hedged": "BTC"}`, `hedged is "BTC"; `},
		{`{"hedged": ["BTC", "btc"]}`, `hedged has "btc", which is no coin; write it like BTC`},
		{`{"hedged": ["UM:BTCUSDT"]}`, `hedged has "UM:BTCUSDT", which is no coin`},
		{`{"hedged": ["BTC", "BTC"]}`, "hedged has BTC twice"},
		{`{"depeg_warn": "0.9"}`, "depeg_reduce is 0.95; it must not be above depeg_warn, 0.9"},
		{`{"unimmr_mim": 3}`, `"unimmr_mim" is no limit`},
		{`{"unimmr_min": 3, "unimmr_min": 2}`, "unimmr_min is given twice"},
		{`{"unimmr_min": "three"}`, `unimmr_min is "three"; it must be a number such as 0.02`},
		{`{"unimmr_min": 1e999999999}`, "unimmr_min is 1e999999999; it must be a number"},
		{`{"unimmr_min": "1E9"}`, "it must be a number"},
		{`{"unimmr_min": null}`, "unimmr_min is null; it must be a number"},
		{`{"unimmr_min": [3]}`, "it must be a number"},
		{`{"unimmr_min": 2.00000000000000000000000000000000000000001}`, "it must be a number"},
		{`{"unimmr_min": 1}`, "unimmr_min is 1; it must be 1.2 to 1000"},
		{`{"unimmr_min": 1, "open_orders_max": 201}`, "open_orders_max is 201; it must be 0 to 200\nunimmr_min"},
		{`{"open_orders_max": 1.5}`, "open_orders_max is 1.5; it must be a whole number"},
		{`{"open_orders_max": "5"}`, "it must be a whole number"},
		{`{"open_orders_max": 99999999999999999999}`, "it must be a whole number"},
		{`{"fresh_mark": 3}`, `fresh_mark is 3; it must be a duration such as "500ms"`},
		{`{"fresh_mark": "3"}`, "it must be a duration"},
		{`{"fresh_mark": "2h"}`, "fresh_mark is 2h0m0s; it must be 1ms to 1h"},
		{`{"fresh_mark": "3s`, "unexpected EOF"},
		{`{"fresh_mark"}`, "fresh_mark: "},
	}
}

func TestParseLimitsNamesWhatIsWrong(t *testing.T) {
	for _, c := range badLimits() {
		if l, err := ParseLimits([]byte(c[0])); err == nil || !strings.Contains(err.Error(), c[1]) || !strings.HasPrefix(err.Error(), "limits: ") {
			t.Errorf("%s: %v, want %q; %+v", c[0], err, c[1], l)
		}
	}
}

// FuzzParseLimits: no text is a panic, and what is read is valid and written the same.
func FuzzParseLimits(f *testing.F) {
	l := DefaultLimits()
	f.Add(l.JSON())
	for _, c := range badLimits() {
		f.Add([]byte(c[0]))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := ParseLimits(text)
		if err != nil {
			return
		}
		again, err := ParseLimits(l.JSON())
		if err != nil || string(again.JSON()) != string(l.JSON()) {
			t.Errorf("%s is read as %s, and that as %s, %v", text, l.JSON(), again.JSON(), err)
		}
	})
}
