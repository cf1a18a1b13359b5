package backtest

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// ResultSchema names the layout of result.json; fields are only ever added to it.
const ResultSchema = "pmbot.result/1"

// Result is everything a backtest found out: what result.json, the console tables and
// report.html show, and what the result hash is made of. Money is in USD unless an asset
// is named, and exact.
type Result struct {
	Schema string `json:"schema"`
	// Kind says where the orders went.
	Kind Kind `json:"kind"`
	// ID names the run directory: <utc>-<short hash>. Hash is SHA-256 over canonical
	// fills, ledger, refusals and equity samples, in hex; see FORMAT.md.
	ID   string `json:"id"`
	Hash string `json:"result_hash"`
	// From and To are the first and last market instant after warm-up.
	From   exchange.Time `json:"from"`
	To     exchange.Time `json:"to"`
	Events uint64        `json:"events"`
	// Elapsed, Mode, Host and Version describe how it was run, not what came out.
	Elapsed time.Duration `json:"elapsed_ns"`
	Mode    string        `json:"mode"`
	Version string        `json:"version"`
	Seed    uint64        `json:"seed"`
	// ConfigHash, DataHash and StrategyHash identify the inputs.
	ConfigHash   string `json:"config_hash"`
	DataHash     string `json:"data_hash"`
	StrategyHash string `json:"strategy_hash"`
	// Config is the effective configuration as TOML.
	Config string `json:"config"`

	Strategies []StrategyInfo `json:"strategies"`
	Data       []DataInfo     `json:"data"`
	Warnings   []Warning      `json:"warnings"`
	// Legs are the instruments of the run in the order of their ids; exposures of
	// samples point at them.
	Legs []Leg `json:"legs"`

	Total      Line   `json:"total"`
	ByStrategy []Line `json:"by_strategy"`
	ByLeg      []Line `json:"by_leg"`
	ByMonth    []Line `json:"by_month"`
	// ByStrategyLeg is each strategy on each instrument that it traded or held.
	ByStrategyLeg []StrategyLine `json:"by_strategy_leg"`

	Margin   MarginSummary  `json:"margin"`
	Orders   OrderSummary   `json:"orders"`
	Funding  []FundingCount `json:"funding"`
	Balances []BalanceLine  `json:"balances"`
	Open     []OpenPosition `json:"open_positions"`
	// Settlements are the funding payments one by one, in time order.
	Settlements []Settlement `json:"settlements,omitempty"`
	// Limits is how near approved orders came to each of the guard's limits.
	Limits []LimitUse `json:"limits"`
	// Stress is what shocks would have made of the account, at its worst and at the end.
	Stress []StressMoment `json:"stress"`
	// Assets are the collateral assets that any sample has, sorted.
	Assets []string `json:"assets"`

	// The long lists; result.json has Equity, and the files of rows have all.
	Equity   []Sample        `json:"equity"`
	Fills    Rows[FillRow]   `json:"-"`
	Trades   Rows[TradeRow]  `json:"-"`
	Ledger   Rows[LedgerRow] `json:"-"`
	Refusals []RefusalRow    `json:"refusals"`
	// Prices are for the report's charts: at most some thousand points an instrument.
	Prices []PriceSeries `json:"prices,omitempty"`
}

// StrategyInfo is a strategy of the run as it was configured.
type StrategyInfo struct {
	ID      exchange.StrategyID `json:"id"`
	Label   string              `json:"label"`
	Name    string              `json:"name"`
	Version string              `json:"version"`
	Params  map[string]string   `json:"params"`
}

// Leg is one instrument of the run.
type Leg struct {
	Inst    exchange.InstrumentID `json:"inst"`
	Product exchange.Product      `json:"product"`
	Symbol  string                `json:"symbol"`
	// Base is the coin, by which exposures of several legs add up to a net delta.
	Base string `json:"base"`
}

// DataInfo is one series that the run read.
type DataInfo struct {
	Product  exchange.Product `json:"product"`
	Symbol   string           `json:"symbol"`
	Kind     string           `json:"kind"`
	Interval time.Duration    `json:"interval_ns"`
	From     exchange.Time    `json:"from"`
	To       exchange.Time    `json:"to"`
	Rows     int64            `json:"rows"`
	Gaps     int              `json:"gaps"`
	Source   string           `json:"source"`
	Hash     string           `json:"hash"`
}

// Warning is something a reader must know before trusting the result.
type Warning struct {
	// Kind is a short word: derived, assumed, generated, gap, missing, duplicate, skipped,
	// halt.
	Kind string `json:"kind"`
	Text string `json:"text"`
}

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

// Kind says what made a result: where its orders went.
type Kind string

// The kinds. A result without one is a backtest.
const (
	KindBacktest Kind = "backtest"
	KindDryRun   Kind = "dry-run"
	KindLive     Kind = "live"
)

