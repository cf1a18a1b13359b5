package venue

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// What the exchange does by the clock, once more: interest, auto-repay, auto-exchange; and
// what is paid in BNB.

// passTime does what is due up to an instant, each with the events that belong to it, and
// returns the events that are left.
func (b *independent) passTime(to exchange.Time, events []exchange.Event) []exchange.Event {
	events = b.chore(b.now, events, b.convertAll)
	for at := b.now.Floor(time.Hour).Add(time.Hour); at <= to; at = at.Add(time.Hour) {
		events = b.chore(at, events, b.chargeLoans)
		switch at.Sub(at.Floor(24*time.Hour)) / time.Hour {
		case 0:
			events = b.chore(at, events, b.chargeNegative)
		case 22, 23:
			events = b.chore(at, events, b.repayFutures)
		}
		events = b.chore(at, events, b.convertAll)
	}
	b.now = to
	return events
}

// chore does one thing at an instant, and if that has moved money, reads what the account
// saw of it, which ends with an account event. It returns the events that are left.
func (b *independent) chore(at exchange.Time, events []exchange.Event, do func()) []exchange.Event {
	before := b.moves
	b.now = at
	if do(); b.moves == before {
		return events
	}
	end := firstAccount(events)
	if end < 0 {
		b.t.Fatalf("-seed=%d: at %v money is due, but the account was told nothing", b.seed, at)
	}
	b.read(events[:end+1])
	return events[end+1:]
}

// firstAccount is the place of the event that ends a chore, -1 if there is none.
func firstAccount(events []exchange.Event) int {
	return slices.IndexFunc(events, func(e exchange.Event) bool {
		return e.Kind == exchange.KindAccount && e.Account().Status != exchange.StatusActiveLiquidation
	})
}

// hourly is the interest rate of an asset: of one without, the highest known.
func (b *independent) hourly(asset string) decimal.Decimal {
	if r, known := b.interest[asset]; known {
		return r.Decimal()
	}
	most := exchange.Fixed(0)
	for _, r := range b.c.Tables.Interest {
		most = max(most, r)
	}
	return most.Decimal()
}

func (b *independent) chargeLoans() {
	for _, asset := range b.assets() {
		if principal := b.pockets[pocket{asset, exchange.WalletLoan}]; principal.IsPositive() {
			b.chargeLoan(asset, principal)
		}
	}
}

// chargeLoan charges an hour's interest on a principal: as a debt, or in BNB where the
// account wants that and has it.
func (b *independent) chargeLoan(asset string, principal decimal.Decimal) {
	if !b.c.Money.Interest {
		return
	}
	owed := cents(principal.Mul(b.hourly(asset)))
	if b.c.Money.BurnInterest && asset != "BNB" {
		free, _ := b.free("BNB", "")
		if coins := b.inBNB(asset, owed); coins.LessThanOrEqual(free) {
			b.move("BNB", exchange.WalletMargin, coins.Neg(), poolLender)
			return
		}
	}
	b.move(asset, exchange.WalletInterest, owed, poolLender)
}

// inBNB is an amount of an asset in BNB, at the index prices.
func (b *independent) inBNB(asset string, amount decimal.Decimal) decimal.Decimal {
	return cents(over(amount.Mul(b.index[asset]), b.index["BNB"]))
}

// total is what margin, UM and CM wallets have of an asset together.
func (b *independent) total(asset string) decimal.Decimal {
	sum := decimal.Zero
	for _, w := range wallets3 {
		sum = sum.Add(b.pockets[pocket{asset, w}])
	}
	return sum
}

// shortest is the futures wallet that has less of an asset.
func (b *independent) shortest(asset string) exchange.Wallet {
	if b.pockets[pocket{asset, exchange.WalletCM}].LessThan(b.pockets[pocket{asset, exchange.WalletUM}]) {
		return exchange.WalletCM
	}
	return exchange.WalletUM
}

