// Command latency measures how long it takes from a quote to the order that answers it, side
// by side: by a bare loop of go-binance, by one that does nothing but what must be done, and by
// pmbot's whole way, with and without the plugin's process.
//
//	make latency
//
// One process is the exchange: it writes a frame of bookTicker on a websocket and takes the
// time until it has read a signed order of it over TLS, on 127.0.0.1. Each way is a process of
// its own. Ticks go round, one to each way in turn, so that whatever disturbs the machine
// disturbs all of them, and no way has more than one tick under way. Orders are IOC and far
// from the market, so that each ends with its answer.
//
// pmbot's way is that of pmbot run: package market's feed, the loop with kernel and guard, the
// journal on disk, package papi's broker with its budget, gate and user stream, against the
// simulated exchange of package papisim. It stays within papi's limit of 1200 orders a minute,
// and so do the others: 2000 ticks take three minutes.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/pmbot/pmbot/plugins/sdk"
	"github.com/pmbot/pmbot/strategy"
)

// way is one way from a quote to an order.
type way struct {
	name string
	// what the client is told of it.
	kind   string // goBinance, byHand, pmbot
	plugin bool
	sync   string // of the journal
}

const goBinance, byHand, pmbot = "go-binance", "by-hand", "pmbot"

var ways = []way{
	{name: "go-binance, a bare loop", kind: goBinance},
	{name: "by hand, nothing but the bytes", kind: byHand},
	{name: "pmbot, strategy in process", kind: pmbot, sync: "1s"},
	{name: "pmbot, strategy in a plugin", kind: pmbot, sync: "1s", plugin: true},
	{name: "pmbot, plugin, sync = orders", kind: pmbot, sync: "orders", plugin: true},
}

func main() {
	switch {
	case len(os.Args) == 2 && os.Args[1] == "plugin":
		sdk.Serve(func() strategy.Strategy { return &taker{} })
		return
	case len(os.Args) == 2 && os.Args[1] == "client":
		if err := serveClient(); err != nil {
			fmt.Fprintln(os.Stderr, "latency client:", err)
			os.Exit(1)
		}
		return
	}
	ticks := flag.Int("ticks", 2000, "ticks of each way")
	warm := flag.Int("warm", 100, "ticks before that, which do not count")
	pause := flag.Duration("pause", 75*time.Millisecond, "time between two ticks of one way; papi allows 14 orders a second")
	raw := flag.String("raw", "", "write every figure to this file, as JSON")
	flag.Parse()
	if err := measure(*ticks, *warm, *pause, *raw); err != nil {
		fmt.Fprintln(os.Stderr, "latency:", err)
		os.Exit(1)
	}
}

// measure runs all ways and prints the table.
func measure(ticks, warm int, pause time.Duration, raw string) error {
	var list []*runner
	before := load()
	defer func() {
		for _, r := range list {
			r.close()
		}
	}()
	for _, w := range ways {
		r, err := run(w)
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		list = append(list, r)
	}
	for i := range warm + ticks {
		if i == warm {
			for _, r := range list {
				r.took, r.lost = nil, 0
				if err := r.usage(&r.before); err != nil {
					return err
				}
			}
		}
		for n := range list { // another one begins each round
			r := list[(i+n)%len(list)]
			<-time.After(pause / time.Duration(len(list)))
			r.tick()
		}
	}
	for _, r := range list {
		if err := r.usage(&r.after); err != nil {
			return err
		}
	}
	report(list, ticks, before)
	if raw == "" {
		return nil
	}
	figures := map[string][]time.Duration{}
	for _, r := range list {
		figures[r.name] = r.took
	}
	text, err := json.Marshal(figures)
	if err != nil {
		return err
	}
	return os.WriteFile(raw, text, 0o644)
}

// report prints what was measured.
func report(list []*runner, ticks int, before string) {
	fmt.Printf("%d ticks of each way, one after the other in turn; microseconds from the frame's writing to the order's reading\n\n", ticks)
	fmt.Printf("%-34s %8s %8s %8s %8s %8s %6s %9s %9s %9s\n", "way", "p50", "p99", "max", "p50 x", "p99 x", "lost", "CPU/tick", "plugin", "switches")
	base50, base99 := 0.0, 0.0
	for i, r := range list {
		p50, p99 := quantile(r.took, 50), quantile(r.took, 99)
		if i == 0 {
			base50, base99 = p50, p99
		}
		per := func(before, after int64) float64 { return float64(after-before) / float64(ticks) }
		was, is := r.before, r.after
		fmt.Printf("%-34s %8.1f %8.1f %8.1f %8.2f %8.2f %6d %9.1f %9.1f %9.1f\n", r.name, p50, p99, quantile(r.took, 100), p50/base50, p99/base99, r.lost,
			per(was.CPU.Nanoseconds(), is.CPU.Nanoseconds())/1e3, per(was.Children.Nanoseconds(), is.Children.Nanoseconds())/1e3, per(was.Switches, is.Switches))
	}
	fmt.Printf(`
x is the ratio to the first way. CPU is that of the way's process in us over all it does, answers and user stream included;
plugin is that of the process it has started, switches how often threads of the way's process went to sleep.
The load of the machine was %s before and is %s now.
`, before, load())
}

// load is how many processes have wanted a processor in the last 1, 5 and 15 minutes.
func load() string {
	b, _ := os.ReadFile("/proc/loadavg")
	return strings.Join(strings.Fields(string(b) + " ? ? ?")[:3], " ")
}

// quantile in microseconds.
func quantile(took []time.Duration, percent int) float64 {
	if len(took) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(took))
	return float64(sorted[min(len(sorted)-1, len(sorted)*percent/100)].Nanoseconds()) / 1e3
}
