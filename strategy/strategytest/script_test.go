package strategytest

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// echo logs what it is told and does what trades at small prices say.
type echo struct {
	p struct {
		Symbol strategy.Symbol `default:"UM:BTCUSDT"`
		Size   exchange.Fixed  `default:"0.01" min:"0"`
	}
	in *exchange.Instrument
}

func (e *echo) Manifest() strategy.Manifest {
	return strategy.Manifest{Name: "echo", Version: "1.0.0", Stateless: true, Borrow: true}
}
func (e *echo) Params() any { return &e.p }
func (e *echo) Start(env *strategy.Env) (err error) {
	if e.in, err = env.Instrument(e.p.Symbol); err != nil {
		return err
	}
	env.Bars(e.in, time.Minute, 0)
	env.BookTickers(e.in)
	env.Trades(e.in)
	env.Marks(e.in)
	env.Fundings(e.in, 0)
	env.At(0, 1)
	return nil
}
func (e *echo) OnBar(env *strategy.Env, _ *exchange.Instrument, b *exchange.Bar) {
	env.Logf("bar till %v: %v %v %v %v", env.Now(), b.Open, b.High, b.Low, b.Close)
}
func (e *echo) OnBookTicker(env *strategy.Env, _ *exchange.Instrument, b exchange.BookTicker) {
	env.Logf("quote %v %v", b.Bid, b.Ask)
}
func (e *echo) OnMark(env *strategy.Env, _ *exchange.Instrument, m exchange.Mark) {
	env.Logf("mark %v, %v at %v", m.Price, m.Rate, m.NextFunding)
}
func (e *echo) OnFunding(env *strategy.Env, _ *exchange.Instrument, f exchange.Funding) {
	env.Logf("funding %v after %v", f.Rate, f.Interval)
}
func (e *echo) OnTrade(env *strategy.Env, _ *exchange.Instrument, t exchange.Trade) {
	switch t.Price {
	case exchange.FixedOne:
		env.Send(strategy.Buy(e.in, e.p.Size).Limit(exchange.MustFixed("60000")).PostOnly().Tag("one"))
	case 2 * exchange.FixedOne:
		env.Send(strategy.Sell(e.in, e.p.Size).Stop(exchange.MustFixed("59000")).ReduceOnly().OnMark())
	case 3 * exchange.FixedOne:
		ref := env.Send(strategy.Buy(e.in, e.p.Size).Limit(exchange.MustFixed("60000")))
		env.Amend(ref, exchange.MustFixed("60001"), exchange.MustFixed("0.02"))
		env.Cancel(ref)
	case 4 * exchange.FixedOne:
		env.CancelAll(e.in)
	case 5 * exchange.FixedOne:
		ref := env.Borrow("BTC", exchange.FixedOne)
		env.Logf("wished %d", ref)
		env.Repay("BTC", exchange.FixedOne)
	case 6 * exchange.FixedOne:
		hedge, _ := env.Instrument(strategy.Symbol{Product: exchange.CM, Name: "BTCUSD_PERP"})
		env.Pair(strategy.Pair{Lead: e.in, Hedge: hedge, Coins: -exchange.FixedOne / 10, Slice: exchange.FixedOne / 20, Timeout: time.Minute, Tag: "pair"})
	case 7 * exchange.FixedOne:
		env.Protect(strategy.Buy(e.in, 0).Stop(exchange.MustFixed("62000")).OnMark())
	case 8 * exchange.FixedOne:
		for _, u := range env.Tasks() {
			env.Cancel(u.Ref)
		}
	default:
		env.Logf("trade %v %v, warming %v", t.Price, t.Qty, env.Warming())
	}
}
func (e *echo) OnFill(env *strategy.Env, _ *exchange.Instrument, f *exchange.Fill) {
	env.Logf("fill #%d %v at %v, held %v, forced %v", f.Ref, f.Qty, f.Price, env.Held(e.in), f.Forced)
}
func (e *echo) OnOrder(env *strategy.Env, _ *exchange.Instrument, u *exchange.OrderUpdate) {
	env.Logf("#%d %v %s", u.Ref, u.Status, u.Reason)
}
func (e *echo) OnRefusal(env *strategy.Env, r *exchange.Refusal) { env.Logf("refused by %s", r.Rule) }
func (e *echo) OnLoan(env *strategy.Env, u *exchange.ActUpdate) {
	env.Logf("loan #%d %v %v, debt %v", u.Ref, u.Kind, u.Status, env.Debt("BTC"))
}
func (e *echo) OnTask(env *strategy.Env, u *exchange.TaskUpdate) {
	env.Logf("#%d %v %v, %v and %v coins, %d open", u.Ref, u.Kind, u.Status, u.Lead, u.Hedged, len(env.Tasks()))
}
func (e *echo) OnAccount(env *strategy.Env, a *exchange.Account) {
	env.Logf("equity %v, uniMMR %v, USDT %v", a.Equity, a.UniMMR, env.Coins("USDT"))
}
func (e *echo) OnState(env *strategy.Env, s *exchange.StateChange) {
	env.Logf("state %v, %v of the symbol", s.State, env.State(e.in))
}
func (e *echo) OnTimer(env *strategy.Env, id uint64) {
	env.Logf("timer %d", id)
	if id < 3 {
		env.After(30*time.Second, id+1)
	}
}
func (e *echo) Stop(env *strategy.Env) { env.CancelAll(e.in) }

