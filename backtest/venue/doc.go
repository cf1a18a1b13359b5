// Package venue is the simulated Portfolio Margin exchange: it takes approved orders,
// matches them against market events, books every movement of money, settles funding,
// values the account and liquidates it, and answers with the account events that Binance
// would send. A backtest, a dry run and the papi simulator use the same venue.
//
// It promises to be a function of its configuration and the calls made: no clock, no
// randomness, no I/O. Equal calls give equal events, byte for byte.
//
// The walk of an order: [Venue.Submit] admits it or answers Rejected with Binance's code
// (admit.go, filter.go); [Venue.Market] shows every market event to the orders of its
// instrument (bars.go, ticks.go, trigger.go); a fill moves position and wallets (fill.go,
// wallet.go); whatever changed the account has it valued again (risk.go, liquidate.go);
// [Venue.Events] hands out what the account saw of it. Start reading at venue.go.
//
// # Time
//
// An order made at t matches only later data. A bar that began before the order arrived
// proves nothing about it; the order waits for the next one.
//
// # What matches
//
// An instrument matches on the finest kind of data it has received: bars, then trades,
// then best bid and ask. Once a trade has been seen its bars match nothing any more; once
// a book ticker has been seen, takers fill on tickers only, and resting orders on both
// trades and tickers. Of bars with several intervals the shortest match.
//
// # Bars
//
// The first price an order can meet is the open of the next bar. There a market order
// fills at the open, moved against us by the slippage and rounded to the tick on the bad
// side; so does a limit order that this price satisfies. IOC and FOK orders that it does
// not satisfy expire; others rest.
//
// A resting limit fills at its price when a later bar trades through it, not when it
// touches. A bar that opens beyond it fills it at the open, which is better.
//
// Inside a bar the adverse extreme comes first: the low for a long position and the high
// for a short one, so that a protecting stop comes before a profit target. Without a
// position the side of the entry decides: the high first when an order to buy could open
// one, else the low, so that no profit is taken on a move that may have come before. Then
// comes the other extreme, then the close. Bars offer any quantity.
//
// A conditional order triggers at its trigger price, or at the open if that is beyond. A
// stop-market then fills at that price plus slippage. A stop-limit whose limit is not
// satisfied there rests, and fills within the same bar only where that is certain: when
// the extreme that the trigger lies on the way to, or the close, is through its limit. A
// trailing stop follows the extremes, and the close, in the order above: a peak and the
// fall from it within one bar trigger it when they come in that order.
//
// # Trades
//
// A market order and a limit order that the price satisfies fill at the next trade's
// price plus slippage, whatever its quantity. A resting limit fills at its price when a
// trade prints through it, together up to the quantity of that trade, best price first,
// then the oldest.
//
// # Best bid and ask
//
// Takers fill at the best price of the other side up to the quantity shown, and go on at
// the next ticker. A market order in quote asset converts at each price what it has not
// spent yet, and is filled when that makes no whole step any more. A resting limit fills
// at its price when the other side's best reaches it: a seller who posts there meets our
// bid. The quantity shown is the most that one ticker fills; it counts anew with every
// ticker.
//
// # Conditional orders
//
// They are not checked for margin before they trigger and are triggered by the last price
// or the mark price, as asked. The last price is a trade's, a bar's, or the middle of bid
// and ask for an instrument without trades. An order that triggers goes to Triggering,
// makes a child order with a client id of its own, goes to Triggered, and to Finished when
// the child is over; a child that is refused makes it Rejected. A child that was triggered
// by a trade, a ticker or a mark matches from the next event on.
//
// # Order rules
//
// Post-only orders expire when they would take at the last known best price, or without a
// ticker at the last price. GTD orders end at their time, before the event that shows the
// time to have come is matched. Reduce-only orders are clipped to the position and expire
// with it. Only one-way position mode is offered.
//
// # Money
//
// Each ledger entry is rounded once, half away from zero, to eight decimals. Futures book
// realised profit and commission in the wallet of the margin asset. Margin pairs exchange
// the two assets in the margin wallet and take the commission from the asset received;
// orders that may borrow borrow what is missing when they fill. Funding is the notional
// at the settlement's mark times the rate.
//
// # Liquidation
//
// See liquidate.go. Forced fills take place at once, at the mark price plus slippage.
package venue
