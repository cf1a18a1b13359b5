package wire

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/pmbot/pmbot/exchange"
	pb "github.com/pmbot/pmbot/plugins/proto"
	"github.com/pmbot/pmbot/strategy"
)

// TestEnums holds that the protocol's enumerations have the numbers and names of package
// exchange, in both directions, because the code converts between them by number.
func TestEnums(t *testing.T) {
	for _, e := range []struct {
		enum protoreflect.Enum
		name func(int) string
		skip string // values that do not travel
	}{
		{pb.EventKind(0), func(v int) string { return exchange.Kind(v).String() }, "BAR_OPEN DEPTH ASSET_INDEX CADENCE GAP CLOCK"},
		{pb.Product(0), func(v int) string { return exchange.Product(v).String() }, ""},
		{pb.Side(0), func(v int) string { return exchange.Side(v).String() }, ""},
		{pb.PositionSide(0), func(v int) string { return exchange.PositionSide(v).String() }, ""},
		{pb.OrderType(0), func(v int) string { return exchange.OrderType(v).String() }, ""},
		{pb.TimeInForce(0), func(v int) string { return exchange.TimeInForce(v).String() }, ""},
		{pb.WorkingType(0), func(v int) string { return exchange.WorkingType(v).String() }, ""},
		{pb.PriceMatch(0), func(v int) string { return exchange.PriceMatch(v).String() }, ""},
		{pb.STP(0), func(v int) string { return exchange.STP(v).String() }, ""},
		{pb.SideEffect(0), func(v int) string { return exchange.SideEffect(v).String() }, ""},
		{pb.IntentKind(0), func(v int) string { return exchange.IntentKind(v).String() }, "REPAY_NEGATIVE TRANSFER_BNB COLLECT_ASSET"},
		{pb.ActStatus(0), func(v int) string { return exchange.ActStatus(v).String() }, ""},
		{pb.OrderStatus(0), func(v int) string { return exchange.OrderStatus(v).String() }, ""},
		{pb.Forced(0), func(v int) string { return exchange.ForcedKind(v).String() }, ""},
		{pb.Wallet(0), func(v int) string { return exchange.Wallet(v).String() }, ""},
		{pb.Reason(0), func(v int) string { return exchange.Reason(v).String() }, ""},
		{pb.AccountStatus(0), func(v int) string { return exchange.AccountStatus(v).String() }, ""},
		{pb.TradingState(0), func(v int) string { return exchange.TradingState(v).String() }, ""},
	} {
		values := e.enum.Descriptor().Values()
		prefix := strings.TrimSuffix(strings.TrimSuffix(string(values.Get(0).Name()), lastWord(e.name(0))), "UNSPECIFIED")
		for v := range 32 {
			want := e.name(v)
			if strings.Contains(want, "(") || strings.Contains(" "+e.skip+" ", " "+want+" ") {
				want = ""
			}
			got := ""
			if d := values.ByNumber(protoreflect.EnumNumber(v)); d != nil && !strings.HasSuffix(string(d.Name()), "UNSPECIFIED") {
				got = strings.TrimPrefix(string(d.Name()), prefix)
			}
			if got != want {
				t.Errorf("%s: %d is %q in the protocol and %q in package exchange", e.enum.Descriptor().Name(), v, got, want)
			}
		}
	}
}

// lastWord is the name itself, or "" for a value without one.
func lastWord(name string) string {
	if strings.Contains(name, "(") {
		return ""
	}
	return name
}

