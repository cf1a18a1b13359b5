package backtest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/backtest/venue/queue"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/raced"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/strategy"
)

// maker posts bids and asks at the best prices of two contracts, and moves them when the
// best moves away. It holds at most Bound orders' worth of either leg.
type maker struct {
	params makerParams
	legs   []makerLeg
	diary  *diary
}

type makerParams struct {
	UM    strategy.Symbol `default:"UM:BTCUSDT" help:"one leg"`
	CM    strategy.Symbol `default:"CM:BTCUSD_PERP" help:"the other leg"`
	UMQty exchange.Fixed  `default:"0.01" help:"size of an order of the first leg"`
	CMQty exchange.Fixed  `default:"5" help:"size of an order of the second leg"`
	Bound int             `default:"20" help:"largest position, in orders"`
	// Two orders share a price, the next two stand a tick behind.
	Orders int `default:"1" help:"orders of a side"`
	// A blind maker asks for the same whatever has filled.
	Blind bool `default:"false" help:"replace orders at every turn"`
}

type makerLeg struct {
	in  *exchange.Instrument
	qty exchange.Fixed
	// asked is when something was asked for last, by side.
	asked [exchange.Sell + 1]exchange.Time
}

// makerPause is how long a side rests after a request for each of its orders, so that the
// guard's limit of messages is kept: four sides, four times a second.
const makerPause = 250 * time.Millisecond

func (m *maker) Manifest() strategy.Manifest {
	return strategy.Manifest{Name: "maker", Version: "1.0.0", Summary: "quotes two legs", Stateless: true}
}

func (m *maker) Params() any { return &m.params }

func (m *maker) Start(env *strategy.Env) error {
	for _, leg := range []struct {
		symbol strategy.Symbol
		qty    exchange.Fixed
	}{{m.params.UM, m.params.UMQty}, {m.params.CM, m.params.CMQty}} {
		in, err := env.Instrument(leg.symbol)
		if err != nil {
			return err
		}
		m.legs = append(m.legs, makerLeg{in: in, qty: leg.qty})
		env.BookTickers(in)
	}
	return nil
}

// OnBookTicker sees that there are orders on both sides.
func (m *maker) OnBookTicker(env *strategy.Env, in *exchange.Instrument, b exchange.BookTicker) {
	for i := range m.legs {
		if leg := &m.legs[i]; leg.in == in {
			m.quote(env, leg, exchange.Buy, b.Bid)
			m.quote(env, leg, exchange.Sell, b.Ask)
		}
	}
}

func (m *maker) quote(env *strategy.Env, leg *makerLeg, side exchange.Side, best exchange.Fixed) {
	if env.Now() < leg.asked[side].Add(time.Duration(m.params.Orders)*makerPause) {
		return
	}
	if m.params.Blind {
		m.replace(env, leg, side, best)
		return
	}
	full := best == 0 || leg.qty > 0 && exchange.Fixed(side.Sign())*env.Held(leg.in) >= leg.qty*exchange.Fixed(m.params.Bound)
	n := 0
	want := func() exchange.Fixed { return best - exchange.Fixed(side.Sign())*exchange.Fixed(n/2)*leg.in.Tick }
	for _, have := range slices.Clone(env.Orders()) {
		if have.Request.Inst != leg.in.ID || have.Request.Side != side {
			continue
		}
		switch {
		case full:
			env.Cancel(have.Ref)
			leg.asked[side] = env.Now()
		case have.Request.Price != want():
			env.Amend(have.Ref, want(), have.Request.Qty)
			leg.asked[side] = env.Now()
		}
		n++
	}
	for ; n < m.params.Orders && !full; n++ {
		env.Send(m.order(leg, side).Limit(want()).PostOnly())
		leg.asked[side] = env.Now()
	}
}

// replace takes back what is left of the side and posts anew.
func (m *maker) replace(env *strategy.Env, leg *makerLeg, side exchange.Side, best exchange.Fixed) {
	if best == 0 || env.Now() < leg.asked[side].Add(2*makerPause) {
		return
	}
	leg.asked[side] = env.Now()
	for _, have := range env.Orders() {
		if have.Request.Inst == leg.in.ID && have.Request.Side == side {
			env.Cancel(have.Ref)
		}
	}
	env.Send(m.order(leg, side).Limit(best).PostOnly())
}

