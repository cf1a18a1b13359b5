package backtest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/raced"
	"github.com/pmbot/pmbot/strategy"
)

// brief is a trade on one line.
func brief(r *TradeRow) string {
	s := fmt.Sprintf("%s %v %v %v..%v %v at %v, %v", r.Strategy, r.PositionSide, r.Side, int64(r.From), int64(r.To), r.Qty, r.Entry, r.Exit)
	s += fmt.Sprintf(": %d fills of %v, price %v fees %v funding %v net %v slippage %v", r.Fills, r.Volume, r.Price, r.Fees, r.Funding, r.Net, r.Slippage)
	if r.Open {
		s += " open"
	}
	if r.Forced != exchange.NotForced {
		s += " by " + r.Forced.String()
	}
	return s + fmt.Sprintf(" %q %q", r.EntryTag, r.ExitTag)
}

// stroke is one thing that happens to the account of TestTrades: a fill, or a booking.
type stroke struct {
	at     exchange.Time
	who    exchange.StrategyID
	side   exchange.Side
	leg    exchange.PositionSide
	qty    string
	price  int64
	fee    string
	tag    string
	forced exchange.ForcedKind
	share  bool
	why    exchange.Reason // not a fill: amount is booked
	amount string
}

// happen plays strokes on one instrument of an attribution and returns the trades of it
// when its mark is at a price.
func happen(t *testing.T, inst exchange.InstrumentID, mark int64, strokes []stroke) string {
	t.Helper()
	a := attributed(t, 2)
	a.setIndex("USDT", exchange.FixedOne)
	a.setIndex("BNB", exchange.MustFixed("500"))
	in := a.ins.At(inst)
	for i, x := range strokes {
		if x.why != 0 {
			a.bookAt(x.at, inst, x.who, x.why, x.amount)
			continue
		}
		f := exchange.Fill{
			Order: exchange.OrderID(i + 1), Strategy: x.who, Side: x.side, PositionSide: x.leg, Price: price(x.price), Qty: exchange.MustFixed(x.qty),
			Forced: x.forced, FeeAsset: in.MarginAsset,
		}
		if x.forced != exchange.NotForced {
			f.Order = 0
		}
		if asset, amount, ok := strings.Cut(x.fee, " "); ok {
			f.FeeAsset, f.Fee = asset, decimal.RequireFromString(amount)
		}
		row := FillRow{At: x.at, Strategy: string(rune('0' + x.who)), Fill: f, Tag: x.tag}
		if x.share {
			a.share(in, &row)
			continue
		}
		a.decisions[f.Order] = price(x.price) + exchange.Fixed(x.side.Sign())*-10*exchange.FixedOne // each fill slips ten dollars
		a.fill(in, &row)
	}
	a.marks[inst] = price(mark)
	rows := a.roundTrips(99)
	var b strings.Builder
	for _, row := range rows.All() {
		b.WriteString(brief(row) + "\n")
	}
	return b.String()
}

