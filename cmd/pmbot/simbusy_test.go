package main

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/pmbot/pmbot/backtest/papisim"
	"github.com/pmbot/pmbot/configs"
	"github.com/pmbot/pmbot/exchange"
)

// busyStreams are the streams that sim-busy.toml counts, by class.
func busyStreams(ins *exchange.Instruments) (public, market []string) {
	for _, in := range ins.All() {
		if in.Product != exchange.UM {
			continue
		}
		symbol := strings.ToLower(in.Symbol)
		public = append(public, symbol+"@bookTicker", symbol+"@depth@100ms", symbol+"@trade")
		market = append(market, symbol+"@aggTrade", symbol+"@markPrice@1s", symbol+"@kline_1m")
	}
	return public, append(market, "!contractInfo", "!forceOrder@arr", "!miniTicker@arr", "!assetIndex@arr")
}

// TestBusySim holds sim-busy.toml to what it promises: its 1,024 streams, two of which say
// something seldom, and 5,000 frames in a second, all of which reach a client.
func TestBusySim(t *testing.T) {
	text, err := configs.FS.ReadFile("sim-busy.toml")
	if err != nil {
		t.Fatal(err)
	}
	c, err := loadSim(&simText{"sim-busy.toml", string(text)}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.Keys = []simKey{fullKey(simKeyID, simSecret)}
	m, err := openSimMarket(c)
	if err != nil {
		t.Fatal(err)
	}
	told, streams := map[string]int{}, map[string]bool{}
	s, err := newSim(t.Context(), c, m, func(n papisim.Told) {
		if n.Stream != "" {
			told[n.Stream]++
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler(papisim.FStream))
	defer server.Close()
	public, market := busyStreams(m.ins)
	heard := map[string]int{}
	url := "ws" + strings.TrimPrefix(server.URL, "http")
	frames := make(chan string, 1024)
	for _, route := range []struct {
		path  string
		names []string
	}{{"/public/stream", public}, {"/market/stream", market}} {
		for _, name := range route.names {
			streams[name] = true
		}
		conn, answer, err := websocket.DefaultDialer.Dial(url+route.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		defer conn.Close()
		go listen(conn, frames)
		for names := range slices.Chunk(route.names, 200) {
			if err := conn.WriteJSON(map[string]any{"method": "SUBSCRIBE", "params": names, "id": 1}); err != nil {
				t.Fatal(err)
			}
			for name := <-frames; name != ""; name = <-frames { // time passes by itself, too
				heard[name]++
			}
		}
	}
	const seconds = 10
	if err := s.Forward(t.Context(), seconds*time.Second); err != nil {
		t.Fatal(err)
	}
	total := sum(told)
	for missing := total - sum(heard); missing > 0; missing-- {
		heard[<-frames]++
	}
	if len(streams) != 1024 || len(told) < 1022 || total < 5000*seconds {
		t.Errorf("%d of %d streams told %d frames in %d seconds", len(told), len(streams), total, seconds)
	}
	for name, n := range told {
		if heard[name] != n || !streams[name] {
			t.Errorf("%s was told %d times and heard %d times", name, n, heard[name])
		}
	}
}

// listen reads a websocket to its end and says which stream each frame is of, "" for answers.
func listen(conn *websocket.Conn, frames chan<- string) {
	for {
		_, data, err := conn.ReadMessage()
		if err != nil {
			return
		}
		_, name, _ := strings.Cut(string(data), `{"stream":"`)
		name, _, _ = strings.Cut(name, `"`)
		frames <- name
	}
}

func sum(counts map[string]int) (n int) {
	for _, count := range counts {
		n += count
	}
	return n
}
