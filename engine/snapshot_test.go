package engine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/raced"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// story is a journal in memory: each event as it was before it took effect, the decision on
// it, and what followed.
type story struct {
	kernel *Kernel
	steps  []storyStep
}

type storyStep struct {
	event   exchange.Event
	decided *Decision
	follows string
}

func (s *story) Append(e *exchange.Event, d *Decision) error {
	step := storyStep{event: copied(e)}
	if d != nil {
		own := *d
		step.decided = &own
	}
	s.steps = append(s.steps, step)
	return nil
}

func (s *story) Commit(Urgency) error {
	s.steps[len(s.steps)-1].follows = toldOf(s.kernel.commands)
	return nil
}

// copied is an event that nobody else changes.
func copied(e *exchange.Event) exchange.Event {
	own := *e
	switch e.Kind {
	case exchange.KindOrderUpdate:
		u := *e.OrderUpdate()
		own.SetOrderUpdate(&u)
	case exchange.KindFill:
		f := *e.Fill()
		own.SetFill(&f)
	case exchange.KindState:
		s := *e.State()
		own.SetState(&s)
	case exchange.KindIntent:
		in := *e.Intent()
		own.SetIntent(&in)
	case exchange.KindAct:
		u := *e.Act()
		own.SetAct(&u)
	}
	own.Flags = e.Flags
	return own
}

// toldOf puts all of commands into words.
func toldOf(commands []Command) string {
	var text strings.Builder
	for i := range commands {
		c := &commands[i]
		if act := c.Approved.Act(); act.Kind != 0 {
			fmt.Fprintf(&text, "%d %+v %v", c.Kind, act, c.Approved.Expires())
		} else {
			fmt.Fprintf(&text, "%d %+v %+v", c.Kind, c.Approved, c.Order)
		}
		if e := &c.Event; c.Kind == Tell {
			fmt.Fprintf(&text, " %d %d %d %v", e.Seq, e.At, e.Inst, e.Flags)
			switch e.Kind {
			case exchange.KindOrderUpdate:
				fmt.Fprintf(&text, "%+v", *e.OrderUpdate())
			case exchange.KindFill:
				fmt.Fprintf(&text, "%+v", *e.Fill())
			case exchange.KindRefusal:
				fmt.Fprintf(&text, "%+v", *e.Refusal())
			case exchange.KindState:
				fmt.Fprintf(&text, "%+v", *e.State())
			case exchange.KindAct:
				fmt.Fprintf(&text, "%+v", *e.Act())
			}
		}
		text.WriteByte('\n')
	}
	return text.String()
}

// decisionOf puts a decision into words.
func decisionOf(d *Decision) string {
	if d == nil {
		return "none"
	}
	own := *d
	own.Refusal, own.Truth, own.Act = nil, nil, nil
	act := own.Approved.Act()
	if act.Kind != 0 {
		own.Approved = riskguard.Approved{}
	}
	text := fmt.Sprintf("%+v %+v", own, act)
	if d.Act != nil {
		text += fmt.Sprintf("%+v", *d.Act)
	}
	if d.Truth != nil {
		text += fmt.Sprintf("%+v", *d.Truth)
	}
	if d.Refusal != nil {
		text += d.Refusal.Error()
	}
	return text
}

// storm is chaos with everything else that changes a kernel's state: states by every
// cause, starts, reloads, money, prices, and OCOs of a margin pair.
type storm struct {
	*chaos
	starts int
}

func newStorm(t testing.TB, seed uint64) *storm {
	c := &chaos{
		bench: opened(t), random: rand.New(rand.NewPCG(seed, 8)), insts: map[string]exchange.InstrumentID{},
		counted: map[string]bool{}, finals: map[exchange.OrderID]int{},
	}
	c.play("price MARGIN 60000\ndeposit MARGIN USDT 100000\ndeposit MARGIN BTC 3")
	config := stormConfig(t, benchLimits(), seed)
	c.kernel.reconcile, c.kernel.services = config.Reconcile, newServices(config.Services, config.Instruments)
	return &storm{chaos: c}
}