// TestTrades has numbers that can be checked by hand.
func TestTrades(t *testing.T) {
	const buy, sell = exchange.Buy, exchange.Sell
	for _, c := range []struct {
		name    string
		inst    exchange.InstrumentID
		strokes []stroke
		want    string
	}{
		{"in two steps and out in two", 1, []stroke{
			{at: 1, who: 1, side: buy, qty: "1", price: 60_000, fee: "USDT 30", tag: "in"},
			{at: 2, who: 1, side: buy, qty: "3", price: 64_000, fee: "USDT 90", tag: "more"},
			{at: 3, why: exchange.ReasonFunding, amount: "-12"},
			{at: 4, who: 1, side: sell, qty: "2", price: 65_000, fee: "BNB 0.1", tag: "less"},
			{at: 5, who: 1, side: sell, qty: "2", price: 62_000, fee: "USDT 60", tag: "out"},
		}, `1 BOTH BUY 1..5 4 at 63000, 63500: 4 fills of 506000, price 2000 fees -230 funding -12 net 1758 slippage -80 "in" "out"
`},
		{"turned", 1, []stroke{
			{at: 1, who: 2, side: sell, qty: "1", price: 60_000, fee: "USDT 30", tag: "short"},
			{at: 2, who: 2, side: buy, qty: "4", price: 59_000, fee: "USDT 100", tag: "turn"},
			{at: 2, who: 2, side: sell, qty: "3", price: 59_500, fee: "USDT -8", tag: "out"},
		}, `2 BOTH SELL 1..2 1 at 60000, 59000: 2 fills of 119000, price 1000 fees -55 funding 0 net 945 slippage -20 "short" "turn"
2 BOTH BUY 2..2 3 at 59000, 59500: 2 fills of 355500, price 1500 fees -67 funding 0 net 1433 slippage -60 "turn" "out"
`},
		{"two legs of hedge mode share the funding of both", 1, []stroke{
			{at: 1, who: 1, side: buy, leg: exchange.Long, qty: "3", price: 60_000},
			{at: 2, who: 1, side: sell, leg: exchange.Short, qty: "1", price: 61_000},
			{at: 3, why: exchange.ReasonFunding, amount: "-30"},
			{at: 3, why: exchange.ReasonFunding, amount: "10"},
			{at: 4, who: 1, side: buy, leg: exchange.Short, qty: "1", price: 60_500},
			{at: 5, why: exchange.ReasonFunding, amount: "-30"},
		}, `1 SHORT SELL 2..4 1 at 61000, 60500: 2 fills of 121500, price 500 fees 0 funding 10 net 510 slippage -20 "" ""
1 LONG BUY 1..99 3 at 60000, 62000: 1 fills of 180000, price 6000 fees 0 funding -60 net 5940 slippage -30 open "" ""
`},
		{"liquidated, with a clearance fee that is booked behind the fill", 1, []stroke{
			{at: 1, who: 1, side: buy, qty: "2", price: 60_000, tag: "in"},
			{at: 5, who: 1, side: sell, qty: "1", price: 50_000, fee: "USDT 25", forced: exchange.ForcedLiquidation},
			{at: 5, why: exchange.ReasonLiquidation, amount: "-7"},
			{at: 5, who: 1, side: sell, qty: "1", price: 49_000, fee: "USDT 24", forced: exchange.ForcedLiquidation},
			{at: 5, why: exchange.ReasonLiquidation, amount: "-5"},
			{at: 6, why: exchange.ReasonLiquidation, amount: "-1"},
		}, `1 BOTH BUY 1..5 2 at 60000, 49500: 3 fills of 219000, price -21000 fees -61 funding 0 net -21061 slippage -40 by LIQUIDATION "in" ""
`},
		{"two are deleveraged, and the house passes the fill on", 1, []stroke{
			{at: 1, who: 1, side: buy, qty: "2", price: 60_000, tag: "in"},
			{at: 2, who: 2, side: buy, qty: "1", price: 60_000},
			{at: 5, who: 0, side: sell, qty: "3", price: 61_000, fee: "USDT 9", forced: exchange.ForcedADL},
			{at: 5, who: 1, side: sell, qty: "2", price: 61_000, forced: exchange.ForcedADL, share: true},
			{at: 5, who: 2, side: sell, qty: "1", price: 61_000, forced: exchange.ForcedADL, share: true},
			{at: 5, why: exchange.ReasonLiquidation, amount: "-5"},
		}, `1 BOTH BUY 1..5 2 at 60000, 61000: 2 fills of 242000, price 2000 fees 0 funding 0 net 2000 slippage -20 by ADL "in" ""
2 BOTH BUY 2..5 1 at 60000, 61000: 2 fills of 121000, price 1000 fees 0 funding 0 net 1000 slippage -10 by ADL "" ""
`},
		{"the house has bought by itself", 1, []stroke{
			{at: 1, who: 0, side: buy, qty: "2", price: 60_000},
			{at: 2, who: 1, side: sell, qty: "1", price: 60_000},
			{at: 3, who: 0, side: sell, qty: "2", price: 61_000},
		}, `0 BOTH BUY 1..3 2 at 60000, 61000: 2 fills of 242000, price 2000 fees 0 funding 0 net 2000 slippage -40 "" ""
1 BOTH SELL 2..99 1 at 60000, 62000: 1 fills of 60000, price -2000 fees 0 funding 0 net -2000 slippage -10 open "" ""
`},
		// 600 contracts of 100 USD: 300/60,000+300/48,000 buys what was worth 600/53,333.33; a coin is 60,000.
		{"inverse", 2, []stroke{
			{at: 1, who: 1, side: buy, qty: "300", price: 60_000, fee: "BTC 0.001"},
			{at: 2, who: 1, side: buy, qty: "300", price: 48_000},
			{at: 3, who: 1, side: sell, qty: "600", price: 60_000},
		}, `1 BOTH BUY 1..3 600 at 53333.33333333, 60000: 3 fills of 127500, price 7500 fees -60 funding 0 net 7440 slippage -22.81329503 "" ""
`},
		// The fee was paid in the coin, so that all there is cannot close what was bought.
		{"margin pair", 3, []stroke{
			{at: 1, who: 1, side: buy, qty: "1", price: 60_000, fee: "BTC 0.001"},
			{at: 2, who: 1, side: sell, qty: "0.999", price: 61_000, fee: "USDT 60.939"},
			{at: 3, who: 1, side: sell, qty: "0.501", price: 61_000},
		}, `1 BOTH BUY 1..3 1 at 60000, 61000: 3 fills of 121000, price 1000 fees -120.939 funding 0 net 879.061 slippage -20 "" ""
1 BOTH SELL 3..99 0.5 at 61000, 62000: 1 fills of 30500, price -500 fees 0 funding 0 net -500 slippage -5 open "" ""
`},
	} {
		if got := happen(t, c.inst, 62_000, c.strokes); got != c.want {
			t.Errorf("%s: the trades are\n%swant\n%s", c.name, got, c.want)
		}
	}
}

