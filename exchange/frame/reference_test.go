package frame

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/exchange"
)

// fields is an object as encoding/json reads it. Its methods read one field each and
// panic with a string where a frame would have to be refused.
type fields map[string]json.RawMessage

func (o fields) has(name string) bool { _, ok := o[name]; return ok }

// read unmarshals a field whose JSON begins with one of the bytes in first.
func (o fields) read(name, first string, v any) {
	raw, ok := o[name]
	if !ok || !strings.Contains(first, string(raw[:1])) {
		panic(fmt.Sprintf("%s is %q", name, raw))
	}
	if err := json.Unmarshal(raw, v); err != nil {
		panic(err.Error())
	}
}

func (o fields) text(name string) (s string) { o.read(name, `"`, &s); return s }
func (o fields) truth(name string) (b bool)  { o.read(name, "tf", &b); return b }
func (o fields) integer(name string) (n int64) {
	o.read(name, "-0123456789", &n)
	return n
}

func (o fields) object(name string) (in fields) { o.read(name, "{", &in); return in }

func (o fields) letters(name string) []byte {
	return []byte(refuse(o.text(name), func(s string) bool { return s == "" }))
}

func (o fields) id(name string) int64 {
	return refuse(o.integer(name), func(n int64) bool { return n < 0 })
}

func (o fields) fixed(name string) exchange.Fixed {
	f, err := exchange.ParseFixed(o.text(name))
	if err != nil {
		panic(err.Error())
	}
	return f
}

func (o fields) price(name string) exchange.Fixed {
	return refuse(o.fixed(name), func(f exchange.Fixed) bool { return f <= 0 })
}

func (o fields) quantity(name string) exchange.Fixed {
	return refuse(o.fixed(name), func(f exchange.Fixed) bool { return f < 0 })
}

func (o fields) quantityOr0(name string) exchange.Fixed {
	if !o.has(name) {
		return 0
	}
	return o.quantity(name)
}

func (o fields) wide(name string) exchange.Wide {
	w, err := exchange.ParseWide(o.text(name))
	if err != nil {
		panic(err.Error())
	}
	return refuse(w, func(w exchange.Wide) bool { return w.Sign() < 0 })
}

func (o fields) time(name string) exchange.Time {
	n := o.id(name)
	if digits := len(strconv.FormatInt(n, 10)); digits == 16 {
		n *= 1000
	} else if digits <= 13 {
		n *= 1_000_000
	} else {
		panic(fmt.Sprintf("time of %d digits", digits))
	}
	refuse(n, func(n int64) bool { return n < 0 }) // beyond 2262
	return exchange.Time(n)
}

func (o fields) timeOr0(name string) exchange.Time {
	if !o.has(name) {
		return 0
	}
	return o.time(name)
}

func (o fields) levels(name string) []exchange.Level {
	var rows [][]json.RawMessage
	o.read(name, "[", &rows)
	list := []exchange.Level{}
	for _, row := range rows {
		if len(row) != 2 {
			panic("not a pair")
		}
		pair := fields{"price": row[0], "qty": row[1]}
		list = append(list, exchange.Level{Price: pair.price("price"), Qty: pair.quantity("qty")})
	}
	return list
}

func refuse[T any](v T, bad func(T) bool) T {
	if bad(v) {
		panic(fmt.Sprintf("bad %v", v))
	}
	return v
}

// reference is the slow second version of Decode and Next. It returns a frame or an error
// for each element of a message.
func reference(msg []byte) (list []*Frame, errs []error) {
	if !json.Valid(msg) {
		return []*Frame{nil}, []error{ErrSyntax}
	}
	var elements []json.RawMessage
	var outer fields
	var stream []byte
	body := json.RawMessage(msg)
	if json.Unmarshal(msg, &outer) == nil && outer.has("stream") && outer.has("data") {
		var name string
		if json.Unmarshal(outer["stream"], &name) != nil || name == "" {
			return []*Frame{nil}, []error{errors.New("bad stream")}
		}
		stream, body = []byte(name), outer["data"]
	}
	if !bytes.HasPrefix(bytes.TrimSpace(body), []byte("[")) || json.Unmarshal(body, &elements) != nil {
		elements = []json.RawMessage{body}
	}
	for _, element := range elements {
		f, err := referenceFrame(stream, element)
		list, errs = append(list, f), append(errs, err)
	}
	return list, errs
}

