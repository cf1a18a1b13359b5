package csv

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/backtest/tape/source"
)

// Texts of the benchmarks, and the names that say what they are.
const (
	tradesName = "um/BTCUSDT-aggTrades-2026-05-08.csv"
	barsName   = "um/klines/BTCUSDT-1m-2024-01.csv"
	depthName  = "binance-futures_incremental_book_L2_2024-01-02_BTCUSDT.csv"
)

// tradesText has aggTrades as archives print them.
func tradesText(rows int) string {
	var text strings.Builder
	text.WriteString("agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n")
	for i := range rows {
		fmt.Fprintf(&text, "%d,%d.%d,0.%03d,%d,%d,%d,%t\n", 2_480_537_903+i, 79000+i%1000, i%10, 1+i%999, 5_123_474_160+i, 5_123_474_160+i,
			1_778_198_400_020+i*7, i%3 == 0)
	}
	return text.String()
}

// barsText has bars of a minute.
func barsText(rows int) string {
	var text strings.Builder
	text.WriteString("open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n")
	for i := range rows {
		start := 1_704_153_600_000 + i*60_000
		fmt.Fprintf(&text, "%d,44%03d.1,44%03d.5,43900.5,44%03d.2,%d.345,%d,543210.98765,321,6.1,268400.12345,0\n", start, i%1000, i%1000, i%1000,
			12+i%100, start+59_999)
	}
	return text.String()
}

// depthText has levels as tardis.dev prints them.
func depthText(rows int) string {
	var text strings.Builder
	text.WriteString("exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount\n")
	for i := range rows {
		at := 1_704_153_600_000_000 + i/20*100_000
		fmt.Fprintf(&text, "binance-futures,BTCUSDT,%d,%d,false,%s,44%03d.1,0.%03d\n", at, at+3_123, [...]string{"bid", "ask"}[i%20/10], i%1000, i%1000)
	}
	return text.String()
}

// processorText has trades as the processor prints them.
func processorText(rows int) string {
	var text strings.Builder
	text.WriteString("TimestampOfReceive,Stream,EventType,EventTime,TransactionTime,Symbol,TradeId,Price,Quantity,IsBuyerMarketMaker,XUnknownParameter\n")
	for i := range rows {
		at := 1_741_046_404_352 + i
		fmt.Fprintf(&text, "%d,solusdt@trade,trade,%d,%d,SOLUSDT,%d,0.23%03d,243.0,0,MARKET\n", at+3, at+1, at, 548_321_769+i, i%1000)
	}
	return text.String()
}

func BenchmarkTrades(b *testing.B)    { benchmark(b, tradesName, tradesText) }
func BenchmarkBars(b *testing.B)      { benchmark(b, barsName, barsText) }
func BenchmarkDepth(b *testing.B)     { benchmark(b, depthName, depthText) }
func BenchmarkProcessor(b *testing.B) { benchmark(b, "um/trades.csv", processorText) }

// benchmark reads a file over and over and reports rows a second. Opening it, which
// computes its checksum, is not counted.
func benchmark(b *testing.B, name string, text func(rows int) string) {
	const benchRows = 200_000
	content := []byte(text(benchRows))
	path := write(b, name, content)
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		b.StopTimer()
		f, err := source.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		r, err := Open(f, source.Spec{})
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		rows := 0
		for {
			batch, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil || len(batch.Bad) > 0 {
				b.Fatal(err, batch.Bad)
			}
			rows += len(batch.Lines)
		}
		if rows != benchRows {
			b.Fatalf("%d rows", rows)
		}
		f.Close()
	}
	b.ReportMetric(float64(benchRows)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}
