package strategy

import (
	"fmt"
	"strings"
)

// snake turns a field name into a parameter name: MaxQty -> max_qty, SMAFast -> sma_fast.
func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		upper := r >= 'A' && r <= 'Z'
		if upper && i > 0 {
			prev := name[i-1]
			next := byte(0)
			if i+1 < len(name) {
				next = name[i+1]
			}
			if prev < 'A' || prev > 'Z' || next >= 'a' && next <= 'z' {
				b.WriteByte('_')
			}
		}
		if upper {
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

func unknownParam(name string, known []string) string {
	if len(known) == 0 {
		return "no such parameter; the strategy has none"
	}
	if near := Nearest(name, known); near != "" {
		return fmt.Sprintf("no such parameter; did you mean %s?", near)
	}
	return "no such parameter; there are " + strings.Join(known, ", ")
}

// Nearest returns the known name that differs least from a misspelt one, or "" when
// none is near. It is exported for the configuration, which owes the same kindness.
func Nearest(name string, known []string) string {
	best, least := "", len(name)/2+1
	for _, k := range known {
		if d := editDistance(name, k); d < least {
			best, least = k, d
		}
	}
	return best
}

// editDistance is Levenshtein's.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		prev := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := prev
			if a[i] != b[j] {
				cost++
			}
			prev = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
