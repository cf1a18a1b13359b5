package main

import (
	"context"
	_ "embed"
	"fmt"
	"html/template"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

func dataListCommand(c *console) *cobra.Command {
	var dir, page string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "ls", Short: "List what a tape holds, and show what it covers", Args: cobra.NoArgs,
		Long: `List the series of a tape with a picture of the time that they cover. With --html the
picture goes to a page, with every gap and every source, that opens in any browser.`,
		RunE: action(func(context.Context, []string) error {
			t, err := openTape(dir)
			if err != nil {
				return err
			}
			if page != "" {
				if err := writeCoverage(page, dir, t); err != nil {
					return err
				}
				fmt.Fprintf(c.err, "coverage written to %s\n", page)
			}
			if asJSON {
				return c.printJSON(listingOf(t))
			}
			return c.printListing(t)
		}),
	}
	tapeFlag(cmd, &dir)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document, with every gap and source")
	cmd.Flags().StringVar(&page, "html", "", "write a page with the picture to this file, too")
	return cmd
}

// coverageCells is the width of the picture on a terminal.
const coverageCells = 32

func (c *console) printListing(t *tape.Tape) error {
	all := t.Series()
	axis := axisOf(all)
	var rows [][]string
	for _, s := range all {
		rows = append(rows, []string{
			s.Key.String(), s.From.String(), s.To.String(), count(s.Rows), count(int64(s.Gaps)),
			count(s.Duplicates), count(s.Skipped), s.Hash[:min(12, len(s.Hash))], axis.cells(t.Coverage(s.Key)), s.Source,
		})
	}
	headings := []string{"SERIES", "FROM", "TO", "ROWS", "GAPS", "DUPLICATES", "SKIPPED", "HASH", "COVERAGE", "SOURCE"}
	if err := c.printTable(headings, rows); err != nil {
		return err
	}
	if len(all) > 0 {
		fmt.Fprintf(c.out, "coverage from %v to %v: █ whole, ▒ in part, · none, ◆ repaired\n", axis.from, axis.to)
	}
	return nil
}

// axis is the time that a picture shows.
type axis struct{ from, to exchange.Time }

func axisOf(all []tape.Series) axis {
	var a axis
	for i, s := range all {
		if i == 0 || s.From < a.from {
			a.from = s.From
		}
		a.to = max(a.to, s.To)
	}
	return a
}

// share is where an instant lies on the axis, from 0 to 1.
func (a axis) share(t exchange.Time) float64 {
	return float64(t-a.from) / float64(max(a.to-a.from, 1))
}

// cells draws stretches as text. A cell is whole only if nothing at all is missing in it.
func (a axis) cells(list []tape.Stretch) string {
	var b strings.Builder
	width := a.to - a.from
	for i := range exchange.Time(coverageCells) {
		from, to := a.from+width*i/coverageCells, a.from+width*(i+1)/coverageCells
		covered, repaired := exchange.Time(0), false
		for _, s := range list {
			part := min(s.To, to) - max(s.From, from)
			switch {
			case part < 0:
			case s.Repaired:
				repaired = true
			case part == 0 && covered == 0:
				covered = 1 // a single row
			default:
				covered += part
			}
		}
		switch {
		case repaired:
			b.WriteRune('◆')
		case covered > 0 && covered >= to-from:
			b.WriteRune('█')
		case covered > 0:
			b.WriteRune('▒')
		default:
			b.WriteRune('·')
		}
	}
	return b.String()
}

//go:embed coverage.html
var coveragePage string

// coverageRow is a series on the page.
type coverageRow struct {
	tape.Series
	Bars  []coverageBar
	Holes []tape.Hole
}

// coverageBar is a stretch in thousandths of the axis.
type coverageBar struct {
	X, Width float64
	tape.Stretch
}

// writeCoverage writes the page.
func writeCoverage(path, dir string, t *tape.Tape) error {
	page, err := template.New("coverage").Funcs(template.FuncMap{"count": count, "key": row.Key.String}).Parse(coveragePage)
	if err != nil {
		return err
	}
	all := t.Series()
	a := axisOf(all)
	data := struct {
		Dir, Hash string
		From, To  exchange.Time
		Series    []coverageRow
	}{dir, tape.Hash(all...), a.from, a.to, nil}
	for _, s := range all {
		r := coverageRow{Series: s, Holes: t.Holes(s.Key)}
		for _, stretch := range t.Coverage(s.Key) {
			x := 1000 * a.share(stretch.From)
			r.Bars = append(r.Bars, coverageBar{x, max(1, 1000*a.share(stretch.To)-x), stretch})
		}
		data.Series = append(data.Series, r)
	}
	var text strings.Builder
	if err := page.Execute(&text, data); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text.String()), 0o644)
}
