package strategy

import (
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Resume is what a strategy must know to go on where one of the same number stopped: in a
// bot that was started again, or in a running one after its process has died. It is plain
// data, so that it can be filled from a kernel, kept in a file and sent to a process. Timers
// are no part of it: Start sets them again, and those set before do not fire any more.
type Resume struct {
	// At is the time of the last event.
	At exchange.Time
	// LastRef is the highest ref that was ever given to an order or a loan; new ones follow it.
	LastRef Ref
	// Positions are the strategy's own legs that are not flat: of side Both in one-way
	// mode, Long and Short in hedge mode.
	Positions []exchange.Position
	// Orders are the strategy's own orders that are not over, oldest first.
	Orders []exchange.Order
	// Tasks are the strategy's own pairs and stops that are not over, oldest first.
	Tasks []exchange.TaskUpdate
	// Balances are those of the account that were ever told; Account is its last snapshot.
	Balances []exchange.TruthBalance
	Account  exchange.Account
	// States are what holds, in Effective, for the account, this strategy and instruments;
	// of several for one scope the strictest, and what is not listed is Active.
	States []exchange.StateChange
	// Market is what was seen last of instruments. It may be left out: then nothing is known
	// of them until the next event, as at a first start.
	Market []Seen
	// Saved is the strategy's memory, nil for none. It may be older than the rest.
	Saved *Saved
}

// Seen is the market of an instrument as far as a strategy has seen it.
type Seen struct {
	Inst  exchange.InstrumentID
	Last  exchange.Fixed
	Quote exchange.BookTicker
	Mark  exchange.Mark
}

// Saved is what a [Saver] has returned.
type Saved struct {
	Version int
	State   []byte
}

// Bound says whether somebody who does not know of r would do harm in its place: repeat
// refs, or forget positions, orders or memory.
func (r *Resume) Bound() bool {
	return r != nil && (r.LastRef > 0 || len(r.Positions) > 0 || len(r.Orders) > 0 || len(r.Tasks) > 0 || r.Saved != nil)
}

// Snapshot is what another view needs to go on where this one stands.
func (v *View) Snapshot() *Resume {
	r := &Resume{At: v.now, LastRef: v.lastRef, Account: v.account, Orders: slices.Clone(v.orders), Tasks: slices.Clone(v.tasks)}
	for i := range v.inst {
		in, id := &v.inst[i], exchange.InstrumentID(i)
		for _, leg := range in.legs {
			if !leg.Qty.IsZero() {
				r.Positions = append(r.Positions, leg)
			}
		}
		if in.state != exchange.Active {
			r.States = append(r.States, exchange.StateChange{Inst: id, State: in.state, Effective: in.state})
		}
		if s := (Seen{Inst: id, Last: in.last, Quote: in.quote, Mark: in.mark}); s != (Seen{Inst: id}) {
			r.Market = append(r.Market, s)
		}
	}
	for _, b := range v.balances {
		r.Balances = append(r.Balances, exchange.TruthBalance{Asset: b.asset, Wallet: b.wallet, Amount: b.amount})
	}
	if v.accountState != exchange.Active {
		r.States = append(r.States, exchange.StateChange{State: v.accountState, Effective: v.accountState})
	}
	if v.ownState != exchange.Active {
		r.States = append(r.States, exchange.StateChange{Strategy: v.id, State: v.ownState, Effective: v.ownState})
	}
	return r
}

// ResumeRuntime is [NewRuntime] for a strategy that goes on where another one of the same
// instruments stopped. Its refs follow those given from Start on; what that has seen, and
// the memory it had saved, it has after Start and before the first event, as
// [Runtime.Resume] does it.
func ResumeRuntime(s Strategy, values map[string]string, ins *exchange.Instruments, id exchange.StrategyID, from *Resume) (*Runtime, error) {
	r, err := startRuntime(s, values, ins, id, from.LastRef)
	if err != nil {
		return nil, err
	}
	return r, r.Resume(from)
}

// Resume lets the runtime go on where another one stopped. What the strategy has sent in
// Start stays listed behind the orders taken over.
func (r *Runtime) Resume(from *Resume) error {
	if err := from.check(r.env.instruments); err != nil {
		return fmt.Errorf("strategy %s: resume: %w", r.strategy.Manifest().Name, err)
	}
	if s := from.Saved; s != nil {
		if err := r.Restore(s.Version, s.State); err != nil {
			return err
		}
	}
	r.env.resume(from)
	return nil
}

// check finds what a view could not take.
func (r *Resume) check(ins *exchange.Instruments) error {
	for _, p := range r.Positions {
		if !ins.Has(p.Inst) || p.Side > exchange.Short {
			return fmt.Errorf("position of instrument %d, side %d", p.Inst, p.Side)
		}
		if _, err := exchange.FixedFromDecimal(p.Qty, exchange.RoundDown); err != nil {
			return fmt.Errorf("position of %s: %w", ins.At(p.Inst).Name(), err)
		}
	}
	for _, o := range r.Orders {
		if !ins.Has(o.Request.Inst) {
			return fmt.Errorf("order %d of instrument %d", o.Ref, o.Request.Inst)
		}
	}
	for _, u := range r.Tasks {
		if !ins.Has(u.Inst) || u.Hedge != 0 && !ins.Has(u.Hedge) {
			return fmt.Errorf("task %d of instruments %d and %d", u.Ref, u.Inst, u.Hedge)
		}
	}
	for _, s := range r.Market {
		if !ins.Has(s.Inst) {
			return fmt.Errorf("market of instrument %d", s.Inst)
		}
	}
	for _, s := range r.States {
		if s.Inst != 0 && !ins.Has(s.Inst) {
			return fmt.Errorf("state of instrument %d", s.Inst)
		}
	}
	return nil
}

// resume takes over what was checked.
func (v *View) resume(from *Resume) {
	v.now, v.account = from.At, from.Account
	v.lastRef = max(v.lastRef, from.LastRef)
	v.orders = append(slices.Clone(from.Orders), v.orders...)
	v.tasks = append(slices.Clone(from.Tasks), v.tasks...)
	v.balances = nil
	for _, b := range from.Balances {
		v.balances = append(v.balances, balance{b.Asset, b.Wallet, b.Amount})
	}
	for _, p := range from.Positions {
		i := &v.inst[p.Inst]
		i.legs[p.Side] = p
		i.sum()
		qty, _ := exchange.FixedFromDecimal(p.Qty, exchange.RoundDown) // check has tried
		i.held += qty
	}
	for _, s := range from.Market {
		i := &v.inst[s.Inst]
		i.last, i.quote, i.mark = s.Last, s.Quote, s.Mark
	}
	for i := range from.States {
		v.tighten(&from.States[i])
	}
}

// tighten applies a state of a scope that may have several, of which the strictest holds.
func (v *View) tighten(s *exchange.StateChange) {
	switch {
	case s.Strategy != 0 && s.Strategy != v.id:
	case s.Inst != 0:
		v.inst[s.Inst].state = min(v.inst[s.Inst].state, s.Effective)
	case s.Strategy != 0:
		v.ownState = min(v.ownState, s.Effective)
	default:
		v.accountState = min(v.accountState, s.Effective)
	}
}

// sum makes the position of the legs: of Both alone in one-way mode; in hedge mode what is
// left when one leg closes the other, at the entry of the bigger one, so that it depends on
// the legs and not on the way to them.
func (i *instView) sum() {
	long, short := &i.legs[exchange.Long], &i.legs[exchange.Short]
	p := i.legs[exchange.Both]
	if p.Qty.IsZero() {
		p.Qty, p.Entry = long.Qty.Add(short.Qty), long.Entry
		if short.Qty.Abs().GreaterThan(long.Qty.Abs()) {
			p.Entry = short.Entry
		}
		if p.Qty.IsZero() {
			p.Entry = decimal.Zero
		}
	}
	i.position = p
}
