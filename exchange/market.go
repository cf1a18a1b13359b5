package exchange

import "time"

// Trade is anyone's public trade: one aggTrade row or frame. Our own execution is a
// [Fill].
type Trade struct {
	Price Fixed
	// Qty is in base coin (UM, margin) or contracts (CM).
	Qty Fixed
	// ID is the aggregate trade id; First and Last are the ids of the trades in it.
	ID, First, Last int64
	// BuyerMaker says that the buyer rested, so the aggressor sold.
	BuyerMaker bool
}

// BookTicker is the best bid and ask. A quantity of 0 with a price of 0 is an empty side.
type BookTicker struct {
	Bid, BidQty, Ask, AskQty Fixed
	// UpdateID is the order book's update id at that state.
	UpdateID int64
}

// Mid is the middle of bid and ask, rounded down to eight decimals, or 0 when a side is
// empty.
func (b BookTicker) Mid() Fixed { return mid(b.Bid, b.Ask) }

func mid(bid, ask Fixed) Fixed {
	if bid == 0 || ask == 0 {
		return 0
	}
	return bid + (ask-bid)/2
}

// Mark is the mark price of a futures contract, by which Binance values positions.
type Mark struct {
	Price Fixed
	// Index is the index price, 0 where the source has none.
	Index Fixed
	// Rate is the running estimate of the next funding rate, and NextFunding its instant;
	// both 0 for delivery contracts and where the source has none.
	Rate        Fixed
	NextFunding Time
	// Settle is the estimated settlement price, of use in the last hour before delivery.
	Settle Fixed
}

// Funding is a settled funding rate. The event's At is the settlement instant, the whole
// hour that the published time, a few milliseconds late, belongs to.
type Funding struct {
	// Rate is paid by longs to shorts when positive, on the notional at Mark.
	Rate Fixed
	// Mark is the mark price of the instant where the source has it, else 0.
	Mark Fixed
	// Interval is the time since the settlement before, 0 where it is not known.
	Interval time.Duration
	// Special is Binance's rateType "Special": a settlement beside the regular ones.
	Special bool
}

// Bar is one candle. It is delivered when it closes: the event's At is Open time plus
// Interval.
type Bar struct {
	Start                  Time
	Interval               time.Duration
	Open, High, Low, Close Fixed
	// Volume is in base coin (UM, margin) or contracts (CM), QuoteVolume in quote asset
	// or, for CM, base coin. TakerBuy is the part of Volume that aggressors bought. Each
	// is 0 where the source has none.
	Volume, QuoteVolume, TakerBuy Wide
	Trades                        int64
}

// BarOpen is the first price of a bar, known when it opens. Venues match market orders
// on it; strategies never see it.
type BarOpen struct {
	Price    Fixed
	Interval time.Duration
}

// Level is one price of an order book with the whole quantity resting there. A quantity
// of 0 removes the price.
type Level struct {
	Price, Qty Fixed
}

// Depth is a piece of an order book: a snapshot, or a difference to the state before.
type Depth struct {
	// First and Last are the update ids that the piece covers ("U" and "u"), Prev the
	// Last of the piece before ("pu"). A snapshot has only Last.
	First, Last, Prev int64
	Snapshot          bool
	Bids, Asks        []Level
}

// Liquidation is somebody's forced order, as the public stream samples it.
type Liquidation struct {
	// Side is the side of the liquidation order: Sell means a long was liquidated.
	Side                Side
	Price, Average, Qty Fixed
}

// AssetIndex is the USD price by which Binance values an asset as collateral.
type AssetIndex struct {
	Asset string
	Price Fixed
}

// Forever is the cadence of what never changes, such as a dollar's index: it has no age.
const Forever = 100 * 365 * 24 * time.Hour

// Cadence is a feed's promise of how often a kind of event comes for an instrument or
// an asset. Inputs older than twice the cadence, or than a configured limit if that is
// longer, are stale.
type Cadence struct {
	Kind  Kind
	Asset string
	Every time.Duration
	// Rule names how the values are derived when the feed does not carry them, such as
	// "mark = last close". It is empty for recorded and live values.
	Rule string
}

// Clock is a measurement of the exchange's clock by ours.
type Clock struct {
	// Offset is the exchange's clock minus ours, and Within how well that is known: it is off
	// by so much at most.
	Offset, Within time.Duration
}

// Gap is a hole that a feed knows of: no event of that kind between From and To.
type Gap struct {
	Kind     Kind
	From, To Time
	Reason   string
}
