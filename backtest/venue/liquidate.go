package venue

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// The lines of the ladder are those of the margin tables. At the lowest, or when adjusted
// equity turns negative, the account is liquidated, all in one instant. Before each step and
// after it the account is valued, and as soon as it is above the lowest line again the
// liquidation is called off:
//
//  1. ActiveLiquidation: the open orders on margin pairs are cancelled, which frees their
//     open loss.
//  2. ForceLiquidation: all other orders are cancelled. Then collateral covers debts, see
//     collateral.go, and when nothing is owed or nothing left to sell, futures positions are
//     closed by forced market fills, the one with the largest maintenance margin first,
//     whole, each with the clearance fee of its symbol. What they leave as debt is covered
//     in turn.
//  3. Bankrupted: nothing is left to close or sell, and something is owed. The insurance
//     fund takes it over, and the account is empty.
//
// The user stream tells of three levels, MARGIN_CALL, REDUCE_ONLY and FORCE_LIQUIDATION, by
// a risk-level event; the other statuses show in the account's own event only.

// LiquidationTerms are what a liquidation costs beside the clearance fees of the symbols.
type LiquidationTerms struct {
	// LoanClearance is the clearance fee on repaid margin loans as a ratio of what is
	// repaid, less than 1. Binance charges one and does not publish it for Portfolio Margin.
	LoanClearance exchange.Fixed
	// InsuranceFund is how much of the account's debts, in USD, the insurance fund takes
	// over; what is beyond falls to counterparties by ADL. 0 is no end.
	InsuranceFund exchange.Fixed
}

func (t LiquidationTerms) check() error {
	switch {
	case t.LoanClearance < 0 || t.LoanClearance >= exchange.FixedOne:
		return fmt.Errorf("clearance fee of loans %v is not a ratio from 0 to below 1", t.LoanClearance)
	case t.InsuranceFund < 0:
		return fmt.Errorf("insurance fund of %v USD is negative", t.InsuranceFund)
	}
	return nil
}

// respond acts on a status that is not the one before and returns the account that
// comes of it.
func (v *Venue) respond(a exchange.Account) exchange.Account {
	if a.Status < exchange.StatusActiveLiquidation || v.risk.status == exchange.StatusBankrupted {
		return v.announce(a)
	}
	v.announce(under(a, exchange.StatusActiveLiquidation))
	if v.cancelAll(func(m *market) bool { return m.in.Product == exchange.Margin }, errLiquidated) {
		if a = v.assess(); a.Status < exchange.StatusActiveLiquidation {
			return v.announce(a)
		}
	}
	v.announce(under(a, exchange.StatusForceLiquidation))
	v.cancelAll(func(*market) bool { return true }, errLiquidated)
	for v.relieve() {
		if a = v.assess(); a.Status < exchange.StatusActiveLiquidation {
			return v.announce(a)
		}
	}
	bankrupt := v.absorb()
	if a = v.assess(); bankrupt {
		a.Status = exchange.StatusBankrupted
	}
	return v.announce(a)
}

// relieve takes the next step of a forced liquidation and says whether there was one.
func (v *Venue) relieve() bool {
	if v.coverDebt() {
		return true
	}
	m, leg := v.heaviest()
	if m == nil {
		return false
	}
	v.liquidate(m, leg)
	return true
}

func under(a exchange.Account, s exchange.AccountStatus) exchange.Account {
	a.Status = s
	return a
}

// announce tells a change of status and returns the account.
func (v *Venue) announce(a exchange.Account) exchange.Account {
	if a.Status == v.risk.status {
		return a
	}
	v.risk.status = a.Status
	switch a.Status {
	case exchange.StatusMarginCall, exchange.StatusReduceOnly, exchange.StatusForceLiquidation:
		v.emit(0).SetRiskLevel(v.out.accounts.put(a))
	case exchange.StatusActiveLiquidation:
		v.emit(0).SetAccount(v.out.accounts.put(a))
	default:
		v.risk.booked = true // the account's event follows
	}
	return a
}

