package papi

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

func into[T any]() any { return new(T) }

// answers is what the answer of an endpoint is decoded into, by the endpoint's name in the
// shared folder: method and path, with _ for slashes and without the version 1.
var answers = map[string]func() any{
	"GET_ping":         into[empty],
	"POST_listenKey":   into[listenKey],
	"PUT_listenKey":    into[empty],
	"DELETE_listenKey": into[empty],

	"POST_um_order":           into[UMOrderAck],
	"PUT_um_order":            into[UMOrderAck],
	"DELETE_um_order":         into[UMOrderAck],
	"DELETE_um_allOpenOrders": into[Message],
	"GET_um_order":            into[UMOrder],
	"GET_um_openOrder":        into[UMOrder],
	"GET_um_openOrders":       into[[]UMOrder],
	"GET_um_allOrders":        into[[]UMOrder],
	"GET_um_orderAmendment":   into[[]Amendment],
	"GET_um_userTrades":       into[[]UMTrade],
	"GET_um_forceOrders":      into[[]UMOrder],
	"GET_um_adlQuantile":      into[[]ADLQuantile],
	"GET_um_apiTradingStatus": into[TradingStatus],
	"POST_um_stock_contract":  into[Message],

	"POST_um_algo_order":           into[UMAlgoOrder],
	"DELETE_um_algo_order":         into[UMAlgoCancel],
	"DELETE_um_algo_allOpenOrders": into[Message],
	"GET_um_algo_algoOrder":        into[UMAlgoOrder],
	"GET_um_algo_openAlgoOrders":   into[[]UMAlgoOrder],
	"GET_um_algo_allAlgoOrders":    into[[]UMAlgoOrder],

	"POST_cm_order":           into[CMOrderAck],
	"PUT_cm_order":            into[CMOrderAck],
	"DELETE_cm_order":         into[CMOrderAck],
	"DELETE_cm_allOpenOrders": into[Message],
	"GET_cm_order":            into[CMOrder],
	"GET_cm_openOrder":        into[[]CMOrder],
	"GET_cm_openOrders":       into[[]CMOrder],
	"GET_cm_allOrders":        into[[]CMOrder],
	"GET_cm_orderAmendment":   into[[]Amendment],
	"GET_cm_userTrades":       into[[]CMTrade],
	"GET_cm_forceOrders":      into[[]CMOrder],
	"GET_cm_adlQuantile":      into[[]ADLQuantile],

	"POST_cm_conditional_order":           into[CMConditionalOrder],
	"DELETE_cm_conditional_order":         into[CMConditionalOrder],
	"DELETE_cm_conditional_allOpenOrders": into[Message],
	"GET_cm_conditional_openOrders":       into[[]CMConditionalOrder],
	"GET_cm_conditional_openOrder":        into[CMConditionalOrder],
	"GET_cm_conditional_allOrders":        into[[]CMConditionalOrder],
	"GET_cm_conditional_orderHistory":     into[CMConditionalOrder],

	"POST_margin_order":           into[MarginOrderAck],
	"DELETE_margin_order":         into[MarginCancel],
	"DELETE_margin_allOpenOrders": into[[]MarginCanceled],
	"GET_margin_order":            into[MarginOrder],
	"GET_margin_openOrders":       into[[]MarginOrder],
	"GET_margin_allOrders":        into[[]MarginOrder],
	"GET_margin_myTrades":         into[[]MarginTrade],
	"POST_margin_order_oco":       into[OrderList],
	"DELETE_margin_orderList":     into[OrderList],
	"GET_margin_orderList":        into[OrderList],
	"GET_margin_allOrderList":     into[[]OrderList],
	"GET_margin_openOrderList":    into[[]OrderList],
	"GET_margin_forceOrders":      into[Page[MarginForceOrder]],

	"POST_marginLoan":                  into[Transaction],
	"POST_repayLoan":                   into[Transaction],
	"POST_margin_repay-debt":           into[RepaidDebt],
	"GET_margin_maxBorrowable":         into[Borrowable],
	"GET_margin_maxWithdraw":           into[withdrawable],
	"GET_margin_marginLoan":            into[Page[Loan]],
	"GET_margin_repayLoan":             into[Page[Repayment]],
	"GET_margin_marginInterestHistory": into[Page[MarginInterest]],

	"GET_account":         into[Account],
	"GET_balance":         into[[]Balance],
	"GET_um_positionRisk": into[[]UMPosition],
	"GET_cm_positionRisk": into[[]CMPosition],
	"GET_um_account":      into[UMAccountV1],
	"GET_v2_um_account":   into[UMAccount],
	"GET_cm_account":      into[CMAccount],
	"GET_rateLimit_order": into[[]OrderRateLimit],

	"POST_um_leverage":          into[UMLeverage],
	"POST_cm_leverage":          into[CMLeverage],
	"GET_um_leverageBracket":    into[[]UMBrackets],
	"GET_cm_leverageBracket":    into[[]CMBrackets],
	"GET_um_positionSide_dual":  into[positionMode],
	"POST_um_positionSide_dual": into[Message],
	"GET_cm_positionSide_dual":  into[positionMode],
	"POST_cm_positionSide_dual": into[Message],
	"GET_um_accountConfig":      into[AccountConfig],
	"GET_um_symbolConfig":       into[[]SymbolConfig],
	"GET_um_commissionRate":     into[CommissionRate],
	"GET_cm_commissionRate":     into[CommissionRate],
	"GET_um_feeBurn":            into[feeBurn],
	"POST_um_feeBurn":           into[Message],

	"POST_auto-collection":                into[Message],
	"POST_asset-collection":               into[Message],
	"POST_bnb-transfer":                   into[Transaction],
	"GET_repay-futures-switch":            into[autoRepay],
	"POST_repay-futures-switch":           into[Message],
	"POST_repay-futures-negative-balance": into[Message],

	"GET_portfolio_interest-history":                 into[[]NegativeBalanceInterest],
	"GET_portfolio_negative-balance-exchange-record": into[Page[NegativeBalanceExchange]],
	"GET_um_income":         into[[]Income],
	"GET_cm_income":         into[[]Income],
	"GET_um_order_asyn":     into[Download],
	"GET_um_order_asyn_id":  into[DownloadLink],
	"GET_um_trade_asyn":     into[Download],
	"GET_um_trade_asyn_id":  into[DownloadLink],
	"GET_um_income_asyn":    into[Download],
	"GET_um_income_asyn_id": into[DownloadLink],

	"GET_sapi_v1_account_apiRestrictions":          into[KeyRestrictions],
	"GET_sapi_v1_account_info":                     into[AccountInfo],
	"GET_sapi_v1_portfolio_account":                into[PortfolioAccount],
	"GET_sapi_v1_portfolio_collateralRate":         into[[]CollateralRate],
	"GET_sapi_v2_portfolio_collateralRate":         into[[]CollateralTiers],
	"GET_sapi_v1_portfolio_asset-index-price":      into[[]AssetIndexPrice],
	"GET_sapi_v1_portfolio_margin-asset-leverage":  into[[]AssetLeverage],
	"GET_sapi_v1_portfolio_delta-mode":             into[deltaMode],
	"GET_sapi_v1_margin_crossMarginData":           into[[]CrossMarginCoin],
	"GET_sapi_v1_margin_next-hourly-interest-rate": into[[]HourlyInterestRate],
	"GET_sapi_v1_margin_interestRateHistory":       into[[]InterestRate],
	"GET_sapi_v1_margin_available-inventory":       into[Inventory],
	"GET_sapi_v1_margin_capital-flow":              into[[]CapitalFlow],
}

