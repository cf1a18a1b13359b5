package report

import (
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/readable"
	"github.com/pmbot/pmbot/exchange"
)

// account invents what an account leaves behind beside fills and equity: round trips,
// bookings, assets and their haircuts, forecasts of funding, limits and shocks. It takes no
// chances of its own, so that the rest of the fake stays as it is.
func (f *fake) account() {
	r := f.r
	r.Kind = backtest.KindBacktest
	r.Margin.Ladder = backtest.Ladder{MarginCall: exchange.MustFixed("1.5"), ReduceOnly: exchange.MustFixed("1.2"), Liquidation: exchange.MustFixed("1.05")}
	for i, l := range r.ByLeg {
		r.ByStrategyLeg = append(r.ByStrategyLeg, backtest.StrategyLine{Strategy: f.lines[i/2].Name, Inst: r.Legs[i].Inst, Line: l})
		r.ByStrategyLeg[i].Name = f.lines[i/2].Name + " " + l.Name
	}
	r.Assets = []string{"BTC", "USDT"}
	for i := range r.Equity {
		r.Equity[i].Assets = fakeAssets(&r.Equity[i].Account)
	}
	fakeForecasts(r.Settlements)
	fakeTrades(r)
	fakeLedger(r)
	fakeLimits(r)
	fakeStress(r)
	fakeStates(r)
}

// fakeAssets lends the last dollars while the account earns: the sum is the account's.
func fakeAssets(a *exchange.Account) []backtest.AssetValue {
	debt := decimal.Zero
	if a.Equity.GreaterThan(decimal.New(101_000, 0)) {
		debt = cents(-2_000_000)
	}
	coins := a.ActualEquity.Sub(debt)
	counts := a.Equity.Sub(debt)
	return []backtest.AssetValue{
		{Asset: "BTC", Net: coins.DivRound(decimal.New(62_900, 0), 8), Actual: coins, Equity: counts},
		{Asset: "USDT", Net: debt, Actual: debt, Equity: debt},
	}
}

func fakeForecasts(list []backtest.Settlement) {
	for i := range list {
		s := &list[i]
		s.Rate = exchange.Fixed(10_000 + int64(i%7-3)*3_000)
		s.NotionalUSD = s.USD.Neg().Mul(decimal.New(10_000, 0))
		if i >= 2 {
			previous := list[i-2].Rate
			s.Previous = &previous
		}
		if i%5 != 4 {
			estimate := s.Rate + exchange.Fixed(i%3)*400
			s.Estimate = &estimate
		}
	}
}

// fakeTrades cuts the fills into round trips.
func fakeTrades(r *backtest.Result) {
	open := map[string]*backtest.TradeRow{}
	for _, f := range r.Fills.All() {
		key := f.Strategy + f.Symbol
		t := open[key]
		if t == nil {
			t = &backtest.TradeRow{Strategy: f.Strategy, Product: f.Product, Symbol: f.Symbol, Side: f.Side, From: f.At, Entry: f.Price.Decimal(), EntryTag: f.Tag}
			open[key] = t
		}
		notional := f.Qty.Decimal().Mul(f.Price.Decimal())
		if f.Product == exchange.CM {
			notional = f.Qty.Decimal().Mul(decimal.New(100, 0))
		}
		t.Qty, t.To, t.Exit, t.ExitTag, t.Forced = decimal.Max(t.Qty, f.Position.Abs()), f.At, f.Price.Decimal(), f.Tag, f.Forced
		t.Fills, t.Volume, t.Price, t.Fees = t.Fills+1, t.Volume.Add(notional), t.Price.Add(f.Realized), t.Fees.Sub(f.Fee)
		t.Slippage = t.Slippage.Sub(cents(7))
		t.Net = t.Price.Add(t.Fees)
		if f.Position.IsZero() {
			r.Trades.Add(t)
			delete(open, key)
		}
	}
	for _, l := range r.ByStrategyLeg {
		if t := open[l.Strategy+r.Legs[l.Inst-1].Symbol]; t != nil {
			t.Open, t.To, t.ExitTag = true, r.To, ""
			r.Trades.Add(t)
		}
	}
}

