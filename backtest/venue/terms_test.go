package venue

import (
	"strings"
	"testing"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// A change that makes no sense is refused by name, and changes nothing.
func TestTermsRefuse(t *testing.T) {
	f := exchange.MustFixed
	for want, change := range map[string]func(v *Venue) error{
		"rate 2 is not in 0..1":       func(v *Venue) error { return v.SetCollateral("BTC", margin.Flat(f("2"), margin.Source{}), 1) },
		"no brackets":                 func(v *Venue) error { return v.SetBrackets(1, margin.Brackets{Product: exchange.UM}, 1) },
		"factor of 0":                 func(v *Venue) error { return v.ScaleBrackets(1, 0, 1) },
		"no instrument 99":            func(v *Venue) error { return v.SetStatus(99, "SETTLING", 1) },
		"\"GONE\" of UM BTCUSDT":      func(v *Venue) error { return v.SetStatus(1, "GONE", 1) },
		"no instrument 0":             func(v *Venue) error { return v.SetFilter(0, func(*exchange.Instrument) {}, 1) },
		"a rule is negative":          func(v *Venue) error { return v.SetFilter(1, func(in *exchange.Instrument) { in.Tick = -1 }, 1) },
		"to the instrument itself":    func(v *Venue) error { return v.SetFilter(1, func(in *exchange.Instrument) { in.Status = "CLOSE" }, 1) },
		"MARGIN BTCUSDT BOTH: no":     func(v *Venue) error { return v.ADL(3, exchange.Both, f("1"), 1) },
		"UM BTCUSDT PositionSide(7)":  func(v *Venue) error { return v.ADL(1, 7, f("1"), 1) },
		"a share of 1.1 is not above": func(v *Venue) error { return v.ADL(1, exchange.Both, f("1.1"), 1) },
		"there is no such position":   func(v *Venue) error { return v.ADL(1, exchange.Short, f("1"), 1) },
		"a share of 0 is not above":   func(v *Venue) error { return v.ADL(1, exchange.Both, 0, 1) },
	} {
		v := newVenue(t, testConfig())
		v.Start(1)
		if err := change(v); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
		if in := v.markets[1].in; in.Status != exchange.StatusTrading || in.Tick != f("0.1") || len(v.Events()) != 0 {
			t.Errorf("%s: a refused change has changed something", want)
		}
	}
}

// Filters and status are the venue's own: the shared table, and lists that it points to,
// stay as they are.
func TestTermsOwn(t *testing.T) {
	c := testConfig()
	list := c.Instruments.All()
	for i := range list {
		list[i].OrderTypes = []exchange.OrderType{exchange.Limit}
	}
	var err error
	if c.Instruments, err = exchange.NewInstruments(list...); err != nil {
		t.Fatal(err)
	}
	v := newVenue(t, c)
	v.Start(1)
	change := func(in *exchange.Instrument) { in.Tick, in.OrderTypes[0] = exchange.FixedOne, exchange.Market }
	if err := v.SetFilter(1, change, 2); err != nil {
		t.Fatal(err)
	}
	if err := v.SetStatus(1, "SETTLING", 2); err != nil {
		t.Fatal(err)
	}
	in := c.Instruments.At(1)
	if in.Tick == exchange.FixedOne || in.Status != exchange.StatusTrading || in.OrderTypes[0] != exchange.Limit {
		t.Errorf("the shared instrument has become %+v", in)
	}
	if own := v.markets[1].in; own.Tick != exchange.FixedOne || own.Status != "SETTLING" {
		t.Errorf("the venue's instrument is %+v", own)
	}
}
