package monitor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
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
	// Plan names what Steps say: if the account has changed since, another is told instead. Their
	// order is no part of it, since it follows the prices.
	Plan string `json:"plan"`
	// Steps are what is done, the cheapest first; Notes say, for each, what it is worth. Kept is
	// what is left as it is.
	Steps []string `json:"steps"`
	Notes []string `json:"notes"`
	Kept  []string `json:"kept"`
	// Unranked says why Steps are not in the order of their cost, and is empty where they are.
	Unranked string `json:"unranked,omitempty"`
	// Done says that the steps were taken; Open and Positions are what is left then.
	Done      bool `json:"done"`
	Open      int  `json:"open"`
	Positions int  `json:"positions"`
	// Stays are the legs that are not closed; Late says that the time was over, and is empty
	// where the bot gave up before, because the exchange refuses all that stays.
	Stays []Stays `json:"stays"`
	Late  string  `json:"late,omitempty"`
}

// Stays is a leg that a flatten could not close.
type Stays struct {
	// Leg is the instrument, such as "UM:BTCUSDT", Step what would close it now.
	Leg  string `json:"leg"`
	Step string `json:"step"`
	// Why is what the exchange or the guard said last, Tries how often the exchange has refused,
	// and Cure what to do.
	Why   string `json:"why"`
	Tries int    `json:"tries"`
	Cure  string `json:"cure"`
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
	a := &Flattened{Schema: "pmbot.flatten/1", Steps: []string{}, Notes: []string{}, Kept: []string{}, Stays: []Stays{}}
	c := &closing{Server: s, answer: a, act: &f, inst: inst, strategy: strategy, legs: map[flattenLeg]*Stays{}, refs: map[uint64]flattenLeg{}}
	if err := c.look(ctx); err != nil {
		return nil, err
	}
	for i, step := range c.plan.Steps {
		if i > 0 || a.Open > 0 { // the first ends the orders
			a.Steps, a.Notes = append(a.Steps, s.named(step.Text)), append(a.Notes, step.Note)
		}
	}
	for _, kept := range c.plan.Kept {
		a.Kept = append(a.Kept, s.named(kept))
	}
	a.Unranked = c.plan.Unranked
	sum := sha256.Sum256([]byte(strings.Join(slices.Sorted(slices.Values(a.Steps)), "\n")))
	a.Plan = hex.EncodeToString(sum[:8])
	if f.Plan == "" {
		return a, nil
	}
	if f.Plan != a.Plan {
		return nil, fmt.Errorf("%w; ask for it again", ErrOtherPlan)
	}
	a.Done = true
	return a, c.run(ctx)
}

// FlattenAgain is how long the orders that close positions may take before the rest is asked
// for anew: what a market or the guard does not take at once, such as before the first price,
// it may take a little later.
const FlattenAgain = time.Second

// flattenTries is how often the exchange may judge an order of a leg unfit before it is left.
// What the guard refuses costs nothing and is tried as long as there is time.
const flattenTries = 3

// closing is a flatten that is under way.
type closing struct {
	*Server
	answer   *Flattened
	act      *Flatten
	inst     exchange.InstrumentID
	strategy exchange.StrategyID

	plan engine.FlattenPlan // what is left to do
	open []exchange.Order
	seen int // failures
	legs map[flattenLeg]*Stays
	refs map[uint64]flattenLeg
}

// flattenLeg is what one order of a plan is about.
type flattenLeg struct {
	strategy exchange.StrategyID
	inst     exchange.InstrumentID
	side     exchange.PositionSide
}

func legOf(in *exchange.Intent) flattenLeg {
	return flattenLeg{in.Strategy, in.Request.Inst, in.Request.PositionSide}
}

// look sees what is left, and what has failed meanwhile.
func (c *closing) look(ctx context.Context) error {
	err := c.read(context.WithoutCancel(ctx), func(k *engine.Kernel) {
		c.open, c.plan = k.Orders(), k.FlattenPlan(c.act.By, c.strategy, c.inst)
		c.answer.At, c.answer.Open, c.answer.Positions = k.Now(), count(c.open, c.inst, c.strategy), len(c.config.Guard.Positions())
	})
	var failures []failure
	failures, c.seen = c.config.Recent.failed(c.seen)
	for _, f := range failures {
		l, ours := c.refs[f.ref]
		if !ours {
			continue
		}
		if c.legs[l] == nil {
			c.legs[l] = &Stays{}
		}
		stays := c.legs[l]
		stays.Why, stays.Cure = f.why, f.cure()
		if f.final {
			stays.Tries++
		}
	}
	return err
}

