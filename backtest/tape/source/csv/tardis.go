package csv

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
)

// The datasets of tardis.dev: exchange, symbol and two times in microseconds, then what
// the dataset is about. A file may have several symbols.
//
// They name no update ids, so those of books and quotes are made of the times: what is
// missing between two messages cannot be told. Nor have they two times of the exchange.
// timestamp is that of the event where Binance gives it, else that of sending.

const tardisName = "tardis.dev"

var tardisTradeTable = []column{
	{name: "time", header: "timestamp", need: true},
	{name: "local", header: "local_timestamp", need: true},
	{name: "id", header: "id", need: true, blank: true},
	{name: "buyer_maker", header: "side", need: true, read: asWord, word: makerBought},
	{name: "price", header: "price", need: true},
	{name: "qty", header: "amount", need: true},
}

// A liquidation has the average price of the order and what was filled of it in all, and
// only filled ones are in the dataset.
var tardisLiquidationTable = []column{
	{name: "time", header: "timestamp", need: true},
	{name: "local", header: "local_timestamp", need: true},
	{name: "side", header: "side", need: true, read: asWord, word: orderSide},
	{name: "price", header: "price", need: true},
	{name: "qty", header: "amount", need: true},
}

var tardisQuoteTable = []column{
	{name: "time", header: "timestamp", need: true},
	{name: "local", header: "local_timestamp", need: true},
	{name: "ask_qty", header: "ask_amount", need: true, blank: true},
	{name: "ask", header: "ask_price", need: true, blank: true},
	{name: "bid", header: "bid_price", need: true, blank: true},
	{name: "bid_qty", header: "bid_amount", need: true, blank: true},
}

var tardisMarkTable = []column{
	{name: "time", header: "timestamp", need: true},
	{name: "local", header: "local_timestamp", need: true},
	{name: "next_funding", header: "funding_timestamp", need: true, blank: true},
	{name: "rate", header: "funding_rate", need: true, blank: true},
	{name: "index", header: "index_price", need: true, blank: true},
	{name: "price", header: "mark_price", need: true, blank: true},
}

var tardisLevelTable = []column{
	{name: "time", header: "timestamp", need: true},
	{name: "local", header: "local_timestamp", need: true},
	{name: "snapshot", header: "is_snapshot", need: true},
	{name: "side", header: "side", need: true, read: asWord, word: levelSide},
	{name: "price", header: "price", need: true},
	{name: "qty", header: "amount", need: true},
}

// isTardis says whether the header is one of tardis.dev.
func (h *header) isTardis() bool {
	return len(h.names) > 4 && strings.Join(h.names[:4], ",") == "exchange,symbol,timestamp,local_timestamp"
}

// openTardis chooses the dataset by its columns.
func openTardis(h *header, key row.Key, r *reader, out *collector) (layout, error) {
	switch h.names[4] {
	case "is_snapshot":
		return newTardis(tardisLevelTable, row.Depth, h, key, out, levelState)
	case "asks[0].price", "bids[0].price":
		return newSnapshots(h, key, out)
	case "ask_amount", "ask_price", "bid_price", "bid_amount":
		return newTardis(tardisQuoteTable, row.BookTicker, h, key, out, quoteState)
	case "funding_timestamp":
		return newTardis(tardisMarkTable, row.MarkPrice, h, key, out, markState)
	case "id":
		if isLiquidations(key.Kind, r) {
			return newTardis(tardisLiquidationTable, row.LiquidationSnapshot, h, key, out, liquidationState)
		}
		return newTardis(tardisTradeTable, row.Trades, h, key, out, tardisTradeState)
	}
	return nil, fmt.Errorf("no dataset of %s that is known here has the columns %s", tardisName, quoted(h.names))
}

// isLiquidations tells the two datasets with equal columns apart: by the kind given, else
// by the name of the file or of a directory above it.
func isLiquidations(given row.Kind, r *reader) bool {
	if given != "" {
		return given == row.LiquidationSnapshot
	}
	return strings.Contains(filepath.ToSlash(r.path), "liquidations")
}

// state is what goes from one row of a series to the next.
type state[R any] struct {
	// complete sets what the line does not say. A reason to pass over the row is no error.
	complete func(r *R) (pass string, err error)
	taken    func(r *R)
}

// one is a series of a recorder's file. It is nil inside where rows are passed over.
type one[R any, P row.Row[R]] struct {
	*series[R, P]
	state[R]
}

// tardis reads datasets with a row in each line.
type tardis[R any, P row.Row[R]] struct {
	fields
	cells  []cell
	key    row.Key
	out    *collector
	row    R
	series directory[one[R, P]]
	begin  func(k row.Key) state[R]
	passed tally
}

func newTardis[R any, P row.Row[R]](
	columns []column, kind row.Kind, h *header, key row.Key, out *collector, begin func(k row.Key) state[R],
) (layout, error) {
	at, err := bindHeaders(tardisName, columns, h)
	if err != nil {
		return nil, err
	}
	if key.Kind, err = kindOf(key.Kind, kind); err != nil {
		return nil, err
	}
	t := &tardis[R, P]{cells: cells[R](columns, at, ""), key: key, out: out, begin: begin}
	t.comma, t.width = h.comma, h.width
	return t, nil
}

// kindOf is the kind given where rows of it look like those of the file.
func kindOf(given, found row.Kind) (row.Kind, error) {
	if given == "" {
		return found, nil
	}
	if given.Schema() != found.Schema() {
		return "", &keyError{fmt.Errorf("the file has %s, and %s is given or named by the path", found, given)}
	}
	return given, nil
}

