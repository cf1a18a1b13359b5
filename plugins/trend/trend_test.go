package trend

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

func instruments(t testing.TB) *exchange.Instruments {
	t.Helper()
	um := exchange.Instrument{
		Product: exchange.UM, Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT", MarginAsset: "USDT",
		Status: exchange.StatusTrading, ContractSize: exchange.FixedOne, Tick: exchange.MustFixed("0.1"),
		Lot: exchange.Lot{Min: exchange.MustFixed("0.001"), Max: exchange.MustFixed("100"), Step: exchange.MustFixed("0.001")},
	}
	cm := um
	cm.Product, cm.Symbol, cm.Quote, cm.MarginAsset = exchange.CM, "BTCUSD_PERP", "USD", "BTC"
	cm.ContractSize, cm.Lot = exchange.MustFixed("100"), exchange.Lot{Min: exchange.FixedOne, Step: exchange.FixedOne}
	spot := um
	spot.Product = exchange.Margin
	table, err := exchange.NewInstruments(um, cm, spot)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// desk feeds a runtime with bars and answers what it sends as an exchange would: market
// orders fill at the next bar's open, stops at their trigger when a bar reaches it.
type desk struct {
	t       testing.TB
	rt      *strategy.Runtime
	trend   *Trend
	in      *exchange.Instrument
	now     exchange.Time
	last    exchange.Fixed
	working []exchange.Intent
	// stop is the one that the bot keeps, 0 for none.
	stop exchange.Intent
	// reject makes the exchange reject every new order.
	reject bool
	// events are all that were delivered, and replies what the strategy said to each.
	events  []exchange.Event
	replies []string
}

func newDesk(t testing.TB, params map[string]string) *desk {
	t.Helper()
	table := instruments(t)
	trend := New().(*Trend)
	rt, err := strategy.NewRuntime(trend, params, table, 1)
	if err != nil {
		t.Fatal(err)
	}
	return &desk{t: t, rt: rt, trend: trend, in: trend.contracts[0].in, now: exchange.Time(time.Hour)}
}

func (d *desk) deliver(set func(e *exchange.Event)) {
	e := exchange.Event{At: d.now, Inst: d.in.ID}
	set(&e)
	d.events = append(d.events, e)
	out := d.rt.Deliver(&e)
	d.replies = append(d.replies, describe(out))
	for _, i := range slices.Clone(out.Intents) {
		switch {
		case i.Kind == exchange.IntentProtect:
			d.stop = i
			d.task(exchange.TaskWorking, 0)
		case i.Kind == exchange.IntentCancel && i.Ref == d.stop.Ref:
			d.task(exchange.TaskCanceled, 0)
			d.stop = exchange.Intent{}
		case i.Kind == exchange.IntentCancel:
			d.working = slices.DeleteFunc(d.working, func(w exchange.Intent) bool { return w.Ref == i.Ref })
			d.update(i.Ref, exchange.StatusCanceled)
		case d.reject:
			d.update(i.Ref, exchange.StatusRejected)
		default:
			d.working = append(d.working, i)
			d.update(i.Ref, exchange.StatusWorking)
		}
	}
}

// task tells how the bot's stop stands, and what it has closed.
func (d *desk) task(s exchange.TaskStatus, closed exchange.Fixed) {
	u := exchange.TaskUpdate{Strategy: 1, Ref: d.stop.Ref, Kind: exchange.TaskStop, Status: s, Inst: d.in.ID, Trigger: d.stop.Request.Trigger, Lead: closed.Decimal()}
	d.deliver(func(e *exchange.Event) { e.SetTask(&u) })
}

func (d *desk) update(ref uint64, s exchange.OrderStatus) {
	d.deliver(func(e *exchange.Event) {
		e.SetOrderUpdate(&exchange.OrderUpdate{ID: exchange.OrderID(ref), Strategy: 1, Ref: ref, Status: s})
	})
}

func (d *desk) fill(i exchange.Intent, price, qty exchange.Fixed) {
	d.deliver(func(e *exchange.Event) {
		e.SetFill(&exchange.Fill{Strategy: 1, Ref: i.Ref, Side: i.Request.Side, Price: price, Qty: qty})
	})
	d.update(i.Ref, exchange.StatusFilled)
}

// bar plays one bar: what rests is matched, then the bar is delivered. It returns what
// the strategy said at the close.
func (d *desk) bar(open, high, low, closing exchange.Fixed) string {
	for _, w := range slices.Clone(d.working) {
		d.working = slices.DeleteFunc(d.working, func(x exchange.Intent) bool { return x.Ref == w.Ref })
		d.fill(w, open, w.Request.Qty)
	}
	held, r := d.rt.View().Held(d.in), &d.stop.Request
	if r.Side == exchange.Buy && held < 0 && high >= r.Trigger || r.Side == exchange.Sell && held > 0 && low <= r.Trigger {
		d.fill(d.stop, r.Trigger, held.Abs())
		d.task(exchange.TaskWorking, -held)
	}
	d.now = d.now.Add(time.Minute)
	at := len(d.replies)
	d.deliver(func(e *exchange.Event) {
		e.SetBar(&exchange.Bar{Start: d.now.Add(-time.Minute), Interval: time.Minute, Open: open, High: high, Low: low, Close: closing})
	})
	d.last = closing
	return d.replies[at]
}

// closes plays bars of these closing prices and returns what was said at each close.
func (d *desk) closes(prices ...int64) []string {
	var said []string
	for _, p := range prices {
		c := exchange.Fixed(p) * exchange.FixedOne
		open := d.last
		if open == 0 {
			open = c
		}
		said = append(said, d.bar(open, max(open, c), min(open, c), c))
	}
	return said
}

func (d *desk) equity(usd int64) {
	d.deliver(func(e *exchange.Event) { e.SetAccount(&exchange.Account{Equity: decimal.NewFromInt(usd)}) })
}

// describe writes intents on one line, such as "SELL 0.02 flip".
func describe(out *strategy.Output) string {
	var lines []string
	for _, i := range out.Intents {
		r := i.Request
		switch {
		case i.Kind == exchange.IntentCancel:
			lines = append(lines, fmt.Sprint("CANCEL #", i.Ref))
		case i.Kind == exchange.IntentProtect:
			lines = append(lines, fmt.Sprint("PROTECT ", r.Side, " at ", r.Trigger))
		default:
			lines = append(lines, fmt.Sprint(r.Side, " ", r.Qty, " ", i.Tag))
		}
	}
	return strings.Join(append(lines, out.Logs...), "; ")
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("said %q\nwant %q", got, want)
	}
}

