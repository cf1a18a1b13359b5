package main

import (
	"io"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/whatif"
)

// TestScenarioFiles: every scenario that ships is read, changes something, and has the
// figures that its comments tell.
func TestScenarioFiles(t *testing.T) {
	want := map[string]string{
		"october-2025": "adl coin *=-0.6 coin BTC=-0.15 coin ETH=-0.2 index BNSOL=-0.85 index USDE=-0.35 index WBETH=-0.9",
		"long-squeeze": "coin *=-0.35 coin BTC=-0.2 coin ETH=-0.25 basis *=-0.015 funding *=-0.0075 haircut *=0.05/0 haircut USDC=0/0 haircut USDT=0/0",
		"usdt-depeg":   "index USDT=-0.1 quote USDT=0.1111 haircut USDT=0.1/0",
	}
	c := &console{in: strings.NewReader(""), out: io.Discard, err: io.Discard, getenv: func(string) string { return "" }}
	for _, name := range scenarioNames() {
		s, text, err := c.loadScenario(name)
		if err != nil {
			t.Fatal(err)
		}
		var words []string
		if s.ADL {
			words = append(words, "adl")
		}
		for _, m := range s.Moves {
			words = append(words, string(m.Kind)+" "+m.What+"="+m.Ratio.String())
		}
		for _, h := range s.Haircuts {
			words = append(words, "haircut "+h.What+"="+h.Points.String()+"/"+string('0'+rune(h.Steps)))
		}
		if got := strings.Join(words, " "); got != want[name] || s.About == "" || !strings.HasPrefix(text, "# ") {
			t.Errorf("%s: %s, want %s", name, got, want[name])
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("not there: %v", want)
	}
}

// TestScenarioUnits: every value says its unit, and none is rounded.
func TestScenarioUnits(t *testing.T) {
	for text, want := range map[string]string{"-15%": "-0.15", "+0.000001 %": "0.00000001", "1000%": "10", "-15": "", "15 percent": "", "0.0000001%": "", "%": "", "NaN%": ""} {
		var p percentText
		if err := p.UnmarshalText([]byte(text)); (err == nil) != (want != "") || err == nil && exchange.Fixed(p).String() != want {
			t.Errorf("%q: %v %v", text, exchange.Fixed(p), err)
		}
	}
	for text, want := range map[string]haircutText{
		"10 points": {points: exchange.MustFixed("0.1")}, "1 point": {points: exchange.MustFixed("0.01")}, "0 points": {}, "100 points": {points: exchange.FixedOne},
		"1 step": {steps: 1}, "20 steps": {steps: whatif.StepsMax},
	} {
		var h haircutText
		if err := h.UnmarshalText([]byte(text)); err != nil || h != want {
			t.Errorf("%q: %v %v", text, h, err)
		}
	}
	for _, text := range []string{"10", "10%", "-1 points", "101 points", "21 steps", "-1 steps", "1.5 steps", "points", ""} {
		var h haircutText
		if h.UnmarshalText([]byte(text)) == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