func newEcho() strategy.Strategy { return &echo{} }

func TestScripts(t *testing.T) { Run(t, newEcho, "testdata/*.txt") }

// Every verb is played by the golden script, and documented.
func TestVerbs(t *testing.T) {
	text, err := os.ReadFile("testdata/verbs.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range verbs() {
		if !strings.Contains("\n"+string(text), "\n"+v.name) {
			t.Errorf("testdata/verbs.txt does not try %s", v.name)
		}
		if !strings.HasPrefix(v.usage, v.name) || !strings.Contains(Verbs(), v.usage) {
			t.Errorf("%s is not explained", v.name)
		}
	}
}

// What is wrong in a script is told with its line and a cure.
func TestScriptMistakes(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"bar UM:BTCUSDT 1", "1: nothing is started; begin with: start name=value ..."},
		{"start\n\nber UM:BTCUSDT 1", `3: no verb "ber"; did you mean bar?`},
		{"start x", `1: "x": cannot be read; it is: start [name=value ...]`},
		{"start\nbar UM:XUSDT 1", "2: no such instrument: UM XUSDT; add above start: instrument UM:XUSDT tick=0.1 lot=0.001"},
		{"start\nbar UM:BTCUSDT 1 2", "2: cannot be read; it is: bar UM:BTCUSDT [5m] CLOSE | OPEN HIGH LOW CLOSE"},
		{"start\nfill 3", "2: order #3 is not open; none is open"},
		{"start\ntrade UM:BTCUSDT 1\nfill 1 5", "3: quantity 5: 0.01 of order #1 are open"},
		{"start\ntrade UM:BTCUSDT 1\nrefuse 1", "3: order #1 is WORKING; the guard refuses what was not sent, after: answer wait"},
		{"start\nstate account OFF", `2: unknown trading state "OFF": cannot be read`},
		{"instrument UM:XUSDT tick=0.1 lots=1", `1: "lots": cannot be read; it is: instrument`},
		// What the strategy does and must not.
		{"start size=0.0001\ntrade UM:BTCUSDT 1", "2: #1 buy 0.0001 UM:BTCUSDT limit 60000 post-only \"one\": quantity 0.0001 is below the least, 0.001"},
		{"instrument UM:BTCUSDT like=UM:BTCUSDT notional=61\nstart size=0.001\ntrade UM:BTCUSDT 1", "is below the least, 61"},
		{"start\nstate account HALTED\ntrade UM:BTCUSDT 1", "sent while trading is halted"},
		{"start\nwarm on\ntrade UM:BTCUSDT 1", "sent during the warm-up"},
	} {
		_, problems := play(newEcho, c.text+"\n")
		if len(problems) == 0 || !strings.Contains(problems[0].String(), c.want) {
			t.Errorf("%q: %v, want %q", c.text, problems, c.want)
		}
	}
}

// A golden file that says something else is a difference, told with the event before it.
func TestFirstDifference(t *testing.T) {
	got, _ := play(newEcho, "start\n")
	if want := `line 2: after "start" the script has "nothing", and it asked for "watch bars of UM:BTCUSDT every 1m"`; firstDifference("start\n", got) != want {
		t.Errorf("%s\nwant %s", firstDifference("start\n", got), want)
	}
}
