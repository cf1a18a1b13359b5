package link_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/derive"
	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/backtest/venue/link"
	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// desk is a kernel with a real guard, a link and a venue behind it, in virtual time.
type desk struct {
	t      testing.TB
	ins    *exchange.Instruments
	config link.Config
	lines  []string // of faults
	venue  *venue.Venue
	link   *link.Link
	guard  *riskguard.Guard
	kernel *engine.Kernel
	driver *engine.Driver

	zero, now exchange.Time
	refs      map[string]uint64
	names     []string // by ref
	// seen is called with every event that a strategy is shown.
	seen func(*exchange.Event)
}

func number(s string) exchange.Fixed { return exchange.MustFixed(s) }

func newDesk(t testing.TB) *desk {
	lot := exchange.Lot{Min: number("0.001"), Max: number("1000"), Step: number("0.001")}
	contracts := exchange.Lot{Min: exchange.FixedOne, Max: number("1000000"), Step: exchange.FixedOne}
	ins, err := exchange.NewInstruments(
		exchange.Instrument{
			Product: exchange.UM, Symbol: "BTCUSDT", Pair: "BTCUSDT", Base: "BTC", Quote: "USDT", MarginAsset: "USDT",
			Status: exchange.StatusTrading, ContractSize: exchange.FixedOne, Tick: number("0.1"), Lot: lot, NotionalMin: number("50"),
		},
		exchange.Instrument{
			Product: exchange.CM, Symbol: "BTCUSD_PERP", Pair: "BTCUSD", Base: "BTC", Quote: "USD", MarginAsset: "BTC",
			Status: exchange.StatusTrading, ContractSize: number("100"), Tick: number("0.1"), Lot: contracts,
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	return &desk{
		t: t, ins: ins, config: link.Config{Instruments: ins, Seed: 1}, refs: map[string]uint64{}, names: []string{""},
		zero: exchange.TimeOf(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)), seen: func(*exchange.Event) {},
	}
}

// start opens the account with prices and leave to trade.
func (d *desk) start() {
	fees := venue.Fees{Maker: number("0.0002"), Taker: number("0.0005")}
	var err error
	must := func() {
		d.t.Helper()
		if err != nil {
			d.t.Fatal(err)
		}
	}
	d.venue, err = venue.New(venue.Config{
		Instruments: d.ins, Tables: margin.Assumed(), UM: fees, CM: fees, Margin: fees, Seed: d.config.Seed, Leverage: 10,
		Balances: []venue.Balance{{Wallet: exchange.WalletUM, Asset: "USDT", Amount: decimal.New(1_000_000, 0)}, {Wallet: exchange.WalletCM, Asset: "BTC", Amount: decimal.New(10, 0)}},
	})
	must()
	d.config.Faults, err = link.ParseFaults(d.lines)
	must()
	d.link, err = link.New(d.venue, d.config)
	must()
	limits := riskguard.DefaultLimits()
	limits.OrderNotionalMaxRatio, limits.PositionMaxRatio, limits.OpenOrdersMax = decimal.New(1, 0), decimal.New(5, 0), 200
	limits.OpenOrdersNotionalMaxRatio = decimal.NewFromInt(40)
	limits.FreshPrice, limits.FreshMark, limits.FreshIndex = time.Hour, time.Hour, time.Hour
	limits.PriceCollarLimit, limits.PriceCollarMarket = decimal.New(5, -1), decimal.New(5, -1)
	limits.MessagesPerSecondMax, limits.BorrowMaxUSD = 20, decimal.New(1_000_000, 0)
	limits.UnknownOrdersMax = 10 // a strategy that goes on while orders are in doubt
	limits.RejectRatioMax, limits.UnknownRatioMax, limits.SlippageMax = decimal.New(1, 0), decimal.New(1, 0), decimal.New(1, 0)
	limits.LossStreakMax = 1_000_000
	limits.ActsPerMinuteMax = 30 // the scripts of acts are of a minute
	limits.ForcedFillsMax = 100  // the scripts go on after an ADL, with nobody there to resume
	limits.ExecutionsPerMinuteMax, limits.AccountMessagesPerMinuteMax, limits.OrderToTradeMax = 10_000, 1200, 100_000
	d.guard, err = riskguard.New(riskguard.Config{Instruments: d.ins, Tables: margin.Assumed(), Limits: limits, Strategies: 1, Permits: riskguard.Unbound(1)})
	must()
	for _, kind := range []exchange.Kind{exchange.KindAccount, exchange.KindClock} { // neither is ever old
		e := exchange.Event{}
		e.SetCadence(&exchange.Cadence{Kind: kind, Every: exchange.Forever})
		d.guard.Apply(&e)
	}
	d.kernel = engine.New(engine.Config{Instruments: d.ins, Guard: d.guard, Strategies: 1, ClientPrefix: "t"})
	d.driver = engine.NewDriver(d.kernel, d.link, d)
	d.now = d.zero
	for _, line := range []string{"index USDT 1", "index BTC 60000", "mark UM 60000", "mark CM 60000", "trade UM 60000 0.001", "trade CM 60000 1"} {
		e := d.parse(strings.Fields(line))
		d.link.Market(&e)
		err = d.driver.Deliver(&e)
		must()
	}
	for _, e := range derive.Lending(d.ins, nil, margin.Assumed().Interest) {
		e.At = d.now
		d.link.Market(&e)
		err = d.driver.Deliver(&e)
		must()
	}
	d.link.Start(d.now)
	d.hear()
	free := exchange.Event{At: d.now}
	free.SetState(&exchange.StateChange{State: exchange.Active, Reason: "script", By: "test"})
	err = d.driver.Deliver(&free)
	must()
}

// Deliver takes part of a strategy that watches.
func (d *desk) Deliver(e *exchange.Event, _ *engine.Wishes) error {
	d.seen(e)
	return nil
}

func (d *desk) hear() {
	for {
		events := d.link.Events()
		if len(events) == 0 {
			return
		}
		for i := range events {
			if err := d.driver.Deliver(&events[i]); err != nil {
				d.t.Fatal(err)
			}
		}
	}
}

// pass lets happen what is due up to an instant, as the loop of a backtest does.
func (d *desk) pass(to exchange.Time) {
	for {
		chore, market := d.link.Due(), d.link.Arrival()
		switch {
		case min(chore, market) > to:
			d.now = max(d.now, to)
			return
		case chore <= market:
			d.link.Advance(chore)
			d.hear()
		default:
			if err := d.driver.Deliver(d.link.Receive()); err != nil {
				d.t.Fatal(err)
			}
		}
	}
}

// market lets a market event happen at its instant.
func (d *desk) market(e exchange.Event) {
	d.pass(e.At - 1)
	d.now = e.At
	d.link.Market(&e)
	d.hear()
	if d.link.Delays() {
		d.link.Send(&e)
	} else if err := d.driver.Deliver(&e); err != nil {
		d.t.Fatal(err)
	}
	d.pass(e.At)
}

func (d *desk) wish(in exchange.Intent) {
	in.Strategy = 1
	if err := d.driver.Wish(&engine.Wishes{Intents: []exchange.Intent{in}}, d.now); err != nil {
		d.t.Fatal(err)
	}
	d.hear()
}

func (d *desk) inst(word string) exchange.InstrumentID {
	if word == "CM" {
		return 2
	}
	return 1
}

// parse reads a market event of now.
func (d *desk) parse(f []string) exchange.Event {
	e := exchange.Event{At: d.now, Exchange: d.now}
	if f[0] != "index" {
		e.Inst = d.inst(f[1])
	}
	switch f[0] {
	case "index":
		e.SetAssetIndex(&exchange.AssetIndex{Asset: f[1], Price: number(f[2])})
	case "mark":
		e.SetMark(exchange.Mark{Price: number(f[2])})
	case "trade":
		e.SetTrade(exchange.Trade{Price: number(f[2]), Qty: number(f[3])})
	case "open":
		e.SetBarOpen(exchange.BarOpen{Price: number(f[2]), Interval: time.Minute})
	default:
		d.t.Fatalf("no event %q", f[0])
	}
	return e
}

// wait lets time pass before a line that begins with it.
func (d *desk) wait(f []string) error {
	after, err := time.ParseDuration(f[0][1:])
	if err != nil {
		return err
	}
	at := d.zero.Add(after)
	if at < d.now {
		return fmt.Errorf("time goes back")
	}
	if len(f) > 1 && slices.Contains([]string{"trade", "mark", "open"}, f[1]) {
		d.pass(at - 1) // the event is the first thing of its instant
	} else {
		d.pass(at)
	}
	d.now = at
	return nil
}

// run obeys one line of a script; see TestScripts.
func (d *desk) run(f []string) error {
	switch f[0] {
	case "latency":
		delay, err := link.ParseDelay(strings.Join(f[2:], " "))
		if err != nil {
			return err
		}
		*map[string]*link.Delay{"feed": &d.config.Feed, "entry": &d.config.Entry, "answer": &d.config.Answer}[f[1]] = delay
	case "fault":
		d.lines = append(d.lines, strings.Join(f[1:], " "))
	case "start":
		d.start()
	case "end":
		d.link.Close(d.now)
		d.hear()
	case "buy", "sell":
		return d.order(f)
	case "cancel":
		d.wish(exchange.Intent{Kind: exchange.IntentCancel, Ref: d.refs[f[1]]})
	case "borrow", "repay":
		in := exchange.Intent{Kind: exchange.IntentBorrow, Asset: f[1], Amount: number(f[2])}
		if f[0] == "repay" {
			in.Kind = exchange.IntentRepay
		}
		d.wish(in)
	case "amend":
		in := exchange.Intent{Kind: exchange.IntentAmend, Ref: d.refs[f[1]]}
		in.Request.Price, in.Request.Qty = number(f[2]), number(f[3])
		d.wish(in)
	default:
		d.market(d.parse(f))
	}
	return nil
}

// order is "buy NAME UM QTY market|PRICE [gtx] [ioc] [reduce]".
func (d *desk) order(f []string) error {
	ref := uint64(len(d.names))
	d.refs[f[1]], d.names = ref, append(d.names, f[1])
	in := exchange.Intent{Kind: exchange.IntentNew, Ref: ref}
	r := &in.Request
	r.Inst, r.Qty, r.Side, r.Type = d.inst(f[2]), number(f[3]), exchange.Buy, exchange.Market
	if f[0] == "sell" {
		r.Side = exchange.Sell
	}
	if f[4] != "market" {
		r.Type, r.Price = exchange.Limit, number(f[4])
	}
	for _, word := range f[5:] {
		switch word {
		case "gtx":
			r.TimeInForce = exchange.GTX
		case "ioc":
			r.TimeInForce = exchange.IOC
		case "reduce":
			r.ReduceOnly = true
		default:
			return fmt.Errorf("no option %q", word)
		}
	}
	d.wish(in)
	return nil
}

// told is an event as a strategy is shown it, on one line, with the time at which it
// happened if that is another one; "" for what scripts leave out.
func (d *desk) told(e *exchange.Event) string {
	s := ""
	switch e.Kind {
	case exchange.KindOrderUpdate:
		u := e.OrderUpdate()
		s = d.name(u.Ref, u.ClientID) + " " + u.Status.String()
		if u.Filled > 0 {
			s += " filled " + u.Filled.String()
		}
		if u.Status == exchange.StatusWorking && u.Qty > 0 {
			s += fmt.Sprintf(" %v at %v", u.Qty, u.Price)
		}
		if u.Code != 0 {
			s += " " + strconv.Itoa(u.Code)
		}
		if u.Reason != "" {
			s += " " + u.Reason
		}
	case exchange.KindAct:
		u := e.Act()
		s = strings.TrimSpace(fmt.Sprintf("%v %v %s %v %s", u.Kind, u.Amount, u.Asset, u.Status, u.Reason))
	case exchange.KindLedger:
		if l := e.Ledger(); l.Wallet == exchange.WalletLoan {
			s = fmt.Sprintf("loan of %s %v", l.Asset, l.Balance)
		}
	case exchange.KindFill:
		f := e.Fill()
		s = fmt.Sprintf("%s fill %v %v at %v", d.name(f.Ref, f.ClientID), f.Side, f.Qty, f.Price)
	case exchange.KindRefusal:
		s = d.name(e.Refusal().Intent.Ref, "") + " " + e.Refusal().Error()
	case exchange.KindTrade:
		s = fmt.Sprintf("trade %v %v", d.ins.At(e.Inst).Product, e.Trade().Price)
	case exchange.KindMark:
		s = fmt.Sprintf("mark %v %v", d.ins.At(e.Inst).Product, e.Mark().Price)
	case exchange.KindRiskLevel:
		s = "risk " + e.Account().Status.String()
	}
	if s == "" || e.Kind.Market() && !d.link.Delays() {
		return ""
	}
	s = fmt.Sprint(e.At.Sub(d.zero)) + " " + s
	if e.Exchange != 0 && e.Exchange != e.At {
		s += fmt.Sprint(" (of ", e.Exchange.Sub(d.zero), ")")
	}
	return "  " + s + "\n"
}

func (d *desk) name(ref uint64, clientID string) string {
	if ref > 0 && ref < uint64(len(d.names)) {
		return d.names[ref]
	}
	return clientID
}