// cancelAll ends the open orders of the chosen markets and says whether there were any.
func (v *Venue) cancelAll(chosen func(*market) bool, why cause) bool {
	found := false
	for i := range v.markets {
		m := &v.markets[i]
		if len(m.orders) == 0 || !chosen(m) {
			continue
		}
		found = true
		for _, o := range v.snapshot(m) {
			if !o.Status.Final() { // the other leg of an OCO may have ended it
				v.finish(o, exchange.StatusExpired, why)
			}
		}
		m.rewatch()
	}
	return found
}

// heaviest is the market and leg whose position needs the most maintenance margin, nil
// when there is no position: the one without which the account would need least.
func (v *Venue) heaviest() (found *market, leg exchange.PositionSide) {
	var least decimal.Decimal
	for i := range v.markets {
		m := &v.markets[i]
		for _, p := range m.legs {
			if p.Qty.IsZero() {
				continue
			}
			must(v.risk.model.SetPosition(exchange.Position{Inst: p.Inst, Side: p.Side}))
			without := v.risk.model.Account().MaintMargin
			v.must(v.risk.model.SetPosition(p))
			if found == nil || without.LessThan(least) {
				found, leg, least = m, p.Side, without
			}
		}
	}
	return found, leg
}

// liquidate closes a position whole. It takes what stands in the book, level by level; the
// rest, and all where no book is known, goes at the mark with the slippage, or at the last
// level where that is worse.
func (v *Venue) liquidate(m *market, leg exchange.PositionSide) {
	side := m.closes(leg)
	o := v.force(m, m.closing(leg), "autoclose-")
	last := exchange.Fixed(0)
	for i := 0; !o.Status.Final(); i++ {
		l, ok := m.standing.level(side.Opposite(), i)
		if !ok {
			break
		}
		last = l.Price
		if left := m.standing.left(side.Opposite(), l); left > 0 {
			m.standing.take(side.Opposite(), l, v.clear(o, l.Price, left))
		}
	}
	if o.Status.Final() {
		return
	}
	price := v.slipped(m, side, m.valuation())
	if last != 0 && beyond(side, price, last) {
		price = last
	}
	v.clear(o, price, unlimited)
}

// clear fills a part of a liquidation order, takes its clearance fee and returns how much
// it has filled.
func (v *Venue) clear(o *order, price, qty exchange.Fixed) exchange.Fixed {
	in, before := o.market.in, o.Filled
	v.fill(o, execution{price: price, qty: qty, forced: exchange.ForcedLiquidation})
	filled := o.Filled - before
	clearance := in.Value(filled.Decimal().Mul(in.LiquidationFee.Decimal()), price.Decimal())
	v.book(posting{
		asset: in.MarginAsset, wallet: exchange.WalletOf(in.Product), reason: exchange.ReasonLiquidation,
		delta: clearance.Neg(), inst: in.ID,
	})
	return filled
}

// closing is the order that closes a leg whole.
func (m *market) closing(leg exchange.PositionSide) exchange.OrderRequest {
	side := m.closes(leg)
	return exchange.OrderRequest{Inst: m.in.ID, Side: side, PositionSide: leg, Type: exchange.Market, Qty: m.held(side, leg), ReduceOnly: true}
}

// force opens an order of the exchange's own making, which whoever calls fills at once. The
// venue's number follows a name that ends in a hyphen.
func (v *Venue) force(m *market, r exchange.OrderRequest, name string) *order {
	v.lastID++
	o := &order{market: m, arrived: v.now}
	if o.VenueID, o.ClientID = v.lastID, name; strings.HasSuffix(name, "-") {
		o.ClientID += strconv.FormatInt(v.lastID, 10)
	}
	o.Status, o.Created, o.Request = exchange.StatusWorking, v.now, r
	v.report(o, cause{}, "")
	return o
}

// closes is the side of an order that closes a leg.
func (m *market) closes(leg exchange.PositionSide) exchange.Side {
	if m.legs[leg].Qty.IsPositive() {
		return exchange.Sell
	}
	return exchange.Buy
}

// onTick is a price on the tick that is worse for an order of that side, above 0.
func (m *market) onTick(s exchange.Side, price exchange.Fixed) exchange.Fixed {
	if s == exchange.Buy {
		return price.Round(m.in.Tick, exchange.RoundCeil)
	}
	return max(price.Round(m.in.Tick, exchange.RoundFloor), m.in.Tick, 1)
}
