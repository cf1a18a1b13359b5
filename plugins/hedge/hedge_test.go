package hedge

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

var fixed = exchange.MustFixed

func instruments(t testing.TB) *exchange.Instruments {
	t.Helper()
	um := exchange.Instrument{
		Product: exchange.UM, Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT", MarginAsset: "USDT",
		Status: exchange.StatusTrading, ContractSize: exchange.FixedOne, Tick: fixed("0.1"),
		Lot: exchange.Lot{Min: fixed("0.001"), Step: fixed("0.001")},
	}
	cm, spot, eth := um, um, um
	cm.Product, cm.Symbol, cm.Quote, cm.MarginAsset = exchange.CM, "BTCUSD_PERP", "USD", "BTC"
	cm.ContractSize, cm.Lot = fixed("100"), exchange.Lot{Min: exchange.FixedOne, Step: exchange.FixedOne}
	spot.Product = exchange.Margin
	eth.Symbol, eth.Base = "ETHUSDT", "ETH"
	table, err := exchange.NewInstruments(um, cm, spot, eth)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// desk feeds a runtime and keeps the account that its fills change.
type desk struct {
	t       testing.TB
	rt      *strategy.Runtime
	legs    []*exchange.Instrument
	now     exchange.Time
	working []exchange.Intent
	id      exchange.OrderID
	// wallets are the coins by wallet, and positions those of the exchange.
	wallets   map[exchange.Wallet]decimal.Decimal
	positions map[exchange.InstrumentID]*exchange.Position
	// reject is a contract whose orders are rejected.
	reject  exchange.InstrumentID
	events  []exchange.Event
	replies []string
}

func newDesk(t testing.TB, params map[string]string) *desk {
	t.Helper()
	h := New().(*Hedge)
	rt, err := strategy.NewRuntime(h, params, instruments(t), 1)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{
		t: t, rt: rt, now: exchange.Time(time.Hour),
		wallets: map[exchange.Wallet]decimal.Decimal{}, positions: map[exchange.InstrumentID]*exchange.Position{},
	}
	for _, l := range h.legs {
		d.legs = append(d.legs, l.in)
		d.positions[l.in.ID] = &exchange.Position{}
	}
	return d
}

func (d *desk) deliver(in exchange.InstrumentID, set func(e *exchange.Event)) string {
	e := exchange.Event{At: d.now, Inst: in}
	set(&e)
	d.events = append(d.events, e)
	out := d.rt.Deliver(&e)
	said, at := describe(out), len(d.replies)
	d.replies = append(d.replies, said)
	for _, i := range slices.Clone(out.Intents) {
		if i.Kind == exchange.IntentNew {
			d.id++
			if i.Request.Inst == d.reject {
				d.update(i, exchange.StatusRejected)
				continue
			}
			d.working = append(d.working, i)
			d.update(i, exchange.StatusWorking)
		}
	}
	return d.replies[at]
}

func (d *desk) update(i exchange.Intent, s exchange.OrderStatus) string {
	if s.Final() {
		d.working = slices.DeleteFunc(d.working, func(w exchange.Intent) bool { return w.Ref == i.Ref })
	}
	return d.deliver(i.Request.Inst, func(e *exchange.Event) {
		e.SetOrderUpdate(&exchange.OrderUpdate{
			ID: exchange.OrderID(i.Ref), Strategy: 1, Ref: i.Ref, Status: s, Price: i.Request.Price, Qty: i.Request.Qty,
		})
	})
}

// coins sets what a wallet holds.
func (d *desk) coins(w exchange.Wallet, amount string) {
	d.wallets[w] = decimal.RequireFromString(amount)
	d.book(w)
}

func (d *desk) book(w exchange.Wallet) {
	d.deliver(0, func(e *exchange.Event) {
		e.SetLedger(&exchange.LedgerEntry{Asset: "BTC", Wallet: w, Reason: exchange.ReasonTransfer, Balance: d.wallets[w]})
	})
}

// price closes a bar of every leg at a price and returns what was said.
func (d *desk) price(closing string) string {
	d.now = d.now.Add(time.Minute)
	var said []string
	for _, in := range d.legs {
		said = append(said, d.bar(in, closing))
	}
	return strings.Join(slices.DeleteFunc(said, func(s string) bool { return s == "" }), "; ")
}

// bar closes a bar of one leg.
func (d *desk) bar(in *exchange.Instrument, closing string) string {
	c := fixed(closing)
	return d.deliver(in.ID, func(e *exchange.Event) {
		e.SetBar(&exchange.Bar{Start: d.now.Add(-time.Minute), Interval: time.Minute, Open: c, High: c, Low: c, Close: c})
	})
}

// fill executes all that works, at its own price or the last.
func (d *desk) fill() {
	for _, i := range slices.Clone(d.working) {
		price := i.Request.Price
		in := d.legs[slices.IndexFunc(d.legs, func(in *exchange.Instrument) bool { return in.ID == i.Request.Inst })]
		if price == 0 {
			price = d.rt.View().Last(in)
		}
		d.execute(in, i, price, i.Request.Qty)
		d.update(i, exchange.StatusFilled)
	}
}

func (d *desk) execute(in *exchange.Instrument, i exchange.Intent, price, qty exchange.Fixed) {
	profit := d.positions[in.ID].Trade(in, i.Request.Side, qty, price)
	d.deliver(in.ID, func(e *exchange.Event) {
		e.SetFill(&exchange.Fill{Strategy: 1, Ref: i.Ref, Side: i.Request.Side, Price: price, Qty: qty, Maker: true})
	})
	if in.Inverse() {
		d.wallets[exchange.WalletCM] = d.wallets[exchange.WalletCM].Add(profit.Round(8))
		d.book(exchange.WalletCM)
	}
}

func describe(out *strategy.Output) string {
	var lines []string
	for _, i := range out.Intents {
		r := i.Request
		switch {
		case i.Kind == exchange.IntentCancel:
			lines = append(lines, fmt.Sprint("CANCEL #", i.Ref))
		case r.Type == exchange.Limit:
			lines = append(lines, fmt.Sprint(r.Side, " ", r.Qty, " at ", r.Price, " ", r.TimeInForce))
		default:
			lines = append(lines, fmt.Sprint(r.Side, " ", r.Qty, " ", r.Type))
		}
	}
	return strings.Join(append(lines, out.Logs...), "; ")
}

func expect(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("said %q, want %q", got, want)
	}
}

