package riskguard

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// TestOverridesAsJSON: overrides are written with the limits and read again.
func TestOverridesAsJSON(t *testing.T) {
	l := DefaultLimits()
	l.Overrides = []Override{
		{Symbol: "UM:BTCUSDT", Strategy: "one", Limits: map[string]LimitText{"open_orders_max": "3", "unimmr_min": "2.5"}},
		{Product: exchange.CM, Limits: map[string]LimitText{"duplicate_window": "2s"}},
	}
	again, err := ParseLimits(l.JSON())
	if err != nil || string(again.JSON()) != string(l.JSON()) || len(again.Overrides) != 2 {
		t.Errorf("%v\n%s\n%s", err, l.JSON(), again.JSON())
	}
	for text, want := range map[string]string{
		`{"overrides": [{"symbl": "UM:BTCUSDT"}]}`: "unknown field",
		`{"overrides": {}}`:                        "cannot unmarshal",
		`{"overrides": [{"symbol": "UM:BTCUSDT", "limits": {"open_orders_max": "1e9"}}]}`:    "it must be a whole number",
		`{"overrides": [], "overrides": []}`:                                                 "given twice",
		`{"overrides": [{"symbol": "UM:BTCUSDT", "limits": {"borrow_max_usd": "0"}}]}`:       "of the whole account",
		`{"unimmr_min": 3, "overrides": [{"product": "UM", "limits": {"unimmr_min": "2"}}]}`: "looser than the account's 3",
	} {
		if _, err := ParseLimits([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestStrictestCounts: whatever overrides there are, an order is held against the strictest of
// those that fit it, found here by a plain walk over all of them, and never against a looser
// one than the account's.
func TestStrictestCounts(t *testing.T) {
	ins, labels := benchInstruments(t), []string{"", "one", "two"}
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 9))
		l := DefaultLimits()
		for range rng.IntN(6) {
			o := Override{Limits: map[string]LimitText{}}
			o.Product = exchange.Product(rng.IntN(3))
			if rng.IntN(2) == 0 {
				o.Symbol = symbolOf(ins.At(exchange.InstrumentID(1 + rng.IntN(ins.Len()))))
			}
			o.Strategy = labels[rng.IntN(3)]
			o.Limits["open_orders_max"] = LimitText([]string{"1", "5", "20"}[rng.IntN(3)])
			if rng.IntN(2) == 0 {
				o.Limits["unimmr_min"] = LimitText([]string{"2.0", "3", "9"}[rng.IntN(3)])
			}
			if o.name() != "" {
				l.Overrides = append(l.Overrides, o)
			}
		}
		g, err := New(Config{Instruments: ins, Tables: margin.Assumed(), Limits: l, Strategies: 2, Permits: Unbound(2), Labels: labels[1:]})
		if err != nil {
			t.Fatal(err)
		}
		for strategy, label := range labels {
			for id := exchange.InstrumentID(1); int(id) <= ins.Len(); id++ {
				orders, floor, in := "20", "2.0", ins.At(id)
				for _, o := range l.Overrides {
					if o.Product != 0 && o.Product != in.Product || o.Symbol != "" && o.Symbol != symbolOf(in) || o.Strategy != "" && o.Strategy != label {
						continue
					}
					if at := string(o.Limits["open_orders_max"]); len(at) < len(orders) || len(at) == len(orders) && at < orders {
						orders = at
					}
					floor = max(floor, string(o.Limits["unimmr_min"]))
				}
				set := &g.sets.all[g.sets.of[strategy][id]]
				if b := set.bounds[boundOpenOrders]; b.limit != orders || set.limits.UniMMRMin.StringFixed(1) != floor && set.limits.UniMMRMin.String() != floor {
					t.Fatalf("seed %d, %q on %s: %s orders and uniMMR %v, want %s and %s", seed, label, in.Name(), b.limit, set.limits.UniMMRMin, orders, floor)
				}
			}
		}
	}
}
