package venue

import (
	"fmt"
	"strings"

	"github.com/pmbot/pmbot/exchange"
)

// tally counts what happened, by kind.
type tally map[string]int

// kindsOfEvents are the kinds that a random run must reach, in the order of printing.
var kindsOfEvents = []string{
	"order update", "fill", "ledger entry", "account", "risk level",
	"maker fill", "taker fill", "partial fill",
	"realized profit", "commission", "rebate", "funding", "special funding", "exchange of assets", "borrow", "repay",
	"trigger", "amend", "cancel", "expiry", "rejection", "liquidation", "clearance fee",
}

// see counts a call and what the account saw of it.
func (n tally) see(o *op, err error, events []exchange.Event) {
	paid := ""
	if o.event.Kind == exchange.KindFunding && o.event.Funding().Special {
		paid = "special funding"
	}
	for i := range events {
		switch e := &events[i]; e.Kind {
		case exchange.KindOrderUpdate:
			n["order update"]++
			n.order(o, e.OrderUpdate())
		case exchange.KindFill:
			n["fill"]++
			n.fill(e.Fill())
		case exchange.KindLedger:
			n["ledger entry"]++
			n.entry(e.Ledger(), paid)
		case exchange.KindAccount:
			n["account"]++
		case exchange.KindRiskLevel:
			n["risk level"]++
		}
	}
}

func (n tally) order(o *op, u *exchange.OrderUpdate) {
	switch u.Status {
	case exchange.StatusPartiallyFilled:
		n["partial fill"]++
	case exchange.StatusTriggered:
		n["trigger"]++
	case exchange.StatusExpired:
		n["expiry"]++
	case exchange.StatusRejected:
		n["rejection"]++
	case exchange.StatusCanceled:
		n["cancel"]++
	case exchange.StatusWorking:
		if o.amend && u.Code == 0 {
			n["amend"]++
		}
	}
}

func (n tally) fill(f *exchange.Fill) {
	if f.Maker {
		n["maker fill"]++
	} else {
		n["taker fill"]++
	}
	if f.Forced == exchange.ForcedLiquidation {
		n["liquidation"]++
	}
}

func (n tally) entry(l *exchange.LedgerEntry, paid string) {
	switch l.Reason {
	case exchange.ReasonRealizedPnL:
		n["realized profit"]++
	case exchange.ReasonCommission:
		n["commission"]++
		if l.Delta.IsPositive() {
			n["rebate"]++
		}
	case exchange.ReasonFunding:
		n["funding"]++
		if paid != "" {
			n[paid]++
		}
	case exchange.ReasonTrade:
		n["exchange of assets"]++
	case exchange.ReasonBorrow:
		n["borrow"]++
	case exchange.ReasonRepay:
		n["repay"]++
	case exchange.ReasonLiquidation:
		n["clearance fee"]++
	}
}

// missing are the kinds that never happened.
func (n tally) missing() []string {
	var list []string
	for _, kind := range kindsOfEvents {
		if n[kind] == 0 {
			list = append(list, kind)
		}
	}
	return list
}

func (n tally) String() string {
	var b strings.Builder
	for _, kind := range kindsOfEvents {
		fmt.Fprintf(&b, "%9d %s\n", n[kind], kind)
	}
	return b.String()
}

// name says what kind of call it is.
func (o *op) name() string {
	switch {
	case o.event.Kind != 0:
		return o.event.Kind.String()
	case o.act != nil:
		return fmt.Sprintf("%T", o.act)
	case o.cancel:
		return "cancel"
	case o.amend:
		return "amend"
	default:
		return "order"
	}
}
