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
	if m.in.Product == exchange.Margin && !v.affords(o, x) {
		v.finish(o, exchange.StatusExpired, errBalance)
		return
	}
	var realized decimal.Decimal
	if m.in.Product != exchange.Margin {
		realized = booked(m.legs[r.PositionSide].Trade(m.in, r.Side, x.qty, x.price))
	}
	fee, feeAsset := m.fee(r.Side, x)
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
		v.bookFutures(o, realized, fee)
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

// fee is the commission of an execution, rounded as booked, and its asset: the margin
// asset for futures, what is received for margin pairs.
func (m *market) fee(s exchange.Side, x execution) (decimal.Decimal, string) {
	rate := m.fees.Taker
	switch {
	case x.forced == exchange.ForcedADL:
		rate = 0
	case x.maker:
		rate = m.fees.Maker
	}
	share := x.qty.Decimal().Mul(rate.Decimal())
	if m.in.Product == exchange.Margin && s == exchange.Buy {
		return booked(share), m.in.Base
	}
	fee := m.in.Value(share, x.price.Decimal())
	if rate < 0 {
		fee = fee.Neg()
	}
	return booked(fee), m.in.MarginAsset
}

func (v *Venue) bookFutures(o *order, realized, fee decimal.Decimal) {
	p := posting{asset: o.market.in.MarginAsset, wallet: exchange.WalletOf(o.market.in.Product), inst: o.Request.Inst, order: o}
	p.reason, p.delta = exchange.ReasonRealizedPnL, realized
	v.book(p)
	p.reason, p.delta = exchange.ReasonCommission, fee.Neg()
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

// affords says whether a margin order has, or may borrow, what the execution costs. A
// limit order pays out of what it has locked itself; the price of a market order may have
// left its estimate, and it must not take what others have locked.
func (v *Venue) affords(o *order, x execution) bool {
	if o.borrows() || x.forced != exchange.NotForced {
		return true
	}
	out, _, pays, _ := o.market.flows(o.Request.Side, x)
	has := v.wallets.balance(out, exchange.WalletMargin)
	if o.Request.Type == exchange.Market {
		has = v.free(o, out)
	}
	return has.GreaterThanOrEqual(pays)
}

// bookExchange moves the assets of a margin fill: it borrows what is missing beside
// what other orders lock, exchanges, pays the fee out of what came in and repays loans
// with the rest, as far as the order's side effect says so.
func (v *Venue) bookExchange(o *order, x execution, fee decimal.Decimal, feeAsset string) {
	out, in, pays, gets := o.market.flows(o.Request.Side, x)
	p := posting{wallet: exchange.WalletMargin, inst: o.Request.Inst, order: o}
	if o.borrows() {
		have := decimal.Max(v.free(o, out), decimal.Zero)
		if missing := pays.Sub(have); missing.IsPositive() {
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
		v.repay(p, in, gets.Sub(fee))
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

// borrow books a loan: the debt and the amount it pays into the margin wallet.
func (v *Venue) borrow(p posting, asset string, amount decimal.Decimal) {
	p.asset, p.delta, p.reason = asset, amount, exchange.ReasonBorrow
	p.wallet = exchange.WalletLoan
	v.book(p)
	p.wallet = exchange.WalletMargin
	v.book(p)
}

// repay pays debts of an asset, interest before principal, with at most amount.
func (v *Venue) repay(p posting, asset string, amount decimal.Decimal) {
	p.asset, p.reason = asset, exchange.ReasonRepay
	for _, debt := range [...]exchange.Wallet{exchange.WalletInterest, exchange.WalletLoan} {
		paid := decimal.Min(amount, v.wallets.balance(asset, debt))
		if !paid.IsPositive() {
			continue
		}
		amount = amount.Sub(paid)
		p.delta = paid.Neg()
		p.wallet = debt
		v.book(p)
		p.wallet = exchange.WalletMargin
		v.book(p)
	}
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
