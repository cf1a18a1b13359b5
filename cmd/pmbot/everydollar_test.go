package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/raced"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/strategy"
)

// tickered shows a strategy a best bid and ask around each close, which a generated market lacks.
type tickered struct{ backtest.LocalProgram }

func (q tickered) Start(params map[string]string, ins *exchange.Instruments, id exchange.StrategyID) (backtest.Player, error) {
	p, err := q.LocalProgram.Start(params, ins, id)
	if err != nil {
		return nil, err
	}
	return tickeredPlayer{p.(backtest.Local)}, nil
}

type tickeredPlayer struct{ backtest.Local }

// Subscriptions are of bars in place of best prices.
func (q tickeredPlayer) Subscriptions() []strategy.Subscription {
	var list []strategy.Subscription
	for _, s := range q.Local.Subscriptions() {
		if s.Kind == exchange.KindBookTicker {
			s.Kind, s.Interval = exchange.KindBar, 15*time.Minute
		}
		list = append(list, s)
	}
	return list
}

func (q tickeredPlayer) Wants(e *exchange.Event) bool {
	return e.Kind == exchange.KindBar && e.Bar().Interval == 15*time.Minute || q.Local.Wants(e)
}

func (q tickeredPlayer) Deliver(e *exchange.Event) (*strategy.Output, error) {
	if e.Kind != exchange.KindBar {
		return q.Local.Deliver(e)
	}
	tick := exchange.FixedOne / 10
	quote := exchange.Event{Seq: e.Seq, At: e.At, Exchange: e.Exchange, Inst: e.Inst}
	quote.SetBookTicker(exchange.BookTicker{Bid: e.Bar().Close - tick, BidQty: exchange.FixedOne, Ask: e.Bar().Close + tick, AskQty: exchange.FixedOne})
	return q.Local.Deliver(&quote)
}

// sixOnOne is all bundled strategies on one account. Five of them trade UM:BTCUSDT, and cross.
func sixOnOne(seed uint64, days int) (*backtest.Config, []backtest.Program) {
	fee := backtest.FeeConfig{Maker: exchange.MustFixed("0.0002"), Taker: exchange.MustFixed("0.0005")}
	cfg := &backtest.Config{Seed: seed, Risk: riskguard.DefaultLimits()}
	cfg.Data.Generate = backtest.GenerateConfig{Coin: "BTC", Days: days, Bar: 15 * time.Minute, Start: exchange.TimeOf(time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC))}
	cfg.Account.Leverage = 5
	cfg.Account.Margin = map[string]decimal.Decimal{"USDT": decimal.New(100_000, 0), "BTC": decimal.New(5, -1)}
	cfg.Venue.UM, cfg.Venue.CM = fee, fee
	cfg.Venue.Margin = backtest.FeeConfig{Maker: exchange.MustFixed("0.001"), Taker: exchange.MustFixed("0.001")}
	cfg.Venue.Money.Interest = true
	l, one := &cfg.Risk, decimal.New(1, 0) // limits that end no run: nobody is there to resume
	l.DailyLossMaxRatio, l.DrawdownMaxRatio, l.StrategyDailyLossMaxRatio, l.StrategyDrawdownMaxRatio = one, one, one, one
	l.LossStreakMax, l.ForcedFillsMax, l.ExecutionsPerMinuteMax, l.OrderToTradeMax = 1_000_000, 1_000_000, 10_000, 100_000
	l.OrderNotionalMaxRatio, l.PositionMaxRatio, l.OpenOrdersNotionalMaxRatio = one, decimal.New(2, 0), decimal.New(40, 0)
	l.BorrowMaxUSD, l.LoanRateMax = decimal.New(50_000, 0), decimal.New(10, 0)
	l.CollateralAssetMaxRatio, l.NegativeStableMaxRatio, l.OpenOrdersMax = decimal.New(2, 0), decimal.New(2, 0), 100
	var programs []backtest.Program
	add := func(name string, params map[string]string) {
		cfg.Strategies = append(cfg.Strategies, backtest.StrategyConfig{Label: name, Plugin: name, Params: params})
		p := backtest.Program(backtest.LocalProgram(bundled()[name]))
		if name == "mm" {
			p = tickered{backtest.LocalProgram(bundled()[name])}
		}
		programs = append(programs, p)
	}
	add("hedge", map[string]string{"leg": "CM:BTCUSD_PERP", "second": "UM:BTCUSDT", "style": "taker", "band": "0.02", "bar": "1h"})
	add("carry", map[string]string{"direction": "both", "horizon": "2000h", "cost": "0.0005", "enter": "0.0001", "exit": "0", "loan_rate": "0.01", "size": "0.2", "slice": "0.05", "unimmr_min": "2", "bar": "15m"})
	add("basis", map[string]string{"window": "40", "enter": "1", "exit": "0.2", "cost": "0", "size": "0.2", "slice": "0.05", "bar": "15m"})
	add("mm", map[string]string{"qty": "0.01", "max_qty": "0.05", "half": "300", "lean": "100", "move": "50", "stale": "1h", "vol": "0"})
	add("grid", map[string]string{"lower": "52000", "upper": "70000", "cells": "40", "qty": "0.01", "budget": "20000", "bar": "15m"})
	add("trend", map[string]string{"fast": "8", "slow": "30", "qty": "0.1", "bar": "15m"})
	return cfg, programs
}