func (t *tardis[R, P]) take(line []byte, number int64) (row.Key, error) {
	if err := t.split(line); err != nil {
		return row.Key{}, err
	}
	s, err := t.series.find(t.value[0], t.value[1], t.open)
	if err != nil {
		return row.Key{}, err
	}
	if s.series == nil {
		t.passed.add(otherSymbols)
		return row.Key{}, nil
	}
	if err := decode(t.cells, &t.fields, &t.row); err != nil {
		return s.key, err
	}
	pass, err := s.complete(&t.row)
	if err != nil {
		return s.key, err
	}
	if pass != "" {
		t.passed.add(pass)
		return s.key, nil
	}
	if err := s.add(&t.row, number); err != nil {
		return s.key, err
	}
	s.taken(&t.row)
	return s.key, nil
}

const otherSymbols = "rows of other symbols"

func (t *tardis[R, P]) open(exchangeName, symbol string) (*one[R, P], error) {
	key, wanted, err := tardisKey(t.key, exchangeName, symbol)
	if err != nil || !wanted {
		return &one[R, P]{}, err
	}
	s, err := newSeries[R, P](key, t.out)
	return &one[R, P]{series: s, state: t.begin(key)}, err
}

// tardisKey is the key of rows, and whether rows of the symbol are wanted.
func tardisKey(k row.Key, exchangeName, symbol string) (key row.Key, wanted bool, err error) {
	products := [...]struct {
		name string
		is   exchange.Product
	}{{"binance-futures", exchange.UM}, {"binance-delivery", exchange.CM}, {"binance", exchange.Margin}}
	for _, p := range products {
		if p.name != exchangeName {
			continue
		}
		if k.Product != 0 && k.Product != p.is {
			return k, false, &row.Fault{Column: "exchange", Err: fmt.Errorf("%s is market %s, and %s is given or named by the path",
				p.name, row.MarketOf(p.is), row.MarketOf(k.Product))}
		}
		k.Product = p.is
		symbol = row.Upper(symbol)
		wanted = k.Symbol == "" || k.Symbol == symbol
		k.Symbol = symbol
		return k, wanted, nil
	}
	return k, false, &row.Fault{Column: "exchange", Err: fmt.Errorf("%w exchange %q; known are binance-futures, binance-delivery, binance",
		exchange.ErrUnknownName, source.Clip([]byte(exchangeName)))}
}

func (t *tardis[R, P]) end() error { return nil }

func (t *tardis[R, P]) notes(n *source.Notes) { n.Passed = t.passed }

// plainState is that of rows that depend on no other.
func plainState[R any](complete func(r *R) (string, error)) state[R] {
	return state[R]{complete: complete, taken: func(*R) {}}
}

var errNoID = errors.New("is empty, and trades of Binance have an id; if these are liquidations, say so with the kind liquidationSnapshot")

func tardisTradeState(row.Key) state[row.Trade] {
	return plainState(func(r *row.Trade) (string, error) {
		if r.ID == 0 {
			return "", &row.Fault{Column: "id", Err: errNoID}
		}
		return "", nil
	})
}

func liquidationState(row.Key) state[row.Liquidation] {
	return plainState(func(r *row.Liquidation) (string, error) {
		r.Average, r.Filled, r.Status = r.Price, r.Qty, row.LiquidationFilled
		return "", nil
	})
}

func quoteState(row.Key) state[row.Ticker] {
	ids := &made{}
	return plainState(func(r *row.Ticker) (_ string, err error) {
		r.ID, err = ids.id(r.Time, 1)
		return "", err
	})
}

// markState passes over rows that hold no mark price, and those of the time of the row
// before: the dataset has a row whenever last price or open interest change, too, and
// those have the mark of the message before.
func markState(row.Key) state[row.Mark] {
	var last row.Micros
	return state[row.Mark]{
		complete: func(r *row.Mark) (string, error) {
			switch {
			case r.Price == 0:
				return "derivative_ticker without a mark price", nil
			case r.Time == last:
				return "derivative_ticker of the time of the row before", nil
			}
			return "", nil
		},
		taken: func(r *row.Mark) { last = r.Time },
	}
}

// chain makes the ids of pieces of a book: the last id of the time, or one above that of
// the piece before, whatever is more, and first and previous ids that hang together.
type chain struct {
	spot bool
	// piece is the piece under way, without its levels.
	piece row.Level
}

// mark gives a level the ids of its piece, and says where one begins: a piece is what was
// received at one instant, of one time and of one sort.
func (c *chain) mark(r *row.Level) {
	p := &c.piece
	if p.Last != 0 && r.Local == p.Local && r.Time == p.Time && r.Snapshot == p.Snapshot {
		r.First, r.Last, r.Prev, r.Begins = p.First, p.Last, p.Prev, false
		return
	}
	r.First, r.Prev, r.Begins = 0, 0, true
	r.Last = max(row.MakeID(r.Time, 0), p.Last+1)
	if r.Snapshot || p.Last == 0 {
		return
	}
	r.First = p.Last + 1
	if !c.spot {
		r.Prev = p.Last
	}
}

func (c *chain) taken(r *row.Level) { c.piece = common(r) }

func levelState(k row.Key) state[row.Level] {
	c := &chain{spot: k.Product == exchange.Margin}
	return state[row.Level]{
		complete: func(r *row.Level) (string, error) { c.mark(r); return "", nil },
		taken:    c.taken,
	}
}
