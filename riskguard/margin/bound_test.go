package margin

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// filled is the world after some of its orders have filled completely at their prices,
// the rest still resting; nothing of the worst case is used to make it. The last may fill
// first, and of an OCO the stop.
func (w *world) filled(which func(i int) bool, backward bool) *world {
	with := *w
	with.positions = slices.Clone(w.positions)
	with.orders = nil
	with.balance = map[string][exchange.Wallets + 1]decimal.Decimal{}
	for _, a := range w.assetNames() {
		with.balance[a] = w.balance[a]
	}
	for i := range w.orders {
		if backward {
			i = len(w.orders) - 1 - i
		}
		o := w.orders[i]
		if !which(i) {
			with.orders = append(with.orders, o)
			continue
		}
		prices := w.prices(o)
		if backward {
			with.fill(o, prices[len(prices)-1])
		} else {
			with.fill(o, prices[0])
		}
	}
	return &with
}

// fill executes an order at a price: a reduce-only one only as far as it reduces.
func (w *world) fill(o exchange.Order, price decimal.Decimal) {
	in := w.ins.At(o.Request.Inst)
	size := left(o)
	if in.Product == exchange.Margin {
		w.fillMargin(o, in, size, price)
		return
	}
	at := slices.IndexFunc(w.positions, func(p exchange.Position) bool {
		return p.Inst == in.ID && p.Side == o.Request.PositionSide
	})
	if at < 0 {
		at = len(w.positions)
		w.positions = append(w.positions, exchange.Position{Inst: in.ID, Side: o.Request.PositionSide})
	}
	pos := &w.positions[at]
	closes := o.Request.ReduceOnly || o.Request.ClosePosition ||
		pos.Side == exchange.Long && o.Request.Side == exchange.Sell || pos.Side == exchange.Short && o.Request.Side == exchange.Buy
	if closes {
		room := decimal.Max(zero, signed(o, pos.Qty).Neg())
		if size = decimal.Min(size, room); o.Request.ClosePosition {
			size = room
		}
	}
	qty, _ := exchange.FixedFromDecimal(size, exchange.RoundDown)
	if qty == 0 {
		return
	}
	fx, _ := exchange.FixedFromDecimal(price, exchange.RoundHalfUp)
	realized := pos.Trade(in, o.Request.Side, qty, fx)
	fee := value(in, size, price).Mul(dec(w.tables.Fees[in.Product].Taker))
	b := w.balance[in.MarginAsset]
	b[exchange.WalletUM] = b[exchange.WalletUM].Add(realized).Sub(fee)
	w.balance[in.MarginAsset] = b
}

func (w *world) fillMargin(o exchange.Order, in *exchange.Instrument, size, price decimal.Decimal) {
	cost := size.Mul(price)
	base, quote := w.balance[in.Base], w.balance[in.Quote]
	base[exchange.WalletMargin] = base[exchange.WalletMargin].Add(signed(o, size))
	quote[exchange.WalletMargin] = quote[exchange.WalletMargin].Sub(signed(o, cost)).
		Sub(cost.Mul(dec(w.tables.Fees[exchange.Margin].Taker)))
	out, given := &quote, cost.Mul(one.Add(dec(w.tables.Fees[exchange.Margin].Taker)))
	if o.Request.Side == exchange.Sell {
		out, given = &base, size
	}
	borrows := o.Request.SideEffect == exchange.MarginBuy || o.Request.SideEffect == exchange.AutoBorrowRepay
	// An order borrows what it lacks itself; one without that side effect, which Binance
	// would not fill beyond the wallet, leaves the wallet negative here.
	if short := decimal.Min(out[exchange.WalletMargin].Neg(), given); borrows && short.IsPositive() {
		out[exchange.WalletMargin] = out[exchange.WalletMargin].Add(short)
		out[exchange.WalletLoan] = out[exchange.WalletLoan].Add(short)
	}
	w.balance[in.Base], w.balance[in.Quote] = base, quote
}