// unsupported is files of the shared folder that no call of ours answers with, and why.
var unsupported = map[string]string{
	"POST_um_conditional_order":           "dead since 2026-04-28",
	"DELETE_um_conditional_order":         "dead since 2026-04-28",
	"DELETE_um_conditional_allOpenOrders": "dead since 2026-04-28",
	"GET_um_conditional_openOrder":        "dead since 2026-04-28",
	"GET_um_conditional_openOrders":       "dead since 2026-04-28",
	"GET_um_conditional_allOrders":        "dead since 2026-04-28",
	"GET_um_conditional_orderHistory":     "dead since 2026-04-28",

	"GET_sapi_v1_margin_crossMarginCollateralRatio": "tiers of plain cross margin; not on the list of sapi reads",
	"GET_sapi_v1_margin_leverageBracket":            "brackets of Cross Margin Pro; not on the list of sapi reads",
	"GET_sapi_v1_margin_priceIndex":                 "not on the list of sapi reads",
	"GET_sapi_v1_portfolio_balance":                 "PM Pro; plain Portfolio Margin reads papi's",
	"GET_sapi_v2_portfolio_account":                 "PM Pro SPAN",
	"POST_sapi_v1_margin_max-leverage":              "a write on sapi",
	"POST_sapi_v1_portfolio_margin-call-level":      "a write on sapi",
	"ws_PM_PRO_ACCOUNT_UPDATE":                      "never sent to plain Portfolio Margin",

	"errors": "error bodies; see TestObservedErrors",
}

