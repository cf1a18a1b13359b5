package bundletest

import (
	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// Program is a strategy that dies. It is given to backtest.Run in place of the strategy.
type Program struct {
	backtest.LocalProgram
	// Dies says whether the process dies with the n-th event that the strategy gets,
	// counted from 0.
	Dies func(n int, e *exchange.Event) bool
	// Missed is how many events nobody handles then, the first included; with 0 it is
	// restarted before the event and misses nothing.
	Missed int
	// Stale is how many events before its death the memory was saved.
	Stale int
	// Tells says that the kernel hears of a death and of the way back, as in a live bot: the
	// strategy is halted in between, and what is open is cancelled or kept as the configuration
	// says. Without it, it is the whole bot that is gone for so long.
	Tells bool
	// Events, if set, is told how many events the strategy got.
	Events *int

	clears bool
	told   *[]exchange.Event
}

// options are those of a run: what is told goes to the kernel.
func (p Program) options(cfg *backtest.Config) backtest.Options {
	p.told, p.clears = &[]exchange.Event{}, cfg.Strategies[0].OnDeath == backtest.DeathCancels
	opt := backtest.Options{Programs: []backtest.Program{p}}
	if p.Tells {
		opt.Told = func() (list []exchange.Event) {
			list, *p.told = *p.told, nil
			return list
		}
	}
	return opt
}

// Start makes a player that dies.
func (p Program) Start(params map[string]string, ins *exchange.Instruments, id exchange.StrategyID) (backtest.Player, error) {
	rt, err := strategy.NewRuntime(p.LocalProgram(), params, ins, id)
	if err != nil {
		return nil, err
	}
	m := &mortal{Local: backtest.Local{Runtime: rt}, program: p, params: params, ins: ins, id: id}
	m.note(rt.Started())
	return m, nil
}

type mortal struct {
	backtest.Local
	program Program
	params  map[string]string
	ins     *exchange.Instruments
	id      exchange.StrategyID

	n      int
	dead   int // events that are still missed
	timers []exchange.Timer
	saves  []strategy.Saved // the last ones, newest at the end
	out    strategy.Output
}

// Deliver gives an event to the strategy, unless it is dead.
func (m *mortal) Deliver(e *exchange.Event) (*strategy.Output, error) {
	if m.program.Events != nil {
		*m.program.Events = m.n + 1
	}
	m.out = strategy.Output{}
	if err := m.save(); err != nil {
		return nil, err
	}
	if dies := m.program.Dies != nil && m.program.Dies(m.n, e); dies && m.dead == 0 {
		if m.program.Missed == 0 {
			if err := m.restart(); err != nil {
				return nil, err
			}
		}
		if m.dead = m.program.Missed; m.dead > 0 && m.program.Tells {
			m.dead++ // that it is halted comes before it is started again
			m.tell(e.At, false, exchange.Halted)
		}
	}
	m.n++
	if m.dead > 0 {
		m.View().Apply(e)
		if m.dead--; m.dead == 0 {
			m.tell(e.At, true, exchange.Active)
			return &m.out, m.restart()
		}
		return &m.out, nil
	}
	if e.Kind == exchange.KindTimer && !m.rings(*e.Timer()) {
		return &m.out, nil
	}
	m.add(m.Runtime.Deliver(e))
	return &m.out, nil
}

// tell has the kernel hear of the process what the shell of a live bot says, in its order.
func (m *mortal) tell(at exchange.Time, runs bool, state exchange.TradingState) {
	var list [2]exchange.Event
	of, held := &list[0], &list[1]
	if !runs {
		of, held = held, of
	}
	of.At, held.At = at, at
	of.SetStrategy(&exchange.StrategyChange{Strategy: m.id, Running: runs, Reason: "a test", Clears: m.program.clears})
	held.SetState(&exchange.StateChange{Strategy: m.id, State: state, Cause: exchange.CauseStrategy, Reason: "a test", By: "pmbot"})
	*m.program.told = append(*m.program.told, list[:]...)
}

// restart puts a new process in the place of the old one.
func (m *mortal) restart() error {
	from := m.View().Snapshot()
	if len(m.saves) > 0 {
		from.Saved = &m.saves[0]
	}
	rt, err := strategy.ResumeRuntime(m.program.LocalProgram(), m.params, m.ins, m.id, from)
	if err != nil {
		return err
	}
	if m.Runtime = rt; m.program.Missed > 0 {
		m.timers = nil // those of a restart in time are set again, as far as a test can tell
	}
	m.add(rt.Started())
	return nil
}

// save keeps the memory as often as a restart may have to go back.
func (m *mortal) save() error {
	if !m.Saves() || m.dead > 0 {
		return nil
	}
	version, state, _, err := m.Save()
	if err != nil {
		return err
	}
	m.saves = append(m.saves, strategy.Saved{Version: version, State: append([]byte{}, state...)})
	if len(m.saves) > m.program.Stale+1 {
		m.saves = m.saves[1:]
	}
	return nil
}

func (m *mortal) add(out *strategy.Output) {
	m.out.Intents = append(m.out.Intents, out.Intents...)
	m.out.Timers = append(m.out.Timers, out.Timers...)
	m.out.Logs = append(m.out.Logs, out.Logs...)
	m.note(out)
}

func (m *mortal) note(out *strategy.Output) { m.timers = append(m.timers, out.Timers...) }

// rings says whether the process that lives has set the timer.
func (m *mortal) rings(t exchange.Timer) bool {
	for i, have := range m.timers {
		if have.ID == t.ID && have.Due <= t.Due {
			m.timers = append(m.timers[:i:i], m.timers[i+1:]...)
			return true
		}
	}
	return false
}
