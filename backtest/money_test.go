package backtest

import (
	"testing"

	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/exchange"
)

// TestSymbolFees: what a symbol's fee leaves out is its product's, and never nothing.
func TestSymbolFees(t *testing.T) {
	fixed := exchange.MustFixed
	rebate := fixed("-0.0001")
	c := VenueConfig{
		UM: FeeConfig{Maker: fixed("0.0002"), Taker: fixed("0.0005")}, CM: FeeConfig{Maker: fixed("0.0003"), Taker: fixed("0.0006")},
		Fees: []SymbolFeeConfig{{Symbol: "UM:BTCUSDC", Maker: &rebate}, {Symbol: "CM:BTCUSD_PERP", Taker: &rebate}},
	}
	m, err := c.money()
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []venue.Fees{{Maker: rebate, Taker: fixed("0.0005")}, {Maker: fixed("0.0003"), Taker: rebate}} {
		if m.Fees[i].Fees != want {
			t.Errorf("%s: %+v, want %+v", m.Fees[i].Symbol, m.Fees[i].Fees, want)
		}
	}
}
