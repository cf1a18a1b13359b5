// Package market makes markets from a seed: the bars, mark prices, index prices and
// fundings of the perpetual contracts of one coin, for samples, simulations and tests
// that have no recorded data at hand.
//
// It promises that one [Spec] gives one market, to the last byte, on every machine: the
// path is made in integers, and the random numbers come from the seed alone. Each leg
// draws from a stream of its own, so adding a leg changes nothing in the others.
//
// The market is plausible and not real. Volatility comes in clusters, drift in regimes
// that last some days, and now and then the price jumps. A contract trades at a premium
// over its index that follows the crowd: funding is computed from it by Binance's own
// formula, is most often 0.01% in eight hours, sometimes several times that, and
// sometimes negative. A strategy that earns money here has shown that it runs, and
// nothing else.
//
// Backtests read a [Market] as they read a tape. Start reading at [New].
package market
