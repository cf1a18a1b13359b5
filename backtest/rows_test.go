package backtest

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/raced"
)

// randomize sets every field of a row, most of them to what the row before has, and some
// to the ends of what the field can hold. A field that it does not know fails the test.
func randomize(t testing.TB, random *rand.Rand, v reflect.Value) {
	if v.Kind() == reflect.Struct && v.Type() != reflect.TypeFor[decimal.Decimal]() {
		for i := range v.NumField() {
			randomize(t, random, v.Field(i))
		}
		return
	}
	if random.IntN(3) == 0 {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		v.Set(reflect.ValueOf(randomDecimal(random)))
	case reflect.Int, reflect.Int64:
		v.SetInt([]int64{0, 1, -1, random.Int64N(1e6), random.Int64(), -random.Int64(), math.MaxInt64, math.MinInt64}[random.IntN(8)])
	case reflect.Uint8, reflect.Uint64:
		n := []uint64{0, 1, 2, random.Uint64N(1e6), random.Uint64(), math.MaxUint64}[random.IntN(6)]
		v.SetUint(n & (1<<v.Type().Bits() - 1))
	case reflect.Bool:
		v.SetBool(random.IntN(2) == 0)
	case reflect.String:
		v.SetString([]string{"", "a", "比特币", "\x00\xff", fmt.Sprint("bt-", random.IntN(1e6)), strings.Repeat("z", random.IntN(300))}[random.IntN(6)])
	default:
		t.Fatalf("a row has a %v", v.Type())
	}
}

func randomDecimal(random *rand.Rand) decimal.Decimal {
	exponent := int32(random.IntN(40) - 30)
	switch random.IntN(6) {
	case 0:
		return decimal.Decimal{}
	case 1:
		return decimal.New(0, exponent) // prints as 0, but is not the same
	case 2:
		return decimal.New(random.Int64N(2e9)-1e9, -8)
	case 3:
		return decimal.New([]int64{math.MaxInt64, math.MinInt64, 1e18 - 1, 1e18, -1e18}[random.IntN(5)], exponent)
	case 4:
		return decimal.New(random.Int64()-random.Int64(), []int32{math.MaxInt32, math.MinInt32, 0}[random.IntN(3)])
	default:
		n := new(big.Int).Lsh(big.NewInt(random.Int64()-random.Int64()), uint(random.IntN(300)))
		return decimal.NewFromBigInt(n, exponent)
	}
}

// differenceOf names the first field in which two rows differ; numbers of two billion zeros
// are not for printing.
func differenceOf(name string, a, b reflect.Value) string {
	if a.Kind() != reflect.Struct {
		if a.Interface() == b.Interface() {
			return ""
		}
		return name
	}
	if x, ok := a.Interface().(decimal.Decimal); ok {
		y := b.Interface().(decimal.Decimal)
		if x.Exponent() == y.Exponent() && x.Coefficient().Cmp(y.Coefficient()) == 0 {
			return ""
		}
		return name
	}
	for i := range a.NumField() {
		if at := differenceOf(name+"."+a.Type().Field(i).Name, a.Field(i), b.Field(i)); at != "" {
			return at
		}
	}
	return ""
}

// thereAndBack holds a list of random rows, what gob makes of it, and a copy of its first half
// against the rows.
func thereAndBack[R any](t *testing.T, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 5))
	want := make([]R, random.IntN(700))
	var row R
	var list, half Rows[R]
	for i := range want {
		randomize(t, random, reflect.ValueOf(&row).Elem())
		want[i] = row
		list.Add(&row)
		if i == len(want)/2 {
			half = list
		}
	}
	same := func(what string, list Rows[R], want []R) {
		if list.Len() != len(want) {
			t.Fatalf("seed %d: %s: %d rows of %d", seed, what, list.Len(), len(want))
		}
		for i, row := range list.All() {
			if at := differenceOf("", reflect.ValueOf(row).Elem(), reflect.ValueOf(&want[i]).Elem()); at != "" {
				t.Fatalf("seed %d: %s: row %d has another %s", seed, what, i, at)
			}
			randomize(t, random, reflect.ValueOf(row).Elem()) // a reader may do as it likes
		}
	}
	same("list", list, want)
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(&list); err != nil {
		t.Fatal(err)
	}
	var decoded Rows[R]
	if err := gob.NewDecoder(&b).Decode(&decoded); err != nil {
		t.Fatal(err)
	}
	same("through gob", decoded, want)
	if !decoded.Equal(list) || list.Len() > 0 && list.Equal(half) && half.Len() < list.Len() {
		t.Errorf("seed %d: equal lists differ, or others do not", seed)
	}
	grown := half
	grown.Add(&row)
	decoded.Add(&row)
	kept := want[:half.Len():half.Len()]
	same("copy", half, kept)
	same("copy that grew", grown, append(kept, row))
	same("list whose copy grew", list, want)
	same("list that grew after gob", decoded, append(slices.Clone(want), row))
	if !half.Equal(RowsOf(kept...)) || !grown.Equal(RowsOf(append(kept, row)...)) {
		t.Errorf("seed %d: a copy is not equal to the rows it has", seed)
	}
}

func TestRowsRoundTrip(t *testing.T) {
	for seed := range uint64(raced.Fewer(15, 4)) {
		thereAndBack[FillRow](t, seed)
		thereAndBack[LedgerRow](t, seed)
		thereAndBack[TradeRow](t, seed)
	}
}

