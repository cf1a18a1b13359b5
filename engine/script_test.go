package engine

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
)

var rewrite = flag.Bool("rewrite", false, "write what the kernel answers into testdata; read the diff")

// TestScripts feeds the kernel, with a real guard behind it, from text files and holds
// its answers against what stands there. A line that begins with a blank is an answer.
// The first file to read is testdata/order-life.txt.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			got := newBench(t).play(string(want))
			if *rewrite {
				if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(want) {
				t.Errorf("the kernel answers otherwise; got\n%s", got)
			}
		})
	}
}

// bench is a kernel with a driver that notes commands in place of carrying them out.
type bench struct {
	t      testing.TB
	ins    *exchange.Instruments
	guard  *riskguard.Guard
	kernel *Kernel
	driver *Driver
	out    *strings.Builder
	now    exchange.Time
	fill   int64
	// there is the exchange's account, for readings of it.
	there exchange.Truth
	// shown are the numbers of the events that the strategies were shown since it was emptied.
	shown []uint64
	// share is called with a strategy's part of a forced fill, if set.
	share func(*exchange.Event)
}

func newBench(t testing.TB) *bench { return benchOf(t, benchLimits()) }

// benchOf is a bench with other limits.
func benchOf(t testing.TB, l riskguard.Limits) *bench {
	t.Helper()
	b := &bench{t: t, out: &strings.Builder{}, now: exchange.Millis(1_700_000_000_000)}
	c := benchConfig(t, l)
	b.ins, b.guard, b.kernel = c.Instruments, c.Guard, New(c)
	b.driver = NewDriver(b.kernel, b, b)
	return b
}

func benchInstruments(t testing.TB) *exchange.Instruments {
	t.Helper()
	lot := exchange.Lot{Min: exchange.MustFixed("0.001"), Max: exchange.MustFixed("1000"), Step: exchange.MustFixed("0.001")}
	contracts := exchange.Lot{Min: exchange.FixedOne, Max: exchange.MustFixed("1000000"), Step: exchange.FixedOne}
	ins, err := exchange.NewInstruments(
		exchange.Instrument{
			Product: exchange.UM, Symbol: "BTCUSDT", Pair: "BTCUSDT", Base: "BTC", Quote: "USDT", MarginAsset: "USDT",
			Status: exchange.StatusTrading, ContractSize: exchange.FixedOne, Tick: exchange.MustFixed("0.1"), Lot: lot,
			NotionalMin: exchange.MustFixed("50"), PercentUp: exchange.MustFixed("1.05"), PercentDown: exchange.MustFixed("0.95"),
		},
		exchange.Instrument{
			Product: exchange.CM, Symbol: "BTCUSD_PERP", Pair: "BTCUSD", Base: "BTC", Quote: "USD", MarginAsset: "BTC",
			Status: exchange.StatusTrading, ContractSize: exchange.MustFixed("100"), Tick: exchange.MustFixed("0.1"), Lot: contracts,
		},
		exchange.Instrument{
			Product: exchange.Margin, Symbol: "BTCUSDT", Pair: "BTCUSDT", Base: "BTC", Quote: "USDT", MarginAsset: "USDT",
			Status: exchange.StatusTrading, ContractSize: exchange.FixedOne, Tick: exchange.MustFixed("0.1"), Lot: lot,
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	return ins
}

// Submit, Cancel and Deliver note what the driver is told to do.

func (b *bench) Submit(a riskguard.Approved, _ exchange.Time) {
	if a.Act().Kind != 0 {
		b.sayAct(a)
		return
	}
	o := a.Order()
	verb := "submit"
	if a.Amend() {
		verb = "amend"
	}
	b.say("%s %s %v %v %v %v", verb, o.ClientID, o.Request.Side, o.Request.Type, o.Request.Qty, o.Request.Price)
}

func (b *bench) Cancel(o exchange.Order, _ exchange.Time) { b.say("cancel %s", o.ClientID) }

func (b *bench) Deliver(e *exchange.Event, _ *Wishes) error {
	if e.Kind != exchange.KindTask { // which time alone may change, whatever the event
		b.shown = append(b.shown, e.Seq)
	}
	if e.Share() && b.share != nil {
		b.share(e)
	}
	switch e.Kind {
	case exchange.KindRefusal:
		r := e.Refusal()
		b.say("s%d #%d %s", r.Intent.Strategy, r.Intent.Ref, r.Error())
	case exchange.KindOrderUpdate:
		u := e.OrderUpdate()
		b.say("s%d #%d order %v filled %v", u.Strategy, u.Ref, u.Status, u.Filled)
	case exchange.KindFill:
		f := e.Fill()
		b.say("s%d #%d fill %v %v at %v", f.Strategy, f.Ref, f.Side, f.Qty, f.Price)
	case exchange.KindLedger:
		if l := e.Ledger(); l.Reason != exchange.ReasonDeposit {
			b.say("%s in %v %v by %v to %v", l.Asset, l.Wallet, l.Reason, l.Delta, l.Balance)
		}
	case exchange.KindAct:
		u := e.Act()
		b.say("s%d #%d act %d %v %v %s %v", u.Strategy, u.Ref, u.ID, u.Kind, u.Amount, u.Asset, u.Status)
	case exchange.KindTask:
		b.say("%s", taskWords(e.Task()))
	case exchange.KindState:
		b.say("state %v: %s", e.State().Effective, e.State().Reason)
	}
	return nil
}

func (b *bench) say(format string, args ...any) { fmt.Fprintf(b.out, "  "+format+"\n", args...) }

// play runs a script and returns it with the answers.
func (b *bench) play(script string) string {
	lines := bufio.NewScanner(strings.NewReader(script))
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "  ") {
			continue
		}
		fmt.Fprintln(b.out, line)
		if f := strings.Fields(line); len(f) > 0 && !strings.HasPrefix(line, "#") {
			if err := b.do(f); err != nil {
				b.say("error: %v", err)
			}
		}
	}
	return b.out.String()
}

