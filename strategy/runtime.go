package strategy

import (
	"cmp"
	"fmt"

	"github.com/pmbot/pmbot/exchange"
)

// Runtime runs one strategy: it folds each event into the view, calls the handler that
// wants it, and hands out what the strategy asked for. It is the only caller of a
// strategy's methods, in a backtest, behind the plugin boundary and in tests, so a
// strategy cannot tell these apart.
type Runtime struct {
	strategy Strategy
	env      Env
	on       handlers
	wants    []Subscription
}

// handlers are the optional abilities, asked for once.
type handlers struct {
	bar     BarHandler
	trade   TradeHandler
	quote   BookTickerHandler
	mark    MarkHandler
	funding FundingHandler
	fill    FillHandler
	order   OrderHandler
	loan    LoanHandler
	task    TaskHandler
	refusal RefusalHandler
	account AccountHandler
	timer   TimerHandler
	state   StateHandler
}

// NewRuntime binds the parameters and calls Start. The instruments are the run's table
// and id the strategy's place in the configuration.
func NewRuntime(s Strategy, values map[string]string, ins *exchange.Instruments, id exchange.StrategyID) (*Runtime, error) {
	return startRuntime(s, values, ins, id, 0)
}

// startRuntime makes one whose refs follow the last.
func startRuntime(s Strategy, values map[string]string, ins *exchange.Instruments, id exchange.StrategyID, last Ref) (*Runtime, error) {
	name := s.Manifest().Name
	params := s.Params()
	if err := Bind(params, values); err != nil {
		return nil, fmt.Errorf("strategy %s: parameters: %w", name, err)
	}
	if s.Params() != params {
		return nil, fmt.Errorf("strategy %s: Params returns a new struct each time; return a pointer to a field of the strategy", name)
	}
	if err := checkCallbacks(s); err != nil {
		return nil, fmt.Errorf("strategy %s: %w", name, err)
	}
	r := &Runtime{strategy: s, env: Env{View: newView(ins, id), starting: true}}
	r.env.lastRef = last
	r.on.bar, _ = s.(BarHandler)
	r.on.trade, _ = s.(TradeHandler)
	r.on.quote, _ = s.(BookTickerHandler)
	r.on.mark, _ = s.(MarkHandler)
	r.on.funding, _ = s.(FundingHandler)
	r.on.fill, _ = s.(FillHandler)
	r.on.order, _ = s.(OrderHandler)
	r.on.loan, _ = s.(LoanHandler)
	r.on.task, _ = s.(TaskHandler)
	r.on.refusal, _ = s.(RefusalHandler)
	r.on.account, _ = s.(AccountHandler)
	r.on.timer, _ = s.(TimerHandler)
	r.on.state, _ = s.(StateHandler)
	if err := cmp.Or(s.Start(&r.env), r.env.mistake); err != nil {
		return nil, fmt.Errorf("strategy %s: start: %w", name, err)
	}
	r.env.starting = false
	r.wants = r.env.out.Subscriptions
	return r, nil
}

// Started is what the strategy asked for in Start, apart from subscriptions. It is good
// until the first Deliver.
func (r *Runtime) Started() *Output { return &r.env.out }

// Subscriptions is what Start asked to see.
func (r *Runtime) Subscriptions() []Subscription { return r.wants }

// View is the strategy's view, for the host's own reading.
func (r *Runtime) View() *View { return &r.env.View }

// SetWarming marks the following events as history, or ends that.
func (r *Runtime) SetWarming(on bool) { r.env.warming = on }

// Wants says whether the strategy is to be given the event; see [Wants].
func (r *Runtime) Wants(e *exchange.Event) bool { return Wants(e, r.wants, r.env.id) }

// Wants says whether a strategy of that number and with these subscriptions is to be
// given the event. Its own orders, fills, refusals and timers, and what concerns the
// account, it always gets; market events by subscription. It is a function of its own
// because the host decides it for a strategy in another process.
func Wants(e *exchange.Event, subscriptions []Subscription, id exchange.StrategyID) bool {
	switch e.Kind {
	case exchange.KindBar:
		b := e.Bar()
		for i := range subscriptions {
			if w := &subscriptions[i]; w.Inst == e.Inst && w.Kind == e.Kind && w.Interval == b.Interval {
				return true
			}
		}
		return false
	case exchange.KindFill:
		return e.Fill().Strategy == id
	case exchange.KindOrderUpdate:
		return e.OrderUpdate().Strategy == id
	case exchange.KindAct:
		return e.Act().Strategy == id
	case exchange.KindTask:
		return e.Task().Strategy == id
	case exchange.KindRefusal:
		return e.Refusal().Intent.Strategy == id
	case exchange.KindTimer:
		return e.Timer().Strategy == id
	case exchange.KindLedger, exchange.KindAccount, exchange.KindRiskLevel, exchange.KindState:
		return true
	}
	for i := range subscriptions {
		if w := &subscriptions[i]; w.Inst == e.Inst && w.Kind == e.Kind {
			return true
		}
	}
	return false
}

