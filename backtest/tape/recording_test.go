package tape

import (
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// store writes rows, sorted by key, into the files of a series as an import does.
func store[R comparable, P row.Row[R]](t testing.TB, tape *Tape, key row.Key, rows []R) {
	t.Helper()
	must(t, key.Check())
	f, err := formatOf(key.Kind)
	must(t, err)
	out := newPacker[R](&zstd.Codec{Level: zstd.SpeedFastest})
	span := key.Kind.Span(key.Interval)
	for len(rows) > 0 {
		at := P(&rows[0]).When()
		n := 0
		for n < len(rows) && P(&rows[n]).When() < span.End(at) {
			n++
		}
		s, err := openStage(tape.dir, createFile)
		must(t, err)
		file, err := s.begin(key, tape.path(key, span.Name(at)), span.Name(at))
		must(t, err)
		p, err := openPartition(f.(*rowFormat[R, P]), key, Origin{Name: "made", SHA256: "00"}, nil, file, out)
		must(t, err)
		for from := 0; from < n; {
			to := from + 1
			for to < n && P(&rows[to]).Key() == P(&rows[from]).Key() {
				to++
			}
			must(t, p.add(rows[from:to]))
			from = to
		}
		_, err = p.finish()
		must(t, err)
		s.keep(p.file)
		must(t, errors.Join(s.commit(), s.close(), tape.shelve(key, span.Name(at))))
		rows = rows[n:]
	}
}

// recorder makes the rows of a market from a seed: times of the exchange in whole
// milliseconds, and local ones later by a latency and a clock's error.
type recorder struct {
	*rand.Rand
	// at is the time of the next row, every the mean distance of rows.
	at    exchange.Time
	every time.Duration
	// latency is the mean of what comes on top of 2 ms; 0 makes an archive, without event
	// and local times.
	latency time.Duration
	// offset is what the clock is wrong by.
	offset time.Duration
	local  exchange.Time
	price  int64
}

func newRecorder(seed uint64, at exchange.Time, every, latency, offset time.Duration) *recorder {
	return &recorder{Rand: rand.New(rand.NewPCG(seed, 3)), at: at, every: every, latency: latency, offset: offset, price: 600_000}
}

// step goes to the next row and returns its times.
func (r *recorder) step() (at, event row.Micros, local exchange.Time) {
	r.at = r.at.Add(time.Duration(r.ExpFloat64() * float64(r.every)))
	r.price += int64(r.IntN(11)) - 5
	at = row.MicrosOf(r.at.Floor(time.Millisecond))
	if r.latency == 0 {
		return at, 0, 0
	}
	event = at + row.Micros(r.IntN(3))*1000
	local = event.Time().Add(r.offset + 2*time.Millisecond + time.Duration(r.ExpFloat64()*float64(r.latency)))
	return at, event, local
}

// tick is a price with one decimal.
func (r *recorder) tick(off int) exchange.Fixed {
	return exchange.Fixed(r.price+int64(off)) * 10_000_000
}

func (r *recorder) qty() exchange.Fixed { return exchange.Fixed(1+r.IntN(3000)) * 100_000 }

func (r *recorder) trades(n int) []row.Trade {
	rows := make([]row.Trade, n)
	first := int64(7_000_000_000)
	for i := range rows {
		at, event, local := r.step()
		last := first + int64(r.IntN(3))
		rows[i] = row.Trade{Time: at, Event: event, Local: local, ID: 1_900_000_000 + int64(i), Price: r.tick(0), Qty: r.qty(),
			First: first, Last: last, BuyerMaker: r.IntN(2) == 0}
		first = last + 1
	}
	return rows
}

func (r *recorder) tickers(n int) []row.Ticker {
	rows := make([]row.Ticker, n)
	id := int64(5_000_000_000_000)
	for i := range rows {
		at, event, local := r.step()
		id += 1 + int64(r.IntN(900))
		rows[i] = row.Ticker{Time: at, Event: event, Local: local, ID: id, Bid: r.tick(0), BidQty: r.qty(), Ask: r.tick(1), AskQty: r.qty()}
	}
	return rows
}

func (r *recorder) marks(n int) []row.Mark {
	rows := make([]row.Mark, n)
	start := r.at
	for i := range rows {
		r.at = start.Add(time.Duration(i) * 3 * time.Second)
		every := r.every
		r.every = 0
		at, _, local := r.step()
		r.every = every
		rows[i] = row.Mark{Time: at, Local: local, Price: r.tick(0) + 12345, Rate: 10_000, Next: row.MicrosOf(r.at.Floor(8 * time.Hour).Add(8 * time.Hour))}
		if i%3 == 0 {
			rows[i].Index = r.tick(-3)
		}
	}
	return rows
}

func (r *recorder) liquidations(n int) []row.Liquidation {
	rows := make([]row.Liquidation, n)
	for i := range rows {
		at, event, local := r.step()
		rows[i] = row.Liquidation{Time: at, Event: event, Local: local, Side: int64(exchange.Sell), Price: r.tick(-9), Average: r.tick(-1), Qty: r.qty(), Status: row.LiquidationFilled}
	}
	return rows
}

// levels makes a book of n messages with a snapshot before every snapshotEvery of them.
// Bids are below and asks above the price, so that it never crosses.
func (r *recorder) levels(n, snapshotEvery int) []row.Level {
	var rows []row.Level
	last := int64(9_000_000)
	for i := range n {
		at, event, local := r.step()
		head := row.Level{Time: at, Event: event, Local: local, Prev: last}
		if i%snapshotEvery == 0 {
			whole := row.Level{Time: at, Local: local, Last: last, Snapshot: true}
			for k := range 40 {
				rows = append(rows, side(whole, row.Bid, 500_000-k, r.qty(), k == 0))
			}
			for k := range 40 {
				rows = append(rows, side(whole, row.Ask, 700_000+k, r.qty(), false))
			}
		}
		head.First, head.Last = last+1+int64(r.IntN(5)), last+10+int64(r.IntN(50))
		last = head.Last
		count := r.IntN(30)
		if count == 0 {
			head.Begins = true
			rows = append(rows, head)
		}
		for k := range count {
			qty := r.qty()
			if r.IntN(3) == 0 {
				qty = 0
			}
			s, price := row.Bid, 500_000-r.IntN(60)
			if k%2 == 1 {
				s, price = row.Ask, 700_000+r.IntN(60)
			}
			rows = append(rows, side(head, s, price, qty, k == 0))
		}
	}
	return rows
}

func side(l row.Level, side int64, price int, qty exchange.Fixed, begins bool) row.Level {
	l.Side, l.Price, l.Qty, l.Begins = side, exchange.Fixed(price)*10_000_000, qty, begins
	return l
}

// bars makes bars of an interval, the second of every hundred missing.
func (r *recorder) bars(n int, every time.Duration) []row.Bar {
	var rows []row.Bar
	start := r.at.Floor(every)
	for i := range n {
		r.price += int64(r.IntN(21)) - 10
		open := r.tick(0)
		r.price += int64(r.IntN(201)) - 100
		last := r.tick(0)
		volume := row.WideOf(exchange.WideOf(r.qty()))
		if i%100 != 1 {
			rows = append(rows, row.Bar{Start: row.MicrosOf(start), Open: open, High: max(open, last) + 1e8, Low: min(open, last) - 1e8, Close: last,
				Volume: volume, QuoteVolume: volume, TakerBuy: volume, TakerBuyQuote: volume, Trades: int64(r.IntN(5000))})
		}
		start = start.Add(every)
	}
	return rows
}

func (r *recorder) settlements(n int) []row.Funding {
	rows := make([]row.Funding, n)
	start := r.at.Floor(8 * time.Hour)
	for i := range rows {
		rows[i] = row.Funding{Time: row.MicrosOf(start.Add(time.Duration(i)*8*time.Hour)) + row.Micros(r.IntN(14))*1000, Rate: exchange.Fixed(r.IntN(30_000))}
	}
	return rows
}

func series(product exchange.Product, symbol string, kind row.Kind, every time.Duration) row.Key {
	return row.Key{Product: product, Symbol: symbol, Kind: kind, Interval: every}
}

// anyone gives every instrument an id by its product and symbol.
func anyone() func(exchange.Product, string) (exchange.InstrumentID, error) {
	ids := map[string]exchange.InstrumentID{}
	return func(p exchange.Product, symbol string) (exchange.InstrumentID, error) {
		name := p.String() + symbol
		if ids[name] == 0 {
			ids[name] = exchange.InstrumentID(len(ids) + 1)
		}
		return ids[name], nil
	}
}

// drain reads everything in pieces of a size and hands each event over.
func drain(t testing.TB, r *Reader, size int, each func(*exchange.Event)) {
	t.Helper()
	buf := make([]exchange.Event, size)
	last := exchange.Time(0)
	for {
		n, err := r.Next(buf)
		for i := range buf[:n] {
			if buf[i].At < last {
				t.Fatalf("time goes back from %v to %v of %v", last, buf[i].At, buf[i].Kind)
			}
			last = buf[i].At
			if each != nil {
				each(&buf[i])
			}
		}
		if err == io.EOF {
			return
		}
		must(t, err)
	}
}

func open(t testing.TB, tape *Tape, spec ReaderSpec) *Reader {
	t.Helper()
	if spec.Series == nil {
		spec.Series = tape.Series()
	}
	if spec.Instrument == nil {
		spec.Instrument = anyone()
	}
	r, err := tape.Reader(spec)
	must(t, err)
	t.Cleanup(func() { must(t, r.Close()) })
	return r
}