func params(pairs ...string) map[string]string {
	m := map[string]string{"fast": "2", "slow": "3", "qty": "0.01"}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return m
}

func TestAlways(t *testing.T) {
	d := newDesk(t, params())
	expect(t, d.closes(100, 101, 102), "", "", "BUY 0.01 enter")
	expect(t, d.closes(103, 90, 91), "", "SELL 0.02 flip", "")
	expect(t, d.closes(91, 95, 100), "BUY 0.02 flip", "", "")
}

func TestEqualAveragesKeepTheTarget(t *testing.T) {
	d := newDesk(t, params())
	expect(t, d.closes(100, 100, 100, 101, 101, 101, 101), "", "", "", "BUY 0.01 enter", "", "", "")
}

func TestLongOnly(t *testing.T) {
	d := newDesk(t, params("mode", "long"))
	expect(t, d.closes(100, 99, 98, 103, 110), "", "", "", "BUY 0.01 enter", "")
	expect(t, d.closes(90, 80, 120, 140), "SELL 0.01 exit", "", "BUY 0.01 enter", "")
}

func TestFlatFirst(t *testing.T) {
	d := newDesk(t, params("mode", "flat-first"))
	expect(t, d.closes(100, 101, 102, 103, 90, 80, 70), "", "", "BUY 0.01 enter", "", "SELL 0.01 exit", "SELL 0.01 enter", "")
}

func TestBreakout(t *testing.T) {
	d := newDesk(t, params("rule", "breakout"))
	expect(t, d.closes(100, 105, 95, 105, 106, 94), "", "", "", "", "BUY 0.01 enter", "SELL 0.02 flip")
}

func TestEMA(t *testing.T) {
	d := newDesk(t, params("rule", "ema"))
	expect(t, d.closes(100, 101, 102, 80, 80), "", "", "BUY 0.01 enter", "SELL 0.02 flip", "")
}

