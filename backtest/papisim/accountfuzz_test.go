package papisim

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/backtest/papisim/web"
)

// FuzzAccount sends anything to the endpoints of margin, account, history and sapi: they
// answer in JSON, keep no order that they refuse, leave the account's money alone when they
// refuse, and never panic.
func FuzzAccount(f *testing.F) {
	s := newTestSim(f, richConfig)
	s.book(spotBTC, "59999x1000", "60001x1000")
	routes := s.accountEndpoints()
	files, err := filepath.Glob("testdata/answers/*.txt")
	if err != nil || len(files) == 0 {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			for i, r := range routes {
				words := strings.Fields(line)
				if len(words) == 3 && words[0] == r.Method && strings.HasSuffix(r.Path, "/"+words[1]) {
					f.Add(uint8(i), words[2])
				}
			}
		}
	}
	f.Add(uint8(0), "symbol=BTCUSDT&side=BUY&type=MARKET&quoteOrderQty=92233720368.54775807")
	f.Add(uint8(1), "symbol=BTCUSDT&side=SELL&quantity=0.1&price=92233720368&stopPrice=0.00000001&limitIcebergQty=0.00000001")
	f.Add(uint8(13), "asset=ETH&amount=92233720368.54775807")
	f.Fuzz(func(t *testing.T, endpoint uint8, query string) {
		params, wrong := web.ReadParams(query, "")
		if wrong != nil {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		orders, booked := len(s.records.all), s.ledger.lastID
		r := &routes[int(endpoint)%len(routes)]
		answer, wrong := r.Serve(&web.Call{Params: params, At: s.clock.now(), Key: testKey, Header: http.Header{}})
		s.tell()
		if wrong != nil {
			if len(s.records.all) != orders || s.ledger.lastID != booked || wrong.Code == 0 || wrong.Msg == "" {
				t.Errorf("%s %s: %d orders became %d, %d bookings more: %v", r.Method, r.Path, orders, len(s.records.all), s.ledger.lastID-booked, wrong)
			}
			return
		}
		if body, err := json.Marshal(answer); err != nil {
			t.Errorf("%s %s: %s: %v", r.Method, r.Path, body, err)
		}
	})
}
