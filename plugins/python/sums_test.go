package python_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/plugins/plugintest"
	"github.com/pmbot/pmbot/strategy"
	"github.com/pmbot/pmbot/strategy/exec"
)

// sums is the strategy of tests/sums.py: it writes down what the packages compute.
type sums struct {
	sma       *strategy.SMA
	ema       *strategy.EMA
	deviation *strategy.StdDev
	atr       *strategy.ATR
	channel   *strategy.Donchian
}

func (s *sums) Manifest() strategy.Manifest { return strategy.Manifest{Name: "sums"} }
func (s *sums) Params() any                 { return nil }

func (s *sums) Start(env *strategy.Env) error {
	*s = sums{strategy.NewSMA(5), strategy.NewEMA(7), strategy.NewStdDev(6), strategy.NewATR(4), strategy.NewDonchian(9)}
	for i, name := range []string{"UM:BTCUSDT", "CM:BTCUSD_PERP"} {
		symbol, err := strategy.ParseSymbol(name)
		if err != nil {
			return err
		}
		in, err := env.Instrument(symbol)
		if err != nil {
			return err
		}
		env.Bars(in, time.Minute, 0)
		if i == 0 {
			env.Trades(in)
			env.BookTickers(in)
			env.Marks(in)
		}
	}
	return nil
}

func (s *sums) OnBar(env *strategy.Env, in *exchange.Instrument, b *exchange.Bar) {
	s.sma.Push(b.Close)
	s.ema.Push(b.Close)
	s.deviation.Push(b.Close)
	s.atr.Push(b.High, b.Low, b.Close)
	s.channel.Push(b.High, b.Low)
	state, _ := json.Marshal(strategy.States(s.sma, s.ema, s.deviation, s.atr, s.channel))
	env.Logf("%s", state)
	var values []string
	for _, v := range []float64{s.sma.Value(), s.ema.Value(), s.deviation.Value(), s.atr.Value()} {
		values = append(values, hex(v))
	}
	env.Logf("%s %v %v", strings.Join(values, " "), s.channel.High(), s.channel.Low())
	for _, r := range []exchange.Rounding{exchange.RoundDown, exchange.RoundHalfUp, exchange.RoundFloor, exchange.RoundCeil} {
		x, _ := strategy.Snap(float64(s.ema.Value()/3), exchange.MustFixed("0.1"), r)
		env.Logf("%v %v", x, (-b.Close).Round(exchange.MustFixed("0.7"), r))
	}
	env.Logf("%v", strategy.Lots(in, exchange.Limit, b.Close-60_000*exchange.FixedOne))
	off, own := (b.Close - 60_000*exchange.FixedOne).Decimal(), exec.Coins(env, in)
	for _, coins := range []decimal.Decimal{off, off.Neg(), own, own.Neg()} {
		env.Logf("%v of %v", exec.Lot(env, in, coins), coins)
	}
	env.Logf("%v %v %v", env.Last(in), env.Quote(in).Mid(), env.Mark(in).Index)
	env.Logf("%v %s", b.Volume, env.Now().UTC().Format("2006-01-02T15:04:05.000000-07:00"))
}

// hex prints as Python's float.hex does.
func hex(v float64) string {
	if v == 0 {
		return "0x0.0p+0"
	}
	s := strconv.FormatFloat(v, 'x', 13, 64)
	mantissa, exponent, _ := strings.Cut(s, "p")
	n, _ := strconv.Atoi(exponent)
	if math.IsNaN(v) {
		return "nan"
	}
	return fmt.Sprintf("%sp%+d", mantissa, n)
}

func (s *sums) OnFill(env *strategy.Env, in *exchange.Instrument, _ *exchange.Fill) {
	for _, p := range []exchange.Position{env.Position(in), env.Leg(in, exchange.Both), env.Leg(in, exchange.Long), env.Leg(in, exchange.Short)} {
		env.Logf("%v at %v", p.Qty, p.Entry)
	}
	env.Logf("%v", env.Held(in))
}

func (s *sums) OnAccount(env *strategy.Env, _ *exchange.Account) {
	env.Logf("%v %v %v", env.Coins("BTC"), env.Debt("BTC"), env.Balance("BTC", exchange.WalletCM))
}

func (s *sums) OnOrder(env *strategy.Env, _ *exchange.Instrument, _ *exchange.OrderUpdate) {
	for _, o := range env.Orders() {
		env.Logf("%d %d %v %v %v %v %d", o.Ref, o.ID, o.Status, o.Request.Price, o.Filled, o.Remaining(), o.Updated)
	}
}

// TestSums holds every number of the Python package against the Go packages' own.
func TestSums(t *testing.T) {
	p := open(t, "tests/sums.py")
	ins, err := exchange.NewInstruments(
		exchange.Instrument{Product: exchange.UM, Symbol: "BTCUSDT", ContractSize: exchange.FixedOne, NotionalMin: 40_000 * exchange.FixedOne,
			Lot: exchange.Lot{Min: exchange.MustFixed("0.5"), Max: exchange.MustFixed("0.9"), Step: exchange.MustFixed("0.03")}},
		exchange.Instrument{Product: exchange.CM, Symbol: "BTCUSD_PERP", ContractSize: 100 * exchange.FixedOne, NotionalMin: 20_000 * exchange.FixedOne})
	check(t, err)
	for seed := range uint64(6) {
		local, err := strategy.NewRuntime(&sums{}, nil, ins, 3)
		check(t, err)
		session, err := p.Start("", nil, ins, 3)
		check(t, err)
		events := plugintest.Market(rand.New(rand.NewPCG(seed, 9)), 600)
		for i := range events {
			e := &events[i]
			if !local.Wants(e) {
				continue
			}
			got, err := session.Deliver(e)
			check(t, err)
			want := local.Deliver(e)
			for j := range want.Logs { // microseconds are cut there only when there are any
				want.Logs[j] = strings.Replace(want.Logs[j], ".000000+00:00", "+00:00", 1)
			}
			plugintest.Equal(t, seed, i, want, got)
		}
	}
}
