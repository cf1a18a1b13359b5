package backtest

import (
	"cmp"
	"slices"
	"time"

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
	// Elapsed, Mode and Version describe how it was run, not what came out.
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
	// ByStrategyAsset is each strategy's and the house's part of the change of each asset.
	ByStrategyAsset []AssetLine `json:"by_strategy_asset,omitempty"`

	Margin MarginSummary `json:"margin"`
	Orders OrderSummary  `json:"orders"`
	// Making is how resting orders fared, where the data is close enough to tell.
	Making   []MakingLine   `json:"making,omitempty"`
	Funding  []FundingCount `json:"funding"`
	Balances []BalanceLine  `json:"balances"`
	Open     []OpenPosition `json:"open_positions"`
	// Settlements are the funding payments one by one, in time order.
	Settlements []Settlement `json:"settlements,omitempty"`
	// Limits is how near approved orders came to each of the guard's limits.
	Limits []LimitUse `json:"limits"`
	// Budgets is what strategies that have a budget used of it at the end.
	Budgets []BudgetLine `json:"budgets,omitempty"`
	// States are for how long who could trade: the account first.
	States []StateTime `json:"states"`
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

// Kind says what made a result: where its orders went.
type Kind string

// The kinds. A result without one is a backtest.
const (
	KindBacktest Kind = "backtest"
	KindDryRun   Kind = "dry-run"
	KindLive     Kind = "live"
)

// OrBacktest is the kind, and [KindBacktest] for none.
func (k Kind) OrBacktest() Kind { return cmp.Or(k, KindBacktest) }

// StrategyInfo is a strategy of the run as it was configured.
type StrategyInfo struct {
	ID      exchange.StrategyID `json:"id"`
	Label   string              `json:"label"`
	Name    string              `json:"name"`
	Version string              `json:"version"`
	// SHA256 is the checksum of the program's file, or the script's, in hex; empty for a bundled one.
	SHA256 string            `json:"sha256,omitempty"`
	Params map[string]string `json:"params"`
}

// StrategyNames are the labels of the strategies, and names where there is no label. Where
// the run does not describe its strategies they are those of the tables.
func (r *Result) StrategyNames() []string {
	var names []string
	for _, s := range r.Strategies {
		names = append(names, cmp.Or(s.Label, s.Name))
	}
	if len(names) == 0 {
		for i := range r.ByStrategy {
			names = append(names, r.ByStrategy[i].Name)
		}
	}
	return names
}

// Leg is one instrument of the run.
type Leg struct {
	Inst    exchange.InstrumentID `json:"inst"`
	Product exchange.Product      `json:"product"`
	Symbol  string                `json:"symbol"`
	// Base is the coin, by which exposures of several legs add up to a net delta.
	Base string `json:"base"`
}

// Products are those of the legs, each once, in the order UM, CM, MARGIN.
func (r *Result) Products() []exchange.Product {
	var list []exchange.Product
	for i := range r.Legs {
		list = append(list, r.Legs[i].Product)
	}
	slices.Sort(list)
	return slices.Compact(list)
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
	// halt, limits.
	Kind string `json:"kind"`
	Text string `json:"text"`
}
