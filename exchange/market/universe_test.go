package market

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market/rest"
	"github.com/pmbot/pmbot/exchange/market/socket"
)

// The world is a Tap that counts the answers of exchangeInfo.
func (w *world) Message(*socket.Message) {}
func (w *world) Notice(Notice)           {}
func (w *world) Answer(_ exchange.Product, a rest.Answer) {
	if strings.HasSuffix(a.URL, "/exchangeInfo") {
		w.infos++
	}
}

// change lets the exchange change its terms.
func (w *world) change(change func(v *venue.Venue, at exchange.Time) error) {
	w.t.Helper()
	if err := w.sim.Change(change); err != nil {
		w.t.Error(err)
	}
}

// TestUniverse lets the exchange settle a symbol and trade it again, change rules, list a
// symbol, deliver one and take a break of spot, and holds what the feed says and does;
// testdata/universe.txt.
func TestUniverse(t *testing.T) {
	bubble(t, func(t *testing.T) {
		list := listed(t).All()
		dated := list[cmBTC-1]
		dated.Symbol, dated.ContractType, dated.Delivery = "BTCUSD_261102", "CURRENT_QUARTER", faultStart.Add(3*time.Minute)
		list = append(list, dated)
		own, err := exchange.NewInstruments(list...)
		if err != nil {
			t.Fatal(err)
		}
		fresh := list[umBTC-1]
		fresh.Symbol, fresh.Pair, fresh.Base, fresh.Status = "ETHUSDT", "ETHUSDT", "ETH", "PENDING_TRADING"
		ins, err := exchange.NewInstruments(append(list, fresh)...)
		if err != nil {
			t.Fatal(err)
		}
		w := newWorld(t, ins, faultStart, 20)
		w.own = own
		status := func(inst exchange.InstrumentID, status string) {
			w.change(func(v *venue.Venue, at exchange.Time) error { return v.SetStatus(inst, status, at) })
		}
		during := func() {
			for _, step := range []struct {
				after time.Duration
				do    func()
			}{
				{21300 * time.Millisecond, func() { status(umBTC, "SETTLING") }},
				{40 * time.Second, func() { status(umBTC, "TRADING") }},
				{20 * time.Second, func() {
					w.change(func(v *venue.Venue, at exchange.Time) error {
						return v.SetFilter(cmBTC, func(in *exchange.Instrument) {
							in.Tick, in.Lot.Max = exchange.MustFixed("0.5"), exchange.MustFixed("500")
						}, at)
					})
				}},
				{20 * time.Second, func() { status(5, "TRADING") }},
				{10 * time.Second, func() { status(spotBTC, "BREAK") }},
			} {
				<-time.After(step.after)
				step.do()
			}
		}
		w.listen(Config{Refresh: time.Minute, Tap: w}, []string{
			"UM btcusdt@aggTrade", "UM btcusdt@depth@100ms", "UM btcusdt@markPrice@1s", "UM !contractInfo", "CM btcusd_perp@aggTrade",
			"CM btcusd_261102@aggTrade", "CM btcusd_261102@depth@100ms", "CM btcusd_261102@markPrice@1s", "CM !contractInfo", "MARGIN btcusdt@aggTrade",
		}, 2*time.Minute, during)
		lines := w.ear.said(w.start, Listed, Unlisted, StatusChanged, DeliveryChanged, RulesChanged, Dropped, Resumed, BookReady, BookLost,
			RequestFailed, TradesMissed, Unreadable)
		golden(t, "universe.txt", slices.DeleteFunc(lines, func(l string) bool { return strings.Contains(l, "drained") }))
		w.ear.mu.Lock()
		for _, n := range w.ear.notices {
			if n.Kind == Socket && n.Socket.Kind == socket.Silent {
				t.Errorf("%v", n)
			}
		}
		w.ear.mu.Unlock()
		if n := w.infos; n > 20 {
			t.Errorf("exchangeInfo was read %d times", n)
		}
		if s := w.feed.Stats(); s.Dropped != 1 || s.BooksReady != 1 {
			t.Errorf("%+v", s)
		}
		if _, ok := w.feed.Book(umBTC, 5); !ok {
			t.Error("the symbol that trades again has no book")
		}
		if d, ok := w.feed.Book(4, 5); ok {
			t.Errorf("what was delivered has a book, %+v", d)
		}
	})
}

// TestCompare names what is different about an instrument.
func TestCompare(t *testing.T) {
	old := listed(t).All()[0]
	now := old
	now.Status, now.ContractType, now.Delivery = "PRE_SETTLE", "CURRENT_QUARTER", faultStart
	now.Lot.Step, now.NotionalMin, now.OrdersMax = exchange.MustFixed("0.01"), exchange.MustFixed("100"), 100
	var got []string
	for _, c := range compare(&old, &now) {
		got = append(got, c.kind.String()+": "+c.old+" -> "+c.new)
	}
	want := []string{
		"status changed: TRADING -> PRE_SETTLE",
		"delivery changed: PERPETUAL - -> CURRENT_QUARTER 2026-11-02T09:59:30Z",
		"rules changed: lot 0.001 to 1000 by 0.001, notional min 5, orders max 200 -> lot 0.001 to 1000 by 0.01, notional min 100, orders max 100",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if c := compare(&old, &old); c != nil {
		t.Errorf("nothing is %v", c)
	}
}

// TestRefresh holds which answers make news: of symbols that were not asked for, none at first.
func TestRefresh(t *testing.T) {
	all := listed(t).All()
	own, err := exchange.NewInstruments(all[0])
	if err != nil {
		t.Fatal(err)
	}
	u := newUniverse(exchange.UM, own)
	other := all[0]
	other.Symbol = "AAAUSDT"
	if !u.live("BTCUSDT") || !u.live("AAAUSDT") {
		t.Error("nobody has said that it does not trade")
	}
	text := func(changes []change) (s string) {
		for _, c := range changes {
			s += c.kind.String() + " " + c.symbol + " "
		}
		return s
	}
	gone := []exchange.Instrument{other}
	for i, step := range []struct {
		list []exchange.Instrument
		bad  []error
		want string
	}{
		{[]exchange.Instrument{all[0], other}, nil, ""},
		{gone, []error{exchange.ErrUnknownName}, ""},
		{gone, nil, "unlisted BTCUSDT "},
		{[]exchange.Instrument{all[0]}, nil, "unlisted AAAUSDT listed BTCUSDT "},
	} {
		if got := text(u.refresh(step.list, step.bad)); got != step.want {
			t.Errorf("%d: %q, want %q", i, got, step.want)
		}
	}
	if u.live("AAAUSDT") || !u.live("BTCUSDT") {
		t.Error("what is not listed does not trade")
	}
}
