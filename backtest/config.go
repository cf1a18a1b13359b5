package backtest

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/venue/queue"
	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
)

// Config is everything that a run depends on, and nothing else: same Config, same data,
// same programs, same result. The command line decodes it from TOML (configs/ has every
// key with unit and default); a plugin process receives it as JSON.
type Config struct {
	// Seed is the one seed of everything random: the generated market and the venue.
	Seed uint64 `toml:"seed" json:"seed"`
	// From and To bound the run; zero means all data. Bars before From serve warm-up.
	From exchange.Time `toml:"from" json:"from"`
	To   exchange.Time `toml:"to" json:"to"`
	// Sample is how often the account is written down for report and hash; 0 chooses a
	// round interval that gives at most 2,000 samples.
	Sample time.Duration `toml:"sample" json:"sample"`
	// Strict fails the run when data is missing or was repaired, in place of a warning.
	Strict bool `toml:"strict" json:"strict"`

	Data       DataConfig       `toml:"data" json:"data"`
	Account    AccountConfig    `toml:"account" json:"account"`
	Venue      VenueConfig      `toml:"venue" json:"venue"`
	Risk       riskguard.Limits `toml:"risk" json:"risk"`
	Strategies []StrategyConfig `toml:"strategy" json:"strategy"`
	// Services are what the kernel does for the account by itself.
	Services engine.Services `toml:"services" json:"services,omitzero"`
}

// DataConfig says where market data comes from: a tape, or the generator.
type DataConfig struct {
	// Tape is the directory of a Parquet store; empty means the generator.
	Tape string `toml:"tape" json:"tape"`
	// Clock says by whose clock the events of a tape come, the exchange's if it is left
	// out. LatencyBase is the smallest latency by the corrected clock; 0 for others.
	Clock       tape.Clock    `toml:"clock" json:"clock"`
	LatencyBase time.Duration `toml:"latency_base" json:"latency_base"`
	// Match is the finest kind of recorded data that orders match on, auto if left out.
	Match Match `toml:"match" json:"match"`
	// Generate sizes the generated market.
	Generate GenerateConfig `toml:"generate" json:"generate"`
	// ExchangeInfo are files with exchangeInfo answers (fapi, dapi, api) beside the
	// embedded ones; Brackets are files with leverageBracket answers.
	ExchangeInfo []string `toml:"exchange_info" json:"exchange_info"`
	Brackets     []string `toml:"brackets" json:"brackets"`
}

// GenerateConfig sizes a generated two-leg market.
type GenerateConfig struct {
	// Coin is the base coin: BTC or ETH.
	Coin string        `toml:"coin" json:"coin"`
	Days int           `toml:"days" json:"days"`
	Bar  time.Duration `toml:"bar" json:"bar"`
	// Start is the first instant.
	Start exchange.Time `toml:"start" json:"start"`
	// Ticks makes a market of trades and books in place of one of bars, which moves so often: whole
	// milliseconds that divide a second. 0 makes bars.
	Ticks time.Duration `toml:"ticks" json:"ticks,omitzero"`
	// Others are assets that the account may hold beside, at 1 USD; Moves what happens to
	// prices by plan.
	Others []string     `toml:"others" json:"others,omitempty"`
	Moves  []MoveConfig `toml:"move" json:"moves,omitempty"`
}

// MoveConfig is a market.Move.
type MoveConfig struct {
	At    time.Duration  `toml:"at" json:"at"`
	For   time.Duration  `toml:"for" json:"for"`
	Asset string         `toml:"asset" json:"asset"`
	By    exchange.Fixed `toml:"by" json:"by"`
}

// AccountConfig is what the account holds at the start.
type AccountConfig struct {
	// Balances are amounts by wallet and asset.
	Margin map[string]decimal.Decimal `toml:"margin" json:"margin"`
	UM     map[string]decimal.Decimal `toml:"um" json:"um"`
	CM     map[string]decimal.Decimal `toml:"cm" json:"cm"`
	// Leverage is the leverage of every symbol, within its brackets.
	Leverage int `toml:"leverage" json:"leverage"`
	// HedgeMode gives every UM and CM symbol a long and a short position side by side.
	HedgeMode bool `toml:"hedge_mode" json:"hedge_mode"`
}

