package riskguard

import (
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// bookTiny is what rounding a booking in coin may move, in dollars.
var bookTiny = decimal.New(1, -3)

// measure notes what is worst, for comparisons with what comes.
func (w *walk) measure() {
	w.uniMMR, w.equity = w.b.worst(w.orders, w.shocks)
	for inst := benchUM; inst <= benchCross; inst++ {
		for _, side := range [...]exchange.Side{exchange.Buy, exchange.Sell} {
			w.reach[fmt.Sprint(inst, side)] = w.b.reach(inst, side, w.orders)
		}
	}
	w.owns = w.ownWorst()
}

// kept says what of the worst cases has become worse without an approval.
func (w *walk) kept() string {
	uniMMR, equity, reach, owns := w.uniMMR, w.equity, w.reach, w.owns
	w.reach = map[string]decimal.Decimal{}
	w.measure()
	for k := range uniMMR {
		// A loss that one order may make is made in part when it fills in part, so the rest is
		// no worse. Floors are what counts: above one the worst case stays there.
		if floor := w.floor(k, &w.limits); uniMMR[k].GreaterThanOrEqual(floor) && w.uniMMR[k].Add(bookTiny).LessThan(floor) {
			return fmt.Sprintf("without an approval the worst uniMMR of scenario %d has fallen from %v to %v, floor %v", k, uniMMR[k], w.uniMMR[k], floor)
		}
	}
	if w.equity.Add(bookTiny).LessThan(equity) {
		return fmt.Sprintf("without an approval the least equity has fallen from %v to %v", equity, w.equity)
	}
	for at, now := range w.owns {
		if now.GreaterThan(owns[at]) {
			return fmt.Sprintf("without an approval %s has grown from %v to %v", at, owns[at], now)
		}
	}
	for at, now := range w.reach {
		if now.GreaterThan(reach[at]) && !w.crossed(at) {
			return fmt.Sprintf("without an approval the reach of %s has grown from %v to %v", at, reach[at], now)
		}
	}
	return ""
}

// crossed says whether the largest position of a side is one of the other side, which only
// fills of this side make smaller: then what the other side fills makes it larger, within its
// own reach.
func (w *walk) crossed(at string) bool {
	for inst := benchUM; inst <= benchCross; inst++ {
		for _, side := range [...]exchange.Side{exchange.Buy, exchange.Sell} {
			if fmt.Sprint(inst, side) == at {
				other := w.reach[fmt.Sprint(inst, side.Opposite())]
				return w.reach[at].LessThanOrEqual(other)
			}
		}
	}
	return false
}

func (w *walk) floor(k int, l *Limits) decimal.Decimal {
	if k == 0 {
		return l.UniMMRMin
	}
	return l.UniMMRShockMin
}

// wish asks for a random order.
func (w *walk) wish() string {
	if len(w.orders) >= 5 { // subsets of more take too long
		return ""
	}
	w.last++
	o := exchange.Order{ID: w.last, Strategy: exchange.StrategyID(1 + w.r.IntN(2)), Status: exchange.StatusPendingNew, Created: w.now}
	if n := len(w.orders); n > 0 && w.r.IntN(8) == 0 { // the same again
		o.Strategy, o.Request = w.orders[n-1].order.Strategy, w.orders[n-1].order.Request
		return w.ask(o, false)
	}
	q := &o.Request
	q.Inst = []exchange.InstrumentID{benchUM, benchUM, benchCM, benchMargin, benchCross}[w.r.IntN(5)]
	in := w.b.ins.At(q.Inst)
	q.Side, q.Type = exchange.Side(1+w.r.IntN(2)), exchange.Limit
	lot := in.Lot
	if w.r.IntN(6) == 0 && q.Inst != benchCross {
		q.Type, lot = exchange.Market, in.MarketLot
		if lot.Step == 0 {
			lot = in.Lot
		}
	}
	usd := int64(1) << (7 + w.r.IntN(11))
	unit := w.b.index[in.Base]
	if in.Product == exchange.CM {
		unit = in.ContractSize.Decimal()
	}
	n := decimal.NewFromInt(usd).DivRound(unit.Mul(lot.Step.Decimal()), 0).IntPart()
	q.Qty = exchange.Fixed(max(1, n)) * lot.Step
	if q.Type == exchange.Limit {
		about := w.b.last[q.Inst].Mul(decimal.New(99_000+w.r.Int64N(2_000), -5))
		if w.r.IntN(3) == 0 {
			about = w.b.last[q.Inst]
		}
		q.Price, _ = exchange.FixedFromDecimal(about, exchange.RoundDown)
		q.Price = (q.Price-in.PriceMin).Round(in.Tick, exchange.RoundDown) + in.PriceMin
	}
	q.ReduceOnly = in.Product != exchange.Margin && w.r.IntN(10) == 0
	return w.ask(o, false)
}

// amend asks for another price and quantity of a working order.
func (w *walk) amend() string {
	at := slices.IndexFunc(w.orders, func(o *bookOrder) bool {
		return o.before == nil && o.order.Request.Type == exchange.Limit &&
			(o.order.Status == exchange.StatusWorking || o.order.Status == exchange.StatusPartiallyFilled)
	})
	if at < 0 {
		return ""
	}
	o := w.orders[at].order
	in := w.b.ins.At(o.Request.Inst)
	o.Request.Qty = max(in.Lot.Step, o.Request.Qty+in.Lot.Step*exchange.Fixed(w.r.IntN(200)-100))
	o.Request.Price += in.Tick * exchange.Fixed(w.r.IntN(2000)-1000)
	return w.ask(o, true)
}

// ask puts an order to the guard, and holds what it approves against every limit.
func (w *walk) ask(o exchange.Order, amend bool) string {
	v := w.g.Check(exchange.Intent{Strategy: o.Strategy}, o, amend, w.now)
	r := &o.Request
	words := fmt.Sprintf("strategy %d: %v %v %v %v at %v", o.Strategy, r.Side, r.Qty, w.b.ins.At(r.Inst).Name(), r.Type, r.Price)
	if v.Refusal != nil {
		w.seen["refused by "+v.Refusal.Rule]++
		w.say("%s: %v", words, v.Refusal)
		return ""
	}
	w.say("%s: approved (amend %v)", words, amend)
	var broken []string
	broken = append(broken, w.sanity(&o, amend)...)
	money := w.money(&o, amend)
	before, reduces, stakes := w.uniMMR, w.reduces(&o), w.b.stakes(w.orders)
	if amend {
		w.seen["amended"]++
		i := slices.IndexFunc(w.orders, func(b *bookOrder) bool { return b.order.ID == o.ID })
		was := w.orders[i].order.Request
		w.orders[i].before = &was
		w.orders[i].order.Request, w.orders[i].order.Status = o.Request, exchange.StatusPendingAmend
	} else {
		w.seen["approved"]++
		w.orders = append(w.orders, &bookOrder{order: o})
	}
	w.sent[o.Strategy] = append(w.sent[o.Strategy], w.now)
	w.g.Count(&exchange.Intent{Strategy: o.Strategy}, w.now)
	w.hold(w.orders[slices.IndexFunc(w.orders, func(b *bookOrder) bool { return b.order.ID == o.ID })])
	w.measure()
	l := w.strictest(&o)
	money = append(money, w.exposure(stakes, &l)...)
	lowered := false
	for k := range w.shocks {
		floor := w.floor(k, &l)
		if w.uniMMR[k].Add(bookTiny).LessThan(floor) {
			money = append(money, fmt.Sprintf("worst uniMMR of scenario %d is %v, floor %v", k, w.uniMMR[k], floor))
			lowered = lowered || w.uniMMR[k].Add(bookTiny).LessThan(before[k])
		}
	}
	if need := w.initial(); w.equity.Add(bookTiny).LessThan(need) {
		money = append(money, fmt.Sprintf("initial margin %v of equity %v", need, w.equity))
	}
	if len(money) > 0 && reduces && !lowered {
		w.seen["reducing"]++
		money = nil
	}
	if broken = append(broken, money...); len(broken) > 0 {
		return fmt.Sprintf("%s was approved: %v", words, broken)
	}
	return ""
}

// strictest are the limits that hold for an order: of each key the strictest that fits.
func (w *walk) strictest(o *exchange.Order) Limits {
	l, in := w.limits, w.b.ins.At(o.Request.Inst)
	for i := range l.Overrides {
		v := &l.Overrides[i]
		if v.Product != 0 && v.Product != in.Product || v.Symbol != "" && v.Symbol != in.Product.String()+":"+in.Symbol ||
			v.Strategy != "" && v.Strategy != benchLabels[o.Strategy-1] {
			continue
		}
		for key, text := range v.Limits {
			number := decimal.RequireFromString(string(text))
			switch key {
			case "order_notional_max_ratio":
				l.OrderNotionalMaxRatio = decimal.Min(l.OrderNotionalMaxRatio, number)
			case "position_max_ratio":
				l.PositionMaxRatio = decimal.Min(l.PositionMaxRatio, number)
			case "open_orders_notional_max_ratio":
				l.OpenOrdersNotionalMaxRatio = decimal.Min(l.OpenOrdersNotionalMaxRatio, number)
			case "strategy_position_max_ratio":
				l.StrategyPositionMaxRatio = decimal.Min(l.StrategyPositionMaxRatio, number)
			case "open_orders_max":
				l.OpenOrdersMax = min(l.OpenOrdersMax, int(number.IntPart()))
			case "unimmr_min":
				l.UniMMRMin = decimal.Max(l.UniMMRMin, number)
			}
		}
	}
	return l
}

// sanity lists the limits that hold for every order and that this one breaks.
func (w *walk) sanity(o *exchange.Order, amend bool) (broken []string) {
	l, r := w.strictest(o), &o.Request
	in := w.b.ins.At(r.Inst)
	if w.halted[0] || w.halted[r.Inst] {
		broken = append(broken, "trading is halted")
	}
	n := 1
	for _, at := range w.sent[o.Strategy] {
		if w.now.Sub(at) < time.Second {
			n++
		}
	}
	if n > l.MessagesPerSecondMax {
		broken = append(broken, fmt.Sprintf("message %d within a second", n))
	}
	mark, last := w.b.mark[r.Inst], w.b.last[r.Inst]
	if in.Product == exchange.Margin {
		mark = last
	}
	collar := func(price, of, most decimal.Decimal) {
		if price.Sub(of).GreaterThan(of.Mul(most)) {
			broken = append(broken, fmt.Sprintf("price %v against %v", price, of))
		}
	}
	switch {
	case r.Type == exchange.Market:
		if mark.Sub(last).Abs().GreaterThan(mark.Mul(l.PriceCollarMarket)) {
			broken = append(broken, fmt.Sprintf("mark %v and last price %v", mark, last))
		}
	case r.Side == exchange.Buy:
		collar(r.Price.Decimal(), decimal.Min(mark, last), l.PriceCollarLimit)
	default:
		most := decimal.Max(mark, last)
		collar(most.Add(most.Sub(r.Price.Decimal())), most, l.PriceCollarLimit)
	}
	old := func(at exchange.Time, most time.Duration, what string) {
		if w.now.Sub(at) > most {
			broken = append(broken, fmt.Sprintf("%s is %v old", what, w.now.Sub(at)))
		}
	}
	old(w.priceAt[r.Inst], l.FreshPrice, "price")
	for inst, p := range w.b.held {
		if !p.qty.IsZero() {
			old(w.markAt[inst], l.FreshMark, "mark of "+w.b.ins.At(inst).Name())
		}
	}
	for asset, amount := range w.b.balance {
		if !amount.IsZero() || asset == in.MarginAsset {
			old(w.indexAt[asset], l.FreshIndex, "index of "+asset)
		}
	}
	for _, other := range w.orders {
		q := &other.order.Request
		if !amend && other.order.Status == exchange.StatusPendingNew && other.order.Strategy == o.Strategy && q.Inst == r.Inst && q.Side == r.Side &&
			q.Type == r.Type && q.Price == r.Price && q.Qty == r.Qty && w.now.Sub(other.order.Created) < l.DuplicateWindow {
			broken = append(broken, "the same order is not answered")
		}
	}
	if l.SelfTrade != AllowSelfTrade && w.meets(o) {
		broken = append(broken, "it meets an own order")
	}
	if held := w.b.held[r.Inst].qty; r.ReduceOnly && int64(held.Sign()) != -r.Side.Sign() {
		broken = append(broken, fmt.Sprintf("reduce-only with a position of %v", held))
	}
	return broken
}

// money lists the limits on risk that the order breaks, but for those on uniMMR.
func (w *walk) money(o *exchange.Order, amend bool) (broken []string) {
	l, r := w.strictest(o), &o.Request
	in := w.b.ins.At(r.Inst)
	equity, _ := w.b.valued(&bookShock{})
	// An order to sell deals at the market if that is better.
	price := r.Price.Decimal()
	if r.Side == exchange.Sell || r.Type == exchange.Market {
		reference := w.b.mark[r.Inst]
		if in.Product == exchange.Margin {
			reference = w.b.last[r.Inst]
		}
		price = decimal.Max(price, reference)
	}
	usd := func(qty decimal.Decimal) decimal.Decimal {
		if in.Product == exchange.CM {
			return qty.Mul(in.ContractSize.Decimal())
		}
		return qty.Mul(price).Mul(w.b.index[in.Quote])
	}
	broken = append(broken, w.ownMoney(o, &l, equity, price)...)
	if n := usd(r.Qty.Decimal()); n.GreaterThan(equity.Mul(l.OrderNotionalMaxRatio)) {
		broken = append(broken, fmt.Sprintf("notional %v of equity %v", n, equity))
	}
	mine, others, doubts, had := 0, []*bookOrder{{order: *o}}, 0, exchange.Fixed(0)
	for _, other := range w.orders {
		if other.order.Strategy == o.Strategy && other.order.Request.Inst == r.Inst {
			mine++
		}
		if q := &other.order.Request; other.order.Status == exchange.StatusUnknown && other.order.Strategy == o.Strategy && q.Inst == r.Inst && q.Side == r.Side {
			doubts++
		}
		if other.order.ID != o.ID {
			others = append(others, other)
		} else {
			had = other.order.Request.Qty
		}
	}
	if !amend && mine+1 > l.OpenOrdersMax {
		broken = append(broken, fmt.Sprintf("open order %d", mine+1))
	}
	if !amend && len(w.orders)+1 > l.AccountOpenOrdersMax {
		broken = append(broken, fmt.Sprintf("open order %d of the account", len(w.orders)+1))
	}
	dealt := 1
	for _, at := range w.dealt[o.Strategy] {
		if w.now.Sub(at) < time.Minute {
			dealt++
		}
	}
	if dealt > l.ExecutionsPerMinuteMax {
		broken = append(broken, fmt.Sprintf("execution %d within a minute", dealt))
	}
	if doubts > l.UnknownOrdersMax && (!amend || r.Qty > had) {
		broken = append(broken, fmt.Sprintf("%d orders in doubt", doubts))
	}
	if r.ReduceOnly {
		return broken
	}
	if n := usd(w.b.reach(r.Inst, r.Side, others)); n.GreaterThan(equity.Mul(l.PositionMaxRatio)) {
		broken = append(broken, fmt.Sprintf("position %v of equity %v", n, equity))
	}
	return broken
}

// exposure lists the bounds on what is at stake that are broken and that something has come
// nearer to since it was as it says.
func (w *walk) exposure(before map[string]decimal.Decimal, l *Limits) (broken []string) {
	equity, _ := w.b.valued(&bookShock{})
	for what, now := range w.b.stakes(w.orders) {
		most := l.CoinExposureMaxRatio
		switch what {
		case "gross":
			most = l.GrossExposureMaxRatio
		case "net":
			most = l.NetExposureMaxRatio
		}
		if now.GreaterThan(before[what].Add(bookTiny)) && now.GreaterThan(equity.Mul(most).Add(bookTiny)) {
			broken = append(broken, fmt.Sprintf("%s at stake %v, %v before, of equity %v", what, now, before[what], equity))
		}
	}
	return broken
}

// meets says whether an order takes the price of one of the account's own on the other side.
func (w *walk) meets(o *exchange.Order) bool {
	r := &o.Request
	return slices.ContainsFunc(w.orders, func(other *bookOrder) bool {
		q := other.worst()
		return q.Inst == r.Inst && q.Side != r.Side && q.Type == exchange.Limit &&
			(r.Type == exchange.Market || r.Price.Decimal().Sub(q.Price.Decimal()).Sign() != -int(r.Side.Sign()))
	})
}

// initial is the initial margin of all positions and orders, at a leverage of 20.
func (w *walk) initial() decimal.Decimal {
	sum := decimal.Zero
	for inst, asset := range map[exchange.InstrumentID]string{benchUM: "USDT", benchCM: "BTC"} {
		size := decimal.Max(w.b.reach(inst, exchange.Buy, w.orders), w.b.reach(inst, exchange.Sell, w.orders))
		sum = sum.Add(w.b.notional(w.b.ins.At(inst), size, w.b.mark[inst]).Mul(w.b.index[asset]).DivRound(decimal.NewFromInt(20), 16))
	}
	return sum
}

// reduces says whether an order, filled, leaves no larger exposure.
func (w *walk) reduces(o *exchange.Order) bool {
	r := &o.Request
	filled := w.b.clone()
	price := r.Price.Decimal()
	if r.Type == exchange.Market {
		if price = w.b.mark[r.Inst]; w.b.ins.At(r.Inst).Product == exchange.Margin {
			price = w.b.index["BTC"]
		}
	}
	if left := filled.canFill(r, o.Filled); left.IsPositive() {
		filled.fill(r.Inst, r.Side, left, price)
	}
	// Fees and the loss at the order's price are paid in coin with CM.
	grain := decimal.New(1, -4)
	for _, coin := range []string{"BTC", "ETH"} {
		if filled.delta(coin).Abs().GreaterThan(w.b.delta(coin).Abs().Add(grain)) {
			return false
		}
	}
	return true
}

// hold tells the guard of an order as the kernel does: while an amend is not answered, with
// the more of both.
func (w *walk) hold(o *bookOrder) {
	risk := o.order
	risk.Request = o.worst()
	w.g.Hold(risk)
}

// answer has the exchange say something of one of the orders.
func (w *walk) answer() string {
	if len(w.orders) == 0 {
		return ""
	}
	at := w.r.IntN(len(w.orders))
	o := w.orders[at]
	final := false
	switch n := w.r.IntN(10); {
	case n < 3:
		if o.before != nil && w.r.IntN(2) == 0 {
			o.order.Request = *o.before // the amend was refused
		}
		o.before = nil
		o.order.Status = exchange.StatusWorking
		w.say("order %d works as %v at %v", o.order.ID, o.order.Request.Qty, o.order.Request.Price)
	case n < 4:
		o.order.Status = exchange.StatusUnknown
		w.seen["unknown"]++
		w.say("order %d is unknown", o.order.ID)
	case n < 5:
		final, o.order.Status = true, exchange.StatusCanceled
		w.seen["ended"]++
		w.sent[o.order.Strategy] = append(w.sent[o.order.Strategy], w.now)
		w.g.Count(&exchange.Intent{Strategy: o.order.Strategy}, w.now)
		w.say("order %d is cancelled", o.order.ID)
	default:
		final = w.fill(o)
	}
	w.hold(o)
	if final {
		w.orders = slices.Delete(w.orders, at, at+1)
	}
	return w.kept()
}

// fill fills an order, or a part of it, in one of the versions that it may have.
func (w *walk) fill(o *bookOrder) (final bool) {
	r := &o.order.Request
	if o.before != nil && w.r.IntN(2) == 0 {
		r = o.before
	}
	in := w.b.ins.At(r.Inst)
	left, _ := exchange.FixedFromDecimal(w.b.canFill(r, o.order.Filled), exchange.RoundDown)
	qty := left
	if w.r.IntN(2) == 0 {
		qty = (left / 2).Round(in.Lot.Step, exchange.RoundDown)
	}
	if qty <= 0 {
		return false
	}
	price, _ := exchange.FixedFromDecimal(w.b.price(r), exchange.RoundDown)
	w.seen["filled"]++
	w.say("order %d fills %v at %v", o.order.ID, qty, price)
	settled, base := w.b.fill(r.Inst, r.Side, qty.Decimal(), price.Decimal())
	w.fillOwn(o.order.Strategy, r, qty)
	if in.Product == exchange.Margin {
		w.ledger(exchange.WalletMargin, in.Quote, settled)
		w.ledger(exchange.WalletMargin, in.Base, base)
	} else {
		e := exchange.Event{At: w.now, Inst: r.Inst}
		e.SetFill(&exchange.Fill{Strategy: o.order.Strategy, Order: o.order.ID, Side: r.Side, Qty: qty, Price: price})
		w.dealt[o.order.Strategy] = append(w.dealt[o.order.Strategy], w.now)
		w.g.Apply(&e)
		w.ledger(exchange.WalletUM, in.MarginAsset, settled)
	}
	o.order.Filled += qty
	o.order.Status = exchange.StatusPartiallyFilled
	if o.before != nil {
		o.order.Status = exchange.StatusPendingAmend
	}
	if qty == left && o.before == nil {
		o.order.Status = exchange.StatusFilled
		return true
	}
	return false
}
