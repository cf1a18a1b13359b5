package report

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"charm.land/lipgloss/v2"
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

// golden compares with a file of testdata, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *rewrite {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (go test -rewrite, then read the diff); got\n%s", path, got)
	}
}

// hostile is a run whose every text tries to break out, with the widest numbers.
func hostile() *backtest.Result {
	const evil = "</script><script>alert(1)</script>\x1b[31m\x1b]0;x\a\"'><img src=x onerror=alert(1)>\u202e\r\nnet 999"
	r := fakeResult(3)
	r.ID, r.Hash, r.Config, r.Mode, r.Version = evil, evil, evil, evil, evil
	r.Strategies[0] = backtest.StrategyInfo{Label: evil, Name: evil, Version: evil, Params: map[string]string{evil: evil}}
	r.Legs[0].Symbol, r.Legs[0].Base, r.Legs[1].Base = evil, evil, evil
	r.Data[0].Symbol, r.Data[0].Kind, r.Data[0].Source, r.Data[0].Hash = evil, evil, evil, evil
	r.Warnings = append(r.Warnings, backtest.Warning{Kind: evil, Text: evil})
	r.ByStrategy[0].Name, r.ByLeg[0].Name, r.ByMonth[0].Name = evil, evil, evil
	r.ByLeg[1].Name, r.ByLeg[1].Net = "比特币永续合约", decimal.RequireFromString("-123456789012345.678")
	r.Orders.MakerPct, r.Orders.ByRule = evil, []backtest.RuleCount{{Rule: evil, Count: 1 << 40}}
	r.Funding[0].Symbol, r.Funding[0].Asset = evil, evil
	r.Balances[0].Asset, r.Open[0].Symbol, r.Open[0].Asset = evil, evil, evil
	r.Margin.Floors[0].Name = evil
	r.Prices[0].Symbol = evil
	r.Assets[0], r.Equity[0].Assets[0].Asset = evil, evil
	r.Settlements = append(r.Settlements, backtest.Settlement{At: fakeStart, Product: exchange.UM, Symbol: evil, Asset: evil})
	r.ByStrategyLeg[0].Name, r.ByStrategyLeg[0].Strategy = evil, evil
	r.Orders.ByReason[1].Reason = evil
	r.Limits[0] = backtest.LimitUse{Rule: evil, Key: evil, Limit: evil, Value: evil, Used: decimal.New(1, 0), At: fakeStart, Strategy: evil, Instrument: evil}
	r.Limits[4].Key = evil
	r.States[0].Scope, r.States[0].Spans[0].Reason, r.States[0].Spans[0].Cause = evil, evil, evil
	r.Stress[0].Why, r.Stress[0].Rows[1].Scenario, r.Stress[0].Rows[1].UniMMR = evil, evil, decimal.New(-9, 0)
	r.Trades.Add(&backtest.TradeRow{Strategy: evil, Product: exchange.UM, Symbol: evil, From: fakeStart, To: fakeStart, ExitTag: evil, EntryTag: evil})
	r.Refusals = []backtest.RefusalRow{{At: 1, Strategy: evil, Rule: evil, Text: evil, Tag: evil}}
	r.Fills.Add(&backtest.FillRow{At: fakeStart, Strategy: evil, Product: exchange.UM, Symbol: evil, Tag: evil,
		Fill: exchange.Fill{Side: exchange.Buy, Price: 1, Qty: exchange.FixedMax, FeeAsset: evil, ClientID: evil}})
	return r
}

// liquidated is a run that ended below zero.
func liquidated() *backtest.Result {
	r := fakeResult(24 * 20)
	last := &r.Equity[len(r.Equity)-1]
	last.Account.ActualEquity, last.Account.Equity = cents(-152_300), cents(-152_300)
	last.Account.UniMMR, last.Account.Status = decimal.New(-2, -1), exchange.StatusBankrupted
	r.Margin.UniMMRMin, r.Margin.UniMMRMinAt, r.Margin.Liquidations = last.Account.UniMMR, last.At, 1
	r.Margin.EquityMin, r.Margin.EquityEnd = cents(-152_300), cents(-152_300)
	r.Margin.DrawdownPct, r.Margin.DrawdownFrom, r.Margin.DrawdownTo = decimal.New(1015, -1), fakeStart.Add(time.Hour), last.At
	r.Margin.Below12 = time.Hour
	var forced backtest.FillRow
	for _, f := range r.Fills.All() {
		forced = *f
	}
	forced.At, forced.Forced, forced.Maker, forced.Tag = last.At, exchange.ForcedLiquidation, false, ""
	r.Fills.Add(&forced)
	return r
}

// refused is a run of which no wish passed.
func refused() *backtest.Result {
	const wishes = 40
	r := fakeFrame(24)
	r.Kind, r.Legs = backtest.KindBacktest, r.Legs[:1]
	r.ByStrategy, r.ByLeg = []backtest.Line{{Name: "carry-btc"}}, []backtest.Line{{Name: "UM BTCUSDT"}}
	r.Open, r.Strategies = nil, r.Strategies[:1]
	account := exchange.Account{Equity: cents(10_000_000), ActualEquity: cents(10_000_000), UniMMR: decimal.New(exchange.UniMMRMax, 0)}
	for h := range 24 {
		r.Equity = append(r.Equity, backtest.Sample{At: fakeStart.Add(time.Duration(h) * time.Hour), Account: account})
	}
	r.Margin.EquityMin, r.Margin.EquityMax, r.Margin.EquityEnd = account.Equity, account.Equity, account.Equity
	r.Orders = backtest.OrderSummary{Intents: wishes, Refused: wishes, MakerPct: "-",
		ByRule: []backtest.RuleCount{{Rule: "order-size", Count: wishes - 1}, {Rule: "price-collar", Count: 1}}}
	for i := range wishes {
		r.Refusals = append(r.Refusals, backtest.RefusalRow{At: fakeStart.Add(time.Duration(i) * time.Minute), Strategy: "carry-btc", Rule: "order-size",
			Text: "refused by order-size: notional 2500 USD, limit 0 USD, 0 of equity"})
	}
	r.Limits = []backtest.LimitUse{
		{Rule: "state"}, {Rule: "order-size", Key: "risk.order_notional_max_ratio", Limit: "0 of equity", Refused: wishes - 1},
		{Rule: "price-collar", Key: "risk.price_collar_limit", Limit: "0.01 beyond it", Refused: 1},
		{Rule: "freshness", Key: "risk.fresh_price", Limit: "at most 1s old"}, {Rule: "unimmr", Key: "risk.unimmr_min", Limit: "2"},
	}
	return r
}