// tradeKey is whose a trade is.
type tradeKey struct {
	strategy, leg string
}

// holdsTrades holds the trades of a run against the lines of its strategies on each leg.
// Money of a trade is rounded to eight decimals, so a sum may be off by half of the last
// one for each. A fill that turns a position counts in both trades. Of a forced fill that
// closed what several held, each has its share among its trades, and the house's line has
// the whole.
func holdsTrades(t *testing.T, what string, res *Result) {
	t.Helper()
	sums, counts, house := map[tradeKey]*TradeRow{}, map[tradeKey]int64{}, false
	total, ends, open := decimal.Zero, exchange.Time(0), false
	for i, row := range res.Trades.All() {
		key := tradeKey{row.Strategy, row.Product.String() + " " + row.Symbol}
		s := sums[key]
		if s == nil {
			s = &TradeRow{}
			sums[key] = s
		}
		counts[key]++
		s.Fills += row.Fills
		s.Volume, s.Price, s.Fees = s.Volume.Add(row.Volume), s.Price.Add(row.Price), s.Fees.Add(row.Fees)
		s.Funding, s.Slippage = s.Funding.Add(row.Funding), s.Slippage.Add(row.Slippage)
		total = total.Add(row.Volume)
		if row.To < ends || row.From > row.To || open && !row.Open || !row.Net.Equal(row.Price.Add(row.Fees).Add(row.Funding)) {
			t.Errorf("%s: trade %d is out of order, or its net no sum: %s", what, i, brief(row))
		}
		ends, open = row.To, row.Open
	}
	turns := walkedTrades(t, what, res)
	for _, f := range res.Fills.All() {
		house = house || f.Fill.Strategy == 0
	}
	for _, l := range res.ByStrategyLeg {
		key := tradeKey{l.Strategy, res.Legs[l.Inst-1].Product.String() + " " + res.Legs[l.Inst-1].Symbol}
		if key.strategy == "house" {
			continue
		}
		s := sums[key]
		if s == nil {
			t.Errorf("%s: %v has a line and no trade", what, key)
			continue
		}
		delete(sums, key)
		off := decimal.New(counts[key]+1, -exchange.FixedPlaces)
		for _, x := range []struct {
			name      string
			got, want decimal.Decimal
		}{{"price", s.Price, l.Price}, {"fees", s.Fees, l.Fees}, {"funding", s.Funding, l.Funding}, {"slippage", s.Slippage, l.Slippage}, {"volume", s.Volume, l.Turnover}} {
			if !(house && x.name == "volume" && x.got.GreaterThan(x.want)) && x.got.Sub(x.want).Abs().GreaterThan(off) {
				t.Errorf("%s: %v: the trades' %s is %v, the line's %v", what, key, x.name, x.got, x.want)
			}
		}
		if !house && s.Fills != l.Trades+turns[key] {
			t.Errorf("%s: %v: %d fills in trades, %d in the line, %d turned", what, key, s.Fills, l.Trades, turns[key])
		}
	}
	if len(sums) > 0 {
		t.Errorf("%s: trades without a line: %v", what, sums)
	}
	if off := decimal.New(int64(res.Trades.Len()+1), -6); total.Sub(res.Total.Turnover).Abs().GreaterThan(off) {
		t.Errorf("%s: the volume of all trades is %v, the turnover %v", what, total, res.Total.Turnover)
	}
}