func fakeLedger(r *backtest.Result) {
	balance := decimal.Zero
	for _, f := range r.Fills.All() {
		balance = balance.Sub(f.Fee)
		r.Ledger.Add(&backtest.LedgerRow{At: f.At, Strategy: f.Strategy, Product: f.Product, Symbol: f.Symbol, Asset: "USDT",
			Wallet: exchange.WalletUM, Reason: exchange.ReasonCommission, Delta: f.Fee.Neg(), Balance: balance, USD: f.Fee.Neg()})
	}
}

func fakeLimits(r *backtest.Result) {
	at := r.Equity[len(r.Equity)/2].At
	limit := func(rule, key, limit, value, used, strategy, instrument string, refused int) {
		u := backtest.LimitUse{Rule: rule, Key: key, Limit: limit, Value: value, Used: decimal.RequireFromString(used), Strategy: strategy, Instrument: instrument, Refused: refused}
		if strategy != "" {
			u.At = at
		}
		r.Limits = append(r.Limits, u)
	}
	limit("position-max", "risk.strategy.mm-eth.position_max", "15 ETH", "15 ETH", "1", "mm-eth", "UM ETHUSDT", len(r.Refusals))
	limit("order-size", "risk.order_usd_max", "75000 USD", "60110.4 USD", "0.801472", "carry-btc", "UM BTCUSDT", 0)
	limit("unimmr-min", "risk.unimmr_min", "1.5", "2.31", "0.649", "carry-btc", "CM BTCUSD_PERP", 0)
	limit("net-delta", "risk.net_delta_usd_max", "20000 USD", "1410 USD", "0.0705", "mm-eth", "UM ETHUSDT", 0)
	limit("loss-day", "risk.loss_day_usd_max", "5000 USD", "", "0", "", "", 0)
}

// fakeStates: it lost much on one day, and a strategy was held for a moment.
func fakeStates(r *backtest.Result) {
	all := r.To.Sub(r.From)
	r.States = []backtest.StateTime{
		{Scope: "account", Active: all - 5*time.Hour, ReduceOnly: 4 * time.Hour, Halted: time.Hour, Spans: []backtest.StateSpan{
			{From: r.From.Add(30 * time.Hour), To: r.From.Add(34 * time.Hour), State: "REDUCE_ONLY", Cause: "LOSS", Reason: "lost 2132.20 USD today, limit 2000 USD, 0.02 of 100000"},
			{From: r.From.Add(34 * time.Hour), To: r.From.Add(35 * time.Hour), State: "HALTED", Cause: "OPERATOR", Reason: "to look"},
		}},
		{Scope: "carry-btc", Active: all - time.Minute, ReduceOnly: time.Minute, Spans: []backtest.StateSpan{
			{From: r.From.Add(time.Hour), To: r.From.Add(time.Hour + time.Minute), State: "REDUCE_ONLY", Cause: "PACE", Reason: "dealt 50 times within a minute"},
		}},
	}
}

func fakeStress(r *backtest.Result) {
	moment := func(why string, at exchange.Time, scale int64) {
		m := backtest.StressMoment{At: at, Why: why}
		for i, s := range []struct {
			name   string
			equity int64
			status exchange.AccountStatus
		}{
			{"as it stands", 10_000_000, exchange.StatusNormal}, {"all prices -10%", 9_100_000, exchange.StatusNormal},
			{"all prices -30%", 6_200_000, exchange.StatusMarginCall}, {"all prices +30%", 5_200_000, exchange.StatusReduceOnly},
			{"collateral rates -25%", 7_100_000, exchange.StatusNormal}, {"short legs closed by ADL, then -30%", -310_000, exchange.StatusBankrupted},
		} {
			equity, maint := cents(s.equity), cents(1_000_000*scale+int64(i)*70_000)
			m.Rows = append(m.Rows, backtest.StressRow{Scenario: s.name, Equity: equity, MaintMargin: maint, UniMMR: equity.DivRound(maint, 8), Status: s.status})
		}
		r.Stress = append(r.Stress, m)
	}
	moment("lowest uniMMR", r.Equity[len(r.Equity)/2].At, 2)
	moment("end", r.To, 1)
}

