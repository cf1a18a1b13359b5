package venue

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/raced"
)

// run makes the calls one by one, and before each what the exchange does by the clock, an
// instant at a time. It shows every call with its answer and what the account saw.
func run(v *Venue, ops []op, before func(), saw func(o *op, err error, events []exchange.Event)) {
	for i := range ops {
		o := &ops[i]
		for v.Due() <= o.at {
			before()
			tick := &op{at: max(v.Due(), v.now), act: clockAct{}}
			saw(tick, tick.do(v, false), v.Events())
		}
		before()
		saw(o, o.do(v, false), v.Events())
	}
}

// estimates are what the exchange takes waiting market orders on margin pairs to cost.
func estimates(v *Venue) map[string]decimal.Decimal {
	list := map[string]decimal.Decimal{}
	for i := range v.markets {
		for _, o := range v.markets[i].orders {
			if o.market.in.Product == exchange.Margin && o.Request.Type == exchange.Market {
				_, list[o.ClientID] = o.locks(v)
			}
		}
	}
	return list
}

// TestConservation runs the random account and checks at every step that no money comes
// or goes: what the account gains of an asset, its counterparties, the fee pool, the
// insurance fund, the lender or the outside lose. And it keeps a second account of what
// happened without reading the ledger (independent_test.go), which must have the same in
// every wallet after every step, and the same equity and uniMMR, to the last digit. With
// -v it prints how often each kind of event happened; none may be missing.
func TestConservation(t *testing.T) {
	counts := tally{}
	compared, loans := 0, 0
	for _, seed := range seeds(uint64(raced.Fewer(8, 2))) {
		rng := rand.New(rand.NewPCG(seed, 3))
		c := randomConfig(rng)
		v, ops := newVenue(t, c), randomOps(rng, randomMinutes)
		second, entries := newIndependent(t, seed, c), ledgerSums{}
		v.Start(ops[0].at)
		if err := entries.add(v.Events()); err != nil {
			t.Fatalf("-seed=%d: start: %v", seed, err)
		}
		step := 0
		run(v, ops, func() { second.orders.estimates = estimates(v) }, func(o *op, err error, events []exchange.Event) {
			step++
			when := fmt.Sprintf("step %d, %s at %v", step, o.name(), o.at)
			if err := entries.add(events); err != nil {
				t.Fatalf("-seed=%d: %s: %v", seed, when, err)
			}
			if err := doubleEntry(v, entries); err != nil {
				t.Fatalf("-seed=%d: %s: %v", seed, when, err)
			}
			counts.see(o, err, events)
			second.happened(o, err, events)
			if len(events) > 0 || step%50 == 0 {
				second.agrees(v, when)
				compared++
			}
			checkLocks(t, v, seed, when)
		})
		loans += second.loans.checked
	}
	t.Logf("%d comparisons of wallets, pools, equity and uniMMR, all equal to the last digit; %d loans and repayments held against the rule", compared, loans)
	t.Logf("what happened:\n%s", counts)
	if *seedFlag != 0 || raced.On() { // few seeds reach less
		return
	}
	for _, kind := range counts.missing() {
		t.Errorf("no %s: the test does not reach it", kind)
	}
	if loans == 0 {
		t.Error("no loan was held against the rule")
	}
}

// ledgerSums are the sums of the account's ledger entries, as it saw them.
type ledgerSums map[pocket]decimal.Decimal

// add sums the entries among events and says what is wrong with one: it must move
// something, in whole units of the eighth decimal, and name the balance that the entries
// sum to.
func (s ledgerSums) add(events []exchange.Event) error {
	for i := range events {
		if events[i].Kind != exchange.KindLedger {
			continue
		}
		l := events[i].Ledger()
		at := pocket{l.Asset, l.Wallet}
		s[at] = s[at].Add(l.Delta)
		if !s[at].Equal(l.Balance) || !cents(l.Delta).Equal(l.Delta) || l.Delta.IsZero() {
			return fmt.Errorf("entry %+v after entries that sum to %v", l, s[at])
		}
	}
	return nil
}

// doubleEntry checks that account and pools together have nothing of any asset, and that
// the wallets are the sums of their entries.
func doubleEntry(v *Venue, entries ledgerSums) error {
	for i, asset := range v.wallets.assets {
		sum := decimal.Zero
		for w := exchange.WalletMargin; w <= exchange.WalletInterest; w++ {
			amount := v.wallets.rows[i][w]
			if !amount.Equal(entries[pocket{asset, w}]) {
				return fmt.Errorf("%s in %v is %v, its entries sum to %v", asset, w, amount, entries[pocket{asset, w}])
			}
			if w.Debt() {
				amount = amount.Neg()
			}
			sum = sum.Add(amount)
		}
		for _, amount := range v.pools.of(asset) {
			sum = sum.Add(amount)
		}
		if !sum.IsZero() {
			return fmt.Errorf("account, counterparties, fee pool, insurance, lender and outside together have %v %s", sum, asset)
		}
	}
	return nil
}

// checkLocks checks that the margin wallet holds what the open limit orders lock of it.
func checkLocks(t *testing.T, v *Venue, seed uint64, when string) {
	t.Helper()
	locks := map[string]decimal.Decimal{}
	for i := range v.markets {
		for _, o := range v.markets[i].orders {
			in, r := o.market.in, &o.Request
			if in.Product != exchange.Margin || r.Type != exchange.Limit || o.borrows() {
				continue
			}
			asset, amount := in.Base, o.Remaining().Decimal()
			if r.Side == exchange.Buy {
				asset, amount = in.Quote, amount.Mul(r.Price.Decimal())
			}
			locks[asset] = locks[asset].Add(amount)
		}
	}
	for asset, amount := range locks {
		if has := v.wallets.balance(asset, exchange.WalletMargin); has.LessThan(cents(amount)) {
			t.Fatalf("-seed=%d: %s: open orders lock %v %s of %v", seed, when, amount, asset, has)
		}
	}
}
