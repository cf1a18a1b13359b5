package csv

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
)

// The recordings of Binance Data Processor: a line for each trade or level of a message,
// with the recorder's and the exchange's times in milliseconds. Files have trades, depth,
// or both and snapshots, told apart by StreamType.

const processorName = "Binance Data Processor"

var processorTradeTable = []column{
	{name: "time", header: "TransactionTime", blank: true},
	{name: "event", header: "EventTime", need: true, blank: true},
	{name: "local", header: "TimestampOfReceive", need: true},
	{name: "id", header: "TradeId", need: true},
	{name: "price", header: "Price", need: true},
	{name: "qty", header: "Quantity", need: true},
	{name: "buyer_maker", header: "IsBuyerMarketMaker", need: true},
}

var processorDepthTable = []column{
	{name: "time", header: "TransactionTime", blank: true},
	{name: "event", header: "EventTime", need: true, blank: true},
	{name: "local", header: "TimestampOfReceive", need: true},
	{name: "first_id", header: "FirstUpdateId", need: true},
	{name: "last_id", header: "FinalUpdateId", need: true},
	{name: "prev_id", header: "FinalUpdateIdInLastStream", blank: true},
	{name: "side", header: "IsAsk", need: true, read: asWord, word: isAsk},
	{name: "price", header: "Price", need: true},
	{name: "qty", header: "Quantity", need: true},
}

var processorSnapshotTable = []column{
	{name: "time", header: "TransactionTime", blank: true},
	{name: "event", header: "MessageOutputTime", need: true},
	{name: "local", header: "TimestampOfReceive", need: true},
	{name: "last_id", header: "LastUpdateId", need: true},
	{name: "side", header: "IsAsk", need: true, read: asWord, word: isAsk},
	{name: "price", header: "Price", need: true},
	{name: "qty", header: "Quantity", need: true},
}

const (
	// eventAway is how far the time of sending may be from that of the event: beyond it
	// one of the two is wrong.
	eventAway = 5 * time.Second
	// receiveAway is how far the recorder's clock may be off, the way included.
	receiveAway = time.Minute
	// finalMax bounds the levels of a book at the end of a day.
	finalMax = 100_000
)

// isProcessor says whether the header is one of the processor.
func (h *header) isProcessor() bool { return strings.HasPrefix(h.names[0], "TimestampOfReceive") }

// processor reads all its layouts.
type processor struct {
	fields
	key row.Key
	out *collector
	// The places of the columns that say what a line is, -1 where the file lacks them.
	stream, symbol, sort, market, received, receivedMicros, special int
	// The cells of trades, messages of depth and snapshots, nil where the file has none.
	trades, depth, snapshot []cell

	series directory[desk]
	desks  []*desk
	trade  row.Trade
	level  row.Level
	passed tally
}

// desk is what is known of one symbol.
type desk struct {
	key    row.Key
	wanted bool
	trades *series[row.Trade, *row.Trade]
	depth  *series[row.Level, *row.Level]
	pieces pieces
	final  final
}

// final gathers the book at the end of the day before. Each of its levels is told by the
// message that touched it last.
type final struct {
	rows  []row.Level
	lines []int64
	// newest has the largest times and last id of the rows.
	newest row.Level
}

