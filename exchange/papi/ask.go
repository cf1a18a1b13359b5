package papi

import (
	"context"
	"errors"
	"sync"

	"github.com/pmbot/pmbot/exchange"
)

// question is asked about an order of ours, by its client id.
type question struct {
	order exchange.Order
	list  list
	// thorough also looks whether any fill of late is of an order that carries the id; named are
	// the client ids of orders that are known by their numbers, and need not be asked for.
	thorough bool
	since    exchange.Time
	named    map[orderNumber]string
	// at is when it was asked.
	at exchange.Time
}

// sighting is what is found of an order and what came of it.
type sighting struct {
	q *question
	// news are those of the order, and of its child or legs.
	news []news
	// err says that the question has no answer. Without it and without news the exchange
	// knows no such order.
	err error
}

// ask answers questions until the context ends.
func (b *Broker) ask(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case q := <-b.asks:
			s := b.look(ctx, q)
			select {
			case b.inbox <- s:
			case <-ctx.Done():
				return
			}
		}
	}
}

// look asks for an order on every list on which it can be.
func (b *Broker) look(ctx context.Context, q *question) sighting {
	s := sighting{q: q}
	in := b.config.Instruments.At(q.order.Request.Inst)
	if s.news, s.err = b.find(ctx, q, in); s.err == nil && len(s.news) == 0 && q.thorough {
		s.news, s.err = b.findTraded(ctx, q, in)
	}
	return s
}

// none turns the exchange's "no such order" into nothing found.
func none(n []news, err error) ([]news, error) {
	if errors.Is(err, ErrNoSuchOrder) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return n, nil
}

func (b *Broker) find(ctx context.Context, q *question, in *exchange.Instrument) ([]news, error) {
	c, id := b.config.Client, q.order.ClientID
	switch q.list {
	case listUM:
		o, err := c.UMOrder(ctx, in.Symbol, OrderRef{OrigClientOrderID: id})
		return none([]news{o.news(in.ID)}, err)
	case listUMAlgo:
		o, err := c.UMAlgoOrder(ctx, AlgoRef{ClientAlgoID: id})
		return b.withChild(ctx, o.news(in.ID), err, in)
	case listCM:
		o, err := c.CMOrder(ctx, in.Symbol, OrderRef{OrigClientOrderID: id})
		return none([]news{o.news(in.ID)}, err)
	case listCMConditional:
		o, err := c.CMOpenConditionalOrder(ctx, in.Symbol, StrategyRef{NewClientStrategyID: id})
		if errors.Is(err, ErrNoSuchOrder) { // it is not open; the history has all others
			o, err = c.CMConditionalOrder(ctx, in.Symbol, StrategyRef{NewClientStrategyID: id})
		}
		return b.withChild(ctx, o.news(in.ID), err, in)
	case listOCO:
		return b.findOCO(ctx, id, in)
	default:
		o, err := c.MarginOrder(ctx, in.Symbol, OrderRef{OrigClientOrderID: id})
		return none([]news{o.news(in.ID)}, err)
	}
}

// withChild adds the order that a conditional one has made.
func (b *Broker) withChild(ctx context.Context, n news, err error, in *exchange.Instrument) ([]news, error) {
	found, err := none([]news{n}, err)
	if err != nil || len(found) == 0 || n.childID == 0 {
		return found, err
	}
	child, err := b.numbered(ctx, n.list.child(), n.childID, in)
	if err != nil {
		return nil, err
	}
	return append(found, child...), nil
}

// numbered asks for a plain order by the exchange's number.
func (b *Broker) numbered(ctx context.Context, l list, id int64, in *exchange.Instrument) ([]news, error) {
	c, ref := b.config.Client, OrderRef{OrderID: id}
	switch l {
	case listUM:
		o, err := c.UMOrder(ctx, in.Symbol, ref)
		return none([]news{o.news(in.ID)}, err)
	case listCM:
		o, err := c.CMOrder(ctx, in.Symbol, ref)
		return none([]news{o.news(in.ID)}, err)
	default:
		o, err := c.MarginOrder(ctx, in.Symbol, ref)
		return none([]news{o.news(in.ID)}, err)
	}
}

