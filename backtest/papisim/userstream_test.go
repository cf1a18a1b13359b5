package papisim

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// TestUserStream runs testdata/stream/*.txt: requests and what the market does meanwhile, in
// the language of (*testSim).obey and with "funding INST RATE", each followed by what the user
// stream says of it. Answers are left out unless they are a no.
func TestUserStream(t *testing.T) {
	golden(t, "testdata/stream", func(t *testing.T, text string) (out string) {
		config := func(*Config) {}
		if strings.HasPrefix(text, "# rich") {
			config = richConfig
		}
		inSim(t, func(t *testing.T, s *testSim) {
			c := s.served(t)("ws://fstream.binance.com/pm/ws/" + s.listenKey())
			out = script(text, func(line string) (string, error) {
				answer, err := s.act(line)
				lines := c.all()
				if answer != "" && !strings.HasPrefix(answer, "200 ") {
					lines = append([]string{answer}, lines...)
				}
				return strings.Join(lines, "\n"), err
			})
		}, config)
		return out
	})
}

// act obeys a line of the language, or one of this test's own.
func (s *testSim) act(line string) (string, error) {
	f := strings.Fields(line)
	if f[0] != "funding" {
		return s.obey(line)
	}
	in, err := s.ins.Find(exchange.UM, strings.TrimPrefix(f[1], "um:"))
	if err != nil {
		return "", err
	}
	e := exchange.Event{Inst: in.ID}
	e.SetFunding(exchange.Funding{Rate: exchange.MustFixed(f[2]), Mark: s.venue.MarkOf(in.ID), Interval: 8 * time.Hour})
	s.show(&e)
	return "", nil
}

// listenKey is the account's.
func (s *testSim) listenKey() string {
	s.t.Helper()
	status, body := s.send("POST", "/papi/v1/listenKey", "", false)
	var answer struct {
		Key string `json:"listenKey"`
	}
	if err := json.Unmarshal([]byte(body), &answer); status != 200 || err != nil || len(answer.Key) != listenKeyLength {
		s.t.Fatalf("listenKey: %d %s", status, body)
	}
	return answer.Key
}
