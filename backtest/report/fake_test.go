package report

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/readable"
	"github.com/pmbot/pmbot/exchange"
)

// fake invents a run that looks like a real one: a funding carry over UM and CM and a
// market maker, with a squeeze in the middle. It computes in whole cents and takes its
// chances from a seed, so that it is the same on every machine.
type fake struct {
	rng    *rand.Rand
	r      *backtest.Result
	fills  []backtest.FillRow // not yet in order
	lines  [2]backtest.Line
	price  [3]int64 // cents: UM BTCUSDT, CM BTCUSD_PERP, UM ETHUSDT
	qty    [3]int64 // thousandths of a coin, contracts, hundredths of a coin
	net    [2]int64 // cents
	trade  int64
	equity int64
	peak   int64
	peakAt exchange.Time
}

var fakeStart = exchange.TimeOf(time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC))

// fakeResult is a run of that many hours.
func fakeResult(hours int) *backtest.Result {
	f := &fake{rng: rand.New(rand.NewPCG(7, 11)), r: fakeFrame(hours), price: [3]int64{6_290_000, 6_297_000, 340_000}}
	f.equity, f.peak, f.peakAt = 10_000_000, 10_000_000, fakeStart
	f.lines[0].Name, f.lines[1].Name = "carry-btc", "mm-eth"
	f.r.Prices = []backtest.PriceSeries{
		{Product: exchange.UM, Symbol: "BTCUSDT"}, {Product: exchange.CM, Symbol: "BTCUSD_PERP"}, {Product: exchange.UM, Symbol: "ETHUSDT"},
	}
	for h := range hours {
		f.hour(fakeStart.Add(time.Duration(h)*time.Hour), h, hours)
	}
	slices.SortStableFunc(f.fills, func(a, b backtest.FillRow) int { return cmp.Compare(a.At, b.At) })
	f.r.Fills = backtest.RowsOf(f.fills...)
	f.finish()
	f.account()
	return f.r
}

func cents(v int64) decimal.Decimal { return decimal.New(v, -2) }

// fakeFrame is what does not come from the hours.
func fakeFrame(hours int) *backtest.Result {
	to := fakeStart.Add(time.Duration(hours-1) * time.Hour)
	series := func(p exchange.Product, symbol, kind string, gaps int) backtest.DataInfo {
		return backtest.DataInfo{Product: p, Symbol: symbol, Kind: kind, Interval: time.Hour, From: fakeStart, To: to,
			Rows: int64(hours), Gaps: gaps, Source: "archive", Hash: "0f3a5b7c9d1e2f4a6b8c0d2e4f6a8b0c"}
	}
	return &backtest.Result{
		Schema: backtest.ResultSchema, ID: "20261101T101500Z-3f9c2b1e", From: fakeStart, To: to, Events: 412_880_113,
		Hash:    "7be1c04f6d20a9b34c1f7d6e5a8b9c0d1e2f3a4b5c6d7e8f9a0b1c2d3e4f5a6b",
		Elapsed: 41_800 * time.Millisecond, Mode: "in-process", Version: "0.1.0", Seed: 7,
		ConfigHash: "c0ffee11", DataHash: "da7a0022", StrategyHash: "57a70033",
		Config: "seed = 7\n\n[account.margin]\nUSDT = \"100000\"\n\n[[strategy]]\nlabel = \"carry-btc\"\nplugin = \"carry\"\n",
		Strategies: []backtest.StrategyInfo{
			{ID: 1, Label: "carry-btc", Name: "carry", Version: "1.2.0", Params: map[string]string{"enter_bp": "6", "exit_bp": "1.5", "notional": "60000 USD"}},
			{ID: 2, Label: "mm-eth", Name: "mm", Version: "0.9.3", Params: map[string]string{"half_spread_bp": "3.5", "skew": "0.4"}},
		},
		Legs: []backtest.Leg{{Inst: 1, Product: exchange.UM, Symbol: "BTCUSDT", Base: "BTC"},
			{Inst: 2, Product: exchange.CM, Symbol: "BTCUSD_PERP", Base: "BTC"}, {Inst: 3, Product: exchange.UM, Symbol: "ETHUSDT", Base: "ETH"}},
		Data: []backtest.DataInfo{series(exchange.UM, "BTCUSDT", "bar", 0), series(exchange.CM, "BTCUSD_PERP", "bar", 2),
			series(exchange.UM, "ETHUSDT", "bar", 0), series(exchange.UM, "BTCUSDT", "funding", 0)},
		Warnings: []backtest.Warning{
			{Kind: "gap", Text: "CM BTCUSD_PERP has 2 gaps of 1 h, the first at 2026-08-19 04:00; nothing traded there."},
			{Kind: "derived", Text: "mark of CM BTCUSD_PERP = last close: the data has no mark prices for it."},
			{Kind: "assumed", Text: "collateral rates are the embedded table of 2026-09-30."},
			{Kind: "assumed", Text: "fill model: a limit order fills when a later bar trades through its price."},
		},
		Margin: backtest.MarginSummary{EquityStart: cents(10_000_000), Floors: []backtest.UniMMRFloor{{Name: "floor of new risk", Value: decimal.New(15, -1)}}},
		Balances: []backtest.BalanceLine{
			{Asset: "USDT", Wallet: exchange.WalletMargin, Start: decimal.New(60_000, 0), End: decimal.New(60_000, 0)},
			{Asset: "USDT", Wallet: exchange.WalletUM, Start: decimal.Zero, End: decimal.RequireFromString("8203.11204417")},
			{Asset: "BTC", Wallet: exchange.WalletCM, Start: decimal.RequireFromString("0.64"), End: decimal.RequireFromString("0.65880213")},
		},
		Open: []backtest.OpenPosition{{Product: exchange.UM, Symbol: "ETHUSDT", Qty: decimal.New(-125, -2),
			Entry: decimal.RequireFromString("3391.2233445566778899"), Mark: exchange.MustFixed("3388.41"), Unrealized: decimal.RequireFromString("3.5168"), Asset: "USDT"}},
	}
}