func referenceFrame(stream []byte, element json.RawMessage) (f *Frame, err error) {
	defer func() {
		if why := recover(); why != nil {
			f, err = nil, fmt.Errorf("reference: %v", why)
		}
	}()
	o := fields{"": bytes.TrimSpace(element)}.object("")
	f = &Frame{Stream: stream, Kind: referenceKind(o, string(stream))}
	if o.has("e") {
		f.Name = o.letters("e")
	}
	switch f.Kind {
	case KindReply:
	case KindOther:
		func() {
			defer func() { _ = recover() }() // a time that is none is no fault
			f.Event = o.time("E")
		}()
	default:
		o.readEvent(f)
	}
	switch f.Kind {
	case KindTrade, KindAggTrade:
		o.readTrade(f)
	case KindBookTicker:
		b := exchange.BookTicker{Bid: o.quantity("b"), BidQty: o.quantity("B"), Ask: o.quantity("a"), AskQty: o.quantity("A"), UpdateID: o.id("u")}
		refuse(b, func(b exchange.BookTicker) bool { return b.Bid == 0 && b.BidQty > 0 || b.Ask == 0 && b.AskQty > 0 })
		f.BookTicker = b
	case KindDepth, KindPartialDepth, KindSnapshot:
		o.readDepth(f)
	case KindMark:
		f.Mark.Price, f.Mark.Average, f.Mark.Index, f.Mark.Settle = o.price("p"), o.quantityOr0("ap"), o.quantityOr0("i"), o.quantityOr0("P")
		if o.has("r") && o.text("r") != "" {
			f.Mark.Rate = o.fixed("r")
		}
		f.Mark.NextFunding = o.timeOr0("T")
	case KindIndexPrice:
		f.Index = o.price("p")
	case KindBar:
		o.readBar(f)
	case KindLiquidation:
		o = o.object("o")
		side, err := exchange.ParseSide(o.text("S"))
		if err != nil {
			panic(err.Error())
		}
		f.Liquidation = Liquidation{
			Liquidation: exchange.Liquidation{Side: side, Price: o.price("p"), Average: o.quantity("ap"), Qty: o.price("q")},
			Type:        o.letters("o"), TimeInForce: o.letters("f"), Status: o.letters("X"), Last: o.quantity("l"), Filled: o.quantity("z"),
		}
	case KindAssetIndex:
		f.AssetIndex = AssetIndex{
			Asset: []byte(strings.TrimSuffix(o.text("s"), "USD")), Price: o.price("i"),
			Bid: o.quantityOr0("B"), Ask: o.quantityOr0("A"), AutoBid: o.quantityOr0("Q"), AutoAsk: o.quantityOr0("G"),
		}
	case KindContractInfo:
		o.readContractInfo(f)
	case KindReply:
		o.readReply(f)
	}
	return f, nil
}

