package main

import (
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/engine/journal"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/strategy"
)

// runConfig is a whole bot, in every mode: dry, live and shadow, and the backtest of the same
// strategies. The mode is a flag and never a key. configs/run.toml explains every key.
type runConfig struct {
	// State is the directory of what the bot must remember; "" is the user's.
	State string `toml:"state"`
	// Seed is the root of what is random: the simulated exchange, jitter of connections.
	Seed uint64 `toml:"seed"`
	// Instruments are known and watched beside those that the strategies name.
	Instruments []strategy.Symbol         `toml:"instruments"`
	Account     accountConfig             `toml:"account"`
	Exchange    runHosts                  `toml:"exchange"`
	DropCopy    dropCopyConfig            `toml:"drop_copy"`
	Feed        recordFeed                `toml:"feed"`
	Paper       paperConfig               `toml:"paper"`
	Risk        riskguard.Limits          `toml:"risk"`
	Strategies  []backtest.StrategyConfig `toml:"strategy"`
	Journal     journalConfig             `toml:"journal"`
	Reconcile   reconcileConfig           `toml:"reconcile"`
	Services    engine.Services           `toml:"services"`
	Stop        stopConfig                `toml:"stop"`
	Log         logConfig                 `toml:"log"`
	Alert       alertConfig               `toml:"alert"`
	Record      recordFiles               `toml:"record"`

	// What follows is of backtests alone, with the meaning of configs/backtest.toml.
	From   exchange.Time       `toml:"from"`
	To     exchange.Time       `toml:"to"`
	Sample time.Duration       `toml:"sample"`
	Strict bool                `toml:"strict"`
	Data   backtest.DataConfig `toml:"data"`
}

// runHosts are base URLs in place of Binance's.
type runHosts struct {
	recordHosts
	// User is that of the user stream.
	User string `toml:"user"`
}

// paperConfig is the simulated account of dry runs and backtests, and its exchange.
type paperConfig struct {
	Margin   map[string]decimal.Decimal `toml:"margin"`
	UM       map[string]decimal.Decimal `toml:"um"`
	CM       map[string]decimal.Decimal `toml:"cm"`
	Leverage int                        `toml:"leverage"`
	Venue    backtest.VenueConfig       `toml:"venue"`
}

// journalConfig says how the journal is kept.
type journalConfig struct {
	Dir          string        `toml:"dir"`
	Sync         journal.Sync  `toml:"sync"`
	Segment      time.Duration `toml:"segment"`
	SegmentBytes int64         `toml:"segment_bytes"`
	Keep         time.Duration `toml:"keep"`
	KeepBytes    int64         `toml:"keep_bytes"`
}

// reconcileConfig says how our picture of the account is held against the exchange's.
type reconcileConfig struct {
	Interval time.Duration `toml:"interval"`
	// Resume is "auto" or "manual": who lets trading begin once start or gap are over.
	Resume string `toml:"resume"`
	// What becomes of differences, in the words of [exchange.Remedy], in small letters.
	Orders    string `toml:"orders" json:"orders"`
	Positions string `toml:"positions" json:"positions"`
	Balances  string `toml:"balances" json:"balances"`
	Foreign   string `toml:"foreign" json:"foreign"`
}

// remedies are what a configuration can have done about a difference.
var remedies = map[string]exchange.Remedy{
	"cancel": exchange.RemedyCancel, "adopt": exchange.RemedyAdopt, "report": exchange.RemedyReport, "halt": exchange.RemedyHalt,
}

// policy is what the kernel does about differences. A word that is none is left out; check
// finds it.
func (r *reconcileConfig) policy() engine.Reconcile {
	return engine.Reconcile{
		Orders: remedies[r.Orders], Positions: remedies[r.Positions], Balances: remedies[r.Balances], Foreign: remedies[r.Foreign],
	}
}

// check finds words that make no sense, or not where they stand.
func (r *reconcileConfig) check(wrong wrongFunc) {
	if r.Resume != resumeAuto && r.Resume != resumeManual {
		wrong("reconcile.resume", "%q is neither auto nor manual", r.Resume)
	}
	r.checkRemedies(wrong)
}

func (r *reconcileConfig) checkRemedies(wrong wrongFunc) {
	for _, c := range []struct{ key, word, choice string }{
		{"orders", r.Orders, "cancel, adopt and halt"}, {"positions", r.Positions, "halt and adopt"},
		{"balances", r.Balances, "adopt and halt"}, {"foreign", r.Foreign, "report and halt"},
	} {
		if !slices.Contains(strings.FieldsFunc(c.choice, func(r rune) bool { return r == ',' || r == ' ' }), c.word) || c.word == "and" {
			wrong("reconcile."+c.key, "%q is none of %s", c.word, c.choice)
		}
	}
}

