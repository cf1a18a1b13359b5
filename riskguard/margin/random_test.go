package margin

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// instruments of the tests: two coins over all products, stable and coin quoted pairs.
func testInstruments(t testing.TB) *exchange.Instruments {
	t.Helper()
	um := func(base, margin string) exchange.Instrument {
		return exchange.Instrument{
			Product: exchange.UM, Symbol: base + margin, Pair: base + margin, Base: base, Quote: margin,
			MarginAsset: margin, ContractSize: exchange.FixedOne,
			Lot: exchange.Lot{Min: exchange.MustFixed("0.001"), Max: exchange.MustFixed("1000"), Step: exchange.MustFixed("0.001")},
		}
	}
	cm := func(base, size string) exchange.Instrument {
		return exchange.Instrument{
			Product: exchange.CM, Symbol: base + "USD_PERP", Pair: base + "USD", Base: base, Quote: "USD",
			MarginAsset: base, ContractSize: exchange.MustFixed(size),
			Lot: exchange.Lot{Min: exchange.FixedOne, Max: exchange.MustFixed("1000000"), Step: exchange.FixedOne},
		}
	}
	pair := func(base, quote string) exchange.Instrument {
		return exchange.Instrument{
			Product: exchange.Margin, Symbol: base + quote, Pair: base + quote, Base: base, Quote: quote,
			MarginAsset: quote, ContractSize: exchange.FixedOne,
			Lot: exchange.Lot{Min: exchange.MustFixed("0.0001"), Max: exchange.MustFixed("1000"), Step: exchange.MustFixed("0.0001")},
		}
	}
	ins, err := exchange.NewInstruments(
		um("BTC", "USDT"), um("ETH", "USDT"), um("BTC", "USDC"), cm("BTC", "100"), cm("ETH", "10"),
		pair("BTC", "USDT"), pair("ETH", "USDT"), pair("ETH", "BTC"),
	)
	if err != nil {
		t.Fatal(err)
	}
	return ins
}

var testAssets = []string{"BTC", "ETH", "USDT", "USDC", "BNB"}

// testTables are small brackets and steep tiers, so that random accounts cross them.
func testTables() *Tables {
	f := exchange.MustFixed
	t := Assumed()
	t.UM["BTCUSDC"] = t.UM["BTCUSDT"]
	t.LoanLeverage = map[string]int{"USDT": 10, "BTC": 5}
	t.Collateral["BTC"] = Schedule{Tiers: []Tier{{f("2"), f("0.95")}, {f("6"), f("0.9")}, {f("20"), f("0.5")}}}
	t.Collateral["ETH"] = Schedule{Tiers: []Tier{{f("20000"), f("0.9")}, {f("60000"), f("0.6")}, {0, f("0.2")}}, ByValue: true}
	t.Collateral["USDC"] = Flat(f("0.98"), Source{})
	return t
}

// draw makes a random world: few or many things, near and far from the lines.
func draw(t testing.TB, r *rand.Rand) *world {
	f := func(lo, hi int64, places int32) exchange.Fixed { // lo..hi in steps of 10^-places
		v := decimal.New(lo+r.Int64N(hi-lo+1), -places)
		x, _ := exchange.FixedFromDecimal(v, exchange.RoundDown)
		return x
	}
	w := &world{
		ins: testInstruments(t), tables: testTables(), marks: map[exchange.InstrumentID]exchange.Fixed{},
		index: map[string]exchange.Fixed{}, balance: map[string][exchange.Wallets + 1]decimal.Decimal{},
		leverage: map[exchange.InstrumentID]int{},
	}
	w.shocks = standardShocks(w.ins, w.tables, DefaultShockSizes())
	r.Shuffle(len(w.shocks), func(i, k int) { w.shocks[i], w.shocks[k] = w.shocks[k], w.shocks[i] })
	w.shocks = w.shocks[:3]
	for _, a := range testAssets {
		w.index[a] = f(99_000_000, 101_000_000, 8)
	}
	w.index["BTC"], w.index["ETH"], w.index["BNB"] = f(2_000_000, 12_000_000, 2), f(100_000, 500_000, 2), f(20_000, 70_000, 2)
	for id := exchange.InstrumentID(1); int(id) <= w.ins.Len(); id++ {
		w.leverage[id] = 1 + r.IntN(50)
		x := decimal.New(9_800+r.Int64N(400), -4).Mul(w.index[w.ins.At(id).Base].Decimal())
		w.marks[id], _ = exchange.FixedFromDecimal(x, exchange.RoundHalfUp)
	}
	for _, a := range testAssets {
		var b [exchange.Wallets + 1]decimal.Decimal
		scale := decimal.NewFromInt(30_000).DivRound(w.index[a].Decimal(), 8)
		for _, wallet := range []exchange.Wallet{exchange.WalletMargin, exchange.WalletUM, exchange.WalletCM, exchange.WalletLoan, exchange.WalletInterest} {
			if r.IntN(3) == 0 {
				b[wallet] = scale.Mul(decimal.New(r.Int64N(3_000), -3)).Round(8)
			}
		}
		if r.IntN(4) == 0 {
			b[exchange.WalletUM] = b[exchange.WalletUM].Neg()
		}
		if r.IntN(3) != 0 {
			b[exchange.WalletLoan], b[exchange.WalletInterest] = decimal.Zero, decimal.Zero
		}
		w.balance[a] = b
	}
	w.drawPositions(r)
	for n := r.IntN(10); n > 0; n-- {
		w.orders = append(w.orders, w.drawOrder(r, exchange.OrderID(len(w.orders)+1)))
	}
	return w
}