func referenceKind(o fields, stream string) Kind {
	what := strings.Split(stream+"@", "@")[1]
	partial := strings.HasPrefix(what, "depth") && what != "depth"
	if o.has("e") {
		name := o.text("e")
		kinds := map[string]Kind{
			"trade": KindTrade, "aggTrade": KindAggTrade, "bookTicker": KindBookTicker, "markPriceUpdate": KindMark,
			"indexPriceUpdate": KindIndexPrice, "kline": KindBar, "forceOrder": KindLiquidation,
			"assetIndexUpdate": KindAssetIndex, "contractInfo": KindContractInfo,
		}
		switch {
		case name != "depthUpdate" && kinds[name] == 0:
			return KindOther
		case name != "depthUpdate":
			return kinds[name]
		case stream == "" || what == "depth":
			return KindDepth
		case partial:
			return KindPartialDepth
		default:
			return KindOther
		}
	}
	switch {
	case o.has("lastUpdateId") && partial:
		return KindPartialDepth
	case o.has("lastUpdateId"):
		return KindSnapshot
	case o.has("u") && o.has("a") && o.has("b"):
		return KindBookTicker
	case o.has("result"), o.has("error"), o.has("code") && o.has("msg"):
		return KindReply
	case o.has("symbols"), o.has("method"):
		return KindOther
	default:
		panic("no frame")
	}
}

// readEvent reads symbol, product and times.
func (o fields) readEvent(f *Frame) {
	symbols, required := o, "E"
	name := "s"
	switch f.Kind {
	case KindLiquidation:
		symbols = o.object("o")
		f.Time = symbols.time("T")
	case KindTrade, KindAggTrade:
		f.Time = o.time("T")
	case KindBookTicker:
		required = ""
		f.Time = o.timeOr0("T")
	case KindDepth, KindPartialDepth, KindSnapshot:
		f.Time = o.timeOr0("T")
		if !o.has("e") {
			name, required = "symbol", ""
		}
	case KindIndexPrice:
		if !o.has("s") {
			name = "i"
		}
	}
	if name != "symbol" || o.has(name) {
		f.Symbol = symbols.letters(name)
	}
	f.Event = o.timeOr0("E")
	if required != "" {
		o.time(required)
	}
	for _, o := range []fields{o, symbols} {
		if name == "symbol" || !o.has("st") {
			continue
		}
		if n := o.integer("st"); n == 1 || n == 2 {
			f.Product = exchange.Product(n)
		}
	}
}

func (o fields) readTrade(f *Frame) {
	f.Trade = exchange.Trade{Price: o.quantity("p"), Qty: o.quantity("q"), BuyerMaker: o.truth("m")}
	f.TradeType = TradeMarket
	void := false
	if f.Kind == KindAggTrade {
		f.Trade.ID, f.Trade.First, f.Trade.Last = o.id("a"), o.id("f"), o.id("l")
	} else {
		f.Trade.ID = o.id("t")
		f.Trade.First, f.Trade.Last = f.Trade.ID, f.Trade.ID
		if o.has("X") {
			types := map[string]TradeType{"MARKET": TradeMarket, "INSURANCE_FUND": TradeInsuranceFund, "ADL": TradeADL, "NA": TradeNA, "": TradeNA}
			f.TradeType = types[o.text("X")]
		}
		void = f.TradeType == TradeNA && f.Trade.Price == 0 && f.Trade.Qty == 0
	}
	refuse(f.Trade, func(t exchange.Trade) bool { return !void && (t.Price == 0 || t.Qty == 0) || t.First > t.Last })
}

func (o fields) readDepth(f *Frame) {
	if !o.has("e") {
		f.Depth = exchange.Depth{Last: o.id("lastUpdateId"), Snapshot: true, Bids: o.levels("bids"), Asks: o.levels("asks")}
		return
	}
	d := exchange.Depth{First: o.id("U"), Last: o.id("u"), Snapshot: f.Kind == KindPartialDepth, Bids: o.levels("b"), Asks: o.levels("a")}
	if o.has("pu") {
		d.Prev = o.id("pu")
	}
	f.Depth = refuse(d, func(d exchange.Depth) bool { return d.First > d.Last })
}

