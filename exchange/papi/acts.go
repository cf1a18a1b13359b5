package papi

import (
	"context"
	"fmt"
	"strings"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
)

// The acts on the account. Each takes nothing but an approval and does what that says: what
// is sent is what was approved. An approval of another act is [ErrNotApproved].

// acting is the approved act, if it is of one of the kinds.
func acting(ep endpoint, approved riskguard.Approved, kind exchange.ActKind) (exchange.Act, error) {
	act := approved.Act()
	if act.Kind != kind {
		return act, &Error{
			Endpoint: ep.String(), Outcome: Refused, Msg: fmt.Sprintf("the approval is of %v, not %v", act.Kind, kind), Err: ErrNotApproved,
		}
	}
	return act, nil
}

// act sends an approved act. The query is made of it.
func act[A any](ctx context.Context, c *Client, ep endpoint, approved riskguard.Approved, kind exchange.ActKind, q func(*exchange.Act) *query) (A, error) {
	act, err := acting(ep, approved, kind)
	if err != nil {
		var none A
		return none, err
	}
	return write[A](ctx, c, ep, q(&act), approved)
}

func nothing(*exchange.Act) *query { return new(query) }

// Borrow borrows an amount of an asset into the margin wallet (ActBorrow). It costs 100.
func (c *Client) Borrow(ctx context.Context, approved riskguard.Approved) (Transaction, error) {
	return act[Transaction](ctx, c, epBorrow, approved, exchange.ActBorrow, func(a *exchange.Act) *query { return assetAmount(a.Asset, a.Amount) })
}

// Repay repays a loan with the same asset (ActRepay). It costs 100.
func (c *Client) Repay(ctx context.Context, approved riskguard.Approved) (Transaction, error) {
	return act[Transaction](ctx, c, epRepay, approved, exchange.ActRepay, func(a *exchange.Act) *query { return assetAmount(a.Asset, a.Amount) })
}

// RepayDebt sells assets to repay a debt (ActRepayDebt). It costs 3000, half a minute of the
// whole budget.
func (c *Client) RepayDebt(ctx context.Context, approved riskguard.Approved) (RepaidDebt, error) {
	return act[RepaidDebt](ctx, c, epRepayDebt, approved, exchange.ActRepayDebt, func(a *exchange.Act) *query {
		return repayDebt{Asset: a.Asset, Amount: a.Amount, SpecifyRepayAssets: strings.Join(a.Assets, ",")}.query()
	})
}

// symbolOf is the symbol of the futures contract that an act names.
func symbolOf(ep endpoint, ins *exchange.Instruments, approved riskguard.Approved, p exchange.Product) (string, error) {
	a, err := acting(ep, approved, exchange.ActLeverage)
	if err != nil {
		return "", err
	}
	if !ins.Has(a.Inst) || ins.At(a.Inst).Product != p {
		return "", &Error{Endpoint: ep.String(), Outcome: Refused, Msg: fmt.Sprintf("instrument %d is none of %v", a.Inst, p), Err: ErrNotApproved}
	}
	return ins.At(a.Inst).Symbol, nil
}

// SetUMLeverage sets the leverage of a USD-M symbol (ActLeverage), of which the table knows
// the name.
func (c *Client) SetUMLeverage(ctx context.Context, ins *exchange.Instruments, approved riskguard.Approved) (UMLeverage, error) {
	symbol, err := symbolOf(epSetUMLeverage, ins, approved, exchange.UM)
	if err != nil {
		return UMLeverage{}, err
	}
	return write[UMLeverage](ctx, c, epSetUMLeverage, leverageOf(symbol, int64(approved.Act().Leverage)), approved)
}

// SetCMLeverage sets the leverage of a COIN-M symbol (ActLeverage).
func (c *Client) SetCMLeverage(ctx context.Context, ins *exchange.Instruments, approved riskguard.Approved) (CMLeverage, error) {
	symbol, err := symbolOf(epSetCMLeverage, ins, approved, exchange.CM)
	if err != nil {
		return CMLeverage{}, err
	}
	return write[CMLeverage](ctx, c, epSetCMLeverage, leverageOf(symbol, int64(approved.Act().Leverage)), approved)
}

