package monitor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/riskguard/whatif"
)

// The questions what would be are answered from a copy of the guard, which the loop makes
// between two events; what takes long is computed while the loop works on.

// whatIf copies the guard, and tells the open orders.
func (s *Server) whatIf(ctx context.Context) (w *riskguard.WhatIf, open []exchange.Order, at exchange.Time, err error) {
	if asked := s.read(ctx, func(k *engine.Kernel) {
		at, open = k.Now(), k.Orders()
		w, err = s.config.Guard.WhatIf()
	}); asked != nil {
		return nil, nil, 0, asked
	}
	return w, open, at, err
}

func (s *Server) margin(ctx context.Context) (*Margin, error) {
	w, open, at, err := s.whatIf(ctx)
	if err != nil {
		return nil, err
	}
	limits := w.Limits()
	a := &Margin{Schema: "pmbot.margin/1", At: at, View: *whatif.Look(w.Portfolio(), open, whatif.LinesOf(&limits, w.Portfolio()))}
	a.Reported, a.ReportedAt = s.config.Recent.lastReport()
	return a, nil
}

// orderVerdict answers what the guard would say of an order, by the state and limits of a
// strategy: of the only one if none is named, and of the account if there are several.
func (s *Server) orderVerdict(w http.ResponseWriter, r *http.Request) {
	a, err := s.verdict(r.Context(), r.URL.Query().Get("order"), r.URL.Query().Get("strategy"))
	reply(w, a, err)
}

func (s *Server) verdict(ctx context.Context, text, label string) (*Verdict, error) {
	by := exchange.StrategyID(0)
	if label == "" && len(s.config.Strategies) == 1 {
		label = s.config.Strategies[0]
	}
	if label != "" {
		at := slices.Index(s.config.Strategies, label)
		if at < 0 {
			return nil, fmt.Errorf("strategy %.40q: %w; there are: %s", label, ErrNotThere, strings.Join(s.config.Strategies, ", "))
		}
		by = exchange.StrategyID(at + 1)
	}
	request, err := whatif.ParseOrder(text, s.config.Instruments)
	if errors.Is(err, whatif.ErrUnknown) {
		return nil, fmt.Errorf("%w: %w", ErrNotThere, err)
	}
	if err != nil {
		return nil, err
	}
	w, _, at, err := s.whatIf(ctx)
	if err != nil {
		return nil, err
	}
	return &Verdict{Schema: "pmbot.order/1", At: at, Verdict: *whatif.Order(w, request, by, label, at)}, nil
}

func (s *Server) stress(ctx context.Context, what whatif.Scenario) (any, error) {
	w, _, at, err := s.whatIf(ctx)
	if err != nil {
		return nil, err
	}
	limits := w.Limits()
	stressed, err := whatif.Apply(w.Portfolio(), &what, whatif.LinesOf(&limits, w.Portfolio()))
	if err != nil {
		return nil, err
	}
	about := s.config.About()
	of := "account " + about.Account
	if about.Mode != "live" {
		of = about.Mode + " run of " + of
	}
	return &Stress{Schema: "pmbot.stress/1", At: at, Of: of, Stressed: *stressed}, nil
}
