package python_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/plugins/host"
	"github.com/pmbot/pmbot/plugins/plugintest"
	"github.com/pmbot/pmbot/strategy"
)

// twins are the strategies that are written in both languages.
var twins = map[string]func() strategy.Strategy{
	"probe": func() strategy.Strategy { return &plugintest.Probe{} },
	"deaf":  func() strategy.Strategy { return &plugintest.Deaf{} },
}

// TestLockstep plays a random market to a strategy in Go and to its twin in Python, announced
// in batches of random sizes, and wants the same answers to the last digit.
func TestLockstep(t *testing.T) {
	for name, fresh := range twins {
		t.Run(name, func(t *testing.T) {
			p := open(t, "tests/probe.py")
			for seed := range uint64(12) {
				params := map[string]string{"every": fmt.Sprint(seed % 11), "other": "CM:BTCUSD_PERP"}
				local, err := strategy.NewRuntime(fresh(), params, instruments(t), 3)
				check(t, err)
				session, err := p.Start(name, params, instruments(t), 3)
				check(t, err)
				lockstep(t, seed, local, session)
			}
		})
	}
}

// lockstep plays one random market; its first third is history.
func lockstep(t *testing.T, seed uint64, local *strategy.Runtime, session *host.Session) {
	t.Helper()
	equal(t, seed, -1, local.Started(), session.Started())
	if !cmp.Equal(local.Subscriptions(), session.Subscriptions()) {
		t.Fatalf("subscriptions %v became %v", local.Subscriptions(), session.Subscriptions())
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	events := market(rng, 600)
	const history = 200
	for i := 0; i < len(events); {
		if i == 0 || i == history {
			local.SetWarming(i < history)
			check(t, session.SetWarming(i < history))
		}
		quiet := i
		for most := i + rng.IntN(100); quiet < min(most, len(events)) && events[quiet].Kind.Market() && (i >= history || quiet < history); {
			quiet++
		}
		check(t, session.Ahead(slices.Clone(events[i:quiet])))
		for stop := max(quiet, i+1); i < stop; i++ {
			got, err := session.Deliver(&events[i])
			check(t, err)
			want := local.Deliver(&events[i])
			equal(t, seed, i, want, got)
			if len(want.Intents)+len(want.Timers) > 0 {
				stop = i + 1 // the rest of the batch was not handled
			}
		}
	}
	end := events[len(events)-1].At
	got, err := session.Stop(end)
	check(t, err)
	equal(t, seed, len(events), local.Stop(end), got)
}

// TestLockstepOnStream is TestLockstep where there is no socket.
func TestLockstepOnStream(t *testing.T) {
	s := spec(t, "tests/probe.py")
	s.NoSocket = true
	p, err := host.Open(t.Context(), s)
	check(t, err)
	defer p.Close()
	for seed := range uint64(4) {
		params := map[string]string{"every": fmt.Sprint(seed), "other": "CM:BTCUSD_PERP"}
		local, err := strategy.NewRuntime(&plugintest.Probe{}, params, instruments(t), 3)
		check(t, err)
		session, err := p.Start("probe", params, instruments(t), 3)
		check(t, err)
		lockstep(t, seed, local, session)
	}
}

// TestConcurrent plays several instances in one process at once.
func TestConcurrent(t *testing.T) {
	p := open(t, "tests/probe.py")
	var wait sync.WaitGroup
	for id := range exchange.StrategyID(4) {
		local, err := strategy.NewRuntime(&plugintest.Probe{}, map[string]string{"every": "3"}, instruments(t), id+1)
		check(t, err)
		session, err := p.Start("probe", map[string]string{"every": "3"}, instruments(t), id+1)
		check(t, err)
		wait.Go(func() {
			events := market(rand.New(rand.NewPCG(uint64(id), 2)), 200)
			for i := range events {
				got, err := session.Deliver(&events[i])
				if err != nil {
					t.Error(err)
					return
				}
				if want := local.Deliver(&events[i]); !same(want, got) {
					t.Errorf("strategy %d, event %d: %+v there, %+v here", id, i, got, want)
					return
				}
			}
		})
	}
	wait.Wait()
}

// collected are the wishes of a live session.
type collected struct {
	mutex sync.Mutex
	list  []host.Wishes
	ended chan error
}

func (c *collected) wish(w host.Wishes) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.list = append(c.list, w)
}

