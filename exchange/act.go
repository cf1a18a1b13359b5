package exchange

import "github.com/shopspring/decimal"

// ActKind is what an [Act] does to the account.
type ActKind uint8

const (
	// ActBorrow borrows Amount of Asset into the margin wallet.
	ActBorrow ActKind = iota + 1
	// ActRepay repays Amount of a loan in Asset with what the margin wallet has of it.
	ActRepay
	// ActRepayDebt repays Amount of the debt in Asset, all of it where Amount is 0, and
	// sells for it what is named in Assets.
	ActRepayDebt
	// ActLeverage sets the Leverage of the futures symbol Inst.
	ActLeverage
	// ActPositionMode sets hedge mode (On) or one-way mode for all symbols of Product.
	ActPositionMode
	// ActFeeBurn says whether (On) UM fees are paid in BNB.
	ActFeeBurn
	// ActCollectAll moves all balances of the futures wallets but BNB to the margin wallet,
	// and ActCollectAsset those of Asset.
	ActCollectAll
	ActCollectAsset
	// ActTransferBNB moves Amount of BNB into the UM wallet (On) or back out of it.
	ActTransferBNB
	// ActRepaySwitch says whether (On) the exchange repays negative futures balances from
	// the margin wallet by itself.
	ActRepaySwitch
	// ActRepayNegative repays the negative futures balances from the margin wallet now.
	ActRepayNegative
	// ActSignContract signs the agreement that contracts on shares and commodities need.
	ActSignContract
)

var actKindNames = enum{
	ActBorrow: "BORROW", ActRepay: "REPAY", ActRepayDebt: "REPAY_DEBT", ActLeverage: "LEVERAGE",
	ActPositionMode: "POSITION_MODE", ActFeeBurn: "FEE_BURN", ActCollectAll: "COLLECT_ALL",
	ActCollectAsset: "COLLECT_ASSET", ActTransferBNB: "TRANSFER_BNB", ActRepaySwitch: "REPAY_SWITCH",
	ActRepayNegative: "REPAY_NEGATIVE", ActSignContract: "SIGN_CONTRACT",
}

func (k ActKind) String() string { return actKindNames.text("ActKind", int(k)) }

// ParseActKind reads a name such as "REPAY_DEBT".
func ParseActKind(s string) (ActKind, error) {
	v, err := actKindNames.parse("act", s)
	return ActKind(v), err
}

// CleansUp says whether the act can only lessen debts or gather collateral, so that it may
// be done even when trading is halted.
func (k ActKind) CleansUp() bool {
	switch k {
	case ActRepay, ActRepayDebt, ActCollectAll, ActCollectAsset, ActRepayNegative:
		return true
	}
	return false
}

// Act is a change of the account other than by an order. Fields that a kind does not name
// are zero.
type Act struct {
	// ID is the kernel's number of it, and Strategy whose wish it is, 0 the house's; both are 0
	// for an act that nobody follows.
	ID       ActID
	Strategy StrategyID
	Kind     ActKind
	Product  Product
	Inst     InstrumentID
	Asset    string
	// Assets are what ActRepayDebt may sell; empty leaves the choice to the exchange.
	Assets []string
	// Amount is in Asset, or in BNB for ActTransferBNB, and positive.
	Amount   decimal.Decimal
	Leverage int
	On       bool
}
