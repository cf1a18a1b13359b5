package rest

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// result is what a call gives beside its error.
func result[T any](v T, _ Answer, err error) (any, error) { return v, err }

// calls are the typed calls by a name; what they are asked with is written here, what they
// send and understand in testdata/calls.txt.
var calls = map[string]func(context.Context, *Client, exchange.Product) (any, error){
	"ping": func(ctx context.Context, c *Client, p exchange.Product) (any, error) { return "pong", c.Ping(ctx, p) },
	"time": func(ctx context.Context, c *Client, p exchange.Product) (any, error) { return result(c.Time(ctx, p)) },
	"info": func(ctx context.Context, c *Client, p exchange.Product) (any, error) {
		return result(c.ExchangeInfo(ctx, p))
	},
	"info-of": func(ctx context.Context, c *Client, p exchange.Product) (any, error) {
		return result(c.ExchangeInfo(ctx, p, "BTCUSDT", "ETHUSDT"))
	},
	"depth": func(ctx context.Context, c *Client, p exchange.Product) (any, error) {
		return result(c.Depth(ctx, p, "BTCUSDT", 0))
	},
	"depth-5": func(ctx context.Context, c *Client, p exchange.Product) (any, error) {
		return result(c.Depth(ctx, p, "BTCUSDT", 5))
	},
	"depth-100": func(ctx context.Context, c *Client, p exchange.Product) (any, error) {
		return result(c.Depth(ctx, p, "BTCUSDT", 100))
	},
	"depth-500": func(ctx context.Context, c *Client, p exchange.Product) (any, error) {
		return result(c.Depth(ctx, p, "BTCUSDT", 500))
	},
	"depth-5000": func(ctx context.Context, c *Client, p exchange.Product) (any, error) {
		return result(c.Depth(ctx, p, "BTCUSDT", 5000))
	},
	"rpi-depth": func(ctx context.Context, c *Client, _ exchange.Product) (any, error) {
		return result(c.RPIDepth(ctx, "BTCUSDT"))
	},
	"trades": func(ctx context.Context, c *Client, p exchange.Product) (any, error) {
		return result(c.Trades(ctx, p, "币安人生USDT", 10))
	},
	"agg-trades": func(ctx context.Context, c *Client, p exchange.Product) (any, error) {
		return result(c.AggTrades(ctx, p, AggTradesQuery{Symbol: "BTCUSDT", From: exchange.Millis(1), To: exchange.Millis(2), Limit: 1000}))
	},
	"agg-trades-from": func(ctx context.Context, c *Client, p exchange.Product) (any, error) {
		return result(c.AggTrades(ctx, p, AggTradesQuery{Symbol: "BTCUSDT", FromID: 77}))
	},
	"klines": func(ctx context.Context, c *Client, p exchange.Product) (any, error) {
		return result(c.Klines(ctx, p, KlinesQuery{Symbol: "BTCUSDT", Interval: "1m", Limit: 99}))
	},
	"klines-499": func(ctx context.Context, c *Client, p exchange.Product) (any, error) {
		return result(c.Klines(ctx, p, KlinesQuery{Symbol: "BTCUSDT", Interval: "1m", Limit: 499}))
	},
	"klines-1500": func(ctx context.Context, c *Client, p exchange.Product) (any, error) {
		return result(c.Klines(ctx, p, KlinesQuery{Symbol: "BTCUSDT", Interval: "1m", From: exchange.Millis(1), To: exchange.Millis(2), Limit: 1500}))
	},
	"klines-usual": func(ctx context.Context, c *Client, p exchange.Product) (any, error) {
		return result(c.Klines(ctx, p, KlinesQuery{Symbol: "BTCUSDT", Interval: "1M"}))
	},
	"continuous": func(ctx context.Context, c *Client, p exchange.Product) (any, error) {
		return result(c.Klines(ctx, p, KlinesQuery{Kind: KlineContinuous, Symbol: "BTCUSD", Contract: "CURRENT_QUARTER DELIVERING", Interval: "1h", Limit: 100}))
	},
	"index-klines": func(ctx context.Context, c *Client, p exchange.Product) (any, error) {
		return result(c.Klines(ctx, p, KlinesQuery{Kind: KlineIndex, Symbol: "BTCUSD", Interval: "1h", Limit: 500}))
	},
	"mark-klines": func(ctx context.Context, c *Client, p exchange.Product) (any, error) {
		return result(c.Klines(ctx, p, KlinesQuery{Kind: KlineMark, Symbol: "BTCUSDT", Interval: "1h", Limit: 1001}))
	},
	"premium-klines": func(ctx context.Context, c *Client, p exchange.Product) (any, error) {
		return result(c.Klines(ctx, p, KlinesQuery{Kind: KlinePremium, Symbol: "BTCUSDT", Interval: "1h", Limit: 1}))
	},
	"marks": func(ctx context.Context, c *Client, p exchange.Product) (any, error) {
		return result(c.MarkPrices(ctx, p, ""))
	},
	"mark": func(ctx context.Context, c *Client, p exchange.Product) (any, error) {
		return result(c.MarkPrices(ctx, p, "BTCUSDT"))
	},
	"fundings": func(ctx context.Context, c *Client, p exchange.Product) (any, error) {
		return result(c.FundingRates(ctx, p, FundingQuery{Symbol: "BTCUSDT", From: exchange.Millis(1), Limit: 1000}))
	},
	"funding-info": func(ctx context.Context, c *Client, p exchange.Product) (any, error) {
		return result(c.FundingInfo(ctx, p))
	},
	"tickers": func(ctx context.Context, c *Client, p exchange.Product) (any, error) {
		return result(c.Tickers(ctx, p, ""))
	},
	"ticker": func(ctx context.Context, c *Client, p exchange.Product) (any, error) {
		return result(c.Tickers(ctx, p, "BTCUSDT"))
	},
	"prices": func(ctx context.Context, c *Client, p exchange.Product) (any, error) {
		return result(c.LastPrices(ctx, p, ""))
	},
	"price": func(ctx context.Context, c *Client, p exchange.Product) (any, error) {
		return result(c.LastPrices(ctx, p, "BTCUSDT"))
	},
	"bests": func(ctx context.Context, c *Client, p exchange.Product) (any, error) {
		return result(c.BookTickers(ctx, p, ""))
	},
	"best": func(ctx context.Context, c *Client, p exchange.Product) (any, error) {
		return result(c.BookTickers(ctx, p, "BTCUSDT"))
	},
	"open-interest": func(ctx context.Context, c *Client, p exchange.Product) (any, error) {
		return result(c.OpenInterest(ctx, p, "BTCUSDT"))
	},
	"open-interest-history": func(ctx context.Context, c *Client, p exchange.Product) (any, error) {
		return result(c.OpenInterestHistory(ctx, p, statistics(p)))
	},
	"top-positions": func(ctx context.Context, c *Client, p exchange.Product) (any, error) {
		return result(c.LongShorts(ctx, p, TopPositions, uncontracted(p)))
	},
	"top-accounts": func(ctx context.Context, c *Client, p exchange.Product) (any, error) {
		return result(c.LongShorts(ctx, p, TopAccounts, uncontracted(p)))
	},
	"all-accounts": func(ctx context.Context, c *Client, p exchange.Product) (any, error) {
		return result(c.LongShorts(ctx, p, AllAccounts, uncontracted(p)))
	},
	"taker-volumes": func(ctx context.Context, c *Client, p exchange.Product) (any, error) {
		return result(c.TakerVolumes(ctx, p, statistics(p)))
	},
	"basis": func(ctx context.Context, c *Client, p exchange.Product) (any, error) {
		return result(c.Basis(ctx, p, statistics(exchange.CM)))
	},
	"deliveries": func(ctx context.Context, c *Client, p exchange.Product) (any, error) {
		return result(c.DeliveryPrices(ctx, p, "BTCUSDT"))
	},
	"constituents": func(ctx context.Context, c *Client, p exchange.Product) (any, error) {
		return result(c.Constituents(ctx, p, "BTCUSDT"))
	},
	"asset-indexes": func(ctx context.Context, c *Client, _ exchange.Product) (any, error) {
		return result(c.AssetIndexes(ctx, ""))
	},
	"asset-index": func(ctx context.Context, c *Client, _ exchange.Product) (any, error) {
		return result(c.AssetIndexes(ctx, "ADAUSD"))
	},
	"composites": func(ctx context.Context, c *Client, _ exchange.Product) (any, error) {
		return result(c.CompositeIndexes(ctx, ""))
	},
	"adl-risks": func(ctx context.Context, c *Client, _ exchange.Product) (any, error) {
		return result(c.ADLRisks(ctx, ""))
	},
	"insurance": func(ctx context.Context, c *Client, _ exchange.Product) (any, error) {
		return result(c.InsuranceFunds(ctx, "BTCUSDT"))
	},
	"schedule": func(ctx context.Context, c *Client, _ exchange.Product) (any, error) {
		return result(c.TradingSchedule(ctx))
	},
}

