package backtest

import (
	"fmt"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
)

// players are the strategies of a run in the order of the configuration; they are what
// the driver shows events to. Every event passes the recorder, too: it is the one place
// where all are seen, the kernel's own answers included.
type players struct {
	list   []Player
	labels []string
	record *recorder
	logf   func(label, line string)
	// handling is Options.Handling.
	handling func(strategy int, e *exchange.Event)
	// wanted says for which (instrument, kind) any player subscribed, so that most
	// market events cost one look.
	wanted [][]bool
}

func newPlayers(list []Player, labels []string, instruments int, r *recorder) *players {
	p := &players{list: list, labels: labels, record: r, wanted: make([][]bool, instruments+1)}
	for i := range p.wanted {
		p.wanted[i] = make([]bool, exchange.KindClock+1)
	}
	for _, player := range list {
		for _, s := range player.Subscriptions() {
			p.wanted[s.Inst][s.Kind] = true
		}
	}
	return p
}

// Deliver shows an event to every player that wants it.
func (p *players) Deliver(e *exchange.Event, w *engine.Wishes) error {
	if e.Kind.Market() {
		if !p.wanted[e.Inst][e.Kind] {
			return nil
		}
	} else {
		p.record.observe(e)
	}
	for i, player := range p.list {
		if !player.Wants(e) {
			continue
		}
		p.hand(i, e)
		out, err := player.Deliver(e)
		if err != nil {
			return fmt.Errorf("strategy %s: %w", p.labels[i], err)
		}
		if out.Empty() {
			continue
		}
		p.record.wished(out.Intents)
		w.Intents = append(w.Intents, out.Intents...)
		w.Timers = append(w.Timers, out.Timers...)
		p.log(i, out.Logs)
	}
	return nil
}

func (p *players) hand(i int, e *exchange.Event) {
	if p.handling != nil {
		p.handling(i, e)
	}
}

func (p *players) log(i int, lines []string) {
	if p.logf == nil {
		return
	}
	for _, line := range lines {
		p.logf(p.labels[i], line)
	}
}

// start collects what the strategies asked for in Start.
func (p *players) start(w *engine.Wishes) {
	for i, player := range p.list {
		out := player.Started()
		p.record.wished(out.Intents)
		w.Intents = append(w.Intents, out.Intents...)
		w.Timers = append(w.Timers, out.Timers...)
		p.log(i, out.Logs)
	}
}

// stop ends the strategies in good order. What they wish then is not carried out: the
// data is over, and nothing could fill.
func (p *players) stop(at exchange.Time) error {
	for i, player := range p.list {
		p.hand(i, nil)
		out, err := player.Stop(at)
		if err != nil {
			return fmt.Errorf("strategy %s: stop: %w", p.labels[i], err)
		}
		p.log(i, out.Logs)
	}
	p.hand(-1, nil)
	return nil
}

func (p *players) setWarming(on bool) error {
	for i, player := range p.list {
		if err := player.SetWarming(on); err != nil {
			return fmt.Errorf("strategy %s: %w", p.labels[i], err)
		}
	}
	return nil
}

// reads is where to begin reading for a run that begins at from, so that the strategies
// see as much before it as they want. Bars begin at whole multiples of their length.
func (p *players) reads(from exchange.Time) exchange.Time {
	first := from
	for _, player := range p.list {
		for _, s := range player.Subscriptions() {
			if s.Warmup > 0 {
				first = min(first, from.Floor(max(s.Interval, 1)).Add(-s.Reach()))
			}
		}
	}
	return first
}

// alone says whether the one player runs in another process: only then can it be told
// ahead what comes. With several, one's wish changes what the others see next, and who
// has run ahead cannot be called back.
func (p *players) alone() bool {
	if len(p.list) != 1 {
		return false
	}
	_, local := p.list[0].(Local)
	return !local
}

// ahead offers the one player the quiet events that it wants. buf is room for them.
func (p *players) ahead(events []exchange.Event, buf []exchange.Event) ([]exchange.Event, error) {
	player := p.list[0]
	buf = buf[:0]
	for j := range events {
		if e := &events[j]; e.Kind != exchange.KindBarOpen && player.Wants(e) {
			buf = append(buf, *e)
		}
	}
	if len(buf) < 2 {
		return buf, nil
	}
	if err := player.Ahead(buf); err != nil {
		return buf, fmt.Errorf("strategy %s: %w", p.labels[0], err)
	}
	return buf, nil
}
