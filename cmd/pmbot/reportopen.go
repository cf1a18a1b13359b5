package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/backtest/rundir"
)

func reportOpenCommand(c *console, runs *string) *cobra.Command {
	return &cobra.Command{
		Use: "open [RUN]", Short: "Open the page of a run in the browser", Args: cobra.MaximumNArgs(1),
		Long: `Open the page of a run in the browser, and print where it is; a page that is not there is
made first. The browser is the one that $BROWSER names, where it stands for the file's
place if it has a %s, or else the system's. Where there is no screen, as over ssh, the
page is only made.`,
		ValidArgsFunction: completeRuns(runs, 1),
		RunE: action(func(_ context.Context, args []string) error {
			page, err := c.pageOf(*runs, first(args))
			if err != nil {
				return err
			}
			fmt.Fprintln(c.out, page)
			return c.browse(page, runtime.GOOS, startBrowser)
		}),
	}
}

// pageOf is the page of a run, made if it is not there.
func (c *console) pageOf(runs, name string) (string, error) {
	dir, err := findRun(runs, name)
	if err != nil {
		return "", err
	}
	page := filepath.Join(dir, pageName)
	if exists(page) {
		return page, nil
	}
	r, err := rundir.Load(dir)
	if err != nil {
		return "", runFailure(dir, err)
	}
	return page, replacePage(page, func(w io.Writer) error { return writePage(w, r) })
}

// browse shows a file in the browser of a system, or says why it does not.
func (c *console) browse(page, system string, start func(command []string) error) error {
	path, err := filepath.Abs(page)
	if err != nil {
		return err
	}
	command := browser(system, c.getenv, path)
	if command == nil {
		fmt.Fprintln(c.err, "pmbot: there is no screen here: open the file in a browser, or copy it to where there is one; it needs nothing else")
		return nil
	}
	if err := start(command); err != nil {
		return &failure{exitFailed, fmt.Errorf("%s: %w", command[0], err), "open " + page + " in a browser, or name one in $BROWSER"}
	}
	return nil
}

// browser is the command that shows a file, nil where there is no screen.
func browser(system string, getenv func(string) string, path string) []string {
	// $BROWSER may be a list of which the first is the best.
	list := strings.FieldsFunc(getenv("BROWSER"), func(c rune) bool { return c == filepath.ListSeparator })
	if len(list) > 0 && strings.TrimSpace(list[0]) != "" {
		command := strings.Fields(list[0])
		for i, word := range command {
			if strings.Contains(word, "%s") {
				command[i] = strings.ReplaceAll(word, "%s", path)
				return command
			}
		}
		return append(command, path)
	}
	if getenv("SSH_CONNECTION") != "" || getenv("SSH_TTY") != "" {
		return nil
	}
	switch system {
	case "darwin":
		return []string{"open", path}
	case "windows":
		return []string{"rundll32", "url.dll,FileProtocolHandler", path}
	}
	if getenv("DISPLAY") == "" && getenv("WAYLAND_DISPLAY") == "" {
		return nil
	}
	return []string{"xdg-open", path}
}

// browserPatience is how long a browser may take to say that it cannot.
const browserPatience = 2 * time.Second

// startBrowser starts a program and leaves it running; one that fails at once is an error.
func startBrowser(command []string) error {
	program := exec.Command(command[0], command[1:]...)
	if err := program.Start(); err != nil {
		if unknown, ok := errors.AsType[*exec.Error](err); ok {
			err = unknown.Err
		}
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- program.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-time.After(browserPatience):
		return nil
	}
}
