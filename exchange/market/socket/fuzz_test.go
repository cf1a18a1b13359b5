package socket

import (
	"bytes"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// FuzzReceive lets two connections, one taking over from the other, bring any messages: the
// lines of the input, those that begin with a space on the second. Nothing panics, and
// nothing is delivered that did not come.
func FuzzReceive(f *testing.F) {
	f.Add([]byte(`{"stream":"btcusdt@trade","data":{"e":"trade","E":1,"T":1,"s":"BTCUSDT","t":5,"p":"1","q":"1","X":"MARKET","m":false}}` + "\n" +
		` {"stream":"btcusdt@trade","data":{"e":"trade","E":1,"T":1,"s":"BTCUSDT","t":6,"p":"1","q":"1","X":"MARKET","m":false}}`))
	f.Add([]byte(` {"stream":"!ticker@arr","data":[{"e":"24hrTicker","E":1},{"e":"24hrTicker","E":2}]}` + "\n" + `{"stream":"!ticker@arr","data":[]}`))
	f.Add([]byte(`{"result":null,"id":1}` + "\n" + ` {"result":null,"id":1}` + "\n" + `{"error":{"code":4,"msg":"Too many subscriptions"}}`))
	f.Add([]byte(`{"error":{"code":2,"msg":"x"},"id":1}` + "\n" + ` {"error":{"code":4,"msg":"Too many subscriptions"},"id":1}`))
	f.Add([]byte("<html>\n \xff\xfe\n{\"stream\":\"btcusdt@trade\",\"data\":{\n {\"stream\":\"btcusdt@trade"))
	f.Add([]byte(`{"stream":"btcusdt@markPrice","data":{"e":"markPriceUpdate","E":9223372036854775807,"s":"BTCUSDT","p":"1","i":"1","P":"1","r":"0","T":0}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := newScene(t)
		s.rules.perConnection, s.rules.rotate = 1024, time.Second
		if err := s.update(parse(t, exchange.UM, "btcusdt@markPrice", "btcusdt@aggTrade", "!ticker@arr", "btcusdt@ticker"), nil); err != nil {
			t.Fatal(err)
		}
		s.play([]string{"pass", "200ms"})
		s.play([]string{"open", "1"})
		s.play([]string{"pass", "1s"})
		s.play([]string{"open", "2"})
		s.play([]string{"pass", "400ms"})
		s.out.Reset()
		for line := range bytes.Lines(data) {
			line = bytes.TrimSuffix(line, []byte("\n"))
			conn := 1
			if len(line) > 0 && line[0] == ' ' {
				conn, line = 2, line[1:]
			}
			s.come(conn, string(line))
			s.play([]string{"pass", "200ms"})
		}
		s.play([]string{"pass", "1m"})
	})
}
