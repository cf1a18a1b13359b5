package socket

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/papisim"
	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

var simStart = exchange.TimeOf(time.Date(2026, 11, 2, 7, 59, 0, 0, time.UTC))

func simConfig(t testing.TB, every time.Duration) papisim.Config {
	instrument := func(p exchange.Product, symbol, base, quote, asset, tick, step, size string) exchange.Instrument {
		f := exchange.MustFixed
		in := exchange.Instrument{
			Product: p, Symbol: symbol, Base: base, Quote: quote, Pair: base + quote, MarginAsset: asset, Status: exchange.StatusTrading,
			ContractSize: f(size), Tick: f(tick), PriceMin: f(tick), PriceMax: f("1000000"), OrdersMax: 200, AlgoOrdersMax: 5,
			Lot: exchange.Lot{Min: f(step), Max: f("1000"), Step: f(step)}, PercentUp: f("1.5"), PercentDown: f("0.5"),
		}
		if p != exchange.Margin {
			in.ContractType, in.MarketLot, in.TriggerProtect, in.LiquidationFee = "PERPETUAL", in.Lot, f("0.05"), f("0.01")
		}
		if p != exchange.CM {
			in.NotionalMin = f("5")
		}
		return in
	}
	ins, err := exchange.NewInstruments(
		instrument(exchange.UM, "BTCUSDT", "BTC", "USDT", "USDT", "0.1", "0.001", "1"),
		instrument(exchange.CM, "BTCUSD_PERP", "BTC", "USD", "BTC", "0.1", "1", "100"),
		instrument(exchange.Margin, "BTCUSDT", "BTC", "USDT", "USDT", "0.01", "0.00001", "1"),
	)
	if err != nil {
		t.Fatal(err)
	}
	return papisim.Config{
		Venue: venue.Config{
			Instruments: ins, Tables: margin.Assumed(), Leverage: 20, Seed: 1,
			Balances: []venue.Balance{{Wallet: exchange.WalletMargin, Asset: "USDT", Amount: decimal.NewFromInt(1_000_000)}},
		},
		Source: &pulse{at: simStart, every: exchange.Time(every)}, Start: simStart, Speed: 1,
		Account: papisim.AccountType{Kind: "PM_2", Activated: simStart - exchange.Time(2*time.Hour)},
	}
}

// pulse is a market that tells something of everything at every beat.
type pulse struct {
	at, every exchange.Time
	beat      int64
	events    []exchange.Event
}

func (m *pulse) Next(buf []exchange.Event) (int, error) {
	if len(m.events) == 0 {
		m.at += m.every
		m.beat++
		m.tell()
	}
	n := copy(buf, m.events)
	m.events = m.events[n:]
	return n, nil
}

func (m *pulse) add(inst exchange.InstrumentID, set func(*exchange.Event)) {
	e := exchange.Event{At: m.at, Exchange: m.at, Inst: inst}
	set(&e)
	m.events = append(m.events, e)
}

func (m *pulse) tell() {
	m.events = m.events[:0]
	f := exchange.MustFixed
	for _, index := range [][2]string{{"USDT", "1"}, {"BTC", "60000"}} {
		m.add(0, func(e *exchange.Event) { e.SetAssetIndex(&exchange.AssetIndex{Asset: index[0], Price: f(index[1])}) })
	}
	qty := exchange.FixedOne * exchange.Fixed(100+m.beat%50)
	for inst := exchange.InstrumentID(1); inst <= 3; inst++ {
		if inst < 3 {
			m.add(inst, func(e *exchange.Event) {
				e.SetMark(exchange.Mark{Price: f("60000"), Index: f("60000"), Rate: f("0.0001"), NextFunding: m.at.Floor(8 * time.Hour).Add(8 * time.Hour)})
			})
		}
		m.add(inst, func(e *exchange.Event) {
			e.SetDepth(&exchange.Depth{
				Last: m.beat, Snapshot: m.beat == 1,
				Bids: []exchange.Level{{Price: f("59999"), Qty: qty}}, Asks: []exchange.Level{{Price: f("60001"), Qty: qty}},
			})
		})
		m.add(inst, func(e *exchange.Event) {
			e.SetTrade(exchange.Trade{Price: f("60000"), Qty: exchange.FixedOne, ID: m.beat, First: m.beat, Last: m.beat})
		})
		if inst < 3 && m.beat%5 == 0 {
			m.add(inst, func(e *exchange.Event) {
				e.SetLiquidation(exchange.Liquidation{Side: exchange.Sell, Price: f("59000"), Average: f("59000"), Qty: exchange.FixedOne})
			})
		}
	}
}