// under is adjusted equity and maintenance of the world as it stands, under a shock.
func (w *world) under(s *Shock) (adjusted, maint decimal.Decimal) {
	for _, a := range w.assetNames() {
		adjusted = adjusted.Add(w.equity(a, w.net(a, s), s))
		_, mmr := w.loan(a)
		maint = maint.Add(w.debt(a).Mul(mmr).Mul(w.indexUnder(a, s)))
	}
	for _, o := range w.orders {
		adjusted = adjusted.Sub(w.openLoss(o, s))
	}
	for _, p := range w.positions {
		in := w.ins.At(p.Inst)
		maint = maint.Add(w.maintenance(in, p.Qty.Abs(), w.markUnder(p.Inst, s)).Mul(w.indexUnder(settle(in), s)))
	}
	return adjusted, maint
}

// tiny is what rounded harmonic entries may move a CM position's PnL by, in dollars.
var tiny = decimal.New(1, -6)

// TestWorstCaseBounds fills every subset of up to ten orders, one after the other from either
// end, and compares with the worst case, under no shock and under every one: no subset may
// leave less equity, need more maintenance or have a lower uniMMR. The standard shocks take
// turns. PMBOT_MARGIN_WORLDS divided by a hundred is how many worlds there are.
func TestWorstCaseBounds(t *testing.T) {
	seen := map[string]int{}
	defer func() { t.Log(seen) }()
	for i := range worlds(t, 6000) / 100 {
		r := rand.New(rand.NewPCG(11, uint64(i)))
		w := draw(t, r)
		most := 4
		if i%30 == 0 {
			most = 10
			w.shocks = w.shocks[:1]
		}
		for len(w.orders) < most {
			w.orders = append(w.orders, w.drawOrder(r, exchange.OrderID(len(w.orders)+1)))
		}
		w.orders = w.orders[:most]
		bounds, err := w.portfolio(t).Scenarios()
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range w.shocks {
			seen[s.Name]++
		}
		for set := range 2 << len(w.orders) {
			got := w.filled(func(k int) bool { return set>>(k+1)&1 == 1 }, set&1 == 1)
			for k, bound := range bounds {
				var s *Shock
				if k > 0 {
					s = &w.shocks[k-1]
				}
				adjusted, maint := got.under(s)
				if adjusted.Add(tiny).LessThan(bound.Equity) || maint.GreaterThan(bound.MaintMargin.Add(tiny)) {
					t.Fatalf("seed 11, %d: subset %b under %q has %v / %v, bound %v / %v", i, set, bound.Scenario, adjusted, maint, bound.Equity, bound.MaintMargin)
				}
				if bound.Equity.IsPositive() && ratio(adjusted, maint).Add(tiny).LessThan(bound.UniMMR) {
					t.Fatalf("seed 11, %d: subset %b under %q has uniMMR %v, bound %v", i, set, bound.Scenario, ratio(adjusted, maint), bound.UniMMR)
				}
			}
		}
	}
}

// TestWorstCaseIsMet: where orders only add risk, some subset is exactly as bad as the
// bound: opening orders at or beyond the mark, all on the side of the position, and a
// margin buy that stays within cash and tier.
func TestWorstCaseIsMet(t *testing.T) {
	for i := range 60 {
		r := rand.New(rand.NewPCG(13, uint64(i)))
		w := draw(t, r)
		w.tables.Collateral["BTC"] = Flat(exchange.MustFixed("0.95"), Source{})
		w.positions, w.orders, w.shocks = nil, nil, nil
		for a := range w.balance {
			w.balance[a] = [exchange.Wallets + 1]decimal.Decimal{exchange.WalletMargin: decimal.NewFromInt(1_000_000)}
		}
		for k, inst := range []exchange.InstrumentID{1, 2, 3, 6} {
			in := w.ins.At(inst)
			o := exchange.Order{ID: exchange.OrderID(k + 1), Status: exchange.StatusWorking}
			o.Request = exchange.OrderRequest{Inst: inst, Side: exchange.Buy, Type: exchange.Market, Qty: w.size(r, in, 100_000)}
			w.orders = append(w.orders, o)
		}
		bounds, err := w.portfolio(t).Scenarios()
		if err != nil {
			t.Fatal(err)
		}
		adjusted, maint := w.filled(func(int) bool { return true }, false).under(nil)
		if b := bounds[0]; !b.Equity.Equal(adjusted) || !b.MaintMargin.Equal(maint) || !b.UniMMR.Equal(ratio(adjusted, maint)) {
			t.Fatalf("seed 13, %d: all filled is %v / %v, the bound %v / %v", i, adjusted, maint, b.Equity, b.MaintMargin)
		}
	}
}
