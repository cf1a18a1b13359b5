package exchange

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the golden files of testdata")

// sharedData returns the path of recorded data, or skips the test where there is none.
func sharedData(t *testing.T, elem ...string) string {
	t.Helper()
	root := os.Getenv("PMBOT_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "shared")
	}
	path := filepath.Join(append([]string{root}, elem...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("shared data not at hand: %v", err)
	}
	return path
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *rewrite {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; -rewrite and read the diff. Got:\n%s", path, got)
	}
}

func TestDecodeExchangeInfo(t *testing.T) {
	for name, p := range map[string]Product{
		"um": UM, "cm": CM, "margin": Margin, "broken_um": UM, "broken_cm": CM,
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", "exchangeinfo", name)
			f, err := os.Open(path + ".json")
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			list, err := DecodeExchangeInfo(p, f)
			var out strings.Builder
			for i := range list {
				fmt.Fprintf(&out, "%s\n", describe(&list[i]))
			}
			var bad SymbolErrors
			if err != nil && !errors.As(err, &bad) {
				t.Fatal(err)
			}
			for _, err := range bad {
				fmt.Fprintf(&out, "error: %v\n", err)
			}
			golden(t, path+".txt", out.String())
		})
	}
}

// describe prints every field of an instrument.
func describe(in *Instrument) string {
	return fmt.Sprintf(`%s: pair %s, %s/%s in %s, contract %q, status %q, size %v
  from %v to %v
  price %v..%v by %v, lot %v..%v by %v, market %v..%v by %v, notional %v, percent %v..%v
  orders %d, algo %d, protect %v, take bound %v, clearance %v
  %v %v`,
		in.Name(), in.Pair, in.Base, in.Quote, in.MarginAsset, in.ContractType, in.Status, in.ContractSize,
		in.Onboard, in.Delivery,
		in.PriceMin, in.PriceMax, in.Tick, in.Lot.Min, in.Lot.Max, in.Lot.Step, in.MarketLot.Min, in.MarketLot.Max,
		in.MarketLot.Step, in.NotionalMin, in.PercentDown, in.PercentUp,
		in.OrdersMax, in.AlgoOrdersMax, in.TriggerProtect, in.MarketTakeBound, in.LiquidationFee,
		in.OrderTypes, in.TimesInForce)
}

