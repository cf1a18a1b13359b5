package papisim

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

const (
	// unfilledLife is how long an order is remembered that ended without a fill.
	unfilledLife = 3 * day
	// orderLife is how long any order is remembered that is over: the 90 days that Binance
	// names for conditional and forced orders are assumed for all.
	orderLife = 90 * day
	// fillLife is how long fills are; six months as on fapi.
	fillLife = 183 * day
	// sweepEvery is how often what is forgotten is thrown away.
	sweepEvery = exchange.Time(time.Hour)
	// ordersMax is how many orders are remembered, give or take what comes between sweeps:
	// seven hours of all that the limit allows. Beyond it those that ended are forgotten
	// before their time, the oldest first. Fills are bounded as bookings are.
	ordersMax = 1 << 19

	// orderIDFirst is where order ids begin unless the configuration says otherwise: at
	// what Portfolio Margin accounts saw in 2024. tradeIDFirst is where trade ids do.
	orderIDFirst = 260_000_000_000
	tradeIDFirst = 5_000_000_000
	// orderIDGap bounds the steps between order ids: others have orders, too.
	orderIDGap = 1000
)

// records are what the exchange remembers of the account's orders and fills, and the news
// that nobody has been told yet. Its memory is bounded by Binance's: sweep.
type records struct {
	all  []*record // in the order of their ids
	live []*record // those that are open, in the same order
	// byVenue finds open orders by the venue's name, byName the newest by that of the wire.
	byVenue map[string]*record
	byName  map[wireName]*record
	fills   []*fill // in the order of time
	news    []news

	random     *rand.Rand
	lastID     int64
	sent       int64 // numbers what is sent to the venue
	amendments int64
	sweepsAt   exchange.Time
}

// wireName is a client id: it is unique among open orders of a product and list.
type wireName struct {
	product exchange.Product
	list    list
	name    string
}

func newRecords(seed uint64, firstID int64) records {
	if firstID == 0 {
		firstID = orderIDFirst
	}
	return records{
		byVenue: map[string]*record{}, byName: map[wireName]*record{},
		random: rand.New(rand.NewPCG(seed, 0x70617069)), lastID: firstID,
	}
}

// begin takes an order down that is about to be sent to the venue: it gets its ids, a
// client id if the sender left it out, and the venue's name unless it has one.
func (r *records) begin(o *record) {
	r.lastID += 1 + r.random.Int64N(orderIDGap)
	o.id = r.lastID
	if o.name == "" {
		o.name = letters(r.random, clientIDLength)
	}
	if o.ClientID == "" {
		o.ClientID = r.venueName()
	}
	r.all = append(r.all, o)
	r.live = append(r.live, o)
	r.byVenue[o.ClientID] = o
	r.byName[o.wireName()] = o
}

// venueName makes a name between exchange and venue; those of the legs of an OCO are made
// of the list's.
func (r *records) venueName() string {
	r.sent++
	return "o" + strconv.FormatInt(r.sent, 36)
}

// drop forgets orders that the venue has refused, and what there was to tell of them.
func (r *records) drop(refused ...*record) {
	is := func(o *record) bool { return slices.Contains(refused, o) }
	r.all = slices.DeleteFunc(r.all, is)
	r.live = slices.DeleteFunc(r.live, is)
	r.news = slices.DeleteFunc(r.news, func(n news) bool {
		return slices.ContainsFunc(refused, func(o *record) bool { return n.kind == exchange.KindOrderUpdate && n.order.id == o.id })
	})
	for _, o := range refused {
		r.forget(o)
		r.recall(o.wireName())
	}
}

// recall lets a client id mean the newest order that had it before, where one that was to
// take it over was refused.
func (r *records) recall(n wireName) {
	for _, o := range slices.Backward(r.all) {
		if o.wireName() == n {
			r.byName[n] = o
			return
		}
	}
}

// over notes that an order has ended.
func (r *records) over(o *record) {
	r.live = slices.DeleteFunc(r.live, func(other *record) bool { return other == o })
	delete(r.byVenue, o.ClientID)
}

func (r *records) forget(o *record) {
	delete(r.byVenue, o.ClientID)
	if r.byName[o.wireName()] == o {
		delete(r.byName, o.wireName())
	}
}

func (o *record) wireName() wireName { return wireName{o.product, o.list, o.name} }

// taken says whether a client id is that of an open order.
func (r *records) taken(n wireName) bool {
	o := r.byName[n]
	return o != nil && o.open()
}

// find is an order of a product and list by its id, or when that is 0 by its client id, the
// newest of that name; nil if there is none, or it is forgotten.
func (r *records) find(p exchange.Product, l list, id int64, name string, now exchange.Time) *record {
	o := r.byName[wireName{p, l, name}]
	if id != 0 {
		o = nil
		if i, ok := slices.BinarySearchFunc(r.all, id, func(o *record, id int64) int { return cmp.Compare(o.id, id) }); ok {
			o = r.all[i]
		}
	}
	if o == nil || o.product != p || o.list != l || o.forgotten(now) {
		return nil
	}
	return o
}

// forgotten says whether Binance does not know the order any more: three days after its end
// if it has not filled.
func (o *record) forgotten(now exchange.Time) bool {
	if o.open() {
		return false
	}
	life := orderLife
	if unfilled := o.Filled == 0 && (o.child == nil || o.child.Filled == 0); unfilled {
		life = unfilledLife
	}
	return now.Sub(o.Updated) >= life
}

// sweep throws away what is forgotten, now and then.
func (r *records) sweep(now exchange.Time) {
	if now < r.sweepsAt {
		return
	}
	r.sweepsAt = now + sweepEvery
	excess := len(r.all) - ordersMax
	r.all = slices.DeleteFunc(r.all, func(o *record) bool {
		gone := o.forgotten(now) || excess > 0 && !o.open()
		if gone {
			excess--
			r.forget(o)
		}
		return gone
	})
	old, _ := slices.BinarySearchFunc(r.fills, now.Add(-fillLife), func(f *fill, t exchange.Time) int { return cmp.Compare(f.at, t) })
	r.fills = slices.Delete(r.fills, 0, old)
}
