package tape

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/clock"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/book"
)

// told is an event as a test expects it. index is the price of an index bar, which is no
// event.
type told struct {
	at, sent exchange.Time
	rank     int
	order    int
	text     string
	index    exchange.Fixed
	depth    *exchange.Depth
	// from and to are the ends of what the event tells of, a bar's start and close.
	from, to exchange.Time
}

// plainTape is a tape and the rows in it, from which the plain second version of the
// reader makes what is to be played.
type plainTape struct {
	tape *Tape
	rows map[row.Key]any
	// product's model, by the knots of the tape.
	models map[exchange.Product]*clock.Model
}

func put[R comparable, P row.Row[R]](t testing.TB, p *plainTape, key row.Key, rows []R) {
	store[R, P](t, p.tape, key, rows)
	p.rows[key] = rows
}

// allKinds is a tape of every kind that becomes events, recorded in the night of a month's
// end by clocks that are slow for UM and fast for CM.
func allKinds(t testing.TB, seed uint64) *plainTape {
	p := &plainTape{tape: newTape(t), rows: map[row.Key]any{}, models: map[exchange.Product]*clock.Model{}}
	start := exchange.TimeOf(time.Date(2024, 1, 31, 22, 0, 0, 0, time.UTC))
	um := func(seed uint64, every time.Duration) *recorder {
		return newRecorder(seed, start, every, 30*time.Millisecond, -1270*time.Millisecond)
	}
	cm := func(seed uint64, every time.Duration) *recorder {
		return newRecorder(seed, start, every, 50*time.Millisecond, 2*time.Second)
	}
	archive := func(seed uint64, every time.Duration) *recorder { return newRecorder(seed, start, every, 0, 0) }
	trades := um(seed+1, 2*time.Second).trades(5000)
	for i := range trades { // holes, and trades that are none
		if i > 2000 {
			trades[i].ID += 3
		}
		if i%50 == 7 {
			trades[i].Type = row.TradeADL
		}
	}
	put(t, p, series(exchange.UM, "A", row.AggTrades, 0), trades)
	put(t, p, series(exchange.UM, "B", row.AggTrades, 0), archive(seed+2, 3*time.Second).trades(3000))
	put(t, p, series(exchange.CM, "A", row.Trades, 0), cm(seed+3, 3*time.Second).trades(3000))
	put(t, p, series(exchange.UM, "A", row.BookTicker, 0), um(seed+4, 700*time.Millisecond).tickers(9000))
	put(t, p, series(exchange.CM, "A", row.BookTicker, 0), cm(seed+5, 900*time.Millisecond).tickers(7000))
	put(t, p, series(exchange.UM, "A", row.Depth, 0), um(seed+6, 5*time.Second).levels(1500, 400))
	put(t, p, series(exchange.Margin, "A", row.Depth, 0), spotLevels(archive(seed+7, 5*time.Second).levels(900, 300)))
	put(t, p, series(exchange.UM, "A", row.MarkPrice, 0), um(seed+8, 100*time.Millisecond).marks(2500))
	forced := um(seed+9, time.Minute).liquidations(150)
	for i := range forced { // some sooner than any quote, as if before they happened
		if i%5 == 0 {
			forced[i].Local = forced[i].Local.Add(-200 * time.Millisecond)
		}
	}
	put(t, p, series(exchange.UM, "A", row.LiquidationSnapshot, 0), forced)
	// So dense that many rows overtake others, from one chunk to the next, too.
	put(t, p, series(exchange.UM, "C", row.BookTicker, 0), um(seed+15, 12*time.Millisecond).tickers(6000))
	put(t, p, series(exchange.UM, "C", row.Depth, 0), um(seed+16, 12*time.Millisecond).levels(900, 300))
	put(t, p, series(exchange.UM, "A", row.Klines, time.Minute), archive(seed+10, 0).bars(150, time.Minute))
	put(t, p, series(exchange.UM, "A", row.Klines, time.Hour), archive(seed+11, 0).bars(3, time.Hour))
	put(t, p, series(exchange.UM, "A", row.IndexPriceKlines, time.Minute), archive(seed+12, 0).bars(120, time.Minute))
	put(t, p, series(exchange.CM, "A", row.MarkPriceKlines, 5*time.Minute), archive(seed+13, 0).bars(30, 5*time.Minute))
	put(t, p, series(exchange.UM, "A", row.FundingRate, 0), archive(seed+14, 0).settlements(5))
	for _, product := range []exchange.Product{exchange.UM, exchange.CM, exchange.Margin} {
		p.models[product] = p.tape.model(product)
	}
	return p
}

