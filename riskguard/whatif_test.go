package riskguard

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/raced"
)

// TestWhatIfIsTheGuard: a copy refuses what the guard refuses, for the same reason, names a
// size that the guard lets through and no larger one that it would, and leaves the guard, its
// notes included, as it was.
func TestWhatIfIsTheGuard(t *testing.T) {
	raced.Skip(t, "it has one goroutine")
	approved, refused, sized := 0, map[string]int{}, 0
	for seed := range uint64(6) {
		rng := rand.New(rand.NewPCG(seed, 17))
		l := DefaultLimits()
		l.MessagesPerSecondMax, l.OpenOrdersMax = 2+rng.IntN(6), 3+rng.IntN(8)
		l.OrderNotionalMaxRatio, l.UniMMRMin = decimal.New(1+rng.Int64N(30), -2), decimal.New(2+rng.Int64N(40), 0)
		b := newBench(t, l)
		for range 150 {
			b.disturb(rng)
			o, _ := b.randomOrder(rng)
			o.ID = exchange.OrderID(1_000_000) // no amend
			state, uses := b.g.Snapshot(), fmt.Sprint(b.g.Uses())
			w, err := b.g.WhatIf()
			if err != nil {
				t.Fatal(err)
			}
			in := exchange.Intent{Strategy: o.Strategy, Request: o.Request}
			list := w.Refusals(in, o, b.now)
			size := w.SizeThatPasses(in, o, b.now)
			if !bytes.Equal(b.g.Snapshot(), state) || fmt.Sprint(b.g.Uses()) != uses {
				t.Fatalf("seed %d: a question has changed the guard", seed)
			}
			v := b.g.Check(in, o, false, b.now)
			switch {
			case v.Refusal == nil && len(list) == 0:
				approved++
				if size != o.Request.Qty && o.Request.Qty.IsMultipleOf(exchange.MustFixed("0.001"), 0) && o.Request.QuoteQty == 0 && !o.Request.ClosePosition {
					t.Fatalf("seed %d: %v is approved, and %v said to pass", seed, o.Request.Qty, size)
				}
			case v.Refusal == nil || len(list) == 0 || list[0].Error() != v.Refusal.Error():
				t.Fatalf("seed %d: the guard says %v and the copy %v", seed, v.Refusal, list)
			default:
				refused[v.Refusal.Rule]++
			}
			if size != 0 && v.Refusal != nil {
				sized++
				smaller := o
				smaller.Request.Qty = size
				if again := b.g.Check(in, smaller, false, b.now); again.Refusal != nil {
					t.Fatalf("seed %d: %v is said to pass, and %v", seed, size, again.Refusal)
				}
				smaller.Request.Qty += b.g.ins.At(o.Request.Inst).LotFor(o.Request.Type).Step
				if again := b.g.Check(in, smaller, false, b.now); again.Refusal == nil && smaller.Request.Qty <= o.Request.Qty {
					t.Fatalf("seed %d: more than %v passes", seed, size)
				}
			}
			if v.Refusal == nil {
				b.g.Count(&in, b.now)
				o.ID = exchange.OrderID(len(b.g.open) + 1)
				b.g.Hold(o)
			}
		}
	}
	if approved < 20 || sized < 20 || len(refused) < 5 {
		t.Errorf("%d approved, %d sized, refused %v", approved, sized, refused)
	}
}

// BenchmarkWhatIf is how long a question keeps the guard from its work.
func BenchmarkWhatIf(b *testing.B) {
	guard := newBench(b, DefaultLimits()).g
	for b.Loop() {
		if _, err := guard.WhatIf(); err != nil {
			b.Fatal(err)
		}
	}
}

// TestWhatIfKnowsActs: a question about a loan is refused while another one is open, as the guard
// itself refuses it.
func TestWhatIfKnowsActs(t *testing.T) {
	b := newBench(t, DefaultLimits())
	b.g.HoldAct(exchange.OpenAct{
		Act: exchange.Act{ID: 1, Kind: exchange.ActBorrow, Asset: "USDT", Amount: decimal.NewFromInt(5)}, Status: exchange.ActUnknown,
	})
	w, err := b.g.WhatIf()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := w.guard.Acts(), b.g.Acts(); len(got) != 1 || got[0].ID != want[0].ID || w.guard.ActOn("USDT") == nil {
		t.Errorf("the copy has acts %v, want %v", got, want)
	}
}
