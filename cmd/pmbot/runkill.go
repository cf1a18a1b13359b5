package main

import (
	"context"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/engine/monitor"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/papi/sweep"
)

// sweeper ends every order of the account when it is asked to, one time after the other, and
// goes on until that is confirmed, whether somebody still waits for it or not.
type sweeper struct {
	wishes chan *sweepWish
	run    func(ctx context.Context, w *sweepWish) *sweep.Report
	// under is the sweep that is under way, nil without one.
	under atomic.Pointer[sweepWish]
}

// sweepWish is one sweep, and what is known of it.
type sweepWish struct {
	monitor.Sweep
	// none only ends the sweep that is under way.
	none bool
	last atomic.Pointer[sweep.Report]
	over chan struct{}
}

func newSweeper(run func(ctx context.Context, w *sweepWish) *sweep.Report) *sweeper {
	return &sweeper{wishes: make(chan *sweepWish), run: run}
}

// Run takes wishes until the context ends. A new one ends the one before.
func (s *sweeper) Run(ctx context.Context) error {
	stop, over := func() {}, make(chan struct{})
	close(over)
	defer func() { stop(); <-over }()
	for {
		select {
		case <-ctx.Done():
			return nil
		case w := <-s.wishes:
			stop()
			<-over
			own, cancel := context.WithCancel(ctx)
			stop, over = cancel, w.over
			if w.none {
				close(w.over)
				continue
			}
			s.under.Store(w)
			go func() {
				defer close(w.over)
				defer s.under.CompareAndSwap(w, nil)
				w.last.Store(s.run(own, w))
			}()
		}
	}
}

// sweep asks for a sweep and waits until it is over or the context ends; nil is no answer yet.
func (s *sweeper) sweep(ctx context.Context, what monitor.Sweep) *sweep.Report {
	w := &sweepWish{Sweep: what, over: make(chan struct{})}
	if !s.ask(ctx, w) {
		return nil
	}
	select {
	case <-w.over:
	case <-ctx.Done():
	}
	return w.last.Load()
}

// end ends the sweep that is under way.
func (s *sweeper) end(ctx context.Context) {
	s.ask(ctx, &sweepWish{none: true, over: make(chan struct{})})
}

func (s *sweeper) ask(ctx context.Context, w *sweepWish) bool {
	select {
	case s.wishes <- w:
		return true
	case <-ctx.Done():
		return false
	}
}

// drainedQuiet is how long lists must stay empty when nothing that could arrive is on its way.
const drainedQuiet = time.Second

// sweepAccount is the sweep of a bot: at the exchange, past the kernel, which hears of it as of
// anything that happens there; in a dry run the kernel's own orders.
func (b *bot) sweepAccount(ctx context.Context, w *sweepWish) *sweep.Report {
	tell := func(r *sweep.Report) { w.last.Store(r) }
	var r *sweep.Report
	if b.client == nil {
		r = b.sweepPaper(ctx, w, tell)
	} else {
		c := sweep.Config{Client: b.client, Instruments: b.ins, KeepProtective: w.KeepProtective, Tell: tell}
		if w.Drained {
			c.Quiet = drainedQuiet
		}
		r = sweep.Run(ctx, c)
	}
	if r.Confirmed {
		b.log.Info("every order was ended", "reason", w.Reason, "by", w.By, "ended", len(r.Ended), "kept", len(r.Kept), "positions", len(r.Positions), "took_ms", r.Took)
	} else {
		b.log.Error("the end of all orders is not confirmed", "reason", w.Reason, "by", w.By, "open", len(r.Open), "unconfirmed", r.Unconfirmed)
	}
	return r
}

// sweepPaper ends the orders of a dry run.
func (b *bot) sweepPaper(ctx context.Context, w *sweepWish, tell func(*sweep.Report)) *sweep.Report {
	began := time.Now()
	asked := map[exchange.OrderID]bool{}
	r := &sweep.Report{Schema: "pmbot.sweep/1"}
	for {
		var ends []exchange.Order
		err := b.loop.Do(ctx, func(k *engine.Kernel) {
			ends = b.paperReport(k, r, w.KeepProtective, asked)
		})
		if err != nil {
			r.Unconfirmed = []string{err.Error()}
			return r
		}
		r.Took, r.Confirmed = time.Since(began).Milliseconds(), len(r.Open) == 0
		r.Rounds++
		told := *r
		tell(&told)
		if r.Confirmed {
			return r
		}
		for _, o := range ends {
			asked[o.ID] = true
			e := exchange.Event{At: b.clock.Now(), Inst: o.Request.Inst}
			e.SetIntent(&exchange.Intent{Kind: exchange.IntentCancel, Strategy: o.Strategy, Order: o.ID, Ref: o.Ref, Tag: "halt", By: w.By})
			if err := b.loop.Operate(ctx, e); err != nil {
				break
			}
		}
		select {
		case <-ctx.Done():
			return r
		case <-time.After(stopPoll):
		}
	}
}

