package host_test

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

// TestLockstep plays a random market to a strategy in this process and to the same
// behind the boundary, announced in batches of random sizes, and wants the same answers.
// The deaf one has no code for its account and orders, so that these events are held
// back until the next request.
func TestLockstep(t *testing.T) {
	for mode, fresh := range map[string]func() strategy.Strategy{
		plugintest.Serve:     func() strategy.Strategy { return &plugintest.Probe{} },
		plugintest.ServeDeaf: func() strategy.Strategy { return &plugintest.Deaf{} },
	} {
		for way, noSocket := range ways {
			t.Run(way+"/"+mode, func(t *testing.T) {
				p := openOn(t, mode, noSocket)
				for seed := range uint64(20) {
					ins := instruments(t)
					params := map[string]string{"every": fmt.Sprint(seed % 11), "other": "CM:BTCUSD_PERP"}
					local, err := strategy.NewRuntime(fresh(), params, ins, 3)
					check(t, err)
					session, err := p.Start("", params, ins, 3)
					check(t, err)
					lockstep(t, seed, local, session)
				}
			})
		}
	}
}

// openOn starts a plugin that is to play on a socket, or is kept on gRPC.
func openOn(t *testing.T, mode string, noSocket bool) *host.Plugin {
	t.Helper()
	spec := plugintest.Spec(mode)
	spec.NoSocket = noSocket
	p, err := host.Open(t.Context(), spec)
	check(t, err)
	t.Cleanup(p.Close)
	return p
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
		announced := slices.Clone(events[i:quiet])
		for j := range announced {
			announced[j].Seq = 0 // numbered only when delivered
		}
		check(t, session.Ahead(announced))
		for stop := max(quiet, i+1); i < stop; i++ {
			e := &events[i]
			if local.Wants(e) != session.Wants(e) {
				t.Fatalf("seed %d: %v is wanted here and not there", seed, e.Kind)
			}
			got, err := session.Deliver(e)
			check(t, err)
			want := local.Deliver(e)
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
	if _, err := session.Deliver(&events[0]); err == nil {
		t.Error("a stopped session takes events")
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestConcurrent plays several instances in one process at once.
func TestConcurrent(t *testing.T) {
	p := plugintest.Open(t, plugintest.Serve)
	ins := instruments(t)
	var wait sync.WaitGroup
	for id := range 4 {
		wait.Go(func() {
			params := map[string]string{"every": "3"}
			local, err := strategy.NewRuntime(&plugintest.Probe{}, params, ins, exchange.StrategyID(id+1))
			if err != nil {
				t.Error(err)
				return
			}
			session, err := p.Start("", params, ins, exchange.StrategyID(id+1))
			if err != nil {
				t.Error(err)
				return
			}
			events := market(rand.New(rand.NewPCG(uint64(id), 2)), 300)
			for i := range events {
				got, err := session.Deliver(&events[i])
				if err != nil {
					t.Error(err)
					return
				}
				equal(t, uint64(id), i, local.Deliver(&events[i]), got)
			}
		})
	}
	wait.Wait()
}

func equal(t *testing.T, seed uint64, i int, want, got *strategy.Output) {
	t.Helper()
	if diff := cmp.Diff(*want, *got, cmp.Comparer(sameLists[exchange.Intent]), cmp.Comparer(sameLists[exchange.Timer]), cmp.Comparer(sameLists[string])); diff != "" {
		t.Fatalf("seed %d, event %d: the answers differ (-here +there):\n%s", seed, i, diff)
	}
}

func sameLists[T comparable](a, b []T) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

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
		case k < 25:
			e.SetMark(exchange.Mark{Price: price, Index: price - 7, Rate: -3, NextFunding: at + 1})
		case k < 27:
			e.SetFunding(exchange.Funding{Rate: exchange.Fixed(k), Interval: 8 * time.Hour, Special: k == 26})
		case k < 33:
			e.SetBar(&exchange.Bar{
				Start: at, Interval: time.Minute, Open: price, High: price + 9, Low: price - 9, Close: price + 1,
				Volume: exchange.WideFromWords(int64(i), rng.Uint64()), Trades: 4,
			})
		case k < 34:
			e.SetFill(&exchange.Fill{Order: 5, Strategy: 3, Ref: uint64(i), Side: exchange.Buy, Price: price, Qty: 100_000_000, Fee: decimal.New(int64(i), -8)})
		case k < 35:
			e.SetOrderUpdate(&exchange.OrderUpdate{ID: exchange.OrderID(i % 7), Strategy: 3, Ref: uint64(i), Status: exchange.OrderStatus(1 + i%14), Price: price})
		case k < 36:
			e.SetRefusal(&exchange.Refusal{Intent: exchange.Intent{Strategy: 3, Ref: 4}, Rule: "price-collar", Limit: "1%", Value: "2%"})
		case k < 37:
			e.SetTimer(&exchange.Timer{Strategy: 3, ID: uint64(i), Due: at})
		case k < 38:
			e.SetState(&exchange.StateChange{Inst: exchange.InstrumentID(i % 3), State: exchange.TradingState(i % 3), Reason: "test"})
		case k < 39:
			e.SetAccount(&exchange.Account{Equity: decimal.New(int64(i)*10, -2), Status: exchange.StatusNormal})
		default:
			e.SetLedger(&exchange.LedgerEntry{Asset: "BTC", Wallet: exchange.WalletCM, Balance: decimal.New(int64(i), -3)})
		}
	}
	return events
}

func trades(n int) []exchange.Event {
	events := make([]exchange.Event, n)
	for i := range events {
		events[i] = exchange.Event{Seq: uint64(101 + i), At: exchange.Time(1_767_225_601e9 + int64(i)*1e9), Inst: 1}
		events[i].SetTrade(exchange.Trade{Price: 60_000e8, Qty: 1e6, ID: int64(i)})
	}
	return events
}

func instruments(t testing.TB) *exchange.Instruments {
	t.Helper()
	ins, err := exchange.NewInstruments(
		exchange.Instrument{Product: exchange.UM, Symbol: "BTCUSDT", Tick: 10_000_000, ContractSize: exchange.FixedOne, OrderTypes: []exchange.OrderType{exchange.Limit}},
		exchange.Instrument{Product: exchange.CM, Symbol: "BTCUSD_PERP", ContractSize: 100 * exchange.FixedOne})
	if err != nil {
		t.Fatal(err)
	}
	return ins
}
