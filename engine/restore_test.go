package engine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/raced"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// damages are changes of testdata/snapshot.json, each with a part of what is said of it.
func damages() [][3]string {
	return [][3]string{
		{`"version":1`, `"version":2`, "its format is version 2, and this program reads 1: start the version of pmbot that wrote it"},
		{`"version":1`, `"revision":1`, "it has no version"},
		{`"version":1`, `"version":1,"zeal":3`, `unknown field "zeal"`},
		{`"version":1`, `"version":"one"`, "it is damaged, take the one before"},
		{`"seq":`, `"seq":-`, "it is damaged"},
		{`"closed":[`, `"closed":[}`, "it is damaged, take the one before"},
		{`"UM BTCUSDT",`, `"UM ETHUSDT",`, "instrument 1 is UM ETHUSDT in it and UM BTCUSDT in the configuration: list the instruments as they were"},
		{`"MARGIN BTCUSDT"`, `"MARGIN BTCUSDT","UM ETHUSDT"`, "it has 4 instruments and the configuration 3, without UM ETHUSDT"},
		{`"client_id":"t-1-1","created"`, `"client_id":"t-1-3","created"`, `order 3, "t-1-3", is in it twice`},
		{`"id":4`, `"id":3`, `order 3, "t-1-3-l", is in it twice`},
		{`"id":4`, `"id":99`, "order 99 is not one of 1 to 4"},
		{`"id":4`, `"id":0`, "order 0 is not one of 1 to 4"},
		{`"id":1,"inst":1`, `"id":1,"inst":77`, "order 1 is of instrument 77, which there is not"},
		{`"status":"PENDING_AMEND"`, `"status":"FILLED"`, "order 1 is FILLED and listed among those that are not"},
		{`"status":"CANCELED"`, `"status":"WORKING"`, "order 2 is WORKING and listed among those that are not"},
		{`"status":"PENDING_AMEND"`, `"status":"PENDING"`, `OrderStatus "PENDING"`},
		{`"list":3`, `"list":1`, "order 4 is a leg of order 1, which is no OCO"},
		{`"list":3`, `"list":55`, "order 4 is a leg of order 55, which is no OCO"},
		{`"inst":1,"qty":"0.03","side":"BOTH"`, `"inst":9,"qty":"0.03","side":"BOTH"`, "strategy 1 holds instrument 9, BOTH, which cannot be"},
		{`"inst":2,"price":"58000"`, `"inst":88,"price":"58000"`, `order "s-1-9" of a reading is of instrument 88, which there is not`},
		{`"kind":"STRANGE_ORDER"`, `"kind":"ODD"`, `unknown DifferenceKind "ODD"`},
		{`"qty":"0.1","ref":1`, `"qty":"a lot","ref":1`, "it is damaged"},
		{`"entry":"59000"`, `"entry":"-59000"`, "risk guard: margin model: instrument 1: margin: bad input: position in UM BTCUSDT"},
		{`"entry":"59000"`, `"entry":"1e-2000"`, "risk guard: margin model: instrument 1: "},
		{`"amount":"100000"`, `"amount":"1e30"`, `risk guard: margin model: asset "USDT": margin: bad input: balance of USDT in UM`},
		{`"cause":"OPERATOR"`, `"cause":"WHIM"`, `risk guard: unknown cause "WHIM"`},
		{`"state":"REDUCE_ONLY"`, `"state":"ACTIVE"`, `risk guard: OPERATOR holds "ACTIVE", which is no state that can be held`},
		{`"by":"test","cause"`, `"by":"test","inst":44,"cause"`, "OPERATOR holds instrument 44, and there is no such instrument"},
		{`"open_orders_max":5`, `"open_orders_max":5000`, "risk guard: limits: open_orders_max is 5000"},
		{`"epoch":4`, `"epoch":4,"era":1`, `risk guard: json: unknown field "era"`},
		{`"mark":"60000","positions"`, `"gauge":"60000","positions"`, `risk guard: margin model: json: unknown field "gauge"`},
		{`"markets":[{"inst":1`, `"markets":[{"inst":8`, "risk guard: market of instrument 8: there is no such instrument"},
	}
}

