package venue

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// The value of the independent account, by the formulas of Binance's FAQ on uniMMR, for
// every asset over the margin, UM and CM wallets:
//
//	net    = margin + UM + CM - loan - interest + unrealised PnL
//	equity = min(net·index·rate, net·index)
//	MM     = sum(notional·mmr - cum)·index + sum(debt·mmr)·index
//	uniMMR = (sum(equity) - open loss) / MM

// assets are all that the account has had to do with, in the order of their first booking.
func (b *independent) assets() []string {
	list := slices.Clone(b.known)
	for l := range b.legs {
		if asset := b.in[l.inst].MarginAsset; !slices.Contains(list, asset) {
			list = append(list, asset)
		}
	}
	return list
}

// value is the account at the marks and index prices of now. Status and initial margin
// are left out.
func (b *independent) value() exchange.Account {
	var a exchange.Account
	for _, asset := range b.assets() {
		net, index := b.net(asset), b.index[asset]
		a.ActualEquity = a.ActualEquity.Add(net.Mul(index))
		a.Equity = a.Equity.Add(b.collateral(asset, net, index))
		debt := b.pockets[pocket{asset, exchange.WalletLoan}].Add(b.pockets[pocket{asset, exchange.WalletInterest}])
		a.MaintMargin = a.MaintMargin.Add(debt.Mul(b.loanRate(asset)).Mul(index))
	}
	for l, h := range b.legs {
		in := b.in[l.inst]
		if !h.qty.IsZero() {
			a.MaintMargin = a.MaintMargin.Add(b.maintenance(in, worthOf(in, h.qty.Abs(), b.mark[l.inst])).Mul(b.index[in.MarginAsset]))
		}
	}
	for _, w := range b.orders.open {
		a.OpenLoss = a.OpenLoss.Add(b.openLoss(w))
	}
	a.UniMMR = decimal.NewFromInt(99999999)
	if a.MaintMargin.IsPositive() {
		a.UniMMR = decimal.Min(a.UniMMR, over(a.Equity.Sub(a.OpenLoss), a.MaintMargin))
	}
	return a
}

// net is what the account has of an asset over all wallets, less its debts, with the
// unrealised profit that settles in it.
func (b *independent) net(asset string) decimal.Decimal {
	sum := decimal.Zero
	for _, w := range []exchange.Wallet{exchange.WalletMargin, exchange.WalletUM, exchange.WalletCM} {
		sum = sum.Add(b.pockets[pocket{asset, w}])
	}
	sum = sum.Sub(b.pockets[pocket{asset, exchange.WalletLoan}]).Sub(b.pockets[pocket{asset, exchange.WalletInterest}])
	for l, h := range b.legs {
		if in := b.in[l.inst]; in.MarginAsset == asset && !h.qty.IsZero() {
			sum = sum.Add(gain(in, h.qty, h.entry, b.mark[l.inst]))
		}
	}
	return sum
}

// collateral is what a net amount counts for: a debt in full, a holding part by part at
// the rates of its tiers, whose edges are coins or dollars.
func (b *independent) collateral(asset string, net, index decimal.Decimal) decimal.Decimal {
	if net.IsNegative() {
		return net.Mul(index)
	}
	schedule := b.c.Tables.Collateral[asset]
	left, below, sum := net.Mul(index), decimal.Zero, decimal.Zero
	for _, tier := range schedule.Tiers {
		part := left
		if tier.Cap != 0 {
			edge := tier.Cap.Decimal()
			if !schedule.ByValue {
				edge = edge.Mul(index)
			}
			part = decimal.Min(left, edge.Sub(below))
			below = edge
		}
		sum = sum.Add(part.Mul(tier.Rate.Decimal()))
		left = left.Sub(part)
	}
	return sum
}

// maintenance is notional·mmr - cum of the bracket that the notional falls in.
func (b *independent) maintenance(in *exchange.Instrument, notional decimal.Decimal) decimal.Decimal {
	tiers := b.brackets[in.ID]
	for i, tier := range tiers {
		if notional.LessThanOrEqual(tier.Cap.Decimal()) || i == len(tiers)-1 {
			return notional.Mul(tier.MMR.Decimal()).Sub(tier.Cum.Decimal())
		}
	}
	return decimal.Zero
}

