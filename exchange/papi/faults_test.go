package papi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/papisim"
	"github.com/pmbot/pmbot/exchange"
)

// incident is a trader whose exchange fails, and all that went over the wire.
type incident struct {
	*trader
	// ids are the client ids of all orders that were sent, and how often.
	ids map[string]int
	// over says that all is quiet, and requests are the test's own.
	over atomic.Bool
}

// hop is how long a request is on its way, and its answer. Events take lag, so that what
// happens at once has an order.
const hop, lag = 5 * time.Millisecond, 3 * time.Millisecond

// wire takes its time, and all requests are written down.
func (x *incident) wire(d *trader) Config {
	x.trader, d.lag = d, lag
	return newPipes().serve(d.t, http.HandlerFunc(x.serve))
}

func (x *incident) serve(w http.ResponseWriter, r *http.Request) {
	if x.over.Load() {
		x.sim.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		x.t.Error(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	<-time.After(hop)
	line := x.sent(r, string(body))
	a := &overheard{ResponseWriter: w}
	defer func() {
		failure := recover()
		x.answered(line, a, failure != nil)
		if failure != nil {
			panic(failure)
		}
	}()
	x.sim.ServeHTTP(a, r)
	<-time.After(hop)
}

// sent writes a request down and returns its line.
func (x *incident) sent(r *http.Request, body string) int {
	values := r.URL.Query()
	form, _ := url.ParseQuery(body)
	for k, v := range form {
		values[k] = v
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	text := fmt.Sprintf("> %s %s", r.Method, strings.TrimPrefix(r.URL.Path, "/papi/v1/"))
	for _, name := range []string{"newClientOrderId", "clientAlgoId", "newClientStrategyId", "listClientOrderId"} {
		if id := values.Get(name); id != "" && r.Method == http.MethodPost {
			x.ids[id]++
			text += " " + id
		}
	}
	if id := values.Get("origClientOrderId"); id != "" {
		text += " " + id
	}
	x.write(text)
	return len(x.log) - 1
}

// answered writes an answer behind its request.
func (x *incident) answered(line int, a *overheard, broken bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	text := "no answer"
	var no struct {
		Code int    `json:"code"`
		Msg  string `json:"msg"`
	}
	switch {
	case a.status == 0:
	case len(a.body) == 0:
		text = fmt.Sprintf("%d, no body", a.status)
	case a.status != http.StatusOK && json.Unmarshal(a.body, &no) == nil:
		text = fmt.Sprintf("%d, %d %s", a.status, no.Code, no.Msg)
	case a.body[0] == '<':
		text = fmt.Sprintf("%d, a page", a.status)
	default:
		text = fmt.Sprint(a.status)
	}
	if broken {
		text += ", the connection breaks"
	}
	if took := time.Since(x.began) - x.at(line); took > hop+time.Millisecond {
		text += fmt.Sprintf(" (took %v)", took.Round(time.Millisecond))
	}
	x.log[line] += ": " + text
}

// at is the time of a line.
func (x *incident) at(line int) time.Duration {
	var seconds float64
	if _, err := fmt.Sscan(x.log[line], &seconds); err != nil {
		x.t.Error(err)
	}
	return time.Duration(seconds * float64(time.Second)).Round(time.Millisecond)
}

// overheard is an answer that somebody listens to.
type overheard struct {
	http.ResponseWriter
	status int
	body   []byte
}

func (a *overheard) Unwrap() http.ResponseWriter { return a.ResponseWriter }
func (a *overheard) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

func (a *overheard) Write(b []byte) (int, error) {
	a.body = append(a.body, b...)
	return a.ResponseWriter.Write(b)
}

// say writes what the test does.
func (x *incident) say(format string, args ...any) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.write("* " + fmt.Sprintf(format, args...))
}

// fail injects a fault; done tells how often it has hit, which must be at least once.
func (x *incident) fail(f papisim.Fault) (done func()) {
	x.t.Helper()
	text := string(f.Kind)
	for _, part := range []string{f.Method, strings.TrimPrefix(f.Path, "/papi/v1/"), f.Event} {
		if part != "" {
			text += " " + part
		}
	}
	if f.Delay > 0 {
		text += " for " + time.Duration(f.Delay).String()
	}
	if f.NotExecuted {
		text += ", not executed"
	}
	id, err := x.sim.Inject(f)
	if err != nil {
		x.t.Fatal(err)
	}
	x.say("fault %s", text)
	return func() {
		x.t.Helper()
		for _, s := range x.sim.Faults() {
			if s.ID != id {
				continue
			}
			x.say("the fault hit %d of %d that fitted", s.Hit, s.Fitted)
			if s.Hit == 0 {
				x.t.Errorf("fault %s never hit", text)
			}
			x.sim.ClearFaults(id)
		}
	}
}

// admin asks the admin port to do something.
func (x *incident) admin(path, body string) {
	x.t.Helper()
	x.say("POST %s %s", path, body)
	r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1"+path, strings.NewReader(body))
	w := httptest.NewRecorder()
	x.sim.Admin().ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		x.t.Fatalf("POST %s %s: %d %s", path, body, w.Code, w.Body)
	}
}

// place, amend and cancel do what they say. bid is an order that rests, and buy one that deals.
func (x *incident) place(r exchange.OrderRequest) exchange.Order {
	x.t.Helper()
	x.say("place %s%d: %v %v %v at %v", "pm-1-", x.next+1, r.Side, r.Type, r.Qty, r.Price)
	o := x.submit(r)
	if r.Type == exchange.Market { // it waits for the next trade
		x.pass(4 * hop)
		x.show(x.price)
	}
	return o
}

func (x *incident) amend(o exchange.Order, price string) {
	x.t.Helper()
	o.Request.Price, o.Status = exchange.MustFixed(price), exchange.StatusWorking
	x.say("amend %s to %s", o.ClientID, price)
	x.broker.Submit(x.approve(o, true), 0)
}

func (x *incident) cancel(o exchange.Order) {
	o.Status = exchange.StatusWorking
	x.say("cancel %s", o.ClientID)
	x.broker.Cancel(o, 0)
}

func bid(price string) exchange.OrderRequest {
	return exchange.OrderRequest{Inst: testUM, Side: exchange.Buy, Type: exchange.Limit, Qty: exchange.MustFixed("0.010"), Price: exchange.MustFixed(price)}
}

func buy(qty string) exchange.OrderRequest {
	return exchange.OrderRequest{Inst: testUM, Side: exchange.Buy, Type: exchange.Market, Qty: exchange.MustFixed(qty)}
}

// read asks for the open orders as a caller of the client does.
func (x *incident) read() {
	x.say("read the open orders")
	orders, err := x.client.UMOpenOrders(x.t.Context(), "")
	if err != nil {
		x.say("the read failed: %v", err)
		return
	}
	x.say("the read has %d orders", len(orders))
}

// stands tells how an order stands with both.
func (x *incident) stands(o exchange.Order) {
	x.t.Helper()
	x.over.Store(true)
	defer x.over.Store(false)
	there := "has no such order"
	found, err := x.client.UMOrder(x.t.Context(), "BTCUSDT", OrderRef{OrigClientOrderID: o.ClientID})
	switch {
	case err == nil:
		there = fmt.Sprintf("has it %v, %v of %v at %v", found.Status, found.ExecutedQty, found.OrigQty, found.Price)
	case !errors.Is(err, ErrNoSuchOrder):
		there = err.Error()
	}
	x.mu.Lock()
	here := x.status[o.ClientID]
	x.mu.Unlock()
	x.say("%s: the client was told %v, the exchange %s", o.ClientID, here, there)
}

// finish holds both against each other when all is quiet, and gives the protocol.
func (x *incident) finish(from int) string {
	x.t.Helper()
	x.mu.Lock()
	log := slices.Clone(x.log[from:])
	x.mu.Unlock()
	x.over.Store(true)
	if x.broker.State() != Live {
		x.t.Errorf("at the end the state is %v", x.broker.State())
	}
	x.agree()
	for id, n := range x.ids {
		if n != 1 {
			x.t.Errorf("client id %s was sent %d times", id, n)
		}
	}
	verdict := "the two agree, and no client id was sent twice"
	if x.t.Failed() {
		verdict = "FAILED"
	}
	return folded(log) + "          = " + verdict + "\n"
}

// folded is a log with runs of reads of the account in one line.
func folded(log []string) string {
	var b strings.Builder
	reads := func(line string) bool {
		return strings.HasPrefix(line[10:], "> GET") && strings.HasSuffix(line, ": 200") && !strings.Contains(line, "pm-1-")
	}
	for i := 0; i < len(log); i++ {
		n := 1
		for reads(log[i]) && i+1 < len(log) && reads(log[i+1]) {
			n, i = n+1, i+1
		}
		if n > 1 {
			fmt.Fprintf(&b, "%s> %d reads, the last %s\n", log[i][:10], n, log[i][12:])
			continue
		}
		fmt.Fprintln(&b, log[i])
	}
	return b.String()
}

// listed is what the admin port says there is, kinds of faults, and acts, without those of
// the market's streams, which no client of papi hears.
func listed(t *testing.T) (names []string) {
	t.Helper()
	synced := &trader{t: t, price: exchange.MustFixed("50000")}
	synced.open(simInstruments(t))
	w := httptest.NewRecorder()
	synced.sim.Admin().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://127.0.0.1/", nil))
	var list struct {
		Endpoints []struct {
			Method, Path string
			Market       bool
		}
		Faults []struct {
			Kind   string
			Market bool
		} `json:"fault_kinds"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil {
		t.Fatal(err)
	}
	for _, f := range list.Faults {
		if !f.Market {
			names = append(names, f.Kind)
		}
	}
	for _, e := range list.Endpoints {
		if e.Method == http.MethodPost && e.Path != "/faults" && !e.Market {
			names = append(names, e.Path)
		}
	}
	return names
}

// TestFaults lets everything that papisim can do to a client happen once, and writes down
// what the client made of it: testdata/faults.txt. A line that begins with > is a request as
// the exchange met it, with its answer; * is what the test does; all others were delivered.
func TestFaults(t *testing.T) {
	var text strings.Builder
	want, err := os.ReadFile("testdata/faults.txt")
	if err != nil && !*rewrite {
		t.Fatal(err)
	}
	ran := 0
	for _, name := range listed(t) {
		scene := scenes()[name]
		if scene == nil {
			t.Errorf("no scene shows what becomes of %s", name)
			continue
		}
		t.Run(strings.TrimPrefix(name, "/"), func(t *testing.T) {
			ran++
			x := &incident{ids: map[string]int{}}
			withSimOver(t, x.wire, func(*trader) {
				x.began = time.Now()
				from := len(x.log)
				scene(x)
				protocol := "== " + name + "\n" + x.finish(from) + "\n"
				t.Log("\n" + protocol)
				text.WriteString(protocol)
				if !*rewrite && !bytes.Contains(want, []byte(protocol)) {
					t.Errorf("testdata/faults.txt differs; -rewrite and read the diff")
				}
			})
		})
	}
	if *rewrite {
		golden(t, "testdata/faults.txt", text.String())
	}
	if ran == len(scenes()) && !*rewrite && text.String() != string(want) {
		t.Errorf("testdata/faults.txt has more, or another order; -rewrite and read the diff")
	}
}