func TestNotExchangeInfo(t *testing.T) {
	for doc, want := range map[string]string{
		"":                                    "UM: not an exchangeInfo answer: unexpected end of JSON input",
		`{"symbols":[{}`:                      "UM: not an exchangeInfo answer: unexpected end of JSON input",
		`[]`:                                  "",
		`{"symbols":5}`:                       "",
		`{}`:                                  `UM: not an exchangeInfo answer: no "symbols"`,
		`{"code":-1003,"msg":"Too many \n."}`: `UM: not an exchangeInfo answer: error -1003: "Too many \n."`,
		`{"symbols":[]} trailing`:             "",
	} {
		list, err := DecodeExchangeInfo(UM, strings.NewReader(doc))
		if !errors.Is(err, ErrNotExchangeInfo) || list != nil || want != "" && err.Error() != want {
			t.Errorf("%s: %v, %v", doc, list, err)
		}
	}
	broken := errors.New("connection reset")
	if _, err := DecodeExchangeInfo(UM, io.MultiReader(strings.NewReader("{"), errReader{broken})); !errors.Is(err, broken) {
		t.Errorf("a failed read gave %v", err)
	}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

// TestSymbolErrors holds that the cause can be asked for and the text stays short.
func TestSymbolErrors(t *testing.T) {
	const bad = `{"symbol":"X%d","baseAsset":"X","quoteAsset":"Y","marginAsset":"Y","triggerProtect":"?"}`
	_, err := DecodeExchangeInfo(UM, strings.NewReader(`{"symbols":[`+fmt.Sprintf(bad, 1)+`,`+fmt.Sprintf(bad, 2)+`]}`))
	if !errors.Is(err, ErrNumberSyntax) {
		t.Errorf("the cause is lost: %v", err)
	}
	const want = `exchangeInfo of UM, symbol 1 "X1": triggerProtect: "?": not a decimal number (and 1 symbols more)`
	if err.Error() != want {
		t.Errorf("got  %v\nwant %v", err, want)
	}
}

// TestDecodeRealExchangeInfo reads recorded answers of 2021 to 2026 in full.
func TestDecodeRealExchangeInfo(t *testing.T) {
	plain := func(b []byte) []byte { return b }
	afterURL := func(b []byte) []byte { // "https://... -> 1626916402.988238: {...}"
		line, _, _ := bytes.Cut(b, []byte("\n"))
		return line[bytes.IndexByte(line, '{'):]
	}
	route := func(name string) func([]byte) []byte {
		return func(b []byte) []byte {
			var doc map[string][]struct{ Data json.RawMessage }
			if err := json.Unmarshal(b, &doc); err != nil {
				t.Fatal(err)
			}
			return doc[name][0].Data
		}
	}
	unzip := func(b []byte) []byte {
		z, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		b, err = io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, c := range []struct {
		path    string
		product Product
		symbols int
		cut     func([]byte) []byte
	}{
		{"data/um/rest_raw/noahark_2026-07/fapi-v1-exchangeInfo.json.gz", UM, 820, unzip},
		{"data/um/rest_raw/gct/recorded_fapi.json", UM, 25, route("/fapi/v1/exchangeInfo")},
		{"data/cm/rest_raw/gct/recorded_dapi.json", CM, 25, route("/dapi/v1/exchangeInfo")},
		{"data/um/ws_raw/cryptofeed_2021/BINANCE_FUTURES.0", UM, 122, afterURL},
		{"data/cm/ws_raw/cryptofeed_2021/BINANCE_DELIVERY.0", CM, 36, afterURL},
		{"fixtures/market/real2026_um_exchangeInfo_subset.json", UM, 5, plain},
		{"fixtures/market/real2025_cm_exchangeInfo_subset.json", CM, 2, plain},
		{"fixtures/market/rest_um_exchange_information.json", UM, 1, plain},
		{"fixtures/market/rest_cm_exchange_information.json", CM, 1, plain},
	} {
		t.Run(filepath.Base(c.path), func(t *testing.T) {
			b, err := os.ReadFile(sharedData(t, c.path))
			if err != nil {
				t.Fatal(err)
			}
			list, err := DecodeExchangeInfo(c.product, bytes.NewReader(c.cut(b)))
			if err != nil || len(list) != c.symbols {
				t.Fatalf("%d symbols, want %d: %v", len(list), c.symbols, err)
			}
			for i := range list {
				checkInstrument(t, &list[i])
				if in := &list[i]; in.Tick == 0 || in.Lot.Step == 0 || in.PercentUp == 0 || len(in.OrderTypes) == 0 {
					t.Errorf("a rule is missing: %s", describe(in))
				}
			}
			if _, err := NewInstruments(list...); err != nil {
				t.Error(err)
			}
		})
	}
}

func checkInstrument(t *testing.T, in *Instrument) {
	t.Helper()
	low := min(in.PriceMin, in.PriceMax, in.Tick, in.Lot.Min, in.Lot.Max, in.Lot.Step, in.MarketLot.Min, in.MarketLot.Max,
		in.MarketLot.Step, in.NotionalMin, in.PercentUp, in.PercentDown, in.TriggerProtect, in.MarketTakeBound, in.LiquidationFee)
	if low < 0 || in.OrdersMax < 0 || in.AlgoOrdersMax < 0 || in.Onboard < 0 || in.Delivery < 0 || in.ContractSize <= 0 ||
		in.Symbol == "" || in.Base == "" || in.Quote == "" || in.MarginAsset == "" {
		t.Errorf("no valid instrument: %s", describe(in))
	}
}

func FuzzDecodeExchangeInfo(f *testing.F) {
	files, err := filepath.Glob("testdata/exchangeinfo/*.json")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for i, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(i), b)
	}
	f.Fuzz(func(t *testing.T, product uint8, doc []byte) {
		p := Product(product%3) + UM
		list, err := DecodeExchangeInfo(p, bytes.NewReader(doc))
		var bad SymbolErrors
		if err != nil && !errors.As(err, &bad) && list != nil {
			t.Errorf("an unusable document gave instruments: %v", err)
		}
		for i := range list {
			checkInstrument(t, &list[i])
			if list[i].Product != p {
				t.Errorf("instrument of product %v in an answer of %v", list[i].Product, p)
			}
		}
		if _, err := NewInstruments(list...); err != nil {
			t.Error(err)
		}
	})
}
