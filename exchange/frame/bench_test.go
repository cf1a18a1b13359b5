package frame

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

const aggTrade = `{"stream":"solusdt@aggTrade","data":{"e":"aggTrade","E":1790000000124,"a":771203344,"s":"SOLUSDT","p":"141.2300",` +
	`"q":"12.50","nq":"11.00","f":9000000100,"l":9000000104,"T":1790000000021,"m":true,"st":1}}`

// BenchmarkDecode measures one frame of each frequent kind, in the form that comes over
// the wire today, and encoding/json on the first of them as a measure of the machine.
func BenchmarkDecode(b *testing.B) {
	for _, c := range []struct{ name, msg string }{
		{"aggTrade", aggTrade},
		{"aggTrade-raw", `{"e":"aggTrade","E":1790000000124,"a":771203344,"s":"SOLUSDT","p":"141.2300",` +
			`"q":"12.50","f":9000000100,"l":9000000104,"T":1790000000021,"m":true}`},
		{"trade", `{"stream":"solusdt@trade","data":{"e":"trade","E":1790000000322,"T":1790000000321,"s":"SOLUSDT","t":9000000105,` +
			`"p":"141.2200","q":"0.01","X":"MARKET","m":false}}`},
		{"bookTicker", `{"stream":"solusdt@bookTicker","data":{"e":"bookTicker","u":11757092630476,"s":"SOLUSDT","ps":"SOLUSDT",` +
			`"b":"141.2200","B":"30.11","a":"141.2300","A":"8.02","T":1790000000657,"E":1790000000658,"st":1}}`},
		{"depth20", `{"stream":"solusdt@depth20@100ms","data":{"e":"depthUpdate","E":1790000000616,"T":1790000000613,"s":"SOLUSDT",` +
			`"ps":"SOLUSDT","U":11757092616793,"u":11757092625654,"pu":11757092616661,"b":[` + manyLevels(20, 6141) + `],"a":[` +
			manyLevels(20, 6142) + `],"st":1}}`},
	} {
		b.Run(c.name, func(b *testing.B) {
			msg := []byte(c.msg)
			var d Decoder
			b.SetBytes(int64(len(msg)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.Decode(msg); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("encoding-json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var f struct {
				Stream string
				Data   struct {
					Name       string `json:"e"`
					Event      int64  `json:"E"`
					Time       int64  `json:"T"`
					Symbol     string `json:"s"`
					Price      string `json:"p"`
					Qty        string `json:"q"`
					ID         int64  `json:"a"`
					First      int64  `json:"f"`
					Last       int64  `json:"l"`
					BuyerMaker bool   `json:"m"`
				}
			}
			if err := json.Unmarshal([]byte(aggTrade), &f); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// manyLevels returns n levels that begin at a price.
func manyLevels(n, price int) string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf(`["%d.%d0","%d.%03d"]`, price+i, i%10, i*7, i*31))
	}
	return strings.Join(list, ",")
}
