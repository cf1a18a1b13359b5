package exchange

import (
	"reflect"
	"testing"
	"time"
)

// payloads has one row for every kind, with a payload of which no field is zero.
func payloads() []payload {
	trade := Trade{Price: 1, Qty: 2, ID: 3, First: 4, Last: 5, BuyerMaker: true}
	ticker := BookTicker{Bid: 1, BidQty: 2, Ask: 3, AskQty: 4, UpdateID: 5}
	mark := Mark{Price: 1, Index: 2, Rate: -3, NextFunding: 4, Settle: 5}
	funding := Funding{Rate: -1, Mark: 2, Interval: 8 * time.Hour, Special: true}
	open := BarOpen{Price: 1, Interval: time.Minute}
	liquidation := Liquidation{Side: Sell, Price: 1, Average: 2, Qty: 3}
	account := &Account{Status: StatusNormal}
	bar, depth, index := &Bar{}, &Depth{}, &AssetIndex{}
	cadence, gap, update, fill := &Cadence{}, &Gap{}, &OrderUpdate{}, &Fill{}
	clock := Clock{Offset: -time.Second, Within: time.Millisecond}
	ledger, intent, refusal, timer := &LedgerEntry{}, &Intent{}, &Refusal{}, &Timer{}
	state, change := &StateChange{}, &StrategyChange{}
	act, task, lending, survey := &ActUpdate{}, &TaskUpdate{}, &Lending{}, &Survey{}
	start, truth, reload, alert := &Start{}, &Truth{}, &Reload{}, &Alert{}
	return []payload{
		{KindTrade, func(e *Event) { e.SetTrade(trade) }, func(e *Event) any { return e.Trade() }, trade},
		{KindBookTicker, func(e *Event) { e.SetBookTicker(ticker) }, func(e *Event) any { return e.BookTicker() }, ticker},
		{KindMark, func(e *Event) { e.SetMark(mark) }, func(e *Event) any { return e.Mark() }, mark},
		{KindFunding, func(e *Event) { e.SetFunding(funding) }, func(e *Event) any { return e.Funding() }, funding},
		{KindBarOpen, func(e *Event) { e.SetBarOpen(open) }, func(e *Event) any { return e.BarOpen() }, open},
		{KindLiquidation, func(e *Event) { e.SetLiquidation(liquidation) }, func(e *Event) any { return e.Liquidation() }, liquidation},
		{KindBar, func(e *Event) { e.SetBar(bar) }, func(e *Event) any { return e.Bar() }, bar},
		{KindDepth, func(e *Event) { e.SetDepth(depth) }, func(e *Event) any { return e.Depth() }, depth},
		{KindAssetIndex, func(e *Event) { e.SetAssetIndex(index) }, func(e *Event) any { return e.AssetIndex() }, index},
		{KindCadence, func(e *Event) { e.SetCadence(cadence) }, func(e *Event) any { return e.Cadence() }, cadence},
		{KindGap, func(e *Event) { e.SetGap(gap) }, func(e *Event) any { return e.Gap() }, gap},
		{KindClock, func(e *Event) { e.SetClock(clock) }, func(e *Event) any { return e.Clock() }, clock},
		{KindOrderUpdate, func(e *Event) { e.SetOrderUpdate(update) }, func(e *Event) any { return e.OrderUpdate() }, update},
		{KindFill, func(e *Event) { e.SetFill(fill) }, func(e *Event) any { return e.Fill() }, fill},
		{KindLedger, func(e *Event) { e.SetLedger(ledger) }, func(e *Event) any { return e.Ledger() }, ledger},
		{KindAccount, func(e *Event) { e.SetAccount(account) }, func(e *Event) any { return e.Account() }, account},
		{KindRiskLevel, func(e *Event) { e.SetRiskLevel(account) }, func(e *Event) any { return e.Account() }, account},
		{KindTask, func(e *Event) { e.SetTask(task) }, func(e *Event) any { return e.Task() }, task},
		{KindAct, func(e *Event) { e.SetAct(act) }, func(e *Event) any { return e.Act() }, act},
		{KindLending, func(e *Event) { e.SetLending(lending) }, func(e *Event) any { return e.Lending() }, lending},
		{KindSurvey, func(e *Event) { e.SetSurvey(survey) }, func(e *Event) any { return e.Survey() }, survey},
		{KindIntent, func(e *Event) { e.SetIntent(intent) }, func(e *Event) any { return e.Intent() }, intent},
		{KindRefusal, func(e *Event) { e.SetRefusal(refusal) }, func(e *Event) any { return e.Refusal() }, refusal},
		{KindTimer, func(e *Event) { e.SetTimer(timer) }, func(e *Event) any { return e.Timer() }, timer},
		{KindState, func(e *Event) { e.SetState(state) }, func(e *Event) any { return e.State() }, state},
		{KindStrategy, func(e *Event) { e.SetStrategy(change) }, func(e *Event) any { return e.Strategy() }, change},
		{KindStart, func(e *Event) { e.SetStart(start) }, func(e *Event) any { return e.Start() }, start},
		{KindTruth, func(e *Event) { e.SetTruth(truth) }, func(e *Event) any { return e.Truth() }, truth},
		{KindAlert, func(e *Event) { e.SetAlert(alert) }, func(e *Event) any { return e.Alert() }, alert},
		{KindReload, func(e *Event) { e.SetReload(reload) }, func(e *Event) any { return e.Reload() }, reload},
	}
}

