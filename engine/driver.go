package engine

import (
	"fmt"

	"github.com/pmbot/pmbot/exchange"
)

// chainMax bounds what strategies may wish in answer to one event and to the answers to
// their wishes, so that a strategy that answers itself cannot stop time.
const chainMax = 10_000

// looksMax bounds how often the guard's watch may find something after one event: what it finds
// is told once, so a second look finds what the first has led to, and no more.
const looksMax = 8

// Driver feeds the kernel: it numbers events, fires timers, shows events to the
// strategies and brings their wishes back as events. It is pure; whoever owns it decides
// when Deliver is called, and that is all that a backtest and a live run differ in here.
type Driver struct {
	kernel     *Kernel
	broker     Broker
	strategies Strategies
	journal    Journal

	seq    uint64
	now    exchange.Time
	timers timers
	wishes Wishes
	wished uint64
	queue  []exchange.Intent
	// What is handled now: the wish, its event, and what was decided on it. They are kept here
	// because what others are shown would be allocated each time.
	wish    exchange.Intent
	intent  exchange.Event
	decided Decision
}

// NewDriver joins a kernel with its broker and strategies.
func NewDriver(k *Kernel, b Broker, s Strategies) *Driver {
	return &Driver{kernel: k, broker: b, strategies: s}
}

// Record has everything kept from now on, before it takes effect. A backtest has no journal:
// its events are on the tape.
func (d *Driver) Record(j Journal) { d.journal = j }

// Resume goes on where a kernel that was recovered from a journal stands.
func (d *Driver) Resume() { d.seq, d.now = d.kernel.seq, d.kernel.now }

// Seq is the number of the last event.
func (d *Driver) Seq() uint64 { return d.seq }

// Quiet says that nothing follows from a market event but what strategies wish, if it came
// next. It is conservative, and of events that are quiet now each one stays quiet after the
// others, while nothing else happens.
func (d *Driver) Quiet(e *exchange.Event) bool { return d.kernel.Quiet(e) }

// Wishes counts what strategies have asked for so far; it tells whether they asked for
// anything since it was read last.
func (d *Driver) Wishes() uint64 { return d.wished }

// Wish enters wishes that no event has caused: those of strategies' Start and Stop.
func (d *Driver) Wish(w *Wishes, at exchange.Time) error {
	d.now = max(d.now, at)
	d.collect(w)
	return d.grant()
}

// Deliver lets one event happen: the kernel folds it, the strategies see it, and what
// they wish is decided and carried out before Deliver returns. The driver sets e.Seq. An
// event with a time before the last one is taken to happen now.
func (d *Driver) Deliver(e *exchange.Event) error {
	if e.At < d.now {
		e.At = d.now
	}
	if err := d.happen(e); err != nil {
		return err
	}
	if err := d.look(); err != nil {
		return err
	}
	if len(d.queue) > 0 {
		return d.grant()
	}
	return nil
}

// happen lets one event take effect and shows it.
func (d *Driver) happen(e *exchange.Event) error {
	d.now = e.At
	d.seq++
	e.Seq = d.seq
	commands, err := d.step(e)
	if err != nil {
		return err
	}
	if !d.kernel.Stale() {
		if err := d.show(e); err != nil {
			return err
		}
	}
	if len(commands) > 0 {
		return d.carryOut(commands)
	}
	return nil
}

// look lets happen what the guard's watch finds, until it finds nothing new. It comes before the
// wishes that an event has led to: they are held against states as they are then.
func (d *Driver) look() error {
	for range looksMax {
		found := d.kernel.Watch()
		if len(found) == 0 {
			return nil
		}
		for i := range found {
			if err := d.happen(&found[i]); err != nil {
				return err
			}
		}
	}
	panic(fmt.Sprintf("engine: the guard's watch finds something new %d times after event %d", looksMax, d.seq))
}

// step has the kernel fold one event. What was decided is in the journal before the state
// changes, and complete there before anything is shown or sent.
func (d *Driver) step(e *exchange.Event) ([]Command, error) {
	if d.journal == nil {
		return d.kernel.Step(e), nil
	}
	var decided *Decision
	if Decides(e.Kind) {
		d.decided = d.kernel.Decide(e)
		decided = &d.decided
	}
	if err := d.journal.Append(e, decided); err != nil {
		return nil, err
	}
	commands := d.kernel.Apply(e, decided)
	if err := d.journal.Commit(urgency(commands)); err != nil {
		return nil, err
	}
	return commands, nil
}

// urgency is the most that commands ask of the journal.
func urgency(commands []Command) Urgency {
	most := Later
	for i := range commands {
		switch commands[i].Kind {
		case Submit:
			return BeforeRisk
		case Cancel:
			most = BeforeSend
		}
	}
	return most
}

// FireTimers delivers, in the order of due time, strategy and id, every timer due at or
// before t, also those set meanwhile.
func (d *Driver) FireTimers(t exchange.Time) error {
	most := chainMax + len(d.timers.heap) // those that are due by now are no chain
	for fired := 0; ; fired++ {
		timer, ok := d.timers.pop(t)
		if !ok {
			return nil
		}
		if fired == most {
			return fmt.Errorf("strategy %d: %d timers at one instant, %v", timer.Strategy, chainMax, t)
		}
		e := exchange.Event{At: timer.Due} // now, if that is past: see Deliver
		e.SetTimer(&timer)
		if err := d.Deliver(&e); err != nil {
			return err
		}
	}
}

// NextTimer is when the next timer is due; ok is false when there is none.
func (d *Driver) NextTimer() (due exchange.Time, ok bool) { return d.timers.next() }

// show gives an event to the strategies and takes their wishes down.
func (d *Driver) show(e *exchange.Event) error {
	d.wishes.Intents, d.wishes.Timers = d.wishes.Intents[:0], d.wishes.Timers[:0]
	if err := d.strategies.Deliver(e, &d.wishes); err != nil {
		return fmt.Errorf("event %d %v at %v: %w", e.Seq, e.Kind, e.At, err)
	}
	d.collect(&d.wishes)
	return nil
}

func (d *Driver) collect(w *Wishes) {
	d.wished += uint64(len(w.Intents) + len(w.Timers))
	d.queue = append(d.queue, w.Intents...)
	for _, t := range w.Timers {
		d.timers.push(t)
	}
}

// grant decides the queued wishes, first in, first out. What a strategy wishes in
// answer to a refusal joins the end of the queue.
func (d *Driver) grant() error {
	for i := 0; i < len(d.queue); i++ {
		if i == chainMax {
			return fmt.Errorf("strategy %d: more than %d wishes in answer to one event at %v", d.queue[i].Strategy, chainMax, d.now)
		}
		d.wish = d.queue[i]
		d.seq++
		d.intent = exchange.Event{Seq: d.seq, At: d.now, Inst: d.wish.Request.Inst}
		d.intent.SetIntent(&d.wish)
		commands, err := d.step(&d.intent)
		if err != nil {
			return err
		}
		if err := d.carryOut(commands); err != nil {
			return err
		}
		if err := d.look(); err != nil {
			return err
		}
	}
	d.queue = d.queue[:0]
	return nil
}

func (d *Driver) carryOut(commands []Command) error {
	for i := range commands {
		switch c := &commands[i]; c.Kind {
		case Submit:
			d.broker.Submit(c.Approved, d.now)
		case Cancel:
			d.broker.Cancel(c.Order, d.now)
		case Reread:
			if r, ok := d.broker.(Reader); ok {
				r.CatchUp("the account was not as expected")
			}
		case Tell:
			if err := d.show(&c.Event); err != nil {
				return err
			}
		}
	}
	return nil
}
