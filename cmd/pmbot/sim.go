package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/backtest/papisim"
	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/exchange"
)

// simFlags are the flags of "pmbot sim".
type simFlags struct {
	config, accounts, tape string
	sets                   []string
	listen, admin, history string
	key, secret            string
	seed, speed            string
	cert, certKey          string
	anywhere               bool
	json, verbose          bool
}

func simCommand(c *console) *cobra.Command {
	f := &simFlags{}
	cmd := &cobra.Command{
		Use:   "sim",
		Short: "Be an exchange: serve a simulated Portfolio Margin account as Binance does",
		Long: `Serve a simulated exchange with one Portfolio Margin account: papi, the sapi reads
around it, the public fapi, dapi and api, the market streams and the user stream, with
Binance's shapes, limits and error codes. Any client of Binance can be pointed at it.
Nothing in it is real money, and it asks nobody anything.

One port serves all hosts, by the Host header (papi.binance.com and so on) or, on plain
names and addresses, by path. Websocket hosts whose paths are alike have ports of their
own as well. An admin port takes faults and moves time, prices and account; ask it for
GET / to see how.

With --history it writes down what the market's streams tell, before any fault and while
nobody is connected, as recordings that "pmbot data import" reads: what a recorder's tape
can be held against.

It stops on SIGINT and SIGTERM and leaves nothing else behind.`,
		Example: `  pmbot sim
  pmbot sim --listen 127.0.0.1:9000 --key KEY --secret SECRET
  pmbot sim -c configs/sim.toml --accounts poor.toml --set speed=10
  pmbot sim --tape tape --speed 60
  pmbot sim --history told`,
		Args: cobra.NoArgs,
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.config, "config", "c", "", "TOML file, or - for standard input; configs/sim.toml explains every key")
	flags.StringVar(&f.accounts, "accounts", "", "TOML file with the balances, positions and loans at the start")
	flags.StringArrayVar(&f.sets, "set", nil, "replace one value of the configuration, as key=value; may be repeated")
	flags.StringVar(&f.listen, "listen", "127.0.0.1:9000", "address to serve on; the other ports are the next ones, or free ones after port 0")
	flags.StringVar(&f.admin, "admin", "", "address of the admin port (default: the port after the others)")
	flags.StringVar(&f.key, "key", "", "id of an API key with all rights that Portfolio Margin needs")
	flags.StringVar(&f.secret, "secret", "", "its secret; never one of a real key")
	flags.StringVar(&f.tape, "tape", "", "directory of a tape to replay in place of the generated market")
	flags.StringVar(&f.speed, "speed", "", "seconds that pass there in one of ours")
	flags.StringVar(&f.seed, "seed", "", "seed of the generated market")
	flags.StringVar(&f.cert, "tls-cert", "", "PEM file with a certificate: serve HTTPS")
	flags.StringVar(&f.certKey, "tls-key", "", "PEM file with its private key")
	flags.StringVar(&f.history, "history", "", "new directory for what the market's streams tell, whoever hears it; see configs/sim.toml")
	flags.BoolVar(&f.anywhere, "listen-anywhere", false, "allow addresses that other machines can reach")
	flags.BoolVar(&f.json, "json", false, "print the addresses as one JSON document")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "log every request")
	cmd.RunE = action(func(ctx context.Context, _ []string) error { return c.sim(ctx, f) })
	return cmd
}

func (c *console) sim(ctx context.Context, f *simFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	cfg, err := c.simConfig(f)
	if err != nil {
		return err
	}
	market, err := openSimMarket(cfg)
	if err != nil {
		return err
	}
	defer market.close()
	left, err := cfg.fitMarket(market.ins, f.config != "" || f.accounts != "")
	if err != nil {
		return err
	}
	if len(left) > 0 {
		fmt.Fprintf(c.err, "pmbot: the market has no price of %s, so the account holds none\n", strings.Join(left, ", "))
	}
	history, err := newHistory(f.history)
	if err != nil {
		return err
	}
	exchange, err := newSim(ctx, cfg, market, history.witness())
	if err != nil {
		return err
	}
	s := &simServer{sim: exchange, log: c.requestLog(f.verbose), errors: log.New(c.err, "pmbot: ", 0)}
	if err := s.listen(f); err != nil {
		return err
	}
	defer s.close()
	if f.anywhere {
		fmt.Fprintln(c.err, "pmbot: other machines may be able to reach this exchange: whoever has a key trades on it, and the admin port has no key at all")
	}
	if err := c.printSim(f, cfg, s, exchange, market); err != nil {
		return err
	}
	return history.during(ctx, s.run)
}

// check finds flags that do not go together.
func (f *simFlags) check() error {
	usage := func(cure, format string, args ...any) error {
		return &failure{exitUsage, fmt.Errorf(format, args...), cure}
	}
	switch {
	case (f.key == "") != (f.secret == ""):
		return usage("give both, or none for the test key", "--key and --secret go together")
	case (f.cert == "") != (f.certKey == ""):
		return usage("give both, or none for plain HTTP", "--tls-cert and --tls-key go together")
	case f.config == "-" && f.accounts == "-":
		return usage("give one of them a file", "-c and --accounts cannot both read standard input")
	}
	for _, a := range []struct{ flag, addr string }{{"--listen", f.listen}, {"--admin", f.admin}} {
		if a.addr == "" {
			continue
		}
		host, _, err := net.SplitHostPort(a.addr)
		if err != nil {
			return usage("write it like 127.0.0.1:9000", "%s %s is not HOST:PORT", a.flag, a.addr)
		}
		if loopback(host) {
			continue
		}
		if a.flag == "--admin" {
			return usage("use 127.0.0.1", "%s %s: the admin port has no key, so it is for this machine only", a.flag, a.addr)
		}
		if !f.anywhere {
			return &failure{exitSafety, fmt.Errorf("%s %s can be reached from other machines", a.flag, a.addr), "use 127.0.0.1, or say --listen-anywhere if that is meant"}
		}
	}
	return nil
}