// walkedTrades makes the trades of a run once more, from its list of fills alone, and holds
// their times, sides and sizes against the run's. It returns how many fills turned a
// position. Where the house passed fills on, the list does not have their shares, and nothing is held.
func walkedTrades(t *testing.T, what string, res *Result) map[tradeKey]int {
	t.Helper()
	type place struct {
		tradeKey
		side exchange.PositionSide
	}
	type walk struct {
		qty   decimal.Decimal
		trade *TradeRow
		spent decimal.Decimal // in what opened it
		in    decimal.Decimal
		list  []*TradeRow
	}
	walks, turns := map[place]*walk{}, map[tradeKey]int{}
	for _, f := range res.Fills.All() {
		if f.Fill.Strategy == 0 {
			return nil
		}
		at := place{tradeKey{f.Strategy, f.Product.String() + " " + f.Symbol}, f.PositionSide}
		w := walks[at]
		if w == nil {
			w = &walk{}
			walks[at] = w
		}
		left := f.Qty.Decimal().Mul(decimal.NewFromInt(f.Side.Sign()))
		for pieces := 0; !left.IsZero(); pieces++ {
			if pieces == 1 {
				turns[at.tradeKey]++
			}
			step := left
			if w.qty.IsZero() {
				w.trade = &TradeRow{From: f.At, Side: f.Side, EntryTag: f.Tag}
				w.list, w.spent, w.in = append(w.list, w.trade), decimal.Zero, decimal.Zero
			} else if w.qty.Sign() != left.Sign() && left.Abs().GreaterThan(w.qty.Abs()) {
				step = w.qty.Neg()
			}
			if w.qty.Sign() != -step.Sign() {
				w.spent, w.in = w.spent.Add(step.Mul(f.Price.Decimal())), w.in.Add(step)
				w.trade.Entry = w.spent.DivRound(w.in, 8)
			}
			w.qty, left = w.qty.Add(step), left.Sub(step)
			w.trade.Fills, w.trade.Qty, w.trade.To = w.trade.Fills+1, decimal.Max(w.trade.Qty, w.qty.Abs()), f.At
			if w.qty.IsZero() {
				w.trade.ExitTag, w.trade.Forced = f.Tag, f.Forced
			}
		}
	}
	for _, row := range res.Trades.All() {
		at := place{tradeKey{row.Strategy, row.Product.String() + " " + row.Symbol}, row.PositionSide}
		w := walks[at]
		if w == nil || len(w.list) == 0 {
			t.Errorf("%s: no fills make the trade %s", what, brief(row))
			continue
		}
		want := w.list[0]
		w.list = w.list[1:]
		if row.Open {
			want.To = res.To
		}
		if row.Open != (row.To == res.To && len(w.list) == 0 && !w.qty.IsZero()) || row.From != want.From || row.To != want.To || row.Side != want.Side ||
			row.Fills != want.Fills || !row.Qty.Equal(want.Qty) || row.EntryTag != want.EntryTag || row.ExitTag != want.ExitTag || row.Forced != want.Forced {
			t.Errorf("%s: the trade\n%s is, by the fills,\n%s", what, brief(row), brief(want))
		}
		if row.Product != exchange.CM && row.Entry.Sub(want.Entry).Abs().GreaterThan(decimal.New(2, -8)) {
			t.Errorf("%s: entry %v, by the fills %v", what, row.Entry, want.Entry)
		}
	}
	for at, w := range walks {
		if len(w.list) > 0 {
			t.Errorf("%s: %v: %d trades are missing", what, at, len(w.list))
		}
	}
	return turns
}

