package main

import (
	"encoding"
	"errors"
	"io/fs"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/venue/queue"
	"github.com/pmbot/pmbot/configs"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

const smallConfig = `# a comment with = and [brackets]
seed = 7
from = 2024-01-01
to = 2024-02-01T08:00:00+08:00
[data]
tape = "tape" # trailing
[account]
leverage = 5
margin = { USDT = "10000", BTC = 0.10 }
[venue]
cm.taker = 0.00050
[risk]
unimmr_min = "2.5"
fresh_mark = "90s"
[[strategy]]
plugin = "trend"
label = "trend-um"
[strategy.params]
symbol = "UM:BTCUSDT"
fast = 10
qty = 0.010
slow_exit = true
[[strategy]]
plugin = "trend"
`

func load(t *testing.T, text string, sets ...string) (*configuration, error) {
	t.Helper()
	var overrides []override
	for _, s := range sets {
		o, err := parseOverride(s)
		if err != nil {
			t.Fatal(err)
		}
		overrides = append(overrides, o)
	}
	return loadConfig("x.toml", text, overrides)
}

func TestLoadConfig(t *testing.T) {
	c, err := load(t, smallConfig, "strategy.trend-um.params.slow=30", "strategy.1.label=7", "seed=9", "venue.slippage=0.0002", "venue.orders_per_minute=600", "account.hedge_mode=true", "venue.queue=probabilistic", "venue.money.auto_repay=false", "strategy.0.params.wait=8h",
		"data.clock=corrected", "data.latency_base=5ms")
	if err != nil {
		t.Fatal(err)
	}
	at := func(s string) exchange.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return exchange.TimeOf(v)
	}
	for _, check := range []struct {
		name      string
		got, want any
	}{
		{"seed", c.Seed, uint64(9)},
		{"from", c.From, at("2024-01-01T00:00:00Z")},
		{"to", c.To, at("2024-02-01T00:00:00Z")},
		{"leverage", c.Account.Leverage, 5},
		{"margin.BTC", c.Account.Margin["BTC"].String(), "0.1"},
		{"taker", c.Venue.CM.Taker, exchange.MustFixed("0.0005")},
		{"taker by default", c.Venue.UM.Taker, exchange.MustFixed("0.0005")},
		{"queue", c.Venue.Queue, queue.Probabilistic},
		{"orders_per_minute", c.Venue.OrdersPerMinute, 600},
		{"hedge_mode", c.Account.HedgeMode, true},
		{"interest by default", c.Venue.Money.Interest, true},
		{"exchange_at by default", c.Venue.Money.ExchangeAt["USDT"].String(), "200000"},
		{"auto_repay", c.Venue.Money.AutoRepay, false},
		{"slippage", c.Venue.Slippage, exchange.MustFixed("0.0002")},
		{"unimmr_min", c.Risk.UniMMRMin.String(), "2.5"},
		{"clock", c.Data.Clock, tape.CorrectedClock},
		{"latency_base", c.Data.LatencyBase, 5 * time.Millisecond},
		{"fresh_mark", c.Risk.FreshMark, 90 * time.Second},
		{"label", c.Strategies[0].Label, "trend-um"},
		{"label from a flag", c.Strategies[1].Label, "7"},
		// Parameters arrive with the digits that were written.
		{"params.fast", c.Strategies[0].Params["fast"], "10"},
		{"params.qty", c.Strategies[0].Params["qty"], "0.010"},
		{"params.slow_exit", c.Strategies[0].Params["slow_exit"], "true"},
		{"params.slow", c.Strategies[0].Params["slow"], "30"},
		{"params.wait", c.Strategies[0].Params["wait"], "8h"},
	} {
		if check.got != check.want {
			t.Errorf("%s is %v, want %v", check.name, check.got, check.want)
		}
	}
}

// TestEffectiveConfig checks that the written configuration gives the same run again.
func TestEffectiveConfig(t *testing.T) {
	c, err := load(t, smallConfig, "strategy.1.label=other", "data.clock=local")
	if err != nil {
		t.Fatal(err)
	}
	text, err := c.effective()
	if err != nil {
		t.Fatal(err)
	}
	again, err := load(t, text)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if twice, err := again.effective(); err != nil || twice != text {
		t.Errorf("%v: written again it is\n%s\nand first it was\n%s", err, twice, text)
	}
}

