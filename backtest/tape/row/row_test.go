package row

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// fill gives every column of a row a value that shows in which column it stands.
func fill[R any](r *R) {
	columns := Columns[R]()
	for i := range columns {
		switch c := &columns[i]; c.Type {
		case Volume:
			*WideAt(c, r) = WideOf(exchange.WideOf(exchange.Fixed(i+1) * exchange.FixedOne))
		case Boolean:
			*BoolAt(c, r) = true
		default:
			*IntAt(c, r) = int64(i+1) * 1_000_000
		}
	}
}

// testColumns sees that columns reach the fields that they are named after, and what a
// bare row is without.
func testColumns[R comparable, P Row[R]](t *testing.T, without string) {
	t.Run(reflect.TypeFor[R]().Name(), func(t *testing.T) {
		var r R
		fill(&r)
		v := reflect.ValueOf(r)
		columns := Columns[R]()
		if len(columns) != v.NumField() {
			t.Fatalf("%d columns of %d fields", len(columns), v.NumField())
		}
		text := ""
		for i, c := range columns {
			if v.Field(i).IsZero() {
				t.Errorf("column %s does not reach field %d", c.Name, i)
			}
			if fmt.Sprint(v.Field(i).Interface()) != string(Text(nil, &c, &r)) {
				t.Errorf("column %s reads %s, the field is %v", c.Name, Text(nil, &c, &r), v.Field(i).Interface())
			}
			text += string(Canonical(nil, columns[i:i+1], &r))
		}
		if got := string(Canonical(nil, columns, &r)); got != text {
			t.Error("the canonical form is not that of the columns one after the other")
		}
		b, back := Canonical(nil, columns, &r), *new(R)
		if rest := FromCanonical(append(b, 9), columns, &back); len(rest) != 1 || back != r {
			t.Errorf("the canonical form gives %+v and %d bytes more, want %+v and 1", back, len(rest), r)
		}
		for n := range b {
			if FromCanonical(b[:n], columns, &back) != nil {
				t.Fatalf("%d bytes of %d are enough for a row", n, len(b))
			}
		}
		for i := range columns {
			other := r
			if c := &columns[i]; c.Type == Boolean {
				*BoolAt(c, &other) = false
			} else if c.Type == Volume {
				WideAt(c, &other)[15]++
			} else {
				*IntAt(c, &other)++
			}
			if column, _, _ := Differ(columns, &r, &other); column != columns[i].Name {
				t.Errorf("rows that differ in %s are said to differ in %q", columns[i].Name, column)
			}
		}
		if column, _, _ := Differ(columns, &r, &r); column != "" {
			t.Errorf("equal rows differ in %s", column)
		}
		bare, lost := P(&r).Bare(), []string{}
		for i, c := range columns {
			if reflect.ValueOf(bare).Field(i).Interface() != v.Field(i).Interface() {
				lost = append(lost, c.Name)
			}
		}
		if got := strings.Join(lost, " "); got != without {
			t.Errorf("a bare row lacks %q, want %q", got, without)
		}
	})
}

func TestColumns(t *testing.T) {
	testColumns[Trade](t, "event local")
	testColumns[Ticker](t, "event local")
	testColumns[Level](t, "time event local")
	testColumns[Bar](t, "")
	testColumns[Funding](t, "")
	testColumns[Mark](t, "local")
	testColumns[Liquidation](t, "event local")
	testColumns[Bucket](t, "")
	testColumns[Metric](t, "")
	defer func() {
		if got := fmt.Sprint(recover()); !strings.Contains(got, "is no column") {
			t.Errorf("a field that no column holds gave %s", got)
		}
	}()
	Columns[struct {
		Price float64 `parquet:"price"`
	}]()
}

// TestBareTimes holds which times are told apart: the exchange's, not the recorder's.
func TestBareTimes(t *testing.T) {
	if l := (&Level{Time: 5, Last: 1}).Bare(); l.Time != 5 {
		t.Error("a message of a book lost its time")
	}
	if q := (&Ticker{Time: 5, Local: 7, ID: 1}).Bare(); q.Time != 0 {
		t.Error("a quote of spot kept the time of its receipt")
	}
	if q := (&Ticker{Time: 5, ID: 1}).Bare(); q.Time != 5 {
		t.Error("a quote of an archive lost its time")
	}
}

// TestKinds holds that every kind has all that the tape asks of it.
func TestKinds(t *testing.T) {
	for _, k := range Kinds {
		every := time.Duration(0)
		if k.Bars() {
			every = time.Minute
		}
		key := Key{Product: exchange.UM, Symbol: "BTCUSDT", Kind: k, Interval: every}
		if err := key.Check(); err != nil {
			t.Errorf("%s: %v", k, err)
		}
		parts := strings.Split(key.String(), "/")
		if back, err := ParseKey(parts[0], parts[1], parts[2]); err != nil || back != key {
			t.Errorf("%s: %v becomes %v, %v", k, key, back, err)
		}
		if k.Schema() == "" {
			t.Errorf("%s has no schema", k)
		}
		at := exchange.TimeOf(time.Date(2024, 2, 29, 23, 59, 59, 0, time.UTC))
		if s := k.Span(every); s.Name(at) == s.Name(s.End(at)) {
			t.Errorf("%s: the instant after %s is in it", k, s.Name(at))
		}
	}
}

