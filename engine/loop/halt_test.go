package loop

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
)

// slow is a journal on a disk that takes its time, so that wishes queue up behind it.
type slow struct {
	noJournal
	w *world
}

func (j *slow) Commit(u engine.Urgency) error {
	if u == engine.BeforeRisk {
		<-time.After(time.Duration(j.w.chance(60)) * time.Millisecond)
	}
	return j.fail
}

// wire keeps count of what leaves and of what the kernel has approved.
type wire struct {
	*papiWired
	// The mutex guards what follows: requests leave on goroutines of their own.
	mu        sync.Mutex
	submitted map[string]bool // new orders by client id, until they leave or are over
	sent      int             // risky requests that have left
	reducing  int
	coming    int // of these, not at the exchange yet
	flying    int // and those that it is not done with
	acked     bool
	after     []string
}

// papiWired is the process's own broker.
type papiWired = wired

func (x *wire) Submit(a riskguard.Approved, at exchange.Time) {
	x.mu.Lock()
	if !a.Amend() {
		x.submitted[a.Order().ClientID] = true
	}
	x.mu.Unlock()
	x.papiWired.Submit(a, at)
}

func (x *wire) left(r *http.Request, values url.Values) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !risky(r, values) {
		if r.Method == http.MethodPost && values.Get("reduceOnly") == "true" {
			x.reducing++
		}
		return
	}
	x.flying++
	x.coming++
	x.sent++
	delete(x.submitted, clientID(values))
	if x.acked {
		x.after = append(x.after, "left behind the halt: "+r.Method+" "+r.URL.Path+" "+values.Encode())
	}
}

func (x *wire) arrived(r *http.Request, values url.Values) { x.less(&x.coming, r, values) }

func (x *wire) answered(r *http.Request, values url.Values) { x.less(&x.flying, r, values) }

func (x *wire) less(count *int, r *http.Request, values url.Values) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if risky(r, values) {
		*count--
	}
}

// flood wishes orders for a strategy until the context ends: new ones, amends, cancels, and
// some that only reduce.
func (p *process) flood(s exchange.StrategyID) {
	for ref := uint64(1); p.ctx.Err() == nil; {
		var wishes []exchange.Intent
		for range 1 + p.chance(6) {
			in := p.wish(s, ref)
			switch n := p.chance(12); {
			case n == 0 && ref > 1:
				in = exchange.Intent{Kind: exchange.IntentCancel, Strategy: s, Ref: 1 + uint64(p.chance(int(ref)))}
			case n == 1 && ref > 1:
				in.Kind, in.Ref = exchange.IntentAmend, 1+uint64(p.chance(int(ref)))
			case n == 2 && in.Request.Inst != pair:
				in.Request.ReduceOnly = true
				ref++
			default:
				ref++
			}
			wishes = append(wishes, in)
		}
		p.Wish(engine.Wishes{Intents: wishes})
		<-time.After(time.Duration(p.chance(60)) * time.Millisecond)
	}
}

// haltOnce floods the exchange with orders while the network is slow and much fails, halts
// at a random moment, and counts what leaves behind the acknowledgement.
func haltOnce(t *testing.T, seed uint64, sum tally) {
	inWorld(t, seed, func(w *world) {
		x := &wire{submitted: map[string]bool{}}
		w.left, w.arrived, w.answered = x.left, x.arrived, x.answered
		w.delay = func() time.Duration { return time.Duration(w.chance(400)) * time.Millisecond }
		const strategies = 4
		config := kernelConfig(t, flooding)
		p := w.run(engine.New(config), "pm-h", exchange.Known{}, &slow{w: w}, seen(watching), func(c *Config) {
			b := c.Broker.(wired)
			x.papiWired = &b
			c.Broker = x
		})
		p.settle()
		var floods sync.WaitGroup
		for s := range exchange.StrategyID(2) {
			for range strategies / 2 {
				floods.Go(func() { p.flood(s + 1) })
			}
		}
		floods.Go(func() {
			for p.ctx.Err() == nil {
				w.market(w.price, p.Take)
				<-time.After(time.Duration(1+w.chance(50)) * time.Millisecond)
			}
		})
		for range w.chance(4) {
			w.trouble()
		}
		<-time.After(time.Duration(300+w.chance(3000)) * time.Millisecond)
		p.haltUnder(x, sum)
		<-time.After(4 * time.Second)
		x.mu.Lock()
		for _, a := range x.after {
			t.Errorf("seed %d: %s", seed, a)
		}
		sum["seeds"]++
		sum["sent"] += x.sent
		sum["reducing"] += x.reducing
		sum["after"] += len(x.after)
		x.mu.Unlock()
		p.kill()
		floods.Wait()
	})
}

// haltUnder halts the account as an operator does, and counts what is under way.
func (p *process) haltUnder(x *wire, sum tally) {
	p.Loop.mu.Lock()
	for n := range p.inbox.usual.count {
		q := &p.inbox.usual
		sum["queued"] += len(q.ring[(q.first+n)%len(q.ring)].wishes.Intents)
	}
	p.Loop.mu.Unlock()
	x.mu.Lock()
	sum["waiting"] += len(x.submitted)
	sum["inflight"] += x.flying
	x.mu.Unlock()
	ctx, stop := context.WithTimeout(p.ctx, time.Minute)
	defer stop()
	if err := p.Operate(ctx, operator(exchange.Halted)); err != nil {
		p.t.Error(err)
	}
	x.mu.Lock()
	x.acked = true
	if x.coming > 0 {
		x.after = append(x.after, fmt.Sprint(x.coming, " requests were on their way to the exchange when the halt was acknowledged"))
	}
	x.mu.Unlock()
}

// settle waits until the process trades.
func (p *process) settle() {
	p.t.Helper()
	for range 60 {
		<-time.After(time.Second)
		synctest.Wait()
		p.world.market(p.price, p.Take)
		var held []riskguard.Held
		if err := p.Do(p.ctx, func(k *engine.Kernel) { held = k.States() }); err != nil {
			p.t.Fatal(err)
		}
		if len(held) == 0 {
			return
		}
	}
	p.t.Fatal("the process does not trade")
}

// TestHaltOnTheWire holds that once a halt is acknowledged, no request leaves that may add
// risk, over many seeds: with wishes in the inbox, approvals that wait for the budget or for
// a connection, and requests on their way, while the network and the exchange fail. The full
// count is PMBOT_SEEDS=1000 go test ./engine/loop -run TestHaltOnTheWire -v.
func TestHaltOnTheWire(t *testing.T) {
	sum := tally{}
	for seed := range seeds(t, 80) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) { haltOnce(t, seed, sum) })
	}
	t.Log(sum)
	for _, what := range []string{"queued", "waiting", "inflight", "sent", "reducing"} {
		if sum[what] == 0 {
			t.Errorf("nothing was %s at a halt: the test shows nothing", what)
		}
	}
}
