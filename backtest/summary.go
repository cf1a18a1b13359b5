package backtest

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// Line is a row of the result tables: where money came from, in USD. Net is the sum of
// Price, Fees, Funding and Interest; costs are negative. Slippage is the part of Price
// lost against the reference price at the decision, and is not subtracted again.
type Line struct {
	Name     string          `json:"name"`
	Trades   int             `json:"trades"`
	Turnover decimal.Decimal `json:"turnover"`
	Price    decimal.Decimal `json:"price"`
	Fees     decimal.Decimal `json:"fees"`
	Funding  decimal.Decimal `json:"funding"`
	Interest decimal.Decimal `json:"interest"`
	Slippage decimal.Decimal `json:"slippage"`
	Net      decimal.Decimal `json:"net"`
	// NetPct is Net in percent of the starting equity; DrawdownPct the largest fall of
	// the line's own cumulated Net from its peak in percent of the starting equity plus
	// that peak; UniMMRMin the account's lowest uniMMR while the line held a position.
	NetPct      decimal.Decimal `json:"net_pct"`
	DrawdownPct decimal.Decimal `json:"drawdown_pct"`
	UniMMRMin   decimal.Decimal `json:"unimmr_min"`
}

// StrategyLine is a line of one strategy on one instrument; its name is both.
type StrategyLine struct {
	Strategy string                `json:"strategy"`
	Inst     exchange.InstrumentID `json:"inst"`
	Line
}

// MarginSummary tells how near the account came to Binance's lines. UniMMR figures skip
// the sentinel of an account without maintenance margin.
type MarginSummary struct {
	EquityStart  decimal.Decimal `json:"equity_start"`
	EquityEnd    decimal.Decimal `json:"equity_end"`
	EquityMin    decimal.Decimal `json:"equity_min"`
	EquityMax    decimal.Decimal `json:"equity_max"`
	UniMMRMin    decimal.Decimal `json:"unimmr_min"`
	UniMMRMinAt  exchange.Time   `json:"unimmr_min_at"`
	DrawdownPct  decimal.Decimal `json:"drawdown_pct"`
	DrawdownFrom exchange.Time   `json:"drawdown_from"`
	DrawdownTo   exchange.Time   `json:"drawdown_to"`
	// Below holds how long uniMMR was under 2.0, 1.5 and 1.2, by samples: the same lines in
	// every run, whatever its Ladder is.
	Below20      time.Duration `json:"below_2_0_ns"`
	Below15      time.Duration `json:"below_1_5_ns"`
	Below12      time.Duration `json:"below_1_2_ns"`
	Liquidations int           `json:"liquidations"`
	// HaircutWorst is the largest difference of actual and haircut equity.
	HaircutWorst decimal.Decimal `json:"haircut_worst"`
	// ADL is how often a position was reduced by auto-deleveraging.
	ADL int `json:"adl"`
	// Floors are the configured limits on uniMMR, for the report's chart, and Ladder the
	// lines at which the exchange acts, 0 where it draws none.
	Floors []UniMMRFloor `json:"floors,omitempty"`
	Ladder Ladder        `json:"ladder"`
}

// Ladder are the lines of uniMMR at which the exchange acts; a status holds at its line
// and below. Plain Portfolio Margin has ReduceOnly at 1.2 and Liquidation at 1.05.
type Ladder struct {
	MarginCall   exchange.Fixed `json:"margin_call"`
	SupplyMargin exchange.Fixed `json:"supply_margin"`
	ReduceOnly   exchange.Fixed `json:"reduce_only"`
	Liquidation  exchange.Fixed `json:"liquidation"`
}

// UniMMRFloor is a configured limit below which the guard refuses or halts.
type UniMMRFloor struct {
	Name  string          `json:"name"`
	Value decimal.Decimal `json:"value"`
}

// LimitUse is one limit of the guard: the closest that approved orders came to it, and
// how often it refused. Limit and Value are as a refusal words them, and Used is their
// proportion: 1 is at the limit. The limits are in the order of the controls. A control
// has a row without Limit for refusals that no number led to, so that the rows of a
// control have all its refusals.
type LimitUse struct {
	Rule string `json:"rule"`
	// Key is of the configuration, such as "risk.unimmr_min"; empty for what Binance limits
	// and for a row without Limit.
	Key string `json:"key"`
	// Scope says of which orders an override's limit is, such as "UM:BTCUSDT".
	Scope string          `json:"scope,omitzero"`
	Limit string          `json:"limit"`
	Value string          `json:"value"`
	Used  decimal.Decimal `json:"used"`
	At    exchange.Time   `json:"at"`
	// Strategy and Instrument name the order that came closest, of equals the first. They
	// are empty, and Value with them, if no approved order was ever held against the limit.
	Strategy   string `json:"strategy"`
	Instrument string `json:"instrument"`
	Refused    int    `json:"refused"`
}