func openProcessor(h *header, key row.Key, out *collector) (layout, error) {
	place := func(name string) int { return slices.Index(h.names, name) }
	p := &processor{
		key: key, out: out, stream: place("Stream"), symbol: place("Symbol"), sort: place("StreamType"), market: place("Market"),
		received: place("TimestampOfReceive"), receivedMicros: place("TimestampOfReceiveUS"), special: place("XUnknownParameter"),
	}
	p.comma, p.width = h.comma, h.width
	if p.symbol < 0 {
		return nil, fmt.Errorf("no column \"Symbol\", which a file of %s has; the file has %s", processorName, quoted(h.names))
	}
	merged := p.sort >= 0
	var err error
	if merged || place("TradeId") >= 0 {
		p.trades, err = headed[row.Trade](processorTradeTable, h)
	}
	if err == nil && (merged || place("FirstUpdateId") >= 0) {
		p.depth, err = headed[row.Level](processorDepthTable, h)
	}
	if err == nil && merged {
		p.snapshot, err = headed[row.Level](processorSnapshotTable, h)
	}
	if err != nil {
		return nil, err
	}
	if p.trades == nil && p.depth == nil {
		return nil, fmt.Errorf("neither \"TradeId\" nor \"FirstUpdateId\", one of which a file of %s has; the file has %s", processorName, quoted(h.names))
	}
	if !(p.trades != nil && p.wants(row.Trades) || p.depth != nil && p.wants(row.Depth)) {
		return nil, &keyError{fmt.Errorf("the file has %s, and %s is given or named by the path", p.kinds(), key.Kind)}
	}
	return p, nil
}

// headed makes the cells of a table. Its faults name the file's columns.
func headed[R any](table []column, h *header) ([]cell, error) {
	at, err := bindHeaders(processorName, table, h)
	if err != nil {
		return nil, err
	}
	list := cells[R](table, at, "")
	for i := range list {
		list[i].name = list[i].header
	}
	return list, nil
}

// kinds says in a message what a file has.
func (p *processor) kinds() string {
	switch {
	case p.depth == nil:
		return string(row.Trades)
	case p.trades == nil:
		return string(row.Depth)
	}
	return string(row.Trades + " and " + row.Depth)
}

// wants says whether rows of a kind are asked for.
func (p *processor) wants(k row.Kind) bool {
	return p.key.Kind == "" || p.key.Kind.Schema() == k.Schema()
}

func (p *processor) take(line []byte, number int64) (row.Key, error) {
	if err := p.split(line); err != nil {
		return row.Key{}, err
	}
	symbol, stream := p.value[p.symbol], p.text(p.stream)
	if of, _, _ := bytes.Cut(stream, []byte{'@'}); len(stream) > 0 && !bytes.EqualFold(of, symbol) {
		return row.Key{}, fault("Symbol", "%q differs from that of the stream, %q", source.Clip(symbol), source.Clip(stream))
	}
	d, err := p.series.find(p.text(p.market), symbol, p.open)
	if err != nil {
		return row.Key{}, err
	}
	if !d.wanted {
		p.passed.add(otherSymbols)
		return row.Key{}, nil
	}
	sort := string(p.text(p.sort))
	if p.sort < 0 {
		sort = "DIFFERENCE_DEPTH_STREAM"
		if p.trades != nil {
			sort = "TRADE_STREAM"
		}
	}
	if sort != "FINAL_DEPTH_SNAPSHOT" {
		if err := d.finish(); err != nil {
			return d.key, err
		}
	}
	return p.takeSort(d, sort, number)
}

// text is a field that the file may lack.
func (p *processor) text(at int) []byte {
	if at < 0 {
		return nil
	}
	return p.value[at]
}

func fault(column, format string, args ...any) error {
	return &row.Fault{Column: column, Err: fmt.Errorf(format, args...)}
}

// takeSort reads a line of a sort.
func (p *processor) takeSort(d *desk, sort string, number int64) (row.Key, error) {
	kind := row.Depth
	switch sort {
	case "TRADE_STREAM":
		kind = row.Trades
	case "DIFFERENCE_DEPTH_STREAM", "DEPTH_SNAPSHOT", "FINAL_DEPTH_SNAPSHOT":
	default:
		return d.key, fault("StreamType", "%q is none of TRADE_STREAM, DIFFERENCE_DEPTH_STREAM, DEPTH_SNAPSHOT, FINAL_DEPTH_SNAPSHOT",
			source.Clip([]byte(sort)))
	}
	if !p.wants(kind) {
		p.passed.add("rows of " + string(kind))
		return d.key, nil
	}
	if err := d.begin(kind, p.key.Kind, p.out); err != nil {
		return d.key, err
	}
	switch sort {
	case "TRADE_STREAM":
		return d.trades.key, p.takeTrade(d, number)
	case "DEPTH_SNAPSHOT":
		return d.depth.key, p.takeSnapshot(d, number)
	}
	return d.depth.key, p.takeDepth(d, sort == "FINAL_DEPTH_SNAPSHOT", number)
}

