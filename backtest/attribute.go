package backtest

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
)

// attribution says where money came from: for every strategy and instrument, in USD at
// the asset index of the moment it was booked.
type attribution struct {
	ins     *exchange.Instruments
	cells   [][]cell // by StrategyID, InstrumentID
	net     []legs   // the account's, by InstrumentID
	marks   []exchange.Fixed
	indices []assetPrice
	// decisions are the prices at which open orders were decided, for slippage.
	decisions map[exchange.OrderID]exchange.Fixed
	forced    []forcedFill // by InstrumentID
	trades    tradeBook
	house     cell // entries of no instrument
	// shares are the kernel's of the loans in an asset, and charged the interest of strategies that
	// was counted already; nil gives all interest to the house.
	shares  func(asset string) []engine.LoanShare
	charged map[loanOf]decimal.Decimal
	series  []lineSeries // by StrategyID, then by InstrumentID
	total   lineSeries
	months  []monthMark
	// takenOver are the account's debts, in USD, that the insurance fund has paid.
	takenOver decimal.Decimal
	// settlement finds a funding settlement of an instrument, nil if there was none; nil finds none.
	settlement func(exchange.InstrumentID, exchange.Time) *settled
	awaited    []exchange.Time // by InstrumentID: a settlement of which it is open who pays whom, 0 for none
	native     nativeBook
}

// cell is one strategy on one instrument. A strategy's profit is that of its own
// position. The account's is that of the net position of all, so the house's cell holds
// the difference, which is nothing while only one strategy trades an instrument.
type cell struct {
	house, used                 bool // used: something has happened
	position                    legs
	trades                      int
	turnover, realized, fees    decimal.Decimal
	funding, interest, slippage decimal.Decimal
	series                      lineSeries
}

// legs are the positions of one instrument by position side: Both alone in one-way mode,
// Long and Short in hedge mode.
type legs [exchange.Short + 1]exchange.Position

func newLegs(inst exchange.InstrumentID) (l legs) {
	for side := range l {
		l[side].Inst, l[side].Side = inst, exchange.PositionSide(side)
	}
	return l
}

// inst is the instrument whose legs they are.
func (l *legs) inst() exchange.InstrumentID { return l[0].Inst }

// qty is the net quantity.
func (l *legs) qty() decimal.Decimal {
	return l[exchange.Both].Qty.Add(l[exchange.Long].Qty).Add(l[exchange.Short].Qty)
}

// flat says whether no leg has a position.
func (l *legs) flat() bool {
	return l[exchange.Both].Qty.IsZero() && l[exchange.Long].Qty.IsZero() && l[exchange.Short].Qty.IsZero()
}

// forcedFill is the last fill of an instrument that nobody sent, and the trade that it
// closed something of. What is booked for it carries no strategy.
type forcedFill struct {
	at       exchange.Time
	strategy exchange.StrategyID
	trade    *roundTrip
}

type assetPrice struct {
	asset string
	price exchange.Fixed
}

func newAttribution(ins *exchange.Instruments, strategies int) attribution {
	a := attribution{
		ins: ins, trades: newTradeBook(ins, strategies), cells: make([][]cell, strategies), net: make([]legs, ins.Len()+1), marks: make([]exchange.Fixed, ins.Len()+1),
		decisions: map[exchange.OrderID]exchange.Fixed{}, charged: map[loanOf]decimal.Decimal{}, forced: make([]forcedFill, ins.Len()+1), awaited: make([]exchange.Time, ins.Len()+1), series: make([]lineSeries, strategies+ins.Len()+1),
	}
	for i := range a.cells {
		a.cells[i] = make([]cell, ins.Len()+1)
		for id := range a.cells[i] {
			a.cells[i][id].position, a.cells[i][id].house = newLegs(exchange.InstrumentID(id)), i == 0
			a.net[id] = newLegs(exchange.InstrumentID(id))
		}
	}
	return a
}