// TestEveryDollarOfSix: over long random runs of all six strategies on one account, which cross on
// one contract, what is theirs and the house's is the account's to the last digit: of every asset
// the change of the simulated exchange's wallets, and in dollars every component of the total,
// which is held against the bookings one by one.
func TestEveryDollarOfSix(t *testing.T) {
	days, seeds := 40, []uint64{1, 2, 3, 4, 5, 6}
	if testing.Short() || raced.On() {
		days, seeds = 10, seeds[:1]
	}
	var seen backtest.Line
	forced, loans, house, traded := 0, 0, decimal.Zero, map[string]int{}
	interest := decimal.Zero
	for _, seed := range seeds {
		cfg, programs := sixOnOne(seed, days)
		if seed%3 == 0 { // an account that does not survive it
			thin(cfg)
		}
		if seed == 5 { // where resting orders of the maker and the grid keep trend from trading at all
			cfg.Risk.SelfTrade = riskguard.PreventSelfTrade
		}
		lossesBounded(cfg)
		res, err := backtest.Run(t.Context(), cfg, backtest.Options{Programs: programs})
		if err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprint("seed ", seed)
		if seed == 5 {
			fed(t, res)
		}
		everyAsset(t, name, res)
		everyComponent(t, name, res)
		if seed%3 != 0 { // nobody's position was closed by force
			interest = interest.Add(everyLoss(t, name, res))
			everyLine(t, name, res)
		}
		for _, l := range res.ByStrategy {
			t.Logf("%s: %-6s %5d fills, price %v, fees %v, funding %v, interest %v, net %v", name, l.Name, l.Trades, l.Price.Round(2), l.Fees.Round(2), l.Funding.Round(2), l.Interest.Round(2), l.Net)
			if l.Name == "house" {
				house = house.Add(l.Funding.Abs())
			}
		}
		t.Logf("%s: total %v, %d liquidations, %d orders, %v", name, res.Total.Net, res.Margin.Liquidations, res.Orders.Sent, res.Orders.ByRule)
		seen.Trades += res.Total.Trades
		seen.Funding, seen.Interest = seen.Funding.Add(res.Total.Funding.Abs()), seen.Interest.Add(res.Total.Interest.Abs())
		for _, f := range res.Fills.All() {
			if f.Forced != exchange.NotForced {
				forced++
			}
		}
		for _, b := range res.Ledger.All() {
			if b.Reason == exchange.ReasonBorrow {
				loans++
			}
		}
		for _, l := range res.ByStrategy {
			traded[l.Name] += l.Trades
		}
	}
	t.Logf("%d fills, %d forced, %d bookings of loans, interest %v, funding %v, of the house %v", seen.Trades, forced, loans, seen.Interest, seen.Funding, house)
	if testing.Short() || raced.On() {
		return
	}
	if house.GreaterThan(decimal.New(5, -2)) { // each strategy pays its own; what Binance rounds, and holds after a liquidation, is left
		t.Errorf("the house has %v of funding", house)
	}
	if interest.LessThan(decimal.New(5, 0)) {
		t.Errorf("strategies have paid %v USD of interest: too little to show", interest)
	}
	if len(traded) != 7 { // six, and the house's forced fills
		t.Errorf("not all have traded: %v", traded)
	}
	for name, fills := range traded {
		if fills < 2 && name != "house" || fills == 0 { // the house has the forced ones alone
			t.Errorf("%s has %d fills", name, fills)
		}
	}
	if forced == 0 || loans == 0 || seen.Interest.IsZero() || seen.Funding.IsZero() {
		t.Errorf("not everything has happened: %d forced fills, %d bookings of loans, interest %v, funding %v", forced, loans, seen.Interest, seen.Funding)
	}
}

