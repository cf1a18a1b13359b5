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

func (p *processor) end() error {
	for _, d := range p.desks {
		if err := d.finish(); err != nil {
			return err
		}
	}
	return nil
}

func (p *processor) notes(n *source.Notes) { n.Passed = p.passed }
