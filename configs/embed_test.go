package configs

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/exchange"
)

// TestExchangeInfo decodes every document and holds the figures that README.md cites.
func TestExchangeInfo(t *testing.T) {
	want := map[string][]string{
		"exchangeinfo/fapi.json": {"UM BTCUSDT tick 0.1 step 0.001 min 50", "UM ETHUSDT tick 0.01 step 0.001 min 20", "UM BNBUSDT tick 0.01 step 0.01 min 5"},
		"exchangeinfo/dapi.json": {"CM BTCUSD_PERP tick 0.1 step 1 min 0 size 100", "CM ETHUSD_PERP tick 0.01 step 1 min 0 size 10", "CM BNBUSD_PERP tick 0.01 step 1 min 0 size 10"},
		"exchangeinfo/api.json":  {"MARGIN BTCUSDT tick 0.01 step 0.00001 min 5", "MARGIN ETHUSDT tick 0.01 step 0.0001 min 5", "MARGIN BNBUSDT tick 0.01 step 0.001 min 5"},
	}
	products := map[string]exchange.Product{
		"exchangeinfo/fapi.json": exchange.UM, "exchangeinfo/dapi.json": exchange.CM, "exchangeinfo/api.json": exchange.Margin,
	}
	files, err := fs.Glob(FS, "exchangeinfo/*")
	if err != nil || len(files) != len(want) {
		t.Fatalf("files %v, %v", files, err)
	}
	for _, name := range files {
		f, err := FS.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		list, err := exchange.DecodeExchangeInfo(products[name], f)
		f.Close()
		if err != nil || len(list) != len(want[name]) {
			t.Fatalf("%s: %d instruments, %v", name, len(list), err)
		}
		for i := range list {
			in := &list[i]
			if got := figures(in); got != want[name][i] {
				t.Errorf("%s: got %q, want %q", name, got, want[name][i])
			}
			if in.Status != exchange.StatusTrading || in.Delivery != 0 || len(in.OrderTypes) < 7 || len(in.TimesInForce) < 4 ||
				in.PercentUp == 0 || in.OrdersMax != 200 || in.MarketLot.Step != in.Lot.Step || in.MarketLot.Max > in.Lot.Max {
				t.Errorf("%s: %s lacks a rule: %+v", name, in.Name(), in)
			}
		}
	}
}

func figures(in *exchange.Instrument) string {
	s := []string{in.Name(), "tick", in.Tick.String(), "step", in.Lot.Step.String(), "min", in.NotionalMin.String()}
	if in.Inverse() {
		s = append(s, "size", in.ContractSize.String())
	}
	return strings.Join(s, " ")
}