// ignored is fields of answers and events that are left out on purpose, by the answer's or
// event's name and the field's place, and why.
var ignored = map[string]string{
	"GET_um_algo_algoOrder tpTriggerPrice":      removed,
	"GET_um_algo_algoOrder tpPrice":             removed,
	"GET_um_algo_algoOrder slTriggerPrice":      removed,
	"GET_um_algo_algoOrder slPrice":             removed,
	"GET_um_algo_algoOrder tpOrderType":         removed,
	"GET_um_algo_algoOrder icebergQuantity":     removed,
	"GET_um_algo_openAlgoOrders tpTriggerPrice": removed,
	"GET_um_algo_openAlgoOrders tpPrice":        removed,
	"GET_um_algo_openAlgoOrders slTriggerPrice": removed,
	"GET_um_algo_openAlgoOrders slPrice":        removed,
	"GET_um_algo_openAlgoOrders tpOrderType":    removed,

	"GET_um_algo_openAlgoOrders icebergQuantity": removed,
	"GET_um_algo_allAlgoOrders tpTriggerPrice":   removed,
	"GET_um_algo_allAlgoOrders tpPrice":          removed,
	"GET_um_algo_allAlgoOrders slTriggerPrice":   removed,
	"GET_um_algo_allAlgoOrders slPrice":          removed,
	"GET_um_algo_allAlgoOrders tpOrderType":      removed,
	"GET_um_algo_allAlgoOrders icebergQuantity":  removed,
	"POST_um_algo_order icebergQuantity":         removed,
}

const removed = "in the documentation of 2026-05, taken out of the specification in 2026-07"

// contradictions is files that say something else than the reference, or than each other,
// and what was made of it.
var contradictions = map[string]string{
	"rest/DELETE_margin_allOpenOrders.json":            "one element is an order and an OCO at once; the documentation of 2026-05 has one of each",
	"rest/GET_account.json":                            "accountEquity and actualEquity are the other way round than in the documentation of 2026-05",
	"rest/GET_margin_order.json":                       "preventedMatchId and preventedQuantity are the word None, kept as text",
	"rest/POST_margin_order_oco.json":                  "orderListId is 0, which is no id elsewhere; it is not asked for",
	"rest/POST_um_algo_order.json":                     "closePosition of the reference is not there; it is compared only where it was sent",
	"rest-docs/POST_um_algo_order.json":                "has icebergQuantity, null; ignored",
	"rest-docs/GET_um_algo_algoOrder.json":             "has tp*, sl* and icebergQuantity; ignored",
	"rest-docs/GET_um_algo_openAlgoOrders.json":        "has actualOrderId and actualPrice, kept, and tp*, sl*, ignored",
	"rest-docs/POST_um_order.json":                     "has avgPrice and cumQuote, which left this answer in 2026-07; kept",
	"rest-docs/POST_cm_order.json":                     "has avgPrice and cumBase, which left this answer in 2026-07; kept",
	"observed/DELETE_margin_order_2024-02.json":        "has selfTradePreventionMode; kept",
	"observed/GET_um_order_2024-02.json":               "numbers are texts, as the library that printed it has them; both are read",
	"sapi/GET_sapi_v1_portfolio_account.json":          "totalAvailableBalance has a comma between thousands; read",
	"sapi/GET_sapi_v1_margin_available-inventory.json": "updateTime is in seconds; kept as a number",
}

// variant is what a file's name has beyond the endpoint's: .1, .raw, a date.
var variant = regexp.MustCompile(`(\.\d+)?(\.raw)?(_\d{4}-\d{2})?\.jsonc?$`)

