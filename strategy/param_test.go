package strategy

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

type allKinds struct {
	Symbol Symbol         `help:"what to trade"`
	MaxQty exchange.Fixed `default:"0.01" min:"0.001" max:"5" unit:"coin" help:"order size"`
	SMAFast,
	Slow int `default:"10" min:"2" max:"500" unit:"bars"`
	Every  time.Duration `default:"1m" min:"1s"`
	Mode   string        `default:"a" choices:"a|b"`
	Note   string        `default:""`
	On     bool          `default:"true"`
	Second Symbol        `default:""`
	hidden int
}

func TestParamsOf(t *testing.T) {
	list, err := ParamsOf(&allKinds{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range list {
		names = append(names, p.Name+" "+p.Kind)
	}
	want := []string{
		"symbol symbol", "max_qty decimal", "sma_fast int", "slow int", "every duration", "mode text", "note text",
		"on bool", "second symbol",
	}
	if !slices.Equal(names, want) {
		t.Errorf("parameters are %q, want %q", names, want)
	}
	if p := list[0]; !p.Required || p.Help != "what to trade" {
		t.Errorf("symbol is %+v", p)
	}
	if p := list[1]; p.Required || p.Default != "0.01" || p.Min != "0.001" || p.Max != "5" || p.Unit != "coin" {
		t.Errorf("max_qty is %+v", p)
	}
	if p := list[5]; !slices.Equal(p.Choices, []string{"a", "b"}) {
		t.Errorf("mode is %+v", p)
	}
	if none, err := ParamsOf(nil); len(none) != 0 || err != nil {
		t.Errorf("ParamsOf(nil) = %v, %v", none, err)
	}
}

func TestAuthorsMistakes(t *testing.T) {
	for _, c := range []struct {
		params any
		want   string
	}{
		{allKinds{}, "Params returned strategy.allKinds, not a pointer to a struct"},
		{(*allKinds)(nil), "not a pointer to a struct"},
		{new(int), "Params returned *int"},
		{&struct{ X float64 }{}, "parameter x: type float64; int, bool,"},
		{&struct {
			X int `default:"ten"`
		}{}, `parameter x: default: "ten" is not a whole number`},
		{&struct {
			X int `default:"1" min:"2"`
		}{}, "parameter x: default: 1 is below the least, 2"},
		{&struct {
			X int `default:"1" max:"many"`
		}{}, `parameter x: bound: "many" is not a whole number`},
		{&struct {
			X bool `default:"true" min:"1"`
		}{}, "a bool has no bounds"},
		{&struct {
			X int `default:"1" choices:"1|2"`
		}{}, "only a text has them"},
		{&struct {
			MaxQty  int `default:"1"`
			Max_qty int `default:"1"`
		}{}, "two fields have that name"},
	} {
		if _, err := ParamsOf(c.params); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
		if err := Bind(c.params, nil); err == nil {
			t.Errorf("Bind takes what ParamsOf refuses with %q", c.want)
		}
	}
}

func TestBind(t *testing.T) {
	var p allKinds
	err := Bind(&p, map[string]string{
		"symbol": "um:ethusdt", "max_qty": "0.5", "sma_fast": "2", "every": "8h", "mode": "b", "note": "x y", "on": "false",
	})
	want := allKinds{
		Symbol: Symbol{exchange.UM, "ETHUSDT"}, MaxQty: exchange.MustFixed("0.5"), SMAFast: 2, Slow: 10,
		Every: 8 * time.Hour, Mode: "b", Note: "x y",
	}
	if err != nil || p != want {
		t.Fatalf("Bind = %+v, %v", p, err)
	}
	if got := SymbolsOf(&p); !slices.Equal(got, []Symbol{want.Symbol}) {
		t.Errorf("SymbolsOf = %v", got)
	}
	for _, edge := range []string{"0.001", "5"} { // bounds are inclusive
		if err := Bind(&p, map[string]string{"symbol": "UM:ETHUSDT", "max_qty": edge}); err != nil || p.MaxQty != exchange.MustFixed(edge) {
			t.Errorf("max_qty %s: %v", edge, err)
		}
	}
	var again allKinds
	if err := Bind(&again, ValuesOf(&p)); err != nil || again != p {
		t.Errorf("Bind of ValuesOf = %+v, %v, want the same", again, err)
	}
}

func TestBindReportsEveryMistakeAndWritesNothing(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"symbol", "", "symbol: must be set: what to trade"},
		{"symbol", "BTCUSDT", `symbol: "BTCUSDT" is not PRODUCT:SYMBOL, such as UM:BTCUSDT`},
		{"symbol", "SPOT:BTCUSDT", "products are UM, CM and MARGIN"},
		{"max_qty", "0.0009", "max_qty: 0.0009 is below the least, 0.001 coin"},
		{"max_qty", "5.00000001", "max_qty: 5.00000001 is above the most, 5 coin"},
		{"max_qty", "one", `max_qty: "one": not a decimal number`},
		{"max_qty", "1e-9", "number has more than 8 decimals"},
		{"sma_fast", "1", "sma_fast: 1 is below the least, 2 bars"},
		{"sma_fast", "2.5", `sma_fast: "2.5" is not a whole number`},
		{"every", "60", `every: "60" is not a duration, such as 90s or 8h`},
		{"every", "1ms", "every: 1ms is below the least, 1s"},
		{"mode", "c", `mode: "c" is none of a, b`},
		{"on", "yes", `on: "yes" is neither true nor false`},
		{"sma_fats", "3", "sma_fats: no such parameter; did you mean sma_fast?"},
		{"zzzzzz", "3", "zzzzzz: no such parameter; there are symbol, max_qty,"},
		{"hidden", "3", "hidden: no such parameter"},
	} {
		values := map[string]string{"symbol": "UM:BTCUSDT", "note": "kept out"}
		values[c.name] = c.value
		before := allKinds{Slow: 77}
		p := before
		err := Bind(&p, values)
		if list := (ParamErrors)(nil); !errors.As(err, &list) || len(list) != 1 || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s = %q: error %v, want %q", c.name, c.value, err, c.want)
		}
		if p != before {
			t.Errorf("%s = %q: half written: %+v", c.name, c.value, p)
		}
	}
	var p allKinds
	err := Bind(&p, map[string]string{"slow": "x", "mode": "c", "slwo": "3", "aaaaaaa": ""})
	want := "symbol: must be set: what to trade\n" +
		"slow: \"x\" is not a whole number\n" +
		"mode: \"c\" is none of a, b\n" +
		"aaaaaaa: no such parameter; there are symbol, max_qty, sma_fast, slow, every, mode, note, on, second\n" +
		"slwo: no such parameter; did you mean slow?"
	if got := strings.ReplaceAll(err.Error(), "; ", "\n"); got != strings.ReplaceAll(want, "; ", "\n") {
		t.Errorf("all at once:\n%s\nwant\n%s", got, want)
	}
	if err := Bind(nil, map[string]string{"fast": "1"}); err == nil || err.Error() != "fast: no such parameter; the strategy has none" {
		t.Errorf("without parameters: %v", err)
	}
}

