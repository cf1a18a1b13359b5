package strategytest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// Option says how a strategy wants to be tried by [Conform].
type Option func(*suite)

// With tries the strategy with these parameters, "name", "value" and so on, in place of its
// defaults; given several times, with each set.
func With(pairs ...string) Option {
	return func(s *suite) {
		values := map[string]string{}
		for i := 0; i+1 < len(pairs); i += 2 {
			values[pairs[i]] = pairs[i+1]
		}
		s.sets = append(s.sets, values)
	}
}

// ForgetsOnRestart lets a strategy wish something else after a restart than it would have
// without one, and says why that does no harm, for whoever reads the test: a pause that
// begins anew, say. All else is demanded still.
func ForgetsOnRestart(why string) Option { return func(s *suite) { s.forgets = why } }

// Watches says that the strategy trades nothing, so that no walk need see an order.
func Watches() Option { return func(s *suite) { s.watches = true } }

// Conform holds a strategy to what every strategy must keep, each as a test of its own:
//
//   - its manifest and parameters are well-formed and always the same,
//   - the same events lead to the same wishes,
//   - a restart at any event changes nothing, by what Save has kept and the view shows,
//   - every wish lies on the grids of its instrument, is worth what the exchange demands,
//     and is of a product and kind that the manifest declares,
//   - nothing is sent in Start, while warming up, and while trading is halted,
//   - refusals, rejections and expiries lead to no flood,
//   - parts of fills, strangers' cancels, forced fills, unknown orders, an account without
//     equity, and every parameter at its bounds lead to no panic and to none of the above.
//
// Markets and mishaps are random from fixed seeds. At least one walk must see an order, or
// it has tried nothing: parameters with which the strategy trades are given by [With].
func Conform(t *testing.T, fresh func() strategy.Strategy, options ...Option) {
	t.Helper()
	s, err := newSuite(fresh, options...)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checks() {
		t.Run(c.name, func(t *testing.T) {
			if err := c.do(s); err != nil {
				t.Error(err)
			}
		})
	}
}

// suite is a strategy under test.
type suite struct {
	fresh   func() strategy.Strategy
	ins     *exchange.Instruments
	sets    []map[string]string
	forgets string
	watches bool
	// wished counts over all walks.
	wished int
}

func newSuite(fresh func() strategy.Strategy, options ...Option) (*suite, error) {
	known, err := backtest.EmbeddedInstruments()
	if err != nil {
		return nil, err
	}
	s := &suite{fresh: fresh}
	if s.ins, err = exchange.NewInstruments(known...); err != nil {
		return nil, err
	}
	for _, o := range options {
		o(s)
	}
	if len(s.sets) == 0 {
		s.sets = []map[string]string{{}}
	}
	return s, nil
}

// check is one demand.
type check struct {
	name string
	do   func(s *suite) error
}

func checks() []check {
	return []check{
		{"manifest and parameters", (*suite).manifest},
		{"same events, same wishes", (*suite).repeats},
		{"restart at every event", (*suite).restarts},
		{"long life with restarts", (*suite).lives},
		{"no flood when refused", func(s *suite) error { return s.denied(refuse) }},
		{"no flood when rejected", func(s *suite) error { return s.denied(reject) }},
		{"no flood when expired", func(s *suite) error { return s.denied(expire) }},
		{"halted", (*suite).halted},
		{"no equity", func(s *suite) error { return s.each(weather{seed: 5, steps: 120, ticks: 3, poor: true, mishaps: true}) }},
		{"parameters at their bounds", (*suite).bounds},
		{"it was tried", (*suite).tried},
	}
}

func (s *suite) manifest() error {
	a, b := s.fresh(), s.fresh()
	m := a.Manifest()
	if m.Name == "" || m.Name != strings.ToLower(m.Name) || strings.ContainsAny(m.Name, " \t/") {
		return fmt.Errorf("the manifest's name %q is no short lower-case word", m.Name)
	}
	if m.Version == "" {
		return fmt.Errorf("the manifest has no version")
	}
	if err := m.Budget.Check(); err != nil {
		return fmt.Errorf("the manifest's %w", err)
	}
	if fmt.Sprint(m) != fmt.Sprint(b.Manifest()) || fmt.Sprint(m) != fmt.Sprint(a.Manifest()) {
		return fmt.Errorf("the manifest is another one when asked again")
	}
	if _, err := strategy.ParamsOf(a.Params()); err != nil {
		return err
	}
	if p := a.Params(); p != nil && p == b.Params() {
		return fmt.Errorf("two strategies share one struct of parameters: New must return a fresh one each time")
	}
	for _, values := range s.sets {
		s := s.fresh()
		if err := strategy.Bind(s.Params(), values); err != nil {
			return fmt.Errorf("%s: %w", describeValues(values), err)
		}
	}
	if _, saves := a.(strategy.Saver); !saves && !m.Stateless {
		return fmt.Errorf("it has no Save and Restore and does not declare Stateless: its memory would be lost by a restart, or it has none and should say so")
	}
	return nil
}

// each walks with every set of parameters and reports what went wrong.
func (s *suite) each(w weather) error {
	for _, values := range s.sets {
		if _, err := s.walk(values, w); err != nil {
			return err
		}
	}
	return nil
}

// repeats walks, and gives the same events to another instance.
func (s *suite) repeats() error {
	for seed := range uint64(3) {
		for _, values := range s.sets {
			h, err := s.walk(values, weather{seed: seed + 1, steps: 200, ticks: 3, mishaps: true})
			if err != nil {
				return err
			}
			rt, err := strategy.NewRuntime(s.fresh(), values, s.ins, me)
			if err != nil {
				return err
			}
			if at, said := h.replay(rt, s.ins, 0, len(h.events), h.said, sayAll); at >= 0 {
				return fmt.Errorf("%s, seed %d: event %d, %s: asked for %q at first and for %q when it was given the same events again: "+
					"it depends on something else than events, such as a clock, a random number, or the order of a map",
					describeValues(values), seed+1, at, h.at(at), h.said[at], said)
			}
		}
	}
	return nil
}

