package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/pmbot/pmbot/configs"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/whatif"
	"github.com/pmbot/pmbot/strategy"
)

// scenarioFile is a stress scenario as it is written; configs/scenarios/october-2025.toml
// explains every key.
type scenarioFile struct {
	About   string                 `toml:"about"`
	ADL     bool                   `toml:"adl"`
	Coins   map[string]percentText `toml:"coins"`
	Index   map[string]percentText `toml:"index"`
	Symbols map[string]percentText `toml:"symbols"`
	Basis   map[string]percentText `toml:"basis"`
	Quotes  map[string]percentText `toml:"quotes"`
	Funding map[string]percentText `toml:"funding"`
	Haircut map[string]haircutText `toml:"haircut"`
}

// percentText is a ratio that is written with its unit, such as "-15%".
type percentText exchange.Fixed

// UnmarshalText reads a percentage.
func (p *percentText) UnmarshalText(text []byte) error {
	number, found := strings.CutSuffix(strings.TrimSpace(string(text)), "%")
	n, err := exchange.ParseFixed(strings.TrimPrefix(strings.TrimSpace(number), "+"))
	if !found || err != nil || !n.IsMultipleOf(100, 0) {
		return fmt.Errorf(`%.40q is no percentage; write a number of at most 6 decimals with its unit, such as "-15%%"`, text)
	}
	*p = percentText(n / 100)
	return nil
}

// haircutText is a cut of collateral rates, such as "10 points" or "1 step".
type haircutText struct {
	points exchange.Fixed
	steps  int
}

// UnmarshalText reads a cut.
func (h *haircutText) UnmarshalText(text []byte) error {
	number, unit, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	switch strings.TrimSpace(unit) {
	case "point", "points":
		n, err := exchange.ParseFixed(number)
		if err == nil && n.IsMultipleOf(100, 0) && n >= 0 && n <= 100*exchange.FixedOne {
			h.points = n / 100
			return nil
		}
	case "step", "steps":
		n, err := strconv.Atoi(number)
		if err == nil && n >= 0 && n <= whatif.StepsMax {
			h.steps = n
			return nil
		}
	}
	return fmt.Errorf(`%.40q is no cut of collateral rates; write "0 points" to "100 points", or "1 step" to "%d steps" of the asset's tiers`, text, whatif.StepsMax)
}

// tables are the moves by kind, with the key of their table.
func (s *scenarioFile) tables() []moveTable {
	return []moveTable{
		{"coins", whatif.Coin, s.Coins}, {"index", whatif.Index, s.Index}, {"symbols", whatif.Symbol, s.Symbols},
		{"basis", whatif.Basis, s.Basis}, {"quotes", whatif.Quote, s.Quotes}, {"funding", whatif.Funding, s.Funding},
	}
}

type moveTable struct {
	key   string
	kind  whatif.MoveKind
	moves map[string]percentText
}

// check finds moves that make no sense.
func (s *scenarioFile) check(doc *document) []mistake {
	var list []mistake
	for _, t := range s.tables() {
		for _, what := range slices.Sorted(maps.Keys(t.moves)) {
			m := whatif.Move{Kind: t.kind, What: what, Ratio: exchange.Fixed(t.moves[what])}
			if err := m.Check(); err != nil {
				list = append(list, doc.wrong([]string{t.key, what}, "%v", err))
			}
		}
	}
	return list
}

// scenario is the file's, by a name.
func (s *scenarioFile) scenario(name string) *whatif.Scenario {
	w := &whatif.Scenario{Name: name, About: s.About, ADL: s.ADL, Moves: []whatif.Move{}, Haircuts: []whatif.Haircut{}}
	for _, t := range s.tables() {
		for _, what := range slices.Sorted(maps.Keys(t.moves)) {
			w.Moves = append(w.Moves, whatif.Move{Kind: t.kind, What: what, Ratio: exchange.Fixed(t.moves[what])})
		}
	}
	for _, what := range slices.Sorted(maps.Keys(s.Haircut)) {
		w.Haircuts = append(w.Haircuts, whatif.Haircut{What: what, Points: s.Haircut[what].points, Steps: s.Haircut[what].steps})
	}
	return w
}

// scenarioNames are the embedded scenarios.
func scenarioNames() []string {
	files, _ := fs.Glob(configs.FS, "scenarios/*.toml") // the pattern is good
	var names []string
	for _, f := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(f), ".toml"))
	}
	return names
}

// loadScenario reads an embedded scenario by its name, or a file, and tells its text.
func (c *console) loadScenario(name string) (scenario *whatif.Scenario, text string, err error) {
	file, known := name, slices.Contains(scenarioNames(), name)
	if known {
		raw, err := fs.ReadFile(configs.FS, "scenarios/"+name+".toml")
		if err != nil {
			return nil, "", err
		}
		text = string(raw)
	} else {
		if text, err = readConfig(name, c.in); err != nil {
			return nil, "", scenarioFailure(name, err)
		}
		name = strings.TrimSuffix(filepath.Base(name), ".toml")
	}
	doc, err := parseDocument(file, text)
	if err != nil {
		return nil, "", &failure{code: exitConfig, err: err}
	}
	var s scenarioFile
	if err := doc.load(&s); err != nil {
		return nil, "", err
	}
	scenario = s.scenario(name)
	if err := scenario.Check(); err != nil {
		return nil, "", &failure{exitConfig, fmt.Errorf("%s: %w", file, err), "say what moves in [coins], [index], [symbols], [basis], [quotes], [funding] or [haircut]"}
	}
	return scenario, text, nil
}

// scenarioFailure says which scenarios there are.
func scenarioFailure(name string, err error) error {
	if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	cure := "name a TOML file, or one of " + strings.Join(scenarioNames(), ", ")
	if near := strategy.Nearest(name, scenarioNames()); near != "" {
		cure = "did you mean " + near + "?"
	}
	return &failure{exitNotFound, fmt.Errorf("scenario %s: %w", name, fs.ErrNotExist), cure}
}
