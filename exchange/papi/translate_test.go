package papi

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/exchange"
)

var rewrite = flag.Bool("rewrite", false, "write what comes out into testdata; read the diff")

// TestStreams translates the frames of text files and holds what comes out against what
// stands there. A line that begins with two blanks is an event of ours, or a notice.
func TestStreams(t *testing.T) {
	files, err := filepath.Glob("testdata/stream/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			got := playStream(t, string(want))
			if *rewrite {
				if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(want) {
				t.Errorf("other events; got\n%s", got)
			}
		})
	}
}

func playStream(t testing.TB, script string) string {
	var out strings.Builder
	tr := newTranslator(testInstruments(t))
	for line := range strings.Lines(strings.TrimSuffix(script, "\n")) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "  ") {
			continue
		}
		fmt.Fprintln(&out, line)
		switch f := strings.Fields(line); {
		case len(f) == 0 || f[0] == "#":
		case f[0] == "oco": // oco list: it is about to be sent
			limit, stop := exchange.OCOLegs(f[1])
			tr.oco(news{list: listOCO, inst: testMargin, clientID: f[1], status: exchange.StatusPendingNew, qty: exchange.FixedOne}, limit, stop)
		default:
			tr.counts.Events++
			event, err := parseEvent([]byte(line))
			if err == nil {
				err = tr.take(event)
			}
			if err != nil {
				tr.counts.Malformed++
				fmt.Fprintln(&out, "  error:", err)
			}
		}
		heard(&out, tr)
	}
	return out.String()
}

// heard prints what a translator has to tell, and takes it from it.
func heard(out *strings.Builder, tr *translator) {
	for i := range tr.out {
		fmt.Fprintln(out, "  "+printed(tr.ins, &tr.out[i]))
	}
	for _, n := range tr.notes {
		fmt.Fprintf(out, "  notice %v: %s\n", n.Kind, n.Text)
	}
	tr.out, tr.notes = nil, nil
}

// printed is an event on a line.
func printed(ins *exchange.Instruments, e *exchange.Event) string {
	where := ""
	if e.Inst != 0 {
		where = " " + ins.At(e.Inst).Name()
	}
	head := fmt.Sprintf("%v%s", e.Kind, where)
	if e.Exchange != 0 {
		head += fmt.Sprintf(" @%d", e.Exchange.Millis()%1_000_000)
	}
	switch e.Kind {
	case exchange.KindOrderUpdate:
		u := e.OrderUpdate()
		s := fmt.Sprintf("%s: %s #%d %v %v at %v, filled %v", head, u.ClientID, u.VenueID, u.Status, u.Qty, u.Price, u.Filled)
		if u.Child != "" {
			s += ", child " + u.Child
		}
		if u.Reason != "" || u.Code != 0 {
			s += fmt.Sprintf(", %d %s", u.Code, u.Reason)
		}
		if u.Retryable {
			s += ", retryable"
		}
		return s
	case exchange.KindFill:
		f := e.Fill()
		s := fmt.Sprintf("%s: %s #%d trade %d %v %v %v at %v, fee %v %s, realized %v", head, f.ClientID, f.VenueID, f.TradeID, f.Side, f.PositionSide, f.Qty, f.Price, f.Fee, f.FeeAsset, f.Realized)
		if f.Maker {
			s += ", maker"
		}
		if f.Forced != exchange.NotForced {
			s += ", forced " + f.Forced.String()
		}
		return s
	case exchange.KindLedger:
		l := e.Ledger()
		return fmt.Sprintf("%s: %s %v %v by %v to %v", head, l.Asset, l.Wallet, l.Reason, l.Delta, l.Balance)
	case exchange.KindAccount, exchange.KindRiskLevel:
		a := e.Account()
		return fmt.Sprintf("%s: %v, uniMMR %v, equity %v, actual %v, maintenance %v", head, a.Status, a.UniMMR, a.Equity, a.ActualEquity, a.MaintMargin)
	}
	return head
}

const (
	testUM exchange.InstrumentID = iota + 1
	testCM
	testMargin
)

func testInstruments(t testing.TB) *exchange.Instruments {
	t.Helper()
	um := exchange.Instrument{
		Product: exchange.UM, Symbol: "BTCUSDT", Pair: "BTCUSDT", Base: "BTC", Quote: "USDT", MarginAsset: "USDT",
		Status: exchange.StatusTrading, ContractSize: exchange.FixedOne, Tick: exchange.MustFixed("0.1"),
		Lot: exchange.Lot{Min: exchange.MustFixed("0.001"), Max: exchange.MustFixed("1000"), Step: exchange.MustFixed("0.001")},
	}
	cm, margin := um, um
	cm.Product, cm.Symbol, cm.Pair, cm.Quote, cm.MarginAsset, cm.ContractSize = exchange.CM, "BTCUSD_PERP", "BTCUSD", "USD", "BTC", exchange.MustFixed("100")
	margin.Product = exchange.Margin
	ins, err := exchange.NewInstruments(um, cm, margin)
	if err != nil {
		t.Fatal(err)
	}
	return ins
}
