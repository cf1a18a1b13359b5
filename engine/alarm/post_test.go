package alarm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// mailbox is a webhook that takes messages, or does not.
type mailbox struct {
	got   []Message
	at    []time.Duration // since began
	began time.Time
	// answer is what becomes of a request, nil for 200.
	answer func(n int) (*http.Response, error)
	asked  int
	header http.Header
}

func (m *mailbox) RoundTrip(r *http.Request) (*http.Response, error) {
	m.asked++
	m.header = r.Header
	if m.answer != nil {
		if a, err := m.answer(m.asked); a != nil || err != nil {
			return a, err
		}
	}
	var one Message
	if err := json.NewDecoder(r.Body).Decode(&one); err != nil {
		return nil, err
	}
	m.got = append(m.got, one)
	m.at = append(m.at, time.Since(m.began))
	return answered(http.StatusOK), nil
}

func answered(code int) *http.Response {
	return &http.Response{StatusCode: code, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("ok"))}
}

const secretAddress = "https://hooks.example.com/T0/very-secret"

// world is a post that runs.
type world struct {
	*Post
	box *mailbox
	log *logged
}

// logged is a log that may be read while it is written.
type logged struct {
	mutex sync.Mutex
	text  strings.Builder
}

func (l *logged) Write(b []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.Write(b)
}

func (l *logged) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.String()
}

func run(t *testing.T, change func(*Config), f func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{box: &mailbox{began: time.Now()}, log: &logged{}}
		began := time.Now()
		c := Config{
			Webhook: secretAddress, Severity: exchange.SeverityWarning, Repeat: 15 * time.Minute, Account: "main", Mode: "live",
			Symbol:    func(i exchange.InstrumentID) string { return fmt.Sprint("UM:", i) },
			Strategy:  func(s exchange.StrategyID) string { return fmt.Sprint("s", s) },
			State:     func(context.Context) string { return "ACTIVE" },
			Clock:     func() exchange.Time { return exchange.Time(1_700_000_000e9) + exchange.Time(time.Since(began)) },
			Log:       slog.New(slog.NewTextHandler(w.log, nil)),
			Transport: w.box,
		}
		if change != nil {
			change(&c)
		}
		var err error
		if w.Post, err = New(c); err != nil {
			t.Fatal(err)
		}
		ctx, end := context.WithCancel(t.Context())
		over := make(chan error)
		go func() { over <- w.Run(ctx) }()
		f(w)
		end()
		if err := <-over; err != nil {
			t.Error(err)
		}
		if strings.Contains(w.log.String(), "very-secret") || strings.Contains(w.log.String(), "a-token") {
			t.Errorf("the log tells a secret: %s", w.log)
		}
	})
}

// pass lets time go by, in a bubble where it costs none, and all that is due then be done.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func (w *world) alert(s exchange.Severity, over bool) {
	e := exchange.Event{Seq: 7, At: w.config.Clock(), Inst: 2}
	e.SetAlert(&exchange.Alert{Control: "leg-gap", Strategy: 1, Severity: s, Over: over, Value: "0.05", Limit: "0.02"})
	w.Observe(&e)
}

// TestAlert: it is sent at once, with all that is known of it, and logged.
func TestAlert(t *testing.T) {
	run(t, func(c *Config) { c.Token = "a-token" }, func(w *world) {
		w.alert(exchange.SeverityWarning, false)
		synctest.Wait()
		if len(w.box.got) != 1 || w.box.at[0] != 0 {
			t.Fatalf("%d messages at %v", len(w.box.got), w.box.at)
		}
		want := Message{
			Schema: "pmbot.alert/1", Text: "pmbot main: WARNING leg-gap UM:2 s1: 0.05 (limit 0.02)", Kind: "alert", Severity: exchange.SeverityWarning,
			Account: "main", Mode: "live", At: w.config.Clock(), Seq: 7, Control: "leg-gap", Value: "0.05", Limit: "0.02", Symbol: "UM:2", Strategy: "s1",
		}
		if w.box.got[0] != want {
			t.Errorf("got  %+v\nwant %+v", w.box.got[0], want)
		}
		if got := w.box.header.Get("Authorization"); got != "Bearer a-token" {
			t.Errorf("authorization %q", got)
		}
		if log := w.log.String(); !strings.Contains(log, "level=WARN msg=0.05 part=alerts control=leg-gap severity=WARNING seq=7 symbol=UM:2 strategy=s1 limit=0.02") {
			t.Errorf("logged %s", log)
		}
	})
}

// TestLess: what is below the severity is logged and not sent.
func TestLess(t *testing.T) {
	run(t, nil, func(w *world) {
		w.alert(exchange.SeverityInfo, false)
		synctest.Wait()
		if len(w.box.got) != 0 || !strings.Contains(w.log.String(), "severity=INFO") {
			t.Errorf("%d messages; log %s", len(w.box.got), w.log)
		}
	})
}