// holdsLines holds the lines of strategies on legs against those of strategies and of legs.
// Of the house a line of less than a cent is not shown.
func holdsLines(t *testing.T, what string, res *Result) {
	t.Helper()
	byStrategy, byLeg := map[string]Line{}, map[string]Line{}
	for i, l := range res.ByStrategyLeg {
		leg := res.Legs[l.Inst-1]
		name := leg.Product.String() + " " + leg.Symbol
		if l.Name != l.Strategy+" "+name {
			t.Errorf("%s: line %q is of %s on %s", what, l.Name, l.Strategy, name)
		}
		if i > 0 && res.ByStrategyLeg[i-1].Strategy == l.Strategy && res.ByStrategyLeg[i-1].Inst >= l.Inst {
			t.Errorf("%s: %q is out of order", what, l.Name)
		}
		byStrategy[l.Strategy], byLeg[name] = plus(byStrategy[l.Strategy], l.Line), plus(byLeg[name], l.Line)
	}
	compare := func(got, want Line, off decimal.Decimal) {
		far := func(a, b decimal.Decimal) bool { return a.Sub(b).Abs().GreaterThan(off) }
		if got.Trades != want.Trades || far(got.Turnover, want.Turnover) || far(got.Price, want.Price) || far(got.Fees, want.Fees) ||
			far(got.Funding, want.Funding) || far(got.Slippage, want.Slippage) || far(got.Net, want.Net) {
			t.Errorf("%s: %s adds up to\n%+v, its line is\n%+v", what, want.Name, got, want)
		}
	}
	for _, l := range res.ByStrategy {
		if l.Name != "house" {
			compare(byStrategy[l.Name], l, decimal.New(int64(len(res.Legs)), -8))
		}
	}
	for _, l := range res.ByLeg {
		compare(byLeg[l.Name], l, decimal.New(5001, -6))
	}
}

// randomPlayers are two strategies that trade at random, and the configuration for them:
// in hedge mode or not, on futures in dollars or in coin, and on some seeds with so little money that the account is liquidated.
func randomPlayers(seed uint64) (*Config, []Program) {
	random := rand.New(rand.NewPCG(seed, 77))
	cfg := deskConfig(8, time.Hour, twoPuppets()...)
	cfg.Seed = seed
	cfg.Account.HedgeMode = random.IntN(3) == 0
	cfg.Account.Margin = map[string]decimal.Decimal{"BTC": decimal.New(2, 0), "USDT": decimal.New(50_000, 0)}
	cfg.Account.CM = map[string]decimal.Decimal{"BTC": decimal.New(1, 0)}
	poor := random.IntN(2) == 0
	legs := []string{"UM:BTCUSDT", "CM:BTCUSD_PERP"}
	names := []string{legs[random.IntN(2)], legs[random.IntN(2)]}
	if poor {
		cfg.Account.Margin, cfg.Account.CM, names = nil, nil, []string{legs[0], legs[0]}
		cfg.Account.UM = map[string]decimal.Decimal{"USDT": decimal.New(700, 0)}
		cfg.Account.Leverage = 50
		cfg.Risk.OrderNotionalMaxRatio, cfg.Risk.PositionMaxRatio = decimal.New(10, 0), decimal.New(20, 0)
		cfg.Risk.OpenOrdersNotionalMaxRatio = decimal.NewFromInt(40)
		cfg.Risk.UniMMRMin, cfg.Risk.UniMMRShockMin = decimal.New(12, -1), decimal.New(105, -2)
		cfg.Risk.ShockCoin, cfg.Risk.ShockStable, cfg.Risk.ShockHaircut = decimal.Zero, decimal.Zero, decimal.Zero
		cfg.Risk.GrossExposureMaxRatio, cfg.Risk.NetExposureMaxRatio, cfg.Risk.CoinExposureMaxRatio = decimal.New(50, 0), decimal.New(50, 0), decimal.New(50, 0)
		cfg.Risk.PriceCollarMarket = decimal.New(5, -1)
	}
	var programs []Program
	for i := range cfg.Strategies {
		cfg.Strategies[i].Params = map[string]string{"leg": names[i]}
		programs = append(programs, program(puppet{start: sees(time.Hour, 0), bar: randomOrders(random, cfg.Account.HedgeMode, poor)}))
	}
	return cfg, programs
}

