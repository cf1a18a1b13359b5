package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/engine/alarm"
	"github.com/pmbot/pmbot/engine/journal"
	"github.com/pmbot/pmbot/engine/loop"
	"github.com/pmbot/pmbot/engine/monitor"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market"
	"github.com/pmbot/pmbot/exchange/market/rest"
	"github.com/pmbot/pmbot/exchange/papi"
	"github.com/pmbot/pmbot/exchange/papi/preflight"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// bot is a process that trades, put together step by step; see [console.runBot].
type bot struct {
	*console
	cfg   *runConfig
	doc   *document
	flags *runFlags
	mode  string
	// label is what people call it: the account, with its mode if that is not live.
	label string
	// dir is where it remembers. The lock in it is held while the process lives.
	dir  string
	lock *os.File
	// log says and writes; fileLog writes what people have been told in another way.
	log     *slog.Logger
	fileLog *slog.Logger
	logFile *rotatingFile
	// crashPath is where the runtime writes what ends the process.
	crashPath string
	told      *news
	printer   *statusPrinter
	started   exchange.Time
	// hash names the configuration.
	hash string
	// warnings are what a person should know of the run.
	warnings []string

	// labels are those of all strategies that the journal knows, by number, from 1.
	labels []string
	rest   *rest.Client
	ins    *exchange.Instruments
	// idle are those that the exchange does not trade any more.
	idle   []exchange.InstrumentID
	client *papi.Client // live only
	// copyKey is the client of the second key, nil without one.
	copyKey *papi.Client
	facts   *preflight.Facts
	tables  *margin.Tables
	// indexed are the assets whose index price the feed brings.
	indexed []string

	guard  *riskguard.Guard
	kernel *engine.Kernel
	// past is what the newest segment of the journal says of its process, nil without one.
	past   *journal.Header
	writer *journal.Writer
	// recent is the loop's observer, for whoever asks the bot.
	recent *monitor.Recent
	// alerts tells people what they should know.
	alerts  *alarm.Post
	clock   *loop.Clock
	broker  broker
	stream  streamNews // of the goroutine that runs the broker
	loop    *loop.Loop
	feed    *market.Feed
	record  *recording
	players *livePlayers
	own     ownSum // of the goroutine that starts programs
	// taken has the keys of the configuration that swaps have taken.
	taken   takenKeys
	sweeper *sweeper
	drainer drainer
	// signals are those that halt. One that comes before there is anything to halt is kept.
	signals chan os.Signal
}

// newBot finds the place where the bot remembers, takes the lock and opens the log.
func (c *console) newBot(cfg *runConfig, doc *document, f *runFlags) (*bot, error) {
	b := &bot{console: c, cfg: cfg, doc: doc, flags: f, mode: f.mode(), label: cfg.Account.Name, started: wallClock(), told: newNews()}
	b.sweeper, b.drainer = newSweeper(b.sweepAccount), drainer{wishes: make(chan monitor.Drain)}
	b.signals = make(chan os.Signal, 1)
	signal.Notify(b.signals, syscall.SIGUSR1)
	if b.mode == modeDry {
		b.label += "-dry"
	}
	b.printer = c.newStatusPrinter(false, f.quiet)
	var err error
	if b.hash, err = configHash(cfg); err != nil {
		return nil, err
	}
	b.dir = filepath.Join(cfg.State, b.label)
	if cfg.State == "" {
		dir, err := stateDir(c.getenv, b.label)
		if err != nil {
			return nil, err
		}
		b.dir = dir
	}
	if err := monitor.CheckPath(filepath.Join(b.dir, controlSocket)); err != nil {
		return nil, &failure{code: exitConfig, err: err}
	}
	b.step("bot", "%s run of account %s with %s, by %s", b.mode, cfg.Account.Name, counted(int64(len(cfg.Strategies)), "strategy"), f.config)
	if err := b.takeLock(); err != nil {
		return nil, err
	}
	if err := errors.Join(b.openLog(), b.watchCrashes()); err != nil {
		b.noCrash()
		b.close()
		return nil, err
	}
	b.step("state", "%s, locked", b.dir)
	return b, nil
}

// step tells a fact of the start.
func (b *bot) step(what, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	b.printer.say("%-11s %s", what, text)
	if b.fileLog != nil {
		b.fileLog.Info(text, "step", what)
	}
}

// warn tells something that a person should know of the whole run.
func (b *bot) warn(text string) {
	b.warnings = append(b.warnings, text)
	b.printer.say("%-11s %s", "WARNING", text)
	b.fileLog.Warn(text)
}

// close gives back what a bot holds, in whatever state it is.
func (b *bot) close() {
	b.printer.done()
	if b.players != nil {
		b.players.close()
	}
	if b.logFile != nil {
		b.logFile.Close()
	}
	b.lock.Close()
}
