package rest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// archive answers with rows of given times as an endpoint does, and complains of questions
// that it refuses.
type archive struct {
	t *testing.T
	// times are those of the rows, ascending, in milliseconds.
	times []int64
	// newest says that a window is cut at its beginning and not at its end.
	newest bool
	// most is the longest page, span the longest window in milliseconds; 0 is any.
	most, span int64
	row        func(i int) string
	asked      int
}

func (a *archive) answer(r *http.Request) (*http.Response, error) {
	a.asked++
	q := r.URL.Query()
	number := func(name string) int64 {
		n, err := strconv.ParseInt(q.Get(name), 10, 64)
		if err != nil && q.Has(name) {
			a.t.Errorf("%s is %q", name, q.Get(name))
		}
		return n
	}
	from, to, limit := number("startTime"), number("endTime"), number("limit")
	if limit < 1 || limit > a.most {
		a.t.Errorf("a page of %d", limit)
	}
	if from != 0 && to != 0 && (to < from || a.span != 0 && to-from > a.span) {
		return respond(400, `{"code":-4088,"msg":"Maximum time interval is 200 days."}`), nil
	}
	var rows []string
	for i, at := range a.times {
		if (from == 0 || at >= from) && (to == 0 || at <= to) && int64(i) >= number("fromId") {
			rows = append(rows, a.row(i))
		}
	}
	if cut := len(rows) - int(limit); cut > 0 && a.newest {
		rows = rows[cut:]
	} else if cut > 0 {
		rows = rows[:limit]
	}
	return respond(200, "["+strings.Join(rows, ",")+"]"), nil
}

// base is a Monday.
const archiveBase = int64(1767571200000)

// TestEachKlineAnywhere asks for any window of candles with holes, by pages of any size, of
// each product; of CM over years, though it answers for 200 days.
func TestEachKlineAnywhere(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, p := range []exchange.Product{exchange.UM, exchange.CM, exchange.Margin} {
		for _, interval := range []string{"1m", "4h", "1d", "1w"} {
			length, err := Interval(interval)
			if err != nil {
				t.Fatal(err)
			}
			step := length.Milliseconds()
			a := &archive{t: t, newest: p == exchange.CM, most: 1500}
			if p == exchange.Margin {
				a.most = 1000
			}
			if p == exchange.CM {
				a.span = (200 * day).Milliseconds()
			}
			for i := range int64(400) {
				if rng.IntN(5) > 0 && (i < 100 || i > 180) { // a delisting in between
					a.times = append(a.times, archiveBase-400*step+i*step)
				}
			}
			a.row = func(i int) string {
				return fmt.Sprintf(`[%d,"1","1","1","1","1",%d,"1",1,"1","1","0"]`, a.times[i], a.times[i]+step-1)
			}
			for range 30 {
				from := archiveBase - 400*step + rng.Int64N(400*step)
				to := from + rng.Int64N(400*step)
				limit := 1 + rng.IntN(2000)
				if rng.IntN(2) == 0 {
					limit = 1 + rng.IntN(20)
				}
				synctest.Test(t, func(t *testing.T) {
					c := newTestClient(t, &carrier{answer: a.answer})
					q := KlinesQuery{Symbol: "X", Interval: interval, From: exchange.Millis(from), To: exchange.Millis(to), Limit: limit}
					sameTimes(t, fmt.Sprintf("%v %+v", p, q), a.between(from, to), c.EachKline(t.Context(), p, q), func(k Kline) exchange.Time { return k.Start })
				})
			}
		}
	}
}

// between are the times of an archive in a window.
func (a *archive) between(from, to int64) []int64 {
	var list []int64
	for _, at := range a.times {
		if from <= at && at <= to {
			list = append(list, at)
		}
	}
	return list
}

func sameTimes[T any](t *testing.T, what string, want []int64, rows iter.Seq2[T, error], at func(T) exchange.Time) {
	t.Helper()
	var got []int64
	for row, err := range rows {
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		got = append(got, at(row).Millis())
	}
	if !slices.Equal(got, want) {
		t.Fatalf("%s: %d rows, want %d:\n%v\n%v", what, len(got), len(want), got, want)
	}
}

