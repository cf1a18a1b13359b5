package riskguard

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/raced"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// plainUse is what a plain second computation has found out of one limit.
type plainUse struct {
	used *big.Rat // nil if never measured
	at   exchange.Time
	by   exchange.StrategyID
	inst exchange.InstrumentID
}

// TestUsesAgainstPlainComputation: after random orders, no approved order was beyond a
// limit, and the nearest is that of a second computation, which divides every value by
// its limit.
func TestUsesAgainstPlainComputation(t *testing.T) {
	raced.Skip(t, "it has one goroutine")
	measured := map[string]int{}
	for seed := range uint64(12) {
		rng := rand.New(rand.NewPCG(seed, 5))
		l := DefaultLimits()
		l.MessagesPerSecondMax, l.OpenOrdersMax = 1+rng.IntN(6), 2+rng.IntN(8)
		l.AccountMessagesPerMinuteMax, l.OrderToTradeMax = 100+rng.IntN(200), 40+rng.IntN(200)
		l.ExecutionsPerMinuteMax = 10 + rng.IntN(10)
		l.UnknownOrdersMax = 1 + rng.IntN(3)
		l.OrderNotionalMaxRatio, l.UniMMRMin = decimal.New(1+rng.Int64N(30), -2), decimal.New(2+rng.Int64N(40), 0)
		l.BorrowMaxUSD, l.CollateralAssetMaxRatio = decimal.New(1_000*rng.Int64N(4), 0), decimal.New(6, -1)
		l.PositionMaxRatio = decimal.New(1, 0)
		l.OpenOrdersNotionalMaxRatio = decimal.NewFromInt(40)
		l.RampRatio = decimal.New(9, -1)
		b := newBench(t, l)
		b.do([]string{"promised", "ACCOUNT", "1s"})
		deployed := b.g.config
		deployed.Prints = []string{"", "new"}
		b.restart(deployed)
		plain, refused := map[string]plainUse{}, map[string]int{}
		for range 800 {
			b.disturb(rng)
			b.hear(rng)
			o, amend := b.randomOrder(rng)
			readings := b.plainReadings(&o, amend)
			v := b.g.Check(exchange.Intent{}, o, amend, b.now)
			if v.Refusal != nil {
				refused[v.Refusal.Rule]++
				continue
			}
			for key, used := range readings {
				if p := plain[key]; used.Cmp(big.NewRat(1, 1)) <= 0 && (p.used == nil || used.Cmp(p.used) > 0) {
					plain[key] = plainUse{used, b.now, o.Strategy, o.Request.Inst}
				}
			}
			b.g.Count(&exchange.Intent{Strategy: o.Strategy}, b.now)
			if b.g.Hold(o); rng.IntN(3) > 0 {
				o.Status = exchange.StatusWorking
				b.g.Hold(o)
			}
		}
		for _, u := range b.g.Uses() {
			p := plain[u.Rule+u.Key]
			refused[u.Rule] -= u.Refused
			if u.Measured != (p.used != nil) {
				t.Errorf("seed %d, %s %s: measured is %v", seed, u.Rule, u.Key, u.Measured)
			}
			if p.used == nil {
				continue
			}
			measured[u.Rule+u.Key]++
			if want := p.used.FloatString(8); u.Used.StringFixed(8) != want || u.At != p.at || u.Strategy != p.by || u.Inst != p.inst {
				t.Errorf("seed %d, %s %s: used %v at %v by %d on %d (%s), want %s %+v", seed, u.Rule, u.Key, u.Used, u.At, u.Strategy, u.Inst, u.Value, want, p)
			}
		}
		for rule, n := range refused {
			if n != 0 {
				t.Errorf("seed %d: %d refusals of %s are not in the uses", seed, n, rule)
			}
		}
	}
	if len(measured) != int(boundCount) {
		t.Errorf("measured were only %v", measured)
	}
}

