package stream

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the golden files of testdata")

// every returns every stream that the table has for some symbols, in the table's order.
func every(subjects map[subject][]string) []Stream {
	var list []Stream
	for _, r := range table {
		bases := []Stream{}
		if r.all != "" {
			bases = append(bases, Stream{Product: r.on, Kind: r.kind})
		}
		for _, symbol := range subjects[r.of] {
			if r.on == cm && r.of == symbols {
				symbol = strings.TrimSuffix(symbol, "T") + "_PERP"
			}
			if r.on == cm && r.of == pairs {
				symbol = strings.TrimSuffix(symbol, "T")
			}
			bases = append(bases, Stream{Product: r.on, Kind: r.kind, Symbol: symbol})
		}
		for _, s := range bases {
			for _, s := range withDetails(&r, s) {
				list = append(list, s)
				for _, d := range r.speeds {
					if s.Speed = d; d != 0 {
						list = append(list, s)
					}
				}
			}
		}
	}
	return list
}

// withDetails returns s with all intervals, contracts and levels of its kind.
func withDetails(r *row, s Stream) (list []Stream) {
	switch {
	case s.Kind == PartialDepth:
		for _, s.Levels = range []int{5, 10, 20} {
			list = append(list, s)
		}
	case r.klines != noKline:
		for _, s.Interval = range intervals {
			if !r.klines.has(s.Interval) {
				continue
			}
			if s.Kind != ContinuousKline {
				list = append(list, s)
				continue
			}
			for _, s.Contract = range contracts {
				if hasContract(s.Product, s.Contract) {
					list = append(list, s)
				}
			}
		}
	default:
		list = append(list, s)
	}
	return list
}

// TestTable is golden text: every stream of one symbol, with what the package says of it.
// Read the diff after -rewrite against Binance's documentation.
func TestTable(t *testing.T) {
	var b strings.Builder
	for _, s := range every(map[subject][]string{symbols: {"BTCUSDT"}, pairs: {"BTCUSDT"}, assets: {"BTCUSD"}, either: {"BTCUSD_PERP", "BTCUSD"}}) {
		if s.Interval != "" && s.Interval != "1s" && s.Interval != "1m" && s.Interval != "1M" {
			continue // the property test has them
		}
		kind := "-"
		if k := s.EventKind(); k != 0 {
			kind = k.String()
		}
		fmt.Fprintf(&b, "%-45v %-7v every %-5s silent %-6s %s\n", s, s.Route(), brief(s.Cadence()), brief(s.Silence()), kind)
	}
	golden(t, "table.txt", b.String())
}

// brief prints a duration, and 0 as "-".
func brief(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	return strings.TrimSuffix(strings.Replace(d.String(), "m0s", "m", 1), "s0s")
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *rewrite {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(want), "\n")
	for i, line := range strings.Split(got, "\n") {
		if i >= len(lines) || line != lines[i] {
			t.Fatalf("%s:%d differs; -rewrite and read the diff. Got:\n%s", path, i+1, line)
		}
	}
	if got != string(want) {
		t.Fatalf("%s has more lines than were got", path)
	}
}

// TestRoundTrip holds, over the whole table and for symbols of several alphabets, that a
// stream passes Check, that its name is its own, and that the name gives it back.
func TestRoundTrip(t *testing.T) {
	list := every(map[subject][]string{
		symbols: {"BTCUSDT", "BTCUSDT_261225", "1000SHIBUSDT", "币安人生USDT", "龙虾USDC", "ÉSSAIUSDT"},
		pairs:   {"BTCUSDT", "币安人生USDT"}, assets: {"BTCUSD", "龙虾USD"}, either: {"BTCUSD_PERP", "BTCUSD_261225", "BTCUSD", "BTCUSDT"},
	})
	seen := map[string]Stream{}
	for _, s := range list {
		if err := s.Check(); err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[s.String()]; ok && other != s {
			t.Fatalf("%+v and %+v are both called %v", s, other, s)
		}
		seen[s.String()] = s
		if got, err := Parse(s.Product, s.Name()); err != nil || got != s {
			t.Fatalf("%v: %+v, %v, want %+v", s, got, err, s)
		}
		if s.Route().Product() != s.Product {
			t.Fatalf("%v comes on %v", s, s.Route())
		}
	}
	t.Logf("%d streams", len(seen))
}

// TestRefusals is golden text: names that there are not, and what each is told.
func TestRefusals(t *testing.T) {
	path := filepath.Join("testdata", "refusals.txt")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || strings.HasPrefix(line, "->") || strings.HasPrefix(line, "#") {
			if !strings.HasPrefix(line, "->") {
				b.WriteString(line + "\n")
			}
			continue
		}
		word, name, _ := strings.Cut(line, " ")
		p, err := exchange.ParseProduct(word)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Parse(p, name)
		if err == nil {
			t.Errorf("%s: want an error", line)
		}
		if s != (Stream{}) {
			t.Errorf("%s: %+v was left behind", line, s)
		}
		fmt.Fprintf(&b, "%s\n-> %v\n", line, err)
	}
	golden(t, "refusals.txt", b.String())
}

