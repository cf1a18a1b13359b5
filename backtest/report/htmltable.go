package report

import (
	"html/template"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/readable"
	"github.com/pmbot/pmbot/exchange"
)

// table is a table of the page.
type table struct {
	ID, Caption, Note string
	// Over are titles that span several columns, above those of Head.
	Over []head
	Head []head
	Rows [][]td
	// Foot are the last rows, apart from the others.
	Foot [][]td
	// Search offers a filter and scrolls inside its own box.
	Search bool
	// Narrow tables may stand side by side.
	Narrow bool
	// Style is a class of the table as a whole.
	Style string
	// Empty is what stands in place of a table without rows.
	Empty string
}

// head is a column's title.
type head struct {
	Text   string
	Number bool
	// Pick offers the column's values as a quick filter.
	Pick bool
	// Span is over how many columns a title of the upper line stands.
	Span int
}

// td is a cell: its text, its style, and what it is sorted by if not its text.
type td struct {
	Text, Style, Sort string
	// Sub stands small below the text, and Mark raised behind it.
	Sub, Mark string
	// Title is what the reader is told who stops at the cell.
	Title string
	// Meter is a bar as wide as this share of the cell, in percent.
	Meter string
	// More folds away lines behind the text.
	More []string
	// Pairs are names and values, side by side as many as there is room for.
	Pairs [][2]string
	// Link leads to a chart, Zoom to a span of time in it, from and to in milliseconds, and
	// Point to a value there.
	Link  string
	Zoom  [2]int64
	Point string
}

// heads makes titles; those that start with "#" stand over numbers, those with "=" over
// columns that have few values and offer them as a filter.
func heads(titles ...string) []head {
	out := make([]head, len(titles))
	for i, t := range titles {
		switch t[0] {
		case '#':
			out[i] = head{Text: t[1:], Number: true}
		case '=':
			out[i] = head{Text: t[1:], Pick: true}
		default:
			out[i] = head{Text: t}
		}
	}
	return out
}

// Cells: text, code, and figures. A figure whose text rounds or abbreviates names what it
// is sorted by.

func word(s string) td { return td{Text: readable.Clean(s)} }

// unbroken is a name that stays on its line: rows of many columns are one line high.
func unbroken(s string) td { return td{Text: readable.Clean(s), Style: "t"} }

func code(s string) td                   { return td{Text: readable.Clean(s), Style: "code"} }
func figureOf(text string, by string) td { return td{Text: text, Style: "n", Sort: by} }
func countOf(n int64) td                 { return td{Text: page.Count(n), Style: "n"} }
func exactOf(d decimal.Decimal) td       { return td{Text: page.Exact(d), Style: "n"} }
func fixedOf(f exchange.Fixed) td        { return td{Text: page.Fixed(f), Style: "n"} }
func moneyOf(d decimal.Decimal) td       { return td{Text: page.Money(d), Style: "n"} }
func at(t exchange.Time, text string) td {
	return td{Text: text, Style: "t", Sort: strconv.FormatInt(int64(t), 10)}
}

// moment is an instant to the millisecond, whose text sorts as it is: long tables are
// shorter without what they are sorted by.
func moment(t exchange.Time) td { return td{Text: readable.Instant(t), Style: "t"} }

// tonedOf is a figure in the colour of its sign.
func tonedOf(d decimal.Decimal, text string) td {
	return td{Text: text, Style: strings.TrimSpace("n " + signTone(d).style())}
}

// style is the page's class for the meaning.
func (t tone) style() string {
	return [...]string{toneText: "", toneHead: "head", toneDim: "dim", toneGood: "good", toneBad: "bad", toneWarn: "warn"}[t]
}

// Body is the rows as they stand in the page. It writes them itself, for a page has
// hundred thousand cells: every text goes through the escape.
func (t table) Body() template.HTML {
	var b strings.Builder
	for _, row := range t.Rows {
		writeRow(&b, row)
	}
	return template.HTML(b.String())
}

// Total is the rows of the foot.
func (t table) Total() template.HTML { return table{Rows: t.Foot}.Body() }

func writeRow(b *strings.Builder, row []td) {
	b.WriteString("<tr>")
	for i := range row {
		row[i].write(b, i == 0)
	}
	b.WriteString("</tr>\n")
}

// write writes the cell; the first one of a row is its head.
func (c *td) write(b *strings.Builder, first bool) {
	element := "td"
	if first {
		element = "th"
		b.WriteString(`<th scope="row"`)
	} else {
		b.WriteString("<td")
	}
	attribute(b, "class", c.Style)
	attribute(b, "data-v", c.Sort)
	attribute(b, "title", c.Title)
	b.WriteByte('>')
	if c.Meter != "" {
		b.WriteString(`<svg class="meter" aria-hidden="true"><rect width="100%" height="100%" rx="3"/><rect class="used" height="100%" rx="3"`)
		attribute(b, "width", c.Meter+"%")
		b.WriteString("/></svg>")
	}
	c.writeText(b)
	if c.Mark != "" {
		b.WriteString("<sup>" + template.HTMLEscapeString(c.Mark) + "</sup>")
	}
	if c.Sub != "" {
		b.WriteString("<small>" + template.HTMLEscapeString(c.Sub) + "</small>")
	}
	b.WriteString("</" + element + ">")
}

// writeText writes the text, as a link if it leads somewhere, or with what it folds away.
func (c *td) writeText(b *strings.Builder) {
	text := template.HTMLEscapeString(c.Text)
	switch {
	case c.Link != "":
		b.WriteString("<a")
		attribute(b, "href", "#"+c.Link)
		if c.Zoom != [2]int64{} {
			attribute(b, "data-from", strconv.FormatInt(c.Zoom[0], 10))
			if c.Zoom[1] != c.Zoom[0] {
				attribute(b, "data-to", strconv.FormatInt(c.Zoom[1], 10))
			}
			attribute(b, "data-value", c.Point)
		}
		b.WriteString(">" + text + "</a>")
	case len(c.More) > 0:
		b.WriteString("<details><summary>" + text + "</summary>")
		for _, line := range c.More {
			b.WriteString("<p>" + template.HTMLEscapeString(line) + "</p>")
		}
		b.WriteString("</details>")
	case len(c.Pairs) > 0:
		b.WriteString(`<dl class="pairs">`)
		for _, pair := range c.Pairs {
			b.WriteString("<div><dt>" + template.HTMLEscapeString(pair[0]) + "</dt><dd>" + template.HTMLEscapeString(pair[1]) + "</dd></div>")
		}
		b.WriteString("</dl>")
	default:
		b.WriteString(text)
	}
}

func attribute(b *strings.Builder, name, value string) {
	if value != "" {
		b.WriteString(" " + name + `="` + template.HTMLEscapeString(value) + `"`)
	}
}
