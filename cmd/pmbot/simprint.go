package main

import (
	"fmt"
	"time"

	"github.com/pmbot/pmbot/backtest/papisim"
	"github.com/pmbot/pmbot/exchange"
)

// simAddresses is the JSON of "pmbot sim".
type simAddresses struct {
	Schema string `json:"schema"`
	// URL serves all hosts, by the Host header or by path; the others one websocket host
	// each, and Admin the admin port.
	URL     string `json:"url"`
	FStream string `json:"fstream"`
	DStream string `json:"dstream"`
	Stream  string `json:"stream"`
	Admin   string `json:"admin"`
	// Key is the first key's id, and Secret its secret if it is the one in every pmbot.
	Key    string `json:"key"`
	Secret string `json:"secret,omitempty"`
	// Time is the exchange's time, in milliseconds, and Speed how fast it passes.
	Time  int64 `json:"time"`
	Speed int   `json:"speed"`
}

// printSim tells where the exchange is and how to use it.
func (c *console) printSim(f *simFlags, cfg *simConfig, s *simServer, sim *papisim.Sim, m *simMarket) error {
	a := simAddresses{
		Schema: "pmbot.sim/1", URL: s.address("all", "http"), FStream: s.address("fstream", "ws"), DStream: s.address("dstream", "ws"),
		Stream: s.address("stream", "ws"), Admin: s.address("admin", "http"),
		Key: cfg.Keys[0].ID, Time: sim.Now().Millis(), Speed: cfg.Speed,
	}
	if cfg.Keys[0].Secret == simSecret {
		a.Secret = simSecret
	}
	if f.json {
		return c.printJSON(a)
	}
	secret := "as given"
	if a.Secret != "" {
		secret = a.Secret + "   (in every pmbot; no secret at all)"
	}
	curl := "curl -s"
	if f.cert != "" {
		curl += " --cacert " + f.cert
	}
	_, err := fmt.Fprintf(c.out, `A simulated Portfolio Margin exchange. No real money. Ctrl-C stops it.

  papi, fapi, dapi, api, sapi   %[1]s
  user stream                   %[2]s/pm/ws/<listenKey>
  fstream.binance.com           %[2]s
  dstream.binance.com           %[3]s
  stream.binance.com            %[4]s
  admin                         %[5]s
  time                          %[8]s
  API key                       %[6]s
  secret                        %[7]s

Give a client these addresses in place of https://papi.binance.com and so on, for example
  %[9]s %[1]s/fapi/v1/ticker/bookTicker?symbol=BTCUSDT
To lose the answer to the next order, while the order is placed:
  curl -s %[5]s/faults -d '{"kind":"lost_reply","method":"POST","path":"/papi/v1/um/order"}'
Everything else that can go wrong, and what can be moved:
  curl -s %[5]s/
`, a.URL, a.FStream, a.DStream, a.Stream, a.Admin, a.Key, secret, simTime(cfg, sim.Now(), m), curl)
	return err
}

// simTime tells what time it is there, how fast it passes, and when a tape ends.
func simTime(cfg *simConfig, now exchange.Time, m *simMarket) string {
	text := now.Floor(time.Second).String()
	if cfg.Speed > 1 {
		text += fmt.Sprintf(", %d seconds in one of ours", cfg.Speed)
	}
	if m.ends != 0 {
		text += fmt.Sprintf("; the tape ends at %v, and prices stand still then", m.ends.Floor(time.Second))
	}
	return text
}
