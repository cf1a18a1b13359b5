package exchange

import "github.com/shopspring/decimal"

// Wallet is one pocket of a Portfolio Margin account. An asset has an amount in each.
type Wallet uint8

const (
	// WalletMargin is the cross-margin balance, free and locked together.
	WalletMargin Wallet = iota + 1
	// WalletUM and WalletCM are the futures wallets; they may go negative.
	WalletUM
	WalletCM
	// WalletLoan is the borrowed principal and WalletInterest the interest owed on it.
	// Both are debts: their amounts are positive and count against the asset.
	WalletLoan
	WalletInterest
)

// Wallets is the number of wallets.
const Wallets = 5

var walletNames = enum{
	WalletMargin: "MARGIN", WalletUM: "UM", WalletCM: "CM", WalletLoan: "LOAN", WalletInterest: "INTEREST",
}

func (w Wallet) String() string { return walletNames.text("Wallet", int(w)) }

// ParseWallet reads "MARGIN", "UM", "CM", "LOAN" or "INTEREST".
func ParseWallet(s string) (Wallet, error) {
	v, err := walletNames.parse("wallet", s)
	return Wallet(v), err
}

// MarshalText writes the name.
func (w Wallet) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// UnmarshalText reads what [ParseWallet] reads.
func (w *Wallet) UnmarshalText(b []byte) (err error) {
	*w, err = ParseWallet(string(b))
	return err
}

// Debt says whether amounts in the wallet are owed.
func (w Wallet) Debt() bool { return w >= WalletLoan }

// WalletOf is the wallet in which an instrument settles.
func WalletOf(p Product) Wallet {
	switch p {
	case UM:
		return WalletUM
	case CM:
		return WalletCM
	default:
		return WalletMargin
	}
}

// Reason says why money moved. The names are Binance's income types where it has one.
type Reason uint8

const (
	// ReasonRealizedPnL is profit or loss of a closed position, before fees.
	ReasonRealizedPnL Reason = iota + 1
	// ReasonCommission is the fee of a fill; negative for the payer, positive a rebate.
	ReasonCommission
	// ReasonFunding is a funding settlement.
	ReasonFunding
	// ReasonTrade is an exchange of assets by a margin fill.
	ReasonTrade
	// ReasonInterest is interest on loans and negative balances.
	ReasonInterest
	// ReasonTransfer moves money between wallets; ReasonDeposit and ReasonWithdraw in and
	// out of the account.
	ReasonTransfer
	ReasonDeposit
	ReasonWithdraw
	// ReasonBorrow and ReasonRepay change a loan and the balance it pays into.
	ReasonBorrow
	ReasonRepay
	// ReasonLiquidation is a clearance fee or a loss taken over by the insurance fund.
	ReasonLiquidation
	// ReasonDelivery is the settlement of a delivered contract.
	ReasonDelivery
	// ReasonAutoExchange converts collateral to cover a negative balance.
	ReasonAutoExchange
)

var reasonNames = enum{
	ReasonRealizedPnL: "REALIZED_PNL", ReasonCommission: "COMMISSION", ReasonFunding: "FUNDING_FEE",
	ReasonTrade: "TRADE", ReasonInterest: "INTEREST", ReasonTransfer: "TRANSFER", ReasonDeposit: "DEPOSIT",
	ReasonWithdraw: "WITHDRAW", ReasonBorrow: "BORROW", ReasonRepay: "REPAY", ReasonLiquidation: "INSURANCE_CLEAR",
	ReasonDelivery: "DELIVERED_SETTLEMENT", ReasonAutoExchange: "AUTO_EXCHANGE",
}

func (r Reason) String() string { return reasonNames.text("Reason", int(r)) }

// ParseReason reads what String prints, such as "FUNDING_FEE".
func ParseReason(s string) (Reason, error) {
	v, err := reasonNames.parse("reason", s)
	return Reason(v), err
}

// LedgerEntry is one booking: a change of one asset in one wallet, rounded when it was
// booked. The sum of the deltas of a wallet is its balance, exactly.
type LedgerEntry struct {
	Asset  string
	Wallet Wallet
	Reason Reason
	// Delta is the change and Balance the amount after it.
	Delta, Balance decimal.Decimal
	// Order and Strategy say whose it is; 0 where it is nobody's in particular. Inst is
	// in the event.
	Order    OrderID
	Strategy StrategyID
}

// Position is a futures position of one instrument and position side.
type Position struct {
	Inst InstrumentID
	Side PositionSide
	// Qty is signed, long positive: base coin for UM, contracts for CM.
	Qty decimal.Decimal
	// Entry is the average entry price: arithmetic for UM, harmonic for CM, rounded to
	// sixteen decimals whenever a fill adds to the position. It is 0 without position.
	Entry decimal.Decimal
}

// AccountStatus is Binance's word for how near the account is to liquidation.
type AccountStatus uint8