// disturb lets time pass, prices move, orders end and positions change.
func (b *bench) disturb(rng *rand.Rand) {
	b.now = b.now.Add(time.Duration(rng.Int64N(int64(300 * time.Millisecond))))
	around := func(price string, ppm int64) exchange.Fixed {
		p := exchange.MustFixed(price)
		return (p + p/1_000_000*exchange.Fixed(rng.Int64N(2*ppm)-ppm)).Round(exchange.MustFixed("0.1"), exchange.RoundDown)
	}
	for inst := benchUM; inst <= benchMargin; inst++ {
		if rng.IntN(3) > 0 {
			b.price(inst, around("50000", 3000), 0)
		}
		if rng.IntN(4) == 0 && inst != benchMargin {
			mark, index := around("50000", 3000), around("50000", 6000)
			b.do([]string{"mark", []string{"", "UM", "CM"}[inst], mark.String(), index.String()})
		}
		if rng.IntN(4) == 0 {
			bid := around("50000", 4000)
			b.do([]string{"quote", []string{"", "UM", "CM", "MARGIN"}[inst], bid.String(), (bid + 100_000_000*exchange.Fixed(rng.IntN(60))).String()})
		}
		if rng.IntN(4) > 0 {
			b.price(inst, 0, around("50000", 3000))
		}
	}
	if rng.IntN(12) == 0 {
		b.fresh()
	}
	if n := len(b.g.open); n > 0 && rng.IntN(4) == 0 {
		o := b.g.open[rng.IntN(n)]
		o.Status = exchange.StatusCanceled
		b.g.Hold(o)
	}
	if n := len(b.g.open); n > 0 && rng.IntN(6) == 0 {
		o := b.g.open[rng.IntN(n)]
		o.Status = exchange.StatusUnknown
		b.g.Hold(o)
	}
	if rng.IntN(40) == 0 {
		side := []string{"BUY", "SELL"}[rng.IntN(2)]
		b.do([]string{"fill", "UM", side, fmt.Sprintf("0.0%d", 1+rng.IntN(9)), "50000", fmt.Sprint("strategy=", rng.IntN(3))})
	}
	if rng.IntN(20) == 0 { // now and then the futures wallet owes what others have paid
		btc, usdt := decimal.New(5, -2), decimal.NewFromInt([]int64{8000, -50, -200}[rng.IntN(3)])
		b.do([]string{"deposit", "MARGIN", "BTC", btc.String(), btc.Sub(b.g.Balance("BTC", exchange.WalletMargin)).String()})
		b.do([]string{"deposit", "UM", "USDT", usdt.String(), usdt.Sub(b.g.Balance("USDT", exchange.WalletUM)).String()})
	}
	if rng.IntN(10) == 0 {
		b.g.Count(&exchange.Intent{Strategy: 1}, b.now)
	}
}

// randomOrder is a new order, or an amend of an open limit.
func (b *bench) randomOrder(rng *rand.Rand) (o exchange.Order, amend bool) {
	price := exchange.MustFixed("50000") + exchange.Fixed(rng.Int64N(8000)-4000)*10_000_000
	if n := len(b.g.open); n > 0 && rng.IntN(8) == 0 {
		if o = b.g.open[rng.IntN(n)]; o.Request.Type == exchange.Limit {
			o.Request.Price = price
			return o, true
		}
	}
	b.last++
	o = exchange.Order{ID: b.last, Strategy: exchange.StrategyID(1 + rng.IntN(2)), Status: exchange.StatusPendingNew, Created: b.now}
	r := &o.Request
	r.Inst, r.Side, r.Type, r.Price = benchUM+exchange.InstrumentID(rng.IntN(3)), exchange.Buy, exchange.Limit, price
	if rng.IntN(2) == 0 {
		r.Side = exchange.Sell
	}
	switch rng.IntN(6) {
	case 0:
		r.Type, r.Price = exchange.Market, 0
	case 1:
		r.Type, r.Trigger = exchange.Stop, price
	}
	r.Qty = exchange.MustFixed("0.002") * exchange.Fixed(1+rng.IntN(9))
	if r.Inst == benchMargin && rng.IntN(3) == 0 {
		r.SideEffect = exchange.MarginBuy
	}
	if r.Inst == benchCM {
		r.Qty = exchange.FixedOne * exchange.Fixed(1+rng.IntN(9))
	}
	return o, false
}

// plainReadings divides each value by its limit, by the name of rule and key.
func (b *bench) plainReadings(o *exchange.Order, amend bool) map[string]*big.Rat {
	list := map[string]*big.Rat{}
	put := func(name string, value, limit decimal.Decimal) {
		if !limit.IsPositive() {
			return
		}
		used := new(big.Rat).Quo(value.Rat(), limit.Rat())
		if have := list[name]; have == nil || used.Cmp(have) > 0 {
			list[name] = used
		}
	}
	b.plainContact(put)
	c := check{g: b.g, order: *o, in: b.g.ins.At(o.Request.Inst), market: &b.g.markets[o.Request.Inst], at: b.now}
	b.plainMoney(&c, put)
	b.plainPrices(&c, put)
	b.plainCounts(&c, amend, put)
	return list
}

