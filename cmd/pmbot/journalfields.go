package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// fields are what a payload has that is not zero, in the order of its type: for a line that
// people read, and for JSON. Numbers of money and quantity are texts in both.
type fields []field

type field struct {
	key   string
	value any // string, int64, uint64, bool, fields, or []any of these
}

// MarshalJSON writes an object with the keys in order.
func (f fields) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, one := range f {
		if i > 0 {
			b.WriteByte(',')
		}
		value, err := json.Marshal(one.value)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%q:%s", one.key, value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// String writes key=value, one behind the other.
func (f fields) String() string {
	words := make([]string, len(f))
	for i, one := range f {
		words[i] = one.key + "=" + wordOf(one.value)
	}
	return strings.Join(words, " ")
}

func wordOf(value any) string {
	switch v := value.(type) {
	case string:
		if v == "" || strings.ContainsFunc(v, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) || r == '"' }) {
			return strconv.Quote(v)
		}
		return v
	case []any:
		words := make([]string, len(v))
		for i, one := range v {
			words[i] = wordOf(one)
		}
		return "[" + strings.Join(words, " ") + "]"
	case fields:
		return "{" + v.String() + "}"
	}
	return fmt.Sprint(value)
}

// describer makes fields of values; it names instruments by their table.
type describer struct{ instruments []exchange.Instrument }

func (d *describer) name(id exchange.InstrumentID) string {
	if id == 0 || int(id) > len(d.instruments) {
		return strconv.Itoa(int(id))
	}
	return d.instruments[id-1].Name()
}

// fields of a struct, or of what points to one.
func (d *describer) fields(v reflect.Value) fields {
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	list := fields{}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		switch {
		case v.Field(i).IsZero() && !zeroSpeaks(f):
		case f.Anonymous:
			list = append(list, d.fields(v.Field(i))...)
		default:
			list = append(list, field{snake(f.Name), d.value(v.Field(i))})
		}
	}
	return list
}

// zeroSpeaks says whether a field that is zero still says something: HALTED, START, not
// running.
func zeroSpeaks(f reflect.StructField) bool {
	switch f.Type {
	case reflect.TypeFor[exchange.TradingState](), reflect.TypeFor[exchange.Cause]():
		return true
	}
	return f.Name == "Running"
}

func (d *describer) value(v reflect.Value) any {
	switch x := v.Interface().(type) {
	case exchange.InstrumentID:
		return d.name(x)
	case exchange.Time:
		return x.String()
	case time.Duration:
		return x.String()
	case decimal.Decimal:
		return x.String()
	case []byte:
		return string(x)
	case fmt.Stringer:
		if v.Kind() != reflect.Pointer && v.Kind() != reflect.Struct || v.Type() == reflect.TypeFor[exchange.Wide]() {
			return x.String()
		}
	}
	switch v.Kind() {
	case reflect.Struct, reflect.Pointer:
		return d.fields(v)
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = d.value(v.Index(i))
		}
		return list
	case reflect.String:
		return v.String()
	case reflect.Bool:
		return v.Bool()
	case reflect.Int, reflect.Int64, reflect.Int32:
		return v.Int()
	default:
		return v.Uint()
	}
}

// snake writes ClientID as client_id.
func snake(name string) string {
	var b strings.Builder
	letters := []rune(name)
	for i, r := range letters {
		lower := unicode.ToLower(r)
		if i > 0 && lower != r && (unicode.IsLower(letters[i-1]) || i+1 < len(letters) && unicode.IsLower(letters[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(lower)
	}
	return b.String()
}

// mentions says whether a value, or something in it, is what is looked for.
func mentions(v reflect.Value, is func(name string, v reflect.Value) bool) bool {
	switch v.Kind() {
	case reflect.Pointer:
		return !v.IsNil() && mentions(v.Elem(), is)
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && (is(f.Name, v.Field(i)) || mentions(v.Field(i), is)) {
				return true
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			if is("", v.Index(i)) || mentions(v.Index(i), is) {
				return true
			}
		}
	}
	return false
}

// payloadOf is what an event carries; nil for a piece of a book, which journals do not keep.
func payloadOf(e *exchange.Event) any {
	switch e.Kind {
	case exchange.KindTrade:
		return e.Trade()
	case exchange.KindBookTicker:
		return e.BookTicker()
	case exchange.KindMark:
		return e.Mark()
	case exchange.KindFunding:
		return e.Funding()
	case exchange.KindBarOpen:
		return e.BarOpen()
	case exchange.KindLiquidation:
		return e.Liquidation()
	case exchange.KindBar:
		return e.Bar()
	case exchange.KindAssetIndex:
		return e.AssetIndex()
	case exchange.KindCadence:
		return e.Cadence()
	case exchange.KindGap:
		return e.Gap()
	case exchange.KindClock:
		return e.Clock()
	case exchange.KindDepth:
		return nil
	}
	return insideOf(e)
}

// insideOf is the payload of an event that is not the market's.
func insideOf(e *exchange.Event) any {
	switch e.Kind {
	case exchange.KindOrderUpdate:
		return e.OrderUpdate()
	case exchange.KindFill:
		return e.Fill()
	case exchange.KindLedger:
		return e.Ledger()
	case exchange.KindAccount, exchange.KindRiskLevel:
		return e.Account()
	case exchange.KindAct:
		return e.Act()
	case exchange.KindLending:
		return e.Lending()
	case exchange.KindSurvey:
		return e.Survey()
	case exchange.KindIntent:
		return e.Intent()
	case exchange.KindRefusal:
		return e.Refusal()
	case exchange.KindTimer:
		return e.Timer()
	case exchange.KindState:
		return e.State()
	case exchange.KindStrategy:
		return e.Strategy()
	case exchange.KindStart:
		return e.Start()
	case exchange.KindTruth:
		return e.Truth()
	case exchange.KindReload:
		return e.Reload()
	case exchange.KindAlert:
		return e.Alert()
	}
	return nil
}
