package main

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/configs"
	"github.com/pmbot/pmbot/exchange"
)

// TestSimConfig loads configs/sim.toml, holds it to its promise that it shows every key, and
// makes an exchange of it.
func TestSimConfig(t *testing.T) {
	text, err := configs.FS.ReadFile("sim.toml")
	if err != nil {
		t.Fatal(err)
	}
	c, err := loadSim(&simText{"sim.toml", string(text)}, nil, []override{{"--set market.warmup=1s", "market.warmup", "1s"}})
	if err != nil {
		t.Fatal(err)
	}
	doc, err := parseDocument("sim.toml", string(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keysOf(reflect.TypeFor[simConfig](), "") {
		if _, ok := doc.at[key]; !ok && !strings.HasSuffix(key, ".") { // the fields of a symbol have no keys
			t.Errorf("sim.toml does not show %s", key)
		}
	}
	m, err := openSimMarket(c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newSim(t.Context(), c, m, nil); err != nil {
		t.Fatal(err)
	}
}

// TestSimDefaults holds sim.toml to the defaults that it tells.
func TestSimDefaults(t *testing.T) {
	text, err := configs.FS.ReadFile("sim.toml")
	if err != nil {
		t.Fatal(err)
	}
	told, err := loadSim(&simText{"sim.toml", string(text)}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	plain := defaultSim()
	told.Market.Prices, told.Market.ExchangeInfo, told.Market.Brackets = nil, nil, nil
	told.Account.Margin, told.Account.UM, told.Account.CM, told.Account.Loans = nil, nil, nil, nil
	told.Positions, told.Keys = nil, nil
	if !reflect.DeepEqual(*told, plain) {
		t.Errorf("sim.toml tells\n%+v\nthe defaults are\n%+v", *told, plain)
	}
}

func TestBadSimConfigs(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"spead = 2", "x.toml:1: spead: unknown key; did you mean speed?"},
		{"speed = 0", "x.toml:1: speed: 0 is not within 1 to 10000"},
		{"[market]\ncoins = [\"DOGE\"]", `x.toml:2: market.coins.0: "DOGE" is none of BTC, ETH, BNB`},
		{"[market]\ncoins = []", "x.toml:2: market.coins: there is none"},
		{"[market]\nwarmup = \"48h\"", "x.toml:2: market.warmup: 48h0m0s is not within 0s to 24h"},
		{"[account]\nkind = \"PM\"", `x.toml:2: account.kind: "PM" is none of PM_2`},
		{"[account]\nleverage = 126", "x.toml:2: account.leverage: 126 is not within 1 to 125"},
		{"[account]\nvip = 10", "x.toml:2: account.vip: 10 is not within 0 to 9"},
		{"[account.margin]\nusdt = 1", `x.toml:2: account.margin.usdt: "usdt" is not an asset`},
		{"[account.loans]\nUSDT = -1", "x.toml:2: account.loans.USDT: "},
		{"[[position]]\nqty = 1", "x.toml:1: position.0: symbol is missing, such as UM:BTCUSDT"},
		{"[[position]]\nsymbol = \"UM:BTCUSDT\"\nside = \"UP\"", "x.toml:3: position.0.side: "},
		{"[[key]]\nsecret = \"s\"", "x.toml:1: key.0: id is missing"},
		{"[[key]]\nid = \"k\"", "x.toml:1: key.0: it needs either a secret"},
		{"[market]\nalts = 1000", "x.toml:2: market.alts: 1000 is not within 0 to 999"},
		{"[market]\nalts = 3\nunlisted = 4", "x.toml:3: market.unlisted: 4 is not within 0 to the 3 of market.alts"},
		{"[limits]\nunread = 1000001", "x.toml:2: limits.unread: 1000001 is above 1000000"},
		{"[limits]\nburst = 0", "x.toml:2: limits.burst: 0 is not at least 1"},
		{"[um]\nmaker = 0.02", "x.toml:1: um: a fee is more than 1% of the notional"},
	} {
		_, err := loadSim(&simText{"x.toml", test.text}, nil, nil)
		var f *failure
		if err == nil || !strings.HasPrefix(err.Error(), test.want) || !errors.As(err, &f) || f.code != exitConfig {
			t.Errorf("%q: got %v, want %s", test.text, err, test.want)
		}
	}
}

// TestAccountsFile puts one account in the place of another.
func TestAccountsFile(t *testing.T) {
	config := &simText{"x.toml", "[account]\nleverage = 5\n[account.margin]\nUSDT = 7\n[[position]]\nsymbol = \"UM:BTCUSDT\"\nqty = 1\nentry = 5"}
	c, err := loadSim(config, &simText{"poor.toml", "[account.cm]\nBTC = \"0.5\"\n[account.loans]\nUSDT = \"3\""}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Account.Leverage != 5 || len(c.Account.Margin) != 0 || len(c.Positions) != 0 || len(c.balances()) != 2 {
		t.Errorf("got %+v with %v", c.Account, c.Positions)
	}
	for _, text := range []string{"", "[[key]]\nid = \"k\"", "[account]\nleverage = 0"} {
		if _, err := loadSim(config, &simText{"poor.toml", text}, nil); err == nil || !strings.HasPrefix(err.Error(), "poor.toml:") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestQuarterlies holds the days on which contracts are delivered: the last Fridays of
// March, June, September and December at 08:00 UTC.
func TestQuarterlies(t *testing.T) {
	for _, test := range []struct{ at, this, next string }{
		{"2026-11-23T00:00:00Z", "261225", "270326"},
		{"2026-12-25T07:59:59Z", "261225", "270326"},
		{"2026-12-25T08:00:00Z", "270326", "270625"},
		{"2026-12-31T00:00:00Z", "270326", "270625"},
		{"2024-06-01T00:00:00Z", "240628", "240927"},
	} {
		at, err := time.Parse(time.RFC3339, test.at)
		if err != nil {
			t.Fatal(err)
		}
		list := quarterlies(exchange.Instrument{Pair: "BTCUSDT"}, exchange.TimeOf(at))
		if list[0].Symbol != "BTCUSDT_"+test.this || list[1].Symbol != "BTCUSDT_"+test.next {
			t.Errorf("%s: %s and %s", test.at, list[0].Symbol, list[1].Symbol)
		}
	}
}

// TestUnpricedAssets: an asset without a price would stop all trading without a word.
func TestUnpricedAssets(t *testing.T) {
	ins, err := listed([]string{"BTC"}, 0, 0, exchange.TimeOf(time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := loadSim(nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	left, err := plain.fitMarket(ins, false)
	if err != nil || strings.Join(left, " ") != "BNB ETH" || len(plain.balances()) != 4 {
		t.Errorf("the account of the defaults: left %v, holds %v, %v", left, plain.balances(), err)
	}
	for _, accounts := range []*simText{nil, {"rich.toml", "[account.um]\nBNB = 1"}} {
		c, err := loadSim(&simText{"x.toml", "[account.um]\nBNB = 1"}, accounts, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.fitMarket(ins, true); err == nil || !strings.HasPrefix(err.Error(), "account.um.BNB: the market has no price of BNB") {
			t.Errorf("got %v", err)
		}
	}
}