// TestFixtures decodes every answer and event of the shared folder, and holds each value of
// the file against the field that it went into.
func TestFixtures(t *testing.T) {
	root := filepath.Join(shared(t), "fixtures/papi")
	var loose, out, events, decoded []string
	used := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) == ".md" {
			return err
		}
		file, _ := filepath.Rel(root, path)
		name := variant.ReplaceAllString(entry.Name(), "")
		reason, no := unsupported[name]
		switch {
		case no:
			out = append(out, file+": "+reason)
		case filepath.Ext(path) == ".jsonc":
			loose = append(loose, file)
		case filepath.Dir(file) == "ws":
			events = append(events, file)
			t.Run(file, func(t *testing.T) { testEvent(t, path, used) })
		default:
			decoded = append(decoded, file)
			t.Run(file, func(t *testing.T) { testAnswer(t, name, path, used) })
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []struct {
		what  string
		files []string
	}{{"answers decoded", decoded}, {"events decoded", events}, {"not strict JSON", loose}, {"unsupported", out}} {
		t.Logf("%d %s", len(kind.files), kind.what)
		if kind.what == "not strict JSON" || kind.what == "unsupported" {
			t.Log("\n\t" + strings.Join(kind.files, "\n\t"))
		}
	}
	for _, file := range slices.Sorted(maps.Keys(contradictions)) {
		if !slices.Contains(decoded, file) {
			t.Errorf("a contradiction of %s, which is no file", file)
		}
		t.Logf("contradiction: %s: %s", file, contradictions[file])
	}
	for _, field := range slices.Sorted(maps.Keys(ignored)) {
		if !used[field] {
			t.Errorf("the ignore table has %q, which no file has", field)
		}
	}
	if len(decoded) < 187 || len(events) < 12 {
		t.Errorf("only %d answers and %d events", len(decoded), len(events))
	}
}

// TestOwnAnswers does the same with answers of our own, one of each endpoint, in which every
// number occurs once.
func TestOwnAnswers(t *testing.T) {
	used := map[string]bool{}
	for name := range answers {
		t.Run(name, func(t *testing.T) { testAnswer(t, name, "testdata/answers/"+name+".json", used) })
	}
	for field := range used {
		t.Errorf("our own answers have the ignored field %s", field)
	}
}

func testAnswer(t *testing.T, name, path string, used map[string]bool) {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	make, ok := answers[name]
	if !ok {
		t.Fatalf("no call answers with %s, and it is in no table", name)
	}
	v := make()
	if err := decode(data, v); err != nil {
		t.Fatal(err)
	}
	compare(t, name, data, v, used)
}

func testEvent(t *testing.T, path string, used map[string]bool) {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	v, err := parseEvent(data)
	if err != nil {
		t.Fatal(err)
	}
	if _, unknown := v.(*unknownEvent); unknown {
		t.Fatal("the event is not known")
	}
	data, name, err := unwrap(data)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, name, data, v, used)
}

// compare reads the file again without knowing our types, and holds every leaf against the
// field of its name.
func compare(t *testing.T, name string, data []byte, v any, used map[string]bool) {
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	decoder.UseNumber()
	var raw any
	if err := decoder.Decode(&raw); err != nil {
		t.Fatal(err)
	}
	c := &comparison{name: name, used: used}
	c.value("", raw, reflect.ValueOf(v).Elem())
	for _, problem := range c.problems {
		t.Error(problem)
	}
}

type comparison struct {
	name     string
	used     map[string]bool
	problems []string
}

func (c *comparison) fail(place, format string, args ...any) {
	c.problems = append(c.problems, strings.TrimPrefix(place, ".")+": "+fmt.Sprintf(format, args...))
}

func (c *comparison) value(place string, raw any, v reflect.Value) {
	if v.Type() == reflect.TypeFor[unread]() {
		return
	}
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	switch raw := raw.(type) {
	case map[string]any:
		switch {
		case v.Kind() == reflect.Slice && v.Len() == 1:
			c.value(place, raw, v.Index(0))
		case v.Kind() == reflect.Map:
			for _, key := range slices.Sorted(maps.Keys(raw)) {
				c.value(place+"."+key, raw[key], v.MapIndex(reflect.ValueOf(key)))
			}
		case v.Kind() == reflect.Struct:
			c.object(place, raw, v)
		default:
			c.fail(place, "an object became a %v", v.Type())
		}
	case []any:
		if v.Kind() != reflect.Slice || v.Len() != len(raw) {
			c.fail(place, "a list of %d became %v", len(raw), v)
			return
		}
		for i := range raw {
			c.value(place, raw[i], v.Index(i))
		}
	default:
		c.leaf(place, raw, v)
	}
}

func (c *comparison) object(place string, raw map[string]any, v reflect.Value) {
	fields := map[string]reflect.Value{}
	tagged(v, fields)
	for _, key := range slices.Sorted(maps.Keys(raw)) {
		field, ok := fields[key]
		if ok {
			c.value(place+"."+key, raw[key], field)
			continue
		}
		entry := c.name + " " + strings.TrimPrefix(place+"."+key, ".")
		if _, ok := ignored[entry]; ok {
			c.used[entry] = true
			continue
		}
		if key != "e" || place != "" { // the event's name, which chose the type
			c.fail(place+"."+key, "is in no field of %v and not in the ignore table", v.Type())
		}
	}
}