// The answers to Resume.
const (
	resumeAuto   = "auto"
	resumeManual = "manual"
)

// stopConfig says what becomes of orders and positions when the bot is stopped.
type stopConfig struct {
	Policy stopPolicy    `toml:"policy"`
	Within time.Duration `toml:"within"`
}

// logConfig says where the bot tells what it does.
type logConfig struct {
	Level  string        `toml:"level"`
	Status time.Duration `toml:"status"`
	Bytes  int64         `toml:"bytes"`
	Files  int           `toml:"files"`
}

// defaultRun holds the value of every key that a file leaves out. What other commands have,
// too, has their defaults.
func defaultRun() runConfig {
	live, test := defaultLive(), defaultConfig()
	return runConfig{
		Seed: 1, Account: live.Account, DropCopy: live.DropCopy, Feed: defaultRecord().Feed,
		Paper:   paperConfig{Leverage: test.Account.Leverage, Venue: test.Venue},
		Risk:    test.Risk,
		Journal: journalConfig{Segment: time.Hour, SegmentBytes: 64 << 20, Keep: 7 * 24 * time.Hour, KeepBytes: 8 << 30},
		Reconcile: reconcileConfig{
			Interval: time.Minute, Resume: resumeAuto, Orders: "cancel", Positions: "halt", Balances: "adopt", Foreign: "report",
		},
		Services: test.Services,
		Stop:     stopConfig{Policy: stopCancel, Within: 30 * time.Second},
		Log:      logConfig{Level: "info", Status: time.Minute, Bytes: 16 << 20, Files: 8},
		Alert:    defaultAlert(),
		Record:   defaultRecord().notRecording(),
		Data:     test.Data,
	}
}

// notRecording are the defaults of a recorder that nobody asked for.
func (c recordConfig) notRecording() recordFiles {
	c.Dir, c.Tape = "", ""
	return c.recordFiles
}

// loadBot decodes a configuration. Every mistake is reported.
func loadBot(name, text string, overrides []override) (*runConfig, *document, error) {
	doc, err := overridden(name, text, overrides)
	if err != nil {
		return nil, nil, err
	}
	c := defaultRun()
	c.Risk.RefuseAll = !doc.has("risk")
	return &c, doc, doc.load(&c)
}

// isBot tells the configuration of a whole bot from one of another command: it has the
// simulated account of its dry runs, or strategies beside what only a bot has.
func (d *document) isBot() bool {
	return slices.ContainsFunc([]string{"paper", "journal", "reconcile", "stop", "alert"}, d.has)
}

// nearBot says that a file that names an account is a bot's, or was meant to be: doctor's own has
// neither risk nor strategies.
func (d *document) nearBot() bool { return d.isBot() || d.has("risk") || d.has("strategy") }

// has says whether a section is written. Without [risk] every order is refused: nobody has
// said what may be risked.
func (d *document) has(section string) bool {
	_, there := d.tree[section]
	return there
}

// backtest is what a backtest of the same strategies would be made of; a dry run takes its
// exchange from it.
func (c *runConfig) backtest() backtest.Config {
	return backtest.Config{
		Seed: c.Seed, From: c.From, To: c.To, Sample: c.Sample, Strict: c.Strict, Data: c.Data,
		Account: backtest.AccountConfig{
			Margin: c.Paper.Margin, UM: c.Paper.UM, CM: c.Paper.CM, Leverage: c.Paper.Leverage, HedgeMode: c.Account.HedgeMode,
		},
		Venue: c.Paper.Venue, Risk: c.Risk, Strategies: c.Strategies, Services: c.Services,
	}
}

// live is what doctor asks about. What strategies name is known only when they have been
// asked, so without them it is the usual instruments.
func (c *runConfig) live() *liveConfig {
	list := c.Instruments
	if len(list) == 0 {
		list = defaultLive().Instruments
	}
	return &liveConfig{
		Account: c.Account, DropCopy: c.DropCopy, Instruments: list, State: c.State,
		Exchange: exchangeConfig{PAPI: c.Exchange.PAPI, SAPI: c.Exchange.SAPI, FAPI: c.Exchange.FAPI},
	}
}
