//go:build unix

package market_test

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// The streams of the load: 1024, of which 64 have books, in the proportion of frames that a
// recorded minute of a busy contract has.
const (
	loadDepths, loadTickers, loadTrades = 64, 480, 480
	loadStreams                         = loadDepths + loadTickers + loadTrades
	loadLevels                          = 20 // changed on each side by each difference of a book
)

// writerEnv says that the test binary is the writer of a load.
const writerEnv = "PMBOT_LOAD_WRITER"

// TestLoadWriter is no test but the other process of BenchmarkLoad: an exchange that writes
// frames as fast as it is told, so that what it takes to write them is not counted as what it
// takes to read them. It ends with its standard input.
func TestLoadWriter(t *testing.T) {
	if os.Getenv(writerEnv) == "" {
		return
	}
	w := newLoadWriter()
	plain, secure := httptest.NewServer(w), httptest.NewTLSServer(w)
	defer plain.Close()
	defer secure.Close()
	defer w.close()
	fmt.Printf("at %s %s\n", plain.Listener.Addr(), secure.Listener.Addr())
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var frames, rate, burst int
		if _, err := fmt.Sscanf(in.Text(), "write %d %d %d", &frames, &rate, &burst); err != nil {
			t.Fatal(err)
		}
		used, began := processorTime(t), time.Now()
		if err := w.write(frames, rate, burst); err != nil {
			t.Fatal(err)
		}
		fmt.Printf("wrote %d %d\n", processorTime(t)-used, time.Since(began))
	}
}

// loadWriter is the exchange. The mutex guards what requests change while frames are written.
type loadWriter struct {
	mu      sync.Mutex
	streams map[string]*loadStream
	// order is whose turn it is: 20 frames are 14 best prices, five trades and one difference.
	order []*loadStream
	turn  int
	heard int
	conns []*loadConn
}

// loadConn is a connection with what is yet to be written to it.
type loadConn struct {
	conn   net.Conn
	buffer []byte
}

// loadStream is a stream with its next frame, header included, in which numbers of a fixed
// width count up.
type loadStream struct {
	frame []byte
	// ids are where the numbers stand that are one more in each frame, and prevs where the
	// number stands that ids had in the frame before.
	ids, prevs []int
	times      []int
	last       int64
	to         *loadConn
}

func newLoadWriter() *loadWriter {
	w := &loadWriter{streams: map[string]*loadStream{}}
	var depths, tickers, trades []*loadStream
	for i := range max(loadTickers, loadTrades) {
		symbol := loadSymbol(i)
		lower := strings.ToLower(symbol)
		tickers = append(tickers, w.add(lower+"@bookTicker", fmt.Sprintf(`"e":"bookTicker","u":IIIIIIIIIIIII,"s":"%s","ps":"%s","b":"50000.00","B":"4.215",`+
			`"a":"50000.10","A":"3.763","T":TTTTTTTTTTTTT,"E":TTTTTTTTTTTTT,"st":1`, symbol, symbol)))
		trades = append(trades, w.add(lower+"@aggTrade", fmt.Sprintf(`"e":"aggTrade","E":TTTTTTTTTTTTT,"a":IIIIIIIIIIIII,"s":"%s","p":"50000.00","q":"0.016",`+
			`"nq":"0.016","f":IIIIIIIIIIIII,"l":IIIIIIIIIIIII,"T":TTTTTTTTTTTTT,"m":true,"st":1`, symbol)))
		if i < loadDepths {
			depths = append(depths, w.add(lower+"@depth@100ms", fmt.Sprintf(`"e":"depthUpdate","E":TTTTTTTTTTTTT,"T":TTTTTTTTTTTTT,"s":"%s","ps":"%s",`+
				`"U":IIIIIIIIIIIII,"u":IIIIIIIIIIIII,"pu":PPPPPPPPPPPPP,"b":[%s],"a":[%s],"st":1`, symbol, symbol, loadSide(-1), loadSide(1))))
		}
	}
	for i := range loadDepths * loadTickers {
		for j := range 14 {
			w.order = append(w.order, tickers[(14*i+j)%loadTickers])
		}
		for j := range 5 {
			w.order = append(w.order, trades[(5*i+j)%loadTrades])
		}
		w.order = append(w.order, depths[i%loadDepths])
	}
	return w
}

func loadSymbol(i int) string { return fmt.Sprintf("S%03dUSDT", i) }

// loadSide are the levels that a difference changes, spread over the book.
func loadSide(way int) string {
	var rows []string
	for i := range loadLevels {
		rows = append(rows, fmt.Sprintf(`["%.2f","%d.%03d"]`, 50000+max(0, float64(way))/10+float64(way*i*i)/10, i%3*7, i*31))
	}
	return strings.Join(rows, ",")
}