// size is a random quantity of an instrument worth up to some dollars.
func (w *world) size(r *rand.Rand, in *exchange.Instrument, most int64) exchange.Fixed {
	usd := decimal.NewFromInt(1 + r.Int64N(most))
	if in.Product == exchange.CM {
		q, _ := exchange.FixedFromDecimal(usd.DivRound(in.ContractSize.Decimal(), 0), exchange.RoundDown)
		return max(q, exchange.FixedOne)
	}
	q, _ := exchange.FixedFromDecimal(usd.DivRound(w.index[in.Base].Decimal(), 4), exchange.RoundDown)
	return max(q, exchange.MustFixed("0.001"))
}

func (w *world) drawPositions(r *rand.Rand) {
	for id := exchange.InstrumentID(1); int(id) <= w.ins.Len(); id++ {
		in := w.ins.At(id)
		if in.Product == exchange.Margin || r.IntN(2) == 0 {
			continue
		}
		most := int64(1 << (10 + r.IntN(12)))
		entry := w.marks[id].Decimal().Mul(decimal.New(7_000+r.Int64N(6_000), -4)).Add(decimal.New(r.Int64N(1e12), -16))
		q := w.size(r, in, most).Decimal()
		if r.IntN(3) > 0 {
			if r.IntN(2) == 0 {
				q = q.Neg()
			}
			w.positions = append(w.positions, exchange.Position{Inst: id, Qty: q, Entry: entry})
			continue
		}
		w.positions = append(w.positions,
			exchange.Position{Inst: id, Side: exchange.Long, Qty: q, Entry: entry},
			exchange.Position{Inst: id, Side: exchange.Short, Qty: w.size(r, in, most).Decimal().Neg(), Entry: entry})
	}
}

func (w *world) drawOrder(r *rand.Rand, id exchange.OrderID) exchange.Order {
	inst := exchange.InstrumentID(1 + r.IntN(w.ins.Len()))
	in := w.ins.At(inst)
	o := exchange.Order{ID: id, Status: exchange.StatusWorking}
	q := &o.Request
	q.Inst, q.Side = inst, exchange.Side(1+r.IntN(2))
	q.Qty = w.size(r, in, int64(1<<(8+r.IntN(10))))
	about := w.marks[inst].Decimal()
	if in.Product == exchange.Margin {
		about = w.index[in.Base].Decimal().DivRound(w.index[in.Quote].Decimal(), 8)
		q.SideEffect = exchange.SideEffect(r.IntN(4))
	}
	near := func() exchange.Fixed {
		x, _ := exchange.FixedFromDecimal(about.Mul(decimal.New(9_700+r.Int64N(600), -4)), exchange.RoundDown)
		return x
	}
	q.Type, q.Price = exchange.Limit, near()
	switch r.IntN(8) {
	case 0:
		q.Type, q.Price = exchange.Market, 0
	case 1:
		q.Type, q.Price, q.Trigger = exchange.StopMarket, 0, near()
	case 2:
		q.Type, q.Trigger = exchange.Stop, near()
	case 3:
		if in.Product == exchange.Margin {
			q.Type, q.StopPrice = exchange.OCO, near()
			switch r.IntN(3) {
			case 0:
				q.StopPrice = 0
			case 1:
				q.StopPrice, q.Trigger = 0, near()
			}
		}
	}
	if in.Product != exchange.Margin {
		q.PositionSide = exchange.PositionSide(r.IntN(3))
		q.ReduceOnly = r.IntN(4) == 0
		if q.ReduceOnly && q.Type == exchange.StopMarket && r.IntN(2) == 0 {
			q.ClosePosition, q.Qty = true, 0
		}
	}
	if q.Qty > 0 && r.IntN(4) == 0 {
		o.Filled = exchange.Fixed(r.Int64N(int64(q.Qty)))
	}
	return o
}

