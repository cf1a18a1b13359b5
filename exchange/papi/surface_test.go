package papi

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmbot/pmbot/internal/raced"
)

// TestEndpoints holds the compiled table against its golden text, which is the allow-list
// as a person reads it, and asks of it what may never change.
func TestEndpoints(t *testing.T) {
	var out strings.Builder
	seen := map[string]bool{}
	for ep := range endpoints {
		s := ep.spec()
		line := fmt.Sprintf("%s %s%s %s weight %d", s.method, binance[s.host].host, s.path, [...]string{open: "open", keyed: "keyed", signed: "signed"}[s.security], s.weight)
		if s.broad != 0 {
			line += fmt.Sprintf(" with %s, else %d", s.narrow, s.broad)
		}
		if s.orders != 0 {
			line += fmt.Sprintf(", orders %d", s.orders)
		}
		if s.quota != noQuota {
			q := quotaTable[s.quota-1]
			line += fmt.Sprintf(", %d in %v", q.N, q.Per)
		}
		if line += ", " + s.class.String(); s.write {
			line += ", needs an approval"
		}
		fmt.Fprintln(&out, line)
		if seen[ep.String()] {
			t.Errorf("%v is in the table twice", ep)
		}
		seen[ep.String()] = true
		switch {
		case s.host == hostPAPI && !strings.HasPrefix(s.path, "/papi/v"),
			s.host == hostSAPI && (!strings.HasPrefix(s.path, "/sapi/v") || s.method != http.MethodGet || s.write),
			s.host == hostFAPI && (ep != epTime || s.path != "/fapi/v1/time" || s.method != http.MethodGet || s.security != open):
			t.Errorf("%v may not be in the table", ep)
		case regexp.MustCompile(`[^a-zA-Z0-9/-]|//`).MatchString(s.path):
			t.Errorf("%v has a strange path", ep)
		case s.orders > 0 && !s.write || s.weight < 1 || s.broad != 0 && s.broad <= s.weight:
			t.Errorf("%v: %s", ep, line)
		}
	}
	golden(t, "testdata/endpoints.txt", out.String())
}

// TestTableIsTheReference compares the table with the reference's index, from which it was
// made.
func TestTableIsTheReference(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(shared(t), "reference", "papi", "rest.md"))
	if err != nil {
		t.Skipf("shared data not at hand: %v", err)
	}
	rows := regexp.MustCompile("(?m)^\\| `(\\w+ /papi/\\S+)` \\| [^|]+ \\| (\\w+) \\| ([^|]+) \\| ([^|]+) \\|$").FindAllStringSubmatch(string(text), -1)
	if len(rows) != 102 {
		t.Fatalf("%d rows in the index", len(rows))
	}
	index := map[string][]string{}
	for _, r := range rows {
		index[r[1]] = r[2:]
	}
	counted := map[string]string{ // what our count of orders says otherwise
		"POST /papi/v1/um/algo/order": "not stated", "PUT /papi/v1/um/order": "page labels its weight (Order) 1", "PUT /papi/v1/cm/order": "page labels its weight (Order) 1",
	}
	for ep := range endpoints {
		s := ep.spec()
		if s.host != hostPAPI {
			continue
		}
		row, ok := index[ep.String()]
		if !ok {
			t.Errorf("%v is not in the index", ep)
			continue
		}
		delete(index, ep.String())
		weight := fmt.Sprint(s.weight)
		if s.broad != 0 {
			weight = fmt.Sprintf("%d with %s / %d", s.weight, s.narrow, s.broad)
		}
		if !strings.HasPrefix(row[1], weight) || s.broad == 0 && row[1] != weight {
			t.Errorf("%v has weight %s, the index says %s", ep, weight, row[1])
		}
		if want := map[string]security{"NONE": open, "USER_STREAM": keyed}[row[0]]; want != 0 && s.security != want || want == 0 && s.security != signed {
			t.Errorf("%v has security %d, the index says %s", ep, s.security, row[0])
		}
		if orders := fmt.Sprint(s.orders); !strings.HasPrefix(row[2], orders) && (s.orders != 0 || row[2] != "-") && counted[ep.String()] != row[2] {
			t.Errorf("%v counts as %s orders, the index says %s", ep, orders, row[2])
		}
	}
	for name := range index {
		t.Errorf("%s is not in the table", name)
	}
}

