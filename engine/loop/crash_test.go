package loop

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/engine/journal"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/papi"
)

// lives is a bot that dies and starts again, with a journal.
type lives struct {
	*world
	*process
	dir    string
	writer *journal.Writer
	flood  sync.WaitGroup
	count  int
	sum    tally
	loans  *loanee // who lets it borrow; nil is nobody

	// The mutex guards what has left, which connections tell.
	mu   sync.Mutex
	sent map[string]int // new orders by client id
}

func (l *lives) left(r *http.Request, values url.Values) {
	if l.loans != nil {
		l.loans.left(r, values)
	}
	if id := clientID(values); id != "" && r.Method == http.MethodPost {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.sent[id]++
	}
}

// configured is what every life is configured with.
func (l *lives) configured() engine.Config {
	if l.loans != nil {
		return l.loans.configured(l.t)
	}
	return kernelConfig(l.t, flooding)
}

// begin recovers the journal and starts a process on it.
func (l *lives) begin() {
	l.count++
	k, r, err := Recover(l.dir, l.configured())
	if err != nil {
		l.t.Fatal(err)
	}
	l.recovered(k, &r)
	known := k.Known()
	prefix := fmt.Sprint("pm", l.count)
	header := journal.Header{Version: "test", Config: "c", Prefix: prefix, Mode: "live", Account: "a"}
	for i := range l.ins.Len() {
		header.Instruments = append(header.Instruments, *l.ins.At(exchange.InstrumentID(i + 1)))
	}
	l.writer, err = journal.Open(journal.Config{Dir: l.dir, Header: header, Sync: journal.SyncNever(), SegmentBytes: 256 << 10})
	if err != nil {
		l.t.Fatal(err)
	}
	if err := l.writer.Rotate(k.Snapshot()); err != nil {
		l.t.Fatal(err)
	}
	l.process = l.run(k, prefix, known, Keep(l.writer), seen(watching))
}

// recovered holds a kernel that was brought back against what has left the processes before
// it: no order was forgotten, and none is at the exchange that the journal does not have.
func (l *lives) recovered(k *engine.Kernel, r *Recovered) {
	l.mu.Lock()
	defer l.mu.Unlock()
	known := map[string]bool{}
	ids := map[exchange.OrderID]bool{}
	for _, o := range k.Known().Orders {
		known[o.ClientID] = true
		if ids[o.ID] {
			l.t.Errorf("order %d is there twice", o.ID)
		}
		ids[o.ID] = true
	}
	for id := range l.sent {
		if !known[id] && !leg(id) {
			l.t.Errorf("life %d: %s has left and was forgotten", l.count, id)
		}
	}
	for _, u := range k.Tasks() {
		l.sum["tasks"]++
		if !u.Lead.Add(u.Hedged).IsZero() {
			l.sum["unhedged"]++
		}
	}
	if r.Torn > 0 {
		l.sum["torn"]++
	}
	for _, c := range r.Orders {
		l.sum["open"] += c.Orders
		switch c.Status {
		case exchange.StatusPendingNew, exchange.StatusPendingCancel, exchange.StatusPendingAmend:
			l.sum["pending"] += c.Orders
		}
	}
}

// leg says whether a client id is that of an OCO's leg.
func leg(id string) bool { return strings.HasSuffix(id, "-l") || strings.HasSuffix(id, "-s") }

// crash drops the process at once: nothing leaves any more, and of the journal there is what
// was written.
func (l *lives) crash() {
	l.cable.cut()
	next := filepath.Join(l.t.TempDir(), fmt.Sprint(l.count))
	if err := os.CopyFS(next, os.DirFS(l.dir)); err != nil {
		l.t.Fatal(err)
	}
	l.end()
	l.dir = next
}

// end stops the process.
func (l *lives) end() {
	l.process.kill()
	l.process.tasks.Wait()
	l.flood.Wait()
	_ = l.writer.Close()
	l.client.CloseIdle()
	if l.failed != nil {
		l.t.Errorf("life %d: %v", l.count, l.failed)
	}
}

