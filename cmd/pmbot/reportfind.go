package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/rundir"
	"github.com/pmbot/pmbot/strategy"
)

// loadRun finds a run by the name that the user gave and reads it.
func loadRun(runs, name string) (dir string, r *backtest.Result, err error) {
	if dir, err = findRun(runs, name); err != nil {
		return "", nil, err
	}
	if r, err = rundir.Load(dir); err != nil {
		return "", nil, runFailure(dir, err)
	}
	return dir, r, nil
}

// runFailure says what to do about a run directory that does not read.
func runFailure(dir string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &failure{exitNotFound, fmt.Errorf("%s: no run there: it has no result.json", dir), "name a directory that pmbot backtest has made"}
	case errors.Is(err, rundir.ErrDamaged):
		return &failure{exitCheck, err, "the run directory is damaged: run the backtest again"}
	}
	return err
}

// findRun returns the directory of a run.
func findRun(runs, name string) (string, error) {
	dir, err := rundir.Find(runs, name)
	var unknown *rundir.UnknownError
	switch {
	case err == nil:
		return dir, nil
	case errors.Is(err, fs.ErrNotExist) && name != "":
		return "", &failure{exitNotFound, fmt.Errorf("%s: no run there: there is no such directory, and no directory %s", name, runs), runsHint}
	case errors.Is(err, fs.ErrNotExist):
		return "", &failure{exitNotFound, fmt.Errorf("%s: no such directory", runs), runsHint}
	case !errors.As(err, &unknown):
		return "", err
	case len(unknown.Known) == 0:
		return "", &failure{exitNotFound, err, runsHint}
	case len(unknown.Matches) > 1:
		return "", &failure{exitNotFound, err, "write more of it"}
	}
	cure := "pmbot report ls lists them"
	if near := strategy.Nearest(name, append([]string{"open", "ls", "compare"}, unknown.Known...)); near != "" {
		cure = "did you mean " + near + "?"
	} else if near := nearBeginning(name, unknown.Known); near != "" {
		cure = "did you mean " + near + "?"
	}
	return "", &failure{exitNotFound, err, cure}
}

const runsHint = "pmbot backtest makes runs, and --runs names the directory"

// nearBeginning is the run whose id begins most like a name that is only a part of one.
func nearBeginning(name string, known []string) string {
	var begins []string
	for _, k := range known {
		begins = append(begins, k[:min(len(name), len(k))])
	}
	near := strategy.Nearest(name, begins)
	for i := range begins {
		if near != "" && begins[i] == near {
			return known[i]
		}
	}
	return ""
}

// completeRuns offers the ids of runs to a shell, for as many arguments; 0 is any number.
func completeRuns(runs *string, most int) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		if most > 0 && len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		list, err := rundir.List(*runs)
		if err != nil {
			return nil, cobra.ShellCompDirectiveDefault
		}
		var ids []string
		for _, e := range list {
			if e.Why == "" && strings.HasPrefix(e.Name, begun) {
				ids = append(ids, e.Name)
			}
		}
		// A run may be a directory elsewhere, too.
		return ids, cobra.ShellCompDirectiveDefault | cobra.ShellCompDirectiveKeepOrder
	}
}