// portfolio builds the world's portfolio from nothing.
func (w *world) portfolio(t testing.TB) *Portfolio {
	t.Helper()
	p, err := New(w.ins, w.tables)
	if err != nil {
		t.Fatal(err)
	}
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for id, m := range w.marks {
		ok(p.SetMark(id, m))
	}
	for a, x := range w.index {
		ok(p.SetIndex(a, x))
	}
	for a, b := range w.balance {
		for wallet := exchange.WalletMargin; wallet <= exchange.WalletInterest; wallet++ {
			ok(p.SetBalance(a, wallet, b[wallet]))
		}
	}
	for id, l := range w.leverage {
		if w.ins.At(id).Product != exchange.Margin {
			ok(p.SetLeverage(id, l))
		}
	}
	for _, pos := range w.positions {
		ok(p.SetPosition(pos))
	}
	for _, o := range w.orders {
		ok(p.SetOrder(o))
	}
	ok(p.SetShocks(w.shocks))
	ok(p.Missing())
	return p
}

// assetNames are all assets of the world.
func (w *world) assetNames() []string {
	names := sortedKeys(w.balance)
	for _, in := range w.ins.All() {
		names = append(names, in.Base, settle(&in))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// sameAccount compares an account with the oracle's to the last digit.
func (w *world) sameAccount(t testing.TB, got exchange.Account) {
	t.Helper()
	want := w.account(w.assetNames())
	for _, c := range []struct {
		what      string
		got, want decimal.Decimal
	}{
		{"equity", got.Equity, want.Equity}, {"actual equity", got.ActualEquity, want.ActualEquity},
		{"open loss", got.OpenLoss, want.OpenLoss}, {"maintenance", got.MaintMargin, want.MaintMargin},
		{"initial", got.InitialMargin, want.InitialMargin}, {"available", got.Available, want.Available},
		{"uniMMR", got.UniMMR, want.UniMMR},
	} {
		if !c.got.Equal(c.want) {
			t.Errorf("%s is %v, the oracle says %v", c.what, c.got, c.want)
		}
	}
	if got.Status != want.Status {
		t.Errorf("status is %v, the oracle says %v at uniMMR %v", got.Status, want.Status, want.UniMMR)
	}
}

// sameScenarios compares every scenario's worst case with the oracle's.
func (w *world) sameScenarios(t testing.TB, got []Outcome) {
	t.Helper()
	for i, o := range got {
		var s *Shock
		if i > 0 {
			s = &w.shocks[i-1]
		}
		w.sameOutcome(t, o, s)
	}
}

func (w *world) sameOutcome(t testing.TB, o Outcome, s *Shock) {
	t.Helper()
	adjusted, maint := w.worst(w.assetNames(), s)
	if !o.Equity.Equal(adjusted) || !o.MaintMargin.Equal(maint) || !o.UniMMR.Equal(ratio(adjusted, maint)) {
		t.Errorf("scenario %q is %v / %v = %v,\nthe oracle says %v / %v = %v", o.Scenario,
			o.Equity, o.MaintMargin, o.UniMMR, adjusted, maint, ratio(adjusted, maint))
	}
}

// sameProjection compares a projection with the oracle's view of the world with the
// orders in it.
func (w *world) sameProjection(t testing.TB, got Projection) {
	t.Helper()
	names := w.assetNames()
	w.sameOutcome(t, got.Base, nil)
	lowest, least := decimal.NewFromInt(exchange.UniMMRMax+1), zero
	var worst *Shock
	for i := range w.shocks {
		adjusted, maint := w.worst(names, &w.shocks[i])
		if u := ratio(adjusted, maint); u.LessThan(lowest) || u.Equal(lowest) && adjusted.LessThan(least) {
			lowest, least, worst = u, adjusted, &w.shocks[i]
		}
	}
	if got.Shocked.Scenario != worst.Name {
		t.Errorf("worst shock is %q, the oracle says %q", got.Shocked.Scenario, worst.Name)
	}
	w.sameOutcome(t, got.Shocked, worst)
	initial := w.initial(names, true)
	if !got.InitialMargin.Equal(initial) || !got.Available.Equal(got.Base.Equity.Sub(initial)) {
		t.Errorf("initial margin %v, available %v; the oracle says %v", got.InitialMargin, got.Available, initial)
	}
	for _, c := range got.Coins {
		held, low, high := w.exposure(c.Coin)
		if !c.Held.Equal(held) || !c.Low.Equal(low) || !c.High.Equal(high) {
			t.Errorf("%s is %v in %v..%v, the oracle says %v in %v..%v", c.Coin, c.Held, c.Low, c.High, held, low, high)
		}
	}
}
