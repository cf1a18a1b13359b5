package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/exchange/papi/preflight"
)

type doctorFlags struct {
	config string
	sets   []string
	at     string
	json   bool
}

func doctorCommand(c *console) *cobra.Command {
	f := &doctorFlags{}
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check an API key and its account before anything is traded",
		Long: `Ask Binance about an API key and its Portfolio Margin account, and judge the answers:
what the key may do and from where, what kind of account it is of, its modes, orders and
positions, the clock, and whether pmbot's margin model agrees with what Binance reports.
Each check says what it found, and how to cure what is wrong.

It changes nothing. The key and its secret are read from where the configuration says, by
default from the variables PMBOT_KEY and PMBOT_SECRET of the environment.

It ends with 0 when trading may begin, 6 when a check failed or could not be made, and 8
when the exchange cannot be reached.`,
		Example: `  pmbot doctor
  pmbot doctor -c configs/live.toml
  pmbot doctor --at http://127.0.0.1:9000     a simulated exchange of this machine`,
		Args: cobra.NoArgs,
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.config, "config", "c", "", "TOML file, or - for standard input; configs/live.toml explains every key")
	flags.StringArrayVar(&f.sets, "set", nil, "replace one value of the configuration, as key=value; may be repeated")
	flags.StringVar(&f.at, "at", "", "base URL of an exchange on this machine, in place of Binance's hosts")
	flags.BoolVar(&f.json, "json", false, "print the verdicts as one JSON document")
	cmd.RunE = action(func(ctx context.Context, _ []string) error { return c.doctor(ctx, f) })
	return cmd
}

// diagnosis is the JSON of "pmbot doctor".
type diagnosis struct {
	Schema  string `json:"schema"`
	Account string `json:"account"`
	// Time is the exchange's, in milliseconds.
	Time     int64               `json:"time"`
	MayTrade bool                `json:"may_trade"`
	Verdicts []preflight.Verdict `json:"verdicts"`
}

func (c *console) doctor(ctx context.Context, f *doctorFlags) error {
	cfg, err := c.liveConfig(f)
	if err != nil {
		return err
	}
	instruments, err := cfg.instruments()
	if err != nil {
		return err
	}
	client, err := c.client(cfg, wallClock)
	if err != nil {
		return err
	}
	want := preflight.Want{
		OrderPrefix: cfg.Account.OrderPrefix, HedgeMode: cfg.Account.HedgeMode, Activated: cfg.Account.PMSince, Instruments: instruments,
	}
	facts, err := preflight.Collect(ctx, client, want)
	if err != nil {
		return err
	}
	verdicts := preflight.Examine(facts, &want)
	_, second, err := c.examineCopy(ctx, cfg, wallClock)
	if err != nil {
		return err
	}
	verdicts = append(verdicts, second...)
	failed := preflight.Failed(verdicts)
	if f.json {
		err = c.printJSON(diagnosis{"pmbot.doctor/1", cfg.Account.Name, facts.At.Millis(), !failed, verdicts})
	} else {
		err = c.printVerdicts(cfg.Account.Name, verdicts)
	}
	switch {
	case err != nil:
		return err
	case facts.Unreachable():
		return &failure{exitExchange, errors.New("the exchange cannot be asked"), "see the first verdict"}
	case failed:
		return &failure{exitCheck, fmt.Errorf("account %s: not fit for trading", cfg.Account.Name), "cure what failed, from the top"}
	}
	return nil
}

// liveConfig loads the named configuration, or the defaults, with the flags that replace
// some of it.
func (c *console) liveConfig(f *doctorFlags) (*liveConfig, error) {
	overrides, err := parseOverrides(f.sets)
	if err != nil {
		return nil, err
	}
	if err := f.checkAt(); err != nil {
		return nil, err
	}
	name, text := "the defaults", ""
	if f.config != "" {
		name = f.config
		if text, err = readConfig(f.config, c.in); err != nil {
			return nil, err
		}
	}
	doc, err := parseDocument(name, text)
	if err != nil {
		return nil, &failure{code: exitConfig, err: err}
	}
	return loadLive(name, text, append(overrides, doctorAt(f.at, doc.nearBot())...))
}

// checkAt says what is wrong with --at.
func (f *doctorFlags) checkAt() error {
	if f.at == "" {
		return nil
	}
	if u, err := url.Parse(f.at); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return &failure{exitUsage, fmt.Errorf("--at %s is not the address of an exchange on this machine", f.at), "write it like http://127.0.0.1:9000"}
	}
	return nil
}

// doctorAt are the base URLs of an exchange on this machine. The configuration of a bot names
// the user stream, too, which is of the same account.
func doctorAt(at string, bot bool) []override {
	if at == "" {
		return nil
	}
	var list []override
	for _, key := range []string{"papi", "sapi", "fapi"} {
		list = append(list, override{"--at " + at, "exchange." + key, at})
	}
	if bot {
		list = append(list, override{"--at " + at, "exchange.user", "ws" + strings.TrimPrefix(at, "http") + "/pm"})
	}
	return list
}

// verdictWidth is how long the lines are that verdicts are broken into.
const verdictWidth = 100

// printVerdicts writes one block a check: level, check, what was found, and the cure below.
// Of verdicts that could not be found for one reason the first one tells it.
func (c *console) printVerdicts(account string, list []preflight.Verdict) error {
	var b strings.Builder
	counts := map[preflight.Level]int{}
	told := map[string]bool{}
	fmt.Fprintf(&b, "Account %s\n\n", account)
	for _, v := range list {
		counts[v.Level]++
		found := v.Found
		if v.Level == preflight.Skip && told[found] {
			found = "not known, for the same reason"
		}
		told[v.Found] = true
		const indent = 24
		fmt.Fprintf(&b, "  %-4v  %-16s  %s\n", v.Level, v.Check, wrapped(found, indent+2, verdictWidth))
		if v.Cure != "" && v.Level != preflight.Skip {
			fmt.Fprintf(&b, "%*s-> %s\n", indent+2, "", wrapped(v.Cure, indent+5, verdictWidth))
		}
	}
	warnings := "warnings"
	if counts[preflight.Warn] == 1 {
		warnings = "warning"
	}
	fmt.Fprintf(&b, "\n%d ok, %d %s, %d failed, %d not known: ", counts[preflight.OK], counts[preflight.Warn], warnings, counts[preflight.Fail], counts[preflight.Skip])
	if preflight.Failed(list) {
		b.WriteString("do not trade with this key and account\n")
	} else {
		b.WriteString("trading may begin\n")
	}
	_, err := c.out.Write([]byte(b.String()))
	return err
}

// wrapped breaks a text into lines of at most width characters, all but the first of them
// behind an indent.
func wrapped(text string, indent, width int) string {
	var b strings.Builder
	column := indent
	for i, word := range strings.Fields(text) {
		n := len([]rune(word))
		switch {
		case i == 0:
		case column+1+n > width:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			column = indent
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	return b.String()
}