func params(pairs ...string) map[string]string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return m
}

func TestShortsWhatIsOwned(t *testing.T) {
	d := newDesk(t, params())
	expect(t, d.price("50000"), "")
	d.coins(exchange.WalletMargin, "1.2")
	d.coins(exchange.WalletCM, "0.3")
	d.coins(exchange.WalletLoan, "0.4")
	d.coins(exchange.WalletInterest, "0.1")
	expect(t, d.price("50000"), "SELL 500 at 50000.1 GTX")
	d.fill()
	expect(t, d.price("50000"), "")
}

// A short of CM that is worth the coins at its entry hedges them at any price: the coins
// it wins or loses are counted, so nothing is traded, and nothing is lost on trading.
func TestInverseHedgeNeedsNoTradingWhenThePriceMoves(t *testing.T) {
	d := newDesk(t, params("band", "0.001"))
	d.coins(exchange.WalletCM, "1")
	d.price("50000")
	d.fill()
	for _, p := range []string{"60000", "30000", "90000", "10000.1"} {
		expect(t, d.price(p), "")
	}
}

func TestLinearHedge(t *testing.T) {
	d := newDesk(t, params("leg", "UM:BTCUSDT", "style", "taker"))
	d.coins(exchange.WalletMargin, "0.5559")
	expect(t, d.price("50000"), "SELL 0.555 MARKET")
	d.fill()
	expect(t, d.price("90000"), "")
	d.coins(exchange.WalletMargin, "0.25")
	expect(t, d.price("90000"), "BUY 0.305 MARKET")
}

// Nothing is sold before the price of every leg is known, and then all of it.
func TestTwoLegs(t *testing.T) {
	d := newDesk(t, params("second", "UM:BTCUSDT", "split", "0.25", "style", "taker"))
	d.coins(exchange.WalletMargin, "1")
	expect(t, d.bar(d.legs[0], "50000"), "")
	expect(t, d.bar(d.legs[1], "50000"), "SELL 375 MARKET; SELL 0.25 MARKET")
	expect(t, d.price("50000"), "") // both are at work
	d.fill()
	d.coins(exchange.WalletMargin, "1.4")
	expect(t, d.bar(d.legs[1], "50000"), "SELL 150 MARKET; SELL 0.1 MARKET") // whichever leg's bar it is
	d.fill()
	expect(t, d.price("50000"), "")
}

// Each close renews the quote of its own contract only: the other's price may be old.
func TestTwoLegsQuote(t *testing.T) {
	d := newDesk(t, params("second", "UM:BTCUSDT"))
	d.coins(exchange.WalletMargin, "1")
	expect(t, d.price("50000"), "SELL 250 at 50000.1 GTX; SELL 0.5 at 50000.1 GTX")
	expect(t, d.bar(d.legs[0], "50100"), "CANCEL #1")
	expect(t, d.update(d.working[0], exchange.StatusCanceled), "SELL 250 at 50100.1 GTX")
	expect(t, d.bar(d.legs[1], "50100"), "CANCEL #2")
}

