package journal

import (
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// busy makes an event of a kind as a busy day brings them: every 500 us one, prices and ids
// near the last. It is what sizes and speeds are told of.
type busy struct {
	seq   uint64
	event exchange.Event
	trade exchange.Trade
	best  exchange.BookTicker
	mark  exchange.Mark
	rng   func(n int64) int64
}

func newBusy() *busy {
	rng := randOf(7, 7)
	return &busy{
		rng: func(n int64) int64 { return rng.Int64N(n) }, event: exchange.Event{At: 1_795_420_800_000_000_000},
		trade: exchange.Trade{Price: 6290990000000, ID: 2_900_000_000, First: 6_000_000_000, Last: 6_000_000_001},
		best:  exchange.BookTicker{Bid: 6290990000000, Ask: 6291000000000, UpdateID: 5_000_000_000_000},
		mark:  exchange.Mark{Price: 6290991234567, Index: 6290997654321, Rate: 10_000, NextFunding: 1_795_449_600_000_000_000},
	}
}

func (b *busy) next(kind exchange.Kind) *exchange.Event {
	b.seq++
	e := &b.event
	*e = exchange.Event{Seq: b.seq, At: e.At + exchange.Time(b.rng(1_000_000)), Inst: exchange.InstrumentID(1 + b.rng(2))}
	e.Exchange = (e.At - 4_000_000).Floor(time.Millisecond)
	order := exchange.OrderRequest{Inst: e.Inst, Side: exchange.Buy, Type: exchange.Limit, TimeInForce: exchange.GTX, Qty: 50_000_000, Price: b.best.Bid}
	id := exchange.OrderID(b.seq)
	switch kind {
	case exchange.KindTrade:
		b.trade.Price += exchange.Fixed(b.rng(5)-2) * 10_000_000
		b.trade.Qty = exchange.Fixed(1+b.rng(900)) * 100_000
		b.trade.ID++
		b.trade.First = b.trade.Last + 1
		b.trade.Last = b.trade.First + b.rng(3)
		e.SetTrade(b.trade)
	case exchange.KindBookTicker:
		move := exchange.Fixed(b.rng(3)-1) * 10_000_000
		b.best.Bid, b.best.Ask = b.best.Bid+move, b.best.Ask+move
		b.best.BidQty, b.best.AskQty = exchange.Fixed(1+b.rng(9000))*100_000, exchange.Fixed(1+b.rng(9000))*100_000
		b.best.UpdateID += 1 + b.rng(3000)
		e.SetBookTicker(b.best)
	case exchange.KindMark:
		b.mark.Price += exchange.Fixed(b.rng(100_000_000)) - 50_000_000
		b.mark.Index += exchange.Fixed(b.rng(100_000_000)) - 50_000_000
		b.mark.Rate += exchange.Fixed(b.rng(3) - 1)
		e.SetMark(b.mark)
	case exchange.KindIntent:
		e.SetIntent(&exchange.Intent{Kind: exchange.IntentNew, Strategy: 1, Ref: b.seq, Request: order, Tag: "quote bid"})
	case exchange.KindOrderUpdate:
		e.SetOrderUpdate(&exchange.OrderUpdate{
			ID: id, Strategy: 1, Ref: b.seq, ClientID: fmt.Sprintf("pmb-k3x9-1-%d", b.seq), VenueID: 389_000_000_000 + int64(b.seq),
			Status: exchange.StatusWorking, Price: order.Price, Qty: order.Qty,
		})
	case exchange.KindFill:
		e.SetFill(&exchange.Fill{
			Order: id, Strategy: 1, Ref: b.seq, ClientID: fmt.Sprintf("pmb-k3x9-1-%d", b.seq), VenueID: 389_000_000_000 + int64(b.seq), TradeID: 6_000_000_000,
			Side: exchange.Buy, Price: order.Price, Qty: order.Qty, Maker: true, Fee: decimal.New(629099, -5), FeeAsset: "USDT",
		})
	case exchange.KindLedger:
		e.SetLedger(&exchange.LedgerEntry{Asset: "USDT", Wallet: exchange.WalletUM, Reason: exchange.ReasonCommission, Delta: decimal.New(-629099, -5), Balance: decimal.New(1_000_000_000_000, -8), Order: id, Strategy: 1})
	case exchange.KindTimer:
		e.SetTimer(&exchange.Timer{Strategy: 1, ID: 3, Due: e.At})
	}
	return e
}

// decision is what a kernel answers to the wish of busy.
func (b *busy) decision() *exchange.Decision {
	e := &b.event
	if e.Kind != exchange.KindIntent {
		return nil
	}
	in := e.Intent()
	return &exchange.Decision{Order: exchange.Order{
		ID: exchange.OrderID(b.seq), Strategy: in.Strategy, Ref: in.Ref, Request: in.Request, Status: exchange.StatusPendingNew,
		ClientID: fmt.Sprintf("pmb-k3x9-1-%d", b.seq), Created: e.At,
	}}
}

var measured = []exchange.Kind{
	exchange.KindTrade, exchange.KindBookTicker, exchange.KindMark, exchange.KindIntent, exchange.KindOrderUpdate, exchange.KindFill, exchange.KindLedger, exchange.KindTimer,
}

// busyConfig has a table of two instruments like BTCUSDT.
func busyConfig(dir string) Config {
	c := testConfig(dir)
	c.Header.Instruments = c.Header.Instruments[:2]
	for i := range c.Header.Instruments {
		c.Header.Instruments[i].Tick, c.Header.Instruments[i].Lot.Step = 10_000_000, 100_000
	}
	return c
}

// TestSizes holds what a record takes against what FORMAT.md says of it.
func TestSizes(t *testing.T) {
	most := map[exchange.Kind]float64{
		exchange.KindTrade: 13, exchange.KindBookTicker: 17, exchange.KindMark: 18, exchange.KindIntent: 86, exchange.KindOrderUpdate: 55, exchange.KindFill: 65,
		exchange.KindLedger: 40, exchange.KindTimer: 12,
	}
	for _, k := range measured {
		w := opened(t, busyConfig(t.TempDir()))
		before := w.size
		b := newBusy()
		const n = 10_000
		for range n {
			if err := w.Append(b.next(k), b.decision()); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		each := float64(w.size-before) / n
		t.Logf("%v: %.1f octets", k, each)
		if each > most[k] {
			t.Errorf("%v: %.1f octets, %v at most", k, each, most[k])
		}
	}
}

// TestAppendAllocations: market data costs no memory.
func TestAppendAllocations(t *testing.T) {
	w := opened(t, busyConfig(t.TempDir()))
	b := newBusy()
	for _, k := range []exchange.Kind{exchange.KindTrade, exchange.KindBookTicker, exchange.KindMark} {
		if n := testing.AllocsPerRun(1000, func() {
			if err := w.Append(b.next(k), nil); err != nil {
				t.Fatal(err)
			}
			if err := w.Commit(Later); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%v: %v allocations", k, n)
		}
	}
}

// BenchmarkAppend is the price of a record on the way of an event.
func BenchmarkAppend(b *testing.B) {
	for _, k := range measured {
		b.Run(k.String(), func(b *testing.B) {
			w := opened(b, busyConfig(b.TempDir()))
			made := newBusy()
			var events []exchange.Event
			var decisions []*exchange.Decision
			for range 4096 {
				events, decisions = append(events, *made.next(k)), append(decisions, made.decision())
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				e := &events[i%len(events)]
				e.Seq, w.lastAt = w.last+1, 0
				w.codec.memory.at = min(w.codec.memory.at, e.At)
				if err := w.Append(e, decisions[i%len(events)]); err != nil {
					b.Fatal(err)
				}
				if w.pending() > pendingMax { // as Commit does, without the disk
					w.codec.buf = beginFrame(w.codec.buf[:0], recordsFrame)
				}
			}
		})
	}
}

// BenchmarkCommit is what an order waits for: the intent and its decision are appended and
// written, and forced or not.
func BenchmarkCommit(b *testing.B) {
	for _, policy := range []Sync{SyncNever(), SyncOrders()} {
		b.Run(policy.String(), func(b *testing.B) {
			c := busyConfig(b.TempDir())
			c.Sync = policy
			w := opened(b, c)
			made := newBusy()
			var took []time.Duration
			for b.Loop() {
				e := made.next(exchange.KindIntent)
				d := made.decision()
				begin := time.Now()
				if err := w.Append(e, d); err != nil {
					b.Fatal(err)
				}
				if err := w.Commit(BeforeRisk); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(begin))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "p50-ns")
			b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds()), "p99-ns")
		})
	}
}

// BenchmarkRead reads what a recovery reads.
func BenchmarkRead(b *testing.B) {
	w := opened(b, busyConfig(b.TempDir()))
	made := newBusy()
	const n = 1_000_000
	for i := range n {
		if err := w.Append(made.next(measured[i%3]), nil); err != nil {
			b.Fatal(err)
		}
		if i%100 == 0 {
			if err := w.Flush(); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(w.size)
	b.ReportAllocs()
	for b.Loop() {
		s, err := Newest(w.config.Dir)
		if err != nil {
			b.Fatal(err)
		}
		var r Record
		for err == nil {
			err = s.Next(&r)
		}
		if err != io.EOF || s.LastSeq() != n {
			b.Fatal(err, s.LastSeq())
		}
		s.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/event")
}
