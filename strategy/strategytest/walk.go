package strategytest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// weather is what a walk is like.
type weather struct {
	seed uint64
	// steps are bars of the shortest length that is watched, a minute if none is, and ticks
	// how many best prices, trades and marks come within each, 100 ms apart if quick.
	steps, ticks int
	quick        bool
	answer       answer
	// mishaps: parts of fills, cancels by others, rejections, forced fills, halts.
	mishaps, restarts bool
	poor, halted      bool
}

// walker walks.
type walker struct {
	weather
	d      *desk
	random *rand.Rand
	step   time.Duration
	coins  map[string]exchange.Fixed // prices in dollars
	opens  map[closing]exchange.Fixed
	watch  []strategy.Subscription
	// stepped counts steps.
	stepped int
}

// walk plays a random market to a fresh strategy and says what it did wrong.
func (s *suite) walk(values map[string]string, w weather) (*history, error) {
	d, h := newDesk(s.fresh, values, s.ins), &history{}
	d.told = func(e *exchange.Event, out *strategy.Output, _ string) {
		if e != nil {
			h.events, h.warming = append(h.events, *e), append(h.warming, d.warming)
			h.said, h.intents = append(h.said, sayAll(s.ins, out, e.At)), append(h.intents, sayIntents(s.ins, out, e.At))
		}
	}
	where := func(what string) error {
		last := "Start"
		if n := len(h.events); n > 0 {
			last = fmt.Sprintf("event %d, %s", n-1, h.at(n-1))
		}
		return fmt.Errorf("%s, seed %d, up to %s: %s", describeValues(values), w.seed, last, what)
	}
	if _, err := d.start(); err != nil {
		return nil, where(err.Error())
	}
	if d.rt != nil {
		x := &walker{
			weather: w, d: d, random: rand.New(rand.NewPCG(w.seed, 0)), step: time.Minute,
			coins: map[string]exchange.Fixed{}, opens: map[closing]exchange.Fixed{}, watch: d.rt.Subscriptions(),
		}
		if err := x.run(); err != nil {
			return nil, where(err.Error())
		}
	}
	s.wished += d.wished
	h.wished, h.lasted = d.wished, d.now.Sub(opening)
	if len(d.faults) > 0 {
		return nil, where(strings.Join(d.faults[:min(len(d.faults), 3)], "\n"))
	}
	return h, nil
}

func (x *walker) run() error {
	shortest, warmup := time.Duration(0), 0
	for _, w := range x.watch {
		if w.Kind == exchange.KindBar && (shortest == 0 || w.Interval < shortest) {
			shortest = w.Interval
		}
		warmup = max(warmup, min(w.Warmup, 200))
	}
	if shortest > 0 {
		x.step = shortest
	}
	d := x.d
	d.answer = x.answer
	d.warming = warmup > 0
	d.rt.SetWarming(d.warming)
	for range warmup {
		x.market(0)
	}
	d.warming = false
	d.rt.SetWarming(false)
	x.wealth()
	if x.halted {
		x.setState(exchange.Halted)
	}
	for i := range x.steps {
		x.market(x.ticks)
		x.match()
		if x.mishaps {
			x.mishap()
		}
		if i%5 == 0 {
			x.snapshot()
		}
		if x.restarts && x.random.IntN(25) == 0 {
			if _, err := d.restart(); err != nil {
				return fmt.Errorf("restart: %w", err)
			}
		}
		if len(d.faults) > 0 {
			return nil
		}
	}
	d.stop()
	return nil
}

// price is a coin's, on the grid of an instrument. Coins begin where they are known to be,
// the others at 100 dollars.
func (x *walker) price(in *exchange.Instrument) exchange.Fixed {
	p, ok := x.coins[in.Base]
	if !ok {
		begins := map[string]int64{"BTC": 60_000, "ETH": 3_000, "BNB": 600}
		p = exchange.Fixed(max(begins[in.Base], 100)) * exchange.FixedOne
		x.coins[in.Base] = p
	}
	// Products differ by some basis points, so that there is something to trade.
	p += p / 10_000 * exchange.Fixed(x.random.IntN(21)-10)
	return max(p.Round(in.Tick, exchange.RoundDown), in.Tick)
}

