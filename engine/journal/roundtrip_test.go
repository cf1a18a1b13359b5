package journal

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/raced"
)

// payloads make the payload of each kind. A kind that is missing here fails TestEveryKind.
func payloads() map[exchange.Kind]func(e *exchange.Event, f *filler) {
	return map[exchange.Kind]func(e *exchange.Event, f *filler){
		exchange.KindTrade:       func(e *exchange.Event, f *filler) { e.SetTrade(filled[exchange.Trade](f)) },
		exchange.KindBookTicker:  func(e *exchange.Event, f *filler) { e.SetBookTicker(filled[exchange.BookTicker](f)) },
		exchange.KindMark:        func(e *exchange.Event, f *filler) { e.SetMark(filled[exchange.Mark](f)) },
		exchange.KindFunding:     func(e *exchange.Event, f *filler) { e.SetFunding(filled[exchange.Funding](f)) },
		exchange.KindBarOpen:     func(e *exchange.Event, f *filler) { e.SetBarOpen(filled[exchange.BarOpen](f)) },
		exchange.KindLiquidation: func(e *exchange.Event, f *filler) { e.SetLiquidation(filled[exchange.Liquidation](f)) },
		exchange.KindBar:         func(e *exchange.Event, f *filler) { e.SetBar(point[exchange.Bar](f)) },
		exchange.KindDepth:       func(e *exchange.Event, f *filler) { e.SetDepth(&exchange.Depth{}) },
		exchange.KindAssetIndex:  func(e *exchange.Event, f *filler) { e.SetAssetIndex(point[exchange.AssetIndex](f)) },
		exchange.KindCadence:     func(e *exchange.Event, f *filler) { e.SetCadence(point[exchange.Cadence](f)) },
		exchange.KindGap:         func(e *exchange.Event, f *filler) { e.SetGap(point[exchange.Gap](f)) },
		exchange.KindClock:       func(e *exchange.Event, f *filler) { e.SetClock(filled[exchange.Clock](f)) },
		exchange.KindOrderUpdate: func(e *exchange.Event, f *filler) { e.SetOrderUpdate(point[exchange.OrderUpdate](f)) },
		exchange.KindFill:        func(e *exchange.Event, f *filler) { e.SetFill(point[exchange.Fill](f)) },
		exchange.KindLedger:      func(e *exchange.Event, f *filler) { e.SetLedger(point[exchange.LedgerEntry](f)) },
		exchange.KindAccount:     func(e *exchange.Event, f *filler) { e.SetAccount(point[exchange.Account](f)) },
		exchange.KindRiskLevel:   func(e *exchange.Event, f *filler) { e.SetRiskLevel(point[exchange.Account](f)) },
		exchange.KindTask:        func(e *exchange.Event, f *filler) { e.SetTask(point[exchange.TaskUpdate](f)) },
		exchange.KindAct:         func(e *exchange.Event, f *filler) { e.SetAct(point[exchange.ActUpdate](f)) },
		exchange.KindLending:     func(e *exchange.Event, f *filler) { e.SetLending(point[exchange.Lending](f)) },
		exchange.KindSurvey:      func(e *exchange.Event, f *filler) { e.SetSurvey(point[exchange.Survey](f)) },
		exchange.KindIntent:      func(e *exchange.Event, f *filler) { e.SetIntent(point[exchange.Intent](f)) },
		exchange.KindRefusal:     func(e *exchange.Event, f *filler) { e.SetRefusal(point[exchange.Refusal](f)) },
		exchange.KindTimer:       func(e *exchange.Event, f *filler) { e.SetTimer(point[exchange.Timer](f)) },
		exchange.KindState:       func(e *exchange.Event, f *filler) { e.SetState(point[exchange.StateChange](f)) },
		exchange.KindStrategy:    func(e *exchange.Event, f *filler) { e.SetStrategy(point[exchange.StrategyChange](f)) },
		exchange.KindStart:       func(e *exchange.Event, f *filler) { e.SetStart(point[exchange.Start](f)) },
		exchange.KindTruth:       func(e *exchange.Event, f *filler) { e.SetTruth(point[exchange.Truth](f)) },
		exchange.KindAlert:       func(e *exchange.Event, f *filler) { e.SetAlert(point[exchange.Alert](f)) },
		exchange.KindReload:      func(e *exchange.Event, f *filler) { e.SetReload(point[exchange.Reload](f)) },
	}
}

