package download

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// The archives of the tests are made here, in the forms of Binance's: with and without a
// header line, by day and by month, of every kind.

func at(s string) exchange.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return exchange.TimeOf(t)
}

func key(p exchange.Product, symbol string, k row.Kind, every time.Duration) row.Key {
	return row.Key{Product: p, Symbol: symbol, Kind: k, Interval: every}
}

// headers are the header lines of the kinds.
var headers = map[row.Kind]string{
	row.AggTrades:           "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker",
	row.Trades:              "id,price,qty,quote_qty,time,is_buyer_maker",
	row.Klines:              "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore",
	row.FundingRate:         "calc_time,funding_interval_hours,last_funding_rate",
	row.Metrics:             "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio",
	row.BookDepth:           "timestamp,percentage,depth,notional",
	row.BookTicker:          "update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,event_time",
	row.LiquidationSnapshot: "time,symbol,side,order_type,time_in_force,original_quantity,price,average_price,order_status,last_fill_quantity,accumulated_fill_quantity",
}

// stepOf is the distance of made rows. Trades and the like are sparse: archives should be
// small, and broken in all their parts.
func stepOf(k row.Key) time.Duration {
	switch {
	case k.Kind.Bars():
		return k.Interval
	case k.Kind == row.FundingRate:
		return 8 * time.Hour
	case k.Kind == row.Metrics:
		return 5 * time.Minute
	}
	return 10 * time.Minute
}

// rowAt writes the row of an instant. It depends on the series and the instant only, so that
// a month has the rows of its days.
func rowAt(out *strings.Builder, k row.Key, t exchange.Time) {
	ms, n := t.Millis(), t.Millis()/600_000
	r := rand.New(rand.NewPCG(uint64(ms), uint64(len(k.String()))))
	price := 40_000 + r.IntN(1000)
	unit := int64(1)
	if k.Product == exchange.Margin && t >= at("2025-01-01") { // spot has microseconds since then
		unit = 1000
	}
	text := t.UTC().Format("2006-01-02 15:04:05")
	switch k.Kind {
	case row.AggTrades:
		fmt.Fprintf(out, "%d,%d.5,%d,%d,%d,%d,%v\n", n, price, 1+r.IntN(9), 2*n, 2*n+1, unit*(ms+int64(r.IntN(900))), r.IntN(2) == 0)
	case row.Trades:
		fmt.Fprintf(out, "%d,%d.5,%d,0,%d,%v\n", n, price, 1+r.IntN(9), ms+int64(r.IntN(900)), r.IntN(2) == 0)
	case row.FundingRate:
		fmt.Fprintf(out, "%d,8,0.000%02d\n", ms+int64(r.IntN(13)), r.IntN(100))
	case row.Metrics:
		fmt.Fprintf(out, "%s,%s,%d.5,%d.25,1.5,1.25,,0.75\n", text, k.Symbol, 80_000+r.IntN(100), 1_000_000+r.IntN(1000))
	case row.BookDepth:
		for _, percent := range []int{-5, -1, 1, 5} {
			fmt.Fprintf(out, "%s,%d,%d.5,%d\n", text, percent, r.IntN(1000), r.IntN(100_000))
		}
	case row.BookTicker:
		fmt.Fprintf(out, "%d,%d.1,%d,%d.2,%d,%d,%d\n", n, price, 1+r.IntN(9), price, 1+r.IntN(9), ms, ms+3)
	case row.LiquidationSnapshot:
		fmt.Fprintf(out, "%d,%s,SELL,LIMIT,IOC,%d,%d.5,%d.25,FILLED,1,1\n", ms, k.Symbol, 1+r.IntN(9), price, price)
	case row.PremiumIndexKlines:
		fmt.Fprintf(out, "%d,0.0001,0.0002,-0.0001,0.0000%d,0,%d,0,12,0,0,0\n", ms, r.IntN(9), t.Add(k.Interval).Millis()-1)
	default:
		volume := r.IntN(1000)
		if k.Kind != row.Klines {
			volume = 0
		}
		fmt.Fprintf(out, "%d,%d,%d.5,%d,%d,%d,%d,%d.125,%d,%d,%d,0\n",
			unit*ms, price, price+50, price-50, price+r.IntN(50), volume, unit*t.Add(k.Interval).Millis()-1, volume*price, volume, volume/2, volume/2)
	}
}

// csvOf is the text of an archive. Older archives have no header.
func csvOf(a Archive, header bool) string {
	var out strings.Builder
	if header {
		h := headers[a.Key.Kind]
		if a.Key.Kind.Bars() {
			h = headers[row.Klines]
		}
		out.WriteString(h + "\n")
	}
	for t := a.From; t < a.To; t = t.Add(stepOf(a.Key)) {
		rowAt(&out, a.Key, t)
	}
	return out.String()
}

// zipOf packs a text as an archive. Its bytes are the same each time.
func zipOf(name, text string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
	if err != nil {
		panic(err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		panic(err)
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func made(a Archive, header bool) []byte {
	return zipOf(strings.TrimSuffix(a.Name(), ".zip")+".csv", csvOf(a, header))
}

// files are what a bucket holds, by path.
type files map[string][]byte

// add puts an archive and its CHECKSUM into the bucket.
func (f files) add(a Archive, content []byte) {
	f[a.Path()] = content
	f[a.Path()+checksumSuffix] = []byte(checksumText(fmt.Sprintf("%x", sha256.Sum256(content)), a.Name()))
}

// addAll makes all archives of a series between two days, months with every second header
// and days with every third. monthly says in which form those of a kind with both come.
func (f files) addAll(k row.Key, from, to exchange.Time, monthly bool) {
	kind, _ := publishedOf(k.Kind)
	for month := monthOf(from); month < to; month = row.Month.End(month) {
		whole := Archive{Key: k, From: month, To: row.Month.End(month), Monthly: true}
		if kind.monthly && (monthly || !kind.daily) {
			f.add(whole, made(whole, month.UTC().Month()%2 == 0))
			continue
		}
		for i, d := range whole.days() {
			if d.From >= from && d.From < to {
				f.add(d, made(d, i%3 != 0))
			}
		}
	}
}

// newTape makes an empty tape.
func newTape(t testing.TB) *tape.Tape {
	t.Helper()
	store, err := tape.Create(filepath.Join(t.TempDir(), "tape"))
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func hashOf(t *tape.Tape) string { return tape.Hash(t.Series()...) }

// clean imports the archives of a bucket as they are, and returns the data's hash.
func (f files) clean(t testing.TB) string {
	t.Helper()
	dir, store := t.TempDir(), newTape(t)
	var specs []tape.ImportSpec
	for path, content := range f {
		path = filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(path, ".zip") {
			specs = append(specs, tape.ImportSpec{Path: path})
		}
	}
	if _, err := store.ImportAll(t.Context(), tape.Job{Specs: specs, Workers: 2}); err != nil {
		t.Fatal(err)
	}
	return hashOf(store)
}