func TestConfigMistakes(t *testing.T) {
	for _, test := range []struct{ replace, with, want string }{
		{`seed = 7`, `sead = 7`, "x.toml:2: sead: unknown key; did you mean seed?"},
		{`leverage = 5`, `leverag = 5`, "x.toml:8: account.leverag: unknown key; did you mean leverage?"},
		{`unimmr_min = "2.5"`, `uni_mmr_min = "2.5"`, "x.toml:13: risk.uni_mmr_min: unknown key; did you mean unimmr_min?"},
		{`[risk]`, `[riks]`, "x.toml:12: riks: unknown key; did you mean risk?"},
		{`cm.taker = 0.00050`, `cm.takr = 0.0005`, "x.toml:11: venue.cm.takr: unknown key; did you mean taker?"},
		{`label = "trend-um"`, `lable = "trend-um"`, "x.toml:17: strategy.0.lable: unknown key; did you mean label?"},
		{`seed = 7`, `zzzzzzzzzzzz = 7`, "x.toml:2: zzzzzzzzzzzz: unknown key; there are account, data, from, risk, sample, seed, services, strategy, strict, to, venue"},
		{`seed = 7`, `seed = "7"`, "x.toml:2: seed: want a whole number"},
		{`seed = 7`, `seed = -7`, "x.toml:2: seed: -7 is out of range"},
		{`seed = 7`, `sample = 90`, `x.toml:2: sample: "90" is not a duration; write a number with its unit, such as "90s" or "8h"`},
		{`seed = 7`, `strict = "yes"`, "x.toml:2: strict: want true or false"},
		{`seed = 7`, `seed = 7 7`, "x.toml:2: "},
		{`seed = 7`, "seed = 7\nseed = 8", "x.toml:3: "},
		{`from = 2024-01-01`, `from = 2024-01-01T00:00:00`, `x.toml:3: from: "2024-01-01T00:00:00" is neither a date nor a time with zone`},
		{`from = 2024-01-01`, `from = 2025-01-01`, "x.toml:4: to: 2024-02-01T00:00:00Z is not after from"},
		{`tape = "tape"`, `tape = 5`, "x.toml:6: data.tape: want text in quotes"},
		{`tape = "tape"`, `generate.bar = "7m"`, "x.toml:6: data.generate.bar: 7m0s is not whole minutes that divide 8h"},
		{`tape = "tape"`, `generate.coin = "DOGE"`, `x.toml:6: data.generate.coin: "DOGE" is neither BTC nor ETH`},
		{`tape = "tape"`, "[[data.generate.move]]\nat = \"1h\"\nfor = \"10m\"\nasset = \"USDE\"\nby = \"-0.3\"", `x.toml:9: data.generate.move.0.asset: "USDE" is neither the coin BTC nor one of the others []`},
		{`tape = "tape"`, "[[data.generate.move]]\nat = \"1h\"\nfor = \"90s\"\nasset = \"BTC\"\nby = \"-0.3\"", `x.toml:8: data.generate.move.0.for: 1m30s must be a whole number of bars (1m0s), and one at least`},
		{`tape = "tape"`, "[[data.generate.move]]\nat = \"1h\"\nfor = \"10m\"\nasset = \"BTC\"\nby = \"-1\"", `x.toml:10: data.generate.move.0.by: -1 must be above -1 and at most 10`},
		{`tape = "tape"`, `clock = "utc"`, `x.toml:6: data.clock: `},
		{`tape = "tape"`, `match = "ticks"`, `x.toml:6: data.match: `},
		{`tape = "tape"`, `latency_base = "5ms"`, `x.toml:6: data.latency_base: goes with clock = "corrected" only, not with exchange`},
		{"cm.taker = 0.00050", "latency.entry = \"soon\"", `x.toml:11: venue.latency.entry: delay "soon": "soon" is none of: 20ms, 10ms..40ms, 20ms tail 5ms, recorded`},
		{"cm.taker = 0.00050", "latency.feed = \"recorded\"", `x.toml:11: venue.latency.feed: recorded delays need the times of the recorder: set data.clock to "corrected" or "local"`},
		{"cm.taker = 0.00050", "faults = [\"at 1h outtage 90s\"]", `x.toml:11: venue.faults: fault 1, column 7: "outtage" where a fault (lose-request, lose-ack, duplicate, delay, reorder, reject, outage, adl, collateral, brackets, status, filter, leverage, fees, interest, borrowable) should stand: at 1h outtage 90s`},
		{`tape = "tape"`, "clock = \"corrected\"\nlatency_base = \"2h\"", `x.toml:7: data.latency_base: 2h0m0s is not within 0s to 1h`},
		{`cm.taker = 0.00050`, `money.exchange_cost = "0.2"`, `x.toml:11: venue.money.exchange_cost: 0.2 is not within 0 to 0.1`},
		{`cm.taker = 0.00050`, `money.rates = { usdt = "0.1" }`, `x.toml:11: venue.money.rates.usdt: "usdt" is not an asset`},
		{`cm.taker = 0.00050`, `money.rates = { USDT = "0.1" }`, `x.toml:11: venue.money.rates.USDT: 0.1 is not within 0 to 0.01; rates are hourly`},
		{`cm.taker = 0.00050`, `money.negative_free = { USDT = "-1" }`, `x.toml:11: venue.money.negative_free.USDT: -1 is below zero`},
		{`cm.taker = 0.00050`, "[[venue.fee]]\nsymbol = \"BTCUSDC\"\ntaker = 1", `x.toml:12: venue.fee.0.symbol: "BTCUSDC" is not PRODUCT:SYMBOL`},
		{`cm.taker = 0.00050`, "[[venue.fee]]\nsymbol = \"UM:BTCUSDC\"\ntaker = -0.0001", `x.toml:13: venue.fee.0.taker: -0.0001 is below zero`},
		{`cm.taker = 0.00050`, "[[venue.fee]]\nsymbol = \"UM:BTCUSDC\"\n[[venue.fee]]\nsymbol = \"UM:BTCUSDC\"", `x.toml:14: venue.fee.1.symbol: UM:BTCUSDC has a fee already`},
		{`cm.taker = 0.00050`, `cm.taker = -0.0001`, `x.toml:11: venue.cm.taker: -0.0001 is below zero: only a maker is paid`},
		{`cm.taker = 0.00050`, `ladder.liquidation = "0"`, `x.toml:11: venue.ladder.liquidation: 0 is not within 1 to 10`},
		{`cm.taker = 0.00050`, `ladder.margin_call = "11"`, `x.toml:11: venue.ladder.margin_call: 11 is not within 1 to 10`},
		{`cm.taker = 0.00050`, `ladder.liquidation = "1.3"`, `x.toml:11: venue.ladder.liquidation: 1.3 is above the line before it, 1.2`},
		{`cm.taker = 0.00050`, `liquidation.loan_clearance = "0.2"`, `x.toml:11: venue.liquidation.loan_clearance: 0.2 is not within 0 to 0.1`},
		{`cm.taker = 0.00050`, `liquidation.insurance_fund = "-1"`, `x.toml:11: venue.liquidation.insurance_fund: -1 USD is below zero`},
		{`cm.taker = 0.00050`, `queue = "lucky"`, `x.toml:11: venue.queue: "lucky" is not conservative, probabilistic`},
		{`cm.taker = 0.00050`, `orders_per_minute = -1`, "x.toml:11: venue.orders_per_minute: -1 is not within 0 to 1000000"},
		{`leverage = 5`, `leverage = 500`, "x.toml:8: account.leverage: 500 is not within 1 to 125"},
		{`USDT = "10000"`, `USDT = "ten"`, `x.toml:9: account.margin.USDT: "ten" is not a decimal number`},
		{`USDT = "10000"`, `USDT = "-1"`, `x.toml:9: account.margin.USDT: -1 is below zero`},
		{`USDT = "10000"`, `USDT = "1e16"`, `x.toml:9: account.margin.USDT: 10000000000000000 is more than a wallet may start with, 1000000000000`},
		{`USDT = "10000"`, `usdt = "1"`, `x.toml:9: account.margin.usdt: "usdt" is not an asset`},
		{`margin = { USDT = "10000", BTC = 0.10 }`, ``, `x.toml:7: account: the account holds nothing`},
		{`cm.taker = 0.00050`, `cm.taker = 0.05`, "x.toml:11: venue.cm.taker: 0.05 is more than 1% of the notional"},
		{`cm.taker = 0.00050`, `cm.taker = 0x10`, "x.toml:11: venue.cm.taker: "},
		{`unimmr_min = "2.5"`, `unimmr_min = "1.0"`, "x.toml:13: risk.unimmr_min: is 1"},
		{`fresh_mark = "90s"`, "[services]\nauto_repay = \"some\"", `x.toml:15: services.auto_repay: "some" is none of off, house and all`},
		{`fresh_mark = "90s"`, "[services]\nbnb_low = \"2\"\nbnb_high = \"2\"", "x.toml:16: services.bnb_high: 2 is not above bnb_low, 2"},
		{`label = "trend-um"`, `label = "trend"`, `x.toml:23: strategy.1.label: "trend" names two strategies`},
		{`label = "trend-um"`, `label = "Trend UM"`, `x.toml:17: strategy.0.label: "Trend UM" is not 1 to 32 letters`},
		{`plugin = "trend"`, ``, "x.toml:15: strategy.trend-um: plugin is missing"},
		{`label = "trend-um"`, `sha256 = "abc"`, `x.toml:17: strategy.0.sha256: "abc" is not 64`},
		{`label = "trend-um"`, `sha256 = "` + strings.Repeat("0", 64) + `"`, "x.toml:17: strategy.0.sha256: trend is bundled"},
		{`fast = 10`, `fast = [10]`, "x.toml:20: strategy.trend-um.params.fast: want text, a number or true or false"},
		{`[strategy.params]`, `params = 3`, "strategy.trend-um.params: want a table"},
	} {
		text := strings.Replace(smallConfig, test.replace, test.with, 1)
		if text == smallConfig {
			t.Fatalf("%q is not in the configuration", test.replace)
		}
		_, err := load(t, text)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %s", test.with, err, test.want)
		}
		var f *failure
		if !errors.As(err, &f) || f.code != exitConfig {
			t.Errorf("%s: the error does not carry exit code 3", test.with)
		}
	}
}