// TestEveryField fills every exported field of every type that travels with a value of
// its own, so that a field added to the domain and forgotten here is seen.
func TestEveryField(t *testing.T) {
	ins := table(t, 300)
	d := &Decoder{Instruments: ins, Strategy: 7}
	t.Run("instruments", func(t *testing.T) {
		var in exchange.Instrument
		fill(reflect.ValueOf(&in).Elem(), new(int))
		table, err := exchange.NewInstruments(in, exchange.Instrument{Product: exchange.CM, Symbol: "B"})
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeInstruments(over(t, &pb.Start{Instruments: EncodeInstruments(table)}).Instruments)
		same(t, got.All(), table.All(), err)
	})
	t.Run("manifest", func(t *testing.T) {
		var m strategy.Manifest
		fill(reflect.ValueOf(&m).Elem(), new(int))
		got, err := DecodeManifest(over(t, EncodeManifest(m)))
		same(t, got, m, err)
	})
	t.Run("description", func(t *testing.T) {
		var want struct {
			Params  []strategy.Param
			Symbols []strategy.Symbol
		}
		fill(reflect.ValueOf(&want).Elem(), new(int))
		p := over(t, &pb.DescribeResponse{Params: EncodeParams(want.Params), Symbols: EncodeSymbols(want.Symbols)})
		params, err := DecodeParams(p.Params)
		same(t, params, want.Params, err)
		symbols, err := DecodeSymbols(p.Symbols)
		same(t, symbols, want.Symbols, err)
	})
	t.Run("subscriptions", func(t *testing.T) {
		var want []strategy.Subscription
		fill(reflect.ValueOf(&want).Elem(), new(int))
		got, err := DecodeSubscriptions(over(t, &pb.Started{Subscriptions: EncodeSubscriptions(want)}).Subscriptions, ins)
		same(t, got, want, err)
	})
	t.Run("output", func(t *testing.T) {
		var want, got strategy.Output
		fill(reflect.ValueOf(&want).Elem(), new(int))
		want.Logs, want.Subscriptions = nil, nil
		want.Intents[0].Ref, want.Intents[0].Kind, want.Intents[0].Strategy, want.Intents[0].By, want.Intents[0].Order = 1, exchange.IntentNew, 7, "", 0
		want.Intents[0].Answers = 0 // is the host's to say, as who wishes it is
		want.Timers[0].Strategy = 7
		err := d.Output(over(t, EncodeOutput(&want)), &got)
		same(t, got, want, err)
	})
	t.Run("resume", func(t *testing.T) {
		var want strategy.Resume
		fill(reflect.ValueOf(&want).Elem(), new(int))
		want.Orders[0].Strategy = 7
		got, err := d.Resume(over(t, EncodeResume(&want)))
		same(t, *got, want, err)
		if got, err := d.Resume(EncodeResume(nil)); got != nil || err != nil {
			t.Errorf("nothing became %v (%v)", got, err)
		}
	})
	t.Run("saved", func(t *testing.T) {
		want := strategy.Saved{Version: 5, State: []byte{1, 2, 0xff}}
		got, problem, err := DecodeSaved(over(t, EncodeSaved(want.Version, want.State, true, nil)))
		same(t, *got, want, err)
		if got, problem2, err := DecodeSaved(EncodeSaved(5, nil, false, nil)); problem != "" || problem2 != "" || got != nil || err != nil {
			t.Errorf("no memory became %v, %q, %q (%v)", got, problem, problem2, err)
		}
		for want, p := range map[string]*pb.Saved{
			"no pencil": EncodeSaved(5, nil, true, errors.New("no pencil")), "4194305 bytes of memory, more than 4 MiB": EncodeSaved(5, make([]byte, MemoryBytesMax+1), true, nil),
		} {
			if got, problem, err := DecodeSaved(p); got != nil || problem != want || err != nil {
				t.Errorf("got %v, %q (%v), want %q", got, problem, err, want)
			}
		}
		if _, _, err := DecodeSaved(&pb.Saved{Memory: &pb.Memory{State: make([]byte, MemoryBytesMax+1)}}); err == nil {
			t.Error("too much memory is taken")
		}
	})
	t.Run("resume of another run", func(t *testing.T) {
		for want, p := range map[string]*pb.Resume{
			"resume: position: instrument 301 is not one of 300":                               {Positions: []*pb.Position{{Instrument: 301}}},
			"resume: order 3: instrument 0 is not one of 300":                                  {Orders: []*pb.Order{{Ref: 3}}},
			"resume: state: instrument 301 is not one of 300":                                  {States: []*pb.StateChange{{Instrument: 301}}},
			"resume: market: instrument 1 has 3 numbers of a quote and 0 of a mark, none or 5": {Market: []*pb.Seen{{Instrument: 1, Quote: make([]int64, 3)}}},
			`"much" is not a decimal number`:                                                   {Balances: []*pb.Balance{{Amount: "much"}}},
		} {
			if _, err := d.Resume(p); err == nil || err.Error() != want {
				t.Errorf("got %v, want %s", err, want)
			}
		}
	})
	for name, set := range map[string]func(*exchange.Event, *int){
		"order update": func(e *exchange.Event, n *int) { e.SetOrderUpdate(filled[exchange.OrderUpdate](n)) },
		"fill":         func(e *exchange.Event, n *int) { e.SetFill(filled[exchange.Fill](n)) },
		"ledger":       func(e *exchange.Event, n *int) { e.SetLedger(filled[exchange.LedgerEntry](n)) },
		"account":      func(e *exchange.Event, n *int) { e.SetAccount(filled[exchange.Account](n)) },
		"risk level":   func(e *exchange.Event, n *int) { e.SetRiskLevel(filled[exchange.Account](n)) },
		"refusal": func(e *exchange.Event, n *int) {
			e.SetRefusal(filled[exchange.Refusal](n))
			e.Refusal().Intent.Answers = 0 // does not travel
		},
		"act":   func(e *exchange.Event, n *int) { e.SetAct(filled[exchange.ActUpdate](n)) },
		"state": func(e *exchange.Event, n *int) { e.SetState(filled[exchange.StateChange](n)) },
		"timer": func(e *exchange.Event, n *int) {
			e.SetTimer(filled[exchange.Timer](n))
			e.Timer().Strategy = 7
		},
	} {
		t.Run(name, func(t *testing.T) {
			want, n := exchange.Event{Seq: 1, At: 2, Exchange: 3, Inst: 4, Flags: exchange.FlagDerived}, 10
			set(&want, &n)
			p, err := EncodeEvent(&want)
			if err != nil {
				t.Fatal(err)
			}
			var got exchange.Event
			err = d.Event(over(t, p), &got)
			same(t, got, want, err)
		})
	}
}

