package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/plugins/host"
	"github.com/pmbot/pmbot/strategy"
)

func strategyTestCommand(c *console) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "test [DIR]", Short: "Test a strategy: its code, its program, and what passes between it and pmbot",
		Long: `Test the Go strategy in DIR, the working directory by default: go vet and go test; then its
program, as pmbot starts it: manifest and parameters, a short backtest of config.toml inside the
program and one event by event, which must give one result, and a live session that is saved,
ended and resumed in another process. The backtest is two days of generated market, or, for a
strategy of several coins, the tape that config.toml names, from its "from" to its "to".`,
		Args: cobra.MaximumNArgs(1),
		RunE: action(func(ctx context.Context, args []string) error {
			return c.testStrategy(ctx, append(args, ".")[0], asJSON)
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	return cmd
}

// trial is what one check of a strategy has found.
type trial struct {
	Check  string `json:"check"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// tested is a strategy under test.
type tested struct {
	c       *console
	dir     string
	program string
	plugin  *host.Plugin
	config  *configuration
}

func (c *console) testStrategy(ctx context.Context, dir string, asJSON bool) error {
	if !isPython(dir) {
		if _, err := moduleName(dir); err != nil {
			return err
		}
	}
	scratch, err := os.MkdirTemp("", "pmbot-strategy-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	t := &tested{c: c, dir: dir, program: filepath.Join(scratch, "strategy")}
	defer t.close()
	var list []trial
	var failed []string
	for _, check := range t.checks() {
		detail, err := check.do(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			detail = asFailure(err).Error()
			failed = append(failed, check.name)
		}
		list = append(list, trial{check.name, err == nil, detail})
		if !asJSON {
			fmt.Fprintf(c.out, "%-4s %-9s %s\n", map[bool]string{true: "ok", false: "FAIL"}[err == nil], check.name, strings.ReplaceAll(detail, "\n", "\n               "))
		}
		if err != nil && check.name != "go vet" && check.name != "go test" && check.name != "unittest" {
			break // the rest needs a program that works
		}
	}
	if asJSON {
		if err := c.printJSON(struct {
			Schema string  `json:"schema"`
			Checks []trial `json:"checks"`
		}{"pmbot.strategy-test/1", list}); err != nil {
			return err
		}
	}
	if len(failed) > 0 {
		return &failure{code: exitCheck, err: fmt.Errorf("the strategy fails %s", strings.Join(failed, ", "))}
	}
	return nil
}

// testCheck is one thing that is tested.
type testCheck struct {
	name string
	do   func(context.Context) (string, error)
}

func (t *tested) checks() []testCheck {
	program := []testCheck{{"build", t.build}, {"manifest", t.describe}, {"backtest", t.backtests}, {"restart", t.resumes}}
	if isPython(t.dir) {
		return append([]testCheck{
			{"unittest", func(ctx context.Context) (string, error) { return "all tests pass", testPython(ctx, t.dir) }},
		}, program...)
	}
	return append([]testCheck{
		{"go vet", func(ctx context.Context) (string, error) {
			return "nothing suspicious", goTool(ctx, t.dir, "vet", "-trimpath", "./...")
		}},
		{"go test", func(ctx context.Context) (string, error) {
			return "all tests pass", goTool(ctx, t.dir, "test", "-trimpath", "./...")
		}},
	}, program...)
}

func (t *tested) close() {
	if t.plugin != nil {
		t.plugin.Close()
	}
}

// build compiles the program and opens it.
func (t *tested) build(ctx context.Context) (string, error) {
	var err error
	if t.program, err = buildStrategy(ctx, t.dir, t.program); err != nil {
		return "", err
	}
	if !filepath.IsAbs(t.program) && !strings.HasPrefix(t.program, ".") {
		t.program = "./" + t.program
	}
	if t.plugin, err = openPlugin(ctx, t.program, "", t.c.logger(false), host.Limits{}); err != nil {
		return "", err
	}
	if n := len(t.plugin.List()); n != 1 {
		return "", fmt.Errorf("the program has %d strategies, and this tests programs of one", n)
	}
	return "starts and shakes hands, sdk " + t.plugin.SDKVersion(), nil
}

// describe reads the configuration, and asks for the manifest with its parameters.
func (t *tested) describe(ctx context.Context) (string, error) {
	var err error
	if t.config, err = t.load(false); err != nil {
		return "", err
	}
	d, err := t.plugin.Describe(ctx, "", t.params())
	if err != nil {
		return "", t.config.paramsWrong(0, err)
	}
	if len(d.Symbols) == 0 {
		return "", errors.New("its parameters name no symbol, so it could trade nothing: declare a parameter of type strategy.Symbol")
	}
	if severalCoins(d.Symbols) {
		if t.config, err = t.load(true); err != nil {
			return "", err
		}
		if t.config.Data.Tape == "" {
			return "", fmt.Errorf("it trades several coins (%v), and a generated market has one: name a tape in config.toml (data.tape), made by pmbot data import", d.Symbols)
		}
	}
	again, err := t.plugin.Describe(ctx, "", t.params())
	if err != nil || fmt.Sprint(again) != fmt.Sprint(d) {
		return "", errors.Join(errors.New("it describes itself in another way when asked again"), err)
	}
	return fmt.Sprintf("%s %s, %s, on %v", d.Manifest.Name, d.Manifest.Version, counted(int64(len(d.Params)), "parameter"), d.Symbols[0]), nil
}

// severalCoins says whether contracts that pmbot knows are of more than one coin.
func severalCoins(symbols []strategy.Symbol) bool {
	known, err := backtest.EmbeddedInstruments()
	if err != nil {
		return false
	}
	coin := ""
	for _, in := range known {
		if !slices.Contains(symbols, strategy.Symbol{Product: in.Product, Name: in.Symbol}) {
			continue
		}
		if coin != "" && coin != in.Base {
			return true
		}
		coin = in.Base
	}
	return false
}

func (t *tested) params() map[string]string { return t.config.Strategies[0].Params }

// load reads config.toml, or what stands for it, with the program under test in place of the
// one it names and two days of generated market, unless the tape is to be kept.
func (t *tested) load(keepTape bool) (*configuration, error) {
	name := filepath.Join(t.dir, "config.toml")
	text, err := os.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		name, text = "the default configuration", []byte("[account.margin]\nUSDT = \"10000\"\n[risk]\n[[strategy]]\nlabel = \"strategy\"\nplugin = \"\"\n")
	case err != nil:
		return nil, err
	}
	overrides := []override{
		{"strategy test", "strategy.0.plugin", t.program}, {"strategy test", "strategy.0.sha256", ""},
	}
	if !keepTape {
		overrides = append(overrides, override{"strategy test", "data.tape", ""}, override{"strategy test", "data.generate.days", "2"})
	}
	cfg, err := loadConfig(name, string(text), overrides)
	if err != nil {
		return nil, err
	}
	if n := len(cfg.Strategies); n != 1 {
		return nil, fmt.Errorf("%s has %d strategies, and this tests one", name, n)
	}
	return cfg, nil
}

// backtests runs one backtest inside the program and one event by event.
func (t *tested) backtests(ctx context.Context) (string, error) {
	var hashes []string
	var orders int
	for _, mode := range []string{modePlugin, modeLockstep} {
		programs, err := openPrograms(ctx, t.config, mode, t.c.logger(false))
		if err != nil {
			return "", err
		}
		r, err := programs.run(ctx, t.config, func(backtest.Progress) {})
		programs.close()
		if err != nil {
			return "", fmt.Errorf("mode %s: %w", mode, err)
		}
		hashes, orders = append(hashes, r.Hash), r.Fills.Len()
	}
	if len(slices.Compact(slices.Clone(hashes))) != 1 {
		return "", fmt.Errorf("inside the program the result is %.12s and event by event %.12s: the strategy depends on something else than its events", hashes[0], hashes[1])
	}
	data := "2 days"
	if t.config.Data.Tape != "" {
		data = "tape " + t.config.Data.Tape
	}
	return fmt.Sprintf("%s, %s, result %.12s in every mode", data, counted(int64(orders), "fill"), hashes[0]), nil
}

// resumes plays a live session, saves it, and has another process go on from there.
func (t *tested) resumes(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	known, err := backtest.EmbeddedInstruments()
	if err != nil {
		return "", err
	}
	ins, err := exchange.NewInstruments(known...)
	if err != nil {
		return "", err
	}
	first, err := t.session(ctx, t.plugin, ins, nil)
	if err != nil {
		return "", err
	}
	defer first.Close()
	at := exchange.TimeOf(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC))
	for i := range 200 {
		at = at.Add(time.Minute)
		for _, w := range first.Subscriptions() {
			if w.Kind != exchange.KindBar || at.Floor(w.Interval) != at {
				continue
			}
			price := exchange.Fixed(60_000+i%7*50) * exchange.FixedOne
			e := exchange.Event{At: at, Exchange: at, Seq: uint64(i + 1), Inst: w.Inst}
			e.SetBar(&exchange.Bar{Start: at.Add(-w.Interval), Interval: w.Interval, Open: price, High: price, Low: price, Close: price})
			first.Deliver(&e)
		}
	}
	if err := first.Settle(ctx); err != nil {
		return "", err
	}
	saved, err := first.Save(ctx)
	if err != nil {
		return "", fmt.Errorf("save: %w", err)
	}
	other, err := openPlugin(ctx, t.program, "", t.c.logger(false), host.Limits{})
	if err != nil {
		return "", err
	}
	defer other.Close()
	second, err := t.session(ctx, other, ins, &strategy.Resume{At: at, LastRef: 1 << 20, Saved: saved})
	if err != nil {
		return "", fmt.Errorf("resume: %w", err)
	}
	defer second.Close()
	if err := second.Stop(ctx, at); err != nil {
		return "", fmt.Errorf("stop: %w", err)
	}
	if saved == nil {
		return "goes on in another process; it keeps no memory", nil
	}
	return "goes on in another process, with " + strconv.Itoa(len(saved.State)) + " bytes of memory", nil
}

// session starts the strategy live.
func (t *tested) session(ctx context.Context, p *host.Plugin, ins *exchange.Instruments, from *strategy.Resume) (*host.Live, error) {
	return p.Live(ctx, host.LiveConfig{
		Params: t.params(), Instruments: ins, ID: 1, Resume: from, Wish: func(host.Wishes) {}, Ended: func(error) {},
	})
}
