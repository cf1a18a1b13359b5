package monitor

import (
	"context"
	"maps"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
)

// read calls f with the kernel between two events.
func (s *Server) read(ctx context.Context, f func(k *engine.Kernel)) error {
	return s.config.Loop.Do(ctx, f)
}

// symbol is an instrument as people write it, such as "UM:BTCUSDT"; "" is none.
func (s *Server) symbol(id exchange.InstrumentID) string {
	if id == 0 || int(id) > s.config.Instruments.Len() {
		return ""
	}
	in := s.config.Instruments.At(id)
	return in.Product.String() + ":" + in.Symbol
}

// label is a strategy as the configuration calls it.
func (s *Server) label(id exchange.StrategyID) string {
	if id == 0 || int(id) > len(s.config.Strategies) {
		return "house"
	}
	return s.config.Strategies[id-1]
}

func (s *Server) orders(ctx context.Context) (*Orders, error) {
	a := &Orders{Schema: "pmbot.orders/1", Orders: []Order{}}
	err := s.read(ctx, func(k *engine.Kernel) {
		a.At = k.Now()
		for _, o := range k.Orders() {
			a.Orders = append(a.Orders, s.order(&o))
		}
	})
	return a, err
}

func (s *Server) order(o *exchange.Order) Order {
	r := &o.Request
	return Order{
		ID: o.ID, ClientID: o.ClientID, VenueID: o.VenueID, Strategy: s.label(o.Strategy), Symbol: s.symbol(r.Inst), Side: r.Side.String(),
		Type: r.Type.String(), Status: o.Status, State: o.Status.String(), Qty: r.Qty, Filled: o.Filled, Price: r.Price, Trigger: r.Trigger,
		Reduce: r.ReduceOnly, Created: o.Created, Updated: o.Updated,
	}
}

func (s *Server) fills(ctx context.Context, newest int) (*Fills, error) {
	a := &Fills{Schema: "pmbot.fills/1", Fills: []Fill{}}
	err := s.read(ctx, func(k *engine.Kernel) { a.At = k.Now() })
	r := s.config.Recent
	r.mu.Lock()
	defer r.mu.Unlock()
	a.Total = r.fills.total
	for _, e := range r.fills.newest(newest) {
		f := e.Fill()
		one := Fill{
			At: e.At, Exchange: e.Exchange, Seq: e.Seq, Strategy: s.label(f.Strategy), Symbol: s.symbol(e.Inst), Side: f.Side.String(), Qty: f.Qty,
			Price: f.Price, Maker: f.Maker, Fee: f.Fee, FeeAsset: f.FeeAsset, Realized: f.Realized, ClientID: f.ClientID, TradeID: f.TradeID,
		}
		if f.Forced != exchange.NotForced {
			one.Forced = f.Forced.String()
		}
		a.Fills = append(a.Fills, one)
	}
	return a, err
}

func (s *Server) positions(ctx context.Context) (*Positions, error) {
	a := &Positions{Schema: "pmbot.positions/1", Positions: []Position{}, Assets: []Asset{}}
	err := s.read(ctx, func(k *engine.Kernel) {
		a.At = k.Now()
		holders := map[heldAs][]Holder{}
		for _, h := range k.Holdings() {
			at := heldAs{h.Inst, h.Side}
			holders[at] = append(holders[at], Holder{s.label(h.Strategy), h.Qty})
		}
		for _, p := range s.config.Guard.Positions() {
			a.Positions = append(a.Positions, Position{
				Symbol: s.symbol(p.Inst), Side: p.Side.String(), Qty: p.Qty, Entry: p.Entry, Mark: p.Mark,
				Asset: s.config.Instruments.At(p.Inst).MarginAsset, Notional: p.Notional, PnL: p.PnL, Maint: p.Maint, Initial: p.Initial,
				Holders: holders[heldAs{p.Inst, p.Side}],
			})
		}
		a.Assets = s.assets()
	})
	return a, err
}

// heldAs is a position as strategies share it.
type heldAs struct {
	inst exchange.InstrumentID
	side exchange.PositionSide
}

// assets are what the account has; the caller reads between two events.
func (s *Server) assets() []Asset {
	list := []Asset{}
	for _, h := range s.config.Guard.Assets() {
		one := Asset{Asset: h.Asset, Wallets: map[string]decimal.Decimal{}, Net: h.Net, Value: h.Actual, Equity: h.Equity}
		for w := exchange.WalletMargin; w <= exchange.Wallets; w++ {
			if amount := s.config.Guard.Balance(h.Asset, w); !amount.IsZero() {
				one.Wallets[w.String()] = amount
			}
		}
		list = append(list, one)
	}
	return list
}