// spotLevels gives pieces the ids of spot, which leave no gap.
func spotLevels(rows []row.Level) []row.Level {
	before := int64(0)
	last := int64(0)
	for i := range rows {
		r := &rows[i]
		if r.Begins {
			before = last
		}
		last = r.Last
		if !r.Snapshot {
			r.First, r.Prev = before+1, 0
		}
	}
	return rows
}

// stamp is the plain version of lane.received.
func (p *plainTape) stamp(spec *ReaderSpec, product exchange.Product, when, event, local exchange.Time) (at, sent exchange.Time) {
	if spec.Clock == ExchangeClock {
		return when, when
	}
	if sent = event; sent == 0 {
		sent = when
	}
	switch {
	case local == 0:
		return when.Add(spec.LatencyBase), sent
	case spec.Clock == LocalClock:
		return local, sent
	}
	return max(when, p.models[product].Correct(sent, local, spec.LatencyBase)), sent
}

// tell makes the events of one series, in the order of its rows.
func (p *plainTape) tell(spec *ReaderSpec, order int, key row.Key) (list []told) {
	add := func(e exchange.Event, from exchange.Time) {
		list = append(list, told{at: e.At, sent: e.Exchange, rank: Rank(e.Kind), order: order + len(spec.Series), text: text(&e), from: from, to: e.At})
	}
	stamped := func(when, event row.Micros, local exchange.Time) (e exchange.Event) {
		e.At, e.Exchange = p.stamp(spec, key.Product, when.Time(), event.Time(), local)
		return e
	}
	switch rows := p.rows[key].(type) {
	case []row.Trade:
		for _, r := range rows {
			if e := stamped(r.Time, r.Event, r.Local); r.Type == row.TradeMarket {
				e.SetTrade(exchange.Trade{Price: r.Price, Qty: r.Qty, ID: r.ID, First: r.First, Last: r.Last, BuyerMaker: r.BuyerMaker})
				add(e, e.At)
			}
		}
	case []row.Ticker:
		for _, r := range rows {
			e := stamped(r.Time, r.Event, r.Local)
			e.SetBookTicker(exchange.BookTicker{Bid: r.Bid, BidQty: r.BidQty, Ask: r.Ask, AskQty: r.AskQty, UpdateID: r.ID})
			add(e, e.At)
		}
	case []row.Mark:
		for _, r := range rows {
			e := stamped(r.Time, 0, r.Local)
			e.SetMark(exchange.Mark{Price: r.Price, Index: r.Index, Rate: r.Rate, NextFunding: r.Next.Time(), Settle: r.Settle})
			add(e, e.At)
		}
	case []row.Liquidation:
		for _, r := range rows {
			e := stamped(r.Time, r.Event, r.Local)
			e.SetLiquidation(exchange.Liquidation{Side: exchange.Side(r.Side), Price: r.Price, Average: r.Average, Qty: r.Qty})
			add(e, e.At)
		}
	case []row.Level:
		for i := 0; i < len(rows); {
			d := &exchange.Depth{First: rows[i].First, Last: rows[i].Last, Prev: rows[i].Prev, Snapshot: rows[i].Snapshot}
			e := stamped(rows[i].Time, rows[i].Event, rows[i].Local)
			for first := i; i < len(rows) && (i == first || !rows[i].Begins); i++ {
				switch l := (exchange.Level{Price: rows[i].Price, Qty: rows[i].Qty}); rows[i].Side {
				case row.Bid:
					d.Bids = append(d.Bids, l)
				case row.Ask:
					d.Asks = append(d.Asks, l)
				}
			}
			e.SetDepth(d)
			add(e, e.At)
			list[len(list)-1].depth = d
		}
	case []row.Bar:
		list = p.tellBars(spec, order, key, rows)
	case []row.Funding:
		for i, r := range rows {
			every := time.Duration(0)
			if i > 0 {
				every = 8 * time.Hour
			}
			e := exchange.Event{At: r.When(), Exchange: r.Time.Time()}
			e.SetFunding(exchange.Funding{Rate: r.Rate, Interval: every})
			add(e, e.At)
		}
	}
	return list
}

func (p *plainTape) tellBars(spec *ReaderSpec, order int, key row.Key, rows []row.Bar) (list []told) {
	for _, r := range rows {
		start, end := r.Start.Time(), r.Start.Time().Add(key.Interval)
		open, closed := exchange.Event{At: start, Exchange: start}, exchange.Event{At: end, Exchange: end}
		if key.Kind == row.Klines {
			open.SetBarOpen(exchange.BarOpen{Price: r.Open, Interval: key.Interval})
			closed.SetBar(&exchange.Bar{Start: start, Interval: key.Interval, Open: r.Open, High: r.High, Low: r.Low, Close: r.Close,
				Volume: r.Volume.Value(), QuoteVolume: r.QuoteVolume.Value(), TakerBuy: r.TakerBuy.Value(), Trades: r.Trades})
		} else {
			open.SetMark(exchange.Mark{Price: r.Open})
			closed.SetMark(exchange.Mark{Price: r.Close})
		}
		for _, e := range []*exchange.Event{&open, &closed} {
			x := told{at: e.At, sent: e.Exchange, rank: Rank(e.Kind), order: order + len(spec.Series), text: text(e), from: start, to: end}
			if key.Kind == row.IndexPriceKlines {
				x.order, x.index = order, e.Mark().Price
			}
			list = append(list, x)
		}
	}
	return list
}

