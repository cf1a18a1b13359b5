package plugintest_test

import (
	"os"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/plugins/plugintest"
	"github.com/pmbot/pmbot/plugins/trend"
	"github.com/pmbot/pmbot/strategy"
)

func TestMain(m *testing.M) {
	plugintest.Main(map[string]func() strategy.Strategy{"trend": trend.New})
	os.Exit(m.Run())
}

func instruments(t *testing.T) *exchange.Instruments {
	t.Helper()
	ins, err := exchange.NewInstruments(exchange.Instrument{
		Product: exchange.UM, Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT", MarginAsset: "USDT", Status: exchange.StatusTrading,
		ContractSize: exchange.FixedOne, Tick: exchange.MustFixed("0.1"), Lot: exchange.Lot{Min: 100_000, Step: 100_000},
	})
	if err != nil {
		t.Fatal(err)
	}
	return ins
}

// bars are minutes whose closes rise and fall.
func bars(n int) (events []exchange.Event) {
	for i := range n {
		at := exchange.Time(time.Duration(i+1) * time.Minute)
		e := exchange.Event{Seq: uint64(i + 1), At: at, Exchange: at, Inst: 1}
		price := exchange.Fixed(60_000+i%11*40-i%7*60) * exchange.FixedOne
		e.SetBar(&exchange.Bar{Start: at.Add(-time.Minute), Interval: time.Minute, Open: price, High: price, Low: price, Close: price})
		events = append(events, e)
	}
	return events
}

// A strategy in a process of its own wishes what it wishes here.
func TestSame(t *testing.T) {
	params := map[string]string{"fast": "2", "slow": "5"}
	if n := plugintest.Same(t, "trend", trend.New, params, instruments(t), bars(60)); n == 0 {
		t.Error("it wished nothing, so nothing was compared")
	}
}

// recorder notes what a helper says about a test.
type recorder struct {
	testing.TB
	failed string
}

func (r *recorder) Fatal(args ...any) { r.failed = "fatal"; panic(r) }

func (r *recorder) Fatalf(format string, args ...any) { r.failed = format; panic(r) }

// What differs fails the test: here the one in this process has another parameter.
func TestSameFindsADifference(t *testing.T) {
	other := func() strategy.Strategy { return &shifted{trend.New()} }
	r := &recorder{TB: t}
	func() {
		defer func() { _ = recover() }()
		plugintest.Same(r, "trend", other, map[string]string{"fast": "2", "slow": "5"}, instruments(t), bars(60))
	}()
	if r.failed != "event %d, %v: %s" {
		t.Errorf("it said %q", r.failed)
	}
}

// shifted is a trend that sees no bars.
type shifted struct{ strategy.Strategy }

func (s *shifted) OnBar(env *strategy.Env, _ *exchange.Instrument, _ *exchange.Bar) { env.Logf("seen") }