func (s *storm) step() {
	s.money()
	e := exchange.Event{At: s.now}
	switch s.random.IntN(26) {
	case 0:
		s.halts()
		return
	case 1:
		s.starts++
		e.SetStart(&exchange.Start{Prefix: fmt.Sprint("p", s.starts), Mode: "live"})
		s.give(e)
		for _, cause := range []exchange.Cause{exchange.CauseStart, exchange.CauseStream} {
			e.SetState(&exchange.StateChange{State: exchange.Active, Cause: cause})
			s.give(e)
		}
		return
	case 2:
		l := riskguard.DefaultLimits()
		l.StrangersMax = 1_000_000 // as a bench
		l.OrderNotionalMaxRatio, l.PositionMaxRatio = decimal.New(1+s.random.Int64N(9), -1), decimal.New(1+s.random.Int64N(20), -1)
		l.OpenOrdersNotionalMaxRatio = decimal.NewFromInt(40)
		l.MessagesPerSecondMax, l.OpenOrdersMax = s.random.IntN(12), s.random.IntN(30)
		l.ShockCoin = decimal.New(s.random.Int64N(5), -1)
		e.SetReload(&exchange.Reload{Limits: l.JSON(), By: "storm"})
	case 3:
		asset := []string{"USDT", "BTC", "BNB", "USDC"}[s.random.IntN(4)]
		wallet := exchange.Wallet(1 + s.random.IntN(exchange.Wallets))
		e.Exchange = s.now
		amount := decimal.New(1e9+s.random.Int64N(1e9), -4)
		if wallet.Debt() {
			amount = amount.Shift(-6)
		}
		e.SetLedger(&exchange.LedgerEntry{Asset: asset, Wallet: wallet, Balance: amount})
	case 4:
		e.SetAssetIndex(&exchange.AssetIndex{Asset: "USDT", Price: exchange.FixedOne})
		s.give(e)
		e.SetAssetIndex(&exchange.AssetIndex{Asset: "BTC", Price: exchange.Fixed(59_000+s.random.Int64N(2000)) * exchange.FixedOne})
		s.give(e)
		asset := []string{"BNB", "USDC"}[s.random.IntN(2)]
		e.SetAssetIndex(&exchange.AssetIndex{Asset: asset, Price: exchange.Fixed(1+s.random.Int64N(600)) * exchange.FixedOne})
	case 5:
		e.Inst = exchange.InstrumentID(1 + s.random.IntN(3))
		e.SetCadence(&exchange.Cadence{Kind: exchange.KindMark, Every: time.Duration(1 + s.random.Int64N(1e10))})
	case 6:
		e.Inst = exchange.InstrumentID(1 + s.random.IntN(3))
		e.SetBookTicker(exchange.BookTicker{Bid: 60_000 * exchange.FixedOne, Ask: 60_001 * exchange.FixedOne})
	case 7:
		s.sendOCO()
		return
	case 8:
		s.answerOCO()
		return
	case 9, 10:
		s.reading()
		return
	case 11:
		s.task()
		return
	default:
		s.chaos.step()
		return
	}
	s.give(e)
}

// halts sets states by any cause on any scope, and mostly lifts them again at once.
func (s *storm) halts() {
	e := exchange.Event{At: s.now}
	change := exchange.StateChange{
		State: exchange.TradingState(s.random.IntN(3)), Cause: exchange.Cause(s.random.IntN(exchange.Causes)), Reason: "storm",
	}
	switch s.random.IntN(3) {
	case 0:
		change.Inst = exchange.InstrumentID(s.random.IntN(5))
	case 1:
		change.Strategy = exchange.StrategyID(s.random.IntN(4))
	}
	e.SetState(&change)
	s.give(e)
	if s.random.IntN(8) > 0 {
		change.State = exchange.Active
		e.SetState(&change)
		s.give(e)
	}
	s.resume()
}

// resume is a person's, who is mostly there.
func (s *storm) resume() {
	if s.random.IntN(4) > 0 {
		e := exchange.Event{At: s.now}
		e.SetState(&exchange.StateChange{State: exchange.Active, Cause: exchange.CauseOperator, By: "storm", Accept: s.random.IntN(2) == 0})
		s.give(e)
	}
}

