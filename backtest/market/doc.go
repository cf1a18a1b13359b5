// Package market makes markets from a seed, for samples, simulations and tests that have no
// recorded data at hand. A [Market] is bars, marks, index prices and fundings of contracts and
// margin pairs of one coin, for as long as it was asked for. [Ticks] is books,
// trades, best prices, marks, index prices, fundings and liquidations of contracts and
// margin pairs of any coins, without end.
//
// The package promises that one [Spec] or [TickSpec] gives one market, to the last byte, on
// every machine: the path is made in integers, and the random numbers come from the seed
// alone. Each leg draws from a stream of its own, so adding a leg changes nothing in the
// others.
//
// The market is plausible and not real. Volatility comes in clusters, drift in regimes,
// and now and then the price jumps. A contract trades at a premium over its index that
// follows the crowd: funding is computed from it by Binance's own formula, is most often
// 0.01% in eight hours, sometimes several times that, and sometimes negative. A strategy
// that earns money here has shown that it runs, and nothing else.
//
// # Ticks
//
// The return of a coin is what all coins share and what is its own (weather.go). Every leg
// follows the index of its coin, in its quote: stable coins waver around a dollar by half a
// basis point, so that a contract in USDT and one in USD are apart by that too. Above the
// index come the leg's premium, for contracts by six basis points of deviation, and for
// dated ones 5% a year of the time left, until in the last half hour the mean index that
// they are settled by takes the place of the index (worth.go). A hedge of legs of one coin
// therefore hedges all but these.
//
// A book has all its levels in sight: nobody rests beyond them. Orders that take meet what
// stands at the last piece of the book, several levels if they are large, and what they
// took is gone in the next piece, which then follows the fair price: what is on the wrong
// side of it is taken away, and others come (floor.go, ladder.go). Nothing that a reader
// does moves the market, but [Ticks.Jump].
//
// A forced order takes like any other and is told after its trades. Its side is the one
// that the last step has moved against. Average is the mean price by quantity, rounded in
// favour of who was liquidated. Assumed, for Binance publishes none of it: how often they
// come, their size, and that the limit is half a percent beyond the worst price.
//
// Backtests read a [Market], and the simulated exchange [Ticks], as they read a tape. Start
// reading at [New] and [NewTicks].
package market
