//go:build unix

package market_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/book"
	"github.com/pmbot/pmbot/exchange/frame"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// BenchmarkLivePath takes frames through the decoder, the order book and the kernel with its
// guard, on one core: what a frame costs from its bytes to the strategies, without the
// network. An account with a position and open orders looks on, and no strategy answers.
//
//	go test ./exchange/market -run '^$' -bench LivePath -benchmem
//
// The target is 400,000 frames/s of aggTrade and bookTicker, and 4 us for the change of a
// book by 40 levels ("book-40-levels"). Machines differ and are shared: compare figures of one run
// only, by the processor's time (cpu-ns/op).
func BenchmarkLivePath(b *testing.B) {
	for _, c := range []struct {
		name   string
		frames [][]byte
	}{
		{"aggTrade", aggTrades(64)},
		{"bookTicker", bookTickers(64)},
		{"depth-40-levels", depths(256, 20)},
		{"mixed", mixed()},
	} {
		b.Run(c.name, func(b *testing.B) {
			p := newPath(b)
			n := 0
			measured(b, "frames/s", func() {
				p.take(c.frames[n%len(c.frames)])
				n++
			})
		})
	}
	b.Run("book-40-levels", func(b *testing.B) {
		p := newPath(b)
		pieces := make([]exchange.Depth, 256)
		for i, msg := range depths(len(pieces), 20) {
			var d frame.Decoder
			pieces[i] = p.decode(&d, msg).Depth
		}
		n := 0
		measured(b, "pieces/s", func() {
			p.apply(&pieces[n%len(pieces)])
			n++
		})
	})
}

// TestLivePathAllocates holds that nothing is allocated on the way of a frame.
func TestLivePathAllocates(t *testing.T) {
	p, frames := newPath(t), mixed()
	n := 0
	if got := testing.AllocsPerRun(2*len(frames), func() {
		p.take(frames[n%len(frames)])
		n++
	}); got != 0 {
		t.Errorf("%v allocations a frame", got)
	}
}

// measured repeats what f does and reports, beside what passes on the clock, the processor's
// time and how often a second of that would do it.
func measured(b *testing.B, rate string, f func()) {
	b.Helper()
	b.ReportAllocs()
	used := processorTime(b)
	for b.Loop() {
		f()
	}
	used = processorTime(b) - used
	b.ReportMetric(float64(used.Nanoseconds())/float64(b.N), "cpu-ns/op")
	b.ReportMetric(float64(b.N)/used.Seconds(), rate)
}