// market lets one step pass: ticks, and bars at its end.
func (x *walker) market(ticks int) {
	d := x.d
	end := d.now.Add(x.step).Floor(x.step)
	gap := 100 * time.Millisecond
	if !x.quick {
		gap = x.step / time.Duration(ticks+1)
	}
	for _, name := range []string{"BTC", "ETH", "BNB"} {
		if p, ok := x.coins[name]; ok { // up to half a percent either way
			x.coins[name] = max(p+p/10_000*exchange.Fixed(x.random.IntN(101)-50), exchange.FixedOne)
		}
	}
	for range ticks {
		d.elapse(min(d.now.Add(gap), end-1))
		for _, w := range x.watch {
			x.tick(w)
		}
	}
	d.elapse(end)
	x.stepped++
	for _, w := range x.watch {
		if w.Kind == exchange.KindBar && end.Floor(w.Interval) == end {
			x.bar(w)
		}
		if w.Kind == exchange.KindFunding && x.stepped%30 == 29 { // oftener than in life, or few walks would see one
			x.funding(w)
		}
	}
}

// tick is a best price, a trade or a mark.
func (x *walker) tick(w strategy.Subscription) {
	in := x.d.ins.At(w.Inst)
	p := x.price(in)
	rate := exchange.Fixed(x.random.Int64N(200_001) - 100_000)
	x.d.deliver(w.Inst, func(e *exchange.Event) {
		switch w.Kind {
		case exchange.KindBookTicker:
			e.SetBookTicker(exchange.BookTicker{Bid: p, BidQty: exchange.FixedOne, Ask: p + in.Tick, AskQty: exchange.FixedOne})
		case exchange.KindTrade:
			e.SetTrade(exchange.Trade{Price: p, Qty: max(in.Lot.Min, in.Lot.Step), ID: int64(x.d.seq)})
		case exchange.KindMark:
			e.SetMark(exchange.Mark{Price: p, Index: p, Rate: rate, NextFunding: x.d.now.Floor(8 * time.Hour).Add(8 * time.Hour)})
		}
	})
}

func (x *walker) bar(w strategy.Subscription) {
	in := x.d.ins.At(w.Inst)
	at, end := closing{w.Inst, w.Interval}, x.price(in)
	open := x.opens[at]
	if open == 0 {
		open = end
	}
	x.opens[at] = end
	b := &exchange.Bar{
		Start: x.d.now.Add(-w.Interval), Interval: w.Interval, Open: open, Close: end,
		High: max(open, end) + in.Tick*exchange.Fixed(x.random.IntN(50)), Low: max(min(open, end)-in.Tick*exchange.Fixed(x.random.IntN(50)), in.Tick),
	}
	x.d.deliver(w.Inst, func(e *exchange.Event) { e.SetBar(b) })
}

func (x *walker) funding(w strategy.Subscription) {
	f := exchange.Funding{Rate: exchange.Fixed(x.random.Int64N(200_001) - 100_000), Interval: 8 * time.Hour}
	if x.random.IntN(4) == 0 {
		f.Interval = 4 * time.Hour // the exchange changes intervals without a word
	}
	x.d.deliver(w.Inst, func(e *exchange.Event) { e.SetFunding(f) })
}

// match fills what the market has reached.
func (x *walker) match() {
	d := x.d
	for _, o := range slices.Clone(d.orders) {
		if !o.status.Working() && o.status != exchange.StatusPendingCancel || !d.ins.Has(o.want.Inst) {
			continue // what is on no instrument was told when it was sent
		}
		r, in := o.want, d.ins.At(o.want.Inst)
		p := x.price(in)
		buys := r.Side == exchange.Buy
		reached := true
		switch {
		case r.Type == exchange.Limit:
			reached, p = buys && p <= r.Price || !buys && p >= r.Price, r.Price
		case r.Trigger != 0:
			reached = buys && p >= r.Trigger || !buys && p <= r.Trigger
		}
		qty, lot := r.Qty-o.filled, in.LotFor(r.Type)
		if part := strategy.Lots(in, r.Type, qty/2); x.mishaps && part > 0 && x.random.IntN(3) == 0 && lot.Step > 0 {
			qty = part
		}
		if !reached || qty <= 0 || x.mishaps && x.random.IntN(5) == 0 {
			continue
		}
		if d.find(o.ref) != nil {
			d.execute(o.ref, &r, qty, p, exchange.NotForced)
		}
	}
	x.stop()
}

