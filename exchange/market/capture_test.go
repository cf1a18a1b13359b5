package market

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/book"
	"github.com/pmbot/pmbot/exchange/market/rest"
	"github.com/pmbot/pmbot/exchange/market/socket"
	"github.com/pmbot/pmbot/exchange/market/stream"
	"github.com/pmbot/pmbot/internal/raced"
)

// sharedData returns the path of recorded data, or skips the test where there is none.
func sharedData(t testing.TB, path string) string {
	t.Helper()
	root := os.Getenv("PMBOT_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	full := filepath.Join(root, "data", filepath.FromSlash(path))
	if _, err := os.Stat(full); err != nil {
		t.Skipf("shared data not at hand: %v", err)
	}
	return full
}

// captures are recordings of real markets, and a small one of the simulated exchange.
var captures = []struct {
	name  string
	files func(t testing.TB) []recordedFile
}{
	{"own", func(testing.TB) []recordedFile {
		return []recordedFile{{filepath.Join("testdata", "capture.gz"), exchange.UM, "BTCUSDT"}}
	}},
	{"hftbacktest", func(t testing.TB) []recordedFile {
		return []recordedFile{
			{sharedData(t, "um/ws_raw/hftbacktest/btcusdt_20240808.gz"), exchange.UM, "BTCUSDT"},
			{sharedData(t, "cm/ws_raw/hftbacktest/btcusd_perp_20240808.gz"), exchange.CM, "BTCUSD_PERP"},
		}
	}},
	{"cryptofeed-um", func(t testing.TB) []recordedFile {
		return []recordedFile{
			{sharedData(t, "um/ws_raw/cryptofeed_2021/BINANCE_FUTURES.ws.1.0"), exchange.UM, ""},
			{sharedData(t, "um/ws_raw/cryptofeed_2021/BINANCE_FUTURES.http.0.0"), exchange.UM, ""},
		}
	}},
	{"cryptofeed-cm", func(t testing.TB) []recordedFile {
		return []recordedFile{
			{sharedData(t, "cm/ws_raw/cryptofeed_2021/BINANCE_DELIVERY.ws.1.0"), exchange.CM, ""},
			{sharedData(t, "cm/ws_raw/cryptofeed_2021/BINANCE_DELIVERY.http.0.0"), exchange.CM, ""},
		}
	}},
}

// TestCaptures serves recordings by a websocket and an HTTP server at their own speed and at
// twenty times that, in virtual time, and holds that what a feed makes of them is what the
// import of the same files into a tape makes of them.
func TestCaptures(t *testing.T) {
	raced.Skip(t, "the small input of our own has the same goroutines")
	for _, c := range captures {
		t.Run(c.name, func(t *testing.T) {
			files := c.files(t)
			r := readRecording(t, files...)
			ins := instrumentsOf(t, r)
			want := imported(t, ins, files)
			for _, speed := range []int{1, 20} {
				got := &ear{t: t}
				bubble(t, func(t *testing.T) {
					p := newPipes()
					r := readRecording(t, files...)
					now := func() exchange.Time { return r.clock(speed) }
					client := p.client(t, rest.Config{Now: now})
					c := Config{REST: client, Socket: socket.Config{Hosts: binance(), Dial: p.dial, Now: now}}
					replay(t, r, ins, got, c, speed, func(h http.Handler) { p.serve(t, h) })
				})
				sameCapture(t, speed, ins, got, want)
			}
		})
	}
}

// TestCapturesOverSockets does it over sockets of the machine. The small recording is said as
// fast as it is heard; with PMBOT_REAL_SOCKETS=1 the others follow at twenty times their
// speed, which takes half a minute of real time.
func TestCapturesOverSockets(t *testing.T) {
	for _, c := range captures {
		speed := 20
		if c.name == "own" {
			speed = 0
		} else if os.Getenv("PMBOT_REAL_SOCKETS") == "" {
			continue // TestCaptures has them, without sockets
		}
		t.Run(c.name, func(t *testing.T) {
			files := c.files(t)
			r := readRecording(t, files...)
			ins := instrumentsOf(t, r)
			got := &ear{t: t}
			c := Config{Socket: socket.Config{Now: func() exchange.Time { return r.clock(speed) }}}
			replay(t, r, ins, got, c, speed, nil)
			sameCapture(t, speed, ins, got, imported(t, ins, files))
		})
	}
}

// TestOwnCapture makes the small recording anew: a minute and some of the simulated exchange,
// as a Tap hears it.
func TestOwnCapture(t *testing.T) {
	if !*rewrite {
		return
	}
	tap := &taker{}
	bubble(t, func(t *testing.T) {
		w := newWorld(t, listed(t), exchange.TimeOf(time.Date(2026, 11, 2, 9, 59, 45, 0, time.UTC)), 20)
		<-time.After(time.Second)
		w.listen(Config{Tap: tap, Refresh: -1}, []string{
			"UM btcusdt@aggTrade", "UM btcusdt@bookTicker", "UM btcusdt@depth@500ms", "UM btcusdt@kline_1m",
		}, 80*time.Second)
	})
	var file bytes.Buffer
	z, err := gzip.NewWriterLevel(&file, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = z.Write(tap.text.Bytes())
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join("testdata", "capture.gz"), file.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// taker is a Tap that writes a recording.
type taker struct{ text bytes.Buffer }

func (k *taker) Message(m *socket.Message) { fmt.Fprintf(&k.text, "%d %s\n", m.At, m.Raw) }
func (k *taker) Answer(_ exchange.Product, a rest.Answer) {
	fmt.Fprintf(&k.text, "%s -> %d: %s\n", a.URL, a.At, bytes.TrimSpace(a.Body))
}
func (k *taker) Notice(Notice) {}

// replay lets a feed listen to a recording until it is over. Without a way to serve, it is
// served on a port of the machine.
func replay(t *testing.T, r *recording, ins *exchange.Instruments, got *ear, c Config, speed int, serve func(http.Handler)) {
	t.Helper()
	c.Streams = r.streams(t)
	p := newPlayer(r, len(c.Streams), speed)
	if serve != nil {
		serve(p)
	} else {
		c = onMachine(t, p, c)
	}
	c.Instruments, c.Sink, c.Notice, c.Refresh, c.ClockEvery = ins, got.sink, got.notice, -1, -1
	c.Bars = barsOf(ins, c.Streams)
	f, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := f.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	if err := p.play(); err != nil {
		t.Error(err)
	}
	if serve != nil {
		synctest.Wait()
	} else {
		heardAll(t, f, int64(len(r.lines)), p)
	}
	cancel()
	wg.Wait()
	if s := f.Stats(); s.Undecodable+s.Unknown+s.Foreign+s.Resyncs != 0 {
		t.Errorf("%+v", s)
	}
}

// heardAll waits until all messages have come: the sockets of the machine hold some.
func heardAll(t *testing.T, f *Feed, lines int64, p *player) {
	t.Helper()
	snapshots := int64(0)
	for i := range p.r.lines {
		if p.r.lines[i].stream == "" {
			snapshots++
		}
	}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		if s := f.Stats(); s.Messages >= lines-snapshots && int64(s.BooksReady) == snapshots {
			return
		}
		<-time.After(10 * time.Millisecond)
	}
	t.Errorf("not all was heard: %+v", f.Stats())
}

// onMachine serves on a port of the machine.
func onMachine(t *testing.T, h http.Handler, c Config) Config {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	address := server.Listener.Addr().String()
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	transport := &http.Transport{DialContext: dial}
	t.Cleanup(transport.CloseIdleConnections)
	client, err := rest.New(rest.Config{UM: "http://fapi.binance.com", CM: "http://dapi.binance.com", Spot: "http://api.binance.com", Transport: transport, Now: c.Socket.Now})
	if err != nil {
		t.Fatal(err)
	}
	c.REST, c.Socket.Hosts, c.Socket.Dial = client, binance(), dial
	return c
}

// instrumentsOf makes an instrument of every symbol in a recording.
func instrumentsOf(t testing.TB, r *recording) *exchange.Instruments {
	t.Helper()
	var list []exchange.Instrument
	seen := map[string]bool{}
	for _, s := range r.streams(t) {
		if name := s.Product.String() + s.Symbol; !seen[name] {
			seen[name] = true
			size := exchange.FixedOne
			if s.Product == exchange.CM {
				if size = exchange.MustFixed("10"); s.Symbol[:3] == "BTC" {
					size = exchange.MustFixed("100")
				}
			}
			list = append(list, exchange.Instrument{Product: s.Product, Symbol: s.Symbol, ContractSize: size, Status: exchange.StatusTrading})
		}
	}
	ins, err := exchange.NewInstruments(list...)
	if err != nil {
		t.Fatal(err)
	}
	return ins
}

// barsOf asks for bars of a minute where there are trades.
func barsOf(ins *exchange.Instruments, streams []stream.Stream) (list []BarSpec) {
	for _, s := range streams {
		if s.Kind == stream.AggTrade || s.Kind == stream.Trade {
			in, err := ins.Find(s.Product, s.Symbol)
			if err == nil {
				list = append(list, BarSpec{in.ID, time.Minute})
			}
		}
	}
	return list
}

// imported is what the tape of the files has, by the recorder's clock.
func imported(t *testing.T, ins *exchange.Instruments, files []recordedFile) *ear {
	t.Helper()
	to, err := tape.Create(filepath.Join(t.TempDir(), "tape"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		key := row.Key{Product: f.product, Symbol: f.symbol}
		if _, err := tape.Import(t.Context(), to, tape.ImportSpec{Path: f.path, Spec: source.Spec{Key: key}}, nil); err != nil {
			t.Fatal(err)
		}
	}
	reader, err := to.Reader(tape.ReaderSpec{
		Series: to.Series(), Clock: tape.LocalClock,
		Instrument: func(p exchange.Product, symbol string) (exchange.InstrumentID, error) {
			in, err := ins.Find(p, symbol)
			if err != nil {
				return 0, err
			}
			return in.ID, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	e := &ear{t: t}
	buf := make([]exchange.Event, 1000)
	for {
		n, err := reader.Next(buf)
		for i := range buf[:n] {
			e.sink(&buf[i])
		}
		if err == io.EOF {
			return e
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// sameCapture compares trades, best prices, books at every update id, and bars.
func sameCapture(t *testing.T, speed int, ins *exchange.Instruments, got, want *ear) {
	t.Helper()
	trades, tickers, ids, bars := 0, 0, 0, 0
	for id := exchange.InstrumentID(1); int(id) <= ins.Len(); id++ {
		trades += sameEvents(t, ins.At(id), speed, got.of(id, exchange.KindTrade), want.of(id, exchange.KindTrade))
		tickers += sameEvents(t, ins.At(id), speed, got.of(id, exchange.KindBookTicker), want.of(id, exchange.KindBookTicker))
		ids += sameIDs(t, ins.At(id), got.of(id, exchange.KindDepth), want.of(id, exchange.KindDepth))
		bars += sameMinutes(t, ins.At(id), got.of(id, exchange.KindBar), want.of(id, exchange.KindBar), want.of(id, exchange.KindTrade))
	}
	t.Logf("at speed %d: %d instruments, the same %d trades, %d best prices, books at %d update ids, %d bars",
		speed, ins.Len(), trades, tickers, ids, bars)
	if tickers == 0 || ids == 0 || trades == 0 {
		t.Error("nothing was compared")
	}
}

// sameEvents compares trades or best prices, the instants of receipt among them if the
// recording was said at its own speed.
func sameEvents(t *testing.T, in *exchange.Instrument, speed int, got, want []kept) int {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d events, the tape has %d", in.Name(), len(got), len(want))
		return 0
	}
	for i := range got {
		a, b := got[i].Event, want[i].Event
		if a.Kind == exchange.KindTrade { // single trades have no first and last id on a tape
			x, y := a.Trade(), b.Trade()
			if y.First == 0 {
				x.First, x.Last = 0, 0
			}
			a.SetTrade(x)
			b.SetTrade(y)
		}
		if speed != 1 {
			a.At, b.At = 0, 0
		}
		if a != b {
			t.Errorf("%s: event %d is %+v, on the tape %+v", in.Name(), i, a, b)
			return 0
		}
	}
	return len(got)
}

// sameIDs builds the books of both and compares them at every update id: how many levels there
// are and the best ones, and now and then and at the end all.
func sameIDs(t *testing.T, in *exchange.Instrument, got, want []kept) int {
	t.Helper()
	a, b := &bookOf{Book: book.New(book.RuleOf(in.Product)), rest: got}, &bookOf{Book: book.New(book.RuleOf(in.Product)), rest: want}
	n := 0
	b.next(t)
	for a.next(t) {
		if n == 0 && a.UpdateID() < b.UpdateID() {
			continue // pieces that wait in the tape's book until the snapshot comes
		}
		for b.UpdateID() < a.UpdateID() {
			if !b.next(t) {
				t.Errorf("%s: the tape's book ends before %d", in.Name(), a.UpdateID())
				return n
			}
		}
		if n++; a.UpdateID() != b.UpdateID() || a.sent != b.sent {
			t.Errorf("%s: a book at %d of %v, and the tape's is at %d of %v", in.Name(), a.UpdateID(), a.sent, b.UpdateID(), b.sent)
			return n
		}
		for _, side := range []exchange.Side{exchange.Buy, exchange.Sell} {
			levels := min(20, a.Len(side))
			if n%500 == 0 || len(a.rest) == 0 {
				levels = a.Len(side)
			}
			same := a.Len(side) == b.Len(side)
			for i := 0; same && i < levels; i++ {
				same = a.At(side, i) == b.At(side, i)
			}
			if !same {
				t.Errorf("%s: the book at %d is not the tape's", in.Name(), a.UpdateID())
				return n
			}
		}
	}
	if b.next(t) {
		t.Errorf("%s: the tape's book goes on to %d", in.Name(), b.UpdateID())
	}
	return n
}

// bookOf is a book with the pieces that it has not applied yet.
type bookOf struct {
	*book.Book
	rest []kept
	sent exchange.Time
}

// next applies the next difference that the book takes.
func (b *bookOf) next(t *testing.T) bool {
	for len(b.rest) > 0 {
		d := &b.rest[0].depth
		b.sent = b.rest[0].Exchange
		b.rest = b.rest[1:]
		out := b.Apply(d)
		if out.Resync() {
			t.Errorf("a piece told is %v", out)
		}
		if out == book.Applied && !d.Snapshot {
			return true
		}
	}
	return false
}

// sameMinutes compares bars: with the candles on the tape where it has some, and else with
// bars of its trades.
func sameMinutes(t *testing.T, in *exchange.Instrument, got, candles, trades []kept) int {
	t.Helper()
	want := map[exchange.Time]exchange.Bar{}
	bars, err := book.NewBars(in, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	first := exchange.Time(0)
	for i := range trades {
		b, ok, err := bars.Add(trades[i].Exchange, trades[i].Trade())
		if first == 0 {
			first = trades[i].Exchange.Floor(time.Minute)
		}
		if err == nil && ok && b.Start > first { // the first is not whole
			want[b.Start] = b
		}
	}
	for _, c := range candles {
		want[c.bar.Start] = c.bar
	}
	for i := range got {
		b := got[i].bar
		if other := want[b.Start]; !sameBar(&other, &b) {
			t.Errorf("%s: the bar of %v is %s, on the tape %s", in.Name(), b.Start, barText(&b), barText(&other))
		}
		delete(want, b.Start)
	}
	if len(want) > 0 {
		t.Errorf("%s: %d bars of the tape were not told", in.Name(), len(want))
	}
	return len(got)
}