// money is something about acts on the account, mostly nothing.
func (s *storm) money() {
	e := exchange.Event{At: s.now}
	switch s.random.IntN(20) {
	case 0, 1:
		s.wishAct()
		return
	case 2, 3:
		e.SetAct(&exchange.ActUpdate{
			ID: s.kernel.acts.last - exchange.ActID(s.random.IntN(3)), Status: exchange.ActStatus(s.random.IntN(7)), Transaction: s.random.Int64N(2),
		})
	case 4:
		e.SetLending(&exchange.Lending{
			Asset: []string{"USDT", "BTC"}[s.random.IntN(2)], Rated: s.random.IntN(2) == 0, Hourly: decimal.New(s.random.Int64N(100), -7),
			Known: s.random.IntN(2) == 0, Available: decimal.New(s.random.Int64N(5000), 0),
		})
	case 5:
		if s.kernel.services.next == exchange.Never {
			return
		}
		s.now = s.now.Add(time.Duration(s.random.IntN(60)) * time.Second) // for services to look
		s.play("price UM 60000\nprice CM 60000\nprice MARGIN 60000\nindex BTC 60000\nindex USDT 1")
		return
	default:
		return
	}
	s.give(e)
}

// wishAct mostly wishes a loan or its end.
func (s *storm) wishAct() {
	in := exchange.Intent{
		Kind: exchange.IntentBorrow + exchange.IntentKind(s.random.IntN(3)), Strategy: exchange.StrategyID(s.random.IntN(3)),
		Asset: []string{"USDT", "BTC"}[s.random.IntN(2)], Amount: exchange.Fixed(1 + s.random.Int64N(1e7)), Tag: "storm",
	}
	if err := s.driver.Wish(&Wishes{Intents: []exchange.Intent{in}}, s.now); err != nil {
		panic(err)
	}
}

func (s *storm) sendOCO() {
	s.refs[1]++
	in := exchange.Intent{Kind: exchange.IntentNew, Strategy: 1, Ref: s.refs[1], Request: exchange.OrderRequest{
		Inst: 3, Type: exchange.OCO, Side: exchange.Sell, Qty: exchange.FixedOne / 10,
		Price: 62_000 * exchange.FixedOne, Trigger: 58_000 * exchange.FixedOne,
	}}
	before := s.kernel.lastOrder
	if err := s.driver.Wish(&Wishes{Intents: []exchange.Intent{in}}, s.now); err != nil {
		panic(err)
	}
	s.learn(before)
}

// answerOCO tells of a leg, through its list, now and then before the list is known.
func (s *storm) answerOCO() {
	for _, o := range s.kernel.orders.open {
		if o.Request.Type != exchange.OCO || s.random.IntN(2) == 0 {
			continue
		}
		limit, stop := exchange.OCOLegs(o.ClientID)
		leg := []string{limit, stop}[s.random.IntN(2)]
		s.names, s.insts[leg] = append(s.names, leg), 3
		e := exchange.Event{At: s.now, Inst: 3}
		if s.random.IntN(3) == 0 {
			e.SetOrderUpdate(&exchange.OrderUpdate{ClientID: leg, Status: exchange.StatusWorking})
			s.give(e)
		}
		e.SetOrderUpdate(&exchange.OrderUpdate{ClientID: o.ClientID, Status: exchange.StatusWorking, Child: leg})
		s.give(e)
		return
	}
}

