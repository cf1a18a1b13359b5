package papisim

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// universe listens to what everybody is told of contracts.
type universe struct {
	s           *testSim
	infos, feed *client
}

func watch(t *testing.T, s *testSim) *universe {
	dial := s.served(t)
	return &universe{
		s, dial("ws://fstream.binance.com/market/ws/!contractInfo"),
		dial("ws://fstream.binance.com/market/stream?streams=ltcusdt@aggTrade/ltcusdt@markPrice@1s/btcusdt@aggTrade/btcusdt@markPrice@1s/btcusdt@kline_1m"),
	}
}

// told is what contractInfo has said since the last call, without the times.
func (u *universe) told() string {
	var list []string
	for _, f := range u.infos.all() {
		var e struct {
			S, Ct, Cs string
			Bks       json.RawMessage
		}
		if err := json.Unmarshal([]byte(f), &e); err != nil {
			u.s.t.Fatal(err)
		}
		list = append(list, strings.TrimSpace(e.S+" "+e.Ct+" "+e.Cs+" "+string(e.Bks)))
	}
	return strings.Join(list, "; ")
}

// info is what exchangeInfo says of a symbol: its status and contract type, "" for nothing.
func (u *universe) info(path, symbol string) string {
	u.s.t.Helper()
	_, body := u.s.send("GET", path, "", false)
	var a struct {
		Symbols []struct{ Symbol, Status, ContractStatus, ContractType string }
	}
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		u.s.t.Fatal(err, body)
	}
	for _, s := range a.Symbols {
		if s.Symbol == symbol {
			return s.ContractType + " " + s.Status + s.ContractStatus
		}
	}
	return ""
}

// kinds are the kinds of frames that the streams have told of a coin, each once.
func (u *universe) kinds(coin string) string {
	var list []string
	seen := map[string]bool{}
	for _, f := range u.feed.all() {
		name, _, _ := strings.Cut(strings.TrimPrefix(f, `{"stream":"`), `"`)
		if strings.HasPrefix(name, coin+"usdt@") && !seen[name] {
			seen[name] = true
			list = append(list, strings.TrimPrefix(name, coin+"usdt@"))
		}
	}
	return strings.Join(list, " ")
}

// move lets something happen to a contract for two seconds.
func (u *universe) move(inst exchange.InstrumentID) {
	u.s.mark(inst, "60000")
	u.s.trade(inst, "60000", "1")
	u.s.wait(2 * time.Second)
}

// TestStatusOfSymbols gives a symbol one status after the other: what contractInfo and
// exchangeInfo tell of it, and which of its streams go on.
func TestStatusOfSymbols(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		u := watch(t, s)
		u.move(umBTC)
		all := u.kinds("btc")
		for _, test := range []struct{ status, contract, kinds string }{
			{"PRE_DELIVERING", "PERPETUAL_DELIVERING", "markPrice@1s"}, {"SETTLING", "PERPETUAL", ""}, {"CLOSE", "PERPETUAL", ""},
			{"TRADING", "PERPETUAL", all}, {"HALT", "PERPETUAL", "markPrice@1s"}, {"PENDING_TRADING", "PERPETUAL", ""},
		} {
			s.wait(time.Minute) // candles have closed
			u.feed.all()
			if status, body := s.admin("POST", "/status", `{"product":"UM","symbol":"BTCUSDT","status":"`+test.status+`"}`); status != 200 {
				t.Fatal(status, body)
			}
			if got, want := u.told(), "BTCUSDT "+test.contract+" "+test.status; got != want {
				t.Errorf("contractInfo says %q, want %q", got, want)
			}
			if got, want := u.info("/fapi/v1/exchangeInfo", "BTCUSDT"), test.contract+" "+test.status; got != want {
				t.Errorf("exchangeInfo says %q, want %q", got, want)
			}
			u.move(umBTC)
			if got := u.kinds("btc"); got != test.kinds && got != strings.TrimSpace(test.kinds+" kline_1m") {
				t.Errorf("%s: %q goes on, want %q", test.status, got, test.kinds)
			}
		}
	})
}