// fed holds that self_trade = "stp" lets strategies that cross trade: UM orders are not refused for it.
func fed(t *testing.T, res *backtest.Result) {
	t.Helper()
	for _, r := range res.Refusals {
		if r.Rule == "self-trade" {
			t.Errorf("%s", r.Text)
			break
		}
	}
	for _, l := range res.ByStrategy {
		if l.Name == "trend" && l.Trades == 0 {
			t.Error("trend has not traded")
		}
	}
}

// thin makes the account a small one, which its strategies bring down.
func thin(cfg *backtest.Config) {
	cfg.Account.Margin = map[string]decimal.Decimal{"USDT": decimal.New(1_800, 0)}
	cfg.Account.Leverage = 50
	l := &cfg.Risk
	ten := decimal.New(10, 0)
	l.OrderNotionalMaxRatio, l.PositionMaxRatio = ten, decimal.New(20, 0)
	l.UniMMRMin, l.UniMMRShockMin, l.UniMMRHalt, l.UniMMRReduce, l.UniMMRResume = decimal.New(12, -1), decimal.New(105, -2), decimal.New(105, -2), decimal.New(106, -2), decimal.New(107, -2)
	l.ShockCoin, l.ShockStable, l.ShockHaircut = decimal.Zero, decimal.Zero, decimal.Zero
	most := decimal.New(50, 0)
	l.GrossExposureMaxRatio, l.NetExposureMaxRatio, l.CoinExposureMaxRatio = most, most, most
	cfg.Strategies[5].Params["qty"] = "0.6"
}

// everyAsset holds the lines of each asset against the wallets, which are the venue's own.
func everyAsset(t *testing.T, name string, res *backtest.Result) {
	t.Helper()
	lines, wallets := map[string]decimal.Decimal{}, map[string]decimal.Decimal{}
	for i := range res.ByStrategyAsset {
		l := &res.ByStrategyAsset[i]
		lines[l.Asset] = lines[l.Asset].Add(l.Sum())
	}
	for _, b := range res.Balances {
		change := b.End.Sub(b.Start)
		if b.Wallet.Debt() {
			change = change.Neg()
		}
		wallets[b.Asset] = wallets[b.Asset].Add(change)
	}
	open := map[string]decimal.Decimal{}
	for _, p := range res.Open {
		open[p.Asset] = open[p.Asset].Add(p.Unrealized)
	}
	for _, a := range res.Equity[len(res.Equity)-1].Assets { // as the venue values the account
		net := lines[a.Asset].Add(open[a.Asset])
		for _, b := range res.Balances {
			switch {
			case b.Asset != a.Asset:
			case b.Wallet.Debt():
				net = net.Sub(b.Start)
			default:
				net = net.Add(b.Start)
			}
		}
		if off := net.Sub(a.Net).Abs(); off.GreaterThan(decimal.New(1, -7)) { // positions are rounded one by one
			t.Errorf("%s: with open positions the account has %v %s by the lines, by the exchange %v", name, net, a.Asset, a.Net)
		}
	}
	for asset, want := range wallets {
		if !lines[asset].Equal(want) {
			t.Errorf("%s: the lines of %s are %v, the wallets changed by %v", name, asset, lines[asset], want)
		}
		delete(lines, asset)
	}
	for asset, l := range lines {
		if !l.IsZero() {
			t.Errorf("%s: lines of %s, which is in no wallet: %v", name, asset, l)
		}
	}
}