// statistics asks in the form of a product.
func statistics(p exchange.Product) StatisticQuery {
	if p == exchange.UM {
		return StatisticQuery{Symbol: "BTCUSDT", Period: "5m", Limit: 500}
	}
	return StatisticQuery{Pair: "BTCUSD", Contract: "PERPETUAL", Period: "1d", From: exchange.Millis(1), To: exchange.Millis(2)}
}

func uncontracted(p exchange.Product) StatisticQuery {
	q := statistics(p)
	q.Contract = ""
	return q
}

// TestCalls is golden text: a call and a product, the body that comes back, and then the
// request as it was sent, what it took of the budget, and what was understood.
func TestCalls(t *testing.T) {
	const path = "testdata/calls.txt"
	script, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	products := map[string]exchange.Product{"um": exchange.UM, "cm": exchange.CM, "spot": exchange.Margin}
	asked := map[string]bool{}
	var out strings.Builder
	var name, product, body string
	for line := range strings.Lines(string(script) + "\n") {
		line = strings.TrimSuffix(line, "\n")
		text, isBody := strings.CutPrefix(line, "< ")
		switch {
		case strings.HasPrefix(line, "  "):
		case isBody:
			body = text
			fmt.Fprintln(&out, line)
		default:
			fmt.Fprintln(&out, line)
			name, product, _ = strings.Cut(line, " ")
		}
		if !isBody {
			continue
		}
		call := calls[name]
		if call == nil || products[product] == 0 {
			t.Fatalf("no call %q of %q", name, product)
		}
		synctest.Test(t, func(t *testing.T) {
			fmt.Fprint(&out, transcript(t, call, products[product], body, asked))
		})
	}
	golden(t, path, strings.TrimSuffix(out.String(), "\n"))
	for i := range endpoints {
		if e := &endpoints[i]; !asked[e.path] && e.path != "/fapi/v1/ticker/price" {
			t.Errorf("%v is not asked for in %s", e, path)
		}
	}
}

