package socket

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market/stream"
)

// everyRoute are the routes, with where they lead in a world.
var everyRoute = []struct {
	route stream.Route
	base  string
}{
	{stream.Public, "ws://um.test/public"}, {stream.Market, "ws://um.test/market"}, {stream.Coin, "ws://cm.test"}, {stream.Spot, "ws://spot.test"},
}

// TestRoutes asks for every stream that there is on every route. On its own it delivers, and
// is never called silent. On another it is acknowledged and silent, unless that has a stream
// of the same name, and the watchdog says so within what the stream declares. What may be
// silent for ever is provoked whatever the route: forced orders by the market, news of
// contracts by the test.
func TestRoutes(t *testing.T) {
	streams := everyStream(t)
	told := map[stream.Stream]map[stream.Route]string{}
	for _, s := range streams {
		told[s] = map[stream.Route]string{}
	}
	heard, listed := map[string]bool{}, map[stream.Kind]bool{}
	for shift := range everyRoute {
		hosts, asked := map[stream.Route]string{}, map[stream.Route]stream.Route{}
		for i, r := range everyRoute {
			other := everyRoute[(i+shift)%len(everyRoute)]
			hosts[r.route], asked[r.route] = other.base, other.route
		}
		for sub, o := range hearAll(t, hosts, streams) {
			s, route := sub.Stream, asked[sub.Route]
			if want := delivers(s, route); (o.messages > 0) != want {
				t.Errorf("%v on %v: %d messages; it should deliver: %v", s, route, o.messages, want)
			}
			if route == s.Route() && o.messages > 0 {
				heard[kindOn(s)] = true
			}
			told[s][route] = o.judge(t, sub)
		}
	}
	var text strings.Builder
	for _, s := range streams {
		fmt.Fprintf(&text, "%v:", s)
		for _, r := range everyRoute {
			fmt.Fprintf(&text, " %v %s", r.route, told[s][r.route])
		}
		text.WriteByte('\n')
		listed[s.Kind] = true
		if !heard[kindOn(s)] {
			t.Errorf("no stream of %s was heard on its route", kindOn(s))
		}
	}
	golden(t, "routes", text.String())
	for k := stream.AggTrade; !strings.HasPrefix(k.String(), "Kind("); k++ {
		if !listed[k] {
			t.Errorf("%v is in no table of streams", k)
		}
	}
}

func kindOn(s stream.Stream) string { return s.Product.String() + " " + s.Kind.String() }

// everyStream is the table of package stream, which its own test writes down.
func everyStream(t *testing.T) []stream.Stream {
	text, err := os.ReadFile("../stream/testdata/table.txt")
	if err != nil {
		t.Fatal(err)
	}
	products := map[string]exchange.Product{}
	for _, p := range []exchange.Product{exchange.UM, exchange.CM, exchange.Margin} {
		products[p.String()] = p
	}
	var list []stream.Stream
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		list = append(list, parse(t, products[words[0]], words[1])...)
	}
	return list
}

// outcome is what came of asking for a stream.
type outcome struct {
	messages int
	// silent is how long after the start it was first called silent, 0 if it was not.
	silent time.Duration
}

// judge compares what was told of a stream with what it declares. It returns "heard", or how
// soon the watchdog spoke, or that it never did, for the stream may be silent for ever.
func (o *outcome) judge(t *testing.T, sub *Sub) string {
	switch {
	case o.messages > 0:
		if o.silent != 0 {
			t.Errorf("%v delivers, and was called silent after %v", sub.Stream, o.silent)
		}
		return "heard"
	case sub.Silence == 0:
		if o.silent != 0 {
			t.Errorf("%v may be silent for ever, and was called silent after %v", sub.Stream, o.silent)
		}
		return "never"
	case o.silent < sub.Silence || o.silent > sub.Silence+2*time.Second:
		t.Errorf("%v may be silent for %v, and was called so after %v", sub.Stream, sub.Silence, o.silent)
	}
	return o.silent.Truncate(time.Second).String()
}

// hearAll listens to streams for longer than any of them may be silent.
func hearAll(t *testing.T, hosts map[stream.Route]string, streams []stream.Stream) map[*Sub]*outcome {
	all := map[*Sub]*outcome{}
	inWorld(t, time.Second, func(t *testing.T, w *world) {
		e := newEar(t, Config{Dial: w.dial, Hosts: hosts}, streams...)
		for _, sub := range e.Subs() {
			all[sub] = &outcome{}
		}
		e.each = func(m *Message) {
			if m.Sub == nil || m.Err != nil {
				t.Errorf("heard %.80q: %v", m.Raw, m.Err)
				return
			}
			all[m.Sub].messages++
		}
		e.told = func(n Notice) {
			if n.Kind == Silent && all[n.Sub].silent == 0 {
				all[n.Sub].silent = n.At.Sub(e.start)
			}
		}
		e.run()
		rest(30 * time.Second)
		for inst := exchange.InstrumentID(1); inst <= 2; inst++ {
			w.renewFilter(inst)
		}
		rest(15*time.Minute + 5*time.Second)
	})
	return all
}

// renewFilter has the exchange tell news of a contract.
func (w *world) renewFilter(inst exchange.InstrumentID) {
	w.t.Helper()
	err := w.Change(func(v *venue.Venue, at exchange.Time) error {
		return v.SetFilter(inst, func(in *exchange.Instrument) { in.OrdersMax++ }, at)
	})
	if err != nil {
		w.t.Error(err)
	}
}

// delivers says whether the simulated exchange has a stream on a route: that of its own
// product, or one of another product that has the same name.
func delivers(s stream.Stream, route stream.Route) bool {
	there, err := stream.Parse(route.Product(), s.Name())
	switch {
	case route == stream.Coin && (s.Name() == "!markPrice@arr" || s.Name() == "!markPrice@arr@1s" || s.Kind == stream.AssetIndex):
		return true // nobody documents it
	case route == stream.Market && s.Name() == "btcusd@markPrice", route == stream.Market && s.Name() == "btcusd@markPrice@1s":
		return false // UM has no such symbol
	case s.Interval == "1s":
		return false // the simulation has no candles of a second
	case s.Contract != "" && s.Contract != "perpetual":
		return false // none is listed
	}
	return err == nil && there.Route() == route
}