// loopback says whether only this machine can reach a host.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// simConfig loads the configuration with the flags that replace some of it.
func (c *console) simConfig(f *simFlags) (*simConfig, error) {
	overrides, err := parseOverrides(f.sets)
	if err != nil {
		return nil, err
	}
	for _, o := range []override{
		{"--seed " + f.seed, "seed", f.seed}, {"--speed " + f.speed, "speed", f.speed}, {"--tape " + f.tape, "market.tape", f.tape},
	} {
		if o.value != "" {
			overrides = append(overrides, o)
		}
	}
	var texts [2]*simText
	for i, name := range [2]string{f.config, f.accounts} {
		if name == "" {
			continue
		}
		text, err := readConfig(name, c.in)
		if err != nil {
			return nil, err
		}
		texts[i] = &simText{name, text}
	}
	cfg, err := loadSim(texts[0], texts[1], overrides)
	if err != nil {
		return nil, err
	}
	if f.key != "" {
		cfg.Keys = append(cfg.Keys, fullKey(f.key, f.secret))
	} else if len(cfg.Keys) == 0 {
		cfg.Keys = []simKey{fullKey(simKeyID, simSecret)}
	}
	return cfg, nil
}

// fullKey is a key as a bot should have it.
func fullKey(id, secret string) simKey {
	return simKey{ID: id, Secret: secret, Reading: true, PortfolioMargin: true}
}

// keys are the configured ones in the exchange's words. A key without a date was made when
// the exchange starts.
func (c *simConfig) keys(start exchange.Time) ([]papisim.Key, error) {
	var list []papisim.Key
	for _, k := range c.Keys {
		key := papisim.Key{ID: k.ID, Secret: k.Secret, Created: k.Created, Permissions: papisim.Permissions{
			Reading: k.Reading, PortfolioMargin: k.PortfolioMargin, Margin: k.Margin, Futures: k.Futures,
			Withdrawals: k.Withdrawals, InternalTransfer: k.InternalTransfer, UniversalTransfer: k.UniversalTransfer, IPs: k.IPs,
		}}
		if key.Created == 0 {
			key.Created = start
		}
		if k.PublicKey != "" {
			text, err := os.ReadFile(k.PublicKey)
			if err != nil {
				return nil, &failure{codeOf(err), fmt.Errorf("public key %s: %w", k.PublicKey, reason(err)), "name a PEM file with public_key"}
			}
			key.Public = text
		}
		list = append(list, key)
	}
	return list, nil
}

// newSim puts the exchange together and lets the time pass that warms its market up.
func newSim(ctx context.Context, c *simConfig, m *simMarket, witness func(papisim.Told)) (*papisim.Sim, error) {
	keys, err := c.keys(m.opens)
	if err != nil {
		return nil, err
	}
	positions, err := c.positions(m.ins)
	if err != nil {
		return nil, err
	}
	plain := defaultConfig().Venue.Money
	s, err := papisim.New(papisim.Config{
		Venue: venue.Config{
			Instruments: m.ins, Tables: m.tables, UM: venue.Fees(c.UM), CM: venue.Fees(c.CM), Margin: venue.Fees(c.Margin),
			Slippage: defaultConfig().Venue.Slippage, Seed: c.Seed, Balances: c.balances(), Positions: positions,
			Leverage: c.Account.Leverage, Orders: venue.Orders{Hedge: c.Account.HedgeMode},
			Money:       venue.Money{Interest: plain.Interest, AutoRepay: plain.AutoRepay, ExchangeAt: plain.ExchangeAt, ExchangeCost: plain.ExchangeCost},
			Liquidation: venue.LiquidationTerms(defaultConfig().Venue.Liquidation),
		},
		Source: m.source, Start: m.starts, Speed: c.Speed, FirstOrderID: c.OrderID, Keys: keys, Limits: papisim.Limits(c.Limits),
		Account: papisim.AccountType{Kind: c.Account.Kind, Activated: c.Account.Activated, DeltaMode: c.Account.DeltaMode, VIP: c.Account.VIP},
		Witness: witness,
	})
	if err != nil {
		return nil, &failure{exitConfig, err, "see configs/sim.toml"}
	}
	if err := s.Forward(ctx, m.opens.Sub(m.starts)); err != nil {
		return nil, err
	}
	return s, nil
}

// positions are the configured ones in the venue's words.
func (c *simConfig) positions(ins *exchange.Instruments) ([]exchange.Position, error) {
	var list []exchange.Position
	for _, p := range c.Positions {
		in, err := ins.Find(p.Symbol.Product, p.Symbol.Name)
		if err != nil {
			var names []string
			for _, in := range ins.All() {
				names = append(names, in.Product.String()+":"+in.Symbol)
			}
			return nil, &failure{exitConfig, fmt.Errorf("position in %v: %w", p.Symbol, err), "listed are " + strings.Join(names, ", ")}
		}
		side, err := exchange.ParsePositionSide(p.side())
		if err != nil {
			return nil, err
		}
		list = append(list, exchange.Position{Inst: in.ID, Side: side, Qty: p.Qty, Entry: p.Entry})
	}
	return list, nil
}
