package market

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market/rest"
	"github.com/pmbot/pmbot/exchange/market/socket"
	"github.com/pmbot/pmbot/exchange/market/stream"
)

// Feed makes events of the exchange's streams. Make one with [New], then Run it once.
type Feed struct {
	c   Config
	set sockets

	// mu makes one owner of all below, and with that one order of events, out of several
	// connections that are read and several requests that are answered at a time. A goroutine
	// of its own would cost a hand-over for every message. The Set may hold its own mutex
	// around ours, never the other way round.
	mu sync.Mutex
	// now is the local clock at the last message, notice or answer.
	now   exchange.Time
	event exchange.Event // the one that is being told
	stats Stats

	instruments listeners
	heard       []heard // by Sub.Index
	// all are the streams of all symbols that are listened to, by product and kind.
	all       [exchange.Margin + 1][stream.TradingSession + 1]bool
	assets    map[string]*asset
	universes [exchange.Margin + 1]*universe
	clock     rest.Reading
	measured  bool

	// requests are the chores of instruments, own are the feed's: listings and settlements by
	// product, and the clock.
	requests, own  chores
	infos, settles [exchange.Margin + 1]*chore
	clocks         *chore
	// made is when the feed was made; lookedAt and lookedAfter are the last look at the local
	// clock, by it and by the monotonic time since; breaks counts when the two did not agree.
	made        time.Time
	lookedAt    exchange.Time
	lookedAfter time.Duration
	breaks      int
}

// heard is a stream with what its messages are for.
type heard struct {
	sub *socket.Sub
	// in is the instrument that the stream is of alone, nil if there is none.
	in *listener
}

// asset is an asset's index price.
type asset struct {
	index exchange.AssetIndex
	told  newest
}

// New makes a feed. The errors wrap [ErrConfig] and name what is wrong.
func New(c Config) (*Feed, error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	f := &Feed{c: c, instruments: newListeners(c.Instruments), assets: map[string]*asset{}, made: time.Now()}
	f.requests.wake, f.own.wake = make(chan struct{}, 1), make(chan struct{}, 1)
	for _, s := range c.Streams {
		f.listen(s)
	}
	if err := f.addBars(); err != nil {
		return nil, err
	}
	f.addChores()
	c.Socket.Deliver, c.Socket.Notice = f.message, f.socketNotice
	set, err := socket.New(c.Socket, c.Streams)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	f.set = set
	return f, nil
}

// listen makes room for what a stream will tell.
func (f *Feed) listen(s stream.Stream) {
	if s.All() {
		f.all[s.Product][s.Kind] = true
	}
	in := f.instruments.owner(s)
	if in == nil {
		return
	}
	in.streams = append(in.streams, s)
	switch s.Kind {
	case stream.AggTrade:
		in.aggregates = true
	case stream.Trade:
		in.single = true
	case stream.Depth:
		if in.book == nil {
			in.book = newBookKeeper(s.Product)
			in.asks = f.requests.add(func(ctx context.Context) { f.fetchSnapshot(ctx, in) })
		}
	}
}

// addBars makes the keepers of bars, of trades and of klines.
func (f *Feed) addBars() error {
	for _, b := range f.c.Bars {
		if !f.c.Instruments.Has(b.Inst) {
			return wrongConfig("bars of instrument %d, which is none", b.Inst)
		}
		in := f.instruments.list[b.Inst-1]
		switch {
		case intervalName(b.Interval) == "":
			return wrongConfig("bars of %s of %v: no interval of Binance's from 1m to 1d", in.in.Name(), b.Interval)
		case !in.aggregates && !in.single:
			return wrongConfig("bars of %s of %v: no stream of its trades", in.in.Name(), b.Interval)
		case in.keeper(b.Interval) != nil:
			return wrongConfig("bars of %s of %v are listed twice", in.in.Name(), b.Interval)
		}
		if err := f.addKeeper(in, b, true); err != nil {
			return err
		}
	}
	for _, s := range f.c.Streams {
		in := f.instruments.owner(s)
		if s.Kind != stream.Kline || in == nil {
			continue
		}
		for _, i := range intervals {
			if i.name != s.Interval {
				continue
			}
			if in.keeper(i.every) == nil {
				if err := f.addKeeper(in, BarSpec{Interval: i.every}, false); err != nil {
					return err
				}
			}
			in.keeper(i.every).stream = true
		}
	}
	return nil
}