// TestRows does the same for the market events that travel as rows.
func TestRows(t *testing.T) {
	events := rowEvents()
	var b []byte
	for i := range events {
		b = AppendRow(b, &events[i])
	}
	var rows Rows
	rows.Reset(b, 300)
	for i := range events {
		var got exchange.Event
		err := rows.Next(&got)
		same(t, got, events[i], err)
	}
	if err := rows.Next(new(exchange.Event)); err != io.EOF {
		t.Errorf("after the last row: %v, want EOF", err)
	}
	if allocs := testing.AllocsPerRun(100, func() {
		b = b[:0]
		for i := range events {
			b = AppendRow(b, &events[i])
		}
		rows.Reset(b, 300)
		for range events {
			var e exchange.Event
			if err := rows.Next(&e); err != nil {
				t.Fatal(err)
			}
		}
	}); allocs != 0 {
		t.Errorf("%v allocations for %d rows, want none", allocs, len(events))
	}
}

func rowEvents() []exchange.Event {
	n := 0
	events := make([]exchange.Event, 6)
	for i := range events {
		events[i] = exchange.Event{Seq: 100 + uint64(i), At: 1 << 60, Exchange: -5, Inst: 299, Flags: exchange.Flags(i % 2)}
	}
	events[0].SetTrade(*filled[exchange.Trade](&n))
	events[1].SetBookTicker(*filled[exchange.BookTicker](&n))
	events[2].SetMark(*filled[exchange.Mark](&n))
	events[3].SetFunding(*filled[exchange.Funding](&n))
	events[4].SetLiquidation(exchange.Liquidation{Side: exchange.Sell, Price: -1, Average: 1 << 62, Qty: 3})
	bar := filled[exchange.Bar](&n)
	bar.Volume, bar.QuoteVolume, bar.TakerBuy = exchange.WideFromWords(-1, 7), exchange.WideFromWords(5, 1<<63), exchange.WideOf(-3)
	events[5].SetBar(bar)
	return events
}

