package engine

import (
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// serviced carries out a line about services:
//
//	services repay=house after=2m min=10 keep=USDT:100 collect negative=50 low=1 high=2 buy
//	served
//	restore [unpermitted]
//
// services makes a new kernel that has them, with a pair for BNB; restore goes on with one that
// was brought back from a snapshot.
func (b *bench) serviced(f []string) error {
	switch f[0] {
	case "served":
		for _, s := range b.kernel.Services() {
			b.say("%s s%d %v %s: %s", s.Name, s.Strategy, s.Amount, s.Asset, s.Refused)
		}
		return nil
	case "restore":
		text := b.kernel.Snapshot()
		c := b.servicedBy(b.kernel.services.config, len(f) == 1)
		k, err := Restore(c, text)
		if err != nil {
			return err
		}
		if string(k.Snapshot()) != string(text) {
			b.t.Errorf("restored otherwise:\n%s", k.Snapshot())
		}
		b.guard, b.kernel = c.Guard, k
		b.driver = NewDriver(k, b, b)
		b.driver.Resume()
		return nil
	}
	s := DefaultServices()
	for _, word := range f[1:] {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "repay":
			s.AutoRepay = AutoRepay(value)
		case "after":
			s.AutoRepayAfter, _ = time.ParseDuration(value)
		case "min":
			s.AutoRepayMinUSD = decimal.RequireFromString(value)
		case "keep":
			asset, amount, _ := strings.Cut(value, ":")
			s.Keep = map[string]decimal.Decimal{asset: decimal.RequireFromString(amount)}
		case "collect":
			s.Collect = true
		case "negative":
			s.NegativeRepayUSD = decimal.RequireFromString(value)
		case "low":
			s.BNBLow = decimal.RequireFromString(value)
		case "high":
			s.BNBHigh = decimal.RequireFromString(value)
		case "buy":
			s.BNBBuy = "BNBUSDT"
		}
	}
	if err := s.Check(); err != nil {
		return err
	}
	c := b.servicedBy(s, true)
	b.ins, b.guard, b.kernel = c.Instruments, c.Guard, New(c)
	b.driver = NewDriver(b.kernel, b, b)
	return nil
}

// servicedBy is a bench's configuration with services and a pair for BNB, and strategies that may
// do everything or nothing.
func (b *bench) servicedBy(s Services, permitted bool) Config {
	rows := benchInstruments(b.t).All()
	pair := rows[2]
	pair.Symbol, pair.Pair, pair.Base, pair.Tick = "BNBUSDT", "BNBUSDT", "BNB", exchange.MustFixed("0.01")
	ins, err := exchange.NewInstruments(append(rows, pair)...)
	if err != nil {
		b.t.Fatal(err)
	}
	permits := make([]riskguard.Permit, 2)
	if permitted {
		permits = riskguard.Unbound(2)
	}
	guard, err := riskguard.New(riskguard.Config{Instruments: ins, Tables: margin.Assumed(), Limits: benchLimits(), Strategies: 2, Permits: permits})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, kind := range []exchange.Kind{exchange.KindAccount, exchange.KindClock} { // neither is ever old
		e := exchange.Event{}
		e.SetCadence(&exchange.Cadence{Kind: kind, Every: exchange.Forever})
		guard.Apply(&e)
	}
	return Config{Instruments: ins, Guard: guard, Strategies: 2, ClientPrefix: "t", Services: s}
}

// TestServicesCheck: what makes no sense is said by its key, and the default makes sense.
func TestServicesCheck(t *testing.T) {
	d := DefaultServices()
	if err := d.Check(); err != nil || !d.IsZero() || !(Services{}).IsZero() {
		t.Error("the default", err)
	}
	n := decimal.NewFromInt
	for want, change := range map[string]func(*Services){
		"auto_repay ":         func(s *Services) { s.AutoRepay = "some" },
		"auto_repay_after ":   func(s *Services) { s.AutoRepay, s.AutoRepayAfter = RepayAll, time.Minute-1 },
		"auto_repay_min_usd ": func(s *Services) { s.AutoRepayMinUSD = n(-1) },
		"keep.USDT ":          func(s *Services) { s.Keep = map[string]decimal.Decimal{"USDT": n(-1)} },
		"collect ":            func(s *Services) { s.Collect = true },
		"negative_repay_usd ": func(s *Services) { s.NegativeRepayUSD = n(2_000_000_000) },
		"bnb_high ":           func(s *Services) { s.BNBLow, s.BNBHigh = n(1), n(1) },
		"bnb_buy ":            func(s *Services) { s.BNBBuy = "BNBUSDT" },
	} {
		s := DefaultServices()
		change(&s)
		if err := s.Check(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	ins := benchInstruments(t)
	for symbol, fits := range map[string]bool{"": true, "BNBUSDT": false, "BTCUSDT": false} {
		if s := (Services{BNBBuy: symbol}); (s.Fit(ins) == nil) != fits {
			t.Errorf("%q fits: %v", symbol, s.Fit(ins))
		}
	}
}