// processorTime is what this process has used.
func processorTime(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// path is the way of a frame to the strategies.
type path struct {
	b       testing.TB
	decoder frame.Decoder
	book    *book.Book
	driver  *engine.Driver
	now     exchange.Time
	event   exchange.Event
	// wish is the order that the strategy sends at the next event.
	wish *exchange.OrderRequest
	sent []exchange.Order
}

// newPath makes a book of 1000 levels a side, and a kernel with a position and ten resting
// orders.
func newPath(b testing.TB) *path {
	ins := contract(b)
	l := riskguard.DefaultLimits()
	l.OrderNotionalMaxRatio, l.PositionMaxRatio, l.OpenOrdersMax, l.MessagesPerSecondMax = decimal.New(1, 0), decimal.New(5, 0), 200, 20
	l.OpenOrdersNotionalMaxRatio = decimal.NewFromInt(40)
	l.ExecutionsPerMinuteMax, l.AccountMessagesPerMinuteMax, l.OrderToTradeMax = 10_000, 1200, 100_000
	l.FreshPrice, l.FreshMark, l.FreshIndex, l.ApprovalTTL = time.Hour, time.Hour, time.Hour, time.Hour
	g, err := riskguard.New(riskguard.Config{Instruments: ins, Tables: margin.Assumed(), Limits: l, Strategies: 1, Permits: riskguard.Unbound(1)})
	if err != nil {
		b.Fatal(err)
	}
	for _, kind := range []exchange.Kind{exchange.KindAccount, exchange.KindClock} { // neither is ever old
		e := exchange.Event{}
		e.SetCadence(&exchange.Cadence{Kind: kind, Every: exchange.Forever})
		g.Apply(&e)
	}
	p := &path{b: b, book: book.New(book.Futures), now: exchange.TimeOf(time.Unix(1790000000, 0))}
	p.driver = engine.NewDriver(engine.New(engine.Config{Instruments: ins, Guard: g, Strategies: 1, ClientPrefix: "pm-1"}), p, p)
	p.book.Apply(snapshot(1000))
	price := exchange.MustFixed("50000")
	p.happens(1, func(e *exchange.Event) { e.SetMark(exchange.Mark{Price: price}) })
	p.happens(1, func(e *exchange.Event) { e.SetTrade(exchange.Trade{Price: price, Qty: 1}) })
	p.happens(0, func(e *exchange.Event) {
		e.SetAssetIndex(&exchange.AssetIndex{Asset: "USDT", Price: exchange.FixedOne})
	})
	money := decimal.New(1_000_000, 0)
	p.happens(0, func(e *exchange.Event) {
		e.SetLedger(&exchange.LedgerEntry{Wallet: exchange.WalletMargin, Asset: "USDT", Delta: money, Balance: money})
	})
	p.happens(0, func(e *exchange.Event) { e.SetState(&exchange.StateChange{State: exchange.Active}) })
	ticker := exchange.BookTicker{Bid: price, BidQty: 1, Ask: price + exchange.FixedOne, AskQty: 1}
	for i := range 11 {
		p.wish = &exchange.OrderRequest{
			Inst: 1, Side: exchange.Buy, Type: exchange.Limit, TimeInForce: exchange.GTC, Qty: exchange.MustFixed("0.010"),
			Price: price - exchange.Fixed(i)*exchange.FixedOne,
		}
		p.happens(1, func(e *exchange.Event) { e.SetBookTicker(ticker) })
		p.now += exchange.Time(time.Second)
		if len(p.sent) != i+1 {
			b.Fatalf("order %d was not sent", i+1)
		}
		p.opens(p.sent[i], i == 0)
	}
	return p
}

// opens tells that an order rests, or that it was filled.
func (p *path) opens(o exchange.Order, filled bool) {
	u := &exchange.OrderUpdate{
		ID: o.ID, ClientID: o.ClientID, VenueID: int64(o.ID), Status: exchange.StatusWorking, Price: o.Request.Price, Qty: o.Request.Qty,
	}
	p.happens(1, func(e *exchange.Event) { e.SetOrderUpdate(u) })
	if filled {
		p.happens(1, func(e *exchange.Event) {
			e.SetFill(&exchange.Fill{ClientID: o.ClientID, TradeID: 1, Side: exchange.Buy, Price: o.Request.Price, Qty: o.Request.Qty})
		})
	}
}

func (p *path) happens(inst exchange.InstrumentID, set func(*exchange.Event)) {
	e := exchange.Event{At: p.now, Inst: inst}
	set(&e)
	p.deliver(&e)
}

func (p *path) deliver(e *exchange.Event) {
	if err := p.driver.Deliver(e); err != nil {
		p.b.Fatal(err)
	}
}

// take is the way: bytes, frame, book, event, kernel.
func (p *path) take(msg []byte) {
	f := p.decode(&p.decoder, msg)
	p.now += exchange.Time(time.Microsecond)
	e := &p.event
	*e = exchange.Event{At: p.now, Exchange: f.Time, Inst: 1}
	switch f.Kind {
	case frame.KindAggTrade:
		e.SetTrade(f.Trade)
	case frame.KindBookTicker:
		e.SetBookTicker(f.BookTicker)
	case frame.KindDepth:
		p.apply(&f.Depth)
		e.SetDepth(&f.Depth)
	default:
		p.b.Fatalf("a frame of %v", f.Kind)
	}
	p.deliver(e)
}

func (p *path) decode(d *frame.Decoder, msg []byte) *frame.Frame {
	f, err := d.Decode(msg)
	if err != nil {
		p.b.Fatal(err)
	}
	return f
}

// apply brings the book a piece, which it numbers: the same few come again and again.
func (p *path) apply(d *exchange.Depth) {
	d.Prev = p.book.UpdateID()
	d.First, d.Last = d.Prev+1, d.Prev+2
	if out := p.book.Apply(d); out != book.Applied {
		p.b.Fatalf("a piece is %v", out)
	}
}

// Deliver is the strategies': they want what the test says.
func (p *path) Deliver(_ *exchange.Event, w *engine.Wishes) error {
	if p.wish != nil {
		w.Intents = append(w.Intents, exchange.Intent{Kind: exchange.IntentNew, Strategy: 1, Ref: uint64(len(p.sent) + 1), Request: *p.wish})
		p.wish = nil
	}
	return nil
}

// Submit notes an order.
func (p *path) Submit(a riskguard.Approved, _ exchange.Time) { p.sent = append(p.sent, a.Order()) }

// Cancel is never asked for.
func (p *path) Cancel(exchange.Order, exchange.Time) { p.b.Fatal("a cancel") }

// contract is the one instrument.
func contract(b testing.TB) *exchange.Instruments {
	f := exchange.MustFixed
	ins, err := exchange.NewInstruments(exchange.Instrument{
		Product: exchange.UM, Symbol: "BTCUSDT", Pair: "BTCUSDT", Base: "BTC", Quote: "USDT", MarginAsset: "USDT", ContractType: "PERPETUAL",
		Status: exchange.StatusTrading, ContractSize: exchange.FixedOne, PriceMin: f("0.1"), PriceMax: f("1000000"), Tick: f("0.1"),
		Lot: exchange.Lot{Min: f("0.001"), Max: f("1000"), Step: f("0.001")}, NotionalMin: f("5"), PercentUp: f("1.05"), PercentDown: f("0.95"),
		OrdersMax: 200, TriggerProtect: f("0.05"), MarketTakeBound: f("0.05"),
	})
	if err != nil {
		b.Fatal(err)
	}
	return ins
}

// snapshot is a book around 50000 with levels at every tick.
func snapshot(levels int) *exchange.Depth {
	d := &exchange.Depth{Last: 1_000_000_000_000, Snapshot: true}
	tick := exchange.MustFixed("0.1")
	for i := range exchange.Fixed(levels) {
		d.Bids = append(d.Bids, exchange.Level{Price: exchange.MustFixed("50000") - i*tick, Qty: exchange.FixedOne})
		d.Asks = append(d.Asks, exchange.Level{Price: exchange.MustFixed("50000.1") + i*tick, Qty: exchange.FixedOne})
	}
	return d
}

// aggTrades returns n frames as they come over the wire today.
func aggTrades(n int) (list [][]byte) {
	for i := range n {
		list = append(list, fmt.Appendf(nil, `{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":17900000%05d,"a":3478018%03d,"s":"BTCUSDT",`+
			`"p":"50000.%d0","q":"1.0%02d","nq":"1.0%02d","f":8154045700,"l":8154045704,"T":17900000%05d,"m":%v,"st":1}}`,
			i, i, i%10, i, i, i, i%2 == 0))
	}
	return list
}

func bookTickers(n int) (list [][]byte) {
	for i := range n {
		list = append(list, fmt.Appendf(nil, `{"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","u":117570926%05d,"s":"BTCUSDT","ps":"BTCUSDT",`+
			`"b":"50000.00","B":"4.%03d","a":"50000.10","A":"3.%03d","T":17900000%05d,"E":17900000%05d,"st":1}}`, i, i, i*7, i, i))
	}
	return list
}

// depths returns n differences of as many levels a side, spread over 500 ticks as changes
// are; a third of them remove a level.
func depths(n, levels int) (list [][]byte) {
	r := rand.New(rand.NewPCG(1, 5))
	side := func(price float64, step int) string {
		var rows []string
		for range levels {
			qty := fmt.Sprintf("%d.%03d", r.IntN(30), 1+r.IntN(999))
			if r.IntN(3) == 0 {
				qty = "0.000"
			}
			rows = append(rows, fmt.Sprintf(`["%.2f","%s"]`, price+float64(step*r.IntN(500))/10, qty))
		}
		return strings.Join(rows, ",")
	}
	for i := range n {
		list = append(list, fmt.Appendf(nil, `{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":17900000%05d,"T":17900000%05d,"s":"BTCUSDT",`+
			`"ps":"BTCUSDT","U":11757092616793,"u":11757092625654,"pu":11757092616661,"b":[%s],"a":[%s],"st":1}}`,
			i, i, side(50000, -1), side(50000.1, 1)))
	}
	return list
}

// mixed are frames as a recorded minute of a busy contract has them: of 20 frames 14 are best
// prices, five trades and one a difference of the book.
func mixed() (list [][]byte) {
	trades, tickers, pieces := aggTrades(64), bookTickers(64), depths(64, 20)
	for i := range 64 {
		for j := range 14 {
			list = append(list, tickers[(i+j)%64])
		}
		for j := range 5 {
			list = append(list, trades[(i+j)%64])
		}
		list = append(list, pieces[i])
	}
	return list
}