// add makes a stream of a payload, in which I, P and T are the digits of ids and times.
func (w *loadWriter) add(name, payload string) *loadStream {
	text := fmt.Sprintf(`{"stream":"%s","data":{%s}}`, name, payload)
	s := &loadStream{last: 1_000_000_000_000}
	s.frame = binary.BigEndian.AppendUint16([]byte{0x81, 126}, uint16(len(text)))
	for i := range len(text) - 12 {
		at := len(s.frame) + i
		switch text[i : i+13] {
		case "IIIIIIIIIIIII":
			s.ids = append(s.ids, at)
		case "PPPPPPPPPPPPP":
			s.prevs = append(s.prevs, at)
		case "TTTTTTTTTTTTT":
			s.times = append(s.times, at)
		}
	}
	s.frame = append(s.frame, text...)
	w.streams[name] = s
	return s
}

// next counts up and returns the frame.
func (s *loadStream) next(millis int64) []byte {
	for _, at := range s.prevs {
		put(s.frame[at:], s.last)
	}
	s.last++
	for _, at := range s.ids {
		put(s.frame[at:], s.last)
	}
	for _, at := range s.times {
		put(s.frame[at:], millis)
	}
	return s.frame
}

// put writes a number of 13 digits.
func put(b []byte, n int64) {
	for i := 12; i >= 0; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
}

// write writes frames in turn, so many a second in bursts of at most so many.
func (w *loadWriter) write(frames, rate, burst int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	began := time.Now()
	for n := 0; n < frames; {
		due := min(frames, int(time.Since(began).Seconds()*float64(rate)))
		if due <= n {
			<-ticker.C
			continue
		}
		now := time.Now().UnixMilli()
		for end := min(due, n+burst); n < end; n++ {
			s := w.order[w.turn%len(w.order)]
			w.turn++
			if s.to == nil {
				return fmt.Errorf("nobody listens to frame %d", n)
			}
			s.to.buffer = append(s.to.buffer, s.next(now)...)
		}
		for _, c := range w.conns {
			if len(c.buffer) == 0 {
				continue
			}
			if _, err := c.conn.Write(c.buffer); err != nil {
				return err
			}
			c.buffer = c.buffer[:0]
		}
	}
	return nil
}

// close ends all connections.
func (w *loadWriter) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.conns {
		c.conn.Close()
	}
}

// ServeHTTP opens streams and gives snapshots of books.
func (w *loadWriter) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasSuffix(r.URL.Path, "/stream"):
		upgrader := websocket.Upgrader{}
		conn, err := upgrader.Upgrade(out, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		w.serve(conn, strings.Split(r.URL.Query().Get("streams"), "/"))
	case strings.HasSuffix(r.URL.Path, "/depth"):
		w.mu.Lock()
		defer w.mu.Unlock()
		s := w.streams[strings.ToLower(r.URL.Query().Get("symbol"))+"@depth@100ms"]
		var bids, asks []string
		for i := range 1000 {
			bids = append(bids, fmt.Sprintf(`["%.2f","1"]`, 50000-float64(i)/10))
			asks = append(asks, fmt.Sprintf(`["%.2f","1"]`, 50000.1+float64(i)/10))
		}
		fmt.Fprintf(out, `{"lastUpdateId":%d,"E":%d,"T":%d,"bids":[%s],"asks":[%s]}`, s.last, time.Now().UnixMilli(), time.Now().UnixMilli(),
			strings.Join(bids, ","), strings.Join(asks, ","))
	default:
		http.NotFound(out, r)
	}
}

// serve takes commands until the connection ends.
func (w *loadWriter) serve(conn *websocket.Conn, names []string) {
	to := &loadConn{conn: conn.NetConn()}
	w.mu.Lock()
	w.conns = append(w.conns, to)
	w.mu.Unlock()
	w.subscribe(to, names, 0)
	for {
		var command struct {
			Method string
			Params []string
			ID     int
		}
		_, message, err := conn.ReadMessage()
		if err != nil {
			return
		}
		if err := json.Unmarshal(message, &command); err == nil && command.Method == "SUBSCRIBE" {
			w.subscribe(to, command.Params, command.ID)
		}
	}
}

// subscribe notes who hears streams, answers, and says when all of them are heard.
func (w *loadWriter) subscribe(to *loadConn, names []string, id int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, name := range names {
		if s := w.streams[name]; s != nil {
			if s.to == nil {
				w.heard++
			}
			s.to = to
		}
	}
	if id != 0 {
		answer := fmt.Sprintf(`{"result":null,"id":%d}`, id)
		to.buffer = append(to.buffer, 0x81, byte(len(answer)))
		to.buffer = append(to.buffer, answer...)
		_, _ = to.conn.Write(to.buffer)
		to.buffer = to.buffer[:0]
	}
	if w.heard == loadStreams {
		fmt.Println("heard")
	}
}
