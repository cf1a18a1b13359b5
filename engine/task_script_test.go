package engine

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// task carries out a line about tasks:
//
//	pair s1 #1 sell UM 0.3 against CM slice=0.1 timeout=30s tries=3
//	protect s1 #2 sell UM 58000 [mark]
//	tasks
//	process s1 gone, process s1 back
func (b *bench) task(f []string) error {
	if f[0] == "tasks" {
		list := b.kernel.Tasks()
		for i := range list {
			b.say("%s", taskWords(&list[i]))
		}
		return nil
	}
	s := exchange.StrategyID(f[1][1] - '0')
	if f[0] == "process" {
		e := exchange.Event{At: b.now}
		e.SetStrategy(&exchange.StrategyChange{Strategy: s, Running: f[2] == "back", Reason: "script", Clears: true})
		return b.driver.Deliver(&e)
	}
	ref, err := strconv.ParseUint(f[2][1:], 10, 64)
	if err != nil {
		return err
	}
	in := exchange.Intent{Kind: exchange.IntentProtect, Strategy: s, Ref: ref}
	r, p := &in.Request, &in.Pair
	r.Inst, r.Side = b.inst(f[4]), exchange.Buy
	if f[3] == "sell" {
		r.Side = exchange.Sell
	}
	if f[0] == "protect" {
		r.Type, r.Trigger = exchange.StopMarket, exchange.MustFixed(f[5])
		if f[len(f)-1] == "mark" {
			r.WorkingType = exchange.MarkPrice
		}
		return b.driver.Wish(&Wishes{Intents: []exchange.Intent{in}}, b.now)
	}
	in.Kind, r.Qty, p.Hedge = exchange.IntentPair, exchange.MustFixed(f[5]), b.inst(f[7])
	for _, word := range f[8:] {
		switch key, value, _ := strings.Cut(word, "="); key {
		case "slice":
			p.Slice = exchange.MustFixed(value)
		case "timeout":
			if p.Timeout, err = time.ParseDuration(value); err != nil {
				return err
			}
		case "tries":
			p.Tries, _ = strconv.Atoi(value)
		}
	}
	return b.driver.Wish(&Wishes{Intents: []exchange.Intent{in}}, b.now)
}

func taskWords(u *exchange.TaskUpdate) string {
	s := fmt.Sprintf("s%d #%d task %v %v", u.Strategy, u.Ref, u.Kind, u.Status)
	if u.Kind == exchange.TaskPair {
		s += fmt.Sprintf(": %v of %v coins, hedged %v", u.Lead, u.Coins, u.Hedged)
	} else {
		s += fmt.Sprintf(": %v at %v", u.Qty, u.Trigger)
		if !u.Lead.IsZero() {
			s += fmt.Sprintf(", closed %v coins", u.Lead)
		}
	}
	if u.Reason != "" {
		s += "; " + u.Reason
	}
	return s
}

// task wishes a pair, a stop or the end of one, answers the orders of tasks as an exchange mostly
// does, and has the strategies' processes come and go.
func (s *storm) task() {
	for _, o := range s.kernel.orders.open {
		if s.insts[o.ClientID] == 0 && o.Parent == 0 {
			s.names, s.insts[o.ClientID] = append(s.names, o.ClientID), o.Request.Inst
		}
	}
	for _, t := range slices.Clone(s.kernel.tasks) {
		o := s.kernel.orders.byID[t.order]
		if o == nil || o.Request.Type != exchange.Market || o.Status.Final() || s.random.IntN(2) == 0 {
			continue
		}
		f := exchange.Fill{ClientID: o.ClientID, TradeID: s.random.Int64N(1 << 40), Side: o.Request.Side, Qty: o.Remaining(), Price: 60_000 * exchange.FixedOne}
		u := exchange.OrderUpdate{ClientID: o.ClientID, Status: exchange.StatusFilled, Qty: o.Request.Qty, Filled: o.Request.Qty}
		e := exchange.Event{At: s.now, Inst: o.Request.Inst}
		if s.random.IntN(5) == 0 {
			u.Status, u.Filled = exchange.StatusRejected, o.Filled
		} else {
			e.SetFill(&f)
			s.give(e)
		}
		e.SetOrderUpdate(&u)
		s.give(e)
	}
	who := exchange.StrategyID(1 + s.random.IntN(2))
	in := exchange.Intent{Kind: exchange.IntentPair, Strategy: who, Ref: s.refs[who] + 1}
	in.Request = exchange.OrderRequest{Inst: exchange.InstrumentID(1 + s.random.IntN(2)), Side: exchange.Side(1 + s.random.IntN(2)), Type: exchange.Market, Qty: exchange.FixedOne / 10}
	in.Pair = exchange.Pair{Hedge: 3 - in.Request.Inst, Slice: exchange.FixedOne / 50, Timeout: time.Second, Tries: 2}
	switch s.random.IntN(5) {
	case 0:
		e := exchange.Event{At: s.now}
		e.SetStrategy(&exchange.StrategyChange{Strategy: who, Running: s.random.IntN(2) == 0, Reason: "storm", Clears: true})
		s.give(e)
		return
	case 1:
		in.Kind, in.Pair = exchange.IntentProtect, exchange.Pair{}
		in.Request.Type, in.Request.Qty, in.Request.Trigger = exchange.StopMarket, 0, exchange.Fixed(59_000+s.random.Int64N(2000))*exchange.FixedOne
	case 2:
		if len(s.kernel.tasks) > 0 {
			t := s.kernel.tasks[s.random.IntN(len(s.kernel.tasks))]
			in = exchange.Intent{Kind: exchange.IntentCancel, Strategy: t.strategy, Ref: t.ref}
		}
	}
	if in.Ref == s.refs[who]+1 {
		s.refs[who]++
	}
	if err := s.driver.Wish(&Wishes{Intents: []exchange.Intent{in}}, s.now); err != nil {
		panic(err)
	}
}
