package backtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// TestLinkInTheWay: a link without delays whose faults never happen changes no result.
func TestLinkInTheWay(t *testing.T) {
	trades := func() Program {
		return program(puppet{start: sees(15*time.Minute, 4), bar: func(p *puppet, env *strategy.Env, in *exchange.Instrument, b *exchange.Bar) {
			switch p.n++; {
			case p.n%5 == 0:
				env.Send(strategy.Buy(in, exchange.MustFixed("0.01")).Market())
			case p.n%7 == 0:
				p.ref = env.Send(strategy.Sell(in, exchange.MustFixed("0.02")).Limit(b.Close + 50*exchange.FixedOne))
				env.After(time.Hour, 1)
			}
		}, timer: func(p *puppet, env *strategy.Env, _ uint64) { env.Cancel(p.ref) }})
	}
	cfg := deskConfig(5, time.Minute)
	plain := runDesk(t, cfg, trades())
	cfg.Venue.Faults = []string{"at 9000h outage 90s", "at 9000h lose-ack"}
	far := runDesk(t, cfg, trades())
	if plain.Orders.Fills < 50 || far.Hash != plain.Hash || far.Events != plain.Events {
		t.Errorf("%d fills, %d events and %s; with a link %d, %d and %s",
			plain.Orders.Fills, plain.Events, plain.Hash, far.Orders.Fills, far.Events, far.Hash)
	}
	cfg.Risk.ForcedFillsMax = 10 // it goes on after the deleveraging below, which nobody looks at
	cfg.Venue.Latency = LatencyConfig{Feed: "1ms..30ms", Entry: "20ms tail 5ms", Answer: "10ms"}
	cfg.Venue.Faults = []string{"chance 5% lose-ack", "chance 5% delay 2s", "at 30h adl UM BTCUSDT short 50%"}
	if one, two := runDesk(t, cfg, trades()), runDesk(t, cfg, trades()); one.Hash != two.Hash || one.Hash == plain.Hash {
		t.Errorf("results %s and %s, without latency %s", one.Hash, two.Hash, plain.Hash)
	} else if len(one.Settlements) == 0 || one.Settlements[0].Rate == 0 || one.Settlements[0].At != plain.Settlements[0].At || one.Funding[0].Held < 10 {
		t.Errorf("settlements %+v, counted %+v", one.Settlements[0], one.Funding)
	}
}

// crossing is a recording of trades every second at 62000, but at 5.005 s one at 61000, by a
// recorder whose clock has each so many milliseconds later.
func crossing(lag int64) string {
	var b strings.Builder
	trade := func(id, after int64, price string) {
		at := day.Add(time.Duration(after) * time.Millisecond).Millis()
		fmt.Fprintf(&b, `%d000000 {"stream":"btcusdt@trade","data":{"e":"trade","E":%d,"T":%d,"s":"BTCUSDT","t":%d,"p":"%s","q":"5","X":"MARKET","m":true}}`+"\n",
			at+lag, at, at, id, price)
	}
	for i := range int64(20) {
		trade(2*i+1, 1000*i, "62000")
		if i == 5 {
			trade(2*i+2, 5005, "61000")
		}
	}
	return b.String()
}

// TestCancelCrossesFill: a cancel sent 5 ms before a trade saves an order of a strategy
// next to the exchange, and not of one that is 10 ms away.
func TestCancelCrossesFill(t *testing.T) {
	dir := recordedAs(t, crossing(30))
	for _, c := range []struct {
		latency LatencyConfig
		want    []string
	}{
		{LatencyConfig{}, []string{
			"1s order_update #1 PENDING_NEW", "1s order_update #1 WORKING", "5s order_update #1 CANCELED",
		}},
		{LatencyConfig{Feed: "20ms", Entry: "10ms", Answer: "15ms"}, []string{
			"1s order_update #1 PENDING_NEW", "1.025s order_update #1 WORKING",
			"5.02s fill #1 BUY 0.5", "5.02s order_update #1 FILLED", "5.02s ledger COMMISSION",
		}},
	} {
		var lines []string
		quotes := through{program(puppet{
			start: func(p *puppet, env *strategy.Env) (err error) {
				p.in, err = env.Instrument(p.params.Leg)
				env.Trades(p.in)
				env.At(day.Add(time.Second), 1)
				env.At(day.Add(5*time.Second), 2)
				return err
			},
			timer: func(p *puppet, env *strategy.Env, id uint64) {
				if id == 1 {
					p.ref = env.Send(strategy.Buy(p.in, exchange.MustFixed("0.5")).Limit(exchange.MustFixed("61900")))
				} else {
					env.Cancel(p.ref)
				}
			},
		}), func(r *strategy.Runtime) Player {
			return spy{Local{r}, func(e *exchange.Event) {
				switch e.Kind {
				case exchange.KindOrderUpdate, exchange.KindFill:
					lines = append(lines, told(e))
				case exchange.KindLedger:
					if e.Ledger().Reason == exchange.ReasonCommission {
						lines = append(lines, told(e))
					}
				}
			}}
		}}
		cfg := deskConfig(0, 0)
		cfg.Data.Tape, cfg.Venue.Latency = dir, c.latency
		res := runDesk(t, cfg, quotes)
		wantLines(t, lines, c.want...)
		warned := slices.ContainsFunc(res.Warnings, func(w Warning) bool { return w.Kind == "latency" })
		if warned != (c.latency == LatencyConfig{}) {
			t.Errorf("%+v: warned of no latency: %v", c.latency, warned)
		}
	}
}