// TestLies feeds the decoder what only a broken or hostile plugin sends.
func TestLies(t *testing.T) {
	newOrder := func(change func(*pb.Intent)) *pb.Output {
		i := &pb.Intent{Kind: 1, Ref: 1, Request: &pb.OrderRequest{Instrument: 1, Side: 1, Type: 1}}
		change(i)
		return &pb.Output{Intents: []*pb.Intent{i}}
	}
	for _, c := range []struct {
		name string
		out  *pb.Output
		want string
	}{
		{"honest", newOrder(func(*pb.Intent) {}), ""},
		{"no request", newOrder(func(i *pb.Intent) { i.Request = nil }), "intent 1 of 1: instrument 0 is not one of 2"},
		{"instrument", newOrder(func(i *pb.Intent) { i.Request.Instrument = 3 }), "intent 1 of 1: instrument 3 is not one of 2"},
		{"wide instrument", newOrder(func(i *pb.Intent) { i.Request.Instrument = 1<<16 + 1 }), "intent 1 of 1: instrument 65537 is not one of 2"},
		{"kind", newOrder(func(i *pb.Intent) { i.Kind = 9 }), "intent 1 of 1: unknown kind 9"},
		{"no kind", newOrder(func(i *pb.Intent) { i.Kind = 0 }), "intent 1 of 1: unknown kind 0"},
		{"no ref", newOrder(func(i *pb.Intent) { i.Ref = 0 }), "intent 1 of 1: ref 0 after 0; refs rise"},
		{"ref of a person", newOrder(func(i *pb.Intent) { i.Ref = 1 << 63 }), "intent 1 of 1: ref 9223372036854775808, more than 9223372036854775807"},
		{"highest ref", newOrder(func(i *pb.Intent) { i.Ref = 1<<63 - 1 }), ""},
		{"ref back", &pb.Output{Intents: append(newOrder(func(*pb.Intent) {}).Intents, newOrder(func(*pb.Intent) {}).Intents...)},
			"intent 2 of 2: ref 1 after 1; refs rise"},
		{"side", newOrder(func(i *pb.Intent) { i.Request.Side = 0 }), "intent 1 of 1: unknown side 0"},
		{"negative type", newOrder(func(i *pb.Intent) { i.Request.Type = -1 }), "intent 1 of 1: unknown order type -1"},
		{"wrapping type", newOrder(func(i *pb.Intent) { i.Request.Type = 257 }), "intent 1 of 1: unknown order type 257"},
		{"tag", newOrder(func(i *pb.Intent) { i.Tag = make([]byte, 33) }), "intent 1 of 1: tag of 33 bytes, more than 32"},
		{"cancel of nothing", newOrder(func(i *pb.Intent) { i.Kind, i.Ref, i.Request = 2, 0, nil }), ""},
		{"amend elsewhere", newOrder(func(i *pb.Intent) { i.Kind, i.Request.Instrument = 3, 5 }), "intent 1 of 1: instrument 5 is not one of 2"},
		{"intents", &pb.Output{Intents: make([]*pb.Intent, IntentsMax+1)}, "4097 intents for one event, more than 4096"},
		{"timers", &pb.Output{Timers: make([]*pb.Timer, TimersMax+1)}, "4097 timers for one event, more than 4096"},
	} {
		d := Decoder{Instruments: table(t, 2), Strategy: 1}
		got := ""
		if err := d.Output(c.out, new(strategy.Output)); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestDecimals(t *testing.T) {
	for _, d := range []decimal.Decimal{
		decimal.New(150, -2), decimal.New(0, -8), decimal.New(15, 2), decimal.New(-1, -16), {}, decimal.New(-7, 30),
	} {
		var n numbers
		if got := n.parse(encodeDecimal(d)); n.err != nil || !got.Equal(d) || got.Exponent() != d.Exponent() {
			t.Errorf("%v with exponent %d became %v with %d (%v)", d, d.Exponent(), got, got.Exponent(), n.err)
		}
	}
	var n numbers
	if n.parse("1e"); n.err == nil {
		t.Error("1e is taken for a number")
	}
}

func TestLogs(t *testing.T) {
	list := AppendLogs(nil, 3, []string{"plain", "bad \xff", strings.Repeat("x", LogBytesMax+1)})
	if list[0].Event != 3 || list[1].Text != "bad \uFFFD" || len(list[2].Text) != LogBytesMax {
		t.Errorf("logs are %v", list)
	}
	list = AppendLogs(nil, 0, make([]string, 3*LogsMax))
	list = AppendLogs(list, 1, make([]string, 3))
	if len(list) != LogsMax || !strings.Contains(list[LogsMax-1].Text, "dropped") {
		t.Errorf("%d lines, the last is %q", len(list), list[len(list)-1].Text)
	}
	if got := Printable("a\x1b[2Jb\nc\xff \n", 100); got != "a [2Jb c" {
		t.Errorf("printable: %q", got)
	}
}

func FuzzRows(f *testing.F) {
	events := rowEvents()
	var all []byte
	for i := range events {
		f.Add(AppendRow(nil, &events[i]))
		all = AppendRow(all, &events[i])
	}
	f.Add(all)
	f.Fuzz(func(t *testing.T, b []byte) {
		var rows Rows
		var again []byte
		rows.Reset(b, 300)
		for {
			var e exchange.Event
			err := rows.Next(&e)
			if err == io.EOF {
				break
			}
			if err != nil {
				return
			}
			again = AppendRow(again, &e)
		}
		if !bytes.Equal(again, b) && !strangeFlags(b) {
			t.Errorf("%x became %x", b, again)
		}
	})
}

// strangeFlags says whether a row carries a flag that means nothing for its kind, which
// reading drops.
func strangeFlags(b []byte) bool {
	for len(b) >= 8*headerWords {
		kind, flags := exchange.Kind(b[24]), b[25]
		if flags&rowBuyerMaker != 0 && kind != exchange.KindTrade || flags&rowSpecial != 0 && kind != exchange.KindFunding {
			return true
		}
		b = b[8*(headerWords+payloadWords(kind)):]
	}
	return false
}

// FuzzAnswer gives the host's decoders arbitrary messages: none may panic, and what
// passes must be made of known values.
func FuzzAnswer(f *testing.F) {
	out := strategy.Output{Intents: []exchange.Intent{{Kind: exchange.IntentNew, Ref: 1, Request: exchange.OrderRequest{Inst: 1, Side: 1, Type: 2}}}}
	seed, err := proto.Marshal(EncodeOutput(&out))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte{0x0a, 0x00})
	ins, err := exchange.NewInstruments(exchange.Instrument{Product: exchange.UM, Symbol: "A"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d := Decoder{Instruments: ins, Strategy: 1}
		var p pb.Output
		var out strategy.Output
		if proto.Unmarshal(b, &p) == nil && d.Output(&p, &out) == nil {
			for _, i := range out.Intents {
				if strings.Contains(i.Kind.String()+i.Request.PositionSide.String()+i.Request.STP.String(), "(") {
					t.Errorf("unknown values passed: %+v", i)
				}
			}
		}
		var started pb.Started
		if proto.Unmarshal(b, &started) == nil {
			_, _ = DecodeSubscriptions(started.Subscriptions, ins)
		}
		var described pb.DescribeResponse
		if proto.Unmarshal(b, &described) == nil {
			_, _ = DecodeManifest(described.Manifest)
			_, _ = DecodeParams(described.Params)
			_, _ = DecodeSymbols(described.Symbols)
		}
		var event pb.Event
		if proto.Unmarshal(b, &event) == nil {
			_ = d.Event(&event, new(exchange.Event))
		}
	})
}

// over sends a message over the wire.
func over[M proto.Message](t *testing.T, m M) M {
	t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	got := m.ProtoReflect().New().Interface()
	if err := proto.Unmarshal(b, got); err != nil {
		t.Fatal(err)
	}
	return got.(M)
}

func same(t *testing.T, got, want any, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.Exporter(func(reflect.Type) bool { return true }), cmp.Comparer(decimal.Decimal.Equal)); diff != "" {
		t.Errorf("changed on the way (-sent +received):\n%s", diff)
	}
}