// VenueConfig is how the simulated exchange behaves.
type VenueConfig struct {
	// Fees by product; a rate of 0.0005 is 0.05%.
	UM     FeeConfig `toml:"um" json:"um"`
	CM     FeeConfig `toml:"cm" json:"cm"`
	Margin FeeConfig `toml:"margin" json:"margin"`
	// Slippage moves the price of taking fills on bars and trades against us, as a ratio.
	Slippage exchange.Fixed `toml:"slippage" json:"slippage"`
	// OrdersPerMinute is how many new orders and amends the account may send in a minute
	// of the clock; 0 is no limit.
	OrdersPerMinute int `toml:"orders_per_minute" json:"orders_per_minute"`
	// Ladder are the lines of uniMMR; all 0 are those that Binance has published.
	Ladder LadderConfig `toml:"ladder" json:"ladder"`
	// Liquidation is what a liquidation costs beside the symbols' clearance fees.
	Liquidation LiquidationConfig `toml:"liquidation" json:"liquidation"`
	// Queue is how the place in line of a resting order is estimated.
	Queue queue.Model `toml:"queue" json:"queue"`
	// Latency is how far away the exchange is.
	Latency LatencyConfig `toml:"latency" json:"latency"`
	// Faults are what goes wrong, one line each in the language of package link.
	Faults []string `toml:"faults" json:"faults"`
	// Fees are those of single symbols.
	Fees  []SymbolFeeConfig `toml:"fee" json:"fee"`
	Money MoneyConfig       `toml:"money" json:"money"`
}

// LadderConfig are the lines of uniMMR at and below which the account has a status. A line
// of 0 is not drawn; lines that are drawn do not rise from one to the next.
type LadderConfig struct {
	MarginCall   exchange.Fixed `toml:"margin_call" json:"margin_call"`
	SupplyMargin exchange.Fixed `toml:"supply_margin" json:"supply_margin"`
	ReduceOnly   exchange.Fixed `toml:"reduce_only" json:"reduce_only"`
	Liquidation  exchange.Fixed `toml:"liquidation" json:"liquidation"`
}

// LiquidationConfig is what a forced liquidation costs.
type LiquidationConfig struct {
	// LoanClearance is the fee on repaid loans as a ratio; InsuranceFund is in USD, 0 is
	// no end.
	LoanClearance exchange.Fixed `toml:"loan_clearance" json:"loan_clearance"`
	InsuranceFund exchange.Fixed `toml:"insurance_fund" json:"insurance_fund"`
}

// FeeConfig is the fee of a product as ratios of the notional; maker may be negative.
type FeeConfig struct {
	Maker exchange.Fixed `toml:"maker" json:"maker"`
	Taker exchange.Fixed `toml:"taker" json:"taker"`
}

// StrategyConfig is one strategy of the run.
type StrategyConfig struct {
	// Label is the name in tables, unique in the run; the plugin's name if empty.
	Label string `toml:"label" json:"label"`
	// Plugin is a bundled strategy's name or the path of a plugin program.
	Plugin string `toml:"plugin" json:"plugin"`
	// SHA256 pins the plugin program's checksum, in hex; bundled ones need none.
	SHA256 string `toml:"sha256" json:"sha256"`
	// Params are the strategy's own parameters as text.
	Params map[string]string `toml:"params" json:"params"`
	// OnDeath says what becomes of its open orders when its process is gone, or answers too late
	// again and again; in a backtest neither happens.
	OnDeath OnDeath `toml:"on_death" json:"on_death,omitzero"`
	// MemoryMax and FilesMax are what its process may use in a bot, in MiB of memory and in files
	// and connections that are open; 0 is 1024 of both. A backtest may use what it needs.
	MemoryMax int `toml:"memory_max_mb" json:"memory_max_mb,omitzero"`
	FilesMax  int `toml:"files_max" json:"files_max,omitzero"`
	// Allow is what the strategy may do of what it has declared.
	Allow AllowConfig `toml:"allow" json:"allow,omitzero"`
}
