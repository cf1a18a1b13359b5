package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/market"
	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/strategy"
)

// configSizeMax bounds a configuration file; a larger one is something else.
const configSizeMax = 1 << 20

// configuration is a decoded configuration and the text it came from, for messages about
// what is found wrong with it later.
type configuration struct {
	backtest.Config
	doc *document
}

// readConfig returns the text of a configuration file, or of standard input for "-".
func readConfig(name string, stdin io.Reader) (string, error) {
	in := stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return "", &failure{codeOf(err), fmt.Errorf("configuration %s: %w", name, reason(err)), "name a TOML file that is there; without -c there are defaults"}
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, configSizeMax+1))
	if errors.Is(err, syscall.EISDIR) {
		return "", &failure{exitConfig, fmt.Errorf("configuration %s: %w", name, reason(err)), "name a TOML file in it with -c"}
	}
	if err != nil {
		return "", fmt.Errorf("configuration %s: %w", name, reason(err))
	}
	if len(text) > configSizeMax {
		return "", &failure{exitConfig, fmt.Errorf("configuration %s is larger than %d bytes", name, configSizeMax), "name a TOML file with -c"}
	}
	return string(text), nil
}

// loadConfig decodes a configuration's text and the values that replace some of it, and
// checks all that can be checked without data and plugins. Every mistake is reported.
func loadConfig(name, text string, overrides []override) (*configuration, error) {
	doc, err := overridden(name, text, overrides)
	if err != nil {
		return nil, err
	}
	if doc.isBot() {
		bot := defaultRun()
		bot.Risk.RefuseAll = !doc.has("risk")
		err := doc.load(&bot)
		return &configuration{Config: bot.backtest(), doc: doc}, err
	}
	c := &configuration{Config: defaultConfig(), doc: doc}
	c.Risk.RefuseAll = !doc.has("risk")
	mistakes := doc.decode(&c.Config)
	if len(mistakes) == 0 {
		mistakes = c.check()
	}
	return c, refuse(mistakes)
}

// defaultConfig holds the value of every key that a file leaves out. Fees are those of
// a regular user without discounts.
func defaultConfig() backtest.Config {
	fee := func(maker, taker string) backtest.FeeConfig {
		return backtest.FeeConfig{Maker: exchange.MustFixed(maker), Taker: exchange.MustFixed(taker)}
	}
	return backtest.Config{
		Seed: 1,
		Data: backtest.DataConfig{Generate: backtest.GenerateConfig{
			Coin: "BTC", Days: 30, Bar: time.Minute, Start: exchange.TimeOf(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)),
		}},
		Account: backtest.AccountConfig{Leverage: 10},
		Venue: backtest.VenueConfig{
			UM: fee("0.0002", "0.0005"), CM: fee("0.0002", "0.0005"), Margin: fee("0.001", "0.001"),
			Slippage: exchange.MustFixed("0.0001"), OrdersPerMinute: 1200,
			Latency: backtest.LatencyConfig{Feed: "0s", Entry: "0s", Answer: "0s"},
			Money: backtest.MoneyConfig{
				Interest: true, AutoRepay: true, ExchangeCost: exchange.MustFixed("0.005"),
				ExchangeAt: map[string]decimal.Decimal{"USDT": decimal.NewFromInt(200_000), "USDC": decimal.NewFromInt(200_000)},
			},
			Ladder:      backtest.LadderConfig{ReduceOnly: exchange.MustFixed("1.2"), Liquidation: exchange.MustFixed("1.05")},
			Liquidation: backtest.LiquidationConfig{LoanClearance: exchange.MustFixed("0.02")},
		},
		Risk: riskguard.DefaultLimits(), Services: engine.DefaultServices(),
	}
}

// checkMoves finds what cannot happen to a generated market.
func (c *configuration) checkMoves(wrong func(key, format string, args ...any)) {
	g := &c.Data.Generate
	for i := range g.Moves {
		move := market.Move(g.Moves[i])
		if err := move.Check(g.Coin, g.Others, g.Bar, int(time.Duration(g.Days)*24*time.Hour/g.Bar)); err != nil {
			field, rest, _ := strings.Cut(err.Error(), " ")
			wrong(fmt.Sprintf("data.generate.move.%d.%s", i, field), "%s", rest)
		}
	}
}

