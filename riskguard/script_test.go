package riskguard

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

var rewrite = flag.Bool("rewrite", false, "write what the guard answers into testdata; read the diff")

// TestScripts asks a guard from text files, one for each control, and holds its answers
// against what stands there. A line that begins with two blanks is an answer. A bench
// begins with prices of 50,000, 10,000 USDT and leave to trade; the verbs are in do.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(want), func(*bench) {})
			if *rewrite {
				if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(want) {
				t.Errorf("the guard answers otherwise; got\n%s", got)
			}
		})
	}
}

// play runs a script, and calls between before each line.
func play(t *testing.T, script string, between func(*bench)) string {
	var out strings.Builder
	b := newBench(t, DefaultLimits())
	for line := range strings.Lines(strings.TrimSuffix(script, "\n")) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "  ") {
			continue
		}
		fmt.Fprintln(&out, line)
		if f := strings.Fields(line); len(f) > 0 && !strings.HasPrefix(line, "#") {
			between(b)
			if answer := b.do(f); answer != "" {
				fmt.Fprintln(&out, "  "+strings.ReplaceAll(answer, "\n", "\n  "))
			}
		}
	}
	return out.String()
}

// bench is a guard with some instruments, and the orders that were sent.
type bench struct {
	t    testing.TB
	g    *Guard
	now  exchange.Time
	last exchange.OrderID
	sent map[string]exchange.Order // by the name the script gives
	wish exchange.Intent
}

const (
	benchUM exchange.InstrumentID = iota + 1
	benchCM
	benchMargin
	benchClosed // UM ETHUSDT, which does not trade
	benchCross  // margin ETHBTC, whose quote is a coin
)

const benchStart = exchange.Time(1_700_000_000_000 * time.Millisecond)

func benchInstruments(t testing.TB) *exchange.Instruments {
	t.Helper()
	lot := exchange.Lot{Min: exchange.MustFixed("0.001"), Max: exchange.MustFixed("1000"), Step: exchange.MustFixed("0.001")}
	um := exchange.Instrument{
		Product: exchange.UM, Symbol: "BTCUSDT", Pair: "BTCUSDT", Base: "BTC", Quote: "USDT", MarginAsset: "USDT",
		Status: exchange.StatusTrading, ContractSize: exchange.FixedOne, PriceMin: exchange.MustFixed("100.1"), PriceMax: exchange.MustFixed("900000"),
		Tick: exchange.MustFixed("0.1"), Lot: lot, NotionalMin: exchange.MustFixed("100"),
		MarketLot: exchange.Lot{Min: exchange.MustFixed("0.002"), Max: exchange.MustFixed("100"), Step: exchange.MustFixed("0.002")},
		PercentUp: exchange.MustFixed("1.005"), PercentDown: exchange.MustFixed("0.995"),
	}
	closed, pair, cross := um, um, um
	closed.Symbol, closed.Pair, closed.Base, closed.Status = "ETHUSDT", "ETHUSDT", "ETH", "SETTLING"
	pair.Product, pair.PercentUp, pair.PercentDown = exchange.Margin, 0, 0
	cross.Product, cross.Symbol, cross.Pair, cross.Base, cross.Quote, cross.MarginAsset = exchange.Margin, "ETHBTC", "ETHBTC", "ETH", "BTC", "BTC"
	cross.PriceMin, cross.Tick, cross.NotionalMin = 0, exchange.MustFixed("0.0001"), 0
	ins, err := exchange.NewInstruments(um, exchange.Instrument{
		Product: exchange.CM, Symbol: "BTCUSD_PERP", Pair: "BTCUSD", Base: "BTC", Quote: "USD", MarginAsset: "BTC",
		Status: exchange.StatusTrading, ContractSize: exchange.MustFixed("100"), Tick: exchange.MustFixed("0.1"),
		Lot: exchange.Lot{Min: exchange.FixedOne, Max: exchange.MustFixed("1000000"), Step: exchange.FixedOne},
	}, pair, closed, cross)
	if err != nil {
		t.Fatal(err)
	}
	return ins
}

