package main

import (
	"errors"
	"fmt"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/rundir"
	"github.com/pmbot/pmbot/engine/monitor"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/riskguard/margin"
	"github.com/pmbot/pmbot/riskguard/whatif"
)

// stressRun tells what a scenario would have made of a run's account.
func (c *console) stressRun(f *controlFlags, s *whatif.Scenario, runs, name, moment string) error {
	why, known := map[string]string{"end": "end", "lowest": "lowest uniMMR"}[moment]
	if !known {
		return &failure{exitUsage, fmt.Errorf("--at %.40s is no moment of a run", moment), "say end or lowest"}
	}
	dir, err := findRun(runs, name)
	if err != nil {
		return err
	}
	r, err := rundir.Peek(dir)
	if err != nil {
		return runFailure(dir, err)
	}
	m := momentOf(r, why)
	if m == nil {
		return &failure{exitNotFound, fmt.Errorf("%s: the run has no account at %s", dir, why), "it held nothing then, or an older version made it: run the backtest again"}
	}
	p, err := m.Account.Portfolio()
	if err != nil {
		return &failure{exitCheck, fmt.Errorf("%s: %w", dir, err), "run the backtest again"}
	}
	stressed, err := whatif.Apply(p, s, whatif.LinesOf(limitsOf(r), p))
	if errors.Is(err, margin.ErrMissing) {
		return &failure{exitNotFound, fmt.Errorf("%s: %w", dir, err), "at that moment the run had no such price"}
	}
	if err != nil {
		return err
	}
	a := &monitor.Stress{Schema: "pmbot.stress/1", At: m.At, Of: "run " + r.ID + ", " + why + ",", Stressed: *stressed}
	if f.json {
		return c.printJSON(a)
	}
	return c.printStress(a)
}

// momentOf is a moment of a run whose account was kept, or nil.
func momentOf(r *backtest.Result, why string) *backtest.StressMoment {
	for i := range r.Stress {
		if m := &r.Stress[i]; m.Why == why && m.Account != nil {
			return m
		}
	}
	return nil
}

// limitsOf are the limits of a run, nil if its configuration is of another version.
func limitsOf(r *backtest.Result) *riskguard.Limits {
	cfg, err := loadConfig("the run's configuration", r.Config, nil)
	if err != nil {
		return nil
	}
	return &cfg.Risk
}
