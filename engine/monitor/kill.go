package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
)

// Halt stops new risk on a scope.
type Halt struct {
	Scope
	Who
	// ReduceOnly lets orders through that reduce risk; else nothing but cancels and what
	// protects.
	ReduceOnly bool `json:"reduce_only,omitempty"`
	// Cancel ends the open orders, too: those of a scope, and without one every order of the
	// account, on all lists of the exchange. What it could not confirm is told, and gone on with.
	Cancel bool `json:"cancel,omitempty"`
	// KeepProtective leaves stops that only reduce a position that is there.
	KeepProtective bool `json:"keep_protective,omitempty"`
	// Wait is how long to wait until nothing that was approved before is on its way, and with
	// Cancel until the end of orders is confirmed, in whole milliseconds; 0 is as long as the
	// caller does. The halt holds either way.
	Wait int64 `json:"wait_ms,omitempty"`
}

// drainMax is how long a halt that ends orders waits for requests that left before: then
// cancels go out, and lists must stay empty for longer.
const drainMax = 2 * time.Second

// Sweep is what is asked of whoever can end all orders of the account.
type Sweep struct {
	Who
	KeepProtective bool
	// Drained says that nothing that was approved before is on its way any more.
	Drained bool
}

// halt is acknowledged when no request that was approved before is on its way any more.
func (s *Server) halt(ctx context.Context, h Halt) (any, error) {
	if h.Wait < 0 {
		return nil, errors.New("wait_ms must not be negative")
	}
	if h.Wait > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(h.Wait)*time.Millisecond)
		defer cancel()
	}
	state := exchange.Halted
	if h.ReduceOnly {
		state = exchange.ReduceOnly
	}
	change := exchange.StateChange{State: state}
	switch {
	case !h.Cancel:
		return s.change(ctx, h.Scope, h.Who, change)
	case h.Scope != Scope{} || h.ReduceOnly || s.config.Sweep == nil:
		return s.haltKnown(ctx, &h, change)
	}
	if err := h.Who.check(); err != nil {
		return nil, err
	}
	gate, cancel := context.WithTimeout(ctx, drainMax)
	defer cancel()
	_, late := s.change(gate, h.Scope, h.Who, change)
	report, err := json.Marshal(s.config.Sweep(ctx, Sweep{Who: h.Who, KeepProtective: h.KeepProtective, Drained: late == nil}))
	if err != nil {
		return nil, err
	}
	// A loop that has ended has no state to tell; what was swept is told all the same.
	brief, done := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer done()
	a, err := s.acted(brief, nil)
	if err != nil {
		a.State = state
		late = errors.Join(late, err)
	}
	a.Sweep = report
	if late != nil {
		a.Late = late.Error()
	}
	return a, nil
}

// haltKnown ends the orders that the kernel knows, one by one: of a scope, or those that could
// take risk.
func (s *Server) haltKnown(ctx context.Context, h *Halt, change exchange.StateChange) (any, error) {
	gate, cancel := context.WithTimeout(ctx, drainMax)
	defer cancel()
	if _, err := s.change(gate, h.Scope, h.Who, change); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return nil, err
	}
	inst, strategy, err := s.resolve(h.Scope)
	if err != nil {
		return nil, err
	}
	open, err := s.chosen(ctx, &Cancel{}, inst, strategy)
	if err != nil {
		return nil, err
	}
	var ends []exchange.Order
	for _, o := range open {
		r := &o.Request
		if h.ReduceOnly && r.OnlyCloses() || h.KeepProtective && r.Protects() {
			continue
		}
		ends = append(ends, o)
	}
	return s.end(ctx, ends, h.Who, h.Wait)
}

// Resume lifts what operators, risk controls and reconciliation have set on a scope.
type Resume struct {
	Scope
	Who
	// Accept takes the exchange's account for ours where reconciliation found differences.
	Accept bool `json:"accept,omitempty"`
	// Wait is how long to wait for the account to be read, in whole milliseconds; 0 is
	// resumeWait.
	Wait int64 `json:"wait_ms,omitempty"`
}

// resumeWait is how long a resume waits for a reading of the account.
const resumeWait = 30 * time.Second

// ErrNotClean says that a bot may not be freed while its account is not the exchange's.
var ErrNotClean = errors.New("the bot stays as it is")

// resume frees the account only after it was read anew and found to be ours, or when a person
// takes what the exchange has.
func (s *Server) resume(ctx context.Context, r Resume) (any, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	if s.config.Barred != nil {
		if why := s.config.Barred(r.Accept); why != "" {
			return nil, fmt.Errorf("%w: %s", ErrNotClean, why)
		}
	}
	if (r.Scope == Scope{} && !r.Accept) {
		if err := s.reconciled(ctx, r.Wait); err != nil {
			return nil, err
		}
	}
	if s.config.Resumed != nil && r.Scope == (Scope{}) {
		s.config.Resumed()
	}
	return s.change(ctx, r.Scope, r.Who, exchange.StateChange{State: exchange.Active, Accept: r.Accept})
}

// reconciled has the account read and waits until it is ours: a difference that needs a second
// reading to be sure has it.
func (s *Server) reconciled(ctx context.Context, wait int64) error {
	limit := resumeWait
	if wait > 0 {
		limit = time.Duration(wait) * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var before exchange.Time
	if err := s.read(ctx, func(k *engine.Kernel) { before = k.Read() }); err != nil {
		return err
	}
	s.config.Loop.CatchUp("a resume wants to know")
	every := time.NewTicker(look)
	defer every.Stop()
	var differ []string
	for {
		fresh, unsure := false, false
		if err := s.read(context.WithoutCancel(ctx), func(k *engine.Kernel) {
			fresh, differ = k.Read() != before, nil
			for _, d := range k.Differences() {
				unsure = unsure || d.Remedy == exchange.RemedyWait
				if d.Remedy == exchange.RemedyHalt || d.Remedy == exchange.RemedyWait {
					differ = append(differ, d.String())
				}
			}
		}); err != nil {
			return err
		}
		switch {
		case fresh && len(differ) == 0:
			return nil
		case fresh && !unsure:
			return notClean(differ)
		}
		select {
		case <-ctx.Done():
			if len(differ) > 0 {
				return notClean(differ)
			}
			return fmt.Errorf("%w: the exchange's account could not be read within %v", ErrNotClean, limit)
		case <-every.C:
		}
	}
}

func notClean(differ []string) error {
	return fmt.Errorf("%w: the exchange's account is not ours: %s; cure it, or take the exchange's with accept", ErrNotClean, strings.Join(differ, "; "))
}

// Drain lets open orders finish and takes no new risk, until the bot is flat or a deadline ends
// it.
type Drain struct {
	Who
	// Within is how long it may take, in whole milliseconds.
	Within int64 `json:"within_ms"`
}

func (s *Server) drain(ctx context.Context, d Drain) (any, error) {
	switch {
	case s.config.Drain == nil:
		return nil, errors.New("this process cannot be drained")
	case d.Within <= 0:
		return nil, errors.New("within_ms must be above 0")
	}
	a, err := s.change(ctx, Scope{}, Who{By: d.By, Reason: d.Reason}, exchange.StateChange{State: exchange.ReduceOnly})
	if err != nil {
		return nil, err
	}
	s.config.Drain(d)
	return a, nil
}