func (p *processor) takeTrade(d *desk, number int64) error {
	r := &p.trade
	if err := decode(p.trades, &p.fields, r); err != nil {
		return err
	}
	if r.Time == 0 && d.key.Product == exchange.Margin {
		r.Time = r.Event
	}
	if err := p.checkClocks(r.Time, r.Event, r.Local, false); err != nil {
		return err
	}
	r.Type = row.TradeMarket
	switch special := string(p.text(p.special)); {
	case special == "INSURANCE_FUND":
		r.Type = row.TradeInsuranceFund
	case special == "ADL":
		r.Type = row.TradeADL
	case (special == "" || special == "NA") && r.Price == 0 && r.Qty == 0:
		r.Type = row.TradeVoid
	}
	return d.trades.add(r, number)
}

func (p *processor) takeDepth(d *desk, isFinal bool, number int64) error {
	r := &p.level
	*r = row.Level{}
	if err := decode(p.depth, &p.fields, r); err != nil {
		return err
	}
	if r.Time == 0 && d.key.Product == exchange.Margin {
		r.Time = r.Event // its messages have no other
	}
	if err := p.checkClocks(r.Time, r.Event, r.Local, isFinal); err != nil {
		return err
	}
	if r.First > r.Last {
		return fault("FirstUpdateId", "%d is above FinalUpdateId, %d", r.First, r.Last)
	}
	if isFinal {
		return d.final.add(r, &d.depth.key, number)
	}
	return d.addLevel(r, number)
}

func (p *processor) takeSnapshot(d *desk, number int64) error {
	r := &p.level
	*r = row.Level{Snapshot: true}
	if err := decode(p.snapshot, &p.fields, r); err != nil {
		return err
	}
	switch {
	case r.Time == 0 && d.key.Product == exchange.Margin:
		r.Time = r.Event
	case r.Time == 0:
		return fault("TransactionTime", "is 0, and MessageOutputTime is %v", r.Event)
	}
	if err := p.checkReceive(r.Local); err != nil {
		return err
	}
	return d.addLevel(r, number)
}

// checkClocks compares the times of a line. A snapshot is kept, or was put together,
// longer than its messages took.
func (p *processor) checkClocks(at, event row.Micros, local exchange.Time, snapshot bool) error {
	if at == 0 {
		return fault("TransactionTime", "is 0, and EventTime is %v", event)
	}
	if away := event.Time().Sub(at.Time()); away.Abs() > eventAway {
		return fault("EventTime", "%v is more than %v away from TransactionTime, %v", event, eventAway, at)
	}
	if away := local.Sub(event.Time()); !snapshot && away.Abs() > receiveAway {
		return fault("TimestampOfReceive", "%v is more than %v away from EventTime, %v", local, receiveAway, event)
	}
	return p.checkReceive(local)
}

// checkReceive compares the two times of receipt of merged files.
func (p *processor) checkReceive(local exchange.Time) error {
	if p.receivedMicros < 0 {
		return nil
	}
	v, err := integer(p.value[p.receivedMicros])
	if err == nil && exchange.Time(v) < local/1000 {
		err = fmt.Errorf("%s is before TimestampOfReceive, %s", p.value[p.receivedMicros], p.value[p.received])
	}
	if err != nil {
		return &row.Fault{Column: "TimestampOfReceiveUS", Err: err}
	}
	return nil
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
	case strings.Contains(key.Symbol, "USD_"):
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

func (p *processor) end() error {
	for _, d := range p.desks {
		if err := d.finish(); err != nil {
			return err
		}
	}
	return nil
}

func (p *processor) notes(n *source.Notes) { n.Passed = p.passed }