func TestOneOrderAtATime(t *testing.T) {
	d := newDesk(t, params())
	d.closes(100, 101, 102)
	d.working = nil // the exchange is silent
	expect(t, d.closes(90, 80), "", "")
	d.update(1, exchange.StatusCanceled)
	expect(t, d.closes(70), "SELL 0.01 enter")
}

func TestRejectedOrderIsTriedAgainAtTheNextClose(t *testing.T) {
	d := newDesk(t, params())
	d.reject = true
	expect(t, d.closes(100, 101, 102, 103), "", "", "BUY 0.01 enter", "BUY 0.01 enter")
	// Then it waits two closes, then four, but a new signal is another wish.
	expect(t, d.closes(104, 105, 106), "", "BUY 0.01 enter", "")
	d.reject = false
	expect(t, d.closes(90, 91), "SELL 0.01 enter", "")
}

func TestRefusedOrderIsTriedAgainAtTheNextClose(t *testing.T) {
	d := newDesk(t, params())
	d.closes(100, 101)
	c := exchange.MustFixed("102")
	d.now = d.now.Add(time.Minute)
	e := exchange.Event{At: d.now, Inst: d.in.ID}
	e.SetBar(&exchange.Bar{Interval: time.Minute, Open: c, High: c, Low: c, Close: c})
	intent := d.rt.Deliver(&e).Intents[0]
	d.deliver(func(e *exchange.Event) { e.SetRefusal(&exchange.Refusal{Intent: intent, Rule: "max-order"}) })
	expect(t, d.closes(103, 104), "BUY 0.01 enter", "")
}

func TestPartOfAFillIsCompleted(t *testing.T) {
	d := newDesk(t, params())
	d.closes(100, 101, 102)
	order := d.working[0]
	d.working = nil
	d.deliver(func(e *exchange.Event) {
		e.SetFill(&exchange.Fill{Strategy: 1, Ref: order.Ref, Side: exchange.Buy, Price: d.last, Qty: exchange.MustFixed("0.004")})
	})
	d.update(order.Ref, exchange.StatusExpired)
	expect(t, d.closes(103, 104), "BUY 0.006 resize", "")
}

func TestVolatilitySizing(t *testing.T) {
	// Closes that go up and down by one per cent have a deviation of 1.15% a minute with
	// n-1, 43.6% a day: 1% of 100,000 is a usual day with 2,293 in notional.
	run := func(symbol string) string {
		d := newDesk(t, params("symbol", symbol, "sizing", "volatility", "vol_bars", "4", "leverage", "20"))
		d.closes(10000, 10100, 9999, 10099)
		d.equity(100_000)
		return d.closes(10000)[0] + d.closes(12000)[0]
	}
	if got := run("UM:BTCUSDT"); got != "BUY 0.229 enter" {
		t.Errorf("UM: %q", got)
	}
	if got := run("CM:BTCUSD_PERP"); got != "BUY 22 enter" {
		t.Errorf("CM: %q", got)
	}
}

func TestVolatilitySizingNeedsTheAccount(t *testing.T) {
	d := newDesk(t, params("sizing", "volatility", "vol_bars", "2", "leverage", "1"))
	expect(t, d.closes(100, 101, 102, 103), "", "", "", "")
	d.equity(1000)
	expect(t, d.closes(104), "BUY 9.615 enter") // flat returns: leverage bounds it
}

func TestStop(t *testing.T) {
	d := newDesk(t, params("stop", "2", "atr_bars", "3"))
	d.closes(100, 101, 102) // ranges 0, 1, 1 and entry at the open of the next bar, 102
	d.closes(103)
	if got := strings.Join(d.replies, "|"); !strings.Contains(got, "PROTECT SELL at 100.6") {
		t.Fatalf("no stop 2 x 0.667 below 102: %q", got)
	}
	dip := d.bar(exchange.MustFixed("103"), exchange.MustFixed("103"), exchange.MustFixed("95"), exchange.MustFixed("103"))
	expect(t, []string{dip}, "CANCEL #2") // the stop was hit inside the bar: flat until the next cross
	expect(t, d.closes(104, 105, 80), "", "", "SELL 0.01 enter")
}

