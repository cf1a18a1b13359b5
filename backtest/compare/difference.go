package compare

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/readable"
)

// Difference is one thing that is not the same in all runs.
type Difference struct {
	Area Area `json:"area"`
	// Key says what it is: a key of the configuration, a strategy's parameter, a series.
	Key string `json:"key"`
	// Values are what each run has, nil where it has no such thing.
	Values []*string `json:"values"`
}

// Area is a part of what makes a run.
type Area string

// The areas, in the order in which differences are listed.
const (
	AreaKind      Area = "kind"
	AreaPeriod    Area = "period"
	AreaVersion   Area = "pmbot"
	AreaSeed      Area = "seed"
	AreaProgram   Area = "program"
	AreaParameter Area = "parameter"
	AreaConfig    Area = "configuration"
	AreaData      Area = "data"
	AreaWarning   Area = "warning"
)

// aspects collects what the runs have under each key of one area.
type aspects struct {
	runs int
	list []Difference
	at   map[string]int // by area and key
}

// note says what a run has. A second value under one key stands beside the first.
func (a *aspects) note(run int, area Area, key, value string) {
	id := string(area) + "\x00" + key
	n, known := a.at[id]
	if !known {
		n = len(a.list)
		a.at[id] = n
		a.list = append(a.list, Difference{area, key, make([]*string, a.runs)})
	}
	if had := a.list[n].Values[run]; had != nil {
		value = *had + "; " + value
	}
	a.list[n].Values[run] = &value
}

// differences names what is not the same in all runs: first what made them, then what
// they warn of.
func differences(runs []Run) []Difference {
	a := &aspects{runs: len(runs), at: map[string]int{}}
	for i, run := range runs {
		r := run.Result
		a.note(i, AreaKind, "kind", string(r.Kind.OrBacktest()))
		a.note(i, AreaPeriod, "from", readable.Instant(r.From))
		a.note(i, AreaPeriod, "to", readable.Instant(r.To))
		a.note(i, AreaVersion, "version", readable.Clean(r.Version))
		a.note(i, AreaSeed, "seed", strconv.FormatUint(r.Seed, 10))
		a.strategies(i, r)
		a.config(i, run)
		for k := range r.Data {
			d := &r.Data[k]
			a.note(i, AreaData, seriesKey(d), seriesValue(d))
		}
		for _, w := range r.Warnings {
			// A warning differs if its text does, so the text is the key.
			a.note(i, AreaWarning, readable.Clean(w.Kind)+": "+readable.Clean(w.Text), "has it")
		}
	}
	list := slices.DeleteFunc(a.list, func(d Difference) bool { return d.same() })
	list = unnamed(list, runs)
	order := []Area{AreaKind, AreaPeriod, AreaVersion, AreaSeed, AreaProgram, AreaParameter, AreaConfig, AreaData, AreaWarning}
	slices.SortStableFunc(list, func(x, y Difference) int {
		return cmp.Or(cmp.Compare(slices.Index(order, x.Area), slices.Index(order, y.Area)), compareKeys(x, y))
	})
	return list
}

// compareKeys sorts keys, but leaves a period in its order.
func compareKeys(x, y Difference) int {
	if x.Area == AreaPeriod {
		return 0
	}
	return strings.Compare(x.Key, y.Key)
}

// same says whether all runs have the same.
func (d *Difference) same() bool {
	for _, v := range d.Values[1:] {
		first := d.Values[0]
		if (v == nil) != (first == nil) || v != nil && *v != *first {
			return false
		}
	}
	return true
}

// strategies notes programs and parameters by the strategies' labels.
func (a *aspects) strategies(run int, r *backtest.Result) {
	for _, s := range r.Strategies {
		label := strategyLabel(s)
		program := strings.TrimSpace(readable.Clean(s.Name) + " " + readable.Clean(s.Version))
		if s.SHA256 != "" {
			program += ", sha256 " + readable.Hash(s.SHA256)
		}
		a.note(run, AreaProgram, label, program)
		for name, value := range s.Params {
			a.note(run, AreaParameter, label+"."+readable.Clean(name), readable.Clean(value))
		}
	}
}

func strategyLabel(s backtest.StrategyInfo) string { return readable.Clean(cmp.Or(s.Label, s.Name)) }

// config notes the configuration without what stands elsewhere: the seed, and parameters,
// which the strategies report with their defaults.
func (a *aspects) config(run int, c Run) {
	for key, value := range c.Config {
		if key == "seed" || strings.HasPrefix(key, "strategy.") && strings.Contains(key, ".params.") {
			continue
		}
		a.note(run, AreaConfig, readable.Clean(key), readable.Clean(value))
	}
}

func seriesKey(d *backtest.DataInfo) string {
	key := readable.Leg(d.Product, d.Symbol) + " " + readable.Clean(d.Kind)
	if d.Interval > 0 {
		key += " " + readable.Span(d.Interval)
	}
	return key
}

func seriesValue(d *backtest.DataInfo) string {
	parts := []string{readable.Terminal.Count(d.Rows) + " rows", readable.Minute(d.From) + " .. " + readable.Minute(d.To)}
	if d.Gaps > 0 {
		parts = append(parts, fmt.Sprintf("gaps %d", d.Gaps))
	}
	if d.Source != "" {
		parts = append(parts, readable.Clean(d.Source))
	}
	if d.Hash != "" {
		parts = append(parts, "hash "+readable.Hash(d.Hash))
	}
	return strings.Join(parts, ", ")
}

// unnamed adds what only the hashes of the inputs tell: something differs in an area of
// which the runs keep nothing else.
func unnamed(list []Difference, runs []Run) []Difference {
	for _, input := range []struct {
		areas []Area
		key   string
		hash  func(*backtest.Result) string
	}{
		{[]Area{AreaConfig, AreaSeed, AreaParameter}, "config_hash", func(r *backtest.Result) string { return r.ConfigHash }},
		{[]Area{AreaData}, "data_hash", func(r *backtest.Result) string { return r.DataHash }},
		{[]Area{AreaProgram, AreaParameter}, "strategy_hash", func(r *backtest.Result) string { return r.StrategyHash }},
	} {
		if slices.ContainsFunc(list, func(d Difference) bool { return slices.Contains(input.areas, d.Area) }) {
			continue
		}
		d := Difference{Area: input.areas[0], Key: input.key}
		for _, run := range runs {
			hash := readable.Hash(input.hash(run.Result))
			d.Values = append(d.Values, &hash)
		}
		if !d.same() {
			list = append(list, d)
		}
	}
	return list
}
