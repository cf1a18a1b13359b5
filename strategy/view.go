package strategy

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// View is what a strategy knows: the fold of the events delivered to it, by one function
// that both sides of the process boundary use. Equity and uniMMR change only by an
// explicit account event, never by arithmetic here.
type View struct {
	instruments *exchange.Instruments
	id          exchange.StrategyID
	now         exchange.Time
	warming     bool
	inst        []instView // by InstrumentID
	orders      []exchange.Order
	tasks       []exchange.TaskUpdate
	lastRef     Ref // the highest own ref seen, of orders that are over and of acts, too
	personRef   Ref // the highest ref seen above exchange.RefMax, of what a person did in its place
	balances    []balance
	account     exchange.Account
	// The trading states of the account and of this strategy; those of instruments are
	// in inst.
	accountState, ownState exchange.TradingState
}

type instView struct {
	last     exchange.Fixed
	quote    exchange.BookTicker
	mark     exchange.Mark
	position exchange.Position
	legs     [exchange.Short + 1]exchange.Position // of hedge mode, by position side
	held     exchange.Fixed                        // position.Qty
	state    exchange.TradingState
}

type balance struct {
	asset  string
	wallet exchange.Wallet
	amount decimal.Decimal
}

func newView(ins *exchange.Instruments, id exchange.StrategyID) View {
	v := View{
		instruments: ins, id: id, inst: make([]instView, ins.Len()+1),
		accountState: exchange.Active, ownState: exchange.Active,
	}
	for i := range v.inst {
		v.inst[i].position.Inst = exchange.InstrumentID(i)
		for side := range v.inst[i].legs {
			v.inst[i].legs[side] = exchange.Position{Inst: exchange.InstrumentID(i), Side: exchange.PositionSide(side)}
		}
		v.inst[i].state = exchange.Active
	}
	return v
}

// Now is the time of the event being handled. There is no other clock.
func (v *View) Now() exchange.Time { return v.now }

// Warming says that the event is history from before the run: learn from it, but orders
// sent now are refused.
func (v *View) Warming() bool { return v.warming }

// Last is the last traded price seen: of a trade or the close of a bar; 0 before any.
func (v *View) Last(in *exchange.Instrument) exchange.Fixed { return v.inst[in.ID].last }

// Quote is the best bid and ask seen last, if subscribed.
func (v *View) Quote(in *exchange.Instrument) exchange.BookTicker { return v.inst[in.ID].quote }

// Mark is the mark price seen last, if subscribed.
func (v *View) Mark(in *exchange.Instrument) exchange.Mark { return v.inst[in.ID].mark }

// Position is the strategy's own position: the sum of its own fills, whatever their
// position side. In hedge mode it is what both legs come to together, at the entry of the
// bigger one.
func (v *View) Position(in *exchange.Instrument) exchange.Position { return v.inst[in.ID].position }

// Leg is the strategy's own position of one side in hedge mode: the sum of its fills of
// that position side. Of Both it is the position of one-way mode.
func (v *View) Leg(in *exchange.Instrument, side exchange.PositionSide) exchange.Position {
	if side > exchange.Short {
		return exchange.Position{Inst: in.ID, Side: side}
	}
	return v.inst[in.ID].legs[side]
}

// Held is the quantity of the strategy's own position as orders count it: signed, in
// coins or contracts. It costs nothing, where the decimal of Position costs conversions.
func (v *View) Held(in *exchange.Instrument) exchange.Fixed { return v.inst[in.ID].held }

// Orders lists the strategy's own orders that are not over, oldest first: from the
// moment they are sent, before guard and exchange have answered, until their final
// status or refusal is delivered. The slice is the view's: read it, do not keep it.
func (v *View) Orders() []exchange.Order { return v.orders }

// Order returns the own order of that ref while it is not over.
func (v *View) Order(ref Ref) (exchange.Order, bool) {
	for _, o := range v.orders {
		if o.Ref == ref {
			return o, true
		}
	}
	return exchange.Order{}, false
}

// Tasks lists the strategy's pairs and stops that are not over, oldest first: from the moment they
// are wished until their end or refusal is delivered. The slice is the view's.
func (v *View) Tasks() []exchange.TaskUpdate { return v.tasks }