func (b *bench) plainMoney(c *check, put func(string, decimal.Decimal, decimal.Decimal)) {
	g, r, l := b.g, &c.order.Request, &b.g.limits
	worth := func(qty decimal.Decimal) decimal.Decimal {
		if r.Inst == benchCM {
			return qty.Mul(decimal.New(100, 0))
		}
		return qty.Mul(c.worth().Decimal())
	}
	equity := g.model.Equity()
	put("order-sizeorder_notional_max_ratio", worth(r.Qty.Decimal()), equity.Mul(l.OrderNotionalMaxRatio))
	sum := r.Qty.Decimal()
	for _, open := range g.open {
		if q := &open.Request; open.ID != c.order.ID && q.Inst == r.Inst && q.Side == r.Side {
			sum = sum.Add(q.Qty.Decimal())
		}
	}
	if r.Side == exchange.Sell {
		sum = sum.Neg()
	}
	sum = sum.Add(g.model.Position(r.Inst, exchange.Both).Qty)
	put("positionposition_max_ratio", worth(sum.Abs()), equity.Mul(l.PositionMaxRatio))
	b.plainOwn(c, put)
	p, err := g.model.Project(c.order)
	if err != nil {
		return
	}
	for _, s := range []struct {
		key         string
		now, before exchange.Fixed
		limit       decimal.Decimal
	}{
		{"gross_exposure_max_ratio", p.Exposure.Gross, p.Exposure.GrossBefore, l.GrossExposureMaxRatio},
		{"net_exposure_max_ratio", p.Exposure.Net, p.Exposure.NetBefore, l.NetExposureMaxRatio},
		{"coin_exposure_max_ratio", p.Exposure.Gap, 0, l.CoinExposureMaxRatio},
	} {
		if s.now > s.before {
			put("exposure"+s.key, s.now.Decimal(), p.Exposure.Equity.Decimal().Mul(s.limit))
		}
	}
	if p.Exposure.Debt > p.Exposure.DebtBefore {
		asset := c.in.Quote
		if r.Side == exchange.Sell {
			asset = c.in.Base
		}
		put("loanloan_rate_max", margin.Assumed().Interest[asset].Decimal().Mul(decimal.NewFromInt(8760)), l.LoanRateMax)
		put("loanborrow_max_usd", p.Exposure.Debt.Decimal(), l.BorrowMaxUSD)
	}
	if p.Collateral.Coin != "" {
		put("collateralcollateral_asset_max_ratio", p.Collateral.Worth.Decimal(), p.Collateral.Equity.Decimal().Mul(l.CollateralAssetMaxRatio))
	}
	if p.Collateral.Stable != "" {
		put("collateralnegative_stable_max_ratio", p.Collateral.Short.Decimal(), p.Collateral.Equity.Decimal().Mul(l.NegativeStableMaxRatio))
	}
	put("initial-margin", p.InitialMargin, p.InitialMargin.Add(p.Available))
	if max := decimal.New(exchange.UniMMRMax, 0); p.Base.UniMMR.LessThan(max) {
		put("unimmrunimmr_min", l.UniMMRMin, p.Base.UniMMR)
	}
	if max := decimal.New(exchange.UniMMRMax, 0); p.Shocked.UniMMR.LessThan(max) {
		put("unimmr-shockunimmr_shock_min", l.UniMMRShockMin, p.Shocked.UniMMR)
	}
}

