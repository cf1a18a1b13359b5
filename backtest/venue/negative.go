package venue

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Auto-repay runs twice a day within the two hours before interest is charged at 00:00
// UTC. That it runs on the hour is assumed.
const repayHour = 22

// nextRepay is the first instant of auto-repay after t: 22:00 or 23:00 UTC.
func nextRepay(t exchange.Time) exchange.Time {
	midnight := t.Floor(day)
	for _, hour := range [...]time.Duration{repayHour, repayHour + 1} {
		if at := midnight.Add(hour * time.Hour); at > t {
			return at
		}
	}
	return midnight.Add(day + repayHour*time.Hour)
}

// repayFutures pays off negative futures wallets with what the margin wallet has free of
// the same asset, UM before CM.
func (v *Venue) repayFutures() {
	for _, asset := range v.wallets.assets {
		for _, w := range [...]exchange.Wallet{exchange.WalletUM, exchange.WalletCM} {
			owed := v.wallets.balance(asset, w).Neg()
			if !owed.IsPositive() {
				continue
			}
			if amount := decimal.Min(owed, v.free(asset)); amount.IsPositive() {
				v.shift(asset, exchange.WalletMargin, w, amount)
			}
			v.owing(asset, w)
		}
	}
}

// convertAll converts other assets to those that have fallen too far below zero.
func (v *Venue) convertAll() {
	for _, asset := range v.wallets.assets {
		limit, limited := v.money.ExchangeAt[asset]
		if short := v.wallets.total(asset).Neg(); limited && short.GreaterThan(limit) {
			v.cover(asset, short)
		}
	}
}

// cover buys what is short of an asset, all of it, by selling other assets of the
// margin wallet at their index prices less the cost: the one that is worth most first,
// then the next, as far as they go.
func (v *Venue) cover(asset string, short decimal.Decimal) {
	price := v.index(asset)
	keep := (exchange.FixedOne - v.money.ExchangeCost).Decimal()
	for short.IsPositive() && price.IsPositive() {
		from, has := v.richest(asset)
		if from == "" {
			return
		}
		gain := v.index(from).Mul(keep) // USD for one
		sold := short.Mul(price).DivRound(gain, 16).RoundCeil(exchange.FixedPlaces)
		got := short
		if sold.GreaterThan(has) {
			sold, got = has, has.Mul(gain).DivRound(price, 16).RoundFloor(exchange.FixedPlaces)
		}
		p := posting{reason: exchange.ReasonAutoExchange}
		p.asset, p.wallet, p.delta = from, exchange.WalletMargin, sold.Neg()
		v.book(p)
		p.asset, p.wallet, p.delta = asset, v.wallets.shortest(asset), got
		v.book(p)
		short = short.Sub(got)
	}
}

// richest is the asset other than one with the most dollars free in the margin wallet, and
// how much of it there is; "" when there is none. What is needed to cover the asset's own
// negative futures wallets is not free.
func (v *Venue) richest(except string) (found string, amount decimal.Decimal) {
	var most decimal.Decimal
	for _, asset := range v.wallets.assets {
		has := decimal.Min(v.free(asset), v.wallets.total(asset))
		usd := has.Mul(v.index(asset))
		if asset != except && usd.GreaterThan(most) {
			found, amount, most = asset, has, usd
		}
	}
	return found, amount
}
