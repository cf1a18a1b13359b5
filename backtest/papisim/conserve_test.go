package papisim

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
)

// TestConservation trades at random for some hours, over HTTP alone, and then explains all
// of it: what each wallet has moved by is the sum of the rows that tell of it, and of the
// events; positions are the sums of their fills, orders those of their executions, and the
// last event of anything says what a query says.
func TestConservation(t *testing.T) {
	for seed := range uint64(12) {
		inSim(t, func(t *testing.T, s *testSim) {
			c := s.served(t)("ws://fstream.binance.com/pm/ws/" + s.listenKey())
			a := account{t: t, s: s, seed: seed, moves: moves{}, last: map[string]decimal.Decimal{}}
			start := a.wallets()
			r := rand.New(rand.NewPCG(seed, 2))
			for range 150 {
				s.market(r)
				s.obey(action(r)) // some are refused, as some are anywhere
				s.wait(time.Duration(r.IntN(120)) * time.Second)
				if s.call("PUT", "/papi/v1/listenKey", ""); r.IntN(10) == 0 {
					s.act("funding um:BTCUSDT 0.0001")
				}
			}
			a.frames = c.all()
			a.check(start, a.wallets())
		}, richConfig)
	}
}

// market shows books around a price that wanders, and trades that may meet orders.
func (s *testSim) market(r *rand.Rand) {
	p := 60000 + r.IntN(400) - 200
	for _, name := range [...]string{"um:BTCUSDT", "cm:BTCUSD_PERP", "margin:BTCUSDT"} {
		for _, line := range [...]string{
			fmt.Sprintf("book %s %d.5x500 %d.5x500 / %d.5x500 %d.5x500", name, p-1, p-2, p+1, p+2),
			fmt.Sprintf("mark %s %d", name, p), fmt.Sprintf("trade %s %d 50", name, p), fmt.Sprintf("sold %s %d 50", name, p),
		} {
			if !strings.HasPrefix(line, "mark margin") {
				if _, err := s.obey(line); err != nil {
					s.t.Fatal(line, err)
				}
			}
		}
	}
}

// action is something that a client may do.
func action(r *rand.Rand) string {
	one := func(words ...string) string { return words[r.IntN(len(words))] }
	side := "&side=" + one("BUY", "SELL")
	kind := one("&type=MARKET", "&type=LIMIT&timeInForce=GTC&price=", "&type=LIMIT&timeInForce=IOC&price=")
	if strings.HasSuffix(kind, "=") {
		kind += fmt.Sprint(60000 + r.IntN(300) - 150)
	}
	effect := "&sideEffectType=" + one("NO_SIDE_EFFECT", "MARGIN_BUY", "AUTO_REPAY", "AUTO_BORROW_REPAY")
	asset := "asset=" + one("USDT", "BTC", "ETH")
	return one(
		"POST um/order symbol=BTCUSDT&quantity=0."+one("011", "2", "305")+side+kind,
		"POST um/order symbol=BTCUSDT&quantity=0."+one("017", "1", "222")+side+kind,
		"POST cm/order symbol=BTCUSD_PERP&quantity="+one("1", "17", "60")+side+kind,
		"POST margin/order symbol=BTCUSDT&quantity=0."+one("00513", "11", "9")+side+kind+effect,
		"POST margin/order symbol=BTCUSDT&quantity="+one("1.5", "2")+side+kind+effect,
		"POST margin/order/oco symbol=BTCUSDT&quantity=0.3&side=SELL&price=60100&stopPrice=59950"+one("", effect),
		"POST um/algo/order algoType=CONDITIONAL&symbol=BTCUSDT&type=STOP_MARKET&side=BUY&quantity=0.05&triggerPrice=6"+one("0050", "0150"),
		"POST marginLoan "+asset+"&amount=0."+one("5", "123"), "POST repayLoan "+asset+"&amount=0."+one("1", "6"),
		"POST asset-collection "+asset, "POST auto-collection", "POST repay-futures-negative-balance",
		"POST bnb-transfer amount=0.3&transferSide="+one("TO_UM", "FROM_UM"), "POST um/feeBurn feeBurn="+one("true", "false"),
		"DELETE um/allOpenOrders symbol=BTCUSDT", "DELETE margin/allOpenOrders symbol=BTCUSDT",
	)
}

// moves are sums of movements by what has moved, such as "um USDT".
type moves map[string]decimal.Decimal

func (m moves) add(what string, by decimal.Decimal) { m[what] = m[what].Add(by) }

// account is what a client of the account's pages and stream can work out.
type account struct {
	t      *testing.T
	s      *testSim
	seed   uint64
	frames []string
	moves  moves                      // by the lists
	last   map[string]decimal.Decimal // by the last event
}

// wallets are all balances, by the names of the moves.
func (a *account) wallets() moves {
	var list []map[string]any
	a.s.ask("/papi/v1/balance", &list)
	m := moves{}
	for _, b := range list {
		asset := b["asset"].(string)
		for name, field := range map[string]string{
			"um": "umWalletBalance", "cm": "cmWalletBalance", "margin": "crossMarginAsset", "free": "crossMarginFree",
			"loan": "crossMarginBorrowed", "interest": "crossMarginInterest",
		} {
			m[name+" "+asset] = decimal.RequireFromString(b[field].(string))
		}
	}
	return m
}

// check explains the difference of two states of the wallets.
func (a *account) check(from, to moves) {
	streamed := a.listen()
	a.income("um", "BTCUSDT")
	a.income("cm", "BTCUSD_PERP")
	a.marginTrades()
	a.loans()
	for what, now := range to {
		if by := now.Sub(from[what]); !strings.HasPrefix(what, "free") && !by.Equal(a.moves[what]) {
			a.t.Errorf("seed %d: %s has moved by %v, the lists say %v", a.seed, what, by, a.moves[what])
		}
		if said, ok := a.last[what]; ok && !said.Equal(now) {
			a.t.Errorf("seed %d: %s is %v, the last event says %v", a.seed, what, now, said)
		}
		if by := now.Sub(from[what]); strings.HasPrefix(what, "margin") && !by.Equal(streamed[what]) {
			a.t.Errorf("seed %d: %s has moved by %v, the events say %v", a.seed, what, by, streamed[what])
		}
	}
	for _, p := range [...]struct{ path, name string }{{"um/positionRisk", "position BTCUSDT"}, {"cm/positionRisk", "position BTCUSD_PERP"}} {
		var rows []struct{ PositionAmt decimal.Decimal }
		a.s.ask("/papi/v1/"+p.path, &rows)
		held := decimal.Zero
		for _, row := range rows {
			held = held.Add(row.PositionAmt)
		}
		if !held.Equal(a.moves[p.name]) || !held.Equal(streamed[p.name]) {
			a.t.Errorf("seed %d: %s is %v, the fills say %v, the events %v", a.seed, p.name, held, a.moves[p.name], streamed[p.name])
		}
	}
}
