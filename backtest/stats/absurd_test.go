package stats

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/raced"
)

// absurd invents results that no run has: in them nothing fits anything else.
type absurd struct{ *rand.Rand }

// money is often ordinary, and else at the ends of what a result file may hold.
func (a absurd) money() decimal.Decimal {
	switch a.IntN(12) {
	case 0:
		return decimal.Zero
	case 1:
		return decimal.New(a.Int64()-a.Int64(), 64)
	case 2:
		return decimal.New(a.Int64()-a.Int64(), -64)
	case 3:
		return decimal.RequireFromString(strings.Repeat("9", 64))
	case 4:
		return decimal.New(-1, 0)
	default:
		return decimal.New(a.Int64N(2_000_000)-200_000, -2)
	}
}

// time is mostly after the one before.
func (a absurd) time(before exchange.Time) exchange.Time {
	switch a.IntN(300) {
	case 0:
		return 0
	case 1:
		return exchange.Never
	case 2:
		return -exchange.Never
	case 3:
		return before
	case 4:
		return before - exchange.Time(a.Int64N(int64(100*day)))
	case 5:
		return exchange.Time(a.Int64())
	default:
		return before + exchange.Time(a.Int64N(int64(3*day)))
	}
}

func (a absurd) count() int { return a.IntN(100) - 10 }

func (a absurd) text() string {
	return []string{"", "x", "\x1b[31m", "\xff\xfe", "</script>", "untagged", "NaN", "-", "101", "86.9", "1e9999999"}[a.IntN(11)]
}

func (a absurd) line() backtest.Line {
	return backtest.Line{Name: a.text(), Turnover: a.money(), Price: a.money(), Fees: a.money(), Funding: a.money(), Interest: a.money(),
		Slippage: a.money(), Net: a.money(), NetPct: a.money()}
}

func (a absurd) result() *backtest.Result {
	r := &backtest.Result{ID: a.text(), From: a.time(start), To: a.time(start), Total: a.line(), ByStrategy: []backtest.Line{a.line()}}
	r.Orders = backtest.OrderSummary{Intents: a.count(), Sent: a.count(), Fills: a.count(), Rejected: a.count(), Refused: a.count(), MakerPct: a.text()}
	r.Margin = backtest.MarginSummary{UniMMRMin: a.money(), UniMMRMinAt: a.time(start), Below20: time.Duration(a.Int64()), HaircutWorst: a.money(), Liquidations: a.count()}
	r.Margin.Ladder.ReduceOnly = exchange.Fixed(a.Int64())
	for i := range a.IntN(4) {
		r.Legs = append(r.Legs, backtest.Leg{Inst: exchange.InstrumentID(a.IntN(4)), Product: exchange.Product(i%3 + 1), Base: a.text()})
	}
	at, sound, solvent := start, a.IntN(2) == 0, a.IntN(2) == 0
	for range a.IntN(200) {
		next := a.time(at)
		if sound {
			next = at.Add(time.Duration(a.Int64N(int64(day))) + 1)
		}
		at = next
		s := backtest.Sample{At: at, Held: a.money(), Account: exchange.Account{Equity: a.money(), ActualEquity: a.money(), MaintMargin: a.money(), UniMMR: a.money()}}
		if e := &s.Account.Equity; solvent && !e.IsPositive() {
			*e = e.Abs().Add(decimal.New(1, -64))
		}
		for range a.IntN(3) {
			s.Exposure = append(s.Exposure, backtest.Exposure{Inst: exchange.InstrumentID(a.IntN(6)), USD: a.money()})
		}
		r.Equity = append(r.Equity, s)
	}
	for range a.IntN(100) {
		r.Trades.Add(&backtest.TradeRow{Strategy: a.text(), Side: exchange.Side(a.IntN(4)), From: a.time(start), To: a.time(start), Open: a.IntN(5) == 0,
			Net: a.money(), ExitTag: a.text(), Forced: exchange.ForcedKind(a.IntN(6))})
	}
	return r
}

