package preflight_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/papi"
	"github.com/pmbot/pmbot/exchange/papi/preflight"
	"github.com/pmbot/pmbot/riskguard/margin"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

func d(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func instant(s string) exchange.Time {
	at, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return exchange.Time(at.UnixNano())
}

// healthy is an account that nothing is wrong with: 10,000 USDT in the margin wallet, a long
// UM position of 0.1 BTC bought at 60,000, now at 61,000, and nothing else.
func healthy(t *testing.T) (*preflight.Facts, *preflight.Want) {
	t.Helper()
	ins, err := exchange.NewInstruments(
		exchange.Instrument{Product: exchange.UM, Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT", MarginAsset: "USDT", ContractSize: exchange.FixedOne, Tick: exchange.MustFixed("0.1"), Status: exchange.StatusTrading},
		exchange.Instrument{Product: exchange.Margin, Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT", MarginAsset: "USDT", ContractSize: exchange.FixedOne, Tick: exchange.MustFixed("0.01"), Status: exchange.StatusTrading},
	)
	if err != nil {
		t.Fatal(err)
	}
	f := &preflight.Facts{At: instant("2026-11-20")}
	f.Offset.Value = 12 * time.Millisecond
	f.Key.Value = papi.KeyRestrictions{
		IPRestrict: true, CreateTime: instant("2026-03-01"), EnableReading: true, EnablePortfolioMarginTrading: true,
	}
	f.Info.Value.IsPortfolioMarginRetailEnabled = true
	f.Portfolio.Value.AccountType = "PM_2"
	f.Balances.Value = []papi.Balance{{Asset: "USDT", CrossMarginFree: d("10000")}}
	f.UM.Value = []papi.UMPosition{{Symbol: "BTCUSDT", PositionSide: "BOTH", PositionAmt: d("0.1"), EntryPrice: d("60000"), MarkPrice: d("61000")}}
	f.UMBrackets.Value = []papi.UMBrackets{{Symbol: "BTCUSDT", Brackets: []papi.UMBracket{
		{InitialLeverage: 125, NotionalCap: d("1000000"), MaintMarginRatio: d("0.01")},
	}}}
	f.Rates.Value = []papi.CollateralRate{{Asset: "USDT", CollateralRate: d("1")}}
	f.Leverages.Value = []papi.AssetLeverage{{Asset: "USDT", Leverage: 10}}
	f.Indexes.Value = []papi.AssetIndexPrice{{Asset: "USDT", AssetIndexPrice: d("1")}, {Asset: "BTC", AssetIndexPrice: d("61000")}}
	// 10,000 and 100 of profit; 6,100 times 1%; 10,100 over 61.
	f.Account.Value = papi.Account{
		UniMMR: d("165.57377049"), AccountEquity: d("10100"), ActualEquity: d("10100"), AccountMaintMargin: d("61"), AccountStatus: "NORMAL",
	}
	f.ListenKey.Value = "listening"
	return f, &preflight.Want{OrderPrefix: "pmb-", Instruments: ins}
}

// refusal is what papi answers to a key that it does not take.
func refusal(code int, http int) error {
	return &papi.Error{Endpoint: "GET /papi/v1/account", HTTP: http, Code: code, Msg: "its message", Outcome: papi.Refused}
}

var errSocket = errors.New("connection refused")

// cases change a healthy account so that one check finds something.
var cases = []struct {
	name   string
	change func(*preflight.Facts, *preflight.Want)
}{
	{"all is well", func(*preflight.Facts, *preflight.Want) {}},
	{"the exchange cannot be reached", func(f *preflight.Facts, _ *preflight.Want) { f.Offset.Err = errSocket }},
	{"clock a second ahead", func(f *preflight.Facts, _ *preflight.Want) { f.Offset.Value = -1200 * time.Millisecond }},
	{"clock drifts", func(f *preflight.Facts, _ *preflight.Want) { f.Offset.Value = 700 * time.Millisecond }},
	{"key mangled", func(f *preflight.Facts, _ *preflight.Want) { f.Key.Err = refusal(-2014, 401) }},
	{"secret of another key", func(f *preflight.Facts, _ *preflight.Want) { f.Key.Err = refusal(-1022, 400) }},
	{"key deleted, or wrong address", func(f *preflight.Facts, _ *preflight.Want) { f.Key.Err = refusal(-2015, 401) }},
	{"address banned", func(f *preflight.Facts, _ *preflight.Want) { f.Key.Err = refusal(-1003, 418) }},
	{"no answer about the key", func(f *preflight.Facts, _ *preflight.Want) { f.Key.Err = errSocket }},
	{"key may not read", func(f *preflight.Facts, _ *preflight.Want) { f.Key.Value.EnableReading = false }},
	{"key from before Portfolio Margin", func(f *preflight.Facts, w *preflight.Want) {
		f.Key.Value.EnablePortfolioMarginTrading, f.Trade.Err, w.Activated = false, refusal(-2015, 401), instant("2026-04-01")
	}},
	{"right to trade not ticked", func(f *preflight.Facts, _ *preflight.Want) {
		f.Key.Value.EnablePortfolioMarginTrading, f.Trade.Err = false, refusal(-2015, 401)
	}},
	{"right to trade frozen", func(f *preflight.Facts, _ *preflight.Want) { f.Trade.Err = refusal(-2015, 401) }},
	{"futures right there", func(f *preflight.Facts, _ *preflight.Want) { f.Key.Value.EnableFutures = true }},
	{"key may withdraw", func(f *preflight.Facts, _ *preflight.Want) { f.Key.Value.EnableWithdrawals = true }},
	{"key may transfer", func(f *preflight.Facts, _ *preflight.Want) { f.Key.Value.PermitsUniversalTransfer = true }},
	{"key bound to no address", func(f *preflight.Facts, _ *preflight.Want) { f.Key.Value.IPRestrict = false }},
	{"key's trading right runs out", func(f *preflight.Facts, _ *preflight.Want) {
		f.Key.Value.IPRestrict, f.Key.Value.TradingAuthorityExpirationTime = false, instant("2026-12-01")
	}},
	{"not in Portfolio Margin", func(f *preflight.Facts, _ *preflight.Want) {
		f.Info.Value.IsPortfolioMarginRetailEnabled, f.Portfolio.Value.AccountType = false, ""
		f.Account.Err, f.Trade.Err = refusal(-2015, 401), refusal(-2015, 401)
	}},
	{"Portfolio Margin Pro", func(f *preflight.Facts, _ *preflight.Want) { f.Portfolio.Value.AccountType = "PM_1" }},
	{"Portfolio Margin Pro SPAN", func(f *preflight.Facts, _ *preflight.Want) { f.Portfolio.Value.AccountType = "PM_3" }},
	{"a kind that nobody knows", func(f *preflight.Facts, _ *preflight.Want) { f.Portfolio.Value.AccountType = "PM_9" }},
	{"delta mode on", func(f *preflight.Facts, _ *preflight.Want) { f.Delta.Value = true }},
	{"UM and CM in different modes", func(f *preflight.Facts, _ *preflight.Want) { f.CMHedge.Value = true }},
	{"another mode than configured", func(_ *preflight.Facts, w *preflight.Want) { w.HedgeMode = true }},
	{"reduce-only", func(f *preflight.Facts, _ *preflight.Want) { f.Account.Value.AccountStatus = "REDUCE_ONLY" }},
	{"uniMMR at the call", func(f *preflight.Facts, _ *preflight.Want) { f.Account.Value.UniMMR = d("1.19") }},
	{"uniMMR near the call", func(f *preflight.Facts, _ *preflight.Want) { f.Account.Value.UniMMR = d("1.9") }},
	{"another equity than ours", func(f *preflight.Facts, _ *preflight.Want) { f.Account.Value.AccountEquity = d("10400") }},
	{"nearly another equity", func(f *preflight.Facts, _ *preflight.Want) { f.Account.Value.AccountEquity = d("10200") }},
	{"a position of a stranger", func(f *preflight.Facts, _ *preflight.Want) {
		f.UM.Value = append(f.UM.Value, papi.UMPosition{Symbol: "DOGEUSDT", PositionSide: "BOTH", PositionAmt: d("-7")})
	}},
	{"an asset without price", func(f *preflight.Facts, _ *preflight.Want) {
		f.Balances.Value = append(f.Balances.Value, papi.Balance{Asset: "BNB", CrossMarginFree: d("1")})
	}},
	{"brackets not answered", func(f *preflight.Facts, _ *preflight.Want) {
		f.UMBrackets = preflight.Fact[[]papi.UMBrackets]{Err: errSocket}
	}},
	{"orders of others", func(f *preflight.Facts, _ *preflight.Want) {
		f.Orders.Value = []preflight.Resting{
			{List: "UM", Symbol: "BTCUSDT", ClientID: "pmb-1"}, {List: "margin", Symbol: "BTCUSDT", ClientID: "web_1"},
			{List: "UM algo", Symbol: "BTCUSDT", ClientID: "web_2"}, {List: "CM", Symbol: "BTCUSD_PERP", ClientID: "web_3"},
			{List: "CM conditional", Symbol: "BTCUSD_PERP", ClientID: "web_4"},
		}
	}},
	{"flat, in debt", func(f *preflight.Facts, _ *preflight.Want) {
		f.UM.Value, f.Balances.Value[0].CrossMarginBorrowed = nil, d("12.5")
	}},
	{"flat", func(f *preflight.Facts, _ *preflight.Want) {
		f.UM.Value = nil
		f.Account.Value = papi.Account{UniMMR: d("99999999"), AccountEquity: d("10000"), ActualEquity: d("10000"), AccountStatus: "NORMAL"}
	}},
	{"fees in BNB without BNB", func(f *preflight.Facts, _ *preflight.Want) { f.Burn.Value = true }},
	{"fees in BNB", func(f *preflight.Facts, _ *preflight.Want) {
		f.Burn.Value = true
		f.Balances.Value = append(f.Balances.Value, papi.Balance{Asset: "BNB", UMWalletBalance: d("0.5")})
		f.Rates.Value = append(f.Rates.Value, papi.CollateralRate{Asset: "BNB", CollateralRate: d("0.95")})
		f.Indexes.Value = append(f.Indexes.Value, papi.AssetIndexPrice{Asset: "BNB", AssetIndexPrice: d("600")})
	}},
	{"more than a model can hold", func(f *preflight.Facts, _ *preflight.Want) {
		f.Balances.Value[0].CrossMarginFree = d("1e30")
	}},
	{"tables all read", func(f *preflight.Facts, w *preflight.Want) {
		um := w.Instruments.At(1)
		w.Instruments, _ = exchange.NewInstruments(*um)
		f.UMFees = &preflight.Fact[papi.CommissionRate]{Value: papi.CommissionRate{Symbol: "BTCUSDT", TakerCommissionRate: d("0.0004")}}
	}},
	{"no user stream", func(f *preflight.Facts, _ *preflight.Want) { f.ListenKey.Err = refusal(-2015, 401) }},
}

// TestVerdicts prints what changes against the healthy account, and shows every verdict that
// the package has at least once.
func TestVerdicts(t *testing.T) {
	var out strings.Builder
	seen := map[string]bool{}
	sound := map[preflight.Verdict]bool{}
	for i, c := range cases {
		f, w := healthy(t)
		c.change(f, w)
		list := preflight.Examine(f, w)
		fmt.Fprintf(&out, "%s: %s\n", c.name, map[bool]string{false: "may trade", true: "may not trade"}[preflight.Failed(list)])
		for _, v := range list {
			seen[v.ID] = true
			if i == 0 {
				sound[v] = true
			} else if sound[v] {
				continue
			}
			fmt.Fprintf(&out, "  %v %s [%s]: %s\n", v.Level, v.Check, v.ID, v.Found)
			if v.Cure != "" {
				fmt.Fprintf(&out, "    cure: %s\n", v.Cure)
			}
		}
	}
	golden(t, "testdata/verdicts.txt", out.String())
	for _, id := range verdictIDs(t) {
		if !seen[id] {
			t.Errorf("no case shows the verdict %q", id)
		}
	}
}

// verdictIDs are all that the source makes.
func verdictIDs(t *testing.T) []string {
	t.Helper()
	var ids []string
	for _, file := range []string{"key.go", "account.go", "compute.go", "examine.go"} {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\b(?:ok|warn|fail)\("([a-z-]+)"`).FindAllStringSubmatch(string(source), -1) {
			ids = append(ids, m[1])
		}
	}
	if len(ids) < 40 {
		t.Errorf("only %d verdicts were found in the source", len(ids))
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// TestUnknownForbids says that a question without an answer never lets anybody trade.
func TestUnknownForbids(t *testing.T) {
	for _, forget := range []func(*preflight.Facts){
		func(f *preflight.Facts) { f.Key.Err = errSocket }, func(f *preflight.Facts) { f.Portfolio.Err = errSocket },
		func(f *preflight.Facts) { f.Delta.Err = errSocket }, func(f *preflight.Facts) { f.Trade.Err = errSocket }, func(f *preflight.Facts) { f.Account.Err = errSocket },
		func(f *preflight.Facts) { f.Balances.Err = errSocket }, func(f *preflight.Facts) { f.UMHedge.Err = errSocket },
		func(f *preflight.Facts) { f.CMHedge.Err = errSocket }, func(f *preflight.Facts) { f.Burn.Err = errSocket },
		func(f *preflight.Facts) { f.UM.Err = errSocket }, func(f *preflight.Facts) { f.CM.Err = errSocket },
		func(f *preflight.Facts) { f.Orders.Err = errSocket }, func(f *preflight.Facts) { f.ListenKey.Err = errSocket },
		func(f *preflight.Facts) { f.Indexes.Err = errSocket }, func(f *preflight.Facts) { f.Offset.Err = errSocket },
	} {
		f, w := healthy(t)
		forget(f)
		if !preflight.Failed(preflight.Examine(f, w)) {
			t.Errorf("trading is allowed with unknowns: %+v", preflight.Examine(f, w))
		}
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *rewrite {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; look at the difference after -rewrite:\n%s", file, got)
	}
}

// TestLeverages: the model has the leverage that the account has set, and says where Binance
// did not tell it.
func TestLeverages(t *testing.T) {
	f, w := healthy(t)
	f.UMSymbols.Value = []papi.SymbolConfig{{Symbol: "BTCUSDT", Leverage: 7}}
	f.CMSide.Value.Positions = []papi.CMAccountPosition{{Symbol: "BTCUSDT", Leverage: 3}}
	told := func() (leverage int, warned bool) {
		tables := f.Tables()
		p, err := margin.New(w.Instruments, tables)
		if err != nil {
			t.Fatal(err)
		}
		warned = slices.ContainsFunc(tables.Warnings(w.Instruments, nil), func(line string) bool {
			return strings.HasPrefix(line, "symbol leverage: 20 where Binance did not tell it")
		})
		return p.Leverage(1), warned
	}
	if leverage, warned := told(); leverage != 7 || warned {
		t.Errorf("leverage %d, a warning is %v", leverage, warned)
	}
	f.UMSymbols.Value, f.UMSymbols.Err = nil, errSocket
	if leverage, warned := told(); leverage != 20 || !warned {
		t.Errorf("leverage that is not told is %d, a warning is %v", leverage, warned)
	}
}
