package venue

import (
	"slices"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// independent keeps the account a second time. It knows the start balances, the fee and
// other rates, and then what happened: orders, fills, prices, funding rates, loans,
// transfers and the time. Of the ledger it reads that loans were
// drawn and repaid, and holds that against the rules (independent_loan_test.go); nothing
// else. It shares no arithmetic with the venue, and remembers positions as Binance's contract formulas write them. Every amount
// of money is rounded when it moves, half away from zero, to eight decimals.
type independent struct {
	t    *testing.T
	seed uint64
	c    Config

	pockets map[pocket]decimal.Decimal
	// with is what the account has got from each other side, by asset; debts count
	// against it.
	with  map[partner]decimal.Decimal
	legs  map[leg]stake
	mark  map[exchange.InstrumentID]decimal.Decimal
	index map[string]decimal.Decimal
	// in, brackets and interest are the rules as they are now; c.Tables has the collateral
	// rates and is a copy.
	in       map[exchange.InstrumentID]*exchange.Instrument
	brackets map[exchange.InstrumentID][]margin.Bracket
	interest map[string]exchange.Fixed
	// now is how far time has come, known the assets in the order of their first booking,
	// moves how much was booked. converts says that auto-exchange is due.
	now        exchange.Time
	known      []string
	moves      int
	converts   bool
	indexTold  map[exchange.InstrumentID][]toldIndex // of dated contracts
	deliveries int
	// pending is the exchange of assets of the last fill on a margin pair, of order
	// pendingID, until it has drawn its loan.
	pending   func()
	pendingID string
	orders    orderBook
	loans     loanBook
	takeover  takeover
}

// pocket is one asset in one wallet.
type pocket struct {
	asset  string
	wallet exchange.Wallet
}

// partner is one side that the account deals with, in one asset.
type partner struct {
	asset string
	pool  pool
}

// leg is a futures position's name, stake what it is: a signed quantity and its average
// price.
type leg struct {
	inst exchange.InstrumentID
	side exchange.PositionSide
}

type stake struct{ qty, entry decimal.Decimal }

func newIndependent(t *testing.T, seed uint64, c Config) *independent {
	b := &independent{
		t: t, seed: seed, c: c, pockets: map[pocket]decimal.Decimal{}, with: map[partner]decimal.Decimal{},
		legs: map[leg]stake{}, mark: map[exchange.InstrumentID]decimal.Decimal{}, index: map[string]decimal.Decimal{},
		in: map[exchange.InstrumentID]*exchange.Instrument{}, indexTold: map[exchange.InstrumentID][]toldIndex{},
		now: randomStart, orders: newOrderBook(), loans: loanBook{of: map[string]*drawn{}},
	}
	b.ownTerms()
	for _, have := range c.Balances {
		b.move(have.Asset, have.Wallet, have.Amount, poolOutside)
	}
	return b
}

// move is a movement of money into a wallet, or out of it if negative, that a partner
// loses or gains. In a debt wallet more is owed.
func (b *independent) move(asset string, w exchange.Wallet, amount decimal.Decimal, from pool) {
	if amount = cents(amount); amount.IsZero() {
		return
	}
	at := pocket{asset, w}
	if !slices.Contains(b.known, asset) {
		b.known = append(b.known, asset)
	}
	b.moves++
	b.pockets[at] = b.pockets[at].Add(amount)
	if !w.Debt() && b.pockets[pocket{asset, b.shortest(asset)}].IsNegative() && b.tooShort(asset) {
		b.converts = true
	}
	if w == exchange.WalletLoan || w == exchange.WalletInterest {
		amount = amount.Neg()
	}
	b.with[partner{asset, from}] = b.with[partner{asset, from}].Add(amount)
}

// cents rounds money as it is booked.
func cents(d decimal.Decimal) decimal.Decimal { return d.Round(8) }

// over is a quotient, rounded to sixteen decimals: no quotient is kept finer.
func over(a, b decimal.Decimal) decimal.Decimal { return a.DivRound(b, 16) }

// happened takes note of one call on the venue and of what the account saw of it.
func (b *independent) happened(o *op, err error, events []exchange.Event) {
	events = b.passTime(o.at, events)
	if _, clock := o.act.(clockAct); clock { // a delivery, and what it makes due
		end := firstAccount(events)
		b.read(events[:end+1])
		events = b.chore(o.at, events[end+1:], b.convertAll)
	}
	switch {
	case o.event.Kind != 0:
		b.market(&o.event)
	case o.act != nil:
		b.act(o, err)
	case !o.amend && !o.cancel:
		b.orders.sent(o.order)
	}
	b.read(events)
}

// read takes note of what the account saw.
func (b *independent) read(events []exchange.Event) {
	for i := range events {
		b.finishSwap(&events[i])
		switch e := &events[i]; e.Kind {
		case exchange.KindOrderUpdate:
			b.update(e.Inst, e.OrderUpdate())
		case exchange.KindFill:
			b.fill(e.Inst, e.Fill())
		case exchange.KindLedger:
			// The account's loan history: that a loan was drawn or paid back, and how much of
			// it. Nothing else is read of the ledger.
			if l := e.Ledger(); l.Wallet.Debt() && (l.Reason == exchange.ReasonBorrow || l.Reason == exchange.ReasonRepay) {
				b.loan(record{pocket{l.Asset, l.Wallet}, l.Delta}, l.Order)
			}
		case exchange.KindRiskLevel:
			b.takeover.on = b.takeover.on || e.Account().Status == exchange.StatusForceLiquidation
		}
	}
	b.finishSwap(nil)
	b.tookOver()
	b.loansDone()
}

// finishSwap lets the last fill on a margin pair exchange its assets, once what comes
// between the fill and that has passed: news of its order, and the loan that it draws.
func (b *independent) finishSwap(next *exchange.Event) {
	if b.pending == nil {
		return
	}
	if next != nil {
		if next.Kind == exchange.KindOrderUpdate && next.OrderUpdate().ClientID == b.pendingID {
			return
		}
		if next.Kind == exchange.KindLedger && (next.Ledger().Reason == exchange.ReasonBorrow || next.Ledger().Reason == exchange.ReasonInterest) {
			return
		}
	}
	swap := b.pending
	b.pending = nil
	swap()
}

func (b *independent) market(e *exchange.Event) {
	switch e.Kind {
	case exchange.KindMark:
		b.mark[e.Inst] = e.Mark().Price.Decimal()
		if b.in[e.Inst].Delivery != 0 {
			b.indexTold[e.Inst] = append(b.indexTold[e.Inst], toldIndex{e.At, e.Mark().Index.Decimal()})
		}
	case exchange.KindAssetIndex:
		b.index[e.AssetIndex().Asset] = e.AssetIndex().Price.Decimal()
	case exchange.KindFunding:
		b.funding(e.Inst, e.Funding())
	}
}

// funding: longs pay notional times rate, shorts get it; UM N·M·r, CM N·size/M·r.
func (b *independent) funding(inst exchange.InstrumentID, f exchange.Funding) {
	in := b.in[inst]
	mark := b.mark[inst]
	if f.Mark != 0 {
		mark = f.Mark.Decimal()
	}
	for _, side := range sidesOfLegs {
		n := b.legs[leg{inst, side}].qty.Mul(f.Rate.Decimal())
		b.move(in.MarginAsset, futuresWallet(in), worthOf(in, n, mark).Neg(), poolMarket)
	}
}

var sidesOfLegs = []exchange.PositionSide{exchange.Both, exchange.Long, exchange.Short}

func futuresWallet(in *exchange.Instrument) exchange.Wallet {
	if in.Product == exchange.CM {
		return exchange.WalletCM
	}
	return exchange.WalletUM
}

// worthOf is a signed quantity at a price, in the asset that the contract settles in.
func worthOf(in *exchange.Instrument, qty, price decimal.Decimal) decimal.Decimal {
	if in.Product == exchange.CM {
		return over(qty.Mul(in.ContractSize.Decimal()), price)
	}
	return qty.Mul(price)
}

// gain is the profit of a signed quantity: UM N·(P-E), CM N·size·(1/E-1/P).
func gain(in *exchange.Instrument, qty, entry, price decimal.Decimal) decimal.Decimal {
	if in.Product == exchange.CM {
		return over(qty.Mul(in.ContractSize.Decimal()).Mul(price.Sub(entry)), entry.Mul(price))
	}
	return qty.Mul(price.Sub(entry))
}

// fill carries out one of our fills.
func (b *independent) fill(inst exchange.InstrumentID, f *exchange.Fill) {
	in := b.in[inst]
	if f.Forced == exchange.ForcedLiquidation {
		b.forced(in, f, func() { b.deal(in, f) })
		return
	}
	b.deal(in, f)
}

// deal moves a position or exchanges two assets, and pays the fee.
func (b *independent) deal(in *exchange.Instrument, f *exchange.Fill) {
	fee, asset := b.fee(in, f)
	if !fee.Equal(f.Fee) || asset != f.FeeAsset {
		b.t.Fatalf("-seed=%d: fill %+v of %s: fee %v %s, want %v %s", b.seed, f, in.Name(), f.Fee, f.FeeAsset, fee, asset)
	}
	b.delivered(in, f)
	if in.Product == exchange.Margin {
		b.swap(in, f, fee)
		return
	}
	realized := cents(b.trade(in, leg{in.ID, f.PositionSide}, f))
	if !realized.Equal(f.Realized) {
		b.t.Fatalf("-seed=%d: fill %+v of %s: realized %v, want %v", b.seed, f, in.Name(), f.Realized, realized)
	}
	b.move(in.MarginAsset, futuresWallet(in), realized, poolMarket)
	b.move(f.FeeAsset, futuresWallet(in), fee.Neg(), poolFees)
}

// fee is the notional times the rate of product and role, in BNB where that is wanted and
// there, else in the margin asset, or of what a margin order gets.
func (b *independent) fee(in *exchange.Instrument, f *exchange.Fill) (fee decimal.Decimal, asset string) {
	rates := map[exchange.Product]Fees{exchange.UM: b.c.UM, exchange.CM: b.c.CM, exchange.Margin: b.c.Margin}[in.Product]
	rate := rates.Taker.Decimal()
	switch {
	case f.Forced == exchange.ForcedADL:
		rate = decimal.Zero
	case f.Maker:
		rate = rates.Maker.Decimal()
	}
	fee = worthOf(in, f.Qty.Decimal().Mul(rate), f.Price.Decimal())
	if rate.IsPositive() {
		if coins, pays := b.inCoins(in, f, fee); pays {
			return coins, "BNB"
		}
	}
	if in.Product == exchange.Margin && f.Side == exchange.Buy {
		return cents(f.Qty.Decimal().Mul(rate)), in.Base
	}
	return cents(fee), in.MarginAsset
}

// trade changes a position and returns what the closed part has gained. Reducing keeps
// the average; what goes through zero opens at the fill's price.
func (b *independent) trade(in *exchange.Instrument, at leg, f *exchange.Fill) decimal.Decimal {
	h := b.legs[at]
	n, price := f.Qty.Decimal(), f.Price.Decimal()
	if f.Side == exchange.Sell {
		n = n.Neg()
	}
	if h.qty.Mul(n).Sign() >= 0 { // opens or adds
		b.legs[at] = stake{h.qty.Add(n), average(in, h, n, price)}
		return decimal.Zero
	}
	closed := decimal.Min(h.qty.Abs(), n.Abs())
	if h.qty.IsNegative() {
		closed = closed.Neg()
	}
	after := stake{h.qty.Add(n), h.entry}
	switch after.qty.Sign() {
	case 0:
		after.entry = decimal.Zero
	case n.Sign():
		after.entry = price
	}
	b.legs[at] = after
	return gain(in, closed, h.entry, price)
}

// average is the entry after adding n at a price: UM sum(q·p)/sum(q), CM
// sum(n)/sum(n/p), each rounded to sixteen decimals.
func average(in *exchange.Instrument, h stake, n, price decimal.Decimal) decimal.Decimal {
	switch sum := h.qty.Add(n); {
	case h.qty.IsZero() || h.entry.Equal(price):
		return price
	case in.Product == exchange.CM: // both sides times entry·price, so that one division does
		return over(sum.Mul(h.entry).Mul(price), h.qty.Mul(price).Add(n.Mul(h.entry)))
	default:
		return over(h.qty.Mul(h.entry).Add(n.Mul(price)), sum)
	}
}

// swap exchanges the assets of a margin pair. Before, the order may borrow what it pays;
// after, it may repay with what came in.
func (b *independent) swap(in *exchange.Instrument, f *exchange.Fill, fee decimal.Decimal) {
	coins, money := f.Qty.Decimal(), cents(f.Qty.Decimal().Mul(f.Price.Decimal()))
	gives, gets, out, come := in.Quote, in.Base, money, coins
	if f.Side == exchange.Sell {
		gives, gets, out, come = in.Base, in.Quote, coins, money
	}
	b.loanOfFill(f, gives, out)
	exchanges := func() {
		b.move(gives, exchange.WalletMargin, out.Neg(), poolMarket)
		b.move(gets, exchange.WalletMargin, come, poolMarket)
		b.move(f.FeeAsset, exchange.WalletMargin, fee.Neg(), poolFees)
		if r := b.orders.asked[f.ClientID]; r.SideEffect == exchange.AutoRepay || r.SideEffect == exchange.AutoBorrowRepay {
			if f.FeeAsset == gets {
				come = come.Sub(fee)
			}
			b.mustRepay(gets, come)
		}
	}
	if f.Forced != exchange.NotForced {
		exchanges()
		return
	}
	b.pending, b.pendingID = exchanges, f.ClientID
}