// SetPositionMode sets hedge or one-way mode for every symbol of USD-M or of COIN-M, as the
// act says (ActPositionMode). Of USD-M it is refused while there are orders (-4067) or
// positions (-4068), while COIN-M has some (-4531), and when nothing would change (-4059);
// COIN-M follows it, and cannot be set to another mode (-4220).
func (c *Client) SetPositionMode(ctx context.Context, approved riskguard.Approved) (Message, error) {
	ep := epSetUMPositionMode
	if approved.Act().Product == exchange.CM {
		ep = epSetCMPositionMode
	}
	return act[Message](ctx, c, ep, approved, exchange.ActPositionMode, func(a *exchange.Act) *query { return switchTo("dualSidePosition", a.On) })
}

// SetFeeBurn sets whether USD-M fees are paid in BNB (ActFeeBurn), which must be in the
// USD-M wallet: see [Client.TransferBNB].
func (c *Client) SetFeeBurn(ctx context.Context, approved riskguard.Approved) (Message, error) {
	return act[Message](ctx, c, epSetFeeBurn, approved, exchange.ActFeeBurn, func(a *exchange.Act) *query { return switchTo("feeBurn", a.On) })
}

// SetRepaySwitch sets whether negative futures balances are repaid by themselves
// (ActRepaySwitch). It costs 750 and is allowed 20 times a day.
func (c *Client) SetRepaySwitch(ctx context.Context, approved riskguard.Approved) (Message, error) {
	return act[Message](ctx, c, epSetRepayFuturesSwitch, approved, exchange.ActRepaySwitch, func(a *exchange.Act) *query { return switchTo("autoRepay", a.On) })
}

// RepayNegative repays negative futures balances from the margin wallet (ActRepayNegative).
// It costs 750.
func (c *Client) RepayNegative(ctx context.Context, approved riskguard.Approved) (Message, error) {
	return act[Message](ctx, c, epRepayFuturesNegativeBalance, approved, exchange.ActRepayNegative, nothing)
}

// CollectAll moves the balances of the futures wallets, but BNB, to the margin wallet
// (ActCollectAll). It costs 750 and is allowed 500 times an hour.
func (c *Client) CollectAll(ctx context.Context, approved riskguard.Approved) (Message, error) {
	return act[Message](ctx, c, epAutoCollection, approved, exchange.ActCollectAll, nothing)
}

// CollectAsset moves one asset, not BNB, from the futures wallets to the margin wallet
// (ActCollectAsset). It costs 30.
func (c *Client) CollectAsset(ctx context.Context, approved riskguard.Approved) (Message, error) {
	return act[Message](ctx, c, epAssetCollection, approved, exchange.ActCollectAsset, func(a *exchange.Act) *query { return texts("asset", a.Asset) })
}

// TransferBNB moves BNB from the margin wallet to that of USD-M, or back (ActTransferBNB).
// It costs 750 and is allowed ten times in ten minutes.
func (c *Client) TransferBNB(ctx context.Context, approved riskguard.Approved) (Transaction, error) {
	return act[Transaction](ctx, c, epBNBTransfer, approved, exchange.ActTransferBNB, func(a *exchange.Act) *query {
		q := new(query)
		q.decimal("amount", a.Amount)
		side := "FROM_UM"
		if a.On {
			side = "TO_UM"
		}
		q.text("transferSide", side)
		return q
	})
}

// SignContract signs the agreement that trading perpetuals of stocks and commodities needs
// once (ActSignContract).
func (c *Client) SignContract(ctx context.Context, approved riskguard.Approved) (Message, error) {
	return act[Message](ctx, c, epSignUMStockContract, approved, exchange.ActSignContract, nothing)
}