// hour moves prices, trades, settles and samples.
func (f *fake) hour(at exchange.Time, h, hours int) {
	shock := int64(0)
	if h > hours*5/10 && h < hours*5/10+30 {
		shock = -9
	}
	move := f.rng.Int64N(81) - 40 + shock
	for i, basis := range [3]int64{0, f.rng.Int64N(5) - 2, f.rng.Int64N(41) - 20} {
		f.walk(i, at, move+basis)
	}
	f.gain(1, 0, f.rng.Int64N(9000)-4100+shock*1500)
	f.gain(0, 0, f.rng.Int64N(3000)-1450+shock*300)
	f.carry(at, h, hours)
	for range f.rng.IntN(4) {
		f.quote(at.Add(time.Duration(f.rng.Int64N(int64(time.Hour)))))
	}
	if h%8 == 0 {
		f.settle(at, h)
	}
	f.sample(at, shock != 0)
}

// walk moves a price by hundredths of a percent.
func (f *fake) walk(i int, at exchange.Time, bp int64) {
	open := f.price[i]
	f.price[i] += open * bp / 10_000
	wick := open / 1000
	fixed := func(c int64) exchange.Fixed { return exchange.Fixed(c * int64(exchange.FixedOne) / 100) }
	s := &f.r.Prices[i]
	s.Points = append(s.Points, backtest.PricePoint{At: at, Open: fixed(open), Close: fixed(f.price[i]),
		High: fixed(max(open, f.price[i]) + f.rng.Int64N(wick)), Low: fixed(min(open, f.price[i]) - f.rng.Int64N(wick))})
}

// gain books cents to a strategy: 0 price, 1 fee, 2 funding, 3 interest.
func (f *fake) gain(strategy, source int, c int64) {
	l := &f.lines[strategy]
	part := []*decimal.Decimal{&l.Price, &l.Fees, &l.Funding, &l.Interest}[source]
	*part = part.Add(cents(c))
	f.net[strategy] += c
	f.equity += c
}

// carry opens both legs at a tenth of the run, and closes them shortly before the end.
func (f *fake) carry(at exchange.Time, h, hours int) {
	switch {
	case h == hours/10 || h == hours*6/10:
		f.fill(at, 0, 0, exchange.Sell, 950, false, "open short leg")
		f.fill(at, 0, 1, exchange.Buy, 600, true, "open long leg")
	case h == hours*11/20 || h == hours*19/20:
		f.fill(at, 0, 0, exchange.Buy, 950, false, "basis closed")
		f.fill(at, 0, 1, exchange.Sell, 600, false, "basis closed")
	}
	if h%24 == 0 && f.qty[0] != 0 {
		f.gain(0, 3, -137)
	}
}