func (r *Recent) lastReport() (exchange.Account, exchange.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reported, r.reportedAt
}

func (s *Server) funding(ctx context.Context) (*Funding, error) {
	a := &Funding{Schema: "pmbot.funding/1", Next: []FundingDue{}, Paid: []Booking{}}
	r := s.config.Recent
	err := s.read(ctx, func(k *engine.Kernel) {
		a.At = k.Now()
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, p := range s.config.Guard.Positions() {
			m := r.marks[p.Inst]
			if m.NextFunding == 0 {
				continue
			}
			amount := p.Notional.Mul(m.Rate.Decimal()).Mul(decimal.NewFromInt(int64(-p.Qty.Sign())))
			a.Next = append(a.Next, FundingDue{s.symbol(p.Inst), m.NextFunding, m.Rate, amount.Round(exchange.FixedPlaces), s.config.Instruments.At(p.Inst).MarginAsset})
		}
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.bookings.newest(keptMax) {
		l := e.Ledger()
		a.Paid = append(a.Paid, Booking{e.At, l.Reason, l.Reason.String(), s.symbol(e.Inst), l.Asset, l.Wallet.String(), l.Delta})
	}
	a.Totals = maps.Clone(r.totals)
	return a, err
}

func (s *Server) limits(ctx context.Context) (*Limits, error) {
	a := &Limits{Schema: "pmbot.limits/1", Limits: []Limit{}}
	err := s.read(ctx, func(k *engine.Kernel) {
		a.At = k.Now()
		for _, u := range s.config.Guard.Uses() {
			one := Limit{Rule: u.Rule, Key: u.Key, Scope: u.Scope, Limit: u.Limit, Nearest: u.Value, Used: u.Used, Refused: u.Refused}
			if u.Measured {
				one.At, one.By, one.Symbol = u.At, s.label(u.Strategy), s.symbol(u.Inst)
			}
			a.Limits = append(a.Limits, one)
		}
		a.Budgets = s.budgets(k)
	})
	return a, err
}

func (s *Server) status(ctx context.Context) (*Status, error) {
	a := &Status{Schema: "pmbot.status/1", About: s.config.About(), Holds: []Hold{}, Alerts: []Alert{}, Differences: []string{}, Strategies: []StrategyStatus{}}
	var open []exchange.Order
	err := s.read(ctx, func(k *engine.Kernel) {
		g := s.config.Guard
		a.At, a.Seq, a.State, a.Account = k.Now(), k.Seq(), g.State(0, 0), g.Account()
		for _, h := range k.States() {
			a.Holds = append(a.Holds, Hold{s.scope(h.Inst, h.Strategy), h.Cause, h.State, h.Reason, h.By, h.Since})
		}
		for _, t := range g.Alerts() {
			a.Alerts = append(a.Alerts, Alert{s.scope(t.Inst, t.Strategy), t.Asset, t.Control, t.Severity, t.Value, t.Limit, t.Since})
		}
		for _, d := range k.Differences() {
			a.Differences = append(a.Differences, d.String())
		}
		if err := g.Missing(); err != nil {
			a.Missing = err.Error()
		}
		open, a.Positions = k.Orders(), len(g.Positions())
		a.Loans, a.Tasks, a.Budgets = s.loanLines(k), s.tasks(k), s.budgets(k)
		for id := range s.config.Strategies {
			a.Strategies = append(a.Strategies, StrategyStatus{Label: s.config.Strategies[id], State: g.State(exchange.StrategyID(id+1), 0)})
		}
	})
	a.Orders = len(open)
	for _, o := range open {
		if o.Status == exchange.StatusUnknown {
			a.Unknown++
		}
	}
	r := s.config.Recent
	r.mu.Lock()
	defer r.mu.Unlock()
	a.Reported, a.ReportedAt, a.Counts = r.reported, r.reportedAt, r.counts
	for i := range a.Strategies {
		one, n := &a.Strategies[i], r.strategies[i+1]
		one.Running, one.Why, one.Fills, one.Refused = n.running, n.why, n.fills, n.refused
		one.Orders = len(slices.DeleteFunc(slices.Clone(open), func(o exchange.Order) bool { return int(o.Strategy) != i+1 }))
	}
	return a, err
}

// scope names what a state is about.
func (s *Server) scope(inst exchange.InstrumentID, id exchange.StrategyID) string {
	switch {
	case inst != 0:
		return s.symbol(inst)
	case id != 0:
		return s.label(id)
	}
	return "account"
}
