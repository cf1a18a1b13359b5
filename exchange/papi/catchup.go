package papi

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

const (
	// bufferMax is how many events may wait for a catch-up.
	bufferMax = 1 << 16
	// catchEvery is the least time between two catch-ups, which cost some 250 each, and
	// catchAgain that before one that has failed is tried again.
	catchEvery, catchAgain = 10 * time.Second, 5 * time.Second
	// blind is how late an event may come, and more: what happened so long before the last one
	// is known. How long a connection has been dead when that is noticed has no bound: nothing
	// but events proves that it is alive, for a listenKey may be dead under pings.
	blind = exchange.Time(15 * time.Minute)
)

// recover catches up because something may be missing.
func (o *owner) recover(why string) {
	o.missing()
	o.catchUpOn(why)
}

// catchUpOn starts a catch-up, now or when one is allowed again.
func (o *owner) catchUpOn(why string) {
	o.again = true
	if o.connected && o.state != CatchingUp {
		o.become(CatchingUp, why)
	}
	if !o.catching && o.connected && o.next <= o.now() {
		o.catchUp()
	}
}

// catchUp reads the account beside the stream, whose events wait meanwhile.
func (o *owner) catchUp() {
	o.catching, o.again, o.wanted = true, false, ""
	o.next = o.now().Add(catchEvery)
	// What the exchange took before the connection was there will be seen. Of what it took later
	// the stream must tell all the same: it may be dead.
	maps.DeleteFunc(o.echoes, func(_ string, due exchange.Time) bool { return due < o.opened.Add(echoWithin) })
	w := want{named: map[orderNumber]string{}, active: map[exchange.InstrumentID]bool{}, since: o.heard, purses: o.tr.ledger.values()}
	for _, s := range o.tr.orders.open() {
		if s.status == exchange.StatusPendingNew {
			continue // an OCO on its way, or in doubt
		}
		w.open = append(w.open, exchange.Order{
			ClientID: s.clientID, VenueID: s.venueID, Request: exchange.OrderRequest{Inst: s.inst, Type: s.list.someType()},
		})
	}
	for number, s := range o.tr.orders.byNumber {
		w.named[number] = s.clientID
		w.active[s.inst] = true
	}
	for inst := range o.active {
		w.active[inst] = true
	}
	for _, d := range o.doubts {
		w.active[d.r.order.Request.Inst] = true
		if d.r.kind == toPlace { // a conditional one may have dealt, and its child names nobody
			w.doubtful = append(w.doubtful, d.r.order)
		}
	}
	o.catchers.Go(func() { o.tell(o.ctx, o.readTruth(o.ctx, w)) })
}

// someType is a type of the orders on a list.
func (l list) someType() exchange.OrderType {
	switch l {
	case listUMAlgo, listCMConditional:
		return exchange.StopMarket
	case listOCO:
		return exchange.OCO
	}
	return exchange.Limit
}

// caughtUp tells what was missed: links of orders and their fills, where the orders stand,
// balances, the account; then what the stream has said meanwhile, part of which is old by
// now and recognised as such; and then that the state is Live.
func (o *owner) caughtUp(c *caughtUp) {
	o.catching = false
	if c.err != nil {
		o.notify(NoticeCatchUp, c.err.Error())
		o.again, o.next = true, o.now().Add(catchAgain)
		return
	}
	for _, text := range c.unknown {
		o.tr.counts.UnknownInstruments++
		o.notify(NoticeUnknownInstrument, text)
	}
	if c.unexplained != nil {
		o.notify(NoticeCatchUp, "what has changed the balances is told as transfers: "+c.unexplained.Error())
	}
	for i := range c.missing {
		o.notify(NoticeCatchUp, "order "+c.missing[i].ClientID+" was open, and the exchange does not find it")
		o.seek(&c.missing[i])
	}
	if o.heard == 0 { // older fills are in the positions that the receiver begins with
		o.tr.born = c.truth.PositionsAt
	}
	o.tellOrders(c)
	o.tellBalances(c)
	o.tellAccount(&c.truth.Account)
	o.truth.Store(c.truth)
	if !o.connected {
		return // lost again meanwhile: what was told is true, and more is missing
	}
	o.tellTruth(c)
	o.flush()
	waiting := o.buffer
	o.buffer = nil
	for _, event := range waiting {
		if err := o.tr.take(event); err != nil {
			o.malformed(err)
		}
		o.flush()
	}
	o.heard = c.truth.At
	if !o.again {
		o.become(Live, "caught up")
	}
}