func (c *collected) all() []host.Wishes {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return slices.Clone(c.list)
}

func live(t testing.TB, p *host.Plugin, c *collected, change func(*host.LiveConfig)) (*host.Live, error) {
	t.Helper()
	c.ended = make(chan error, 1)
	config := host.LiveConfig{
		Strategy: "probe", Instruments: instruments(t), ID: 3, Wish: c.wish, Ended: func(err error) { c.ended <- err },
		IntentsMax: 1e6, TimersMax: 1e6, Timeout: time.Minute,
	}
	change(&config)
	l, err := p.Live(t.Context(), config)
	if err == nil {
		t.Cleanup(l.Close)
	}
	return l, err
}

// TestLive plays a market live, on either way, and has a second process go on in the middle:
// what is asked for is what one strategy in Go asks for that never stopped.
func TestLive(t *testing.T) {
	for _, noSocket := range []bool{false, true} {
		t.Run(fmt.Sprint("noSocket=", noSocket), func(t *testing.T) {
			for seed := range uint64(4) {
				playLive(t, seed, noSocket)
			}
		})
	}
}

func playLive(t *testing.T, seed uint64, noSocket bool) {
	t.Helper()
	params := map[string]string{"every": fmt.Sprint(1 + seed), "other": "CM:BTCUSD_PERP"}
	local, err := strategy.NewRuntime(&plugintest.Probe{}, params, instruments(t), 3)
	check(t, err)
	var want []host.Wishes
	note := func(seq uint64, at exchange.Time, out *strategy.Output) {
		if len(out.Intents)+len(out.Timers) > 0 {
			want = append(want, host.Wishes{Seq: seq, At: at, Intents: slices.Clone(out.Intents), Timers: slices.Clone(out.Timers)})
		}
	}
	var got collected
	p := open(t, "tests/probe.py")
	configure := func(c *host.LiveConfig) { c.Params, c.NoSocket = params, noSocket }
	l, err := live(t, p, &got, configure)
	check(t, err)
	if l.Stats().Socket == noSocket {
		t.Fatalf("socket %v", l.Stats().Socket)
	}
	note(0, 0, local.Started())
	events := slices.DeleteFunc(market(rand.New(rand.NewPCG(seed, 1)), 500), func(e exchange.Event) bool {
		return e.Kind == exchange.KindTimer // nobody has asked for these
	})
	for i := range events {
		if i == len(events)/2 { // another process goes on
			saved, err := l.Save(t.Context())
			check(t, err)
			resume := local.View().Snapshot()
			resume.Saved = saved
			l.Close()
			p.Close()
			p = open(t, "tests/probe.py")
			l, err = live(t, p, &got, func(c *host.LiveConfig) { configure(c); c.Resume = resume })
			check(t, err)
			note(0, 0, &strategy.Output{Timers: []exchange.Timer{{Strategy: 3, ID: 99, Due: 1}}}) // of Start
		}
		l.Deliver(&events[i])
		note(events[i].Seq, events[i].At, local.Deliver(&events[i]))
		if i%64 == 0 || seed%2 == 0 {
			check(t, l.Settle(t.Context()))
		}
	}
	end := events[len(events)-1].At
	check(t, l.Stop(t.Context(), end))
	note(0, end, local.Stop(end))
	if diff := cmp.Diff(want, got.all(), cmp.Comparer(sameLists[exchange.Intent]), cmp.Comparer(sameLists[exchange.Timer])); diff != "" {
		t.Fatalf("seed %d: the wishes differ (-Go +Python):\n%s", seed, diff)
	}
}

