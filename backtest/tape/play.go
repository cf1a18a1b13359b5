package tape

import (
	"time"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// playTrades plays trades, without those that are no market trades.
func playTrades() playing[row.Trade] {
	return playing[row.Trade]{
		columns: []string{"time", "id", "price", "qty", "first_id", "last_id", "buyer_maker", "type"}, perRow: 1,
		maker: func(l *lane) maker[row.Trade] { return trades{lane: l} },
	}
}

type trades struct {
	*lane
	whole
}

func (m trades) add(b *block, rows []row.Trade) (exchange.Time, error) {
	events := b.grow(len(rows))
	n := 0
	for i := range rows {
		r := &rows[i]
		if r.Type != row.TradeMarket {
			continue
		}
		e := &events[n]
		n++
		e.At, e.Exchange = m.stamp(r.Time.Time(), r.Event.Time(), r.Local)
		e.Inst = m.inst
		e.SetTrade(exchange.Trade{Price: r.Price, Qty: r.Qty, ID: r.ID, First: r.First, Last: r.Last, BuyerMaker: r.BuyerMaker})
	}
	b.keep(n)
	return rows[len(rows)-1].Time.Time(), nil
}

// playTickers plays best bids and asks.
func playTickers() playing[row.Ticker] {
	return playing[row.Ticker]{
		columns: []string{"time", "update_id", "bid", "bid_qty", "ask", "ask_qty"}, perRow: 1,
		maker: func(l *lane) maker[row.Ticker] { return tickers{lane: l} },
	}
}

type tickers struct {
	*lane
	whole
}

func (m tickers) add(b *block, rows []row.Ticker) (exchange.Time, error) {
	events := b.grow(len(rows))
	for i := range rows {
		r, e := &rows[i], &events[i]
		e.At, e.Exchange = m.stamp(r.Time.Time(), r.Event.Time(), r.Local)
		e.Inst = m.inst
		e.SetBookTicker(exchange.BookTicker{Bid: r.Bid, BidQty: r.BidQty, Ask: r.Ask, AskQty: r.AskQty, UpdateID: r.ID})
	}
	b.keep(len(rows))
	return rows[len(rows)-1].Time.Time(), nil
}

// playMarks plays messages of the mark price stream.
func playMarks() playing[row.Mark] {
	return playing[row.Mark]{
		columns: []string{"time", "price", "index", "settle", "rate", "next_funding"}, perRow: 1,
		maker: func(l *lane) maker[row.Mark] { return marks{lane: l} },
	}
}

type marks struct {
	*lane
	whole
}

func (m marks) add(b *block, rows []row.Mark) (exchange.Time, error) {
	events := b.grow(len(rows))
	for i := range rows {
		r, e := &rows[i], &events[i]
		e.At, e.Exchange = m.stamp(r.Time.Time(), 0, r.Local)
		e.Inst = m.inst
		e.SetMark(exchange.Mark{Price: r.Price, Index: r.Index, Rate: r.Rate, NextFunding: r.Next.Time(), Settle: r.Settle})
	}
	b.keep(len(rows))
	return rows[len(rows)-1].Time.Time(), nil
}

// playLiquidations plays forced orders of others.
func playLiquidations() playing[row.Liquidation] {
	return playing[row.Liquidation]{
		columns: []string{"time", "side", "price", "average", "qty"}, perRow: 1,
		maker: func(l *lane) maker[row.Liquidation] { return liquidations{lane: l} },
	}
}

type liquidations struct {
	*lane
	whole
}

func (m liquidations) add(b *block, rows []row.Liquidation) (exchange.Time, error) {
	events := b.grow(len(rows))
	for i := range rows {
		r, e := &rows[i], &events[i]
		e.At, e.Exchange = m.stamp(r.Time.Time(), r.Event.Time(), r.Local)
		e.Inst = m.inst
		e.SetLiquidation(exchange.Liquidation{Side: exchange.Side(r.Side), Price: r.Price, Average: r.Average, Qty: r.Qty})
	}
	b.keep(len(rows))
	return rows[len(rows)-1].Time.Time(), nil
}

// playFunding plays settlements. It reads the earlier ones, too: the interval of one is
// its distance to the one before. A year of them is a small file.
func playFunding() playing[row.Funding] {
	return playing[row.Funding]{
		columns: []string{"time", "rate", "mark", "interval_hours"}, perRow: 1,
		maker: func(l *lane) maker[row.Funding] {
			m := &fundings{lane: l, ends: map[exchange.Time]bool{}}
			for _, h := range l.holes {
				m.ends[h.To] = true
			}
			return m
		},
		early: func(l *lane, _ []part, _ *gate) error {
			l.first = 0
			return nil
		},
	}
}

type fundings struct {
	*lane
	whole
	// last is the settlement before the next one, 0 if there is none.
	last exchange.Time
	// ends are the ends of holes: the distance of the row there says nothing.
	ends map[exchange.Time]bool
}

func (m *fundings) add(b *block, rows []row.Funding) (exchange.Time, error) {
	events := b.grow(len(rows))
	for i := range rows {
		r, e := &rows[i], &events[i]
		at := r.When()
		every := time.Duration(r.Hours) * time.Hour
		if m.last != 0 && !m.ends[at] {
			every = at.Sub(m.last)
		}
		m.last = at
		e.At, e.Exchange, e.Inst = at, r.Time.Time(), m.inst
		e.SetFunding(exchange.Funding{Rate: r.Rate, Mark: r.Mark, Interval: every})
	}
	b.keep(len(rows))
	return m.last, nil
}
