package exchange

import (
	"time"

	"github.com/shopspring/decimal"
)

// Survey is what the exchange has answered when it was asked for things of the account that no
// stream tells. A part that is nil was not asked for.
type Survey struct {
	Queue  *ADLQueue
	Income *Income
	// Rates are those at which all assets count as collateral, by rising name: one that is not
	// listed counts nothing. Empty, they were not asked for.
	Rates []CollateralRate
	// Copy is the account as a second key reads it, without Account.
	Copy *Truth
}

// CollateralRate is the part of an asset's value that counts as collateral, 0.95 for 95%.
type CollateralRate struct {
	Asset string
	Rate  Fixed
}

// ADLQueue is where the positions stand in the queue of auto-deleveraging.
type ADLQueue struct{ Places []Place }

// Place is that of one position. Those that are not listed are flat.
type Place struct {
	Inst InstrumentID
	Side PositionSide
	// Quantile is from 0 to 4; those of 4 are taken next.
	Quantile int
}

// QuantileMost is the highest [Place.Quantile].
const QuantileMost = 4

// Income is what the exchange itself says that it has booked in a day, in the futures wallets and
// as interest on loans.
type Income struct {
	// From is when the day began; see [IncomeDay].
	From Time
	Sums []IncomeSum
}

// IncomeSum is all that was booked of an asset in a wallet for one reason. In WalletInterest it
// is what was charged, which is positive.
type IncomeSum struct {
	Asset  string
	Wallet Wallet
	Reason Reason
	Sum    decimal.Decimal
}

// Add books one more amount.
func (in *Income) Add(s IncomeSum) {
	for i := range in.Sums {
		if o := &in.Sums[i]; o.Asset == s.Asset && o.Wallet == s.Wallet && o.Reason == s.Reason {
			o.Sum = o.Sum.Add(s.Sum)
			return
		}
	}
	in.Sums = append(in.Sums, s)
}

// incomeShift is when a day of incomes begins, after midnight in UTC. Fundings and interest come
// at full hours, and two clocks need not agree to the millisecond on which side of one they were.
const incomeShift = 30 * time.Minute

// IncomeDay is when the day of incomes began in which an instant is. It has 24 hours.
func IncomeDay(at Time) Time { return at.Add(-incomeShift).Floor(24 * time.Hour).Add(incomeShift) }