func (m *maker) order(leg *makerLeg, side exchange.Side) strategy.Order {
	if side == exchange.Sell {
		return strategy.Sell(leg.in, leg.qty)
	}
	return strategy.Buy(leg.in, leg.qty)
}

// OnOrder and OnFill keep the diary.
func (m *maker) OnOrder(env *strategy.Env, in *exchange.Instrument, u *exchange.OrderUpdate) {
	if m.diary != nil {
		m.diary.order(env, in, u)
	}
}

func (m *maker) OnFill(env *strategy.Env, in *exchange.Instrument, f *exchange.Fill) {
	if m.diary != nil {
		m.diary.fill(env.Now(), f)
	}
}

// stay is the time that one order of ours was at one price: an amend begins another.
type stay struct {
	inst  exchange.InstrumentID
	ref   strategy.Ref
	side  exchange.Side
	price exchange.Fixed
	qty   exchange.Fixed // that was left when it came
	lot   exchange.Fixed
	// joined is when the exchange had it there, and left when it was over.
	joined, left exchange.Time
	fills        []stayFill
}

type stayFill struct {
	at                exchange.Time
	price, qty        exchange.Fixed
	maker, afterwards bool // afterwards: the order had left
}

// filled is the sum of the fills up to an instant.
func (s *stay) filled(until exchange.Time) (sum exchange.Fixed) {
	for _, f := range s.fills {
		if f.at <= until {
			sum += f.qty
		}
	}
	return sum
}

// diary is what a strategy was told of its orders.
type diary struct {
	stays []*stay
	open  map[strategy.Ref]*stay
}

func newDiary() *diary { return &diary{open: map[strategy.Ref]*stay{}} }

func (d *diary) order(env *strategy.Env, in *exchange.Instrument, u *exchange.OrderUpdate) {
	s := d.open[u.Ref]
	if u.Status.Final() {
		if s != nil {
			s.left = env.Now()
		}
		return
	}
	if u.Status != exchange.StatusWorking && u.Status != exchange.StatusPartiallyFilled || s != nil && s.price == u.Price {
		return
	}
	if s != nil {
		s.left = env.Now()
	}
	o, _ := env.Order(u.Ref)
	s = &stay{
		inst: in.ID, ref: u.Ref, side: o.Request.Side, price: u.Price, qty: u.Qty - u.Filled, lot: in.LotFor(exchange.Limit).Step,
		joined: env.Now(), left: exchange.Time(1<<63 - 1),
	}
	d.stays, d.open[u.Ref] = append(d.stays, s), s
}

func (d *diary) fill(at exchange.Time, f *exchange.Fill) {
	s := d.open[f.Ref]
	if s == nil { // it never rested
		s = &stay{ref: f.Ref, side: f.Side, lot: 1, joined: at, left: at}
		d.stays, d.open[f.Ref] = append(d.stays, s), s
	}
	s.fills = append(s.fills, stayFill{at: at, price: f.Price, qty: f.Qty, maker: f.Maker, afterwards: at > s.left})
}

// captures are the files of one recording of both legs.
type captures struct{ um, cm string }

// sharedCaptures are six minutes of 2024-08-08.
func sharedCaptures(t testing.TB) captures {
	t.Helper()
	if raced.On() {
		t.Skip("the race detector makes do with the small inputs of our own")
	}
	root := os.Getenv("PMBOT_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "shared")
	}
	dir := func(product, name string) string {
		path := filepath.Join(root, "data", product, "ws_raw", "hftbacktest", name)
		if _, err := os.Stat(path); err != nil {
			t.Skipf("shared data not at hand: %v", err)
		}
		return path
	}
	return captures{dir("um", "btcusdt_20240808.gz"), dir("cm", "btcusd_perp_20240808.gz")}
}

