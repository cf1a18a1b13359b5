// Package market is the live market: a [Feed] reads the exchange's public streams and REST and
// makes of them the events that the bot runs on, keeps order books in sync, builds bars, tells
// settled fundings, and watches over what the exchange lists. A recorder taps the same feed
// and gets all of it raw; the recorder alone is a feed without a Sink.
//
// It promises that every event comes once, in order, at a time that never decreases; that a
// book is either what the exchange's is, by Binance's own rule, or told to be lost; that a bar
// is built of all its trades, or is the venue's; and that what is missing is told as a gap,
// never passed over. In steady state, trades, best prices, marks and books cost no allocation
// and no goroutine: the one that reads a connection calls the Sink.
//
// Start reading at [Config], then [New] in feed.go.
//
// # The walk of a message
//
// A connection's goroutine reads it, package socket decodes its first frame and calls
// Feed.message (take.go), which takes the mutex, shows it to the Tap, and gives each frame in
// it to the method of its kind. A piece of a book: Feed.depth finds the instrument and gives it
// to the bookKeeper (keepbook.go). If the book has taken it, it is told, with the levels that
// the decoder has made. If ids are missing, the book is lost: a [Notice], a gap for the Sink,
// and a wish for a snapshot, which makes a chore due (chores.go). One of the few goroutines that
// do chores asks for it (ask.go), takes the same mutex, and gives the answer to the keeper, which
// joins it with the pieces that have waited; the snapshot and these pieces are told, then a
// Notice with what it all took.
//
// The keepers of books, of bars (keepbar.go), of fundings (settlement.go) and of listings
// (universe.go) are values without clock, network or mutex, and each is tested alone.
//
// # Events
//
// At is the local clock when a message was received, or when the feed knew, and never
// decreases. Exchange is when the exchange sent it, else when it happened; of bars their end,
// of fundings when they were published, which belongs to the whole hour before. A tape of the
// same messages has the same two times.
//
//   - Cadences come first, before the connections are made: a minute for trades, best prices
//     and books, for marks the pace of their stream, for bars their interval, eight hours for
//     fundings; for an asset's index before its first price.
//   - Trades are those of aggTrade, or of trade where an instrument has only that. Of the
//     trade stream only market trades are told; the others take their ids. Ids that are missing
//     are a gap.
//   - A book begins with its snapshot and the pieces since; then differences. After a gap the
//     same again. A piece is told if the feed's own book has taken it. When the market has
//     moved through the whole snapshot, the book is renewed while it is in use, and told whole,
//     as far as it is known.
//   - Bars come once, when closed, in order, those without trades flat at the last price as
//     Binance's. See barKeeper for whose they are. One of ours that is not the venue's is told
//     as a notice, whichever comes first.
//   - Marks and asset indexes come once, whatever number of streams brings them; best prices
//     never older than those told; liquidations as they are.
//   - Fundings come once, some seconds after the instant that the marks announced, with the
//     rate of REST; those that passed while nobody listened are told with the next. An
//     instrument without a stream of marks has none.
//   - Of partial depth, retail depth, index prices, tickers of 24 hours, composite indexes,
//     sessions and continuous candles there are no events; the Tap has them.
//
// # Merged streams
//
// Since 2026-06-30 streams of all symbols carry UM and CM on both hosts, told apart by st. A
// row of the other product is taken only if its own host's stream is not listened to, so that
// none comes twice. A frame of a single symbol's stream must be of that symbol and product.
//
// # What the exchange lists
//
// exchangeInfo is read at the start, every Refresh, two seconds after a contractInfo, and when
// something delivers. The first answer is compared with Config.Instruments. Instruments keep
// the rules that they had: who trades by them starts anew, or passes the notice on. A symbol
// that is settling, delivering, closed, pending or gone is dropped: its own streams are
// unsubscribed; when it trades, they are taken up again.
//
// # Clocks
//
// What is done at intervals waits by the monotonic clock, so that a local clock that is set
// stops nothing. Once a second both clocks are looked at: if the local one was set, or nobody
// was there to look, because the process was stopped or the machine suspended, silence proves
// nothing for the bars that are open, and no bar or settlement ends by the clock until that of
// the exchange is measured anew. Events stand still while a clock that was set back is behind.
// Best prices, marks and indexes whose ids or times have jumped back are passed over for a
// minute, and then taken.
//
// # Assumed
//
//   - Ids of aggregate trades have no gaps; nor have those of single trades, of which the
//     special ones take theirs.
//   - A bar that silence closes is whole if the connection of its trades was not lost and the
//     watchdog has not spoken. Who wants more listens to the kline stream as well, whose word
//     counts then.
//   - The quote volume of the venue's bars is rounded for each trade.
//   - Statuses: only PENDING_TRADING, DELIVERING, DELIVERED, SETTLING and CLOSE are those of
//     what does not trade; an unknown word trades.
//   - Special settlements are told with the next regular one.
package market
