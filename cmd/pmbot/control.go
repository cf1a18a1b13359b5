package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/engine/monitor"
)

// controlFlags say which bot is meant, and how to print its answer.
type controlFlags struct {
	account string
	state   string
	json    bool
	timeout time.Duration
}

// control makes a command that speaks to a running bot.
func (c *console) control(use, short, long string, args cobra.PositionalArgs, do func(ctx context.Context, f *controlFlags, args []string) error) (*cobra.Command, *controlFlags) {
	f := &controlFlags{}
	cmd := &cobra.Command{Use: use, Short: short, Args: args, Long: long + `

The bot of the account must run on this machine, as the same user: it is reached by a socket
in its state directory. The command ends with 5 if it does not run, 4 if it does not know what
was named, and 9 if it did not answer in time.`}
	flags := cmd.Flags()
	flags.StringVar(&f.account, "account", "main", "the account whose bot is meant, as its configuration calls it")
	flags.StringVar(&f.state, "state", "", "the state directory, as the configuration names it, if it is not the usual one")
	flags.BoolVar(&f.json, "json", false, "print one JSON document")
	flags.DurationVar(&f.timeout, "timeout", 15*time.Second, "how long to wait for the answer")
	cmd.RunE = action(func(ctx context.Context, args []string) error {
		ctx, cancel := context.WithTimeout(ctx, f.timeout)
		defer cancel()
		return c.controlFailure(f, do(ctx, f, args))
	})
	return cmd, f
}

// waits sets how long a command waits that does not say.
func (f *controlFlags) waits(cmd *cobra.Command, d time.Duration) {
	f.timeout = d
	cmd.Flags().Lookup("timeout").DefValue = d.String()
}

// controlFailure gives what a bot says the exit code of its kind.
func (c *console) controlFailure(f *controlFlags, err error) error {
	var known *failure
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case errors.Is(err, monitor.ErrNotRunning):
		return &failure{exitNotRunning, fmt.Errorf("account %s: %w", f.account, err), c.startCure(f)}
	case errors.Is(err, monitor.ErrNotThere):
		return &failure{exitNotFound, err, "pmbot status and pmbot orders list what there is"}
	case errors.Is(err, monitor.ErrNotClean):
		return &failure{exitSafety, err, "pmbot status tells what holds it"}
	case errors.Is(err, context.DeadlineExceeded):
		return &failure{exitTimeout, err, "see pmbot status, and --timeout"}
	}
	return err
}

// startCure says what to do where no bot runs. A dry run has a name of its own, so that nobody
// takes one for the other.
func (c *console) startCure(f *controlFlags) string {
	dry := *f
	dry.account += "-dry"
	if path, err := c.socketPath(&dry); err == nil {
		if _, err := os.Lstat(path); err == nil {
			return "for its dry run say --account " + dry.account
		}
	}
	return "start it with pmbot run, or name another with --account and --state"
}

// controlSocket is where a bot listens, within its state directory.
const controlSocket = "control.sock"

// bot is a client of the bot that the flags name.
func (c *console) bot(f *controlFlags) (*monitor.Client, error) {
	path, err := c.socketPath(f)
	if err != nil {
		return nil, err
	}
	return monitor.NewClient(path), nil
}

// socketPath is where the bot of the flags listens. A state directory is named as the
// configuration names it, or as the bot does, with the account's own below it.
func (c *console) socketPath(f *controlFlags) (string, error) {
	if f.state == "" {
		dir, err := stateDir(c.getenv, f.account)
		return filepath.Join(dir, controlSocket), err
	}
	whole := filepath.Join(f.state, controlSocket)
	if _, err := os.Lstat(whole); err == nil && filepath.Base(filepath.Clean(f.state)) == f.account {
		return whole, nil
	}
	return filepath.Join(f.state, f.account, controlSocket), nil
}

// ask gets an answer and prints it, as a document or for people.
func ask[T any](ctx context.Context, c *console, f *controlFlags, name string, query url.Values, print func(*T) error) error {
	bot, err := c.bot(f)
	if err != nil {
		return err
	}
	var answer T
	if err := bot.Get(ctx, name, query, &answer); err != nil {
		return err
	}
	if f.json {
		return c.printJSON(answer)
	}
	return print(&answer)
}

// act does something and prints what came of it.
func act[T any](ctx context.Context, c *console, f *controlFlags, name string, what any, print func(*T) error) error {
	bot, err := c.bot(f)
	if err != nil {
		return err
	}
	var answer T
	if err := bot.Post(ctx, name, what, &answer); err != nil {
		return err
	}
	if f.json {
		return c.printJSON(answer)
	}
	return print(&answer)
}

// operator is who sits here, for the journal.
func operator() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return fmt.Sprintf("uid %d", os.Getuid())
}

// lookCommands look at a running bot.
func lookCommands(c *console) []*cobra.Command {
	return []*cobra.Command{
		statusCommand(c), ordersCommand(c), fillsCommand(c), positionsCommand(c), marginCommand(c), stressCommand(c), fundingCommand(c), limitsCommand(c), loansCommand(c), logsCommand(c),
	}
}

// tellCommands tell a running bot what to do.
func tellCommands(c *console) []*cobra.Command {
	return []*cobra.Command{haltCommand(c), reduceCommand(c), drainCommand(c), resumeCommand(c), cancelCommand(c), flattenCommand(c), reloadCommand(c), swapCommand(c), borrowCommand(c), repayCommand(c)}
}