// makerTape imports a recording and returns the directory of its tape.
func makerTape(t testing.TB, c captures) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tape")
	store, err := tape.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	for path, p := range map[string]exchange.Product{c.um: exchange.UM, c.cm: exchange.CM} {
		spec := tape.ImportSpec{Path: path, Spec: source.Spec{Key: row.Key{Product: p}}}
		if _, err := tape.Import(t.Context(), store, spec, nil); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// makerConfig is an account that can carry both legs, and a guard that lets the maker
// work: the recording has no marks, so they are derived of trades that pause for seconds.
func makerConfig(dir string) *Config {
	cfg := &Config{Seed: 1, Risk: riskguard.DefaultLimits(), Strategies: []StrategyConfig{{Plugin: "maker", Params: map[string]string{}}}}
	fee := FeeConfig{Maker: exchange.MustFixed("0.0002"), Taker: exchange.MustFixed("0.0005")}
	cfg.Risk.DailyLossMaxRatio, cfg.Risk.DrawdownMaxRatio = decimal.New(1, 0), decimal.New(1, 0) // nobody is there to resume
	cfg.Risk.StrategyDailyLossMaxRatio, cfg.Risk.StrategyDrawdownMaxRatio, cfg.Risk.LossStreakMax = decimal.New(1, 0), decimal.New(1, 0), 1_000_000
	cfg.Venue.UM, cfg.Venue.CM, cfg.Venue.Margin = fee, fee, fee
	cfg.Data.Tape = dir
	cfg.Account.UM = map[string]decimal.Decimal{"USDT": decimal.New(1_000_000, 0)}
	cfg.Account.CM = map[string]decimal.Decimal{"BTC": decimal.New(10, 0)}
	cfg.Account.Leverage = 10
	cfg.Risk.OrderNotionalMaxRatio, cfg.Risk.PositionMaxRatio = decimal.New(1, 0), decimal.New(2, 0)
	cfg.Risk.OpenOrdersNotionalMaxRatio = decimal.NewFromInt(40)
	cfg.Risk.MessagesPerSecondMax = 20
	cfg.Risk.ExecutionsPerMinuteMax, cfg.Risk.AccountMessagesPerMinuteMax, cfg.Risk.OrderToTradeMax = 10_000, 1200, 100_000
	cfg.Risk.FreshPrice, cfg.Risk.FreshMark, cfg.Risk.FreshIndex = time.Minute, time.Minute, time.Minute
	return cfg
}

// makerRun runs the maker and returns its diary beside the result.
func makerRun(t testing.TB, cfg *Config) (*Result, *diary) {
	t.Helper()
	d := newDiary()
	res := runDesk(t, cfg, LocalProgram(func() strategy.Strategy { return &maker{diary: d} }))
	return res, d
}

// tally counts the maker fills of each leg, by place in the run's table.
func tally(res *Result) map[exchange.Product]legTally {
	sums := map[exchange.Product]legTally{}
	for _, f := range res.Fills.All() {
		l := sums[f.Product]
		l.fills++
		l.volume += f.Qty
		if f.Maker {
			l.makers++
		}
		sums[f.Product] = l
	}
	for i, leg := range res.Legs {
		l := sums[leg.Product]
		l.net = res.ByLeg[i].Net
		sums[leg.Product] = l
	}
	return sums
}

type legTally struct {
	fills, makers int
	volume        exchange.Fixed
	net           decimal.Decimal
}

func (l legTally) String() string {
	return fmt.Sprintf("%5d fills %6.1f%% maker %12v volume %12s USD", l.fills, 100*float64(l.makers)/float64(max(l.fills, 1)), l.volume, l.net.StringFixed(2))
}

// completed counts orders that have filled to the end.
func (d *diary) completed() (n int) {
	filled, wanted := map[strategy.Ref]exchange.Fixed{}, map[strategy.Ref]exchange.Fixed{}
	for _, s := range d.stays {
		if wanted[s.ref] == 0 {
			wanted[s.ref] = s.qty
		}
		for _, f := range s.fills {
			if filled[s.ref] += f.qty; filled[s.ref] == wanted[s.ref] {
				n++
			}
		}
	}
	return n
}

var makerLegs = []exchange.Product{exchange.UM, exchange.CM}

// TestMaker runs the maker on the real recording and holds its fills to the tape.
func TestMaker(t *testing.T) { testMaker(t, makerTape(t, sharedCaptures(t)), 200) }

// TestMakerOnOwnRecording does the same on a small recording of our own.
func TestMakerOnOwnRecording(t *testing.T) { testMaker(t, makerTape(t, ownCaptures(t)), 20) }

// sameUnderRace skips a test that runs what TestMakerOnOwnRecording runs, with other values.
func sameUnderRace(t *testing.T) {
	t.Helper()
	if raced.On() {
		t.Skip("to the race detector it is TestMakerOnOwnRecording again")
	}
}

// testMaker wants at least so many maker fills of each leg.
func testMaker(t *testing.T, dir string, least int) {
	models := []queue.Model{queue.Conservative, queue.Probabilistic}
	var whole [2]map[exchange.Product]legTally
	for i, m := range models {
		cfg := makerConfig(dir)
		cfg.Venue.Queue = m
		res, d := makerRun(t, cfg)
		whole[i] = tally(res)
		for _, p := range makerLegs {
			t.Logf("%-13v %v %v", m, p, whole[i][p])
			if whole[i][p].makers < least {
				t.Errorf("%v: %v has %d maker fills, want at least %d", m, p, whole[i][p].makers, least)
			}
		}
		t.Logf("%-13v %d orders, %d of them complete, %d stays, %d refused, %d expired", m, res.Orders.Sent, d.completed(), len(d.stays), res.Orders.Refused, res.Orders.Expired)
		checkFills(t, dir, d, m != queue.Conservative).report(m.String())
		if m == queue.Conservative {
			walkTen(t, dir, d)
		}
	}
	for _, p := range makerLegs {
		if whole[1][p].fills < whole[0][p].fills {
			t.Errorf("%v: the probabilistic model fills %d times, the conservative one %d times", p, whole[1][p].fills, whole[0][p].fills)
		}
	}
}

// TestMakerSizes: ten times the size fills no more orders to the end, and more in sum, but
// not ten times as much; nothing of size zero is ever sent.
func TestMakerSizes(t *testing.T) { testMakerSizes(t, makerTape(t, sharedCaptures(t))) }

// TestMakerSizesOnOwnRecording does the same on a small recording of our own.
func TestMakerSizesOnOwnRecording(t *testing.T) {
	sameUnderRace(t)
	testMakerSizes(t, makerTape(t, ownCaptures(t)))
}

func testMakerSizes(t *testing.T, dir string) {
	var sums [3]map[exchange.Product]legTally
	var complete [3]int
	for i, size := range []struct{ um, cm string }{{"0", "0"}, {"0.01", "5"}, {"0.1", "50"}} {
		cfg := makerConfig(dir)
		cfg.Strategies[0].Params["um_qty"], cfg.Strategies[0].Params["cm_qty"] = size.um, size.cm
		res, d := makerRun(t, cfg)
		sums[i], complete[i] = tally(res), d.completed()
		for _, p := range makerLegs {
			t.Logf("size %s and %s: %v %v", size.um, size.cm, p, sums[i][p])
		}
		t.Logf("size %s and %s: %d orders sent, %d complete, %d refused", size.um, size.cm, res.Orders.Sent, complete[i], res.Orders.Refused)
		if i == 0 && (res.Orders.Sent != 0 || res.Orders.Fills != 0 || res.Orders.Refused != res.Orders.Intents || res.Orders.Refused == 0) {
			t.Errorf("size zero: %+v", res.Orders)
		}
		checkFills(t, dir, d, false).report("size " + size.um)
	}
	if complete[2] > complete[1] {
		t.Errorf("%d orders of ten times the size are complete, %d of the size", complete[2], complete[1])
	}
	for _, p := range makerLegs {
		if one, ten := sums[1][p].volume, sums[2][p].volume; ten <= one || ten >= 10*one {
			t.Errorf("%v: volume %v at the size, %v at ten times the size", p, one, ten)
		}
	}
}

// TestModelsOnEqualOrders: of two runs that send the same orders, no order fills less by
// the probabilistic model than by the conservative one.
func TestModelsOnEqualOrders(t *testing.T) { testModels(t, makerTape(t, sharedCaptures(t))) }

// TestModelsOnOwnRecording does the same on a small recording of our own.
func TestModelsOnOwnRecording(t *testing.T) {
	sameUnderRace(t)
	testModels(t, makerTape(t, ownCaptures(t)))
}

func testModels(t *testing.T, dir string) {
	var filled [2]map[strategy.Ref]exchange.Fixed
	for i, m := range []queue.Model{queue.Conservative, queue.Probabilistic} {
		cfg := makerConfig(dir)
		cfg.Venue.Queue, cfg.Strategies[0].Params["blind"] = m, "true"
		res, d := makerRun(t, cfg)
		filled[i] = map[strategy.Ref]exchange.Fixed{}
		for _, s := range d.stays {
			filled[i][s.ref] += s.filled(s.left)
		}
		checkFills(t, dir, d, m != queue.Conservative).report(m.String())
		t.Logf("%-13v %d orders, %d fills, UM %v, CM %v", m, len(filled[i]), res.Orders.Fills, tally(res)[exchange.UM], tally(res)[exchange.CM])
		if res.Orders.Refused != 0 {
			t.Errorf("%v: %d orders are refused, and the runs may differ", m, res.Orders.Refused)
		}
	}
	more := 0
	for ref, least := range filled[0] {
		got, sent := filled[1][ref]
		if !sent || got < least {
			t.Errorf("order %d fills %v by the conservative model and %v by the other (sent %v)", ref, least, got, sent)
		}
		if got > least {
			more++
		}
	}
	t.Logf("%d of %d orders fill more by the probabilistic model", more, len(filled[0]))
	if len(filled[0]) != len(filled[1]) || more == 0 {
		t.Errorf("%d and %d orders, %d of which fill more", len(filled[0]), len(filled[1]), more)
	}
}

// TestMakerLadder: several orders a side, at one price and behind it, share the prints.
func TestMakerLadder(t *testing.T) { testMakerLadder(t, makerTape(t, sharedCaptures(t))) }

// TestMakerLadderOnOwnRecording does the same on a small recording of our own.
func TestMakerLadderOnOwnRecording(t *testing.T) {
	sameUnderRace(t)
	testMakerLadder(t, makerTape(t, ownCaptures(t)))
}

func testMakerLadder(t *testing.T, dir string) {
	for _, m := range []queue.Model{queue.Conservative, queue.Probabilistic} {
		cfg := makerConfig(dir)
		cfg.Venue.Queue, cfg.Strategies[0].Params["orders"] = m, "4"
		res, d := makerRun(t, cfg)
		for _, p := range makerLegs {
			t.Logf("%-13v %v %v", m, p, tally(res)[p])
		}
		c := checkFills(t, dir, d, m != queue.Conservative)
		c.report(m.String())
		if c.shared < 50 {
			t.Errorf("%v: %d instants at which several orders filled, want at least 50", m, c.shared)
		}
	}
}

// TestCheckerSeesDamage gives the checker the fills of an exchange that forgets the queue:
// an order fills at the first print at its price. Only the place in line is wrong, and
// only that claim may break, by either bound.
func TestCheckerSeesDamage(t *testing.T) {
	sameUnderRace(t)
	dir := makerTape(t, ownCaptures(t))
	_, d := makerRun(t, makerConfig(dir))
	unqueued(t, dir, d)
	for _, cancels := range []bool{false, true} {
		c := checkFills(t, dir, d, cancels)
		for name, n := range c.broken {
			t.Logf("cancels ahead %v: %s is broken %d times, first: %s", cancels, name, n, c.first[name])
		}
		if c.broken["queue"] < 10 || len(c.broken) > 1 {
			t.Errorf("cancels ahead %v: broken %v", cancels, c.broken)
		}
	}
}

// unqueued replaces the fills of a diary by those of orders that nobody stands before.
func unqueued(t testing.TB, dir string, d *diary) {
	t.Helper()
	for _, s := range d.stays {
		s.fills = nil
	}
	eachInstant(t, dir, func(at exchange.Time, events []exchange.Event) {
		for i := range events {
			e := &events[i]
			if e.Kind != exchange.KindTrade {
				continue
			}
			p := e.Trade()
			for _, s := range d.stays {
				if s.inst != e.Inst || at <= s.joined || at > s.left {
					continue
				}
				reaches := better(s.side, s.price, p.Price) || p.Price == s.price && p.BuyerMaker == (s.side == exchange.Buy)
				if qty := min(s.qty-s.filled(at), p.Qty); reaches && qty > 0 {
					s.fills = append(s.fills, stayFill{at: at, price: s.price, qty: qty, maker: true})
				}
			}
		}
	})
}
