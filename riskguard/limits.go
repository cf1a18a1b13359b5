package riskguard

import (
	"time"

	"github.com/shopspring/decimal"
)

// Limits are the guard's bounds. A limit of zero refuses everything it bounds, so a
// configuration that forgot one does not trade; [DefaultLimits] is where to start from.
// Ratios of equity are of the account's haircut equity at the moment of the check.
type Limits struct {
	// RefuseAll refuses every order, for which a configuration without any limits asks; only a
	// person's closing passes. Set for a strategy, it watches and trades nothing. Default false.
	RefuseAll bool `toml:"refuse_all" json:"refuse_all"`
	// OrderNotionalMaxRatio bounds one order's notional as a ratio of equity. Default
	// 0.02, at most 10.
	OrderNotionalMaxRatio decimal.Decimal `toml:"order_notional_max_ratio" json:"order_notional_max_ratio"`
	// PositionMaxRatio bounds the notional of one instrument's position, all open orders
	// of one side filled, as a ratio of equity. Of a margin pair, which has no position,
	// only the open orders count. Default 0.20, at most 20.
	PositionMaxRatio decimal.Decimal `toml:"position_max_ratio" json:"position_max_ratio"`
	// StrategyPositionMaxRatio bounds what one strategy holds itself of an instrument, all its
	// open orders of one side filled, as a ratio of equity: what the account has of it may be
	// little because another strategy holds the other side. On a margin pair it is what the
	// strategy has bought there less what it has sold. Default 20, the most that PositionMaxRatio
	// may be, so that it bounds a strategy that is alone no more than that does; at most 20.
	StrategyPositionMaxRatio decimal.Decimal `toml:"strategy_position_max_ratio" json:"strategy_position_max_ratio"`
	// GrossExposureMaxRatio bounds the sum of all futures positions, margin orders and debts,
	// open orders filled for the most, as a ratio of equity; coins that are owned do not
	// count. NetExposureMaxRatio bounds the sum over coins of what is not hedged of them over
	// margin, UM and CM, owned coins counted, whichever orders fill. An order that makes
	// neither larger passes both. Defaults 3, at most 50: an account whose collateral is
	// coins has a net exposure of 1 before it trades, and one with a directional strategy
	// needs room beside it.
	GrossExposureMaxRatio decimal.Decimal `toml:"gross_exposure_max_ratio" json:"gross_exposure_max_ratio"`
	NetExposureMaxRatio   decimal.Decimal `toml:"net_exposure_max_ratio" json:"net_exposure_max_ratio"`
	// CoinExposureMaxRatio bounds what is not hedged of one coin, the gap between its legs, as a
	// ratio of equity, whichever orders fill; an order that does not make it larger passes.
	// Default 3, as much as all coins together may be, since nobody but the owner knows which
	// strategies hedge; at most 50. For an account of pairs some 0.02, and no less than one
	// order of a leg: between the fills of its legs a pair has a gap.
	CoinExposureMaxRatio decimal.Decimal `toml:"coin_exposure_max_ratio" json:"coin_exposure_max_ratio"`
	// SelfTrade says whether an order may trade with a resting one of the account, of whichever
	// strategy: RefuseSelfTrade, the default, PreventSelfTrade or AllowSelfTrade. An order that carries a
	// self-trade prevention passes where Binance has one: UM and margin, not CM.
	SelfTrade SelfTrade `toml:"self_trade" json:"self_trade"`
	// PriceCollarLimit and PriceCollarMarket bound how far a limit price may be on the
	// aggressive side of mark, last price, index and the best price that it would meet, and
	// how far mark and last may be apart for a market order, and the best price that it meets
	// on the aggressive side of the mark, as ratios that count to eight decimals. The index
	// with the first holds for market orders, too. Index and book count where they are known.
	// Defaults 0.01 and 0.005, at most 0.5.
	PriceCollarLimit  decimal.Decimal `toml:"price_collar_limit" json:"price_collar_limit"`
	PriceCollarMarket decimal.Decimal `toml:"price_collar_market" json:"price_collar_market"`
	// OpenOrdersMax bounds the open orders of one strategy on one instrument. Default 20,
	// at most 200.
	OpenOrdersMax int `toml:"open_orders_max" json:"open_orders_max"`
	// OpenOrdersNotionalMaxRatio bounds what may still fill of one strategy's orders on one
	// instrument, both sides together, as a ratio of equity. Default 0.40, twice the default of
	// PositionMaxRatio: as much to buy as to sell. At most 40.
	OpenOrdersNotionalMaxRatio decimal.Decimal `toml:"open_orders_notional_max_ratio" json:"open_orders_notional_max_ratio"`
	// AccountOpenOrdersMax bounds the open orders of all strategies and the house on all
	// instruments. Default 150, at most 1,000: Binance takes 200 on one symbol.
	AccountOpenOrdersMax int `toml:"account_open_orders_max" json:"account_open_orders_max"`
	// MessagesPerSecondMax bounds new orders, amends and cancels of one strategy in any
	// second; cancels count but are never refused. Default 10, at most 20 (Binance takes
	// 1,200 orders a minute from an account).
	MessagesPerSecondMax int `toml:"messages_per_second_max" json:"messages_per_second_max"`
	// DuplicateWindow refuses an order equal in instrument, side, price and quantity to
	// one of the same strategy sent less than that ago and not yet answered. Default 1s,
	// 1ms to 1m.
	DuplicateWindow time.Duration `toml:"duplicate_window" json:"duplicate_window"`
	// UnknownOrdersMax bounds a strategy's orders of unknown outcome on one instrument and
	// side while it takes more of the same risk there. Default 0, at most 10.
	UnknownOrdersMax int `toml:"unknown_orders_max" json:"unknown_orders_max"`
	// AccountMessagesPerMinuteMax bounds the same of all strategies and the house in any minute.
	// What provably reduces is not refused by it. Default 480, 40% of what Binance takes, at
	// most 1,200.
	AccountMessagesPerMinuteMax int `toml:"account_messages_per_minute_max" json:"account_messages_per_minute_max"`
	// ActsPerMinuteMax bounds the loans and repayments of one strategy in any minute. Default 6, at
	// most 30: each takes 100 of the 6,000 of weight that an address has a minute.
	ActsPerMinuteMax int `toml:"acts_per_minute_max" json:"acts_per_minute_max"`
	// OrderToTradeMax bounds the messages of one strategy for each of its trades (order-to-trade
	// ratio, OTR) over the last ten minutes, of which the first 100 messages are free; no trade
	// counts as one. What provably reduces is not refused by it. Default 500, 1 to 100,000.
	OrderToTradeMax int `toml:"order_to_trade_max" json:"order_to_trade_max"`
	// ExecutionsPerMinuteMax bounds how often the orders of one strategy deal in any minute with
	// no person in between; one that has resumed the strategy or the account begins the count
	// anew. At the limit it takes no new risk, and the guard's watch holds it to reducing until
	// a person resumes it. Default 50, 1 to 10,000.
	ExecutionsPerMinuteMax int `toml:"executions_per_minute_max" json:"executions_per_minute_max"`
	// FreshPrice, FreshMark and FreshIndex are the ages at which a last price or quote, a
	// mark and an asset's index are stale, unless twice the feed's declared cadence is
	// longer. Defaults 1s, 3s and 10s, each 1ms to 1h.
	FreshPrice time.Duration `toml:"fresh_price" json:"fresh_price"`
	FreshMark  time.Duration `toml:"fresh_mark" json:"fresh_mark"`
	FreshIndex time.Duration `toml:"fresh_index" json:"fresh_index"`
	// FreshAccount is the age at which the exchange's own reading of the account is stale, unless
	// twice the declared cadence of readings is longer: without one nobody notices that the
	// picture of the account is wrong, or that the exchange has limited it. ClockOffsetMax is how
	// far our clock may be from the exchange's, measured within ten minutes or twice the declared
	// cadence of measurements. Beyond either no new risk is taken; what reduces risk is. Defaults
	// 10s and 250ms, 1ms to 1h and 1ms to 24h, which is for simulated exchanges whose time is
	// another.
	FreshAccount   time.Duration `toml:"fresh_account" json:"fresh_account"`
	ClockOffsetMax time.Duration `toml:"clock_offset_max" json:"clock_offset_max"`
	// UniMMRMin refuses orders that would leave uniMMR below it in the worst case of all
	// open orders. Binance limits to reduce-only at 1.2 and liquidates at 1.05, so keep a
	// distance that survives one bad minute. Default 2.0, 1.2 to 1000.
	UniMMRMin decimal.Decimal `toml:"unimmr_min" json:"unimmr_min"`
	// UniMMRShockMin is the same under every shock. Default 1.5, 1.05 to 1000.
	UniMMRShockMin decimal.Decimal `toml:"unimmr_shock_min" json:"unimmr_shock_min"`
	// UniMMRWarn, UniMMRReduce and UniMMRHalt are the levels of the account's uniMMR at which
	// a person is told, only reducing goes on, and nothing does. UniMMRReduce is at most
	// UniMMRResume, above which uniMMR must stay for UniMMRResumeAfter before the guard lets
	// new risk in again by itself; a halt only a person lifts. Defaults 3.0, 2.0, 1.3 and 2.2,
	// each 1.05 to 1000, and 1m, 1s to 24h.
	UniMMRWarn        decimal.Decimal `toml:"unimmr_warn" json:"unimmr_warn"`
	UniMMRReduce      decimal.Decimal `toml:"unimmr_reduce" json:"unimmr_reduce"`
	UniMMRHalt        decimal.Decimal `toml:"unimmr_halt" json:"unimmr_halt"`
	UniMMRResume      decimal.Decimal `toml:"unimmr_resume" json:"unimmr_resume"`
	UniMMRResumeAfter time.Duration   `toml:"unimmr_resume_after" json:"unimmr_resume_after"`
	// DailyLossMaxRatio bounds what the account loses in a UTC day as a ratio of its actual
	// equity at the day's beginning; beyond it only reducing goes on until the day is over.
	// DrawdownMaxRatio bounds its fall from the most that it was worth at the beginning of
	// any hour; beyond it nothing goes on. What is paid in and out is no gain and no loss,
	// and a person who resumes begins both anew. Defaults 0.02 and 0.05, at most 1, which
	// bounds nothing.
	DailyLossMaxRatio decimal.Decimal `toml:"daily_loss_max_ratio" json:"daily_loss_max_ratio"`
	DrawdownMaxRatio  decimal.Decimal `toml:"drawdown_max_ratio" json:"drawdown_max_ratio"`
	// StrategyDailyLossMaxRatio and StrategyDrawdownMaxRatio bound the same of one strategy: what
	// its own fills, fees and fundings have made, as ratios of the account's actual equity
	// at the day's beginning. Beyond the first the strategy only reduces until the day is over,
	// beyond the second it does nothing until a person resumes it. Defaults 0.02 and 0.05, at most
	// 1, which bounds nothing.
	StrategyDailyLossMaxRatio decimal.Decimal `toml:"strategy_daily_loss_max_ratio" json:"strategy_daily_loss_max_ratio"`
	StrategyDrawdownMaxRatio  decimal.Decimal `toml:"strategy_drawdown_max_ratio" json:"strategy_drawdown_max_ratio"`
	// LossStreakMax is how many trades of a strategy running that close something may lose, after
	// the fees of closing; with that many it only reduces for LossStreakFor, or until a person
	// resumes it, and is counted anew. What one order closes is one trade. Defaults 5 and 1h, 1 to
	// 1,000,000 and 1s to 168h.
	LossStreakMax int           `toml:"loss_streak_max" json:"loss_streak_max"`
	LossStreakFor time.Duration `toml:"loss_streak_for" json:"loss_streak_for"`
	// RejectRatioMax, UnknownRatioMax and SlippageMax are bands in which a strategy fares: the parts
	// of its new orders of the last ten minutes that the exchange has rejected, post-only ones that
	// would have dealt not among them, and of which nobody knew what came of them, of at least 20;
	// and the mean of how much worse than the price seen at approval the last 20 fills that took
	// were, as a ratio of that price. Beyond one a person is told, and beyond twice that the strategy
	// only reduces until a person resumes it. Defaults 0.20, 0.10 and 0.005, at most 1.
	RejectRatioMax  decimal.Decimal `toml:"reject_ratio_max" json:"reject_ratio_max"`
	UnknownRatioMax decimal.Decimal `toml:"unknown_ratio_max" json:"unknown_ratio_max"`
	SlippageMax     decimal.Decimal `toml:"slippage_max" json:"slippage_max"`
	// AckLatencyMax is how long the first answers to the new orders of a strategy may take, in the
	// mean of the last ten minutes and of at least 20, before a person is told. Default 1s, 1ms to
	// 1m.
	AckLatencyMax time.Duration `toml:"ack_latency_max" json:"ack_latency_max"`
	// ShockCoin, ShockStable and ShockHaircut size the shocks: coins move by ±ShockCoin,
	// each stable coin loses ShockStable, every haircut grows by ShockHaircut. Ratios;
	// defaults 0.20, 0.10 and 0.10, at most 0.95, 0.95 and 1; 0 is no shock.
	ShockCoin    decimal.Decimal `toml:"shock_coin" json:"shock_coin"`
	ShockStable  decimal.Decimal `toml:"shock_stable" json:"shock_stable"`
	ShockHaircut decimal.Decimal `toml:"shock_haircut" json:"shock_haircut"`
	// CollateralAssetMaxRatio bounds what one coin that is not stable counts for as collateral,
	// as a ratio of equity after the worst fills, when an order on a margin pair brings more of
	// it. NegativeStableMaxRatio bounds by how much such orders may leave the balance of a
	// stable coin over all wallets below nothing, loans not counted. Both are about margin
	// pairs only: futures orders exchange no collateral. Defaults 0.40 and 0.05, at most 2: a
	// coin may be all of the collateral, and a debt beside it.
	CollateralAssetMaxRatio decimal.Decimal `toml:"collateral_asset_max_ratio" json:"collateral_asset_max_ratio"`
	NegativeStableMaxRatio  decimal.Decimal `toml:"negative_stable_max_ratio" json:"negative_stable_max_ratio"`
	// BorrowMaxUSD bounds what the account may owe in loans and interest, valued at index
	// prices, when it borrows more, by an act or by an order that borrows by itself; of orders
	// all that are open count.
	// Default 0, which lets nothing be borrowed, at most 1,000,000,000.
	BorrowMaxUSD decimal.Decimal `toml:"borrow_max_usd" json:"borrow_max_usd"`
	// DriftEquityMax and DriftMaintMax bound how far equity and maintenance margin that the
	// exchange reports may be from what the model has around that time, as ratios of the
	// reported value; less than a dollar is no difference. DriftReadings running beyond one of
	// them let the account only reduce, until a person resumes. Defaults 0.01, 0.05 and 3; at
	// most 1, 1 and 100.
	DriftEquityMax decimal.Decimal `toml:"drift_equity_max" json:"drift_equity_max"`
	DriftMaintMax  decimal.Decimal `toml:"drift_maint_max" json:"drift_maint_max"`
	DriftReadings  int             `toml:"drift_readings" json:"drift_readings"`
	// LoanRateMax bounds the yearly interest at which anything is borrowed, 8,760 times the hourly
	// rate that the exchange told within the hour, as a ratio; without one nothing is borrowed.
	// Default 0.20, at most 10.
	LoanRateMax decimal.Decimal `toml:"loan_rate_max" json:"loan_rate_max"`
	// RampRatio is which part of OrderNotionalMaxRatio one order, and of PositionMaxRatio or
	// StrategyPositionMaxRatio, whichever is less, a strategy's own position may be for the first
	// RampFor after a process began in which its program or parameters were other than before.
	// Nothing is deployed in backtests and dry runs. A person ends it before its time by a reload
	// with a RampFor of 0s, and an override may keep it up for one strategy. Defaults 0.10 and 24h,
	// 0 to 1 and 0s to 720h.
	RampFor   time.Duration   `toml:"ramp_for" json:"ramp_for"`
	RampRatio decimal.Decimal `toml:"ramp_ratio" json:"ramp_ratio"`
	// PluginAnswerMax is how old the event may be that a strategy's order answers: what was
	// decided on an older one is refused, unless it reduces risk, and a strategy that is late three
	// times within a minute only reduces until a person resumes it. In a backtest no time goes by
	// while a strategy thinks. Default 500ms, 1ms to 1h.
	PluginAnswerMax time.Duration `toml:"plugin_answer_max" json:"plugin_answer_max"`
	// ApprovalTTL is how long an approval may wait before it is sent. Default 500ms,
	// 1ms to 1h.
	ApprovalTTL time.Duration `toml:"approval_ttl" json:"approval_ttl"`
	// Hedged are the coins, such as "BTC", of which the account is meant to be long as much as
	// it is short, over margin, UM and CM; the guard watches over their legs. Default none, at
	// most 100.
	Hedged []string `toml:"hedged" json:"hedged,omitempty"`
	// LegGapMaxRatio is which part of the larger side of a hedged coin may lack its other leg,
	// LegGapMinUSD what may lack it however large that side is, and LegGapFor for how long more
	// than both may before it is told; after twice that the coin's instruments only reduce.
	// Defaults 0.02, 100 USD and 30s; 0 to 1, 0 to 1,000,000,000 and 0s to 24h.
	LegGapMaxRatio decimal.Decimal `toml:"leg_gap_max_ratio" json:"leg_gap_max_ratio"`
	LegGapMinUSD   decimal.Decimal `toml:"leg_gap_min_usd" json:"leg_gap_min_usd"`
	LegGapFor      time.Duration   `toml:"leg_gap_for" json:"leg_gap_for"`
	// ForcedFillsMax is how many executions the exchange may force on an instrument, by
	// liquidation or deleveraging, before it only reduces until a person resumes it. Default 0,
	// at most 1,000,000.
	ForcedFillsMax int `toml:"forced_fills_max" json:"forced_fills_max"`
	// IncomeGapMaxRatio is by how much a day's profits, fees, fundings and interest may differ
	// from what the exchange says, as a ratio of equity, before the account only reduces; a
	// dollar is never too much. Default 0.0001, 0 to 1.
	IncomeGapMaxRatio decimal.Decimal `toml:"income_gap_max_ratio" json:"income_gap_max_ratio"`
	// StrangersMax is how many fills of orders that are not ours, and how many such open orders,
	// an instrument may have before it only reduces until a person resumes it: whoever else
	// trades the account makes its limits wrong. Default 0, at most 1,000,000, for those who
	// trade by hand beside the bot.
	StrangersMax int `toml:"strangers_max" json:"strangers_max"`
	// DropCopySilent is for how long a second key may read nothing of the account before it is
	// told: nobody checks the first one then. At least twice the time between readings is always
	// fine. Default 5m, 10s to 24h.
	DropCopySilent time.Duration `toml:"drop_copy_silent" json:"drop_copy_silent"`
	// DepegWarn and DepegReduce are the index prices in USD below which a stable coin that the
	// account has or owes is told of, and below which the account only reduces. Defaults 0.98
	// and 0.95, 0 to 1; the second is not above the first.
	DepegWarn   decimal.Decimal `toml:"depeg_warn" json:"depeg_warn"`
	DepegReduce decimal.Decimal `toml:"depeg_reduce" json:"depeg_reduce"`
	// Overrides are stricter limits for a part of the account. An order is held against the
	// strictest of all that fit it. Default none, at most 100.
	Overrides []Override `toml:"override" json:"overrides,omitempty"`
	// Budgets are what single strategies may use in absolute numbers. Default none, at most 100.
	Budgets []Budget `toml:"budget" json:"budgets,omitempty"`
}

// DefaultLimits are the defaults that the fields of [Limits] name.
func DefaultLimits() Limits {
	var l Limits
	for _, e := range l.entries() {
		must(e.parse(e.usual))
	}
	return l
}