// TestRestoreRefuses what cannot be, says what and what to do, and leaves the guard alone.
func TestRestoreRefuses(t *testing.T) {
	good, err := os.ReadFile("testdata/snapshot.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range damages() {
		if !bytes.Contains(good, []byte(c[0])) {
			t.Errorf("the golden snapshot has no %s", c[0])
			continue
		}
		config := benchConfig(t, benchLimits())
		before := config.Guard.Snapshot()
		k, err := Restore(config, bytes.Replace(good, []byte(c[0]), []byte(c[1]), 1))
		if k != nil || err == nil || !strings.Contains(err.Error(), c[2]) || !strings.HasPrefix(err.Error(), "snapshot of the kernel: ") {
			t.Errorf("%s for %s: %v\nwant %s", c[1], c[0], err, c[2])
		}
		if !bytes.Equal(config.Guard.Snapshot(), before) {
			t.Errorf("%s: the guard has changed", c[1])
		}
	}
	for _, text := range [][]byte{nil, []byte("null"), []byte("[]"), []byte(`""`), good[:len(good)/2], append(bytes.Clone(good), '{')} {
		if k, err := Restore(benchConfig(t, benchLimits()), text); k != nil || err == nil {
			t.Errorf("%.20s… is taken", text)
		}
	}
}

// TestRestoreWithMore instruments and strategies, or fewer strategies: what was there stays.
func TestRestoreWithMore(t *testing.T) {
	good, err := os.ReadFile("testdata/snapshot.json")
	if err != nil {
		t.Fatal(err)
	}
	list := benchInstruments(t).All()
	more := list[0]
	more.Symbol, more.Pair, more.Base = "ETHUSDT", "ETHUSDT", "ETH"
	ins, err := exchange.NewInstruments(append(list, more)...)
	if err != nil {
		t.Fatal(err)
	}
	for strategies := range 5 {
		guard, err := riskguard.New(riskguard.Config{Instruments: ins, Tables: margin.Assumed(), Limits: tight(), Strategies: strategies, Permits: riskguard.Unbound(strategies)})
		if err != nil {
			t.Fatal(err)
		}
		k, err := Restore(Config{Instruments: ins, Guard: guard, Strategies: strategies, ClientPrefix: "other"}, good)
		if err != nil {
			t.Fatal(err)
		}
		held := k.Holdings()
		if len(k.Orders()) != 3 || len(held) != 1 || held[0].Strategy != 1 || len(k.States()) != 1 {
			t.Errorf("%d strategies: %d orders, %+v, %+v", strategies, len(k.Orders()), held, k.States())
		}
		// A liquidation still finds whose position it closes.
		e := exchange.Event{Seq: k.Seq() + 1, At: k.Now(), Inst: 1}
		e.SetFill(&exchange.Fill{ClientID: "autoclose-9", TradeID: 9, Side: exchange.Sell, Qty: exchange.MustFixed("0.03"), Price: exchange.MustFixed("50000")})
		if k.Apply(&e, nil); e.Fill().Strategy != 1 || len(k.Holdings()) != 0 {
			t.Errorf("%d strategies: the fill is strategy %d's, held is %+v", strategies, e.Fill().Strategy, k.Holdings())
		}
		if strategies < 1 {
			if s := guard.State(1, 1); s != exchange.Halted {
				t.Errorf("a strategy that is not configured is %v", s)
			}
		}
	}
}

