package download

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market/rest"
)

// market is a REST server that has the rows of the made archives, from their beginning to
// now, the running bar included.
type market struct {
	t     *testing.T
	begin exchange.Time
	now   exchange.Time
	// asked are the paths and starts of the requests for rows.
	asked []string
}

func (m *market) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	number := func(name string, or int64) int64 {
		if v, err := strconv.ParseInt(q.Get(name), 10, 64); err == nil {
			return v
		}
		return or
	}
	_, name, _ := strings.Cut(r.URL.Path, "v1/")
	p := exchange.UM
	if strings.HasPrefix(r.URL.Path, "/dapi") {
		p = exchange.CM
	}
	var out any
	from, to, limit := exchange.Millis(number("startTime", 0)), exchange.Millis(number("endTime", m.now.Millis())), int(number("limit", 500))
	switch name {
	case "time":
		out = map[string]int64{"serverTime": m.now.Millis()}
	case "fundingRate":
		list := []map[string]any{}
		for _, f := range m.rows(key(p, q.Get("symbol"), row.FundingRate, 0), from, to) {
			list = append(list, map[string]any{"symbol": q.Get("symbol"), "fundingTime": json.Number(f[0]), "fundingRate": f[2], "markPrice": "40000.5"})
		}
		m.asked = append(m.asked, name+" "+from.String())
		out = list[:min(limit, len(list))]
	default:
		every, err := row.ParseInterval(q.Get("interval"))
		if err != nil {
			m.t.Error(err)
		}
		list := [][]any{}
		for _, f := range m.rows(key(p, q.Get("symbol")+q.Get("pair"), row.Kind(name), every), from, to) {
			one := []any{json.Number(f[0])}
			for i, v := range f[1:] {
				if i == 5 || i == 7 {
					one = append(one, json.Number(v))
				} else {
					one = append(one, v)
				}
			}
			list = append(list, one)
		}
		if p == exchange.CM && len(list) > limit {
			list = list[len(list)-limit:]
		}
		m.asked = append(m.asked, name+" "+from.String())
		out = list[:min(limit, len(list))]
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(out); err != nil {
		m.t.Error(err)
	}
}

// rows are those of a series between two instants, as the archives have them.
func (m *market) rows(k row.Key, from, to exchange.Time) (list [][]string) {
	for t := max(from, m.begin).Floor(stepOf(k)); t <= min(to, m.now); t = t.Add(stepOf(k)) {
		var text strings.Builder
		rowAt(&text, k, t)
		fields, err := csv.NewReader(strings.NewReader(text.String())).Read()
		if err != nil {
			m.t.Error(err)
		}
		if at, _ := strconv.ParseInt(fields[0], 10, 64); t >= m.begin && exchange.Millis(at) >= from && exchange.Millis(at) <= to {
			list = append(list, fields)
		}
	}
	return list
}

// until cuts the made archives of a series off at an instant.
func (f files) until(k row.Key, from, end exchange.Time) {
	a := Archive{Key: k, From: from.Floor(day), To: from.Floor(day).Add(day)}
	if k.Kind == row.FundingRate {
		a = Archive{Key: k, From: monthOf(from), To: row.Month.End(from), Monthly: true}
	}
	short := a
	short.From, short.To = from, end
	f.add(a, zipOf("x.csv", csvOf(short, true)))
}

