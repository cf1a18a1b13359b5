package strategytest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// errUsage is a line that is not as its verb wants it.
var errUsage = errors.New("cannot be read")

// verb is a kind of line in a script.
type verb struct {
	name, usage, help string
	// running says that a strategy must have been started.
	running bool
	do      func(s *script, args []string) error
}

// Verbs lists what a script can say, a line for each, for people. Lines that begin with #
// are comments; lines that begin with a space are what the strategy asked for. The clock
// begins on 2024-01-01 and moves by bar and wait only.
func Verbs() string {
	var b strings.Builder
	for _, v := range verbs() {
		fmt.Fprintf(&b, "%s\n    %s\n", v.usage, v.help)
	}
	return b.String()
}

// verbs are all kinds of lines.
func verbs() []verb {
	return []verb{
		{"instrument", "instrument UM:SOLUSDT tick=0.01 lot=0.1 [notional=5] [size=1] [delivery=TIME] | instrument CM:X like=CM:Y [...]",
			"above start: an instrument beside those that pmbot ships with, BTC, ETH and BNB on all products", false, (*script).addInstrument},
		{"start", "start [name=value ...]", "a fresh strategy with these parameters, and a fresh exchange", false, (*script).begin},
		{"bar", "bar UM:BTCUSDT [5m] CLOSE | OPEN HIGH LOW CLOSE", "the next bar closes; the length may be left out where one is watched", true, (*script).bar},
		{"quote", "quote UM:BTCUSDT BID ASK [BIDQTY ASKQTY]", "best prices", true, (*script).quote},
		{"trade", "trade UM:BTCUSDT PRICE [QTY]", "somebody's trade", true, (*script).trade},
		{"mark", "mark UM:BTCUSDT PRICE [RATE [NEXT]]", "a mark price, the estimate of the next funding rate and how long until then: 0.0001 8h", true, (*script).mark},
		{"funding", "funding UM:BTCUSDT RATE [INTERVAL]", "a settled funding rate; positive is paid by longs", true, (*script).funding},
		{"wait", "wait 1m30s", "time passes, and timers due on the way fire", true, (*script).wait},
		{"answer", "answer accept|reject|refuse|expire|wait",
			"what becomes of wishes from here on: the exchange takes them (at first), rejects them, the guard refuses them, orders expire at once, or nothing until a line says so", true, (*script).setAnswer},
		{"fill", "fill REF [QTY] [at PRICE]", "an order of the strategy fills: the rest of it at its own price, or the last one; a stop that the bot keeps closes what is held", true, (*script).fill},
		{"order", "order REF working|filled|canceled|expired|rejected|unknown|not_arrived [reason]", "news of an order", true, (*script).order},
		{"refuse", "refuse REF [CONTROL]", "the guard refuses a new order that was not answered", true, (*script).refuseOrder},
		{"task", "task REF done|failed|unwound|canceled [LEAD HEDGED]", "a pair or a stop ends; a pair has moved its legs by so many coins, 0 and 0 if they are left out", true, (*script).taskLine},
		{"forced", "forced UM:BTCUSDT buy|sell QTY at PRICE [ADL|LIQUIDATION|DELIVERY]", "the exchange closes a part of the position by force", true, (*script).forced},
		{"balance", "balance MARGIN|UM|CM|LOAN|INTEREST ASSET AMOUNT", "what a wallet of the account holds", true, (*script).balance},
		{"account", "account [equity=N] [unimmr=N] [available=N] [status=WORD]", "a snapshot of the account", true, (*script).account},
		{"state", "state account|strategy|UM:BTCUSDT HALTED|REDUCE_ONLY|ACTIVE", "trading is halted, reduced or freed", true, (*script).state},
		{"warm", "warm on|off", "what follows is history from before the run, or no longer", true, (*script).warm},
		{"restart", "restart", "the program is killed and started again, with the memory it saved last", true, (*script).restartLine},
		{"show", "show", "what the strategy holds, which of its orders are open, and the stops that the bot keeps", true, (*script).show},
		{"stop", "stop", "the strategy is stopped in good order", true, (*script).stopLine},
	}
}