// paperReport brings a report up to date between two events, and returns the orders whose end
// was not asked for yet.
func (b *bot) paperReport(k *engine.Kernel, r *sweep.Report, keep bool, asked map[exchange.OrderID]bool) (ends []exchange.Order) {
	before := r.Open
	r.At, r.Open, r.Kept, r.Unconfirmed, r.NotRead = k.Now(), []sweep.Order{}, []sweep.Order{}, []string{}, []string{}
	if r.Ended == nil {
		r.Ended = []sweep.Order{}
	}
	open := map[string]bool{}
	for _, o := range k.Orders() {
		q := &o.Request
		in := b.ins.At(q.Inst)
		one := sweep.Order{
			List: in.Product.String(), Symbol: in.Symbol, ClientID: o.ClientID, ID: o.VenueID, Side: q.Side.String(), Type: q.Type.String(),
			Qty: q.Qty, Price: q.Price, Trigger: q.Trigger,
		}
		if keep && in.Product != exchange.Margin && q.Protects() {
			r.Kept = append(r.Kept, one)
			continue
		}
		r.Open = append(r.Open, one)
		open[o.ClientID] = true
		if !asked[o.ID] {
			ends = append(ends, o)
		}
	}
	for _, o := range before {
		if !open[o.ClientID] {
			r.Ended = append(r.Ended, o)
		}
	}
	for _, o := range r.Open {
		r.Unconfirmed = append(r.Unconfirmed, "open: "+o.String())
	}
	account := b.guard.Account()
	r.Held = sweep.Held{Positions: []sweep.Position{}, Assets: []sweep.Asset{}, UniMMR: account.UniMMR, Equity: account.Equity, Status: account.Status.String()}
	for _, p := range b.guard.Positions() {
		in := b.ins.At(p.Inst)
		value := p.Notional.Abs()
		if in.Inverse() {
			value = value.Mul(p.Mark.Decimal())
		}
		r.Positions = append(r.Positions, sweep.Position{
			Symbol: in.Product.String() + ":" + in.Symbol, Side: p.Side.String(), Qty: p.Qty, Entry: p.Entry, Mark: p.Mark.Decimal(), Notional: value, PnL: p.PnL,
		})
	}
	return ends
}

// kill halts the bot as "pmbot halt" does: the gate first, then every order.
func (b *bot) kill(ctx context.Context, by, why string) {
	b.step("halt", "%s, by %s: the gate is closed, and every order is ended", why, by)
	gate, cancel := context.WithTimeout(ctx, killDrain)
	defer cancel()
	err := b.loop.Operate(gate, b.haltEvent(by, why))
	if err != nil {
		b.log.Warn(err.Error(), "part", "halt")
	}
	r := b.sweeper.sweep(ctx, monitor.Sweep{Who: monitor.Who{By: by, Reason: why}, KeepProtective: true, Drained: err == nil})
	if r != nil && r.Confirmed {
		b.step("halt", "confirmed: no order is open%s; %s held", keptText(r), counted(int64(len(r.Positions)), "position"))
	}
}

// killDrain is how long a halt waits for what left before.
const killDrain = 2 * time.Second

func (b *bot) haltEvent(by, why string) exchange.Event {
	e := exchange.Event{At: b.clock.Now()}
	e.SetState(&exchange.StateChange{State: exchange.Halted, Cause: exchange.CauseOperator, Reason: why, By: by})
	return e
}

// haltPoll is how often it is looked for a file that halts.
const haltPoll = 250 * time.Millisecond

// heedHalts halts the bot on SIGUSR1 and while there is a HALT file in the state directory. One
// that is there at the start holds the bot before it trades.
func (b *bot) heedHalts(ctx context.Context) error {
	defer signal.Stop(b.signals)
	tick := time.NewTicker(haltPoll)
	defer tick.Stop()
	_, heeded := readHalt(b.dir)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-b.signals:
			b.kill(ctx, "signal SIGUSR1", "somebody sent SIGUSR1")
		case <-tick.C:
			why, there := readHalt(b.dir)
			if there && !heeded {
				b.kill(ctx, "file "+haltFile, why)
			}
			heeded = there
		}
	}
}

// barred says why the bot may not be resumed, "" if it may. A sweep that is not confirmed would
// end the orders of a bot that trades; who takes the exchange's account as it is ends it.
func (b *bot) barred(accept bool) string {
	if why, there := readHalt(b.dir); there {
		return "there is a file " + filepath.Join(b.dir, haltFile) + ", which says: " + why + "; take it away first"
	}
	if w := b.sweeper.under.Load(); w != nil && !accept {
		return "the end of all orders is not confirmed yet (halted by " + w.By + ": " + w.Reason + "); wait, or go on without with --accept"
	}
	return ""
}

// holdByFile keeps a bot halted that finds a HALT file when it starts.
func (b *bot) holdByFile() {
	why, there := readHalt(b.dir)
	if !there {
		return
	}
	b.warn("halted by a file " + haltFile + " in the state directory: " + why)
	b.loop.Put(b.haltEvent("file "+haltFile, why))
}

// keptText says how many stops stay.
func keptText(r *sweep.Report) string {
	if len(r.Kept) == 0 {
		return ""
	}
	return " but " + counted(int64(len(r.Kept)), "protective stop")
}
