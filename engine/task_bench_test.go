package engine

import (
	"testing"

	"github.com/pmbot/pmbot/exchange"
)

// BenchmarkAdmit is what the question about both legs of a pair costs before each slice: a copy of
// the guard, and two orders held against it.
func BenchmarkAdmit(b *testing.B) {
	k := opened(b).kernel
	in := &exchange.Intent{
		Kind: exchange.IntentPair, Strategy: 1, Ref: 1, Pair: exchange.Pair{Hedge: 2},
		Request: exchange.OrderRequest{Inst: 1, Side: exchange.Sell, Type: exchange.Market, Qty: exchange.FixedOne / 10},
	}
	b.ReportAllocs()
	for b.Loop() {
		if d := k.decideTask(in, k.now); d.Refusal != nil {
			b.Fatal(d.Refusal)
		}
	}
}
