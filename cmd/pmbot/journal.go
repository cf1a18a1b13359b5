package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/engine/journal"
	"github.com/pmbot/pmbot/engine/loop"
)

func journalCommand(c *console) *cobra.Command {
	return group("journal", "Look at what happened to a bot: every event and decision",
		journalListCommand(c), journalShowCommand(c), journalVerifyCommand(c),
		journalReplayCommand(c))
}

// journalFlags say which journal is meant.
type journalFlags struct {
	dir, config, account string
}

func (f *journalFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.dir, "dir", "", "directory of the journal; default: that of the account")
	flags.StringVarP(&f.config, "config", "c", "", "the bot's configuration, which says where its journal is")
	flags.StringVar(&f.account, "account", "", "name of the account; default: the configuration's, else main")
}

// journalDir is the directory of the journal that the flags name. Dry runs have one of their
// own; it is meant where the account has no other.
func (c *console) journalDir(f *journalFlags) (string, error) {
	if f.dir != "" {
		return f.dir, nil
	}
	account, state := "main", ""
	if f.config != "" {
		text, err := readConfig(f.config, c.in)
		if err != nil {
			return "", err
		}
		cfg, _, err := loadBot(f.config, text, nil)
		if err != nil {
			return "", err
		}
		if cfg.Journal.Dir != "" {
			return cfg.Journal.Dir, nil
		}
		account, state = cfg.Account.Name, cfg.State
	}
	if f.account != "" {
		account = f.account
	}
	var dirs []string
	for _, label := range []string{account, account + "-dry"} {
		dir := filepath.Join(state, label)
		if state == "" {
			var err error
			if dir, err = stateDir(c.getenv, label); err != nil {
				return "", err
			}
		}
		if dir = filepath.Join(dir, "journal"); exists(dir) {
			return dir, nil
		}
		dirs = append(dirs, dir)
	}
	return "", &failure{exitNotFound, fmt.Errorf("account %s has no journal: neither %s nor %s is there", account, dirs[0], dirs[1]),
		"name another with --dir, -c or --account"}
}

// journalReadFailure says what to do about a journal that cannot be read.
func journalReadFailure(dir string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist): // journal.ErrEmpty is one, too
		return &failure{exitNotFound, fmt.Errorf("there is no journal in %s", dir), "name another with --dir, -c or --account"}
	case errors.Is(err, journal.ErrDamaged), errors.Is(err, loop.ErrUnfit):
		return &failure{exitCheck, err, ""}
	}
	return err
}