// check finds values that have the right type and make no sense.
func (c *configuration) check() []mistake {
	var list []mistake
	wrong := func(key, format string, args ...any) {
		list = append(list, c.doc.wrong(strings.Split(key, "."), format, args...))
	}
	if c.From != 0 && c.To != 0 && c.From >= c.To {
		wrong("to", "%v is not after from, %v", c.To, c.From)
	}
	if c.Sample != 0 && c.Sample < time.Second {
		wrong("sample", "%v is below the least, 1s; 0s chooses an interval", c.Sample)
	}
	if g := c.Data.Generate; c.Data.Tape == "" {
		if g.Days < 1 || g.Days > 3660 {
			wrong("data.generate.days", "%d is not within 1 to 3660", g.Days)
		}
		if g.Coin != "BTC" && g.Coin != "ETH" {
			wrong("data.generate.coin", "%q is neither BTC nor ETH", g.Coin)
		}
		if g.Ticks != 0 && (g.Ticks < time.Millisecond || g.Ticks%time.Millisecond != 0 || time.Second%g.Ticks != 0) {
			wrong("data.generate.ticks", "%v is not whole milliseconds that divide a second, such as 200ms, nor 0s for bars", g.Ticks)
		} else if g.Ticks != 0 && g.Days > 31 {
			wrong("data.generate.days", "%d days of trades and books are more than 31", g.Days)
		}
		if g.Bar < time.Minute || g.Bar%time.Minute != 0 || (8*time.Hour)%g.Bar != 0 {
			wrong("data.generate.bar", "%v is not whole minutes that divide 8h, such as 1m, 15m or 4h", g.Bar)
		} else {
			c.checkMoves(wrong)
		}
	}
	switch base := c.Data.LatencyBase; {
	case base < 0 || base > time.Hour:
		wrong("data.latency_base", "%v is not within 0s to 1h", base)
	case base != 0 && c.Data.Clock != tape.CorrectedClock:
		wrong("data.latency_base", "goes with clock = \"corrected\" only, not with %v", c.Data.Clock)
	}
	if l := c.Account.Leverage; l < 1 || l > 125 {
		wrong("account.leverage", "%d is not within 1 to 125", l)
	}
	c.checkBalances(wrong)
	c.checkVenue(wrong)
	checkRisk(&c.Risk, wrong)
	checkServices(&c.Services, wrong)
	c.checkStrategies(wrong)
	return list
}

// checkRisk finds limits that make no sense.
func checkRisk(l *riskguard.Limits, wrong wrongFunc) {
	for _, err := range parts(l.Validate()) {
		key, rest, _ := strings.Cut(err.Error(), " ")
		if errors.Is(err, riskguard.ErrNoLimit) {
			if near := strategy.Nearest(key[strings.LastIndexByte(key, '.')+1:], riskguard.LimitKeys()); near != "" {
				rest = "is no limit; did you mean " + near + "?"
			}
		}
		wrong("risk."+key, "%s", rest)
	}
}

type wrongFunc func(key, format string, args ...any)

func (c *configuration) checkBalances(wrong wrongFunc) {
	held := false
	for _, w := range []struct {
		name     string
		balances map[string]decimal.Decimal
	}{{"margin", c.Account.Margin}, {"um", c.Account.UM}, {"cm", c.Account.CM}} {
		for _, asset := range slices.Sorted(maps.Keys(w.balances)) {
			amount, key := w.balances[asset], "account."+w.name+"."+asset
			if !assetName.MatchString(asset) {
				wrong(key, "%q is not an asset; write it as Binance does, such as USDT", asset)
			}
			if err := venue.CheckBalance(amount); err != nil {
				wrong(key, "%v", err)
			}
			held = held || amount.IsPositive()
		}
	}
	if !held {
		wrong("account", "the account holds nothing; give it a balance, such as margin.USDT = \"10000\"")
	}
}

func (c *configuration) checkVenue(wrong wrongFunc) {
	onePercent := exchange.MustFixed("0.01")
	for _, f := range []struct {
		key  string
		rate exchange.Fixed
	}{
		{"um.maker", c.Venue.UM.Maker}, {"um.taker", c.Venue.UM.Taker},
		{"cm.maker", c.Venue.CM.Maker}, {"cm.taker", c.Venue.CM.Taker},
		{"margin.maker", c.Venue.Margin.Maker}, {"margin.taker", c.Venue.Margin.Taker},
	} {
		if f.rate.Abs() > onePercent {
			wrong("venue."+f.key, "%v is more than 1%% of the notional; write 0.05%% as \"0.0005\"", f.rate)
		} else if f.rate < 0 && strings.HasSuffix(f.key, ".taker") {
			wrong("venue."+f.key, "%v is below zero: only a maker is paid", f.rate)
		}
	}
	if s := c.Venue.Slippage; s < 0 || s > 5*onePercent {
		wrong("venue.slippage", "%v is not within 0 to 0.05", s)
	}
	if n := c.Venue.OrdersPerMinute; n < 0 || n > 1_000_000 {
		wrong("venue.orders_per_minute", "%d is not within 0 to 1000000", n)
	}
	for _, err := range parts(c.CheckLatency()) {
		key, rest, _ := strings.Cut(err.Error(), ": ")
		wrong(key, "%s", rest)
	}
	c.checkMoney(wrong)
	c.checkLiquidation(wrong)
}

