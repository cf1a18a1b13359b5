package csv

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
)

// dice makes rows of every sort that a series may have.
type dice struct{ *rand.Rand }

func (d dice) at(i int) row.Micros { return row.Micros(1_704_153_600_000_000 + int64(i)*60_000_000) }

func (d dice) maybe(v int64) int64 { return v * d.Int64N(2) }

func (d dice) price() exchange.Fixed {
	return 1 + exchange.Fixed(d.Int64N(int64(row.DecimalMax)-1)>>d.Int64N(50))
}

func (d dice) wide() row.Wide {
	v := exchange.WideFromWords(d.Int64N(0x4b3b4ca85a86c479)>>d.Int64N(62), d.Uint64())
	return row.WideOf(v)
}

// roundTrip writes rows as an export does, one column for each of the row's, and reads
// them back.
func roundTrip[R comparable](t *testing.T, key row.Key, make func(d dice, i int) R) {
	t.Run(string(key.Kind), func(t *testing.T) {
		d := dice{rand.New(rand.NewPCG(7, 11))}
		columns := row.Columns[R]()
		var text []byte
		for i := range columns {
			text = append(append(text, columns[i].Name...), ',')
		}
		text[len(text)-1] = '\n'
		var want []R
		for i := range 3 * source.BatchRows / 2 {
			r := make(d, i)
			want = append(want, r)
			for k := range columns {
				text = append(row.Text(text, &columns[k], &r), ',')
			}
			text[len(text)-1] = '\n'
		}
		path := filepath.Join(t.TempDir(), "export.csv")
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		c := mustRead(t, path, source.Spec{Key: key})
		if len(c.bad) > 0 {
			t.Fatalf("%d bad lines, the first: %+v", len(c.bad), c.bad[0])
		}
		got, _ := c.rows[key].Interface().([]R)
		if len(c.notes.Absent)+len(c.notes.Warnings) > 0 {
			t.Errorf("notes %+v", c.notes)
		}
		if !slices.Equal(got, want) {
			i := 0
			for i < min(len(got), len(want)) && got[i] == want[i] {
				i++
			}
			t.Fatalf("%d rows of %d; row %d differs: %+v, want %+v", len(got), len(want), i, got[min(i, len(got)-1)], want[min(i, len(want)-1)])
		}
	})
}

