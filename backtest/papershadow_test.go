package backtest

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmbot/pmbot/backtest/paper"
	"github.com/pmbot/pmbot/backtest/venue/link"
	"github.com/pmbot/pmbot/exchange"
)

// TestShadow has two simulated exchanges trade the same orders, one in the place of the live
// one. Alike they differ in nothing; and each deviation is found and called by its name.
func TestShadow(t *testing.T) {
	far := LatencyConfig{Entry: "20300us", Answer: "7100us"}
	parse := func(t *testing.T, s string) link.Delay {
		d, err := link.ParseDelay(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, c := range []struct {
		name string
		// beside changes the simulation, faults the live one.
		beside func(t *testing.T, c *paper.ShadowConfig)
		faults []string
		unseen func(*exchange.Event) bool
		gaps   bool
		// want must be found; only says that nothing else is.
		want []paper.Cause
		only bool
		// money must differ for this reason, and if only for no other.
		money string
	}{
		{name: "alike", only: true},
		{name: "latency", beside: func(t *testing.T, c *paper.ShadowConfig) { c.Paper.Link.Entry = parse(t, "220300us") }, want: []paper.Cause{paper.Late}},
		{name: "answers later", beside: func(t *testing.T, c *paper.ShadowConfig) { c.Paper.Link.Answer = parse(t, "107100us") }, want: []paper.Cause{paper.Late}, only: true},
		{name: "tolerated", beside: func(t *testing.T, c *paper.ShadowConfig) { c.Paper.Link.Answer = parse(t, "47100us") }, only: true},
		{ // whose prints never come to the order's place
			name: "queue", unseen: func(e *exchange.Event) bool { return e.Kind == exchange.KindTrade && e.Trade().ID%3 > 0 },
			want: []paper.Cause{paper.QueueLive},
		},
		{
			name: "fees", beside: func(_ *testing.T, c *paper.ShadowConfig) {
				c.Paper.Venue.UM.Taker = exchange.MustFixed("0.0004")
			}, want: []paper.Cause{paper.Fees}, only: true, money: "COMMISSION",
		},
		{name: "rejected live", faults: []string{"chance 20% reject -1008"}, want: []paper.Cause{paper.RejectedLive}},
		{name: "lost on the way", faults: []string{"chance 20% lose-request"}, want: []paper.Cause{paper.RejectedLive}},
		{
			name: "rejected in simulation", beside: func(_ *testing.T, c *paper.ShadowConfig) { c.Paper.Venue.Orders.PerMinuteMax = 20 },
			want: []paper.Cause{paper.RejectedSim},
		},
		{name: "trades are missing", unseen: func(e *exchange.Event) bool { return e.Kind == exchange.KindTrade }, gaps: true, want: []paper.Cause{paper.MissingData}},
		{name: "no funding", unseen: func(e *exchange.Event) bool { return e.Kind == exchange.KindFunding }, money: "FUNDING_FEE", only: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDryRun(t, conformConfig(2, far, c.faults...), func(*exchange.Event) {})
				d.unseen = c.unseen
				d.beside = func(p paper.Config) paper.ShadowConfig {
					s := paper.ShadowConfig{Paper: p, Grace: 5 * time.Second}
					s.Paper.Link.Faults = nil
					if c.beside != nil {
						c.beside(t, &s)
					}
					return s
				}
				d.begin("bt0", nil)
				if c.gaps {
					for n := range 60 {
						time.AfterFunc(time.Duration(2*n)*time.Second, func() {
							for inst := range exchange.InstrumentID(2) {
								e := exchange.Event{At: d.clock(), Inst: inst + 1}
								e.SetGap(&exchange.Gap{Kind: exchange.KindTrade, From: e.At - 1, To: e.At, Reason: "a test"})
								d.shadow.Take(&e)
							}
						})
					}
				}
				d.play(d.source.to, false)
				<-time.After(15 * time.Second)
				r := d.shadow.Report()
				d.end()
				found := map[paper.Cause]int{}
				for _, n := range r.Causes {
					found[n.Cause] = n.Count
				}
				if r.Orders < 50 {
					t.Errorf("%d orders show too little", r.Orders)
				}
				for _, w := range c.want {
					if found[w] == 0 {
						t.Errorf("nothing is called %q", w)
					}
					delete(found, w)
				}
				delete(found, paper.Same)
				if c.only && len(found) > 0 {
					t.Errorf("more is found: %v", found)
				}
				differs := c.money == ""
				for _, m := range r.Money {
					if m.Reason == "TOTAL" {
						continue
					}
					differs = differs || m.Differs() && m.Reason == c.money
					if c.only && m.Differs() && m.Reason != c.money {
						t.Errorf("%s in %s: %v live, %v simulated", m.Reason, m.Asset, m.Live, m.Simulated)
					}
				}
				if !differs {
					t.Errorf("no %s differs: %+v", c.money, r.Money)
				}
				if c.name == "alike" && (!r.Slippage.IsZero() || r.FillRatio.Live.IsZero() || r.WaitP50.Live == 0 || len(r.Differences) > 0) {
					t.Errorf("%+v", r)
				}
				text := r.Text()
				for _, n := range r.Causes {
					if !strings.Contains(text, string(n.Cause)) {
						t.Errorf("the text lacks %q:\n%s", n.Cause, text)
					}
				}
				if b, err := r.JSON(); err != nil || !json.Valid(b) {
					t.Errorf("%s, %v", b, err)
				}
				t.Logf("%d orders, %v, slippage %v (%v bp)", r.Orders, r.Causes, r.Slippage, r.SlippageBP)
			})
		})
	}
}
