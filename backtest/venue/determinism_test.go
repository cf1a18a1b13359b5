package venue

import (
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/pmbot/pmbot/exchange"
)

// logMin is how many events the log of a run must have.
const logMin = 10_000

// livesMax is how many accounts a seed may run one after the other until its log has every
// kind of event: what an account dies of is part of what is random.
const livesMax = 24

// TestDeterminism runs each seed twice and compares what the accounts saw, byte for byte:
// hashes of all events with all their fields. Every log has at least 10,000 events and
// every kind of them, and no two seeds have the same.
// The long form, part of make seeds, says how far it is:
//
//	PMBOT_SEEDS=1000 go test ./backtest/venue -run TestDeterminism -v -timeout 60m
func TestDeterminism(t *testing.T) {
	list := seeds(3)
	logs := make([]eventLog, len(list))
	var done sync.WaitGroup
	var mu sync.Mutex // for the progress alone: the runs share nothing
	finished := 0
	next := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		done.Go(func() {
			for i := range next {
				logs[i] = logOf(t, list[i])
				if again := logOf(t, list[i]); again.sum != logs[i].sum || again.events != logs[i].events {
					t.Errorf("-seed=%d: two equal runs differ: %d events %x, %d events %x", list[i], logs[i].events, logs[i].sum, again.events, again.sum)
				}
				mu.Lock()
				if finished++; finished%50 == 0 {
					t.Logf("%d of %d seeds", finished, len(list))
				}
				mu.Unlock()
			}
		})
	}
	for i := range list {
		next <- i
	}
	close(next)
	done.Wait()
	checkLogs(t, list, logs)
}

// checkLogs checks that logs are long, complete and distinct.
func checkLogs(t *testing.T, list []uint64, logs []eventLog) {
	seen := map[[sha256.Size]byte]uint64{}
	total, least, lives, counts := 0, logs[0].events, 0, tally{}
	for i, l := range logs {
		if other, twice := seen[l.sum]; twice {
			t.Errorf("-seed=%d: the same log as seed %d", list[i], other)
		}
		seen[l.sum] = list[i]
		if l.events < logMin {
			t.Errorf("-seed=%d: a log of %d events, want %d", list[i], l.events, logMin)
		}
		for _, kind := range l.counts.missing() {
			t.Errorf("-seed=%d: a log without %s", list[i], kind)
		}
		total, least, lives = total+l.events, min(least, l.events), lives+l.lives
		for kind, n := range l.counts {
			counts[kind] += n
		}
	}
	t.Logf("%d seeds, each twice, byte-equal; %d distinct logs of %d accounts; %d events in them, at least %d in each, and each kind in each:\n%s",
		len(list), len(seen), lives, total, least, counts)
}

// eventLog is what is kept of the events of a seed: how many, of how many accounts and of
// which kinds, and a hash of their text.
type eventLog struct {
	events int
	lives  int
	counts tally
	sum    [sha256.Size]byte
}

// logOf runs a seed: one account after the other until every kind of event has been seen.
func logOf(t *testing.T, seed uint64) eventLog {
	l, text := eventLog{counts: tally{}}, sha256.New()
	for ; l.lives < livesMax && len(l.counts.missing()) > 0; l.lives++ {
		l.live(t, rand.New(rand.NewPCG(seed, uint64(2+l.lives))), text)
	}
	text.Sum(l.sum[:0])
	return l
}

// live runs one account. Those after the first pay interest in BNB, which chance leaves out
// in two accounts of three.
func (l *eventLog) live(t *testing.T, rng *rand.Rand, text io.Writer) {
	c := randomConfig(rng)
	c.Money.BurnInterest = c.Money.BurnInterest || l.lives > 0
	v := newVenue(t, c)
	ops := randomOps(rng, randomMinutes)
	v.Start(ops[0].at)
	run(v, ops, func() {}, func(o *op, err error, events []exchange.Event) {
		if o.act != nil {
			fmt.Fprintln(text, o.at, o.name(), err)
		}
		l.counts.see(o, err, events)
		l.events += len(events)
		for i := range events {
			e := &events[i]
			fmt.Fprintf(text, "%d %d %d %+v\n", e.At, e.Inst, e.Kind, payload(e))
		}
	})
}

// payload is what an event of the account carries, for printing with every field.
func payload(e *exchange.Event) any {
	switch e.Kind {
	case exchange.KindOrderUpdate:
		return *e.OrderUpdate()
	case exchange.KindFill:
		return *e.Fill()
	case exchange.KindLedger:
		return *e.Ledger()
	case exchange.KindAccount, exchange.KindRiskLevel:
		return *e.Account()
	}
	return e.Kind
}
