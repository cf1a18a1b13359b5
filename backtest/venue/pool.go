package venue

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// pool is who stands on the other side of the account's bookings: what the account gains
// of an asset, a pool loses, so that account and pools together have nothing.
type pool uint8

const (
	// poolMarket are the counterparties of trades, funding and delivery.
	poolMarket pool = iota
	// poolFees takes commissions and pays rebates.
	poolFees
	// poolInsurance takes clearance fees and carries what a bankrupt account cannot.
	poolInsurance
	// poolLender lends and takes interest.
	poolLender
	// poolOutside is where deposits come from and withdrawals go.
	poolOutside
	poolCount
)

// poolOf is the pool that a booking of that reason moves. A transfer has two entries of
// the account and moves none in sum.
func poolOf(r exchange.Reason) pool {
	switch r {
	case exchange.ReasonCommission:
		return poolFees
	case exchange.ReasonLiquidation:
		return poolInsurance
	case exchange.ReasonBorrow, exchange.ReasonRepay, exchange.ReasonInterest:
		return poolLender
	case exchange.ReasonDeposit, exchange.ReasonWithdraw, exchange.ReasonTransfer:
		return poolOutside
	default:
		return poolMarket
	}
}

// pools are the amounts of the other sides by asset.
type pools struct {
	byAsset[[poolCount]decimal.Decimal]
}

// against books the other side of a posting whose rounded amount is delta. A debt that
// grows is a loss of the account.
func (p *pools) against(post posting, delta decimal.Decimal) {
	if !post.wallet.Debt() {
		delta = delta.Neg()
	}
	side := poolOf(post.reason)
	if post.deleverages {
		side = poolMarket
	}
	amount := &p.of(post.asset)[side]
	*amount = amount.Add(delta)
}
