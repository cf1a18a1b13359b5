package market

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pmbot/pmbot/exchange"
)

// universe is what a product lists, as exchangeInfo had it last. It is a value without clock
// or network; the feed owns one for each product.
type universe struct {
	product exchange.Product
	listed  map[string]exchange.Instrument // by symbol
	whole   bool                           // listed is an answer, and not only our own table
}

// change is one thing that is otherwise than it was.
type change struct {
	kind     NoticeKind
	symbol   string
	old, new string
}

// newUniverse starts with the instruments that the caller believes in: the first answer is
// compared with them, and whatever else it lists is no news.
func newUniverse(p exchange.Product, own *exchange.Instruments) *universe {
	u := &universe{product: p, listed: map[string]exchange.Instrument{}}
	for _, in := range own.All() {
		if in.Product == p {
			u.listed[in.Symbol] = in
		}
	}
	return u
}

// refresh takes an answer of exchangeInfo and returns what has changed, by symbol. If some of
// it could not be read, what is not in it may be there.
func (u *universe) refresh(list []exchange.Instrument, unread []error) []change {
	var changes []change
	now := make(map[string]exchange.Instrument, len(list))
	for _, in := range list {
		now[in.Symbol] = in
		old, known := u.listed[in.Symbol]
		switch {
		case known:
			changes = append(changes, compare(&old, &in)...)
		case u.whole:
			changes = append(changes, change{kind: Listed, symbol: in.Symbol, new: in.Status})
		}
	}
	for symbol, old := range u.listed {
		if _, ok := now[symbol]; ok {
			continue
		}
		if len(unread) > 0 {
			now[symbol] = old
		} else {
			changes = append(changes, change{kind: Unlisted, symbol: symbol, old: old.Status})
		}
	}
	slices.SortFunc(changes, func(a, b change) int { return cmp.Or(strings.Compare(a.symbol, b.symbol), cmp.Compare(a.kind, b.kind)) })
	u.listed, u.whole = now, true
	return changes
}

// live says whether a symbol is one whose streams may tell something. One that nobody has
// asked exchangeInfo about is.
func (u *universe) live(symbol string) bool {
	in, ok := u.listed[symbol]
	return ok && !over(in.Status) || !ok && !u.whole
}

// delivery is the next instant after now at which something that is listed delivers.
func (u *universe) delivery(now exchange.Time) exchange.Time {
	next := exchange.Never
	for _, in := range u.listed {
		if in.Delivery > now && !over(in.Status) {
			next = min(next, in.Delivery)
		}
	}
	return next
}

// over says whether a status is one in which nothing trades any more or yet. Words that are
// not known are none: better to listen in vain.
func over(status string) bool {
	switch status {
	case "PENDING_TRADING", "DELIVERING", "DELIVERED", "SETTLING", "CLOSE":
		return true
	}
	return false
}

// compare says what is different about an instrument, each sort of change once.
func compare(old, now *exchange.Instrument) []change {
	var changes []change
	add := func(kind NoticeKind, was, is string) {
		if was != is {
			changes = append(changes, change{kind: kind, symbol: now.Symbol, old: was, new: is})
		}
	}
	add(StatusChanged, old.Status, now.Status)
	add(DeliveryChanged, deliveryText(old), deliveryText(now))
	was, is := rules(old), rules(now)
	var from, to []string
	for i := range was {
		if was[i].text != is[i].text {
			from, to = append(from, was[i].name+" "+was[i].text), append(to, is[i].name+" "+is[i].text)
		}
	}
	add(RulesChanged, strings.Join(from, ", "), strings.Join(to, ", "))
	return changes
}

func deliveryText(in *exchange.Instrument) string {
	return strings.TrimSpace(in.ContractType + " " + in.Delivery.String())
}

type rule struct{ name, text string }

// rules are the filters by which orders are judged, with the names of their fields.
func rules(in *exchange.Instrument) [13]rule {
	text := func(v any) string { return fmt.Sprint(v) }
	lot := func(l exchange.Lot) string { return fmt.Sprintf("%v to %v by %v", l.Min, l.Max, l.Step) }
	return [...]rule{
		{"tick", text(in.Tick)}, {"price min", text(in.PriceMin)}, {"price max", text(in.PriceMax)},
		{"lot", lot(in.Lot)}, {"market lot", lot(in.MarketLot)}, {"notional min", text(in.NotionalMin)},
		{"percent", fmt.Sprintf("%v to %v", in.PercentDown, in.PercentUp)}, {"contract size", text(in.ContractSize)},
		{"orders max", text(in.OrdersMax)}, {"algo orders max", text(in.AlgoOrdersMax)},
		{"trigger protect", text(in.TriggerProtect)}, {"market take bound", text(in.MarketTakeBound)},
		{"liquidation fee", text(in.LiquidationFee)},
	}
}
