package budget

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// papi are the limits of papi with its usual share.
var papi = Limits{Weight: 6000, Orders: 1200, SharePercent: 80, Slack: 500 * time.Millisecond, QueueMax: 100,
	Quotas: []Quota{{Name: "bnb-transfer", N: 10, Per: 10 * time.Minute}}}

func at(clock string) time.Time {
	t, err := time.Parse("15:04:05.000", clock)
	if err != nil {
		panic(err)
	}
	return t.AddDate(2026, 10, 22)
}

func newBudget(t testing.TB, l Limits) *Budget {
	t.Helper()
	b, err := New(l)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// fill takes requests of one class until one must wait, and says how many went.
func fill(t testing.TB, b *Budget, r Request, now time.Time) (tickets []Ticket, until time.Time) {
	t.Helper()
	for {
		ticket, until, err := b.Take(r, now)
		if err != nil {
			t.Fatal(err)
		}
		if until.After(now) {
			return tickets, until
		}
		tickets = append(tickets, ticket)
	}
}

// TestReserves fills a minute from the least urgent class to the most urgent one.
func TestReserves(t *testing.T) {
	b, now := newBudget(t, papi), at("12:00:10.000")
	used := 0
	for _, c := range []struct {
		class Class
		want  int
	}{{Read, 2400}, {Order, 3600}, {Reduce, 4200}, {Risk, 4200}, {Cancel, 6000}} {
		tickets, until := fill(t, b, Request{Class: c.class, Weight: 10}, now)
		if used += 10 * len(tickets); used != c.want {
			t.Errorf("%v brought the minute to %d, want %d", c.class, used, c.want)
		}
		if want := at("12:01:00.500"); !until.Equal(want) {
			t.Errorf("%v wait until %v, want %v", c.class, until, want)
		}
	}
	if u := b.Usage(now); u.Weight != 6000 {
		t.Errorf("usage %+v", u)
	}
}

func TestOrderCount(t *testing.T) {
	b, now := newBudget(t, papi), at("12:00:10.000")
	ordinary, _ := fill(t, b, Request{Class: Order, Orders: 1}, now)
	reducing, until := fill(t, b, Request{Class: Reduce, Orders: 1}, now)
	if len(ordinary) != 840 || len(reducing) != 120 || !until.Equal(at("12:01:00.500")) {
		t.Errorf("%d orders, then %d that reduce, then a wait until %v", len(ordinary), len(reducing), until)
	}
	if _, until, err := b.Take(Request{Class: Cancel, Weight: 1}, now); until.After(now) || err != nil {
		t.Errorf("a cancel waits for orders: %v, %v", until, err)
	}
}

// TestTurn sends around the turn of a minute. What flies then counts in both minutes.
func TestTurn(t *testing.T) {
	b := newBudget(t, papi)
	early, _ := fill(t, b, Request{Class: Read, Weight: 80}, at("12:00:30.000"))
	for _, ticket := range early[:20] {
		b.Settle(ticket, Answer{Status: 200}, at("12:00:31.000"))
	}
	for _, c := range []struct {
		clock string
		free  int // how many more of 80 may go
		until string
	}{
		{"12:00:59.400", 0, "12:01:00.500"}, // the old minute is full
		{"12:00:59.600", 0, "12:01:00.500"}, // and still counts half a second before its end
		{"12:01:00.400", 0, "12:01:00.500"}, // and half a second after it
		{"12:01:00.500", 20, "12:02:00.500"},
	} {
		var more []Ticket
		more, until := fill(t, b, Request{Class: Read, Weight: 80}, at(c.clock))
		if len(more) != c.free || !until.Equal(at(c.until)) {
			t.Errorf("%s: %d more, then a wait until %v; want %d, %s", c.clock, len(more), until, c.free, c.until)
		}
		for _, ticket := range more {
			b.Return(ticket)
		}
	}
	// The ten that still fly count in the new minute; their answers free nothing of it.
	if u := b.Usage(at("12:01:01.000")); u.Weight != 800 {
		t.Errorf("%d flies", u.Weight)
	}
	for _, ticket := range early[20:] {
		b.Settle(ticket, Answer{Status: 200}, at("12:01:02.000"))
	}
	if u := b.Usage(at("12:01:03.000")); u.Weight != 800 {
		t.Errorf("%d after the last answer", u.Weight)
	}
	if u := b.Usage(at("12:02:03.000")); u.Weight != 0 {
		t.Errorf("%d in a minute without requests", u.Weight)
	}
}

// TestSetBack corrects a clock that was an hour fast: what was used stays used for this minute
// and not for an hour, and pauses and quotas end as soon as they would have.
func TestSetBack(t *testing.T) {
	b := newBudget(t, papi)
	tickets, _ := fill(t, b, Request{Class: Read, Weight: 80}, at("13:00:10.000"))
	if until, err := b.ready(Request{Class: Read, Weight: 80}, at("12:00:10.000")); err != nil || !until.Equal(at("12:01:00.500")) {
		t.Errorf("after %d: %v, %v", len(tickets), until, err)
	}
	b = newBudget(t, papi)
	ticket, _, _ := b.Take(Request{Class: Read, Weight: 1}, at("13:00:10.000"))
	b.Settle(ticket, Answer{Status: 429, RetryAfter: 7 * time.Second}, at("13:00:10.000"))
	if until, _ := b.ready(Request{Class: Cancel, Weight: 1}, at("12:00:12.000")); !until.Equal(at("12:00:19.000")) {
		t.Errorf("a pause of 7 s ends at %v", until) // how much of it has passed nobody knows
	}
	b = newBudget(t, papi)
	for range 10 {
		_, _, _ = b.Take(Request{Class: Order, Quota: 1}, at("13:00:10.000"))
	}
	if err := b.never(Request{Class: Order, Quota: 1}, at("12:00:10.000")); !errors.Is(err, ErrQuota) {
		t.Errorf("the quota is forgotten: %v", err)
	}
	if err := b.never(Request{Class: Order, Quota: 1}, at("12:10:10.000")); err != nil {
		t.Error(err)
	}
}

// TestEdges sends and is answered within the error of the clock: both minutes count it.
func TestEdges(t *testing.T) {
	for _, c := range []struct {
		sent, answered string
		before, after  int
	}{
		{"12:00:59.400", "12:00:59.450", 7, 0},
		{"12:00:59.600", "12:00:59.650", 7, 7},
		{"12:01:00.400", "12:01:00.450", 7, 7},
		{"12:01:00.600", "12:01:00.650", 0, 7},
		{"12:00:50.000", "12:01:02.000", 7, 7},
	} {
		b := newBudget(t, papi)
		ticket, _, err := b.Take(Request{Class: Order, Weight: 7, Orders: 7}, at(c.sent))
		if err != nil {
			t.Fatal(err)
		}
		b.Settle(ticket, Answer{}, at(c.answered))
		b.Usage(at("12:01:02.000"))
		for name, p := range map[string]pool{"weight": b.weight, "orders": b.orders} {
			if p.before.own != c.before || p.now.own != c.after || p.flying != 0 {
				t.Errorf("%s of %s to %s: %d in the minute before and %d in this one, want %d and %d", name, c.sent, c.answered, p.before.own, p.now.own, c.before, c.after)
			}
		}
	}
}

// TestHeaders hears of other processes that share the address.
func TestHeaders(t *testing.T) {
	b, now := newBudget(t, papi), at("12:00:10.000")
	send := func(when time.Time, answer time.Time, weight, count int) {
		t.Helper()
		ticket, until, err := b.Take(Request{Class: Cancel, Weight: weight}, when)
		if err != nil || until.After(when) {
			t.Fatal(until, err)
		}
		b.Settle(ticket, Answer{Status: 200, Weight: count}, answer)
	}
	send(now, now, 10, 500)
	if u := b.Usage(now); u.Weight != 500 {
		t.Errorf("%d, want the exchange's 500", u.Weight)
	}
	send(now, now, 10, 400) // an answer that was overtaken
	if u := b.Usage(now); u.Weight != 510 {
		t.Errorf("%d, want 510", u.Weight)
	}
	send(now, now, 10, 0) // an answer without the header
	if u := b.Usage(now); u.Weight != 520 {
		t.Errorf("%d, want 520", u.Weight)
	}
	// Sent at the end of a minute: the count may be that of the old one.
	send(at("12:00:59.900"), at("12:01:00.100"), 10, 5000)
	if u := b.Usage(at("12:01:10.000")); u.Weight != 10 {
		t.Errorf("%d, want 10: the old minute closed the new one", u.Weight)
	}
	send(at("12:01:20.000"), at("12:01:20.100"), 10, 4300)
	if _, until, _ := b.Take(Request{Class: Risk, Weight: 1}, at("12:01:21.000")); !until.Equal(at("12:02:00.500")) {
		t.Errorf("risk waits until %v", until)
	}
}

func TestQuota(t *testing.T) {
	b, now := newBudget(t, papi), at("12:00:10.000")
	transfer := Request{Class: Order, Weight: 1, Quota: 1}
	var last Ticket
	for i := range 10 {
		ticket, until, err := b.Take(transfer, now.Add(time.Duration(i)*time.Minute))
		if err != nil || until.After(now.Add(time.Duration(i)*time.Minute)) {
			t.Fatal(i, until, err)
		}
		last = ticket
	}
	_, _, err := b.Take(transfer, at("12:10:09.999"))
	const want = "quota used up: bnb-transfer: 10 requests in 10m0s, until 2026-11-23T12:10:10.000Z"
	if !errors.Is(err, ErrQuota) || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	b.Return(last)
	for i, clock := range []string{"12:10:09.999", "12:10:10.000"} {
		if _, _, err := b.Take(transfer, at(clock)); err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
}

// TestPauses gives one answer to a request of 12:00:10 and asks who may go, and when.
func TestPauses(t *testing.T) {
	const never = ""
	for _, c := range []struct {
		name                string
		status, code        int
		msg, retryAfter     string
		cancel, order, read string // until when they wait, or ErrBanned if empty
	}{
		{"fine", 200, 0, "", "", "12:00:10.000", "12:00:10.000", "12:00:10.000"},
		{"a rejection", 400, -2019, "Margin is insufficient.", "", "12:00:10.000", "12:00:10.000", "12:00:10.000"},
		{"429", 429, -1003, "Too many requests", "", "12:01:00.500", "12:01:00.500", "12:01:00.500"},
		{"429 with a header", 429, -1003, "Too many requests", "7", "12:00:17.000", "12:00:17.000", "12:00:17.000"},
		{"429 with a silly header", 429, -1003, "Too many requests", "-7", "12:01:00.500", "12:01:00.500", "12:01:00.500"},
		{"429 without a body", 429, 0, "", "", "12:01:00.500", "12:01:00.500", "12:01:00.500"},
		{"too many orders", 429, -1015, "Too many new orders.", "", "12:00:10.000", "12:01:00.500", "12:00:10.000"},
		{"throttled", 503, -1008, "Request throttled by system-level protection.", "", "12:00:10.000", "12:00:10.200", "12:00:10.000"},
		{"firewall", 403, 0, "", "", "12:00:11.000", "12:00:11.000", "12:00:11.000"},
		{"firewall with a header", 403, 0, "", "30", "12:00:40.000", "12:00:40.000", "12:00:40.000"},
		{"ban", 418, -1003, "", "", never, never, never},
	} {
		b, now := newBudget(t, papi), at("12:00:10.000")
		ticket, _, err := b.Take(Request{Class: Order, Weight: 1, Orders: 1}, now)
		if err != nil {
			t.Fatal(err)
		}
		h := http.Header{}
		h.Set("Retry-After", c.retryAfter)
		b.Settle(ticket, ReadAnswer(c.status, h, c.code, c.msg), now)
		for class, want := range map[Class]string{Cancel: c.cancel, Order: c.order, Read: c.read} {
			until, err := b.ready(Request{Class: class, Weight: 1}, now)
			switch {
			case want == never:
				if !errors.Is(err, ErrBanned) {
					t.Errorf("%s: %v may go", c.name, class)
				}
			case err != nil || !latest(now, until).Equal(at(want)):
				t.Errorf("%s: %v wait until %v, %v; want %s", c.name, class, until, err, want)
			}
		}
	}
}

func TestBan(t *testing.T) {
	now := at("12:00:10.000")
	text := fmt.Sprintf("Way too many requests; IP banned until %d. Please use the websocket for live updates to avoid bans.", now.Add(time.Hour).UnixMilli())
	for _, c := range []struct {
		name, msg, retryAfter string
		want                  time.Duration
	}{
		{"by the text", text, "", time.Hour},
		{"by the text before the header", text, "10", time.Hour},
		{"by the header", "", "600", 10 * time.Minute},
		{"a text without a time", "IP banned until further notice", "", 2 * time.Minute},
		{"a ban that is over", "IP banned until 1600000000000.", "", 2 * time.Minute},
		{"an absurd one", "IP banned until 99999999999999.", "", 2 * time.Minute},
		{"beyond all numbers", "IP banned until 99999999999999999999999999.", "9999999999999999", 2 * time.Minute},
		{"an absurd header", "", "999999999", 72 * time.Hour},
		{"nothing", "", "", 2 * time.Minute},
	} {
		b := newBudget(t, papi)
		ticket, _, err := b.Take(Request{Class: Cancel, Weight: 1}, now)
		if err != nil {
			t.Fatal(err)
		}
		h := http.Header{"Retry-After": {c.retryAfter}}
		b.Settle(ticket, ReadAnswer(418, h, -1003, c.msg), now)
		_, _, err = b.Take(Request{Class: Cancel, Weight: 1}, now.Add(c.want-time.Millisecond))
		var refusal *Refusal
		if !errors.As(err, &refusal) || !refusal.Until.Equal(now.Add(c.want)) {
			t.Errorf("%s: %v, want a ban of %v", c.name, err, c.want)
		}
		if _, _, err := b.Take(Request{Class: Cancel, Weight: 1}, now.Add(c.want)); err != nil {
			t.Errorf("%s: %v after the ban", c.name, err)
		}
	}
}

// TestBackoff grows the pauses of the firewall and of load protection, and ends them.
func TestBackoff(t *testing.T) {
	b, now := newBudget(t, papi), at("12:00:01.000")
	together, _, _ := b.Take(Request{Class: Order, Weight: 1}, now)
	var lengths []time.Duration
	for range 8 {
		ticket, until, err := b.Take(Request{Class: Order, Weight: 1}, now)
		if err != nil || until.After(now) {
			t.Fatal(until, err)
		}
		b.Settle(ticket, Answer{Status: 403}, now)
		if together.at.Equal(ticket.at) { // flew together: no second step
			b.Settle(together, Answer{Status: 403}, now.Add(time.Millisecond))
		}
		until, _ = b.ready(Request{Class: Cancel}, now)
		lengths = append(lengths, until.Sub(now)/time.Second)
		now = until
	}
	if want := []time.Duration{1, 2, 4, 8, 16, 32, 60, 60}; !slices.Equal(lengths, want) {
		t.Errorf("the firewall's pauses are %v s, want %v", lengths, want)
	}
	one, _, _ := b.Take(Request{Class: Cancel, Weight: 1}, now)
	if until, _ := b.ready(Request{Class: Cancel, Weight: 1}, now); !until.After(now) {
		t.Error("two requests fly before the firewall let one pass")
	}
	b.Settle(one, Answer{Status: 200}, now)
	if until, _ := b.ready(Request{Class: Read, Weight: 1}, now); until.After(now) {
		t.Errorf("a pause until %v after the firewall let one pass", until)
	}
	for _, want := range []time.Duration{200, 400, 800} {
		ticket, _, _ := b.Take(Request{Class: Order, Weight: 1}, now)
		b.Settle(ticket, Answer{Status: 503, Code: -1008}, now)
		until, _ := b.ready(Request{Class: Order}, now)
		if until.Sub(now) != want*time.Millisecond {
			t.Errorf("throttled for %v, want %d ms", until.Sub(now), want)
		}
		for _, exempt := range []Class{Cancel, Risk, Reduce, Read} {
			if until, _ := b.ready(Request{Class: exempt}, now); until.After(now) {
				t.Errorf("%v wait for load protection", exempt)
			}
		}
		now = until
	}
}

func TestImpossible(t *testing.T) {
	b, now := newBudget(t, papi), at("12:00:01.000")
	for _, r := range []Request{{Class: Read, Weight: 2401}, {Class: Order, Orders: 841}, {Class: Cancel, Weight: 6001}} {
		if _, _, err := b.Take(r, now); !errors.Is(err, ErrHeavy) {
			t.Errorf("%+v: %v", r, err)
		}
	}
	for _, change := range []func(*Limits){
		func(l *Limits) { l.Weight = 0 }, func(l *Limits) { l.Orders = -1 }, func(l *Limits) { l.QueueMax = 0 },
		func(l *Limits) { l.SharePercent = 49 }, func(l *Limits) { l.SharePercent = 101 },
		func(l *Limits) { l.Slack = -1 }, func(l *Limits) { l.Slack = 11 * time.Second },
		func(l *Limits) { l.KeptBack = map[Class]int{Read: -1} }, func(l *Limits) { l.KeptBack = map[Class]int{Risk: 71} },
	} {
		l := papi
		change(&l)
		if _, err := New(l); err == nil {
			t.Errorf("%+v is taken", l)
		}
	}
}

func TestReadAnswer(t *testing.T) {
	h := http.Header{}
	h.Set("X-MBX-USED-WEIGHT-1M", "1234")
	h.Set("x-mbx-order-count-1m", "56")
	h.Set("Retry-After", "3")
	if got, want := ReadAnswer(429, h, -1003, ""), (Answer{429, -1003, 1234, 56, 3 * time.Second, time.Time{}}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	for _, s := range []string{"", "-1", "1e3", "NaN", "99999999999999999999", " 1", "1,000", strings.Repeat("9", 10)} {
		h.Set("X-MBX-USED-WEIGHT-1M", s)
		if got := ReadAnswer(200, h, 0, "").Weight; got != 0 {
			t.Errorf("%q is read as %d", s, got)
		}
	}
}

var seed = flag.Uint64("seed", 0, "of the random runs; 0 takes some")

// TestRandom sends as much as the budget lets go, to an exchange whose clock is off by less
// than the slack and whose answers take up to four seconds, and holds the exchange's own
// count of each of its minutes against the share.
func TestRandom(t *testing.T) {
	seeds := []uint64{1, 2, 3, 4, 5, 6, 7, 8}
	if *seed != 0 {
		seeds = []uint64{*seed}
	}
	for _, seed := range seeds {
		randomRun(t, seed)
	}
}

func randomRun(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 6))
	b, now := newBudget(t, papi), at("12:00:00.000")
	skew := time.Duration(r.Int64N(int64(time.Second))) - papi.Slack
	type flight struct {
		ticket       Ticket
		lands, comes time.Time
	}
	var flights []flight
	weight, orders := map[int64]int{}, map[int64]int{}
	for now.Before(at("12:05:00.000")) {
		now = now.Add(time.Duration(r.Int64N(int64(40 * time.Millisecond))))
		for i := 0; i < len(flights); i++ {
			f := flights[i]
			if m := minuteOf(f.comes.Add(skew)); !f.comes.IsZero() && !now.Before(f.comes) {
				weight[m] += f.ticket.request.Weight
				orders[m] += f.ticket.request.Orders
				flights[i].comes = time.Time{}
			}
			if now.Before(f.lands) {
				continue
			}
			m := minuteOf(now.Add(skew))
			a := Answer{Status: 200, Weight: weight[m], Orders: orders[m]}
			if seed%2 == 1 || r.IntN(4) == 0 { // some exchanges say nothing
				a.Weight, a.Orders = 0, 0
			}
			b.Settle(f.ticket, a, now)
			flights = slices.Delete(flights, i, i+1)
			i--
		}
		rush := 20
		if now.Minute()%2 == 1 && now.Second() < 59 {
			rush = 0 // every other minute all comes at its end
		}
		for range rush {
			request := Request{Class: Class(1 + r.IntN(4)), Weight: 1 + r.IntN(60), Orders: r.IntN(3)}
			if request.Class == Risk || request.Class == Read {
				request.Orders = 0
			}
			ticket, until, err := b.Take(request, now)
			if err != nil {
				t.Fatal(err)
			}
			if until.After(now) {
				continue
			}
			if r.IntN(50) == 0 {
				b.Return(ticket)
				continue
			}
			most := []time.Duration{20 * time.Millisecond, 2 * time.Second}[r.IntN(2)]
			comes := now.Add(time.Duration(r.Int64N(int64(most))))
			flights = append(flights, flight{ticket, comes.Add(time.Duration(r.Int64N(int64(most)))), comes})
		}
		ticket, until, err := b.Take(Request{Class: Cancel, Weight: 1}, now)
		if err != nil || until.After(now) {
			t.Fatalf("-seed=%d: a cancel waits at %v: %v, %v", seed, now, until, err)
		}
		b.Return(ticket)
	}
	most := 0
	for _, m := range slices.Sorted(maps.Keys(weight)) {
		if weight[m] > 4200 || orders[m] > 960 {
			t.Errorf("-seed=%d: minute %d has weight %d and %d orders", seed, m, weight[m], orders[m])
		}
		most = max(most, weight[m])
	}
	if most < 3000 {
		t.Errorf("-seed=%d: at most %d was used", seed, most)
	}
}
