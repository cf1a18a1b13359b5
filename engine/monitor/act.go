package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
)

// Scope is what an act is about: one instrument, one strategy, or with neither the account.
type Scope struct {
	// Symbol is an instrument such as "UM:BTCUSDT", Strategy the label of the configuration.
	Symbol   string `json:"symbol,omitempty"`
	Strategy string `json:"strategy,omitempty"`
}

// Who says who acts and why; both are kept in the journal.
type Who struct {
	By     string `json:"by"`
	Reason string `json:"reason"`
}

func (w Who) check() error {
	if w.By == "" || strings.TrimSpace(w.Reason) == "" {
		return errors.New("who acts, and why, must be said: by and reason")
	}
	return nil
}

// resolve finds what a scope names.
func (s *Server) resolve(what Scope) (inst exchange.InstrumentID, strategy exchange.StrategyID, err error) {
	if what.Symbol != "" {
		product, name, _ := strings.Cut(what.Symbol, ":")
		p, err := exchange.ParseProduct(product)
		if err != nil {
			return 0, 0, fmt.Errorf("symbol %q: %w: write it like UM:BTCUSDT", what.Symbol, ErrNotThere)
		}
		in, err := s.config.Instruments.Find(p, name)
		if err != nil {
			return 0, 0, fmt.Errorf("symbol %q: %w here", what.Symbol, ErrNotThere)
		}
		inst = in.ID
	}
	if what.Strategy == "" {
		return inst, 0, nil
	}
	for i, label := range s.config.Strategies {
		if label == what.Strategy {
			return inst, exchange.StrategyID(i + 1), nil
		}
	}
	return 0, 0, fmt.Errorf("strategy %q: %w; there are: %s", what.Strategy, ErrNotThere, strings.Join(s.config.Strategies, ", "))
}

// Acted is what came of an act.
type Acted struct {
	Schema string                `json:"schema"` // pmbot.act/1
	At     exchange.Time         `json:"at"`
	State  exchange.TradingState `json:"state"`
	Holds  []Hold                `json:"holds"`
	// Canceled are the orders that an end was asked of, by client id.
	Canceled []string `json:"canceled"`
	// Open is how many orders are open now.
	Open int `json:"open"`
	// Sweep is what a halt knows of the end of all orders, and of what the account holds: a
	// document of its own. Late says what of the halt was not done in time.
	Sweep json.RawMessage `json:"sweep,omitempty"`
	Late  string          `json:"late,omitempty"`
}

func (s *Server) change(ctx context.Context, what Scope, who Who, c exchange.StateChange) (any, error) {
	if err := who.check(); err != nil {
		return nil, err
	}
	inst, strategy, err := s.resolve(what)
	if err != nil {
		return nil, err
	}
	if inst != 0 && strategy != 0 {
		return nil, errors.New("a symbol or a strategy, not both: states are held for each alone")
	}
	e := exchange.Event{At: s.config.Clock()}
	c.Inst, c.Strategy, c.Cause, c.Reason, c.By = inst, strategy, exchange.CauseOperator, who.Reason, who.By
	e.SetState(&c)
	if err := s.config.Loop.Operate(ctx, e); err != nil {
		return nil, err
	}
	return s.acted(ctx, nil)
}

// acted tells how the account stands after an act.
func (s *Server) acted(ctx context.Context, canceled []string) (*Acted, error) {
	a := &Acted{Schema: "pmbot.act/1", Holds: []Hold{}, Canceled: append([]string{}, canceled...)}
	err := s.read(ctx, func(k *engine.Kernel) {
		a.At, a.State, a.Open = k.Now(), s.config.Guard.State(0, 0), len(k.Orders())
		for _, h := range k.States() {
			a.Holds = append(a.Holds, Hold{s.scope(h.Inst, h.Strategy), h.Cause, h.State, h.Reason, h.By, h.Since})
		}
	})
	return a, err
}

// Cancel ends orders: those of a scope, or single ones.
type Cancel struct {
	Scope
	Who
	// All says that no scope means every order; without it an empty scope is an error.
	All bool `json:"all,omitempty"`
	// Orders are client ids, or our numbers in decimal.
	Orders []string `json:"orders,omitempty"`
	// Wait is how long to wait until the exchange has confirmed, in whole milliseconds; 0 does
	// not wait.
	Wait int64 `json:"wait_ms,omitempty"`
}

func (s *Server) cancel(ctx context.Context, c Cancel) (any, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	inst, strategy, err := s.resolve(c.Scope)
	if err != nil {
		return nil, err
	}
	chosen, err := s.chosen(ctx, &c, inst, strategy)
	if err != nil {
		return nil, err
	}
	return s.end(ctx, chosen, c.Who, c.Wait)
}

