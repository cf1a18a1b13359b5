package strategytest

import (
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// me is the strategy's number on a desk.
const me exchange.StrategyID = 1

// opening is where the clock of a desk begins.
var opening = exchange.TimeOf(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC))

// chainMax is how many answers may follow from one another, without anything else having
// happened, before that is a flood: an order, its rejection, the next order and so on.
const chainMax = 12

// intentsMax is how many wishes one event may lead to before that is a flood.
const intentsMax = 200

// answer is what becomes of a wish.
type answer uint8

const (
	// accept: the exchange takes new orders, amends and cancels.
	accept answer = iota
	// reject: the exchange takes no new order and no amend.
	reject
	// refuse: our own guard takes nothing but cancels.
	refuse
	// expire: new orders end at once, as post-only ones that would take do.
	expire
	// wait: nothing is answered by itself.
	wait
)

// desk is one strategy with an exchange and an account that do what they are told.
type desk struct {
	fresh    func() strategy.Strategy
	values   map[string]string
	ins      *exchange.Instruments
	manifest strategy.Manifest
	rt       *strategy.Runtime

	now     exchange.Time
	seq     uint64
	timers  []exchange.Timer
	orders  []order
	tasks   []exchange.TaskUpdate
	stops   map[uint64]exchange.OrderRequest // of the tasks that are stops
	warming bool
	answer  answer
	queue   []follow
	trade   int64

	positions map[leg]*exchange.Position
	wallets   map[pocket]decimal.Decimal
	closes    map[closing]exchange.Time // of the last bar

	// told gets every event with what it led to; follows says that the event was an answer.
	told func(e *exchange.Event, out *strategy.Output, why string)
	// faults are what the strategy did and must not do.
	faults []string
	wished int
}

// order is an own order as the exchange has it.
type order struct {
	ref    strategy.Ref
	want   exchange.OrderRequest
	filled exchange.Fixed
	status exchange.OrderStatus
}

type leg struct {
	inst exchange.InstrumentID
	side exchange.PositionSide
}

type pocket struct {
	asset  string
	wallet exchange.Wallet
}

type closing struct {
	inst     exchange.InstrumentID
	interval time.Duration
}

// follow is an answer that is still to come.
type follow struct {
	why   string
	chain int
	do    func()
}

func newDesk(fresh func() strategy.Strategy, values map[string]string, ins *exchange.Instruments) *desk {
	return &desk{
		fresh: fresh, values: values, ins: ins, now: opening,
		stops: map[uint64]exchange.OrderRequest{}, positions: map[leg]*exchange.Position{}, wallets: map[pocket]decimal.Decimal{}, closes: map[closing]exchange.Time{},
		told: func(*exchange.Event, *strategy.Output, string) {},
	}
}

// fault notes what must not be.
func (d *desk) fault(format string, args ...any) {
	d.faults = append(d.faults, fmt.Sprintf(format, args...))
}

// guarded runs code of the author's.
func (d *desk) guarded(doing string, do func()) {
	defer func() {
		if p := recover(); p != nil {
			d.fault("%s: panic: %v\n%s", doing, p, debug.Stack())
		}
	}()
	do()
}

// start makes the strategy.
func (d *desk) start() (*strategy.Output, error) {
	var err error
	d.guarded("Start", func() {
		s := d.fresh()
		d.manifest = s.Manifest()
		d.rt, err = strategy.NewRuntime(s, d.values, d.ins, me)
	})
	if err != nil || d.rt == nil {
		return nil, err
	}
	return d.begun(), nil
}

// begun takes what Start asked for.
func (d *desk) begun() *strategy.Output {
	out := d.rt.Started()
	if len(out.Intents) > 0 {
		d.fault("Start sent %s; orders sent there are refused: nothing is known yet", describeIntent(d.ins, &out.Intents[0]))
	}
	d.timers = slices.Clone(out.Timers)
	return out
}