// allowed fails for any request that is not of the table, or carries what it should not.
func allowed(t *testing.T, r *http.Request, body string) {
	t.Helper()
	for ep := range endpoints {
		s := ep.spec()
		if r.Method != s.method || r.URL.Host != binance[s.host].host || r.URL.Path != s.path {
			continue
		}
		key := len(r.Header["X-Mbx-Apikey"]) > 0
		sign := strings.Contains(r.URL.RawQuery+body, "signature=")
		if key != (s.security != open) || sign != (s.security == signed) {
			t.Errorf("%v: key %v, signature %v", ep, key, sign)
		}
		if key && s.host == hostFAPI {
			t.Errorf("%v: a key for fapi", ep)
		}
		if r.URL.Scheme != "https" || r.Host != r.URL.Host || r.URL.User != nil || r.URL.Opaque != "" || r.URL.RawPath != "" {
			t.Errorf("%v: went to %v", ep, r.URL)
		}
		if strings.Contains(fmt.Sprint(r.URL, body), testSecret) || strings.Contains(fmt.Sprint(r.URL, body), testKey) {
			t.Errorf("%v: key or secret in the request", ep)
		}
		return
	}
	t.Errorf("%s %v is not in the table", r.Method, r.URL)
}

// TestSurface calls every endpoint of the table, and then every exported method with zero
// arguments, and looks at each request that leaves.
func TestSurface(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		left := map[string]bool{}
		transport := always(200, "{}")
		check := func() {
			for i, r := range transport.requests {
				allowed(t, r, transport.bodies[i])
				left[r.Method+" "+r.URL.Path] = true
			}
			transport.requests, transport.bodies = nil, nil
		}
		d := newDesk(t)
		for ep := range endpoints {
			c := newTestClient(t, transport)
			c.SetEpoch(d.guard.Epoch())
			if _, err := c.attempt(t.Context(), ep, new(query), d.approve()); err != nil {
				t.Errorf("%v: %v", ep, err)
			}
			check()
		}
		if len(left) != int(endpoints) {
			t.Errorf("%d endpoints were called, the table has %d", len(left), endpoints)
		}

		clear(left)
		client := reflect.TypeFor[*Client]()
		for i := range client.NumMethod() {
			m := client.Method(i)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			for _, err := range callZero(ctx, newTestClient(t, transport), m) {
				if errors.Is(err, ErrNotApproved) && len(transport.requests) > 0 {
					t.Errorf("%s: a write left without an approval", m.Name)
				}
			}
			cancel()
			check()
		}
		if len(left) < 80 {
			t.Errorf("only %d endpoints were reached by exported methods", len(left))
		}
		for ep := range endpoints {
			if s := ep.spec(); s.write && left[ep.String()] {
				t.Errorf("%v was reached without an approval", ep)
			} else if !s.write && !left[ep.String()] {
				t.Errorf("%v is reached by no exported method", ep)
			}
		}
	})
}

// callZero calls a method with a context and zero values, and returns its errors.
func callZero(ctx context.Context, c *Client, m reflect.Method) (errs []error) {
	args := []reflect.Value{reflect.ValueOf(c)}
	for i := 1; i < m.Type.NumIn(); i++ {
		switch in := m.Type.In(i); {
		case in == reflect.TypeFor[context.Context]():
			args = append(args, reflect.ValueOf(ctx))
		case in == reflect.TypeFor[fmt.State]():
			return nil // Format
		case m.Type.IsVariadic() && i == m.Type.NumIn()-1:
		default:
			args = append(args, reflect.Zero(in))
		}
	}
	for _, out := range m.Func.Call(args) {
		if err, ok := out.Interface().(error); ok {
			errs = append(errs, err)
		}
	}
	return errs
}

