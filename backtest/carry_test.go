package backtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/strategy"
)

// carry is a reverse cash-and-carry, and an example of a strategy that borrows: while shorts pay
// longs it borrows a coin, sells it on a margin pair and is long of as much by the perpetual. In
// the end it buys the coin back and repays.
type carry struct {
	params carryParams
	spot   *exchange.Instrument
	perp   *exchange.Instrument
	bars   int
	step   carryStep
	ref    strategy.Ref
	left   exchange.Fixed // of the order that is waited for
	told   []string
}

type carryParams struct {
	Spot strategy.Symbol `default:"MARGIN:BTCUSDT" help:"where the coin is sold"`
	Perp strategy.Symbol `default:"UM:BTCUSDT" help:"what is bought for it"`
	Qty  exchange.Fixed  `default:"0.5" unit:"coins" help:"how much is borrowed"`
	From int             `default:"60" unit:"bars" help:"when to begin"`
	To   int             `default:"2000" unit:"bars" help:"when to end"`
}

// carryStep is what the strategy waits for.
type carryStep int

const (
	carryFlat carryStep = iota
	carryLoan
	carrySold
	carryHeld
	carryClosing
	carryBought
	carryRepaid
)

var (
	_ strategy.LoanHandler = (*carry)(nil)
	_ strategy.FillHandler = (*carry)(nil)
)

func (c *carry) Manifest() strategy.Manifest {
	return strategy.Manifest{
		Name: "carry", Version: "1.0.0", Summary: "borrows a coin, sells it and is long of the perpetual",
		Products: []exchange.Product{exchange.UM, exchange.Margin}, OrderTypes: []exchange.OrderType{exchange.Market}, Borrow: true,
	}
}

func (c *carry) Params() any { return &c.params }

func (c *carry) Start(env *strategy.Env) (err error) {
	if c.spot, err = env.Instrument(c.params.Spot); err != nil {
		return err
	}
	if c.perp, err = env.Instrument(c.params.Perp); err != nil {
		return err
	}
	env.Bars(c.spot, time.Minute, 0)
	env.Bars(c.perp, time.Minute, 0)
	env.Fundings(c.perp, 0)
	return nil
}

func (c *carry) OnBar(env *strategy.Env, in *exchange.Instrument, _ *exchange.Bar) {
	if in != c.perp {
		return
	}
	switch c.bars++; {
	case c.step == carryFlat && c.bars >= c.params.From && c.bars < c.params.To:
		c.step, c.ref = carryLoan, env.Borrow(c.spot.Base, c.params.Qty)
	case c.step == carryHeld && c.bars >= c.params.To:
		c.send(env, carryClosing, strategy.Sell(c.perp, c.params.Qty).ReduceOnly())
	}
}

// send sends an order, and waits for its fills.
func (c *carry) send(env *strategy.Env, next carryStep, o strategy.Order) {
	c.step, c.left, c.ref = next, o.Request().Qty, env.Send(o)
}

// OnLoan sells what was borrowed, and is done when it is repaid.
func (c *carry) OnLoan(env *strategy.Env, u *exchange.ActUpdate) {
	c.told = append(c.told, fmt.Sprint(u.Kind, " ", u.Status))
	switch {
	case u.Ref != c.ref || !u.Status.Final():
	case c.step == carryLoan && u.Status == exchange.ActDone:
		c.send(env, carrySold, strategy.Sell(c.spot, c.params.Qty))
	case c.step == carryLoan:
		c.step = carryFlat // and again with the next bar
	}
}

// OnFill goes on when an order has filled whole.
func (c *carry) OnFill(env *strategy.Env, _ *exchange.Instrument, f *exchange.Fill) {
	if f.Ref != c.ref {
		return
	}
	if c.left -= f.Qty; c.left > 0 {
		return
	}
	switch c.step {
	case carrySold:
		c.send(env, carryHeld, strategy.Buy(c.perp, c.params.Qty))
	case carryClosing:
		c.send(env, carryBought, strategy.Buy(c.spot, c.owed(env, "1.002")))
	case carryBought:
		c.step, c.ref = carryRepaid, env.Repay(c.spot.Base, c.owed(env, "1"))
	}
}

// owed is the debt times a little more, for the fee is taken from what is bought.
func (c *carry) owed(env *strategy.Env, times string) exchange.Fixed {
	n, err := exchange.FixedFromDecimal(env.Debt(c.spot.Base).Mul(decimal.RequireFromString(times)).RoundCeil(exchange.FixedPlaces), exchange.RoundDown)
	if err != nil {
		env.Logf("the debt cannot be repaid: %v", err)
		return 0
	}
	if times == "1" {
		return n
	}
	return n.Round(c.spot.Lot.Step, exchange.RoundCeil)
}

// carryTape has two days of bars of a coin that stands still, on its margin pair and its
// perpetual, and fundings at which shorts pay longs.
func carryTape(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	store, err := tape.Create(filepath.Join(dir, "tape"))
	if err != nil {
		t.Fatal(err)
	}
	put := func(p exchange.Product, kind row.Kind, text string) {
		path := filepath.Join(dir, fmt.Sprintf("BTCUSDT-%v-%v.csv", kind, p))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		key := row.Key{Product: p, Symbol: "BTCUSDT", Kind: kind}
		if kind == row.Klines {
			key.Interval = time.Minute
		}
		if _, err := tape.Import(t.Context(), store, tape.ImportSpec{Path: path, Spec: source.Spec{Key: key}}, nil); err != nil {
			t.Fatal(err)
		}
	}
	var bars, rates strings.Builder
	for i := range 2 * 24 * 60 {
		open := time.Duration(day) + time.Duration(i)*time.Minute
		fmt.Fprintf(&bars, "%d,60000,60010,59990,60000,1000,%d,60000000,5000,500,30000000,0\n", open.Milliseconds(), (open+time.Minute).Milliseconds()-1)
	}
	for i := range 6 {
		fmt.Fprintf(&rates, "%d,8,-0.0005\n", (time.Duration(day) + time.Duration(i+1)*8*time.Hour).Milliseconds())
	}
	put(exchange.UM, row.Klines, bars.String())
	put(exchange.Margin, row.Klines, bars.String())
	put(exchange.UM, row.FundingRate, rates.String())
	return filepath.Join(dir, "tape")
}

