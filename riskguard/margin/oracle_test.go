package margin

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// world is an account written down plainly, for the oracle and for building portfolios.
type world struct {
	ins       *exchange.Instruments
	tables    *Tables
	shocks    []Shock
	marks     map[exchange.InstrumentID]exchange.Fixed
	index     map[string]exchange.Fixed
	balance   map[string][exchange.Wallets + 1]decimal.Decimal
	positions []exchange.Position
	orders    []exchange.Order
	leverage  map[exchange.InstrumentID]int
}

// The oracle is the model once more, from the formulas, in plain decimals, without a
// cache and without a line of the model's code. It is slow on purpose: every figure is
// computed anew from the world each time it is needed.

// dec is shorthand for an exact decimal.
func dec(f exchange.Fixed) decimal.Decimal { return f.Decimal() }

var one, zero = decimal.NewFromInt(1), decimal.Zero

// markUnder and indexUnder are prices under a shock; nil is the market as it is.
func (w *world) markUnder(id exchange.InstrumentID, s *Shock) decimal.Decimal {
	m := dec(w.marks[id])
	if s != nil && w.moves(s, w.ins.At(id).Base) {
		m = m.Mul(one.Add(dec(s.Move))).Round(8)
	}
	return m
}

func (w *world) indexUnder(asset string, s *Shock) decimal.Decimal {
	x := dec(w.index[asset])
	if s != nil && (s.Asset == asset || w.moves(s, asset)) {
		x = x.Mul(one.Add(dec(s.Move))).Round(8)
	}
	return x
}

func (w *world) moves(s *Shock, coin string) bool {
	return s.Coin == coin || s.Coin == AllCoins && !w.stable(coin)
}

func (w *world) stable(asset string) bool {
	for _, a := range w.tables.Stables {
		if a == asset {
			return true
		}
	}
	return false
}

// rates are the tiers of an asset under a shock: caps in units or dollars, 0 for no end.
func (w *world) rate(t Tier, s *Shock) decimal.Decimal {
	r := dec(t.Rate)
	if s != nil {
		r = r.Sub(dec(s.Haircut))
	}
	return decimal.Max(zero, r)
}

// equity is min(net·index·rate, net·index), tier by tier.
func (w *world) equity(asset string, net decimal.Decimal, s *Shock) decimal.Decimal {
	index := w.indexUnder(asset, s)
	if net.IsNegative() {
		return net.Mul(index)
	}
	schedule := w.tables.Collateral[asset]
	total, floor := zero, zero
	for _, t := range schedule.Tiers {
		end := dec(t.Cap)
		if !schedule.ByValue {
			end = end.Mul(index)
		}
		if t.Cap == 0 {
			end = decimal.New(1, 60)
		}
		part := decimal.Min(net.Mul(index), end).Sub(floor)
		if part.IsPositive() {
			total = total.Add(part.Mul(w.rate(t, s)))
		}
		floor = end
	}
	return total
}

// rateAt is the collateral rate of the last unit of a holding.
func (w *world) rateAt(asset string, net decimal.Decimal, s *Shock) decimal.Decimal {
	if net.IsNegative() {
		return one
	}
	schedule := w.tables.Collateral[asset]
	for _, t := range schedule.Tiers {
		end, holding := dec(t.Cap), net.Mul(w.indexUnder(asset, s))
		if !schedule.ByValue {
			end = end.Mul(w.indexUnder(asset, s))
		}
		if t.Cap == 0 || holding.LessThanOrEqual(end) {
			return w.rate(t, s)
		}
	}
	return zero
}

// value is the notional of a size in its settlement asset.
func value(in *exchange.Instrument, size, price decimal.Decimal) decimal.Decimal {
	if in.Product != exchange.CM {
		return size.Mul(price)
	}
	return size.Mul(dec(in.ContractSize)).DivRound(price, 16)
}

// profit is the PnL of a signed quantity.
func profit(in *exchange.Instrument, qty, entry, price decimal.Decimal) decimal.Decimal {
	if in.Product != exchange.CM {
		return qty.Mul(price.Sub(entry))
	}
	return qty.Mul(dec(in.ContractSize)).Mul(price.Sub(entry)).DivRound(entry.Mul(price), 16)
}

func settle(in *exchange.Instrument) string {
	if in.Product == exchange.Margin {
		return in.Quote
	}
	return in.MarginAsset
}

// maintenance of a size at a price, by brackets.
func (w *world) maintenance(in *exchange.Instrument, size, price decimal.Decimal) decimal.Decimal {
	if size.IsZero() {
		return zero
	}
	table := w.tables.UM
	if in.Product == exchange.CM {
		table = w.tables.CM
	}
	v := value(in, size, price)
	tiers := table[in.Symbol].Tiers
	for i, t := range tiers {
		if v.LessThanOrEqual(dec(t.Cap)) || i == len(tiers)-1 {
			return v.Mul(dec(t.MMR)).Sub(dec(t.Cum))
		}
	}
	return zero
}

func (w *world) debt(asset string) decimal.Decimal {
	b := w.balance[asset]
	return b[exchange.WalletLoan].Add(b[exchange.WalletInterest])
}

func (w *world) net(asset string, s *Shock) decimal.Decimal {
	b := w.balance[asset]
	n := b[exchange.WalletMargin].Add(b[exchange.WalletUM]).Add(b[exchange.WalletCM]).Sub(w.debt(asset))
	for _, p := range w.positions {
		if in := w.ins.At(p.Inst); settle(in) == asset && !p.Qty.IsZero() {
			n = n.Add(profit(in, p.Qty, p.Entry, w.markUnder(p.Inst, s)))
		}
	}
	return n
}

func (w *world) loan(asset string) (leverage int64, mmr decimal.Decimal) {
	l, ok := w.tables.LoanLeverage[asset]
	if !ok {
		l = w.tables.LoanLeverageDefault
	}
	for _, r := range w.tables.Loan {
		if r.Leverage == l {
			return int64(l), dec(r.MMR)
		}
	}
	panic("no loan rate")
}

func ratio(adjusted, maint decimal.Decimal) decimal.Decimal {
	most := decimal.NewFromInt(exchange.UniMMRMax)
	if maint.IsZero() {
		if adjusted.IsNegative() {
			return most.Neg()
		}
		return most
	}
	u := adjusted.DivRound(maint, 16)
	return decimal.Max(most.Neg(), decimal.Min(most, u))
}