func TestChecks(t *testing.T) {
	um := &Key{Product: exchange.UM, Symbol: "AAAUSDT", Kind: Trades}
	cm := &Key{Product: exchange.CM, Symbol: "AAAUSD_PERP", Kind: Trades}
	hour := &Key{Product: exchange.UM, Symbol: "AAAUSDT", Kind: Klines, Interval: time.Hour}
	premium := &Key{Product: exchange.UM, Symbol: "AAAUSDT", Kind: PremiumIndexKlines, Interval: time.Hour}
	one, half := exchange.FixedOne, exchange.FixedOne/2
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"trade", (&Trade{Price: one, Qty: half}).Check(um), ""},
		{"part of a contract", (&Trade{Price: one, Qty: half}).Check(cm), "field qty: 0.5 is no whole number of contracts"},
		{"free trade", (&Trade{Qty: one}).Check(um), "field price: price and quantity of a trade must be above 0: price 0, quantity 1"},
		{"void trade", (&Trade{Type: TradeVoid}).Check(um), ""},
		{"void trade with a price", (&Trade{Type: TradeVoid, Price: one}).Check(um), "field price: price and quantity of a trade must be above 0: price 1, quantity 0"},
		{"ids", (&Trade{Price: one, Qty: one, First: 2, Last: 1}).Check(um), "field last_id: last trade id is below the first: 1 after 2"},
		{"type", (&Trade{Price: one, Qty: one, Type: 9}).Check(um), "field type: 9 is no type of trade"},
		{"one side", (&Ticker{Bid: one, BidQty: one}).Check(um), ""},
		{"no quantity", (&Ticker{Bid: one}).Check(um), "field bid: price 1 with quantity 0: both are above 0, or both 0 where the side is empty"},
		{"removal", (&Level{Last: 1, Side: Bid, Price: one}).Check(um), ""},
		{"no level", (&Level{Last: 1}).Check(um), ""},
		{"no id", (&Level{Side: Bid, Price: one}).Check(um), "field last_id: 0 is no update id"},
		{"ids", (&Level{First: 3, Last: 2, Side: Bid, Price: one}).Check(um), "field first_id: the first update id 3 is above the last, 2"},
		{"side", (&Level{Last: 1, Side: 3, Price: one}).Check(um), "field side: 3 is neither 1, a bid, nor 2, an ask"},
		{"free level", (&Level{Last: 1, Side: Ask}).Check(um), "field price: price of a level must be above 0: 0"},
		{"less than nothing", (&Level{Last: 1, Side: Ask, Price: one, Qty: -one}).Check(um), "field qty: quantity of a level is negative: -1"},
		{"bar", (&Bar{Open: one, High: one, Low: half, Close: one}).Check(hour), ""},
		{"bar upside down", (&Bar{Open: one, High: half, Low: half, Close: half}).Check(hour),
			"field open: prices of a bar must be above 0 with low <= open, close <= high: open 1, high 0.5, low 0.5, close 0.5"},
		{"bar start", (&Bar{Start: 60_000_000, Open: one, High: one, Low: one, Close: one}).Check(hour),
			"field time: start of a bar must be a whole number of intervals: 1970-01-01T00:01:00Z, interval 1h0m0s"},
		{"discount", (&Bar{Open: -one, High: 0, Low: -one, Close: -half}).Check(premium), ""},
		{"late funding", (&Funding{Time: 3_661_000_000}).Check(um), "field time: 1970-01-01T01:01:01Z: a settlement is published within a minute after a whole hour"},
		{"mark", (&Mark{}).Check(um), "field price: mark price must be above 0: 0"},
		{"liquidation", (&Liquidation{Side: 1, Price: one, Qty: one, Status: 9}).Check(um), "field status: 9 is no status"},
		{"bucket", (&Bucket{Percent: 11 * one}).Check(um), "field percent: 11 is no percentage from -10 to 10 with two decimals"},
		{"ratio", (&Metric{Count: -one}).Check(um), "field count_ratio: negative ratio: 0, 0, -1, 0"},
	} {
		got := ""
		if c.err != nil {
			got = c.err.Error()
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestKeysGrow holds that keys sort rows as their ids and times do.
func TestKeysGrow(t *testing.T) {
	snapshot, message, next := Level{Last: 7, Snapshot: true}, Level{Last: 7}, Level{Last: 8}
	if snapshot.Key() >= message.Key() || message.Key() >= next.Key() {
		t.Errorf("keys of levels: %d, %d, %d", snapshot.Key(), message.Key(), next.Key())
	}
	last := int64(0)
	at := Micros(1_790_000_000_000_000)
	for _, percent := range []string{"-5", "-0.2", "0.2", "1", "5"} {
		b := Bucket{Time: at, Percent: exchange.MustFixed(percent)}
		if b.Key() <= last {
			t.Errorf("key of %s%%: %d after %d", percent, b.Key(), last)
		}
		last = b.Key()
	}
	if later := (&Bucket{Time: at + 1, Percent: exchange.MustFixed("-10")}); later.Key() <= last {
		t.Errorf("a microsecond later: %d after %d", later.Key(), last)
	}
	if id := MakeID(at, 999); !Made(id) || MakeID(at+1, 0) <= id || (&Level{Last: MakeID(7_900_000_000_000_000, 0) / 2}).Key() < 0 {
		t.Errorf("made id %d", id)
	}
}
