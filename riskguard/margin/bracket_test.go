package margin

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/exchange"
)

func decodeFile(t *testing.T, p exchange.Product, name string) map[string]Brackets {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "brackets", name))
	ok(t, err)
	defer f.Close()
	table, err := DecodeBrackets(p, f, Source{Text: name, Date: "2026-11"})
	ok(t, err)
	return table
}

// TestDecodeBrackets reads both answers: numbers and strings, any order, unknown fields,
// a cap without end, a coefficient.
func TestDecodeBrackets(t *testing.T) {
	um, cm := decodeFile(t, exchange.UM, "um.json"), decodeFile(t, exchange.CM, "cm.json")
	a := um["AAAUSDT"]
	equal(t, "maintenance of 15000", a.maintenance(wideOf(t, "15000", entryPlaces)).decimal(amountPlaces), "250")
	equal(t, "maintenance of 30000", a.maintenance(wideOf(t, "30000", entryPlaces)).decimal(amountPlaces), "5350")
	if a.Tiers[2].Cap != exchange.FixedMax || a.CapAt(2) != exchange.MustFixed("20000") || a.CapAt(50) != exchange.MustFixed("5000") || a.CapAt(51) != 0 {
		t.Errorf("caps: %+v", a.Tiers)
	}
	b := um["BBBUSDT"] // edges 7500 and 30000, cum 75
	equal(t, "maintenance with a coefficient", b.maintenance(wideOf(t, "10000", entryPlaces)).decimal(amountPlaces), "125")
	if a.Source.Assumed || !b.Source.Assumed {
		t.Error("a coefficient is assumed, plain brackets are not")
	}
	c := cm["AAAUSD_PERP"]
	equal(t, "maintenance of 200 coins", c.maintenance(wideOf(t, "200", entryPlaces)).decimal(amountPlaces), "3.5")
}