func (f *Feed) addKeeper(in *listener, b BarSpec, trades bool) error {
	k, err := newBarKeeper(in.in, b.Interval)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	k.trades = trades
	in.bars = append(in.bars, k)
	if in.fills == nil {
		in.fills = f.requests.add(func(ctx context.Context) { f.fetchBars(ctx, in) })
	}
	return nil
}

// keeper is the keeper of an interval, nil if there is none.
func (in *listener) keeper(interval time.Duration) *barKeeper {
	for _, k := range in.bars {
		if k.interval == interval {
			return k
		}
	}
	return nil
}

// Run connects, and feeds until the context ends or the sockets give up. It waits for all
// goroutines that it has started. The error is nil if the context has ended.
func (f *Feed) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	f.start()
	var wg sync.WaitGroup
	f.startWorkers(ctx, &wg)
	err := f.set.Run(ctx)
	cancel()
	wg.Wait()
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// start tells what is promised, and makes due what is done at the start.
func (f *Feed) start() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tick(f.c.Socket.Now())
	f.promise()
	f.startChores()
}

// tick moves the feed's time to an instant of the local clock; it never goes back.
func (f *Feed) tick(at exchange.Time) { f.now = max(f.now, at) }

// begin starts an event about an instrument, sent at an instant of the exchange's clock; the
// caller sets what it is and tells it.
func (f *Feed) begin(inst exchange.InstrumentID, sent exchange.Time) *exchange.Event {
	f.event = exchange.Event{At: f.now, Exchange: sent, Inst: inst}
	return &f.event
}

func (f *Feed) tell() {
	f.stats.Events++
	f.c.Sink(&f.event)
}

// notify tells what happened to the feed itself.
func (f *Feed) notify(n Notice) {
	n.At = f.now
	f.stats.Notices++
	f.c.Tap.Notice(n)
	f.c.Notice(n)
}

// about is a notice about an instrument.
func (in *listener) about(kind NoticeKind) Notice {
	return Notice{Kind: kind, Product: in.in.Product, Symbol: in.in.Symbol, Inst: in.in.ID}
}

// gap tells that events of a kind are missing.
func (f *Feed) gap(inst exchange.InstrumentID, kind exchange.Kind, from, to exchange.Time, reason string) {
	f.stats.Gaps++
	f.begin(inst, to).SetGap(&exchange.Gap{Kind: kind, From: from, To: to, Reason: reason})
	f.tell()
}

// Book copies the best levels of an instrument's book, as many as are known and at most so
// many a side. It says false while there is no book in sync. It must not be called by the
// Sink, which has the book's pieces.
func (f *Feed) Book(id exchange.InstrumentID, levels int) (exchange.Depth, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.c.Instruments.Has(id) {
		return exchange.Depth{}, false
	}
	k := f.instruments.list[id-1].book
	if k == nil || !k.main.Ready() {
		return exchange.Depth{}, false
	}
	b := k.main
	return exchange.Depth{
		Last: b.UpdateID(), Snapshot: true, Bids: b.Append(nil, exchange.Buy, min(levels, b.Known(exchange.Buy))),
		Asks: b.Append(nil, exchange.Sell, min(levels, b.Known(exchange.Sell))),
	}, true
}

// Retell tells the whole book of an instrument as a snapshot, as far as it is known, for a
// listener who has missed pieces of it; nothing is asked of the exchange. Without a book in sync
// it does nothing: the next one begins with a snapshot anyway. It must not be called by the
// Sink.
func (f *Feed) Retell(id exchange.InstrumentID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.c.Instruments.Has(id) {
		return
	}
	k := f.instruments.list[id-1].book
	if k == nil || !k.main.Ready() {
		return
	}
	f.tick(f.c.Socket.Now())
	d := whole(k.main)
	f.begin(id, k.sent).SetDepth(&d)
	f.tell()
}
