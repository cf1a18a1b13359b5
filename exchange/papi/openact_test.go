package papi

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/papisim"
	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/exchange"
)

// do has an act approved and submitted, and says what was told of it until all is quiet, but
// for the numbers of records.
func (d *trader) do(id exchange.ActID, kind exchange.ActKind, amount string) string {
	d.t.Helper()
	at := exchange.TimeOf(time.Now())
	e := exchange.Event{At: at}
	e.SetAssetIndex(&exchange.AssetIndex{Asset: "USDT", Price: exchange.FixedOne})
	d.guard.Apply(&e)
	d.heardOfLoans()
	return d.carry(exchange.Act{ID: id, Kind: kind, Asset: "USDT", Amount: decimal.RequireFromString(amount)})
}

// carry has an act approved and submitted, and says what was told of it.
func (d *trader) carry(act exchange.Act) string {
	d.t.Helper()
	at, id := exchange.TimeOf(time.Now()), act.ID
	v := d.guard.CheckAct(act, at)
	if v.Refusal != nil {
		d.t.Fatal(v.Refusal)
	}
	d.mu.Lock()
	before := len(d.events)
	d.mu.Unlock()
	d.client.SetEpoch(d.guard.Epoch())
	d.broker.Submit(v.Approved, at)
	d.pass(2 * time.Minute)
	d.mu.Lock()
	defer d.mu.Unlock()
	var told []string
	for _, e := range d.events[before:] {
		if e.Kind != exchange.KindAct || e.Act().ID != id {
			continue
		}
		u := e.Act()
		text := u.Status.String()
		if u.Transaction != 0 {
			text += " recorded"
		}
		if u.Code != 0 {
			text += fmt.Sprint(" ", u.Code)
		}
		told = append(told, text)
	}
	return strings.Join(told, ", ")
}

// heardOfLoans lets the guard know what the broker told of loans.
func (d *trader) heardOfLoans() (told []exchange.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range d.events {
		if e.Kind == exchange.KindLending {
			d.guard.Apply(&e)
			told = append(told, e)
		}
	}
	return told
}

// TestActsCarriedOut borrows and repays at the simulated exchange, with lost requests and answers. What
// is owed afterwards says that nothing was done twice.
func TestActsCarriedOut(t *testing.T) {
	withSim(t, func(d *trader) {
		l := d.guard.Limits()
		l.BorrowMaxUSD = decimal.New(1_000_000, 0)
		e := exchange.Event{At: exchange.TimeOf(time.Now())}
		e.SetReload(&exchange.Reload{Limits: l.JSON(), By: "test"})
		d.guard.Apply(&e)
		fault := func(kind papisim.FaultKind, path string, not bool) {
			f := papisim.Fault{Kind: kind, Method: "POST", Path: "/papi/v1/" + path, NotExecuted: not, Count: 1}
			if _, err := d.sim.Inject(f); err != nil {
				t.Fatal(err)
			}
		}
		owed := decimal.Zero
		for i, c := range []struct {
			fault  papisim.FaultKind
			not    bool
			kind   exchange.ActKind
			amount string
			want   string
			done   bool
		}{
			{"", false, exchange.ActBorrow, "100", "DONE recorded", true},
			{papisim.FaultTimeout, false, exchange.ActBorrow, "100", "UNKNOWN, DONE recorded", true},
			{papisim.FaultTimeout, true, exchange.ActBorrow, "100", "UNKNOWN, NOT_ARRIVED", false},
			{papisim.FaultLostReply, false, exchange.ActBorrow, "25", "UNKNOWN, DONE recorded", true},
			{papisim.FaultDown503, false, exchange.ActBorrow, "25", "REJECTED -1", false},
			{"", false, exchange.ActBorrow, "999999", "REJECTED 51006", false},
			{papisim.FaultTimeout, false, exchange.ActRepay, "50", "UNKNOWN, DONE recorded", true},
			{papisim.FaultTimeout, true, exchange.ActRepay, "50", "UNKNOWN, NOT_ARRIVED", false},
			{"", false, exchange.ActRepay, "50", "DONE recorded", true},
		} {
			if c.fault != "" {
				fault(c.fault, map[exchange.ActKind]string{exchange.ActBorrow: "marginLoan", exchange.ActRepay: "repayLoan"}[c.kind], c.not)
			}
			if got := d.do(exchange.ActID(i+1), c.kind, c.amount); got != c.want {
				t.Errorf("act %d under %q: %s, want %s", i+1, c.fault, got, c.want)
			}
			amount := decimal.RequireFromString(c.amount)
			switch {
			case c.done && c.kind == exchange.ActBorrow:
				owed = owed.Add(amount)
			case c.done:
				owed = owed.Sub(amount)
			}
			d.mu.Lock()
			there := d.balances[purse{"USDT", exchange.WalletLoan}].Add(d.balances[purse{"USDT", exchange.WalletInterest}])
			d.mu.Unlock()
			if there.Sub(owed).Abs().GreaterThan(decimal.NewFromInt(1)) {
				t.Errorf("after act %d %v are owed, want %v and interest", i+1, there, owed)
			}
		}
		contract := exchange.Act{ID: 99, Kind: exchange.ActSignContract}
		v := d.guard.CheckAct(contract, exchange.TimeOf(time.Now()))
		d.broker.Submit(v.Approved, 0)
		d.pass(time.Second)
		d.mu.Lock()
		last := d.events[len(d.events)-1]
		d.mu.Unlock()
		if last.Kind != exchange.KindAct || last.Act().Status != exchange.ActRejected {
			t.Errorf("%+v", last)
		}
	})
}