// TestShippedConfigs loads every file of configs, and holds those that explain a kind of
// configuration to their promise that they show every key.
func TestShippedConfigs(t *testing.T) {
	files, err := fs.Glob(configs.FS, "*.toml")
	if err != nil || len(files) < 5 {
		t.Fatalf("%v, %v", files, err)
	}
	other := map[string]struct {
		load func(name, text string) error
		keys reflect.Type
	}{
		"live.toml": {
			func(name, text string) error { _, err := loadLive(name, text, nil); return err },
			reflect.TypeFor[liveConfig](),
		},
		"watchdog.toml": {
			func(name, text string) error { _, err := loadWatchdog(name, text, nil); return err },
			reflect.TypeFor[watchdogConfig](),
		},
		"run.toml":      {load: func(name, text string) error { _, _, err := loadBot(name, text, nil); return err }},
		"sim-busy.toml": {load: func(name, text string) error { _, err := loadSim(&simText{name, text}, nil, nil); return err }},
	}
	for _, name := range files {
		if slices.Contains([]string{"sim.toml", "download.toml", "record.toml"}, name) {
			continue // see TestSimConfig, which makes an exchange of it, TestDownloadConfig and TestRecordDefaults
		}
		text, err := configs.FS.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		keys := reflect.TypeFor[backtest.Config]()
		if kind, ok := other[name]; ok {
			err, keys = kind.load(name, string(text)), kind.keys
		} else if _, err = loadConfig(name, string(text), nil); name != "backtest.toml" {
			keys = nil
		}
		if err != nil {
			t.Errorf("%v", err)
		}
		doc, err := parseDocument(name, string(text))
		if err != nil || keys == nil {
			continue
		}
		for _, key := range keysOf(keys, "") {
			if _, ok := doc.at[key]; !ok && !explained(string(text), key) {
				t.Errorf("%s does not show %s", name, key)
			}
		}
	}
}