// kinds are all that exchange has a name for.
func kinds() []exchange.Kind {
	var all []exchange.Kind
	for k := range exchange.Kind(math.MaxUint8) {
		if !strings.HasPrefix(k.String(), "Kind(") {
			all = append(all, k)
		}
	}
	return all
}

// filler fills every field of a value by reflection, so that a field without a codec is lost
// and found out.
type filler struct {
	rng *rand.Rand
	// wild has zeros and extremes, else every field has a plain value that is not zero.
	wild bool
}

func filled[T any](f *filler) (v T) {
	f.fill(reflect.ValueOf(&v).Elem())
	return v
}

func point[T any](f *filler) *T {
	v := filled[T](f)
	return &v
}

func (f *filler) number(bits int, sign bool) uint64 {
	n := f.rng.Uint64N(100) + 1
	if !f.wild {
		return n
	}
	switch f.rng.IntN(6) {
	case 0:
		return 0
	case 1:
		n = math.MaxUint64 >> (64 - bits)
		if sign {
			n >>= 1
		}
	case 2:
		if sign {
			n = uint64(int64(math.MinInt64) >> (64 - bits))
		}
	case 3:
		n = uint64(f.rng.Int64N(1 << min(bits-1, 62)))
		if sign && f.rng.IntN(2) == 0 {
			n = -n
		}
	case 4:
		if bits == 64 {
			n *= 10_000_000
		}
	}
	return n
}

func (f *filler) text() string {
	if f.wild && f.rng.IntN(4) == 0 {
		return ""
	}
	return fmt.Sprintf("text-%d\x00ü", f.rng.IntN(1000))
}

func (f *filler) decimal() decimal.Decimal {
	n := f.rng.Int64N(1e12) + 1
	if f.wild {
		switch f.rng.IntN(4) {
		case 0:
			return decimal.Decimal{}
		case 1:
			wide := new(big.Int).Mul(big.NewInt(math.MaxInt64), big.NewInt(-n))
			return decimal.NewFromBigInt(wide, int32(f.rng.IntN(100)-50))
		case 2:
			n = math.MinInt64
		}
	}
	return decimal.New(n, -8)
}

func (f *filler) fill(v reflect.Value) {
	switch v.Interface().(type) {
	case decimal.Decimal:
		v.Set(reflect.ValueOf(f.decimal()))
		return
	case exchange.Wide:
		v.Set(reflect.ValueOf(exchange.WideFromWords(int64(f.number(64, true)), f.number(64, false))))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if !v.Type().Field(i).IsExported() {
				panic(v.Type().String() + " has a field that a journal cannot read: " + v.Type().Field(i).Name)
			}
			f.fill(v.Field(i))
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem())
	case reflect.Slice:
		n := 2
		if f.wild {
			n = f.rng.IntN(4)
		}
		if n == 0 {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			f.fill(v.Index(i))
		}
	case reflect.String:
		v.SetString(f.text())
	case reflect.Bool:
		v.SetBool(!f.wild || f.rng.IntN(2) == 0)
	case reflect.Int, reflect.Int64, reflect.Int32:
		v.SetInt(int64(f.number(v.Type().Bits(), true)))
	case reflect.Uint8, reflect.Uint16, reflect.Uint64:
		v.SetUint(f.number(v.Type().Bits(), false))
	default:
		panic("a field of kind " + v.Kind().String() + " has no codec")
	}
}