// cure says what a person can do about it.
func (f failure) cure() string {
	switch {
	case strings.HasPrefix(f.why, "refused"):
		return "see pmbot limits and pmbot status for what the guard waits for"
	case f.code == -2022 || f.code == -4118: // reduce-only rejected
		return "see at the exchange whether the position is still there, and cancel orders that are open beside it"
	case f.code == -4131:
		return "wait until the market is back within its price filter, or close it by a limit order at the exchange"
	}
	return "close it by hand at the exchange, or hedge it with another instrument"
}

// givenUp says whether a step's leg has been refused for good.
func (c *closing) givenUp(s engine.FlattenStep) bool {
	stays := c.legs[legOf(&s.Intent)]
	return stays != nil && stays.Tries >= flattenTries
}

// run carries out a plan, and those for what is left then, until nothing is left that can be
// closed or the time is over. Every leg is on its own: those that are refused or on their way
// keep no other one waiting. It notes what stays, and why.
func (c *closing) run(ctx context.Context) error {
	limit := time.Duration(c.act.Wait) * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	_, c.seen = c.config.Recent.failed(c.seen)
	steps := c.plan.Steps
	for {
		if err := c.take(ctx, steps); err != nil {
			return err
		}
		over, err := c.settle(ctx)
		if err != nil {
			return err
		}
		if over || ctx.Err() != nil {
			break
		}
		steps = slices.DeleteFunc(c.plan.Closing(c.open), c.givenUp)
	}
	return c.finish(ctx, limit)
}

// finish tells what stays.
func (c *closing) finish(ctx context.Context, limit time.Duration) error {
	a := c.answer
	all := true // that stay are given up
	for _, s := range c.plan.Closing(nil) {
		in := c.config.Instruments.At(s.Intent.Request.Inst)
		one := Stays{Why: "there is no answer yet", Cure: "see pmbot orders, and ask again"}
		if known := c.legs[legOf(&s.Intent)]; known != nil {
			one = *known
		}
		all = all && c.givenUp(s)
		one.Leg, one.Step = in.Product.String()+":"+in.Symbol, c.named(s.Text)
		one.Cure += "; then pmbot flatten --symbol " + one.Leg + " closes it. Until then it is without the legs that were closed"
		a.Stays = append(a.Stays, one)
	}
	if len(a.Stays)+a.Open > 0 && !(all && a.Open == 0) {
		a.Late = fmt.Sprintf("%d positions and %d orders are left after %v: %v", a.Positions, a.Open, limit, ctx.Err())
	}
	return nil
}

// take wishes what steps say.
func (c *closing) take(ctx context.Context, steps []engine.FlattenStep) error {
	for _, step := range steps {
		in := step.Intent
		in.Tag = tag(c.act.Reason)
		if in.Kind == exchange.IntentNew {
			c.refs[in.Ref] = legOf(&in)
		}
		e := exchange.Event{At: c.config.Clock(), Inst: in.Request.Inst}
		e.SetIntent(&in)
		if err := c.config.Loop.Operate(context.WithoutCancel(ctx), e); err != nil {
			return err
		}
	}
	return nil
}

// settle waits until nothing is left to do, and else for as long as orders may take.
func (c *closing) settle(ctx context.Context) (over bool, err error) {
	every, again := time.NewTicker(look), time.NewTimer(FlattenAgain)
	defer every.Stop()
	defer again.Stop()
	for {
		if err := c.look(ctx); err != nil {
			return false, err
		}
		if c.answer.Open == 0 && !slices.ContainsFunc(c.plan.Closing(nil), func(s engine.FlattenStep) bool { return !c.givenUp(s) }) {
			return true, nil
		}
		select {
		case <-ctx.Done():
			return false, nil
		case <-again.C:
			return false, nil
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
