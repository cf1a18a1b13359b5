package backtest_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// benchRows is the length of the benchmarks on a tape: half a second and more.
const benchRows = 4_000_000

// walkStart is where the prices of the benchmarks begin, in ticks of a tenth.
const walkStart = 620_000

// importRows writes rows of a series as an archive has them and puts them on a tape.
func importRows(b *testing.B, dir string, p exchange.Product, symbol string, k row.Kind, rows int, text func(i int) string) {
	b.Helper()
	path := filepath.Join(b.TempDir(), fmt.Sprintf("%s-%s-2024-03-01.csv", symbol, k))
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriter(f)
	for i := range rows {
		if _, err := w.WriteString(text(i)); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	f.Close()
	store, err := tape.Create(dir)
	if err != nil {
		store, err = tape.Open(dir)
	}
	if err != nil {
		b.Fatal(err)
	}
	spec := tape.ImportSpec{Path: path, Spec: source.Spec{Key: row.Key{Product: p, Symbol: symbol, Kind: k}}}
	if _, err := tape.Import(context.Background(), store, spec, nil); err != nil {
		b.Fatal(err)
	}
	os.Remove(path)
}

// benchStart is the first instant, in milliseconds.
var benchStart = time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC).UnixMilli()

// tradesOf is a walk of trades, one every so many milliseconds. Their sizes are two digits
// after what is given.
func tradesOf(seed uint64, size string, every int64) func(i int) string {
	rng, price := rand.New(rand.NewPCG(seed, 1)), walkStart
	return func(i int) string {
		price += rng.IntN(3) - 1
		return fmt.Sprintf("%d,%d.%d,%s%d,%d,%d,%d,%v\n", i+1, price/10, price%10, size, 10+rng.IntN(80), i+1, i+1, benchStart+int64(i)*every, rng.IntN(2) == 0)
	}
}

// tickersOf is a walk of best bids and asks a tick apart, whose price moves every thirtieth
// time, as that of BTCUSDT did on 2024-08-08, when a ticker came every five milliseconds.
func tickersOf(seed uint64, qty string, every, offset int64) func(i int) string {
	rng, price := rand.New(rand.NewPCG(seed, 2)), walkStart
	return func(i int) string {
		if i%30 == 0 {
			price += rng.IntN(3) - 1
		}
		at := benchStart + offset + int64(i)*every
		return fmt.Sprintf("%d,%d.%d,%d%s,%d.%d,%d%s,%d,%d\n", i+1, price/10, price%10, 1+rng.IntN(9), qty, (price+1)/10, (price+1)%10, 1+rng.IntN(9), qty, at, at)
	}
}

// tapeConfig runs a benchmark's strategy on its tape.
func tapeConfig(dir string) *backtest.Config {
	cfg := benchConfig(0)
	cfg.Data = backtest.DataConfig{Tape: dir}
	cfg.Account.CM = map[string]decimal.Decimal{"BTC": decimal.New(10, 0)}
	cfg.Risk.MessagesPerSecondMax, cfg.Risk.OpenOrdersMax = 20, 40
	cfg.Risk.ExecutionsPerMinuteMax, cfg.Risk.AccountMessagesPerMinuteMax, cfg.Risk.OrderToTradeMax = 10_000, 1200, 100_000
	cfg.Risk.FreshPrice, cfg.Risk.FreshMark, cfg.Risk.FreshIndex = time.Minute, time.Minute, time.Minute
	cfg.Strategies = []backtest.StrategyConfig{{Plugin: "bench", Params: map[string]string{}}}
	return cfg
}

func benchTape(b *testing.B, dir string, rows int, s func() strategy.Strategy) {
	b.Helper()
	for b.Loop() {
		start, before := time.Now(), cpuTime(b)
		res, err := backtest.Run(context.Background(), tapeConfig(dir), backtest.Options{Programs: []backtest.Program{backtest.LocalProgram(s)}})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(rows)/time.Since(start).Seconds()/1e6, "Mrows/s")
		b.ReportMetric(float64(rows)/(cpuTime(b)-before).Seconds()/1e6, "Mrows/cpu-s")
		b.ReportMetric(1000*float64(res.Orders.Intents)/float64(rows), "orders/krow") // amends count
		b.ReportMetric(float64(res.Orders.Fills), "fills")
		b.ReportMetric(float64(res.Orders.Refused), "refused")
	}
}

// cpuTime is what the process has used of its cores. Other than the time on the wall it
// tells much the same on a busy machine.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// cross trades when a fast average of trade prices crosses a slow one, and, if it is told
// to, keeps a ladder of orders far below and above that never fill.
type cross struct {
	params struct {
		Symbol strategy.Symbol `default:"UM:BTCUSDT" help:"what to trade"`
	}
	in         *exchange.Instrument
	fast, slow *strategy.EMA
	rungs      int // of the ladder, on both sides together
	up         bool
}

func (c *cross) Manifest() strategy.Manifest {
	return strategy.Manifest{Name: "bench", Version: "1.0.0", Summary: "crosses averages", Stateless: true}
}

