package plugintest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// Probe is a strategy for tests: it sees everything of its symbols, asks for a little of
// everything in a way that depends on all it has seen, and misbehaves when told to.
type Probe struct {
	p struct {
		Symbol strategy.Symbol `default:"UM:BTCUSDT" help:"what to watch and trade"`
		Other  strategy.Symbol `default:"" help:"a second one; may be empty"`
		Every  int             `default:"0" min:"0" unit:"events" help:"how often it asks for something; 0 is never"`
		Do     string          `default:"nothing" choices:"nothing|panic|nil|exit|hang|gate|spin|flood|intents|print|unsaved|answer|leak|fail-start|panic-start|panic-stop|exit-stop" help:"how it misbehaves"`
		Gate   string          `default:"" help:"a file that gate reads before it goes on"`
		Bars   bool            `default:"false" help:"watch bars and nothing else"`
		At     int             `default:"0" min:"0" help:"at which market event it misbehaves, from 1"`
	}
	in, other *exchange.Instrument
	leaked    [][]byte
	seen      int
	sum       int64
	last      strategy.Ref
}

// Manifest describes the probe.
func (p *Probe) Manifest() strategy.Manifest {
	return strategy.Manifest{
		Name: "probe", Version: "1.2.3", Summary: "does what a test wants", Products: []exchange.Product{exchange.UM, exchange.CM},
		OrderTypes: []exchange.OrderType{exchange.Limit, exchange.Market},
	}
}

// Params are the probe's parameters.
func (p *Probe) Params() any { return &p.p }

// Start subscribes to all there is.
func (p *Probe) Start(env *strategy.Env) error {
	switch p.p.Do {
	case "fail-start":
		return fmt.Errorf("no luck today")
	case "panic-start":
		panic("not today")
	}
	for _, s := range []struct {
		symbol strategy.Symbol
		in     **exchange.Instrument
	}{{p.p.Symbol, &p.in}, {p.p.Other, &p.other}} {
		if s.symbol == (strategy.Symbol{}) {
			continue
		}
		in, err := env.Instrument(s.symbol)
		if err != nil {
			return err
		}
		*s.in = in
		env.Bars(in, time.Minute, 3)
		if p.p.Bars {
			continue
		}
		env.Trades(in)
		env.BookTickers(in)
		env.Marks(in)
		env.Fundings(in, 0)
	}
	env.Logf("watching %v", p.p.Symbol)
	env.At(1, 99)
	return nil
}

// market counts a market event and answers to some.
func (p *Probe) market(env *strategy.Env, in *exchange.Instrument, value int64) {
	p.seen++
	p.sum = p.sum*31 + value + int64(env.Now()) + int64(env.Last(in)) + int64(env.State(in))
	p.sum += env.Position(in).Qty.IntPart() + int64(len(env.Orders())) + int64(len(env.Tasks())) + env.Coins("BTC").CoefficientInt64() + env.Account().Equity.CoefficientInt64()
	if env.Warming() {
		p.sum++
	}
	if p.p.Do == "answer" {
		env.Cancel(1)
	}
	if p.seen == p.p.At {
		p.misbehave(env)
	}
	if p.p.Every == 0 || p.seen%p.p.Every != 0 {
		return
	}
	switch p.sum & 7 {
	case 0:
		env.Logf("sum %d after %d", p.sum, p.seen)
		p.task(env, in)
	case 1:
		env.After(time.Duration(p.sum&0xffff), uint64(p.seen))
	case 2:
		env.Cancel(p.last)
	case 3:
		env.CancelAll(in)
	case 4:
		env.Amend(p.last, exchange.Fixed(p.sum&0xffffff), exchange.FixedOne)
		env.Logf("amend %d", p.last)
	default:
		order := strategy.Sell(in, exchange.Fixed(1+p.sum&0xffffff)).Limit(env.Last(in)).PostOnly().Tag(fmt.Sprint("sum ", p.sum))
		p.last = env.Send(order)
	}
}

// task wishes a stop, or a pair if the probe has a second instrument.
func (p *Probe) task(env *strategy.Env, in *exchange.Instrument) {
	switch {
	case p.sum&8 == 0:
		p.last = env.Protect(strategy.Sell(in, exchange.FixedOne).Stop(env.Last(in)).OnMark().Tag("stop"))
	case p.other != nil:
		pair := strategy.Pair{Lead: p.in, Hedge: p.other, Coins: exchange.Fixed(p.sum&0xffff) - 0x7fff, Slice: 7, Timeout: time.Minute, Tries: 2, Tag: "pair"}
		p.last = env.Pair(pair)
	}
}

