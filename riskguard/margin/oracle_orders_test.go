package margin

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// The second half of the oracle: open orders, initial margin, worst case, exposure.

// fillPrice is where an order is taken to fill: its limit, or the mark and the collar.
func (w *world) fillPrice(o exchange.Order) decimal.Decimal {
	if !o.Request.Type.Market() {
		return dec(o.Request.Price)
	}
	return w.collared(o)
}

func (w *world) collared(o exchange.Order) decimal.Decimal {
	in := w.ins.At(o.Request.Inst)
	m := dec(w.marks[o.Request.Inst])
	if in.Product == exchange.Margin {
		m = dec(w.index[in.Base]).DivRound(dec(w.index[in.Quote]), 8)
	}
	return w.slipped(o, m)
}

func (w *world) slipped(o exchange.Order, price decimal.Decimal) decimal.Decimal {
	slip := dec(w.tables.Collar)
	if o.Request.Side == exchange.Sell {
		slip = slip.Neg()
	}
	return price.Mul(one.Add(slip)).Round(8)
}

func (w *world) prices(o exchange.Order) []decimal.Decimal {
	list := []decimal.Decimal{w.fillPrice(o)}
	if o.Request.Type == exchange.OCO {
		stop := dec(o.Request.StopPrice)
		if stop.IsZero() {
			stop = w.collared(o)
			if o.Request.Trigger != 0 {
				stop = w.slipped(o, dec(o.Request.Trigger))
			}
		}
		list = append(list, stop)
	}
	return list
}

func left(o exchange.Order) decimal.Decimal { return dec(o.Request.Qty).Sub(dec(o.Filled)) }

// sizeOf is what an order can fill on a leg that holds q: one that closes everything can
// also close what others have opened.
func (w *world) sizeOf(o exchange.Order, q decimal.Decimal) decimal.Decimal {
	if !o.Request.ClosePosition || o.Request.Qty != 0 {
		return left(o)
	}
	size := signed(o, q).Neg()
	for _, other := range w.orders {
		r := other.Request
		if r.Inst == o.Request.Inst && r.PositionSide == o.Request.PositionSide && r.Side != o.Request.Side && r.Qty != 0 {
			size = size.Add(left(other))
		}
	}
	return decimal.Max(zero, size)
}

// signed is +qty for a buy and -qty for a sell.
func signed(o exchange.Order, q decimal.Decimal) decimal.Decimal {
	if o.Request.Side == exchange.Sell {
		return q.Neg()
	}
	return q
}

// span is how low and how high fills can carry the position of a leg.
func (w *world) span(id exchange.InstrumentID, ps exchange.PositionSide, conditional bool) (q, low, high decimal.Decimal) {
	for _, p := range w.positions {
		if p.Inst == id && p.Side == ps {
			q = p.Qty
		}
	}
	var buys, sells, closingBuys, closingSells decimal.Decimal
	for _, o := range w.orders {
		r := o.Request
		if r.Inst != id || r.PositionSide != ps || r.Type.Conditional() && !conditional {
			continue
		}
		size := w.sizeOf(o, q)
		closes := r.ReduceOnly || r.ClosePosition || ps == exchange.Long && r.Side == exchange.Sell ||
			ps == exchange.Short && r.Side == exchange.Buy
		switch {
		case r.Side == exchange.Buy && closes:
			closingBuys = closingBuys.Add(size)
		case r.Side == exchange.Buy:
			buys = buys.Add(size)
		case closes:
			closingSells = closingSells.Add(size)
		default:
			sells = sells.Add(size)
		}
	}
	low, high = q, q
	if q.IsPositive() {
		low = decimal.Max(zero, q.Sub(closingSells))
	}
	if q.IsNegative() {
		high = decimal.Min(zero, q.Add(closingBuys))
	}
	return q, low.Sub(sells), high.Add(buys)
}

var sides = []exchange.PositionSide{exchange.Both, exchange.Long, exchange.Short}

// account is what Binance would say.
func (w *world) account(assets []string) exchange.Account {
	var a exchange.Account
	a.MaintMargin, a.InitialMargin = w.maintNow(assets), w.initial(assets, false)
	for _, name := range assets {
		n := w.net(name, nil)
		a.Equity = a.Equity.Add(w.equity(name, n, nil))
		a.ActualEquity = a.ActualEquity.Add(n.Mul(dec(w.index[name])))
	}
	for _, o := range w.orders {
		a.OpenLoss = a.OpenLoss.Add(w.openLoss(o, nil))
	}
	adjusted := a.Equity.Sub(a.OpenLoss)
	a.Available = a.Equity.Sub(a.InitialMargin)
	a.UniMMR = ratio(adjusted, a.MaintMargin)
	if a.MaintMargin.IsZero() {
		a.UniMMR = decimal.NewFromInt(exchange.UniMMRMax)
	}
	a.Status = exchange.StatusNormal
	l := w.tables.Ladder
	for _, rung := range []struct {
		line exchange.Fixed
		is   exchange.AccountStatus
	}{
		{l.MarginCall, exchange.StatusMarginCall}, {l.SupplyMargin, exchange.StatusSupplyMargin},
		{l.ReduceOnly, exchange.StatusReduceOnly}, {l.Liquidation, exchange.StatusActiveLiquidation},
	} {
		if rung.line != 0 && a.UniMMR.LessThanOrEqual(dec(rung.line)) {
			a.Status = rung.is
		}
	}
	if adjusted.IsNegative() {
		a.Status = exchange.StatusBankrupted
	}
	return a
}