// transcript makes a call with a client of its own.
func transcript(t *testing.T, call func(context.Context, *Client, exchange.Product) (any, error), p exchange.Product, body string, asked map[string]bool) string {
	transport := always(200, body)
	c := newTestClient(t, transport)
	if _, err := c.MeasureClock(t.Context()); err != nil {
		t.Fatal(err)
	}
	pass(time.Minute) // the measurement's weight is another minute's
	transport.timeless = true
	v, err := call(t.Context(), c, p)
	var out strings.Builder
	for _, r := range transport.requests {
		asked[r.URL.Path] = true
		fmt.Fprintf(&out, "  %s %s weight %d\n", r.Method, r.URL, c.Usage(p).Weight)
		if r.Method != http.MethodGet || r.Body != nil || len(r.Header) != 1 {
			t.Errorf("%s %s with headers %v", r.Method, r.URL, r.Header)
		}
	}
	list := reflect.ValueOf(v)
	if list.Kind() != reflect.Slice && err == nil {
		fmt.Fprintf(&out, "  %s\n", show(list))
	}
	for i := 0; list.Kind() == reflect.Slice && i < list.Len(); i++ {
		fmt.Fprintf(&out, "  %s\n", show(list.Index(i)))
	}
	if err != nil {
		fmt.Fprintf(&out, "  error: %v\n", err)
	}
	return out.String()
}

// show prints a value with its fields that are not zero.
func show(v reflect.Value) string {
	if v.Kind() == reflect.Slice {
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = show(v.Index(i))
		}
		return "[" + strings.Join(parts, "; ") + "]"
	}
	if _, plain := v.Interface().(fmt.Stringer); plain || v.Kind() != reflect.Struct {
		return fmt.Sprint(v)
	}
	var fields []string
	for i := range v.NumField() {
		f := v.Field(i)
		if zero, ok := f.Interface().(decimal.Decimal); f.IsZero() || ok && zero.IsZero() && !told(zero) {
			continue
		}
		text := show(f)
		if !v.Type().Field(i).Anonymous {
			text = v.Type().Field(i).Name + " " + text
		}
		fields = append(fields, text)
	}
	return strings.Join(fields, ", ")
}