// reading is one of the exchange's account that is the kernel's but for a thing or two, and
// mostly a second one that shows the same.
func (s *storm) reading() {
	truth := exchange.Truth{At: s.now + 10*exchange.Time(time.Second)}
	for _, o := range s.kernel.Orders() {
		switch s.random.IntN(12) {
		case 0:
			continue
		case 1:
			o.Request.Qty += exchange.FixedOne / 1000
		}
		truth.Orders = append(truth.Orders, exchange.TruthOrder{Order: o, Ours: true})
	}
	if s.random.IntN(2) == 0 {
		s.starts++
		o := exchange.Order{ClientID: fmt.Sprint("gone-1-", s.starts), VenueID: 5, Status: exchange.StatusWorking, Created: s.now}
		o.Request = exchange.OrderRequest{
			Inst: exchange.InstrumentID(s.random.IntN(4)), Type: exchange.Limit, Side: exchange.Buy, Qty: exchange.FixedOne, Price: 59_000 * exchange.FixedOne,
		}
		truth.Orders = append(truth.Orders, exchange.TruthOrder{Order: o, Ours: s.random.IntN(3) > 0})
	}
	for inst := exchange.InstrumentID(1); inst <= 2; inst++ {
		if p := s.guard.Position(inst, exchange.Both); s.random.IntN(3) > 0 && p.Entry.IsPositive() {
			p.Qty = p.Qty.Add(decimal.New(int64(s.random.IntN(2)), 0))
			truth.Positions = append(truth.Positions, p)
		}
	}
	truth.Balances = append(s.guard.Balances(), exchange.TruthBalance{Asset: "BNB", Wallet: exchange.WalletUM, Amount: decimal.New(s.random.Int64N(3), 0)})
	for range 1 + s.random.IntN(3) {
		e := exchange.Event{At: s.now, Exchange: s.now}
		e.SetTruth(&truth)
		s.give(e)
	}
	s.resume()
}

// tight are limits that refuse every order, but count messages as those of a bench do.
func tight() riskguard.Limits {
	l := riskguard.DefaultLimits()
	l.StrangersMax = 1_000_000 // as a bench
	l.OrderNotionalMaxRatio, l.PositionMaxRatio, l.OpenOrdersMax = decimal.Zero, decimal.Zero, 0
	l.UniMMRMin, l.UniMMRShockMin = decimal.New(1000, 0), decimal.New(1000, 0)
	return l
}

// benchConfig is what a bench's kernel is made of, with a guard of its own.
func benchConfig(t testing.TB, l riskguard.Limits) Config {
	t.Helper()
	ins := benchInstruments(t)
	guard, err := riskguard.New(riskguard.Config{Instruments: ins, Tables: margin.Assumed(), Limits: l, Strategies: 2, Permits: riskguard.Unbound(2)})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []exchange.Kind{exchange.KindAccount, exchange.KindClock} { // neither is ever old
		e := exchange.Event{}
		e.SetCadence(&exchange.Cadence{Kind: kind, Every: exchange.Forever})
		guard.Apply(&e)
	}
	return Config{Instruments: ins, Guard: guard, Strategies: 2, ClientPrefix: "t"}
}

// stormConfig is that of a seed's kernel: some adopt what others cancel or halt for.
func stormConfig(t testing.TB, l riskguard.Limits, seed uint64) Config {
	c := benchConfig(t, l)
	if seed%2 == 1 {
		c.Reconcile.Orders = exchange.RemedyAdopt
	}
	if seed%3 > 0 {
		c.Reconcile.Positions = exchange.RemedyAdopt
	}
	if seed%4 == 1 && seed < 100 {
		c.Services = Services{AutoRepay: RepayAll, AutoRepayAfter: time.Minute, Collect: true, NegativeRepayUSD: decimal.New(1, 0), BNBLow: decimal.New(1, 0), BNBHigh: decimal.New(2, 0)}
	}
	return c
}

// moment is a snapshot and how much of the story had happened.
type moment struct {
	at   int
	text []byte
}

// weather lets a storm of that many steps happen and returns its story, with a kernel's
// snapshot at the start, at the end and now and then between.
func weather(t *testing.T, seed uint64, steps int) (*story, []moment) {
	s := newStorm(t, seed)
	told := &story{kernel: s.kernel}
	s.driver.Record(told)
	moments := []moment{{0, s.kernel.Snapshot()}}
	for range steps {
		s.chaosStep(t, seed)
		if s.random.IntN(60) == 0 {
			moments = append(moments, moment{len(told.steps), s.kernel.Snapshot()})
		}
	}
	return told, append(moments, moment{len(told.steps), s.kernel.Snapshot()})
}

func (s *storm) chaosStep(t *testing.T, seed uint64) {
	defer func() {
		if p := recover(); p != nil {
			t.Fatalf("seed %d: %v", seed, p)
		}
	}()
	s.step()
}

