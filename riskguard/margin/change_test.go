package margin

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// change makes one random change to the world and to the portfolio.
func (w *world) change(t *testing.T, r *rand.Rand, p *Portfolio) {
	var err error
	switch r.IntN(11) {
	case 0:
		id := exchange.InstrumentID(1 + r.IntN(w.ins.Len()))
		w.marks[id] += exchange.Fixed(r.IntN(1000))
		var e exchange.Event
		e.Inst = id
		e.SetMark(exchange.Mark{Price: w.marks[id]})
		err = p.Apply(&e)
	case 1:
		a := testAssets[r.IntN(len(testAssets))]
		w.index[a] += exchange.Fixed(r.IntN(1000))
		var e exchange.Event
		e.SetAssetIndex(&exchange.AssetIndex{Asset: a, Price: w.index[a]})
		err = p.Apply(&e)
	case 2:
		a := testAssets[r.IntN(len(testAssets))]
		b := w.balance[a]
		b[exchange.WalletUM] = decimal.New(r.Int64N(1e12), -8)
		w.balance[a] = b
		var e exchange.Event
		e.SetLedger(&exchange.LedgerEntry{Asset: a, Wallet: exchange.WalletUM, Balance: b[exchange.WalletUM]})
		err = p.Apply(&e)
	case 3, 4:
		o := w.drawOrder(r, exchange.OrderID(1+r.IntN(12)))
		w.remove(o.ID)
		w.orders = append(w.orders, o)
		err = p.SetOrder(o)
	case 5:
		id := exchange.OrderID(1 + r.IntN(12))
		w.remove(id)
		if r.IntN(2) == 0 {
			p.RemoveOrder(id)
			return
		}
		err = p.SetOrder(exchange.Order{ID: id, Status: exchange.StatusCanceled})
	case 6:
		err = w.changePosition(r, p)
	case 7: // what is only tried leaves nothing behind
		if _, err = p.Project(w.drawOrder(r, exchange.OrderID(1+r.IntN(20))), w.drawOrder(r, 30)); err == nil {
			_, err = p.Reducing(w.drawOrder(r, exchange.OrderID(1+r.IntN(20))))
		}
	case 8:
		id := exchange.InstrumentID(1 + r.IntN(5))
		w.leverage[id] = 1 + r.IntN(50)
		most := w.bracketsOf(w.ins.At(id)).Tiers[0].Leverage
		w.leverage[id] = 1 + r.IntN(min(50, most))
		err = p.SetLeverage(id, w.leverage[id])
	case 9:
		a := testAssets[r.IntN(len(testAssets))]
		s := drawSchedule(r, w.index[a])
		w.tables.Collateral[a] = s
		err = p.SetCollateral(a, s)
	case 10:
		id := exchange.InstrumentID(1 + r.IntN(5))
		b := drawBrackets(r, w.ins.At(id))
		if w.ins.At(id).Product == exchange.CM {
			w.tables.CM[w.ins.At(id).Symbol] = b
		} else {
			w.tables.UM[w.ins.At(id).Symbol] = b
		}
		w.leverage[id] = min(w.leverage[id], b.Tiers[0].Leverage)
		err = p.SetBrackets(id, b)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) remove(id exchange.OrderID) {
	kept := w.orders[:0]
	for _, o := range w.orders {
		if o.ID != id {
			kept = append(kept, o)
		}
	}
	w.orders = kept
}

// changePosition fills a futures instrument on its one-way leg.
func (w *world) changePosition(r *rand.Rand, p *Portfolio) error {
	id := exchange.InstrumentID(1 + r.IntN(5))
	in := w.ins.At(id)
	f := exchange.Fill{Side: exchange.Side(1 + r.IntN(2)), Qty: w.size(r, in, 5000), Price: w.marks[id]}
	at := -1
	for i := range w.positions {
		if w.positions[i].Inst == id && w.positions[i].Side == exchange.Both {
			at = i
		}
	}
	if at < 0 {
		at = len(w.positions)
		w.positions = append(w.positions, exchange.Position{Inst: id})
	}
	w.positions[at].Trade(in, f.Side, f.Qty, f.Price)
	var e exchange.Event
	e.Inst = id
	e.SetFill(&f)
	return p.Apply(&e)
}

// TestIncremental walks random changes and compares, after each, the portfolio that was
// kept up to date with the oracle's view and, at the end, with one built from nothing.
func TestIncremental(t *testing.T) {
	for i := range 40 {
		r := rand.New(rand.NewPCG(17, uint64(i)))
		w := draw(t, r)
		p := w.portfolio(t)
		for step := range 60 {
			w.change(t, r, p)
			if r.IntN(3) > 0 {
				continue // several changes before anybody asks
			}
			equity := p.Equity() // the first to ask brings the model up to date
			if w.sameAccount(t, p.Account()); !equity.Equal(p.Account().Equity) {
				t.Errorf("equity alone is %v, with the rest %v", equity, p.Account().Equity)
			}
			if t.Failed() {
				t.Fatalf("seed 17, %d, step %d", i, step)
			}
		}
		w.sameAccount(t, p.Account())
		got, err := p.Scenarios()
		if err != nil {
			t.Fatal(err)
		}
		w.sameScenarios(t, got)
		fresh, err := w.portfolio(t).Scenarios()
		if err != nil || fmt.Sprint(fresh) != fmt.Sprint(got) {
			t.Errorf("built from nothing: %v, %v", fresh, err)
		}
		add, with := w.drawOrder(r, 1000), *w
		projected, err := p.Project(add)
		ok(t, err)
		with.orders = append(append([]exchange.Order{}, w.orders...), add)
		with.sameExposure(t, w, projected.Exposure)
		if t.Failed() {
			t.Fatalf("seed 17, %d", i)
		}
	}
}

// TestSafe moves every price to random places inside the band, corners included, and
// never finds uniMMR at or below the line there.
func TestSafe(t *testing.T) {
	line := exchange.MustFixed("1.2")
	proven := 0
	for i := range 300 {
		r := rand.New(rand.NewPCG(19, uint64(i)))
		w := draw(t, r)
		w.shocks = nil
		p := w.portfolio(t)
		if !p.Safe(line) {
			continue
		}
		proven++
		for range 20 {
			inside := func(low, high, price exchange.Fixed) exchange.Fixed {
				if high == exchange.FixedMax {
					low, high = price/2, price*2
				}
				switch r.IntN(3) {
				case 0:
					return max(low, 1)
				case 1:
					return high
				}
				return max(1, low+exchange.Fixed(r.Int64N(int64(high-low)+1)))
			}
			for _, s := range p.slots {
				if s.pair == nil {
					price := inside(s.low, s.high, s.mark)
					if !p.InMarkBand(s.in.ID, price) || s.high < exchange.FixedMax && p.InMarkBand(s.in.ID, s.high+1) {
						t.Fatalf("seed 19, %d: the band of %s is %v..%v", i, s.in.Name(), s.low, s.high)
					}
					ok(t, p.SetMark(s.in.ID, price))
				}
			}
			for _, a := range p.assets {
				ok(t, p.SetIndex(a.name, inside(a.low, a.high, a.index)))
			}
			if !p.band.holds {
				t.Fatalf("seed 19, %d: a price inside its band has ended the proof", i)
			}
			if a := p.Account(); a.Status != exchange.StatusNormal || a.UniMMR.LessThanOrEqual(line.Decimal()) {
				t.Fatalf("seed 19, %d: %v at uniMMR %v inside the band", i, a.Status, a.UniMMR)
			}
		}
	}
	if proven < 100 {
		t.Errorf("only %d of 300 accounts had a band", proven)
	}
}

// TestSafeBound: wherever prices lie within a width, corners above all, equity is not
// less and maintenance margin not more than the proof says.
func TestSafeBound(t *testing.T) {
	for i := range 300 {
		r := rand.New(rand.NewPCG(23, uint64(i)))
		w := draw(t, r)
		w.shocks = nil
		p := w.portfolio(t)
		p.refresh()
		width := widest >> r.IntN(9)
		least, most := p.within(width)
		corner := func(price exchange.Fixed) exchange.Fixed {
			low, high := ends(price, width)
			return [...]exchange.Fixed{low, high, low, high, price}[r.IntN(5)]
		}
		marks, index := w.marks, w.index
		for range 20 {
			for id := exchange.InstrumentID(1); int(id) <= w.ins.Len(); id++ {
				if w.ins.At(id).Product != exchange.Margin {
					ok(t, p.SetMark(id, corner(marks[id])))
				}
			}
			for _, a := range testAssets {
				ok(t, p.SetIndex(a, corner(index[a])))
			}
			a := p.Account()
			adjusted := a.Equity.Sub(a.OpenLoss)
			if adjusted.LessThan(least.decimal(usdPlaces)) || a.MaintMargin.GreaterThan(most.decimal(usdPlaces)) {
				t.Fatalf("seed 23, %d: %v / %v within %v, proven %v / %v", i, adjusted, a.MaintMargin, width, least.decimal(usdPlaces), most.decimal(usdPlaces))
			}
		}
	}
}

// TestExtremes: amounts and prices at their bounds overflow nothing.
func TestExtremes(t *testing.T) {
	for i := range 20 {
		r := rand.New(rand.NewPCG(29, uint64(i)))
		w := draw(t, r)
		for id := range w.marks {
			w.marks[id] = exchange.FixedMax - exchange.Fixed(r.IntN(10))
		}
		for a, b := range w.balance {
			w.index[a] = exchange.FixedMax - exchange.Fixed(r.IntN(10))
			b[exchange.WalletMargin] = decimalOf("9999999999999999.99999999")
			b[exchange.WalletUM] = decimalOf("-9999999999999999.99999999")
			b[exchange.WalletLoan] = decimalOf("9999999999999999.99999999")
			w.balance[a] = b
		}
		for k := range w.positions {
			big := decimalOf("999999999999.99999999")
			if w.positions[k].Qty.IsNegative() {
				big = big.Neg()
			}
			w.positions[k].Qty = big
			w.positions[k].Entry = decimalOf([]string{"0.00000001", "99999999999.9999999999999999"}[r.IntN(2)])
		}
		w.orders = nil // their prices are the market's of before
		got, want := w.portfolio(t).Account(), w.account(w.assetNames())
		if !got.Equity.Equal(want.Equity) || !got.MaintMargin.Equal(want.MaintMargin) || !got.InitialMargin.Equal(want.InitialMargin) {
			t.Fatalf("seed 29, %d:\n%+v\n%+v", i, got, want)
		}
		if got.UniMMR.Sub(want.UniMMR).Abs().GreaterThan(decimal.New(1, -12)) {
			t.Fatalf("seed 29, %d: uniMMR %v, want %v", i, got.UniMMR, want.UniMMR)
		}
	}
}

// TestSafeEnds: what can change the status ends the proof, and what cannot does not.
func TestSafeEnds(t *testing.T) {
	line := exchange.MustFixed("1.2")
	for _, c := range []struct {
		what   string
		change func(p *Portfolio) error
		ends   bool
	}{
		{"mark inside", func(p *Portfolio) error { return p.SetMark(2, exchange.MustFixed("100001")) }, false},
		{"mark outside", func(p *Portfolio) error { return p.SetMark(2, exchange.MustFixed("1000000")) }, true},
		{"index inside", func(p *Portfolio) error { return p.SetIndex("BTC", exchange.MustFixed("99999")) }, false},
		{"index outside", func(p *Portfolio) error { return p.SetIndex("BTC", exchange.MustFixed("10")) }, true},
		{"another asset's index", func(p *Portfolio) error { return p.SetIndex("ETH", exchange.MustFixed("10")) }, false},
		{"balance", func(p *Portfolio) error { return p.SetBalance("BTC", exchange.WalletMargin, decimal.NewFromInt(9)) }, true},
		{"the same balance", func(p *Portfolio) error { return p.SetBalance("BTC", exchange.WalletMargin, decimal.NewFromInt(10)) }, false},
		{"position", func(p *Portfolio) error { return p.SetPosition(exchange.Position{Inst: 2}) }, true},
		{"futures order", func(p *Portfolio) error { return p.SetOrder(limitOrder(1, 2, exchange.Buy, "1", "100000")) }, false},
		{"margin order", func(p *Portfolio) error { return p.SetOrder(limitOrder(1, 1, exchange.Buy, "1", "100000")) }, true},
	} {
		p := smallAccount(t)
		if !p.Safe(line) {
			t.Fatal("a carry at uniMMR 237 is not proven safe")
		}
		ok(t, c.change(p))
		if p.band.holds == c.ends {
			t.Errorf("%s: proof holds is %v", c.what, p.band.holds)
		}
	}
	p := smallAccount(t)
	if p.Safe(exchange.MustFixed("300")) {
		t.Error("uniMMR of 237.5 was proven above 300")
	}
	if allocs := testing.AllocsPerRun(100, func() { _ = p.SetMark(2, exchange.MustFixed("100000.1")); p.Safe(line) }); allocs != 0 {
		t.Errorf("SetMark and Safe allocate %v times", allocs)
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
