package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/plugins/host"
	"github.com/pmbot/pmbot/plugins/sdk"
	"github.com/pmbot/pmbot/strategy"
)

// The modes of a backtest: where its strategies run. All give the same result.
const (
	// modePlugin runs the whole backtest inside the strategies' process if one program
	// has them all and computes as we do, and in lockstep otherwise.
	modePlugin = "plugin"
	// modeInProcess runs bundled strategies in this process.
	modeInProcess = "inprocess"
	// modeLockstep sends events to the strategies' processes and waits for each answer.
	modeLockstep = "lockstep"
)

var modes = []string{modePlugin, modeInProcess, modeLockstep}

// programs are the programs of a run and the processes behind them.
type programs struct {
	list    []backtest.Program
	mode    string
	plugins map[string]*host.Plugin // by path and pinned checksum; that of bundled ones by ""
	log     *slog.Logger
}

// openPrograms finds the program of every strategy, and starts a process for each where
// the mode wants that. The caller must close them.
func openPrograms(ctx context.Context, cfg *configuration, mode string, log *slog.Logger) (*programs, error) {
	if !slices.Contains(modes, mode) {
		return nil, &failure{code: exitUsage, err: fmt.Errorf("--mode %s: there are %s", mode, strings.Join(modes, ", "))}
	}
	p := &programs{mode: mode, plugins: map[string]*host.Plugin{}, log: log}
	for i, s := range cfg.Strategies {
		program, err := p.open(ctx, s)
		if err != nil {
			p.close()
			return nil, cfg.wrongAt(toml.Key{"strategy", strconv.Itoa(i), "plugin"}, err)
		}
		p.list = append(p.list, program)
	}
	return p, nil
}

func (p *programs) open(ctx context.Context, s backtest.StrategyConfig) (backtest.Program, error) {
	fresh, isBundled := bundled()[s.Plugin]
	if p.mode == modeInProcess {
		if !isBundled {
			return nil, &failure{exitUsage, fmt.Errorf("%s is no bundled strategy, and only those run in this process", s.Plugin), "leave out --mode inprocess"}
		}
		return backtest.LocalProgram(fresh), nil
	}
	name, key := "", s.Plugin+" "+s.SHA256
	if isBundled {
		name, key = s.Plugin, ""
	}
	plugin, open := p.plugins[key]
	if !open {
		var err error
		if plugin, err = openPlugin(ctx, s.Plugin, s.SHA256, p.log, host.Limits{}); err != nil {
			return nil, err
		}
		p.plugins[key] = plugin
	}
	return remote{ctx, plugin, name}, nil
}

// openPlugin starts the process of a bundled strategy or of a plugin's path, within limits.
func openPlugin(ctx context.Context, nameOrPath, sha256 string, log *slog.Logger, limits host.Limits) (*host.Plugin, error) {
	spec := host.Spec{Path: nameOrPath, SHA256: sha256, Name: nameOrPath, Log: log, Limits: limits}
	if _, isBundled := bundled()[nameOrPath]; isBundled {
		self, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("find our own program: %w", err)
		}
		spec.Path, spec.Args, spec.Name = self, serveArgs, "pmbot"
	} else if !strings.ContainsAny(nameOrPath, `/\`) && !exists(nameOrPath) {
		return nil, &failure{exitNotFound, fmt.Errorf("no bundled strategy or file is called %s", nameOrPath), cureForName(nameOrPath)}
	}
	return host.Open(ctx, spec)
}

// What a strategy's process may use in a bot if the configuration does not say, and the least that
// it may say, in MiB and in files: a program that does nothing has a quarter of that.
const (
	memoryDefault, memoryLeast = 1024, 64
	filesDefault, filesLeast   = 1024, 64
)

// processLimits are those of a strategy's process in a bot.
func processLimits(s *backtest.StrategyConfig) host.Limits {
	return host.Limits{Memory: int64(cmp.Or(s.MemoryMax, memoryDefault)) << 20, Files: cmp.Or(s.FilesMax, filesDefault), Yield: true}
}

func cureForName(name string) string {
	if near := strategy.Nearest(name, bundledNames()); near != "" {
		return "did you mean " + near + "?"
	}
	return "bundled are " + strings.Join(bundledNames(), ", ") + "; a program needs its path, such as ./" + name
}

// wrongAt says where in the configuration something is named that cannot be used.
func (c *configuration) wrongAt(key toml.Key, err error) error {
	var f *failure
	if at, ok := c.doc.at[key.String()]; ok && errors.As(asFailure(err), &f) {
		return &failure{f.code, fmt.Errorf("%s: %s: %w", at.where, c.doc.spelt(key), f.err), f.cure}
	}
	return err
}

// remote is a strategy in a plugin process, as a backtest wants it.
type remote struct {
	ctx    context.Context
	plugin *host.Plugin
	name   string // of a bundled strategy; "" is the only one of the program
}

// Describe asks the process.
func (r remote) Describe(params map[string]string) (backtest.Description, error) {
	d, err := r.plugin.Describe(r.ctx, r.name, params)
	return backtest.Description(d), err
}

// Start opens a session with the process.
func (r remote) Start(params map[string]string, ins *exchange.Instruments, id exchange.StrategyID) (backtest.Player, error) {
	s, err := r.plugin.Start(r.name, params, ins, id)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// run runs the backtest in the way that the mode and the programs allow.
func (p *programs) run(ctx context.Context, cfg *configuration, progress func(backtest.Progress)) (*backtest.Result, error) {
	opt := backtest.Options{Programs: p.list, Progress: progress, Mode: p.mode}
	if p.log.Enabled(ctx, slog.LevelInfo) {
		opt.Log = func(label, line string) { p.log.Info(line, "strategy", label) }
	}
	if plugin := p.whole(); plugin != nil {
		return runInPlugin(ctx, plugin, cfg, opt)
	}
	if p.mode == modePlugin {
		opt.Mode = modeLockstep
	}
	return backtest.Run(ctx, &cfg.Config, opt)
}

// whole is the one program that can run the whole backtest inside itself, or nil.
func (p *programs) whole() *host.Plugin {
	if p.mode != modePlugin || len(p.plugins) != 1 {
		return nil
	}
	for _, plugin := range p.plugins {
		if core := sdk.CoreHash(); core != "" && plugin.CoreHash() == core {
			return plugin
		}
	}
	return nil
}

func runInPlugin(ctx context.Context, plugin *host.Plugin, cfg *configuration, opt backtest.Options) (*backtest.Result, error) {
	config, err := json.Marshal(cfg.Config)
	if err != nil {
		return nil, fmt.Errorf("encode the configuration: %w", err)
	}
	progress := func(events uint64, done float64) { opt.Progress(backtest.Progress{Events: events, Done: done}) }
	b, err := plugin.Backtest(ctx, config, progress, opt.Log)
	if e, ok := errors.AsType[*host.Error](err); ok {
		// What is wrong with our configuration or our data the process only tells us.
		switch e.Kind {
		case host.BadParams, host.NotFound:
			return nil, &failure{codeOf(err), errors.New(e.What), e.Cure}
		case host.BadData:
			return nil, cfg.damaged(errors.New(e.What))
		}
	}
	if err != nil {
		return nil, err
	}
	result, err := sdk.DecodeResult(b)
	if err == nil && cfg.Strict {
		err = result.CheckStrict()
	}
	return result, err
}

func (p *programs) close() {
	for _, plugin := range p.plugins {
		plugin.Close()
	}
}
