package papi

import (
	"bytes"
	"os"
	"slices"
	"testing"

	"github.com/pmbot/pmbot/exchange"
)

// BenchmarkDecode reads the answers that a live account asks for most.
func BenchmarkDecode(b *testing.B) {
	own := func(name string) []byte {
		body, err := os.ReadFile("testdata/answers/" + name + ".json")
		if err != nil {
			b.Fatal(err)
		}
		return bytes.Join(bytes.Fields(body), nil)
	}
	hundred := func(name string) []byte {
		two := own(name)
		first := two[1 : bytes.Index(two, []byte("},{"))+1]
		return append(append([]byte("["), bytes.Join(slices.Repeat([][]byte{first}, 100), []byte(","))...), ']')
	}
	for _, c := range []struct {
		name string
		body []byte
		make func() any
	}{
		{"order", own("POST_um_order"), into[UMOrderAck]},
		{"openOrders-100", hundred("GET_um_openOrders"), into[[]UMOrder]},
		{"account", own("GET_account"), into[Account]},
		{"balances-2", own("GET_balance"), into[[]Balance]},
		{"positions-100", hundred("GET_um_positionRisk"), into[[]UMPosition]},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(c.body)))
			for b.Loop() {
				if err := decode(c.body, c.make()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkQuery builds the parameters of an order.
func BenchmarkQuery(b *testing.B) {
	p := newUMOrder{
		Symbol: "BTCUSDT", Side: "BUY", Type: "LIMIT", TimeInForce: "GTC", Quantity: exchange.MustFixed("0.003"), Price: exchange.MustFixed("62909.9"),
		NewClientOrderID: "pm-7-1790000000000", NewOrderRespType: "ACK",
	}
	b.ReportAllocs()
	for b.Loop() {
		if q := p.query(); len(q.buf) == 0 {
			b.Fatal("nothing")
		}
	}
}
