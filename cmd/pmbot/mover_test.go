package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/plugins/sdk"
	"github.com/pmbot/pmbot/strategy"
)

// mover is a strategy that trades and quotes by a chain of timers, and counts all that is told to
// it, so that a test can see whether something was lost or came twice. testdata/mover.py is the
// same in Python, and each reads what the other has saved. It is a plugin program of its own.
type mover struct {
	name   string
	orders []exchange.OrderType
	p      struct {
		Symbol strategy.Symbol `default:"UM:BTCUSDT" help:"what to trade"`
		Steps  int             `default:"0" help:"timers of this life, then it rests; 0 never"`
		Pause  time.Duration   `default:"10ms" help:"between two timers"`
		Word   string          `default:"first" help:"what it calls itself in the log"`
		Do     string          `default:"move" choices:"move|crash|refuse" help:"what it does"`
	}
	in   *exchange.Instrument
	tale moverTale
	// own are the steps of this life, last the time of the newest.
	own  int
	last exchange.Time
}

// underWay is after how many steps a mover says so.
const underWay = 100

// moverTale is what a mover remembers. Next is the timer that it waits for, Bad counts timers and
// trades that came twice or not in turn. Sum is what the fills come to, in units of 1e-8.
type moverTale struct {
	Next, Bad, Sent, Ended, Refused, Fills, Sum, Trade int64
}

func (m *moverTale) fields() []any {
	return []any{&m.Next, &m.Bad, &m.Sent, &m.Ended, &m.Refused, &m.Fills, &m.Sum, &m.Trade}
}

// serveMover serves a mover. Others say of themselves that they are it, and are not.
func serveMover(name string, orders ...exchange.OrderType) func() {
	return func() {
		sdk.Serve(func() strategy.Strategy { return &mover{name: name, orders: append(orders, exchange.Limit)} })
	}
}

func (m *mover) Manifest() strategy.Manifest {
	return strategy.Manifest{Name: m.name, Version: "0.1.0", Summary: "moves", Products: []exchange.Product{exchange.UM}, OrderTypes: m.orders}
}

func (m *mover) Params() any { return &m.p }

func (m *mover) Start(env *strategy.Env) (err error) {
	if m.in, err = env.Instrument(m.p.Symbol); err == nil {
		env.BookTickers(m.in)
		env.Trades(m.in)
	}
	return err
}

func (m *mover) OnTrade(_ *strategy.Env, _ *exchange.Instrument, t exchange.Trade) {
	if t.ID <= m.tale.Trade {
		m.tale.Bad++
	}
	m.tale.Trade = t.ID
}

// OnBookTicker begins the chain of timers, also where it has torn: with a process that has died.
func (m *mover) OnBookTicker(env *strategy.Env, _ *exchange.Instrument, _ exchange.BookTicker) {
	switch {
	case m.last == 0:
		m.last = env.Now()
		if m.tale.Next > 0 {
			return
		}
		m.tale.Next = 1
	case m.resting() || env.Now()-m.last < exchange.Time(8*time.Second):
		return
	default:
		m.last = env.Now()
		env.Logf("%s is torn at %d", m.p.Word, m.tale.Next)
	}
	env.After(m.p.Pause, uint64(m.tale.Next))
}

func (m *mover) OnTimer(env *strategy.Env, id uint64) {
	if int64(id) != m.tale.Next {
		m.tale.Bad++
		env.Logf("%s got timer %d in place of %d", m.p.Word, id, m.tale.Next)
		return
	}
	m.last = env.Now()
	if m.own++; m.own == 20 && m.p.Do == "crash" {
		panic("enough of it")
	}
	m.tale.Next++
	if m.resting() {
		env.CancelAll(m.in)
		env.Logf("%s rests", m.p.Word)
		return
	}
	if m.own == underWay {
		env.Logf("%s is under way", m.p.Word)
	}
	m.act(env, int(id))
	env.After(m.p.Pause, uint64(m.tale.Next))
}

func (m *mover) resting() bool { return m.p.Steps > 0 && m.own >= m.p.Steps }

// act buys and sells in turn, rests an order far from the market and takes it back.
func (m *mover) act(env *strategy.Env, step int) {
	q, far, order := env.Quote(m.in), env.Quote(m.in).Bid/120, strategy.Buy(m.in, exchange.MustFixed("0.004"))
	switch step % 100 {
	case 0:
		m.tale.Sent++
		env.Send(order.Limit(q.Ask + 50*m.in.Tick).IOC())
	case 25:
		m.tale.Sent++
		env.Send(order.Limit((q.Bid - far).Round(m.in.Tick, exchange.RoundFloor)))
	case 50:
		m.tale.Sent++
		env.Send(strategy.Sell(m.in, exchange.MustFixed("0.004")).Limit(q.Bid - 50*m.in.Tick).IOC())
	case 75:
		for _, o := range env.Orders() {
			if o.Status == exchange.StatusWorking {
				env.Cancel(o.Ref)
			}
		}
	}
}

func (m *mover) OnOrder(_ *strategy.Env, _ *exchange.Instrument, u *exchange.OrderUpdate) {
	if u.Status.Final() {
		m.tale.Ended++
	}
}

func (m *mover) OnRefusal(_ *strategy.Env, r *exchange.Refusal) {
	if r.Intent.Kind == exchange.IntentNew {
		m.tale.Refused++
	}
}

func (m *mover) OnFill(_ *strategy.Env, _ *exchange.Instrument, f *exchange.Fill) {
	m.tale.Fills++
	m.tale.Sum += f.Side.Sign() * int64(f.Qty)
}

func (m *mover) Save() (int, []byte, error) {
	t := m.tale
	return 1, fmt.Appendf(nil, "%d %d %d %d %d %d %d %d", t.Next, t.Bad, t.Sent, t.Ended, t.Refused, t.Fills, t.Sum, t.Trade), nil
}

func (m *mover) Restore(_ int, state []byte) error {
	if m.p.Do == "refuse" {
		return errors.New("not my memory")
	}
	_, err := fmt.Sscan(string(state), m.tale.fields()...)
	return err
}
