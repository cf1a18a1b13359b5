package tape

import (
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// playBars plays bars of traded prices, each when it opens and when it closes.
func playBars() playing[row.Bar] {
	return playing[row.Bar]{
		columns: []string{"time", "open", "high", "low", "close", "volume", "quote_volume", "taker_buy", "trades"}, perRow: 2,
		maker: func(l *lane) maker[row.Bar] { return bars{lane: l} },
	}
}

type bars struct {
	*lane
	whole
}

func (m bars) add(b *block, rows []row.Bar) (exchange.Time, error) {
	if b.bars == nil {
		b.bars = make([]exchange.Bar, 0, blockEvents/2) // never grows: events point into it
	}
	events, old, every := b.grow(2*len(rows)), len(b.bars), m.key.Interval
	b.bars = b.bars[:old+len(rows)]
	for i := range rows {
		r, bar := &rows[i], &b.bars[old+i]
		start := r.Start.Time()
		end := start.Add(every)
		bar.Start, bar.Interval = start, every
		bar.Open, bar.High, bar.Low, bar.Close = r.Open, r.High, r.Low, r.Close
		bar.Volume, bar.QuoteVolume, bar.TakerBuy = r.Volume.Value(), r.QuoteVolume.Value(), r.TakerBuy.Value()
		bar.Trades = r.Trades
		open, closed := &events[2*i], &events[2*i+1]
		open.At, open.Exchange, open.Inst = start, start, m.inst
		open.SetBarOpen(exchange.BarOpen{Price: r.Open, Interval: every})
		closed.At, closed.Exchange, closed.Inst = end, end, m.inst
		closed.SetBar(bar)
	}
	b.keep(2 * len(rows))
	return rows[len(rows)-1].Start.Time(), nil
}

// playPrices plays bars of mark or index prices as marks: the open when they open and the
// close when they close.
func playPrices() playing[row.Bar] {
	return playing[row.Bar]{
		columns: []string{"time", "open", "close"}, perRow: 2,
		maker: func(l *lane) maker[row.Bar] { return prices{lane: l} },
	}
}

type prices struct {
	*lane
	whole
}

func (m prices) add(b *block, rows []row.Bar) (exchange.Time, error) {
	events := b.grow(2 * len(rows))
	for i := range rows {
		r, start := &rows[i], rows[i].Start.Time()
		end := start.Add(m.key.Interval)
		open, closed := &events[2*i], &events[2*i+1]
		open.At, open.Exchange, open.Inst = start, start, m.inst
		open.SetMark(exchange.Mark{Price: r.Open})
		closed.At, closed.Exchange, closed.Inst = end, end, m.inst
		closed.SetMark(exchange.Mark{Price: r.Close})
	}
	b.keep(2 * len(rows))
	return rows[len(rows)-1].Start.Time(), nil
}
