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
	"maker fill", "taker fill", "partial fill", "hedge-mode fill", "one-way fill",
	"trigger", "OCO", "self-trade prevention", "price match", "amend", "cancel", "expiry", "rejection",
	"realized profit", "commission", "commission in BNB", "rebate", "exchange of assets",
	"funding", "special funding", "delivery", "ADL",
	"borrow", "repay", "loan interest", "loan interest in BNB", "negative-balance interest", "auto-repay", "auto-exchange",
	"transfer", "deposit", "withdrawal", "refused request about money",
	"liquidation", "collateral sale", "clearance fee", "insurance takeover",
	"interest change", "fee change", "collateral change", "bracket change", "filter change", "status change",
	"leverage change", "position mode change", "inventory change",
}

// see counts a call and what the account saw of it.
func (n tally) see(o *op, err error, events []exchange.Event) {
	n.act(o, err)
	special := o.event.Kind == exchange.KindFunding && o.event.Funding().Special
	for i := range events {
		switch e := &events[i]; e.Kind {
		case exchange.KindOrderUpdate:
			n["order update"]++
			n.order(o, e.OrderUpdate())
		case exchange.KindFill:
			n["fill"]++
			n.fill(e.Inst, e.Fill())
		case exchange.KindLedger:
			n["ledger entry"]++
			n.entry(o, e.Ledger())
			if special && e.Ledger().Reason == exchange.ReasonFunding {
				n["special funding"]++
			}
		case exchange.KindAccount:
			n["account"]++
		case exchange.KindRiskLevel:
			n["risk level"]++
		}
	}
}

func (n tally) act(o *op, err error) {
	name := ""
	switch a := o.act.(type) {
	case moneyAct:
		name = map[string]string{"transfer": "transfer", "deposit": "deposit", "withdraw": "withdrawal"}[a.kind]
		if err != nil {
			n["refused request about money"]++
		}
	case rateAct:
		name = "interest change"
	case stockAct:
		name = "inventory change"
	case feesAct:
		name = "fee change"
	case collateralAct:
		name = "collateral change"
	case bracketsAct:
		name = "bracket change"
	case filterAct:
		name = "filter change"
	case statusAct:
		name = "status change"
	case leverageAct:
		name = "leverage change"
	case modeAct:
		name = "position mode change"
	}
	if name != "" && err == nil {
		n[name]++
	}
}

func (n tally) order(o *op, u *exchange.OrderUpdate) {
	if limit, _ := exchange.OCOLegs(""); strings.HasSuffix(u.Child, limit) && u.Child != "" {
		n["OCO"]++
	}
	if u.Reason == errSelfTrade.reason {
		n["self-trade prevention"]++
	}
	if o.order.Request.PriceMatch != 0 && u.ID == o.order.ID && u.Status == exchange.StatusWorking {
		n["price match"]++
	}
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

func (n tally) fill(inst exchange.InstrumentID, f *exchange.Fill) {
	if f.Maker {
		n["maker fill"]++
	} else {
		n["taker fill"]++
	}
	margin := inst == instSpot || inst == instSpotETH || inst == instSpotBNB
	switch {
	case margin:
	case f.PositionSide != exchange.Both:
		n["hedge-mode fill"]++
	default:
		n["one-way fill"]++
	}
	switch f.Forced {
	case exchange.ForcedLiquidation:
		n["liquidation"]++
		if margin {
			n["collateral sale"]++
		}
	case exchange.ForcedADL:
		n["ADL"]++
	case exchange.ForcedDelivery:
		n["delivery"]++
	}
}

func (n tally) entry(o *op, l *exchange.LedgerEntry) {
	_, clock := o.act.(clockAct)
	switch l.Reason {
	case exchange.ReasonRealizedPnL:
		n["realized profit"]++
	case exchange.ReasonCommission:
		n["commission"]++
		if l.Delta.IsPositive() {
			n["rebate"]++
		}
		if l.Asset == "BNB" && l.Wallet == exchange.WalletUM {
			n["commission in BNB"]++
		}
	case exchange.ReasonFunding:
		n["funding"]++
	case exchange.ReasonTrade:
		n["exchange of assets"]++
	case exchange.ReasonBorrow:
		n["borrow"]++
	case exchange.ReasonRepay:
		n["repay"]++
	case exchange.ReasonInterest:
		switch l.Wallet {
		case exchange.WalletInterest:
			n["loan interest"]++
		case exchange.WalletMargin:
			n["loan interest in BNB"]++
		default:
			n["negative-balance interest"]++
		}
	case exchange.ReasonTransfer:
		if clock {
			n["auto-repay"]++
		}
	case exchange.ReasonAutoExchange:
		if clock {
			n["auto-exchange"]++
		}
	case exchange.ReasonLiquidation:
		if l.Delta.IsNegative() != l.Wallet.Debt() {
			n["clearance fee"]++
		} else {
			n["insurance takeover"]++
		}
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
