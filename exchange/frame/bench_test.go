//go:build unix

package frame

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"
)

const aggTrade = `{"stream":"solusdt@aggTrade","data":{"e":"aggTrade","E":1790000000124,"a":771203344,"s":"SOLUSDT","p":"141.2300",` +
	`"q":"12.50","nq":"11.00","f":9000000100,"l":9000000104,"T":1790000000021,"m":true,"st":1}}`

// BenchmarkDecode measures a message of each kind, in the form that comes over the wire
// today, and encoding/json on the first of them as a measure of the machine.
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
		{"markPrice", markPrice},
		{"kline", `{"stream":"solusdt@kline_1m","data":{"e":"kline","E":1790000012723,"s":"SOLUSDT","k":{"t":1790000000000,"T":1790000059999,` +
			`"s":"SOLUSDT","i":"1m","f":8153633367,"L":8153634395,"o":"141.1000","c":"141.2200","h":"141.3000","l":"141.0500","v":"13.551","n":1027,` +
			`"x":false,"q":"1912.73960","V":"6.426","Q":"900.85686","B":"0"}}}`},
		{"forceOrder", `{"stream":"!forceOrder@arr","data":{"e":"forceOrder","E":1790000000124,"o":{"s":"SOLUSDT","S":"SELL","o":"LIMIT","f":"IOC",` +
			`"q":"116.5","p":"138.0300","ap":"139.8564","X":"FILLED","l":"25.2","z":"116.5","T":1790000000119,"ps":"SOLUSDT","st":1}}}`},
		{"markPrice-list-100", `{"stream":"!markPrice@arr@1s","data":[` + strings.Repeat(listed(markPrice)+",", 99) + listed(markPrice) + `]}`},
		{"assetIndex-list-100", `{"stream":"!assetIndex@arr","data":[` + strings.Repeat(listed(assetIndex)+",", 99) + listed(assetIndex) + `]}`},
	} {
		b.Run(c.name, func(b *testing.B) {
			msg := []byte(c.msg)
			var d Decoder
			frames := 0
			b.SetBytes(int64(len(msg)))
			b.ReportAllocs()
			used := processorTime(b)
			for b.Loop() {
				for _, err := d.Decode(msg); err != io.EOF; _, err = d.Next() {
					if err != nil {
						b.Fatal(err)
					}
					frames++
				}
			}
			b.ReportMetric(float64(processorTime(b)-used)/float64(frames), "cpu-ns/frame")
		})
	}
	b.Run("encoding-json", func(b *testing.B) {
		b.ReportAllocs()
		used := processorTime(b)
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
		b.ReportMetric(float64(processorTime(b)-used)/float64(b.N), "cpu-ns/frame")
	})
}

// processorTime is what this process has used, in nanoseconds: others on the machine change
// it less than what passes on the clock.
func processorTime(b *testing.B) int64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

const (
	markPrice = `{"stream":"solusdt@markPrice@1s","data":{"e":"markPriceUpdate","E":1790000000000,"s":"SOLUSDT","p":"141.15000000",` +
		`"ap":"141.14000000","P":"141.47600845","i":"141.04857143","r":"0.00002760","T":1790006400000,"st":1}}`
	assetIndex = `{"stream":"solusd@assetIndex","data":{"e":"assetIndexUpdate","E":1790000000000,"s":"SOLUSD","i":"141.22330000",` +
		`"b":"0.05000000","a":"0.05000000","B":"134.16213500","A":"148.28446500","q":"0.02500000","g":"0.02500000","Q":"137.69271750",` +
		`"G":"144.75388250"}}`
)

// listed is the payload of a combined frame.
func listed(msg string) string {
	_, data, _ := strings.Cut(msg, `"data":`)
	return strings.TrimSuffix(data, "}")
}

// manyLevels returns n levels that begin at a price.
func manyLevels(n, price int) string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf(`["%d.%d0","%d.%03d"]`, price+i, i%10, i*7, i*31))
	}
	return strings.Join(list, ",")
}