func table(t *testing.T, n int) *exchange.Instruments {
	t.Helper()
	list := make([]exchange.Instrument, n)
	for i := range list {
		list[i] = exchange.Instrument{Product: exchange.UM, Symbol: strings.Repeat("A", i+1)}
	}
	ins, err := exchange.NewInstruments(list...)
	if err != nil {
		t.Fatal(err)
	}
	return ins
}

func filled[T any](n *int) *T {
	v := new(T)
	fill(reflect.ValueOf(v).Elem(), n)
	return v
}

// fill sets every field to a value that occurs nowhere else, and enumerations to 1 or 2,
// which nearly all of them have.
func fill(v reflect.Value, n *int) {
	*n++
	switch v.Interface().(type) {
	case decimal.Decimal:
		v.Set(reflect.ValueOf(decimal.New(int64(*n), -3)))
		return
	case exchange.Wide:
		v.Set(reflect.ValueOf(exchange.WideOf(exchange.Fixed(*n))))
		return
	case exchange.WorkingType:
		v.SetUint(1)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), n)
	case reflect.String:
		v.SetString("text" + string(rune('A'+*n%26)) + strings.Repeat("z", *n%7))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8:
		v.SetUint(uint64(1 + *n%2))
	case reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(*n))
	default:
		v.SetInt(int64(*n))
	}
}
