package riskguard

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/raced"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// TestNoSequenceBreaksALimit lets strategies ask for random orders, and the exchange answer
// them in any order: acknowledge, fill in parts, cancel, amend, fall silent. After every step
// a plain account of the test's own, see book, says whether each limit holds over what has
// filled and all that may still fill. PMBOT_SEEDS is how many runs there are; a failure names
// the seed, and the fewest of its steps that fail.
func TestNoSequenceBreaksALimit(t *testing.T) {
	raced.Skip(t, "it has one goroutine")
	seeds := 60
	if text := os.Getenv("PMBOT_SEEDS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		seeds = n
	}
	seen := map[string]int{}
	for seed := range seeds {
		const steps = 100
		broken, _ := sequence(t, uint64(seed), steps, nil, seen)
		if broken == "" {
			continue
		}
		var skip []int
		for i := range steps { // leave out what is not needed for it
			if again, _ := sequence(t, uint64(seed), steps, append(skip, i), nil); again != "" {
				skip = append(skip, i)
			}
		}
		broken, log := sequence(t, uint64(seed), steps, skip, nil)
		t.Fatalf("seed %d: %s\n%s", seed, broken, strings.Join(log, "\n"))
	}
	// A test in which nothing happens shows nothing.
	for _, what := range []string{
		"approved", "amended", "filled", "ended", "unknown", "reducing", "refused by state", "refused by order-size", "refused by price-collar",
		"refused by freshness", "refused by duplicate", "refused by message-rate", "refused by open-orders", "refused by position",
		"refused by unimmr", "refused by unimmr-shock", "refused by unknown-order", "refused by exposure", "refused by self-trade", "refused by executions",
	} {
		if seen[what] == 0 {
			t.Errorf("in %d runs nothing was %s: %v", seeds, what, seen)
		}
	}
	t.Log(seen)
}

// walk is one random run: a guard, and what the test knows by itself.
type walk struct {
	t       *testing.T
	r       *rand.Rand
	g       *Guard
	b       *book
	limits  Limits
	shocks  []bookShock
	now     exchange.Time
	last    exchange.OrderID
	orders  []*bookOrder
	sent    map[exchange.StrategyID][]exchange.Time
	dealt   map[exchange.StrategyID][]exchange.Time
	priceAt map[exchange.InstrumentID]exchange.Time
	markAt  map[exchange.InstrumentID]exchange.Time
	indexAt map[string]exchange.Time
	halted  map[exchange.InstrumentID]bool
	wallets map[string]decimal.Decimal // as "UM USDT"
	seen    map[string]int
	log     []string
	// uniMMR and equity are the worst before a step, and reach the largest positions.
	uniMMR []decimal.Decimal
	equity decimal.Decimal
	reach  map[string]decimal.Decimal
	// own is what each strategy itself holds, and owns what its orders could make of that.
	own  map[string]decimal.Decimal
	owns map[string]decimal.Decimal
}

// sequence runs a seed without some of its steps, and says what broke, "" if nothing.
func sequence(t *testing.T, seed uint64, steps int, skip []int, seen map[string]int) (broken string, log []string) {
	if seen == nil {
		seen = map[string]int{}
	}
	w := newWalk(t, rand.New(rand.NewPCG(97, seed)), seen)
	for i := range steps {
		if slices.Contains(skip, i) {
			continue
		}
		w.r = rand.New(rand.NewPCG(seed, uint64(i)))
		if broken := w.step(); broken != "" {
			return fmt.Sprintf("step %d: %s", i, broken), w.log
		}
	}
	return "", w.log
}

