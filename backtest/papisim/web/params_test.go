package web_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// readings read one parameter, "x", in each of the ways that there are.
var readings = map[string]func(*web.Params) any{
	"text":  func(p *web.Params) any { return p.Text("x") },
	"need":  func(p *web.Params) any { return p.Need("x") },
	"int":   func(p *web.Params) any { return p.Int("x") },
	"fixed": func(p *web.Params) any { return p.Fixed("x") },
	"bool":  func(p *web.Params) any { return p.Bool("x") },
	"word": func(p *web.Params) any {
		return p.OneOf("x", web.Errorf(-1117, "Invalid side."), "BUY", "SELL")
	},
	"unwanted": func(p *web.Params) any { p.Unwanted("x"); return "" },
}

func TestParams(t *testing.T) {
	for _, c := range []struct{ query, body, reading, want string }{
		{"x=a", "", "text", "a"},
		{"x=a", "x=b", "text", "a"}, // the query wins
		{"", "x=b", "text", "b"},
		{"y=1&x=a%20%E6%B5%8B&", "", "text", "a 测"},
		{"x=", "", "text", "-1105"},
		{"y=1", "", "need", "-1102"},
		{"x=", "", "need", "-1102"},
		{"x=1&x=1", "", "text", "-1101"},
		{"x=%zz", "", "text", "-1100"},
		{"x=%ff", "", "text", "-1100"},
		{strings.Repeat("a=1&", 1) + many(100), "", "text", "-1101"},
		{many(100), "", "text", ""},
		{"x=12", "", "int", "12"},
		{"x=-12", "", "int", "-1100"},
		{"x=+12", "", "int", "-1100"},
		{"x=1.5", "", "int", "-1100"},
		{"x=99999999999999999999", "", "int", "-1100"},
		{"x=1.50", "", "fixed", "1.5"},
		{"x=1e5", "", "fixed", "-1100"},
		{"x=-1", "", "fixed", "-1100"},
		{"x=.5", "", "fixed", "-1100"},
		{"x=0.000000001", "", "fixed", "-1111"},
		{"x=99999999999999999999", "", "fixed", exchange.FixedMax.String()},
		{"x=TRUE", "", "bool", "true"},
		{"x=yes", "", "bool", "-1130"},
		{"", "", "bool", "false"},
		{"x=BUY", "", "word", "BUY"},
		{"x=buy", "", "word", "-1117"},
		{"x=", "", "unwanted", "-1106"},
		{"y=1", "", "unwanted", ""},
	} {
		p, wrong := web.ReadParams(c.query, c.body)
		got := ""
		if wrong == nil {
			got = fmt.Sprint(readings[c.reading](p))
			wrong = p.Err()
		}
		if wrong != nil {
			got = fmt.Sprint(wrong.Code)
		}
		if got != c.want {
			t.Errorf("%s of %.40q and %q is %s, want %s", c.reading, c.query, c.body, got, c.want)
		}
	}
}

// many are parameters with different names.
func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "p%d=1&", i)
	}
	return b.String()
}

// FuzzParams: nothing that is sent makes the reading panic, and what is read is text.
func FuzzParams(f *testing.F) {
	f.Add("symbol=BTCUSDT&x=1", "x=2")
	f.Add("x=%E6%B5%8B", "x=%ff")
	f.Fuzz(func(t *testing.T, query, body string) {
		for name, read := range readings {
			p, wrong := web.ReadParams(query, body)
			if wrong != nil {
				return
			}
			if v, ok := read(p).(string); ok && !utf8.ValidString(v) {
				t.Errorf("%s gives %q", name, v)
			}
		}
	})
}