func (p *Probe) misbehave(env *strategy.Env) {
	switch p.p.Do {
	case "panic":
		panic(fmt.Sprintf("event %d is too much", p.seen))
	case "nil":
		env.Last(nil)
	case "exit":
		fmt.Fprintln(os.Stderr, "I quit")
		os.Exit(3)
	case "leak":
		for {
			p.leaked = append(p.leaked, bytes.Repeat([]byte{1}, 1<<20))
			time.Sleep(time.Millisecond)
		}
	case "hang":
		time.Sleep(time.Hour)
	case "gate":
		if _, err := os.ReadFile(p.p.Gate); err != nil {
			panic(err)
		}
	case "spin":
		for {
			p.sum++
		}
	case "flood":
		for i := range 5000 {
			env.Logf("line %d %s", i, strings.Repeat("x", 10_000))
			fmt.Println("line", i)
		}
	case "intents":
		for range 5000 {
			env.CancelAll(p.in)
		}
	case "print":
		fmt.Println("printed by the author")
		fmt.Fprintln(os.Stderr, "and to standard error")
	}
}

// OnBar counts the event, as the other handlers do.
func (p *Probe) OnBar(env *strategy.Env, in *exchange.Instrument, b *exchange.Bar) {
	hi, lo := b.Volume.Words()
	p.market(env, in, int64(b.Close)+hi+int64(lo)+b.Trades)
}

// OnTrade counts.
func (p *Probe) OnTrade(env *strategy.Env, in *exchange.Instrument, t exchange.Trade) {
	p.market(env, in, int64(t.Price)+t.ID)
}

// OnBookTicker counts.
func (p *Probe) OnBookTicker(env *strategy.Env, in *exchange.Instrument, b exchange.BookTicker) {
	p.market(env, in, int64(b.Bid)*3+int64(b.AskQty))
}

// OnMark counts.
func (p *Probe) OnMark(env *strategy.Env, in *exchange.Instrument, m exchange.Mark) {
	p.market(env, in, int64(m.Price)+int64(m.Rate))
}

// OnFunding counts.
func (p *Probe) OnFunding(env *strategy.Env, in *exchange.Instrument, f exchange.Funding) {
	p.market(env, in, int64(f.Rate)+int64(f.Interval))
}

// OnFill answers with a log line.
func (p *Probe) OnFill(env *strategy.Env, in *exchange.Instrument, f *exchange.Fill) {
	env.Logf("fill of %d at %v, fee %v, position %v", f.Ref, f.Price, f.Fee, env.Position(in).Qty)
}

// OnOrder answers with a log line.
func (p *Probe) OnOrder(env *strategy.Env, _ *exchange.Instrument, u *exchange.OrderUpdate) {
	env.Logf("order %d is %v; %d are open", u.Ref, u.Status, len(env.Orders()))
}

// OnRefusal answers with a log line.
func (p *Probe) OnRefusal(env *strategy.Env, r *exchange.Refusal) { env.Logf("%d %v", r.Intent.Ref, r) }

// OnTask answers with a log line.
func (p *Probe) OnTask(env *strategy.Env, u *exchange.TaskUpdate) {
	env.Logf("task %d is %v of %v %v; %d are open", u.Ref, u.Status, u.Coins, u.Lead, len(env.Tasks()))
}

// OnAccount answers with a log line.
func (p *Probe) OnAccount(env *strategy.Env, a *exchange.Account) {
	env.Logf("equity %v, coins %v", a.Equity, env.Coins("BTC"))
}

// OnTimer answers with an order.
func (p *Probe) OnTimer(env *strategy.Env, id uint64) {
	env.Logf("timer %d", id)
	p.last = env.Send(strategy.Buy(p.in, exchange.FixedOne))
}

// OnState answers with a log line.
func (p *Probe) OnState(env *strategy.Env, s *exchange.StateChange) {
	env.Logf("state %v: %s; %v", s.State, s.Reason, env.State(p.in))
}

// Save keeps what the probe counts with.
func (p *Probe) Save() (int, []byte, error) {
	if p.p.Do == "unsaved" {
		return 0, nil, errors.New("no pencil")
	}
	return 1, fmt.Append(nil, p.seen, p.sum, p.last), nil
}

// Restore reads what Save has written.
func (p *Probe) Restore(version int, state []byte) error {
	if version != 1 {
		return fmt.Errorf("version %d is unknown", version)
	}
	_, err := fmt.Sscan(string(state), &p.seen, &p.sum, &p.last)
	return err
}

// Stop wishes all orders gone.
func (p *Probe) Stop(env *strategy.Env) {
	switch p.p.Do {
	case "panic-stop":
		panic("not like this")
	case "exit-stop":
		os.Exit(4)
	}
	env.CancelAll(p.in)
	env.Logf("seen %d, sum %d", p.seen, p.sum)
}

// Deaf is a probe without code for what concerns its account and orders: it learns of
// these from its view alone.
type Deaf struct{ probe Probe }

// Manifest is the probe's.
func (d *Deaf) Manifest() strategy.Manifest { return d.probe.Manifest() }

// Params are the probe's.
func (d *Deaf) Params() any { return d.probe.Params() }

// Start is the probe's.
func (d *Deaf) Start(env *strategy.Env) error { return d.probe.Start(env) }

// OnTrade is the probe's.
func (d *Deaf) OnTrade(env *strategy.Env, in *exchange.Instrument, t exchange.Trade) {
	d.probe.OnTrade(env, in, t)
}

// Stop is the probe's.
func (d *Deaf) Stop(env *strategy.Env) { d.probe.Stop(env) }
