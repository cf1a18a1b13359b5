package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/strategy"
)

// scaffold is a kind of strategy that "pmbot strategy new" can begin with.
type scaffold struct {
	name, summary string
	// account, risk and params are sections of its config.toml.
	account, risk, params string
	// conform are options of its conformance test, as Go source.
	conform []string
}

// scaffolds are all of them, the same in every language.
func scaffolds() []scaffold {
	dollars := "[paper.margin]\nUSDT = \"10000\"\n"
	coins := "[paper.margin]\nUSDT = \"10000\"\nBTC = \"0.05\"\n"
	roomy := "# Its orders are larger than the defaults allow on this account.\n" +
		"order_notional_max_ratio = \"0.5\"\nposition_max_ratio = \"0.8\"\nopen_orders_notional_max_ratio = \"1\"\n"
	hedged := roomy + "# What the short loses the coins win, so the strategy alone may lose more than the account.\n" +
		"strategy_daily_loss_max_ratio = \"0.2\"\nstrategy_drawdown_max_ratio = \"0.3\"\n"
	paired := "# A leg loses what the other one wins, and after 5 such trades running the strategy would be paused.\nloss_streak_max = 100\n"
	patient := "# It loses small and often, and would be paused after 5 losing trades running.\nloss_streak_max = 100\n"
	btc := "symbol = \"UM:BTCUSDT\"\n"
	return []scaffold{
		{"empty", "Watches one contract and does nothing yet: the smallest program that runs.",
			dollars, "", btc, []string{"strategytest.Watches()"}},
		{"trend", "Long while the fast average of closes is above the slow one, short below it.",
			dollars, roomy, btc + "bar = \"15m\"\nfast = 20\nslow = 80\nqty = \"0.002\"\n",
			[]string{`strategytest.With("fast", "2", "slow", "5", "bar", "1m")`}},
		{"hedge", "Keeps the exposure of coins that the account owns at a target, by a short.",
			coins, hedged, btc, nil},
		{"mm", "Quotes both sides of one contract and leans its quotes against what it holds.",
			dollars, patient, btc + "qty = \"0.002\"\nmax_qty = \"0.01\"\n", nil},
		{"grid", "Buys at each level below the price and sells one level above, within hard bounds.",
			dollars, roomy + patient, btc + "low = \"30000\"\nhigh = \"70000\"\nlevels = 160\nqty = \"0.002\"\n",
			[]string{`strategytest.With("low", "58000", "high", "62000", "levels", "40")`}},
		{"carry", "Buys a coin and sells its perpetual against it while that pays funding.",
			dollars, roomy + paired + "# Long and short of the coin should match, but for the slice at work.\nhedged = [\"BTC\"]\nleg_gap_for = \"2m\"\n",
			"spot = \"MARGIN:BTCUSDT\"\nperp = \"UM:BTCUSDT\"\nqty = \"0.05\"\n",
			[]string{`strategytest.With("enter", "-0.001", "exit", "-0.002")`}},
		{"basis", "Trades the difference between a USD-M and a COIN-M contract on one coin.",
			coins, roomy + paired, "linear = \"UM:BTCUSDT\"\ninverse = \"CM:BTCUSD_PERP\"\nqty = \"0.05\"\n",
			[]string{`strategytest.With("enter", "0.0003", "exit", "0.0001")`}},
	}
}

// language is a programming language that a strategy can be written in.
type language struct {
	name string
	// write makes the folder of a scaffold.
	write func(c *console, p *project) (*folder, error)
	// next are the commands to go on with in the folder.
	next []string
}

// languages are those that there are templates for.
func languages() []language {
	return []language{
		{"go", writeGo, []string{"pmbot strategy test", "pmbot strategy build", "pmbot backtest -c config.toml"}},
		{"python", writePython, []string{"pmbot strategy test", "pmbot backtest -c config.toml"}},
	}
}

// folder is what a new strategy consists of, by the paths in it.
type folder struct {
	files map[string][]byte
	// links are symbolic.
	links map[string]string
}

// project is what "pmbot strategy new" is asked for.
type project struct {
	dir, name string
	scaffold  scaffold
	language  language
	// source is the checkout of pmbot to build against; "" finds it out.
	source string
}

func strategyNewCommand(c *console) *cobra.Command {
	var template, lang, source string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "new NAME", Short: "Make the folder of a new strategy, which runs as it is",
		Long: `Make a folder with a strategy that compiles, passes its tests, backtests without any data
and runs dry as it is. NAME is the folder to make, and its last part the strategy's name.

Templates:

` + scaffoldList() + `
With --lang python all of them are there, too, and give the same results. A Go strategy is a
module of its own. It is built against the checkout that this pmbot was built from, or that
--source names, and against the released version if pmbot was installed as one.`,
		Example: "  pmbot strategy new my-strategy --template trend\n  pmbot strategy new work/my-grid --template grid --source ~/pmbot",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &failure{exitUsage, fmt.Errorf("%d names for a strategy, it takes one", len(args)), "such as: pmbot strategy new my-strategy --template trend"}
			}
			return nil
		},
		RunE: action(func(_ context.Context, args []string) error {
			p, err := newProject(args[0], template, lang, source)
			if err != nil {
				return err
			}
			return c.makeProject(p, asJSON)
		}),
	}
	cmd.Flags().StringVar(&template, "template", "empty", "what it begins with: "+strings.Join(scaffoldNames(), ", "))
	cmd.Flags().StringVar(&lang, "lang", "go", "language: "+strings.Join(languageNames(), ", "))
	cmd.Flags().StringVar(&source, "source", "", "checkout of pmbot that it is built against")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	return cmd
}