// runs are the shapes of result that every output must survive.
func runs() map[string]*backtest.Result {
	quiet := fakeResult(1)
	quiet.Settlements, quiet.Funding, quiet.Refusals, quiet.Warnings = nil, nil, nil, nil
	quiet.Fills = backtest.RowsOf[backtest.FillRow]()
	quiet.Orders, quiet.Open, quiet.Margin.UniMMRMinAt = backtest.OrderSummary{}, nil, 0
	return map[string]*backtest.Result{
		"quarter": fakeResult(24 * 92), "days": fakeResult(24 * 20), "liquidated": liquidated(),
		"sample": quiet, "empty": {}, "hostile": hostile(), "refused": refused(),
	}
}

// shortRuns are runs without those whose large pages show nothing that others do not.
func shortRuns() map[string]*backtest.Result {
	all := runs()
	delete(all, "quarter")
	delete(all, "days")
	return all
}

func TestConsoleGolden(t *testing.T) {
	all := runs()
	for _, c := range []struct {
		name, run string
		opt       ConsoleOptions
	}{
		{"quarter.txt", "quarter", ConsoleOptions{Report: "runs/20261101T101500Z-3f9c2b1e/report.html"}},
		{"quarter-100.txt", "quarter", ConsoleOptions{Width: 100, Report: "runs/x/report.html"}},
		{"quarter-80.txt", "quarter", ConsoleOptions{Width: 80}},
		{"quarter-60.txt", "quarter", ConsoleOptions{Width: 60}},
		{"quarter-40.txt", "quarter", ConsoleOptions{Width: 40}},
		{"quarter-color.txt", "quarter", ConsoleOptions{Width: 140, Color: true}},
		{"days.txt", "days", ConsoleOptions{Width: 120}},
		{"liquidated.txt", "liquidated", ConsoleOptions{Width: 120}},
		{"sample.txt", "sample", ConsoleOptions{Width: 120}},
		{"refused.txt", "refused", ConsoleOptions{Width: 100}},
		{"empty.txt", "empty", ConsoleOptions{}},
		{"hostile.txt", "hostile", ConsoleOptions{Width: 100}},
	} {
		var b bytes.Buffer
		if err := Console(&b, all[c.run], c.opt); err != nil {
			t.Fatal(err)
		}
		golden(t, c.name, b.Bytes())
	}
}

// No line is wider than the terminal, down to the width at which names and net alone
// need the room, and none without color carries an escape.
func TestConsoleStaysWithinTheTerminal(t *testing.T) {
	for name, r := range runs() {
		for width := range 161 {
			if width%4 != 0 || width > 0 && width < 40 {
				continue // 0 is a pipe, where nothing is cut
			}
			var b bytes.Buffer
			if err := Console(&b, r, ConsoleOptions{Width: width}); err != nil {
				t.Fatal(err)
			}
			for _, line := range strings.Split(b.String(), "\n") {
				if strings.ContainsAny(line, "\x1b\a\r") || strings.ContainsRune(line, '\u202e') {
					t.Errorf("%s: control characters in %q", name, line)
				}
				if width > 0 && name != "hostile" && !strings.HasPrefix(line, "result ") && lipgloss.Width(line) > width {
					t.Errorf("%s at %d: line of %d columns: %s", name, width, lipgloss.Width(line), line)
				}
			}
		}
	}
}

type fullDisk struct{ room int }

func (d *fullDisk) Write(b []byte) (int, error) {
	if d.room -= len(b); d.room < 0 {
		return 0, os.ErrClosed
	}
	return len(b), nil
}

func TestConsoleReportsTheWritersError(t *testing.T) {
	if err := Console(&fullDisk{200}, fakeResult(3), ConsoleOptions{}); err == nil {
		t.Error("no error from a writer that failed")
	}
}

// A number stays in one piece with its groups and its unit, unless that is wider than a
// line.
func TestWordsKeepNumbersWhole(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		want  string
	}{
		{"equity 100 000.00 -> 102 997.01", 30, "equity|100 000.00|->|102 997.01"},
		{"UM BTCUSDT -62.26 k, never", 30, "UM|BTCUSDT|-62.26 k,|never"},
		{"at 2026-09-17 01:00 for 1 d 7 h", 30, "at|2026-09-17 01:00|for|1 d|7 h"},
		{"1 2 3 4 5 6 7 8", 5, "1 2 3|4 5 6|7 8"},
		{"position 1 k", 2, "position|1|k"},
		{"", 9, ""},
	} {
		if got := strings.Join(words(c.text, c.width), "|"); got != c.want {
			t.Errorf("%q at %d: %s, want %s", c.text, c.width, got, c.want)
		}
	}
}
