package frame

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/exchange"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the golden files of testdata")

// cases returns the messages of a golden file: paragraphs of comments, a message, and
// what it gives behind "->".
func cases(t testing.TB, path string) [][]byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var list [][]byte
	for _, block := range strings.Split(string(data), "\n\n") {
		_, msg := splitCase(t, block)
		list = append(list, msg)
	}
	return list
}

// splitCase returns the input of a paragraph, comments included, and the message in it.
func splitCase(t testing.TB, block string) (input string, msg []byte) {
	t.Helper()
	input, _, _ = strings.Cut(block, "\n->")
	input = strings.Trim(input, "\n")
	text := input
	for strings.HasPrefix(text, "#") {
		_, text, _ = strings.Cut(text, "\n")
	}
	if strings.HasPrefix(text, `"`) {
		plain, err := strconv.Unquote(text)
		if err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		text = plain
	}
	return input, []byte(text)
}

// TestFrames and what it refuses are golden text: read the diff after -rewrite.
func TestFrames(t *testing.T) {
	for _, name := range []string{"frames.txt", "refusals.txt"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", name)
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var d Decoder
			var out []string
			for _, block := range strings.Split(strings.TrimSpace(string(data)), "\n\n") {
				input, msg := splitCase(t, block)
				out = append(out, input+"\n"+print(&d, msg))
			}
			got := strings.Join(out, "\n\n") + "\n"
			if *rewrite {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(data) {
				t.Errorf("%s differs; -rewrite and read the diff. Got:\n%s", path, got)
			}
		})
	}
}

// print decodes a message and describes what comes, a line each.
func print(d *Decoder, msg []byte) string {
	var lines []string
	for f, err := d.Decode(msg); err != io.EOF; f, err = d.Next() {
		if err != nil {
			lines = append(lines, "-> error: "+err.Error())
			continue
		}
		lines = append(lines, "-> "+describe(f))
	}
	if len(lines) == 0 {
		return "-> nothing"
	}
	return strings.Join(lines, "\n")
}

// describe prints everything that a frame says.
func describe(f *Frame) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v, stream %q, name %q, symbol %q", f.Kind, f.Stream, f.Name, f.Symbol)
	if f.Product != 0 {
		fmt.Fprintf(&b, " (%v)", f.Product)
	}
	fmt.Fprintf(&b, ", event %v, time %v", f.Event, f.Time)
	if key, ok := f.Key(); ok {
		fmt.Fprintf(&b, ", key %d", key)
	}
	rest := *f
	rest.Kind, rest.Stream, rest.Name, rest.Symbol, rest.Product, rest.Event, rest.Time = 0, nil, nil, nil, 0, 0, 0
	switch f.Kind {
	case KindTrade, KindAggTrade:
		fmt.Fprintf(&b, ": type %v, %+v", f.TradeType, f.Trade)
		rest.TradeType, rest.Trade = 0, exchange.Trade{}
	case KindBookTicker:
		fmt.Fprintf(&b, ": %+v", f.BookTicker)
		rest.BookTicker = exchange.BookTicker{}
	case KindDepth, KindPartialDepth, KindSnapshot:
		fmt.Fprintf(&b, ": %+v", f.Depth)
		rest.Depth = exchange.Depth{}
	case KindMark:
		fmt.Fprintf(&b, ": %+v", f.Mark)
		rest.Mark = Mark{}
	case KindIndexPrice:
		fmt.Fprintf(&b, ": %v", f.Index)
		rest.Index = 0
	case KindBar:
		fmt.Fprintf(&b, ": %s, closed %v, %+v, taker quote %v", f.Bar.Name, f.Bar.Closed, f.Bar.Bar, f.Bar.TakerBuyQuote)
		rest.Bar = Bar{}
	case KindLiquidation:
		l := f.Liquidation
		fmt.Fprintf(&b, ": %s %s %s %+v, last %v, filled %v", l.Type, l.TimeInForce, l.Status, l.Liquidation, l.Last, l.Filled)
		rest.Liquidation = Liquidation{}
	case KindAssetIndex:
		a := f.AssetIndex
		fmt.Fprintf(&b, ": %s %v, bid %v, ask %v, auto bid %v, auto ask %v", a.Asset, a.Price, a.Bid, a.Ask, a.AutoBid, a.AutoAsk)
		rest.AssetIndex = AssetIndex{}
	case KindContractInfo:
		c := f.ContractInfo
		fmt.Fprintf(&b, ": %s %q, delivery %v, onboard %v, brackets %v", c.Status, c.Type, c.Delivery, c.Onboard, c.Brackets)
		rest.ContractInfo = ContractInfo{}
	case KindReply:
		r := f.Reply
		fmt.Fprintf(&b, ": id %d, failed %v, %d %q, result %s", r.ID, r.Failed, r.Code, r.Message, r.Result)
		rest.Reply = Reply{}
	}
	if empty := fmt.Sprintf("%+v", Frame{}); fmt.Sprintf("%+v", rest) != empty {
		fmt.Fprintf(&b, "; AND OF ANOTHER KIND %+v", rest)
	}
	return b.String()
}

// TestTruncated cuts every frame at every byte.
func TestTruncated(t *testing.T) {
	var d Decoder
	for _, msg := range cases(t, filepath.Join("testdata", "frames.txt")) {
		for i := range bytes.TrimSpace(msg) {
			if f, err := d.Decode(msg[:i]); !errors.Is(err, ErrSyntax) {
				t.Fatalf("%s: %v, %v", msg[:i], f, err)
			}
		}
	}
}

// TestAllocs holds that nothing is allocated once the decoder knows the size of frames.
func TestAllocs(t *testing.T) {
	var d Decoder
	for _, msg := range cases(t, filepath.Join("testdata", "frames.txt")) {
		if f, err := d.Decode(msg); err != nil || f.Kind == KindOther || msg[0] == '[' {
			continue // a bad element, or a list that looks like levels, costs an error
		}
		if n := testing.AllocsPerRun(20, func() {
			for _, err := d.Decode(msg); err != io.EOF; _, err = d.Next() {
				if err != nil {
					t.Error(err)
				}
			}
		}); n != 0 {
			t.Errorf("%v allocations for %s", n, msg)
		}
	}
}

// TestMessageMax refuses what is too long before it looks at it.
func TestMessageMax(t *testing.T) {
	var d Decoder
	msg := append(bytes.Repeat([]byte(" "), MessageMax-2), "[]"...)
	if _, err := d.Decode(msg); err != io.EOF {
		t.Error(err)
	}
	if _, err := d.Decode(append(msg, ' ')); err == nil || err.Error() != "message of 67108865 bytes is longer than 67108864" {
		t.Error(err)
	}
}

// TestNames holds that every kind and trade type has a name, and that no other has.
func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for k := KindTrade; k <= KindOther; k++ {
		if seen[k.String()] || strings.Contains(k.String(), "(") {
			t.Errorf("kind %d is called %v", k, k)
		}
		seen[k.String()] = true
	}
	for v := TradeUnknown; v <= TradeNA; v++ {
		if seen[v.String()] || strings.Contains(v.String(), "(") {
			t.Errorf("trade type %d is called %v", v, v)
		}
		seen[v.String()] = true
	}
	if Kind(0).String() != "Kind(0)" || Kind(99).String() != "Kind(99)" || TradeType(9).String() != "TradeType(9)" {
		t.Error("names of nothing")
	}
}