// fixed reads a number.
func fixed(text string) (exchange.Fixed, error) {
	f, err := exchange.ParseFixed(text)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", err, errUsage)
	}
	return f, nil
}

// numbers reads numbers, of which at least some must be there.
func numbers(args []string, least, most int) ([]exchange.Fixed, error) {
	if len(args) < least || len(args) > most {
		return nil, fmt.Errorf("%d numbers: %w", len(args), errUsage)
	}
	list := make([]exchange.Fixed, most)
	for i, a := range args {
		var err error
		if list[i], err = fixed(a); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// market is the beginning of most lines: a symbol and what follows it.
func (s *script) market(args []string) (*exchange.Instrument, []string, error) {
	if len(args) == 0 {
		return nil, nil, errUsage
	}
	in, err := s.instrument(args[0])
	return in, args[1:], err
}

// event delivers a market event and says so if nobody wants it.
func (s *script) event(in *exchange.Instrument, set func(e *exchange.Event)) error {
	if !s.desk.deliver(in.ID, set) {
		s.out = append(s.out, "not watched")
	}
	return nil
}

func (s *script) addInstrument(args []string) error {
	if len(args) < 2 {
		return errUsage
	}
	symbol, err := strategy.ParseSymbol(args[0])
	if err != nil {
		return fmt.Errorf("%w: %w", err, errUsage)
	}
	in := exchange.Instrument{Product: symbol.Product, Status: exchange.StatusTrading, ContractSize: exchange.FixedOne}
	in.Base, in.Quote, in.MarginAsset = assets(symbol)
	for _, a := range args[1:] {
		if err := s.term(&in, a); err != nil {
			return err
		}
	}
	in.ID, in.Symbol = 0, symbol.Name
	for i := range s.known {
		if s.known[i].Product == in.Product && s.known[i].Symbol == in.Symbol {
			s.known[i] = in
			return nil
		}
	}
	s.known = append(s.known, in)
	return nil
}

// assets are those of a symbol by its name.
func assets(s strategy.Symbol) (base, quote, margin string) {
	name, _, _ := strings.Cut(s.Name, "_")
	if s.Product == exchange.CM {
		base = strings.TrimSuffix(name, "USD")
		return base, "USD", base
	}
	for _, quote := range []string{"USDT", "USDC", "FDUSD", "BTC"} {
		if base, ok := strings.CutSuffix(name, quote); ok {
			return base, quote, quote
		}
	}
	return name, "USDT", "USDT"
}

// term reads one word of what an instrument is.
func (s *script) term(in *exchange.Instrument, text string) error {
	name, value, ok := strings.Cut(text, "=")
	if !ok {
		return fmt.Errorf("%q: %w", text, errUsage)
	}
	switch name {
	case "like":
		for _, k := range s.known {
			if (strategy.Symbol{Product: k.Product, Name: k.Symbol}).String() == value {
				*in = k
				return nil
			}
		}
		return fmt.Errorf("no instrument %s: %w", value, errUsage)
	case "delivery":
		at, err := time.Parse(time.RFC3339, value)
		in.Delivery = exchange.TimeOf(at)
		in.ContractType = "CURRENT_QUARTER"
		return err
	}
	f, err := fixed(value)
	switch name {
	case "tick":
		in.Tick = f
	case "lot":
		in.Lot = exchange.Lot{Min: f, Step: f}
	case "notional":
		in.NotionalMin = f
	case "size":
		in.ContractSize = f
	default:
		return fmt.Errorf("%q: %w", name, errUsage)
	}
	return err
}

// interval is the length of the bars of an instrument that are watched.
func (s *script) interval(in *exchange.Instrument, args []string) (time.Duration, []string, error) {
	var watched []time.Duration
	for _, w := range s.desk.rt.Subscriptions() {
		if w.Inst == in.ID && w.Kind == exchange.KindBar {
			watched = append(watched, w.Interval)
		}
	}
	if len(args) > 0 {
		if d, err := time.ParseDuration(args[0]); err == nil && d > 0 {
			return d, args[1:], nil
		}
	}
	switch len(watched) {
	case 0:
		return time.Minute, args, nil
	case 1:
		return watched[0], args, nil
	}
	return 0, nil, fmt.Errorf("bars of %v are watched; say which: %w", watched, errUsage)
}

func (s *script) bar(args []string) error {
	in, args, err := s.market(args)
	if err != nil {
		return err
	}
	interval, args, err := s.interval(in, args)
	if err != nil {
		return err
	}
	n, err := numbers(args, 1, 4)
	if err != nil || len(args) != 1 && len(args) != 4 {
		return errors.Join(err, errUsage)
	}
	if len(args) == 1 {
		last := s.desk.rt.View().Last(in)
		if last == 0 {
			last = n[0]
		}
		n = []exchange.Fixed{last, max(last, n[0]), min(last, n[0]), n[0]}
	}
	end := s.desk.nextClose(in, interval)
	s.desk.elapse(end)
	b := &exchange.Bar{Start: end.Add(-interval), Interval: interval, Open: n[0], High: n[1], Low: n[2], Close: n[3]}
	return s.event(in, func(e *exchange.Event) { e.SetBar(b) })
}

// nextClose is when the next bar of an instrument ends, and notes that it does.
func (d *desk) nextClose(in *exchange.Instrument, interval time.Duration) exchange.Time {
	at := closing{in.ID, interval}
	end := d.closes[at].Add(interval)
	if least := d.now.Add(interval - 1).Floor(interval); end < least {
		end = max(least, opening.Add(interval))
	}
	d.closes[at] = end
	return end
}

func (s *script) quote(args []string) error {
	in, args, err := s.market(args)
	if err != nil {
		return err
	}
	n, err := numbers(args, 2, 4)
	if err != nil {
		return err
	}
	if len(args) == 2 {
		n[2], n[3] = exchange.FixedOne, exchange.FixedOne
	}
	return s.event(in, func(e *exchange.Event) {
		e.SetBookTicker(exchange.BookTicker{Bid: n[0], Ask: n[1], BidQty: n[2], AskQty: n[3]})
	})
}

func (s *script) trade(args []string) error {
	in, args, err := s.market(args)
	if err != nil {
		return err
	}
	n, err := numbers(args, 1, 2)
	if err != nil {
		return err
	}
	s.desk.trade++
	return s.event(in, func(e *exchange.Event) {
		e.SetTrade(exchange.Trade{Price: n[0], Qty: max(n[1], in.Lot.Min), ID: s.desk.trade})
	})
}

func (s *script) mark(args []string) error {
	in, args, err := s.market(args)
	if err != nil || len(args) == 0 || len(args) > 3 {
		return errors.Join(err, errUsage)
	}
	n, err := numbers(args[:min(len(args), 2)], 1, 2)
	if err != nil {
		return err
	}
	m := exchange.Mark{Price: n[0], Rate: n[1]}
	if len(args) == 3 {
		d, err := time.ParseDuration(args[2])
		if err != nil {
			return fmt.Errorf("%w: %w", err, errUsage)
		}
		m.NextFunding = s.desk.now.Add(d)
	}
	return s.event(in, func(e *exchange.Event) { e.SetMark(m) })
}

func (s *script) funding(args []string) error {
	in, args, err := s.market(args)
	if err != nil || len(args) == 0 || len(args) > 2 {
		return errors.Join(err, errUsage)
	}
	rate, err := fixed(args[0])
	if err != nil {
		return err
	}
	f := exchange.Funding{Rate: rate, Interval: 8 * time.Hour}
	if len(args) == 2 {
		if f.Interval, err = time.ParseDuration(args[1]); err != nil {
			return fmt.Errorf("%w: %w", err, errUsage)
		}
	}
	return s.event(in, func(e *exchange.Event) { e.SetFunding(f) })
}

func (s *script) balance(args []string) error {
	if len(args) != 3 {
		return errUsage
	}
	w, err := exchange.ParseWallet(args[0])
	if err != nil {
		return fmt.Errorf("%w: %w", err, errUsage)
	}
	amount, err := decimal.NewFromString(args[2])
	if err != nil {
		return fmt.Errorf("%w: %w", err, errUsage)
	}
	d := s.desk
	d.book(args[1], w, exchange.ReasonTransfer, amount.Sub(d.wallets[pocket{args[1], w}]), 0)
	d.settle()
	return nil
}