func TestOneLegFails(t *testing.T) {
	d := newDesk(t, params("second", "UM:BTCUSDT", "style", "taker"))
	d.coins(exchange.WalletMargin, "1")
	d.reject = d.legs[1].ID
	expect(t, d.price("50000"), "SELL 250 MARKET; SELL 0.5 MARKET")
	d.fill()
	expect(t, d.bar(d.legs[0], "50000"), "SELL 0.5 MARKET") // again at each close, and only what is missing
	d.reject = 0
	expect(t, d.bar(d.legs[1], "50000"), "SELL 0.5 MARKET")
	d.fill()
	expect(t, d.price("50000"), "")
}

// A leg that is halted, or whose order does not fill, does not keep the other from its share.
func TestOneLegStands(t *testing.T) {
	for leg := range 2 {
		d := newDesk(t, params("second", "UM:BTCUSDT", "style", "taker"))
		halted := exchange.StateChange{Inst: d.legs[leg].ID, State: exchange.Halted, Effective: exchange.Halted}
		d.deliver(halted.Inst, func(e *exchange.Event) { e.SetState(&halted) })
		d.coins(exchange.WalletMargin, "1")
		expect(t, d.price("50000"), []string{"SELL 0.5 MARKET", "SELL 250 MARKET"}[leg])
	}
	d := newDesk(t, params("second", "UM:BTCUSDT", "style", "taker"))
	d.coins(exchange.WalletMargin, "1")
	expect(t, d.price("50000"), "SELL 250 MARKET; SELL 0.5 MARKET")
	d.execute(d.legs[1], d.working[1], fixed("50000"), fixed("0.5"))
	d.update(d.working[1], exchange.StatusFilled)
	d.coins(exchange.WalletMargin, "2")
	expect(t, d.price("50000"), "SELL 0.5 MARKET") // 250 are at work, and not known to fill
}

func TestTargetAndBand(t *testing.T) {
	d := newDesk(t, params("leg", "UM:BTCUSDT", "style", "taker", "target", "0.4", "band", "0.1"))
	d.coins(exchange.WalletMargin, "0.5")
	expect(t, d.price("50000"), "") // off by the band, and not more
	d.coins(exchange.WalletMargin, "0.501")
	expect(t, d.price("50000"), "SELL 0.101 MARKET")

	d = newDesk(t, params("leg", "UM:BTCUSDT", "style", "taker", "target", "4", "band", "0.1", "band_by", "ratio"))
	d.coins(exchange.WalletMargin, "4.4")
	expect(t, d.price("50000"), "") // 0.4 is less than a tenth of 4.4
	d.coins(exchange.WalletMargin, "4.45")
	expect(t, d.price("50000"), "SELL 0.45 MARKET")
	d.coins(exchange.WalletMargin, "3")
	d.fill()
	expect(t, d.price("50000"), "BUY 1.45 MARKET")
}

func TestMakerRenewsItsQuote(t *testing.T) {
	d := newDesk(t, params("max_qty", "300"))
	d.coins(exchange.WalletMargin, "1")
	expect(t, d.price("50000"), "SELL 300 at 50000.1 GTX")
	expect(t, d.price("50000"), "") // still beside the last price
	expect(t, d.price("50100"), "CANCEL #1")
	expect(t, d.price("50200"), "CANCEL #1") // not gone yet: nothing new
	expect(t, d.update(d.working[0], exchange.StatusCanceled), "SELL 300 at 50200.1 GTX")
	expect(t, d.update(d.working[0], exchange.StatusExpired), "") // would have taken
	expect(t, d.price("50200"), "SELL 300 at 50200.1 GTX")

	i := d.working[0]
	d.execute(d.legs[0], i, i.Request.Price, fixed("100")) // a part
	expect(t, d.price("50200"), "")
	d.execute(d.legs[0], i, i.Request.Price, fixed("200"))
	expect(t, d.update(i, exchange.StatusFilled), "")
	expect(t, d.price("50200"), "SELL 202 at 50200.1 GTX")
}

func TestMakerQuotesOnThePassiveSide(t *testing.T) {
	d := newDesk(t, params("leg", "UM:BTCUSDT", "offset", "5"))
	d.coins(exchange.WalletMargin, "1")
	expect(t, d.price("50000"), "SELL 1 at 50000.5 GTX")
	d.fill()
	d.coins(exchange.WalletMargin, "0.5")
	expect(t, d.price("50000"), "BUY 0.5 at 49999.5 GTX")
}