func carryConfig(dir string) *Config {
	fee := FeeConfig{Maker: exchange.MustFixed("0.0002"), Taker: exchange.MustFixed("0.0005")}
	cfg := &Config{Seed: 1, Risk: riskguard.DefaultLimits(), Strategies: []StrategyConfig{{Plugin: "carry"}}}
	cfg.Data.Tape = dir
	cfg.Account.Margin, cfg.Account.Leverage = map[string]decimal.Decimal{"USDT": decimal.New(100_000, 0)}, 5
	cfg.Venue.UM, cfg.Venue.CM, cfg.Venue.Margin = fee, fee, FeeConfig{Maker: exchange.MustFixed("0.001"), Taker: exchange.MustFixed("0.001")}
	cfg.Venue.Money.Interest, cfg.Venue.Money.Rates = true, map[string]exchange.Fixed{"BTC": exchange.MustFixed("0.00001"), "USDT": exchange.MustFixed("0.00001")}
	cfg.Risk.OrderNotionalMaxRatio, cfg.Risk.PositionMaxRatio = decimal.New(1, 0), decimal.New(1, 0)
	cfg.Risk.BorrowMaxUSD = decimal.New(40_000, 0)
	return cfg
}

// TestCarry borrows, sells, is long, collects the funding, buys back and repays: the report gives
// the strategy its interest, to the last digit what the ledger has, and nothing is owed in the end.
func TestCarry(t *testing.T) {
	cfg := carryConfig(carryTape(t))
	var c *carry
	res := runDesk(t, cfg, LocalProgram(func() strategy.Strategy { c = &carry{}; return c }))
	want := "BORROW PENDING, BORROW DONE, REPAY PENDING, REPAY DONE"
	if got := strings.Join(c.told, ", "); got != want || c.step != carryRepaid || res.Orders.Refused != 0 {
		t.Fatalf("told %s, want %s; step %d, %+v, %v", got, want, c.step, res.Orders, res.Refusals)
	}
	charged := decimal.Zero
	for _, b := range res.Ledger.All() {
		if b.Reason == exchange.ReasonInterest {
			charged = charged.Add(b.Delta)
		}
	}
	// From bar 60 to bar 2000, the first hour at once and then 33 full ones, of 0.5 BTC.
	if hours := decimal.New(33, 0); !charged.Equal(hours.Mul(decimal.RequireFromString("0.000005"))) {
		t.Errorf("interest of %v BTC, want that of %v hours", charged, hours)
	}
	own := res.ByStrategy[0]
	if want := charged.Mul(decimal.New(60_000, 0)).Neg(); !own.Interest.Equal(want) || !res.Total.Interest.Equal(want) {
		t.Errorf("the strategy's interest is %v, all of it %v, want %v", own.Interest, res.Total.Interest, want)
	}
	// Four fundings of 0.05% of 30,000 are more than interest and less than fees.
	if own.Funding.Round(2).String() != "60" || len(res.Open) != 0 {
		t.Errorf("funding %v, open %+v", own.Funding, res.Open)
	}
	for _, b := range res.Balances {
		if b.Wallet.Debt() && !b.End.IsZero() {
			t.Errorf("%v %s is owed at the end", b.End, b.Asset)
		}
	}
}

// forgetful borrows dollars and does nothing with them.
type forgetful struct{ carry }

func (f *forgetful) OnBar(env *strategy.Env, in *exchange.Instrument, _ *exchange.Bar) {
	if f.bars++; f.bars == 60 {
		env.Borrow("USDT", 1000*exchange.FixedOne)
	}
}

func (f *forgetful) OnLoan(_ *strategy.Env, u *exchange.ActUpdate) {
	f.told = append(f.told, fmt.Sprint(u.Kind, " ", u.Status, " ", u.Amount))
}

// TestCarryRepaidByItself: a loan that its strategy forgets is repaid by the service, out of what
// has lain free for ten minutes, and the strategy is told.
func TestCarryRepaidByItself(t *testing.T) {
	cfg := carryConfig(carryTape(t))
	cfg.Services = engine.Services{AutoRepay: engine.RepayAll, AutoRepayAfter: 10 * time.Minute}
	var f *forgetful
	res := runDesk(t, cfg, LocalProgram(func() strategy.Strategy { f = &forgetful{}; return f }))
	owed := decimal.Zero
	for _, b := range res.Balances {
		if b.Wallet.Debt() {
			owed = owed.Add(b.End)
		}
	}
	// The first hour of 1,000 at 0.001% is charged at once, and is the house's to repay.
	want := "BORROW PENDING 1000, BORROW DONE 1000, REPAY PENDING 1000, REPAY DONE 1000"
	if got := strings.Join(f.told, ", "); got != want {
		t.Errorf("told %s, want %s", got, want)
	}
	if interest := res.Total.Interest; !owed.IsZero() || interest.Neg().GreaterThan(decimal.New(2, -2)) || !interest.IsNegative() {
		t.Errorf("%v is owed, interest %v", owed, interest)
	}
}
