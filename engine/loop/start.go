package loop

import (
	"slices"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
)

// scope is what a trading state of a cause is about.
type scope struct {
	cause exchange.Cause
	inst  exchange.InstrumentID
}

// StreamState is how far the user stream can be relied on.
type StreamState uint8

const (
	// StreamGap and StreamCatchingUp: what the exchange does to the account is not known.
	StreamGap StreamState = iota
	StreamCatchingUp
	// StreamLive: everything was told, and is told as it happens.
	StreamLive
)

// starting is how far the start has come; whoever runs the kernel has it.
type starting struct {
	begun   bool // an event of KindStart has happened in this process
	found   bool // a reading of the account behind it has found what was left
	resumed bool // a person has said so
	done    bool // the start was lifted
}

// Start begins the life of the process: what was pending in the one before is unknown from
// here on, and nobody trades. The broker is run after it.
func (l *Loop) Start(s exchange.Start) {
	e := exchange.Event{}
	e.SetStart(&s)
	l.Put(e)
}

// Stream takes what the broker says of the user stream; each change halts the account, or
// lifts that halt. A broker tells Live behind everything that the catch-up has told. While the
// account is read again because the loop has asked for it, nothing is lost and nobody is
// halted, unless the reading takes longer than 3 s: what happens meanwhile is told behind it.
func (l *Loop) Stream(s StreamState, why string) {
	if s == StreamCatchingUp && l.readsAsAsked(why) {
		return
	}
	l.mu.Lock()
	l.reading = 0
	l.mu.Unlock()
	state := exchange.Halted
	if s == StreamLive {
		state = exchange.Active
	}
	l.change(scope{cause: exchange.CauseStream}, state, why)
}

// readingMax is how long a reading may hold back what happens.
const readingMax = 3 * time.Second

// readsAsAsked says whether the broker catches up on a live stream because it was asked to.
func (l *Loop) readsAsAsked(why string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.asked[why] || l.scopes[scope{cause: exchange.CauseStream}] != exchange.Active {
		return false
	}
	delete(l.asked, why)
	l.reading = l.config.Clock()
	return true
}

// CatchUp asks the broker to read the account again, and does not wait: the kernel compares
// when it comes.
func (l *Loop) CatchUp(why string) {
	l.mu.Lock()
	l.asked[why] = true
	l.mu.Unlock()
	l.config.Broker.CatchUp(why)
}

// overdue halts the account when a reading takes too long.
func (l *Loop) overdue() {
	l.mu.Lock()
	if l.reading != 0 && l.config.Clock().Sub(l.reading) > readingMax {
		l.reading = 0
		l.note(scope{cause: exchange.CauseStream}, exchange.Halted, "reading the account takes too long, and what happens waits for it")
	}
	l.mu.Unlock()
	l.carry(carryMax)
}

// Market takes that an instrument does not trade, or trades again.
func (l *Loop) Market(inst exchange.InstrumentID, s exchange.TradingState, why string) {
	l.change(scope{exchange.CauseMarket, inst}, s, why)
}

// change lets a state event happen if it says anything new.
func (l *Loop) change(of scope, s exchange.TradingState, why string) {
	l.mu.Lock()
	l.note(of, s, why)
	l.mu.Unlock()
	l.carry(carryMax)
}

// note is change for who holds the mutex, and carries it himself.
func (l *Loop) note(of scope, s exchange.TradingState, why string) {
	if was, told := l.scopes[of]; told && was == s {
		return
	}
	l.scopes[of] = s
	e := exchange.Event{Inst: of.inst}
	e.SetState(&exchange.StateChange{Inst: of.inst, State: s, Cause: of.cause, Reason: why, By: by})
	l.stamp(&e)
	l.add(&item{kind: anEvent, event: e})
}

// reread asks for a reading of the account while the stream is live; after a gap the broker
// reads on its own.
func (l *Loop) reread() {
	l.mu.Lock()
	live := l.scopes[scope{cause: exchange.CauseStream}] == exchange.Active
	l.mu.Unlock()
	if live {
		l.CatchUp("it is time to compare")
	}
}

// conclude is what the shell makes of an event that has happened: how the start goes on.
func (l *Loop) conclude(e *exchange.Event) error {
	s := &l.start
	switch e.Kind {
	case exchange.KindStart:
		*s = starting{begun: true, resumed: !l.config.Manual}
		return l.forget()
	case exchange.KindTruth:
		s.found = s.found || s.begun && !l.held(exchange.CauseTruth)
	case exchange.KindState:
		c := e.State()
		if c.State != exchange.Active || c.Cause != exchange.CauseOperator || c.Inst != 0 || c.Strategy != 0 {
			return nil
		}
		s.resumed = true
		if s.begun && !s.found {
			l.CatchUp("resumed by " + c.By)
		}
	default:
		return nil
	}
	if !s.found || !s.resumed || s.done {
		return nil
	}
	s.done = true
	return l.lift(exchange.CauseStart, "the account is as it was left")
}

// forget lifts what the process before held because of itself: this one keeps up.
func (l *Loop) forget() error {
	if !l.held(exchange.CauseShell) {
		return nil
	}
	return l.lift(exchange.CauseShell, "the process has started anew")
}

func (l *Loop) lift(c exchange.Cause, why string) error {
	e := exchange.Event{At: l.config.Clock()}
	e.SetState(&exchange.StateChange{State: exchange.Active, Cause: c, Reason: why, By: by})
	return l.deliver(&e)
}

// held says whether a cause holds the account.
func (l *Loop) held(c exchange.Cause) bool {
	return slices.ContainsFunc(l.config.Kernel.States(), func(h riskguard.Held) bool {
		return h.Cause == c && h.Inst == 0 && h.Strategy == 0
	})
}