// TestNewListing lists a contract that nobody could see before.
func TestNewListing(t *testing.T) {
	const umLTC = 7
	inSim(t, func(t *testing.T, s *testSim) {
		u := watch(t, s)
		u.move(umLTC)
		if got := u.kinds("ltc") + u.info("/fapi/v1/exchangeInfo", "LTCUSDT"); got != "" {
			t.Errorf("before it is listed one hears %q", got)
		}
		if status, body := s.send("GET", "/fapi/v1/depth", "symbol=LTCUSDT", false); status != 400 || !strings.Contains(body, "-1121") {
			t.Errorf("before it is listed: %d %s", status, body)
		}
		for _, status := range []string{"PENDING_TRADING", "TRADING"} {
			s.admin("POST", "/status", `{"product":"UM","symbol":"LTCUSDT","status":"`+status+`"}`)
			if got := u.told() + ", " + u.info("/fapi/v1/exchangeInfo", "LTCUSDT"); got != "LTCUSDT PERPETUAL "+status+", PERPETUAL "+status {
				t.Errorf("at its listing one hears %q", got)
			}
		}
		u.feed.say(`{"method":"UNSUBSCRIBE","params":["ltcusdt@aggTrade"],"id":1}`)
		u.feed.say(`{"method":"SUBSCRIBE","params":["ltcusdt@aggTrade"],"id":2}`)
		u.move(umLTC)
		if got := u.kinds("ltc"); got != "aggTrade" {
			t.Errorf("of what was subscribed after the listing one hears %q", got)
		}
	}, func(c *Config) {
		list := c.Venue.Instruments.All()
		list[umLTC-1].Status = ""
		ins, err := exchange.NewInstruments(list...)
		if err != nil {
			t.Fatal(err)
		}
		c.Venue.Instruments = ins
	})
}

// TestNewBrackets tells the brackets that have changed, and nothing when nothing has.
func TestNewBrackets(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		u := watch(t, s)
		for _, factor := range []string{"0.5", "1"} {
			if status, body := s.admin("POST", "/brackets", `{"product":"UM","symbol":"BTCUSDT","factor":"`+factor+`"}`); status != 200 {
				t.Fatal(status, body)
			}
		}
		got := u.told()
		if want := `BTCUSDT PERPETUAL TRADING [{"bs":1,"bnf":0,"bnc":`; !strings.HasPrefix(got, want) || strings.Count(got, "PERPETUAL") != 1 {
			t.Errorf("contractInfo says %q, want %q once", got, want)
		}
		if t.Log(got); !strings.Contains(got, `"ma":`) || !strings.HasSuffix(got, "}]") {
			t.Errorf("contractInfo says %q", got)
		}
	})
}

// TestDeliveryIsTold lets a quarterly deliver: contractInfo and exchangeInfo tell it, and it
// has no mark any more.
func TestDeliveryIsTold(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		u := watch(t, s)
		s.mark(cmBTC, "60000")
		s.wait(time.Hour)
		if got := u.told(); got != "BTCUSD_PERP CURRENT_QUARTER DELIVERED" {
			t.Errorf("contractInfo says %q", got)
		}
		if got := u.info("/dapi/v1/exchangeInfo", "BTCUSD_PERP"); got != "CURRENT_QUARTER DELIVERED" {
			t.Errorf("exchangeInfo says %q", got)
		}
	}, func(c *Config) {
		list := c.Venue.Instruments.All()
		list[cmBTC-1].ContractType, list[cmBTC-1].Delivery = "CURRENT_QUARTER", testStart.Add(30*time.Minute)
		ins, err := exchange.NewInstruments(list...)
		if err != nil {
			t.Fatal(err)
		}
		c.Venue.Instruments = ins
	})
}
