package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/plugins/host"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/strategy"
)

func strategyCommand(c *console) *cobra.Command {
	return group("strategy", "Make, build and test strategies, and show what they are",
		strategyNewCommand(c), strategyBuildCommand(c), strategyTestCommand(c), strategyListCommand(c), strategyInspectCommand(c))
}

// manifest is what a strategy says about itself in JSON.
type manifest struct {
	Name       string               `json:"name"`
	Version    string               `json:"version"`
	Summary    string               `json:"summary"`
	Products   []exchange.Product   `json:"products"`
	OrderTypes []exchange.OrderType `json:"order_types"`
	Borrow     bool                 `json:"borrow"`
	Stateless  bool                 `json:"stateless"`
	Budget     strategy.Budget      `json:"budget,omitzero"`
}

// manifestOf leaves no list without brackets: an empty one says "all".
func manifestOf(m strategy.Manifest) manifest {
	m.Products = append([]exchange.Product{}, m.Products...)
	m.OrderTypes = append([]exchange.OrderType{}, m.OrderTypes...)
	return manifest(m)
}

func strategyListCommand(c *console) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "ls", Short: "List the bundled strategies", Args: cobra.NoArgs,
		RunE: action(func(context.Context, []string) error {
			var list []manifest
			var rows [][]string
			for _, name := range bundledNames() {
				m := manifestOf(bundled()[name]().Manifest())
				list = append(list, m)
				rows = append(rows, []string{m.Name, m.Version, products(m.Products), m.Summary})
			}
			if asJSON {
				return c.printJSON(struct {
					Schema     string     `json:"schema"`
					Strategies []manifest `json:"strategies"`
				}{"pmbot.strategies/1", list})
			}
			return c.printTable([]string{"NAME", "VERSION", "PRODUCTS", "SUMMARY"}, rows)
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	return cmd
}

// inspection is the JSON of "pmbot strategy inspect".
type inspection struct {
	Schema string `json:"schema"`
	manifest
	SDK    string      `json:"sdk_version"`
	Params []paramJSON `json:"params"`
	// Granted are the budgets of strategies of a configuration that run it, by label.
	Granted map[string][]riskguard.Grant `json:"granted,omitempty"`
}

type paramJSON struct {
	Name     string   `json:"name"`
	Kind     string   `json:"kind"`
	Default  string   `json:"default"`
	Required bool     `json:"required"`
	Min      string   `json:"min,omitempty"`
	Max      string   `json:"max,omitempty"`
	Choices  []string `json:"choices,omitempty"`
	Unit     string   `json:"unit,omitempty"`
	Help     string   `json:"help,omitempty"`
}

func strategyInspectCommand(c *console) *cobra.Command {
	var asJSON bool
	var sha256, config string
	cmd := &cobra.Command{
		Use: "inspect NAME|PATH", Short: "Show what a strategy is and its parameters",
		Long: `Show what a strategy is and its parameters, with unit, default and bounds. It is a
bundled one's name or the path of a plugin program, which is started for that. With the
configuration of a bot it tells what of the budget that it asks for is granted there.`,
		Example: "  pmbot strategy inspect trend\n  pmbot strategy inspect ./mystrategy --json",
		Args:    cobra.ExactArgs(1),
		RunE: action(func(ctx context.Context, args []string) error {
			return c.inspect(ctx, args[0], sha256, config, asJSON)
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	cmd.Flags().StringVar(&sha256, "sha256", "", "checksum that the program must have")
	cmd.Flags().StringVarP(&config, "config", "c", "", "configuration of a bot whose [[risk.budget]] grants")
	return cmd
}

func (c *console) inspect(ctx context.Context, nameOrPath, sha256, config string, asJSON bool) error {
	bot, err := c.granting(config)
	if err != nil {
		return err
	}
	plugin, err := openPlugin(ctx, nameOrPath, sha256, c.logger(false), host.Limits{})
	if err != nil {
		return err
	}
	defer plugin.Close()
	names := plugin.List()
	if _, isBundled := bundled()[nameOrPath]; isBundled {
		names = []string{nameOrPath}
	}
	for _, name := range names {
		d, err := plugin.Describe(ctx, name, nil)
		if err != nil && d.Params == nil {
			return err
		}
		// Parameters that must be set are missing here; what they are is known all the same.
		i := inspectionOf(backtest.Description(d), plugin.SDKVersion())
		if i.Granted, err = grantsOf(bot, nameOrPath, d.Manifest.Budget); err != nil {
			return err
		}
		if asJSON {
			err = c.printJSON(i)
		} else {
			err = c.printInspection(backtest.Description(d), &i)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func inspectionOf(d backtest.Description, sdk string) inspection {
	i := inspection{Schema: "pmbot.strategy/1", manifest: manifestOf(d.Manifest), SDK: sdk, Params: []paramJSON{}}
	for _, p := range d.Params {
		i.Params = append(i.Params, paramJSON(p))
	}
	return i
}

// granting reads the configuration of a bot, nil for none.
func (c *console) granting(name string) (*runConfig, error) {
	if name == "" {
		return nil, nil
	}
	text, err := readConfig(name, c.in)
	if err != nil {
		return nil, err
	}
	bot, _, err := loadBot(name, text, nil)
	return bot, err
}

// grantsOf are the budgets of the strategies of a configuration that run a program, by label.
func grantsOf(bot *runConfig, nameOrPath string, asked strategy.Budget) (map[string][]riskguard.Grant, error) {
	if bot == nil {
		return nil, nil
	}
	all := map[string][]riskguard.Grant{}
	for _, s := range bot.Strategies {
		if s.Plugin != nameOrPath {
			continue
		}
		list, err := bot.Risk.Grants(s.Label, backtest.AskedFor(&asked))
		if err != nil {
			return nil, err
		}
		all[s.Label] = list
	}
	if len(all) == 0 {
		return nil, &failure{exitNotFound, fmt.Errorf("the configuration has no strategy whose plugin is %q", nameOrPath), "write it as the configuration does"}
	}
	return all, nil
}

// grantWords are grants in one line.
func grantWords(list []riskguard.Grant) string {
	var words []string
	for _, g := range list {
		words = append(words, g.String())
	}
	return cmp.Or(strings.Join(words, ", "), "no bound")
}

// askedWords are what a manifest asks for in one line.
func askedWords(b strategy.Budget) string {
	list, err := new(riskguard.Limits).Grants("", backtest.AskedFor(&b))
	if err != nil || len(list) == 0 {
		return "nothing"
	}
	var words []string
	for _, g := range list {
		words = append(words, fmt.Sprintf("%s %v", g.Key, g.Granted))
	}
	return strings.Join(words, ", ")
}

func (c *console) printInspection(d backtest.Description, i *inspection) error {
	m := d.Manifest
	summary := ""
	if m.Summary != "" {
		summary = ": " + m.Summary
	}
	// Whether a strategy saves what it knows is not part of the manifest; whether it says
	// that it has nothing to save is.
	fmt.Fprintf(c.out, "%s %s%s\n\nproducts     %s\norder types  %s\nborrows      %s\nmemory       %s\nbudget asked %s\n",
		m.Name, m.Version, summary, products(m.Products), orderTypes(m.OrderTypes),
		map[bool]string{true: "yes", false: "no"}[m.Borrow],
		map[bool]string{true: "none, declared stateless", false: "not declared stateless"}[m.Stateless], askedWords(m.Budget))
	for _, label := range slices.Sorted(maps.Keys(i.Granted)) {
		fmt.Fprintf(c.out, "granted      %s: %s\n", plain(label), grantWords(i.Granted[label]))
	}
	fmt.Fprintf(c.out, "sdk          %s\n\n", i.SDK)
	var rows [][]string
	for _, p := range d.Params {
		rows = append(rows, []string{p.Name, p.Kind, defaultOf(p), bounds(p), p.Unit, p.Help})
	}
	return c.printTable([]string{"PARAMETER", "KIND", "DEFAULT", "BOUNDS", "UNIT", "MEANING"}, rows)
}

func defaultOf(p strategy.Param) string {
	if p.Required {
		return "required"
	}
	return p.Default
}

func bounds(p strategy.Param) string {
	switch {
	case len(p.Choices) > 0:
		return strings.Join(p.Choices, " ")
	case p.Min == "" && p.Max == "":
		return "-"
	}
	return p.Min + " .. " + p.Max
}

func products(list []exchange.Product) string {
	if len(list) == 0 {
		return "all"
	}
	var names []string
	for _, p := range list {
		names = append(names, p.String())
	}
	return strings.Join(names, " ")
}

func orderTypes(list []exchange.OrderType) string {
	if len(list) == 0 {
		return "all"
	}
	var names []string
	for _, t := range list {
		names = append(names, t.String())
	}
	return strings.Join(names, " ")
}
