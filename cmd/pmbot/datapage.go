package main

import (
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

//go:embed coverage.html
var coveragePage string

// coverageTicks is how many instants the page's axis names.
const coverageTicks = 5

// barMin is the least width of a bar, in thousandths of the axis: a minute can be seen
// among years.
const barMin = 3

// coverageRow is a series on the page.
type coverageRow struct {
	tape.Series
	Bars  []coverageBar
	Holes []tape.Hole
	Bytes int64
}

// coverageBar is a stretch in thousandths of the axis.
type coverageBar struct {
	X, Width float64
	tape.Stretch
}

// writeCoverage writes the page, whole or not at all.
func writeCoverage(path, dir string, t *tape.Tape) error {
	page, err := template.New("coverage").Funcs(template.FuncMap{
		"count": count, "counted": counted, "bytes": bytesOf, "key": row.Key.String, "second": toSecond,
		"int64": func(n int) int64 { return int64(n) },
	}).Parse(coveragePage)
	if err != nil {
		return err
	}
	all := t.Series()
	a := axisOf(all)
	data := struct {
		Dir, Hash   string
		From, To    exchange.Time
		Ticks       []string
		Rows, Bytes int64
		Series      []coverageRow
	}{Dir: dir, Hash: tape.Hash(all...), From: a.from, To: a.to, Ticks: a.ticks()}
	for _, s := range all {
		r := coverageRow{Series: s, Holes: t.Holes(s.Key), Bytes: bytesBelow(dir, s.Key)}
		for _, stretch := range t.Coverage(s.Key) {
			x := 1000 * a.share(stretch.From)
			r.Bars = append(r.Bars, coverageBar{x, max(barMin, 1000*a.share(stretch.To)-x), stretch})
		}
		data.Series = append(data.Series, r)
		data.Rows, data.Bytes = data.Rows+s.Rows, data.Bytes+r.Bytes
	}
	var text strings.Builder
	if err := page.Execute(&text, data); err != nil {
		return err
	}
	return replaceFile(path, text.String())
}

// ticks are instants at equal distances, as days where the axis is long.
func (a axis) ticks() []string {
	layout := "2006-01-02"
	switch width := a.to.Sub(a.from); {
	case width < coverageTicks*time.Minute:
		layout = "2006-01-02 15:04:05"
	case width < coverageTicks*24*time.Hour:
		layout = "2006-01-02 15:04"
	}
	var list []string
	for i := range exchange.Time(coverageTicks) {
		at := a.from + (a.to-a.from)*i/(coverageTicks-1)
		list = append(list, at.UTC().Format(layout))
	}
	return list
}

// replaceFile writes a file beside its place and then moves it there, so that a full disk
// leaves what was there.
func replaceFile(path, text string) error {
	draft := path + ".new"
	if err := os.WriteFile(draft, []byte(text), 0o644); err != nil {
		_ = os.Remove(draft)
		if errors.Is(err, fs.ErrNotExist) {
			return &failure{exitNotFound, fmt.Errorf("%s: no such directory", filepath.Dir(path)), "make it first"}
		}
		return diskFailure(err, "no page was written")
	}
	return os.Rename(draft, path)
}