// TestREST fills what archives do not have yet: the rows are those that the archives bring
// later, so that these change nothing.
func TestREST(t *testing.T) {
	fives := key(exchange.UM, "BTCUSDT", row.Klines, 5*time.Minute)
	coin := key(exchange.CM, "BTCUSD_PERP", row.MarkPriceKlines, time.Hour)
	pair := key(exchange.CM, "BTCUSD", row.IndexPriceKlines, 4*time.Hour)
	want := []row.Key{fives, coin, pair, funding, aggTrades}
	now := at("2024-03-04").Add(10*time.Hour + 30*time.Minute + 20*time.Second)
	f := files{}
	for _, k := range []row.Key{fives, coin, aggTrades} {
		f.addAll(k, at("2024-03-01"), at("2024-03-03"), false)
	}
	m := &market{t: t, begin: at("2024-03-01"), now: now}
	s, store := newServer(f), newTape(t)
	base := serveOn(t, m)
	run := func(overREST bool) (Summary, seen) {
		t.Helper()
		c := setup(t, s.open(t), store, "2024-03-01", "2024-03-01", want...)
		c.To = m.now
		c.Now = func() exchange.Time { return m.now }
		if overREST {
			client, err := rest.New(rest.Config{UM: base, CM: base, Spot: base, Now: c.Now})
			if err != nil {
				t.Fatal(err)
			}
			c.REST = client
		}
		var told seen
		told.watch(&c)
		m.asked = nil
		sum, err := Run(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		return sum, told
	}
	sum, told := run(true)
	expected := files{}
	for path, content := range f {
		expected[path] = content
	}
	for _, k := range []row.Key{fives, coin} {
		expected.addAll(k, at("2024-03-03"), at("2024-03-04"), false)
		expected.until(k, at("2024-03-04"), now.Floor(k.Interval))
	}
	expected.addAll(pair, at("2024-03-01"), at("2024-03-04"), false)
	expected.until(pair, at("2024-03-04"), at("2024-03-04").Add(8*time.Hour))
	expected.until(funding, at("2024-03-01"), at("2024-03-04").Add(10*time.Hour))
	if got := hashOf(store); got != expected.clean(t) {
		t.Errorf("the data is not that of the archives cut off at %v", now)
		for _, k := range store.Series() {
			t.Log(k.Key, k.From, k.To, k.Rows)
		}
	}
	over := 0
	for _, r := range told.results {
		if r.OverREST {
			over++
		}
		if r.State == Missing && (r.Key != aggTrades || !r.Early) {
			t.Errorf("%s is told to be missing: %s", r.Name(), r.Reason)
		}
	}
	if over != 4 || sum.Missing != 1 {
		t.Errorf("%d stretches came over REST; %+v", over, sum)
	}
	// Again: only what is new since is asked for.
	if sum, _ = run(true); sum.Imported != 0 || sum.Rows != 0 || len(m.asked) > 4 {
		t.Errorf("again %+v, asked for %q", sum, m.asked)
	}
	m.now = m.now.Add(time.Hour)
	if sum, _ = run(true); sum.Rows != 12+1 || slices.ContainsFunc(m.asked, func(s string) bool {
		return !strings.Contains(s, "2024-03-04T") && s != "fundingRate 2024-03-03T23:59:00Z" // with the settlement before
	}) {
		t.Errorf("an hour later %+v, asked for %q", sum, m.asked)
	}
	// When the archives come, they bring nothing new for what REST has filled, and are known.
	m.now = at("2024-04-10")
	for _, k := range want { // the other days of the month never come
		f.addAll(k, at("2024-03-01"), at("2024-03-07"), false)
	}
	if _, told = run(false); hashOf(store) != f.clean(t) {
		t.Error("the data is not that of the archives")
	}
	s.forget()
	if sum, _ = run(false); sum.Imported != 0 || sum.Already != 4*6+1 {
		t.Errorf("the archives are fetched again: %+v", sum)
	}
}

// TestUncovered cuts what a tape lacks into pieces.
func TestUncovered(t *testing.T) {
	d := func(n int) exchange.Time { return at("2024-01-01").Add(time.Duration(n) * day) }
	for _, c := range []struct {
		key      row.Key
		have     []tape.Stretch
		from, to int
		want     string
	}{
		{hours, nil, 0, 3, "0-3"},
		{hours, nil, 0, 70, "0-30 30-60 60-70"},
		{hours, []tape.Stretch{{From: d(1), To: d(2)}}, 0, 3, "0-1 2-3"},
		{hours, []tape.Stretch{{From: d(-5), To: d(1)}, {From: d(2), To: d(9)}}, 0, 3, "1-2"},
		{hours, []tape.Stretch{{From: d(-5), To: d(-1)}, {From: d(0), To: d(3)}, {From: d(8), To: d(9)}}, 0, 3, ""},
		{funding, []tape.Stretch{{From: d(0), To: d(2)}}, 0, 3, "2-3"},
	} {
		var got []string
		for _, s := range uncovered(c.have, c.key, d(c.from), d(c.to)) {
			got = append(got, fmt.Sprintf("%d-%d", int(s.From.Sub(d(0))/day), int(s.To.Sub(d(0))/day)))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%v in %v: got %v, want %s", c.key.Kind, c.have, got, c.want)
		}
	}
}

// TestDelisted fills nothing of a symbol that the exchange does not know any more, which is
// told and no failure; it is one of a symbol that nobody has anything of.
func TestDelisted(t *testing.T) {
	f := files{}
	f.addAll(hours, at("2024-03-01"), at("2024-03-03"), false)
	m := &market{t: t, begin: at("2024-03-01"), now: at("2024-05-10")}
	asked := 0
	base := serveOn(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/klines") {
			asked++
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"code":-1121,"msg":"Invalid symbol."}`)
			return
		}
		m.ServeHTTP(w, r)
	}))
	for _, c := range []struct {
		key    row.Key
		failed int
		notice string
	}{
		{hours, 0, "um/BTCUSDT/klines-1h: the exchange does not know the symbol any more"},
		{key(exchange.UM, "NONEUSDT", row.Klines, time.Hour), 1, ""},
	} {
		config := setup(t, newServer(f).open(t), newTape(t), "2024-01-01", "2024-05-10", c.key)
		var err error
		if config.REST, err = rest.New(rest.Config{UM: base, CM: base, Spot: base, Now: config.Now}); err != nil {
			t.Fatal(err)
		}
		var told seen
		told.watch(&config)
		asked = 0
		sum, err := Run(t.Context(), config)
		if errors.Is(err, rest.ErrNoSymbol) != (c.failed > 0) || sum.Failed != c.failed || asked != 1 || !strings.Contains(strings.Join(told.notices, "\n"), c.notice) {
			t.Errorf("%s: %+v, %v, %d requests, notices %q", c.key, sum, err, asked, told.notices)
		}
	}
}