func equal(t *testing.T, seed uint64, i int, want, got *strategy.Output) {
	t.Helper()
	if diff := cmp.Diff(*want, *got, comparers...); diff != "" {
		t.Fatalf("seed %d, event %d: the answers differ (-Go +Python):\n%s", seed, i, diff)
	}
}

func same(want, got *strategy.Output) bool { return cmp.Equal(*want, *got, comparers...) }

var comparers = []cmp.Option{
	cmp.Comparer(sameLists[exchange.Intent]), cmp.Comparer(sameLists[exchange.Timer]), cmp.Comparer(sameLists[string]),
}

func sameLists[T comparable](a, b []T) bool { return slices.Equal(a, b) }

// market makes events of all kinds that strategies are given.
func market(rng *rand.Rand, n int) []exchange.Event {
	events := make([]exchange.Event, n)
	at := exchange.Time(1_767_225_600e9)
	for i := range events {
		e := &events[i]
		at += exchange.Time(rng.IntN(3))
		*e = exchange.Event{Seq: uint64(i + 1), At: at, Exchange: at - 5, Inst: exchange.InstrumentID(1 + rng.IntN(2))}
		price := exchange.Fixed(60_000e8 + rng.Int64N(1e8))
		switch k := rng.IntN(40); {
		case k < 15:
			e.SetTrade(exchange.Trade{Price: price, Qty: 5, ID: int64(i), BuyerMaker: k%2 == 0})
		case k < 20:
			e.SetBookTicker(exchange.BookTicker{Bid: price, BidQty: 1, Ask: price + 1, AskQty: exchange.Fixed(i)})
		case k < 24:
			e.SetMark(exchange.Mark{Price: price, Index: price - 7, Rate: -3, NextFunding: at + 1})
		case k < 26:
			e.SetFunding(exchange.Funding{Rate: exchange.Fixed(k), Interval: 8 * time.Hour, Special: k == 25})
		case k < 31:
			e.SetBar(&exchange.Bar{
				Start: at, Interval: time.Minute, Open: price, High: price + 9, Low: price - 9, Close: price + 1,
				Volume: exchange.WideFromWords(int64(i), rng.Uint64()), Trades: 4,
			})
		case k < 34:
			side := exchange.Side(1 + rng.IntN(2))
			e.SetFill(&exchange.Fill{
				Order: 5, Strategy: 3, Ref: uint64(i), Side: side, Price: price, Qty: exchange.Fixed(rng.Int64N(4)) * 5e7, Fee: decimal.New(int64(i), -8),
				PositionSide: exchange.PositionSide(rng.IntN(3)),
			})
		case k < 35:
			e.SetOrderUpdate(&exchange.OrderUpdate{ID: exchange.OrderID(i % 7), Strategy: 3, Ref: uint64(rng.IntN(30)), Status: exchange.OrderStatus(1 + i%14), Price: price})
		case k < 36:
			e.SetRefusal(&exchange.Refusal{Intent: exchange.Intent{Kind: exchange.IntentNew, Strategy: 3, Ref: uint64(1 + rng.IntN(20))}, Rule: "price-collar", Limit: "1%", Value: "2%"})
		case k < 37:
			e.SetTimer(&exchange.Timer{Strategy: 3, ID: uint64(i), Due: at})
		case k < 38:
			id := exchange.StrategyID(0)
			if i%3 == 0 {
				id = exchange.StrategyID(rng.IntN(2) * 3)
			}
			e.SetState(&exchange.StateChange{Inst: exchange.InstrumentID(i % 3), Strategy: id, State: exchange.TradingState(i % 3), Effective: exchange.TradingState(i / 3 % 3), Reason: "test"})
		case k < 39:
			e.SetAccount(&exchange.Account{Equity: decimal.New(int64(i)*10, -2), Status: exchange.StatusNormal})
		default:
			e.SetLedger(&exchange.LedgerEntry{Asset: "BTC", Wallet: exchange.Wallet(1 + i%5), Balance: decimal.New(int64(i), -3)})
		}
	}
	return events
}
