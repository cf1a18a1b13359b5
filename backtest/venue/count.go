package venue

import (
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// conditionalMax is how many conditional UM orders an account may have open, over all
// symbols. Source: Binance's notice for USD-M futures of 2025-12-29.
const conditionalMax = 200

// Orders are the rules for orders that belong to the account and not to a symbol.
type Orders struct {
	// Hedge starts the account in hedge mode, where every symbol has a long and a short
	// position side by side. It holds for UM and CM together; see [Venue.SetPositionMode].
	Hedge bool
	// PerMinuteMax is how many new orders and amends the account may send in a minute of
	// the clock; an OCO counts as two. 0 is no limit. Binance's is 1,200.
	PerMinuteMax int
	// Lenient takes what Binance's algo endpoint takes and a run of ours never sends:
	// conditional UM orders without a trigger price, which never fire, and stop-limits whose
	// price is matched when they trigger.
	Lenient bool
}

// orderRate counts the requests of a minute.
type orderRate struct {
	minute exchange.Time
	count  int
}

// overRate counts a request and says whether it is one too many for its minute. Refused
// ones count, too: Binance does not promise that they do not (assumed).
func (v *Venue) overRate(o *exchange.Order) bool {
	minute := v.now - v.now%exchange.Time(time.Minute)
	if v.rate.minute != minute {
		v.rate = orderRate{minute: minute}
	}
	v.rate.count++
	if o.Request.Type == exchange.OCO {
		v.rate.count++
	}
	return v.orders.PerMinuteMax > 0 && v.rate.count > v.orders.PerMinuteMax
}

// admitCount checks how many orders are open: all of the symbol's, its conditional ones,
// and the account's conditional UM ones. The legs of an OCO are a plain order and a
// conditional one.
func (v *Venue) admitCount(o *order) cause {
	in := o.market.in
	all, conditional, account := 0, 0, 0
	for i := range v.markets {
		m := &v.markets[i]
		for _, other := range m.orders {
			waits := other.Request.Type.Conditional()
			if m == o.market {
				all++
			}
			if m == o.market && waits {
				conditional++
			}
			if m.in.Product == exchange.UM && waits {
				account++
			}
		}
	}
	adds, waits := 1, o.Request.Type.Conditional()
	if o.Request.Type == exchange.OCO {
		adds, waits = 2, true
	}
	tooMany := in.OrdersMax > 0 && all+adds > in.OrdersMax
	tooManyWait := waits && (in.AlgoOrdersMax > 0 && conditional >= in.AlgoOrdersMax || in.Product == exchange.UM && account >= conditionalMax)
	switch margin := in.Product == exchange.Margin; {
	case tooManyWait && margin:
		return errFilterAlgoOrders
	case tooManyWait:
		return errAlgoOrdersMax
	case tooMany && margin:
		return errFilterOrders
	case tooMany:
		return errOrdersMax
	}
	return cause{}
}
