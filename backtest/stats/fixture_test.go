package stats

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
)

// readRun reads a run from a text of lines that say themselves what they are; the words of
// each are explained in the files.
func readRun(t *testing.T, path string) *backtest.Result {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r := &backtest.Result{}
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		words := strings.Fields(lines.Text())
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		if err := readLine(r, words[0], words[1:]); err != nil {
			t.Fatalf("%s:%d: %v", path, n, err)
		}
	}
	if len(r.Equity) > 0 {
		r.From, r.To = r.Equity[0].At, r.Equity[len(r.Equity)-1].At
	}
	return r
}

func readLine(r *backtest.Result, kind string, w []string) (err error) {
	defer func() {
		if failed := recover(); failed != nil {
			err = fmt.Errorf("%s: %v", kind, failed)
		}
	}()
	switch kind {
	case "leg":
		product, err := exchange.ParseProduct(w[1])
		if err != nil {
			return err
		}
		r.Legs = append(r.Legs, backtest.Leg{Inst: exchange.InstrumentID(number(w[0])), Product: product, Symbol: w[2], Base: w[3]})
	case "trade", "open":
		row := backtest.TradeRow{Strategy: w[0], Side: exchange.Buy, From: instant(w[2]), To: instant(w[3]), Open: kind == "open", Price: usd(w[4]), Fees: usd(w[5]),
			Funding: usd(w[6]), Slippage: usd(w[7]), Volume: usd(w[8])}
		row.Net = row.Price.Add(row.Fees).Add(row.Funding)
		if w[1] == "SELL" {
			row.Side = exchange.Sell
		}
		if forced, err := exchange.ParseForcedKind(w[9]); err == nil {
			row.Forced = forced
		} else if w[9] != "-" {
			row.ExitTag = w[9]
		}
		r.Trades.Add(&row)
	case "total":
		r.Total = backtest.Line{Turnover: usd(w[0]), Price: usd(w[1]), Fees: usd(w[2]), Funding: usd(w[3]), Interest: usd(w[4]), Slippage: usd(w[5]), Net: usd(w[6]), NetPct: usd(w[7])}
	case "settlement":
		r.Settlements = append(r.Settlements, backtest.Settlement{At: instant(w[0]), Asset: "USDT", Amount: usd(w[1]), USD: usd(w[1])})
	case "fee", "interest":
		reason := map[string]exchange.Reason{"fee": exchange.ReasonCommission, "interest": exchange.ReasonInterest}[kind]
		r.Ledger.Add(&backtest.LedgerRow{At: instant(w[0]), Asset: "USDT", Reason: reason, Delta: usd(w[1]), USD: usd(w[1])})
	default:
		return readAccount(r, kind, w)
	}
	return nil
}

func readAccount(r *backtest.Result, kind string, w []string) error {
	switch o, m := &r.Orders, &r.Margin; kind {
	case "orders":
		o.Intents, o.Sent, o.Canceled, o.Expired, o.Unknown, o.OpenAtEnd = number(w[0]), number(w[1]), number(w[2]), number(w[3]), number(w[4]), number(w[5])
	case "fills":
		for i := range number(w[0]) + number(w[1]) {
			r.Fills.Add(&backtest.FillRow{Fill: exchange.Fill{Maker: i < number(w[0])}})
		}
		o.Fills, o.MakerPct = r.Fills.Len(), "-"
		if o.Fills > 0 {
			o.MakerPct = fmt.Sprintf("%.1f", 100*float64(number(w[0]))/float64(o.Fills))
		}
	case "refused":
		o.ByRule = append(o.ByRule, backtest.RuleCount{Rule: w[0], Count: number(w[1])})
		o.Refused += number(w[1])
	case "rejected":
		o.ByReason = append(o.ByReason, backtest.ReasonCount{Code: number(w[0]), Count: number(w[1])})
		o.Rejected += number(w[1])
	case "margin":
		m.UniMMRMin, m.UniMMRMinAt = usd(w[0]), instant(w[1])
		m.Below20, m.Below15 = time.Duration(number(w[2]))*time.Hour, time.Duration(number(w[3]))*time.Hour
		m.Liquidations, m.ADL, m.HaircutWorst, m.Ladder.ReduceOnly = number(w[4]), number(w[5]), usd(w[6]), exchange.MustFixed(w[7])
	case "sample":
		s := backtest.Sample{At: instant(w[0]), Account: exchange.Account{Equity: usd(w[1]), ActualEquity: usd(w[2]), MaintMargin: usd(w[3]), UniMMR: usd(w[4])}, Held: usd(w[5])}
		for i, held := range w[6:] {
			if held != "0" {
				s.Exposure = append(s.Exposure, backtest.Exposure{Inst: exchange.InstrumentID(i + 1), USD: usd(held)})
			}
		}
		r.Equity = append(r.Equity, s)
	default:
		return fmt.Errorf("no line begins with %q", kind)
	}
	return nil
}

// The words of a line; one that cannot be read panics, and readLine tells of it.

func usd(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(err)
	}
	return n
}

func instant(s string) exchange.Time {
	if s == "-" {
		return 0
	}
	at, err := time.Parse("2006-01-02T15:04", s)
	if err != nil {
		panic(err)
	}
	return exchange.TimeOf(at)
}