func scaffoldList() string {
	var b strings.Builder
	for _, s := range scaffolds() {
		fmt.Fprintf(&b, "  %-6s %s\n", s.name, s.summary)
	}
	return b.String()
}

func scaffoldNames() (names []string) {
	for _, s := range scaffolds() {
		names = append(names, s.name)
	}
	return names
}

func languageNames() (names []string) {
	for _, l := range languages() {
		names = append(names, l.name)
	}
	return names
}

// projectName is what a strategy, its program and its account can all be called.
var projectName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)

// takenByGo are the names of Go's own packages that match [projectName]: a module that is called
// so cannot be built, or its tests cannot.
var takenByGo = strings.Fields(`archive arena bufio builtin bytes cmd cmp compress container context crypto database debug
	embed encoding errors expvar flag fmt go hash html image index io iter log main maps math mime net os path plugin
	reflect regexp runtime slices sort strconv strings structs sync syscall testing text time unicode unique unsafe weak`)

// newProject checks what was asked for, before anything is made.
func newProject(dir, template, lang, source string) (*project, error) {
	p := &project{dir: dir, name: filepath.Base(filepath.Clean(dir)), source: source}
	usage := func(cure, format string, args ...any) error {
		return &failure{exitUsage, fmt.Errorf(format, args...), cure}
	}
	if !projectName.MatchString(p.name) {
		return nil, usage("take 1 to 32 letters a-z, digits and dashes, a letter first, such as my-strategy", "%q cannot be the name of a strategy", p.name)
	}
	if slices.Contains(bundledNames(), p.name) {
		return nil, usage("take another name, such as my-"+p.name, "%q is the name of a bundled strategy", p.name)
	}
	at := slices.Index(scaffoldNames(), template)
	if at < 0 {
		return nil, usage(nearOr(template, scaffoldNames()), "there is no template %q", template)
	}
	if lang == "go" && slices.Contains(takenByGo, p.name) {
		return nil, usage("take another name, such as my-"+p.name, "%q is the name of a package of Go's own, and no module can have it", p.name)
	}
	p.scaffold = scaffolds()[at]
	if at = slices.Index(languageNames(), lang); at < 0 {
		return nil, usage(nearOr(lang, languageNames()), "there are no templates in %q", lang)
	}
	p.language = languages()[at]
	switch _, err := os.Lstat(dir); {
	case err == nil:
		return nil, &failure{exitFailed, fmt.Errorf("%s is there already", dir), "nothing was changed; take another name, or remove it yourself"}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	return p, nil
}

func nearOr(name string, known []string) string {
	if near := strategy.Nearest(name, known); near != "" {
		return "did you mean " + near + "?"
	}
	return "there are " + strings.Join(known, ", ")
}

// makeProject writes the folder whole or not at all: beside where it shall be, and then
// renamed.
func (c *console) makeProject(p *project, asJSON bool) error {
	f, err := p.language.write(c, p)
	if err != nil {
		return err
	}
	parent := filepath.Dir(filepath.Clean(p.dir))
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	draft, err := os.MkdirTemp(parent, "."+p.name+"-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(draft) // nothing is there when it was renamed
	names, err := f.save(draft)
	if err != nil {
		return diskFailure(err, "nothing was made")
	}
	if err := os.Chmod(draft, 0o755); err != nil {
		return err
	}
	if err := os.Rename(draft, p.dir); err != nil {
		return err
	}
	return c.tellProject(p, names, asJSON)
}

// save writes the folder and lists what is in it.
func (f *folder) save(dir string) ([]string, error) {
	names := slices.Sorted(maps.Keys(f.files))
	for _, name := range names {
		path, mode := filepath.Join(dir, name), os.FileMode(0o644)
		if strings.HasPrefix(string(f.files[name]), "#!") {
			mode = 0o755 // a script is a program
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(path, f.files[name], mode); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.links)) {
		if err := os.Symlink(f.links[name], filepath.Join(dir, name)); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

func (c *console) tellProject(p *project, names []string, asJSON bool) error {
	next := append([]string{"cd " + p.dir}, p.language.next...)
	if asJSON {
		return c.printJSON(struct {
			Schema   string   `json:"schema"`
			Dir      string   `json:"dir"`
			Name     string   `json:"name"`
			Template string   `json:"template"`
			Language string   `json:"language"`
			Files    []string `json:"files"`
			Next     []string `json:"next"`
		}{"pmbot.strategy-new/1", p.dir, p.name, p.scaffold.name, p.language.name, names, next})
	}
	fmt.Fprintf(c.out, "%s: %s\n\n", p.dir, p.scaffold.summary)
	for _, name := range names {
		fmt.Fprintf(c.out, "  %s\n", name)
	}
	fmt.Fprintf(c.out, "\nnext:\n\n  %s\n", strings.Join(next, "\n  "))
	return nil
}