// TestSecretsStayInside prints a client and the errors of every endpoint in every way.
func TestSecretsStayInside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTestClient(t, always(503, html))
		d := newDesk(t)
		c.SetEpoch(d.guard.Epoch())
		held := struct {
			Client *Client
			Config Config
			config Config
			value  any
		}{c, testConfig(nil), testConfig(nil), c}
		printed := []any{c, held, &held, testConfig(nil)}
		for ep := range endpoints {
			_, _, err := c.send(t.Context(), ep, newOrder(), d.approve())
			printed = append(printed, err)
		}
		var out strings.Builder
		for _, v := range printed {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
				fmt.Fprintf(&out, verb+"\n", v)
			}
		}
		for _, secret := range []string{testKey, testSecret, "signature=", fmt.Sprintf("%x", testSecret), fmt.Sprintf("%x", testKey)} {
			if strings.Contains(out.String(), secret) {
				t.Errorf("%s shows", secret[:8])
			}
		}
	})
}

// TestOneDoor reads the sources of the product: the header of the key is written, requests
// are signed and requests leave at one place each, and no other package can sign. What is
// public leaves at one place too, and carries no header but who asks.
func TestOneDoor(t *testing.T) {
	raced.Skip(t, "it has one goroutine")
	const sending = `\.RoundTrip\(|http\.Client\b|http\.(Get|Post|PostForm|Head)\(|DefaultClient|DefaultTransport`
	const leaving = `\.line\.Do\(|\bconn\.Send\(`
	for _, c := range []struct{ what, pattern, folder, except string }{
		{"the header of the key", `(?i)"x-mbx-apikey`, ".", "backtest/papisim"},
		{"a signature", `\.Append\(room\[:0\], params\)|"&signature="`, ".", "backtest/papisim"},
		{"the making of a signer", `sign\.New\(`, ".", ""},
		{"the sending by others", sending, "exchange", "exchange/market/rest"},
		{"the leaving of requests", leaving, "exchange", ""},
		{"the making of connections", `wire\.New\(`, ".", ""},
		{"the key's text", `\.Reveal\(\)`, ".", "exchange/internal/sign"},
	} {
		found := sources(t, c.folder, c.except, regexp.MustCompile(c.pattern))
		for _, place := range found {
			if file, _, _ := strings.Cut(place, ":"); !slices.Contains([]string{"exchange/papi/passage.go", "exchange/papi/client.go", "exchange/papi/line.go"}, file) {
				t.Errorf("%s at %s", c.what, place)
			}
		}
		if len(found) == 0 || len(found) > map[string]int{"a signature": 2, "the making of a signer": 2, "the key's text": 3, "the leaving of requests": 2}[c.what] && len(found) != 1 {
			t.Errorf("%s at %q", c.what, found)
		}
	}
	for what, pattern := range map[string]string{"public requests are sent": sending, "headers of public requests are set": `\.Header\.(Set|Add)\(|Header\[|http\.Header\{`} {
		found := sources(t, "exchange/market/rest", "", regexp.MustCompile(pattern))
		if len(found) != 1 || !strings.HasPrefix(found[0], "exchange/market/rest/request.go:") {
			t.Errorf("%s at %q", what, found)
		}
	}
}

// sources finds lines of the product, tests aside.
func sources(t *testing.T, folder, except string, pattern *regexp.Regexp) (places []string) {
	t.Helper()
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(filepath.Join(root, folder), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if entry.IsDir() {
			if name == except || entry.Name() == "testdata" || name != "." && strings.HasPrefix(entry.Name(), ".") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for i, line := range strings.Split(string(text), "\n") {
			if code, _, _ := strings.Cut(line, "//"); pattern.MatchString(code) {
				places = append(places, fmt.Sprintf("%s:%d", name, i+1))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return places
}
