package riskguard

import (
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// More verbs of the scripts: what the watch over the account is told. Do asks here for those that
// it has not.

// tell carries out one line, and says whether it knows it.
func (b *bench) tell(e *exchange.Event, f []string) (answer string, known bool) {
	switch f[0] {
	case "strangers": // strangers UM web_1 FOREIGN_ORDER, UM web_2 OTHER_BOT: what the newest reading has that is not ours
		b.g.Reconciled(b.differences(f[1:]))
	case "queue": // queue UM BOTH 4, CM LONG 2: the places that the exchange has told
		q := &exchange.ADLQueue{}
		for one := range strings.SplitSeq(strings.Join(f[1:], " "), ",") {
			if f := strings.Fields(one); len(f) == 3 {
				side, _ := exchange.ParsePositionSide(f[1])
				n, _ := strconv.Atoi(f[2])
				q.Places = append(q.Places, exchange.Place{Inst: b.inst(f[0]), Side: side, Quantile: n})
			}
		}
		e.SetSurvey(&exchange.Survey{Queue: q})
	case "income": // income 24h USDT UM REALIZED_PNL 10, ...: what the exchange has booked in the day of so long ago
		ago, err := time.ParseDuration(f[1])
		if err != nil {
			return err.Error(), true
		}
		in := &exchange.Income{From: exchange.IncomeDay(e.At.Add(-ago))}
		for one := range strings.SplitSeq(strings.Join(f[2:], " "), ",") {
			if f := strings.Fields(one); len(f) == 4 {
				w, _ := exchange.ParseWallet(f[1])
				why, _ := exchange.ParseReason(f[2])
				in.Sums = append(in.Sums, exchange.IncomeSum{Asset: f[0], Wallet: w, Reason: why, Sum: decimal.RequireFromString(f[3])})
			}
		}
		e.SetSurvey(&exchange.Survey{Income: in})
	case "rates": // rates BTC 0.9 USDT 1: the rates of collateral that the exchange has told, by rising name
		s := &exchange.Survey{}
		for at := 1; at+1 < len(f); at += 2 {
			s.Rates = append(s.Rates, exchange.CollateralRate{Asset: f[at], Rate: exchange.MustFixed(f[at+1])})
		}
		e.SetSurvey(s)
	case "copy": // copy UM 0.2, ...: what the second key reads; see copied
		e.SetSurvey(&exchange.Survey{Copy: b.copied(f[1:])})
	case "works":
		return b.works(f), true
	case "stock": // stock USDT 0: what there is to borrow
		e.SetLending(&exchange.Lending{Asset: f[1], Available: decimal.RequireFromString(f[2]), Known: true})
	case "adopted": // adopted c1: an order of that name is ours after all
		b.g.Adopted(f[1])
	case "accept": // a person takes the exchange's account as it is
		e.SetState(&exchange.StateChange{State: exchange.Active, Cause: exchange.CauseOperator, Accept: true})
	default:
		return "", false
	}
	return "", true
}

// differences reads "UM web_1 FOREIGN_ORDER, - DOGE FOREIGN, UM x STRANGE_ORDER WAIT".
func (b *bench) differences(f []string) (list []exchange.Difference) {
	for one := range strings.SplitSeq(strings.Join(f, " "), ",") {
		f := strings.Fields(one)
		if len(f) == 0 {
			continue
		}
		d := exchange.Difference{Order: f[1], Text: "order " + f[1], Remedy: exchange.RemedyReport}
		if f[0] != "-" {
			d.Inst = b.inst(f[0])
		}
		for d.Kind = exchange.DifferentPosition; d.Kind.String() != f[2]; {
			d.Kind++
		}
		if len(f) > 3 {
			d.Remedy = exchange.RemedyWait
			if f[3] == "HALT" {
				d.Remedy = exchange.RemedyHalt
			}
		}
		list = append(list, d)
	}
	return list
}