// TestRecordedLatency: messages are told when they were received, by the corrected clock,
// while the venue has seen them at the exchange's time.
func TestRecordedLatency(t *testing.T) {
	cfg := deskConfig(0, 0)
	cfg.Data.Tape, cfg.Data.Clock, cfg.Data.LatencyBase = recorded(t), tape.CorrectedClock, 10*time.Millisecond
	cfg.Venue.Latency = LatencyConfig{Feed: "recorded", Entry: "recorded"}
	seen := map[int64]string{}
	runDesk(t, cfg, through{program(puppet{start: watches}), func(r *strategy.Runtime) Player {
		return spy{Local{r}, func(e *exchange.Event) {
			switch e.Kind {
			case exchange.KindTrade:
				seen[e.Trade().ID] = since(e.At) + " of " + since(e.Exchange)
			case exchange.KindBookTicker:
				seen[e.BookTicker().UpdateID] = since(e.At) + " of " + since(e.Exchange)
			}
		}}
	}})
	// The trade of 1 s arrives at 1.025 s by itself; the quote of 0.5 s, sent before it,
	// arrives at 1.205 s, and on one connection the trade waits for it.
	want := []string{"25ms of 0s", "1.205s of 500ms", "1.205s of 1s", "1.51s of 1.5s"}
	if got := []string{seen[1000], seen[5000], seen[1001], seen[5001]}; !slices.Equal(got, want) {
		t.Errorf("told at %q, want %q", got, want)
	}
	for key, change := range map[string]func(*Config){
		"venue.latency.feed: recorded delays need": func(c *Config) { c.Data.Clock, c.Data.LatencyBase = tape.ExchangeClock, 0 },
		"venue.latency.feed: a generated market":   func(c *Config) { c.Data.Tape = "" },
		"venue.latency: entry and answer":          func(c *Config) { c.Venue.Latency.Feed = "20ms" },
		"venue.latency.answer: delay \"soon\"":     func(c *Config) { c.Venue.Latency.Answer = "soon" },
		"venue.faults: fault 1, column 1":          func(c *Config) { c.Venue.Faults = []string{"now"} },
	} {
		wrong := *cfg
		change(&wrong)
		if err := wrong.CheckLatency(); err == nil || !strings.HasPrefix(err.Error(), key) {
			t.Errorf("error %v, want %s", err, key)
		}
	}
}

// TestRecordedWarnings: nobody takes a recording for one of his latency whose recorder's clock
// was slow, or that counts from the fastest message.
func TestRecordedWarnings(t *testing.T) {
	for _, c := range []struct {
		lag   int64
		clock tape.Clock
		base  time.Duration
		want  string
	}{
		{30, tape.LocalClock, 0, ""},
		{-500, tape.LocalClock, 0, "41 of 41 messages were received before they were sent"},
		{-500, tape.CorrectedClock, 0, "the fastest message of each market counts as one that took no time"},
		{-500, tape.CorrectedClock, 5 * time.Millisecond, ""},
	} {
		cfg := deskConfig(0, 0)
		cfg.Data.Tape, cfg.Data.Clock, cfg.Data.LatencyBase = recordedAs(t, crossing(c.lag)), c.clock, c.base
		cfg.Venue.Latency = LatencyConfig{Feed: "recorded", Entry: "recorded", Answer: "recorded"}
		res := runDesk(t, cfg, program(puppet{start: func(p *puppet, env *strategy.Env) (err error) {
			p.in, err = env.Instrument(p.params.Leg)
			env.Trades(p.in)
			return err
		}}))
		var got string
		for _, w := range res.Warnings {
			if w.Kind == "latency" {
				got += w.Text
			}
		}
		if !strings.HasPrefix(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%+v: warned %q", c, got)
		}
	}
}

// TestOrdersCounted: what the exchange refuses and what was unknown for a time stands in the
// result, with the reason.
func TestOrdersCounted(t *testing.T) {
	cfg := deskConfig(1, time.Minute)
	cfg.Venue.Faults = []string{"at 0s reject -1008", "at 20m reject -2019", "at 1h lose-request"}
	res := runDesk(t, cfg, program(puppet{start: sees(15*time.Minute, 4), bar: func(p *puppet, env *strategy.Env, in *exchange.Instrument, _ *exchange.Bar) {
		if p.n++; p.n < 9 {
			env.Send(strategy.Buy(in, exchange.MustFixed("0.01")).Market())
		}
	}}))
	o := res.Orders
	if o.Unknown != 1 || o.Rejected != 2 || len(o.ByReason) != 2 || o.ByReason[0].Code != -2019 || o.ByReason[1].Code != -1008 || o.ByReason[0].Count != 1 || o.ByReason[0].Reason == "" {
		t.Errorf("orders %+v", o)
	}
}