// crowd is times of which many are equal, and some far apart.
func crowd(rng *rand.Rand, n int) []int64 {
	list := make([]int64, n)
	at := archiveBase - (30 * time.Hour).Milliseconds()
	for i := range list {
		switch rng.IntN(10) {
		case 0:
			at += rng.Int64N(5_000_000)
		case 1, 2, 3:
			at += rng.Int64N(1000)
		}
		list[i] = at
	}
	return list
}

// TestEachAggTradeAnywhere has up to a page and more of trades in one millisecond, which paging
// by id does not mind.
func TestEachAggTradeAnywhere(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 40 {
		a := &archive{t: t, times: crowd(rng, 300), most: 1000, span: time.Hour.Milliseconds()}
		a.row = func(i int) string {
			return fmt.Sprintf(`{"a":%d,"p":"1","q":"1","f":%d,"l":%d,"T":%d,"m":false}`, i, i, i, a.times[i])
		}
		from := a.times[0] + rng.Int64N(a.times[299]-a.times[0]) - 1000
		to, limit := from+rng.Int64N(a.times[299]-from+1000), 1+rng.IntN(1200)
		synctest.Test(t, func(t *testing.T) {
			c := newTestClient(t, &carrier{answer: a.answer})
			rows := c.EachAggTrade(t.Context(), exchange.UM, "X", exchange.Millis(from), exchange.Millis(to), limit)
			sameTimes(t, fmt.Sprint("trades by ", limit), a.between(from, to), rows, func(a AggTrade) exchange.Time { return a.Time })
		})
	}
}

// TestEachFundingRateAnywhere holds the same for rows that are found by time alone, whichever
// end a page is cut at; and that what cannot be found is an error.
func TestEachFundingRateAnywhere(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	crowded := 0
	for i := range 60 {
		a := &archive{t: t, times: crowd(rng, 200), most: 1000, newest: i%2 == 0}
		a.row = func(i int) string {
			return fmt.Sprintf(`{"symbol":"X","fundingTime":%d,"fundingRate":"0.0001"}`, a.times[i])
		}
		from := a.times[0] + rng.Int64N(a.times[199]-a.times[0]) - 1000
		to, limit := from+rng.Int64N(a.times[199]-from+1000), 1+rng.IntN(60)
		longest := 0
		for _, at := range a.between(from, to) {
			longest = max(longest, len(a.between(at, at)))
		}
		synctest.Test(t, func(t *testing.T) {
			c := newTestClient(t, &carrier{answer: a.answer})
			rows := c.EachFundingRate(t.Context(), exchange.CM, "X", exchange.Millis(from), exchange.Millis(to), limit)
			if longest < max(limit, pageMin) {
				sameTimes(t, fmt.Sprint("fundings by ", limit), a.between(from, to), rows, func(f FundingRate) exchange.Time { return f.Published })
				return
			}
			crowded++
			for _, err := range rows {
				if err != nil && !errors.Is(err, ErrCrowded) {
					t.Error(err)
				}
			}
		})
	}
	if crowded == 0 || crowded == 60 {
		t.Errorf("%d of 60 were crowded", crowded)
	}
}

