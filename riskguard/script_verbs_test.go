package riskguard

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// benchOf makes a bench of a guard as it is configured.
func benchOf(t testing.TB, c Config) *bench {
	t.Helper()
	g, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, g: g, now: benchStart, sent: map[string]exchange.Order{}}
	promiseForever(b.g)
	b.fresh()
	b.do([]string{"deposit", "UM", "USDT", "10000"})
	b.do([]string{"state", "ACTIVE"})
	b.lend()
	return b
}

// more are verbs beside those of do and ask.
func (b *bench) more(f []string) string {
	switch f[0] {
	case "permit": // permit symbols=UM:BTCUSDT,CM:BTCUSD_PERP sides=BUY types=LIMIT borrow: strategy 1's from now on
		return b.permit(f[1:])
	case "budget": // budget one notional_usd=1000 loss_usd=50 messages_per_minute=3: of a new bench
		u := Budget{Strategy: f[1]}
		for _, word := range f[2:] {
			switch key, value, _ := strings.Cut(word, "="); key {
			case "notional_usd":
				u.NotionalUSD = LimitText(value)
			case "capital_usd":
				u.CapitalUSD = LimitText(value)
			case "loss_usd":
				u.LossUSD = LimitText(value)
			case "messages_per_minute":
				u.MessagesPerMinute = LimitText(value)
			}
		}
		l := b.g.Limits()
		l.Budgets = append(slices.DeleteFunc(slices.Clone(l.Budgets), func(o Budget) bool { return o.Strategy == u.Strategy }), u)
		if err := l.Validate(); err != nil {
			return err.Error()
		}
		*b = *newBench(b.t, l)
		return ""
	case "person": // person ann check sell UM 0.1 market: wished by one in the strategy's place
		b.wish.By = f[1]
		answer := b.do(f[2:])
		b.wish.By = ""
		return answer
	case "late": // late 600ms check buy UM 0.1 market: in answer to an event of that long ago
		d, err := time.ParseDuration(f[1])
		if err != nil {
			return err.Error()
		}
		b.wish.Answers = b.now.Add(-d)
		answer := b.do(f[2:])
		b.wish.Answers = 0
		return answer
	case "process": // process 1 runs|gone clears|keeps [b]: that of strategy 1, by a swap with another fingerprint
		n, _ := strconv.Atoi(f[1])
		e := exchange.Event{At: b.now}
		s := exchange.StrategyChange{Strategy: exchange.StrategyID(n), Running: f[2] == "runs", Clears: f[3] == "clears", Reason: "boom"}
		if len(f) > 4 {
			s.Print = f[4]
		}
		e.SetStrategy(&s)
		b.g.Apply(&e)
		return ""
	case "clears": // since when, and created up to when, the orders of strategy 1 are cleared away
		since, created := b.g.Clears(1)
		switch {
		case since == 0:
			return "nothing"
		case created == exchange.Never:
			return "all since " + since.Sub(benchStart).String()
		}
		return "since " + since.Sub(benchStart).String() + " up to " + created.Sub(benchStart).String()
	case "begin": // begin [a [b]]: a process with programs of these fingerprints
		c := b.g.config
		c.Prints = f[1:]
		b.restart(c)
		return ""
	case "own": // own 1 UM -0.1 [LONG]: what strategy 1 itself holds
		n, _ := strconv.Atoi(f[1])
		side := exchange.Both
		if len(f) > 4 {
			side, _ = exchange.ParsePositionSide(f[4])
		}
		b.g.Holding(exchange.StrategyID(n), b.inst(f[2]), side, decimal.RequireFromString(f[3]))
		return ""
	case "owes": // owes 1 BTC 0.1 0.0002: strategy 1's loans, and the interest on them
		n, _ := strconv.Atoi(f[1])
		b.g.Owes(exchange.StrategyID(n), f[2], decimal.RequireFromString(f[3]), decimal.RequireFromString(f[4]))
		return ""
	case "leverage": // leverage UM 10
		n, _ := strconv.Atoi(f[2])
		if err := b.g.model.SetLeverage(b.inst(f[1]), n); err != nil {
			return err.Error()
		}
		return ""
	case "act1": // act1 BORROW BTC 0.1: strategy 1's wish
		act, err := parseAct(b, f[1:])
		if err != nil {
			return err.Error()
		}
		act.Strategy = 1
		if v := b.g.CheckAct(act, b.now); v.Refusal != nil {
			return v.Refusal.Error()
		}
		return "passes"
	}
	return b.happens(f)
}

