package venue

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/riskguard/margin"
)

func TestNewRefuses(t *testing.T) {
	one := decimal.NewFromInt(1)
	for want, damage := range map[string]func(*Config){
		"no instruments":                   func(c *Config) { c.Instruments = nil },
		"no margin tables":                 func(c *Config) { c.Tables = nil },
		"slippage -0.1":                    func(c *Config) { c.Slippage = -exchange.FixedOne / 10 },
		"slippage 1":                       func(c *Config) { c.Slippage = exchange.FixedOne },
		"leverage 0":                       func(c *Config) { c.Leverage = 0 },
		"leverage 126":                     func(c *Config) { c.Leverage = 126 },
		"fees of CM":                       func(c *Config) { c.CM.Maker = -exchange.FixedOne },
		"no maintenance brackets":          func(c *Config) { tables := *c.Tables; tables.CM = nil; c.Tables = &tables },
		"no such asset or wallet":          func(c *Config) { c.Balances = []Balance{{exchange.WalletUM, "", one}} },
		"of \"BTC\" in Wallet(9)":          func(c *Config) { c.Balances = []Balance{{9, "BTC", one}} },
		"of BTC in LOAN: -1 is below zero": func(c *Config) { c.Balances = []Balance{{exchange.WalletLoan, "BTC", one.Neg()}} },
		"of USDT in UM: -1 is below zero":  func(c *Config) { c.Balances = []Balance{{exchange.WalletUM, "USDT", one.Neg()}} },
		"of USDT in UM: 10000000000000000 is more than a wallet may start with, 1000000000000": func(c *Config) {
			c.Balances = []Balance{{exchange.WalletUM, "USDT", decimal.New(1, 16)}}
		},
		"in UM: 1000000000001 is more": func(c *Config) {
			c.Balances = []Balance{{exchange.WalletUM, "USDT", decimal.New(1, 12)}, {exchange.WalletUM, "USDT", one}}
		},
		"1e999999999 is not written": func(c *Config) { c.Balances = []Balance{{exchange.WalletUM, "USDT", decimal.New(1, 999999999)}} },
		"of no known product":        func(c *Config) { c.Instruments, _ = exchange.NewInstruments(exchange.Instrument{Symbol: "X"}) },
		"no maintenance rate for le": func(c *Config) { tables := *c.Tables; tables.Loan = []margin.LoanRate{}; c.Tables = &tables },
	} {
		c := testConfig()
		damage(&c)
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// The largest start balance that New takes can be booked and valued, in every wallet.
func TestStartLargest(t *testing.T) {
	c := testConfig()
	for w := exchange.WalletMargin; w <= exchange.WalletInterest; w++ {
		c.Balances = append(c.Balances, Balance{w, "USDT", decimal.New(1, 12)})
	}
	v := newVenue(t, c)
	v.Start(1)
	e := exchange.Event{At: 1}
	e.SetAssetIndex(&exchange.AssetIndex{Asset: "USDT", Price: exchange.FixedMax})
	v.Market(&e)
	if n := len(v.Events()); n <= len(c.Balances) {
		t.Errorf("%d events, want an entry for each of %d wallets and the account", n, len(c.Balances))
	}
}

// Only the guard can make an approval; the zero one names no instrument.
func TestSubmitZeroApproval(t *testing.T) {
	v := newVenue(t, testConfig())
	v.Submit(riskguard.Approved{}, 1)
	if got := printAll(v.Events()); got != "0 order  REJECTED filled 0 of 0 (-1121) Invalid symbol. [retryable]\n" {
		t.Errorf("got %q", got)
	}
}

// Events are handed out once and stay good until the next time, also when orders are sent
// while they are read.
func TestEventsLifetime(t *testing.T) {
	c := testConfig()
	c.Balances = []Balance{{exchange.WalletUM, "USDT", decimal.NewFromInt(100)}}
	v := newVenue(t, c)
	v.Start(1)
	first := v.Events()
	v.Cancel(exchange.Order{ClientID: "a", Request: exchange.OrderRequest{Inst: 1}}, 3)
	v.receive(exchange.Order{ClientID: "b"}, false, 3)
	if got := printAll(first); got != "0 ledger USDT UM DEPOSIT 100 -> 100\n" {
		t.Errorf("after a cancel and an order the events read %q", got)
	}
	if n := len(v.Events()); n != 2 {
		t.Errorf("two calls without reading keep %d events, want 2", n)
	}
	if n := len(v.Events()); n != 0 {
		t.Errorf("got %d events twice", n)
	}
}
