package backtest

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// tradeBook makes trades of fills: it follows every strategy's position in every leg from
// flat to flat. Positions, and what fills and fundings are worth, are the attribution's, so
// that the trades of a line add up to it.
type tradeBook struct {
	open [][]roundTrips // by StrategyID, InstrumentID
	// ended are the trades that ended at the instant of the last; what is booked at that
	// instant may still be theirs.
	ended []*roundTrip
	rows  Rows[TradeRow]
}

// roundTrips are the open trades of a strategy on one instrument, by position side; nil is
// flat.
type roundTrips [exchange.Short + 1]*roundTrip

// roundTrip is a trade with its money unrounded. What opened and what closed it are held as
// positions, whose entries are the average prices.
type roundTrip struct {
	TradeRow
	in             *exchange.Instrument
	opened, closed exchange.Position
}

// piece is a fill, or the part of one that belongs to one trade. Money is in USD, costs
// negative.
type piece struct {
	qty                            exchange.Fixed
	earned, volume, fees, slippage decimal.Decimal
}

func newTradeBook(ins *exchange.Instruments, strategies int) tradeBook {
	b := tradeBook{open: make([][]roundTrips, strategies)}
	for s := range b.open {
		b.open[s] = make([]roundTrips, ins.Len()+1)
	}
	return b
}

// fill moves a strategy's trade by a fill that met the position held, and returns the trade
// that it closed something of, nil if none. One that turns the position ends a trade and
// begins the next.
func (b *tradeBook) fill(in *exchange.Instrument, row *FillRow, held decimal.Decimal, whole piece) *roundTrip {
	b.pass(row.At)
	open := &b.open[row.Fill.Strategy][in.ID][row.PositionSide]
	var reduced *roundTrip
	opening := whole
	if int64(held.Sign()) == -row.Side.Sign() {
		var closing piece
		closing, opening = whole.split(held.Abs())
		reduced = *open
		reduced.close(row, closing)
		if held.Abs().Equal(closing.qty.Decimal()) {
			reduced.To, reduced.ExitTag, reduced.Forced = row.At, row.Tag, row.Forced
			b.ended, *open = append(b.ended, reduced), nil
		}
	}
	if opening.qty > 0 {
		if *open == nil {
			*open = &roundTrip{in: in, TradeRow: TradeRow{
				Strategy: row.Strategy, Product: row.Product, Symbol: row.Symbol, PositionSide: row.PositionSide,
				Side: row.Side, From: row.At, EntryTag: row.Tag,
			}}
		}
		(*open).add(row, opening)
	}
	return reduced
}

// split divides a fill into what closes a position of that size and the rest. What it
// earned is of the part that closes; all else is in proportion to the quantities.
func (p piece) split(held decimal.Decimal) (closing, rest piece) {
	total := p.qty.Decimal()
	if held.GreaterThanOrEqual(total) {
		return p, piece{}
	}
	qty, err := exchange.FixedFromDecimal(held, exchange.RoundDown)
	if err != nil {
		panic("backtest: " + err.Error()) // it is less than a Fixed
	}
	part := func(d decimal.Decimal) decimal.Decimal { return d.Mul(held).DivRound(total, divPlaces) }
	closing = piece{qty, p.earned, part(p.volume), part(p.fees), part(p.slippage)}
	return closing, piece{p.qty - qty, decimal.Zero, p.volume.Sub(closing.volume), p.fees.Sub(closing.fees), p.slippage.Sub(closing.slippage)}
}

// add counts a piece that opened the position or made it larger.
func (t *roundTrip) add(row *FillRow, p piece) {
	t.opened.Trade(t.in, row.Side, p.qty, row.Price)
	t.count(p)
	t.Qty = decimal.Max(t.Qty, t.opened.Qty.Add(t.closed.Qty).Abs())
}

// close counts a piece that made the position smaller.
func (t *roundTrip) close(row *FillRow, p piece) {
	t.closed.Trade(t.in, row.Side, p.qty, row.Price)
	t.count(p)
}

func (t *roundTrip) count(p piece) {
	t.Fills++
	t.Volume = t.Volume.Add(p.volume)
	t.Price = t.Price.Add(p.earned)
	t.Fees = t.Fees.Add(p.fees)
	t.Slippage = t.Slippage.Add(p.slippage)
}

// funding gives a strategy's share of a payment to its open trades on the instrument, in
// proportion to their signed quantities. Legs that are equal have no share.
func (b *tradeBook) funding(s int, position *legs, usd decimal.Decimal) {
	if usd.IsZero() {
		return
	}
	rest, net := usd, position.qty()
	var last *roundTrip
	for side, t := range b.open[s][position.inst()] {
		if t == nil {
			continue
		}
		part := usd.Mul(position[side].Qty).DivRound(net, divPlaces)
		t.Funding, rest, last = t.Funding.Add(part), rest.Sub(part), t
	}
	last.Funding = last.Funding.Add(rest)
}

// fundSide gives a strategy's funding of one leg to its open trade.
func (b *tradeBook) fundSide(s int, inst exchange.InstrumentID, side int, usd decimal.Decimal) {
	if t := b.open[s][inst][side]; t != nil {
		t.Funding = t.Funding.Add(usd)
	}
}

// pass writes down the trades that ended before an instant.
func (b *tradeBook) pass(at exchange.Time) {
	if len(b.ended) == 0 || b.ended[0].To == at {
		return
	}
	for _, t := range b.ended {
		t.Exit = t.closed.Entry
		b.rows.Add(t.row())
	}
	b.ended = b.ended[:0]
}

// row is the trade with its money rounded to what a booking holds.
func (t *roundTrip) row() *TradeRow {
	t.Entry = t.opened.Entry
	for _, d := range [...]*decimal.Decimal{&t.Entry, &t.Exit, &t.Volume, &t.Price, &t.Fees, &t.Funding, &t.Slippage} {
		*d = d.Round(exchange.FixedPlaces)
	}
	t.Net = t.Price.Add(t.Fees).Add(t.Funding)
	return &t.TradeRow
}

// roundTrips are all trades. Those that are open at the end come last, by strategy and
// leg, and have earned what their position has at the mark.
func (a *attribution) roundTrips(end exchange.Time) Rows[TradeRow] {
	b := &a.trades
	b.pass(end + 1)
	for s := range b.open {
		for id := range b.open[s] {
			for side, t := range b.open[s][id] {
				if t == nil {
					continue
				}
				t.Open, t.To, t.Exit = true, end, a.marks[id].Decimal()
				t.Price = t.Price.Add(a.gain(&a.cells[s][id].position[side]))
				b.rows.Add(t.row())
			}
		}
	}
	return b.rows
}