// restart ends the strategy as a kill does, after its memory was saved, and has another
// instance go on from what the view knows. Timers set before do not fire any more.
func (d *desk) restart() (out *strategy.Output, err error) {
	d.guarded("Save and Restore", func() {
		next := d.rt.View().Snapshot()
		version, state, saves, saving := d.rt.Save()
		if saving != nil {
			err = fmt.Errorf("save: %w", saving)
			return
		}
		if saves {
			next.Saved = &strategy.Saved{Version: version, State: state}
		}
		var rt *strategy.Runtime
		if rt, err = strategy.ResumeRuntime(d.fresh(), d.values, d.ins, me, next); err == nil {
			d.rt = rt
			d.rt.SetWarming(d.warming)
			out = d.begun()
		}
	})
	return out, err
}

// stop ends the strategy in good order.
func (d *desk) stop() {
	d.guarded("Stop", func() {
		out := d.rt.Stop(d.now)
		d.told(nil, out, "")
		d.take(out, 0)
	})
	d.settle()
}

// deliver gives the strategy an event if it wants it, and then all answers to what it asks
// for. It says whether it was wanted.
func (d *desk) deliver(in exchange.InstrumentID, set func(e *exchange.Event)) bool {
	wanted := d.tell(in, "", 0, set)
	d.settle()
	return wanted
}

// tell gives the strategy one event.
func (d *desk) tell(in exchange.InstrumentID, why string, chain int, set func(e *exchange.Event)) bool {
	d.seq++
	e := &exchange.Event{At: d.now, Exchange: d.now, Seq: d.seq, Inst: in}
	set(e)
	if !d.rt.Wants(e) {
		return false
	}
	d.guarded(fmt.Sprintf("%v at %v", e.Kind, e.At), func() {
		out := d.rt.Deliver(e)
		d.told(e, out, why)
		d.take(out, chain)
	})
	return true
}

// settle gives the answers that are due, first come, first served.
func (d *desk) settle() {
	for len(d.queue) > 0 {
		next := d.queue[0]
		d.queue = d.queue[1:]
		if next.chain > chainMax {
			d.fault("%d answers followed from one another (%s): a loop that would flood the exchange", next.chain, next.why)
			d.queue = nil
			return
		}
		d.guarded(next.why, next.do)
	}
}

// take checks what was asked for and has it answered.
func (d *desk) take(out *strategy.Output, chain int) {
	d.timers = append(d.timers, out.Timers...)
	if len(out.Intents) > intentsMax {
		d.fault("%d wishes in reply to one event", len(out.Intents))
	}
	for _, i := range slices.Clone(out.Intents) {
		d.wished++
		for _, f := range d.check(&i) {
			d.fault("%s: %s", describeIntent(d.ins, &i), f)
		}
		d.wish(i, chain+1)
	}
}

// elapse lets time pass; timers due on the way fire.
func (d *desk) elapse(to exchange.Time) {
	for fired := 0; ; fired++ {
		at := d.nextTimer(to)
		if at < 0 {
			break
		}
		t := d.timers[at]
		d.timers = slices.Delete(d.timers, at, at+1)
		d.now = max(d.now, t.Due)
		d.deliver(0, func(e *exchange.Event) { e.SetTimer(&t) })
		if fired > 100_000 {
			d.fault("more than 100000 timers fired within %v", to.Sub(opening))
			d.timers = nil
		}
	}
	d.now = max(d.now, to)
}

// nextTimer is the first timer due by an instant, or -1.
func (d *desk) nextTimer(by exchange.Time) int {
	at := -1
	for i, t := range d.timers {
		if t.Due <= by && (at < 0 || t.Due < d.timers[at].Due) {
			at = i
		}
	}
	return at
}

// find looks an own order up that is not over.
func (d *desk) find(ref strategy.Ref) *order {
	at := slices.IndexFunc(d.orders, func(o order) bool { return o.ref == ref })
	if at < 0 {
		return nil
	}
	return &d.orders[at]
}

// refs lists the orders that are not over, for messages.
func (d *desk) refs() string {
	var list []string
	for _, o := range d.orders {
		list = append(list, fmt.Sprint(o.ref))
	}
	if len(list) == 0 {
		return "none is open"
	}
	return "open are " + strings.Join(list, ", ")
}