// ahead is how many events after a restart are compared.
const ahead = 120

// restarts kills the strategy before every event of a walk.
func (s *suite) restarts() error {
	if s.forgets != "" {
		return nil
	}
	for _, values := range s.sets {
		h, err := s.walk(values, weather{seed: 11, steps: 120, ticks: 2, mishaps: true})
		if err != nil {
			return err
		}
		before, err := strategy.NewRuntime(s.fresh(), values, s.ins, me)
		if err != nil {
			return err
		}
		for k := range h.events {
			from := before.View().Snapshot()
			version, state, saves, err := before.Save()
			if err != nil {
				return fmt.Errorf("save before event %d, %s: %w", k, h.at(k), err)
			}
			if saves {
				from.Saved = &strategy.Saved{Version: version, State: state}
			}
			after, err := strategy.ResumeRuntime(s.fresh(), values, s.ins, me, from)
			if err != nil {
				return fmt.Errorf("restore before event %d, %s: %w", k, h.at(k), err)
			}
			if at, said := h.replay(after, s.ins, k, min(k+ahead, len(h.events)), h.intents, sayIntents); at >= 0 {
				return fmt.Errorf("%s: restarted before event %d, %s: at event %d, %s, it asked for %q, and for %q without the restart: "+
					"what it remembers must be in Save, or follow from the view", describeValues(values), k, h.at(k), at, h.at(at), said, h.intents[at])
			}
			before.SetWarming(h.warming[k])
			before.Deliver(&h.events[k])
		}
	}
	return nil
}

// lives walks with restarts that forget timers, as real ones do.
func (s *suite) lives() error {
	return s.each(weather{seed: 21, steps: 300, ticks: 3, mishaps: true, restarts: true})
}

// perMinute is how many wishes in a minute, none of which was granted, are a flood.
const perMinute = 120

// denied walks while nothing is granted, with quick ticks.
func (s *suite) denied(a answer) error {
	for _, values := range s.sets {
		w := weather{seed: 31, steps: 40, ticks: 200, quick: true, answer: a}
		h, err := s.walk(values, w)
		if err != nil {
			return err
		}
		if minutes := int(h.lasted.Minutes()) + 1; h.wished > perMinute*minutes {
			return fmt.Errorf("%s: %d wishes in %d minutes, none of which was granted; wait for something to change, or for a while, before the same is wished again",
				describeValues(values), h.wished, minutes)
		}
	}
	return nil
}

// halted walks with trading halted from the start; check sees what is sent all the same.
func (s *suite) halted() error {
	return s.each(weather{seed: 41, steps: 120, ticks: 3, halted: true})
}

// bounds tries every parameter at its least, its most, and each choice. That Start refuses
// it is an answer, too.
func (s *suite) bounds() error {
	for _, values := range s.sets {
		params, err := strategy.ParamsOf(s.fresh().Params())
		if err != nil {
			return err
		}
		for _, p := range params {
			extremes := append([]string{p.Min, p.Max}, p.Choices...)
			if p.Kind == "bool" {
				extremes = append(extremes, "true", "false")
			}
			for _, x := range extremes {
				if x == "" {
					continue
				}
				with := maps.Clone(values)
				with[p.Name] = x
				if rt, err := strategy.NewRuntime(s.fresh(), with, s.ins, me); err != nil || rt == nil {
					continue // refused, and told why
				}
				if _, err := s.walk(with, weather{seed: 51, steps: 60, ticks: 2, mishaps: true}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (s *suite) tried() error {
	if s.wished == 0 && !s.watches {
		return fmt.Errorf("no walk made the strategy ask for anything, so nothing was tried; give parameters with which it trades, strategytest.With(\"name\", \"value\"), or say strategytest.Watches()")
	}
	return nil
}

// history is what happened in a walk.
type history struct {
	events  []exchange.Event
	warming []bool
	said    []string // all that was asked for
	intents []string // wishes alone, without timers and lines
	wished  int
	lasted  time.Duration
}

// at names an event.
func (h *history) at(i int) string {
	return fmt.Sprintf("%v at %v", h.events[i].Kind, h.events[i].At)
}

// replay gives events of the history to another runtime and says where what say makes of
// its answer differs from what is listed, or -1.
func (h *history) replay(rt *strategy.Runtime, ins *exchange.Instruments, from, to int, list []string, say sayer) (int, string) {
	for i := from; i < to; i++ {
		rt.SetWarming(h.warming[i])
		e := h.events[i]
		if said := say(ins, rt.Deliver(&e), e.At); said != list[i] {
			return i, said
		}
	}
	return -1, ""
}

// sayer writes an answer, or a part of it.
type sayer func(ins *exchange.Instruments, out *strategy.Output, at exchange.Time) string

// sayIntents leaves timers and lines out: a strategy that begins anew sets timers and says
// so, and no order differs by that.
func sayIntents(ins *exchange.Instruments, out *strategy.Output, at exchange.Time) string {
	return sayAll(ins, &strategy.Output{Intents: out.Intents}, at)
}

func sayAll(ins *exchange.Instruments, out *strategy.Output, at exchange.Time) string {
	return strings.Join(describe(ins, out, at), "; ")
}

func describeValues(values map[string]string) string {
	if len(values) == 0 {
		return "with default parameters"
	}
	var words []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		words = append(words, name+"="+values[name])
	}
	return "with " + strings.Join(words, " ")
}