// stop has the stops that the bot keeps close what is held where the market has reached them.
func (x *walker) stop() {
	for _, u := range slices.Clone(x.d.tasks) {
		r, qty := x.d.stops[u.Ref], exchange.Fixed(0)
		if u.Kind == exchange.TaskStop && x.d.taskOf(u.Ref) != nil {
			qty = x.d.stopped(u.Ref)
		}
		if qty == 0 {
			continue
		}
		if p := x.price(x.d.ins.At(u.Inst)); r.Side == exchange.Buy && p >= r.Trigger || r.Side == exchange.Sell && p <= r.Trigger {
			x.d.hit(u.Ref, qty, p)
		}
	}
}

// mishap is what happens to strategies.
func (x *walker) mishap() {
	d := x.d
	d.answer = accept
	switch x.random.IntN(40) {
	case 0, 1:
		d.answer = reject
	case 2, 3:
		d.answer = refuse
	case 4, 5:
		d.answer = expire
	case 6:
		x.setState([]exchange.TradingState{exchange.Halted, exchange.ReduceOnly}[x.random.IntN(2)])
	case 7, 8, 9:
		x.setState(exchange.Active)
	case 10:
		x.deleverage()
	case 11, 12:
		if len(d.orders) > 0 { // somebody else cancels it
			o := d.orders[x.random.IntN(len(d.orders))]
			d.report(o.ref, exchange.StatusCanceled, "by somebody else", 0)
			d.settle()
		}
	case 13:
		if len(d.orders) > 0 { // no answer; then it works after all
			o := d.orders[x.random.IntN(len(d.orders))]
			d.report(o.ref, exchange.StatusUnknown, "no answer", 0)
			d.report(o.ref, exchange.StatusWorking, "", 0)
			d.settle()
		}
	case 14:
		d.book("BTC", exchange.WalletMargin, exchange.ReasonDeposit, decimal.New(x.random.Int64N(200)-50, -2), 0)
		d.settle()
	}
}

func (x *walker) setState(s exchange.TradingState) {
	c := &exchange.StateChange{State: s, Effective: s, Reason: "by the test", By: "test"}
	x.d.deliver(0, func(e *exchange.Event) { e.SetState(c) })
}

// deleverage takes half of a position away.
func (x *walker) deleverage() {
	for _, in := range x.d.ins.All() {
		held := x.d.rt.View().Held(&in)
		qty := strategy.Lots(&in, exchange.Market, held/2)
		if qty == 0 || in.Product == exchange.Margin {
			continue
		}
		r := exchange.OrderRequest{Inst: in.ID, Side: exchange.Sell, Type: exchange.Market}
		if qty < 0 {
			r.Side = exchange.Buy
		}
		if x.d.rt.View().Leg(&in, exchange.Both).Qty.IsZero() {
			continue
		}
		x.d.execute(0, &r, qty.Abs(), x.price(&in), exchange.ForcedADL)
		return
	}
}

// wealth is what the account begins with.
func (x *walker) wealth() {
	if !x.poor {
		for _, w := range []struct {
			asset  string
			amount int64
		}{{"USDT", 100_000}, {"BTC", 1}, {"ETH", 10}, {"BNB", 10}} {
			x.d.book(w.asset, exchange.WalletMargin, exchange.ReasonDeposit, decimal.NewFromInt(w.amount), 0)
		}
	}
	x.d.settle()
	x.snapshot()
}

func (x *walker) snapshot() {
	a := &exchange.Account{Status: exchange.StatusNormal, UniMMR: decimal.NewFromInt(exchange.UniMMRMax)}
	if !x.poor {
		a.Equity = decimal.NewFromInt(100_000 + x.random.Int64N(2_000))
	}
	a.ActualEquity, a.Available = a.Equity, a.Equity
	x.d.deliver(0, func(e *exchange.Event) { e.SetAccount(a) })
}
