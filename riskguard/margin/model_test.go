package margin

import (
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"strconv"
	"testing"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/raced"
)

// worlds is how many random accounts the comparison with the oracle takes; make margin takes
// 100,000, in some minutes.
func worlds(t *testing.T, standard int) int {
	s := os.Getenv("PMBOT_MARGIN_WORLDS")
	if s == "" {
		return standard
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatalf("PMBOT_MARGIN_WORLDS: %v", err)
	}
	return n
}

// TestModelEqualsOracle compares account, scenarios and a projection of random accounts
// with the oracle, to the last digit.
func TestModelEqualsOracle(t *testing.T) {
	raced.Skip(t, "it has one goroutine")
	seen := map[string]int{}
	defer func() {
		if t.Log(seen); len(seen) < 10 {
			t.Error("something that accounts have was in none")
		}
	}()
	for i := range worlds(t, 2000) {
		r := rand.New(rand.NewPCG(7, uint64(i)))
		w := draw(t, r)
		w.count(seen)
		p := w.portfolio(t)
		w.sameAccount(t, p.Account())
		all, err := p.Scenarios()
		if err != nil {
			t.Fatal(err)
		}
		w.sameScenarios(t, all)
		add := w.drawOrder(r, 100)
		got, err := p.Project(add)
		if err != nil {
			t.Fatal(err)
		}
		with := *w
		with.orders = append(append([]exchange.Order{}, w.orders...), add)
		with.sameProjection(t, got)
		with.sameExposure(t, w, got.Exposure)
		with.sameCollateral(t, w, add, got)
		if again, _ := p.Scenarios(); !reflect.DeepEqual(fmt.Sprint(again), fmt.Sprint(all)) {
			t.Errorf("a projection has changed the portfolio")
		}
		if t.Failed() {
			t.Fatalf("seed 7, %d", i)
		}
	}
}

// count notes what a world has in it: a comparison of accounts that have nothing shows nothing.
func (w *world) count(seen map[string]int) {
	seen["worlds"]++
	has := map[string]bool{}
	for _, p := range w.positions {
		in := w.ins.At(p.Inst)
		has["a position of "+in.Product.String()] = true
		tiers := w.tables.UM[in.Symbol].Tiers
		if in.Product == exchange.CM {
			tiers = w.tables.CM[in.Symbol].Tiers
		}
		if value(in, p.Qty.Abs(), dec(w.marks[p.Inst])).GreaterThan(dec(tiers[0].Cap)) {
			has["a position beyond the first bracket"] = true
		}
	}
	for _, o := range w.orders {
		has["an order of "+w.ins.At(o.Request.Inst).Product.String()] = true
	}
	for asset, b := range w.balance {
		has["a loan"] = has["a loan"] || w.debt(asset).IsPositive()
		has["an asset below zero"] = has["an asset below zero"] || w.net(asset, nil).IsNegative()
		schedule := w.tables.Collateral[asset]
		amount := b[exchange.WalletMargin]
		if schedule.ByValue {
			amount = amount.Mul(dec(w.index[asset]))
		}
		if len(schedule.Tiers) > 1 && amount.GreaterThan(dec(schedule.Tiers[0].Cap)) {
			has["collateral beyond the first tier"] = true
		}
	}
	for what, is := range has {
		if is {
			seen[what]++
		}
	}
}