func (c *cross) Params() any { return &c.params }

func (c *cross) Start(env *strategy.Env) (err error) {
	c.in, err = env.Instrument(c.params.Symbol)
	env.Trades(c.in)
	c.fast, c.slow = strategy.NewEMA(2000), strategy.NewEMA(20000)
	return err
}

func (c *cross) OnTrade(env *strategy.Env, in *exchange.Instrument, t exchange.Trade) {
	c.fast.Push(t.Price)
	c.slow.Push(t.Price)
	if !c.slow.Ready() {
		return
	}
	if have := len(env.Orders()); have < c.rungs && env.Now()%exchange.Time(time.Second) == 0 {
		away := exchange.Fixed(10000+100*have) * in.Tick
		o := strategy.Buy(in, exchange.MustFixed("0.01")).Limit(t.Price - away)
		if have%2 == 1 {
			o = strategy.Sell(in, exchange.MustFixed("0.01")).Limit(t.Price + away)
		}
		env.Send(o.PostOnly())
	}
	if up := c.fast.Value() > c.slow.Value(); up != c.up {
		c.up = up
		o := strategy.Buy(in, exchange.MustFixed("0.05")-env.Held(in))
		if !up {
			o = strategy.Sell(in, exchange.MustFixed("0.05")+env.Held(in))
		}
		env.Send(o.Market())
	}
}

// BenchmarkTrades is a moving-average cross on trades of a tape.
func BenchmarkTrades(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "tape")
	importRows(b, dir, exchange.UM, "BTCUSDT", row.AggTrades, benchRows, tradesOf(1, "0.0", 10))
	b.Run("cross", func(b *testing.B) { benchTape(b, dir, benchRows, func() strategy.Strategy { return &cross{} }) })
	b.Run("ladder", func(b *testing.B) {
		benchTape(b, dir, benchRows, func() strategy.Strategy { return &cross{rungs: 20} })
	})
}

// quoter posts a bid and an ask on two legs and moves them with the best prices.
type quoter struct {
	params struct {
		UM strategy.Symbol `default:"UM:BTCUSDT" help:"one leg"`
		CM strategy.Symbol `default:"CM:BTCUSD_PERP" help:"the other leg"`
	}
	legs  [2]*exchange.Instrument
	qty   [2]exchange.Fixed
	asked [2]exchange.Time
}

func (q *quoter) Manifest() strategy.Manifest {
	return strategy.Manifest{Name: "bench", Version: "1.0.0", Summary: "quotes two legs", Stateless: true}
}

func (q *quoter) Params() any { return &q.params }

func (q *quoter) Start(env *strategy.Env) (err error) {
	q.qty = [2]exchange.Fixed{exchange.MustFixed("0.01"), exchange.MustFixed("5")}
	for i, s := range []strategy.Symbol{q.params.UM, q.params.CM} {
		if q.legs[i], err = env.Instrument(s); err != nil {
			return err
		}
		env.BookTickers(q.legs[i])
	}
	return nil
}

func (q *quoter) OnBookTicker(env *strategy.Env, in *exchange.Instrument, t exchange.BookTicker) {
	leg := 0
	if in == q.legs[1] {
		leg = 1
	}
	if env.Now() < q.asked[leg].Add(500*time.Millisecond) {
		return
	}
	q.asked[leg] = env.Now()
	var has [exchange.Sell + 1]bool
	for _, o := range env.Orders() {
		if o.Request.Inst != in.ID {
			continue
		}
		has[o.Request.Side] = true
		best := t.Bid
		if o.Request.Side == exchange.Sell {
			best = t.Ask
		}
		if o.Request.Price != best {
			env.Amend(o.Ref, best, o.Request.Qty)
		}
	}
	if held := env.Held(in); !has[exchange.Buy] && held < 20*q.qty[leg] {
		env.Send(strategy.Buy(in, q.qty[leg]).Limit(t.Bid).PostOnly())
	}
	if held := env.Held(in); !has[exchange.Sell] && held > -20*q.qty[leg] {
		env.Send(strategy.Sell(in, q.qty[leg]).Limit(t.Ask).PostOnly())
	}
}

// BenchmarkTickers is a two-leg maker on best bids and asks of a tape, and trades.
func BenchmarkTickers(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "tape")
	const trades = benchRows / 40
	importRows(b, dir, exchange.UM, "BTCUSDT", row.AggTrades, trades, tradesOf(1, "0.0", 100))
	importRows(b, dir, exchange.CM, "BTCUSD_PERP", row.AggTrades, trades, tradesOf(2, "", 100))
	importRows(b, dir, exchange.UM, "BTCUSDT", row.BookTicker, benchRows/2, tickersOf(1, ".5", 5, 1))
	importRows(b, dir, exchange.CM, "BTCUSD_PERP", row.BookTicker, benchRows/2, tickersOf(2, "00", 5, 3))
	benchTape(b, dir, benchRows+2*trades, func() strategy.Strategy { return &quoter{} })
}
