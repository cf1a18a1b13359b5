package main

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/configs"
	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
)

// TestRunDefaults holds configs/run.toml to its promises: it shows every key but those that
// backtest.toml explains, and tells the defaults.
func TestRunDefaults(t *testing.T) {
	text, err := configs.FS.ReadFile("run.toml")
	if err != nil {
		t.Fatal(err)
	}
	told, doc, err := loadBot("run.toml", string(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keysOf(reflect.TypeFor[runConfig](), "") {
		elsewhere := strings.HasPrefix(key, "paper.venue.") || strings.HasPrefix(key, "data.")
		for _, name := range []string{"from", "to", "sample", "strict"} {
			elsewhere = elsewhere || key == name
		}
		if _, shown := doc.at[key]; !shown && !elsewhere && !explained(string(text), key) {
			t.Errorf("run.toml does not show %s", key)
		}
	}
	plain := defaultRun()
	told.Strategies, told.Paper.Margin, told.Paper.UM, told.Paper.CM = nil, nil, nil, nil
	told.Instruments = nil
	if told, plain := fmt.Sprintf("%+v", *told), fmt.Sprintf("%+v", plain); told != plain {
		t.Errorf("run.toml tells\n%s\nthe defaults are\n%s", told, plain)
	}
}

// runText is a small configuration of a bot.
const runText = `[paper.margin]
USDT = "10000"
[[strategy]]
plugin = "trend"
[strategy.params]
symbol = "UM:BTCUSDT"
`

func TestBadRunConfigs(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"mode = \"live\"", "x.toml:1: mode: unknown key"},
		{"[stop]\npolicy = \"run\"", `x.toml:2: stop.policy: "run" is none of cancel, keep and flatten`},
		{"[stop]\nwithin = \"0s\"", "x.toml:2: stop.within: 0s is not within 1s to 10m0s"},
		{"[reconcile]\nresume = \"never\"", `x.toml:2: reconcile.resume: "never" is neither auto nor manual`},
		{"[reconcile]\ninterval = \"0s\"", "x.toml:2: reconcile.interval: 0s is not within 1s to 1h0m0s"},
		{"[reconcile]\norders = \"report\"", `x.toml:2: reconcile.orders: "report" is none of cancel, adopt and halt`},
		{"[reconcile]\npositions = \"cancel\"", `x.toml:2: reconcile.positions: "cancel" is none of halt and adopt`},
		{"[reconcile]\nbalances = \"and\"", `x.toml:2: reconcile.balances: "and" is none of adopt and halt`},
		{"[reconcile]\nforeign = \"\"", `x.toml:2: reconcile.foreign: "" is none of report and halt`},
		{"[account]\norder_prefix = \"ninechars\"", `x.toml:2: account.order_prefix: "ninechars" has 9 characters, not 1 to 8`},
		{"[account]\norder_prefix = \"a b\"", `x.toml:2: account.order_prefix: a prefix of client ids has letters, digits and .:_- only`},
		{"[account]\norder_prefix = \"\"", `x.toml:2: account.order_prefix: "" has 0 characters, not 1 to 8`},
		{"[log]\nlevel = \"loud\"", `x.toml:2: log.level: "loud" is none of debug, info, warn and error`},
		{"[log]\nbytes = 1", "x.toml:2: log.bytes: 1 is not within"},
		{"[journal]\nsync = \"soon\"", "x.toml:2: journal.sync: \"soon\" is none of always, orders, never"},
		{"[exchange]\npapi = \"http://127.0.0.1:1\"", "papi and user go together"},
		{"[exchange]\nuser = \"http://127.0.0.1:1\"", "x.toml:2: exchange.user: \"http://127.0.0.1:1\" is not the base URL of a user stream"},
		{"[feed]\nrotate = \"1s\"", "x.toml:2: feed.rotate: 1s is not within"},
		{"[paper.margin]\nusdt = \"1\"", `x.toml:2: paper.margin.usdt: "usdt" is not an asset`},
		{"[paper]\nleverage = 0", "x.toml:2: paper.leverage: 0 is not within 1 to 125"},
		{"[paper.venue.um]\ntaker = \"0.1\"", "x.toml:2: paper.venue.um.taker: 0.1 is more than 1%"},
		{"[paper.venue.latency]\nfeed = \"20ms\"", "x.toml:2: paper.venue.latency.feed: \"20ms\": live data takes its own time"},
		{"[risk]\nunimmr_min = \"1\"", "x.toml:2: risk.unimmr_min:"},
		{"[record]\ndir = \"a\"\nflush = \"1ms\"", "x.toml:3: record.flush: 1ms is not within"},
		{"[alert]\nwebhook = \"http://x.example/token\"", "x.toml:2: alert.webhook: it must begin with https://"},
		{"[alert]\nwebhook = \"hooks.example/token\"", "x.toml:2: alert.webhook: it is not an address such as https://hooks.example.com/bot; or say where it is"},
		{"[alert]\ntoken = \"abc\"", "x.toml:2: alert.token: it must say where the value is"},
		{"[alert]\ntoken = \"env:A\"", "x.toml:2: alert.token: there is no webhook"},
		{"[alert]\nseverity = \"LOUD\"", `x.toml:2: alert.severity: "LOUD" is none of INFO, WARNING and CRITICAL`},
		{"[alert]\nrepeat = \"59s\"", "x.toml:2: alert.repeat: 59s is neither 0s, which is never, nor within 1m to 24h"},
		{"[alert]\nevery = \"9s\"\nwebhook = \"env:A\"", "x.toml:2: alert.every: 9s is neither 0s, which is never, nor within 10s to 24h"},
		{"[alert]\nevery = \"1m\"", "x.toml:2: alert.every: heartbeats have no address"},
		{"[alert]\nheartbeat = \"env:A\"", "x.toml:2: alert.heartbeat: is given without alert.every"},
		{"[account]\nkey = \"0123\"", "x.toml:2: account.key: it must say where the value is"},
		{"", "paper: the account holds nothing"},
	} {
		_, _, err := loadBot("x.toml", test.text, nil)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: got %v, want %s", test.text, err, test.want)
		}
	}
	if _, _, err := loadBot("x.toml", runText, nil); err != nil {
		t.Error(err)
	}
}

