package exec

import (
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// steps is a strategy that puts something off at each bar, twice, and does it at the timer.
type steps struct {
	soon Soon
	done int
}

func (*steps) Manifest() strategy.Manifest { return strategy.Manifest{Name: "steps", Version: "1.0.0"} }
func (*steps) Params() any                 { return nil }
func (*steps) Start(*strategy.Env) error   { return nil }

func (s *steps) OnBar(env *strategy.Env, _ *exchange.Instrument, _ *exchange.Bar) {
	s.soon.Ask(env)
	s.soon.Ask(env)
}

func (s *steps) OnTimer(env *strategy.Env, id uint64) {
	if id == SoonTimer {
		s.soon.Rang()
		s.done++
	}
}

// TestSoon: one timer an instant, due at once; and another when something comes behind it in
// the same instant.
func TestSoon(t *testing.T) {
	ins, err := exchange.NewInstruments(exchange.Instrument{Product: exchange.UM, Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT", ContractSize: exchange.FixedOne, Tick: 1})
	if err != nil {
		t.Fatal(err)
	}
	s := &steps{}
	rt, err := strategy.NewRuntime(s, nil, ins, 1)
	if err != nil {
		t.Fatal(err)
	}
	at := exchange.Time(time.Hour)
	bar := func() []exchange.Timer {
		e := exchange.Event{At: at, Inst: 1}
		e.SetBar(&exchange.Bar{Interval: time.Minute, Close: exchange.FixedOne})
		return append([]exchange.Timer{}, rt.Deliver(&e).Timers...)
	}
	for range 2 {
		set := bar()
		if len(set) != 1 || set[0].Due != at || set[0].ID != SoonTimer {
			t.Fatalf("it set %+v, want one timer at once", set)
		}
		if again := bar(); len(again) != 0 {
			t.Errorf("behind it in the same instant it set %+v", again)
		}
		e := exchange.Event{At: at}
		e.SetTimer(&set[0])
		rt.Deliver(&e)
	}
	if at = at.Add(time.Second); len(bar()) != 1 || s.done != 2 {
		t.Errorf("%d steps done, want 2, and a timer in the next instant", s.done)
	}
}
