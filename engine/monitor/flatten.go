package monitor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
)

// Flatten closes positions: asked without Plan it tells what it would do, and with the plan
// that was told it does that.
type Flatten struct {
	Scope
	Who
	Plan string `json:"plan,omitempty"`
	// Wait is how long to wait until the positions are closed, in whole milliseconds.
	Wait int64 `json:"wait_ms,omitempty"`
}

// Flattened is a plan, and what came of it.
type Flattened struct {
	Schema string        `json:"schema"` // pmbot.flatten/1
	At     exchange.Time `json:"at"`
	// Plan names what Steps say: if the account has changed since, another is told instead.
	Plan string `json:"plan"`
	// Steps are what is done, in order; Kept is what is left as it is.
	Steps []string `json:"steps"`
	Kept  []string `json:"kept"`
	// Done says that the steps were taken; Open and Positions are what is left then.
	Done      bool `json:"done"`
	Open      int  `json:"open"`
	Positions int  `json:"positions"`
}

// ErrOtherPlan says that the account has changed since a plan was told.
var ErrOtherPlan = errors.New("the account has changed since this plan was made")

func (s *Server) flatten(ctx context.Context, f Flatten) (any, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	inst, strategy, err := s.resolve(f.Scope)
	if err != nil {
		return nil, err
	}
	a := &Flattened{Schema: "pmbot.flatten/1", Steps: []string{}, Kept: []string{}}
	var plan engine.FlattenPlan
	if err := s.read(ctx, func(k *engine.Kernel) {
		a.At, plan = k.Now(), k.FlattenPlan(f.By, strategy, inst)
		a.Open = count(k.Orders(), inst, strategy)
	}); err != nil {
		return nil, err
	}
	for i, step := range plan.Steps {
		if i > 0 || a.Open > 0 { // the first ends the orders
			a.Steps = append(a.Steps, s.named(step.Text))
		}
	}
	for _, kept := range plan.Kept {
		a.Kept = append(a.Kept, s.named(kept))
	}
	sum := sha256.Sum256([]byte(strings.Join(a.Steps, "\n")))
	a.Plan = hex.EncodeToString(sum[:8])
	if f.Plan == "" {
		return a, nil
	}
	if f.Plan != a.Plan {
		return nil, fmt.Errorf("%w; ask for it again", ErrOtherPlan)
	}
	a.Done = true
	limit := time.Duration(f.Wait) * time.Millisecond
	return a, s.close(ctx, a, &f, plan, limit, func(k *engine.Kernel) (engine.FlattenPlan, int) {
		a.At, a.Open, a.Positions = k.Now(), count(k.Orders(), inst, strategy), len(s.config.Guard.Positions())
		return k.FlattenPlan(f.By, strategy, inst), a.Open
	})
}

// FlattenAgain is how long the orders that close positions may take before the rest is asked
// for anew: what a market or the guard does not take at once, such as before the first price,
// it may take a little later.
const FlattenAgain = time.Second

// close carries out a plan, and those for what is left then, until nothing is left or the
// time is over. It says what stood in the way.
func (s *Server) close(ctx context.Context, a *Flattened, f *Flatten, plan engine.FlattenPlan, limit time.Duration, left func(*engine.Kernel) (engine.FlattenPlan, int)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	failures, _ := s.config.Recent.failed()
	for {
		if err := s.take(ctx, f, plan); err != nil {
			return err
		}
		open, err := s.settle(ctx, &plan, left)
		switch {
		case err == nil:
			return nil
		case ctx.Err() == nil && open == 0 && errors.Is(err, errLeft):
			continue // with the plan for what is left
		case ctx.Err() == nil && errors.Is(err, errLeft):
			plan = engine.FlattenPlan{} // what is on its way may close the rest
			continue
		case ctx.Err() == nil:
			return err
		}
		why := ctx.Err()
		if n, last := s.config.Recent.failed(); n > failures {
			why = fmt.Errorf("%w; the last order was %s", why, last)
		}
		return fmt.Errorf("%d positions and %d orders are left after %v: %w", a.Positions, a.Open, limit, why)
	}
}

// take wishes what a plan says.
func (s *Server) take(ctx context.Context, f *Flatten, plan engine.FlattenPlan) error {
	for _, step := range plan.Steps {
		in := step.Intent
		in.Tag = tag(f.Reason)
		e := exchange.Event{At: s.config.Clock(), Inst: in.Request.Inst}
		e.SetIntent(&in)
		if err := s.config.Loop.Operate(context.WithoutCancel(ctx), e); err != nil {
			return err
		}
	}
	return nil
}

// errLeft says that a plan has been given its time.
var errLeft = errors.New("positions are left")

// settle waits until nothing is left to do, and else for as long as orders may take: then plan
// is what is left.
func (s *Server) settle(ctx context.Context, plan *engine.FlattenPlan, left func(*engine.Kernel) (engine.FlattenPlan, int)) (open int, err error) {
	every, again := time.NewTicker(look), time.NewTimer(FlattenAgain)
	defer every.Stop()
	defer again.Stop()
	for {
		if err := s.read(context.WithoutCancel(ctx), func(k *engine.Kernel) { *plan, open = left(k) }); err != nil {
			return open, err
		}
		if len(plan.Steps)-1+open == 0 {
			return 0, nil
		}
		select {
		case <-ctx.Done():
			return open, ctx.Err()
		case <-again.C:
			return open, errLeft
		case <-every.C:
		}
	}
}

// named has the labels of strategies in place of their numbers.
func (s *Server) named(text string) string {
	for i := len(s.config.Strategies); i > 0; i-- { // the longest numbers first
		text = strings.ReplaceAll(text, fmt.Sprintf("strategy %d", i), s.config.Strategies[i-1])
	}
	return text
}

// count is how many of the orders are of a scope.
func count(orders []exchange.Order, inst exchange.InstrumentID, strategy exchange.StrategyID) int {
	n := 0
	for _, o := range orders {
		if (inst == 0 || o.Request.Inst == inst) && (strategy == 0 || o.Strategy == strategy) {
			n++
		}
	}
	return n
}