func (o fields) readBar(f *Frame) {
	k := o.object("k")
	f.Bar.Bar = exchange.Bar{
		Start: k.time("t"), Open: k.price("o"), High: k.price("h"), Low: k.price("l"), Close: k.price("c"),
		Volume: k.wide("v"), QuoteVolume: k.wide("q"), TakerBuy: k.wide("V"), Trades: k.id("n"),
	}
	f.Bar.TakerBuyQuote = k.wide("Q")
	f.Bar.Closed, f.Bar.Name = k.truth("x"), k.letters("i")
	name := string(f.Bar.Name)
	n, err := strconv.ParseUint(name[:len(name)-1], 10, 16)
	unit, ok := map[string]exchange.Time{"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "M": 0}[name[len(name)-1:]]
	if err != nil || !ok || n == 0 || len(name) > 4 {
		panic("no interval: " + name)
	}
	f.Bar.Interval = (exchange.Time(n) * unit * 1e9).Sub(0)
}

func (o fields) readContractInfo(f *Frame) {
	f.ContractInfo = ContractInfo{Status: o.letters("cs"), Delivery: o.timeOr0("dt"), Onboard: o.timeOr0("ot")}
	if o.has("ct") {
		f.ContractInfo.Type = []byte(o.text("ct"))
	}
	var brackets []json.RawMessage
	f.ContractInfo.Brackets = json.Unmarshal(o["bks"], &brackets) == nil && len(brackets) > 0
}

func (o fields) readReply(f *Frame) {
	if !o.has("id") || json.Unmarshal(o["id"], &f.Reply.ID) != nil {
		f.Reply.ID = 0
	}
	switch {
	case o.has("error"):
		o = o.object("error")
	case o.has("code") && o.has("msg"):
	default:
		f.Reply.Result = o["result"]
		return
	}
	f.Reply.Failed, f.Reply.Code, f.Reply.Message = true, o.integer("code"), []byte(o.text("msg"))
}

// check decodes a message and compares it with the reference: whatever is accepted must
// be right, and nothing that is no JSON may pass. It returns the frames' kinds and the
// number of refusals.
func check(t testing.TB, d *Decoder, msg []byte) (kinds []Kind, refused int) {
	t.Helper()
	want, wantErrs := reference(msg)
	i := 0
	for f, err := d.Decode(msg); err != io.EOF; f, err = d.Next() {
		switch {
		case errors.Is(err, ErrSyntax) && json.Valid(msg) && strings.ContainsAny(strings.TrimSpace(string(msg))[:1], "[{"):
			t.Fatalf("%q: valid JSON was refused: %v", msg, err)
		case err != nil && f != nil:
			t.Fatalf("%q: both a frame and %v", msg, err)
		case err != nil:
			refused++
		case i >= len(want) || want[i] == nil:
			t.Fatalf("%q: got %s, reference refuses: %v", msg, describe(f), wantErrs[min(i, len(wantErrs)-1)])
		default:
			if got, want := describe(f), describe(want[i]); got != want {
				t.Fatalf("%q:\ngot  %s\nwant %s", msg, got, want)
			}
			kinds = append(kinds, f.Kind)
		}
		if i++; i > len(msg)+1 {
			t.Fatalf("%q: more frames than bytes", msg)
		}
	}
	if f, err := d.Next(); f != nil || err != io.EOF {
		t.Fatalf("%q: behind the end %v, %v", msg, f, err)
	}
	if i < len(want) && refused == 0 {
		t.Fatalf("%q: %d frames, reference has %d", msg, i, len(want))
	}
	return kinds, refused
}

// TestReference compares the golden messages with the reference.
func TestReference(t *testing.T) {
	var d Decoder
	for _, name := range []string{"frames.txt", "refusals.txt"} {
		for _, msg := range cases(t, filepath.Join("testdata", name)) {
			check(t, &d, msg)
		}
	}
}

// FuzzDecode looks for panics, and for messages that decode to something else than
// encoding/json reads in them.
func FuzzDecode(f *testing.F) {
	for _, name := range []string{"frames.txt", "refusals.txt"} {
		for _, msg := range cases(f, filepath.Join("testdata", name)) {
			f.Add(msg)
		}
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		var d Decoder
		check(t, &d, msg)
	})
}
