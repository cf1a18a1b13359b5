package papisim

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestUserFixtures compares fields of the events in testdata/stream and their types with
// Binance's examples: of each kind the first one, or the first that holds a text.
func TestUserFixtures(t *testing.T) {
	var told []string
	files, err := filepath.Glob("testdata/stream/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			if strings.HasPrefix(line, "  {") {
				told = append(told, strings.TrimSpace(line))
			}
		}
	}
	root := os.Getenv("PMBOT_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	for _, test := range []struct {
		file, holds string
		// seldom are fields of the example that are there in other cases only.
		seldom string
	}{
		{"Futures-Order-update.json", `"x":"TRADE"`, "o.st o.si"},
		{"Futures-Order-update.json", `"st":"C_STOP_MARKET","si":260000001501`, "o.N o.n"},
		{"Algo-Order-Update.json", `"X":"CANCELED"`, ""},
		{"Conditional-Order-Trade-Update.json", `"st":"TRAILING_STOP_MARKET"`, "so.i"},
		{"Conditional-Order-Trade-Update.json", `"os":"FINISHED"`, "so.AP so.cr"},
		{"Futures-Balance-and-Position-Update.json", `"m":"ORDER","B"`, ""},
		{"Futures-Account-Configuration-Update.json", `ACCOUNT_CONFIG_UPDATE`, ""},
		{"Margin-Order-Update.json", `"eR"`, "d v D j J u U A B Cs pl pL pY"}, // trailing stops, strategies, self-trades
		{"Margin-Account-Update.json", `outboundAccountPosition`, ""},
		{"Liability-Update.json", `liabilityChange`, ""},
		{"OpenOrderLoss-Update.json", `openOrderLoss`, ""},
		{"riskLevelChange.json", `riskLevelChange`, ""},
		{"User-Data-Stream-Expired.json", `listenKeyExpired`, ""},
		{"Margin-Balance-Update.json", `balanceUpdate`, ""},
	} {
		data, err := os.ReadFile(filepath.Join(root, "fixtures", "papi", "ws", test.file))
		if err != nil {
			t.Skipf("shared data not at hand: %v", err)
		}
		event := strings.Trim(field(t, string(data), "e"), `"`)
		at := slices.IndexFunc(told, func(s string) bool {
			return strings.HasPrefix(s, `{"e":"`+event+`"`) && strings.Contains(s, test.holds)
		})
		if at < 0 {
			t.Errorf("%s: no event with %s", event, test.holds)
			continue
		}
		want, got := typesOf(t, string(data)), typesOf(t, told[at])
		for path, kind := range want {
			if got[path] != kind && !slices.Contains(strings.Fields(test.seldom), strings.TrimPrefix(path, ".")) {
				t.Errorf("%s with %s: %s is %s, got %q", event, test.holds, path, kind, got[path])
			}
		}
		for path := range got {
			if _, ok := want[path]; !ok {
				t.Errorf("%s with %s: %s is not Binance's", event, test.holds, path)
			}
		}
	}
}

// typesOf are the types of a JSON object's fields by path.
func typesOf(t *testing.T, object string) map[string]string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(object), &v); err != nil {
		t.Fatal(err)
	}
	into := map[string]string{}
	var walk func(v any, path string)
	walk = func(v any, path string) {
		switch v := v.(type) {
		case map[string]any:
			for name, inner := range v {
				walk(inner, path+"."+name)
			}
		case []any:
			for _, inner := range v {
				walk(inner, path+"[]")
			}
		default:
			into[path] = fmt.Sprintf("%T", v)
		}
	}
	walk(v, "")
	return into
}