// event makes an event with everything set, and a decision for those that want one.
func (f *filler) event(k exchange.Kind, seq uint64, at exchange.Time, instruments int) (exchange.Event, *exchange.Decision) {
	e := exchange.Event{Seq: seq, At: at, Exchange: at - exchange.Time(f.rng.Int64N(1e9)), Inst: exchange.InstrumentID(f.rng.IntN(instruments + 1))}
	switch f.rng.IntN(4) {
	case 0:
		e.Exchange = 0
	case 1:
		e.Exchange = e.Exchange.Floor(1e6)
	}
	payloads()[k](&e, f)
	e.Flags |= exchange.Flags(f.rng.IntN(eventFlags + 1))
	var d *exchange.Decision
	if k >= exchange.KindIntent && f.rng.IntN(2) == 0 || k == exchange.KindIntent {
		d = point[exchange.Decision](f)
		if k == exchange.KindIntent && f.rng.IntN(2) == 0 {
			d.Order.Request = e.Intent().Request
			if d.Refusal != nil {
				d.Refusal.Intent = *e.Intent()
			}
		}
		if f.wild && f.rng.IntN(3) == 0 {
			d.Refusal = nil
		}
	}
	return e, d
}

// equal compares whole values; equal decimals of different digits are different.
var equal = cmp.Options{
	cmp.AllowUnexported(exchange.Event{}, exchange.Wide{}),
	cmp.Comparer(func(a, b decimal.Decimal) bool {
		return a.Exponent() == b.Exponent() && a.Coefficient().Cmp(b.Coefficient()) == 0
	}),
}

// table is a header with instruments of different units.
func table(n int) Header {
	f := &filler{rng: rand.New(rand.NewPCG(1, 1))}
	h := Header{Version: "v", Config: "c", Prefix: "p-", Mode: "dry", Account: "main", Created: 5, First: 1}
	for i := range n {
		in := filled[exchange.Instrument](f)
		in.ID, in.Symbol = exchange.InstrumentID(i+1), fmt.Sprint("COIN", i)
		in.Tick, in.Lot.Step = exchange.Fixed(10_000_000/(i+1)), exchange.Fixed(100_000*i)
		h.Instruments = append(h.Instruments, in)
	}
	return h
}

// TestEveryKind writes and reads every kind of event with every field of its payload and of
// its decision set, and with extremes.
func TestEveryKind(t *testing.T) {
	h := table(3)
	for _, k := range kinds() {
		if payloads()[k] == nil {
			t.Errorf("%v: the test has no payload of it", k)
			continue
		}
		for round := range raced.Fewer(300, 40) {
			f := &filler{rng: rand.New(rand.NewPCG(uint64(k), uint64(round))), wild: round > 20}
			w := codec{writing: true, memory: newMemory(&h)}
			var events []exchange.Event
			var decisions []*exchange.Decision
			for i := range 4 { // later ones are told by what differs
				e, d := f.event(k, uint64(i+1), exchange.Time(1e18+i*1e6), 4)
				events, decisions = append(events, e), append(decisions, d)
				w.record(&e, &d)
			}
			if w.err != nil {
				t.Fatalf("%v: %v", k, w.err)
			}
			r := codec{buf: w.buf, memory: newMemory(&h)}
			for i := range events {
				var e exchange.Event
				var d *exchange.Decision
				r.record(&e, &d)
				if r.err != nil {
					t.Fatalf("%v: %v", k, r.err)
				}
				if diff := cmp.Diff(events[i], e, equal); diff != "" {
					t.Fatalf("%v: event (-written +read):\n%s", k, diff)
				}
				if diff := cmp.Diff(decisions[i], d, equal); diff != "" {
					t.Fatalf("%v: decision (-written +read):\n%s", k, diff)
				}
			}
			if len(r.buf) > 0 {
				t.Fatalf("%v: %d octets are left", k, len(r.buf))
			}
		}
	}
}

// TestHeader writes and reads a header with every field set.
func TestHeader(t *testing.T) {
	f := &filler{rng: rand.New(rand.NewPCG(2, 2))}
	h := filled[Header](f)
	frame, err := appendHeader(nil, &h)
	if err != nil {
		t.Fatal(err)
	}
	got, err := readHeader(frame[frameHead:])
	if diff := cmp.Diff(h, got, equal); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	s := filled[Sums](f)
	end := appendEnd(nil, &s)
	back, err := readEnd(end[frameHead:])
	if err != nil || back != s || len(end) != endLength {
		t.Errorf("%v, %v; %d octets", back, err, len(end))
	}
}