// Deleveraging takes a part of the short away: the account is long, and the next close
// sells it again.
func TestDeleveragedLegIsHedgedAgain(t *testing.T) {
	d := newDesk(t, params("style", "taker"))
	d.coins(exchange.WalletMargin, "1")
	d.price("50000")
	d.fill()
	forced := exchange.Intent{Request: exchange.OrderRequest{Side: exchange.Buy}}
	d.execute(d.legs[0], forced, fixed("50000"), fixed("200"))
	expect(t, d.price("50000"), "SELL 200 MARKET")
}

func TestSilentWhileHalted(t *testing.T) {
	d := newDesk(t, params("style", "taker"))
	d.coins(exchange.WalletMargin, "1")
	state := func(s exchange.TradingState) {
		d.deliver(0, func(e *exchange.Event) { e.SetState(&exchange.StateChange{State: s, Effective: s}) })
	}
	state(exchange.Halted)
	expect(t, d.price("50000"), "")
	state(exchange.Active)
	expect(t, d.price("50000"), "SELL 500 MARKET")
}

func TestStartMistakes(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"leg", "UM:SOLUSDT", "no such instrument: UM SOLUSDT"},
		{"leg", "MARGIN:BTCUSDT", "MARGIN BTCUSDT cannot hedge BTC"},
		{"second", "UM:ETHUSDT", "UM ETHUSDT cannot hedge BTC: it must be a UM or CM contract on that coin"},
		{"second", "CM:BTCUSD_PERP", "second CM:BTCUSD_PERP is the same contract as leg"},
		{"style", "both", `style: "both" is none of maker, taker`},
	} {
		_, err := strategy.NewRuntime(New(), params(c.name, c.value), instruments(t), 1)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s = %s: error %v, want %q", c.name, c.value, err, c.want)
		}
	}
}

// live plays deposits, withdrawals and prices at random; what is sent fills at once.
func (d *desk) live(seed uint64, bars int, after func(price string)) {
	random := rand.New(rand.NewPCG(seed, 0))
	price := 50_000.0
	for range bars {
		if random.IntN(3) == 0 {
			d.coins(exchange.WalletMargin, fmt.Sprintf("%.4f", 4*random.Float64()))
		}
		price *= 0.9 + 0.2*random.Float64()
		text := fmt.Sprintf("%.1f", price)
		d.price(text)
		d.fill()
		after(text)
	}
}

// The exposure, worked out by another road: what the account's value gains in dollars
// when the price rises by one is coins, plus N/E contracts' dollars for CM, plus N for UM.
// After every fill it is on target within the band and a lot a leg.
func TestExposureStaysOnTarget(t *testing.T) {
	for seed := range uint64(20) {
		d := newDesk(t, params("second", "UM:BTCUSDT", "split", "0.3", "style", "taker", "target", "0.7", "band", "0.02"))
		d.coins(exchange.WalletMargin, "2")
		d.price("50000")
		d.fill()
		d.live(seed, 100, func(price string) {
			slope := d.wallets[exchange.WalletMargin].Add(d.wallets[exchange.WalletCM])
			for _, in := range d.legs {
				if p := d.positions[in.ID]; !in.Inverse() {
					slope = slope.Add(p.Qty)
				} else if !p.Entry.IsZero() {
					slope = slope.Add(p.Qty.Mul(in.ContractSize.Decimal()).DivRound(p.Entry, 16))
				}
			}
			lots := decimal.NewFromInt(100).DivRound(decimal.RequireFromString(price), 16).Add(decimal.RequireFromString("0.0011"))
			off := slope.Sub(decimal.RequireFromString("0.7")).Abs()
			if most := lots.Add(decimal.RequireFromString("0.02")); off.GreaterThan(most) {
				t.Fatalf("seed %d at %s: exposure is off by %v, more than %v", seed, price, off, most)
			}
		})
	}
}

// Whoever kills the program between any two events sees nothing of it: the view is all
// that the strategy needs.
func TestKilledBetweenAnyTwoEvents(t *testing.T) {
	for _, style := range []string{"maker", "taker"} {
		p := params("second", "UM:BTCUSDT", "style", style)
		d := newDesk(t, p)
		d.live(3, 40, func(string) {})
		before := newDesk(t, p).rt
		for k := range d.events {
			after := newDesk(t, p).rt
			if err := after.Resume(before.View().Snapshot()); err != nil {
				t.Fatal(err)
			}
			for i := k; i < len(d.events); i++ {
				if got := describe(after.Deliver(&d.events[i])); got != d.replies[i] {
					t.Fatalf("%s: killed before event %d, at event %d said %q, want %q", style, k, i, got, d.replies[i])
				}
			}
			before.Deliver(&d.events[k])
		}
	}
}
