package papisim

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/exchange"
)

// richConfig is the exchange of the answers: interest is charged, the UM wallet may fall
// 2,000 USDT below zero, half of it free, and there is some BNB.
func richConfig(c *Config) {
	money := decimal.RequireFromString
	m := &c.Venue.Money
	m.Interest = true
	m.NegativeFree = map[string]decimal.Decimal{"USDT": money("1000")}
	m.ExchangeAt = map[string]decimal.Decimal{"USDT": money("2000")}
	m.BorrowMax = map[string]decimal.Decimal{"ETH": money("60")}
	c.Limits = DefaultLimits()
	c.Limits.PAPI = 1_000_000 // the answers weigh more than a minute allows
	c.Venue.Balances = append(c.Venue.Balances, venue.Balance{Wallet: exchange.WalletMargin, Asset: "BNB", Amount: money("10")})
}

// poorConfig is one whose account has only coins, so that what it loses makes its USDT fall
// below zero.
func poorConfig(c *Config) {
	richConfig(c)
	c.Venue.Balances = []venue.Balance{{Wallet: exchange.WalletMargin, Asset: "BTC", Amount: decimal.NewFromInt(5)}}
}

// TestAnswers runs testdata/answers/*.txt: what every endpoint around the account answers,
// in the language of (*testSim).obey and of (*testSim).more.
func TestAnswers(t *testing.T) {
	golden(t, "testdata/answers", func(t *testing.T, text string) (out string) {
		config := richConfig
		switch {
		case strings.HasPrefix(text, "# poor"):
			config = poorConfig
		case strings.HasPrefix(text, "# burning"):
			config = func(c *Config) {
				richConfig(c)
				c.Venue.Money.BurnInterest = true
			}
		}
		inSim(t, func(t *testing.T, s *testSim) { out = script(text, s.more) }, config)
		return out
	})
}

// more obeys what obey does not:
//
//	funding INST RATE       get PATH PARAMS without a signature
//	sapi GET|POST|DELETE PATH [PARAMS]      papi GET PATH [PARAMS]     PATH below /sapi/ and /papi/
//	borrowable ASSET AMOUNT     what the pool has to lend
//	skew equity|unimmr VALUE    skew balance ASSET WALLET VALUE    skew position QTY ENTRY
//	                            reported in place of the truth; the position is that of UM's BTCUSDT
//
// $download is the id of the last bulk file, and $repay that of the last repayment.
func (s *testSim) more(line string) (string, error) {
	if n := len(s.downloads); n > 0 {
		line = strings.ReplaceAll(line, "$download", s.downloads[n-1].id)
	}
	if n := len(s.ledger.repays); n > 0 {
		line = strings.ReplaceAll(line, "$repay", fmt.Sprint(s.ledger.repays[n-1].id))
	}
	f := append(strings.Fields(line), "")
	switch f[0] {
	case "funding":
		product, symbol, _ := strings.Cut(f[1], ":")
		p, err := exchange.ParseProduct(strings.ToUpper(product))
		if err != nil {
			return "", err
		}
		in, err := s.ins.Find(p, symbol)
		if err != nil {
			return "", err
		}
		e := exchange.Event{Inst: in.ID}
		e.SetFunding(exchange.Funding{Rate: exchange.MustFixed(f[2])})
		s.show(&e)
		return "", nil
	case "sapi":
		status, body := s.send(f[1], "/sapi/"+f[2], f[3], true)
		return fmt.Sprintf("%d %s", status, body), nil
	case "papi":
		status, body := s.send(f[1], "/papi/"+f[2], f[3], true)
		return fmt.Sprintf("%d %s", status, body), nil
	case "get":
		status, body := s.send("GET", f[1], f[2], false)
		return fmt.Sprintf("%d %s", status, body), nil
	case "borrowable":
		s.mu.Lock()
		defer s.mu.Unlock()
		s.venue.SetBorrowable(f[1], decimal.RequireFromString(f[2]), s.clock.now())
		return "", nil
	case "skew":
		s.SetSkew(skewOf(f))
		return "", nil
	}
	return s.obey(line)
}

func skewOf(f []string) (k Skew) {
	value := func(text string) decimal.NullDecimal { return decimal.NewNullDecimal(decimal.RequireFromString(text)) }
	switch f[1] {
	case "equity":
		k.Equity = value(f[2])
	case "unimmr":
		k.UniMMR = value(f[2])
	case "balance":
		w, err := exchange.ParseWallet(f[3])
		if err != nil {
			panic(err)
		}
		k.Balances = []venue.Balance{{Asset: f[2], Wallet: w, Amount: value(f[4]).Decimal}}
	}
	if f[1] == "position" {
		k.Positions = []exchange.Position{{Inst: umBTC, Qty: value(f[2]).Decimal, Entry: value(f[3]).Decimal}}
	}
	return k
}

// accountEndpoints are the routes that TestAnswers must show.
func (s *Sim) accountEndpoints() []web.Route {
	return slices.Concat(s.marginOrderRoutes(), s.loanRoutes(), s.accountRoutes(), s.interestRoutes(), s.configRoutes(),
		s.fundRoutes(), s.incomeRoutes(), s.downloadRoutes(), s.sapiRoutes())
}

// answersShown are the good answers of testdata/answers, by method and path.
func answersShown(t *testing.T) map[string][]string {
	files, err := filepath.Glob("testdata/answers/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no answers: %v", err)
	}
	shown := map[string][]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := ""
		for line := range strings.Lines(string(text)) {
			line = strings.TrimSuffix(line, "\n")
			if body, ok := strings.CutPrefix(line, "  200 "); ok && name != "" {
				shown[name] = append(shown[name], body)
			}
			if strings.HasPrefix(line, "  ") {
				continue
			}
			f := append(strings.Fields(line), "", "", "")
			switch f[0] {
			case "GET", "POST", "PUT", "DELETE":
				name = f[0] + " /papi/v1/" + f[1]
			case "papi", "sapi":
				name = f[1] + " /" + f[0] + "/" + f[2]
			case "get":
				name = "GET " + f[1]
			default:
				name = ""
			}
		}
	}
	return shown
}

// TestAnswersComplete sees to it that every endpoint has a good answer in TestAnswers,
// except those that have none to give.
func TestAnswersComplete(t *testing.T) {
	s, shown := newTestSim(t), answersShown(t)
	never := map[string]string{"POST /papi/v1/cm/positionSide/dual": "the mode is UM's, and can only be refused"}
	for _, r := range s.proRoutes() {
		never[r.Method+" "+r.Path] = "of PM Pro, or closed"
	}
	for _, r := range s.accountEndpoints() {
		name := r.Method + " " + r.Path
		if _, ok := never[name]; ok == (len(shown[name]) > 0) {
			t.Errorf("%s: %d good answers; never one: %v", name, len(shown[name]), ok)
		}
	}
}
