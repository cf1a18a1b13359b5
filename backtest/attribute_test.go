package backtest

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

func attributed(t *testing.T, strategies int) *attribution {
	t.Helper()
	ins, err := exchange.NewInstruments(
		exchange.Instrument{Product: exchange.UM, Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT", MarginAsset: "USDT"},
		exchange.Instrument{Product: exchange.CM, Symbol: "BTCUSD_PERP", Base: "BTC", Quote: "USD", MarginAsset: "BTC", ContractSize: 100 * exchange.FixedOne},
		exchange.Instrument{Product: exchange.Margin, Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT", MarginAsset: "USDT"},
	)
	if err != nil {
		t.Fatal(err)
	}
	a := newAttribution(ins, strategies+1)
	a.setIndex("USDT", exchange.MustFixed("0.9998"))
	a.setIndex("BTC", price(60_000))
	return &a
}

func (a *attribution) take(at exchange.Time, inst exchange.InstrumentID, s exchange.StrategyID, side exchange.Side, qty exchange.Fixed, forced exchange.ForcedKind) {
	a.fill(a.ins.At(inst), &FillRow{At: at, Fill: exchange.Fill{Strategy: s, Side: side, Qty: qty, Price: price(60_000), Forced: forced}})
}

func (a *attribution) bookAt(at exchange.Time, inst exchange.InstrumentID, s exchange.StrategyID, why exchange.Reason, amount string) {
	e := exchange.Event{At: at, Inst: inst}
	l := exchange.LedgerEntry{Asset: "USDT", Wallet: exchange.WalletUM, Strategy: s, Reason: why, Delta: decimal.RequireFromString(amount)}
	e.SetLedger(&l)
	a.ledger(&e, &l)
}

// TestFundingIsShared among those who hold the position, in proportion, rounded down; the
// rest is the house's.
func TestFundingIsShared(t *testing.T) {
	for _, c := range []struct {
		name string
		held []int64 // in hundredths, by strategy
		want []string
	}{
		{"one holds it", []int64{5, 0}, []string{"0", "-9.998", "0"}},
		{"two to one", []int64{20, 10}, []string{"-0.00000001", "-6.66533333", "-3.33266666"}},
		{"against each other", []int64{30, -10}, []string{"0", "-14.997", "4.999"}},
		{"they cancel", []int64{10, -10}, []string{"-9.998", "0", "0"}},
		{"nobody", []int64{0, 0}, []string{"-9.998", "0", "0"}},
	} {
		a := attributed(t, 2)
		for s, qty := range c.held {
			side := exchange.Buy
			if qty < 0 {
				side, qty = exchange.Sell, -qty
			}
			a.take(1, 1, exchange.StrategyID(s+1), side, exchange.Fixed(qty)*exchange.FixedOne/100, exchange.NotForced)
		}
		a.bookAt(2, 1, 0, exchange.ReasonFunding, "-10")
		for s, want := range c.want {
			if got := a.cells[s][1].funding; !got.Equal(decimal.RequireFromString(want)) {
				t.Errorf("%s: strategy %d has %v, want %s", c.name, s, got, want)
			}
		}
	}
}

// TestForcedFillsAreTheHolders: the bookings of a liquidation carry no strategy; the one
// whose position was closed pays.
func TestForcedFillsAreTheHolders(t *testing.T) {
	a := attributed(t, 2)
	a.take(1, 1, 2, exchange.Buy, exchange.FixedOne, exchange.NotForced)
	a.take(5, 1, 2, exchange.Sell, exchange.FixedOne, exchange.ForcedLiquidation)
	a.bookAt(5, 1, 0, exchange.ReasonCommission, "-2")
	a.bookAt(5, 1, 0, exchange.ReasonLiquidation, "-3")
	a.bookAt(6, 1, 0, exchange.ReasonCommission, "-1") // of another instant
	if c := &a.cells[2][1]; !c.realized.IsZero() || c.fees.String() != "-4.999" {
		t.Errorf("the holder: realized %v, fees %v", c.realized, c.fees)
	}
	if c := &a.cells[0][1]; !c.realized.IsZero() || c.fees.String() != "-0.9998" {
		t.Errorf("the house: realized %v, fees %v", c.realized, c.fees)
	}
}

// TestTakenOver: a debt that the insurance fund pays is no fee, and is told.
func TestTakenOver(t *testing.T) {
	a := attributed(t, 1)
	a.bookAt(5, 0, 0, exchange.ReasonLiquidation, "-10")
	a.bookAt(6, 0, 0, exchange.ReasonLiquidation, "500")
	if h := &a.house; h.fees.String() != "-9.998" || h.realized.String() != "499.9" || a.takenOver.String() != "499.9" {
		t.Errorf("fees %v, realized %v, taken over %v", h.fees, h.realized, a.takenOver)
	}
}

// TestEveryDollarIsSomebodys: over any bookings the lines of strategies and house, those
// of legs, and the total are one sum, to the last digit: what the ledger says in USD at
// the index of the moment. Moving money in and out is nobody's profit.
func TestEveryDollarIsSomebodys(t *testing.T) {
	for seed := range uint64(30) {
		random := rand.New(rand.NewPCG(seed, 1))
		a := attributed(t, 3)
		want := decimal.Zero
		for at := range exchange.Time(400) {
			inst := exchange.InstrumentID(random.IntN(3)) // 0 is of the account
			who := exchange.StrategyID(random.IntN(4))
			if inst != 0 && random.IntN(2) == 0 {
				forced := exchange.ForcedKind(random.IntN(2))
				a.take(at, inst, who, exchange.Side(1+random.IntN(2)), exchange.Fixed(1+random.Int64N(5))*exchange.FixedOne, forced)
			}
			a.setIndex("BTC", price(50_000+random.Int64N(20_000)))
			l := exchange.LedgerEntry{
				Asset: "USDT", Wallet: exchange.Wallet(1 + random.IntN(5)), Reason: exchange.Reason(1 + random.IntN(13)),
				Delta: decimal.New(random.Int64N(2_000_000)-1_000_000, -8), Strategy: who,
			}
			if random.IntN(2) == 0 {
				l.Asset = "BTC"
			}
			if l.Reason == exchange.ReasonFunding {
				l.Strategy = 0
			}
			e := exchange.Event{At: at, Inst: inst}
			e.SetLedger(&l)
			usd := a.ledger(&e, &l)
			switch l.Reason {
			case exchange.ReasonTransfer, exchange.ReasonDeposit, exchange.ReasonWithdraw, exchange.ReasonBorrow, exchange.ReasonRepay:
			case exchange.ReasonRealizedPnL, exchange.ReasonDelivery, exchange.ReasonTrade: // come with the fills
			default:
				want = want.Add(usd)
			}
		}
		total := a.line("", a.all()...)
		strategies, legs := a.line("", &a.house).Net, a.line("", &a.house).Net
		for s := range a.cells {
			strategies = strategies.Add(a.line("", a.strategy(s)...).Net)
		}
		for id := range a.ins.Len() + 1 {
			legs = legs.Add(a.line("", a.leg(id)...).Net)
		}
		if !total.Net.Equal(want) || !strategies.Equal(want) || !legs.Equal(want) {
			t.Fatalf("seed %d: ledger %v, total %v, strategies %v, legs %v", seed, want, total.Net, strategies, legs)
		}
	}
}

func TestMonths(t *testing.T) {
	for at, want := range map[time.Time]string{
		time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC):   "2024-02",
		time.Date(2024, 3, 1, 0, 0, 0, 1, time.UTC):   "2024-03",
		time.Date(2025, 3, 31, 23, 0, 0, 0, time.UTC): "2025-03",
	} {
		if got := monthOf(exchange.TimeOf(at)); got != want {
			t.Errorf("%v is of %s, want %s", at, got, want)
		}
	}
	// The same month of another year is another month.
	a := attributed(t, 1)
	for _, year := range []int{2023, 2024, 2025} {
		a.sample(exchange.TimeOf(time.Date(year, 5, 15, 0, 0, 0, 0, time.UTC)), &exchange.Account{})
	}
	if len(a.months) != 2 {
		t.Errorf("%d months", len(a.months))
	}
}

// TestLegsAreNotNetted: in hedge mode a long and a short of one symbol have entries of
// their own, and what each has earned is not yet booked while it is open.
func TestLegsAreNotNetted(t *testing.T) {
	a := attributed(t, 1)
	a.marks[1] = price(61_000)
	in := a.ins.At(1)
	for _, f := range []exchange.Fill{
		{Side: exchange.Buy, PositionSide: exchange.Long, Price: price(60_000)},
		{Side: exchange.Sell, PositionSide: exchange.Short, Price: price(62_000)},
	} {
		f.Strategy, f.Qty = 1, exchange.FixedOne
		a.fill(in, &FillRow{At: 1, Fill: f})
	}
	c := &a.cells[1][1]
	if got := a.unrealized(c); !got.Equal(decimal.RequireFromString("1999.6")) || !c.realized.IsZero() || c.position.flat() {
		t.Errorf("long at 60,000 and short at 62,000 have unrealised %v and realised %v at 61,000, want 2,000 at 0.9998 and 0", got, c.realized)
	}
	if !c.position.qty().IsZero() || len(a.exposure()) != 0 {
		t.Errorf("equal legs have an exposure of %v", a.exposure())
	}
	if house := a.unrealized(&a.cells[0][1]); !house.IsZero() {
		t.Errorf("the house has %v of one strategy's legs", house)
	}
}