// Handles says whether the strategy has code for events of the kind. The others only
// change its view and can make it ask for nothing.
func (r *Runtime) Handles(k exchange.Kind) bool {
	switch k {
	case exchange.KindBar:
		return r.on.bar != nil
	case exchange.KindTrade:
		return r.on.trade != nil
	case exchange.KindBookTicker:
		return r.on.quote != nil
	case exchange.KindMark:
		return r.on.mark != nil
	case exchange.KindFunding:
		return r.on.funding != nil
	case exchange.KindFill:
		return r.on.fill != nil
	case exchange.KindOrderUpdate:
		return r.on.order != nil
	case exchange.KindAct:
		return r.on.loan != nil
	case exchange.KindTask:
		return r.on.task != nil
	case exchange.KindRefusal:
		return r.on.refusal != nil
	case exchange.KindAccount:
		return r.on.account != nil
	case exchange.KindTimer:
		return r.on.timer != nil
	case exchange.KindState:
		return r.on.state != nil
	default:
		return false
	}
}

// Deliver gives the strategy one event that it [Runtime.Wants] and returns what it asked
// for in reply. The result is the runtime's until the next call.
func (r *Runtime) Deliver(e *exchange.Event) *Output {
	env := &r.env
	env.out.reset()
	env.View.Apply(e)
	switch e.Kind {
	case exchange.KindBar:
		if r.on.bar != nil {
			r.on.bar.OnBar(env, r.at(e), e.Bar())
		}
	case exchange.KindTrade:
		if r.on.trade != nil {
			r.on.trade.OnTrade(env, r.at(e), e.Trade())
		}
	case exchange.KindBookTicker:
		if r.on.quote != nil {
			r.on.quote.OnBookTicker(env, r.at(e), e.BookTicker())
		}
	case exchange.KindMark:
		if r.on.mark != nil {
			r.on.mark.OnMark(env, r.at(e), e.Mark())
		}
	case exchange.KindFunding:
		if r.on.funding != nil {
			r.on.funding.OnFunding(env, r.at(e), e.Funding())
		}
	default:
		r.deliverOwn(e)
	}
	return &env.out
}

// deliverOwn calls the handlers of events that are not market data.
func (r *Runtime) deliverOwn(e *exchange.Event) {
	env := &r.env
	switch e.Kind {
	case exchange.KindFill:
		if r.on.fill != nil && e.Fill().Qty != 0 { // 0 repeats one that was counted
			r.on.fill.OnFill(env, r.at(e), e.Fill())
		}
	case exchange.KindOrderUpdate:
		if r.on.order != nil {
			r.on.order.OnOrder(env, r.at(e), e.OrderUpdate())
		}
	case exchange.KindAct:
		if r.on.loan != nil {
			r.on.loan.OnLoan(env, e.Act())
		}
	case exchange.KindTask:
		if r.on.task != nil {
			r.on.task.OnTask(env, e.Task())
		}
	case exchange.KindRefusal:
		if r.on.refusal != nil {
			r.on.refusal.OnRefusal(env, e.Refusal())
		}
	case exchange.KindAccount, exchange.KindRiskLevel:
		if r.on.account != nil {
			r.on.account.OnAccount(env, e.Account())
		}
	case exchange.KindTimer:
		if r.on.timer != nil {
			r.on.timer.OnTimer(env, e.Timer().ID)
		}
	case exchange.KindState:
		if r.on.state != nil {
			r.on.state.OnState(env, e.State())
		}
	}
}

// Stop calls the strategy's Stop, if it has one, and returns what it asked for.
func (r *Runtime) Stop(at exchange.Time) *Output {
	r.env.out.reset()
	r.env.now = at
	if s, ok := r.strategy.(Stopper); ok {
		s.Stop(&r.env)
	}
	return &r.env.out
}

// Saves says whether the strategy keeps memory.
func (r *Runtime) Saves() bool {
	_, ok := r.strategy.(Saver)
	return ok
}

// Save returns the strategy's memory, or ok=false if it keeps none.
func (r *Runtime) Save() (version int, state []byte, ok bool, err error) {
	s, ok := r.strategy.(Saver)
	if !ok {
		return 0, nil, false, nil
	}
	version, state, err = s.Save()
	return version, state, true, err
}

// Restore gives the strategy back what a Save has returned.
func (r *Runtime) Restore(version int, state []byte) error {
	s, ok := r.strategy.(Saver)
	if !ok {
		return fmt.Errorf("strategy %s keeps no state, but version %d of it is to be restored", r.strategy.Manifest().Name, version)
	}
	if err := s.Restore(version, state); err != nil {
		return fmt.Errorf("strategy %s: restore state version %d: %w", r.strategy.Manifest().Name, version, err)
	}
	return nil
}

// LastRef is the ref of the last order that the strategy sent.
func (r *Runtime) LastRef() Ref { return r.env.lastRef }

func (r *Runtime) at(e *exchange.Event) *exchange.Instrument { return r.env.instruments.At(e.Inst) }

func (o *Output) reset() {
	o.Intents, o.Timers, o.Logs, o.Subscriptions = o.Intents[:0], o.Timers[:0], o.Logs[:0], nil
}

// Empty says that the strategy asked for nothing.
func (o *Output) Empty() bool { return len(o.Intents) == 0 && len(o.Timers) == 0 && len(o.Logs) == 0 }