// StrategyLine is a line of one strategy on one instrument; its name is both.
type StrategyLine struct {
	Strategy string                `json:"strategy"`
	Inst     exchange.InstrumentID `json:"inst"`
	Line
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
	Key   string          `json:"key"`
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

// StressMoment is a stress table of the account as it stood at a sample, without open
// orders.
type StressMoment struct {
	At exchange.Time `json:"at"`
	// Why says which moment it is: "lowest uniMMR" or "end".
	Why  string      `json:"why"`
	Rows []StressRow `json:"rows"`
}

// StressRow is the account under one shock; the first row of a moment is without one.
type StressRow struct {
	Scenario    string                 `json:"scenario"`
	Equity      decimal.Decimal        `json:"equity"`
	MaintMargin decimal.Decimal        `json:"maint_margin"`
	UniMMR      decimal.Decimal        `json:"unimmr"`
	Status      exchange.AccountStatus `json:"status"`
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

// Settlement is one funding payment of one instrument.
type Settlement struct {
	At      exchange.Time    `json:"at"`
	Product exchange.Product `json:"product"`
	Symbol  string           `json:"symbol"`
	Rate    exchange.Fixed   `json:"rate"`
	// Amount is what the account received in Asset, negative when it paid; USD is its
	// worth at that instant.
	Asset  string          `json:"asset"`
	Amount decimal.Decimal `json:"amount"`
	USD    decimal.Decimal `json:"usd"`
	// NotionalUSD is the position that paid, negative when short, at the settlement's mark.
	NotionalUSD decimal.Decimal `json:"notional_usd"`
	// Previous is the rate settled before this one, what a strategy expects that trusts the
	// last payment. Estimate is the exchange's own forecast as it stood EstimateLead before
	// the settlement. Each is nil where the data had none.
	Previous *exchange.Fixed `json:"previous_rate,omitempty"`
	Estimate *exchange.Fixed `json:"estimated_rate,omitempty"`
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

// Sample is the account at an instant of the report's grid.
type Sample struct {
	At      exchange.Time    `json:"at"`
	Account exchange.Account `json:"account"`
	// Exposure has the legs that hold a position; Result.Legs names them. Summed over
	// the legs of one base coin it is the net delta of the positions.
	Exposure []Exposure `json:"exposure"`
	// Assets is what the account holds of each asset and what it is worth as collateral.
	Assets []AssetValue `json:"assets"`
	// Held is what the account would count as, after haircuts, if nothing had been traded:
	// what it was given, at the prices and rates of the sample and without interest.
	Held decimal.Decimal `json:"held"`
}

// AssetValue is one asset over all wallets: Net is its amount with unrealised PnL and
// without debts, Actual its worth in USD, and Equity what of that counts after haircuts.
type AssetValue struct {
	Asset  string          `json:"asset"`
	Net    decimal.Decimal `json:"net"`
	Actual decimal.Decimal `json:"actual"`
	Equity decimal.Decimal `json:"equity"`
}

// Exposure is one instrument's notional at a sample in USD, signed.
type Exposure struct {
	Inst exchange.InstrumentID `json:"inst"`
	USD  decimal.Decimal       `json:"usd"`
}

// FillRow is a line of fills.csv.
type FillRow struct {
	At       exchange.Time
	Strategy string
	Product  exchange.Product
	Symbol   string
	exchange.Fill
	// Tag is the author's reason; Position the own position after the fill.
	Tag      string
	Position decimal.Decimal
}

// TradeRow is a round trip: one strategy's position in one leg from flat to flat. A fill
// that turns the position ends one and begins the next. Money is in USD; Net is the sum
// of Price, Fees and Funding, costs negative. Slippage is part of Price.
type TradeRow struct {
	Strategy     string
	Product      exchange.Product
	Symbol       string
	PositionSide exchange.PositionSide
	// Side is Buy for a long position, Sell for a short one.
	Side     exchange.Side
	From, To exchange.Time
	// Open says that the position was still there at the end of the run: To is then the
	// end, and Exit the mark.
	Open bool
	// Qty is the largest the position was, in base coin or contracts, without sign. Entry
	// and Exit are the average prices of what opened and closed it, rounded to eight
	// decimals.
	Qty         decimal.Decimal
	Entry, Exit decimal.Decimal
	Fills       int
	// Volume is the notional of all its fills.
	Volume                              decimal.Decimal
	Price, Fees, Funding, Slippage, Net decimal.Decimal
	// EntryTag and ExitTag are the author's reasons on the first fill and on the one that
	// ended it, and Forced says whether that was forced on us; an open trade has neither.
	EntryTag, ExitTag string
	Forced            exchange.ForcedKind
}

// LedgerRow is a line of ledger.csv: one booking of money.
type LedgerRow struct {
	At       exchange.Time
	Strategy string
	// Product and Symbol are empty for a booking of no instrument.
	Product exchange.Product
	Symbol  string
	Asset   string
	Wallet  exchange.Wallet
	Reason  exchange.Reason
	// Delta is in Asset and Balance what the wallet has after it; USD is Delta's worth at
	// that moment, of a debt with its sign turned. What the account starts with is worth
	// what the first prices of the run say, 0 where there is none.
	Delta, Balance, USD decimal.Decimal
}

// RefusalRow is one refusal, for the tables.
type RefusalRow struct {
	At       exchange.Time `json:"at"`
	Strategy string        `json:"strategy"`
	Rule     string        `json:"rule"`
	Text     string        `json:"text"`
	Tag      string        `json:"tag"`
}

// PriceSeries is the price of an instrument over the run, thinned without losing highs
// and lows.
type PriceSeries struct {
	Product exchange.Product `json:"product"`
	Symbol  string           `json:"symbol"`
	Points  []PricePoint     `json:"points"`
}

// PricePoint is the span of prices within one step of a thinned series.
type PricePoint struct {
	At    exchange.Time  `json:"at"`
	Open  exchange.Fixed `json:"open"`
	High  exchange.Fixed `json:"high"`
	Low   exchange.Fixed `json:"low"`
	Close exchange.Fixed `json:"close"`
}
