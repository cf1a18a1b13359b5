package strategy

import "github.com/pmbot/pmbot/exchange"

// Strategy is what an author writes. The three methods are required; abilities beyond
// them are the interfaces below, each optional.
type Strategy interface {
	// Manifest says what the strategy is and may do. It is called before anything else,
	// also by "pmbot strategy inspect", and must always give the same answer.
	Manifest() Manifest
	// Params returns a pointer to a struct whose exported fields are the parameters,
	// described by tags (see [Param]), or nil: the same pointer every time. The configured
	// values are written there before Start.
	Params() any
	// Start is called once, before the first event. It looks up instruments and
	// subscribes to what it wants to see. Orders sent there are refused: nothing is known
	// yet, and trading has not begun. An error stops the run with its text.
	Start(env *Env) error
}

// BarHandler gets bars subscribed to with [Env.Bars], when they close.
type BarHandler interface {
	OnBar(env *Env, in *exchange.Instrument, b *exchange.Bar)
}

// TradeHandler gets public trades subscribed to with [Env.Trades].
type TradeHandler interface {
	OnTrade(env *Env, in *exchange.Instrument, t exchange.Trade)
}

// BookTickerHandler gets best bid and ask subscribed to with [Env.BookTickers].
type BookTickerHandler interface {
	OnBookTicker(env *Env, in *exchange.Instrument, b exchange.BookTicker)
}

// MarkHandler gets mark prices subscribed to with [Env.Marks].
type MarkHandler interface {
	OnMark(env *Env, in *exchange.Instrument, m exchange.Mark)
}

// FundingHandler gets settled funding rates subscribed to with [Env.Fundings].
type FundingHandler interface {
	OnFunding(env *Env, in *exchange.Instrument, f exchange.Funding)
}

// FillHandler gets the strategy's own executions, after the view has counted them.
type FillHandler interface {
	OnFill(env *Env, in *exchange.Instrument, f *exchange.Fill)
}

// OrderHandler gets every change of the strategy's own orders.
type OrderHandler interface {
	OnOrder(env *Env, in *exchange.Instrument, u *exchange.OrderUpdate)
}

// LoanHandler gets every change of the loans and repayments that the strategy has wished:
// pending first, then done, rejected or, for a time, unknown.
type LoanHandler interface {
	OnLoan(env *Env, u *exchange.ActUpdate)
}

// TaskHandler gets every change of the pairs and stops that the bot does for the strategy: see
// [Env.Pair] and [Env.Protect].
type TaskHandler interface {
	OnTask(env *Env, u *exchange.TaskUpdate)
}

// RefusalHandler gets what the guard refused, with the limit that refused it.
type RefusalHandler interface {
	OnRefusal(env *Env, r *exchange.Refusal)
}

// AccountHandler gets the snapshots of the account: equity, margin, uniMMR, and the
// exchange's alarms that its status has changed.
type AccountHandler interface {
	OnAccount(env *Env, a *exchange.Account)
}

// TimerHandler gets timers set with [Env.At] and [Env.After].
type TimerHandler interface {
	OnTimer(env *Env, id uint64)
}

// StateHandler is told when trading is halted, reduced or freed for the account, for one
// of the instruments or for this strategy.
type StateHandler interface {
	OnState(env *Env, s *exchange.StateChange)
}

// Stopper is called once before the strategy is stopped in good order. Orders it sends
// there are still checked and sent.
type Stopper interface {
	Stop(env *Env)
}

// Saver keeps a strategy's memory across restarts and new versions of its program.
// Restore is called after Start, before the first event, with what a Save has returned,
// possibly by an older version and, when a process has died, some time before its last
// event: positions and orders are those of the view, whatever the memory says. An error
// stops the start and keeps the saved bytes.
type Saver interface {
	Save() (version int, state []byte, err error)
	Restore(version int, state []byte) error
}

// Manifest is what a strategy declares about itself. The host grants that or less, and
// the guard holds the strategy to it.
type Manifest struct {
	// Name is a short lower-case word and Version the author's, as in semantic versioning.
	Name, Version string
	// Summary is one line for lists.
	Summary string
	// Products and OrderTypes are what it may trade; empty means all.
	Products   []exchange.Product
	OrderTypes []exchange.OrderType
	// Borrow says whether it may use margin side effects that borrow, and wish loans.
	Borrow bool
	// Stateless says that it keeps no memory worth saving, so the missing [Saver] is no
	// oversight.
	Stateless bool
	// Budget is the most that it asks for. The host grants that or less, never more; the zero
	// value asks for no amount, and is bounded by none of its own.
	Budget Budget
}