func (w *world) maintNow(assets []string) decimal.Decimal {
	sum := zero
	for _, p := range w.positions {
		in := w.ins.At(p.Inst)
		sum = sum.Add(w.maintenance(in, p.Qty.Abs(), dec(w.marks[p.Inst])).Mul(dec(w.index[settle(in)])))
	}
	for _, name := range assets {
		_, mmr := w.loan(name)
		sum = sum.Add(w.debt(name).Mul(mmr).Mul(dec(w.index[name])))
	}
	return sum
}

// initial is the initial margin; with possible loans on request.
func (w *world) initial(assets []string, loans bool) decimal.Decimal {
	sum := zero
	for id := exchange.InstrumentID(1); int(id) <= w.ins.Len(); id++ {
		in := w.ins.At(id)
		if in.Product == exchange.Margin {
			continue
		}
		leverage := decimal.NewFromInt(int64(w.leverage[id]))
		for _, ps := range sides {
			_, low, high := w.span(id, ps, false)
			size, m := decimal.Max(low.Abs(), high.Abs()), dec(w.marks[id])
			var need decimal.Decimal
			if in.Product == exchange.CM {
				need = size.Mul(dec(in.ContractSize)).DivRound(m.Mul(leverage), 16)
			} else {
				need = size.Mul(m).DivRound(leverage, 16)
			}
			sum = sum.Add(need.Mul(dec(w.index[settle(in)])))
		}
	}
	for _, name := range assets {
		leverage, _ := w.loan(name)
		debt := w.debt(name)
		if loans {
			debt = debt.Add(w.newDebt(name))
		}
		sum = sum.Add(debt.DivRound(decimal.NewFromInt(leverage-1), 16).Mul(dec(w.index[name])))
	}
	return sum
}

// firstRate is the rate of an asset's first tier.
func (w *world) firstRate(asset string, s *Shock) decimal.Decimal {
	tiers := w.tables.Collateral[asset].Tiers
	if len(tiers) == 0 {
		return zero
	}
	return w.rate(tiers[0], s)
}

func (w *world) openLoss(o exchange.Order, s *Shock) decimal.Decimal {
	in := w.ins.At(o.Request.Inst)
	if in.Product != exchange.Margin || o.Request.Type != exchange.Limit && o.Request.Type != exchange.OCO {
		return zero
	}
	given, got := in.Quote, in.Base
	if o.Request.Side == exchange.Sell {
		given, got = in.Base, in.Quote
	}
	gap := w.firstRate(given, s).Sub(w.firstRate(got, s))
	return decimal.Max(zero, left(o).Mul(w.fillPrice(o)).Mul(w.indexUnder(in.Quote, s)).Mul(gap))
}

// flows are what margin orders can bring to and take from an asset, and borrow of it.
func (w *world) flows(asset string) (in, out, borrow decimal.Decimal) {
	for _, o := range w.orders {
		inst := w.ins.At(o.Request.Inst)
		if inst.Product != exchange.Margin || inst.Base != asset && inst.Quote != asset {
			continue
		}
		price := zero
		for _, p := range w.prices(o) {
			price = decimal.Max(price, p)
		}
		cost := left(o).Mul(price)
		fee := decimal.Max(zero, cost.Mul(dec(w.tables.Fees[exchange.Margin].Taker)))
		borrows := o.Request.SideEffect == exchange.MarginBuy || o.Request.SideEffect == exchange.AutoBorrowRepay
		var comes, goes, lent decimal.Decimal
		switch buy := o.Request.Side == exchange.Buy; {
		case buy && inst.Base == asset:
			comes = left(o)
		case buy:
			goes = cost.Add(fee)
			lent = goes
		case inst.Base == asset:
			goes = left(o)
			lent = goes
		default:
			comes, goes = cost, fee
		}
		in, out = in.Add(comes), out.Add(goes)
		if borrows {
			borrow = borrow.Add(lent)
		}
	}
	return in, out, borrow
}

