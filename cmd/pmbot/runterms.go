package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/engine/journal"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// terms are what the guard of one process decided by, beside the events: they lie beside the
// journal, so that it can be replayed when the exchange has changed its brackets and the owner
// his limits.
type terms struct {
	Schema     string          `json:"schema"`
	Limits     json.RawMessage `json:"limits"`
	Tables     *margin.Tables  `json:"tables"`
	Strategies int             `json:"strategies"`
}

// termsSchema names the format of terms files.
const termsSchema = "pmbot/terms/1"

// termsPath is the file of the process whose client ids begin with a prefix.
func termsPath(dir, prefix string) string { return filepath.Join(dir, "terms-"+prefix+".json") }

// saveTerms writes the terms of a process before its first event. A process that was killed
// meanwhile leaves a draft and no journal that would need it.
func saveTerms(dir, prefix string, limits riskguard.Limits, tables *margin.Tables, strategies int) error {
	text, err := json.Marshal(terms{termsSchema, limits.JSON(), tables, strategies})
	if err != nil {
		return fmt.Errorf("the guard's terms cannot be written down: %w", err)
	}
	path := termsPath(dir, prefix)
	draft, err := os.OpenFile(path+".draft", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = draft.Write(append(text, '\n'))
	if err == nil {
		err = draft.Sync()
	}
	if err = errors.Join(err, draft.Close()); err != nil {
		return err
	}
	return os.Rename(path+".draft", path)
}

// readTerms makes what the process that wrote a segment was configured with.
func readTerms(dir string, h *journal.Header) (engine.Config, error) {
	path := termsPath(dir, h.Prefix)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return engine.Config{}, &failure{exitNotFound, fmt.Errorf("%s is not there: what the guard of process %s decided by is not known", path, h.Prefix),
			"copy it together with the journal"}
	}
	if err != nil {
		return engine.Config{}, err
	}
	c, err := parseTerms(text, h)
	if err != nil {
		return engine.Config{}, &failure{exitCheck, fmt.Errorf("%s: %w", path, err), "copy it anew from where the journal was written"}
	}
	return c, nil
}

func parseTerms(text []byte, h *journal.Header) (engine.Config, error) {
	var t terms
	if err := json.Unmarshal(text, &t); err != nil {
		return engine.Config{}, err
	}
	if t.Schema != termsSchema || t.Tables == nil || t.Strategies < 0 || t.Strategies > 255 {
		return engine.Config{}, fmt.Errorf("it is not what %s means: schema %.40q, %d strategies", termsSchema, t.Schema, t.Strategies)
	}
	limits, err := riskguard.ParseLimits(t.Limits)
	if err != nil {
		return engine.Config{}, err
	}
	ins, err := h.Table()
	if err != nil {
		return engine.Config{}, err
	}
	guard, err := riskguard.New(riskguard.Config{Instruments: ins, Tables: t.Tables, Limits: limits, Strategies: t.Strategies})
	if err != nil {
		return engine.Config{}, err
	}
	return engine.Config{Instruments: ins, Guard: guard, Strategies: t.Strategies, ClientPrefix: h.Prefix}, nil
}