// TestForgottenLegsAndLists: an OCO of which a part is remembered no longer goes on as
// before, and so after a restore.
func TestForgottenLegsAndLists(t *testing.T) {
	b := opened(t)
	b.play("price MARGIN 60000\ndeposit MARGIN BTC 3\ns1 #1 sell MARGIN 0.1 oco 62000 58000\nack t-1-1 child=t-1-1-l\nack t-1-1 child=t-1-1-s\n" +
		"ack t-1-1-l\nack t-1-1-s\nend t-1-1-l CANCELED")
	oco, limit, stop := b.kernel.orders.byID[1], b.kernel.orders.byID[2], b.kernel.orders.byID[3]
	if oco.speaks() || !stop.speaks() || limit.list != oco {
		t.Fatalf("%+v %+v", oco, stop)
	}
	flood := func(from exchange.OrderID) {
		for id := from; id < from+closedMax; id++ {
			o := b.kernel.orders.add(exchange.Order{ID: id, ClientID: fmt.Sprint(id), Request: exchange.OrderRequest{Inst: 1}, Status: exchange.StatusWorking})
			b.kernel.lastOrder = id
			b.kernel.orders.update(o, &exchange.OrderUpdate{Status: exchange.StatusCanceled}, b.now, 0)
		}
	}
	flood(10)
	if b.kernel.orders.byID[2] != nil || len(oco.legs) != 1 || oco.speaks() || !stop.speaks() {
		t.Errorf("without the leg that was over: %+v %+v", oco, stop)
	}
	k, err := Restore(benchConfig(t, benchLimits()), b.kernel.Snapshot())
	if err != nil {
		t.Fatal(err)
	}
	if k.orders.byID[1].speaks() || !k.orders.byID[3].speaks() || !bytes.Equal(k.Snapshot(), b.kernel.Snapshot()) {
		t.Errorf("restored: %+v %+v", k.orders.byID[1], k.orders.byID[3])
	}
	b.play("end t-1-1 FINISHED")
	flood(10 + closedMax)
	if b.kernel.orders.byID[1] != nil || stop.list != nil || !stop.speaks() {
		t.Errorf("without the list: %+v", stop)
	}
	if k, err = Restore(benchConfig(t, benchLimits()), b.kernel.Snapshot()); err != nil || !k.orders.byID[3].speaks() {
		t.Errorf("restored: %v", err)
	}
}

// TestRingsGoOn: what is remembered of others is forgotten in the same order after a restore.
func TestRingsGoOn(t *testing.T) {
	b := opened(t)
	tell := func(k *Kernel, n int) {
		e := exchange.Event{Seq: k.Seq() + 1, At: k.Now(), Inst: 1}
		e.SetOrderUpdate(&exchange.OrderUpdate{ClientID: fmt.Sprint("other-", n), Status: exchange.StatusWorking})
		k.Step(&e)
		e = exchange.Event{Seq: k.Seq() + 1, At: k.Now(), Inst: 1}
		e.SetFill(&exchange.Fill{ClientID: fmt.Sprint("other-", n), TradeID: int64(n), Side: exchange.Buy, Qty: 1, Price: exchange.FixedOne})
		k.Step(&e)
	}
	for n := range foreignMax + 40 {
		tell(b.kernel, n)
	}
	k, err := Restore(benchConfig(t, benchLimits()), b.kernel.Snapshot())
	if err != nil {
		t.Fatal(err)
	}
	for n := range raced.Fewer(70, 10) {
		tell(k, 100_000+n)
		tell(b.kernel, 100_000+n)
		if !bytes.Equal(k.Snapshot(), b.kernel.Snapshot()) {
			t.Fatalf("after %d more: %s", n+1, parts(b.kernel.Snapshot(), k.Snapshot()))
		}
	}
}

// TestAnUpdateThatIsOldMakesAChild: the risk passes to the child all the same, and is not
// counted with the parent's.
func TestAnUpdateThatIsOldMakesAChild(t *testing.T) {
	b := opened(t)
	b.play(`reload {"open_orders_max":2,"order_notional_max_ratio":"0.5","position_max_ratio":"0.8"}
s1 #1 buy UM 0.1 stop 61000
ack t-1-1
end t-1-1 PENDING_CANCEL child=c
s1 #2 buy UM 0.1 limit 59000
s1 #3 buy UM 0.1 limit 59100`)
	if got := b.out.String(); !strings.Contains(got, "submit t-1-3 BUY LIMIT 0.1 59000") || !strings.Contains(got, "open order 3 on UM BTCUSDT, limit 2") {
		t.Error(got)
	}
}

