package main

import (
	"fmt"

	"github.com/pmbot/pmbot/backtest/papisim"
)

// simAddresses is the JSON of "pmbot sim".
type simAddresses struct {
	Schema string `json:"schema"`
	// URL serves all hosts, by the Host header or by path.
	URL string `json:"url"`
	// Key is the first key's id, and Secret its secret if it is the one in every pmbot.
	Key    string `json:"key"`
	Secret string `json:"secret,omitempty"`
	// Time is the exchange's time, in milliseconds, and Speed how fast it passes.
	Time  int64 `json:"time"`
	Speed int   `json:"speed"`
}

// printSim tells where the exchange is and how to use it.
func (c *console) printSim(f *simFlags, cfg *simConfig, s *simServer, exchange *papisim.Sim) error {
	a := simAddresses{
		Schema: "pmbot.sim/1", URL: s.ports[0].url("http"), Key: cfg.Keys[0].ID, Time: exchange.Now().Millis(), Speed: cfg.Speed,
	}
	if cfg.Keys[0].Secret == simSecret {
		a.Secret = simSecret
	}
	if f.json {
		return c.printJSON(a)
	}
	fmt.Fprintf(c.out, "Simulated exchange, no real money. Stop it with Ctrl-C.\n\n  all hosts  %s\n\n  API key    %s\n", a.URL, a.Key)
	if a.Secret != "" {
		fmt.Fprintf(c.out, "  secret     %s\n", a.Secret)
	}
	return nil
}
