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
	flags.StringVar(&f.state, "state", "", "the state directory of the bot, if it is not the usual one")
	flags.BoolVar(&f.json, "json", false, "print one JSON document")
	flags.DurationVar(&f.timeout, "timeout", 15*time.Second, "how long to wait for the answer")
	cmd.RunE = action(func(ctx context.Context, args []string) error {
		ctx, cancel := context.WithTimeout(ctx, f.timeout)
		defer cancel()
		return controlFailure(f, do(ctx, f, args))
	})
	return cmd, f
}

// controlFailure gives what a bot says the exit code of its kind.
func controlFailure(f *controlFlags, err error) error {
	var known *failure
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case errors.Is(err, monitor.ErrNotRunning):
		return &failure{exitNotRunning, fmt.Errorf("account %s: %w", f.account, err), "start it with pmbot run, or name another with --account"}
	case errors.Is(err, monitor.ErrNotThere):
		return &failure{exitNotFound, err, "pmbot status and pmbot orders list what there is"}
	case errors.Is(err, context.DeadlineExceeded):
		return &failure{exitTimeout, err, "see pmbot status, and --timeout"}
	}
	return err
}

// controlSocket is where a bot listens, within its state directory.
const controlSocket = "control.sock"

// bot is a client of the bot that the flags name.
func (c *console) bot(f *controlFlags) (*monitor.Client, error) {
	dir := f.state
	if dir == "" {
		var err error
		if dir, err = stateDir(c.getenv, f.account); err != nil {
			return nil, err
		}
	}
	return monitor.NewClient(filepath.Join(dir, controlSocket)), nil
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
		statusCommand(c), ordersCommand(c), fillsCommand(c), positionsCommand(c), marginCommand(c), fundingCommand(c), limitsCommand(c), logsCommand(c),
	}
}

// tellCommands tell a running bot what to do.
func tellCommands(c *console) []*cobra.Command {
	return []*cobra.Command{haltCommand(c), resumeCommand(c), cancelCommand(c), flattenCommand(c), reloadCommand(c)}
}
