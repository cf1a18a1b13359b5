package riskguard

import (
	"strconv"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// promiseForever has account and clock never be old, as in a simulated exchange.
func promiseForever(g *Guard) {
	for _, kind := range []exchange.Kind{exchange.KindAccount, exchange.KindClock} {
		e := exchange.Event{}
		e.SetCadence(&exchange.Cadence{Kind: kind, Every: exchange.Forever})
		g.Apply(&e)
	}
}

// happens are verbs of events beside those of do.
func (b *bench) happens(f []string) string {
	e := exchange.Event{At: b.now}
	switch f[0] {
	case "promised": // promised ACCOUNT 1m: how often it is told
		kind, err := exchange.ParseKind(f[1])
		if err != nil {
			return err.Error()
		}
		every, err := time.ParseDuration(f[2])
		if err != nil {
			return err.Error()
		}
		e.SetCadence(&exchange.Cadence{Kind: kind, Every: every})
	case "clock": // clock -30ms: the exchange's is behind ours
		offset, err := time.ParseDuration(f[1])
		if err != nil {
			return err.Error()
		}
		e.SetClock(exchange.Clock{Offset: offset})
	case "funding": // funding UM 0.0001 [50000]: a settled rate, and its mark
		e.Inst = b.inst(f[1])
		settled := exchange.Funding{Rate: exchange.MustFixed(f[2])}
		if len(f) > 3 {
			settled.Mark = exchange.MustFixed(f[3])
		}
		e.SetFunding(settled)
	case "answers":
		return b.answers(f)
	case "deals":
		return b.deals(f)
	case "begin": // a process begins
		e.SetStart(&exchange.Start{Prefix: "p"})
	default:
		return "no such verb"
	}
	b.g.Apply(&e)
	return ""
}

// number reads one.
func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}
