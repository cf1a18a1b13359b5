package link_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/venue/link"
	"github.com/pmbot/pmbot/exchange"
)

var seedFlag = flag.Uint64("seed", 0, "run the random market of this seed only")

// TestRandom runs random markets with random delays and faults and holds what is told to
// the promises: nothing before it happened, each connection in order, no order of unknown
// outcome forgotten, nothing sent again, and in the end what we believe equals what is so.
func TestRandom(t *testing.T) {
	seeds := uint64(150)
	if testing.Short() {
		seeds = 30
	}
	if n, err := strconv.ParseUint(os.Getenv("PMBOT_SEEDS"), 10, 32); err == nil {
		seeds = n
	}
	counts, logs := map[string]int{}, map[string]uint64{}
	for seed := uint64(1); seed <= seeds; seed++ {
		if *seedFlag != 0 && seed != *seedFlag {
			continue
		}
		log := newMarket(t, seed, counts).run()
		if again := newMarket(t, seed, map[string]int{}).run(); again != log {
			t.Fatalf("-seed=%d: two runs differ", seed)
		}
		if other, known := logs[log]; known {
			t.Errorf("seeds %d and %d give equal logs", seed, other)
		}
		logs[log] = seed
	}
	if *seedFlag != 0 {
		return
	}
	t.Log(counts)
	for _, kind := range []string{
		"PENDING_NEW", "WORKING", "FILLED", "CANCELED", "EXPIRED", "REJECTED", "UNKNOWN", "NOT_ARRIVED", "-1021", "-1008", "-2011", "-2013",
		"FILL", "TRADE", "MARK", "doubt ended by WORKING", "doubt ended by FILLED", "doubt ended by CANCELED", "doubt ended by NOT_ARRIVED",
	} {
		if counts[kind] == 0 {
			t.Errorf("%s never happened", kind)
		}
	}
}

// market is a desk in a random market.
type market struct {
	*desk
	seed   uint64
	rng    *rand.Rand
	counts map[string]int
	log    strings.Builder
	price  exchange.Fixed

	open    []string
	status  map[string]exchange.OrderStatus
	booked  exchange.Time // when the newest booking that we know of was made
	traded  [3]int64      // the newest trade of an instrument
	trades  int64
	lastNow exchange.Time
}

func newMarket(t *testing.T, seed uint64, counts map[string]int) *market {
	m := &market{
		desk: newDesk(t), seed: seed, rng: rand.New(rand.NewPCG(seed, 7)), counts: counts, price: number("60000"),
		status: map[string]exchange.OrderStatus{},
	}
	m.config.Seed = seed
	delays := []string{"0s", "0s", "3ms", "1ms..200ms", "20ms tail 10ms", "5ms tail 50ms"}
	for _, d := range []*link.Delay{&m.config.Feed, &m.config.Entry, &m.config.Answer} {
		*d = must(link.ParseDelay(delays[m.rng.IntN(len(delays))]))
	}
	faults := []string{
		"chance 5% lose-ack", "chance 5% lose-request", "chance 10% duplicate", "chance 5% delay 700ms", "chance 1% delay 7s",
		"chance 10% reorder", "chance 5% reorder 2s", "chance 5% reject -1008", "chance 3% reject -1003", "at 20s outage 3s",
		"at 40s outage 9s market", "at 25s lose-ack", "at 30s adl UM BTCUSDT long 50%", "at 50s filter UM BTCUSDT tick 0.5",
	}
	for _, f := range faults {
		if m.rng.IntN(3) == 0 {
			m.lines = append(m.lines, f)
		}
	}
	m.seen = m.check
	return m
}

func (m *market) fail(format string, args ...any) {
	m.t.Helper()
	m.t.Fatalf("-seed=%d: %s", m.seed, fmt.Sprintf(format, args...))
}

