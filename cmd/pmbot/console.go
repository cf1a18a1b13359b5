package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// console is what a command may talk to.
type console struct {
	in       io.Reader
	out, err io.Writer
	getenv   func(string) string
}

// logger writes warnings to standard error, and what strategies and their processes say
// there if the user wants to see it.
func (c *console) logger(verbose bool) *slog.Logger {
	level := slog.LevelWarn
	if verbose {
		level = slog.LevelInfo
	}
	return slog.New(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: level}))
}

// printJSON writes one document for scripts. Its first field is the schema, so that a
// script can tell what it reads.
func (c *console) printJSON(v any) error {
	e := json.NewEncoder(c.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// printTable writes rows under headings, columns aligned: those of numbers to the right.
// The cells are the caller's text.
func (c *console) printTable(headings []string, rows [][]string) error {
	widths := tableWidths(headings, rows)
	right := make([]bool, len(headings))
	for i := range headings {
		right[i] = len(rows) > 0 && !slices.ContainsFunc(rows, func(row []string) bool { return !isNumber(row[i]) })
	}
	for _, row := range slices.Insert(slices.Clone(rows), 0, headings) {
		var line strings.Builder
		for i, cell := range row {
			room := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if right[i] {
				cell, room = room+cell, ""
			}
			line.WriteString(cell + room + "  ")
		}
		if _, err := fmt.Fprintln(c.out, strings.TrimRight(line.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}

// tableWidths are the widths that columns need.
func tableWidths(headings []string, rows [][]string) []int {
	widths := make([]int, len(headings))
	for i, h := range headings {
		widths[i] = utf8.RuneCountInString(h)
		for _, row := range rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	return widths
}

// isNumber says whether a cell is a number of count or bytesOf.
func isNumber(s string) bool {
	digits := strings.TrimRight(s, "kMGB ")
	return digits != "" && strings.Trim(digits, "0123456789,. -") == ""
}

// count prints a whole number with its thousands apart: 43,199.
func count(n int64) string { return grouped(strconv.FormatInt(n, 10)) }

// grouped has the thousands of a number apart: 43,199.50.
func grouped(number string) string {
	s, frac, point := strings.Cut(number, ".")
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	if point {
		s += "." + frac
	}
	return s
}

// counted prints how many things there are: 1 row, 43,199 rows. The plural's ending is s, and
// of what ends with y ies.
func counted(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	if stem, y := strings.CutSuffix(thing, "y"); y {
		return count(n) + " " + stem + "ies"
	}
	return count(n) + " " + thing + "s"
}

// bytesOf prints a size with three digits and a unit: 12.3 MB.
func bytesOf(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	return short(float64(n)) + "B"
}
