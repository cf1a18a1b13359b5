// Package public is what everyone can see of the simulated exchange: the public endpoints
// of fapi, dapi and api, and the market streams. It keeps books, tickers, candles and trades
// of what the market has done so far and knows nothing of any account.
//
// One owner shows it the market's events in order, lets time pass and asks it in between. A
// frame is made only of a stream that somebody listens to ([Service.Listen]), and once,
// however many do. Start reading at [Service], then [Service.Pass]; streamname.go has the
// names of all streams, [Way] where each delivers.
//
// # To the letter
//
// UM and CM are one universe since 2026-06-30: streams of all symbols have both on both hosts,
// told apart by st, and mark prices and candles of either deliver on either. The class of a
// stream decides between /public and /market; what is asked for elsewhere, is written with
// capitals or does not exist is silent. fapi's limits of depth are a list (-4021), those of
// others a range (-1130); a missing limit of depth is 500 levels at a weight of 1, as
// measured. dapi answers lists where fapi answers objects, calls the pair ps in ticker/price,
// and gives the newest candles before endTime whatever the start, at most 200 days (-4088).
// The marks of contracts that deliver have no rate: "" on CM and in streams, zeros on UM. Fields
// of an answer that [exchange.Instrument] does not have are those of Binance's BTC contracts.
//
// # What a source lacks
//
// Times are those of the events' At. Update ids are the simulation's own: one sequence for all
// futures books, so that U is seldom pu+1, and one without gaps for each spot pair; they begin
// beyond 32 bits. Trade ids are the source's as long as they rise. An aggregate counts as one
// trade in trades and @trade, that of its last id. Without pieces of a book, the best prices
// are a book of one level a side; with them, the best prices are those of the book. Of bars
// alone each becomes one trade of its volume at its close, with a tick of spread around it,
// and closes the candles that end with it; candles shorter than the bars have closes only.
//
// Assumed, where the reference is silent:
//   - Prices have the decimals of the tick, though Binance gives some symbols more.
//   - Streams with a speed tell at whole multiples of it, and only when there is news; marks
//     and indexes always.
//   - The average mark follows the mark by an eighth of the distance; the settlement price
//     that a source does not tell is the index.
//   - Minutes without a trade have a candle, flat and without ids. Candles of three days start
//     at multiples since 1970, weeks on Monday.
//   - Settlements are told 0 to 31 milliseconds late; caps in fundingInfo are 0.3% for all.
//   - Open interest is a twentieth of the day's volume, and at least a hundred times the
//     largest order; an index is made of two exchanges at half each; buffers of asset
//     indexes are 5%, and 0.01% for stable coins.
//   - A limit above the largest is refused (-1130), but for depth of spot, where it is cut.
//   - There are no RPI orders, stocks or metals. Each UM perpetual's index counts as a composite
//     one of its own coin, in indexInfo and on compositeIndex, so that there is such a stream.
//     The sessions of stocks are those of New York in winter, without holidays, and commodities
//     have the same. depth@0ms tells every change by itself.
//   - The statistics under /futures/data waver with the time, by a formula: 30 days of them are
//     there at once, and an older startTime is -1130. The ratios of top traders need no key.
//     ADL risk is low for all, one insurance fund is behind all symbols, and delivery-price has
//     the deliveries that have happened here.
//   - contractInfo tells brackets when they have changed.
//   - A symbol that is given another status than TRADING trades no more and its book stands
//     still, until the source tells it whole again; with SETTLING, DELIVERED, CLOSE and
//     PENDING_TRADING its marks and candles end as well. A symbol keeps the status that it began
//     with and trades whatever it is, for exchange information may be younger than a tape.
//     While a contract delivers, its type says so; a perpetual's delivery date is then when it
//     ceased to trade.
//   - An instrument without a status is not listed: nobody sees it until it is given one, and
//     its life begins then. A stream that was subscribed before is silent.
//   - aggTrades and trades go back 10,000 aggregates, candles 1,500 of each length, funding
//     1,000 settlements of each symbol.
package public