func newBench(t testing.TB, l Limits) *bench {
	t.Helper()
	return benchOf(t, Config{Instruments: benchInstruments(t), Tables: margin.Assumed(), Limits: l, Strategies: 2, Labels: benchLabels, Permits: Unbound(2)})
}

// fresh tells all prices again.
func (b *bench) fresh() {
	for id := benchUM; id <= benchCross; id++ {
		price := exchange.MustFixed("50000")
		switch id {
		case benchClosed:
			price = exchange.MustFixed("2500")
		case benchCross:
			price = exchange.MustFixed("0.05")
		}
		b.price(id, price, price)
	}
	for _, words := range []string{"index BTC 50000", "index ETH 2500", "index USDT 1"} {
		b.do(strings.Fields(words))
	}
}

func (b *bench) price(inst exchange.InstrumentID, mark, last exchange.Fixed) {
	e := exchange.Event{At: b.now, Inst: inst}
	if mark != 0 && b.g.ins.At(inst).Product != exchange.Margin {
		e.SetMark(exchange.Mark{Price: mark})
		b.g.Apply(&e)
	}
	if last != 0 {
		e.SetTrade(exchange.Trade{Price: last, Qty: 1})
		b.g.Apply(&e)
	}
}

// do carries out one line and returns the answer.
func (b *bench) do(f []string) string {
	e := exchange.Event{At: b.now}
	switch f[0] {
	case "limit": // limit unimmr_min 3
		l := b.g.limits
		if f[1] == hedgedKey { // limit hedged BTC ETH
			l.Hedged = f[2:]
		} else {
			b.set(&l, f[1], f[2])
		}
		if err := l.Validate(); err != nil {
			return err.Error()
		}
		*b = *newBench(b.t, l)
		return ""
	case "override": // override product=UM symbol=UM:BTCUSDT strategy=one open_orders_max=3
		l := b.g.limits
		l.Overrides = append(l.Overrides[:len(l.Overrides):len(l.Overrides)], overrideOf(f[1:]))
		if err := l.Validate(); err != nil {
			return err.Error()
		}
		if err := l.overridesFit(b.g.ins, benchLabels); err != nil {
			return err.Error()
		}
		*b = *newBench(b.t, l)
		return ""
	case "wait":
		d, err := time.ParseDuration(f[1])
		if err != nil {
			return err.Error()
		}
		b.now = b.now.Add(d)
		return ""
	case "fresh":
		b.fresh()
		return ""
	case "mark": // mark UM 50000, mark UM 50000 49990 with the index
		if len(f) > 3 {
			e.Inst = b.inst(f[1])
			e.SetMark(exchange.Mark{Price: exchange.MustFixed(f[2]), Index: exchange.MustFixed(f[3])})
			break
		}
		b.price(b.inst(f[1]), exchange.MustFixed(f[2]), 0)
		return ""
	case "last":
		b.price(b.inst(f[1]), 0, exchange.MustFixed(f[2]))
		return ""
	case "bar":
		e.Inst = b.inst(f[1])
		e.SetBar(&exchange.Bar{Close: exchange.MustFixed(f[2])})
	case "quote":
		e.Inst = b.inst(f[1])
		e.SetBookTicker(exchange.BookTicker{Bid: exchange.MustFixed(f[2]), Ask: exchange.MustFixed(f[3])})
	case "index":
		e.SetAssetIndex(&exchange.AssetIndex{Asset: f[1], Price: exchange.MustFixed(f[2])})
	case "cadence": // cadence UM BAR 1m, cadence USDT ASSET_INDEX 1m
		kind, err := exchange.ParseKind(f[2])
		if err != nil {
			return err.Error()
		}
		every, err := time.ParseDuration(f[3])
		if err != nil {
			return err.Error()
		}
		c := exchange.Cadence{Kind: kind, Every: every}
		if kind == exchange.KindAssetIndex || kind == exchange.KindLending {
			c.Asset = f[1]
		} else {
			e.Inst = b.inst(f[1])
		}
		e.SetCadence(&c)
	case "lending": // lending USDT 0.00001: what a loan costs an hour
		e.SetLending(&exchange.Lending{Asset: f[1], Hourly: decimal.RequireFromString(f[2]), Rated: true})
	case "open-act", "acted":
		return b.openAct(f)
	case "deposit": // deposit UM USDT 10000 [DELTA]: what the wallet has then, by default all of it new
		w, err := exchange.ParseWallet(f[1])
		if err != nil {
			return err.Error()
		}
		amount := decimal.RequireFromString(f[3])
		delta := amount
		if len(f) > 4 {
			delta = decimal.RequireFromString(f[4])
		}
		e.SetLedger(&exchange.LedgerEntry{Asset: f[2], Wallet: w, Reason: exchange.ReasonDeposit, Delta: delta, Balance: amount})
	case "fill": // fill UM BUY 0.1 50000 [strategy=1] [forced=ADL] [client=x]: a position from elsewhere
		if err := b.fill(&e, f); err != nil {
			return err.Error()
		}
	case "booked": // booked AUTO_EXCHANGE UM USDT -100 9900
		if err := booked(&e, f); err != nil {
			return err.Error()
		}
	case "state": // state HALTED, state ACTIVE inst=UM, state REDUCE_ONLY strategy=1 cause=STREAM
		b.setState(&e, f)
	case "reading": // reading 10000 200: equity and maintenance margin that the exchange reports
		a := exchange.Account{Equity: decimal.RequireFromString(f[1]), MaintMargin: decimal.RequireFromString(f[2]), Status: exchange.StatusNormal}
		if a.UniMMR = decimal.NewFromInt(exchange.UniMMRMax); a.MaintMargin.IsPositive() {
			a.UniMMR = a.Equity.DivRound(a.MaintMargin, 8)
		}
		e.SetAccount(&a)
	case "reported": // reported REDUCE_ONLY [1.15]: the exchange's word for the account, and its uniMMR
		status, err := exchange.ParseAccountStatus(f[1])
		if err != nil {
			return err.Error()
		}
		a := exchange.Account{Status: status}
		if len(f) > 2 {
			a.UniMMR = decimal.RequireFromString(f[2])
		}
		e.SetAccount(&a)
	case "watch": // what the watch finds, which takes effect
		return b.look()
	case "states": // who holds what
		return b.states()
	case "act":
		return b.act(f[1:])
	case "account":
		a := b.g.Account()
		return fmt.Sprintf("equity %v, available %v, uniMMR %v", a.Equity, a.Available, a.UniMMR.Round(4))
	case "epoch":
		return fmt.Sprint(b.g.Epoch())
	case "uses": // uses [rule]: all that has been measured or has refused, or all of a rule
		return b.uses(f[1:])
	default:
		answer, known := b.tell(&e, f)
		if !known {
			return b.ask(f)
		}
		if e.Kind == 0 {
			return answer
		}
	}
	b.g.Apply(&e)
	return ""
}

