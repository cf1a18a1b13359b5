package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/plugins/plugintest"
	"github.com/pmbot/pmbot/plugins/sdk"
	"github.com/pmbot/pmbot/strategy"
)

// rogue is a strategy that opens an order and then misbehaves as it is told. It is a plugin program
// of its own.
type rogue struct {
	p struct {
		Symbol strategy.Symbol `default:"UM:BTCUSDT" help:"what to watch"`
		Do     string          `default:"crash" choices:"crash|hang|freeze|flood|late|leak|stop|beyond" help:"how"`
	}
	order  strategy.Ref
	quotes int
	leaked [][]byte
}

func serveRogue() { sdk.Serve(func() strategy.Strategy { return &rogue{} }) }

// serveLiar is a program that keeps to the protocol up to its first event, and answers that with
// what is no answer.
func serveLiar() {
	os.Args = []string{"liar", "plugintest", "lie-upto"}
	plugintest.Main(nil)
}

func (r *rogue) Manifest() strategy.Manifest {
	return strategy.Manifest{Name: "rogue", Version: "0.1.0", Summary: "misbehaves", Stateless: true, OrderTypes: []exchange.OrderType{exchange.Limit}}
}

func (r *rogue) Params() any { return &r.p }

func (r *rogue) Start(env *strategy.Env) error {
	in, err := env.Instrument(r.p.Symbol)
	if err == nil {
		env.BookTickers(in)
		env.Logf("%d like this one", alike())
	}
	return err
}

// alike counts the processes of this program in this directory, as far as the system tells.
func alike() (n int) {
	own, err := os.Getwd()
	if err != nil {
		return 0
	}
	list, _ := filepath.Glob("/proc/[0-9]*")
	for _, p := range list {
		at, _ := os.Readlink(filepath.Join(p, "cwd"))
		line, _ := os.ReadFile(filepath.Join(p, "cmdline"))
		if program, _, _ := strings.Cut(string(line), "\x00"); at == own && program == os.Args[0] {
			n++
		}
	}
	return n
}

func (r *rogue) OnBookTicker(env *strategy.Env, in *exchange.Instrument, b exchange.BookTicker) {
	rest := strategy.Buy(in, exchange.MustFixed("0.01")).Limit((b.Bid - b.Bid/120).Round(in.Tick, exchange.RoundFloor))
	if o, open := env.Order(r.order); !open || o.Status != exchange.StatusWorking {
		if r.quotes++; r.quotes%10 == 1 {
			r.order = env.Send(rest)
		}
		return
	}
	if r.quotes++; r.quotes < 30 {
		return
	}
	switch r.p.Do {
	case "crash":
		panic("out of my mind")
	case "hang":
		select {}
	case "freeze": // not even the SDK can obey
		_ = exec.Command("kill", "-STOP", strconv.Itoa(os.Getpid())).Run()
	case "flood":
		for range 500 {
			env.CancelAll(in)
		}
	case "late":
		<-time.After(700 * time.Millisecond)
		env.Send(rest)
	case "leak":
		for {
			r.leaked = append(r.leaked, make([]byte, 1<<20))
			clear(r.leaked[len(r.leaked)-1])
			<-time.After(time.Millisecond)
		}
	case "beyond":
		if r.quotes == 40 {
			env.Send(strategy.Buy(in, exchange.MustFixed("0.01")).Market())
		}
	}
}

// Stop never returns if that is how it misbehaves.
func (r *rogue) Stop(*strategy.Env) {
	if r.p.Do == "stop" {
		select {}
	}
}
