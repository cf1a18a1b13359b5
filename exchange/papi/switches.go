package papi

import (
	"context"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/riskguard"
)

// The answers of switches are pointers inside, so that one which is not told is not taken
// for off.
type (
	positionMode struct {
		DualSidePosition *bool `json:"dualSidePosition"`
	}
	feeBurn struct {
		FeeBurn *bool `json:"feeBurn"`
	}
	autoRepay struct {
		AutoRepay *bool `json:"autoRepay"`
	}
)

func (m *positionMode) missing() string {
	return first(need{"dualSidePosition", m.DualSidePosition != nil})
}
func (f *feeBurn) missing() string   { return first(need{"feeBurn", f.FeeBurn != nil}) }
func (a *autoRepay) missing() string { return first(need{"autoRepay", a.AutoRepay != nil}) }

// on is a switch's value, false where there was no answer.
func on(v *bool) bool { return v != nil && *v }

// UMPositionMode says whether USD-M is in hedge mode. It costs 30.
func (c *Client) UMPositionMode(ctx context.Context) (hedge bool, err error) {
	m, err := call[positionMode](ctx, c, epUMPositionMode, new(query))
	return on(m.DualSidePosition), err
}

// CMPositionMode says whether COIN-M is in hedge mode. It costs 30.
func (c *Client) CMPositionMode(ctx context.Context) (hedge bool, err error) {
	m, err := call[positionMode](ctx, c, epCMPositionMode, new(query))
	return on(m.DualSidePosition), err
}

// SetUMPositionMode sets hedge or one-way mode for every USD-M symbol; COIN-M follows. It
// is refused while there are orders (-4067) or positions (-4068), while COIN-M has some
// (-4531), and when nothing would change (-4059).
func (c *Client) SetUMPositionMode(ctx context.Context, hedge bool, approved riskguard.Approved) (Message, error) {
	return write[Message](ctx, c, epSetUMPositionMode, switchTo("dualSidePosition", hedge), approved)
}

// SetCMPositionMode sets the mode of COIN-M, which must be that of USD-M (-4220).
func (c *Client) SetCMPositionMode(ctx context.Context, hedge bool, approved riskguard.Approved) (Message, error) {
	return write[Message](ctx, c, epSetCMPositionMode, switchTo("dualSidePosition", hedge), approved)
}

// FeeBurn says whether USD-M fees are paid in BNB at a discount. It costs 30.
func (c *Client) FeeBurn(ctx context.Context) (bool, error) {
	f, err := call[feeBurn](ctx, c, epFeeBurn, new(query))
	return on(f.FeeBurn), err
}

// SetFeeBurn sets whether USD-M fees are paid in BNB, which must be in the USD-M wallet:
// see [Client.BNBTransfer].
func (c *Client) SetFeeBurn(ctx context.Context, burn bool, approved riskguard.Approved) (Message, error) {
	return write[Message](ctx, c, epSetFeeBurn, switchTo("feeBurn", burn), approved)
}

// RepayFuturesSwitch says whether negative futures balances are repaid by themselves. It
// costs 30.
func (c *Client) RepayFuturesSwitch(ctx context.Context) (bool, error) {
	a, err := call[autoRepay](ctx, c, epRepayFuturesSwitch, new(query))
	return on(a.AutoRepay), err
}

// SetRepayFuturesSwitch sets whether negative futures balances are repaid by themselves. It
// costs 750 and is allowed 20 times a day.
func (c *Client) SetRepayFuturesSwitch(ctx context.Context, auto bool, approved riskguard.Approved) (Message, error) {
	return write[Message](ctx, c, epSetRepayFuturesSwitch, switchTo("autoRepay", auto), approved)
}

func switchTo(name string, on bool) *query {
	q := new(query)
	q.boolean(name, on)
	return q
}

// RepayFuturesNegativeBalance repays negative futures balances from the margin wallet. It
// costs 750.
func (c *Client) RepayFuturesNegativeBalance(ctx context.Context, approved riskguard.Approved) (Message, error) {
	return write[Message](ctx, c, epRepayFuturesNegativeBalance, new(query), approved)
}

// AutoCollection moves the balances of the futures wallets, but BNB, to the margin wallet.
// It costs 750 and is allowed 500 times an hour.
func (c *Client) AutoCollection(ctx context.Context, approved riskguard.Approved) (Message, error) {
	return write[Message](ctx, c, epAutoCollection, new(query), approved)
}

// AssetCollection moves one asset, not BNB, from the futures wallets to the margin wallet.
// It costs 30.
func (c *Client) AssetCollection(ctx context.Context, asset string, approved riskguard.Approved) (Message, error) {
	return write[Message](ctx, c, epAssetCollection, texts("asset", asset), approved)
}

// BNBTransfer moves BNB from the margin wallet to USD-M, "TO_UM", or back, "FROM_UM". It
// costs 750 and is allowed ten times in ten minutes.
func (c *Client) BNBTransfer(ctx context.Context, amount decimal.Decimal, side string, approved riskguard.Approved) (Transaction, error) {
	q := new(query)
	q.decimal("amount", amount)
	q.text("transferSide", side)
	return write[Transaction](ctx, c, epBNBTransfer, q, approved)
}