func (b *bench) plainPrices(c *check, put func(string, decimal.Decimal, decimal.Decimal)) {
	g, r, l := b.g, &c.order.Request, &b.g.limits
	mark, last := c.mark().Decimal(), c.market.last.Decimal()
	index, best := c.market.index.Decimal(), c.market.ask.Decimal()
	if r.Side == exchange.Sell {
		best = c.market.bid.Decimal()
	}
	if r.Inst == benchMargin {
		index = decimal.NewFromInt(50_000)
	}
	fresh := c.market.bookAt != 0 && b.now-c.market.bookAt <= exchange.Time(l.FreshPrice)
	collar := func(key string, price, reference, most decimal.Decimal) {
		beyond := price.Sub(reference)
		if r.Side == exchange.Sell {
			beyond = beyond.Neg()
		}
		if !beyond.IsNegative() && !reference.IsZero() {
			put("price-collar"+key, beyond, reference.Mul(most))
		}
	}
	switch r.Type {
	case exchange.Market:
		put("price-collarprice_collar_market", last.Sub(mark).Abs(), mark.Mul(l.PriceCollarMarket))
		if !fresh {
			collar("price_collar_limit", last, index, l.PriceCollarLimit)
			break
		}
		collar("price_collar_market", best, mark, l.PriceCollarMarket)
		collar("price_collar_limit", best, index, l.PriceCollarLimit)
	case exchange.Limit:
		for _, reference := range []decimal.Decimal{mark, last, index} {
			collar("price_collar_limit", r.Price.Decimal(), reference, l.PriceCollarLimit)
		}
		if fresh {
			collar("price_collar_limit", r.Price.Decimal(), best, l.PriceCollarLimit)
		}
	}
	age := func(name string, seen exchange.Time, most time.Duration) {
		put("freshness"+name, decimal.NewFromInt(int64(b.now-seen)), decimal.NewFromInt(int64(most)))
	}
	age("fresh_price", c.market.lastAt, l.FreshPrice)
	for id := benchUM; id <= benchCM; id++ {
		if id == r.Inst || !g.model.Position(id, exchange.Both).Qty.IsZero() {
			age("fresh_mark", g.markets[id].markAt, l.FreshMark)
		}
	}
	for _, a := range g.assets {
		needed := []string{c.in.MarginAsset}
		if r.Inst == benchMargin {
			needed = []string{"BTC", "USDT"}
		}
		if slices.Contains(needed, a.name) || !g.model.Net(a.name).IsZero() {
			age("fresh_index", a.at, l.FreshIndex)
		}
	}
}

func (b *bench) plainCounts(c *check, amend bool, put func(string, decimal.Decimal, decimal.Decimal)) {
	g, l := b.g, &b.g.limits
	messages := int64(1)
	for _, at := range g.sent[c.order.Strategy].at {
		if at != 0 && b.now.Sub(at) < time.Second {
			messages++
		}
	}
	put("message-ratemessages_per_second_max", decimal.NewFromInt(messages), decimal.NewFromInt(int64(l.MessagesPerSecondMax)))
	b.plainDoubts(c, amend, put)
	b.plainPace(c, put)
	if amend {
		return
	}
	orders := int64(1)
	for _, open := range g.open {
		if open.Strategy == c.order.Strategy && open.Request.Inst == c.order.Request.Inst {
			orders++
		}
	}
	put("open-ordersaccount_open_orders_max", decimal.NewFromInt(int64(len(g.open)+1)), decimal.NewFromInt(int64(l.AccountOpenOrdersMax)))
	put("open-ordersopen_orders_max", decimal.NewFromInt(orders), decimal.NewFromInt(int64(l.OpenOrdersMax)))
}

// plainOwn is what is the strategy's alone: its open orders, and its own position.
func (b *bench) plainOwn(c *check, put func(string, decimal.Decimal, decimal.Decimal)) {
	g, r, l := b.g, &c.order.Request, &b.g.limits
	worth := func(q *exchange.OrderRequest, qty decimal.Decimal) decimal.Decimal {
		if r.Inst == benchCM {
			return qty.Mul(decimal.New(100, 0))
		}
		return qty.Mul(c.worthOf(q).Decimal())
	}
	sum, side := worth(r, r.Qty.Decimal()), r.Qty.Decimal()
	for _, open := range g.open {
		q := &open.Request
		if open.ID == c.order.ID || open.Strategy != c.order.Strategy || q.Inst != r.Inst {
			continue
		}
		sum = sum.Add(worth(q, q.Qty.Decimal()))
		if q.Side == r.Side {
			side = side.Add(q.Qty.Decimal())
		}
	}
	put("open-ordersopen_orders_notional_max_ratio", sum, g.model.Equity().Mul(l.OpenOrdersNotionalMaxRatio))
	if r.Side == exchange.Sell {
		side = side.Neg()
	}
	own := g.owned[c.order.Strategy][r.Inst][exchange.Both].Add(side).Abs()
	put("positionstrategy_position_max_ratio", worth(r, own), g.model.Equity().Mul(l.StrategyPositionMaxRatio))
	if c.order.Strategy == 2 {
		put("rampramp_ratio", worth(r, r.Qty.Decimal()), g.model.Equity().Mul(l.OrderNotionalMaxRatio).Mul(l.RampRatio))
		put("rampramp_ratio", worth(r, own), g.model.Equity().Mul(l.PositionMaxRatio).Mul(l.RampRatio))
	}
}