// findOCO asks for a list and its legs: the list does not tell how they stand.
func (b *Broker) findOCO(ctx context.Context, id string, in *exchange.Instrument) ([]news, error) {
	l, err := b.config.Client.MarginOrderList(ctx, 0, id)
	found, err := none(l.news(in.ID), err)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	for _, leg := range l.Orders {
		n, err := b.numbered(ctx, listMargin, leg.OrderID, in)
		if err != nil {
			return nil, err
		}
		found = append(found, n...)
	}
	return found, nil
}

// listSlack is how much earlier than needed lists of fills are read: two clocks, and the time
// that a list lags behind.
const listSlack = exchange.Time(60e9)

// trades are the fills of an instrument since a time, the oldest first.
func (b *Broker) trades(ctx context.Context, in *exchange.Instrument, since exchange.Time) ([]execution, error) {
	w := Window{StartTime: since - listSlack, EndTime: b.config.Client.ServerTime() + listSlack}
	var list []execution
	add := func(x execution, err, bad error) error {
		if err == nil {
			err = bad
		}
		list = append(list, x)
		return err
	}
	c := b.config.Client
	switch in.Product {
	case exchange.UM:
		for t, err := range c.EachUMTrade(ctx, in.Symbol, w) {
			x, bad := t.execution(in.ID)
			if err := add(x, err, bad); err != nil {
				return nil, err
			}
		}
	case exchange.CM:
		for t, err := range c.EachCMTrade(ctx, in.Symbol, w) {
			x, bad := t.execution(in.ID)
			if err := add(x, err, bad); err != nil {
				return nil, err
			}
		}
	default:
		for t, err := range c.EachMarginTrade(ctx, in.Symbol, w) {
			x, bad := t.execution(in.ID)
			if err := add(x, err, bad); err != nil {
				return nil, err
			}
		}
	}
	return list, nil
}

// findTraded looks for an order that the exchange does not find by its client id among
// those that have dealt of late: a fill may be known before its order is. What it learns of
// other orders is kept, for after an outage many are in doubt, and to ask for each order that
// has dealt on behalf of each of them would take the minute's weight and end no doubt.
func (b *Broker) findTraded(ctx context.Context, q *question, in *exchange.Instrument) ([]news, error) {
	trades, err := b.traded(ctx, in, q)
	if err != nil {
		return nil, err
	}
	plain := listOf(in.Product, exchange.Limit)
	for _, x := range trades {
		if side := q.order.Request.Side; side != 0 && side != x.fill.Side {
			continue
		}
		number := orderNumber{plain, x.fill.VenueID}
		id, known := q.named[number]
		if !known {
			id, known = b.learned.of(number)
		}
		if known && id != q.order.ClientID {
			continue
		}
		found, err := b.numbered(ctx, plain, x.fill.VenueID, in)
		if err != nil {
			return nil, err
		}
		if len(found) > 0 {
			b.learned.note(number, found[0].clientID)
			if found[0].clientID == q.order.ClientID {
				return found, nil
			}
		}
	}
	return nil, nil
}

// tradeList is a list of fills that several questions have asked for.
type tradeList struct {
	// turn is taken while the list is read: whoever needs the same one waits for it.
	turn      chan struct{}
	since, at exchange.Time
	list      []execution
}

// traded are the fills of an instrument that a question is about. After an outage many are
// asked at once about orders of one instrument, and one list, if it was read later than they
// were asked, has the answer for all of them.
func (b *Broker) traded(ctx context.Context, in *exchange.Instrument, q *question) ([]execution, error) {
	l := &b.traders[in.ID]
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if l.at > q.at && l.since <= q.since {
		return l.list, nil
	}
	at := b.now()
	list, err := b.trades(ctx, in, q.since)
	if err != nil {
		return nil, err
	}
	l.since, l.at, l.list = q.since, at, list
	return list, nil
}

// learnedMax is how many orders are remembered by their numbers.
const learnedMax = 1 << 14

// learned are the client ids of orders that were asked for by their numbers.
type learned struct {
	// A mutex, because several askers share it; it is held for a look at a map.
	mu       sync.Mutex
	byNumber map[orderNumber]string
}

func (l *learned) of(number orderNumber) (clientID string, known bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	clientID, known = l.byNumber[number]
	return clientID, known
}

// note remembers an order. When there are too many, all are forgotten and asked for again.
func (l *learned) note(number orderNumber, clientID string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byNumber == nil || len(l.byNumber) == learnedMax {
		l.byNumber = map[orderNumber]string{}
	}
	l.byNumber[number] = clientID
}
