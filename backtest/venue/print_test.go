package venue

import (
	"fmt"

	"github.com/pmbot/pmbot/exchange"
)

func printEvent(e *exchange.Event) string {
	switch e.Kind {
	case exchange.KindOrderUpdate:
		u := e.OrderUpdate()
		text := fmt.Sprintf("order %s %v", u.ClientID, u.Status)
		if u.Price != 0 {
			text += fmt.Sprintf(" limit %v", u.Price)
		}
		text += fmt.Sprintf(" filled %v of %v", u.Filled, u.Qty)
		if u.Child != "" {
			text += " child " + u.Child
		}
		if u.Code != 0 {
			text += fmt.Sprintf(" (%d)", u.Code)
		}
		if u.Reason != "" {
			text += " " + u.Reason
		}
		if u.Retryable {
			text += " [retryable]"
		}
		return text
	case exchange.KindFill:
		f := e.Fill()
		text := fmt.Sprintf("fill %s %v %v @ %v", f.ClientID, f.Side, f.Qty, f.Price)
		if f.PositionSide != exchange.Both {
			text += " " + f.PositionSide.String()
		}
		if f.Maker {
			text += " maker"
		}
		text += fmt.Sprintf(" fee %v %s", f.Fee, f.FeeAsset)
		if !f.Realized.IsZero() {
			text += fmt.Sprintf(" realized %v", f.Realized)
		}
		if f.Forced != exchange.NotForced {
			text += " " + f.Forced.String()
		}
		return text
	case exchange.KindLedger:
		l := e.Ledger()
		return fmt.Sprintf("ledger %s %v %v %v -> %v", l.Asset, l.Wallet, l.Reason, l.Delta, l.Balance)
	case exchange.KindAccount:
		return printAccount(*e.Account())
	case exchange.KindRiskLevel:
		return "risk level: " + printAccount(*e.Account())
	}
	return e.Kind.String()
}

func printAccount(a exchange.Account) string {
	return fmt.Sprintf("account %v equity %v available %v maintenance %v uniMMR %v",
		a.Status, a.Equity.Round(4), a.Available.Round(4), a.MaintMargin.Round(4), a.UniMMR.Round(4))
}
