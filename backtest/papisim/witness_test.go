package papisim

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// testimony is what a witness has heard, by host and stream, without envelopes; answers by
// host and URL.
type testimony map[string][]string

func (m testimony) hear(t Told) {
	name := t.Product.String() + " " + t.Stream + t.URL
	m[name] = append(m[name], string(t.Body))
}

// TestWitness holds what a witness hears against what clients hear: one without faults hears
// the same, and one with faults less; and the witness goes on while nobody is connected.
func TestWitness(t *testing.T) {
	told := testimony{}
	inSim(t, func(t *testing.T, s *testSim) {
		dial := s.served(t)
		s.deal(umBTC, 1)
		const trades, book = "btcusdt@aggTrade", "btcusdt@depth@100ms"
		whole := dial("ws://fstream.binance.com/market/ws/" + trades)
		broken := dial("ws://fstream.binance.com/market/ws/" + trades)
		dial("ws://fstream.binance.com/public/ws/" + book + "/nosuch@trade")
		for _, f := range []Fault{{Kind: FaultFrameLost, After: 1}, {Kind: FaultFrameGarbage, After: 2}, {Kind: FaultStreamDead, After: 5}} {
			if _, err := s.Inject(f); err != nil {
				t.Fatal(err)
			}
		}
		for id := int64(2); id < 8; id++ {
			s.deal(umBTC, id)
		}
		if heard, want := whole.all(), told["UM "+trades]; len(want) != 6 || !slices.Equal(heard, want) {
			t.Errorf("a client heard %d frames, %q, the witness %d, %q", len(heard), heard, len(want), want)
		}
		if heard := broken.all(); len(heard) >= 6 {
			t.Errorf("faults let %d frames through", len(heard))
		}
		s.Disconnect(true)
		s.wait(time.Second)
		s.deal(umBTC, 9)
		s.book(umBTC, "59999x2", "60001x1")
		s.wait(time.Second)
		if n := len(told["UM "+trades]); n != 7 {
			t.Errorf("%d frames with one that no client heard", n)
		}
		differences, from := told["UM "+book], told["UM https://fapi.binance.com/fapi/v1/depth?symbol=BTCUSDT&limit=1000"]
		if len(from) != 1 || len(differences) != 1 || field(t, from[0], "lastUpdateId") != field(t, differences[0], "pu") {
			t.Errorf("the differences %q do not go on from the book %q", differences, from)
		}
		dial("ws://dstream.binance.com/ws/btcusdt@markPrice@1s")
		dial("ws://fstream.binance.com/market/ws/btcusdt@markPrice@1s")
		s.mark(umBTC, "60001")
		s.wait(2 * time.Second)
		if um, cm := told["UM btcusdt@markPrice@1s"], told["CM btcusdt@markPrice@1s"]; len(um) == 0 || !slices.Equal(um, cm) {
			t.Errorf("asked for on both hosts, a stream is told as %q and as %q", um, cm)
		}
		for name := range told {
			if strings.Contains(name, "nosuch") {
				t.Errorf("the witness heard %s", name)
			}
		}
	}, func(c *Config) { c.Witness = told.hear })
}

// TestToldLine writes lines as recordings have them.
func TestToldLine(t *testing.T) {
	for _, test := range []struct {
		told Told
		want string
	}{
		{Told{At: exchange.Millis(1_700_000_000_001), Stream: "a@b", Body: []byte("{}"), Wrapped: []byte(`{"stream":"a@b","data":{}}`)}, `x1700000000001000000 {"stream":"a@b","data":{}}`},
		{Told{At: 5, URL: "https://x/depth", Body: []byte("{}")}, "xhttps://x/depth -> 5: {}"},
	} {
		if got := string(test.told.AppendLine([]byte("x"))); got != test.want+"\n" {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
}