func TestSymbolText(t *testing.T) {
	for _, text := range []string{"UM:BTCUSDT", "CM:BTCUSD_PERP", "MARGIN:ETHUSDC", ""} {
		var s Symbol
		if err := s.UnmarshalText([]byte(text)); err != nil || s.String() != text {
			t.Errorf("%q became %q, %v", text, s, err)
		}
	}
}

func TestSnake(t *testing.T) {
	for name, want := range map[string]string{
		"Qty": "qty", "MaxQty": "max_qty", "SMAFast": "sma_fast", "ATRBars": "atr_bars", "X": "x", "BarID": "bar_id", "Vol24h": "vol24h",
	} {
		if got := snake(name); got != want {
			t.Errorf("snake(%s) = %s, want %s", name, got, want)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"fast", "slow", "target_vol"}
	for name, want := range map[string]string{"fst": "fast", "slwo": "slow", "targetvol": "target_vol", "quite_other": "", "": ""} {
		if got := Nearest(name, known); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestParamTable(t *testing.T) {
	list, err := ParamsOf(&allKinds{})
	if err != nil {
		t.Fatal(err)
	}
	lines := slices.Collect(strings.Lines(ParamTable(list)))
	for i, want := range map[int]string{
		2: "| `symbol` | symbol | must be set |  |  | what to trade |\n",
		3: "| `max_qty` | decimal | `0.01` | 0.001 to 5 | coin | order size |\n",
		6: "| `every` | duration | `1m` | at least 1s |  |  |\n",
		7: "| `mode` | text | `a` | a, b |  |  |\n",
		8: "| `note` | text | none |  |  |  |\n",
	} {
		if lines[i] != want {
			t.Errorf("line %d is %q, want %q", i, lines[i], want)
		}
	}
	if n := len(lines); n != 11 {
		t.Errorf("%d lines", n)
	}
}