func (a *attribution) setIndex(asset string, price exchange.Fixed) {
	for i := range a.indices {
		if a.indices[i].asset == asset {
			a.indices[i].price = price
			return
		}
	}
	a.indices = append(a.indices, assetPrice{asset, price})
}

// usd values an amount at the asset's index. Dollars are worth one where the run has no
// index of them.
func (a *attribution) usd(asset string, amount decimal.Decimal) decimal.Decimal {
	if price := a.index(asset); price != 0 {
		return amount.Mul(price.Decimal())
	}
	return amount
}

// index is the price of an asset, 0 before its first.
func (a *attribution) index(asset string) exchange.Fixed {
	for i := range a.indices {
		if a.indices[i].asset == asset {
			return a.indices[i].price
		}
	}
	return 0
}

// decided notes the price of the moment in which an order was approved.
func (a *attribution) decided(inst exchange.InstrumentID, u *exchange.OrderUpdate, last exchange.Fixed) {
	if last == 0 {
		last = a.marks[inst]
	}
	a.decisions[u.ID] = last
}

func (a *attribution) over(u *exchange.OrderUpdate) { delete(a.decisions, u.ID) }

// fill counts one execution and returns the strategy's position after it.
func (a *attribution) fill(in *exchange.Instrument, row *FillRow) decimal.Decimal {
	f := &row.Fill
	if f.Forced != exchange.NotForced {
		a.forced[in.ID] = forcedFill{at: row.At, strategy: f.Strategy}
	}
	c, p := &a.cells[f.Strategy][in.ID], piece{qty: f.Qty, fees: a.usd(f.FeeAsset, f.Fee).Round(exchange.FixedPlaces).Neg()}
	c.used = true
	c.trades++
	qty, price := f.Qty.Decimal(), f.Price.Decimal()
	p.volume = a.usd(in.MarginAsset, in.Value(qty, price))
	c.turnover = c.turnover.Add(p.volume)
	if at := a.decisions[f.Order]; at != 0 {
		signed := decimal.New(f.Side.Sign()*int64(f.Qty), -exchange.FixedPlaces)
		p.slippage = a.usd(in.MarginAsset, in.PnL(signed, price, at.Decimal()))
		c.slippage = c.slippage.Add(p.slippage)
	}
	booked := a.net[in.ID][f.PositionSide].Trade(in, f.Side, f.Qty, f.Price)
	if in.Product != exchange.Margin { // what a margin pair earns is in no booking
		booked = f.Realized
	}
	house := &a.cells[0][in.ID]
	house.used = true
	house.realized = house.realized.Add(a.usd(in.MarginAsset, booked).Round(exchange.FixedPlaces))
	if !a.passedOn(in.ID, f) {
		a.own(in, row, p)
	}
	if f.Strategy == 0 {
		return a.net[in.ID].qty()
	}
	return c.position.qty()
}

// passedOn says whether a fill of the house is none of an order of ours and closes what
// strategies hold: each of them is told its share, and the house holds nothing of it.
func (a *attribution) passedOn(inst exchange.InstrumentID, f *exchange.Fill) bool {
	if f.Strategy != 0 || f.Order != 0 {
		return false
	}
	for s := 1; s < len(a.cells); s++ {
		if int64(a.cells[s][inst].position[f.PositionSide].Qty.Sign()) == -f.Side.Sign() {
			return true
		}
	}
	return false
}

// share moves a strategy's position by its share of a fill that was counted before.
func (a *attribution) share(in *exchange.Instrument, row *FillRow) {
	if row.Qty > 0 { // rounded down to the lot it may be nothing
		a.own(in, row, piece{qty: row.Qty, volume: a.usd(in.MarginAsset, in.Value(row.Qty.Decimal(), row.Price.Decimal()))})
	}
}

