package papi

import (
	"fmt"
	"net/url"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// builders is every set of parameters.
var builders = []interface{ query() *query }{
	newUMOrder{}, amendUMOrder{}, UMAllOrdersQuery{}, AmendmentsQuery{}, UMTradesQuery{}, ForceOrdersQuery{},
	newUMAlgoOrder{}, AlgoRef{}, UMOpenAlgoOrdersQuery{}, UMAllAlgoOrdersQuery{},
	newCMOrder{}, amendCMOrder{}, CMAllOrdersQuery{}, CMTradesQuery{},
	newCMConditionalOrder{}, CMAllConditionalOrdersQuery{},
	newMarginOrder{}, MarginAllOrdersQuery{}, MarginTradesQuery{}, PageQuery{},
	newMarginOCO{}, CancelListQuery{}, AllOrderListsQuery{},
	repayDebt{}, LoansQuery{}, MarginInterestQuery{},
	IncomeQuery{}, NegativeBalanceInterestQuery{},
	InterestRateQuery{}, CapitalFlowQuery{},
}

// TestQueries prints what each set of parameters becomes on the wire: with every field set,
// texts to the field's name, and with none.
func TestQueries(t *testing.T) {
	var out strings.Builder
	for _, b := range builders {
		v := reflect.New(reflect.TypeOf(b)).Elem()
		none := v.Interface().(interface{ query() *query }).query()
		n := 0
		fill(v, &n)
		all := v.Interface().(interface{ query() *query }).query()
		fmt.Fprintf(&out, "%s\n  all: %s\n  none: %s\n", v.Type().Name(), all.buf, none.buf)
		if _, err := url.ParseQuery(string(all.buf)); err != nil {
			t.Errorf("%v: %v", v.Type(), err)
		}
	}
	golden(t, "testdata/queries.txt", out.String())
}

// fill sets every field: texts to its name, numbers to one that occurs once.
func fill(v reflect.Value, n *int) {
	for i := range v.NumField() {
		field := v.Field(i)
		*n++
		switch field.Interface().(type) {
		case exchange.Fixed:
			field.SetInt(int64(exchange.FixedOne)*int64(*n) + int64(exchange.FixedOne)/4)
			continue
		case exchange.Time:
			field.SetInt(int64(exchange.Millis(1790000000000 + int64(*n))))
			continue
		case decimal.Decimal:
			field.Set(reflect.ValueOf(decimal.New(int64(*n)*1000+125, -3)))
			continue
		}
		switch field.Kind() {
		case reflect.String:
			field.SetString(v.Type().Field(i).Name)
		case reflect.Bool:
			field.SetBool(true)
		case reflect.Int64:
			field.SetInt(9007199254740993 + int64(*n))
		case reflect.Pointer:
			field.Set(reflect.New(field.Type().Elem()))
		case reflect.Struct:
			fill(field, n)
		default:
			panic("no value for " + v.Type().Field(i).Name)
		}
	}
}

// TestEscaping holds that what is signed is what url.ParseQuery reads back, and that the
// reserved characters are written as the exchange's own libraries write them.
func TestEscaping(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"BTCUSDT", "BTCUSDT"},
		{"测试USDT", "%E6%B5%8B%E8%AF%95USDT"},
		{"a b", "a%20b"}, {"a+b", "a%2Bb"}, {"a&b=c", "a%26b%3Dc"}, {"x-y_z.~", "x-y_z.~"},
		{"a/b:c", "a%2Fb%3Ac"}, {"100%", "100%25"}, {"!*'()", "%21%2A%27%28%29"}, {"#?;,@", "%23%3F%3B%2C%40"},
		{"\x00\n\"\\", "%00%0A%22%5C"}, {"\xff", "%FF"}, {"é", "%C3%A9"},
	} {
		q := texts("symbol", c.text, "side", "BUY")
		if got := string(q.buf); got != "symbol="+c.want+"&side=BUY" {
			t.Errorf("%q became %s", c.text, got)
		}
		values, err := url.ParseQuery(string(q.buf))
		if err != nil || values.Get("symbol") != c.text || values.Get("side") != "BUY" {
			t.Errorf("%q reads back as %v, %v", c.text, values, err)
		}
	}
}

// TestQueryValues holds how numbers are written: exactly, and never with an exponent.
func TestQueryValues(t *testing.T) {
	q := new(query)
	q.fixed("a", exchange.MustFixed("0.00000001"))
	q.fixed("b", exchange.FixedMax)
	q.fixed("c", exchange.MustFixed("-5"))
	q.decimal("d", decimal.RequireFromString("1e9"))
	q.decimal("e", decimal.RequireFromString("0.000000000000000001"))
	q.int("f", 1<<62)
	q.time("g", exchange.Millis(1790000000001)+999_999)
	q.flag("h", true)
	q.flag("i", false)
	q.boolean("j", false)
	q.text("k", "")
	q.fixed("l", 0)
	q.int("m", 0)
	want := "a=0.00000001&b=92233720368.54775807&c=-5&d=1000000000&e=0.000000000000000001" +
		"&f=4611686018427387904&g=1790000000001&h=true&j=false"
	if got := string(q.buf); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// golden holds text against a file, or writes it with -rewrite.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *rewrite {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; -rewrite and read the diff. Got:\n%s", path, got)
	}
}
