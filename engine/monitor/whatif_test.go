package monitor

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/riskguard/whatif"
)

// state is everything that a question must not change.
func (b *bot) state() (text string) {
	b.t.Helper()
	if err := b.Do(context.Background(), func(k *engine.Kernel) {
		text = string(b.config.Guard.Snapshot()) + fmt.Sprint(b.config.Guard.Uses(), k.Orders(), k.Seq())
	}); err != nil {
		b.t.Fatal(err)
	}
	return text
}

// TestQuestionsChangeNothing: what would be is told of an order that the guard would approve
// and of one that it would refuse, and of a scenario, and all is as it was.
func TestQuestionsChangeNothing(t *testing.T) {
	b := newBot(t)
	b.buy(1, 1, "0.1", "58000")
	before := b.state()
	ask := func(order, strategy string) (v Verdict, err error) {
		err = b.client.Get(t.Context(), "order", url.Values{"order": {order}, "strategy": {strategy}}, &v)
		return v, err
	}
	v, err := ask("buy 0.2 BTCUSDT @ 59000 post-only", "mm")
	if err != nil || !v.Approved || v.Strategy != "mm" || v.Passes.String() != "0.2" || v.Missing != "" {
		t.Errorf("%v: %+v", err, v)
	}
	// 5,900 filled at 59,000 is 58,000 · 0.1 lower at worst with its fee than without it.
	if !v.Filled.MaintMargin.IsPositive() || v.Before.MaintMargin.IsPositive() || !v.WorstBefore.UniMMR.GreaterThan(v.Worst.UniMMR) ||
		!v.InitialMargin.GreaterThan(v.InitialMarginBefore) {
		t.Errorf("%+v", v)
	}
	v, err = ask("buy 50 UM:BTCUSDT @ market", "")
	if err != nil || v.Approved || len(v.Refusals) < 2 || v.Refusals[0].Rule != "order-size" || v.Strategy != "" || v.Passes == 0 {
		t.Errorf("%v: %+v", err, v)
	}
	for _, c := range []struct{ order, strategy, want string }{
		{"buy 1 ETHUSDT @ market", "", "there are: UM:BTCUSDT"}, {"buy 1 BTCUSDT @ market", "grid", "there are: hedge, mm"}, {"buy", "", "want buy|sell QTY"},
	} {
		if _, err := ask(c.order, c.strategy); err == nil || !strings.Contains(err.Error(), c.want) || (c.order != "buy") != errors.Is(err, ErrNotThere) {
			t.Errorf("%s: %v", c.order, err)
		}
	}
	var s Stress
	fall := whatif.Scenario{Name: "fall", Moves: []whatif.Move{{Kind: whatif.Coin, What: "*", Ratio: fixed("-0.2")}, {Kind: whatif.Index, What: "USDT", Ratio: fixed("-0.1")}}}
	if err := b.client.Post(t.Context(), "stress", fall, &s); err != nil || s.Of != "dry run of account main" || s.After.Equity.String() != "90000" {
		t.Errorf("%v: %+v", err, s)
	}
	if err := b.client.Post(t.Context(), "stress", whatif.Scenario{Name: "nothing"}, &s); err == nil || !strings.Contains(err.Error(), "changes nothing") {
		t.Error(err)
	}
	var m Margin
	if err := b.client.Get(t.Context(), "margin", nil, &m); err != nil || len(m.Orders) != 1 || m.Orders[0].Order != "buy 0.1 UM:BTCUSDT @ 58000" || len(m.Lines) != 6 {
		t.Errorf("%v: %+v", err, m)
	}
	if after := b.state(); after != before {
		t.Errorf("a question has changed\n%s\nto\n%s", before, after)
	}
}