// TestRestoredGoesOnTheSame: from any moment on a kernel that was restored decides, commands
// and becomes, byte for byte, what the one that wrote the snapshot did.
func TestRestoredGoesOnTheSame(t *testing.T) {
	kinds, remedies, sent, orders, served, pursued := map[exchange.Kind]int{}, map[exchange.Remedy]int{}, 0, 0, 0, 0
	raced.Skip(t, "it has one goroutine")
	const seeds = 12
	for seed := range uint64(seeds) {
		told, moments := weather(t, seed, 600)
		end := moments[len(moments)-1]
		for _, m := range moments {
			k, err := Restore(stormConfig(t, benchLimits(), seed), m.text)
			if err != nil {
				t.Fatalf("seed %d at %d: %v", seed, m.at, err)
			}
			if again := k.Snapshot(); !bytes.Equal(again, m.text) {
				t.Fatalf("seed %d at %d: restored, it writes another snapshot: %s", seed, m.at, parts(m.text, again))
			}
			orders += len(k.Orders())
			for i, step := range told.steps[m.at:] {
				e := copied(&step.event)
				if Decides(e.Kind) {
					d := k.Decide(&e)
					if got, want := decisionOf(&d), decisionOf(step.decided); got != want {
						t.Fatalf("seed %d, from %d on, step %d: decides\n%s\nnot\n%s", seed, m.at, i, got, want)
					}
					step.decided = &d
				}
				kinds[e.Kind]++
				if e.Kind == exchange.KindIntent && Serves(e.Intent()) {
					served++
				}
				if e.Kind == exchange.KindIntent && k.Pursues(e.Intent()) {
					pursued++
				}
				if d := step.decided; d != nil && d.Truth != nil {
					for _, difference := range d.Truth.Differences {
						remedies[difference.Remedy]++
					}
				}
				if got := toldOf(k.Apply(&e, step.decided)); got != step.follows {
					t.Fatalf("seed %d, from %d on, step %d, %v: commands\n%s\nnot\n%s", seed, m.at, i, e.Kind, got, step.follows)
				}
				sent += strings.Count(step.follows, "\n")
			}
			if got := k.Snapshot(); !bytes.Equal(got, end.text) {
				t.Fatalf("seed %d, from %d on: ends as another: %s", seed, m.at, parts(end.text, got))
			}
		}
	}
	for _, kind := range []exchange.Kind{
		exchange.KindIntent, exchange.KindOrderUpdate, exchange.KindFill, exchange.KindState, exchange.KindStart, exchange.KindReload,
		exchange.KindLedger, exchange.KindCadence, exchange.KindMark, exchange.KindTruth, exchange.KindAct, exchange.KindLending,
	} {
		if kinds[kind] < 100*seeds/12 {
			t.Errorf("only %d events of %v", kinds[kind], kind)
		}
	}
	for r := exchange.RemedyReport; r <= exchange.RemedyHalt; r++ {
		if remedies[r] < 20*seeds/12 {
			t.Errorf("only %d times %v", remedies[r], r)
		}
	}
	if served < seeds/3 {
		t.Errorf("services wished only %d times", served)
	}
	if pursued < 20*seeds {
		t.Errorf("tasks wished only %d times", pursued)
	}
	t.Logf("%d commands, %d wishes of tasks, %d wishes of services, %d open orders restored, events %v, differences %v", sent, pursued, served, orders, kinds, remedies)
}

// TestNothingIsForgottenUnderTighterLimits: events and recorded decisions make the same
// state, order by order, although the guard would refuse each of them; it is not asked. What
// is wished then is refused.
func TestNothingIsForgottenUnderTighterLimits(t *testing.T) {
	open := 0
	for seed := range uint64(6) {
		told, moments := weather(t, 100+seed, 500)
		end := moments[len(moments)-1]
		for _, m := range moments {
			k, err := Restore(stormConfig(t, tight(), 100+seed), m.text)
			if err != nil {
				t.Fatal(err)
			}
			for _, step := range told.steps[m.at:] {
				e := copied(&step.event)
				k.Apply(&e, step.decided)
			}
			if got := k.Snapshot(); !bytes.Equal(got, end.text) {
				t.Fatalf("seed %d, from %d on: ends as another: %s", seed, m.at, parts(end.text, got))
			}
			open += len(k.Orders())
			if bytes.Contains(end.text, []byte(`"limits":`)) {
				continue // a reload in the story has set looser ones
			}
			e := exchange.Event{Seq: k.Seq() + 1, At: k.Now(), Inst: 1}
			e.SetIntent(&exchange.Intent{Kind: exchange.IntentNew, Strategy: 1, Ref: 1_000_000, Request: exchange.OrderRequest{
				Inst: 1, Side: exchange.Buy, Type: exchange.Limit, Qty: exchange.FixedOne / 100, Price: 59_000 * exchange.FixedOne,
			}})
			if d := k.Decide(&e); d.Refusal == nil {
				t.Errorf("seed %d: approved", seed)
			}
		}
	}
	if open == 0 {
		t.Error("no order was open")
	}
}