// opened is a bench whose account has money, prices and leave to trade.
func opened(t testing.TB) *bench {
	t.Helper()
	b := newBench(t)
	b.play("price UM 60000\nprice CM 60000\nindex BTC 60000\nindex USDT 1\ndeposit UM USDT 100000\nstate ACTIVE")
	b.out.Reset()
	return b
}

// do carries out one line: a verb and its words.
func (b *bench) do(f []string) error {
	e := exchange.Event{At: b.now}
	switch f[0] {
	case "wait":
		d, err := time.ParseDuration(f[1])
		b.now = b.now.Add(d)
		return err
	case "price": // price UM 60000, price BNB 600: mark and last trade
		e.Inst = b.inst(f[1])
		if b.ins.At(e.Inst).Product != exchange.Margin { // pairs have no mark
			e.SetMark(exchange.Mark{Price: exchange.MustFixed(f[2])})
			if err := b.driver.Deliver(&e); err != nil {
				return err
			}
		}
		e.SetTrade(exchange.Trade{Price: exchange.MustFixed(f[2]), Qty: exchange.FixedOne})
	case "index": // index BTC 60000
		e.SetAssetIndex(&exchange.AssetIndex{Asset: f[1], Price: exchange.MustFixed(f[2])})
	case "deposit": // deposit UM USDT 10000
		w, err := exchange.ParseWallet(f[1])
		if err != nil {
			return err
		}
		amount := decimal.RequireFromString(f[3])
		e.SetLedger(&exchange.LedgerEntry{Asset: f[2], Wallet: w, Reason: exchange.ReasonDeposit, Delta: amount, Balance: amount})
	case "state": // state ACTIVE [STREAM], state HALTED on UM
		states := map[string]exchange.TradingState{"ACTIVE": exchange.Active, "REDUCE_ONLY": exchange.ReduceOnly, "HALTED": exchange.Halted}
		change := exchange.StateChange{State: states[f[1]], Reason: "script", By: "test"}
		if len(f) > 3 {
			change.Inst = b.inst(f[3])
		} else if len(f) > 2 {
			var err error
			if change.Cause, err = exchange.ParseCause(f[2]); err != nil {
				return err
			}
		}
		e.SetState(&change)
	case "start": // start t2: a process with that prefix begins
		e.SetStart(&exchange.Start{Prefix: f[1], Version: "v1", Config: "c1", Mode: "live"})
	case "reload": // reload {"open_orders_max":1}
		e.SetReload(&exchange.Reload{Limits: []byte(f[1]), By: "test"})
	case "states": // who holds what
		for _, h := range b.kernel.States() {
			b.say("inst %d strategy %d %v by %v: %s", h.Inst, h.Strategy, h.State, h.Cause, h.Reason)
		}
		return nil
	case "orders": // what the kernel knows
		for _, o := range b.kernel.Orders() {
			b.say("%s #%d %v %v %v at %v, filled %v", o.ClientID, o.Ref, o.Status, o.Request.Side, o.Request.Qty, o.Request.Price, o.Filled)
		}
		return nil
	case "there", "read", "differences", "accept", "flatten":
		return b.reconcile(f)
	case "wish", "told", "book", "lend", "acts", "loans":
		return b.act(f)
	case "services", "served", "restore":
		return b.serviced(f)
	case "pair", "protect", "tasks", "process":
		return b.task(f)
	case "s1", "s2", "s9":
		return b.wish(f)
	case "ack", "fill", "end":
		return b.answer(f)
	default:
		return fmt.Errorf("no such verb %q", f[0])
	}
	return b.driver.Deliver(&e)
}

