package csv

import (
	"fmt"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
)

// desk is what is known of one symbol.
type desk struct {
	key    row.Key
	wanted bool
	trades *series[row.Trade, *row.Trade]
	depth  *series[row.Level, *row.Level]
	pieces pieces
	final  final
}

// finalMax bounds the levels of a book at the end of a day.
const finalMax = 100_000

// final gathers the book at the end of the day before. Each of its levels is told by the
// message that touched it last.
type final struct {
	rows  []row.Level
	lines []int64
	// newest has the largest times and last id of the rows.
	newest row.Level
}

// marketNames are the processor's words for where something trades.
var marketNames = [...]struct {
	name string
	is   exchange.Product
}{{"USD_M_FUTURES", exchange.UM}, {"COIN_M_FUTURES", exchange.CM}, {"SPOT", exchange.Margin}}

// open finds out which series a symbol has. Files without a market are of the one given,
// or of CM if the symbol can be of no other.
func (p *processor) open(market, symbol string) (*desk, error) {
	key := p.key
	key.Symbol = row.Upper(symbol)
	for _, m := range marketNames {
		if m.name != market {
			continue
		}
		if key.Product != 0 && key.Product != m.is {
			return nil, fault("Market", "%s is market %s, and %s is given or named by the path", market, row.MarketOf(m.is), row.MarketOf(key.Product))
		}
		key.Product = m.is
	}
	switch {
	case key.Product != 0:
	case market != "":
		return nil, fault("Market", "%q is none of USD_M_FUTURES, COIN_M_FUTURES, SPOT", source.Clip([]byte(market)))
	case row.CoinMargined(key.Symbol):
		key.Product = exchange.CM
	default:
		key.Kind = row.Depth
		return nil, &stop{key.Check()}
	}
	d := &desk{key: key, wanted: p.key.Symbol == "" || p.key.Symbol == key.Symbol}
	p.desks = append(p.desks, d)
	return d, nil
}

// begin makes the series of a kind at its first row.
func (d *desk) begin(kind, given row.Kind, out *collector) (err error) {
	key := d.key
	if key.Kind = given; given == "" {
		key.Kind = kind
	}
	switch {
	case kind == row.Trades && d.trades == nil:
		d.trades, err = newSeries[row.Trade](key, out)
	case kind == row.Depth && d.depth == nil:
		d.depth, err = newSeries[row.Level](key, out)
	}
	return err
}

// addLevel gives a level to its series.
func (d *desk) addLevel(r *row.Level, number int64) error {
	d.pieces.mark(r)
	if err := d.depth.add(r, number); err != nil {
		return err
	}
	d.pieces.taken(r)
	return nil
}

// add keeps a level for the end of the snapshot.
func (f *final) add(r *row.Level, k *row.Key, number int64) error {
	if err := r.Check(k); err != nil {
		return err
	}
	if len(f.rows) == finalMax {
		return &stop{fmt.Errorf("the final depth snapshot has more than %d levels", finalMax)}
	}
	n := &f.newest
	n.Last, n.Time = max(n.Last, r.Last), max(n.Time, r.Time)
	n.Event, n.Local = max(n.Event, r.Event), max(n.Local, r.Local)
	f.rows, f.lines = append(f.rows, *r), append(f.lines, number)
	return nil
}

// finish gives the levels of a final snapshot as one: its times and its id are the
// largest of its rows.
func (d *desk) finish() error {
	if len(d.final.rows) == 0 {
		return nil
	}
	for i, have := range d.final.rows {
		r := d.final.newest
		r.Snapshot, r.Side, r.Price, r.Qty = true, have.Side, have.Price, have.Qty
		if err := d.addLevel(&r, d.final.lines[i]); err != nil {
			return err
		}
	}
	d.final = final{}
	return nil
}