// benchLimits are those of a bench.
func benchLimits() riskguard.Limits {
	l := riskguard.DefaultLimits()
	l.OrderNotionalMaxRatio, l.PositionMaxRatio, l.BorrowMaxUSD = decimal.New(5, -1), decimal.New(8, -1), decimal.New(20_000, 0)
	l.StrangersMax = 1_000_000 // there are many, and trading goes on
	l.OpenOrdersNotionalMaxRatio = decimal.NewFromInt(40)
	l.SelfTrade = riskguard.AllowSelfTrade // which the kernel must book right
	return l
}

// TestNoIntentHasTwoOrders: whatever happens, and whoever starts anew, an intent has at most
// one order, and no two orders of a journal have one id or one client id.
func TestNoIntentHasTwoOrders(t *testing.T) {
	orders := 0
	for seed := range uint64(6) {
		told, _ := weather(t, 200+seed, 600)
		ids, names := map[exchange.OrderID]bool{}, map[string]bool{}
		for _, step := range told.steps {
			if n := strings.Count(step.follows, fmt.Sprint(Submit, " {order:")); n > 1 || n == 1 && step.event.Kind != exchange.KindIntent {
				t.Fatalf("seed %d: %d orders for one %v:\n%s", seed, n, step.event.Kind, step.follows)
			}
			if d := step.decided; d != nil && d.Order.ID != 0 && !d.Amend {
				if ids[d.Order.ID] || names[d.Order.ClientID] || CheckPrefix(d.Order.ClientID[:strings.Index(d.Order.ClientID, "-")]) != nil {
					t.Fatalf("seed %d: order %d, %s, is a second one of that name", seed, d.Order.ID, d.Order.ClientID)
				}
				ids[d.Order.ID], names[d.Order.ClientID] = true, true
				orders++
			}
		}
	}
	if orders < 50 {
		t.Errorf("only %d orders", orders)
	}
}

// parts shows where two texts part.
func parts(a, b []byte) string {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	show := func(text []byte) string { return fmt.Sprintf("%.300q", text[min(max(0, n-60), len(text)):]) }
	return "\n" + show(a) + "\n" + show(b)
}

// TestSnapshotIsSortedJSON: keys rise in every object, and every order has a line.
func TestSnapshotIsSortedJSON(t *testing.T) {
	_, moments := weather(t, 3, 400)
	text := moments[len(moments)-1].text
	var all any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&all); err != nil {
		t.Fatal(err)
	}
	sorted, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(sorted, compact.Bytes()) {
		t.Error(parts(sorted, compact.Bytes()))
	}
	for line := range bytes.Lines(text) {
		if n := bytes.Count(line, []byte(`"client_id"`)); n > 1 {
			t.Errorf("%d orders on a line: %s", n, line)
		}
	}
}

