package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pmbot/pmbot/backtest/tape/durable"
	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/engine/journal"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// terms are what kernel and guard of one process decided by, beside the events: they lie
// beside the journal, so that it can be replayed when the exchange has changed its brackets and
// the owner his limits, and so that the next process knows whose number was whose.
type terms struct {
	Schema string          `json:"schema"`
	Limits json.RawMessage `json:"limits"`
	Tables *margin.Tables  `json:"tables"`
	// Strategies are the labels by number, from 1; see [numberStrategies].
	Strategies []string `json:"strategies"`
	// Permits are what they may do, by the same numbers; who is not configured has none.
	Permits []riskguard.Permit `json:"permits,omitempty"`
	// Prints say by the same numbers what they are made of; see [programPrint].
	Prints []string `json:"prints,omitempty"`
	// Reconcile is what became of differences to the exchange's account.
	Reconcile reconcileConfig `json:"reconcile"`
	// Services are what it did for the account by itself.
	Services engine.Services `json:"services,omitzero"`
}

// config is what a kernel and its guard are made of.
func (t *terms) config(ins *exchange.Instruments, prefix string) (engine.Config, error) {
	limits, err := riskguard.ParseLimits(t.Limits)
	if err != nil {
		return engine.Config{}, err
	}
	guard, err := riskguard.New(riskguard.Config{
		Instruments: ins, Tables: t.Tables, Limits: limits, Strategies: len(t.Strategies), Labels: t.Strategies, Permits: t.Permits, Prints: t.Prints,
	})
	if err != nil {
		return engine.Config{}, err
	}
	if err := t.Services.Fit(ins); err != nil {
		return engine.Config{}, fmt.Errorf("services.%w", err)
	}
	return engine.Config{
		Instruments: ins, Guard: guard, Strategies: len(t.Strategies), ClientPrefix: prefix, Reconcile: t.Reconcile.policy(), Services: t.Services,
	}, nil
}

// termsSchema names the format of terms files.
const termsSchema = "pmbot/terms/1"

// termsBegin and termsEnd are around the prefix in the name of a terms file.
const termsBegin, termsEnd = "terms-", ".json"

// termsPath is the file of the process whose client ids begin with a prefix.
func termsPath(dir, prefix string) string { return filepath.Join(dir, termsBegin+prefix+termsEnd) }

// save writes the terms of a process before its first event. A process that was killed
// meanwhile leaves a draft and no journal that would need it.
func (t *terms) save(dir, prefix string) error {
	t.Schema = termsSchema
	text, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("the guard's terms cannot be written down: %w", err)
	}
	return durable.Replace(termsPath(dir, prefix), append(text, '\n'))
}

// readTerms reads the terms of the process that wrote a segment.
func readTerms(dir string, h *journal.Header) (*terms, error) {
	path := termsPath(dir, h.Prefix)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &failure{exitNotFound, fmt.Errorf("%s is not there: what process %s decided by, and whose its orders were, is not known", path, h.Prefix),
			"copy it together with the journal; a journal whose file is lost must be put aside"}
	}
	if err != nil {
		return nil, err
	}
	t, err := parseTerms(text)
	if err != nil {
		return nil, &failure{exitCheck, fmt.Errorf("%s: %w", path, err), "copy it anew from where the journal was written; a journal whose file is lost must be put aside"}
	}
	return t, nil
}

// replayTerms makes what the process that wrote a segment was configured with.
func replayTerms(dir string, h *journal.Header) (engine.Config, error) {
	t, err := readTerms(dir, h)
	if err != nil {
		return engine.Config{}, err
	}
	ins, err := h.Table()
	if err != nil {
		return engine.Config{}, err
	}
	c, err := t.config(ins, h.Prefix)
	if err != nil {
		return c, &failure{exitCheck, fmt.Errorf("%s: %w", termsPath(dir, h.Prefix), err), "copy it anew from where the journal was written"}
	}
	return c, nil
}

func parseTerms(text []byte) (*terms, error) {
	t := &terms{}
	if err := json.Unmarshal(text, t); err != nil {
		return nil, err
	}
	if t.Schema != termsSchema || t.Tables == nil {
		return nil, fmt.Errorf("it is not what %s means: schema %.40q", termsSchema, t.Schema)
	}
	var wrong error
	t.Reconcile.checkRemedies(func(key, format string, args ...any) {
		wrong = errors.Join(wrong, fmt.Errorf(key+": "+format, args...))
	})
	_, err := numberStrategies(t.Strategies, nil)
	return t, errors.Join(wrong, err, t.Services.Check())
}

// dropTerms removes the terms of processes whose segments are gone or without market data:
// nobody can decide again on those. The newest segment's are never among them. What cannot
// be read keeps its terms.
func dropTerms(dir string) (dropped int, err error) {
	paths, err := journal.Segments(dir)
	if err != nil {
		return 0, err
	}
	needed := map[string]bool{}
	for _, path := range paths {
		s, err := journal.OpenSegment(path)
		if err != nil {
			return 0, err
		}
		if s.Compacted == 0 {
			needed[s.Prefix] = true
		}
		s.Close()
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		prefix, isTerms := strings.CutPrefix(strings.TrimSuffix(e.Name(), ".new"), termsBegin)
		prefix, isJSON := strings.CutSuffix(prefix, termsEnd)
		if !isTerms || !isJSON || needed[prefix] {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			return dropped, err
		}
		dropped++
	}
	return dropped, nil
}
