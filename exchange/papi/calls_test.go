package papi

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
)

// mirror answers every request with our own answer of its endpoint, and keeps the requests.
type mirror struct {
	requests []*http.Request
	now      exchange.Time
}

func (m *mirror) RoundTrip(r *http.Request) (*http.Response, error) {
	body := fmt.Appendf(nil, `{"serverTime":%d}`, m.now.Millis())
	if !strings.HasPrefix(r.URL.Path, "/fapi/") {
		m.requests = append(m.requests, r)
		var err error
		if body, err = os.ReadFile("testdata/answers/" + answerName(r.Method, r.URL.Path) + ".json"); err != nil {
			return nil, err
		}
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body))}, nil
}

// answerName is an endpoint's name in the table of answers.
func answerName(method, path string) string {
	path = strings.TrimPrefix(strings.TrimPrefix(path, "/papi/"), "v1/")
	return method + "_" + strings.ReplaceAll(strings.TrimPrefix(path, "/"), "/", "_")
}

// asking is what a request asks for, without what every signed request carries.
func asking(t *testing.T, r *http.Request) string {
	raw := r.URL.RawQuery
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		raw += string(body)
	}
	kept := slices.DeleteFunc(strings.Split(raw, "&"), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		return name == "timestamp" || name == "recvWindow" || name == "signature"
	})
	return strings.TrimSuffix(r.Method+" "+r.URL.Path+"?"+strings.Join(kept, "&"), "?")
}

// writes is the parameters, all set, of the endpoints that need an approval.
func writes() map[endpoint]*query {
	all := func(b interface{ query() *query }) *query {
		v := reflect.New(reflect.TypeOf(b)).Elem()
		n := 0
		fill(v, &n)
		return v.Interface().(interface{ query() *query }).query()
	}
	one := decimal.NewFromInt(1)
	return map[endpoint]*query{
		epNewUMOrder: all(newUMOrder{}), epAmendUMOrder: all(amendUMOrder{}), epNewUMAlgoOrder: all(newUMAlgoOrder{}),
		epNewCMOrder: all(newCMOrder{}), epAmendCMOrder: all(amendCMOrder{}), epNewCMConditionalOrder: all(newCMConditionalOrder{}),
		epNewMarginOrder: all(newMarginOrder{}), epNewMarginOCO: all(newMarginOCO{}),
		epBorrow: assetAmount("SOL", one), epRepay: assetAmount("SOL", one), epRepayDebt: all(repayDebt{}),
		epSetUMLeverage: leverageOf("SOLUSDT", 5), epSetCMLeverage: leverageOf("SOLUSD_PERP", 5),
		epSetUMPositionMode: switchTo("dualSidePosition", true), epSetCMPositionMode: switchTo("dualSidePosition", false),
		epSetFeeBurn: switchTo("feeBurn", true), epSetRepayFuturesSwitch: switchTo("autoRepay", true),
		epRepayFuturesNegativeBalance: new(query), epAutoCollection: new(query), epSignUMStockContract: new(query),
		epAssetCollection: texts("asset", "SOL"),
		epBNBTransfer:     texts("amount", "1", "transferSide", "TO_UM"),
	}
}

// TestCalls calls every exported call with every parameter set, prints what was asked for,
// and holds that each endpoint has a call that reads its answer.
func TestCalls(t *testing.T) {
	var out strings.Builder
	asked := map[string][]string{}
	client := reflect.TypeFor[*Client]()
	for i := range client.NumMethod() {
		method := client.Method(i)
		line, ok := callOnce(t, method)
		if !ok {
			continue
		}
		fmt.Fprintf(&out, "%s %s\n", method.Name, line)
		where, query, _ := strings.Cut(line, "?")
		asked[where] = append(asked[where], query)
	}
	for ep, q := range writes() {
		if !ep.spec().write {
			t.Errorf("%v is no write", ep)
		}
		asked[ep.String()] = append(asked[ep.String()], string(q.buf))
	}
	golden(t, "testdata/calls.txt", out.String())
	for ep := range endpoints {
		if len(asked[ep.String()]) != 1 && ep.spec().host != hostFAPI {
			t.Errorf("%v has %d calls", ep, len(asked[ep.String()]))
		}
	}
	if t.Failed() {
		return
	}
	t.Run("reference", func(t *testing.T) { testReference(t, asked) })
}

