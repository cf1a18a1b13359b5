package socket

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/frame"
	"github.com/pmbot/pmbot/exchange/market/stream"
)

// TestScenes plays the scenes in testdata/lane, one line of input after the other, and
// compares what lanes do with what stands indented below each:
//
//	streams btcusdt@trade !ticker@arr   adds streams; drop removes them
//	pass 1s                             lets time pass
//	open 1, lose 1                      what becomes of connection 1
//	ack 1 2                             connection 1 acknowledges command 2
//	error 1 {"error":...}               and says something else
//	hear 1 btcusdt@trade 7              message 7 of a stream comes on connection 1
//	hear 1 btcusdt@ticker 7 a           one of the same instant as others of 7
func TestScenes(t *testing.T) {
	files, err := filepath.Glob("testdata/lane/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s := newScene(t)
			lines := bufio.NewScanner(strings.NewReader(string(want)))
			for lines.Scan() {
				line := lines.Text()
				if strings.HasPrefix(line, "  ") {
					continue
				}
				fmt.Fprintln(&s.out, line)
				if line != "" && line[0] != '#' {
					s.play(strings.Fields(line))
				}
			}
			if *rewrite {
				if err := os.WriteFile(file, []byte(s.out.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got := s.out.String(); got != string(want) {
				t.Errorf("got\n%s", got)
			}
		})
	}
}

// scene is lanes whose shell writes down what it is told.
type scene struct {
	*lanes
	t       testing.TB
	out     strings.Builder
	links   map[int]*link
	lanesOf map[int]*lane
	decoder frame.Decoder
}

func newScene(t testing.TB) *scene {
	s := &scene{t: t, links: map[int]*link{}, lanesOf: map[int]*lane{}}
	r := rules{
		perConnection: 3, rotate: time.Hour, overlap: time.Minute, held: 1000,
		silence: map[stream.Kind]time.Duration{stream.Mark: 10 * time.Second, stream.Trade: 0, stream.Ticker: 0},
	}
	s.lanes = newLanes(r, s, rand.New(rand.NewPCG(1, 1)))
	s.at = modelStart
	return s
}

func (s *scene) play(words []string) {
	number := func(i int) int {
		n, err := strconv.Atoi(words[i])
		if err != nil {
			s.t.Fatal(words, err)
		}
		return n
	}
	switch words[0] {
	case "streams", "drop":
		var add, remove []stream.Stream
		if list := parse(s.t, exchange.UM, words[1:]...); words[0] == "drop" {
			remove = list
		} else {
			add = list
		}
		if err := s.update(add, remove); err != nil {
			s.say("%v", err)
		}
	case "pass":
		d, err := time.ParseDuration(words[1])
		if err != nil {
			s.t.Fatal(err)
		}
		for end := s.now + d; s.now < end; {
			s.now += min(tickEvery, end-s.now)
			s.at = modelStart.Add(s.now)
			s.tick()
		}
	case "open":
		s.lanesOf[number(1)].opened(s.links[number(1)])
	case "lose":
		s.lanesOf[number(1)].lost(s.links[number(1)], "connection reset")
	case "ack":
		s.come(number(1), fmt.Sprintf(`{"result":null,"id":%d}`, number(2)))
	case "error":
		s.come(number(1), strings.Join(words[2:], " "))
	case "hear":
		n, extra := number(3), strings.Join(words[4:], "")
		at := modelStart.Millis() + int64(n)
		data := fmt.Sprintf(`[{"e":"24hrTicker","E":1,"s":"S","n":%d}]`, n)
		switch {
		case strings.HasSuffix(words[2], "@trade"):
			data = fmt.Sprintf(`{"e":"trade","E":%d,"T":1,"s":"BTCUSDT","t":%d,"p":"1","q":"1","X":"MARKET","m":false}`, at, n)
		case words[2] == "btcusdt@ticker":
			data = fmt.Sprintf(`{"e":"24hrTicker","E":%d,"s":"BTCUSDT","x":%q}`, at, extra)
		case strings.Contains(words[2], "@markPrice"):
			data = fmt.Sprintf(`{"e":"markPriceUpdate","E":%d,"s":"BTCUSDT","p":"1","i":"1","P":"1","r":"0","T":0,"x":%q}`, at, extra)
		}
		s.come(number(1), fmt.Sprintf(`{"stream":%q,"data":%s}`, words[2], data))
	default:
		s.t.Fatalf("no such input: %v", words)
	}
}

// come lets a message come on a connection.
func (s *scene) come(conn int, text string) {
	m := &Message{Raw: []byte(text), Conn: conn, decoder: &s.decoder}
	m.Frame, m.Err = s.decoder.Decode(m.Raw)
	p := &piece{raw: m.Raw, conn: conn, message: m}
	if m.Err == nil {
		p.read(m.Frame)
	}
	s.lanesOf[conn].receive(s.links[conn], p)
}

func (s *scene) say(format string, args ...any) {
	fmt.Fprintf(&s.out, "  %v %s\n", s.now, fmt.Sprintf(format, args...))
}

func (s *scene) dial(l *lane, k *link) {
	s.links[k.conn], s.lanesOf[k.conn] = k, l
	s.say("dial %d %v", k.conn, l.route)
}

func (s *scene) send(k *link, command []byte) {
	var c struct {
		Method string
		Params []string
		ID     int
	}
	if err := json.Unmarshal(command, &c); err != nil {
		s.t.Fatal(err)
	}
	s.say("send %d %s %d: %s", k.conn, c.Method, c.ID, strings.Join(c.Params, " "))
}

func (s *scene) close(k *link) { s.say("close %d", k.conn) }

func (s *scene) deliver(t *track, p *piece) {
	what := string(p.raw)
	name := "nobody"
	if t != nil {
		name, what = t.Name, strconv.FormatInt(p.key, 10)
		if at := exchange.Time(p.key); at > modelStart {
			what = strconv.FormatInt(at.Millis()-modelStart.Millis(), 10)
		}
		if _, after, ok := strings.Cut(string(p.raw), `"n":`); ok {
			what = strings.TrimRight(after, "}]")
		}
		if _, after, ok := strings.Cut(string(p.raw), `"x":"`); ok {
			what += " " + strings.TrimRight(after, `"}`)
		}
	}
	s.say("deliver %d %s %s", p.conn, name, strings.TrimSpace(what))
}

func (s *scene) notice(n Notice) {
	text := fmt.Sprintf("%v %d", n.Kind, n.Conn)
	if n.Sub != nil {
		text += " " + n.Sub.Name
	}
	if n.From != 0 {
		text += fmt.Sprintf(" [%v %v]", n.From.Sub(modelStart), n.To.Sub(modelStart))
	}
	if n.Text != "" {
		text += ": " + n.Text
	}
	s.say("%s", text)
}
