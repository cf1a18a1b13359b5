package papi

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Truth is what the exchange has told of the account in one catch-up: what reconciliation
// holds its own state against. Nobody writes to it.
type Truth struct {
	// At is when reading began, and PositionsAt when the positions were asked for, which are
	// the last that was, by the exchange's time.
	At, PositionsAt exchange.Time
	// Account, Balances and positions are as the exchange told them.
	Account     Account
	Balances    []Balance
	UMPositions []UMPosition
	CMPositions []CMPosition
	// The open orders, list by list. Margin orders are those of the instruments in the table.
	UMOrders      []UMOrder
	UMAlgoOrders  []UMAlgoOrder
	CMOrders      []CMOrder
	CMConditional []CMConditionalOrder
	MarginOrders  []MarginOrder
	OrderLists    []OrderList
}

// Truth is that of the last catch-up, nil before the first.
func (b *Broker) Truth() *Truth { return b.truth.Load() }

// want is what a catch-up needs to know beforehand.
type want struct {
	// open are the orders that were open, doubtful those of which that is not known, and named
	// the client ids of all that are known, by their numbers.
	open, doubtful []exchange.Order
	named          map[orderNumber]string
	// active are the instruments that have had orders or positions.
	active map[exchange.InstrumentID]bool
	// since is up to when everything is known, 0 for nothing that counts, and purses are the
	// balances as they are known.
	since  exchange.Time
	purses map[purse]decimal.Decimal
}

// caughtUp is what a catch-up has read.
type caughtUp struct {
	truth *Truth
	// orders are all open ones, and those that were open or have dealt; lists are the OCOs
	// with the client ids of their legs, and missing those that the exchange does not find.
	orders  []news
	lists   []OrderList
	missing []exchange.Order
	trades  []execution
	unknown []string
	err     error
	// income are the entries of the futures wallets that differ, the oldest first, and
	// unexplained says why they could not be read, which nothing else depends on.
	income      []booking
	unexplained error
}

// readTruth reads the account. An answer that is no valid list is an error, and nothing is known.
// Orders come first, then the fills: so every fill that an order tells of is in the list,
// unless that lags behind, and then the stream tells it. Positions are read before the fills,
// for whose instruments those are asked for, and once more behind them: what moves them in
// between is told.
func (b *Broker) readTruth(ctx context.Context, w want) caughtUp {
	c := caughtUp{truth: &Truth{At: b.config.Client.ServerTime()}}
	for _, part := range []func(context.Context, *caughtUp) error{b.readFutures, b.askPositions, b.readMargin, b.readAccount} {
		if c.err = part(ctx, &c); c.err != nil {
			return c
		}
	}
	b.collect(&c, w)
	if c.err = b.readGone(ctx, &c, w); c.err != nil {
		return c
	}
	if w.since != 0 {
		if c.err = b.readTrades(ctx, &c, w); c.err != nil {
			return c
		}
		c.unexplained = b.readIncome(ctx, &c, w)
	}
	c.err = b.askPositions(ctx, &c)
	return c
}

func (b *Broker) readFutures(ctx context.Context, c *caughtUp) (err error) {
	api, t := b.config.Client, c.truth
	if t.UMOrders, err = api.UMOpenOrders(ctx, ""); err != nil {
		return err
	}
	if t.UMAlgoOrders, err = api.UMOpenAlgoOrders(ctx, UMOpenAlgoOrdersQuery{}); err != nil {
		return err
	}
	if t.CMOrders, err = api.CMOpenOrders(ctx, "", ""); err != nil {
		return err
	}
	t.CMConditional, err = api.CMOpenConditionalOrders(ctx, "")
	return err
}

func (b *Broker) askPositions(ctx context.Context, c *caughtUp) (err error) {
	api, t := b.config.Client, c.truth
	t.PositionsAt = api.ServerTime()
	if t.UMPositions, err = api.UMPositions(ctx, ""); err != nil {
		return err
	}
	t.CMPositions, err = api.CMPositions(ctx, "", "")
	return err
}

// readMargin reads the OCOs before the orders, so that a leg is not there without its list.
func (b *Broker) readMargin(ctx context.Context, c *caughtUp) (err error) {
	api, t := b.config.Client, c.truth
	ins := b.config.Instruments
	for id := exchange.InstrumentID(1); int(id) <= ins.Len(); id++ {
		in := ins.At(id)
		if in.Product != exchange.Margin {
			continue
		}
		if t.OrderLists == nil {
			if t.OrderLists, err = api.MarginOpenOrderLists(ctx); err != nil {
				return err
			}
		}
		orders, err := api.MarginOpenOrders(ctx, in.Symbol)
		if err != nil {
			return err
		}
		t.MarginOrders = append(t.MarginOrders, orders...)
	}
	return nil
}

func (b *Broker) readAccount(ctx context.Context, c *caughtUp) (err error) {
	if err = b.readBalances(ctx, c); err != nil {
		return err
	}
	c.truth.Account, err = b.config.Client.Account(ctx)
	return err
}

