// Package riskguard decides whether an order may leave. For a Portfolio Margin account
// it is the only check that comes in time: one loss reaches every leg.
//
// [Guard] owns a read-only picture of the account and the markets, folded from events
// ([Guard.Apply]), and answers for one order at a time ([Guard.Check]) with an
// [Approved], which only it can make and which every broker demands, or with a refusal
// that names one limit and what would pass. It fails closed: what cannot be evaluated,
// because an input is missing or stale or a control panics, is refused, and a panic also
// halts the account. Limits are held against approvals in flight, not only against what
// the exchange has acknowledged.
//
// It also keeps the trading states of account, instruments and strategies, each held by
// several causes, of which the strictest counts (states.go, [Guard.States]), and may be given
// other limits while it runs ([ParseLimits]). Its whole state can be written and brought back
// ([Guard.Snapshot], [Guard.Restore]): all that an answer depends on, so neither the notes of
// [Guard.Uses] nor the open orders, which the kernel tells again.
//
// Acts on the account, such as loans and leverage, need an approval as orders do
// ([Guard.CheckAct]).
//
// The controls are listed in rules.go in their order of evaluation, the cheapest first;
// testdata has a script for each that shows what it says. The limits with unit, default
// and bounds are in [Limits]; a control with a number computes a value and its limit once,
// and both the refusal and the closest approach that [Guard.Uses] tells come from them.
// The arithmetic of Portfolio Margin is in package riskguard/margin. Start reading at
// Guard.Check.
package riskguard
