package report

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/report/plot"
	"github.com/pmbot/pmbot/exchange"
)

// hedgedPage is a page of two samples: an account that moves from 100 to 101 USD and holds
// coins worth 60 USD against a short position of 58.
func hedgedPage(held, uniMMR int64) *pageOf {
	r := &backtest.Result{Legs: []backtest.Leg{{Inst: 1, Product: exchange.CM, Symbol: "BTCUSD_PERP", Base: "BTC"}}, Assets: []string{"BTC"}}
	for i := range int64(2) {
		r.Equity = append(r.Equity, backtest.Sample{At: exchange.Time(i+1) * 3_600_000_000_000, Held: decimal.New(held, 0),
			Account:  exchange.Account{Equity: decimal.New(100+i, 0), ActualEquity: decimal.New(100+i, 0), UniMMR: decimal.New(uniMMR, 0), MaintMargin: decimal.New(1, 0)},
			Assets:   []backtest.AssetValue{{Asset: "BTC", Actual: decimal.New(60, 0)}},
			Exposure: []backtest.Exposure{{Inst: 1, USD: decimal.New(-58, 0)}}})
	}
	r.Margin.Ladder = backtest.Ladder{ReduceOnly: exchange.MustFixed("1.2"), Liquidation: exchange.MustFixed("1.05")}
	return newPage(r)
}

// TestOwnScale: a line that would be flat beside others has a panel of its own.
func TestOwnScale(t *testing.T) {
	for _, c := range []struct {
		what                   string
		held, uniMMR           int64
		equityPanels, unPanels int
	}{
		{"all near", 102, 5, 2, 1},
		{"far baseline", 180, 5, 3, 1},
		{"far from the lines", 102, 300, 2, 2},
	} {
		p := hedgedPage(c.held, c.uniMMR)
		if got := len(p.equityChart().Panels); got != c.equityPanels {
			t.Errorf("%s: %d panels of equity, want %d", c.what, got, c.equityPanels)
		}
		un := p.uniMMRChart().Panels
		if len(un) != c.unPanels {
			t.Errorf("%s: %d panels of uniMMR, want %d", c.what, len(un), c.unPanels)
		}
		if got := len(un[len(un)-1].Refs()); got != 2 {
			t.Errorf("%s: %d of the exchange's lines, want 2", c.what, got)
		}
	}
}

// TestNetDelta: what the account holds of a coin counts beside its positions, and only there.
func TestNetDelta(t *testing.T) {
	c := hedgedPage(0, 5).exposureChart()
	last := func(p *plot.Panel) string { return p.Keys()[0].Value }
	if len(c.Panels) != 4 || last(c.Panels[1]) != "\u221258.00" || last(c.Panels[2]) != "2.00" {
		t.Errorf("%d panels, positions %s, with coins %s", len(c.Panels), last(c.Panels[1]), last(c.Panels[2]))
	}
	p := hedgedPage(0, 5)
	for i := range p.r.Equity {
		p.r.Equity[i].Assets[0].Asset = "USDT"
	}
	if c := p.exposureChart(); len(c.Panels) != 3 || last(c.Panels[1]) != "\u221258.00" {
		t.Errorf("without coins: %d panels, net delta %s", len(c.Panels), last(c.Panels[1]))
	}
}
