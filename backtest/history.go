package backtest

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

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