// benchLabels are those of the strategies 1 and 2.
var benchLabels = []string{"one", "two"}

func overrideOf(words []string) Override {
	o := Override{Limits: map[string]LimitText{}}
	for _, word := range words {
		switch key, value, _ := strings.Cut(word, "="); key {
		case "product":
			for p := exchange.UM; p <= exchange.Margin; p++ {
				if p.String() == value {
					o.Product = p
				}
			}
		case "symbol":
			o.Symbol = value
		case "strategy":
			o.Strategy = value
		default:
			o.Limits[key] = LimitText(value)
		}
	}
	return o
}

// uses lists how near approved orders came to the limits, with the time since the bench
// was made.
func (b *bench) uses(rule []string) string {
	var lines []string
	for _, u := range b.g.Uses() {
		if len(rule) > 0 && u.Rule != rule[0] || len(rule) == 0 && !u.Measured && u.Refused == 0 {
			continue
		}
		line := fmt.Sprintf("%s %s: ", u.Rule, cmp.Or(u.Key, "-"))
		if u.Scope != "" {
			line = fmt.Sprintf("%s %s of %s: ", u.Rule, u.Key, u.Scope)
		}
		if u.Measured {
			line += fmt.Sprintf("%v by s%d on %s after %v: %s, ", u.Used, u.Strategy, b.g.ins.At(u.Inst).Name(), u.At.Sub(benchStart), u.Value)
		}
		if u.Limit != "" {
			line += "limit " + u.Limit + ", "
		}
		lines = append(lines, line+fmt.Sprint("refused ", u.Refused))
	}
	return strings.Join(lines, "\n")
}