// run trades for a minute, then waits until every doubt must have ended.
func (m *market) run() string {
	m.start()
	for m.now < m.zero.Add(time.Minute) {
		m.now = m.now.Add(time.Duration(m.rng.IntN(400)) * time.Millisecond)
		m.pass(m.now - 1)
		switch m.rng.IntN(8) {
		case 0, 1:
			m.place()
		case 2:
			if len(m.open) > 0 {
				m.obey("cancel", m.open[m.rng.IntN(len(m.open))])
			}
		case 3:
			if len(m.open) > 0 {
				m.obey("amend", m.open[m.rng.IntN(len(m.open))], m.near(100).String(), "0.5")
			}
		case 4:
			m.move("mark")
		default:
			m.move("trade")
		}
	}
	m.pass(m.now.Add(30 * time.Second))
	for _, o := range m.kernel.Orders() {
		if o.Status != exchange.StatusWorking && o.Status != exchange.StatusPartiallyFilled {
			m.fail("%s is still %v", m.names[o.Ref], o.Status)
		}
	}
	m.link.Close(m.now)
	m.hear()
	// Fills out of turn make another average entry price of ours, though not another position.
	ours, theirs := m.guard.Account(), m.link.Account()
	if reordered := strings.Contains(strings.Join(m.lines, " "), "reorder"); !reordered && !ours.Equity.Equal(theirs.Equity) {
		m.fail("we believe in an equity of %v; it is %v", ours.Equity, theirs.Equity)
	}
	return m.log.String()
}

func (m *market) obey(words ...string) {
	if err := m.desk.run(words); err != nil {
		m.fail("%v", err)
	}
}

// near is a price some dollars about the last one, on the tick.
func (m *market) near(dollars int) exchange.Fixed {
	return m.price + exchange.Fixed(m.rng.IntN(20*dollars)-10*dollars)*exchange.FixedOne/10
}

func (m *market) place() {
	name := fmt.Sprint("o", len(m.names))
	words := []string{[]string{"buy", "sell"}[m.rng.IntN(2)], name, "UM", fmt.Sprint("0.", 1+m.rng.IntN(9)), "market"}
	if m.rng.IntN(3) > 0 {
		words[4] = m.near(100).String()
		if kind := m.rng.IntN(4); kind > 1 {
			words = append(words, []string{"gtx", "ioc"}[kind-2])
		}
	}
	m.obey(words...)
	m.open = append(m.open, name)
	if len(m.open) > 20 {
		m.open = m.open[1:]
	}
}

func (m *market) move(kind string) {
	m.price = m.near(50)
	e := m.parse([]string{kind, []string{"UM", "CM"}[m.rng.IntN(2)], m.price.String(), "1"})
	if kind == "trade" {
		m.trades++
		trade := e.Trade()
		trade.ID = m.trades
		e.SetTrade(trade)
	}
	m.market(e)
}

// check holds an event that is told to what may be.
func (m *market) check(e *exchange.Event) {
	if e.At < m.lastNow || e.At < e.Exchange {
		m.fail("%v at %v, after %v, happened at %v", e.Kind, e.At, m.lastNow, e.Exchange)
	}
	m.lastNow = e.At
	m.counts[e.Kind.String()]++
	fmt.Fprintln(&m.log, e.Kind, e.At, e.Exchange, m.told(e))
	switch e.Kind {
	case exchange.KindTrade:
		if id := e.Trade().ID; id < m.traded[e.Inst] {
			m.fail("trade %d after %d", id, m.traded[e.Inst])
		}
		m.traded[e.Inst] = e.Trade().ID
	case exchange.KindLedger:
		if e.Exchange < m.booked {
			m.fail("a booking of %v after one of %v", e.Exchange, m.booked)
		}
		m.booked = e.Exchange
	case exchange.KindFill:
		if s := m.status[e.Fill().ClientID]; s == exchange.StatusNotArrived || s == exchange.StatusRejected {
			m.fail("%s filled, but it was %v", e.Fill().ClientID, s)
		}
	case exchange.KindOrderUpdate:
		m.update(e.OrderUpdate())
	}
}

func (m *market) update(u *exchange.OrderUpdate) {
	if u.ID == 0 {
		return // of an order of the exchange's
	}
	was := m.status[u.ClientID]
	m.counts[u.Status.String()]++
	if u.Code != 0 {
		m.counts[fmt.Sprint(u.Code)]++
	}
	switch {
	case u.Code == -4116:
		m.fail("%s was sent again", u.ClientID)
	case was.Final():
		m.fail("%s is %v after it was %v", u.ClientID, u.Status, was)
	case was == exchange.StatusUnknown && u.Status != was:
		m.counts["doubt ended by "+u.Status.String()]++
	}
	m.status[u.ClientID] = u.Status
}
