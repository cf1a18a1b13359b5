package backtest

import (
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/strategy"
)

// TestPermitOf: what is declared, less what is taken, and never more.
func TestPermitOf(t *testing.T) {
	um, cm := strategy.Symbol{Product: exchange.UM, Name: "BTCUSDT"}, strategy.Symbol{Product: exchange.CM, Name: "BTCUSD_PERP"}
	both := []strategy.Symbol{um, cm}
	limits := []exchange.OrderType{exchange.Limit, exchange.Market}
	for name, c := range map[string]struct {
		d       Description
		a       AllowConfig
		others  []strategy.Symbol
		symbols string
		sides   int
		kinds   int
		borrow  bool
		wrong   string
	}{
		"nothing declared":             {sides: 2, kinds: 8},
		"what parameters name":         {d: Description{Symbols: both[:1]}, others: both, symbols: "UM:BTCUSDT", sides: 2, kinds: 8},
		"what the owner names":         {others: both, symbols: "UM:BTCUSDT CM:BTCUSD_PERP", sides: 2, kinds: 8},
		"of its products":              {d: Description{Symbols: both, Manifest: strategy.Manifest{Products: []exchange.Product{exchange.CM}}}, symbols: "CM:BTCUSD_PERP", sides: 2, kinds: 8},
		"of its kinds":                 {d: Description{Manifest: strategy.Manifest{OrderTypes: limits, Borrow: true}}, sides: 2, kinds: 2, borrow: true},
		"less what is taken":           {d: Description{Symbols: both, Manifest: strategy.Manifest{Borrow: true}}, a: AllowConfig{Symbols: both[1:], Sides: []exchange.Side{exchange.Sell}, OrderTypes: limits[:1], NoLoans: true}, symbols: "CM:BTCUSD_PERP", sides: 1, kinds: 1},
		"all is taken":                 {d: Description{Symbols: both}, a: AllowConfig{Symbols: []strategy.Symbol{}}, sides: 2, kinds: 8},
		"another instrument":           {d: Description{Symbols: both[:1]}, a: AllowConfig{Symbols: both}, wrong: "allow.symbols names CM:BTCUSD_PERP, and the strategy declares [UM:BTCUSDT]: it can only take away"},
		"another kind":                 {d: Description{Manifest: strategy.Manifest{OrderTypes: limits[:1]}}, a: AllowConfig{OrderTypes: limits}, wrong: "allow.order_types names MARKET, and the strategy declares [LIMIT]: it can only take away"},
		"no loans of one without them": {a: AllowConfig{NoLoans: true}, sides: 2, kinds: 8},
	} {
		p, err := PermitOf(&c.d, &c.a, c.others)
		if c.wrong != "" {
			if err == nil || err.Error() != c.wrong {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil || strings.Join(p.Symbols, " ") != c.symbols || len(p.Sides) != c.sides || len(p.OrderTypes) != c.kinds || p.Borrow != c.borrow || p.Everything {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
		if c.a.Sides != nil && !slices.Equal(p.Sides, c.a.Sides) {
			t.Errorf("%s: sides %v", name, p.Sides)
		}
	}
}

// TestAskedFor: what a manifest asks for is in the permit, and nothing where it asks for nothing.
func TestAskedFor(t *testing.T) {
	d := Description{}
	if p, err := PermitOf(&d, &AllowConfig{}, nil); err != nil || p.Asked != nil {
		t.Errorf("nothing asked: %+v %v", p.Asked, err)
	}
	d.Manifest.Budget = strategy.Budget{NotionalUSD: decimal.New(30_000, 0), CapitalUSD: decimal.New(5, -1), LossUSD: decimal.New(7, 0), MessagesPerMinute: 9}
	p, err := PermitOf(&d, &AllowConfig{}, nil)
	if want := (riskguard.Budget{NotionalUSD: "30000", CapitalUSD: "0.5", LossUSD: "7", MessagesPerMinute: "9"}); err != nil || p.Asked == nil || *p.Asked != want {
		t.Errorf("%+v %v", p.Asked, err)
	}
	d.Manifest.Budget = strategy.Budget{LossUSD: decimal.New(7, 0)}
	if p, err := PermitOf(&d, &AllowConfig{}, nil); err != nil || *p.Asked != (riskguard.Budget{LossUSD: "7"}) {
		t.Errorf("%+v %v", p.Asked, err)
	}
}
