package backtest

import (
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// Player is one strategy of a run, wherever it runs: a [strategy.Runtime] in this
// process, or a plugin process in lockstep. Both give the same answers to the same
// events, so a run's result does not depend on the choice.
type Player interface {
	// Subscriptions and Started are what the strategy asked for in Start.
	Subscriptions() []strategy.Subscription
	Started() *strategy.Output
	// Wants says whether the strategy is to be given the event.
	Wants(e *exchange.Event) bool
	// Ahead offers a run of quiet market events that the strategy wants and that will be
	// delivered next, in this order, if nothing the strategy asks for comes in between. It
	// is called only for a strategy that is alone in its run.
	// A player in another process sends them in one message and answers the Delivers
	// that follow from the reply; one in this process does nothing. The events are the
	// caller's after the call.
	Ahead(events []exchange.Event) error
	// Deliver gives one event and returns what the strategy asked for. The output is
	// good until the next call. An error means that the strategy is lost: its process
	// died, hung or lied.
	Deliver(e *exchange.Event) (*strategy.Output, error)
	// SetWarming marks the following events as history, or ends that.
	SetWarming(on bool) error
	// Stop ends the strategy in good order.
	Stop(at exchange.Time) (*strategy.Output, error)
}

// Local is a player in this process.
type Local struct{ *strategy.Runtime }

// Ahead does nothing: a call costs less than a message.
func (Local) Ahead([]exchange.Event) error { return nil }

// Deliver gives the event to the strategy. It cannot fail.
func (l Local) Deliver(e *exchange.Event) (*strategy.Output, error) { return l.Runtime.Deliver(e), nil }

// SetWarming marks the following events as history, or ends that.
func (l Local) SetWarming(on bool) error { l.Runtime.SetWarming(on); return nil }

// Stop ends the strategy in good order.
func (l Local) Stop(at exchange.Time) (*strategy.Output, error) { return l.Runtime.Stop(at), nil }

var _ Player = Local{}
