package report

import (
	"strconv"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/stats"
)

// Columns are the runs that a page holds against each other: the same strategies in a
// backtest, in a dry run and live. Each may be nil, but not all. The charts and tables of
// the page are of the first that is there.
type Columns struct{ Backtest, DryRun, Live *backtest.Result }

// ColumnsOf are the columns of a page of one run, which stands in that of its kind.
func ColumnsOf(r *backtest.Result) Columns {
	switch r.Kind {
	case backtest.KindDryRun:
		return Columns{DryRun: r}
	case backtest.KindLive:
		return Columns{Live: r}
	default:
		return Columns{Backtest: r}
	}
}

// first is the run that the page is about.
func (c Columns) first() *backtest.Result {
	for _, r := range []*backtest.Result{c.Backtest, c.DryRun, c.Live} {
		if r != nil {
			return r
		}
	}
	return nil
}

// runColumn is one run of the front page.
type runColumn struct {
	name  string
	r     *backtest.Result
	stats *stats.Statistics
	cut   *cutoff
}

// list makes the columns; that of the run that the page is about has what the page found.
func (c Columns) list(p *pageOf) []runColumn {
	out := []runColumn{{name: "Backtest", r: c.Backtest}, {name: "Dry run", r: c.DryRun}, {name: "Live", r: c.Live}}
	for i := range out {
		switch r := out[i].r; r {
		case nil:
		case p.r:
			out[i].stats, out[i].cut = p.stats, p.cut
		default:
			out[i].stats, out[i].cut = stats.Of(r), cutoffOf(r)
		}
	}
	return out
}

// frontTables is the front page's tables of figures, and what explains them.
type frontTables struct {
	Groups []frontGroup
	// Reasons say why figures are undefined, in the order of their numbers.
	Reasons []string
	// Hint says how the missing columns are filled.
	Hint string
}

// frontGroup is a table of the front page.
type frontGroup struct {
	Name string
	Head []frontHead
	Rows []frontRow
}

// frontHead is a column's title; Absent columns have no run and are left out where room
// is short.
type frontHead struct {
	Text   string
	Absent bool
}

type frontRow struct {
	Name  string
	Cells []frontCell
}

// frontCell is a figure, with a note below it. Mark is the number of its reason.
type frontCell struct {
	Text, Sub, Tone, Reason, Mark string
	Absent                        bool
}

func newFrontTables(columns []runColumn) frontTables {
	var out frontTables
	marks := map[string]string{}
	var head []frontHead
	missing := 0
	for _, col := range columns {
		head = append(head, frontHead{col.name, col.r == nil})
		if col.r == nil {
			missing++
		}
	}
	for _, g := range frontGroups() {
		group := frontGroup{Name: g.name, Head: head}
		for _, f := range g.figures {
			row := frontRow{Name: f.name}
			for i := range columns {
				cell := frontCell{Text: undefined, Absent: true, Reason: "no such run is on this page"}
				if columns[i].r != nil {
					cell = f.of(&columns[i])
					out.note(&cell, marks)
				}
				row.Cells = append(row.Cells, cell)
			}
			group.Rows = append(group.Rows, row)
		}
		out.Groups = append(out.Groups, group)
	}
	if missing > 0 {
		out.Hint = "Columns without a run show -. To fill them: pmbot report RUN --dry-run RUN --live RUN"
	}
	return out
}

// note gives an undefined figure the number of its reason; equal reasons share one.
func (t *frontTables) note(cell *frontCell, marks map[string]string) {
	if cell.Reason == "" {
		return
	}
	if marks[cell.Reason] == "" {
		t.Reasons = append(t.Reasons, cell.Reason)
		marks[cell.Reason] = strconv.Itoa(len(t.Reasons))
	}
	cell.Mark = marks[cell.Reason]
}