// loanRate is the maintenance rate of debts in an asset, by the leverage of its loans.
func (b *independent) loanRate(asset string) decimal.Decimal {
	leverage, listed := b.c.Tables.LoanLeverage[asset]
	if !listed {
		leverage = b.c.Tables.LoanLeverageDefault
	}
	for _, r := range b.c.Tables.Loan {
		if r.Leverage == leverage {
			return r.MMR.Decimal()
		}
	}
	b.t.Fatalf("no loan rate for %s", asset)
	return decimal.Zero
}

// openLoss is qty·price·(rate given - rate got) of a limit order that swaps a better
// collateral for a worse one, in dollars.
func (b *independent) openLoss(w working) decimal.Decimal {
	if w.request.Type != exchange.Limit {
		return decimal.Zero
	}
	in := b.in[w.request.Inst]
	gives, gets := in.Quote, in.Base
	if w.request.Side == exchange.Sell {
		gives, gets = in.Base, in.Quote
	}
	gap := b.firstRate(gives).Sub(b.firstRate(gets))
	return decimal.Max(decimal.Zero, w.left.Mul(w.price).Mul(b.index[in.Quote]).Mul(gap))
}

func (b *independent) firstRate(asset string) decimal.Decimal {
	if tiers := b.c.Tables.Collateral[asset].Tiers; len(tiers) > 0 {
		return tiers[0].Rate.Decimal()
	}
	return decimal.Zero
}

// agrees compares with the venue's account and wallets, to the last digit.
func (b *independent) agrees(v *Venue, when string) {
	b.t.Helper()
	for _, asset := range b.assets() {
		for w := exchange.WalletMargin; w <= exchange.WalletInterest; w++ {
			if got, want := v.wallets.balance(asset, w), b.pockets[pocket{asset, w}]; !got.Equal(want) {
				b.t.Fatalf("-seed=%d: %s: %s in %v is %v by the ledger, %v by what happened", b.seed, when, asset, w, got, want)
			}
		}
		for p := range poolCount {
			if got, want := v.pools.of(asset)[p], b.with[partner{asset, p}].Neg(); !got.Equal(want) {
				b.t.Fatalf("-seed=%d: %s: pool %d holds %v %s by the ledger, %v by what happened", b.seed, when, p, got, asset, want)
			}
		}
	}
	b.agreesValue(v.Account(), when)
	b.agreesHoldings(v, when)
}

// agreesHoldings compares asset by asset; the sums are then the account's.
func (b *independent) agreesHoldings(v *Venue, when string) {
	b.t.Helper()
	has := v.Holdings()
	for _, asset := range b.assets() {
		var got margin.Holding
		for _, h := range has {
			if h.Asset == asset {
				got = h
			}
		}
		net, index := b.net(asset), b.index[asset]
		if !got.Net.Equal(net) || !got.Actual.Equal(net.Mul(index)) || !got.Equity.Equal(b.collateral(asset, net, index)) {
			b.t.Fatalf("-seed=%d: %s: %+v by the venue, %v %s at %v by what happened", b.seed, when, got, net, asset, index)
		}
	}
}

func (b *independent) agreesValue(got exchange.Account, when string) {
	b.t.Helper()
	want := b.value()
	for _, row := range []struct {
		name      string
		got, want decimal.Decimal
	}{
		{"equity", got.Equity, want.Equity}, {"actual equity", got.ActualEquity, want.ActualEquity},
		{"open loss", got.OpenLoss, want.OpenLoss}, {"maintenance margin", got.MaintMargin, want.MaintMargin},
		{"uniMMR", got.UniMMR, want.UniMMR},
	} {
		if !row.got.Equal(row.want) {
			b.t.Fatalf("-seed=%d: %s: %s is %v by the venue, %v by what happened", b.seed, when, row.name, row.got, row.want)
		}
	}
}
