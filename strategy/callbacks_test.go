package strategy

import (
	"testing"

	"github.com/pmbot/pmbot/exchange"
)

// mute is a strategy without callbacks, which those below have.
type mute struct{}

func (*mute) Manifest() Manifest { return Manifest{Name: "mute"} }
func (*mute) Params() any        { return &struct{}{} }
func (*mute) Start(*Env) error   { return nil }

type fine struct{ mute }

func (*fine) OnBar(*Env, *exchange.Instrument, *exchange.Bar)   {}
func (*fine) OnFill(*Env, *exchange.Instrument, *exchange.Fill) {}
func (*fine) OnSignal(*Env)                                     {} // the author's own

type misspelt struct{ mute }

func (*misspelt) OnBars(*Env, *exchange.Instrument, *exchange.Bar) {}

type wrongly struct{ mute }

func (*wrongly) OnBar(*Env, *exchange.Bar) {}

// What looks like a callback and is none is told, not passed over.
func TestCallbacksThatWouldNeverBeCalled(t *testing.T) {
	for _, c := range []struct {
		s    Strategy
		want string
	}{
		{&mute{}, ""},
		{&fine{}, ""},
		{&misspelt{}, "OnBars is no callback and would never be called; did you mean OnBar?"},
		{&wrongly{}, "OnBar would never be called: it is func(*strategy.Env, *exchange.Bar), and a BarHandler has func(*strategy.Env, *exchange.Instrument, *exchange.Bar)"},
	} {
		got := ""
		if err := checkCallbacks(c.s); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%T: got %q, want %q", c.s, got, c.want)
		}
	}
}
