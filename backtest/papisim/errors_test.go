package papisim

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/exchange"
)

// TestRefusalWords sees to it that whatever the venue refuses is answered in Binance's words:
// each code of its source is in the table, or has several messages and is told in its own.
func TestRefusalWords(t *testing.T) {
	source, err := os.ReadFile("../venue/cause.go")
	if err != nil {
		t.Fatal(err)
	}
	own := map[int]string{
		-1013: "one code for all filters of the spot engine", -2010: "the spot engine's code for many things",
		-1100: "names the parameter", -1106: "names the parameter", -1130: "names the parameter", -4028: "a leverage, which is not asked here",
		51006: "loans", 51014: "loans", 51061: "loans", 51068: "loans", 51122: "loans",
	}
	causes := regexp.MustCompile(`cause\{(-?[0-9]+), "(.+)"\}`).FindAllStringSubmatch(string(source), -1)
	if len(causes) < 60 {
		t.Fatalf("%d causes in the venue's source", len(causes))
	}
	for _, c := range causes {
		code, err := strconv.Atoi(c[1])
		if err != nil {
			t.Fatal(err)
		}
		if code != 0 && official[code] == "" && own[code] == "" {
			t.Errorf("%d %s has no official message", code, c[2])
		}
	}
	in := &exchange.Instrument{NotionalMin: exchange.MustFixed("5")}
	if got := refusal(-4164, "", in).Msg; got != "Order's notional must be no smaller than 5.0 (unless you choose reduce only)" {
		t.Error(got)
	}
	if got := refusal(-1015, "", nil); got.Status != 429 {
		t.Errorf("-1015 with status %d", got.Status)
	}
}

// undocumented are messages that the reference does not have in its tables. The spot
// engine's -2010 has many, and -1013 names the filter.
var undocumented = map[string]string{
	"Unknown order sent.": "captured: fixtures/papi/observed/errors.json",
	"An open stop or take profit order with GTE and closePosition in the direction is existing.": "fapi's page; peers.md 2, 8 has the rule",
	"Filter failure: PRICE_FILTER":  "general.md 8.2 has the form, 10 the filters",
	"Filter failure: LOT_SIZE":      "general.md 8.2 has the form, 10 the filters",
	"Filter failure: NOTIONAL":      "general.md 8.2 has the form, 10 the filters",
	"Filter failure: PERCENT_PRICE": "general.md 8.2 has the form, 10 the filters",

	"Account has insufficient balance for requested action.":        "spot's page of messages for -2010",
	"Duplicate order sent.":                                         "spot's page of messages for -2010",
	"Order would immediately match and take.":                       "spot's page of messages for -2010",
	"Stop price would trigger immediately.":                         "spot's page of messages for -2010",
	"The relationship of the prices for the orders is not correct.": "spot's page of messages for -2010",
}

// TestRefusalsDocumented looks every refusal of the tables up in the reference: code and
// message are Binance's, to the letter, where they are published.
func TestRefusalsDocumented(t *testing.T) {
	root := os.Getenv("PMBOT_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	text, err := os.ReadFile(filepath.Join(root, "reference", "papi", "general.md"))
	if err != nil {
		t.Skipf("shared data not at hand: %v", err)
	}
	published := map[string][]*regexp.Regexp{}
	for _, row := range regexp.MustCompile(`(?m)^\| (-\d+) \| [^|]+ \| ([^|]+) \|`).FindAllStringSubmatch(string(text), -1) {
		for message := range strings.SplitSeq(row[2], " / ") {
			pattern := strings.ReplaceAll(regexp.QuoteMeta(strings.TrimSpace(message)), "%s", ".+")
			published[row[1]] = append(published[row[1]], regexp.MustCompile("^"+pattern+"$"))
		}
	}
	files, err := filepath.Glob("testdata/refused/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	refusal, found := regexp.MustCompile(`(?m)^  4\d\d \{"code":(-\d+),"msg":"(.*)"\}$`), 0
	for _, file := range files {
		table, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range refusal.FindAllStringSubmatch(string(table), -1) {
			found++
			known := undocumented[m[2]] != "" || m[1] == "-2010" || m[1] == "-1013" && strings.HasPrefix(m[2], "Filter failure: ")
			for _, p := range published[m[1]] {
				known = known || p.MatchString(m[2])
			}
			if !known {
				t.Errorf("%s: %s %s is not published", filepath.Base(file), m[1], m[2])
			}
		}
	}
	if found < 500 {
		t.Errorf("%d refusals in the tables", found)
	}
}
