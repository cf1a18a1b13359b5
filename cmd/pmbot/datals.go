package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/exchange"
)

func dataListCommand(c *console) *cobra.Command {
	var dir, page string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "ls", Short: "List what a tape holds, and show what it covers", Args: cobra.NoArgs,
		Long: `List the series of a tape with a picture of the time that they cover. On a terminal,
columns that have no room are left out; --json has everything. With --html the picture
goes to a page, too, with every gap and every source, that opens in any browser.`,
		RunE: action(func(context.Context, []string) error {
			t, err := openTape(dir)
			if err != nil {
				return err
			}
			if page != "" {
				if err := writeCoverage(page, dir, t); err != nil {
					return err
				}
				fmt.Fprintf(c.err, "wrote %s\n", page)
			}
			if asJSON {
				return c.printJSON(listingOf(t, dir))
			}
			return c.printListing(t, dir)
		}),
	}
	tapeFlag(cmd, &dir)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document, with every gap and source")
	cmd.Flags().StringVar(&page, "html", "", "write a page with the picture to this file, too")
	return cmd
}

// coverageCells is the width of the picture on a terminal.
const coverageCells = 32

func (c *console) printListing(t *tape.Tape, dir string) error {
	all := t.Series()
	if len(all) == 0 {
		fmt.Fprintf(c.out, "the tape %s is empty\n", dir)
		return nil
	}
	axis := axisOf(all)
	rows, size := int64(0), int64(0)
	var table [][]string
	for _, s := range all {
		bytes := bytesBelow(dir, s.Key)
		table = append(table, []string{
			s.Key.String(), toSecond(s.From), toSecond(s.To + exchange.Time(time.Second) - 1), count(s.Rows), bytesOf(bytes), count(int64(s.Gaps)),
			axis.cells(t.Coverage(s.Key)), count(s.Duplicates), count(s.Skipped), s.Hash[:min(12, len(s.Hash))], s.Source,
		})
		rows, size = rows+s.Rows, size+bytes
	}
	headings := []string{"SERIES", "FROM", "TO", "ROWS", "SIZE", "GAPS", "COVERAGE", "DUPLICATES", "SKIPPED", "HASH", "SOURCE"}
	headings, table = fitting(terminalWidth(c.out), leftOut(), headings, table)
	if err := c.printTable(headings, table); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "\n%s series, %s, %s; data hash %s\n", count(int64(len(all))), counted(rows, "row"), bytesOf(size), tape.Hash(all...)[:12])
	if slices.Contains(headings, "COVERAGE") {
		fmt.Fprintf(c.out, "coverage from %s to %s: █ whole, ▒ in part, · none, ◆ repaired\n",
			toSecond(axis.from), toSecond(axis.to+exchange.Time(time.Second)-1))
	}
	return nil
}

// toSecond prints an instant without the part of a second, so that instants align.
func toSecond(t exchange.Time) string { return t.Floor(time.Second).String() }

// leftOut are the columns of the listing that a narrow terminal does without, first those
// that are missed least: the picture tells more than two instants do.
func leftOut() []string {
	return []string{"SOURCE", "HASH", "SKIPPED", "DUPLICATES", "TO", "FROM", "SIZE", "COVERAGE"}
}

// fitting leaves columns out, in the order of drops, until a table fits into a width; 0 fits
// everything.
func fitting(width int, drops, headings []string, rows [][]string) ([]string, [][]string) {
	for _, drop := range drops {
		needed := 2 * (len(headings) - 1)
		for _, w := range tableWidths(headings, rows) {
			needed += w
		}
		at := slices.Index(headings, drop)
		if width == 0 || needed <= width {
			break
		}
		if at < 0 {
			continue
		}
		headings = slices.Delete(headings, at, at+1)
		for i := range rows {
			rows[i] = slices.Delete(rows[i], at, at+1)
		}
	}
	return headings, rows
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
