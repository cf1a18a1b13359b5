package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/pmbot/pmbot/configs"
	"github.com/pmbot/pmbot/exchange/papi"
)

// demoFlags are the flags of "pmbot demo".
type demoFlags struct {
	during time.Duration
	seed   int
}

func demoCommand(c *console) *cobra.Command {
	f := &demoFlags{}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Watch a bot trade on a simulated exchange: no key, no network",
		Long: `Start the simulated exchange of "pmbot sim" and a live bot on it, with a maker of two sides and
a hedge of coins, and show how it trades: state, account and uniMMR, positions, orders, fills.
Everything is what a live run has, the client of the exchange, the journal, the risk guard and
strategies in processes of their own; only the exchange is of this machine and the money is not.

Ctrl-C stops it in order, which ends every open order; the exchange is asked at the end whether
one is left. While it runs, "pmbot status --account demo --state DIR" and its likes look at it
from another terminal; the first lines name the directory, which is gone with the demo.`,
		Example: `  pmbot demo
  pmbot demo --for 1m`,
		Args: cobra.NoArgs,
	}
	flags := cmd.Flags()
	flags.DurationVar(&f.during, "for", 0, "stop after this time, such as 1m")
	flags.IntVar(&f.seed, "seed", 1, "seed of the generated market")
	cmd.RunE = action(func(ctx context.Context, _ []string) error { return c.demo(ctx, f) })
	return cmd
}

func (c *console) demo(ctx context.Context, f *demoFlags) error {
	began := time.Now()
	if f.during < 0 {
		return &failure{exitUsage, fmt.Errorf("--for %v is below 0", f.during), "write a time such as 1m; without it the demo runs until it is stopped"}
	}
	state, err := os.MkdirTemp("", "pmbot-demo-")
	if err != nil {
		return fmt.Errorf("a directory for the demo: %w", err)
	}
	defer os.RemoveAll(state)
	s, market, err := c.demoExchange(ctx, f)
	if err != nil {
		return err
	}
	defer market.close()
	defer s.close()
	if f.during > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.during)
		defer cancel()
	}
	fmt.Fprintf(c.err, "%-11s simulated, %d instruments, on %s\n", "exchange", market.ins.Len(), s.address("all", "http"))
	fmt.Fprintf(c.err, "%-11s maker mm on UM:BTCUSDT and hedge on CM:BTCUSD_PERP, state in %s/demo\n", "bot", state)
	return c.demoRun(ctx, s, state, began)
}

// demoExchange opens the simulated exchange on free ports.
func (c *console) demoExchange(ctx context.Context, f *demoFlags) (*simServer, *simMarket, error) {
	flags := &simFlags{listen: "127.0.0.1:0", seed: fmt.Sprint(f.seed)}
	cfg, err := c.simConfig(flags)
	if err != nil {
		return nil, nil, err
	}
	market, err := openSimMarket(cfg)
	if err != nil {
		return nil, nil, err
	}
	sim, err := newSim(ctx, cfg, market, nil)
	if err != nil {
		market.close()
		return nil, nil, err
	}
	s := &simServer{sim: sim, log: c.requestLog(false), errors: log.New(c.err, "pmbot: ", 0)}
	if err := s.listen(flags); err != nil {
		market.close()
		return nil, nil, err
	}
	return s, market, nil
}

// demoRun has the exchange, the bot and the display run side by side: the bot until it is
// stopped, the others until it has ended.
func (c *console) demoRun(stopped context.Context, s *simServer, state string, began time.Time) error {
	ctx, end := context.WithCancel(context.WithoutCancel(stopped))
	defer end()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.run(ctx) })
	screen := newDemoScreen(c, state+"/demo", began)
	shown := make(chan struct{})
	g.Go(func() error {
		defer close(shown)
		screen.run(ctx)
		return nil
	})
	g.Go(func() error {
		defer end()
		err := c.demoBot(stopped, s, state, screen)
		return errors.Join(err, c.demoLeft(ctx, s))
	})
	err := g.Wait()
	<-shown
	return err
}

// demoBot runs the bot until it is stopped.
func (c *console) demoBot(ctx context.Context, s *simServer, state string, screen *demoScreen) error {
	text, err := configs.FS.ReadFile("demo-bot.toml")
	if err != nil {
		return err
	}
	bot := *c
	bot.in = bytes.NewReader(text)
	bot.out, bot.err = screen.below(), screen.below()
	bot.getenv = func(name string) string {
		switch name {
		case "PMBOT_KEY":
			return simKeyID
		case "PMBOT_SECRET":
			return simSecret
		}
		return c.getenv(name)
	}
	f := &runFlags{config: "-", live: true, account: "demo", yes: "demo", quiet: true, sets: []string{`state="` + state + `"`}}
	for _, host := range []string{"fapi", "dapi", "api", "papi", "sapi"} {
		f.sets = append(f.sets, "exchange."+host+`="`+s.address("all", "http")+`"`)
	}
	for _, host := range []string{"fstream", "dstream", "stream"} {
		f.sets = append(f.sets, "exchange."+host+`="`+s.address(host, "ws")+`"`)
	}
	f.sets = append(f.sets, `exchange.user="`+s.address("fstream", "ws")+`/pm"`)
	return bot.runBot(ctx, f)
}

// demoLeft asks the exchange whether an order is left open, and tells.
func (c *console) demoLeft(ctx context.Context, s *simServer) error {
	base := s.address("all", "http")
	client, err := papi.New(papi.Config{Key: papi.NewSecret(simKeyID), Secret: papi.NewSecret(simSecret), PAPI: base, SAPI: base, FAPI: base})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	um, err := client.UMOpenOrders(ctx, "")
	if err != nil {
		return fmt.Errorf("ask the exchange what is left: %w", err)
	}
	algo, err := client.UMOpenAlgoOrders(ctx, papi.UMOpenAlgoOrdersQuery{})
	if err != nil {
		return fmt.Errorf("ask the exchange what is left: %w", err)
	}
	cm, err := client.CMOpenOrders(ctx, "", "")
	if err != nil {
		return fmt.Errorf("ask the exchange what is left: %w", err)
	}
	conditional, err := client.CMOpenConditionalOrders(ctx, "")
	if err != nil {
		return fmt.Errorf("ask the exchange what is left: %w", err)
	}
	left := len(um) + len(algo) + len(cm) + len(conditional)
	fmt.Fprintf(c.out, "the exchange has %s of the account\n", counted(int64(left), "open order"))
	if left > 0 {
		return errors.New("the demo has left orders open")
	}
	return nil
}

// below is where the bot's own words go: under the display, once it is gone.
func (s *demoScreen) below() io.Writer { return &s.words }
