package report

import (
	"maps"
	"slices"
	"strconv"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/readable"
)

// inputTables are what the run was made of.
func inputTables(r *backtest.Result) []block {
	return []block{tableBlock(parameterTable(r.Strategies)), tableBlock(dataTable(r.Data)), tableBlock(hashTable(r)), {Text: &foldedText{
		Title: "Configuration", Summary: "config.toml as it was in effect", Text: readable.CleanLines(r.Config)}}}
}

func parameterTable(list []backtest.StrategyInfo) table {
	t := table{ID: "parameters", Caption: "Parameters", Empty: "no strategies", Head: heads("Strategy", "Parameters")}
	for _, s := range list {
		name, params := word(s.Label), td{Text: "none", Style: "dim"}
		name.Sub = readable.Clean(s.Name + " " + s.Version)
		for _, key := range slices.Sorted(maps.Keys(s.Params)) {
			params.Pairs = append(params.Pairs, [2]string{readable.Clean(key), readable.Clean(s.Params[key])})
			params.Style = "code"
		}
		t.Rows = append(t.Rows, []td{name, params})
	}
	return t
}

func dataTable(list []backtest.DataInfo) table {
	t := table{ID: "data", Caption: "Data manifest", Empty: "no series",
		Head: heads("Leg", "Kind", "Interval", "From UTC", "To UTC", "#Rows", "#Gaps", "Source", "Hash")}
	for _, d := range list {
		gaps := countOf(int64(d.Gaps))
		if d.Gaps > 0 {
			gaps.Style += " warn"
		}
		interval := td{Text: undefined, Sort: "0"}
		if d.Interval > 0 {
			interval = td{Text: readable.Span(d.Interval), Sort: strconv.FormatInt(int64(d.Interval), 10)}
		}
		t.Rows = append(t.Rows, []td{word(readable.Leg(d.Product, d.Symbol)), word(d.Kind), interval, at(d.From, readable.Minute(d.From)),
			at(d.To, readable.Minute(d.To)), countOf(d.Rows), gaps, word(d.Source), code(readable.Hash(d.Hash))})
	}
	return t
}

func hashTable(r *backtest.Result) table {
	t := table{ID: "hashes", Caption: "Run and hashes", Head: heads("What", "Value"),
		Note: "Equal inputs give an equal result hash on every machine. Mode, version and duration say how the run was made and are not part of it."}
	for _, row := range [][2]string{
		{"Run", r.ID}, {"Result", r.Hash}, {"Configuration", r.ConfigHash}, {"Data", r.DataHash}, {"Strategies", r.StrategyHash},
		{"Seed", strconv.FormatUint(r.Seed, 10)}, {"Mode", r.Mode}, {"pmbot", r.Version}, {"Duration", readable.Span(r.Elapsed)},
	} {
		t.Rows = append(t.Rows, []td{word(row[0]), code(row[1])})
	}
	return t
}