// callOnce calls a method on a client of its own, and returns what it asked for; false if it
// is no call or needs an approval.
func callOnce(t *testing.T, method reflect.Method) (string, bool) {
	typ := method.Type
	if typ.NumIn() < 2 || typ.In(1) != reflect.TypeFor[context.Context]() || typ.NumOut() == 0 ||
		typ.Out(typ.NumOut()-1) != reflect.TypeFor[error]() || method.Name == "Drain" || method.Name == "MeasureClock" ||
		method.Name == "Table" { // which TestTables calls with each of its names
		return "", false
	}
	for in := range typ.Ins() {
		if in == reflect.TypeFor[riskguard.Approved]() {
			return "", false
		}
	}
	m := &mirror{now: exchange.Millis(1790000000000)}
	c, err := New(Config{Key: NewSecret("key"), Secret: NewSecret("secret"), Transport: m, Now: func() exchange.Time { return m.now }})
	if err != nil {
		t.Fatal(err)
	}
	args := []reflect.Value{reflect.ValueOf(c), reflect.ValueOf(t.Context())}
	n := 0
	for i := 2; i < typ.NumIn(); i++ {
		arg := reflect.New(typ.In(i)).Elem()
		switch {
		case arg.Kind() == reflect.String:
			arg.SetString(fmt.Sprintf("arg%d", i-1))
		case arg.Kind() == reflect.Int64:
			arg.SetInt(int64(i - 1))
		case arg.Kind() == reflect.Slice: // the last one, variadic
			arg = reflect.ValueOf("argA,argB")
		default:
			fill(arg, &n)
		}
		args = append(args, arg)
	}
	results := method.Func.Call(args)
	if err, _ := results[len(results)-1].Interface().(error); err != nil {
		t.Errorf("%s: %v", method.Name, err)
	}
	if len(m.requests) != 1 {
		t.Errorf("%s sent %d requests", method.Name, len(m.requests))
		return "", false
	}
	return asking(t, m.requests[0]), true
}

var (
	headingLine = regexp.MustCompile("^### `(\\w+) (/papi/\\S+)`")
	paramLine   = regexp.MustCompile(`^\| (\w+) \| [A-Z]+ \| (req|opt) \|`)
)

// testReference holds the names of the parameters of every endpoint of papi against the
// tables of the reference.
func testReference(t *testing.T, asked map[string][]string) {
	text, err := os.ReadFile(filepath.Join(shared(t), "reference/papi/rest.md"))
	if err != nil {
		t.Skipf("shared data not at hand: %v", err)
	}
	known := map[string]map[string]bool{}
	var current map[string]bool
	for line := range strings.Lines(string(text)) {
		if m := headingLine.FindStringSubmatch(line); m != nil {
			current = map[string]bool{}
			known[m[1]+" "+m[2]] = current
		} else if m := paramLine.FindStringSubmatch(line); m != nil && m[1] != "page" { // gone since 2026-10-28
			current[m[1]] = true
		}
	}
	for _, where := range slices.Sorted(maps.Keys(known)) {
		if len(asked[where]) == 0 {
			t.Errorf("%s of the reference has no call", where)
			continue
		}
		values, err := url.ParseQuery(asked[where][0])
		if err != nil {
			t.Fatal(err)
		}
		sent := map[string]bool{}
		for name := range values {
			sent[name] = true
		}
		if !maps.Equal(sent, known[where]) {
			t.Errorf("%s: the call sends %v, the reference has %v", where, slices.Sorted(maps.Keys(sent)), slices.Sorted(maps.Keys(known[where])))
		}
	}
	if len(known) != 102 {
		t.Errorf("the reference has %d endpoints", len(known))
	}
}
