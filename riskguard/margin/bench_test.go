package margin

import (
	"fmt"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// smallAccount is a carry: a coin in the margin wallet and a short of its perpetual.
func smallAccount(tb testing.TB) *Portfolio {
	t := Assumed()
	ins, err := exchange.NewInstruments(
		exchange.Instrument{Product: exchange.Margin, Symbol: "BTCUSDT", Pair: "BTCUSDT", Base: "BTC", Quote: "USDT", MarginAsset: "USDT", ContractSize: exchange.FixedOne},
		exchange.Instrument{Product: exchange.UM, Symbol: "BTCUSDT", Pair: "BTCUSDT", Base: "BTC", Quote: "USDT", MarginAsset: "USDT", ContractSize: exchange.FixedOne},
	)
	p, err2 := New(ins, t)
	for _, err := range []error{
		err, err2, p.SetIndex("BTC", exchange.MustFixed("100000")), p.SetIndex("USDT", exchange.FixedOne),
		p.SetMark(2, exchange.MustFixed("100000")),
		p.SetBalance("BTC", exchange.WalletMargin, decimal.NewFromInt(10)),
		p.SetPosition(exchange.Position{Inst: 2, Qty: decimal.NewFromInt(-9), Entry: decimal.NewFromInt(100_000)}),
	} {
		if err != nil {
			tb.Fatal(err)
		}
	}
	return p
}

// largeAccount has 20 assets, 50 instruments (40 futures with positions, 10 pairs), 40
// open orders and six shocks.
func largeAccount(tb testing.TB) *Portfolio {
	t := Assumed()
	var list []exchange.Instrument
	for i := range 18 {
		coin := fmt.Sprintf("C%02d", i)
		t.Collateral[coin] = Flat(exchange.MustFixed("0.9"), Source{})
		t.UM[coin+"USDT"], t.UM[coin+"USDC"], t.CM[coin+"USD_PERP"] = t.UM["BTCUSDT"], t.UM["ETHUSDT"], t.CM["BTCUSD_PERP"]
		if i < 10 {
			list = append(list, exchange.Instrument{Product: exchange.Margin, Symbol: coin + "USDT", Base: coin, Quote: "USDT", MarginAsset: "USDT", ContractSize: exchange.FixedOne})
			list = append(list, exchange.Instrument{Product: exchange.CM, Symbol: coin + "USD_PERP", Base: coin, Quote: "USD", MarginAsset: coin, ContractSize: 10 * exchange.FixedOne})
		}
		list = append(list, exchange.Instrument{Product: exchange.UM, Symbol: coin + "USDT", Base: coin, Quote: "USDT", MarginAsset: "USDT", ContractSize: exchange.FixedOne})
		if i < 12 {
			list = append(list, exchange.Instrument{Product: exchange.UM, Symbol: coin + "USDC", Base: coin, Quote: "USDC", MarginAsset: "USDC", ContractSize: exchange.FixedOne})
		}
	}
	ins, err := exchange.NewInstruments(list...)
	p, err2 := New(ins, t)
	check := func(errs ...error) {
		for _, err := range errs {
			if err != nil {
				tb.Fatal(err)
			}
		}
	}
	check(err, err2, p.SetIndex("USDT", exchange.FixedOne), p.SetIndex("USDC", exchange.FixedOne))
	check(p.SetBalance("USDT", exchange.WalletUM, decimal.NewFromInt(1_000_000)))
	check(p.SetBalance("USDC", exchange.WalletUM, decimal.NewFromInt(1_000_000)))
	for i, in := range ins.All() {
		price := exchange.FixedOne * exchange.Fixed(100+i)
		check(p.SetIndex(in.Base, exchange.FixedOne*100), p.SetBalance(in.Base, exchange.WalletMargin, decimal.NewFromInt(1_000)))
		if in.Product != exchange.Margin {
			check(p.SetMark(in.ID, price))
			check(p.SetPosition(exchange.Position{Inst: in.ID, Qty: decimal.NewFromInt(int64(10 - i)), Entry: decimal.NewFromInt(110)}))
		}
		if i < 40 {
			check(p.SetOrder(limitOrder(exchange.OrderID(i+1), in.ID, exchange.Side(1+i%2), "3", price.String())))
		}
	}
	check(p.SetShocks([]Shock{
		{Name: "up", Coin: AllCoins, Move: coinMove}, {Name: "down", Coin: AllCoins, Move: -coinMove},
		{Name: "C00 up", Coin: "C00", Move: coinMove}, {Name: "C00 down", Coin: "C00", Move: -coinMove},
		depegOf("USDT", depeg), {Name: "cut", Haircut: haircutCut},
	}))
	check(p.Missing())
	return p
}

func limitOrder(id exchange.OrderID, inst exchange.InstrumentID, side exchange.Side, qty, price string) exchange.Order {
	return exchange.Order{ID: id, Status: exchange.StatusWorking, Request: exchange.OrderRequest{
		Inst: inst, Side: side, Type: exchange.Limit, Qty: exchange.MustFixed(qty), Price: exchange.MustFixed(price),
	}}
}

func BenchmarkProject(b *testing.B) {
	for _, c := range []struct {
		name string
		p    *Portfolio
		o    exchange.Order
	}{
		{"small-um", smallAccount(b), limitOrder(1, 2, exchange.Sell, "0.1", "100000")},
		{"small-margin", smallAccount(b), limitOrder(1, 1, exchange.Buy, "0.1", "100000")},
		{"large-um", largeAccount(b), limitOrder(99, 3, exchange.Sell, "1", "100")},
		{"large-cm", largeAccount(b), limitOrder(99, 2, exchange.Sell, "1", "100")},
		{"large-margin", largeAccount(b), limitOrder(99, 1, exchange.Sell, "1", "100")},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.p.Project(c.o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkProjectMoved is a projection after every mark and index has moved.
func BenchmarkProjectMoved(b *testing.B) {
	p := largeAccount(b)
	o := limitOrder(99, 3, exchange.Sell, "1", "100")
	step := exchange.Fixed(0)
	for b.Loop() {
		step ^= 1
		for id := exchange.InstrumentID(1); int(id) <= p.ins.Len(); id++ {
			_ = p.SetMark(id, exchange.FixedOne*100+step)
			_ = p.SetIndex(p.ins.At(id).Base, exchange.FixedOne*100+step)
		}
		if _, err := p.Project(o); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAccount(b *testing.B) {
	for _, c := range []struct {
		name string
		p    *Portfolio
		inst exchange.InstrumentID
	}{{"small", smallAccount(b), 2}, {"large", largeAccount(b), 3}} {
		price := c.p.slots[c.inst-1].mark
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := exchange.Fixed(0); b.Loop(); i ^= 1 {
				_ = c.p.SetMark(c.inst, price+i)
				_ = c.p.Account()
			}
		})
	}
}

// BenchmarkSetMark is the hot path of a backtest: a mark inside the band of Safe.
func BenchmarkSetMark(b *testing.B) {
	p := smallAccount(b)
	line := exchange.MustFixed("1.2")
	if !p.Safe(line) {
		b.Fatal("not safe")
	}
	b.ReportAllocs()
	for i := exchange.Fixed(0); b.Loop(); i ^= 1 {
		_ = p.SetMark(2, 100_000*exchange.FixedOne+i)
		if !p.Safe(line) {
			b.Fatal("not safe")
		}
	}
}

// BenchmarkSafe finds a new band.
func BenchmarkSafe(b *testing.B) {
	for _, c := range []struct {
		name string
		p    *Portfolio
	}{{"small", smallAccount(b)}, {"large", largeAccount(b)}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.p.band.holds = false
				c.p.Safe(exchange.MustFixed("1.2"))
			}
		})
	}
}
