package loop

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/papisim"
	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/papi"
	"github.com/pmbot/pmbot/riskguard"
)

// loanee borrows and repays while its bot is killed again and again. No two of its acts are of
// one amount, so each record of the exchange is of one of them.
type loanee struct {
	// The mutex guards what follows: connections tell what has left.
	mu    sync.Mutex
	count int64
	sent  map[string]int // requests by kind and amount
}

// configured lets the bot borrow, and repay at last what lies free.
func (o *loanee) configured(t testing.TB) engine.Config {
	c := kernelConfig(t, flooding, func(l *riskguard.Limits) {
		l.BorrowMaxUSD, l.ActsPerMinuteMax = decimal.New(1_000_000, 0), 30
	})
	c.Services = engine.Services{AutoRepay: engine.RepayAll, AutoRepayAfter: time.Minute, AutoRepayMinUSD: decimal.New(1, 0)}
	return c
}

func (o *loanee) left(r *http.Request, values url.Values) {
	kind := strings.TrimPrefix(r.URL.Path, "/papi/v1/")
	if r.Method != http.MethodPost || kind != "marginLoan" && kind != "repayLoan" {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sent[kind+" "+values.Get("amount")]++
}

// keyOf is an act as its request is counted.
func keyOf(kind exchange.ActKind, amount decimal.Decimal) string {
	if kind == exchange.ActBorrow {
		return "marginLoan " + amount.String()
	}
	return "repayLoan " + amount.String()
}

// wish is a loan or a repayment of an amount that no other has. Less is repaid than is owed.
func (o *loanee) wish(w *world) exchange.Intent {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.count++
	in := exchange.Intent{
		Kind: exchange.IntentBorrow, Strategy: exchange.StrategyID(1 + w.chance(2)), Asset: "USDT",
		Amount: exchange.Fixed(100+o.count) * exchange.FixedOne,
	}
	if w.chance(3) == 0 {
		in.Kind, in.Amount = exchange.IntentRepay, exchange.Fixed(o.count)*exchange.FixedOne/100
	}
	return in
}

// borrow wishes until its process is killed.
func (l *lives) borrow(p *process) {
	for p.ctx.Err() == nil {
		p.Wish(engine.Wishes{Intents: []exchange.Intent{l.loans.wish(l.world)}})
		<-time.After(time.Duration(50+p.chance(500)) * time.Millisecond)
	}
}

// hurt lets requests for loans fail.
func (l *lives) hurt() {
	kinds := []papisim.FaultKind{papisim.FaultTimeout, papisim.FaultLostReply, papisim.FaultLostRequest, papisim.FaultUnknown503, papisim.FaultDown503, papisim.FaultReset}
	for range l.chance(4) {
		f := papisim.Fault{
			Kind: kinds[l.chance(len(kinds))], Method: "POST", Path: []string{"/papi/v1/marginLoan", "/papi/v1/repayLoan"}[l.chance(2)],
			NotExecuted: l.chance(2) == 0, Count: 1,
		}
		if _, err := l.sim.Inject(f); err != nil {
			f.NotExecuted = false
			if _, err := l.sim.Inject(f); err != nil {
				l.t.Fatal(err)
			}
		}
	}
}

// acts are all that the kernel knows of: their statuses by what is counted.
func (l *lives) acts() (known map[string]exchange.ActStatus, open []exchange.OpenAct, owed decimal.Decimal) {
	known = map[string]exchange.ActStatus{}
	err := l.Do(context.Background(), func(k *engine.Kernel) {
		open = k.Acts()
		l.sum["served"] += len(k.Services())
		for _, list := range [][]exchange.OpenAct{k.Acts(), k.EndedActs()} {
			for _, a := range list {
				if key := keyOf(a.Kind, a.Amount); known[key] != exchange.ActDone {
					known[key] = a.Status
				}
			}
		}
		for _, a := range k.Loans() {
			if a.Asset == "USDT" {
				owed = a.Principal.Add(a.Interest)
			}
		}
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return known, open, owed
}

// remembers holds what a life begins with against what has left the ones before.
func (l *lives) remembers(seed uint64) {
	known, open, _ := l.acts()
	l.loans.mu.Lock()
	defer l.loans.mu.Unlock()
	for key := range l.loans.sent {
		if known[key] == 0 {
			l.t.Errorf("seed %d, life %d: %s has left and was forgotten", seed, l.count, key)
		}
	}
	l.sum["pending"] += len(open)
}

// agreeOnLoans holds every act against the exchange's records, and what is owed against its
// balance.
func (l *lives) agreeOnLoans(seed uint64) {
	ctx, q := context.Background(), papi.LoansQuery{Asset: "USDT"}
	q.Size = 100
	loans, err1 := l.client.Loans(ctx, q)
	repaid, err2 := l.client.Repayments(ctx, q)
	balances, err3 := l.client.Balances(ctx, "USDT")
	if err1 != nil || err2 != nil || err3 != nil {
		l.t.Fatal(err1, err2, err3)
	}
	records := map[string]int{}
	for _, r := range loans.Rows {
		records[keyOf(exchange.ActBorrow, r.Principal)]++
	}
	for _, r := range repaid.Rows {
		records[keyOf(exchange.ActRepay, r.Amount)]++
	}
	known, open, owed := l.acts()
	for _, a := range open {
		l.t.Errorf("seed %d: act %d, %v %v, is still %v", seed, a.ID, a.Kind, a.Amount, a.Status)
	}
	for key, status := range known {
		l.sum[status.String()]++
		if n := records[key]; status == exchange.ActDone && n != 1 || status != exchange.ActDone && n != 0 {
			l.t.Errorf("seed %d: %s is %v, and the exchange has it %d times", seed, key, status, n)
		}
		delete(records, key)
	}
	for key, n := range records {
		l.t.Errorf("seed %d: the exchange has %s %d times, and the bot has not", seed, key, n)
	}
	if there := balances[0].CrossMarginBorrowed.Add(balances[0].CrossMarginInterest); !there.Equal(owed) {
		l.t.Errorf("seed %d: %v is owed, and the bot has %v", seed, there, owed)
	}
}

// borrowOften kills a bot that borrows at random moments, and lets it live on in the end.
func borrowOften(t *testing.T, seed uint64, sum tally) {
	inWorld(t, seed, func(w *world) {
		w.lending = time.Minute
		l := &lives{world: w, dir: filepath.Join(t.TempDir(), "journal"), sent: map[string]int{}, sum: sum, loans: &loanee{sent: map[string]int{}}}
		w.left = l.left
		w.delay = func() time.Duration { return time.Duration(w.chance(150)) * time.Millisecond }
		for range 1 + w.chance(3) {
			l.begin()
			l.remembers(seed)
			l.settle()
			p := l.process
			l.hurt()
			l.flood.Go(func() { l.borrow(p) })
			<-time.After(time.Duration(500+l.chance(5000)) * time.Millisecond)
			l.crash()
			sum["crashes"]++
			<-time.After(time.Duration(w.chance(5000)) * time.Millisecond)
		}
		w.sim.ClearFaults(0)
		l.begin()
		l.remembers(seed)
		for range 4 {
			<-time.After(time.Minute)
			l.market(l.price, l.Take)
			l.Loop.CatchUp("the faults are over")
		}
		<-time.After(30 * time.Second)
		synctest.Wait()
		sum["seeds"]++
		sum["sent"] += len(l.loans.sent)
		if _, states, _ := l.doubts(); len(states) > 0 {
			sum["halted"]++
			t.Logf("seed %d: halted: %v", seed, states)
		} else {
			l.agreeOnLoans(seed)
		}
		l.end()
		l.replays(seed)
		for key, n := range l.loans.sent {
			if n > 1 {
				t.Errorf("seed %d: %s has left %d times", seed, key, n)
			}
		}
	})
}

// TestCrashesOfActs kills a bot at random moments while loans are on their way and the exchange
// fails: none is forgotten or sent twice, each ends as the exchange's records have it, and every
// journal replays equal, with what the services have wished.
func TestCrashesOfActs(t *testing.T) {
	sum := tally{}
	for seed := range seeds(t, 20) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) { borrowOften(t, seed, sum) })
	}
	t.Log(map[string]int(sum))
	for _, what := range []string{"pending", "DONE", "NOT_ARRIVED", "REJECTED", "served", "replayed", "snapshots"} {
		if sum[what] == 0 {
			t.Errorf("%s is 0: the test shows nothing", what)
		}
	}
	if most := sum["seeds"] / 20; sum["halted"] > most {
		t.Errorf("%d of %d ended halted", sum["halted"], sum["seeds"])
	}
}
