// Package margin is the Portfolio Margin model: what Binance will say about equity,
// maintenance margin, initial margin and uniMMR of an account, now and after orders that
// are not sent yet. The guard asks it before every order; the simulated venue computes
// the account's status with it. Each owns a [Portfolio] of its own and feeds it what
// happens. It is pure: no clock, no I/O, no goroutine.
//
// Start at [Portfolio]: New, the setters, then Account, Project, Reducing, Safe; for
// reports Holdings, Value and Stress; Snapshot and Restore write down what it was told.
// [Tables] holds what Binance decides and we look up.
//
// # Formulas
//
// For every asset, over the margin, UM and CM wallets (Binance FAQ on uniMMR, 2025-02):
//
//	net    = margin + UM + CM - loan - interest + unrealised PnL settled in it
//	equity = min(net·index·rate, net·index), rate by tiers of the holding
//	uniMMR = (sum of equity - open loss) / maintenance margin
//
// Maintenance margin is size·mmr - cum of each futures position at the mark, by
// notional for UM and by coins for CM, plus loan·rate by the loan's leverage, each times
// the index of its asset; a debt is principal and interest. The open loss of a resting
// margin order is qty·price·max(0, rate given - rate received) at the first tiers'
// rates. Initial margin of futures is max(|position+bids|, |position-asks|)·mark/leverage
// for every position, and of a loan debt/(leverage-1). Conditional orders have neither
// open loss nor initial margin until they trigger.
//
// # Worst case
//
// A projection counts each open order as filled or not, whichever is worse: every
// subset of the open orders leaves at least the projected equity and needs at most the
// projected maintenance margin. Equity loses, order by order, what a fill would cost
// against the mark: orders fill at their limit price, market orders at the mark plus
// [Tables.Collar], a taker fee always included; fills that would gain are not counted.
// Margin orders lose the difference of collateral values given and received, at the
// lowest rate that the receiving asset and the highest that the giving one can reach, or
// their open loss if that is more. Maintenance is the sum of each position's maximum
// over nothing, all bids, and all asks filled. Equity and maintenance need not come from
// the same subset: uniMMR is a lower bound, met exactly when orders only add risk. The
// same holds under each [Shock], where orders fill before prices move.
//
// # Rounding
//
// All is exact but for these, each rounded once, half away from zero: to sixteen
// decimals the value and PnL of a CM position in coin, the initial margin of a position
// and of a loan in their asset, and uniMMR; to eight decimals a shocked or collared
// price and the quantity of a market order that is given in quote asset.
package margin
