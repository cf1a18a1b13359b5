package main

import (
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/engine/monitor"
	"github.com/pmbot/pmbot/exchange"
)

// TestPrintLoans shows acts, what is owed and by whom, and what services have wished last.
func TestPrintLoans(t *testing.T) {
	at := exchange.TimeOf(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	n := decimal.RequireFromString
	amount := n("0.4")
	var out strings.Builder
	c := &console{out: &out}
	if err := c.printLoans(&monitor.Loans{
		Acts:  []monitor.LoanAct{{ID: 2, Kind: "REPAY", Asset: "USDT", Amount: n("5"), Status: exchange.ActPending}},
		Ended: []monitor.LoanAct{{ID: 1, Kind: "BORROW", Asset: "USDT", Amount: n("10"), Status: exchange.ActDone}},
		Loans: []monitor.LoanLine{{
			Asset: "USDT", Principal: n("10"), Interest: n("0.01"), Charged: n("0.01"), Expected: n("0.01"),
			Shares: []monitor.LoanShare{{Charged: n("0.002")}, {Strategy: "carry", Principal: n("8"), Charged: n("0.008")}},
		}},
		Services: []monitor.LoanService{
			{Name: "bnb-transfer", At: at, Asset: "BNB", Amount: &amount, Refused: "refused by act-state: x"}, {Name: "negative-repay", At: at},
		},
	}); err != nil {
		t.Fatal(err)
	}
	want := `act 1  BORROW 10 USDT  DONE
act 2  REPAY 5 USDT  PENDING
USDT  owed 10 and 0.01 interest; charged 0.01, by its rates 0.01
  carry  8 of it, charged 0.008
service bnb-transfer 0.4 BNB  at 2026-11-23T12:00:00Z, refused by act-state: x
service negative-repay  at 2026-11-23T12:00:00Z
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}
