package report

import (
	"fmt"
	"io"
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

// terminalWriter writes sections of text, in colour or not, and keeps the first error.
type terminalWriter struct {
	w     io.Writer
	color bool
	// width is the number of columns of the terminal, 0 when it does not end.
	width int
	err   error
}

// indent is where the text of a section starts.
const indent = 10

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