func newWalk(t *testing.T, r *rand.Rand, seen map[string]int) *walk {
	t.Helper()
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	d := func(list ...string) decimal.Decimal { return decimal.RequireFromString(pick(list...)) }
	l := DefaultLimits()
	l.OrderNotionalMaxRatio, l.PositionMaxRatio = d("0.05", "0.5", "2", "10"), d("0.3", "2", "20")
	l.UniMMRMin, l.UniMMRShockMin = d("1.2", "3", "15", "60"), d("1.05", "1.5", "5", "20")
	l.OpenOrdersNotionalMaxRatio, l.StrategyPositionMaxRatio = d("1", "40", "40"), d("1", "20", "20")
	l.ShockCoin, l.ShockStable, l.ShockHaircut = d("0", "0.2", "0.5"), d("0", "0.1"), d("0", "0.1", "0.3")
	l.PriceCollarLimit, l.PriceCollarMarket = d("0.003", "0.01", "0.05"), d("0.002", "0.01")
	l.GrossExposureMaxRatio, l.NetExposureMaxRatio, l.CoinExposureMaxRatio = decimal.New(50, 0), decimal.New(50, 0), decimal.New(50, 0)
	if tight := d("0.6", "1", "5"); r.IntN(3) == 0 { // else the floors of uniMMR are what refuses
		l.GrossExposureMaxRatio, l.NetExposureMaxRatio, l.CoinExposureMaxRatio = tight.Mul(d("1", "3", "9")), tight.Mul(d("1", "2")), tight
	}
	l.SelfTrade = SelfTrade(r.IntN(3))
	l.ExecutionsPerMinuteMax = 2 + r.IntN(40)
	l.OpenOrdersMax, l.MessagesPerSecondMax = 1+r.IntN(4), 2+r.IntN(9)
	l.AccountOpenOrdersMax = 2 * l.OpenOrdersMax
	l.UnknownOrdersMax = r.IntN(2)
	l.DuplicateWindow = time.Duration(1+r.IntN(900)) * time.Millisecond
	for range r.IntN(4) {
		o := Override{Limits: map[string]LimitText{}}
		switch r.IntN(3) {
		case 0:
			o.Product = exchange.Product(1 + r.IntN(3))
		case 1:
			o.Symbol = pick("UM:BTCUSDT", "CM:BTCUSD_PERP", "MARGIN:BTCUSDT")
		case 2:
			o.Strategy = pick(benchLabels...)
		}
		half := decimal.New(5, -1)
		switch r.IntN(6) {
		case 4:
			o.Limits["open_orders_notional_max_ratio"] = LimitText(l.OpenOrdersNotionalMaxRatio.Mul(half).String())
		case 5:
			o.Limits["strategy_position_max_ratio"] = LimitText(l.StrategyPositionMaxRatio.Mul(half).String())
		case 0:
			o.Limits["order_notional_max_ratio"] = LimitText(l.OrderNotionalMaxRatio.Mul(half).String())
		case 1:
			o.Limits["position_max_ratio"] = LimitText(l.PositionMaxRatio.Mul(half).String())
		case 2:
			o.Limits["open_orders_max"] = "1"
		case 3:
			o.Limits["unimmr_min"] = LimitText(l.UniMMRMin.Mul(decimal.New(2, 0)).String())
		}
		l.Overrides = append(l.Overrides, o)
	}
	g, err := New(Config{Instruments: benchInstruments(t), Tables: margin.Assumed(), Limits: l, Strategies: 2, Permits: Unbound(2), Labels: benchLabels})
	if err != nil {
		t.Fatal(err)
	}
	promiseForever(g)
	w := &walk{
		t: t, r: r, g: g, limits: l, shocks: bookShocks(&l), now: benchStart, seen: seen,
		b: &book{
			ins: g.ins, tables: margin.Assumed(), balance: map[string]decimal.Decimal{}, held: map[exchange.InstrumentID]bookPosition{},
			index: map[string]decimal.Decimal{}, mark: map[exchange.InstrumentID]decimal.Decimal{}, last: map[exchange.InstrumentID]decimal.Decimal{},
		},
		sent: map[exchange.StrategyID][]exchange.Time{}, dealt: map[exchange.StrategyID][]exchange.Time{}, priceAt: map[exchange.InstrumentID]exchange.Time{}, markAt: map[exchange.InstrumentID]exchange.Time{},
		indexAt: map[string]exchange.Time{}, halted: map[exchange.InstrumentID]bool{}, wallets: map[string]decimal.Decimal{}, reach: map[string]decimal.Decimal{},
		own: map[string]decimal.Decimal{},
	}
	w.prices(exchange.MustFixed("50000"))
	w.book(exchange.WalletUM, "USDT", decimal.NewFromInt(10_000))
	w.book(exchange.WalletMargin, "USDT", decimal.NewFromInt(5_000))
	if r.IntN(2) == 0 {
		w.book(exchange.WalletMargin, "BTC", decimal.New(1, -1))
	}
	e := exchange.Event{At: w.now}
	e.SetState(&exchange.StateChange{State: exchange.Active})
	g.Apply(&e)
	w.measure()
	return w
}