func (b *bench) setState(e *exchange.Event, f []string) {
	s := exchange.StateChange{}
	for state := exchange.Halted; state <= exchange.Active; state++ {
		if state.String() == f[1] {
			s.State = state
		}
	}
	for _, word := range f[2:] {
		switch key, value, _ := strings.Cut(word, "="); key {
		case "inst":
			s.Inst = b.inst(value)
		case "cause":
			cause, err := exchange.ParseCause(value)
			if err != nil {
				b.t.Fatal(err)
			}
			s.Cause = cause
		case "why":
			s.Reason, s.By = value, "script"
		default:
			n, _ := strconv.Atoi(value)
			s.Strategy = exchange.StrategyID(n)
		}
	}
	e.SetState(&s)
}

func (b *bench) states() string {
	lines := []string{}
	for _, h := range b.g.States() {
		line := "account"
		if h.Inst != 0 {
			line = b.g.ins.At(h.Inst).Name()
		} else if h.Strategy != 0 {
			line = fmt.Sprint("strategy ", h.Strategy)
		}
		line += fmt.Sprintf(" %v by %v since +%v", h.State, h.Cause, h.Since.Sub(benchStart))
		if h.Reason != "" {
			line += fmt.Sprintf(": %s (%s)", h.Reason, h.By)
		}
		lines = append(lines, line)
	}
	return cmp.Or(strings.Join(lines, "\n"), "nothing is held")
}

// ask is "check buy UM 0.1 limit 50000 [word or key=value ...]", which only asks;
// "send a buy ..." the same for an order that is named a and held when it passes;
// "amend a 50000 0.2", held likewise; "filled a 0.1"; "end a"; "doubt a", whose
// outcome is unknown then; "cancel [n [house]]", which counts.
func (b *bench) ask(f []string) string {
	switch f[0] {
	case "check", "check2": // check2 is strategy 2's
		o := b.order(f[1:])
		if f[0] == "check2" {
			o.Strategy = 2
		}
		return b.check(o, false)
	case "send":
		o := b.order(f[2:])
		answer := b.check(o, false)
		if answer == "passes" {
			b.sent[f[1]] = o
			b.g.Hold(o)
			b.g.Count(&exchange.Intent{Strategy: o.Strategy}, b.now)
		}
		return answer
	case "amend":
		o := b.sent[f[1]]
		o.Request.Price, o.Request.Qty = exchange.MustFixed(f[2]), exchange.MustFixed(f[3])
		answer := b.check(o, true)
		if answer == "passes" {
			b.g.Hold(o)
		}
		return answer
	case "ack", "filled", "end", "doubt":
		o := b.sent[f[1]]
		o.Status = exchange.StatusWorking
		switch f[0] {
		case "filled":
			o.Filled = exchange.MustFixed(f[2])
		case "end":
			o.Status = exchange.StatusCanceled
		case "doubt":
			o.Status = exchange.StatusUnknown
		}
		b.sent[f[1]] = o
		b.g.Hold(o)
		return ""
	case "cancel":
		in := exchange.Intent{Strategy: 1}
		if len(f) > 2 {
			in.Strategy = 0
		}
		for range b.times(f[1:]) {
			b.g.Count(&in, b.now)
		}
		return ""
	}
	return b.more(f)
}