// A rule that says the same once more has not changed its mind.
func TestStoppedOutStaysFlatUntilTheOtherSignal(t *testing.T) {
	d := newDesk(t, params("rule", "breakout", "stop", "1", "atr_bars", "1"))
	expect(t, d.closes(100, 101, 102, 105), "", "", "", "BUY 0.01 enter")
	expect(t, d.closes(105, 101, 104, 106, 107), "", "CANCEL #2", "", "", "")
	expect(t, d.closes(100), "SELL 0.01 enter")
}

func TestStopFollowsAFlip(t *testing.T) {
	d := newDesk(t, params("stop", "10", "atr_bars", "1"))
	d.closes(100, 101, 102, 103, 100, 99)
	var said []string
	for _, r := range d.replies {
		if r != "" {
			said = append(said, r)
		}
	}
	expect(t, said, "BUY 0.01 enter", "PROTECT SELL at 92", "SELL 0.02 flip",
		"CANCEL #2; PROTECT BUY at 130")
}

func TestLostStopIsPlacedAgain(t *testing.T) {
	d := newDesk(t, params("stop", "10", "atr_bars", "1"))
	d.closes(100, 101, 102, 103)
	d.task(exchange.TaskCanceled, 0)
	expect(t, d.closes(104, 105), "PROTECT SELL at 92", "")
}

// TestStopOfAPositionThatTurned: the process dies between a flip and the news of it, and whoever comes
// back finds a stop of the other side, which is no stop for what it holds.
func TestStopOfAPositionThatTurned(t *testing.T) {
	for held, want := range map[string]string{"0.01": "", "-0.01": "CANCEL #2; PROTECT BUY at 130"} {
		p := params("stop", "10", "atr_bars", "1")
		d := newDesk(t, p)
		d.closes(100, 101, 102, 103)
		at := d.rt.View().Snapshot()
		at.Positions = []exchange.Position{{Inst: 1, Qty: decimal.RequireFromString(held), Entry: decimal.New(100, 0)}}
		at.Saved = &strategy.Saved{Version: 2, State: save(t, d.rt)}
		if strings.HasPrefix(held, "-") {
			at.Saved.State = []byte(strings.Replace(string(at.Saved.State), `"Target":"0.01"`, `"Target":"-0.01"`, 1))
		}
		next := newDesk(t, p)
		rt, err := strategy.ResumeRuntime(New(), p, instruments(t), 1, at)
		if err != nil {
			t.Fatal(err)
		}
		next.rt, next.now, next.last, next.stop = rt, d.now, d.last, exchange.Intent{}
		high := exchange.MustFixed("104")
		if got := next.bar(high, high, exchange.MustFixed("101"), high); got != want {
			t.Errorf("holding %s it says %q, want %q", held, got, want)
		}
	}
}

func TestWarmingLearnsAndDoesNotTrade(t *testing.T) {
	d := newDesk(t, params("warmup", "4"))
	if subs := d.rt.Subscriptions(); len(subs) != 1 || subs[0].Warmup != 4 || subs[0].Interval != time.Minute {
		t.Fatalf("subscriptions %+v", subs)
	}
	d.rt.SetWarming(true)
	expect(t, d.closes(100, 101, 102, 103), "", "", "", "")
	d.rt.SetWarming(false)
	expect(t, d.closes(104), "BUY 0.01 enter")
}

func TestStartMistakes(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"fast", "3", "fast 3 must be below slow 3"},
		{"qty", "0.0101", "qty 0.0101 is not on the lot grid of UM BTCUSDT: least 0.001, step 0.001"},
		{"symbol", "UM:ETHUSDT", "no such instrument: UM ETHUSDT"},
		{"symbol", "MARGIN:BTCUSDT", "only UM and CM contracts"},
		{"rule", "macd", `rule: "macd" is none of sma, ema, breakout`},
	} {
		_, err := strategy.NewRuntime(New(), params(c.name, c.value), instruments(t), 1)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s = %s: error %v, want %q", c.name, c.value, err, c.want)
		}
	}
}

// walk plays n bars of a random walk.
func (d *desk) walk(seed uint64, n int) {
	random := rand.New(rand.NewPCG(seed, 0))
	price := int64(1000)
	for range n {
		price = max(price+random.Int64N(7)-3, 10)
		d.closes(price)
	}
}