// TestDecodeBracketsRefuses names symbol and bracket of what is wrong.
func TestDecodeBracketsRefuses(t *testing.T) {
	for _, c := range []struct{ json, want string }{
		{`{}`, "UM leverage brackets: json"},
		{`[{"brackets":[]}]`, "entry 1 has no symbol"},
		{`[{"symbol":"A","brackets":[]}]`, "brackets of A: no brackets"},
		{`[{"symbol":"A","brackets":[{"notionalFloor":1,"notionalCap":2,"maintMarginRatio":0.1,"initialLeverage":1}]}]`, "bracket 1 starts at 1 and the one before ends at 0"},
		{`[{"symbol":"A","brackets":[{"notionalFloor":0,"notionalCap":0,"maintMarginRatio":0.1,"initialLeverage":1}]}]`, "bracket 1 ends at 0"},
		{`[{"symbol":"A","brackets":[{"notionalCap":9,"maintMarginRatio":1.1,"initialLeverage":1}]}]`, "maintenance rate 1.1"},
		{`[{"symbol":"A","brackets":[{"notionalCap":9,"maintMarginRatio":0.1}]}]`, "leverage 0 is below 1"},
		{`[{"symbol":"A","brackets":[{"notionalCap":9,"maintMarginRatio":0.1,"initialLeverage":1,"cum":-1}]}]`, "negative"},
		{`[{"symbol":"A","brackets":[{"notionalCap":9,"maintMarginRatio":"x","initialLeverage":1}]}]`, `"x": not a decimal number`},
		{`[{"symbol":"A","notionalCoef":0,"brackets":[]}]`, "notionalCoef 0 is not positive"},
		{`[{"symbol":"A","brackets":[{"notionalCap":9,"maintMarginRatio":0.1,"initialLeverage":9},{"notionalFloor":9,"notionalCap":20,"maintMarginRatio":0.2,"initialLeverage":1,"cum":0}]}]`, "bracket 2: maintenance margin jumps at 9"},
		{`[{"symbol":"A","brackets":[{"notionalCap":9,"maintMarginRatio":0.1,"initialLeverage":1}]},{"symbol":"A","brackets":[{"notionalCap":9,"maintMarginRatio":0.1,"initialLeverage":1}]}]`, "A is listed twice"},
	} {
		_, err := DecodeBrackets(exchange.UM, strings.NewReader(c.json), Source{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s:\n%v, want %q", c.json, err, c.want)
		}
	}
}

// FuzzDecodeBrackets: whatever bytes come, there is no panic, and what is accepted is
// continuous and grows.
func FuzzDecodeBrackets(f *testing.F) {
	for _, name := range []string{"um.json", "cm.json"} {
		b, err := os.ReadFile(filepath.Join("testdata", "brackets", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, name == "cm.json")
	}
	f.Fuzz(func(t *testing.T, b []byte, cm bool) {
		p := exchange.UM
		if cm {
			p = exchange.CM
		}
		table, err := DecodeBrackets(p, strings.NewReader(string(b)), Source{})
		if err != nil {
			return
		}
		for symbol, b := range table {
			if err := b.check(); err != nil {
				t.Fatalf("%s: %v", symbol, err)
			}
			b.maintenance(amount(exchange.FixedMax))
		}
	})
}

// TestWorstOfNothing: brackets may fall a little where they join, so that the position as
// it is can need more than what orders make of it.
func TestWorstOfNothing(t *testing.T) {
	f := exchange.MustFixed
	tables := testTables()
	tables.UM["BTCUSDT"] = Brackets{Tiers: []Bracket{
		{Cap: f("100000"), MMR: f("0.01"), Leverage: 50}, {Floor: f("100000"), Cap: f("1000000"), MMR: f("0.02"), Cum: f("1005"), Leverage: 20},
	}}
	p, err := New(testInstruments(t), tables)
	ok(t, err)
	ok(t, p.SetIndex("USDT", exchange.FixedOne))
	ok(t, p.SetIndex("BTC", f("100000")))
	ok(t, p.SetMark(1, f("100000")))
	ok(t, p.SetPosition(exchange.Position{Inst: 1, Qty: one, Entry: decimalOf("100000")}))
	r, err := p.Project(limitOrder(1, 1, exchange.Buy, "0.001", "100000"))
	ok(t, err)
	equal(t, "maintenance", r.Base.MaintMargin, "1000") // 100100 · 0.02 - 1005 = 997 is less
}

// TestEmbeddedBrackets: what is embedded passes the checks of what is read.
func TestEmbeddedBrackets(t *testing.T) {
	a := Assumed()
	ok(t, a.check())
	for _, table := range []map[string]Brackets{a.UM, a.CM} {
		for symbol, b := range table {
			if err := b.check(); err != nil {
				t.Errorf("%s: %v", symbol, err)
			}
		}
	}
	if b := a.UM["BTCUSDT"]; b.Tiers[11].Cum != exchange.MustFixed("421481450") {
		t.Errorf("last cum is %v", b.Tiers[11].Cum)
	}
}

// TestRealBrackets holds the formula of cum and the embedded tables against all
// recorded symbols of June 2025.
func TestRealBrackets(t *testing.T) {
	root := os.Getenv("PMBOT_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	text, err := os.ReadFile(filepath.Join(root, "data", "um", "brackets", "binance_leverage_tiers_2025-06.json"))
	if err != nil {
		t.Skipf("shared data not at hand: %v", err)
	}
	type tiers []struct {
		Info json.RawMessage `json:"info"`
	}
	var file map[string]tiers
	ok(t, json.Unmarshal(text, &file))
	var answer []map[string]any
	for _, name := range sortedKeys(file) {
		base, rest, _ := strings.Cut(name, "/")
		quote, settle, _ := strings.Cut(rest, ":")
		symbol := base + quote + strings.TrimPrefix(settle, quote)
		var rows []map[string]any
		for _, tier := range file[name] {
			var row map[string]any
			ok(t, json.Unmarshal(tier.Info, &row))
			delete(row, "bracket")
			rows = append(rows, row)
		}
		answer = append(answer, map[string]any{"symbol": symbol, "brackets": rows})
	}
	text, err = json.Marshal(answer)
	ok(t, err)
	table, err := DecodeBrackets(exchange.UM, strings.NewReader(string(text)), umSource())
	ok(t, err)
	if len(table) != 500 {
		t.Errorf("%d symbols, want 500", len(table))
	}
	for _, symbol := range sortedKeys(table) {
		rows := []step{}
		for _, tier := range table[symbol].Tiers {
			rows = append(rows, step{tier.Cap.String(), tier.MMR.String(), tier.Leverage})
		}
		for i, tier := range embedded(exchange.UM, umSource(), rows).Tiers {
			if tier != table[symbol].Tiers[i] {
				t.Errorf("%s: the formula gives %+v, recorded is %+v", symbol, tier, table[symbol].Tiers[i])
			}
		}
	}
	for symbol, own := range map[string][]step{"BTCUSDT": btcusdt(), "ETHUSDT": ethusdt()} {
		for i, tier := range embedded(exchange.UM, umSource(), own).Tiers {
			if tier != table[symbol].Tiers[i] {
				t.Errorf("embedded %s: %+v, recorded is %+v", symbol, tier, table[symbol].Tiers[i])
			}
		}
	}
}