// tagged collects the fields of a struct, and of those embedded in it, by JSON name.
func tagged(v reflect.Value, fields map[string]reflect.Value) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if tag, ok := field.Tag.Lookup("json"); ok {
			fields[tag] = v.Field(i)
		} else if field.Anonymous {
			tagged(v.Field(i), fields)
		}
	}
}

func (c *comparison) leaf(place string, raw any, v reflect.Value) {
	text := ""
	if raw != nil {
		text = fmt.Sprint(raw)
	}
	number := func(got decimal.Decimal) bool {
		want, err := decimal.NewFromString(strings.ReplaceAll(text, ",", ""))
		return text == "" && got.IsZero() || err == nil && want.Equal(got)
	}
	same := false
	switch got := v.Interface().(type) {
	case exchange.Fixed:
		same = number(got.Decimal())
	case decimal.Decimal:
		same = number(got)
	case Grouped:
		same = number(got.Decimal)
	case exchange.Time:
		same = number(decimal.NewFromInt(got.Millis()))
	default:
		switch v.Kind() {
		case reflect.String:
			same = v.String() == text
		case reflect.Int64, reflect.Int:
			same = number(decimal.NewFromInt(v.Int()))
		case reflect.Bool:
			same = strconv.FormatBool(v.Bool()) == text
		}
	}
	if !same {
		c.fail(place, "%v became %v", raw, v)
	}
}

// TestFieldNames holds the names of fields against the names in JSON, so that none can be
// read from another's.
func TestFieldNames(t *testing.T) {
	other := map[string]string{ // JSON: ours
		"cummulativeQuoteQty": "CumQuoteQty", "interestAccuredTime": "InterestAccruedTime",
	}
	seen := map[reflect.Type]bool{}
	var look func(reflect.Type)
	look = func(typ reflect.Type) {
		switch typ.Kind() {
		case reflect.Slice, reflect.Pointer, reflect.Map:
			look(typ.Elem())
		case reflect.Struct:
			if seen[typ] || strings.HasPrefix(typ.PkgPath(), "github.com/shopspring") {
				return
			}
			seen[typ] = true
			for i := range typ.NumField() {
				field := typ.Field(i)
				tag := field.Tag.Get("json")
				if want, ok := other[tag]; ok && field.Name != want || !ok && tag != "" && !strings.EqualFold(field.Name, tag) {
					t.Errorf("%v.%s is read from %q", typ, field.Name, tag)
				}
				look(field.Type)
			}
		}
	}
	for _, make := range answers {
		look(reflect.TypeOf(make()))
	}
	if len(seen) < 60 {
		t.Errorf("only %d types", len(seen))
	}
}

// TestObservedErrors holds that no error body is taken for the answer of any endpoint.
func TestObservedErrors(t *testing.T) {
	t.Run("shared", func(t *testing.T) {
		data, err := os.ReadFile(filepath.Join(shared(t), "fixtures/papi/observed/errors.json"))
		if err != nil {
			t.Fatal(err)
		}
		var bodies []json.RawMessage
		if err := json.Unmarshal(data, &bodies); err != nil || len(bodies) < 8 {
			t.Fatal(len(bodies), err)
		}
		for _, body := range bodies {
			for name, make := range answers {
				if err := decode(body, make()); err == nil && name != "GET_sapi_v1_account_info" { // which has nothing that must be there
					t.Errorf("%s: %s was taken for an answer", name, body)
				}
			}
		}
	})
	for name, make := range answers {
		for _, body := range []string{
			`{"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}`,
			`{"code":-1007,"msg":""}`, ``, ` `, `null`, `"x"`, `<html></html>`, `{"code":-1`,
		} {
			v := make()
			if err := decode([]byte(body), v); err == nil {
				t.Errorf("%s: %q was taken for an answer: %+v", name, body, v)
			}
		}
	}
}

// shared is the folder of shared data, beside the repository or where PMBOT_SHARED says.
func shared(t *testing.T) string {
	dir := os.Getenv("PMBOT_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	if _, err := os.Stat(filepath.Join(dir, "fixtures/papi")); err != nil {
		t.Skipf("shared data not at hand: %v", err)
	}
	return dir
}