// manyLegs is a run of six strategies on twelve legs with names as long as they get.
func manyLegs() *backtest.Result {
	r := fakeResult(24 * 20)
	long := func(s string) string {
		for len(s) < 200 {
			s += " of a name without end"
		}
		return s[:200]
	}
	r.Legs, r.ByLeg, r.ByStrategy, r.ByStrategyLeg, r.Strategies = nil, nil, nil, nil, nil
	for i := range 6 {
		name := long(fmt.Sprintf("strategy %d", i+1))
		r.Strategies = append(r.Strategies, backtest.StrategyInfo{ID: exchange.StrategyID(i + 1), Label: name, Name: "carry", Version: "1.2.0", Params: map[string]string{long("parameter"): long("value")}})
		l := part(r.Total, int64(i)-2, 3)
		l.Name = name
		r.ByStrategy = append(r.ByStrategy, l)
	}
	for i := range 12 {
		leg := backtest.Leg{Inst: exchange.InstrumentID(i + 1), Product: exchange.UM, Symbol: fmt.Sprintf("1000000COIN%dUSDT", i), Base: fmt.Sprintf("COIN%d", i/2)}
		r.Legs = append(r.Legs, leg)
		l := part(r.Total, int64(i)-5, 12)
		l.Name = readable.Leg(leg.Product, leg.Symbol)
		r.ByLeg = append(r.ByLeg, l)
		r.ByStrategyLeg = append(r.ByStrategyLeg, backtest.StrategyLine{Strategy: r.ByStrategy[i/2].Name, Inst: leg.Inst, Line: l})
	}
	for i := range r.Equity {
		s := &r.Equity[i]
		s.Exposure = nil
		for k := range 12 {
			s.Exposure = append(s.Exposure, backtest.Exposure{Inst: exchange.InstrumentID(k + 1), USD: cents(int64((k-5)*((i+k*40)%400)) * 1000)})
		}
	}
	return r
}

// refusedRun is a run whose every intent the guard refused.
func refusedRun() *backtest.Result {
	r := fakeResult(24 * 3)
	r.Fills, r.Trades, r.Ledger = backtest.Rows[backtest.FillRow]{}, backtest.Rows[backtest.TradeRow]{}, backtest.Rows[backtest.LedgerRow]{}
	r.Settlements, r.Funding, r.Open, r.Refusals = nil, nil, nil, nil
	r.Total = backtest.Line{Name: "TOTAL"}
	r.ByStrategy, r.ByLeg, r.ByStrategyLeg, r.ByMonth = nil, nil, nil, nil
	for i := range r.Equity {
		r.Equity[i].Exposure, r.Equity[i].Account = nil, r.Equity[0].Account
		r.Equity[i].Assets = r.Equity[0].Assets
	}
	for i := range 40 {
		r.Refusals = append(r.Refusals, backtest.RefusalRow{At: fakeStart.Add(time.Duration(i) * time.Hour), Strategy: "mm-eth", Rule: "order-size",
			Text: "refused by order-size: 80000 USD, limit 75000 USD; 75000 would pass", Tag: "quote"})
	}
	r.Orders = backtest.OrderSummary{Intents: 40, Refused: 40, MakerPct: "-", ByRule: []backtest.RuleCount{{Rule: "order-size", Count: 40}}}
	m := &r.Margin
	m.EquityEnd, m.EquityMin, m.EquityMax, m.UniMMRMinAt, m.DrawdownPct, m.DrawdownFrom, m.DrawdownTo = m.EquityStart, m.EquityStart, m.EquityStart, 0, decimal.Zero, 0, 0
	return r
}

// deleveraged is a run that lost a leg to auto-deleveraging.
func deleveraged() *backtest.Result {
	r := fakeResult(24 * 20)
	var rows []backtest.FillRow
	for _, f := range r.Fills.All() {
		rows = append(rows, *f)
	}
	forced := rows[len(rows)/2]
	forced.Forced, forced.Maker, forced.Tag = exchange.ForcedADL, false, ""
	rows[len(rows)/2] = forced
	r.Fills = backtest.RowsOf(rows...)
	r.Margin.ADL = 1
	return r
}
