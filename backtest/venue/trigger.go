package venue

import (
	"strconv"

	"github.com/pmbot/pmbot/exchange"
)

// ChildPrefix begins the client ids of orders that triggers make.
const ChildPrefix = "child-"

// strike is the moment at which a conditional order triggers.
type strike struct {
	price exchange.Fixed
	// at is the time from which data can match what does not fill at once.
	at exchange.Time
	// instant lets the child deal at the price itself, as on bars; without it the child
	// waits for the next event.
	instant bool
	// bar and extreme are given inside a bar: the point that the price is on the way to,
	// and with it the close, are certain to come after the trigger.
	bar     *exchange.Bar
	extreme exchange.Fixed
}

// fire triggers what the strike's price reaches, of the orders that were there at its
// time and work by that kind of price.
func (v *Venue) fire(m *market, w exchange.WorkingType, s strike) {
	last := s.price
	if w == exchange.MarkPrice {
		last = m.last
	}
	for _, o := range v.snapshot(m) {
		if !o.Request.Type.Conditional() || o.Request.WorkingType != w || o.Status.Final() || o.arrived > s.at {
			continue
		}
		if o.fires(s.price, last) {
			v.trigger(o, s)
			continue
		}
		o.follow(s.price)
	}
}

// trigger makes the child of a conditional order, or rejects it for the child's sake.
func (v *Venue) trigger(o *order, s strike) {
	m := o.market
	o.Status, o.Updated = exchange.StatusTriggering, v.now
	v.report(o, cause{}, "")
	m.drop(o)
	v.part(o, exchange.StatusExpired, errOtherLeg)
	child := v.spawn(o, s.at)
	why := v.matchPrice(child)
	if why == (cause{}) {
		why = v.admitAgain(child)
	}
	if why != (cause{}) {
		v.finish(o, exchange.StatusRejected, why)
		return
	}
	o.Status = exchange.StatusTriggered
	v.report(o, cause{}, child.ClientID)
	postOnly := child.Request.TimeInForce == exchange.GTX
	if postOnly && !beyond(child.Request.Side, child.Request.Price, s.price) {
		v.finish(child, exchange.StatusExpired, errPostOnly)
		return
	}
	v.enter(child)
	if !s.instant {
		return
	}
	if child.fresh {
		v.take(child, v.slipped(m, child.Request.Side, s.price), unlimited)
	}
	limit, side := child.Request.Price, child.Request.Side
	if s.bar != nil && !child.Status.Final() && (beyond(side, s.extreme, limit) || beyond(side, s.bar.Close, limit)) {
		v.fill(child, execution{price: limit, qty: unlimited, maker: true})
	}
}

// spawn makes the order that a conditional one turns into. It inherits whose it is, and
// has a client id of the venue's making.
func (v *Venue) spawn(o *order, at exchange.Time) *order {
	v.lastID++
	child := &order{Order: o.Order, market: o.market, parent: o, arrived: at}
	child.ID, child.Parent, child.VenueID = 0, o.ID, v.lastID
	child.ClientID = ChildPrefix + strconv.FormatInt(v.lastID, 10)
	child.Status, child.Filled, child.Created = exchange.StatusWorking, 0, v.now
	r := &child.Request
	r.Type = exchange.Limit
	if o.Request.Type.Market() {
		r.Type, r.TimeInForce = exchange.Market, exchange.GTC
	}
	r.Trigger, r.Activation, r.Callback, r.PriceProtect = 0, 0, 0, false
	if r.ClosePosition {
		r.Qty, r.ReduceOnly, r.ClosePosition = o.held(), true, false
	}
	child.fresh = r.TimeInForce != exchange.GTX
	return child
}

// firesUp says whether the order triggers on a price that rises.
func (o *order) firesUp() bool {
	profit := o.Request.Type == exchange.TakeProfit || o.Request.Type == exchange.TakeProfitMarket
	return (o.Request.Side == exchange.Buy) != profit
}

// level is the price at which the order triggers: of a trailing stop, the peak less or
// plus the callback. It is 0 while a trailing stop is not following.
func (o *order) level() exchange.Fixed {
	if o.Request.Type != exchange.TrailingStopMarket {
		return o.Request.Trigger
	}
	distance := scale(o.peak, o.Request.Callback)
	if o.Request.Side == exchange.Buy {
		return min(o.peak, exchange.FixedMax-distance) + distance
	}
	return o.peak - distance
}

// fires says whether the order triggers when the price gets to a point: its level lies on
// the way, and price protection, if asked for, does not hold it back at the last price of
// that moment.
func (o *order) fires(to, last exchange.Fixed) bool {
	level := o.level()
	if level == 0 || o.firesUp() && to < level || !o.firesUp() && to > level {
		return false
	}
	return !o.Request.PriceProtect || !o.market.diverged(last)
}

// follow moves the peak of a trailing stop with a price that did not trigger it.
func (o *order) follow(price exchange.Fixed) {
	r := &o.Request
	if r.Type != exchange.TrailingStopMarket {
		return
	}
	if o.peak == 0 {
		if r.Activation != 0 && beyond(r.Side, r.Activation, price) {
			return
		}
		o.peak = price
	}
	if beyond(r.Side, price, o.peak) {
		o.peak = price
	}
}

// diverged says whether mark and last price differ by more than the instrument's trigger
// protection allows.
func (m *market) diverged(last exchange.Fixed) bool {
	if m.in.TriggerProtect == 0 || m.mark == 0 || last == 0 {
		return false
	}
	apart := (m.mark - last).Abs().Decimal()
	return apart.GreaterThan(m.mark.Decimal().Mul(m.in.TriggerProtect.Decimal()))
}
