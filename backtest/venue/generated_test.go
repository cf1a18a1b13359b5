package venue

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"

	generated "github.com/pmbot/pmbot/backtest/market"
	"github.com/pmbot/pmbot/exchange"
)

// trader is an account on a venue that a generated market feeds.
type trader struct {
	t      *testing.T
	v      *Venue
	m      *generated.Ticks
	buf    []exchange.Event
	at     exchange.Time
	orders map[string]exchange.OrderUpdate // the last news of each
	fills  map[string][]exchange.Fill
	ledger map[exchange.Reason][]exchange.LedgerEntry
	best   map[exchange.InstrumentID]exchange.BookTicker
	index  []exchange.Fixed // of the dated contract, in its last half hour
}

// The market of this test: UM, CM and spot of BTC, and dated contracts that are delivered
// at 08:00, when the perpetuals settle their funding.
const (
	genUM, genCM, genSpot, genDated = exchange.InstrumentID(1), exchange.InstrumentID(2), exchange.InstrumentID(3), exchange.InstrumentID(6)
)

func newTrader(t *testing.T) *trader {
	c := testConfig()
	c.Balances = []Balance{
		{exchange.WalletMargin, "USDT", decimal.NewFromInt(500_000)}, {exchange.WalletMargin, "BTC", decimal.NewFromInt(5)},
	}
	start := exchange.TimeOf(time.Date(2026, 1, 1, 7, 20, 0, 0, time.UTC))
	s := generated.TickSpec{Seed: 3, Start: start, Step: 500 * time.Millisecond}
	for _, id := range []exchange.InstrumentID{genUM, genCM, genSpot, genDated} {
		s.Legs = append(s.Legs, c.Instruments.At(id))
	}
	m, err := generated.NewTicks(s)
	if err != nil {
		t.Fatal(err)
	}
	tr := &trader{
		t: t, v: newVenue(t, c), m: m, buf: make([]exchange.Event, m.InstantMax()), at: start,
		orders: map[string]exchange.OrderUpdate{}, fills: map[string][]exchange.Fill{},
		ledger: map[exchange.Reason][]exchange.LedgerEntry{}, best: map[exchange.InstrumentID]exchange.BookTicker{},
	}
	tr.v.Start(start)
	return tr
}

// until lets the market go on.
func (tr *trader) until(end exchange.Time) {
	tr.t.Helper()
	for tr.at < end {
		n, err := tr.m.Next(tr.buf)
		if err != nil {
			tr.t.Fatal(err)
		}
		for i := range tr.buf[:n] {
			e := &tr.buf[i]
			tr.at = e.At
			switch e.Kind {
			case exchange.KindBookTicker:
				tr.best[e.Inst] = e.BookTicker()
			case exchange.KindMark:
				if e.Inst == genDated && tr.v.ins.At(genDated).Delivery.Sub(e.At) <= 30*time.Minute {
					tr.index = append(tr.index, e.Mark().Index)
				}
			}
			tr.v.Market(e)
			tr.read()
		}
	}
}

func (tr *trader) read() {
	for _, e := range tr.v.Events() {
		switch e.Kind {
		case exchange.KindOrderUpdate:
			tr.orders[e.OrderUpdate().ClientID] = *e.OrderUpdate()
		case exchange.KindFill:
			tr.fills[e.Fill().ClientID] = append(tr.fills[e.Fill().ClientID], *e.Fill())
		case exchange.KindLedger:
			tr.ledger[e.Ledger().Reason] = append(tr.ledger[e.Ledger().Reason], *e.Ledger())
		}
	}
}

func (tr *trader) send(name string, r exchange.OrderRequest) {
	tr.v.receive(exchange.Order{ID: exchange.OrderID(len(tr.orders) + 1), ClientID: name, Request: r}, false, tr.at)
	tr.read()
}