const (
	// StatusNormal trades freely.
	StatusNormal AccountStatus = iota + 1
	StatusMarginCall
	StatusSupplyMargin
	// StatusReduceOnly takes only orders that reduce.
	StatusReduceOnly
	// StatusActiveLiquidation cancels margin orders; StatusForceLiquidation takes the
	// positions over.
	StatusActiveLiquidation
	StatusForceLiquidation
	StatusBankrupted
)

var accountStatusNames = enum{
	StatusNormal: "NORMAL", StatusMarginCall: "MARGIN_CALL", StatusSupplyMargin: "SUPPLY_MARGIN",
	StatusReduceOnly: "REDUCE_ONLY", StatusActiveLiquidation: "ACTIVE_LIQUIDATION",
	StatusForceLiquidation: "FORCE_LIQUIDATION", StatusBankrupted: "BANKRUPTED",
}

func (s AccountStatus) String() string { return accountStatusNames.text("AccountStatus", int(s)) }

// ParseAccountStatus reads Binance's word, such as "NORMAL".
func ParseAccountStatus(s string) (AccountStatus, error) {
	v, err := accountStatusNames.parse("account status", s)
	return AccountStatus(v), err
}

// MarshalText writes the name, and "" for the zero value.
func (s AccountStatus) MarshalText() ([]byte, error) {
	if s == 0 {
		return nil, nil
	}
	return []byte(s.String()), nil
}

// UnmarshalText reads what MarshalText writes.
func (s *AccountStatus) UnmarshalText(b []byte) (err error) {
	*s = 0
	if len(b) > 0 {
		*s, err = ParseAccountStatus(string(b))
	}
	return err
}

// Account is the explicit state of the whole account at an instant. Strategies learn
// equity and uniMMR from it and from nothing else.
type Account struct {
	// Equity is collateral after haircuts, ActualEquity before them, both in USD.
	Equity       decimal.Decimal `json:"equity"`
	ActualEquity decimal.Decimal `json:"actual_equity"`
	// OpenLoss is what resting margin orders would lose of Equity by filling.
	OpenLoss decimal.Decimal `json:"open_loss"`
	// MaintMargin and InitialMargin are in USD; Available is Equity minus InitialMargin.
	MaintMargin   decimal.Decimal `json:"maint_margin"`
	InitialMargin decimal.Decimal `json:"initial_margin"`
	Available     decimal.Decimal `json:"available"`
	// UniMMR is (Equity-OpenLoss)/MaintMargin, and UniMMRMax when nothing is held.
	UniMMR decimal.Decimal `json:"unimmr"`
	Status AccountStatus   `json:"status"`
}

// UniMMRMax is what Binance reports as uniMMR when there is no maintenance margin. It is
// a sentinel: never average it.
const UniMMRMax = 99999999

// OrderUpdate is news of an order of ours, or of one that we did not send.
type OrderUpdate struct {
	// ID, Strategy and Ref are ours; the kernel fills them in before a strategy sees the
	// event. They are 0 for an order we do not know.
	ID       OrderID
	Strategy StrategyID
	Ref      uint64
	ClientID string
	VenueID  int64
	Status   OrderStatus
	// Price, Qty and Filled are the order's after the update; Filled is cumulative.
	Price, Qty, Filled Fixed
	// Reason says why an order was rejected or expired; Code is the exchange's error
	// code where there is one. Retryable tells that the request provably did nothing.
	Reason    string
	Code      int
	Retryable bool
	// Child is the client id of the order that a trigger has made.
	Child string
}

// ForcedKind says by whom a fill was forced on us.
type ForcedKind uint8

const (
	// NotForced is an ordinary fill.
	NotForced ForcedKind = iota
	// ForcedLiquidation, ForcedADL and ForcedDelivery are Binance's autoclose-,
	// adl_autoclose and settlement_autoclose- orders.
	ForcedLiquidation
	ForcedADL
	ForcedDelivery
)

var forcedNames = enum{
	NotForced: "NONE", ForcedLiquidation: "LIQUIDATION", ForcedADL: "ADL", ForcedDelivery: "DELIVERY",
}

func (f ForcedKind) String() string { return forcedNames.text("ForcedKind", int(f)) }

// ParseForcedKind reads "NONE", "LIQUIDATION", "ADL" or "DELIVERY".
func ParseForcedKind(s string) (ForcedKind, error) {
	v, err := forcedNames.parse("forced kind", s)
	return ForcedKind(v), err
}

// Fill is our own execution. Fills are told apart by instrument, TradeID and VenueID: in
// a self-trade both our orders carry one trade id.
type Fill struct {
	Order    OrderID
	Strategy StrategyID
	Ref      uint64
	ClientID string
	VenueID  int64
	TradeID  int64
	Side     Side
	// PositionSide is the leg in hedge mode.
	PositionSide PositionSide
	Price, Qty   Fixed
	// Maker says that our order rested. Fee is what was paid, negative for a rebate, in
	// FeeAsset; Realized is the profit of the closed part in the margin asset, before
	// fees. Both are rounded as booked.
	Maker         bool
	Fee, Realized decimal.Decimal
	FeeAsset      string
	Forced        ForcedKind
}