// chargeNegative charges a day's interest on what is below the free threshold.
func (b *independent) chargeNegative() {
	for _, asset := range b.assets() {
		below := b.total(asset).Add(b.c.Money.NegativeFree[asset])
		if b.c.Money.Interest && below.IsNegative() {
			daily := b.hourly(asset).Mul(decimal.NewFromInt(24))
			b.move(asset, b.shortest(asset), below.Mul(daily), poolLender)
		}
	}
}

// repayFutures fills up negative futures wallets from the margin wallet.
func (b *independent) repayFutures() {
	for _, asset := range b.assets() {
		for _, w := range []exchange.Wallet{exchange.WalletUM, exchange.WalletCM} {
			owed := b.pockets[pocket{asset, w}].Neg()
			free, _ := b.free(asset, "")
			if amount := decimal.Min(owed, free); b.c.Money.AutoRepay && amount.IsPositive() {
				b.shift(asset, exchange.WalletMargin, w, amount)
			}
		}
	}
}

// tooShort says whether an asset is further below zero than the limit of auto-exchange.
func (b *independent) tooShort(asset string) bool {
	limit, limited := b.c.Money.ExchangeAt[asset]
	return limited && b.total(asset).Neg().GreaterThan(limit)
}

// convertAll buys all that is short of an asset that has fallen too far, when a booking has
// made it so.
func (b *independent) convertAll() {
	if !b.converts {
		return
	}
	b.converts = false
	for _, asset := range b.assets() {
		if b.tooShort(asset) {
			b.buyBack(asset, b.total(asset).Neg())
		}
	}
}

// buyBack buys an amount by selling what the margin wallet has most of in dollars, then the
// next, at the index prices less the cost.
func (b *independent) buyBack(asset string, short decimal.Decimal) {
	for short.IsPositive() {
		sells, has, most := "", decimal.Zero, decimal.Zero
		for _, other := range b.assets() {
			free, _ := b.free(other, "")
			can := decimal.Min(free, b.total(other))
			if usd := can.Mul(b.index[other]); other != asset && usd.GreaterThan(most) {
				sells, has, most = other, can, usd
			}
		}
		if sells == "" {
			return
		}
		each := b.index[sells].Mul(decimal.NewFromInt(1).Sub(b.c.Money.ExchangeCost.Decimal())) // dollars for one
		sold, got := over(short.Mul(b.index[asset]), each).RoundCeil(8), short
		if sold.GreaterThan(has) {
			sold, got = has, over(has.Mul(each), b.index[asset]).RoundFloor(8)
		}
		b.move(sells, exchange.WalletMargin, sold.Neg(), poolMarket)
		b.move(asset, b.shortest(asset), got, poolMarket)
		short = short.Sub(got)
	}
}

// inCoins says what a commission in the margin asset comes to in BNB, less the discount,
// and whether the fill pays it so. That the margin wallet has enough beside what waiting
// market orders lock cannot be known here; then the fill itself says so.
func (b *independent) inCoins(in *exchange.Instrument, f *exchange.Fill, fee decimal.Decimal) (coins decimal.Decimal, pays bool) {
	rate, has, certain := "", decimal.Zero, true
	switch {
	case in.Product == exchange.UM && b.c.Money.BurnUM:
		rate, has = "0.9", b.pockets[pocket{"BNB", exchange.WalletUM}]
	case in.Product == exchange.Margin && b.c.Money.BurnMargin:
		rate = "0.75"
		has, certain = b.free("BNB", "")
	}
	if rate == "" || f.Forced != exchange.NotForced {
		return decimal.Zero, false
	}
	coins = b.inBNB(in.MarginAsset, fee.Mul(decimal.RequireFromString(rate)))
	if !certain {
		return coins, f.FeeAsset == "BNB" && f.Fee.Equal(coins)
	}
	return coins, coins.LessThanOrEqual(has)
}
