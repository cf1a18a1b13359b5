package riskguard

import (
	"strings"
	"testing"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// TestRatesThatAreNotTaken: tiers are Portfolio Margin Pro's and no flat rate replaces them, and a
// rate that cannot be stops trading.
func TestRatesThatAreNotTaken(t *testing.T) {
	tables := margin.Assumed()
	tables.Collateral["BTC"] = margin.Schedule{Tiers: []margin.Tier{{Cap: exchange.MustFixed("10"), Rate: exchange.FixedOne}, {Rate: exchange.MustFixed("0.9")}}}
	b := benchOf(t, Config{Instruments: benchInstruments(t), Tables: tables, Limits: DefaultLimits(), Strategies: 2, Labels: benchLabels, Permits: Unbound(2)})
	b.do(strings.Fields("deposit MARGIN BTC 1"))
	b.do(strings.Fields("rates BTC 0.5 USDT 1"))
	if got := b.do(strings.Fields("account 60000 0")); !strings.HasPrefix(got, "equity 60000,") {
		t.Error(got)
	}
	b.do(strings.Fields("rates ETH 1.5"))
	if got := b.ask(strings.Fields("check buy UM 0.003 limit 50000")); !strings.HasPrefix(got, "refused by state: the margin model lost track: the exchange's collateral rate: ") {
		t.Error(got)
	}
}
