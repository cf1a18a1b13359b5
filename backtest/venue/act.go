package venue

import (
	"errors"

	"github.com/pmbot/pmbot/exchange"
)

// do carries out what was approved beside orders. The bookings that it brings are told
// first, then an event of KindAct with the same number: Done, or Rejected with Binance's
// code.
func (v *Venue) do(act exchange.Act, at exchange.Time) {
	v.open(at)
	u := exchange.ActUpdate{
		ID: act.ID, Strategy: act.Strategy, Kind: act.Kind, Asset: act.Asset, Amount: act.Amount, Status: exchange.ActDone,
	}
	if err := v.perform(&act, at); err != nil {
		u.Status, u.Reason, u.Retryable = exchange.ActRejected, err.Error(), true
		if no := (*Error)(nil); errors.As(err, &no) {
			u.Code, u.Reason = no.Code, no.Reason
		}
	} else {
		v.lastTransaction++
		u.Transaction = v.lastTransaction
	}
	v.emit(0).SetAct(v.out.acts.put(u))
}

func (v *Venue) perform(act *exchange.Act, at exchange.Time) error {
	switch act.Kind {
	case exchange.ActBorrow:
		return v.Borrow(act.Asset, act.Amount, at)
	case exchange.ActRepay:
		return v.Repay(act.Asset, act.Amount, at)
	case exchange.ActRepayDebt:
		_, err := v.RepayDebt(act.Asset, act.Amount, act.Assets, at)
		return err
	case exchange.ActRepayNegative:
		v.RepayFutures(at)
		return nil
	case exchange.ActCollectAsset:
		return v.collect(act.Asset, at)
	case exchange.ActTransferBNB:
		from, to := exchange.WalletUM, exchange.WalletMargin
		if act.On {
			from, to = to, from
		}
		return v.Transfer(feeCoin, from, to, act.Amount, at)
	case exchange.ActLeverage:
		return v.SetLeverage(act.Inst, act.Leverage, at)
	}
	return errors.New("the simulated exchange does not know the act " + act.Kind.String())
}

// collect moves what the futures wallets have of an asset into the margin wallet.
func (v *Venue) collect(asset string, at exchange.Time) error {
	for _, from := range [...]exchange.Wallet{exchange.WalletUM, exchange.WalletCM} {
		if has := v.wallets.balance(asset, from); has.IsPositive() {
			if err := v.Transfer(asset, from, exchange.WalletMargin, has, at); err != nil {
				return err
			}
		}
	}
	return nil
}