// collect makes news of the open orders. Those of instruments outside the table are told by
// name.
func (b *Broker) collect(c *caughtUp, w want) {
	t := c.truth
	add := func(p exchange.Product, symbol, clientID string, of func(exchange.InstrumentID) news) {
		in, err := b.config.Instruments.Find(p, symbol)
		if err != nil {
			c.unknown = append(c.unknown, fmt.Sprintf("order %s on %v %s", clientID, p, brief(symbol)))
			return
		}
		w.active[in.ID] = true
		n := of(in.ID)
		c.orders = append(c.orders, n)
		w.named[orderNumber{n.list, n.venueID}] = n.clientID
	}
	for i := range t.UMAlgoOrders {
		add(exchange.UM, t.UMAlgoOrders[i].Symbol, t.UMAlgoOrders[i].ClientAlgoID, t.UMAlgoOrders[i].news)
	}
	for i := range t.CMConditional {
		add(exchange.CM, t.CMConditional[i].Symbol, t.CMConditional[i].NewClientStrategyID, t.CMConditional[i].news)
	}
	for i := range t.UMOrders {
		add(exchange.UM, t.UMOrders[i].Symbol, t.UMOrders[i].ClientOrderID, t.UMOrders[i].news)
	}
	for i := range t.CMOrders {
		add(exchange.CM, t.CMOrders[i].Symbol, t.CMOrders[i].ClientOrderID, t.CMOrders[i].news)
	}
	for i := range t.MarginOrders {
		add(exchange.Margin, t.MarginOrders[i].Symbol, t.MarginOrders[i].ClientOrderID, t.MarginOrders[i].news)
	}
	c.lists = t.OrderLists
	held := func(p exchange.Product, symbol string, flat bool) {
		if flat {
			return
		}
		in, err := b.config.Instruments.Find(p, symbol)
		if err != nil {
			c.unknown = append(c.unknown, fmt.Sprintf("position on %v %s", p, brief(symbol)))
			return
		}
		w.active[in.ID] = true
	}
	for i := range t.UMPositions {
		held(exchange.UM, t.UMPositions[i].Symbol, t.UMPositions[i].PositionAmt.IsZero())
	}
	for i := range t.CMPositions {
		held(exchange.CM, t.CMPositions[i].Symbol, t.CMPositions[i].PositionAmt.IsZero())
	}
}

// readGone asks singly for the orders that were open and are on no list any more, and for
// those in doubt: what they have made must be known for ours before its fills are told.
func (b *Broker) readGone(ctx context.Context, c *caughtUp, w want) error {
	there := map[orderName]bool{}
	for i := range c.orders {
		there[orderName{c.orders[i].list, c.orders[i].clientID}] = true
	}
	for i := range c.lists {
		there[orderName{listOCO, c.lists[i].ListClientOrderID}] = true
	}
	for i, o := range slices.Concat(w.open, w.doubtful) {
		in := b.config.Instruments.At(o.Request.Inst)
		l := listOf(in.Product, o.Request.Type)
		if there[orderName{l, o.ClientID}] {
			continue
		}
		found, err := b.find(ctx, &question{order: o, list: l}, in)
		if plain := l == listUM || l == listCM || l == listMargin; plain && err == nil && len(found) == 0 && o.VenueID != 0 {
			found, err = b.numbered(ctx, l, o.VenueID, in)
		}
		if err != nil {
			return fmt.Errorf("order %s: %w", o.ClientID, err)
		}
		if len(found) == 0 && i < len(w.open) {
			c.missing = append(c.missing, o)
		}
		for _, n := range found {
			w.named[orderNumber{n.list, n.venueID}] = n.clientID
			if n.list != listOCO {
				c.orders = append(c.orders, n)
			}
		}
	}
	return nil
}

// readTrades reads the fills of all instruments in use, and the orders that have dealt and
// nobody knows. One of ours that a restarted receiver does not know any more, though it has
// heard of later events, was over before the restart with all its fills: so many have ended
// since that it was forgotten, and its fills are not told again.
func (b *Broker) readTrades(ctx context.Context, c *caughtUp, w want) error {
	forgotten := map[orderNumber]bool{}
	for _, id := range slices.Sorted(maps.Keys(w.active)) {
		in := b.config.Instruments.At(id)
		trades, err := b.trades(ctx, in, w.since)
		if err != nil {
			return err
		}
		l := listOf(in.Product, exchange.Limit)
		for _, x := range trades {
			number := orderNumber{l, x.fill.VenueID}
			if _, known := w.named[number]; !known {
				found, err := b.numbered(ctx, l, x.fill.VenueID, in)
				if err != nil {
					return err
				}
				w.named[number] = ""
				for _, n := range found {
					w.named[number] = n.clientID
					if forgotten[number] = x.at <= b.config.Known.Heard && b.ours(n.clientID); !forgotten[number] {
						c.orders = append(c.orders, n)
					}
				}
			}
			if forgotten[number] {
				continue
			}
			x.fill.ClientID = w.named[number]
			c.trades = append(c.trades, x)
		}
	}
	slices.SortStableFunc(c.trades, func(a, b execution) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.inst, b.inst), cmp.Compare(a.fill.TradeID, b.fill.TradeID))
	})
	return nil
}