var (
	assetName    = regexp.MustCompile(`^[A-Z0-9]{2,20}$`)
	strategyName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)
	sha256Hex    = regexp.MustCompile(`^([0-9a-f]{64})?$`)
)

// checkLiquidation also lets no account go without a line of liquidation: one below 1 would
// come after the maintenance margin is lost.
func (c *configuration) checkLiquidation(wrong wrongFunc) {
	l := &c.Venue.Ladder
	above := 10 * exchange.FixedOne
	for _, line := range []struct {
		key string
		at  exchange.Fixed
	}{{"margin_call", l.MarginCall}, {"supply_margin", l.SupplyMargin}, {"reduce_only", l.ReduceOnly}, {"liquidation", l.Liquidation}} {
		switch {
		case line.at == 0 && line.key != "liquidation":
		case line.at < exchange.FixedOne || line.at > 10*exchange.FixedOne:
			wrong("venue.ladder."+line.key, "%v is not within 1 to 10", line.at)
		case line.at > above:
			wrong("venue.ladder."+line.key, "%v is above the line before it, %v", line.at, above)
		default:
			above = line.at
		}
	}
	if fee := c.Venue.Liquidation.LoanClearance; fee < 0 || fee > exchange.FixedOne/10 {
		wrong("venue.liquidation.loan_clearance", "%v is not within 0 to 0.1", fee)
	}
	if fund := c.Venue.Liquidation.InsuranceFund; fund < 0 {
		wrong("venue.liquidation.insurance_fund", "%v USD is below zero", fund)
	}
}

// defaultLabel is the label of a strategy that has none of its own: the plugin's name
// without its directory.
func defaultLabel(plugin string) string { return strings.ToLower(filepath.Base(plugin)) }

// checkStrategies also gives every strategy its label.
func (c *configuration) checkStrategies(wrong wrongFunc) {
	if len(c.Strategies) == 0 {
		wrong("strategy", "there is none; add a [[strategy]] with its plugin")
	}
	var labels []string
	for i := range c.Strategies {
		s, key := &c.Strategies[i], "strategy."+strconv.Itoa(i)
		if s.Plugin == "" {
			wrong(key, "plugin is missing: a bundled strategy's name or the path of a program")
			continue
		}
		if s.Label == "" {
			if s.Label = defaultLabel(s.Plugin); !strategyName.MatchString(s.Label) {
				wrong(key+".plugin", "%q cannot be its label, 1 to 32 letters a-z, digits and dashes: give one with label", s.Label)
			}
		} else if !strategyName.MatchString(s.Label) {
			wrong(key+".label", "%q is not 1 to 32 letters a-z, digits and dashes", s.Label)
		}
		if slices.Contains(labels, s.Label) {
			wrong(key+".label", "%q names two strategies; give each its own label", s.Label)
		}
		labels = append(labels, s.Label)
		if !sha256Hex.MatchString(s.SHA256) {
			wrong(key+".sha256", "%q is not 64 hexadecimal digits", s.SHA256)
		}
		if s.MemoryMax != 0 && (s.MemoryMax < memoryLeast || s.MemoryMax > 1<<20) {
			wrong(key+".memory_max_mb", "%d is not %d to %d", s.MemoryMax, memoryLeast, 1<<20)
		}
		if s.FilesMax != 0 && (s.FilesMax < filesLeast || s.FilesMax > 1<<20) {
			wrong(key+".files_max", "%d is not %d to %d", s.FilesMax, filesLeast, 1<<20)
		}
		if _, isBundled := bundled()[s.Plugin]; isBundled && s.SHA256 != "" {
			wrong(key+".sha256", "%s is bundled and has no file of its own; leave the checksum out", s.Plugin)
		}
	}
}

// paramsWrong turns what a strategy says about its parameters into mistakes of the
// configuration, each with its line.
func (c *configuration) paramsWrong(i int, err error) error {
	var params strategy.ParamErrors
	if !errors.As(err, &params) {
		return err
	}
	list := make([]mistake, len(params))
	for n, p := range params {
		list[n] = c.doc.wrong(toml.Key{"strategy", strconv.Itoa(i), "params", p.Name}, "%s", p.Problem)
	}
	return refuse(list)
}

// effective is the configuration with all defaults, as a file that gives the same run.
func (c *configuration) effective() (string, error) {
	var b strings.Builder
	e := toml.NewEncoder(&b)
	e.Indent = ""
	err := e.Encode(c.Config)
	return b.String(), err
}

// parts takes joined errors apart.
func parts(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	if err == nil {
		return nil
	}
	return []error{err}
}
