package riskguard

import (
	"fmt"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// large is an account of some size: instruments, of which four fifths are futures with a
// position in each second, open orders over them, and coins beside two stable ones.
type large struct {
	instruments, orders, assets int
}

// guard makes it, with prices of now and limits that let the orders through.
func (l large) guard(t testing.TB) (*Guard, []exchange.Instrument) {
	t.Helper()
	tables := margin.Assumed()
	var list []exchange.Instrument
	coins := max(1, l.assets-2)
	lot := exchange.Lot{Min: exchange.MustFixed("0.001"), Max: exchange.MustFixed("100000"), Step: exchange.MustFixed("0.001")}
	for i := 0; len(list) < l.instruments; i++ {
		coin := fmt.Sprintf("C%02d", i%coins)
		in := exchange.Instrument{
			Product: exchange.UM, Symbol: fmt.Sprint(coin, "USDT", i), Base: coin, Quote: "USDT", MarginAsset: "USDT", Status: exchange.StatusTrading,
			ContractSize: exchange.FixedOne, Tick: exchange.MustFixed("0.01"), Lot: lot, MarketLot: lot,
		}
		switch i % 5 {
		case 3:
			in.Product, in.Symbol, in.Quote, in.MarginAsset = exchange.CM, fmt.Sprint(coin, "USD", i), "USD", coin
			in.ContractSize, in.Lot.Min, in.Lot.Step = 10*exchange.FixedOne, exchange.FixedOne, exchange.FixedOne
			tables.CM[in.Symbol] = tables.CM["BTCUSD_PERP"]
		case 4:
			in.Product = exchange.Margin
		default:
			tables.UM[in.Symbol] = tables.UM["BTCUSDT"]
		}
		tables.Collateral[coin] = margin.Flat(exchange.MustFixed("0.9"), margin.Source{})
		in.Pair = in.Symbol
		list = append(list, in)
	}
	ins, err := exchange.NewInstruments(list...)
	if err != nil {
		t.Fatal(err)
	}
	limits := DefaultLimits()
	limits.PositionMaxRatio, limits.MessagesPerSecondMax, limits.OpenOrdersMax = decimal.NewFromInt(20), 20, 200
	limits.OpenOrdersNotionalMaxRatio = decimal.NewFromInt(40)
	limits.AccountOpenOrdersMax = 1000
	limits.GrossExposureMaxRatio, limits.CollateralAssetMaxRatio = decimal.NewFromInt(50), decimal.NewFromInt(2)
	g, err := New(Config{Instruments: ins, Tables: tables, Limits: limits, Strategies: 1, Permits: Unbound(1)})
	if err != nil {
		t.Fatal(err)
	}
	promiseForever(g)
	e := exchange.Event{At: benchStart}
	e.SetState(&exchange.StateChange{State: exchange.Active})
	g.Apply(&e)
	deposit := func(asset string, w exchange.Wallet, amount int64) {
		e := exchange.Event{At: benchStart}
		e.SetLedger(&exchange.LedgerEntry{Asset: asset, Wallet: w, Reason: exchange.ReasonDeposit, Delta: decimal.NewFromInt(amount), Balance: decimal.NewFromInt(amount)})
		g.Apply(&e)
	}
	deposit("USDT", exchange.WalletUM, 1_000_000)
	deposit("USDT", exchange.WalletMargin, 1_000_000)
	deposit("USDC", exchange.WalletUM, 1_000_000)
	for i := range coins {
		deposit(fmt.Sprintf("C%02d", i), exchange.WalletMargin, 1_000)
	}
	l.move(g, 0)
	for i, in := range ins.All() {
		if in.Product != exchange.Margin && i%2 == 0 {
			e := exchange.Event{At: benchStart, Inst: in.ID}
			e.SetFill(&exchange.Fill{Side: exchange.Side(1 + i%4/2), Qty: exchange.FixedOne * exchange.Fixed(1+i), Price: 100 * exchange.FixedOne, TradeID: int64(i)})
			g.Apply(&e)
		}
	}
	for i := range l.orders {
		in := ins.At(exchange.InstrumentID(1 + i%ins.Len()))
		o := order(in, exchange.OrderID(i+1), exchange.Side(1+i%2))
		o.Status = exchange.StatusWorking
		o.Request.Price = []exchange.Fixed{99 * exchange.FixedOne, 101 * exchange.FixedOne}[i%2]
		g.Hold(o)
	}
	return g, ins.All()
}

// order is one that the guard lets through.
func order(in *exchange.Instrument, id exchange.OrderID, side exchange.Side) exchange.Order {
	return exchange.Order{ID: id, Strategy: 1, Status: exchange.StatusPendingNew, Created: benchStart, Request: exchange.OrderRequest{
		Inst: in.ID, Side: side, Type: exchange.Limit, Qty: 2 * exchange.FixedOne, Price: 100 * exchange.FixedOne,
	}}
}

// move tells every price again, a little other.
func (l large) move(g *Guard, by exchange.Fixed) {
	price := 100*exchange.FixedOne + by
	index := func(asset string, price exchange.Fixed) {
		e := exchange.Event{At: benchStart}
		e.SetAssetIndex(&exchange.AssetIndex{Asset: asset, Price: price})
		g.Apply(&e)
	}
	index("USDT", exchange.FixedOne)
	index("USDC", exchange.FixedOne)
	for i := range max(1, l.assets-2) {
		index(fmt.Sprintf("C%02d", i), price)
	}
	for id := exchange.InstrumentID(1); int(id) <= g.ins.Len(); id++ {
		in := g.ins.At(id)
		e := exchange.Event{At: benchStart, Inst: id}
		if in.Product != exchange.Margin {
			e.SetMark(exchange.Mark{Price: price, Index: price})
			g.Apply(&e)
		}
		e.SetTrade(exchange.Trade{Price: price, Qty: 1})
		g.Apply(&e)
	}
}

// BenchmarkCheckLarge is Check on the account that the target is for, 50 instruments, 40
// open orders and 20 assets, and on others that have more or less of one of them: marks
// still, and all of them moved before each check. "make bench-guard" runs it.
func BenchmarkCheckLarge(b *testing.B) {
	target := large{50, 40, 20}
	sizes := []large{target}
	for _, n := range []int{10, 25, 100, 200} {
		sizes = append(sizes, large{n, target.orders, target.assets})
	}
	for _, n := range []int{0, 10, 80, 160} {
		sizes = append(sizes, large{target.instruments, n, target.assets})
	}
	for _, n := range []int{5, 10, 40} {
		sizes = append(sizes, large{target.instruments, target.orders, n})
	}
	for _, l := range sizes {
		name := fmt.Sprintf("instruments=%d/orders=%d/assets=%d", l.instruments, l.orders, l.assets)
		for i, product := range []string{"um", "", "", "cm", "margin"} {
			if product == "" || product != "um" && l != target {
				continue
			}
			g, ins := l.guard(b)
			o := order(&ins[i], 1_000, exchange.Buy)
			b.Run(name+"/"+product+"/still", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if v := g.Check(exchange.Intent{}, o, false, benchStart); v.Refusal != nil {
						b.Fatal(v.Refusal)
					}
				}
			})
			if product != "um" {
				continue
			}
			b.Run(name+"/"+product+"/moved", func(b *testing.B) {
				for step := exchange.Fixed(1); b.Loop(); step ^= 1 {
					l.move(g, step)
					if v := g.Check(exchange.Intent{}, o, false, benchStart); v.Refusal != nil {
						b.Fatal(v.Refusal)
					}
				}
			})
		}
	}
}