// TestRowsAtTheirLimits: more words than are numbered, rows longer than a chunk, and lists
// that grow while they are read.
func TestRowsAtTheirLimits(t *testing.T) {
	var list Rows[FillRow]
	long := strings.Repeat("x", 3*chunkBytes)
	tag := func(i int) string {
		if i%1000 == 999 {
			return fmt.Sprint(long, i)
		}
		return fmt.Sprint("tag ", i*i%(2*wordsMax))
	}
	const rows = 3 * wordsMax
	for i := range rows {
		list.Add(&FillRow{Tag: tag(i)})
	}
	for i, row := range list.All() {
		if row.Tag != tag(i) {
			t.Fatalf("row %d has tag %.40q", i, row.Tag)
		}
		list.Add(row)
	}
	if list.Len() != 2*rows {
		t.Errorf("%d rows", list.Len())
	}
	var none Rows[FillRow]
	for range none.All() {
		t.Error("an empty list has a row")
	}
	if !none.Equal(RowsOf[FillRow]()) || none.Equal(list) {
		t.Error("an empty list is equal to the wrong one")
	}
}

// TestRowsDamaged: bytes that are no list are an error and never a panic.
func TestRowsDamaged(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var list Rows[TradeRow]
	var row TradeRow
	for range 20 {
		randomize(t, random, reflect.ValueOf(&row).Elem())
		row.Entry = decimal.New(random.Int64N(1000), -2)
		list.Add(&row)
	}
	whole, err := list.GobEncode()
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if err := new(Rows[TradeRow]).GobDecode(whole[:n]); err == nil {
			t.Fatalf("the first %d bytes of %d are a list", n, len(whole))
		}
	}
	if err := new(Rows[TradeRow]).GobDecode(append(slices.Clone(whole), 0)); err == nil {
		t.Error("a list with a byte too many is a list")
	}
	for range 5000 {
		bad := slices.Clone(whole)
		bad[random.IntN(len(bad))] = byte(random.IntN(256))
		_ = new(Rows[TradeRow]).GobDecode(bad)
	}
}

// marketFills are fills as a strategy of two legs makes them.
func marketFills(n int) []FillRow {
	random := rand.New(rand.NewPCG(1, 2))
	rows := make([]FillRow, n)
	at, mid, held := day, int64(62_000_0), int64(0)
	for i := range rows {
		at = at.Add(time.Duration(random.Int64N(20_000)) * time.Millisecond)
		mid += random.Int64N(401) - 200
		qty := 1 + random.Int64N(50)
		f := &rows[i]
		*f = FillRow{At: at, Strategy: "market-maker", Product: exchange.UM, Symbol: "BTCUSDT", Tag: "quote", Fill: exchange.Fill{
			Order: exchange.OrderID(i + 1), Strategy: 1, Ref: uint64(i + 1), ClientID: fmt.Sprintf("bt-%d-%d", 1, i+1), VenueID: int64(i + 7), TradeID: int64(i + 3),
			Side: exchange.Side(1 + random.IntN(2)), Price: exchange.Fixed(mid * 1e7), Qty: exchange.Fixed(qty * 1e5), Maker: random.IntN(4) > 0, FeeAsset: "USDT",
		}}
		if random.IntN(3) == 0 {
			f.Symbol, f.PositionSide, f.Tag = "ETHUSDT", exchange.Both, "hedge"
		}
		held += f.Side.Sign() * qty
		f.Position = decimal.New(held*1e5, -8)
		f.Fee = decimal.New(mid*qty*2, -8)
		f.Realized = decimal.New(random.Int64N(1e10)-5e9, -8)
	}
	return rows
}

// heap is what is allocated now.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkRows holds Rows against a slice of rows: bytes a fill in memory, and the time to
// add it and to go through it.
func BenchmarkRows(b *testing.B) {
	const n = 100_000
	source := marketFills(n)
	fresh := func(f *FillRow) *FillRow { // numbers of its own, as a run makes them
		row := *f
		row.Fee, row.Realized, row.Position = f.Fee.Copy(), f.Realized.Copy(), f.Position.Copy()
		row.ClientID = strings.Clone(f.ClientID)
		return &row
	}
	b.Run("rows", func(b *testing.B) {
		benchList(b, source, fresh, func() (func(*FillRow), func(func(*FillRow))) {
			list := new(Rows[FillRow])
			return list.Add, func(see func(*FillRow)) {
				for _, row := range list.All() {
					see(row)
				}
			}
		})
	})
	b.Run("slice", func(b *testing.B) {
		benchList(b, source, fresh, func() (func(*FillRow), func(func(*FillRow))) {
			var list []FillRow
			return func(row *FillRow) { list = append(list, *row) }, func(see func(*FillRow)) {
				for i := range list {
					see(&list[i])
				}
			}
		})
	})
}

func benchList(b *testing.B, source []FillRow, fresh func(*FillRow) *FillRow, start func() (add func(*FillRow), all func(func(*FillRow)))) {
	var adding, reading time.Duration
	var size uint64
	for b.Loop() {
		before := heap()
		add, all := start()
		began := time.Now()
		for i := range source {
			add(fresh(&source[i]))
		}
		adding += time.Since(began)
		size = heap() - before
		sum := exchange.Fixed(0)
		began = time.Now()
		all(func(row *FillRow) { sum += row.Price })
		reading += time.Since(began)
		runtime.KeepAlive(sum)
	}
	n := float64(len(source))
	b.ReportMetric(float64(size)/n, "B/fill")
	b.ReportMetric(float64(adding.Nanoseconds())/float64(b.N)/n, "ns/add")
	b.ReportMetric(float64(reading.Nanoseconds())/float64(b.N)/n, "ns/all")
	b.ReportMetric(0, "ns/op")
}
