package exchange

import "github.com/shopspring/decimal"

// divPlaces is the precision of the one division a formula may have.
const divPlaces = 16

// PnL is the profit of a position in its margin asset when the price goes from entry to
// price: qty·(price-entry) for UM, and qty·size·(price-entry)/(entry·price), the
// difference of the inverses, for CM, rounded to sixteen decimals. qty is signed.
// Source: Binance FAQ 360033161972 (UM) and 360039304272 (COIN-M).
func (in *Instrument) PnL(qty, entry, price decimal.Decimal) decimal.Decimal {
	if !in.Inverse() {
		return qty.Mul(price.Sub(entry))
	}
	if entry.IsZero() || price.IsZero() {
		return decimal.Zero
	}
	return qty.Mul(in.ContractSize.Decimal()).Mul(price.Sub(entry)).DivRound(entry.Mul(price), divPlaces)
}

// Value is the notional |qty| at a price in the margin asset, the base of fees, funding
// and maintenance margin: |qty|·price for UM and margin pairs, |qty|·size/price in coin
// for CM, rounded to sixteen decimals.
func (in *Instrument) Value(qty, price decimal.Decimal) decimal.Decimal {
	q := qty.Abs()
	if !in.Inverse() {
		return q.Mul(price)
	}
	if price.IsZero() {
		return decimal.Zero
	}
	return q.Mul(in.ContractSize.Decimal()).DivRound(price, divPlaces)
}

// Delta is the exposure of a signed quantity to the base coin, in coins: qty for UM and
// margin, qty·size/price for CM, rounded to sixteen decimals. A long CM position gains
// coins' worth of dollars like that many coins do; the collateral coin itself adds its
// own balance.
func (in *Instrument) Delta(qty, price decimal.Decimal) decimal.Decimal {
	if !in.Inverse() {
		return qty
	}
	coins := in.Value(qty, price)
	if qty.IsNegative() {
		return coins.Neg()
	}
	return coins
}

// LotOf is the quantity of a market order for so many coins, signed and rounded toward zero:
// coins, or contracts, at the last price if they open a position and at the entry of own, the
// position that they trade against, if they close it. It never closes more than there is, and is 0
// for less than the exchange takes and without a last price.
func (in *Instrument) LotOf(coins decimal.Decimal, last Fixed, own *Position) Fixed {
	if last == 0 {
		return 0
	}
	closes, amount := in.Closes(coins, own), coins
	if in.Inverse() {
		price := last.Decimal()
		if closes {
			price = own.Entry
		}
		amount = coins.Mul(price).DivRound(in.ContractSize.Decimal(), FixedPlaces) // an entry has sixteen places
	}
	if closes && amount.Abs().GreaterThan(own.Qty.Abs()) {
		amount = own.Qty.Neg()
	}
	qty, err := FixedFromDecimal(amount, RoundDown)
	if err != nil {
		return 0
	}
	qty = in.Lots(Market, qty)
	if !closes && in.Notional(qty, last).LessThan(in.NotionalMin.Decimal()) {
		return 0
	}
	return qty
}

// Closes says whether so many coins, bought above 0, are against a position: of the margin account
// there is none.
func (in *Instrument) Closes(coins decimal.Decimal, own *Position) bool {
	return in.Product != Margin && own.Qty.Sign()*coins.Sign() < 0
}

// Trade moves the position by a fill and returns the realised profit of the part it
// closed, before fees and unrounded beyond the one division, in the margin asset.
// Reducing keeps the entry; crossing zero closes at the old entry and opens the rest at
// the fill's price; adding averages, arithmetically for UM and harmonically for CM.
func (p *Position) Trade(in *Instrument, side Side, qty, price Fixed) decimal.Decimal {
	signed := decimal.New(side.Sign()*int64(qty), -FixedPlaces)
	at := price.Decimal()
	switch {
	case signed.IsZero():
		return decimal.Zero
	case p.Qty.Sign()*signed.Sign() >= 0:
		p.Entry = in.averageEntry(p.Qty, p.Entry, signed, at)
		p.Qty = p.Qty.Add(signed)
		return decimal.Zero
	case signed.Abs().LessThanOrEqual(p.Qty.Abs()):
		realized := in.PnL(signed.Neg(), p.Entry, at)
		p.Qty = p.Qty.Add(signed)
		if p.Qty.IsZero() {
			p.Entry = decimal.Zero
		}
		return realized
	default:
		realized := in.PnL(p.Qty, p.Entry, at)
		p.Qty = p.Qty.Add(signed)
		p.Entry = at
		return realized
	}
}

// averageEntry is the entry price after adding b at price pb to a at price pa, both of
// one sign: (a·pa + b·pb)/(a+b), and for CM (a+b)·pa·pb/(a·pb + b·pa).
func (in *Instrument) averageEntry(a, pa, b, pb decimal.Decimal) decimal.Decimal {
	if a.IsZero() || pa.Equal(pb) {
		return pb
	}
	if in.Inverse() {
		return a.Add(b).Mul(pa).Mul(pb).DivRound(a.Mul(pb).Add(b.Mul(pa)), divPlaces)
	}
	return a.Mul(pa).Add(b.Mul(pb)).DivRound(a.Add(b), divPlaces)
}