type payload struct {
	kind Kind
	set  func(*Event)
	get  func(*Event) any
	want any
}

// TestEventPayloads sets every kind over every other, as a reused slot does, and asks for
// every kind's payload.
func TestEventPayloads(t *testing.T) {
	for _, before := range payloads() {
		for _, now := range payloads() {
			e := Event{Seq: 7, At: 8, Exchange: 9, Inst: 10, Flags: FlagDerived}
			before.set(&e)
			now.set(&e)
			if e.Kind != now.kind || e.Seq != 7 || e.At != 8 || e.Exchange != 9 || e.Inst != 10 || !e.Derived() {
				t.Fatalf("%v over %v gave the header %+v", now.kind, before.kind, e)
			}
			fresh := Event{Seq: 7, At: 8, Exchange: 9, Inst: 10, Flags: FlagDerived}
			now.set(&fresh)
			if e.Flags != fresh.Flags || e.word != fresh.word {
				t.Errorf("%v over %v left something behind", now.kind, before.kind)
			}
			if got := now.get(&e); !reflect.DeepEqual(got, now.want) {
				t.Errorf("%v came back as %+v, want %+v", now.kind, got, now.want)
			}
			checkWrongKind(t, before, now, &e)
		}
	}
}

func checkWrongKind(t *testing.T, asked, is payload, e *Event) {
	t.Helper()
	risk := func(k Kind) bool { return k == KindAccount || k == KindRiskLevel }
	defer func() {
		wrong := asked.kind != is.kind && !(risk(asked.kind) && risk(is.kind))
		if panicked := recover() != nil; panicked != wrong {
			t.Errorf("asking %v for a %v: panicked %v", is.kind, asked.kind, panicked)
		}
	}()
	asked.get(e)
}

// TestEveryKindHasAPayload holds that the table above and the names are complete.
func TestEveryKindHasAPayload(t *testing.T) {
	rows := map[Kind]bool{}
	for _, p := range payloads() {
		rows[p.kind] = true
		if k, err := ParseKind(p.kind.String()); err != nil || k != p.kind {
			t.Errorf("ParseKind(%v) = %v, %v", p.kind, k, err)
		}
		if p.kind.Market() != (p.kind <= KindClock) {
			t.Errorf("%v: Market() = %v", p.kind, p.kind.Market())
		}
	}
	for k, name := range kindNames {
		if (name != "") != rows[Kind(k)] {
			t.Errorf("kind %d %q: in the table is %v", k, name, rows[Kind(k)])
		}
	}
}

func TestEventDoesNotAllocate(t *testing.T) {
	var e Event
	bar := &Bar{}
	var sum Fixed
	n := testing.AllocsPerRun(100, func() {
		e.SetTrade(Trade{Price: 5})
		sum += e.Trade().Price + e.TradePrice()
		e.SetBookTicker(BookTicker{Bid: 1, Ask: 3})
		sum += e.BookTicker().Mid() + e.Mid()
		e.SetBar(bar)
		sum += e.Bar().Close
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestMid(t *testing.T) {
	for _, c := range []struct {
		b    BookTicker
		want Fixed
	}{
		{BookTicker{Bid: 100, BidQty: 7, Ask: 103, AskQty: 8, UpdateID: 9}, 101},
		{BookTicker{Bid: FixedMax - 2, Ask: FixedMax}, FixedMax - 1},
		{BookTicker{Ask: 103}, 0},
		{BookTicker{Bid: 100}, 0},
	} {
		if got := c.b.Mid(); got != c.want {
			t.Errorf("%+v: Mid() = %v, want %v", c.b, got, c.want)
		}
		var e Event
		e.SetBookTicker(c.b)
		var kept BookTicker
		if e.KeepBookTicker(&kept); kept != c.b {
			t.Errorf("kept %+v of %+v", kept, c.b)
		}
		if bid, ask := e.Best(); bid != c.b.Bid || ask != c.b.Ask || e.Mid() != c.want {
			t.Errorf("event of %+v: Best() = %v, %v, Mid() = %v, want %v", c.b, bid, ask, e.Mid(), c.want)
		}
	}
}
