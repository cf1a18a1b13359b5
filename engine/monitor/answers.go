package monitor

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/whatif"
)

// Status is how a bot is. Times are the bot's clock's, as text in UTC, "-" where there is none.
type Status struct {
	Schema string `json:"schema"` // pmbot.status/1
	About  About  `json:"about"`
	// At is the time of the last event and Seq its number.
	At  exchange.Time `json:"at"`
	Seq uint64        `json:"seq"`
	// State is what the account may do, and Holds why it may not do more.
	State exchange.TradingState `json:"state"`
	Holds []Hold                `json:"holds"`
	// Alerts are those of the guard's watch that stand, oldest first.
	Alerts []Alert `json:"alerts"`
	// Differences between the exchange's account and ours, as reconciliation found them.
	Differences []string         `json:"differences"`
	Strategies  []StrategyStatus `json:"strategies"`
	// Account is ours, as the margin model has it; Missing says which price it lacks.
	Account exchange.Account `json:"account"`
	Missing string           `json:"missing,omitempty"`
	// Reported is the exchange's, as it was told last; ReportedAt is 0 before the first.
	Reported   exchange.Account `json:"reported"`
	ReportedAt exchange.Time    `json:"reported_at"`
	Orders     int              `json:"orders"`
	Positions  int              `json:"positions"`
	Unknown    int              `json:"unknown_orders"`
	// Loans are what is owed, or was since the journal began, by asset.
	Loans []LoanLine `json:"loans,omitempty"`
	// Budgets are what strategies use of theirs.
	Budgets []Budget `json:"budgets,omitempty"`
	// Tasks are the pairs and stops that the bot does for strategies, oldest first.
	Tasks  []Task `json:"tasks,omitempty"`
	Counts Counts `json:"counts"`
}

// About is what a process knows of itself beside the kernel.
type About struct {
	Account string        `json:"account"`
	Mode    string        `json:"mode"` // live, dry or shadow
	Version string        `json:"version"`
	Config  string        `json:"config"` // the hash of the configuration
	Pid     int           `json:"pid"`
	Started exchange.Time `json:"started"`
	// Stream is how far the user stream can be relied on.
	Stream string `json:"stream"`
	// Warnings are what a person should know of this run, such as derived inputs.
	Warnings []string `json:"warnings"`
	// Parts are lines about the parts of the process: feed, journal, inbox, weights.
	Parts []Part `json:"parts"`
}

// Part is one line about a part of the process.
type Part struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// Hold is one cause that keeps a scope from trading freely.
type Hold struct {
	// Scope is "account", an instrument such as "UM:BTCUSDT", or a strategy's label.
	Scope  string                `json:"scope"`
	Cause  exchange.Cause        `json:"cause"`
	State  exchange.TradingState `json:"state"`
	Reason string                `json:"reason"`
	By     string                `json:"by"`
	Since  exchange.Time         `json:"since"`
}

// Alert is what the guard's watch has told and what stands.
type Alert struct {
	// Scope is "account", an instrument such as "UM:BTCUSDT", or a strategy's label.
	Scope    string            `json:"scope"`
	Asset    string            `json:"asset,omitempty"`
	Control  string            `json:"control"`
	Severity exchange.Severity `json:"severity"`
	Value    string            `json:"value"`
	Limit    string            `json:"limit"`
	Since    exchange.Time     `json:"since"`
}

// StrategyStatus is how a strategy is.
type StrategyStatus struct {
	Label   string `json:"label"`
	Running bool   `json:"running"`
	// Why says why it does not run, or by what it does: a start, a swap, the way back from one.
	Why    string                `json:"why,omitempty"`
	State  exchange.TradingState `json:"state"`
	Orders int                   `json:"orders"`
	Fills  int                   `json:"fills"`
	// Refused counts what the guard has refused it.
	Refused int `json:"refused"`
}

// Counts are what has happened since the process began.
type Counts struct {
	Fills    int `json:"fills"`
	Refused  int `json:"refused"`
	Rejected int `json:"rejected"`
	Gaps     int `json:"gaps"`
}

// Order is an open order.
type Order struct {
	ID       exchange.OrderID     `json:"id"`
	ClientID string               `json:"client_id"`
	VenueID  int64                `json:"venue_id"`
	Strategy string               `json:"strategy"`
	Symbol   string               `json:"symbol"`
	Side     string               `json:"side"`
	Type     string               `json:"type"`
	Status   exchange.OrderStatus `json:"-"`
	State    string               `json:"status"`
	Qty      exchange.Fixed       `json:"qty"`
	Filled   exchange.Fixed       `json:"filled"`
	Price    exchange.Fixed       `json:"price"`
	Trigger  exchange.Fixed       `json:"trigger"`
	Reduce   bool                 `json:"reduce_only"`
	Created  exchange.Time        `json:"created"`
	Updated  exchange.Time        `json:"updated"`
}

// Orders are the open orders, oldest first.
type Orders struct {
	Schema string        `json:"schema"` // pmbot.orders/1
	At     exchange.Time `json:"at"`
	Orders []Order       `json:"orders"`
}