// BudgetLine is what a strategy used of one amount of its budget, in USD or messages. What it lost
// is valued at the prices of the end, below 0 for a gain.
type BudgetLine struct {
	Strategy string `json:"strategy"`
	// Key is of the configuration, such as "risk.budget.loss_usd".
	Key   string          `json:"key"`
	Limit decimal.Decimal `json:"limit"`
	Used  decimal.Decimal `json:"used"`
	// Unknown says why Used cannot be told.
	Unknown string `json:"unknown,omitempty"`
	// Full says that nothing but what reduces passes any more.
	Full bool `json:"full,omitzero"`
}

// Name is the control, and of which orders if not of all.
func (l *LimitUse) Name() string {
	if l.Scope == "" {
		return l.Rule
	}
	return l.Rule + " of " + l.Scope
}

// StressMoment is a stress table of the account as it stood at a sample, without open
// orders.
type StressMoment struct {
	At exchange.Time `json:"at"`
	// Why says which moment it is: "lowest uniMMR" or "end".
	Why  string      `json:"why"`
	Rows []StressRow `json:"rows"`
	// Account is the account itself, for "pmbot stress --run"; results of versions that kept
	// none have nil.
	Account *margin.Picture `json:"account,omitempty"`
}

// StressRow is the account under one shock; the first row of a moment is without one.
type StressRow struct {
	Scenario    string                 `json:"scenario"`
	Equity      decimal.Decimal        `json:"equity"`
	MaintMargin decimal.Decimal        `json:"maint_margin"`
	UniMMR      decimal.Decimal        `json:"unimmr"`
	Status      exchange.AccountStatus `json:"status"`
}

// OrderSummary counts what became of the strategies' wishes.
type OrderSummary struct {
	Intents   int         `json:"intents"`
	Sent      int         `json:"sent"`
	Fills     int         `json:"fills"`
	MakerPct  string      `json:"maker_pct"`
	Canceled  int         `json:"canceled"`
	Expired   int         `json:"expired"`
	Rejected  int         `json:"rejected"`
	Refused   int         `json:"refused"`
	ByRule    []RuleCount `json:"refused_by_rule"`
	OpenAtEnd int         `json:"open_at_end"`
	// ByReason says why orders were rejected; Unknown is how often the outcome of a request
	// was unknown for a time.
	ByReason []ReasonCount `json:"rejected_by_reason,omitempty"`
	Unknown  int           `json:"unknown,omitempty"`
}

// ReasonCount is how often the exchange rejected with a code, 0 where it has none.
type ReasonCount struct {
	Code   int    `json:"code"`
	Reason string `json:"reason"`
	Count  int    `json:"count"`
}

// RuleCount is how often a control refused.
type RuleCount struct {
	Rule  string `json:"rule"`
	Count int    `json:"count"`
}

// FundingCount is the settlements of one instrument.
type FundingCount struct {
	Product exchange.Product `json:"product"`
	Symbol  string           `json:"symbol"`
	// Held had a position and moved money; Passed had none. Missing are instants at
	// which the interval before and after says that a settlement must have been.
	Held    int             `json:"held"`
	Passed  int             `json:"passed"`
	Missing []exchange.Time `json:"missing"`
	Asset   string          `json:"asset"`
	Amount  decimal.Decimal `json:"amount"`
}

// BalanceLine is what an asset was and became over all wallets.
type BalanceLine struct {
	Asset  string          `json:"asset"`
	Wallet exchange.Wallet `json:"wallet"`
	Start  decimal.Decimal `json:"start"`
	End    decimal.Decimal `json:"end"`
}

// OpenPosition is a position left at the end.
type OpenPosition struct {
	Product exchange.Product `json:"product"`
	Symbol  string           `json:"symbol"`
	// Side tells the two legs of hedge mode apart.
	Side       exchange.PositionSide `json:"position_side"`
	Qty        decimal.Decimal       `json:"qty"`
	Entry      decimal.Decimal       `json:"entry"`
	Mark       exchange.Fixed        `json:"mark"`
	Unrealized decimal.Decimal       `json:"unrealized"`
	Asset      string                `json:"asset"`
}