// TestOneFile: what runs a bot is tested and examined, too.
func TestOneFile(t *testing.T) {
	text, err := configs.FS.ReadFile("run.toml")
	if err != nil {
		t.Fatal(err)
	}
	test, err := loadConfig("run.toml", string(text), []override{{"--set", "data.generate.days", "2"}})
	if err != nil {
		t.Fatal(err)
	}
	if usdt := test.Account.Margin["USDT"].String(); usdt != "10000" || test.Data.Generate.Days != 2 || test.Strategies[0].Label != "trend" {
		t.Errorf("a backtest would have %s USDT, %+v and %+v", usdt, test.Data, test.Strategies)
	}
	if _, err := loadConfig("run.toml", string(text)+"\ntap = \"x\"", nil); err == nil || !strings.Contains(err.Error(), "data.tap: unknown key; did you mean tape?") {
		t.Errorf("a misspelt key: %v", err)
	}
	live, err := loadLive("run.toml", string(text), nil)
	if err != nil || live.Account.Name != "main" {
		t.Errorf("doctor would have %+v, %v", live, err)
	}
	for _, section := range []string{"[risk]\nborrow_max_usd = \"1\"", "[[strategy]]\nplugin = \"trend\""} {
		if _, err := loadLive("bot.toml", section, nil); err == nil || !strings.HasPrefix(err.Error(), "paper: the account holds nothing") {
			t.Errorf("doctor of a bot without its dry run's account: %v", err)
		}
	}
}

// TestRemedies: the default words are the kernel's own defaults, and every word that a
// configuration takes is one that the kernel takes.
func TestRemedies(t *testing.T) {
	r := defaultRun().Reconcile
	want := engine.Reconcile{Orders: exchange.RemedyCancel, Positions: exchange.RemedyHalt, Balances: exchange.RemedyAdopt, Foreign: exchange.RemedyReport}
	if got := r.policy(); got != want {
		t.Errorf("the default is %+v, and the kernel's %+v", got, want)
	}
	words := slices.Sorted(maps.Keys(remedies))
	for _, field := range []*string{&r.Orders, &r.Positions, &r.Balances, &r.Foreign} {
		was := *field
		for _, *field = range words {
			var wrong []string
			r.check(func(key, format string, args ...any) { wrong = append(wrong, fmt.Sprintf(key+": "+format, args...)) })
			policy := r.policy()
			if err := policy.Check(); (err == nil) != (wrong == nil) {
				t.Errorf("the configuration says %q, the kernel %v", wrong, err)
			}
		}
		*field = was
	}
}

// TestOrderPrefix: with the longest prefix that is taken, ids begin as the kernel wants it.
func TestOrderPrefix(t *testing.T) {
	cfg := defaultRun()
	cfg.Account.OrderPrefix = strings.Repeat("p", orderPrefixMax)
	b := &bot{cfg: &cfg, started: exchange.TimeOf(time.Date(2059, 1, 1, 0, 0, 0, 0, time.UTC))}
	if err := errors.Join(checkOrderPrefix(cfg.Account.OrderPrefix), engine.CheckPrefix(b.prefix())); err != nil {
		t.Error(err)
	}
	if err := checkOrderPrefix(cfg.Account.OrderPrefix + "p"); err == nil {
		t.Error("a prefix that is too long was taken")
	}
}