// TestCheck refuses values that no name gives.
func TestCheck(t *testing.T) {
	btc := Stream{Product: um, Kind: Depth, Symbol: "BTCUSDT"}
	for _, c := range []struct {
		change func(*Stream)
		want   string
	}{
		{func(s *Stream) { s.Product = 0 }, "stream depth of \"BTCUSDT\" on Product(0): it is of UM and CM and MARGIN only"},
		{func(s *Stream) { s.Kind = 0 }, "there is no such kind of stream"},
		{func(s *Stream) { s.Kind = TradingSession + 1 }, "there is no such kind of stream"},
		{func(s *Stream) { s.Kind = ContractInfo }, "is of all symbols: leave the symbol empty"},
		{func(s *Stream) { s.Symbol = "" }, "needs a symbol"},
		{func(s *Stream) { s.Symbol = strings.Repeat("A", 65) }, "longer than 64 bytes"},
		{func(s *Stream) { s.Symbol = "A\xff" }, "not UTF-8"},
		{func(s *Stream) { s.Symbol = "btcusdt" }, "not in capitals: want BTCUSDT"},
		{func(s *Stream) { s.Symbol = "BTC USDT" }, "has ' ' in it"},
		{func(s *Stream) { s.Symbol = "BTC@USDT" }, "has '@' in it"},
		{func(s *Stream) { s.Symbol = "BTC\u0007USDT" }, "in it"},
		{func(s *Stream) { s.Interval = "1m" }, "which only klines have"},
		{func(s *Stream) { s.Contract = "perpetual" }, "which only continuousKline has"},
		{func(s *Stream) { s.Levels = 5 }, "which only partialDepth has"},
		{func(s *Stream) { s.Kind = PartialDepth }, "has 0 levels; there are 5, 10 and 20"},
		{func(s *Stream) { s.Speed = 250 * ms }, "comes every 250ms by default: leave the speed 0"},
		{func(s *Stream) { s.Speed = -5 }, "has no speed -5ns; besides the default of 250ms there are 100ms, 500ms, 0ms"},
		{func(s *Stream) { s.Kind, s.Levels, s.Speed = PartialDepth, 5, RealTime }, "has no speed 0ms; besides the default of 250ms there are 100ms, 500ms"},
		{func(s *Stream) { s.Kind, s.Speed = AggTrade, sec }, "has no speed 1s: there is no choice"},
		{func(s *Stream) { s.Kind, s.Interval = ContinuousKline, "1m" }, "has no contract \"\"; there are tradifi_perpetual, perpetual"},
		{func(s *Stream) { s.Kind, s.Symbol, s.Speed = ContractInfo, "", sec }, "has no speed 1s: there is no choice"},
		{func(s *Stream) { s.Kind, s.Symbol, s.Interval = BookTicker, "", "1m" }, "which only klines have"},
	} {
		s := btc
		c.change(&s)
		err := s.Check()
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %s", s, err, c.want)
		}
		_, _, _, _ = s.String(), s.Route(), s.Cadence(), s.Silence() // say something of anything
	}
	if err := btc.Check(); err != nil {
		t.Error(err)
	}
}

// TestKinds holds that every kind has a name of its own and a row, and that nothing else has.
func TestKinds(t *testing.T) {
	seen := map[string]bool{}
	for k := AggTrade; k <= TradingSession; k++ {
		if seen[k.String()] || strings.Contains(k.String(), "(") {
			t.Errorf("kind %d is called %v", k, k)
		}
		seen[k.String()] = true
		if _, ok := find(um, k); !ok {
			if _, ok = find(cm, k); !ok {
				t.Errorf("%v has no row", k)
			}
		}
	}
	for i, r := range table {
		for _, other := range table[:i] {
			if r.on == other.on && r.kind == other.kind {
				t.Errorf("two rows for %v of %v", r.kind, r.on)
			}
		}
	}
	if Kind(0).String() != "Kind(0)" || Kind(99).String() != "Kind(99)" || Route(0).String() != "Route(0)" || Route(9).String() != "Route(9)" {
		t.Error("names of nothing")
	}
}

// FuzzParse looks for panics, and for a name that is taken and not given back.
func FuzzParse(f *testing.F) {
	for _, s := range every(map[subject][]string{symbols: {"BTCUSDT"}, pairs: {"BTCUSDT"}, assets: {"BTCUSD"}, either: {"BTCUSD"}}) {
		f.Add(uint8(s.Product), s.Name())
	}
	f.Fuzz(func(t *testing.T, p uint8, name string) {
		s, err := Parse(exchange.Product(p), name)
		switch {
		case err != nil && s != Stream{}:
			t.Fatalf("%q: %v and %v", name, s, err)
		case err != nil:
		case s.Name() != name || s.Check() != nil || s.Product != exchange.Product(p):
			t.Fatalf("%q gives %v: %v", name, s, s.Check())
		}
	})
}