// randomOrders sends an order on most bars, of which many turn what there is. With little
// money it first buys what it can hardly hold.
func randomOrders(random *rand.Rand, hedge, poor bool) func(*puppet, *strategy.Env, *exchange.Instrument, *exchange.Bar) {
	return func(p *puppet, env *strategy.Env, in *exchange.Instrument, b *exchange.Bar) {
		if p.n++; poor && p.n < 100 {
			if o := strategy.Buy(in, exchange.MustFixed("0.05")); p.n < 5 && !hedge {
				env.Send(o)
			} else if p.n < 5 {
				env.Send(o.Leg(exchange.Long))
			}
			return
		}
		if random.IntN(3) == 0 {
			return
		}
		qty := exchange.Fixed(1+random.Int64N(20)) * exchange.FixedOne / 1000
		if in.Product == exchange.CM {
			qty = exchange.Fixed(1+random.Int64N(20)) * exchange.FixedOne
		}
		o, side := strategy.Buy(in, qty), exchange.Buy
		if random.IntN(9) < 4 {
			o, side = strategy.Sell(in, qty), exchange.Sell
		}
		if hedge && in.Product != exchange.Margin {
			o = o.Leg(exchange.PositionSide(1 + random.IntN(2)))
		}
		if random.IntN(3) == 0 {
			o = o.Limit((b.Close - exchange.Fixed(side.Sign())*b.Close/400).Round(in.Tick, exchange.PassiveRounding(side)))
		}
		env.Send(o.Tag(fmt.Sprint("tag ", random.IntN(5))))
	}
}

// TestTradesOfRandomRuns holds trades, lines and ledger of random runs against each other,
// and the trades against a second computation.
func TestTradesOfRandomRuns(t *testing.T) {
	var trades, turned, open, forced, shared, hedged int
	seeds := raced.Fewer(40, 10)
	for seed := range uint64(seeds) {
		cfg, programs := randomPlayers(seed)
		res := runDesk(t, cfg, programs...)
		what := fmt.Sprint("seed ", seed)
		holdsTrades(t, what, res)
		holdsLines(t, what, res)
		holdsLedger(t, what, res)
		last := map[tradeKey]exchange.Time{}
		for _, row := range res.Trades.All() {
			trades++
			key := tradeKey{row.Strategy, row.Symbol}
			if row.From == last[key] && row.PositionSide == exchange.Both {
				turned++
			}
			last[key] = row.To
			if row.Open {
				open++
			}
			if row.Forced != exchange.NotForced {
				forced++
			}
			if row.PositionSide != exchange.Both {
				hedged++
			}
		}
		if slices.ContainsFunc(res.ByStrategyLeg, func(l StrategyLine) bool { return l.Strategy == "house" && l.Trades > 0 }) {
			shared++
		}
		if t.Failed() {
			return
		}
	}
	if t.Logf("%d trades, %d turned, %d open, %d forced, %d runs with shares, %d hedged", trades, turned, open, forced, shared, hedged); turned < 30*seeds/40 ||
		open < 20*seeds/40 || forced < 3*seeds/40 || shared < 1 || hedged < 20*seeds/40 {
		t.Error("that is too few of something to show anything")
	}
}