// Balance is the amount of an asset in one wallet of the account. The account is shared:
// other strategies move it too.
func (v *View) Balance(asset string, w exchange.Wallet) decimal.Decimal {
	for _, b := range v.balances {
		if b.asset == asset && b.wallet == w {
			return b.amount
		}
	}
	return decimal.Zero
}

// Coins is what the account owns of an asset over all wallets, debts subtracted and
// without unrealised profit.
func (v *View) Coins(asset string) decimal.Decimal {
	sum := decimal.Zero
	for _, b := range v.balances {
		if b.asset != asset {
			continue
		}
		if b.wallet.Debt() {
			sum = sum.Sub(b.amount)
		} else {
			sum = sum.Add(b.amount)
		}
	}
	return sum
}

// Debt is what the account owes of an asset in loans, with the interest on them. The account
// is shared: what other strategies have borrowed is in it.
func (v *View) Debt(asset string) decimal.Decimal {
	return v.Balance(asset, exchange.WalletLoan).Add(v.Balance(asset, exchange.WalletInterest))
}

// Account is the last snapshot of the account; all zero before the first.
func (v *View) Account() exchange.Account { return v.account }

// State is the strictest trading state of the account, this strategy and the instrument.
func (v *View) State(in *exchange.Instrument) exchange.TradingState {
	return min(v.accountState, v.ownState, v.inst[in.ID].state)
}

// Apply folds one delivered event.
func (v *View) Apply(e *exchange.Event) {
	v.now = e.At
	switch e.Kind {
	case exchange.KindTrade:
		v.inst[e.Inst].last = e.TradePrice()
	case exchange.KindBookTicker:
		e.KeepBookTicker(&v.inst[e.Inst].quote)
	case exchange.KindMark:
		v.inst[e.Inst].mark = e.Mark()
	case exchange.KindBar:
		v.inst[e.Inst].last = e.Bar().Close
	case exchange.KindFill:
		v.applyFill(e.Inst, e.Fill())
	case exchange.KindOrderUpdate:
		v.applyOrder(e)
	case exchange.KindAct:
		v.saw(e.Act().Ref)
	case exchange.KindTask:
		v.applyTask(e.Task())
	case exchange.KindIntent:
		v.applyIntent(e.Intent())
	case exchange.KindRefusal:
		v.applyRefusal(e.Refusal())
	case exchange.KindLedger:
		v.applyLedger(e.Ledger())
	case exchange.KindAccount, exchange.KindRiskLevel:
		v.account = *e.Account()
	case exchange.KindState:
		v.applyState(e.State())
	}
}

func (v *View) applyFill(id exchange.InstrumentID, f *exchange.Fill) {
	if f.PositionSide > exchange.Short {
		return
	}
	i := &v.inst[id] // a repeated report has quantity 0 and changes nothing
	i.legs[f.PositionSide].Trade(v.instruments.At(id), f.Side, f.Qty, f.Price)
	i.sum()
	i.held += exchange.Fixed(f.Side.Sign()) * f.Qty
}

// applyIntent notes a new order as sent, with what only the wish tells: side and type.
func (v *View) applyIntent(i *exchange.Intent) {
	switch i.Kind {
	case exchange.IntentBorrow, exchange.IntentRepay:
		v.saw(i.Ref)
		return
	case exchange.IntentPair, exchange.IntentProtect:
		v.wishTask(i)
		return
	case exchange.IntentNew:
	default:
		return
	}
	v.saw(i.Ref)
	v.orders = append(v.orders, exchange.Order{
		Strategy: i.Strategy, Ref: i.Ref, Request: i.Request, Status: exchange.StatusPendingNew,
		Created: v.now, Updated: v.now,
	})
}

// applyRefusal forgets an order that was never sent. Refused cancels and amends leave
// the order as it was.
func (v *View) applyRefusal(r *exchange.Refusal) {
	if r.Intent.Task() {
		v.tasks = slices.DeleteFunc(v.tasks, func(u exchange.TaskUpdate) bool { return u.Ref == r.Intent.Ref })
		return
	}
	if r.Intent.Kind == exchange.IntentNew {
		v.orders = slices.DeleteFunc(v.orders, func(o exchange.Order) bool { return o.ID == 0 && o.Ref == r.Intent.Ref })
	}
}