func (b *bench) check(o exchange.Order, amend bool) string {
	v := b.examine(o, amend)
	switch {
	case v.Refusal == nil && v.Approved.Valid(b.g.Epoch(), b.now):
		return "passes"
	case v.Refusal == nil || v.Approved.Valid(b.g.Epoch(), b.now):
		return fmt.Sprintf("neither approved nor refused: %+v", v)
	case v.Halt != "":
		return v.Refusal.Error() + "; halt: " + v.Halt
	}
	return v.Refusal.Error()
}

// order reads "buy UM 0.1 limit 50000", "sell UM 0.1 market", "buy UM 0.1 stop 51000",
// "buy UM 0.1 stop-limit 51000 51100" and "sell MARGIN 0.1 oco 52000 48000", then words such as reduce and key=value.
func (b *bench) order(f []string) exchange.Order {
	b.last++
	o := exchange.Order{ID: b.last, Strategy: 1, Status: exchange.StatusPendingNew, Created: b.now, ClientID: fmt.Sprint("c", b.last)}
	r := &o.Request
	r.Side = exchange.Buy
	if f[0] == "sell" {
		r.Side = exchange.Sell
	}
	r.Inst, r.Qty = b.inst(f[1]), exchange.MustFixed(f[2])
	rest := f[4:]
	next := func() exchange.Fixed {
		price := exchange.MustFixed(rest[0])
		rest = rest[1:]
		return price
	}
	switch f[3] {
	case "market":
		r.Type = exchange.Market
	case "limit":
		r.Type, r.Price = exchange.Limit, next()
	case "stop":
		r.Type, r.Trigger = exchange.StopMarket, next()
	case "stop-limit":
		r.Type, r.Trigger, r.Price = exchange.Stop, next(), next()
	case "oco":
		r.Type, r.Price, r.Trigger = exchange.OCO, next(), next()
	}
	for _, word := range rest {
		b.word(&o, word)
	}
	return o
}

func (b *bench) word(o *exchange.Order, word string) {
	r := &o.Request
	key, value, _ := strings.Cut(word, "=")
	n, _ := strconv.Atoi(value)
	switch key {
	case "reduce":
		r.ReduceOnly = true
	case "close":
		r.ClosePosition = true
	case "quote":
		r.QuoteQty = exchange.MustFixed(value)
	case "iceberg":
		r.Iceberg = exchange.MustFixed(value)
	case "activation":
		r.Activation = exchange.MustFixed(value)
	case "stop-price":
		r.StopPrice = exchange.MustFixed(value)
	case "leg":
		r.PositionSide, _ = exchange.ParsePositionSide(value)
	case "strategy":
		o.Strategy = exchange.StrategyID(n)
	case "inst":
		r.Inst = exchange.InstrumentID(n)
	case "side":
		r.Side = exchange.Side(n)
	case "type":
		r.Type = exchange.OrderType(n)
	case "position-side":
		r.PositionSide = exchange.PositionSide(n)
	case "tif":
		r.TimeInForce = exchange.TimeInForce(n)
	case "working-type":
		r.WorkingType = exchange.WorkingType(n)
	case "match":
		r.PriceMatch = exchange.PriceMatch(n)
	case "stp":
		r.STP = exchange.STP(n)
	case "side-effect":
		r.SideEffect = exchange.SideEffect(n)
	default:
		b.t.Fatalf("no such word %q", word)
	}
}

// set sets a limit by its key.
func (b *bench) set(l *Limits, key, value string) {
	b.t.Helper()
	entries := l.entries()
	at := slices.IndexFunc(entries, func(e limitEntry) bool { return e.key == key })
	if at < 0 {
		b.t.Fatalf("no such limit %q", key)
	}
	if err := entries[at].parse(value); err != nil {
		b.t.Fatalf("limit %s: %v", key, err)
	}
}

func (b *bench) inst(word string) exchange.InstrumentID {
	names := map[string]exchange.InstrumentID{"UM": benchUM, "CM": benchCM, "MARGIN": benchMargin, "CLOSED": benchClosed, "CROSS": benchCross}
	id, ok := names[word]
	if !ok {
		b.t.Fatalf("no instrument %q", word)
	}
	return id
}
