package venue

import (
	"math/bits"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// execution is how an order, or a part of it, is carried out.
type execution struct {
	price, qty exchange.Fixed
	maker      bool
	forced     exchange.ForcedKind
	// trade is the trade id of a deal between two orders of ours; 0 for a new one.
	trade int64
}

// fill carries out a part of an order: it moves the position or exchanges the assets,
// books fee and profit, and tells. The quantity is clipped to what the order may do; an
// order that may do nothing more expires.
func (v *Venue) fill(o *order, x execution) {
	m, r := o.market, &o.Request
	x.qty = min(x.qty, o.Remaining())
	if o.reduces() {
		x.qty = min(x.qty, o.held())
	}
	if x.qty <= 0 {
		v.finish(o, exchange.StatusExpired, errReduceOnly)
		return
	}
	if m.in.Product == exchange.Margin {
		if why := v.affords(o, x); why != (cause{}) {
			v.finish(o, exchange.StatusExpired, why)
			return
		}
	}
	var realized decimal.Decimal
	if m.in.Product != exchange.Margin {
		realized = booked(m.legs[r.PositionSide].Trade(m.in, r.Side, x.qty, x.price))
	}
	fee, feeAsset := v.fee(o, x)
	o.Filled += x.qty
	o.spend(x)
	o.Updated = v.now
	o.Status = exchange.StatusPartiallyFilled
	if o.Remaining() == 0 {
		o.Status = exchange.StatusFilled
	}
	if x.trade == 0 {
		v.lastTrade++
		x.trade = v.lastTrade
	}
	v.emit(r.Inst).SetFill(v.out.fills.put(exchange.Fill{
		Order: o.ID, Strategy: o.Strategy, Ref: o.Ref, ClientID: o.ClientID, VenueID: o.VenueID, TradeID: x.trade,
		Side: r.Side, PositionSide: r.PositionSide, Price: x.price, Qty: x.qty, Maker: x.maker,
		Fee: fee, Realized: realized, FeeAsset: feeAsset, Forced: x.forced,
	}))
	v.report(o, cause{}, "")
	if m.in.Product == exchange.Margin {
		v.bookExchange(o, x, fee, feeAsset)
	} else {
		v.bookFutures(o, x, realized, fee, feeAsset)
	}
	v.filled(o)
}

// filled follows up on a fill: the order may be over, and orders that may only reduce
// may have lost what they reduce.
func (v *Venue) filled(o *order) {
	m := o.market
	v.part(o, exchange.StatusExpired, errOtherLeg)
	if o.Status.Final() {
		v.close(o)
	} else {
		v.exposed(o)
	}
	if m.in.Product == exchange.Margin {
		return
	}
	v.repositioned(&m.legs[o.Request.PositionSide])
	for i := 0; i < len(m.orders); {
		other := m.orders[i]
		if other.reduces() && !other.Request.Type.Conditional() && other.held() == 0 {
			v.finish(other, exchange.StatusExpired, errReduceOnly) // takes it out of m.orders
			continue
		}
		i++
	}
}

// bookFutures books profit and commission of a fill on futures. Of a delivered contract
// the profit is a settlement, as in Binance's list of income.
func (v *Venue) bookFutures(o *order, x execution, realized, fee decimal.Decimal, feeAsset string) {
	p := posting{asset: o.market.in.MarginAsset, wallet: exchange.WalletOf(o.market.in.Product), inst: o.Request.Inst, order: o}
	p.reason, p.delta = exchange.ReasonRealizedPnL, realized
	if x.forced == exchange.ForcedDelivery {
		p.reason = exchange.ReasonDelivery
	}
	v.book(p)
	p.asset, p.reason, p.delta = feeAsset, exchange.ReasonCommission, fee.Neg()
	v.book(p)
}

// flows are the asset and amount that an execution on a margin pair gives away, and the
// asset and amount that it receives before the fee.
func (m *market) flows(s exchange.Side, x execution) (out, in string, pays, gets decimal.Decimal) {
	coins, money := x.qty.Decimal(), booked(x.qty.Decimal().Mul(x.price.Decimal()))
	if s == exchange.Buy {
		return m.in.Quote, m.in.Base, money, coins
	}
	return m.in.Base, m.in.Quote, coins, money
}

// affords says what keeps a margin order from paying what the execution costs. A limit
// order pays out of what it has locked itself; the price of a market order may have left
// its estimate, and it must not take what others have locked. An order that may borrow
// must find a lender for what is missing.
func (v *Venue) affords(o *order, x execution) cause {
	if x.forced != exchange.NotForced {
		return cause{}
	}
	out, _, pays, _ := o.market.flows(o.Request.Side, x)
	if o.borrows() {
		return v.lent(o, out, pays)
	}
	has := v.wallets.balance(out, exchange.WalletMargin)
	if o.Request.Type == exchange.Market {
		has = v.freeBeside(o, out)
	}
	if has.LessThan(pays) {
		return errBalance
	}
	return cause{}
}

// missing is what an order that may borrow lacks of an amount, beside what other orders
// lock of the margin wallet.
func (v *Venue) missing(o *order, asset string, amount decimal.Decimal) decimal.Decimal {
	return decimal.Max(amount.Sub(decimal.Max(v.freeBeside(o, asset), decimal.Zero)), decimal.Zero)
}

// lent says what keeps an order from borrowing what it lacks of an amount.
func (v *Venue) lent(o *order, asset string, amount decimal.Decimal) cause {
	if missing := v.missing(o, asset, amount); missing.IsPositive() {
		return v.lendable(asset, missing)
	}
	return cause{}
}

// bookExchange moves the assets of a margin fill: it borrows what is missing beside
// what other orders lock, exchanges, pays the fee out of what came in and repays loans
// with the rest, as far as the order's side effect says so.
func (v *Venue) bookExchange(o *order, x execution, fee decimal.Decimal, feeAsset string) {
	out, in, pays, gets := o.market.flows(o.Request.Side, x)
	p := posting{wallet: exchange.WalletMargin, inst: o.Request.Inst, order: o}
	if o.borrows() {
		if missing := v.missing(o, out, pays); missing.IsPositive() {
			v.borrow(p, out, missing)
		}
	}
	o.used(pays, x.qty)
	p.reason = exchange.ReasonTrade
	p.asset, p.delta = out, pays.Neg()
	v.book(p)
	p.asset, p.delta = in, gets
	v.book(p)
	p.reason, p.asset, p.delta = exchange.ReasonCommission, feeAsset, fee.Neg()
	v.book(p)
	if o.repays() {
		if feeAsset == in {
			gets = gets.Sub(fee)
		}
		v.repay(p, in, gets)
	}
}

// spend takes the money of an execution off the amount of an order in quote asset.
func (o *order) spend(x execution) {
	if o.Request.QuoteQty == 0 {
		return
	}
	spent := booked(x.qty.Decimal().Mul(x.price.Decimal()))
	left, err := exchange.FixedFromDecimal(o.Request.QuoteQty.Decimal().Sub(spent), exchange.RoundDown)
	if err != nil {
		left = 0 // cannot be: the money is part of the amount
	}
	o.Request.QuoteQty = left
}

func (o *order) borrows() bool {
	e := o.Request.SideEffect
	return e == exchange.MarginBuy || e == exchange.AutoBorrowRepay
}

func (o *order) repays() bool {
	e := o.Request.SideEffect
	return e == exchange.AutoRepay || e == exchange.AutoBorrowRepay
}

// slipped is a price moved against a taker of that side by the slippage, on the tick
// that is worse for it.
func (v *Venue) slipped(m *market, s exchange.Side, price exchange.Fixed) exchange.Fixed {
	move := scale(price, v.slippage)
	if s == exchange.Buy {
		if price > exchange.FixedMax-move {
			return exchange.FixedMax
		}
		return m.onTick(s, price+move)
	}
	return m.onTick(s, price-move)
}

// scale is price times a ratio from 0 to 1, rounded up to the eighth decimal.
func scale(price, ratio exchange.Fixed) exchange.Fixed {
	hi, lo := bits.Mul64(uint64(price), uint64(ratio))
	share, rest := bits.Div64(hi, lo, uint64(exchange.FixedOne)) // hi < FixedOne, for ratio <= FixedOne
	if rest > 0 {
		share++
	}
	return exchange.Fixed(share)
}

// beyond says whether a is a better price than b for an order of that side to deal at:
// lower for a buy.
func beyond(s exchange.Side, a, b exchange.Fixed) bool {
	if s == exchange.Buy {
		return a < b
	}
	return a > b
}

// quoteQty is the quantity that a margin market order in quote asset comes to at a
// price: whole steps, rounded down.
func (m *market) quoteQty(quote, price exchange.Fixed) exchange.Fixed {
	if price == 0 {
		return 0
	}
	qty, err := exchange.FixedFromDecimal(quote.Decimal().DivRound(price.Decimal(), 16), exchange.RoundDown)
	if err != nil {
		return 0
	}
	return qty.Round(m.in.LotFor(exchange.Market).Step, exchange.RoundDown)
}