// quote is a fill of the market maker; it refuses itself when it holds too much.
func (f *fake) quote(at exchange.Time) {
	side := exchange.Buy
	if f.rng.IntN(2) == 0 {
		side = exchange.Sell
	}
	if abs(f.qty[2]+side.Sign()*125) > 1500 {
		f.r.Refusals = append(f.r.Refusals, backtest.RefusalRow{At: at, Strategy: "mm-eth", Rule: "position-max",
			Text: "refused by position-max: 16.25 ETH, limit 15 ETH; 0 would pass", Tag: "quote"})
		return
	}
	f.fill(at, 1, 2, side, 125, f.rng.IntN(8) > 0, "quote")
}

func abs(v int64) int64 { return max(v, -v) }

// fill trades a leg at its price.
func (f *fake) fill(at exchange.Time, strategy, leg int, side exchange.Side, qty int64, maker bool, tag string) {
	l := f.r.Legs[leg]
	scale := [3]int64{100_000, int64(exchange.FixedOne), 1_000_000}[leg]
	f.qty[leg] += side.Sign() * qty
	f.trade++
	notional := [3]int64{f.price[0] * qty / 1000, qty * 10_000, f.price[2] * qty / 100}[leg]
	fee := notional * 5 / 10_000
	if maker {
		fee = notional / 10_000
	}
	f.gain(strategy, 1, -fee)
	f.lines[strategy].Trades++
	f.lines[strategy].Turnover = f.lines[strategy].Turnover.Add(cents(notional))
	f.fills = append(f.fills, backtest.FillRow{
		At: at, Strategy: f.lines[strategy].Name, Product: l.Product, Symbol: l.Symbol, Tag: tag,
		Position: decimal.New(f.qty[leg]*scale, -8),
		Fill: exchange.Fill{Order: exchange.OrderID(f.trade), Strategy: exchange.StrategyID(strategy + 1), Ref: uint64(f.trade),
			ClientID: fmt.Sprintf("pm-%d", f.trade), VenueID: 9000 + f.trade, TradeID: f.trade, Side: side, Maker: maker,
			Price: exchange.Fixed(f.price[leg] * int64(exchange.FixedOne) / 100), Qty: exchange.Fixed(qty * scale),
			Fee: cents(fee), FeeAsset: "USDT", Realized: cents(f.rng.Int64N(900) - 400)},
	})
}

// settle pays funding on both legs of the carry.
func (f *fake) settle(at exchange.Time, h int) {
	if f.qty[0] == 0 {
		return
	}
	for i, c := range [2]int64{f.rng.Int64N(900) - 150, -f.rng.Int64N(300)} {
		l := f.r.Legs[i]
		f.gain(0, 2, c)
		s := backtest.Settlement{At: at, Product: l.Product, Symbol: l.Symbol, Rate: exchange.MustFixed("0.0001"), Asset: "USDT", Amount: cents(c), USD: cents(c)}
		if i == 1 {
			s.Asset, s.Amount = "BTC", cents(c).DivRound(decimal.New(62_900, 0), 8)
		}
		f.r.Settlements = append(f.r.Settlements, s)
	}
}

func (f *fake) sample(at exchange.Time, shock bool) {
	a := exchange.Account{ActualEquity: cents(f.equity + f.equity/25), Equity: cents(f.equity), Status: exchange.StatusNormal, UniMMR: decimal.New(exchange.UniMMRMax, 0)}
	usd := [3]int64{f.price[0] * f.qty[0] / 1000, f.qty[1] * 10_000, f.price[2] * f.qty[2] / 100}
	s := backtest.Sample{At: at}
	gross := int64(0)
	for i, v := range usd {
		if v != 0 {
			s.Exposure = append(s.Exposure, backtest.Exposure{Inst: f.r.Legs[i].Inst, USD: cents(v)})
			gross += abs(v)
		}
	}
	if gross > 0 {
		maint := gross / 10
		if shock {
			maint *= 3
		}
		a.MaintMargin, a.InitialMargin = cents(maint), cents(gross/5)
		a.UniMMR = a.Equity.DivRound(a.MaintMargin, 8)
	}
	a.Available = a.Equity.Sub(a.InitialMargin)
	s.Account = a
	f.r.Equity = append(f.r.Equity, s)
	f.summarise(at, a)
}