// wishTask notes a task as wished, before anything is known of it.
func (v *View) wishTask(i *exchange.Intent) {
	v.saw(i.Ref)
	u := exchange.TaskUpdate{Strategy: i.Strategy, Ref: i.Ref, Kind: exchange.TaskStop, Status: exchange.TaskWorking, Inst: i.Request.Inst, Trigger: i.Request.Trigger}
	if i.Kind == exchange.IntentPair {
		u.Kind, u.Hedge, u.Coins = exchange.TaskPair, i.Pair.Hedge, decimal.New(i.Request.Side.Sign()*int64(i.Request.Qty), -exchange.FixedPlaces)
	}
	v.tasks = append(v.tasks, u)
}

// applyTask notes how a task stands, and forgets one that is over.
func (v *View) applyTask(u *exchange.TaskUpdate) {
	v.saw(u.Ref)
	at := slices.IndexFunc(v.tasks, func(have exchange.TaskUpdate) bool { return have.Ref == u.Ref })
	switch {
	case at < 0 && !u.Status.Final():
		v.tasks = append(v.tasks, *u)
	case at >= 0 && u.Status.Final():
		v.tasks = slices.Delete(v.tasks, at, at+1)
	case at >= 0:
		v.tasks[at] = *u
	}
}

func (v *View) applyOrder(e *exchange.Event) {
	u := e.OrderUpdate()
	at := v.findOrder(u)
	if at < 0 {
		if u.Status.Final() || v.late(u) {
			return
		}
		v.saw(u.Ref)
		v.orders = append(v.orders, exchange.Order{
			Strategy: u.Strategy, Ref: u.Ref, Created: e.At, Request: exchange.OrderRequest{Inst: e.Inst},
		})
		at = len(v.orders) - 1
	}
	if u.Status.Final() {
		v.orders = slices.Delete(v.orders, at, at+1)
		return
	}
	o := &v.orders[at]
	o.ID, o.ClientID, o.VenueID = u.ID, u.ClientID, u.VenueID
	o.Status, o.Filled, o.Updated = u.Status, u.Filled, e.At
	o.Request.Price, o.Request.Qty = u.Price, u.Qty
}

// findOrder looks an order up by its number, and one that has none yet by its ref. A
// triggered order and its child carry one ref and two numbers.
func (v *View) findOrder(u *exchange.OrderUpdate) int {
	at := slices.IndexFunc(v.orders, func(o exchange.Order) bool { return o.ID == u.ID && u.ID != 0 })
	if at < 0 && u.Ref != 0 {
		at = slices.IndexFunc(v.orders, func(o exchange.Order) bool { return o.ID == 0 && o.Ref == u.Ref })
	}
	return at
}

// saw notes a ref as given. Those that people use in a strategy's place stand above RefMax, and the
// strategy's own go on below.
func (v *View) saw(ref Ref) {
	if ref > exchange.RefMax {
		v.personRef = max(v.personRef, ref)
		return
	}
	v.lastRef = max(v.lastRef, ref)
}

// late says whether news of an order that is not listed is about one that is over: its
// ref was seen before, and it is no child of a triggered order that still is listed.
// Streams repeat and reorder, and an order that came back would block its author.
func (v *View) late(u *exchange.OrderUpdate) bool {
	last := v.lastRef
	if u.Ref > exchange.RefMax {
		last = v.personRef
	}
	if u.Ref == 0 || u.Ref > last {
		return false
	}
	_, parent := v.Order(u.Ref)
	return !parent
}

func (v *View) applyLedger(l *exchange.LedgerEntry) {
	for i := range v.balances {
		if b := &v.balances[i]; b.asset == l.Asset && b.wallet == l.Wallet {
			b.amount = l.Balance
			return
		}
	}
	v.balances = append(v.balances, balance{l.Asset, l.Wallet, l.Balance})
}

func (v *View) applyState(s *exchange.StateChange) {
	switch {
	case s.Strategy != 0 && s.Strategy != v.id || int(s.Inst) >= len(v.inst): // not ours
	case s.Inst != 0:
		v.inst[s.Inst].state = s.Effective
	case s.Strategy != 0:
		v.ownState = s.Effective
	default:
		v.accountState = s.Effective
	}
}