// TestRoundTrip shows that what the tape exports comes back the same, for every kind.
func TestRoundTrip(t *testing.T) {
	key := func(k row.Kind) row.Key {
		key := row.Key{Product: exchange.UM, Symbol: "BTCUSDT", Kind: k}
		if k.Bars() {
			key.Interval = time.Minute
		}
		return key
	}
	trade := func(d dice, i int) row.Trade {
		r := row.Trade{Time: d.at(i), Event: row.Micros(d.maybe(int64(d.at(i)) + 1)), Local: exchange.Time(d.maybe(int64(d.at(i))*1000 + 7)),
			ID: int64(i) * d.maybe(1), Price: d.price(), Qty: d.price(), First: 5, Last: 5 + d.Int64N(9), BuyerMaker: d.IntN(2) == 0, Type: d.Int64N(3)}
		if i%3 == 0 {
			r.ID, r.Price, r.Qty, r.Type = row.MakeID(r.Time, i%1000), 0, 0, row.TradeVoid
		}
		return r
	}
	bar := func(d dice, i int) row.Bar {
		p := []exchange.Fixed{d.price(), d.price(), d.price(), d.price()}
		slices.Sort(p)
		return row.Bar{Start: d.at(i), Low: p[0], Open: p[1], Close: p[2], High: p[3], Volume: d.wide(), QuoteVolume: d.wide(), TakerBuy: d.wide(),
			TakerBuyQuote: d.wide(), Trades: d.Int64()}
	}
	roundTrip(t, key(row.AggTrades), trade)
	roundTrip(t, key(row.Trades), trade)
	roundTrip(t, key(row.Klines), bar)
	roundTrip(t, key(row.MarkPriceKlines), bar)
	roundTrip(t, key(row.IndexPriceKlines), bar)
	roundTrip(t, key(row.PremiumIndexKlines), func(d dice, i int) row.Bar {
		r := bar(d, i)
		r.Low = -r.Low
		return r
	})
	roundTrip(t, key(row.BookTicker), func(d dice, i int) row.Ticker {
		return row.Ticker{Time: d.at(i), Local: exchange.Time(d.at(i)) * 1000, ID: d.Int64(), Bid: d.price(), BidQty: d.price()}
	})
	piece := row.Level{}
	roundTrip(t, key(row.Depth), func(d dice, i int) row.Level {
		if i == 0 || d.IntN(3) == 0 {
			piece = row.Level{Time: d.at(i), Event: d.at(i), Local: exchange.Time(d.maybe(int64(d.at(i)) * 1000)), First: int64(i + 1),
				Last: int64(i + 2), Prev: int64(i), Snapshot: d.IntN(2) == 0, Begins: true}
			if d.IntN(5) == 0 {
				return piece // a piece without levels
			}
		}
		r := piece
		piece.Begins = false
		r.Side, r.Price, r.Qty = row.Bid+d.Int64N(2), d.price(), exchange.Fixed(d.maybe(int64(d.price())))
		return r
	})
	roundTrip(t, key(row.BookDepth), func(d dice, i int) row.Bucket {
		return row.Bucket{Time: d.at(i), Percent: -exchange.FixedOne / 100 * exchange.Fixed(1+d.Int64N(1000)), Depth: d.wide(), Notional: d.wide()}
	})
	roundTrip(t, key(row.MarkPrice), func(d dice, i int) row.Mark {
		return row.Mark{Time: d.at(i), Price: d.price(), Index: d.price(), Rate: -d.price(), Next: row.Micros(d.maybe(int64(d.at(i))))}
	})
	roundTrip(t, key(row.FundingRate), func(d dice, i int) row.Funding {
		return row.Funding{Time: d.at(60*i) + 13, Rate: -d.price(), Mark: d.price(), Hours: d.Int64N(169)}
	})
	roundTrip(t, key(row.Metrics), func(d dice, i int) row.Metric {
		return row.Metric{Time: d.at(i), OpenInterest: d.wide(), OpenInterestValue: d.wide(), TopCount: d.price(), Count: d.price(), TakerVolume: d.price()}
	})
	roundTrip(t, key(row.LiquidationSnapshot), func(d dice, i int) row.Liquidation {
		return row.Liquidation{Time: d.at(i), Event: d.at(i), Side: int64(exchange.Buy) + d.Int64N(2), Price: d.price(), Average: d.price(), Qty: d.price(),
			LastQty: d.price(), Filled: d.price(), Type: d.Int64N(9), TimeInForce: d.Int64N(5), Status: d.Int64N(5)}
	})
}

// TestTables holds that every column of every row type can be read from a plain file, and
// that each kind has a layout.
func TestTables(t *testing.T) {
	for _, kind := range row.Kinds {
		key := row.Key{Product: exchange.UM, Symbol: "BTCUSDT", Kind: kind}
		if kind.Bars() {
			key.Interval = time.Minute
		}
		h, err := readHeader([]byte("time"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := openPlain(h, key, nil, &collector{}); err == nil {
			t.Errorf("%s: opened with a time alone", kind)
		}
	}
	covers[row.Trade](t, &aggTradeTable)
	covers[row.Trade](t, &tradeTable)
	covers[row.Bar](t, &barTable)
	covers[row.Ticker](t, &tickerTable)
	covers[row.Level](t, &levelTable)
	covers[row.Bucket](t, &bucketTable)
	covers[row.Mark](t, &markTable)
	covers[row.Funding](t, &fundingTable)
	covers[row.Metric](t, &metricTable)
	covers[row.Liquidation](t, &liquidationTable)
}

func covers[R any](t *testing.T, have *table) {
	at := make([]int, len(have.columns))
	cells[R](have.columns, at, "") // panics for a column that the row lacks
	for _, c := range row.Columns[R]() {
		if !slices.Contains(have.names(), c.Name) {
			t.Errorf("%s: no column %s", fmt.Sprintf("%T", *new(R)), c.Name)
		}
	}
	if have.archive > len(have.columns) {
		t.Errorf("%T: an archive of %d columns", *new(R), have.archive)
	}
}
