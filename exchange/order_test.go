package exchange

import "testing"

// TestProtects tells stops that only close from what takes profit, opens, or is no stop.
func TestProtects(t *testing.T) {
	for _, c := range []struct {
		r                   OrderRequest
		onlyCloses, protect bool
	}{
		{OrderRequest{Type: StopMarket, Side: Sell, ReduceOnly: true}, true, true},
		{OrderRequest{Type: StopMarket, Side: Sell, ClosePosition: true}, true, true},
		{OrderRequest{Type: Stop, Side: Sell, PositionSide: Long}, true, true},
		{OrderRequest{Type: TrailingStopMarket, Side: Buy, PositionSide: Short}, true, true},
		{OrderRequest{Type: StopMarket, Side: Buy, PositionSide: Long}, false, false},
		{OrderRequest{Type: StopMarket, Side: Sell, PositionSide: Short}, false, false},
		{OrderRequest{Type: StopMarket, Side: Sell}, false, false},
		{OrderRequest{Type: TakeProfitMarket, Side: Sell, ReduceOnly: true}, true, false},
		{OrderRequest{Type: TakeProfit, Side: Sell, PositionSide: Long}, true, false},
		{OrderRequest{Type: Limit, Side: Sell, ReduceOnly: true}, true, false},
	} {
		if c.r.OnlyCloses() != c.onlyCloses || c.r.Protects() != c.protect {
			t.Errorf("%+v: closes %v, protects %v", c.r, c.r.OnlyCloses(), c.r.Protects())
		}
	}
}
