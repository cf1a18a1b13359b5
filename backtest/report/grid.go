package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"charm.land/lipgloss/v2"
)

// column describes a column of a table on the terminal.
type column struct {
	title string
	left  bool
	// least is to how many columns of the terminal the text may be cut for want of room; 0 is
	// nameMax.
	least int
	// drop orders the columns that give way to a narrow terminal: the highest goes
	// first, 0 stays.
	drop int
}

// grid is a table on the terminal. The title of its first column names the table.
type grid struct {
	columns []column
	rows    [][]cell
	notes   []string
}

func (g *grid) add(cells ...cell) { g.rows = append(g.rows, cells) }

// note adds a line below the table.
func (g *grid) note(format string, a ...any) { g.notes = append(g.notes, fmt.Sprintf(format, a...)) }

// dropEmpty takes out the columns in which no row has anything.
func (g *grid) dropEmpty() {
	for i := len(g.columns) - 1; i > 0; i-- {
		if slices.ContainsFunc(g.rows, func(row []cell) bool { return row[i].text != undefined }) {
			continue
		}
		g.columns = slices.Delete(g.columns, i, i+1)
		for j := range g.rows {
			g.rows[j] = slices.Delete(g.rows[j], i, i+1)
		}
	}
}

const (
	gap = 2
	// A narrow terminal cuts words to nameMax, and when all columns are gone that may go, to
	// nameMin, the first column's last.
	nameMax = 26
	nameMin = 8
)

// table prints a grid, without the columns for which the terminal has no room, and says
// which those are. Text on the left is cut before columns go, and gets back what room is
// left.
func (t *terminalWriter) table(g *grid) {
	full, widths := g.widths(), g.widths()
	for i, c := range g.columns {
		if c.left && t.width > 0 {
			widths[i] = min(full[i], max(cmp.Or(c.least, nameMax), lipgloss.Width(c.title)))
		}
	}
	shown, dropped := t.fit(g, widths)
	room := t.width - total(widths, shown)
	for i := len(widths) - 1; i >= 0 && t.width > 0 && room < 0; i-- {
		if less := min(widths[i]-nameMin, -room); shown[i] && g.columns[i].left && less > 0 {
			widths[i] -= less
			room += less
		}
	}
	for i := range widths {
		if more := min(full[i]-widths[i], room); shown[i] && more > 0 {
			widths[i] += more
			room -= more
		}
	}
	head := make([]cell, len(g.columns))
	for i, c := range g.columns {
		head[i] = cell{c.title, toneDim}
	}
	head[0].tone = toneHead
	t.row(g, widths, shown, head)
	for _, row := range g.rows {
		t.row(g, widths, shown, row)
	}
	for _, note := range g.notes {
		t.wrapped("", cell{note, toneDim})
	}
	if len(dropped) > 0 {
		t.wrapped("", cell{"not shown at this width: " + strings.Join(dropped, ", "), toneDim})
	}
}

func (g *grid) widths() []int {
	widths := make([]int, len(g.columns))
	for i, c := range g.columns {
		widths[i] = lipgloss.Width(c.title)
		for _, row := range g.rows {
			widths[i] = max(widths[i], lipgloss.Width(row[i].text))
		}
	}
	return widths
}

// fit chooses the columns that stay.
func (t *terminalWriter) fit(g *grid, widths []int) (shown []bool, dropped []string) {
	shown = make([]bool, len(g.columns))
	for i := range shown {
		shown[i] = true
	}
	for t.width > 0 && total(widths, shown) > t.width {
		next := 0
		for i, c := range g.columns {
			if shown[i] && c.drop > g.columns[next].drop {
				next = i
			}
		}
		if next == 0 {
			break
		}
		shown[next] = false
		dropped = append(dropped, g.columns[next].title)
	}
	return shown, dropped
}

func total(widths []int, shown []bool) int {
	sum := -gap
	for i, w := range widths {
		if shown[i] {
			sum += w + gap
		}
	}
	return sum
}

func (t *terminalWriter) row(g *grid, widths []int, shown []bool, cells []cell) {
	var b strings.Builder
	for i, c := range cells {
		if !shown[i] {
			continue
		}
		if i > 0 {
			b.WriteString(strings.Repeat(" ", gap))
		}
		text := shorten(c.text, widths[i])
		space := strings.Repeat(" ", widths[i]-lipgloss.Width(text))
		if g.columns[i].left {
			b.WriteString(t.paint(text, c.tone) + space)
		} else {
			b.WriteString(space + t.paint(text, c.tone))
		}
	}
	t.line(b.String())
}