// TestEachStatistic goes over the four statistics.
func TestEachStatistic(t *testing.T) {
	a := &archive{t: t, most: 500}
	for i := range int64(700) {
		a.times = append(a.times, archiveBase+i*300_000)
	}
	a.row = func(i int) string {
		return fmt.Sprintf(`{"pair":"X","sumOpenInterest":"1","longShortRatio":"1","buyVol":"1","sellVol":"1","indexPrice":"1","futuresPrice":"1","timestamp":%d}`, a.times[i])
	}
	synctest.Test(t, func(t *testing.T) {
		c := newTestClient(t, &carrier{answer: a.answer})
		q := StatisticQuery{Symbol: "X", Period: "5m", From: exchange.Millis(archiveBase + 1), To: exchange.Millis(a.times[650]), Limit: 77}
		want := a.times[1:651]
		sameTimes(t, "open interest", want, c.EachOpenInterest(t.Context(), exchange.UM, q), func(o OpenInterestStatistic) exchange.Time { return o.Time })
		sameTimes(t, "long short", want, c.EachLongShort(t.Context(), exchange.UM, AllAccounts, q), func(l LongShort) exchange.Time { return l.Time })
		sameTimes(t, "taker volumes", want, c.EachTakerVolume(t.Context(), exchange.UM, q), func(v TakerVolume) exchange.Time { return v.Time })
		q.Symbol, q.Pair, q.Contract, q.Limit = "", "X", "PERPETUAL", 0
		sameTimes(t, "basis", want, c.EachBasis(t.Context(), exchange.UM, q), func(b Basis) exchange.Time { return b.Time })
		for _, err := range c.EachBasis(t.Context(), exchange.UM, StatisticQuery{Period: "7m", From: 1}) {
			if err == nil || !strings.Contains(err.Error(), `no interval "7m"`) {
				t.Errorf("a period of 7m: %v", err)
			}
		}
	})
}

// TestEachRefuses holds that rows which cannot be joined, and questions without a beginning,
// are errors, and that what came before is given.
func TestEachRefuses(t *testing.T) {
	ms := exchange.Millis
	candle := func(at int64) string {
		return fmt.Sprintf(`[%d,"1","1","1","1","1",%d,"1",1,"1","1","0"]`, at, at+59_999)
	}
	trade := func(id int) string {
		return fmt.Sprintf(`{"a":%d,"p":"1","q":"1","f":1,"l":1,"T":%d,"m":false}`, id, archiveBase)
	}
	klines := func(p exchange.Product, from exchange.Time, interval string) func(context.Context, *Client) (int, error) {
		return func(ctx context.Context, c *Client) (int, error) {
			return count(c.EachKline(ctx, p, KlinesQuery{Symbol: "X", Interval: interval, From: from, To: ms(archiveBase + 600_000), Limit: 5}))
		}
	}
	trades := func(from exchange.Time) func(context.Context, *Client) (int, error) {
		return func(ctx context.Context, c *Client) (int, error) {
			return count(c.EachAggTrade(ctx, exchange.UM, "X", from, ms(archiveBase+600_000), 5))
		}
	}
	fundings := func(ctx context.Context, c *Client) (int, error) {
		return count(c.EachFundingRate(ctx, exchange.UM, "X", ms(archiveBase), ms(archiveBase+600_000), 5))
	}
	for _, test := range []struct {
		name, body string
		each       func(context.Context, *Client) (int, error)
		is         error
		text       string
		rows       int
	}{
		{"candles from the past", "[" + candle(archiveBase-60_000) + "]", klines(exchange.UM, ms(archiveBase), "1m"), ErrDisorder, "candle of 2026", 0},
		{"candles of the future", "[" + candle(archiveBase+660_000) + "]", klines(exchange.CM, ms(archiveBase), "1m"), ErrDisorder, "", 0},
		{"descending candles", "[" + candle(archiveBase+60_000) + "," + candle(archiveBase) + "]", klines(exchange.UM, ms(archiveBase), "1m"), ErrDisorder, "", 1},
		{"the same page for ever", "[" + strings.Repeat(candle(archiveBase)+",", 4) + candle(archiveBase) + "]", klines(exchange.UM, ms(archiveBase), "1m"), ErrDisorder, "", 1},
		{"no beginning", "[]", klines(exchange.UM, 0, "1m"), nil, "a beginning is needed", 0},
		{"no interval", "[]", klines(exchange.UM, ms(archiveBase), "2m"), nil, `no interval "2m"`, 0},
		{"the same trades for ever", "[" + trade(7) + "]", trades(ms(archiveBase)), ErrDisorder, "7 after 7", 1},
		{"trades without a beginning", "[]", trades(0), nil, "a beginning is needed", 0},
		{"fundings of the past", fmt.Sprintf(`[{"symbol":"X","fundingTime":%d,"fundingRate":"0"}]`, archiveBase-1), fundings, ErrDisorder, "", 0},
		{"a full page whatever is asked", "[" + strings.Repeat(fmt.Sprintf(`{"symbol":"X","fundingTime":%d,"fundingRate":"0"},`, archiveBase), 4) + fmt.Sprintf(`{"symbol":"X","fundingTime":%d,"fundingRate":"0"}]`, archiveBase), fundings, ErrCrowded, "", 0},
		{"an error", `{"code":-1121,"msg":"Invalid symbol."}`, fundings, ErrNoSymbol, "", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rows, err := test.each(t.Context(), newTestClient(t, always(200, test.body)))
				if err == nil || test.is != nil && !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.text) || rows != test.rows {
					t.Errorf("%d rows, %v", rows, err)
				}
			})
		})
	}
}

