package download

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// sharedArchives are archives of Binance's own, which are not part of the repository; the
// other tests do the same with archives of our making.
func sharedArchives(t *testing.T) files {
	dir := os.Getenv("PMBOT_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared")
	}
	dir = filepath.Join(dir, "data")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("shared data not at hand: set PMBOT_SHARED to its directory")
	}
	f := files{}
	for _, market := range []string{"um", "cm"} {
		below := filepath.Join(dir, market, "vision")
		for _, name := range treeOf(t, below) {
			content, err := os.ReadFile(filepath.Join(below, name))
			if err != nil {
				t.Fatal(err)
			}
			f["data/futures/"+market+"/"+name] = content
		}
	}
	return f
}

// TestShared downloads real archives from a server that breaks each once, and wants the
// tape of an import of them.
func TestShared(t *testing.T) {
	f := sharedArchives(t)
	s := newServer(f)
	trouble := &turns{s: s, hits: map[string]int{}}
	s.fault = trouble.fault
	coin := key(exchange.CM, "BTCUSD_PERP", row.AggTrades, 0)
	store := newTape(t)
	c := setup(t, s.open(t), store, "2026-05-08", "2026-05-09", coin)
	c.Now = func() exchange.Time { return at("2026-11-23") }
	sum, err := Run(t.Context(), c)
	if err != nil || sum.Imported != 1 {
		t.Fatalf("%+v, %v", sum, err)
	}
	c.Want, c.From, c.To = []row.Key{funding}, at("2026-04-01"), at("2026-04-01").Add(time.Hour)
	if sum, err = Run(t.Context(), c); err != nil || sum.Imported != 1 || sum.Rows != 90 {
		t.Fatalf("%+v, %v", sum, err)
	}
	if hashOf(store) != f.clean(t) {
		t.Error("the data differs from that of an import")
	}
	for path := range f {
		if !strings.HasSuffix(path, checksumSuffix) && s.asked[path] == 0 {
			t.Errorf("%s was not asked for", path)
		}
	}
}
