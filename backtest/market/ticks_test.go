package market

import (
	"fmt"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// instrument is one with the rules that Binance gives its like.
func instrument(product exchange.Product, symbol, base, quote, tick, step string) exchange.Instrument {
	in := exchange.Instrument{
		Product: product, Symbol: symbol, Base: base, Quote: quote, Status: exchange.StatusTrading,
		ContractSize: exchange.FixedOne, Tick: exchange.MustFixed(tick),
		Lot: exchange.Lot{Min: exchange.MustFixed(step), Step: exchange.MustFixed(step)},
	}
	if product == exchange.CM {
		in.ContractSize = 10 * exchange.FixedOne
		if base == "BTC" {
			in.ContractSize = 100 * exchange.FixedOne
		}
	}
	return in
}

// twelve are the instruments of most tests: three coins, all products, two dated contracts
// that are delivered at an instant, and a pair of two coins.
func twelve(t testing.TB, delivery exchange.Time) []*exchange.Instrument {
	t.Helper()
	list := []exchange.Instrument{
		instrument(exchange.UM, "BTCUSDT", "BTC", "USDT", "0.1", "0.001"),
		instrument(exchange.CM, "BTCUSD_PERP", "BTC", "USD", "0.1", "1"),
		instrument(exchange.Margin, "BTCUSDT", "BTC", "USDT", "0.01", "0.00001"),
		instrument(exchange.UM, "BTCUSDT_DATED", "BTC", "USDT", "0.1", "0.001"),
		instrument(exchange.CM, "BTCUSD_DATED", "BTC", "USD", "0.1", "1"),
		instrument(exchange.UM, "ETHUSDT", "ETH", "USDT", "0.01", "0.001"),
		instrument(exchange.CM, "ETHUSD_PERP", "ETH", "USD", "0.01", "1"),
		instrument(exchange.Margin, "ETHUSDC", "ETH", "USDC", "0.01", "0.0001"),
		instrument(exchange.Margin, "ETHBTC", "ETH", "BTC", "0.00001", "0.0001"),
		instrument(exchange.UM, "SOLUSDT", "SOL", "USDT", "0.01", "1"),
		instrument(exchange.CM, "BNBUSD_PERP", "BNB", "USD", "0.01", "1"),
		instrument(exchange.Margin, "BNBFDUSD", "BNB", "FDUSD", "0.01", "0.001"),
	}
	list[3].Delivery, list[4].Delivery = delivery, delivery
	table, err := exchange.NewInstruments(list...)
	if err != nil {
		t.Fatal(err)
	}
	var legs []*exchange.Instrument
	for id := range list {
		legs = append(legs, table.At(exchange.InstrumentID(id+1)))
	}
	return legs
}

func ticks(t testing.TB, s TickSpec) *Ticks {
	t.Helper()
	m, err := NewTicks(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func BenchmarkTicks(b *testing.B) {
	for _, levels := range []int{20, 50, 1000} {
		b.Run(fmt.Sprintf("levels=%d", levels), func(b *testing.B) {
			m := ticks(b, TickSpec{Seed: 1, Start: start, Step: 100 * time.Millisecond, Legs: twelve(b, start.Add(90*24*time.Hour)), Levels: levels})
			buf := make([]exchange.Event, m.InstantMax())
			for range 1000 {
				_, _ = m.Next(buf)
			}
			first := m.now
			b.ReportAllocs()
			b.ResetTimer()
			for n := 0; n < b.N; {
				got, _ := m.Next(buf)
				n += got
			}
			b.ReportMetric(m.now.Sub(first).Seconds()/b.Elapsed().Seconds(), "x-real-time")
		})
	}
}