// count goes over rows until the first error, after which there may be nothing.
func count[T any](rows iter.Seq2[T, error]) (n int, failure error) {
	for _, err := range rows {
		if failure != nil {
			return n, errors.New("rows after an error")
		}
		if failure = err; err == nil {
			n++
		}
	}
	return n, failure
}

// TestEachStops holds that an iterator asks for no more than is taken.
func TestEachStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &archive{t: t, most: 1500}
		for i := range int64(100) {
			a.times = append(a.times, archiveBase+i*60_000)
		}
		a.row = func(i int) string {
			return fmt.Sprintf(`[%d,"1","1","1","1","1",%d,"1",1,"1","1","0"]`, a.times[i], a.times[i]+59_999)
		}
		c := newTestClient(t, &carrier{answer: a.answer})
		n := 0
		for range c.EachKline(t.Context(), exchange.UM, KlinesQuery{Symbol: "X", Interval: "1m", From: exchange.Millis(archiveBase), Limit: 10}) {
			if n++; n == 15 {
				break
			}
		}
		if a.asked != 2 {
			t.Errorf("%d pages were asked for", a.asked)
		}
	})
}

// TestGet holds what is refused before anything is sent, and the list of tables.
func TestGet(t *testing.T) {
	transport := always(200, `{"any":"thing"}`)
	c := newTestClient(t, transport)
	for _, test := range []struct {
		name   TableName
		params []Param
		want   string
	}{
		{"", nil, "no table"},
		{"um", nil, "no table"},
		{"um/order", nil, "no table"},
		{"um/historicalTrades", nil, "no table"},
		{"/exchangeInfo", nil, "no table"},
		{"spot/fundingRate", nil, "no table"},
		{"um/../../sapi/v1/account", nil, "no table"},
		{"um/depth", nil, `parameter "symbol" of um/depth is missing`},
		{"um/depth", []Param{{"symbol", ""}}, `parameter "symbol" of um/depth is missing`},
		{"um/depth", []Param{{"symbol", "X"}, {"symbol", "Y"}}, "is there twice"},
		{"um/depth", []Param{{"symbol", "X"}, {"signature", "Y"}}, `parameter "signature" is not one of um/depth; those are: symbol, limit`},
		{"um/depth", []Param{{"symbol", strings.Repeat("X", 5000)}}, "5000 bytes"},
	} {
		if a, err := c.Get(t.Context(), test.name, test.params...); err == nil || !strings.Contains(err.Error(), test.want) || a.Body != nil {
			t.Errorf("%s %v: %v", test.name, test.params, err)
		}
	}
	if len(transport.requests) != 0 {
		t.Errorf("%d requests have left", len(transport.requests))
	}
	var out strings.Builder
	for _, table := range Tables() {
		fmt.Fprintf(&out, "%s every %v, weight %d, needs %v, takes %v\n", table.Name, table.Every, table.Weight, table.Needs, table.Takes)
		var list []Param
		for _, name := range table.Needs {
			list = append(list, Param{name, "1h"})
		}
		a, err := c.Get(t.Context(), table.Name, list...)
		u, _ := url.Parse(a.URL)
		if err != nil || string(a.Body) != `{"any":"thing"}` || u.Path != table.Path {
			t.Errorf("%s: %s, %v", table.Name, a.URL, err)
		}
	}
	golden(t, "testdata/tables.txt", out.String())
}
