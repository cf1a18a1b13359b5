// Package venue is the simulated Portfolio Margin exchange: it takes approved orders,
// matches them against market events, books every movement of money, settles funding,
// values the account and liquidates it, and answers with the account events that Binance
// would send. A backtest, a dry run and the papi simulator use the same venue.
//
// It promises to be a function of its configuration and the calls made: no clock, no
// randomness, no I/O. Equal calls give equal events, byte for byte.
//
// The walk of an order: [Venue.Submit] admits it or answers Rejected with Binance's code
// (admit.go, filter.go) and lets it take from what stands (take.go, selftrade.go);
// [Venue.Market] shows every market event to the orders of its instrument (bars.go,
// ticks.go, trigger.go); a fill moves position and wallets (fill.go,
// wallet.go); whatever changed the account has it valued again (risk.go, liquidate.go);
// [Venue.Events] hands out what the account saw of it. Start reading at venue.go.
//
// # Time
//
// An order meets what is known of the market at its arrival and later data, never older
// data: a bar that began before the order arrived proves nothing about it, and on bars and
// trades alone an order waits for the next one. Where a book is known, what stands in it
// can be taken at once.
//
// # What matches
//
// An instrument matches on the finest kind of data it has: bars, then trades, then best bid
// and ask, then depth. Once a trade has been seen its bars match nothing any more. Once a
// book ticker has been seen, takers fill on what stands; while the instrument has a book in
// sync, tickers match nothing. A book that has lost a piece, or a hole in the data, leaves
// the instrument to tickers and trades until the next snapshot. Where trades come, or the
// feed promises them, nothing but trades fills a resting order. Of bars with several
// intervals the shortest match.
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
// Without a book, a market order and a limit order that the price satisfies fill at the
// next trade's price plus slippage, whatever its quantity.
//
// A trade fills resting orders at their own prices, all of ours together up to its
// quantity: the best price first, then the oldest, so that an order of ours takes part of
// what would have reached one behind it. A print through an order's price has passed
// everybody who stood there and fills it. A print at the price by an aggressor of the other
// side goes to those ahead in line first; see Queue. A print at the price by an aggressor
// of our own side fills nothing, unless the best of the other side stands at or through our
// price: then whoever is there in truth found nobody to deal with and would have met us. Of a
// print by an aggressor of our own side what we have taken there before does not count: that
// is the deal he had in our stead.
//
// # Best bid and ask, depth
//
// A taker matches at its arrival with what stands on the other side, level by level from
// the best; with tickers that is one level. What it takes from a level is gone until the
// data tells that level anew: by a difference with that price, or by a snapshot or ticker
// with another quantity there, or with the same one after prints of as much as we took. The
// data knows nothing of us, so nothing else could bring it back. What trades have taken that
// are younger than the book is gone as well: all that is better than their price, and as
// much at it. A level is taken whole, though others may have been on their way to it
// (assumed).
//
// IOC orders expire with what they do not find. FOK orders need all of it standing at their
// price or better. Other limit orders rest with what is left. A market order goes on with
// the next data when it has emptied all levels known, for there may be others behind; on
// futures it takes nothing farther from the mark than the instrument's marketTakeBound, and
// its rest expires there. An amount in quote asset is converted at each price, and is
// filled when what is left makes no whole step. Where nothing stands yet, orders wait.
//
// Without trades, a resting order fills at its price when the other side's best reaches
// it, for a seller who posts there meets our bid: up to the quantity shown, which counts
// once, as for takers.
//
// # Queue
//
// An order that comes to rest stands behind everything shown at its price. Package queue
// has the two models of how it comes forward, and their sources; [Matching] chooses. The
// place is known where the book shows the price: with depth, as far as the snapshot went or
// where the level has been told since; with tickers, at the best price or better. Elsewhere
// it is unknown, and on trades alone it always is: then only prints through the price fill
// the order, until its price is told and everything shown there is ahead. When the other
// side's best comes to the price, or a trade passes it, nobody is ahead any more. What a
// trade at the price leaves for the order counts in whole lots. Times of trades and book
// are compared by the exchange's clock where the data has it. Whoever joined after the book
// was told last and before our order came is not seen and counts as behind it: where the
// book is told every 100 ms, this flatters orders at a price that has just become the best.
//
// Of an iceberg order the visible part has the place. When it has dealt, the next part
// goes to the end of the line, even within one trade. A print through the price, and
// whoever stands at it, deals with the hidden part as well.
//
// Every amend puts the order at the end of the line. Binance documents that amended orders
// are put in the matching queue anew, for price and quantity alike, and names no exception.
//
// # Orders of ours that meet
//
// A taker comes upon our own resting orders in their turn: after better prices, and at the
// same price after what is ahead of them in line. The taker's self-trade prevention then
// decides: EXPIRE_TAKER, EXPIRE_MAKER and EXPIRE_BOTH end orders, which EXPIRE with a
// reason; with NONE the two trade, at the resting one's price and under one trade id. Left
// to the exchange the mode is NONE on UM, and EXPIRE_MAKER on margin pairs, as captured
// from Portfolio Margin accounts; CM orders have no such parameter there, and NONE is
// assumed. On futures it does not act on FOK orders. Post-only orders that would meet an
// order of ours expire. This happens where a book stands, not on bars or trades alone.
//
// # Price match
//
// OPPONENT and QUEUE are the best price of the other and of the own side when the order
// arrives, the _5, _10 and _20 kinds the fifth, tenth and twentieth level there, with what
// we have taken counted as standing. They need depth, and a book that is not known so deep
// answers -5037. On conditional orders they are not offered: those answer -5037, too,
// unless [Orders] is lenient. An
// amend may ask for one in place of a price.
//
// # Conditional orders
//
// Those of futures are not checked for margin before they trigger. The spot engine locks
// the balance of a conditional margin order at once, at its limit, or at its trigger with
// slippage. They are triggered by the last price, or on futures the mark price, as asked.
// The last price is a trade's, a bar's, or the middle of bid and ask for an instrument
// without trades. An order that would trigger when it arrives is rejected, -2021, on margin
// pairs -2010. An order that triggers goes to Triggering, makes a child order with a client
// id of its own, goes to Triggered, and to Finished when the child is over; a child that is
// refused makes it Rejected. (A margin stop keeps its id at Binance; here it has a child
// like the others.) A child that was triggered by a trade, a ticker or a mark matches from
// the next event on. Price protection holds a trigger back while last and mark differ by
// more than the symbol's triggerProtect.
//
// Trailing stops are of futures only, with a callback of 0.1% to 20% on UM and to 5% on CM.
// They follow from their activation price on, or from the start without one; an activation
// behind the price is rejected with -2021. closePosition is of UM's market stops and
// take-profits, and takes whatever the position is at the trigger.
//
// # OCO
//
// An OCO of a margin pair is a list of two orders for one quantity: the limit leg, a
// LIMIT_MAKER at Price, and the stop leg, triggered at Trigger, with the limit StopPrice or
// none. To sell, Price > last > Trigger; to buy, the other way round; else -2010. The list
// is told first, Working once for each leg with the leg's client id in Child; the ids are
// [exchange.OCOLegs]. Then each leg is told like any order. When a leg deals, even in part,
// triggers or ends, the other one expires, before anything else happens; cancelling a leg
// or the list cancels all that is open of it. The list is Finished when both legs and the
// child of the stop leg are over. Its legs lock one amount, that of the dearer one.
//
// # Order rules
//
// What a kind or a product does not take is refused with Binance's code (fields.go), and so
// is what breaks a filter of the symbol (filter.go): price, lot and market lot, minimum
// notional, and PERCENT_PRICE, for futures against the mark, for a futures market order by
// the best price it would meet, -4131, for a stop's limit against its trigger. Binance
// holds margin pairs against an average of minutes; here it is the last price. What a
// trigger makes is not held against the filters again.
//
// A symbol has a limit of open orders, conditional ones and legs of OCO included, and maybe
// one of conditional orders; the account may have 200 conditional UM orders. New orders and
// amends have a limit a minute, counted from minute to minute of the clock; that refused
// ones count, and that Binance's windows lie so, is assumed. Client ids are unique among
// the account's open orders; ids of orders that are over can be used again, as at Binance.
//
// Post-only orders that would take at the last known best price, or without a ticker at the
// last price, expire on futures and are rejected on margin pairs. GTD orders, UM only, must
// end more than 600 seconds ahead and end at their time, before the event that shows the
// time to have come is matched. Reduce-only orders are clipped to the position and expire
// with it; conditional ones stay and are rejected when they trigger. The queue says what an
// iceberg order's visible part does.
//
// Margin orders with MARGIN_BUY or AUTO_BORROW_REPAY borrow what they lack when they are
// placed, before they are told as Working, and once more when they fill if a market order
// costs more than it was estimated. An order that is over and has not filled pays back what
// it has borrowed and not spent (autoRepayAtCancel, Binance's default). That conditional
// ones borrow when they are placed, too, is assumed. AUTO_REPAY and AUTO_BORROW_REPAY repay
// with what a fill brings, interest first, after its commission.
//
// # Position mode
//
// In one-way mode a symbol has one position, Both. In hedge mode it has a Long and a Short
// one side by side, and every futures order names its leg, else -4061. An order on the
// closing side of its leg only shrinks it: one larger than the leg is rejected with -2022
// (that it is not clipped is assumed), several that together are larger are clipped as
// they fill. The flag reduceOnly is refused. Funding, maintenance margin, liquidation and
// closePosition are each leg's own. The mode is that of UM and CM together.
//
// # Money
//
// Each ledger entry is rounded once, half away from zero, to eight decimals. Futures book
// realised profit and commission in the wallet of the margin asset. Margin pairs exchange
// the two assets in the margin wallet and take the commission from the asset received.
// Funding is the notional at the settlement's mark times the rate, whatever the interval
// and however many settlements an instant has.
//
// # Commissions in BNB
//
// UM pays them from the UM wallet at 90%, margin pairs from the margin wallet at 75%, at the
// index prices of the fill's instant; CM has no discount. A wallet that does not hold the
// whole commission of a fill pays it in the asset traded, without discount. That it is not
// split, and that forced fills have no discount, is assumed. Rebates come in the asset
// traded.
//
// # Interest
//
// A loan bears its first hour when it is taken and one more at every full hour of UTC, of
// the principal. It becomes a debt beside the principal, bears none itself, and is repaid
// before it; paid in BNB it has no discount, which is assumed. An asset of which there is
// less than nothing over margin, UM and CM wallets pays a day's interest at 00:00 UTC on
// what is beyond the free threshold, 24 times the hourly rate. Assumed: the futures wallet
// that has less of it pays. Loans are not part of that sum. The interest of loans and of
// negative balances is never charged twice.
//
// # Negative balances
//
// Auto-repay pays negative futures wallets from what the margin wallet has free of the same
// asset, UM before CM, at 22:00 and 23:00 UTC. Binance says twice a day within the two hours
// before the charge; that it is on the hour is assumed. Beyond a limit, looked at after every
// booking, auto-exchange sells what the margin wallet has free of other assets, the one worth
// most first, at index prices less a cost, until nothing is missing of the asset. Limits,
// cost, order and that all is covered are assumed: Binance publishes none of it.
//
// # Loans, transfers, withdrawals
//
// A loan is refused beyond the account's own limit (51006), beyond what the pool has
// (51061), and where borrowing is banned (51014); see loan.go. An empty pool does not call
// loans in: no rule of Binance's says when it would, so they stay and bear interest. Wallets
// exchange money as transfer.go says. A withdrawal leaves 1.2 times the maintenance margin,
// and the initial margin.
//
// # Delivery
//
// A dated contract settles at the mean of its index over the last 1,800 seconds, 3,600 for
// deliveries before 2024-11-11: of each second the index known at its beginning. Without an
// index, the exchange's last estimate counts, and else the mark. Open orders expire, and
// positions close with the taker's fee under client ids that begin with
// "settlement_autoclose-". Orders are taken until the instant itself, which is assumed:
// Binance limits trading in the last minutes.
//
// # Margin
//
// An order is weighed by [margin.Portfolio.Admit]: initial margin and open loss of what it
// adds, against what is available without it; -2019 and -2027 are the answers. Reduce-only
// orders need a position, not margin, and conditional ones nothing before their trigger. In
// ReduceOnly status only orders that reduce, or repay, pass. See terms.go for what the
// exchange changes meanwhile: rates, brackets, filters, status.
//
// # Liquidation
//
// The lines of the ladder are the tables'; at the lowest, or with adjusted equity below
// zero, the account is liquidated in the order that Binance publishes: margin orders are
// cancelled, then everything else; collateral is sold to cover debts; positions are closed,
// the largest maintenance margin first; what remains owed falls to the insurance fund, and
// the account is empty and Bankrupted until somebody pays in. It is called off after any
// step that lifts uniMMR above the line. Details and what is assumed: liquidate.go and
// collateral.go. Assumed above all, because nobody publishes it: all happens in one instant;
// positions go whole; the order in which collateral is sold; the clearance fee of loans. A
// forced close takes the book level by level where one is known, and goes at the mark plus
// slippage where not.
//
// ADL cancels the symbol's orders and takes a share of a position at the mark, without
// commission; see [Venue.ADL]. The real price is the bankruptcy price of a counterparty, which
// can be worse than the mark and which nothing tells us.
package venue
