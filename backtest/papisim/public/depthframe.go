package public

import (
	"slices"

	"github.com/pmbot/pmbot/exchange"
)

// level is a price with its quantity, as text.
type level [2]string

type depthFrame struct {
	Event   string  `json:"e"`
	Time    int64   `json:"E"`
	Changed int64   `json:"T"`
	Symbol  string  `json:"s"`
	Pair    string  `json:"ps"`
	First   int64   `json:"U"`
	Last    int64   `json:"u"`
	Prev    int64   `json:"pu"`
	Bids    []level `json:"b"`
	Asks    []level `json:"a"`
	Type    int     `json:"st"`
}

type spotDepthFrame struct {
	Event  string  `json:"e"`
	Time   int64   `json:"E"`
	Symbol string  `json:"s"`
	First  int64   `json:"U"`
	Last   int64   `json:"u"`
	Bids   []level `json:"b"`
	Asks   []level `json:"a"`
}

// spotPartialFrame does not even say of which symbol it is.
type spotPartialFrame struct {
	LastUpdateID int64   `json:"lastUpdateId"`
	Bids         []level `json:"bids"`
	Asks         []level `json:"asks"`
}

// difference is what has changed in a book over a window.
func (s *symbol) difference(now exchange.Time, w *window) any {
	bids, asks := s.changed(&s.depth.bids, w.bids), s.changed(&s.depth.asks, w.asks)
	if s.in.Product == exchange.Margin {
		return spotDepthFrame{"depthUpdate", now.Millis(), s.in.Symbol, w.first, w.last, bids, asks}
	}
	return depthFrame{
		"depthUpdate", now.Millis(), s.depth.at.Millis(), s.in.Symbol, s.in.Pair, w.first, w.last, w.prev, bids, asks, s.symbolType(),
	}
}

// partial is the top of a book; before is the id of the frame before.
func (s *symbol) partial(now exchange.Time, levels int, before int64) any {
	bids, asks := s.top(&s.depth.bids, levels), s.top(&s.depth.asks, levels)
	if s.in.Product == exchange.Margin {
		return spotPartialFrame{s.depth.last, bids, asks}
	}
	first := before + 1
	if before == 0 {
		first, before = s.depth.last, s.depth.last-1
	}
	return depthFrame{
		"depthUpdate", now.Millis(), s.depth.at.Millis(), s.in.Symbol, s.in.Pair, first, s.depth.last, before, bids, asks, s.symbolType(),
	}
}

// changed are the prices of a list with what stands there now, each once, in rising order.
func (s *symbol) changed(side *ladder, prices []exchange.Fixed) []level {
	slices.Sort(prices)
	list := []level{}
	for _, p := range slices.Compact(prices) {
		list = append(list, s.level(exchange.Level{Price: p, Qty: side.qty(p)}))
	}
	return list
}

// top are the best levels of a side.
func (s *symbol) top(side *ladder, levels int) []level {
	list := []level{}
	for _, l := range side.levels[:min(levels, len(side.levels))] {
		list = append(list, s.level(l))
	}
	return list
}

func (s *symbol) level(l exchange.Level) level { return level{s.price(l.Price), s.qty(l.Qty)} }
