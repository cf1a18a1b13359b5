package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"charm.land/lipgloss/v2"
)

// tone is the meaning of a colour.
type tone uint8

const (
	toneText tone = iota
	toneHead
	toneDim
	toneGood
	toneBad
	toneWarn
)

// cell is a piece of text with its meaning.
type cell struct {
	text string
	tone tone
}

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

// terminalWriter writes sections of text, in colour or not, and keeps the first error.
type terminalWriter struct {
	w     io.Writer
	color bool
	// width is the number of columns of the terminal, 0 when it does not end.
	width int
	err   error
}

const (
	gap = 2
	// A narrow terminal cuts words to nameMax, and when all columns are gone that may go, to
	// nameMin, the first column's last.
	nameMax = 26
	nameMin = 8
	// indent is where the text of a section starts.
	indent = 10
)

func (t *terminalWriter) line(s string) {
	if t.err == nil {
		_, t.err = io.WriteString(t.w, strings.TrimRight(s, " ")+"\n")
	}
}

// paint colours text when colours are on.
func (t *terminalWriter) paint(s string, color tone) string {
	if !t.color || color == toneText || strings.TrimSpace(s) == "" {
		return s
	}
	style := lipgloss.NewStyle()
	switch color {
	case toneHead:
		style = style.Bold(true)
	case toneDim:
		style = style.Faint(true)
	case toneGood:
		style = style.Foreground(lipgloss.Color("2"))
	case toneBad:
		style = style.Foreground(lipgloss.Color("1"))
	case toneWarn:
		style = style.Foreground(lipgloss.Color("3"))
	}
	return style.Render(s)
}

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

// shorten cuts text to a width and marks the cut.
func shorten(s string, width int) string {
	if lipgloss.Width(s) <= width {
		return s
	}
	kept, used := "", 0
	for _, c := range s {
		if used += lipgloss.Width(string(c)); used > width-1 {
			break
		}
		kept += string(c)
	}
	return kept + "…"
}

// wrapped prints a section's name and its pieces, three spaces apart, in as many lines as
// they need. A piece that is longer than a line breaks between words.
func (t *terminalWriter) wrapped(name string, pieces ...cell) { t.section(name, toneHead, pieces...) }

// section is wrapped with a name in another tone.
func (t *terminalWriter) section(name string, color tone, pieces ...cell) {
	prefix := t.paint(name, color) + strings.Repeat(" ", max(1, indent-lipgloss.Width(name)))
	used, first := max(indent, lipgloss.Width(name)+1), true
	var b strings.Builder
	b.WriteString(prefix)
	put := func(text string, color tone, space int) {
		width := lipgloss.Width(text)
		if !first && t.width > 0 && used+space+width > t.width {
			t.line(b.String())
			b.Reset()
			b.WriteString(strings.Repeat(" ", indent))
			used, first = indent, true
		}
		if !first {
			b.WriteString(strings.Repeat(" ", space))
			used += space
		}
		b.WriteString(t.paint(text, color))
		used, first = used+width, false
	}
	for _, p := range pieces {
		if t.width == 0 || lipgloss.Width(p.text) <= t.width-indent {
			put(p.text, p.tone, 3)
			continue
		}
		space := 3
		for _, word := range words(p.text, t.width-indent) {
			put(word, p.tone, space)
			space = 1
		}
	}
	t.line(b.String())
}

// words are what a text may be broken between: a number stays in one piece with its
// groups and its unit, if that is no wider than a line.
func words(s string, width int) []string {
	var list []string
	for _, word := range strings.Fields(s) {
		if last := len(list) - 1; last >= 0 && endsInDigit(list[last]) && (startsWithDigit(word) || isUnit(word)) {
			if one := list[last] + " " + word; lipgloss.Width(one) <= width {
				list[last] = one
				continue
			}
		}
		list = append(list, word)
	}
	return list
}

func endsInDigit(s string) bool { return s[len(s)-1] >= '0' && s[len(s)-1] <= '9' }

func startsWithDigit(s string) bool { return s[0] >= '0' && s[0] <= '9' }

// isUnit says whether a word is a unit that this package prints, with what may follow it.
func isUnit(s string) bool {
	switch strings.TrimRight(s, ",;:.") {
	case "k", "M", "B", "d", "h", "min", "s", "ms":
		return true
	}
	return false
}

// text is a piece of a section.
func text(format string, a ...any) cell { return cell{text: fmt.Sprintf(format, a...)} }