// end asks for the end of orders, waits for it so many milliseconds, 0 for none, and tells how
// the account stands then.
func (s *Server) end(ctx context.Context, orders []exchange.Order, who Who, wait int64) (any, error) {
	names := make([]string, len(orders))
	for i, o := range orders {
		names[i] = o.ClientID
		e := exchange.Event{At: s.config.Clock(), Inst: o.Request.Inst}
		e.SetIntent(&exchange.Intent{Kind: exchange.IntentCancel, Strategy: o.Strategy, Order: o.ID, Ref: o.Ref, Tag: tag(who.Reason), By: who.By})
		if err := s.config.Loop.Operate(ctx, e); err != nil {
			return nil, err
		}
	}
	if wait > 0 {
		if err := s.await(ctx, orders, time.Duration(wait)*time.Millisecond); err != nil {
			return nil, err
		}
	}
	return s.acted(ctx, names)
}

func (c *Cancel) check() error {
	if err := c.Who.check(); err != nil {
		return err
	}
	named := c.Symbol != "" || c.Strategy != ""
	switch {
	case c.Wait < 0:
		return errors.New("wait_ms must not be negative")
	case len(c.Orders) > 0 && (named || c.All):
		return errors.New("single orders or a scope, not both")
	case len(c.Orders) == 0 && !named && !c.All:
		return errors.New("name orders, a symbol or a strategy, or say all")
	}
	return nil
}

// tagMax is how long the short reason of an intent may be.
const tagMax = 32

func tag(reason string) string { return strings.ToValidUTF8(reason[:min(len(reason), tagMax)], "") }

// chosen are the open orders that a cancel names.
func (s *Server) chosen(ctx context.Context, c *Cancel, inst exchange.InstrumentID, strategy exchange.StrategyID) ([]exchange.Order, error) {
	var open, list []exchange.Order
	if err := s.read(ctx, func(k *engine.Kernel) { open = k.Orders() }); err != nil {
		return nil, err
	}
	for _, name := range c.Orders {
		found := false
		for _, o := range open {
			if o.ClientID == name || fmt.Sprint(uint64(o.ID)) == name {
				list, found = append(list, o), true
			}
		}
		if !found {
			return nil, fmt.Errorf("order %q: %w among the open orders", name, ErrNotThere)
		}
	}
	if len(c.Orders) > 0 {
		return list, nil
	}
	for _, o := range open {
		if (inst == 0 || o.Request.Inst == inst) && (strategy == 0 || o.Strategy == strategy) {
			list = append(list, o)
		}
	}
	return list, nil
}

// look is how often a wait looks.
const look = 20 * time.Millisecond

// await waits until none of the orders is open.
func (s *Server) await(ctx context.Context, orders []exchange.Order, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	every := time.NewTicker(look)
	defer every.Stop()
	for {
		left := 0
		err := s.read(ctx, func(k *engine.Kernel) {
			for _, o := range k.Orders() {
				for i := range orders {
					if orders[i].ID == o.ID {
						left++
					}
				}
			}
		})
		if err == nil && left == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d of %d orders are still open after %v: %w", left, len(orders), limit, ctx.Err())
		case <-every.C:
		}
	}
}

// Reload reads the configuration again.
type Reload struct {
	Who
	// Apply makes the changed limits the guard's; without it they are only told.
	Apply bool `json:"apply,omitempty"`
}

func (s *Server) reload(ctx context.Context, r Reload) (any, error) {
	if s.config.Reload == nil {
		return nil, errors.New("this process has no configuration to read again")
	}
	if r.Apply {
		if err := r.Who.check(); err != nil {
			return nil, err
		}
	}
	return s.config.Reload(ctx, r.Apply, r.By, r.Reason)
}

// Swap replaces a strategy's program and parameters.
type Swap struct {
	Who
	// Strategy is its label.
	Strategy string `json:"strategy"`
	// Apply makes the swap; without it is only told what would change.
	Apply bool `json:"apply,omitempty"`
}

func (s *Server) swap(ctx context.Context, w Swap) (any, error) {
	if s.config.Swap == nil {
		return nil, errors.New("this process has no programs to swap")
	}
	if !slices.Contains(s.config.Strategies, w.Strategy) {
		return nil, fmt.Errorf("strategy %.40q: %w; there are: %s", w.Strategy, ErrNotThere, strings.Join(s.config.Strategies, ", "))
	}
	if w.Apply {
		if err := w.Who.check(); err != nil {
			return nil, err
		}
	}
	return s.config.Swap(ctx, w.Strategy, w.Apply, w.By, w.Reason)
}