// openWorth is what open positions have earned, in USD as the exchange has valued the account last,
// and how far that may be off: it is told in the asset to eight places.
func openWorth(res *backtest.Result) (sum, off decimal.Decimal) {
	off = decimal.New(1, -6)
	for _, p := range res.Open {
		for _, a := range res.Equity[len(res.Equity)-1].Assets {
			if a.Asset == p.Asset && !a.Net.IsZero() {
				index := a.Actual.DivRound(a.Net, 24)
				sum, off = sum.Add(p.Unrealized.Mul(index)), off.Add(index.Mul(decimal.New(5, -9)))
			}
		}
	}
	return sum, off
}

// everyComponent holds the lines against the total and the bookings.
func everyComponent(t *testing.T, name string, res *backtest.Result) {
	t.Helper()
	var sum, booked backtest.Line
	for _, l := range res.ByStrategy {
		if across := l.Price.Add(l.Fees).Add(l.Funding).Add(l.Interest); !across.Equal(l.Net) {
			t.Errorf("%s: %s adds up to %v, its net is %v", name, l.Name, across, l.Net)
		}
		sum.Trades, sum.Price, sum.Fees = sum.Trades+l.Trades, sum.Price.Add(l.Price), sum.Fees.Add(l.Fees)
		sum.Funding, sum.Interest, sum.Net = sum.Funding.Add(l.Funding), sum.Interest.Add(l.Interest), sum.Net.Add(l.Net)
	}
	for _, b := range res.Ledger.All() {
		switch b.Reason {
		case exchange.ReasonRealizedPnL, exchange.ReasonDelivery, exchange.ReasonAutoExchange:
			booked.Price = booked.Price.Add(b.USD)
		case exchange.ReasonCommission:
			booked.Fees = booked.Fees.Add(b.USD)
		case exchange.ReasonLiquidation:
			if b.USD.IsPositive() { // the insurance fund pays a debt
				booked.Price = booked.Price.Add(b.USD)
			} else {
				booked.Fees = booked.Fees.Add(b.USD)
			}
		case exchange.ReasonFunding:
			booked.Funding = booked.Funding.Add(b.USD)
		case exchange.ReasonInterest:
			booked.Interest = booked.Interest.Add(b.USD)
		}
	}
	booked.Trades = res.Fills.Len()
	price, most := openWorth(res)
	pairs, rounded := pairsWorth(t, name, res)
	price, most = price.Add(booked.Price).Add(pairs), most.Add(rounded)
	if off := price.Sub(res.Total.Price).Abs(); off.GreaterThan(most) {
		t.Errorf("%s: the price's part is %v, by bookings and open positions %v", name, res.Total.Price, price)
	}
	all := &res.Total
	for _, c := range []struct {
		what          string
		lines, is, by decimal.Decimal
	}{
		{"price", sum.Price, all.Price, all.Price},
		{"fees", sum.Fees, all.Fees, booked.Fees},
		{"funding", sum.Funding, all.Funding, booked.Funding},
		{"interest", sum.Interest, all.Interest, booked.Interest},
		{"net", sum.Net, all.Net, all.Price.Add(booked.Fees).Add(booked.Funding).Add(booked.Interest)},
	} {
		if !c.lines.Equal(c.is) || !c.is.Equal(c.by) {
			t.Errorf("%s: %s of the lines is %v, of the account %v, by the bookings %v", name, c.what, c.lines, c.is, c.by)
		}
	}
	if sum.Trades != all.Trades || sum.Trades != booked.Trades {
		t.Errorf("%s: fills %d, %d, %d", name, sum.Trades, all.Trades, booked.Trades)
	}
}