// bounded leaves out what is outside the bounds. A book begins with what it is.
func bounded(spec *ReaderSpec, product exchange.Product, list []told) []told {
	slices.SortStableFunc(list, func(a, b told) int { return cmp.Compare(a.at, b.at) })
	b := book.New(book.RuleOf(product))
	var kept []told
	for _, x := range list {
		if x.depth != nil && spec.From != 0 && x.at < spec.From {
			b.Apply(x.depth)
		}
		if x.from < spec.From || spec.To != 0 && x.to > spec.To {
			continue
		}
		if len(kept) == 0 && x.depth != nil && spec.From != 0 && b.Ready() {
			d := &exchange.Depth{Last: b.UpdateID(), Snapshot: true, Bids: b.Append(nil, exchange.Buy, b.Known(exchange.Buy)),
				Asks: b.Append(nil, exchange.Sell, b.Known(exchange.Sell))}
			e := exchange.Event{At: spec.From, Exchange: spec.From}
			e.SetDepth(d)
			kept = append(kept, told{at: e.At, sent: e.At, rank: Rank(e.Kind), order: x.order, text: text(&e)})
		}
		kept = append(kept, x)
	}
	return kept
}

// expect is the plain second version of a reader: it sorts everything.
func (p *plainTape) expect(spec *ReaderSpec) []told {
	var all []told
	for order, s := range spec.Series {
		all = append(all, bounded(spec, s.Product, p.tell(spec, order, s.Key))...)
	}
	first := slices.MinFunc(all, func(a, b told) int { return cmp.Compare(a.at, b.at) }).at
	for order, s := range spec.Series {
		c := cadenceOf(&s)
		if c.Kind == 0 {
			continue
		}
		e := exchange.Event{At: first}
		e.SetCadence(&c)
		all = append(all, told{at: first, rank: -1, order: order, text: text(&e)})
		for _, h := range p.tape.Holes(s.Key) {
			if spec.Clock == ExchangeClock && h.To >= first && (spec.To == 0 || h.To <= spec.To) {
				all = append(all, told{at: h.To, order: order, text: fmt.Sprintf("gap %v %v", h.From, h.To)})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b told) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(max(0, a.rank), max(0, b.rank)), cmp.Compare(a.order, b.order), cmp.Compare(a.rank, b.rank))
	})
	return withIndexes(spec, all)
}

// withIndexes fills the index prices of marks that have none, and leaves the indexes out.
func withIndexes(spec *ReaderSpec, all []told) (list []told) {
	latest := map[string]exchange.Fixed{}
	name := func(order int) string {
		s := spec.Series[order%len(spec.Series)]
		return s.Product.String() + s.Symbol
	}
	for _, x := range all {
		if x.index != 0 {
			latest[name(x.order)] = x.index
			continue
		}
		if strings.HasPrefix(x.text, "mark ") {
			x.text = strings.Replace(x.text, "index 0 ", fmt.Sprintf("index %v ", latest[name(x.order)]), 1)
		}
		list = append(list, x)
	}
	return list
}

// text is all of an event but its times.
func text(e *exchange.Event) string {
	switch e.Kind {
	case exchange.KindBarOpen:
		return fmt.Sprintf("open %+v", e.BarOpen())
	case exchange.KindBar:
		return fmt.Sprintf("bar %+v", *e.Bar())
	case exchange.KindMark:
		m := e.Mark()
		return fmt.Sprintf("mark %v index %v rate %v next %v settle %v", m.Price, m.Index, m.Rate, m.NextFunding, m.Settle)
	case exchange.KindTrade:
		return fmt.Sprintf("trade %+v", e.Trade())
	case exchange.KindBookTicker:
		return fmt.Sprintf("ticker %+v", e.BookTicker())
	case exchange.KindLiquidation:
		return fmt.Sprintf("liquidation %+v", e.Liquidation())
	case exchange.KindDepth:
		return fmt.Sprintf("depth %+v", *e.Depth())
	case exchange.KindFunding:
		return fmt.Sprintf("funding %+v", e.Funding())
	case exchange.KindCadence:
		return fmt.Sprintf("cadence %+v", *e.Cadence())
	case exchange.KindGap:
		return fmt.Sprintf("gap %v %v", e.Gap().From, e.Gap().To)
	}
	return e.Kind.String()
}
