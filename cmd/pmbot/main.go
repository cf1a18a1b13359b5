// Command pmbot trades Binance Portfolio Margin accounts, and tests strategies on
// recorded data. It is the only place where the parts of the project are joined; each
// group of commands has a file. Start reading at [run].
//
// Results go to standard output and everything else to standard error. An error is one
// line: what failed, why, and what to do. The exit code tells its kind (exit.go).
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/strategy"
)

// sameSignal is how soon after the first a signal counts as the same one: timeout(1), and
// terminals with a program between, send it twice.
const sameSignal = 300 * time.Millisecond

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		<-ctx.Done()
		<-time.After(sameSignal)
		stop() // A second signal ends the process at once.
	}()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv))
}

// run is the whole program without the process around it, and returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
	c := &console{stdin, stdout, stderr, getenv}
	root := group("pmbot", "Trade and backtest Binance Portfolio Margin accounts", pluginCommand(), exitCodesTopic())
	for _, part := range []struct {
		title    string
		commands []*cobra.Command
	}{
		{"Try it:", []*cobra.Command{demoCommand(c), simCommand(c)}},
		{"Test strategies:", []*cobra.Command{backtestCommand(c), reportCommand(c), strategyCommand(c), dataCommand(c)}},
		{"Run a bot:", []*cobra.Command{keyCommand(c), doctorCommand(c), runCommand(c), watchdogCommand(c), journalCommand(c)}},
		{"Look at a running bot:", lookCommands(c)},
		{"Tell a running bot:", tellCommands(c)},
		{"Other commands:", []*cobra.Command{versionCommand(c)}},
	} {
		root.AddGroup(&cobra.Group{ID: part.title, Title: part.title})
		for _, cmd := range part.commands {
			cmd.GroupID = part.title
			root.AddCommand(cmd)
		}
	}
	root.SetHelpCommandGroupID("Other commands:")
	root.SetCompletionCommandGroupID("Other commands:")
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetArgs(args)
	done, err := root.ExecuteContextC(ctx)
	if err == nil {
		return int(exitOK)
	}
	var f *failure
	if !errors.As(err, &f) {
		// Only the command line parser returns errors without a code.
		f = &failure{exitUsage, err, "see " + done.CommandPath() + " --help"}
	}
	for line := range strings.Lines(f.Error()) {
		fmt.Fprintln(stderr, "pmbot:", strings.TrimSuffix(line, "\n"))
	}
	return int(f.code)
}

// group makes a command that only holds others. Called alone it prints its help; a
// misspelt command gets the nearest name.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	g := &cobra.Command{Use: use, Short: short, DisableFlagsInUseLine: true}
	g.AddCommand(commands...)
	g.Args = func(g *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		var known []string
		for _, c := range g.Commands() {
			if c.IsAvailableCommand() {
				known = append(known, c.Name())
			}
		}
		if near := strategy.Nearest(args[0], known); near != "" {
			return fmt.Errorf("%s has no command %q: did you mean %s?", g.CommandPath(), args[0], near)
		}
		return fmt.Errorf("%s has no command %q", g.CommandPath(), args[0])
	}
	g.RunE = func(g *cobra.Command, _ []string) error { return g.Help() }
	return g
}

// action wraps what a command does, so that every error it returns carries an exit code.
func action(do func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error { return asFailure(do(cmd.Context(), args)) }
}