// book moves a wallet, here and in the guard.
func (w *walk) book(wallet exchange.Wallet, asset string, delta decimal.Decimal) {
	w.b.balance[asset] = w.b.balance[asset].Add(delta)
	w.ledger(wallet, asset, delta)
}

func (w *walk) ledger(wallet exchange.Wallet, asset string, delta decimal.Decimal) {
	key := wallet.String() + " " + asset
	w.wallets[key] = w.wallets[key].Add(delta)
	e := exchange.Event{At: w.now}
	e.SetLedger(&exchange.LedgerEntry{Asset: asset, Wallet: wallet, Reason: exchange.ReasonDeposit, Delta: delta, Balance: w.wallets[key]})
	w.g.Apply(&e)
}

// prices tells all of them; coins other than BTC stand still.
func (w *walk) prices(btc exchange.Fixed) {
	for id := benchUM; id <= benchCross; id++ {
		price := btc
		switch id {
		case benchClosed:
			price = exchange.MustFixed("2500")
		case benchCross:
			price = exchange.MustFixed("0.05")
		}
		e := exchange.Event{At: w.now, Inst: id}
		if w.b.ins.At(id).Product != exchange.Margin {
			e.SetMark(exchange.Mark{Price: price})
			w.g.Apply(&e)
			w.b.mark[id], w.markAt[id] = price.Decimal(), w.now
		}
		e.SetTrade(exchange.Trade{Price: price, Qty: 1})
		w.g.Apply(&e)
		w.b.last[id], w.priceAt[id] = price.Decimal(), w.now
	}
	for asset, price := range map[string]exchange.Fixed{"BTC": btc, "ETH": exchange.MustFixed("2500"), "USDT": exchange.FixedOne} {
		e := exchange.Event{At: w.now}
		e.SetAssetIndex(&exchange.AssetIndex{Asset: asset, Price: price})
		w.g.Apply(&e)
		w.b.index[asset], w.indexAt[asset] = price.Decimal(), w.now
	}
}

// step does one random thing and says what it broke.
func (w *walk) step() string {
	if w.r.IntN(2) == 0 {
		w.now = w.now.Add(time.Duration(w.r.IntN(500)) * time.Millisecond)
	}
	if w.r.IntN(2) == 0 {
		w.free()
	}
	switch n := w.r.IntN(40); {
	case n < 20:
		return w.wish()
	case n < 24:
		return w.amend()
	case n < 33:
		return w.answer()
	case n < 34:
		w.halt()
	case n < 35:
		w.say("the last price of %s moves", w.b.ins.At(benchCM).Name())
		w.lastPrice()
	case n < 36:
		btc := exchange.MustFixed("50000") + exchange.Fixed(w.r.IntN(41)-20)*50*exchange.FixedOne
		w.say("BTC is at %v", btc)
		w.prices(btc)
		w.measure()
	default:
		btc, _ := exchange.FixedFromDecimal(w.b.mark[benchUM], exchange.RoundDown)
		w.prices(btc)
	}
	return ""
}

func (w *walk) say(format string, args ...any) {
	w.log = append(w.log, fmt.Sprintf("+%v ", w.now.Sub(benchStart))+fmt.Sprintf(format, args...))
}

func (w *walk) lastPrice() {
	price, _ := exchange.FixedFromDecimal(w.b.mark[benchCM].Mul(decimal.New(9900+w.r.Int64N(200), -4)), exchange.RoundDown)
	e := exchange.Event{At: w.now, Inst: benchCM}
	e.SetTrade(exchange.Trade{Price: price, Qty: 1})
	w.g.Apply(&e)
	w.b.last[benchCM], w.priceAt[benchCM] = price.Decimal(), w.now
}

// free lifts what is halted.
func (w *walk) free() {
	for inst := range exchange.InstrumentID(4) {
		if w.halted[inst] {
			w.set(inst, exchange.Active)
		}
	}
}

// halt halts the account, or an instrument.
func (w *walk) halt() { w.set(exchange.InstrumentID(w.r.IntN(4)), exchange.Halted) }

func (w *walk) set(inst exchange.InstrumentID, state exchange.TradingState) {
	w.halted[inst] = state == exchange.Halted
	w.say("instrument %d is %v", inst, state)
	e := exchange.Event{At: w.now}
	e.SetState(&exchange.StateChange{Inst: inst, State: state})
	w.g.Apply(&e)
}