// wish is "s1 #1 buy UM 0.01 market", "s1 #1 sell CM 5 limit 60000 reduce",
// "s1 #1 buy UM 0.1 stop 61000", "s1 #1 buy UM 0.1 stop-limit 61000 61100",
// "s1 #1 sell MARGIN 0.1 oco 62000 58000", "s1 #1 buy UM 0.1 market long",
// "s1 #1 cancel", "s1 #1 amend 60000 0.02", "s1 #1 cancel-all UM".
func (b *bench) wish(f []string) error {
	ref, err := strconv.ParseUint(f[1][1:], 10, 64)
	if err != nil {
		return err
	}
	in := exchange.Intent{Kind: exchange.IntentNew, Strategy: exchange.StrategyID(f[0][1] - '0'), Ref: ref}
	r := &in.Request
	switch f[2] {
	case "cancel":
		in.Kind = exchange.IntentCancel
	case "cancel-all":
		in.Kind, r.Inst = exchange.IntentCancelAll, b.inst(f[3])
	case "amend":
		in.Kind, r.Price, r.Qty = exchange.IntentAmend, exchange.MustFixed(f[3]), exchange.MustFixed(f[4])
	default:
		r.Side, r.Type = exchange.Buy, exchange.Market
		if f[2] == "sell" {
			r.Side = exchange.Sell
		}
		r.Inst, r.Qty = b.inst(f[3]), exchange.MustFixed(f[4])
		switch f[5] {
		case "limit":
			r.Type, r.Price = exchange.Limit, exchange.MustFixed(f[6])
		case "stop":
			r.Type, r.Trigger = exchange.StopMarket, exchange.MustFixed(f[6])
		case "stop-limit":
			r.Type, r.Trigger, r.Price = exchange.Stop, exchange.MustFixed(f[6]), exchange.MustFixed(f[7])
		case "oco":
			r.Type, r.Price, r.Trigger = exchange.OCO, exchange.MustFixed(f[6]), exchange.MustFixed(f[7])
		}
		switch f[len(f)-1] {
		case "reduce":
			r.ReduceOnly = true
		case "long":
			r.PositionSide = exchange.Long
		case "short":
			r.PositionSide = exchange.Short
		}
	}
	w := Wishes{Intents: []exchange.Intent{in}}
	return b.driver.Wish(&w, b.now)
}

// answer is "ack t-1-1 [price=60000 qty=0.1]", "fill t-1-1 BUY 0.01 60000 [trade id] [long|short]",
// "end t-1-1 CANCELED [price= qty= filled= code= child= of=]", with any status.
func (b *bench) answer(f []string) error {
	e := exchange.Event{At: b.now, Inst: 1}
	if o := b.kernel.orders.byName[f[1]]; o != nil {
		e.Inst = o.Request.Inst
	}
	if f[0] == "fill" {
		side, err := exchange.ParseSide(f[2])
		if err != nil {
			return err
		}
		b.fill++
		id, leg := b.fill, exchange.Both
		switch last := f[len(f)-1]; last {
		case "long", "short":
			f = f[:len(f)-1]
			leg = map[string]exchange.PositionSide{"long": exchange.Long, "short": exchange.Short}[last]
		}
		if len(f) > 5 {
			if id, err = strconv.ParseInt(f[5], 10, 64); err != nil {
				return err
			}
		}
		e.SetFill(&exchange.Fill{ClientID: f[1], TradeID: id, Side: side, PositionSide: leg, Qty: exchange.MustFixed(f[3]), Price: exchange.MustFixed(f[4])})
		return b.driver.Deliver(&e)
	}
	u := exchange.OrderUpdate{ClientID: f[1], VenueID: 77, Status: exchange.StatusWorking}
	rest := f[2:]
	if f[0] == "end" {
		u.Status, rest = status(f[2]), f[3:]
	}
	for _, word := range rest {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "price":
			u.Price = exchange.MustFixed(value)
		case "qty":
			u.Qty = exchange.MustFixed(value)
		case "filled":
			u.Filled = exchange.MustFixed(value)
		case "code":
			u.Code, _ = strconv.Atoi(value)
		case "of": // when the exchange sent it, on a clock that starts at 0
			d, err := time.ParseDuration(value)
			if err != nil {
				return err
			}
			e.Exchange = exchange.Time(d)
		case "child":
			u.Child = value
		}
	}
	e.SetOrderUpdate(&u)
	return b.driver.Deliver(&e)
}

// status is the status of a name, or one that no exchange has.
func status(name string) exchange.OrderStatus {
	for s := exchange.StatusPendingNew; s <= exchange.StatusNotArrived; s++ {
		if s.String() == name {
			return s
		}
	}
	return exchange.StatusNotArrived + 1
}

func (b *bench) inst(word string) exchange.InstrumentID {
	if word == bnb {
		return exchange.InstrumentID(b.ins.Len())
	}
	p, err := exchange.ParseProduct(word)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, in := range b.ins.All() {
		if in.Product == p {
			return in.ID
		}
	}
	b.t.Fatal("no instrument of", word)
	return 0
}

// golden holds text against a file in testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *rewrite {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s is otherwise now:\n%s", name, got)
	}
}
