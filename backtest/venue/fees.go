package venue

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

const (
	// feeCoin is the asset that commissions can be paid in at a discount.
	feeCoin = "BNB"
	// discountUM and discountMargin are the parts of a commission that it saves: 10% and
	// 25%, as Binance's fee pages have them.
	discountUM     = exchange.FixedOne / 10
	discountMargin = exchange.FixedOne / 4
)

// setFees gives every instrument its rates: those of its product, or its own.
func (v *Venue) setFees(c Config) error {
	fees := map[exchange.Product]Fees{exchange.UM: c.UM, exchange.CM: c.CM, exchange.Margin: c.Margin}
	for i := 1; i < len(v.markets); i++ {
		m := &v.markets[i]
		f, known := fees[m.in.Product]
		if !known {
			return fmt.Errorf("instrument %s is of no known product", m.in.Name())
		}
		if err := f.check(); err != nil {
			return fmt.Errorf("fees of %v: %w", m.in.Product, err)
		}
		m.fees = f
	}
	for _, s := range c.Money.Fees {
		if err := s.Fees.check(); err != nil {
			return fmt.Errorf("fees of %v %s: %w", s.Product, s.Symbol, err)
		}
		in, err := v.ins.Find(s.Product, s.Symbol)
		if err != nil {
			continue // a table of fees may name more than a run trades
		}
		v.markets[in.ID].fees, v.markets[in.ID].ownFees = s.Fees, true
	}
	return nil
}

func (f Fees) check() error {
	if f.Maker.Abs() >= exchange.FixedOne || f.Taker.Abs() >= exchange.FixedOne {
		return fmt.Errorf("maker %v and taker %v must lie between -1 and 1", f.Maker, f.Taker)
	}
	return nil
}

// SetFees changes the rates of a product, as a new VIP tier does. Symbols with rates of
// their own keep them. The rates must lie between -1 and 1.
func (v *Venue) SetFees(p exchange.Product, f Fees, at exchange.Time) error {
	if err := f.check(); err != nil {
		return fmt.Errorf("venue: fees of %v: %w", p, err)
	}
	v.open(at)
	for i := 1; i < len(v.markets); i++ {
		if m := &v.markets[i]; m.in.Product == p && !m.ownFees {
			m.fees = f
		}
	}
	v.value()
	return nil
}

// fee is the commission of an execution, rounded as booked, and its asset: BNB where it
// is paid in that, else the margin asset for futures and what is received for margin
// pairs. A rebate is negative and never in BNB.
func (v *Venue) fee(o *order, x execution) (decimal.Decimal, string) {
	m := o.market
	rate := m.fees.Taker
	switch {
	case x.forced == exchange.ForcedADL:
		rate = 0
	case x.maker:
		rate = m.fees.Maker
	}
	share := x.qty.Decimal().Mul(rate.Decimal())
	fee := m.in.Value(share, x.price.Decimal())
	if rate > 0 && x.forced == exchange.NotForced {
		if coins, ok := v.burn(m, fee); ok {
			return coins, feeCoin
		}
	}
	if m.in.Product == exchange.Margin && o.Request.Side == exchange.Buy {
		return booked(share), m.in.Base
	}
	if rate < 0 {
		fee = fee.Neg()
	}
	return booked(fee), m.in.MarginAsset
}

// burn is what a commission in the margin asset comes to in BNB at the index prices of
// the moment, less the discount. It is not ok where the product or the account pays none
// in BNB, where a price is unknown, and where the wallet does not hold the whole of it:
// then the fill pays as if there were no discount.
func (v *Venue) burn(m *market, fee decimal.Decimal) (coins decimal.Decimal, ok bool) {
	var discount exchange.Fixed
	switch {
	case m.in.Product == exchange.UM && v.money.BurnUM:
		discount = discountUM
	case m.in.Product == exchange.Margin && v.money.BurnMargin:
		discount = discountMargin
	default:
		return decimal.Zero, false
	}
	coins, ok = v.inFeeCoin(m.in.MarginAsset, fee.Mul((exchange.FixedOne - discount).Decimal()))
	if !ok {
		v.money.note("commissions were not paid in BNB: there was no index price of BNB or of " + m.in.MarginAsset)
		return decimal.Zero, false
	}
	has := v.wallets.balance(feeCoin, exchange.WalletUM)
	if m.in.Product == exchange.Margin {
		has = v.free(feeCoin)
	}
	if has.LessThan(coins) {
		v.money.noteFirst("BNB ran out: commissions were paid in the assets traded, without discount", v.now)
		return decimal.Zero, false
	}
	return coins, true
}

// inFeeCoin is an amount of an asset in BNB at the index prices, rounded as booked; ok is
// false when one of them is unknown.
func (v *Venue) inFeeCoin(asset string, amount decimal.Decimal) (coins decimal.Decimal, ok bool) {
	from, to := v.index(asset), v.index(feeCoin)
	if from.IsZero() || to.IsZero() {
		return decimal.Zero, false
	}
	return booked(amount.Mul(from).DivRound(to, 16)), true
}