// explained says whether a key, whose default is that it is not there, is in an example among
// the comments.
func explained(text, key string) bool {
	for _, table := range [...]string{"risk.override", "risk.budget", "data.generate.move"} {
		if key == table {
			return strings.Contains(text, "# [["+table+"]]")
		}
		if name, is := strings.CutPrefix(key, table+".0."); is {
			return strings.Contains(text, "\n# "+name+" = ")
		}
	}
	if name, is := strings.CutPrefix(key, "strategy.0.allow"); is {
		return strings.Contains(text, "\n# [strategy.allow]\n") && (name == "" || strings.Contains(text, "\n# "+name[1:]+" = "))
	}
	return false
}

// keysOf lists the keys of a configuration struct.
func keysOf(typ reflect.Type, prefix string) []string {
	var keys []string
	for i := range typ.NumField() {
		f := typ.Field(i)
		if f.Anonymous {
			keys = append(keys, keysOf(f.Type, prefix)...)
			continue
		}
		key := prefix + f.Tag.Get("toml")
		keys = append(keys, key)
		table := func(t reflect.Type) bool {
			return t.Kind() == reflect.Struct && !reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
		}
		switch {
		case table(f.Type):
			keys = append(keys, keysOf(f.Type, key+".")...)
		case f.Type.Kind() == reflect.Slice && table(f.Type.Elem()):
			keys = append(keys, keysOf(f.Type.Elem(), key+".0.")...)
		}
	}
	return keys
}

