package loop

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/papisim"
	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
)

// TestDriftIsNoticed runs a bot against an exchange that values the account at prices which jump
// about and reach the bot late: nothing is held then. When the exchange reports ten percent less
// equity than there is, three readings stop new risk, and a person frees it.
func TestDriftIsNoticed(t *testing.T) {
	inWorld(t, 5, func(w *world) {
		p := w.run(engine.New(kernelConfig(t)), "pm-d", exchange.Known{}, &slow{w: w}, seen(watching))
		p.settle()
		read := func() {
			for range 10 { // seconds
				price := w.price + exchange.Fixed(w.chance(4001)-2000)*exchange.FixedOne
				w.show(price)
				<-time.After(time.Duration(100+w.chance(800)) * time.Millisecond)
				w.market(price, p.Take)
				<-time.After(time.Duration(w.chance(300)) * time.Millisecond)
			}
			p.CatchUp("to compare")
			<-time.After(500 * time.Millisecond)
			synctest.Wait()
		}
		held := func() string {
			var list []string
			if err := p.Do(p.ctx, func(k *engine.Kernel) {
				for _, h := range k.States() {
					list = append(list, h.State.String()+" by "+h.Cause.String()+": "+h.Reason)
				}
			}); err != nil {
				t.Fatal(err)
			}
			return strings.Join(list, "; ")
		}
		for i := range 20 {
			if read(); held() != "" {
				t.Fatalf("after %d readings that jitter: %s", i+1, held())
			}
		}
		equity := decimal.Zero
		if err := p.Do(p.ctx, func(k *engine.Kernel) { equity = k.Account().Equity }); err != nil {
			t.Fatal(err)
		}
		w.sim.SetSkew(papisim.Skew{Equity: decimal.NewNullDecimal(equity.Mul(decimal.New(90, -2)))})
		for range 2 {
			read()
		}
		if held() != "" {
			t.Errorf("before a third reading is judged: %s", held())
		}
		read()
		read()
		const want = "REDUCE_ONLY by WATCH: the margin model is not the exchange's: equity is "
		if got := held(); !strings.HasPrefix(got, want) || !strings.Contains(got, "net here: USDT ") {
			t.Errorf("after a third reading: %q, want %s", got, want)
		}
		w.sim.SetSkew(papisim.Skew{})
		read()
		read()
		if !strings.HasPrefix(held(), want) {
			t.Errorf("nobody has resumed, and it is %q", held())
		}
		if err := p.Operate(p.ctx, operator(exchange.Active)); err != nil {
			t.Error(err)
		}
		read()
		if held() != "" {
			t.Errorf("resumed, and %s", held())
		}
	})
}
