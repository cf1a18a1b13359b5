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
	for _, step := range plan.Steps {
		in := step.Intent
		in.Tag = tag(f.Reason)
		e := exchange.Event{At: s.config.Clock(), Inst: in.Request.Inst}
		e.SetIntent(&in)
		if err := s.config.Loop.Operate(ctx, e); err != nil {
			return nil, err
		}
	}
	a.Done = true
	return a, s.settle(ctx, a, inst, strategy, time.Duration(f.Wait)*time.Millisecond)
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

// settle waits until a plan has nothing left to do, and counts what is left.
func (s *Server) settle(ctx context.Context, a *Flattened, inst exchange.InstrumentID, strategy exchange.StrategyID, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	every := time.NewTicker(look)
	defer every.Stop()
	for {
		left := 0
		if err := s.read(context.WithoutCancel(ctx), func(k *engine.Kernel) {
			a.Open = count(k.Orders(), inst, strategy)
			left = len(k.FlattenPlan("", strategy, inst).Steps) - 1 + a.Open
			a.At, a.Positions = k.Now(), len(s.config.Guard.Positions())
		}); err != nil {
			return err
		}
		if left == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d positions and %d orders are left after %v: %w", a.Positions, a.Open, limit, ctx.Err())
		case <-every.C:
		}
	}
}