// doubts lists what is left over of orders whose fate nobody knows.
func (l *lives) doubts() (orders []exchange.Order, states []string, holdings []engine.Holding) {
	err := l.Do(context.Background(), func(k *engine.Kernel) {
		orders, holdings = k.Orders(), k.Holdings()
		for _, h := range k.States() {
			states = append(states, fmt.Sprint(h.Cause, " ", h.State, ": ", h.Reason))
		}
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return orders, states, holdings
}

// agree holds the kernel against the exchange: open orders, positions, and that it trades.
func (l *lives) agree(seed uint64) {
	ctx := context.Background()
	orders, states, holdings := l.doubts()
	if len(states) > 0 {
		l.sum["halted"]++
		l.t.Logf("seed %d: halted: %v", seed, states)
		return
	}
	open := map[string]bool{}
	for _, id := range l.openAt(ctx) {
		open[id] = true
	}
	for _, o := range orders {
		if o.Status == exchange.StatusUnknown || !open[o.ClientID] && o.Status != exchange.StatusTriggered {
			l.t.Errorf("seed %d: the bot has %s as %v, and the exchange has it open is %v", seed, o.ClientID, o.Status, open[o.ClientID])
		}
		delete(open, o.ClientID)
	}
	for id := range open {
		l.t.Errorf("seed %d: the exchange has %s open, and the bot has not", seed, id)
	}
	l.agreeOnPositions(ctx, seed, holdings)
	err := l.Do(ctx, func(k *engine.Kernel) {
		for _, u := range k.Tasks() {
			if u.Kind != exchange.TaskPair {
				continue
			}
			if open := u.Lead.Add(u.Hedged).Abs(); open.GreaterThan(decimal.New(22, -4)) {
				l.t.Errorf("seed %d: more than a slice of a pair is open, %v coins: %+v", seed, open, u)
			}
			if !u.Lead.Add(u.Hedged).IsZero() {
				l.sum["unhedged at the end"]++
				l.t.Logf("seed %d: %+v", seed, u)
			}
		}
	})
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *lives) agreeOnPositions(ctx context.Context, seed uint64, holdings []engine.Holding) {
	ours := map[exchange.InstrumentID]decimal.Decimal{}
	for _, h := range holdings {
		ours[h.Inst] = ours[h.Inst].Add(h.Qty)
	}
	theirs := map[exchange.InstrumentID]decimal.Decimal{}
	umHeld, err1 := l.client.UMPositions(ctx, "")
	cmHeld, err2 := l.client.CMPositions(ctx, "", "")
	if err1 != nil || err2 != nil {
		l.t.Fatal(err1, err2)
	}
	for _, p := range umHeld {
		theirs[um] = theirs[um].Add(p.PositionAmt)
	}
	for _, p := range cmHeld {
		theirs[cm] = theirs[cm].Add(p.PositionAmt)
	}
	for _, inst := range []exchange.InstrumentID{um, cm} {
		if !ours[inst].Equal(theirs[inst]) {
			l.t.Errorf("seed %d: position of %d: %v by fills, %v at the exchange", seed, inst, ours[inst], theirs[inst])
		}
		if !theirs[inst].IsZero() {
			l.sum["positions"]++
		}
	}
}

// openAt are the client ids of the open orders at the exchange.
func (l *lives) openAt(ctx context.Context) []string {
	var list []string
	umOpen, err1 := l.client.UMOpenOrders(ctx, "")
	cmOpen, err2 := l.client.CMOpenOrders(ctx, "", "")
	margins, err3 := l.client.MarginOpenOrders(ctx, "BTCUSDT")
	conditional, err4 := l.client.CMOpenConditionalOrders(ctx, "")
	for _, err := range []error{err1, err2, err3, err4} {
		if err != nil {
			l.t.Fatal(err)
		}
	}
	for i := range umOpen {
		list = append(list, umOpen[i].ClientOrderID)
	}
	for i := range cmOpen {
		list = append(list, cmOpen[i].ClientOrderID)
	}
	for i := range margins {
		list = append(list, margins[i].ClientOrderID)
	}
	for i := range conditional {
		list = append(list, conditional[i].NewClientStrategyID)
	}
	return append(list, l.openAlgos(ctx)...)
}

func (l *lives) openAlgos(ctx context.Context) (list []string) {
	algos, err := l.client.UMOpenAlgoOrders(ctx, papi.UMOpenAlgoOrdersQuery{})
	if err != nil {
		l.t.Fatal(err)
	}
	for i := range algos {
		list = append(list, algos[i].ClientAlgoID)
	}
	return list
}

// trade lets the bot wish and the market move for a while.
func (l *lives) trade() {
	p := l.process
	for s := range exchange.StrategyID(2) {
		l.flood.Go(func() { p.flood(s + 1) })
	}
	for range l.chance(3) {
		l.trouble()
	}
	until := time.Now().Add(time.Duration(200+l.chance(4000)) * time.Millisecond)
	for time.Now().Before(until) {
		l.move(func() { l.price += exchange.Fixed(l.random.IntN(201)-100) * exchange.FixedOne })
		l.show(l.price)
		l.market(l.price, p.Take)
		<-time.After(time.Duration(10+l.chance(200)) * time.Millisecond)
	}
}

// move changes the world with its mutex.
func (w *world) move(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

// liveOften kills a bot at random moments, and lets it live on in the end.
func liveOften(t *testing.T, seed uint64, sum tally) {
	inWorld(t, seed, func(w *world) {
		l := &lives{world: w, dir: filepath.Join(t.TempDir(), "journal"), sent: map[string]int{}, sum: sum}
		w.left = l.left
		w.delay = func() time.Duration { return time.Duration(w.chance(150)) * time.Millisecond }
		for range 1 + w.chance(3) {
			l.begin()
			if w.chance(4) > 0 {
				l.settle()
			}
			l.trade()
			l.crash()
			sum["crashes"]++
			<-time.After(time.Duration(w.chance(5000)) * time.Millisecond)
		}
		w.sim.ClearFaults(0)
		l.begin()
		for range 4 {
			<-time.After(time.Minute)
			l.market(l.price, l.Take)
			l.Loop.CatchUp("the faults are over")
		}
		<-time.After(30 * time.Second)
		synctest.Wait()
		sum["seeds"]++
		sum["sent"] += len(l.sent)
		l.agree(seed)
		l.end()
		l.replays(seed)
		for id, n := range l.sent {
			if n > 1 {
				t.Errorf("seed %d: %s has left %d times", seed, id, n)
			}
		}
	})
}

// replays decides the whole journal again.
func (l *lives) replays(seed uint64) {
	config := func(*journal.Header) (engine.Config, error) { return l.configured(), nil }
	r, err := Replay(context.Background(), l.dir, config, ReplayOptions{})
	if err != nil {
		l.t.Errorf("seed %d: replay: %v", seed, err)
	}
	for _, d := range r.Differences {
		l.t.Errorf("seed %d: replay: %+v", seed, d)
	}
	l.sum["replayed"] += int(r.Decisions)
	l.sum["snapshots"] += r.Snapshots
}

// TestCrashes kills a bot at random moments while requests are on their way and the exchange
// fails, and starts it again from what write(2) had: no order is forgotten, no id is used
// twice, what was pending is doubted until the exchange's truth is known, and in the end bot
// and exchange agree. Every journal replays equal.
func TestCrashes(t *testing.T) {
	sum := tally{}
	for seed := range seeds(t, 20) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) { liveOften(t, seed, sum) })
	}
	t.Log(sum)
	for _, what := range []string{"open", "pending", "positions", "replayed", "snapshots", "tasks", "unhedged"} {
		if sum[what] == 0 {
			t.Errorf("%s is 0: the test shows nothing", what)
		}
	}
	if most := sum["seeds"] / 20; sum["halted"] > most {
		t.Errorf("%d of %d ended halted", sum["halted"], sum["seeds"])
	}
}
