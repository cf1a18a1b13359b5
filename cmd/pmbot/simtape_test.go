package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// TestTapeDerives makes of prices the marks and indexes that a tape lacks, once a second,
// and none that it has.
func TestTapeDerives(t *testing.T) {
	known, err := backtest.EmbeddedInstruments()
	if err != nil {
		t.Fatal(err)
	}
	ins, err := exchange.NewInstruments(known...)
	if err != nil {
		t.Fatal(err)
	}
	um, err := ins.Find(exchange.UM, "BTCUSDT")
	if err != nil {
		t.Fatal(err)
	}
	cm, err := ins.Find(exchange.CM, "ETHUSD_PERP")
	if err != nil {
		t.Fatal(err)
	}
	marks := tape.Series{Key: row.Key{Product: exchange.UM, Symbol: "BTCUSDT", Kind: row.MarkPrice}}
	for _, test := range []struct {
		what   string
		inst   exchange.InstrumentID
		series []tape.Series
		mark   bool // what comes is a mark and no trade
		at     exchange.Time
		want   string
	}{
		{"a trade without recorded marks", um.ID, nil, false, 2e9, "MARK 60000, ASSET_INDEX BTC 60000"},
		{"a trade in the same second", um.ID, nil, false, 1e9 - 1, ""},
		{"a trade with recorded marks", um.ID, []tape.Series{marks}, false, 2e9, ""},
		{"a recorded mark", um.ID, []tape.Series{marks}, true, 2e9, "ASSET_INDEX BTC 59000"},
		{"a trade of a contract whose coin another one prices", cm.ID, nil, false, 2e9, "MARK 60000"},
	} {
		source := newTapeSource(nil, ins, test.series)
		source.indexes = make([]exchange.AssetIndex, 0, 8)
		e := exchange.Event{At: test.at, Inst: test.inst}
		e.SetTrade(exchange.Trade{Price: exchange.MustFixed("60000"), Qty: 1})
		if test.mark {
			e.SetMark(exchange.Mark{Price: exchange.MustFixed("60001"), Index: exchange.MustFixed("59000")})
		}
		var got []string
		made := source.derive(nil, &e)
		for i := range made {
			d := &made[i]
			if !d.Derived() || d.At != test.at {
				t.Errorf("%s: %+v", test.what, d)
			}
			if d.Kind == exchange.KindMark {
				got = append(got, fmt.Sprint(d.Kind, " ", d.Mark().Price))
			} else {
				got = append(got, fmt.Sprint(d.Kind, " ", d.AssetIndex().Asset, " ", d.AssetIndex().Price))
			}
		}
		if text := strings.Join(got, ", "); text != test.want {
			t.Errorf("%s: %s, want %s", test.what, text, test.want)
		}
	}
}
