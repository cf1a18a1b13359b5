package riskguard

import (
	"fmt"
	"strings"

	"github.com/pmbot/pmbot/exchange"
)

// look has the watch look until it finds nothing new, applies what it finds, and says it.
func (b *bench) look() string {
	var lines []string
	for range 5 {
		found := b.g.Watch(b.now, nil)
		if len(found) == 0 {
			return strings.Join(lines, "\n")
		}
		for i := range found {
			b.g.Apply(&found[i])
			lines = append(lines, b.finding(&found[i]))
		}
	}
	b.t.Errorf("the watch never ends: %s", strings.Join(lines, "; "))
	return strings.Join(lines, "\n")
}

// finding is what the watch has found in words.
func (b *bench) finding(e *exchange.Event) string {
	of := ""
	if e.Inst != 0 {
		of = " " + b.g.ins.At(e.Inst).Name()
	}
	if e.Kind == exchange.KindState {
		s := e.State()
		if s.Strategy != 0 {
			of += fmt.Sprintf(" s%d", s.Strategy)
		}
		return fmt.Sprintf("%v%s by %v: %s", s.State, of, s.Cause, s.Reason)
	}
	a := e.Alert()
	if a.Strategy != 0 {
		of += fmt.Sprintf(" s%d", a.Strategy)
	}
	if a.Asset != "" {
		of += " " + a.Asset
	}
	over := ""
	if a.Over {
		over = " is over"
	}
	return fmt.Sprintf("%v %s%s%s: %s, limit %s", a.Severity, a.Control, of, over, a.Value, a.Limit)
}