// TestHouseActs moves money between wallets, with lost requests and answers: what is told is what
// the wallets have.
func TestHouseActs(t *testing.T) {
	withSim(t, func(d *trader) {
		pay := func(asset string, w exchange.Wallet, amount string) {
			err := d.sim.Change(func(v *venue.Venue, at exchange.Time) error {
				n := decimal.RequireFromString(amount)
				if err := v.Deposit(asset, n, at); err != nil || w == exchange.WalletMargin {
					return err
				}
				return v.Transfer(asset, exchange.WalletMargin, w, n, at)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		pay("BNB", exchange.WalletMargin, "10")
		has := func(asset string, w exchange.Wallet) decimal.Decimal {
			d.mu.Lock()
			defer d.mu.Unlock()
			return d.balances[purse{asset, w}]
		}
		id := exchange.ActID(0)
		for _, c := range []struct {
			fault  papisim.FaultKind
			not    bool
			act    exchange.Act
			path   string
			want   string
			moved  string
			asset  string
			wallet exchange.Wallet
		}{
			{"", false, exchange.Act{Kind: exchange.ActTransferBNB, Amount: decimal.NewFromInt(2), On: true}, "bnb-transfer", "DONE recorded", "2", "BNB", exchange.WalletUM},
			{papisim.FaultTimeout, false, exchange.Act{Kind: exchange.ActTransferBNB, Amount: decimal.NewFromInt(2), On: true}, "bnb-transfer", "UNKNOWN, DONE recorded", "2", "BNB", exchange.WalletUM},
			{papisim.FaultTimeout, true, exchange.Act{Kind: exchange.ActTransferBNB, Amount: decimal.NewFromInt(2), On: true}, "bnb-transfer", "UNKNOWN, NOT_ARRIVED", "0", "BNB", exchange.WalletUM},
			{papisim.FaultLostReply, false, exchange.Act{Kind: exchange.ActTransferBNB, Amount: decimal.NewFromInt(2)}, "bnb-transfer", "UNKNOWN, DONE recorded", "-2", "BNB", exchange.WalletUM},
			{"", false, exchange.Act{Kind: exchange.ActTransferBNB, Amount: decimal.NewFromInt(99), On: true}, "bnb-transfer", "REJECTED -2018", "0", "BNB", exchange.WalletUM},
			{papisim.FaultTimeout, true, exchange.Act{Kind: exchange.ActCollectAsset, Asset: "USDT"}, "asset-collection", "UNKNOWN, NOT_ARRIVED", "0", "USDT", exchange.WalletUM},
			{papisim.FaultTimeout, false, exchange.Act{Kind: exchange.ActCollectAsset, Asset: "USDT"}, "asset-collection", "UNKNOWN, DONE", "all", "USDT", exchange.WalletUM},
			{"", false, exchange.Act{Kind: exchange.ActRepayNegative}, "repay-futures-negative-balance", "DONE", "0", "USDT", exchange.WalletUM},
			{papisim.FaultTimeout, true, exchange.Act{Kind: exchange.ActRepayNegative}, "repay-futures-negative-balance", "UNKNOWN, DONE", "0", "USDT", exchange.WalletUM},
		} {
			if c.fault != "" {
				f := papisim.Fault{Kind: c.fault, Method: "POST", Path: "/papi/v1/" + c.path, NotExecuted: c.not, Count: 1}
				if _, err := d.sim.Inject(f); err != nil {
					t.Fatal(err)
				}
			}
			id++
			c.act.ID = id
			before := has(c.asset, c.wallet)
			if got := d.carry(c.act); got != c.want {
				t.Errorf("act %d, %v under %q: %s, want %s", id, c.act.Kind, c.fault, got, c.want)
			}
			moved := has(c.asset, c.wallet).Sub(before)
			want, err := decimal.NewFromString(c.moved)
			if err != nil {
				want = before.Neg()
			}
			if !moved.Equal(want) {
				t.Errorf("act %d, %v under %q: %v of %s moved, want %v", id, c.act.Kind, c.fault, moved, c.asset, want)
			}
		}
	})
}

// TestRecordsOfActs: a record ends a doubt when it is of the same amount, not older than the
// request, and of no other act; nothing found ends it when it was looked for three times
// since nobody can accept the request any more.
func TestRecordsOfActs(t *testing.T) {
	const second = exchange.Time(1e9)
	sent, accepted := 1000*second, 1010*second
	record := func(transaction int64, amount string, at exchange.Time, status string) actRecord {
		return actRecord{transaction, decimal.RequireFromString(amount), at, status}
	}
	for name, c := range map[string]struct {
		records []actRecord
		asked   exchange.Time
		misses  int
		want    exchange.ActStatus // 0 leaves it in doubt
	}{
		"its own":                 {[]actRecord{record(8, "100", sent+second, "CONFIRMED")}, sent + second, 0, exchange.ActDone},
		"dated a little earlier":  {[]actRecord{record(8, "100.0", sent-5*second, "CONFIRMED")}, sent + second, 0, exchange.ActDone},
		"dated before it":         {[]actRecord{record(8, "100", sent-5*second-1, "CONFIRMED")}, sent + second, 0, 0},
		"of another act":          {[]actRecord{record(7, "100", sent+second, "CONFIRMED")}, sent + second, 0, 0},
		"behind another's":        {[]actRecord{record(7, "100", sent, "CONFIRMED"), record(8, "100", sent, "CONFIRMED")}, sent, 0, exchange.ActDone},
		"of another amount":       {[]actRecord{record(8, "100.00000001", sent, "CONFIRMED")}, sent, 0, 0},
		"failed":                  {[]actRecord{record(8, "100", sent, "FAILED")}, sent, 0, exchange.ActRejected},
		"pending":                 {[]actRecord{record(8, "100", sent, "PENDING")}, accepted + second, 5, 0},
		"nothing, third":          {nil, accepted + 1, 2, exchange.ActNotArrived},
		"nothing, second":         {nil, accepted + 1, 1, 0},
		"nothing, may still come": {nil, accepted, 2, 0},
	} {
		o := &owner{Broker: &Broker{}, tr: newTranslator(testInstruments(t)), transactions: []int64{7}}
		act := exchange.Act{ID: 3, Kind: exchange.ActBorrow, Asset: "USDT", Amount: decimal.NewFromInt(100)}
		o.actDoubts = []*actDoubt{{act: act, since: sent, accepted: accepted, misses: c.misses, asking: true}}
		o.judgeAct(&actNews{task: actTask{act: act, since: sent, at: c.asked}, records: c.records})
		got := exchange.ActStatus(0)
		if len(o.tr.out) == 1 {
			got = o.tr.out[0].Act().Status
		}
		if got != c.want || len(o.actDoubts) == 1 != (c.want == 0) {
			t.Errorf("%s: %v and %d in doubt, want %v", name, got, len(o.actDoubts), c.want)
		}
	}
}