func (w *world) newDebt(asset string) decimal.Decimal {
	_, out, borrow := w.flows(asset)
	cash := decimal.Max(zero, w.balance[asset][exchange.WalletMargin])
	return decimal.Min(borrow, decimal.Max(zero, out.Sub(cash)))
}

// fillLoss is what filling a futures order costs at a shock's mark, 0 or less.
func (w *world) fillLoss(o exchange.Order, s *Shock) decimal.Decimal {
	in := w.ins.At(o.Request.Inst)
	q, _, _ := w.span(o.Request.Inst, o.Request.PositionSide, true)
	size := w.sizeOf(o, q)
	worst := zero
	for _, p := range w.prices(o) {
		fee := value(in, size, p).Mul(dec(w.tables.Fees[in.Product].Taker))
		worst = decimal.Min(worst, profit(in, signed(o, size), p, w.markUnder(o.Request.Inst, s)).Sub(fee))
	}
	return worst
}

// worst is the bound of a scenario.
func (w *world) worst(assets []string, s *Shock) (adjusted, maint decimal.Decimal) {
	losses := map[string]decimal.Decimal{}
	for _, o := range w.orders {
		if in := w.ins.At(o.Request.Inst); in.Product != exchange.Margin {
			losses[settle(in)] = losses[settle(in)].Add(w.fillLoss(o, s))
		}
	}
	for _, name := range assets {
		adjusted = adjusted.Add(w.equity(name, w.net(name, s).Add(losses[name]), s))
		_, mmr := w.loan(name)
		maint = maint.Add(w.debt(name).Add(w.newDebt(name)).Mul(mmr).Mul(w.indexUnder(name, s)))
	}
	for id := exchange.InstrumentID(1); int(id) <= w.ins.Len(); id++ {
		in := w.ins.At(id)
		if in.Product == exchange.Margin {
			continue
		}
		for _, ps := range sides {
			q, low, high := w.span(id, ps, true)
			m := w.markUnder(id, s)
			most := decimal.Max(w.maintenance(in, q.Abs(), m), w.maintenance(in, low.Abs(), m), w.maintenance(in, high.Abs(), m))
			maint = maint.Add(most.Mul(w.indexUnder(settle(in), s)))
		}
	}
	for _, o := range w.orders {
		if w.ins.At(o.Request.Inst).Product == exchange.Margin {
			adjusted = adjusted.Sub(w.swapWorst(o, losses, s))
		}
	}
	return adjusted, maint
}

// swapWorst is what a margin order can take from adjusted equity.
func (w *world) swapWorst(o exchange.Order, losses map[string]decimal.Decimal, s *Shock) decimal.Decimal {
	in := w.ins.At(o.Request.Inst)
	rateIn := func(asset string) decimal.Decimal {
		comes, _, _ := w.flows(asset)
		return w.rateAt(asset, w.net(asset, s).Add(comes), s)
	}
	rateOut := func(asset string) decimal.Decimal {
		_, goes, _ := w.flows(asset)
		return w.rateAt(asset, w.net(asset, s).Add(losses[asset]).Sub(goes), s)
	}
	worst := w.openLoss(o, s)
	for _, p := range w.prices(o) {
		coins := left(o).Mul(w.indexUnder(in.Base, s))
		money := left(o).Mul(p).Mul(w.indexUnder(in.Quote, s))
		loss := money.Mul(rateOut(in.Quote)).Sub(coins.Mul(rateIn(in.Base)))
		if o.Request.Side == exchange.Sell {
			loss = coins.Mul(rateOut(in.Base)).Sub(money.Mul(rateIn(in.Quote)))
		}
		fee := money.Mul(dec(w.tables.Fees[exchange.Margin].Taker)).Mul(rateOut(in.Quote))
		worst = decimal.Max(worst, loss.Add(fee))
	}
	return worst
}

// exposure is the net delta of a coin: held, lowest and highest after fills.
func (w *world) exposure(coin string) (held, low, high decimal.Decimal) {
	held = w.net(coin, nil)
	in, out, _ := w.flows(coin)
	low, high = out.Neg(), in
	for id := exchange.InstrumentID(1); int(id) <= w.ins.Len(); id++ {
		inst := w.ins.At(id)
		if inst.Base != coin || inst.Product == exchange.Margin {
			continue
		}
		coins := func(q decimal.Decimal) decimal.Decimal {
			if inst.Product == exchange.CM {
				return q.Mul(dec(inst.ContractSize)).DivRound(dec(w.marks[id]), 16)
			}
			return q
		}
		for _, ps := range sides {
			q, l, h := w.span(id, ps, true)
			held = held.Add(coins(q))
			low, high = low.Add(coins(l.Sub(q))), high.Add(coins(h.Sub(q)))
		}
	}
	return held, held.Add(low), held.Add(high)
}