func TestAllMistakesAreReported(t *testing.T) {
	text := strings.NewReplacer("seed", "sead", "unimmr_min", "unimr_min", "leverage = 5", "leverage = true").Replace(smallConfig)
	_, err := load(t, text, "strategy.0.plugn=x")
	want := `--set strategy.0.plugn=x: strategy.trend-um.plugn: unknown key; did you mean plugin?
x.toml:2: sead: unknown key; did you mean seed?
x.toml:8: account.leverage: want a whole number
x.toml:13: risk.unimr_min: unknown key; did you mean unimmr_min?`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestBadOverrides(t *testing.T) {
	for set, want := range map[string]string{
		"strategy.2.label=x":    `--set strategy.2.label=x: there is no "2" among trend-um, trend`,
		"strategy.mean.label=x": `there is no "mean" among trend-um, trend`,
		"strategy.0=x":          "strategy.0 names a whole table",
		"seed.x=1":              "seed is a value, not a table",
		"seed=x":                "--set seed=x: seed: want a whole number",
		"data.tap=x":            "--set data.tap=x: data.tap: unknown key; did you mean tape?",
		`"data"."tap"=x`:        `--set "data"."tap"=x: data.tap: unknown key; did you mean tape?`,
		`account."key"=hidden`:  `--set account.key=…: `,
	} {
		if _, err := load(t, smallConfig, set); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", set, err, want)
		}
	}
}

func TestParamsWrong(t *testing.T) {
	c, err := load(t, smallConfig)
	if err != nil {
		t.Fatal(err)
	}
	err = c.paramsWrong(0, strategy.ParamErrors{{Name: "fast", Problem: "10 is below the least, 20"}, {Name: "size", Problem: "must be set"}})
	want := "x.toml:18: strategy.trend-um.params.size: must be set\nx.toml:20: strategy.trend-um.params.fast: 10 is below the least, 20"
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

// FuzzDocument checks that every value of every valid text has a place, and that no text
// makes the reader panic.
func FuzzDocument(f *testing.F) {
	f.Add(smallConfig)
	f.Add("a = '''\n]''' # x\n'k.\"' = \"\\\"\\u0041\"\n\"k\\u0041\" = [[1, 2], # c\n [ {x.y = 1}, '''q''']]\n[[t]]\n[t.u]\nv=1\n[[t.w]]\nx = {}\n[[t]]\n[[t.w]]\n[[t.w]]\nz = \"\"\"a\"b\"\"\"\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := parseDocument("x", text)
		if err != nil {
			return
		}
		c := defaultConfig()
		d.decode(&c)
		walk(t, d, nil, d.tree)
	})
}

func walk(t *testing.T, d *document, path toml.Key, v any) {
	if at, ok := d.at[path.String()]; len(path) > 0 && (!ok || at.line < 1) {
		t.Fatalf("%s has no place", path)
	}
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			walk(t, d, join(path, k), e)
		}
	case []map[string]any:
		for i, e := range v {
			walk(t, d, join(path, strconv.Itoa(i)), e)
		}
	case []any:
		for i, e := range v {
			walk(t, d, join(path, strconv.Itoa(i)), e)
		}
	case int64, float64, time.Time:
		if d.at[path.String()].raw == "" {
			t.Fatalf("%s has no spelling", path)
		}
	}
}
