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

	Margin   MarginSummary  `json:"margin"`
	Orders   OrderSummary   `json:"orders"`
	Funding  []FundingCount `json:"funding"`
	Balances []BalanceLine  `json:"balances"`
	Open     []OpenPosition `json:"open_positions"`
	// Settlements are the funding payments one by one, in time order.
	Settlements []Settlement `json:"settlements,omitempty"`

	// The long lists; result.json has Equity, and fills.csv and equity.csv have all.
	Equity   []Sample     `json:"equity"`
	Fills    []FillRow    `json:"-"`
	Refusals []RefusalRow `json:"refusals"`
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
	// Below holds how long uniMMR was under 2.0, 1.5 and 1.2, by samples.
	Below20      time.Duration `json:"below_2_0_ns"`
	Below15      time.Duration `json:"below_1_5_ns"`
	Below12      time.Duration `json:"below_1_2_ns"`
	Liquidations int           `json:"liquidations"`
	// HaircutWorst is the largest difference of actual and haircut equity.
	HaircutWorst decimal.Decimal `json:"haircut_worst"`
	// Floors are the configured limits on uniMMR, for the report's chart.
	Floors []UniMMRFloor `json:"floors,omitempty"`
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
	Product    exchange.Product `json:"product"`
	Symbol     string           `json:"symbol"`
	Qty        decimal.Decimal  `json:"qty"`
	Entry      decimal.Decimal  `json:"entry"`
	Mark       exchange.Fixed   `json:"mark"`
	Unrealized decimal.Decimal  `json:"unrealized"`
	Asset      string           `json:"asset"`
}

// Sample is the account at an instant of the report's grid.
type Sample struct {
	At      exchange.Time    `json:"at"`
	Account exchange.Account `json:"account"`
	// Exposure has the legs that hold a position; Result.Legs names them. Summed over
	// the legs of one base coin it is the net delta of the positions.
	Exposure []Exposure `json:"exposure"`
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