// TestGeneratedMarket trades on a market of ticks: takers get what stands, makers their
// turn, a hedge of UM against CM keeps its worth, funding comes at its time, and a dated
// contract is settled at the mean index.
func TestGeneratedMarket(t *testing.T) {
	tr := newTrader(t)
	delivery := tr.v.ins.At(genDated).Delivery
	tr.until(tr.at.Add(10 * time.Second))

	before := tr.best[genUM]
	tr.send("long", exchange.OrderRequest{Inst: genUM, Side: exchange.Buy, Type: exchange.Market, Qty: exchange.FixedOne})
	tr.send("short", exchange.OrderRequest{Inst: genCM, Side: exchange.Sell, Type: exchange.Market, Qty: 600 * exchange.FixedOne})
	tr.send("dated", exchange.OrderRequest{Inst: genDated, Side: exchange.Buy, Type: exchange.Market, Qty: exchange.FixedOne / 10})
	tr.send("patient", exchange.OrderRequest{
		Inst: genSpot, Side: exchange.Buy, Type: exchange.Limit, TimeInForce: exchange.GTX, Qty: exchange.FixedOne / 10, Price: tr.best[genSpot].Bid,
	})
	if tr.orders["patient"].Status != exchange.StatusWorking {
		t.Errorf("the patient order is %v at once", tr.orders["patient"].Status)
	}
	if f := tr.fills["long"]; len(f) == 0 || f[0].Price != before.Ask || f[0].Maker {
		t.Errorf("a market order met an ask of %v and filled %+v", before.Ask, f)
	}
	for _, name := range []string{"long", "short", "dated"} {
		tr.until(tr.at.Add(2 * time.Second))
		if tr.orders[name].Status != exchange.StatusFilled {
			t.Errorf("%s is %v", name, tr.orders[name].Status)
		}
	}
	tr.until(delivery.Add(time.Minute))
	if u := tr.orders["patient"]; u.Status != exchange.StatusFilled || !tr.fills["patient"][0].Maker {
		t.Errorf("the patient order is %v in the end", u.Status)
	}
	if n := len(tr.ledger[exchange.ReasonFunding]); n != 2 {
		t.Errorf("%d fundings are booked, want those of UM and CM", n)
	}
	tr.checkDelivery(delivery)

	tr.ledger[exchange.ReasonRealizedPnL] = nil
	tr.send("sell", exchange.OrderRequest{Inst: genUM, Side: exchange.Sell, Type: exchange.Market, Qty: exchange.FixedOne})
	tr.send("cover", exchange.OrderRequest{Inst: genCM, Side: exchange.Buy, Type: exchange.Market, Qty: 600 * exchange.FixedOne})
	tr.until(tr.at.Add(2 * time.Second))
	tr.checkHedge()
}

// checkHedge compares what one leg has won with what the other has lost, in USD.
func (tr *trader) checkHedge() {
	tr.t.Helper()
	var won, lost decimal.Decimal
	for _, l := range tr.ledger[exchange.ReasonRealizedPnL] {
		if l.Asset == "BTC" {
			lost = lost.Add(l.Delta.Mul(tr.best[genCM].Bid.Decimal()))
		} else {
			won = won.Add(l.Delta)
		}
	}
	tr.t.Logf("UM has won %v and CM %v", won, lost)
	if won.Abs().LessThan(decimal.NewFromInt(100)) || won.Add(lost).Abs().GreaterThan(decimal.NewFromInt(60)) {
		tr.t.Errorf("UM has won %v and CM %v on 60,000: that is no hedge", won, lost)
	}
}

// checkDelivery compares the settlement with the mean of the index.
func (tr *trader) checkDelivery(delivery exchange.Time) {
	tr.t.Helper()
	var sum int64
	for _, p := range tr.index {
		sum += int64(p - tr.index[0])
	}
	mean := tr.index[0] + exchange.Fixed(sum/int64(len(tr.index)))
	for name, fills := range tr.fills {
		if f := fills[0]; name != "long" && name != "short" && name != "dated" && name != "patient" {
			if len(tr.index) != 1800 || (f.Price-mean).Abs() > exchange.FixedOne/1000 {
				tr.t.Errorf("%s settled at %v, the mean of %d seconds is %v", name, f.Price, len(tr.index), mean)
			}
			return
		}
	}
	tr.t.Errorf("nothing was settled at %v", delivery)
}