// FuzzRestore: no text is a panic; what is taken writes a snapshot that is taken and the
// same, and the kernel goes on.
func FuzzRestore(f *testing.F) {
	good, err := os.ReadFile("testdata/snapshot.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	for _, c := range damages() {
		f.Add(bytes.Replace(good, []byte(c[0]), []byte(c[1]), 1))
	}
	f.Fuzz(func(t *testing.T, text []byte) { attempt(t, text) })
}

// attempt restores a text and says whether it was taken.
func attempt(t *testing.T, text []byte) bool {
	t.Helper()
	config := benchConfig(t, benchLimits())
	before := config.Guard.Snapshot()
	k, err := Restore(config, text)
	if err != nil {
		if !bytes.Equal(config.Guard.Snapshot(), before) {
			t.Error("refused, but the guard has changed")
		}
		return false
	}
	written := k.Snapshot()
	again, err := Restore(benchConfig(t, benchLimits()), written)
	if err != nil || !bytes.Equal(again.Snapshot(), written) {
		t.Fatalf("%v\n%s", err, written)
	}
	if k.Seq() > math.MaxUint64-2 || k.Now() == exchange.Never {
		return true
	}
	e := exchange.Event{Seq: k.Seq() + 1, At: k.Now(), Inst: 1}
	e.SetIntent(&exchange.Intent{Kind: exchange.IntentNew, Strategy: 1, Ref: 9, Request: exchange.OrderRequest{
		Inst: 1, Side: exchange.Buy, Type: exchange.Limit, Qty: exchange.FixedOne / 100, Price: 59_000 * exchange.FixedOne,
	}})
	k.Step(&e)
	e = exchange.Event{Seq: e.Seq + 1, At: e.At}
	e.SetStart(&exchange.Start{Prefix: "next"})
	k.Step(&e)
	k.Account()
	return true
}

// TestRestoreOfHostileValues puts each of some values in the place of each that is in a
// snapshot: no panic, and what is taken is written the same again.
func TestRestoreOfHostileValues(t *testing.T) {
	good, err := os.ReadFile("testdata/snapshot.json")
	if err != nil {
		t.Fatal(err)
	}
	var all any
	d := json.NewDecoder(bytes.NewReader(good))
	d.UseNumber()
	if err := d.Decode(&all); err != nil {
		t.Fatal(err)
	}
	taken, refused, places, step := 0, 0, 0, raced.Fewer(1, 7)
	leaves(all, func(put func(any), was any) {
		if places++; places%step > 0 {
			return
		}
		for _, hostile := range []any{
			nil, true, json.Number("0"), json.Number("-1"), json.Number("7"), json.Number("18446744073709551615"), json.Number("1e400"), "", "x", "0",
			"-0.00000001", "92233720368.54775807", "0e9999", "2262-04-11T23:47:16.854775807Z", "1677-09-21T00:12:43.145224192Z", []any{}, []any{nil},
			map[string]any{},
		} {
			put(hostile)
			text, err := json.Marshal(all)
			if err != nil {
				t.Fatal(err)
			}
			if attempt(t, text) {
				taken++
			} else {
				refused++
			}
		}
		put(was)
	})
	if taken < 200/step || refused < 2000/step {
		t.Errorf("%d taken, %d refused", taken, refused)
	}
}

// leaves calls f for every value in a document, lists and objects included.
func leaves(at any, f func(put func(any), was any)) {
	switch v := at.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			leaves(v[key], f)
			f(func(x any) { v[key] = x }, v[key])
		}
	case []any:
		for i := range v {
			leaves(v[i], f)
			f(func(x any) { v[i] = x }, v[i])
		}
	}
}
