package papisim

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// TestWalks runs testdata/walk/*.txt: requests and what the market does meanwhile, each
// request followed by its answer, indented. The language is that of (*testSim).obey.
func TestWalks(t *testing.T) {
	golden(t, "testdata/walk", func(t *testing.T, text string) (out string) {
		inSim(t, func(t *testing.T, s *testSim) {
			out = script(text, func(line string) (string, error) { return s.obey(line) })
		})
		return out
	})
}

// golden runs all files of a directory and compares them with what they become.
func golden(t *testing.T, dir string, run func(t *testing.T, text string) string) {
	files, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in %s: %v", dir, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := run(t, string(want))
			if *rewrite {
				err = os.WriteFile(file, []byte(got), 0o644)
			} else if got != string(want) {
				t.Errorf("%s differs from line %s", file, firstDifference(string(want), got))
			}
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		a, b := "(end)", "(end)"
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a != b {
			return fmt.Sprintf("%d:\nwant %s\ngot  %s", i+1, a, b)
		}
	}
	return "nowhere"
}

// script copies a text with what its lines answer below them, in place of what stood there.
func script(text string, obey func(line string) (string, error)) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "  ") {
			continue // old output
		}
		out.WriteString(line + "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		answer, err := obey(line)
		if err != nil {
			answer = "ERROR " + err.Error()
		}
		if answer != "" {
			out.WriteString("  " + strings.ReplaceAll(answer, "\n", "\n  ") + "\n")
		}
	}
	return out.String()
}

var idsInAnswer = [...]*regexp.Regexp{
	regexp.MustCompile(`"(?:algoId|strategyId)":([0-9]+)`), regexp.MustCompile(`"(?:orderId|actualOrderId)":"?([0-9]+)`),
}

// obey obeys one line:
//
//	GET|POST|PUT|DELETE PATH [PARAMS]    PATH below /papi/v1/; $id is the first order id of the last
//	answer with one, or its algo or strategy id
//	wait DURATION
//	mark INST PRICE    index ASSET PRICE    trade INST PRICE QTY    sold INST PRICE QTY    an aggressor sold
//	book INST BIDS / ASKS    levels PRICExQTY
//	adl INST SHARE           hedge                            the position mode
//
// with INST as um:BTCUSDT, cm:BTCUSD_PERP or margin:BTCUSDT.
func (s *testSim) obey(line string) (string, error) {
	f := strings.Fields(line)
	var in exchange.InstrumentID
	if len(f) > 1 {
		if product, symbol, ok := strings.Cut(f[1], ":"); ok {
			p, err := exchange.ParseProduct(strings.ToUpper(product))
			if err != nil {
				return "", err
			}
			found, err := s.ins.Find(p, symbol)
			if err != nil {
				return "", err
			}
			in = found.ID
		}
	}
	switch f[0] {
	case "GET", "POST", "PUT", "DELETE":
		return s.request(f), nil
	case "wait":
		d, err := time.ParseDuration(f[1])
		if err == nil {
			s.wait(d)
		}
		return "", err
	case "mark":
		s.mark(in, f[2])
	case "index":
		s.index(f[1], f[2])
	case "trade":
		s.trade(in, f[2], f[3])
	case "sold":
		s.sold(in, f[2], f[3])
	case "book":
		bids, asks, _ := strings.Cut(strings.Join(f[2:], " "), "/")
		s.book(in, bids, asks)
	case "adl":
		s.mu.Lock()
		defer s.mu.Unlock()
		err := s.venue.ADL(in, exchange.Both, exchange.MustFixed(f[2]), s.clock.now())
		s.collect()
		s.tell()
		return "", err
	case "hedge":
		s.mu.Lock()
		defer s.mu.Unlock()
		return "", s.venue.SetPositionMode(true, s.clock.now())
	default:
		return "", fmt.Errorf("unknown line")
	}
	return "", nil
}

// request sends a line's request and prints status and body.
func (s *testSim) request(f []string) string {
	params := ""
	if len(f) > 2 {
		params = strings.ReplaceAll(f[2], "$id", s.id)
	}
	status, body := s.call(f[0], "/papi/v1/"+f[1], params)
	for _, pattern := range idsInAnswer {
		if found := pattern.FindStringSubmatch(body); found != nil {
			s.id = found[1]
		}
	}
	return fmt.Sprintf("%d %s", status, body)
}
