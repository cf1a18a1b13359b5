package margin

import (
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"strconv"
	"testing"

	"github.com/pmbot/pmbot/exchange"
)

// worlds is how many random accounts the comparison with the oracle takes. Before a
// release, PMBOT_MARGIN_WORLDS=100000 takes a few minutes.
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
	for i := range worlds(t, 2000) {
		r := rand.New(rand.NewPCG(7, uint64(i)))
		w := draw(t, r)
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
		if again, _ := p.Scenarios(); !reflect.DeepEqual(fmt.Sprint(again), fmt.Sprint(all)) {
			t.Errorf("a projection has changed the portfolio")
		}
		if t.Failed() {
			t.Fatalf("seed 7, %d", i)
		}
	}
}