// tellOrders tells orders and fills: conditional orders and OCOs first, for they name the
// orders that they have made, then fills by time, then where each order stands.
func (o *owner) tellOrders(c *caughtUp) {
	t := o.tr
	for i := range c.lists {
		l := &c.lists[i]
		in, err := t.ins.Find(exchange.Margin, l.Symbol)
		if err != nil || len(l.Orders) != 2 {
			continue
		}
		n := l.news(in.ID)[0]
		if s := t.orders.named(listOCO, l.ListClientOrderID); s != nil {
			if s.status == exchange.StatusUnknown {
				n.price, n.qty = s.price, s.qty
				t.update(n, nil)
			}
			continue
		}
		n.status = exchange.StatusPendingNew
		t.oco(n, l.Orders[0].ClientOrderID, l.Orders[1].ClientOrderID)
	}
	plain := map[orderNumber]*news{}
	for i := range c.orders {
		n := &c.orders[i]
		o.active[n.inst] = true
		if n.list == listUMAlgo || n.list == listCMConditional {
			t.update(*n, nil)
			continue
		}
		plain[orderNumber{n.list, n.venueID}] = n
	}
	for _, x := range c.trades {
		n := plain[orderNumber{listOf(t.ins.At(x.inst).Product, exchange.Limit), x.fill.VenueID}]
		if n != nil {
			t.link(n)
		}
		t.trade(&x)
	}
	for _, number := range slices.SortedFunc(maps.Keys(plain), func(a, b orderNumber) int {
		return cmp.Or(cmp.Compare(a.list, b.list), cmp.Compare(a.id, b.id))
	}) {
		t.known(*plain[number])
	}
}

// tellBalances tells what differs from the balances that are known. The first are those that
// the account has to begin with; of later differences those are told with their reasons that
// the exchange's ledgers explain, and the others as transfers. An asset that is not listed is not there any more.
func (o *owner) tellBalances(c *caughtUp) {
	why := exchange.ReasonTransfer
	if o.truth.Load() == nil && len(o.config.Known.Balances) == 0 {
		why = exchange.ReasonDeposit
	}
	listed := map[string]bool{}
	for i := range c.truth.Balances {
		b := &c.truth.Balances[i]
		listed[b.Asset] = true
		for wallet, value := range b.wallets() {
			if wallet > 0 {
				o.explain(purse{b.Asset, exchange.Wallet(wallet)}, value, b.UpdateTime, c.income)
				o.tr.book(o.tr.ledger.set(purse{b.Asset, exchange.Wallet(wallet)}, amount{value: value, at: b.UpdateTime}, why), b.UpdateTime)
			}
		}
	}
	gone := slices.DeleteFunc(slices.Collect(maps.Keys(o.tr.ledger.known)), func(p purse) bool { return listed[p.asset] })
	slices.SortFunc(gone, func(a, b purse) int { return cmp.Or(cmp.Compare(a.asset, b.asset), cmp.Compare(a.wallet, b.wallet)) })
	for _, p := range gone {
		o.tr.book(o.tr.ledger.set(p, amount{}, why), 0)
	}
}

// tellAccount tells the account's value as the exchange sees it.
func (o *owner) tellAccount(a *Account) {
	if _, known := a.AccountStatus.Known(); !known {
		o.tr.counts.UnknownStatuses++
		o.notify(NoticeUnknownStatus, "account status "+brief(string(a.AccountStatus)))
	}
	told := accountOf(a)
	o.tr.event(0, a.UpdateTime).SetAccount(&told)
}