// TestEscalation: CRITICAL is told again as long as it stands, and not a moment longer.
func TestEscalation(t *testing.T) {
	run(t, nil, func(w *world) {
		w.alert(exchange.SeverityCritical, false)
		pass(31 * time.Minute)
		w.alert(exchange.SeverityCritical, true)
		pass(time.Hour)
		kinds := ""
		for _, m := range w.box.got {
			kinds += " " + m.Kind
		}
		if kinds != " alert repeat repeat over" {
			t.Errorf("told%s at %v", kinds, w.box.at)
		}
		if m := w.box.got[1]; m.Since != w.box.got[0].At || m.Text != "pmbot main: CRITICAL leg-gap UM:2 s1 still stands: 0.05 (limit 0.02)" {
			t.Errorf("repeated as %+v", m)
		}
	})
}

// TestLesser: a CRITICAL alert that has become a WARNING is not told again.
func TestLesser(t *testing.T) {
	run(t, nil, func(w *world) {
		w.alert(exchange.SeverityCritical, false)
		w.alert(exchange.SeverityWarning, false)
		pass(time.Hour)
		if len(w.box.got) != 2 {
			t.Errorf("%d messages", len(w.box.got))
		}
	})
}

// TestRecall: what stood when the process began is told at once, then in its time.
func TestRecall(t *testing.T) {
	run(t, nil, func(w *world) {
		w.Recall(0, 5, exchange.Alert{Control: "loss", Severity: exchange.SeverityCritical, Value: "3 %"})
		pass(16*time.Minute + 2*time.Second)
		if len(w.box.got) != 2 || w.box.at[0] > time.Second || w.box.got[0].Since != 5 || w.box.got[0].Kind != "repeat" {
			t.Errorf("told %+v at %v", w.box.got, w.box.at)
		}
	})
}

// TestStates: who holds what, and why.
func TestStates(t *testing.T) {
	run(t, nil, func(w *world) {
		for _, c := range []exchange.StateChange{
			{State: exchange.Halted, Cause: exchange.CauseOperator, Reason: "to look", By: "ann"},
			{State: exchange.ReduceOnly, Cause: exchange.CauseTruth, Inst: 3, Reason: "a fill is missing"},
			{State: exchange.Active, Cause: exchange.CauseStart},
		} {
			e := exchange.Event{Seq: 1, At: 5}
			e.SetState(&c)
			w.Observe(&e)
		}
		pass(time.Second)
		want := []string{"pmbot main: WARNING account HALTED by OPERATOR: to look (ann)", "pmbot main: CRITICAL UM:3 REDUCE_ONLY by TRUTH: a fill is missing"}
		if len(w.box.got) != 2 || w.box.got[0].Text != want[0] || w.box.got[1].Text != want[1] {
			t.Errorf("got %+v", w.box.got)
		}
	})
}

// TestRetry: what the webhook does not take comes again with growing pauses, the log says that
// nobody hears, and once it takes messages the most severe comes first.
func TestRetry(t *testing.T) {
	run(t, nil, func(w *world) {
		var tries []time.Duration
		w.box.answer = func(n int) (*http.Response, error) {
			if n > 5 {
				return nil, nil
			}
			tries = append(tries, time.Since(w.box.began))
			if n%2 == 0 {
				return nil, errors.New("no such host")
			}
			return answered(http.StatusServiceUnavailable), nil
		}
		w.alert(exchange.SeverityWarning, false)
		pass(500 * time.Millisecond)
		w.Say(exchange.SeverityCritical, "the bot ends")
		pass(time.Hour)
		for i, want := range []time.Duration{0, time.Second, 3 * time.Second, 7 * time.Second, 15 * time.Second} {
			if late := tries[i] - want; late < 0 || late > time.Second {
				t.Errorf("try %d at %v, not %v", i+1, tries[i], want)
			}
		}
		if len(w.box.got) != 2 || w.box.got[0].Kind != "bot" || w.box.got[1].Kind != "alert" {
			t.Errorf("got %+v", w.box.got)
		}
		log := w.log.String()
		if strings.Count(log, "CRITICAL: nobody is told of alerts") != 1 || !strings.Contains(log, "503 Service Unavailable") || !strings.Contains(log, "takes alerts again") {
			t.Errorf("log %s", log)
		}
	})
}

