package papi

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/exchange"
)

// streamSeeds are the frames of testdata/stream.
func streamSeeds(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/stream/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	var frames []string
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "{") || strings.HasPrefix(line, "[") || strings.HasPrefix(line, "<") {
				frames = append(frames, line)
			}
		}
	}
	return frames
}

// FuzzEvents: whatever comes, twice over, is told in sound events or is an error; nothing
// panics, and what was told once is not told again.
func FuzzEvents(f *testing.F) {
	for _, frame := range streamSeeds(f) {
		f.Add([]byte(frame))
	}
	ins := testInstruments(f)
	f.Fuzz(func(t *testing.T, frame []byte) {
		tr := newTranslator(ins)
		for round := range 2 {
			event, err := parseEvent(frame)
			if err != nil {
				return
			}
			tr.out = nil
			err = tr.take(event)
			if err != nil && len(tr.out) > 0 {
				t.Fatalf("half of it was told: %v", err)
			}
			if err != nil {
				return
			}
			for i := range tr.out {
				checkTold(t, ins, &tr.out[i], round)
			}
		}
	})
}

// checkTold holds an event against what the kernel relies on.
func checkTold(t *testing.T, ins *exchange.Instruments, e *exchange.Event, round int) {
	switch e.Kind {
	case exchange.KindOrderUpdate:
		if u := e.OrderUpdate(); !ins.Has(e.Inst) || u.ClientID == "" || u.Qty < 0 || u.Filled < 0 || u.Price < 0 || u.Status == 0 {
			t.Errorf("update %+v", u)
		}
	case exchange.KindFill:
		if fill := e.Fill(); !ins.Has(e.Inst) || fill.Side == 0 || fill.Qty <= 0 || fill.Price < 0 {
			t.Errorf("fill %+v", fill)
		}
	case exchange.KindLedger:
		l := e.Ledger()
		if l.Asset == "" || l.Delta.IsZero() || l.Wallet.Debt() && l.Balance.IsNegative() {
			t.Errorf("entry %+v", l)
		}
	case exchange.KindRiskLevel:
		return
	}
	if round > 0 {
		t.Errorf("told again: %v", e.Kind)
	}
}

// TestEventsInAnyOrder: the frames of an order's life, repeated and in any order, end in the
// same place with the same fills.
func TestEventsInAnyOrder(t *testing.T) {
	frames := []string{
		`{"e":"ORDER_TRADE_UPDATE","fs":"UM","E":2,"T":1,"o":{"s":"BTCUSDT","c":"a","S":"BUY","q":"3","p":"5","x":"NEW","X":"NEW","i":1,"l":"0","z":"0","L":"0","t":0,"ps":"BOTH"}}`,
		`{"e":"ORDER_TRADE_UPDATE","fs":"UM","E":3,"T":2,"o":{"s":"BTCUSDT","c":"a","S":"BUY","q":"3","p":"5","x":"TRADE","X":"PARTIALLY_FILLED","i":1,"l":"1","z":"1","L":"5","t":7,"ps":"BOTH"}}`,
		`{"e":"ORDER_TRADE_UPDATE","fs":"UM","E":3,"T":2,"o":{"s":"BTCUSDT","c":"a","S":"BUY","q":"3","p":"5","x":"TRADE","X":"PARTIALLY_FILLED","i":1,"l":"1","z":"2","L":"5","t":8,"ps":"BOTH"}}`,
		`{"e":"ORDER_TRADE_UPDATE","fs":"UM","E":5,"T":4,"o":{"s":"BTCUSDT","c":"a","S":"BUY","q":"3","p":"5","x":"TRADE","X":"FILLED","i":1,"l":"1","z":"3","L":"5","t":9,"ps":"BOTH"}}`,
	}
	var orders func(rest, done []int)
	orders = func(rest, done []int) {
		if len(rest) > 0 {
			for i := range rest {
				next := append(append([]int{}, rest[:i]...), rest[i+1:]...)
				orders(next, append(append([]int{}, done...), rest[i]))
			}
			return
		}
		tr := newTranslator(testInstruments(t))
		filled := exchange.Fixed(0)
		for _, i := range append(done, done...) {
			event, err := parseEvent([]byte(frames[i]))
			if err == nil {
				err = tr.take(event)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		for i := range tr.out {
			if tr.out[i].Kind == exchange.KindFill {
				filled += tr.out[i].Fill().Qty
			}
		}
		if s := tr.orders.named(listUM, "a"); filled != exchange.MustFixed("3") || s.status != exchange.StatusFilled || s.filled != filled {
			t.Errorf("in the order %v: fills of %v, %v with %v", done, filled, s.status, s.filled)
		}
	}
	orders([]int{0, 1, 2, 3}, nil)
}

// BenchmarkOrderTradeUpdate is a fill on its way from the frame to events.
func BenchmarkOrderTradeUpdate(b *testing.B) {
	frame := []byte(`{"e":"ORDER_TRADE_UPDATE","fs":"UM","E":1700000000006,"T":1700000000005,"i":"","o":{"s":"BTCUSDT","c":"pm-1-a","S":"BUY",` +
		`"o":"LIMIT","f":"GTC","q":"1.000","p":"50000.0","ap":"50000","sp":"0","x":"TRADE","X":"PARTIALLY_FILLED","i":8886774,"l":"0.400","z":"0.400",` +
		`"L":"50000.0","N":"USDT","n":"4.0","T":1700000000005,"t":77,"b":"0","a":"9.91","m":false,"R":false,"ps":"BOTH","rp":"0","V":"NONE","gtd":0}}`)
	ins := testInstruments(b)
	tr := newTranslator(ins)
	b.ReportAllocs()
	trade := int64(0)
	for b.Loop() {
		event, err := parseEvent(frame)
		if err != nil {
			b.Fatal(err)
		}
		trade++
		e := event.(*orderTradeUpdate)
		e.Order.TradeID, e.Order.Filled = trade, exchange.Fixed(trade)
		if err := tr.take(event); err != nil {
			b.Fatal(err)
		}
		tr.out, tr.notes = tr.out[:0], tr.notes[:0]
	}
}
