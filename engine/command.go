package engine

import (
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
)

// CommandKind says what is to be done.
type CommandKind uint8

const (
	// Submit sends Command.Approved, a new order, an amend or an act, to the exchange.
	Submit CommandKind = iota + 1
	// Cancel asks the exchange to end Command.Order.
	Cancel
	// Tell shows Command.Event to the strategy it concerns. The event is the kernel's own
	// answer, not something that happened outside, so it enters no journal.
	Tell
	// Reread asks the broker to read the account again, if it is one that can: differences
	// that one reading has shown count when another shows them, too.
	Reread
)

// Command is what follows from an event. Commands are carried out in order.
type Command struct {
	Kind     CommandKind
	Approved riskguard.Approved
	Order    exchange.Order
	Event    exchange.Event
}

// Broker carries orders and acts to an exchange, simulated or real. What is submitted is an
// act where [riskguard.Approved.Act] has a kind, and is answered by events of KindAct; all
// else is an order. Answers never come as return
// values: they are events. A broker that cannot take an order now answers with an event
// too.
type Broker interface {
	Submit(a riskguard.Approved, at exchange.Time)
	Cancel(o exchange.Order, at exchange.Time)
}

// Reader is a broker whose account can be read: what it says comes as an event of KindTruth.
type Reader interface {
	// CatchUp asks for a reading and does not wait.
	CatchUp(why string)
}

// Strategies shows an event to the strategies that want it, in the order of the
// configuration, and collects what they wish. An error means that a strategy is lost.
type Strategies interface {
	Deliver(e *exchange.Event, w *Wishes) error
}

// Wishes is what strategies ask for while they see one event.
type Wishes struct {
	Intents []exchange.Intent
	Timers  []exchange.Timer
}

// Journal keeps events and decisions before they take effect. An error stops the driver:
// what cannot be written down must not happen.
type Journal interface {
	// Append takes an event, and the decision on it where the kernel decides. Both are the
	// caller's again when it returns.
	Append(e *exchange.Event, d *Decision) error
	// Commit makes what was appended as safe as what follows demands.
	Commit(u Urgency) error
}

// Urgency says what is about to happen once the journal has been committed.
type Urgency uint8

const (
	// Later: nothing leaves the process. The journal may wait for company.
	Later Urgency = iota
	// BeforeSend: a request leaves that can create no risk, a cancel.
	BeforeSend
	// BeforeRisk: an order leaves.
	BeforeRisk
)