// TestHanging: a webhook that does not answer holds nothing up but itself, and for 4 s at most.
func TestHanging(t *testing.T) {
	run(t, nil, func(w *world) {
		w.box.answer = func(n int) (*http.Response, error) {
			if n == 1 {
				<-time.After(sendWithin)
				return nil, context.DeadlineExceeded
			}
			return nil, nil
		}
		w.alert(exchange.SeverityWarning, false)
		w.alert(exchange.SeverityCritical, false)
		pass(time.Second)
		if strings.Count(w.log.String(), "control=leg-gap") != 2 {
			t.Errorf("the log waits: %s", w.log)
		}
		pass(5 * time.Second)
		if len(w.box.got) != 2 || w.box.got[0].Severity != exchange.SeverityCritical {
			t.Errorf("got %+v", w.box.got)
		}
	})
}

// TestFull: nothing grows without end, and the most severe stays.
func TestFull(t *testing.T) {
	run(t, nil, func(w *world) {
		var up atomic.Bool
		w.box.answer = func(int) (*http.Response, error) {
			if !up.Load() {
				return nil, errors.New("refused")
			}
			return nil, nil
		}
		w.alert(exchange.SeverityCritical, false)
		for range pendingMax + 10 {
			w.alert(exchange.SeverityWarning, false)
			synctest.Wait()
		}
		pass(time.Minute)
		up.Store(true)
		pass(2 * time.Minute)
		if len(w.box.got) != pendingMax || w.box.got[0].Severity != exchange.SeverityCritical || w.box.got[0].Dropped != 11 || w.box.got[1].Dropped != 0 {
			t.Errorf("%d messages, first %+v", len(w.box.got), w.box.got[0])
		}
	})
}

// TestFlood: more events than there is room for are counted, and whoever brings them never waits.
func TestFlood(t *testing.T) {
	p, err := New(Config{Webhook: secretAddress, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for range noticesMax + 5 {
		e := exchange.Event{}
		e.SetAlert(&exchange.Alert{})
		p.Observe(&e)
	}
	if n := p.lost.Load(); n != 5 {
		t.Errorf("%d lost", n)
	}
}

// TestParting: what is said at the end is delivered, if anybody listens.
func TestParting(t *testing.T) {
	var box *mailbox
	run(t, nil, func(w *world) {
		box = w.box
		w.alert(exchange.SeverityCritical, false)
		w.Say(exchange.SeverityInfo, "stopped")
	})
	if len(box.got) != 2 || box.got[1].Value != "stopped" {
		t.Errorf("got %+v", box.got)
	}
}

// TestHeartbeat: signs of life go to an address of their own, also while the webhook is deaf.
func TestHeartbeat(t *testing.T) {
	run(t, func(c *Config) { c.Every, c.Heartbeat = time.Minute, "https://alive.example.com/x" }, func(w *world) {
		pass(3*time.Minute + 30*time.Second)
		if len(w.box.got) != 3 || w.box.got[2].Kind != "heartbeat" || w.box.got[2].Value != "ACTIVE" {
			t.Errorf("got %+v at %v", w.box.got, w.box.at)
		}
	})
}

// TestAddresses: what cannot be an address, or would send the account's affairs in the clear, is
// refused without being said.
func TestAddresses(t *testing.T) {
	for address, fits := range map[string]bool{
		"https://x.example/secret": true, "http://127.0.0.1:1/secret": true, "http://localhost/secret": true,
		"http://x.example/secret": false, "ftp://x/secret": false, "secret": false, "https:///secret": false, "https://%zz/secret": false,
	} {
		err := CheckAddress(address)
		if (err == nil) != fits || err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestLoopback sends through a real server; a redirect to elsewhere is not followed.
func TestLoopback(t *testing.T) {
	got := make(chan string, 2)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/moved" {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
			return
		}
		body, _ := io.ReadAll(r.Body)
		got <- r.Method + " " + r.URL.Path + " " + r.Header.Get("Content-Type") + " " + string(body)
	}))
	defer server.Close()
	c := Config{
		Webhook: server.URL + "/hook", Severity: exchange.SeverityInfo, Account: "main", Mode: "dry", Log: slog.New(slog.DiscardHandler),
		Clock: func() exchange.Time { return 0 },
	}
	p, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	p.Say(exchange.SeverityInfo, "hello")
	ctx, end := context.WithCancel(t.Context())
	over := make(chan error)
	go func() { over <- p.Run(ctx) }()
	if one := <-got; !strings.HasPrefix(one, `POST /hook application/json {"schema":"pmbot.alert/1","text":"pmbot main: INFO hello","kind":"bot","severity":"INFO"`) {
		t.Errorf("got %s", one)
	}
	end()
	<-over
	l := line{client: p.hook.client, address: server.URL + "/moved"}
	if err := l.post(t.Context(), &Message{}); err == nil || err.Error() != "it answered 307 Temporary Redirect" {
		t.Errorf("redirect: %v", err)
	}
}