// Fill is an execution of ours.
type Fill struct {
	At       exchange.Time   `json:"at"`
	Exchange exchange.Time   `json:"exchange_time"`
	Seq      uint64          `json:"seq"`
	Strategy string          `json:"strategy"`
	Symbol   string          `json:"symbol"`
	Side     string          `json:"side"`
	Qty      exchange.Fixed  `json:"qty"`
	Price    exchange.Fixed  `json:"price"`
	Maker    bool            `json:"maker"`
	Fee      decimal.Decimal `json:"fee"`
	FeeAsset string          `json:"fee_asset"`
	Realized decimal.Decimal `json:"realized"`
	ClientID string          `json:"client_id"`
	TradeID  int64           `json:"trade_id"`
	Forced   string          `json:"forced,omitempty"`
}

// Fills are the newest executions since the process began, oldest first.
type Fills struct {
	Schema string        `json:"schema"` // pmbot.fills/1
	At     exchange.Time `json:"at"`
	// Total is how many there were; Fills has the newest of them.
	Total int    `json:"total"`
	Fills []Fill `json:"fills"`
}

// Position is a futures position of the account.
type Position struct {
	Symbol string          `json:"symbol"`
	Side   string          `json:"side"` // BOTH in one-way mode
	Qty    decimal.Decimal `json:"qty"`
	Entry  decimal.Decimal `json:"entry"`
	Mark   exchange.Fixed  `json:"mark"`
	// Notional, PnL, Maint and Initial are in Asset, in which the contract settles.
	Asset    string          `json:"asset"`
	Notional decimal.Decimal `json:"notional"`
	PnL      decimal.Decimal `json:"pnl"`
	Maint    decimal.Decimal `json:"maint"`
	Initial  decimal.Decimal `json:"initial"`
	// Holders say whose it is.
	Holders []Holder `json:"holders"`
}

// Holder is a strategy's part of a position; the house holds what is no strategy's.
type Holder struct {
	Strategy string          `json:"strategy"`
	Qty      decimal.Decimal `json:"qty"`
}

// Positions are what the account holds.
type Positions struct {
	Schema    string        `json:"schema"` // pmbot.positions/1
	At        exchange.Time `json:"at"`
	Positions []Position    `json:"positions"`
	Assets    []Asset       `json:"assets"`
}

// Asset is what the account has of an asset over all wallets, in the asset and in USD.
type Asset struct {
	Asset   string                     `json:"asset"`
	Wallets map[string]decimal.Decimal `json:"wallets"`
	Net     decimal.Decimal            `json:"net"`
	Value   decimal.Decimal            `json:"value"`
	// Equity is Value after the haircut.
	Equity decimal.Decimal `json:"equity"`
}

// Margin is the account's risk: what the model says of it, and what the exchange has reported.
type Margin struct {
	Schema string        `json:"schema"` // pmbot.margin/1
	At     exchange.Time `json:"at"`
	whatif.View
	Reported   exchange.Account `json:"reported"`
	ReportedAt exchange.Time    `json:"reported_at"`
}

// Verdict is what the guard would say of an order.
type Verdict struct {
	Schema string        `json:"schema"` // pmbot.order/1
	At     exchange.Time `json:"at"`
	whatif.Verdict
}

// Stress is what a scenario makes of the account.
type Stress struct {
	Schema string        `json:"schema"` // pmbot.stress/1
	At     exchange.Time `json:"at"`
	// Of says whose account it is, and when.
	Of string `json:"of"`
	whatif.Stressed
}

// Funding is what the positions pay and have paid.
type Funding struct {
	Schema string        `json:"schema"` // pmbot.funding/1
	At     exchange.Time `json:"at"`
	// Next is the next settlement of each position, by the exchange's running estimate.
	Next []FundingDue `json:"next"`
	// Paid are the newest bookings, oldest first, and Totals the sums since the process began.
	Paid   []Booking                  `json:"paid"`
	Totals map[string]decimal.Decimal `json:"totals"`
}

// FundingDue is a settlement to come. Amount is what the account receives, in Asset.
type FundingDue struct {
	Symbol string          `json:"symbol"`
	At     exchange.Time   `json:"at"`
	Rate   exchange.Fixed  `json:"rate"`
	Amount decimal.Decimal `json:"amount"`
	Asset  string          `json:"asset"`
}

// Booking is an entry of the ledger.
type Booking struct {
	At     exchange.Time   `json:"at"`
	Reason exchange.Reason `json:"-"`
	Why    string          `json:"reason"`
	Symbol string          `json:"symbol"`
	Asset  string          `json:"asset"`
	Wallet string          `json:"wallet"`
	Delta  decimal.Decimal `json:"delta"`
}

// Limits are the guard's bounds and how near orders came to them since the process began.
type Limits struct {
	Schema string        `json:"schema"` // pmbot.limits/1
	At     exchange.Time `json:"at"`
	Limits []Limit       `json:"limits"`
	// Budgets are what strategies use of theirs.
	Budgets []Budget `json:"budgets,omitempty"`
}

// Limit is one bound.
type Limit struct {
	Rule    string          `json:"rule"`
	Key     string          `json:"key"`
	Scope   string          `json:"scope,omitzero"` // of which orders an override's limit is
	Limit   string          `json:"limit"`
	Nearest string          `json:"nearest"`
	Used    decimal.Decimal `json:"used"`
	Refused int             `json:"refused"`
	At      exchange.Time   `json:"at"`
	By      string          `json:"by"`
	Symbol  string          `json:"symbol"`
}