// TestSnapshotGolden shows what a snapshot looks like, and that its bytes stay what they
// are: another form needs another version.
func TestSnapshotGolden(t *testing.T) {
	b := opened(t)
	b.play(`price MARGIN 60000
deposit MARGIN BTC 3
s1 #1 buy UM 0.1 limit 59000
ack t-1-1
fill t-1-1 BUY 0.04 59000 11
s1 #1 amend 59100 0.2
s2 #1 sell CM 5 limit 61000
ack t-2-2
s2 #1 cancel
end t-2-2 CANCELED
s1 #2 sell MARGIN 0.1 oco 62000 58000
ack t-1-3 child=t-1-3-l
ack autoclose-1
fill autoclose-1 SELL 0.01 59000 12
reload {"open_orders_max":5}
state REDUCE_ONLY OPERATOR`)
	e := exchange.Event{At: b.now, Exchange: b.now}
	held := []exchange.Position{b.guard.Position(1, exchange.Both)}
	e.SetTruth(&exchange.Truth{At: b.now, Balances: b.guard.Balances(), Positions: held, Orders: []exchange.TruthOrder{{Ours: true, Order: exchange.Order{
		ClientID: "s-1-9", VenueID: 8, Status: exchange.StatusWorking, Created: b.now,
		Request: exchange.OrderRequest{Inst: 2, Side: exchange.Buy, Type: exchange.Limit, Qty: exchange.FixedOne, Price: exchange.MustFixed("58000")},
	}}}})
	if err := b.driver.Deliver(&e); err != nil {
		t.Fatal(err)
	}
	got := b.kernel.Snapshot()
	golden(t, "testdata/snapshot.json", got)
	k, err := Restore(benchConfig(t, benchLimits()), got)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(k.Snapshot(), got) {
		t.Error(parts(got, k.Snapshot()))
	}
}

// TestIDsAreNeverUsedAgain, whatever the prefix: the number goes on after a restore.
func TestIDsAreNeverUsedAgain(t *testing.T) {
	b := opened(t)
	b.play("s1 #1 buy UM 0.01 limit 59000\nack t-1-1\nend t-1-1 CANCELED\nwait 1s")
	for round := range 3 {
		config := benchConfig(t, benchLimits())
		k, err := Restore(config, b.kernel.Snapshot())
		if err != nil {
			t.Fatal(err)
		}
		b.kernel, b.guard = k, config.Guard
		b.driver = NewDriver(k, b, b)
		b.driver.Resume()
		b.out.Reset()
		ref := fmt.Sprint("s1 #", round+2)
		b.play("price UM 60000\nindex BTC 60000\nindex USDT 1\n" + ref + " buy UM 0.01 limit 59000")
		if want := fmt.Sprint("submit t-1-", round+2); !strings.Contains(b.out.String(), want) {
			t.Errorf("round %d: want %q:\n%s", round, want, b.out)
		}
		b.play(fmt.Sprint("end t-1-", round+2, " CANCELED\nwait 1s"))
	}
}

// TestWhatReadersAreTold: orders, holdings and the newest fill.
func TestWhatReadersAreTold(t *testing.T) {
	b := opened(t)
	b.play("s1 #1 buy UM 0.1 limit 59000\nack t-1-1\nfill t-1-1 BUY 0.04 59000\nfill autoclose-1 SELL 0.1 59000 12 short")
	if list := b.kernel.Holdings(); !slices.EqualFunc(list, []Holding{
		{Strategy: 0, Inst: 1, Side: exchange.Short, Qty: decimal.New(-1, -1)}, {Strategy: 1, Inst: 1, Side: exchange.Both, Qty: decimal.New(4, -2)},
	}, func(a, b Holding) bool {
		return a.Strategy == b.Strategy && a.Inst == b.Inst && a.Side == b.Side && a.Qty.Equal(b.Qty)
	}) {
		t.Errorf("%+v", list)
	}
	if list := b.kernel.Orders(); len(list) != 1 || list[0].Status != exchange.StatusWorking || list[0].Filled != exchange.MustFixed("0.04") {
		t.Errorf("%+v", list)
	}
	if at := b.kernel.LastFill(); at != 0 {
		t.Errorf("no event had a time of the exchange, but %v", at)
	}
	for i, e := range []exchange.Event{{Exchange: 50}, {Exchange: 70}, {Exchange: 60}} {
		e.At, e.Inst = b.now, 1
		if i == 1 {
			e.SetLedger(&exchange.LedgerEntry{Asset: "USDT", Wallet: exchange.WalletUM})
		} else {
			e.SetFill(&exchange.Fill{ClientID: "t-1-1", TradeID: int64(100 + i), Side: exchange.Buy, Qty: 1, Price: exchange.FixedOne})
		}
		if err := b.driver.Deliver(&e); err != nil {
			t.Fatal(err)
		}
	}
	if at := b.kernel.LastFill(); at != 70 {
		t.Errorf("newest is %v", at)
	}
}
