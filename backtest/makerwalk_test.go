package backtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// walk writes down what happened to one order, from the tape and by the checker's own
// arithmetic. A nil walk writes nothing.
type walk struct {
	lines []string
	// What makes it worth telling.
	behind                    exchange.Fixed
	prints, lowered, throughs int
	parts, stays              int
	saw                       time.Duration
}

func (w *walk) write(at exchange.Time, format string, args ...any) {
	w.lines = append(w.lines, at.UTC().Format("15:04:05.000")+"  "+fmt.Sprintf(format, args...))
}

func (w *walk) joins(o *watched) {
	if w == nil {
		return
	}
	w.behind = o.shown
	w.write(o.joined, "joins: %v is shown at the price, all of it ahead", o.shown)
}

func (w *walk) print(e *exchange.Event, ahead exchange.Fixed) {
	if w == nil {
		return
	}
	w.prints++
	p := e.Trade()
	switch past := p.Qty - ahead; {
	case ahead == 0:
		w.write(e.At, "print %d of %v at %v: nobody is ahead, all of it reaches us", p.ID, p.Qty, p.Price)
	case past > 0:
		w.write(e.At, "print %d of %v at %v: %v go to those ahead, %v get past them", p.ID, p.Qty, p.Price, ahead, past)
	default:
		w.write(e.At, "print %d of %v at %v: %v ahead become %v", p.ID, p.Qty, p.Price, ahead, ahead-p.Qty)
	}
}

func (w *walk) through(e *exchange.Event) {
	if w == nil {
		return
	}
	w.throughs++
	w.write(e.At, "print %d of %v at %v: through our price, all before us are gone", e.Trade().ID, e.Trade().Qty, e.Trade().Price)
}

func (w *walk) less(at exchange.Time, ahead, now exchange.Fixed) {
	if w == nil {
		return
	}
	w.lowered++
	w.write(at, "%v is shown at the price, less than the %v ahead: cancelled, %v ahead", now, ahead, now)
}

func (w *walk) fills(o *watched, f stayFill) {
	if w == nil {
		return
	}
	w.parts++
	w.saw = f.at.Sub(o.joined)
	w.write(f.at, "fills %v, %v of %v done; %v had got past, printed there %v, through it %v", f.qty, o.got, o.qty, o.past, o.printed, o.through)
}

// walkLines is how many lines of a walk are told; the middle of a longer one is left out.
const walkLines = 12

func (w *walk) String() string {
	lines := w.lines
	if n := len(lines) - walkLines; n > 0 {
		kept := slices.Clone(lines[:walkLines/2])
		kept = append(kept, fmt.Sprintf("              ... %d lines like these", n))
		lines = append(kept, lines[len(lines)-walkLines/2:]...)
	}
	return "    " + strings.Join(lines, "\n    ")
}

// walkTen tells of ten orders that filled, five of each leg: of different kinds where
// there are such, the ones with the fewest lines of each kind.
func walkTen(t *testing.T, dir string, d *diary) {
	t.Helper()
	walks := map[*stay]*walk{}
	for _, s := range d.stays {
		if len(s.fills) > 0 {
			walks[s] = &walk{}
		}
	}
	walkFills(t, dir, d, false, walks)
	kinds := []struct {
		name string
		is   func(w *walk) bool
	}{
		{"waited for those ahead to trade", func(w *walk) bool { return w.behind > 0 && w.prints > 2 && w.throughs == 0 && w.lowered == 0 }},
		{"came forward by cancels, then by trades", func(w *walk) bool { return w.prints > 1 && w.throughs == 0 && w.lowered > 0 }},
		{"filled in parts", func(w *walk) bool { return w.parts > 1 }},
		{"the market went through", func(w *walk) bool { return w.behind > 0 && w.throughs > 0 && w.parts == 1 }},
		{"was alone at its price", func(w *walk) bool { return w.behind == 0 }},
		{"another one", func(w *walk) bool { return w.prints > 0 }},
	}
	n := 0
	for _, p := range makerLegs {
		left := 5
		for k := 0; k < len(kinds) && left > 0; {
			var best *stay
			for _, s := range d.stays {
				if w := walks[s]; w != nil && s.inst == exchange.InstrumentID(p) && kinds[k].is(w) && (best == nil || len(w.lines) < len(walks[best].lines)) {
					best = s
				}
			}
			if best == nil {
				k++
				continue
			}
			n, left = n+1, left-1
			t.Logf("%d. %v: %v %v at %v, %s; %d fills, the last %v after it joined\n%v", n, p, best.side, best.qty, best.price, kinds[k].name, len(best.fills), walks[best].saw, walks[best])
			delete(walks, best)
			if k < len(kinds)-1 {
				k++
			}
		}
	}
	if n != 10 {
		t.Errorf("%d fills to walk through, want ten", n)
	}
}
