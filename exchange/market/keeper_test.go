package market

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

var rewrite = flag.Bool("rewrite", false, "write what is wanted into testdata")

// script runs the lines of a file, each of which is a command, and compares what they say with
// the indented lines below them.
func script(t *testing.T, name string, run func(command string, args []string) []string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "\t") {
			continue
		}
		fmt.Fprintln(&got, line)
		if words := strings.Fields(line); len(words) > 0 && !strings.HasPrefix(line, "#") {
			for _, out := range run(words[0], words[1:]) {
				fmt.Fprintln(&got, "\t"+out)
			}
		}
	}
	if *rewrite {
		if err := os.WriteFile(path, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got.String() != string(text) {
		t.Errorf("%s: got\n%s", name, got.String())
	}
}

func number(t *testing.T, s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// levelsOf reads "100x1 99x2".
func levelsOf(t *testing.T, words []string) (levels []exchange.Level) {
	for _, w := range words {
		price, qty, _ := strings.Cut(w, "x")
		levels = append(levels, exchange.Level{Price: exchange.MustFixed(price), Qty: exchange.MustFixed(qty)})
	}
	return levels
}

func levelText(levels []exchange.Level) string {
	var words []string
	for _, l := range levels {
		words = append(words, l.Price.String()+"x"+l.Qty.String())
	}
	return strings.Join(words, " ")
}

// sides reads "b 100x1 99x2 a 101x1".
func sides(t *testing.T, words []string) (bids, asks []exchange.Level) {
	for i, w := range words {
		if w == "a" {
			return levelsOf(t, words[min(1, i):i]), levelsOf(t, words[i+1:])
		}
	}
	return levelsOf(t, words[min(1, len(words)):]), nil
}

// TestBookKeeper walks a book through its losses; testdata/books.txt. Times are milliseconds.
func TestBookKeeper(t *testing.T) {
	var k *bookKeeper
	at := func(s string) exchange.Time { return exchange.Millis(number(t, s)) }
	state := func() string {
		s := fmt.Sprintf("ready %v at %d", k.main.Ready(), k.main.UpdateID())
		if k.wants() {
			s += fmt.Sprintf(", wants one at %d", k.due.Millis())
		}
		if k.asked {
			s += ", asked"
		}
		if k.renewing {
			s += ", renewing"
		}
		return s
	}
	told := func(d exchange.Depth) string {
		what := fmt.Sprintf("tell %d..%d after %d", d.First, d.Last, d.Prev)
		if d.Snapshot {
			what = fmt.Sprintf("tell snapshot %d", d.Last)
		}
		return fmt.Sprintf("%s b %s a %s", what, levelText(d.Bids), levelText(d.Asks))
	}
	cost := func() string {
		r := k.now
		return fmt.Sprintf("resync %q: %v, asked %d, waited %v, weight %d, pieces %d", r.Reason, r.Took(), r.Asked, r.Waited, r.Weight, r.Pieces)
	}
	script(t, "books.txt", func(command string, args []string) (out []string) {
		switch command {
		case "book":
			p, err := exchange.ParseProduct(args[0])
			if err != nil {
				t.Fatal(err)
			}
			k = newBookKeeper(p)
		case "piece":
			d := exchange.Depth{First: number(t, args[1]), Last: number(t, args[2]), Prev: number(t, args[3])}
			d.Bids, d.Asks = sides(t, args[4:])
			news := k.piece(at(args[0]), at(args[0])-1, &d)
			out = append(out, news.outcome.String())
			if news.lost {
				out = append(out, fmt.Sprintf("lost since %v", news.from.Millis()))
			}
			if news.renewed {
				out = append(out, told(whole(k.main)), cost())
			}
		case "ask":
			k.ask()
		case "fail":
			k.failed(at(args[0]), 50*time.Millisecond, 20)
		case "snapshot":
			d := exchange.Depth{Snapshot: true, Last: number(t, args[1])}
			d.Bids, d.Asks = sides(t, args[2:])
			tell := k.snapshot(at(args[0]), at(args[0])-5, &d, 50*time.Millisecond, 20)
			for _, d := range tell {
				out = append(out, told(d.Depth))
			}
			if tell != nil {
				out = append(out, cost())
			}
		case "reset":
			k.reset("resumed")
		default:
			t.Fatalf("no command %q", command)
		}
		return append(out, state())
	})
}

// TestBarKeeper walks bars; testdata/bars.txt. Times are seconds since a whole hour, prices
// have a quantity of 1.
func TestBarKeeper(t *testing.T) {
	in := &exchange.Instrument{ID: 1, Product: exchange.UM, Symbol: "AAAUSDT", ContractSize: exchange.FixedOne}
	hour := exchange.Time(1_790_000_000).Floor(time.Hour)
	at := func(s string) exchange.Time {
		f := exchange.MustFixed(s)
		return hour + exchange.Time(f)*10
	}
	var k *barKeeper
	var id int64
	text := func(b *exchange.Bar) string {
		return fmt.Sprintf("%d: %s", int64(b.Start-hour)/int64(time.Second), barText(b))
	}
	bar := func(args []string) exchange.Bar {
		f := exchange.MustFixed
		volume, quote := exchange.WideOf(f(args[5])), exchange.WideOf(f(args[6]))
		return exchange.Bar{
			Start: at(args[0]), Interval: time.Minute, Open: f(args[1]), High: f(args[2]), Low: f(args[3]), Close: f(args[4]),
			Volume: volume, QuoteVolume: quote, TakerBuy: volume, Trades: number(t, args[7]),
		}
	}
	script(t, "bars.txt", func(command string, args []string) (out []string) {
		switch command {
		case "bars":
			var err error
			if k, err = newBarKeeper(in, time.Minute); err != nil {
				t.Fatal(err)
			}
			k.trades, id = args[0] == "trades", 0
		case "trade":
			id++
			if !k.trade(at(args[0]), exchange.Trade{ID: id, First: id, Last: id, Price: exchange.MustFixed(args[1]), Qty: exchange.FixedOne}) {
				out = append(out, "late")
			}
		case "missed":
			k.missed(at(args[0]))
		case "doubt":
			k.doubt = true
		case "venue":
			if ours, differs := k.venue(bar(args)); differs {
				out = append(out, "differs from "+text(&ours))
			}
		case "tick":
			k.tick(at(args[0]))
		case "answered":
			if from, to := k.answered(at(args[0])); to != 0 {
				out = append(out, fmt.Sprintf("given up from %d to %d", int64(from-hour)/int64(time.Second), int64(to-hour)/int64(time.Second)))
			}
		default:
			t.Fatalf("no command %q", command)
		}
		for v, ok := k.take(); ok; v, ok = k.take() {
			whose := "venue's "
			if v.ours {
				whose = "ours "
			}
			line := whose + text(&v.bar)
			if v.hole != 0 {
				line = fmt.Sprintf("hole from %d; ", int64(v.hole-hour)/int64(time.Second)) + line
			}
			if v.differs {
				line += "; the other " + text(&v.other)
			}
			if v.missed {
				line += "; trades missed"
			}
			out = append(out, line)
		}
		if command == "tick" || command == "answered" {
			if from, to, ok := k.wants(at(args[0])); ok {
				out = append(out, fmt.Sprintf("wants %d to %d", int64(from-hour)/int64(time.Second), int64(to-hour)/int64(time.Second)))
			}
		}
		return out
	})
}