// own moves a strategy's position and its trade by a fill, or by its share of one, and
// gives it what its own position has earned; the house keeps what is left of the booking.
func (a *attribution) own(in *exchange.Instrument, row *FillRow, p piece) {
	c, house := &a.cells[row.Fill.Strategy][in.ID], &a.cells[0][in.ID]
	c.used = true
	position := &c.position[row.PositionSide]
	held := position.Qty
	earned := position.Trade(in, row.Side, row.Qty, row.Price).Round(exchange.FixedPlaces)
	p.earned = a.usd(in.MarginAsset, earned).Round(exchange.FixedPlaces)
	if c != house {
		c.realized, house.realized = c.realized.Add(p.earned), house.realized.Sub(p.earned)
		if in.Product != exchange.Margin { // whose bookings are the coins themselves
			a.native.move(row.Fill.Strategy, in.MarginAsset, exchange.ReasonRealizedPnL, earned)
		}
	}
	reduced := a.trades.fill(in, row, held, p)
	if last := &a.forced[in.ID]; row.Forced != exchange.NotForced && last.strategy == row.Fill.Strategy {
		last.trade = reduced
	}
}

// ledger counts a booking to its source and returns it in USD, rounded once as bookings are. What
// a forced fill costs is his whose position it closed.
func (a *attribution) ledger(e *exchange.Event, l *exchange.LedgerEntry) decimal.Decimal {
	inst, owner := e.Inst, l.Strategy
	forced := &a.forced[inst]
	if owner == 0 && forced.at == e.At {
		owner = forced.strategy
	}
	amount := l.Delta
	if l.Wallet.Debt() {
		amount = amount.Neg()
	}
	usd := a.usd(l.Asset, amount).Round(exchange.FixedPlaces)
	a.native.book(l.Asset, l.Reason, amount, a.nativeOwner(inst, l, owner))
	switch {
	case inst == 0 && l.Reason == exchange.ReasonInterest && a.shares != nil:
		a.charge(l.Asset, usd)
	case inst == 0:
		a.house.book(l.Reason, usd)
		if l.Reason == exchange.ReasonLiquidation && usd.IsPositive() {
			a.takenOver = a.takenOver.Add(usd)
		}
	case l.Strategy == 0 && l.Reason == exchange.ReasonFunding:
		a.fund(e, l.Delta.Sign(), usd)
	default:
		a.cells[owner][inst].book(l.Reason, usd)
		if t := forced.trade; l.Reason == exchange.ReasonLiquidation && t != nil && forced.at == e.At { // other fees come with the fill
			t.Fees = t.Fees.Add(usd)
		}
	}
	return usd
}

// loanOf is a strategy's loans in an asset.
type loanOf struct {
	asset    string
	strategy exchange.StrategyID
}

// charge divides interest as the kernel's meter has done, which has seen the booking before; what
// no strategy has borrowed is the house's.
func (a *attribution) charge(asset string, usd decimal.Decimal) {
	rest := usd
	for _, h := range a.shares(asset) {
		of := loanOf{asset, h.Strategy}
		own := a.charged[of].Sub(h.Charged)
		if h.Strategy == 0 || own.IsZero() {
			continue
		}
		a.charged[of] = h.Charged
		part := a.usd(asset, own).Round(exchange.FixedPlaces)
		a.native.move(h.Strategy, asset, exchange.ReasonInterest, own)
		a.cells[h.Strategy][0].book(exchange.ReasonInterest, part)
		rest = rest.Sub(part)
	}
	a.house.book(exchange.ReasonInterest, rest)
}

// divPlaces is the precision of the one division a formula may have.
const divPlaces = 16

// book adds an amount to its source. What fills earn, deliveries too, comes with them. A
// gain by liquidation is a debt that the insurance fund has taken over: a loss of price that
// is not the account's, and no fee.
func (c *cell) book(why exchange.Reason, usd decimal.Decimal) {
	c.used = true
	switch {
	case why == exchange.ReasonAutoExchange, why == exchange.ReasonLiquidation && usd.IsPositive():
		c.realized = c.realized.Add(usd)
	case why == exchange.ReasonCommission, why == exchange.ReasonLiquidation:
		c.fees = c.fees.Add(usd)
	case why == exchange.ReasonFunding:
		c.funding = c.funding.Add(usd)
	case why == exchange.ReasonInterest:
		c.interest = c.interest.Add(usd)
	}
}