// sane holds what is promised of any result: each figure is a number or has a reason, what
// is listed is in order, and the document can be written and keeps its schema.
func sane(t *testing.T, r *backtest.Result) {
	t.Helper()
	s := Of(r)
	for _, g := range s.Groups {
		for _, i := range g.Items {
			if i.OK == (i.Reason != "") || !i.OK && !i.Number.IsZero() {
				t.Errorf("%s: %+v", i.Key, i.Value)
			}
			if text := i.Number.String(); len(text) > 400 {
				t.Errorf("%s has %d digits", i.Key, len(text))
			}
			if i.Unit == Ratio && i.Key != "unimmr_min" && i.Number.Abs().GreaterThan(decimal.New(1, 18)) {
				t.Errorf("%s is %v", i.Key, i.Number)
			}
			if i.Undefined == always && !i.OK {
				t.Errorf("%s should always have a value: %s", i.Key, i.Reason)
			}
		}
	}
	for i := 1; i < len(s.Months); i++ {
		if s.Months[i].From != s.Months[i-1].To || !s.Months[i].Start.Equal(s.Months[i-1].End) {
			t.Errorf("month %d does not begin where the one before ends", i)
		}
	}
	for i := 1; i < len(s.Days); i++ {
		if s.Days[i].From != s.Days[i-1].To || !s.Days[i].Start.Equal(s.Days[i-1].End) {
			t.Errorf("day %d does not begin where the one before ends", i)
		}
	}
	for i, f := range s.Falls {
		for _, g := range s.Falls[:i] {
			if g.Percent.LessThan(f.Percent) {
				t.Errorf("fall %d is deeper than one before it", i)
			}
			if f.Peak < g.Recovered && g.Peak < f.Recovered {
				t.Errorf("falls overlap: %v, %v", f, g)
			}
		}
	}
	if a, b := exitNet(s.Exits), exitNet(s.Reasons); !a.Equal(b) {
		t.Errorf("exits make %v, their reasons %v", a, b)
	}
	if _, err := json.Marshal(SummaryOf(r)); err != nil {
		t.Error(err)
	}
}

func exitNet(list []Exit) decimal.Decimal {
	sum := decimal.Zero
	for _, e := range list {
		sum = sum.Add(e.Net)
	}
	return sum
}

func FuzzOf(f *testing.F) {
	for seed := range uint64(raced.Fewer(60, 5)) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) { sane(t, absurd{rand.New(rand.NewPCG(seed, 5))}.result()) })
}

// TestAbsurdDocuments keeps the schema for results from damaged files.
func TestAbsurdDocuments(t *testing.T) {
	for seed := range uint64(30) {
		checkDocument(t, absurd{rand.New(rand.NewPCG(seed, 5))}.result())
	}
}

// TestManyReasons: an author who writes a price into every tag has a line for the fifty
// most frequent and one for the rest.
func TestManyReasons(t *testing.T) {
	r := &backtest.Result{}
	for i := range 60 {
		for range 1 + i/50 { // the last ten twice
			r.Trades.Add(&backtest.TradeRow{Strategy: "grid", ExitTag: fmt.Sprintf("at %03d", i), Net: decimal.New(int64(i-5), 0)})
		}
	}
	list := Of(r).Exits
	if len(list) != ReasonsMax+1 || list[0].Reason != "at 050" || list[0].Trades != 2 || list[10].Reason != "at 000" {
		t.Fatalf("%d lines: %+v", len(list), list)
	}
	// What is left are the tags 040 to 049, with nets of 35 to 44.
	rest := list[ReasonsMax]
	if rest.Reason != OtherReasons || rest.Trades != 10 || rest.Won != 10 || !rest.Net.Equal(decimal.New(395, 0)) {
		t.Errorf("the rest is %+v", rest)
	}
}
