package riskguard

import (
	"fmt"
	"math"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// boundID names the limits that are numbers, in the order of their rules. Binance's own
// bands, brackets and filters are not among them: they are no limits of ours.
type boundID uint8

const (
	boundOrderSize boundID = iota
	boundCollarLimit
	boundCollarMarket
	boundFreshPrice
	boundFreshMark
	boundFreshIndex
	boundFreshAccount
	boundClock
	boundUnknown
	boundExecutions
	boundMessages
	boundAccountMessages
	boundOrderToTrade
	boundOpenOrders
	boundAccountOpenOrders
	boundOpenNotional
	boundPosition
	boundStrategyPosition
	boundGross
	boundNet
	boundCoin
	boundInitialMargin
	boundUniMMR
	boundUniMMRShock
	boundLoanRate
	boundBorrow
	boundCollateral
	boundNegativeStable
	boundRamp
	boundCount
)

// bound is a limit that is a number, and how near approved orders came to it.
type bound struct {
	rule string
	// key is the limit's in the configuration, empty where the limit is not ours to set.
	key string
	// scope says of which orders, if not of all.
	scope string
	ratio ratio
	// what begins the words for a value; limit are the words for the limit itself.
	what, limit string
	say         wording
	closest     note
	refused     int
}

// wording puts a reading into the words of a refusal.
type wording func(b *bound, ins *exchange.Instruments, r reading) (value, limit string)

// reading is what an order would make of a bound: its share, and what the words for it
// need beside that.
type reading struct {
	share
	inst  exchange.InstrumentID // whose price or orders
	price exchange.Fixed
	name  string // of a shock or an asset
}

// note is a reading of an approved order.
type note struct {
	reading
	cut      decimal.Decimal // of the share
	set      bool
	at       exchange.Time
	strategy exchange.StrategyID
	order    exchange.InstrumentID
}

// bounds are the numbers among the limits.
func (l *Limits) bounds() [boundCount]bound {
	all, account := l.orderBounds(), l.accountBounds()
	for id := range all {
		if all[id].rule == "" {
			all[id] = account[id]
		}
	}
	return all
}

func ofEquity(ratio fmt.Stringer) string { return ratio.String() + " of equity" }

// orderBounds are those of an order and of what it makes of a position.
func (l *Limits) orderBounds() [boundCount]bound {
	beyond := func(ratio fmt.Stringer) string { return ratio.String() + " beyond it" }
	return [boundCount]bound{
		boundOrderSize: {
			rule: "order-size", key: "order_notional_max_ratio", ratio: ratioOf(l.OrderNotionalMaxRatio),
			what: "notional", limit: ofEquity(l.OrderNotionalMaxRatio), say: sayMoney,
		},
		boundCollarLimit: {
			rule: "price-collar", key: "price_collar_limit", ratio: ratioOf(l.PriceCollarLimit),
			limit: beyond(l.PriceCollarLimit), say: sayPrices,
		},
		boundCollarMarket: {
			rule: "price-collar", key: "price_collar_market", ratio: ratioOf(l.PriceCollarMarket),
			limit: beyond(l.PriceCollarMarket), say: sayTaken,
		},
		boundFreshPrice:   {rule: "freshness", key: "fresh_price", ratio: all(), what: "price of", limit: oldAtMost(l.FreshPrice), say: sayAge},
		boundFreshMark:    {rule: "freshness", key: "fresh_mark", ratio: all(), what: "mark of", limit: oldAtMost(l.FreshMark), say: sayAge},
		boundFreshIndex:   {rule: "freshness", key: "fresh_index", ratio: all(), what: "index of", limit: oldAtMost(l.FreshIndex), say: sayAge},
		boundFreshAccount: {rule: "freshness", key: "fresh_account", ratio: all(), what: "the exchange's reading of the account", limit: oldAtMost(l.FreshAccount), say: sayAge},
		boundClock:        {rule: "freshness", key: "clock_offset_max", ratio: all(), limit: l.ClockOffsetMax.String(), say: sayClock},
		boundUnknown:      {rule: "unknown-order", key: "unknown_orders_max", ratio: all(), limit: fmt.Sprint(l.UnknownOrdersMax), say: sayUnknown},
		boundExecutions: {
			rule: "executions", key: "executions_per_minute_max", ratio: all(),
			limit: fmt.Sprint(l.ExecutionsPerMinuteMax, " a minute"), say: sayExecutions,
		},
		boundMessages: {
			rule: "message-rate", key: "messages_per_second_max", ratio: all(),
			limit: fmt.Sprint(l.MessagesPerSecondMax, " a second"), say: sayMessages,
		},
		boundAccountMessages: {
			rule: "message-rate", key: "account_messages_per_minute_max", ratio: all(),
			limit: fmt.Sprint(l.AccountMessagesPerMinuteMax, " a minute"), say: sayAccountMessages,
		},
		boundOrderToTrade: {
			rule: "message-rate", key: "order_to_trade_max", ratio: all(),
			limit: fmt.Sprint(l.OrderToTradeMax, " a trade"), say: sayOrderToTrade,
		},
		boundOpenOrders:        {rule: "open-orders", key: "open_orders_max", ratio: all(), limit: fmt.Sprint(l.OpenOrdersMax), say: sayOrders},
		boundAccountOpenOrders: {rule: "open-orders", key: "account_open_orders_max", ratio: all(), limit: fmt.Sprint(l.AccountOpenOrdersMax), say: sayAccountOrders},
		boundOpenNotional: {
			rule: "open-orders", key: "open_orders_notional_max_ratio", ratio: ratioOf(l.OpenOrdersNotionalMaxRatio),
			what: "open orders on the instrument", limit: ofEquity(l.OpenOrdersNotionalMaxRatio), say: sayMoney,
		},
		boundPosition: {
			rule: "position", key: "position_max_ratio", ratio: ratioOf(l.PositionMaxRatio),
			what: "position", limit: ofEquity(l.PositionMaxRatio), say: sayMoney,
		},
		boundStrategyPosition: {
			rule: "position", key: "strategy_position_max_ratio", ratio: ratioOf(l.StrategyPositionMaxRatio),
			what: "the strategy's own position", limit: ofEquity(l.StrategyPositionMaxRatio), say: sayMoney,
		},
	}
}

// accountBounds are those of what an order makes of the account.
func (l *Limits) accountBounds() [boundCount]bound {
	return [boundCount]bound{
		boundGross: {
			rule: "exposure", key: "gross_exposure_max_ratio", ratio: ratioOf(l.GrossExposureMaxRatio),
			what: "gross exposure", limit: ofEquity(l.GrossExposureMaxRatio), say: sayUSD,
		},
		boundNet: {
			rule: "exposure", key: "net_exposure_max_ratio", ratio: ratioOf(l.NetExposureMaxRatio),
			what: "net exposure", limit: ofEquity(l.NetExposureMaxRatio), say: sayUSD,
		},
		boundCoin: {
			rule: "exposure", key: "coin_exposure_max_ratio", ratio: ratioOf(l.CoinExposureMaxRatio),
			what: "net exposure to", limit: ofEquity(l.CoinExposureMaxRatio), say: sayUSD,
		},
		boundInitialMargin: {rule: "initial-margin", ratio: all(), limit: "0 USD", say: sayAvailable},
		boundUniMMR:        {rule: "unimmr", key: "unimmr_min", ratio: all(), limit: l.UniMMRMin.String(), say: sayUniMMR},
		boundUniMMRShock:   {rule: "unimmr-shock", key: "unimmr_shock_min", ratio: all(), limit: l.UniMMRShockMin.String(), say: sayUniMMR},
		boundLoanRate:      {rule: "loan", key: "loan_rate_max", ratio: ratioOf(l.LoanRateMax), limit: l.LoanRateMax.String() + " a year", say: sayRate},
		boundBorrow:        {rule: "loan", key: "borrow_max_usd", ratio: all(), limit: fmt.Sprintf("%v USD", l.BorrowMaxUSD), say: sayDebts},
		boundCollateral: {
			rule: "collateral", key: "collateral_asset_max_ratio", ratio: ratioOf(l.CollateralAssetMaxRatio),
			what: "collateral in", limit: ofEquity(l.CollateralAssetMaxRatio), say: sayUSD,
		},
		boundNegativeStable: {
			rule: "collateral", key: "negative_stable_max_ratio", ratio: ratioOf(l.NegativeStableMaxRatio),
			what: "negative balance of", limit: ofEquity(l.NegativeStableMaxRatio), say: sayUSD,
		},
		boundRamp: {
			rule: "ramp", key: "ramp_ratio", ratio: ratioOf(l.RampRatio),
			limit: l.RampRatio.String() + " of what else applies", say: sayRamp,
		},
	}
}

// sayMoney: part USD of whole USD, of which the bound allows a ratio.
func sayMoney(b *bound, _ *exchange.Instruments, r reading) (value, limit string) {
	most := r.fineWhole.Mul(b.ratio.exact)
	return fmt.Sprintf("%s %v USD", b.what, r.finePart.RoundCeil(2)), fmt.Sprintf("%v USD, %s", most.RoundFloor(2), b.limit)
}

// sayPrices: the price is part beyond whole, the reference of that name.
func sayPrices(b *bound, _ *exchange.Instruments, r reading) (value, limit string) {
	return fmt.Sprintf("price %v against the %s %v", r.price, r.name, exchange.Fixed(r.whole)), b.limit
}

// sayTaken: the price of that name is part beyond whole, the mark.
func sayTaken(b *bound, _ *exchange.Instruments, r reading) (value, limit string) {
	return fmt.Sprintf("%s %v against the mark %v", r.name, r.price, exchange.Fixed(r.whole)), b.limit
}

// never is the age of what was never seen.
const never = time.Duration(math.MaxInt64)

// oldAtMost are the words for a limit on age.
func oldAtMost(age time.Duration) string { return fmt.Sprintf("at most %v old", age) }

// sayAge: the input is part nanoseconds old and may be whole.
func sayAge(b *bound, ins *exchange.Instruments, r reading) (value, limit string) {
	name, age := r.name, "was never seen"
	if r.inst != 0 {
		name = ins.At(r.inst).Name()
	}
	if r.part != int64(never) {
		age = fmt.Sprintf("is %v old", time.Duration(r.part))
	}
	if name != "" {
		name = " " + name
	}
	return fmt.Sprintf("%s%s %s", b.what, name, age), oldAtMost(time.Duration(r.whole))
}

// sayAvailable: part is the initial margin of whole, the equity.
func sayAvailable(b *bound, _ *exchange.Instruments, r reading) (value, limit string) {
	return fmt.Sprintf("%v USD available after initial margin", r.fineWhole.Sub(r.finePart).Round(2)), b.limit
}

// sayUniMMR: part is the floor under whole, the uniMMR.
func sayUniMMR(b *bound, _ *exchange.Instruments, r reading) (value, limit string) {
	value = "projected uniMMR " + r.fineWhole.Round(4).String()
	if r.name != "" {
		value += " under " + r.name
	}
	return value, b.limit
}

// allows is what the limit allows, for comparisons.
func (b *bound) allows() string { return b.limit + b.ratio.exact.String() }