// permit begins anew with another permit of strategy 1; without words it has none.
func (b *bench) permit(words []string) string {
	c := b.g.config
	c.Permits = Unbound(2)
	p := &c.Permits[0]
	*p = Permit{}
	for _, word := range words {
		key, value, _ := strings.Cut(word, "=")
		for _, one := range strings.Split(value, ",") {
			var err error
			switch key {
			case "symbols":
				p.Symbols = append(p.Symbols, one)
			case "sides":
				var side exchange.Side
				err = side.UnmarshalText([]byte(one))
				p.Sides = append(p.Sides, side)
			case "types":
				var kind exchange.OrderType
				err = kind.UnmarshalText([]byte(one))
				p.OrderTypes = append(p.OrderTypes, kind)
			case "borrow":
				p.Borrow = true
			}
			if err != nil {
				return err.Error()
			}
		}
	}
	*b = *benchOf(b.t, c)
	return ""
}

// lend tells what loans of two assets cost, as the tables assume. Nobody tells of ETH.
func (b *bench) lend() {
	for _, line := range []string{"lending USDT 0.00000913", "lending BTC 0.00000342"} {
		b.do(strings.Fields(line))
	}
}

// openAct is "open-act BORROW USDT UNKNOWN [amount]", an act under way, of 5 by default, or
// "acted 1", which counts an act of strategy 1.
func (b *bench) openAct(f []string) string {
	if f[0] == "acted" {
		b.g.Count(&exchange.Intent{Kind: exchange.IntentBorrow, Strategy: exchange.StrategyID(f[1][0] - '0')}, b.now)
		return ""
	}
	act := exchange.Act{ID: 1, Kind: exchange.ActBorrow, Asset: f[2], Amount: decimal.New(5, 0)}
	if f[1] == "REPAY" {
		act.Kind = exchange.ActRepay
	}
	if len(f) > 4 {
		act.Amount = decimal.RequireFromString(f[4])
	}
	status, err := exchange.ParseActStatus(f[3])
	if err != nil {
		return err.Error()
	}
	b.g.HoldAct(exchange.OpenAct{Act: act, Status: status, Updated: b.now})
	return ""
}

// restart begins a process of another configuration with the state of this one, and lets it trade.
func (b *bench) restart(c Config) {
	g, err := New(c)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := g.Restore(b.g.Snapshot()); err != nil {
		b.t.Fatal(err)
	}
	g.owned = b.g.owned
	for s := range g.ventures {
		g.ventures[s].owed = b.g.ventures[s].owed
	}
	for _, o := range b.g.open {
		g.Hold(o)
	}
	b.g = g
	e := exchange.Event{At: b.now}
	e.SetStart(&exchange.Start{Prefix: "next"})
	g.Apply(&e)
	for _, cause := range []string{"START", "STREAM"} {
		b.do([]string{"state", "ACTIVE", "cause=" + cause})
	}
}

// examine asks the guard about an order, and counts an answer that came too late as the kernel does.
func (b *bench) examine(o exchange.Order, amend bool) Verdict {
	v := b.g.Check(b.wish, o, amend, b.now)
	if v.Refusal != nil && v.Refusal.Rule == RulePlugin {
		b.g.NoteLate(o.Strategy, b.now)
	}
	return v
}