// summarise keeps the extremes.
func (f *fake) summarise(at exchange.Time, a exchange.Account) {
	m := &f.r.Margin
	if m.EquityMin.IsZero() || a.Equity.LessThan(m.EquityMin) {
		m.EquityMin = a.Equity
	}
	m.EquityMax = decimal.Max(m.EquityMax, a.Equity)
	if !readable.NoMargin(a.UniMMR) && (m.UniMMRMinAt == 0 || a.UniMMR.LessThan(m.UniMMRMin)) {
		m.UniMMRMin, m.UniMMRMinAt = a.UniMMR, at
	}
	if a.UniMMR.LessThan(decimal.New(2, 0)) {
		m.Below20 += time.Hour
	}
	if f.equity > f.peak {
		f.peak, f.peakAt = f.equity, at
	}
	if fall := decimal.New((f.peak-f.equity)*100, 0).DivRound(decimal.New(f.peak, 0), 8); fall.GreaterThan(m.DrawdownPct) {
		m.DrawdownPct, m.DrawdownFrom, m.DrawdownTo = fall, f.peakAt, at
	}
	m.HaircutWorst = decimal.Max(m.HaircutWorst, a.ActualEquity.Sub(a.Equity))
}

// finish sums up.
func (f *fake) finish() {
	r := f.r
	for i := range f.lines {
		l := &f.lines[i]
		l.Net = cents(f.net[i])
		l.NetPct = cents(f.net[i]).DivRound(decimal.New(1000, 0), 4)
		l.Slippage, l.DrawdownPct, l.UniMMRMin = cents(-int64(l.Trades)*7), r.Margin.DrawdownPct.DivRound(decimal.New(int64(i)+1, 0), 4), r.Margin.UniMMRMin
		r.ByStrategy = append(r.ByStrategy, *l)
		r.Total = addLine(r.Total, *l)
	}
	r.Total.DrawdownPct, r.Total.UniMMRMin = r.Margin.DrawdownPct, r.Margin.UniMMRMin
	for i, name := range []string{"UM BTCUSDT", "CM BTCUSD_PERP", "UM ETHUSDT"} {
		l := f.lines[i/2]
		if l.Name = name; i < 2 {
			l = part(l, int64(i)*2+1, 4)
		}
		r.ByLeg = append(r.ByLeg, l)
	}
	for i, month := range []string{"2026-08", "2026-09", "2026-10"} {
		l := part(r.Total, int64(i)*4-1, 9)
		l.Name = month
		r.ByMonth = append(r.ByMonth, l)
	}
	r.Margin.EquityEnd = cents(f.equity)
	refused := len(r.Refusals)
	r.Orders = backtest.OrderSummary{Intents: r.Fills.Len()*3 + refused, Sent: r.Fills.Len() * 3, Fills: r.Fills.Len(), MakerPct: "86.9",
		Canceled: r.Fills.Len() * 2, Rejected: 12, Expired: 3, Unknown: 5, Refused: refused, OpenAtEnd: 2, ByRule: []backtest.RuleCount{{Rule: "position-max", Count: refused}},
		ByReason: []backtest.ReasonCount{{Code: -2019, Reason: "Margin is insufficient.", Count: 11}, {Reason: "order is gone", Count: 1}}}
	held := len(r.Settlements) / 2
	r.Funding = []backtest.FundingCount{
		{Product: exchange.UM, Symbol: "BTCUSDT", Held: held, Passed: 40, Asset: "USDT", Amount: r.Total.Funding},
		{Product: exchange.CM, Symbol: "BTCUSD_PERP", Held: held, Passed: 38, Missing: []exchange.Time{fakeStart.Add(8 * time.Hour), fakeStart.Add(432 * time.Hour)},
			Asset: "BTC", Amount: decimal.RequireFromString("-0.00402117")},
	}
}

// part is a share of a line.
func part(l backtest.Line, of, whole int64) backtest.Line {
	for _, d := range []*decimal.Decimal{&l.Price, &l.Fees, &l.Funding, &l.Interest, &l.Slippage, &l.NetPct} {
		*d = d.Mul(decimal.New(of, 0)).DivRound(decimal.New(whole, 0), 2)
	}
	l.Turnover = l.Turnover.DivRound(decimal.New(whole, 0), 2)
	l.Net = l.Price.Add(l.Fees).Add(l.Funding).Add(l.Interest)
	return l
}

func addLine(a, b backtest.Line) backtest.Line {
	a.Trades += b.Trades
	a.Turnover, a.Price, a.Fees, a.Funding = a.Turnover.Add(b.Turnover), a.Price.Add(b.Price), a.Fees.Add(b.Fees), a.Funding.Add(b.Funding)
	a.Interest, a.Slippage, a.Net, a.NetPct = a.Interest.Add(b.Interest), a.Slippage.Add(b.Slippage), a.Net.Add(b.Net), a.NetPct.Add(b.NetPct)
	return a
}
