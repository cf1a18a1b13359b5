package main

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
)

// pairOf is what a test knows of a margin pair: the coins that the account has bought, or sold, and
// what they have cost in quote. Unlike a position it has no entry price.
type pairOf struct{ coins, cost decimal.Decimal }

// trade adds a fill and returns what it has earned in quote: what the coins that it closes were sold
// for, less their part of the cost.
func (p *pairOf) trade(qty, price decimal.Decimal) (earned decimal.Decimal) {
	if p.coins.Sign()*qty.Sign() < 0 {
		closes := qty.Abs()
		if closes.GreaterThan(p.coins.Abs()) {
			closes = p.coins.Abs()
		}
		part := p.cost.Mul(closes).DivRound(p.coins.Abs(), 24)
		got := closes.Mul(price)
		if p.coins.IsNegative() {
			got = got.Neg()
			closes = closes.Neg()
		}
		earned = got.Sub(part)
		p.coins, p.cost, qty = p.coins.Sub(closes), p.cost.Sub(part), qty.Add(closes)
	}
	p.coins, p.cost = p.coins.Add(qty), p.cost.Add(qty.Mul(price))
	return earned
}

// pairsWorth is what the account has earned on margin pairs, in USD: by its fills one by one, at
// what the quote asset was worth by the booking of each fill, and with the coins that are left at
// their last price. No booking has it, for those are of the coins themselves. off is how far it may
// be off, since a strategy's earnings are rounded fill by fill.
func pairsWorth(t *testing.T, name string, res *backtest.Result) (sum, off decimal.Decimal) {
	t.Helper()
	type booked struct {
		at     exchange.Time
		symbol string
	}
	quotes := map[booked]decimal.Decimal{}
	for _, b := range res.Ledger.All() {
		if b.Product == exchange.Margin && b.Reason == exchange.ReasonTrade && b.Asset == "USDT" && !b.Delta.IsZero() {
			quotes[booked{b.At, b.Symbol}] = b.USD.DivRound(b.Delta, 24)
		}
	}
	pairs, fills, latest := map[string]*pairOf{}, 0, decimal.New(1, 0)
	off = decimal.Zero
	for _, f := range res.Fills.All() {
		if f.Product != exchange.Margin {
			continue
		}
		index, known := quotes[booked{f.At, f.Symbol}]
		latest = index
		if !known {
			t.Errorf("%s: the fill of %s at %v has no booking of USDT", name, f.Symbol, f.At)
		}
		if pairs[f.Symbol] == nil {
			pairs[f.Symbol] = &pairOf{}
		}
		signed := f.Qty.Decimal().Mul(decimal.NewFromInt(f.Side.Sign()))
		sum, fills = sum.Add(pairs[f.Symbol].trade(signed, f.Price.Decimal()).Mul(index)), fills+1
	}
	for symbol, p := range pairs {
		if p.coins.IsZero() {
			continue
		}
		last := decimal.Zero
		for _, r := range res.Trades.All() {
			if r.Open && r.Product == exchange.Margin && r.Symbol == symbol {
				last = r.Exit
			}
		}
		if last.IsZero() {
			t.Errorf("%s: %v coins of %s are left, and no trade of it is open", name, p.coins, symbol)
		}
		index, left := ends{res}.index("USDT"), p.coins.Mul(last).Sub(p.cost)
		if index.IsZero() { // an account without USDT does not say; nor is it far from what it was
			index, off = latest, left.Abs().Mul(decimal.New(1, -3))
		}
		sum = sum.Add(left.Mul(index))
	}
	if fills > 0 {
		t.Logf("%s: %d fills of margin pairs have earned %v USD", name, fills, sum.Round(8))
	}
	return sum, off.Add(decimal.New(int64(fills), -7))
}