// The rule as an independent check would state it: sums in decimals, from all closes.
func TestCrossAgainstPlainVersion(t *testing.T) {
	for seed := range uint64(20) {
		d := newDesk(t, params("fast", "4", "slow", "9"))
		random := rand.New(rand.NewPCG(seed, 0))
		var closes []decimal.Decimal
		mean := func(n int) decimal.Decimal {
			sum := decimal.Zero
			for _, c := range closes[len(closes)-n:] {
				sum = sum.Add(c)
			}
			return sum.Mul(decimal.NewFromInt(int64(36 / n)))
		}
		position, price := 0, int64(1000)
		for i := range 300 {
			price = max(price+random.Int64N(7)-3, 10)
			closes = append(closes, decimal.NewFromInt(price))
			want, target := "", position
			if len(closes) >= 9 {
				if c := mean(4).Cmp(mean(9)); c != 0 {
					target = c
				}
			}
			switch {
			case target == position:
			case position == 0 && target > 0:
				want = "BUY 0.01 enter"
			case position == 0:
				want = "SELL 0.01 enter"
			case target > 0:
				want = "BUY 0.02 flip"
			default:
				want = "SELL 0.02 flip"
			}
			position = target
			if got := d.closes(price)[0]; got != want {
				t.Fatalf("seed %d, bar %d: %q, want %q", seed, i, got, want)
			}
		}
	}
}

// Whoever kills the program between any two events and restores it sees nothing of it.
func TestKilledBetweenAnyTwoEvents(t *testing.T) {
	for _, p := range []map[string]string{
		params("fast", "3", "slow", "6", "stop", "1.5", "atr_bars", "5"),
		params("fast", "3", "slow", "6", "rule", "ema", "mode", "flat-first"),
		params("fast", "3", "slow", "6", "rule", "breakout", "mode", "long", "stop", "3"),
		params("fast", "3", "slow", "6", "sizing", "volatility", "vol_bars", "7"),
	} {
		d := newDesk(t, p)
		d.equity(10_000)
		d.walk(5, 60)
		final := save(t, d.rt)
		before := newDesk(t, p).rt
		for k := range d.events {
			after := newDesk(t, p).rt
			if err := after.Restore(2, save(t, before)); err != nil {
				t.Fatal(err)
			}
			if err := after.Resume(before.View().Snapshot()); err != nil {
				t.Fatal(err)
			}
			for i := k; i < len(d.events); i++ {
				if got := describe(after.Deliver(&d.events[i])); got != d.replies[i] {
					t.Fatalf("%v: killed before event %d, at event %d said %q, want %q", p, k, i, got, d.replies[i])
				}
			}
			if !bytes.Equal(save(t, after), final) {
				t.Fatalf("%v: killed before event %d, the final state differs", p, k)
			}
			before.Deliver(&d.events[k])
		}
	}
}

func save(t *testing.T, rt *strategy.Runtime) []byte {
	t.Helper()
	version, state, ok, err := rt.Save()
	if version != 2 || !ok || err != nil {
		t.Fatalf("Save = %d, %v, %v", version, ok, err)
	}
	return state
}

func TestRestoreMistakes(t *testing.T) {
	d := newDesk(t, params("slow", "9"))
	d.walk(1, 12)
	state := save(t, d.rt)
	fresh := newDesk(t, params("slow", "5")).rt
	for _, c := range []struct {
		version int
		state   []byte
		want    string
	}{
		{2, state, "not one of a SMA of length 5"},
		{1, state, "version 1 is not 2, the only one known"},
		{2, []byte("["), "unexpected end"},
		{2, []byte(`[{"Symbol":"UM BTCUSDT"}]`), "state has 0 indicators, not 7"},
	} {
		if err := fresh.Restore(c.version, c.state); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

func TestQuietBarAllocatesNothing(t *testing.T) {
	d := newDesk(t, params("fast", "2", "slow", "3"))
	d.closes(100, 101, 102, 103)
	e := d.events[len(d.events)-1]
	if n := testing.AllocsPerRun(100, func() { d.rt.Deliver(&e) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
